//! The disk of the simulated machine: each change of it is a call at which a blow can come.

use super::Machine;
use std::io;
use std::path::{Path, PathBuf};
use sys::{DirEntry, Fs, FsError, MemoryFs, Mode, Stat};

impl Fs for Machine {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FsError> {
        self.files.read(path)
    }
    fn lstat(&self, path: &Path) -> Result<Option<Stat>, FsError> {
        self.files.lstat(path)
    }
    fn stat(&self, path: &Path) -> Result<Option<Stat>, FsError> {
        self.files.stat(path)
    }
    fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>, FsError> {
        self.files.read_dir(path)
    }
    fn read_link(&self, path: &Path) -> Result<PathBuf, FsError> {
        self.files.read_link(path)
    }
    fn canonicalize(&self, path: &Path) -> Result<PathBuf, FsError> {
        self.files.canonicalize(path)
    }
    fn open(&self, path: &Path) -> Result<Box<dyn io::Read + Send>, FsError> {
        self.files.open(path)
    }
    fn write(&self, path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FsError> {
        self.changing(|files| files.write(path, bytes, mode))
    }
    fn write_atomic(&self, path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FsError> {
        self.changing(|files| files.write_atomic(path, bytes, mode))
    }
    fn create_dir_all(&self, path: &Path) -> Result<(), FsError> {
        self.changing(|files| files.create_dir_all(path))
    }
    fn symlink(&self, target: &Path, path: &Path) -> Result<(), FsError> {
        self.changing(|files| files.symlink(target, path))
    }
    fn rename(&self, from: &Path, to: &Path) -> Result<(), FsError> {
        self.changing(|files| files.rename(from, to))
    }
    fn remove_file(&self, path: &Path) -> Result<(), FsError> {
        self.changing(|files| files.remove_file(path))
    }
    fn remove_dir_all(&self, path: &Path) -> Result<(), FsError> {
        self.changing(|files| files.remove_dir_all(path))
    }
    fn room(&self, path: &Path) -> Result<u64, FsError> {
        let room = self.state(|state| state.rooms.get(path).copied());
        room.map_or_else(|| self.files.room(path), Ok)
    }
    fn lock(&self, path: &Path) -> Result<Option<Box<dyn Send>>, FsError> {
        self.files.lock(path)
    }
}

impl Machine {
    fn changing<T>(&self, work: impl FnOnce(&MemoryFs) -> Result<T, FsError>) -> Result<T, FsError> {
        self.strike(false);
        let done = work(&self.files)?;
        self.strike(true);
        Ok(done)
    }
}
