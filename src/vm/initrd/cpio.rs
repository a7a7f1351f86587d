//! Archives that the kernel unpacks: cpio in the form "newc" (Linux, driver-api/early-userspace/buffer-format).

/// What an archive's length is a multiple of, so that anything can follow.
pub(crate) const BLOCK: usize = 512;

/// An archive that is being made.
pub(crate) struct Archive {
    bytes: Vec<u8>,
    // Files have different ones, or they would be links to each other.
    inode: u32,
}

impl Archive {
    pub fn new() -> Archive {
        Archive {
            bytes: Vec::new(),
            inode: 0,
        }
    }

    /// Adds a folder, whose parent has to be there.
    pub fn folder(&mut self, path: &str) {
        self.entry(path, 0o040_755, &[]);
    }

    /// Adds a file.
    pub fn file(&mut self, path: &str, mode: u32, bytes: &[u8]) {
        self.entry(path, 0o100_000 | mode, bytes);
    }

    /// Returns the archive.
    pub fn end(mut self) -> Vec<u8> {
        self.inode = 0;
        self.entry("TRAILER!!!", 0, &[]);
        self.fill(BLOCK);
        self.bytes
    }

    fn entry(&mut self, path: &str, mode: u32, bytes: &[u8]) {
        let path = path.trim_start_matches('/');
        self.inode += 1;
        let length = u32::try_from(bytes.len()).expect("an agent or a module is smaller than four gigabytes");
        let name = u32::try_from(path.len() + 1).expect("names are short");
        // Inode, mode, user, group, links, time, length, device and special device, length of the name, checksum.
        let numbers = [self.inode, mode, 0, 0, 1, 0, length, 0, 0, 0, 0, name, 0];
        self.bytes.extend(b"070701");
        for number in numbers {
            self.bytes.extend(format!("{number:08x}").bytes());
        }
        self.bytes.extend(path.bytes());
        self.bytes.push(0);
        self.fill(4);
        self.bytes.extend(bytes);
        self.fill(4);
    }

    fn fill(&mut self, to: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(to), 0);
    }
}
