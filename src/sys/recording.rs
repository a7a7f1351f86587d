//! A file system that remembers each answer it gave.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::fs::{DirEntry, FileBytes, Fs, FsError, Mode, Stat};
use crate::record::{Answer, BytePath, Digest, Record, Seen, keep};

/// Wraps a file system and records what it says to readers; writes go through unrecorded.
pub struct RecordingFs<F> {
    inner: F,
    record: Mutex<Record>,
}

impl<F: Fs> RecordingFs<F> {
    /// Returns a file system that answers as `inner` does, with an empty record.
    pub fn new(inner: F) -> RecordingFs<F> {
        RecordingFs {
            inner,
            record: Mutex::new(Record::default()),
        }
    }

    /// Returns a copy of the record so far.
    pub fn record(&self) -> Record {
        self.lock().clone()
    }

    /// Returns the record so far and starts an empty one.
    pub fn take_record(&self) -> Record {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().expect("no panic while holding the record")
    }

    fn note<T: PartialEq>(
        &self,
        path: &Path,
        slot: impl FnOnce(&mut Seen) -> &mut Option<Answer<T>>,
        answer: Answer<T>,
    ) {
        let mut record = self.lock();
        let differs = match record.paths.get_mut(path) {
            Some(seen) => keep(slot(seen), Some(answer)),
            None => {
                let mut seen = Seen::default();
                *slot(&mut seen) = Some(answer);
                record.paths.insert(path.to_path_buf(), seen);
                false
            }
        };
        if differs {
            record.note_change(path.to_path_buf());
        }
    }

    fn note_content(&self, path: &Path, result: &Result<impl AsRef<[u8]>, FsError>) {
        let answer = Answer::of(result, |bytes| Digest::of(bytes.as_ref()));
        self.note(path, |seen| &mut seen.content, answer);
    }
}

impl<F: Fs> Fs for RecordingFs<F> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FsError> {
        let result = self.inner.read(path);
        self.note_content(path, &result);
        result
    }

    fn read_sized(&self, path: &Path) -> Result<Arc<[u8]>, FsError> {
        let result = self.inner.read_sized(path);
        self.note_content(path, &result);
        result
    }

    fn lstat(&self, path: &Path) -> Result<Option<Stat>, FsError> {
        let result = self.inner.lstat(path);
        self.note(path, |seen| &mut seen.lstat, Answer::of_stat(&result));
        result
    }

    fn stat(&self, path: &Path) -> Result<Option<Stat>, FsError> {
        let result = self.inner.stat(path);
        self.note(path, |seen| &mut seen.stat, Answer::of_stat(&result));
        result
    }

    fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>, FsError> {
        let result = self.inner.read_dir(path);
        self.note(
            path,
            |seen| &mut seen.listing,
            Answer::of(&result, |entries| Digest::of_listing(entries)),
        );
        result
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, FsError> {
        let result = self.inner.read_link(path);
        self.note(
            path,
            |seen| &mut seen.link,
            Answer::of(&result, |target| BytePath(target.clone())),
        );
        result
    }

    fn canonicalize(&self, path: &Path) -> Result<PathBuf, FsError> {
        let result = self.inner.canonicalize(path);
        self.note(
            path,
            |seen| &mut seen.canonical,
            Answer::of(&result, |target| BytePath(target.clone())),
        );
        result
    }

    fn write(&self, path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FsError> {
        self.inner.write(path, bytes, mode)
    }

    fn create(&self, path: &Path, mode: Mode) -> Result<Box<dyn FileBytes>, FsError> {
        self.inner.create(path, mode)
    }

    fn edit(&self, path: &Path) -> Result<Box<dyn FileBytes>, FsError> {
        self.inner.edit(path)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> Result<(), FsError> {
        self.inner.hard_link(from, to)
    }

    fn write_atomic(&self, path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FsError> {
        self.inner.write_atomic(path, bytes, mode)
    }

    fn create_dir_all(&self, path: &Path) -> Result<(), FsError> {
        self.inner.create_dir_all(path)
    }

    fn symlink(&self, target: &Path, path: &Path) -> Result<(), FsError> {
        self.inner.symlink(target, path)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), FsError> {
        self.inner.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> Result<(), FsError> {
        self.inner.remove_file(path)
    }

    fn remove_dir_all(&self, path: &Path) -> Result<(), FsError> {
        self.inner.remove_dir_all(path)
    }

    fn room(&self, path: &Path) -> Result<u64, FsError> {
        self.inner.room(path)
    }

    fn taken(&self, path: &Path) -> Result<u64, FsError> {
        self.inner.taken(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryFs;

    fn tree() -> MemoryFs {
        MemoryFs::new()
            .file("/f/flake.nix", "{ }")
            .executable("/f/run", "")
            .link("/f/link", "flake.nix")
            .denied("/no")
    }

    fn ask(fs: &dyn Fs) {
        let path = Path::new;
        fs.read(path("/f/flake.nix")).unwrap();
        fs.read(path("/f/gone")).unwrap_err();
        fs.lstat(path("/f/run")).unwrap();
        fs.stat(path("/f/gone")).unwrap();
        fs.stat(path("/no")).unwrap_err();
        fs.read_dir(path("/f")).unwrap();
        fs.read_link(path("/f/link")).unwrap();
        fs.canonicalize(path("/f/link")).unwrap();
    }

    #[test]
    fn every_answer_is_recorded_once_and_in_order() {
        let fs = RecordingFs::new(tree());
        ask(&fs);
        ask(&fs);
        let record = fs.take_record();
        assert!(record.is_stable());
        let text = serde_json::to_string_pretty(&record).unwrap();
        let content = Digest::of(b"{ }").to_string();
        let listing = Digest::of_listing(&fs.read_dir(Path::new("/f")).unwrap()).to_string();
        let expected = serde_json::json!({ "paths": [
            ["/f", { "listing": { "is": listing } }],
            ["/f/flake.nix", { "content": { "is": content } }],
            ["/f/gone", { "stat": "absent", "content": "absent" }],
            ["/f/link", { "link": { "is": "flake.nix" }, "canonical": { "is": "/f/flake.nix" } }],
            ["/f/run", { "lstat": { "is": "executable" } }],
            ["/no", { "stat": { "failed": "permission denied" } }],
        ] });
        assert_eq!(text, serde_json::to_string_pretty(&expected).unwrap());
        assert_eq!(fs.record().paths.len(), 1, "taking the record starts a new one");
    }

    #[test]
    fn a_record_holds_until_something_that_was_asked_changes() {
        fn path(text: &str) -> &Path {
            Path::new(text)
        }
        type Change = fn(&MemoryFs);
        let changes: [(&str, Change, Option<&str>); 6] = [
            ("nothing", |_| {}, None),
            (
                "unread file",
                |fs| fs.write(path("/f/run"), b"other", Mode::Plain).unwrap(),
                None,
            ),
            (
                "contents",
                |fs| fs.write(path("/f/flake.nix"), b"{}", Mode::Plain).unwrap(),
                Some("/f/flake.nix"),
            ),
            (
                "new name",
                |fs| fs.write(path("/f/new"), b"", Mode::Plain).unwrap(),
                Some("/f"),
            ),
            (
                "mode",
                |fs| fs.write_atomic(path("/f/run"), b"", Mode::Plain).unwrap(),
                Some("/f/run"),
            ),
            ("absent", |fs| fs.create_dir_all(path("/f/gone")).unwrap(), Some("/f")),
        ];
        for (name, change, expected) in changes {
            let fs = RecordingFs::new(tree());
            ask(&fs);
            let record = fs.record();
            change(&fs.inner);
            assert_eq!(record.first_difference(&fs.inner), expected.map(Path::new), "{name}");
        }
    }

    #[test]
    fn a_change_during_the_run_is_noticed() {
        let fs = RecordingFs::new(tree());
        ask(&fs);
        fs.write(Path::new("/f/flake.nix"), b"changed", Mode::Plain).unwrap();
        ask(&fs);
        assert_eq!(fs.record().changed, [PathBuf::from("/f/flake.nix")]);
    }
}
