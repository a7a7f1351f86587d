//! A world that reads the disk as it is, and has nothing else.

use eval::{EvalIo, FetchRequest, Fetched, FileType, IoError};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::{ffi::OsStr, fs, io};

/// The world.
pub struct Disk;

fn at(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path))
}

fn told(path: &[u8]) -> impl Fn(io::Error) -> IoError + '_ {
    |error| match error.kind() {
        io::ErrorKind::NotFound => IoError::NotFound(at(path).display().to_string()),
        _ => IoError::Other(format!("{}: {error}", at(path).display())),
    }
}

fn kind(of: fs::FileType) -> FileType {
    match of {
        of if of.is_dir() => FileType::Directory,
        of if of.is_symlink() => FileType::Symlink,
        of if of.is_file() => FileType::Regular,
        _ => FileType::Unknown,
    }
}

impl EvalIo for Disk {
    fn read_file(&mut self, path: &[u8]) -> Result<Arc<[u8]>, IoError> {
        fs::read(at(path)).map(Into::into).map_err(told(path))
    }

    fn file_type(&mut self, path: &[u8]) -> Result<Option<FileType>, IoError> {
        let found = match fs::symlink_metadata(at(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            found => found.map_err(told(path))?,
        };
        Ok(Some(match kind(found.file_type()) {
            FileType::Regular if found.permissions().mode() & 0o100 != 0 => FileType::Executable,
            other => other,
        }))
    }

    fn read_dir(&mut self, path: &[u8]) -> Result<Rc<[(Vec<u8>, FileType)]>, IoError> {
        let entries = fs::read_dir(at(path)).map_err(told(path))?;
        let entry = |entry: io::Result<fs::DirEntry>| {
            let entry = entry?;
            Ok((entry.file_name().into_vec(), kind(entry.file_type()?)))
        };
        let mut listed = entries.map(entry).collect::<io::Result<Vec<_>>>().map_err(told(path))?;
        listed.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(listed.into())
    }

    fn read_link(&mut self, path: &[u8]) -> Result<Vec<u8>, IoError> {
        let target = fs::read_link(at(path)).map_err(told(path))?;
        Ok(target.into_os_string().into_vec())
    }

    fn env(&mut self, _: &str) -> String {
        String::new()
    }

    fn current_time(&mut self) -> i64 {
        0
    }

    fn elapsed_millis(&mut self) -> u64 {
        0
    }

    fn fetch(&mut self, _: &FetchRequest) -> Result<Fetched, IoError> {
        Err(IoError::Other("there is no network".into()))
    }

    fn realise(&mut self, _: &store::VirtualStore, _: &store::StorePath, _: &[String]) -> Result<(), IoError> {
        Err(IoError::Other("nothing is built".into()))
    }

    fn message(&mut self, _: &[u8]) {}
}
