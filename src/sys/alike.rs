//! The file system in memory answers as a disk does: both are asked the same and compared.
//!
//! Tests of all rooms rest on this.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use crate::fs::{FileKind, Fs, FsError, Mode};
use crate::{DiskFs, MemoryFs};

/// A change to a tree; paths are below its root.
#[derive(Clone, Debug)]
enum Change {
    Write(PathBuf, u8, Mode),
    WriteAtomic(PathBuf, u8, Mode),
    CreateDirAll(PathBuf),
    Symlink(PathBuf, PathBuf),
    Rename(PathBuf, PathBuf),
    RemoveFile(PathBuf),
    RemoveDirAll(PathBuf),
}

/// Few names, so that changes meet each other.
fn path() -> impl Strategy<Value = PathBuf> {
    proptest::collection::vec(prop_oneof![Just("a"), Just("b"), Just("é")], 1..4)
        .prop_map(|parts| parts.iter().collect())
}

fn target() -> impl Strategy<Value = PathBuf> {
    prop_oneof![
        path(),
        path().prop_map(|path| Path::new("..").join(path)),
        Just(PathBuf::from("."))
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let mode = || prop_oneof![Just(Mode::Plain), Just(Mode::Executable)];
    prop_oneof![
        (path(), any::<u8>(), mode()).prop_map(|(path, byte, mode)| Change::Write(path, byte, mode)),
        (path(), any::<u8>(), mode()).prop_map(|(path, byte, mode)| Change::WriteAtomic(path, byte, mode)),
        path().prop_map(Change::CreateDirAll),
        (target(), path()).prop_map(|(target, path)| Change::Symlink(target, path)),
        (path(), path()).prop_map(|(from, to)| Change::Rename(from, to)),
        path().prop_map(Change::RemoveFile),
        path().prop_map(Change::RemoveDirAll),
    ]
}

fn apply(fs: &dyn Fs, root: &Path, change: &Change) -> Result<(), FsError> {
    match change {
        Change::Write(path, byte, mode) => fs.write(&root.join(path), &[*byte], *mode),
        Change::WriteAtomic(path, byte, mode) => fs.write_atomic(&root.join(path), &[*byte], *mode),
        Change::CreateDirAll(path) => fs.create_dir_all(&root.join(path)),
        Change::Symlink(target, path) => fs.symlink(target, &root.join(path)),
        Change::Rename(from, to) => fs.rename(&root.join(from), &root.join(to)),
        Change::RemoveFile(path) => fs.remove_file(&root.join(path)),
        Change::RemoveDirAll(path) => fs.remove_dir_all(&root.join(path)),
    }
}

/// Returns all that can be asked about each path of a tree; of failures only that they are.
fn answers(fs: &dyn Fs, root: &Path, asked: &[PathBuf]) -> BTreeMap<PathBuf, String> {
    let mut answers = BTreeMap::new();
    for path in asked {
        let full = root.join(path);
        let stat = |answer: Result<Option<crate::Stat>, FsError>| {
            answer
                .map(|stat| stat.map(|s| (s.kind, s.executable(), (s.kind == FileKind::Regular).then_some(s.len))))
                .ok()
        };
        let below = |path: PathBuf| path.strip_prefix(root).map(Path::to_path_buf).ok();
        let all = (
            stat(fs.lstat(&full)),
            stat(fs.stat(&full)),
            fs.read(&full).ok(),
            fs.read_dir(&full).ok(),
            fs.read_link(&full).ok(),
            fs.canonicalize(&full).ok().map(below),
        );
        answers.insert(path.clone(), format!("{all:?}"));
    }
    answers
}

/// Whether a change is one that systems differ on, so that nothing relies on it: a folder renamed
/// over something, into itself, or something renamed over a folder; and names made through links
/// that lead nowhere.
fn differs_between_systems(fs: &dyn Fs, root: &Path, change: &Change) -> bool {
    let kind = |path: &PathBuf| fs.lstat(&root.join(path)).ok().flatten().map(|stat| stat.kind);
    let leads_nowhere = |path: &PathBuf| {
        path.ancestors().any(|path| {
            let path = root.join(path);
            matches!(fs.lstat(&path), Ok(Some(_))) && !matches!(fs.stat(&path), Ok(Some(_)))
        })
    };
    match change {
        Change::Rename(from, to) => {
            kind(from) == Some(FileKind::Directory) && kind(to).is_some() || kind(to) == Some(FileKind::Directory)
        }
        Change::CreateDirAll(path) => leads_nowhere(path),
        _ => false,
    }
}

proptest! {
    // Each case writes to a real disk, and atomic writes wait for it.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn memory_and_disk_are_alike(changes in proptest::collection::vec(change(), 1..12)) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        // Links may lead upwards: deep enough, they stay in the temporary folder.
        let disk_root = std::fs::canonicalize(folder.path()).expect("it is there").join("x/x/x/x");
        let memory_root = Path::new("/x/x/x/x");
        let (disk, memory) = (DiskFs, MemoryFs::new().directory(memory_root));
        disk.create_dir_all(&disk_root).expect("the folder is new");
        let mut asked = vec![PathBuf::from("")];
        for change in &changes {
            match change {
                Change::Write(path, ..) | Change::WriteAtomic(path, ..) | Change::CreateDirAll(path)
                | Change::Symlink(_, path) | Change::RemoveFile(path) | Change::RemoveDirAll(path) => asked.push(path.clone()),
                Change::Rename(from, to) => asked.extend([from.clone(), to.clone()]),
            }
            if differs_between_systems(&disk, &disk_root, change) {
                continue;
            }
            let (on_disk, in_memory) = (apply(&disk, &disk_root, change), apply(&memory, memory_root, change));
            prop_assert_eq!(on_disk.is_ok(), in_memory.is_ok(), "{:?}: disk {:?}, memory {:?}", change, on_disk, in_memory);
            prop_assert_eq!(
                answers(&disk, &disk_root, &asked),
                answers(&memory, memory_root, &asked),
                "after {:?}",
                change
            );
        }
    }
}
