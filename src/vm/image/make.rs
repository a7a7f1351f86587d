//! Making a disk from its plan.

use super::gpt::{TAIL, Window};
use super::inodes::{self, InodeError};
use super::plan::{Entry, Plan, Size};
use crate::realised::{Realised, RealisedError};
use diag::clean_line;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::{HashAlgo, StorePath};
use sys::{Command, Exec, ExecError, FileKind, Fs, FsError, FsOp, Mode};

/// Longest time that a program for disks may take.
const DEADLINE: Duration = Duration::from_secs(900);
/// The size of a file system's blocks.
const BLOCK: u64 = 4096;
/// The size of an inode.
const INODE: u64 = 256;
/// The size of the journal in mebibytes: enough for a machine that runs minutes.
const JOURNAL: u64 = 32;
/// The settings of `mke2fs`, as those of distributions differ. Metadata has no checksums, as its inodes are changed
/// afterwards.
const CONFIG: &str = "[defaults]
base_features = sparse_super,large_file,filetype,resize_inode,dir_index,ext_attr
[fs_types]
ext4 = {
  features = has_journal,extent,huge_file,flex_bg,64bit,dir_nlink,extra_isize
}
";
/// Files that a machine may make beyond those that are there.
const SPARE_INODES: u64 = 100_000;

/// The programs that make disks.
#[derive(Clone, Copy)]
pub struct Tools<'m> {
    /// Runs them.
    pub exec: &'m dyn Exec,
    /// The search path, in which `mke2fs` and `qemu-img` are looked up.
    pub path: &'m str,
}

/// Why a disk could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A program is not installed, or cannot be started.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// The disk of this machine fails, or is full.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The store of the run fails, or lacks something.
    #[error(transparent)]
    Realised(#[from] RealisedError),
    /// A program failed.
    #[error("{program} failed: {why}")]
    Failed {
        /// The program.
        program: &'static str,
        /// What it said.
        why: String,
    },
    /// What `mke2fs` made cannot be given to root.
    #[error("the file system that was made cannot be changed: {0}")]
    Inodes(#[from] InodeError),
}

impl Tools<'_> {
    /// Runs a program of disks, which has to succeed.
    pub(super) fn run(&self, program: &'static str, command: Command) -> Result<(), ImageError> {
        // mke2fs is a program of the administrator's, which users do not always have in their search path.
        let path = format!("{}:/usr/sbin:/sbin", self.path);
        let output = self.exec.run(&command.env("PATH", path).timeout(DEADLINE))?;
        if output.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said
            .lines()
            .rfind(|line| !line.trim().is_empty())
            .unwrap_or("it said nothing");
        Err(ImageError::Failed {
            program,
            why: clean_line(last).into_owned(),
        })
    }
}

impl Plan {
    /// Makes the disk as a raw image at a place where nothing is.
    pub fn make(&self, realised: &Realised, tools: Tools<'_>, place: &Path) -> Result<(), ImageError> {
        self.make_from(0, realised, tools, place).map(drop)
    }

    /// Makes the file system from some byte of a disk on, with nothing in front of it, and returns its length. Behind it is
    /// room for a partition table if there is any in front.
    pub(super) fn make_from(
        &self,
        from: u64,
        realised: &Realised,
        tools: Tools<'_>,
        place: &Path,
    ) -> Result<u64, ImageError> {
        let fs = realised.fs().as_ref();
        let token = sys::random_token().map_err(|error| FsError::new(FsOp::Create, place, error))?;
        // In the folder of the run, with which it goes if this process is killed.
        let tree = place.with_file_name(format!("tree-{token}"));
        let made = self
            .tree(realised, &tree)
            .and_then(|count| self.format(fs, tools, &tree, (place, from), count));
        // Thousands of names, which some disks take seconds to forget; nothing waits for it.
        let (fs_of_thread, tree) = (realised.fs().clone(), tree);
        std::thread::spawn(move || fs_of_thread.remove_dir_all(&tree));
        if made.is_err() {
            // The first error is the one to tell.
            let _ = fs.remove_file(place);
        }
        made
    }

    /// Makes the tree that `mke2fs` reads, and returns how much it is.
    fn tree(&self, realised: &Realised, tree: &Path) -> Result<Count, ImageError> {
        let fs = realised.fs().as_ref();
        fs.create_dir_all(tree)?;
        let mut count = Count::default();
        for (path, entry) in &self.entries {
            let place = tree.join(path.trim_start_matches('/'));
            match entry {
                Entry::Folder => {
                    count.add(0);
                    fs.create_dir_all(&place)?;
                }
                Entry::Link(target) => {
                    count.add(0);
                    fs.symlink(Path::new(target), &place)?;
                }
                Entry::File(bytes, private) => {
                    count.add(bytes.len() as u64);
                    let mode = if *private { Mode::Private } else { Mode::Plain };
                    fs.write(&place, bytes, mode)?;
                }
                Entry::Store(path) => link(realised, path, realised.outside(path), place, &mut count)?,
                Entry::Part(path, below) => {
                    link(realised, path, realised.outside(path).join(below), place, &mut count)?
                }
            }
        }
        Ok(count)
    }

    /// Makes the file system in a file, from some byte of it on, and returns its length.
    fn format(
        &self,
        fs: &dyn Fs,
        tools: Tools<'_>,
        tree: &Path,
        (place, from): (&Path, u64),
        count: Count,
    ) -> Result<u64, ImageError> {
        let inodes = count.nodes + SPARE_INODES;
        let (bytes, journal) = match self.size {
            Size::Room(room) => {
                let needed = count.bytes + inodes * INODE + (JOURNAL << 20) + room;
                // Maps of free blocks and what else a file system has of its own: a hundredth is ample.
                let bytes = (needed + needed / 64).next_multiple_of(1 << 20);
                (bytes, ["-J".to_owned(), format!("size={JOURNAL}")])
            }
            Size::Whole(bytes) => (bytes, ["-O".to_owned(), "^has_journal".to_owned()]),
        };
        let mut file = fs.create(place, Mode::Private)?;
        let whole = if from == 0 { bytes } else { from + bytes + TAIL };
        let filled = file.seek(SeekFrom::Start(whole - 1)).and_then(|_| file.write_all(&[0]));
        filled.map_err(|error| FsError::new(FsOp::Write, place, error))?;
        drop(file);
        let uuid = self.uuid();
        let config = tree.with_extension("conf");
        fs.write(&config, CONFIG.as_bytes(), Mode::Plain)?;
        let command = Command::new("mke2fs")
            .args(["-q", "-F", "-t", "ext4", "-m", "0", "-b", "4096", "-I", "256"])
            .args(["-N", &inodes.to_string()])
            .args(journal)
            .args(["-L", self.label.as_deref().unwrap_or_default(), "-U", &uuid])
            .args([
                "-E",
                &format!("hash_seed={uuid},nodiscard,root_owner=0:0,offset={from}"),
                "-d",
            ])
            .arg(tree)
            .arg(place)
            .arg(format!("{}k", bytes >> 10))
            .env("MKE2FS_CONFIG", &config)
            // The same plan gives the same disk.
            .env("SOURCE_DATE_EPOCH", "1")
            .env("E2FSPROGS_FAKE_TIME", "1");
        let formatted = tools.run("mke2fs", command);
        fs.remove_file(&config)?;
        formatted?;
        let mut file = fs.edit(place)?;
        inodes::give_to_root(&mut Window {
            disk: file.as_mut(),
            from,
        })?;
        Ok(bytes)
    }

    /// Returns the identity of the file system, which follows from what is on it.
    fn uuid(&self) -> String {
        if let Some(uuid) = &self.uuid {
            return uuid.clone();
        }
        let digits: String = HashAlgo::Sha256
            .hash(self.key())
            .digest()
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        // A UUID of version 8, whose bits are one's own (RFC 9562).
        let (a, b, c, d, e) = (
            &digits[..8],
            &digits[8..12],
            &digits[13..16],
            &digits[17..20],
            &digits[20..],
        );
        format!("{a}-{b}-8{c}-8{d}-{e}")
    }
}

/// How much a tree is.
#[derive(Clone, Copy, Default, Debug)]
struct Count {
    bytes: u64,
    nodes: u64,
}

impl Count {
    /// Counts a file of this length, or a folder or link; each takes a block at least.
    fn add(&mut self, len: u64) {
        self.bytes += len.max(1).next_multiple_of(BLOCK);
        self.nodes += 1;
    }
}

/// Makes a tree of hard links to what is at a path of the store, or below it.
fn link(
    realised: &Realised,
    path: &StorePath,
    from: PathBuf,
    place: PathBuf,
    count: &mut Count,
) -> Result<(), ImageError> {
    let fs = realised.fs().as_ref();
    if !realised.has(path)? {
        return Err(RealisedError::Missing(path.clone()).into());
    }
    let mut pending = vec![(from, place)];
    while let Some((from, to)) = pending.pop() {
        let stat = fs.lstat(&from)?;
        let stat = stat.ok_or_else(|| FsError::new(FsOp::Read, &from, std::io::ErrorKind::NotFound.into()))?;
        match stat.kind {
            FileKind::Directory => {
                count.add(0);
                fs.create_dir_all(&to)?;
                for entry in fs.read_dir(&from)? {
                    pending.push((from.join(&entry.name), to.join(&entry.name)));
                }
            }
            FileKind::Symlink => {
                count.add(0);
                fs.symlink(&fs.read_link(&from)?, &to)?;
            }
            FileKind::Regular => {
                count.add(stat.len);
                match fs.hard_link(&from, &to) {
                    // The folder of the run is on another disk than the store.
                    Err(error) if error.source.kind() == std::io::ErrorKind::CrossesDevices => fs.copy(&from, &to)?,
                    linked => linked?,
                }
            }
            FileKind::Other => {
                return Err(FsError::new(FsOp::Read, &from, std::io::ErrorKind::Unsupported.into()).into());
            }
        }
    }
    Ok(())
}
