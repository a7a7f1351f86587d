//! How much memory the machine, or the container that this process runs in, has.

use crate::fs::Fs;
use std::path::Path;

/// Where Linux tells how much memory there is.
const MEMORY: &str = "/proc/meminfo";
/// Where the limit of a container is: control groups version 2, then 1.
const LIMITS: [&str; 2] = [
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
];

/// Returns the bytes of memory that this process could have at most; `None` where that is not told.
pub fn memory_capacity(fs: &dyn Fs) -> Option<u64> {
    let text = |path: &str| Some(String::from_utf8_lossy(&fs.read(Path::new(path)).ok()?).into_owned());
    let total = text(MEMORY).and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        // "MemTotal:       24000000 kB"; kernels say kB and mean 1024 bytes.
        line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
    });
    // Without a limit the files say "max" or a number near 2^63.
    let limits = LIMITS.iter().filter_map(|path| text(path)?.trim().parse::<u64>().ok());
    limits.chain(total).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryFs;

    #[test]
    fn the_smallest_of_machine_and_container_counts() {
        let machine = || MemoryFs::new().file(MEMORY, "MemFree: 5 kB\nMemTotal:       24000000 kB\n");
        let check = |fs: MemoryFs, expected: Option<u64>| assert_eq!(memory_capacity(&fs), expected);
        check(MemoryFs::new(), None);
        check(machine(), Some(24_000_000 * 1024));
        check(machine().file(LIMITS[0], "max\n"), Some(24_000_000 * 1024));
        check(machine().file(LIMITS[0], "1073741824\n"), Some(1 << 30));
        check(
            machine().file(LIMITS[1], "9223372036854771712\n"),
            Some(24_000_000 * 1024),
        );
        check(MemoryFs::new().file(MEMORY, "MemTotal: lots\n"), None);
    }
}
