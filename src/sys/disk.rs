//! The machine's own file system.

use std::collections::HashSet;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::iter;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::fs::{DirEntry, FileBytes, FileKind, Fs, FsError, FsOp, Mode, READ_LIMIT, Stat, absent, irregular};
use rustix::fs::OFlags;

/// The machine's file system; relative paths are taken from the process's current folder.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskFs;

/// The bytes of what `stat` counts as a block (stat(3type)).
const BLOCK: u64 = 512;

/// Tells apart the temporary names of one process.
static NEXT_TEMPORARY: AtomicU64 = AtomicU64::new(0);

fn kind_of(file_type: fs::FileType) -> FileKind {
    if file_type.is_file() {
        FileKind::Regular
    } else if file_type.is_dir() {
        FileKind::Directory
    } else if file_type.is_symlink() {
        FileKind::Symlink
    } else {
        FileKind::Other
    }
}

fn stat_of(data: &Metadata) -> Stat {
    Stat {
        kind: kind_of(data.file_type()),
        mode: data.mode() & 0o7777,
        len: data.len(),
        modified_ns: data
            .mtime()
            .saturating_mul(1_000_000_000)
            .saturating_add(data.mtime_nsec()),
    }
}

fn too_big() -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        format!("it is larger than {READ_LIMIT} bytes"),
    )
}

fn refuse_pipe(data: &Metadata) -> io::Result<()> {
    if data.file_type().is_fifo() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a pipe"));
    }
    Ok(())
}

fn refuse_unreadable(data: &Metadata) -> io::Result<()> {
    if data.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    if data.file_type().is_block_device() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a block device"));
    }
    Ok(())
}

fn maybe(op: FsOp, path: &Path, answer: io::Result<Metadata>) -> Result<Option<Stat>, FsError> {
    match answer {
        Ok(data) => Ok(Some(stat_of(&data))),
        Err(error) if absent(&error) => Ok(None),
        Err(error) => Err(FsError::new(op, path, error)),
    }
}

impl DiskFs {
    fn open_checked(path: &Path) -> io::Result<(File, Metadata)> {
        // Opening a pipe waits for a writer, perhaps for ever. One below these folders (`/dev/stdin`)
        // was named by a person; one inside a tree is a trap.
        let named = path.starts_with("/dev") || path.starts_with("/proc");
        if !named {
            refuse_pipe(&fs::metadata(path)?)?;
        }
        let file = File::open(path)?;
        let data = file.metadata()?;
        refuse_unreadable(&data)?;
        Ok((file, data))
    }

    fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
        let (file, data) = Self::open_checked(path)?;
        if data.len() > READ_LIMIT {
            return Err(too_big());
        }
        // One byte of room beyond the length lets the last `read` see the end without growing.
        let mut bytes = Vec::with_capacity(data.len() as usize + 1);
        file.take(READ_LIMIT + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > READ_LIMIT {
            return Err(too_big());
        }
        Ok(bytes)
    }

    /// Reads into what is returned, so that no byte is copied again.
    fn read_sized_bytes(path: &Path) -> io::Result<Arc<[u8]>> {
        // A pipe would be waited for otherwise.
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        let data = file.metadata()?;
        refuse_pipe(&data)?;
        refuse_unreadable(&data)?;
        if data.len() > READ_LIMIT {
            return Err(too_big());
        }
        let mut bytes: Arc<[u8]> = iter::repeat_n(0, data.len() as usize).collect();
        let room = Arc::get_mut(&mut bytes).expect("nobody else has it yet");
        file.read_exact(room)?;
        Ok(bytes)
    }

    /// Reads as few times as it can: whole trees are read file by file by this.
    fn read_regular_bytes(path: &Path) -> io::Result<(Vec<u8>, Stat)> {
        // A pipe that came in a file's place would be waited for otherwise.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits().cast_signed())
            .open(path)?;
        let stat = stat_of(&file.metadata()?);
        if stat.kind != FileKind::Regular {
            return Err(irregular());
        }
        if stat.len > READ_LIMIT {
            return Err(too_big());
        }
        // As many bytes as it has now, as Nix does; what ends earlier is changed meanwhile.
        let mut bytes = vec![0; stat.len as usize];
        (&file).read_exact(&mut bytes)?;
        Ok((bytes, stat))
    }

    fn list(path: &Path) -> io::Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            // Free on file systems that store the kind in the folder; one lstat elsewhere.
            let kind = kind_of(entry.file_type()?);
            entries.push(DirEntry {
                name: entry.file_name(),
                kind,
            });
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn replace(path: &Path, bytes: &[u8], mode: Mode) -> io::Result<()> {
        let name = path
            .file_name()
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let mut temporary = std::ffi::OsString::from(".");
        temporary.push(name);
        let number = NEXT_TEMPORARY.fetch_add(1, Ordering::Relaxed);
        temporary.push(format!(".{}-{number}.tmp", std::process::id()));
        let temporary = path.with_file_name(temporary);
        let written = (|| {
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(mode.bits())
                .open(&temporary)?;
            if mode.is_exact() {
                file.set_permissions(fs::Permissions::from_mode(mode.bits()))?;
            }
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&temporary, path)
        })();
        if written.is_err() {
            // The first error is the one to tell; what is left behind is only a stray temporary.
            let _ = fs::remove_file(&temporary);
        }
        written
    }
}

impl Fs for DiskFs {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FsError> {
        Self::read_bytes(path).map_err(|e| FsError::new(FsOp::Read, path, e))
    }

    fn read_sized(&self, path: &Path) -> Result<Arc<[u8]>, FsError> {
        Self::read_sized_bytes(path).map_err(|e| FsError::new(FsOp::Read, path, e))
    }

    fn read_regular(&self, path: &Path) -> Result<(Vec<u8>, Stat), FsError> {
        Self::read_regular_bytes(path).map_err(|e| FsError::new(FsOp::Read, path, e))
    }

    fn lstat(&self, path: &Path) -> Result<Option<Stat>, FsError> {
        maybe(FsOp::Stat, path, fs::symlink_metadata(path))
    }

    fn stat(&self, path: &Path) -> Result<Option<Stat>, FsError> {
        maybe(FsOp::Stat, path, fs::metadata(path))
    }

    fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>, FsError> {
        Self::list(path).map_err(|e| FsError::new(FsOp::List, path, e))
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, FsError> {
        fs::read_link(path).map_err(|e| FsError::new(FsOp::ReadLink, path, e))
    }

    fn canonicalize(&self, path: &Path) -> Result<PathBuf, FsError> {
        fs::canonicalize(path).map_err(|e| FsError::new(FsOp::Canonicalize, path, e))
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Read + Send>, FsError> {
        let (file, _) = Self::open_checked(path).map_err(|e| FsError::new(FsOp::Read, path, e))?;
        Ok(Box::new(file))
    }

    fn write(&self, path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FsError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(mode.bits());
        let written = options.open(path).and_then(|mut file| {
            if mode.is_exact() {
                file.set_permissions(fs::Permissions::from_mode(mode.bits()))?;
            }
            file.write_all(bytes)
        });
        written.map_err(|e| FsError::new(FsOp::Write, path, e))
    }

    fn create(&self, path: &Path, mode: Mode) -> Result<Box<dyn FileBytes>, FsError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(mode.bits());
        let file = options.open(path).and_then(|file| {
            if mode.is_exact() {
                file.set_permissions(fs::Permissions::from_mode(mode.bits()))?;
            }
            Ok(file)
        });
        Ok(Box::new(file.map_err(|e| FsError::new(FsOp::Create, path, e))?))
    }

    fn edit(&self, path: &Path) -> Result<Box<dyn FileBytes>, FsError> {
        let file = OpenOptions::new().read(true).write(true).open(path);
        Ok(Box::new(file.map_err(|e| FsError::new(FsOp::Write, path, e))?))
    }

    fn hard_link(&self, from: &Path, to: &Path) -> Result<(), FsError> {
        fs::hard_link(from, to).map_err(|e| FsError::new(FsOp::Create, to, e))
    }

    fn write_atomic(&self, path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FsError> {
        // A device or a pipe is written to: a file in its place would be no use to anybody. A link is
        // followed only to these, as it may lead anywhere.
        if fs::metadata(path).is_ok_and(|data| kind_of(data.file_type()) == FileKind::Other) {
            return self.write(path, bytes, mode);
        }
        Self::replace(path, bytes, mode).map_err(|e| FsError::new(FsOp::Write, path, e))
    }

    fn create_dir_all(&self, path: &Path) -> Result<(), FsError> {
        fs::create_dir_all(path).map_err(|e| FsError::new(FsOp::Create, path, e))
    }

    fn symlink(&self, target: &Path, path: &Path) -> Result<(), FsError> {
        std::os::unix::fs::symlink(target, path).map_err(|e| FsError::new(FsOp::Create, path, e))
    }

    fn copy(&self, from: &Path, to: &Path) -> Result<(), FsError> {
        let (mut source, _) = Self::open_checked(from).map_err(|e| FsError::new(FsOp::Read, from, e))?;
        // Between files the kernel copies, or shares the bytes where the file system can.
        let copied = File::create(to).and_then(|mut file| io::copy(&mut source, &mut file));
        copied.map(drop).map_err(|e| FsError::new(FsOp::Write, to, e))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), FsError> {
        fs::rename(from, to).map_err(|e| FsError::new(FsOp::Rename, from, e))
    }

    fn remove_file(&self, path: &Path) -> Result<(), FsError> {
        fs::remove_file(path).map_err(|e| FsError::new(FsOp::Remove, path, e))
    }

    fn remove_dir_all(&self, path: &Path) -> Result<(), FsError> {
        match fs::remove_dir_all(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FsError::new(FsOp::Remove, path, error)),
            _ => Ok(()),
        }
    }

    fn sync(&self, folder: &Path) -> Result<(), FsError> {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|e| FsError::new(FsOp::Write, folder, e))
    }

    fn lock(&self, path: &Path) -> Result<Option<Box<dyn Send>>, FsError> {
        let failed = |e| FsError::new(FsOp::Write, path, e);
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let file = options.open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    fn room(&self, path: &Path) -> Result<u64, FsError> {
        let disk = rustix::fs::statvfs(path).map_err(|error| FsError::new(FsOp::Stat, path, error.into()))?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    fn taken(&self, path: &Path) -> Result<u64, FsError> {
        let mut seen = HashSet::new();
        let mut bytes = 0;
        let mut pending = vec![path.to_path_buf()];
        while let Some(path) = pending.pop() {
            let listed = fs::symlink_metadata(&path).and_then(|data| match data.is_dir() {
                true => Ok((data, Self::list(&path)?)),
                false => Ok((data, Vec::new())),
            });
            let (data, names) = match listed {
                Ok(listed) => listed,
                Err(error) if absent(&error) => continue,
                Err(error) => return Err(FsError::new(FsOp::List, &path, error)),
            };
            // Only files with more names than one can come by again.
            if data.is_dir() || data.nlink() < 2 || seen.insert((data.dev(), data.ino())) {
                bytes += data.blocks().saturating_mul(BLOCK);
            }
            pending.extend(names.into_iter().map(|entry| path.join(entry.name)));
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Seek;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary folder can be made")
    }

    #[test]
    fn a_tree_takes_what_it_has_of_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let (fs, root) = (DiskFs, folder.path());
        fs.write(&root.join("one"), &[1; 100_000], Mode::Plain).unwrap();
        let once = fs.taken(root).unwrap();
        assert!((100_000..200_000).contains(&once), "{once}");
        fs.hard_link(&root.join("one"), &root.join("other")).unwrap();
        let mut hole = fs.create(&root.join("hole"), Mode::Plain).unwrap();
        hole.seek(io::SeekFrom::Start(1 << 30)).unwrap();
        hole.write_all(b"!").unwrap();
        fs.symlink(Path::new("/"), &root.join("out")).unwrap();
        let all = fs.taken(root).unwrap();
        assert!(all < once + 100_000, "{once} {all}");
        assert_eq!(fs.taken(&root.join("gone")).unwrap(), 0);
        assert!(fs.room(root).unwrap() > 0);
        assert!(fs.room(&root.join("gone")).unwrap_err().is_absent());
    }

    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        let dir = folder();
        let link = dir.path().join("link");
        DiskFs.symlink(Path::new("/dev/null"), &link).unwrap();
        DiskFs.write_atomic(&link, b"gone", Mode::Plain).unwrap();
        assert_eq!(DiskFs.read_link(&link).unwrap(), Path::new("/dev/null"));
        assert_eq!(DiskFs.stat(&link).unwrap().unwrap().kind, FileKind::Other);
    }

    #[test]
    fn a_file_has_as_many_bytes_as_its_size_says() {
        let dir = folder();
        let fs = DiskFs;
        let at = |name: &str| dir.path().join(name);
        for text in [&b""[..], b"one", &[7; 100_000]] {
            fs.write(&at("file"), text, Mode::Plain).unwrap();
            fs.symlink(Path::new("file"), &at("link")).unwrap();
            assert_eq!(*fs.read_sized(&at("link")).unwrap(), *text);
            fs.remove_file(&at("link")).unwrap();
        }
        for without in ["/proc/version", "/dev/zero", "/dev/null"] {
            assert_eq!(*fs.read_sized(Path::new(without)).unwrap(), *b"", "{without}");
        }
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        let pipe = fs.read_sized(&at("pipe")).unwrap_err().to_string();
        assert!(pipe.ends_with("it is a pipe"), "{pipe}");
        assert!(fs.read_sized(dir.path()).is_err());
        assert!(fs.read_sized(&at("gone")).unwrap_err().is_absent());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let dir = folder();
        let fs = DiskFs;
        let at = |name: &str| dir.path().join(name);
        fs.create_dir_all(&at("a/b")).unwrap();
        fs.write(&at("a/b/plain"), b"one", Mode::Plain).unwrap();
        fs.write(&at("a/b/run"), b"#!", Mode::Executable).unwrap();
        fs.write_atomic(&at("a/secret"), b"two", Mode::Private).unwrap();
        fs.symlink(Path::new("b/plain"), &at("a/link")).unwrap();
        assert_eq!(fs.read(&at("a/link")).unwrap(), b"one");
        assert_eq!(fs.read_link(&at("a/link")).unwrap(), Path::new("b/plain"));
        assert!(fs.stat(&at("a/b/run")).unwrap().unwrap().executable());
        assert!(!fs.stat(&at("a/b/plain")).unwrap().unwrap().executable());
        assert_eq!(fs.stat(&at("a/secret")).unwrap().unwrap().mode, 0o600);
        assert_eq!(fs.lstat(&at("a/link")).unwrap().unwrap().kind, FileKind::Symlink);
        assert_eq!(fs.stat(&at("a/link")).unwrap().unwrap().kind, FileKind::Regular);
        let names: Vec<_> = fs
            .read_dir(&at("a"))
            .unwrap()
            .into_iter()
            .map(|e| (e.name, e.kind))
            .collect();
        let expected = [
            ("b", FileKind::Directory),
            ("link", FileKind::Symlink),
            ("secret", FileKind::Regular),
        ];
        assert_eq!(names, expected.map(|(n, k)| (n.into(), k)));
        let mut text = String::new();
        fs.open(&at("a/secret")).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "two");
        let mut pieces = fs.create(&at("a/pieces"), Mode::SealedExecutable).unwrap();
        pieces.write_all(b"abc").unwrap();
        drop(pieces);
        assert_eq!(fs.stat(&at("a/pieces")).unwrap().unwrap().mode, 0o555);
        assert!(fs.create(&at("a/pieces"), Mode::Plain).is_err(), "it is there already");
        fs.hard_link(&at("a/b/plain"), &at("a/second")).unwrap();
        let mut edited = fs.edit(&at("a/second")).unwrap();
        edited.seek(io::SeekFrom::Start(2)).unwrap();
        edited.write_all(b"!").unwrap();
        assert_eq!(fs.read(&at("a/b/plain")).unwrap(), b"on!");
        fs.rename(&at("a/secret"), &at("a/moved")).unwrap();
        fs.remove_file(&at("a/link")).unwrap();
        assert_eq!(fs.lstat(&at("a/link")).unwrap(), None);
        fs.remove_dir_all(&at("a")).unwrap();
        fs.remove_dir_all(&at("a")).unwrap();
        assert_eq!(fs.lstat(&at("a")).unwrap(), None);
    }

    #[test]
    fn absence_is_an_answer_and_a_folder_is_no_file() {
        let dir = folder();
        let fs = DiskFs;
        fs.write(&dir.path().join("file"), b"", Mode::Plain).unwrap();
        assert_eq!(fs.stat(&dir.path().join("nothing")).unwrap(), None);
        assert_eq!(fs.lstat(&dir.path().join("file/below")).unwrap(), None);
        assert!(fs.read(&dir.path().join("nothing")).unwrap_err().is_absent());
        assert_eq!(
            fs.read(dir.path()).unwrap_err().source.kind(),
            io::ErrorKind::IsADirectory
        );
    }

    #[test]
    fn a_lock_is_held_by_one() {
        let dir = folder();
        let path = dir.path().join("lock");
        let held = DiskFs.lock(&path).unwrap();
        assert!(held.is_some() && DiskFs.lock(&path).unwrap().is_none());
        drop(held);
        assert!(DiskFs.lock(&path).unwrap().is_some());
        DiskFs.sync(dir.path()).unwrap();
        assert!(DiskFs.lock(&dir.path().join("no/lock")).is_err());
    }

    #[test]
    fn a_pipe_in_a_tree_is_refused_and_not_waited_for() {
        let dir = folder();
        let pipe = dir.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("mkfifo runs").success());
        let error = DiskFs.read(&pipe).unwrap_err();
        assert_eq!(error.source.to_string(), "it is a pipe");
        assert_eq!(DiskFs.stat(&pipe).unwrap().unwrap().kind, FileKind::Other);
    }

    #[test]
    fn an_atomic_write_leaves_no_temporary_behind() {
        let dir = folder();
        let fs = DiskFs;
        fs.create_dir_all(&dir.path().join("taken/inside")).unwrap();
        fs.write_atomic(&dir.path().join("x"), b"1", Mode::Plain).unwrap();
        fs.write_atomic(&dir.path().join("x"), b"2", Mode::Plain).unwrap();
        fs.write_atomic(&dir.path().join("taken"), b"3", Mode::Plain)
            .unwrap_err();
        let names: Vec<_> = fs.read_dir(dir.path()).unwrap().into_iter().map(|e| e.name).collect();
        assert_eq!(names, ["taken", "x"]);
        assert_eq!(fs.read(&dir.path().join("x")).unwrap(), b"2");
    }
}
