//! Whom a program runs as that root starts and that must not be root.

use crate::fs::Fs;
use std::path::Path;

/// The user and the group that own nothing, on every Linux.
const NOBODY: u32 = 65534;

/// A user and a group, by their numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct User {
    /// The user.
    pub uid: u32,
    /// The only group that it is in.
    pub gid: u32,
}

/// Returns whom to run a program as that must not be root, with the group of a device that it uses; `None` if this process is not root, or
/// is root only in a container that knows no other user (and so is somebody ordinary outside).
pub fn unprivileged(fs: &dyn Fs, device: Option<&Path>) -> Option<User> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let gid = device.and_then(group_of).filter(|&gid| gid != 0).unwrap_or(NOBODY);
    let text = |path: &str| {
        let bytes = fs.read(Path::new(path)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let known = is_mapped(&text("/proc/self/uid_map"), NOBODY) && is_mapped(&text("/proc/self/gid_map"), gid);
    let may = text("/proc/self/setgroups").trim() != "deny";
    (known && may).then_some(User { uid: NOBODY, gid })
}

/// Returns the group of a file; `None` if it is not there.
fn group_of(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    Some(std::fs::metadata(path).ok()?.gid())
}

/// Whether a map of a user namespace has a number (user_namespaces(7)): lines of the first number inside, the first one outside and
/// how many there are. Where there is no map, all are there.
fn is_mapped(map: &str, id: u32) -> bool {
    let mut lines = map.lines().peekable();
    lines.peek().is_none()
        || lines.any(|line| {
            let mut numbers = line.split_whitespace().map(str::parse::<u64>);
            match (numbers.next(), numbers.next(), numbers.next()) {
                (Some(Ok(first)), Some(Ok(_)), Some(Ok(count))) => {
                    (first..first.saturating_add(count)).contains(&u64::from(id))
                }
                _ => false,
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_tells_which_numbers_there_are() {
        let table = [
            ("         0          0 4294967295\n", true),
            ("0 1000 1\n", false),
            ("0 1000 1\n1 100000 65536\n", true),
            ("0 0 65534\n", false),
            ("65534 0 1\n", true),
            ("0 0 18446744073709551615\n", true),
            ("junk\n", false),
            ("", true),
        ];
        for (map, has) in table {
            assert_eq!(is_mapped(map, NOBODY), has, "{map}");
        }
    }
}
