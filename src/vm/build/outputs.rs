//! What a build VM hands out. Its root has written all of it, so it is hostile.

use super::BuildError;
use super::limits::BuildLimits;
use super::needs::Needs;
use super::registration::Registered;
use crate::realised::{Limits, Realised};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use store::StorePath;
use sys::{Fs, FsError, FsOp, Mode};

/// Bytes that an archive may be longer on the disk than the files in it: names and padding.
pub(super) const SLACK: u64 = 1 << 30;

/// Makes the disk that outputs are written on; it takes no room until then.
pub(super) fn empty_disk(fs: &dyn Fs, place: &Path, limits: &BuildLimits) -> Result<(), BuildError> {
    let mut disk = fs.create(place, Mode::Private)?;
    let end = SeekFrom::Start((limits.outputs + SLACK).next_multiple_of(4096) - 1);
    let made = disk.seek(end).and_then(|_| disk.write_all(&[0]));
    Ok(made.map_err(|error| FsError::new(FsOp::Write, place, error))?)
}

/// Returns what of the things that were built is taken: what is wanted with all that it refers to, and of the rest what
/// there is room for. Says what is wrong with them.
pub(super) fn taken(
    registered: Vec<Registered>,
    needs: &Needs,
    into: &Realised,
    limits: &BuildLimits,
) -> Result<Vec<Registered>, BuildError> {
    let mut known: BTreeMap<StorePath, Registered> = BTreeMap::new();
    for one in registered {
        known.insert(one.path.clone(), one);
    }
    for Registered { path, about } in known.values() {
        for reference in &about.references {
            if !known.contains_key(reference) && !into.has(reference)? {
                return Err(broken(format!(
                    "'{}' refers to '{}', which is not there",
                    path.to_path(),
                    reference.to_path()
                )));
            }
        }
    }
    let mut taken = Vec::new();
    let mut room = limits.outputs;
    let wanted = needs.wanted.iter().filter(|path| known.contains_key(*path));
    let wanted: Vec<StorePath> = wanted.cloned().collect();
    let rest: Vec<StorePath> = known.keys().cloned().collect();
    for (path, is_wanted) in wanted
        .iter()
        .map(|path| (path, true))
        .chain(rest.iter().map(|path| (path, false)))
    {
        let closure = closure(path, &known);
        let size = closure.iter().filter_map(|path| known[path].about.nar_size);
        match room.checked_sub(size.fold(0, u64::saturating_add)) {
            Some(left) => {
                room = left;
                taken.extend(closure.iter().filter_map(|path| known.remove(path)));
            }
            None if is_wanted => {
                return Err(BuildError::Failed {
                    what: needs.outputs.get(path).cloned(),
                    why: format!("what is built takes more than {} MiB", limits.outputs >> 20),
                    log: Vec::new(),
                });
            }
            None => {}
        }
    }
    Ok(taken)
}

/// Returns a path with all that it refers to, as far as that is among what is known.
fn closure(path: &StorePath, known: &BTreeMap<StorePath, Registered>) -> BTreeSet<StorePath> {
    let mut found = BTreeSet::new();
    let mut pending = vec![path];
    while let Some(path) = pending.pop() {
        if let Some(one) = known.get(path)
            && found.insert(path.clone())
        {
            pending.extend(&one.about.references);
        }
    }
    found
}

/// Takes a path from the disk of outputs into the store.
pub(super) fn take(
    Registered { path, about }: Registered,
    place: agent::Written,
    disk: &Path,
    limits: &BuildLimits,
    into: &Realised,
) -> Result<(), BuildError> {
    let mut file = into.fs().edit(disk)?;
    let sought = file.seek(SeekFrom::Start(place.offset));
    sought.map_err(|error| FsError::new(FsOp::Read, disk, error))?;
    let limits = Limits {
        bytes: limits.outputs + SLACK,
        ..Limits::default()
    };
    Ok(into.add(&path, &mut file.take(place.size), about, limits)?)
}

fn broken(why: impl std::fmt::Display) -> BuildError {
    BuildError::Engine {
        engine: super::machine::NAME.into(),
        why: why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realised::About;
    use std::sync::Arc;

    fn path(letter: char) -> StorePath {
        StorePath::from_base_name(format!("{}-{letter}", letter.to_string().repeat(32))).expect("a path")
    }

    /// Returns what is registered of paths: letter, size, references.
    fn registered(of: &[(char, u64, &str)]) -> Vec<Registered> {
        let one = |(letter, size, references): &(char, u64, &str)| Registered {
            path: path(*letter),
            about: About {
                nar_size: Some(*size),
                references: references.chars().map(path).collect(),
                ..About::default()
            },
        };
        of.iter().map(one).collect()
    }

    #[test]
    fn what_is_wanted_comes_first_and_the_rest_as_there_is_room() {
        let folder = tempfile::tempdir().expect("a folder");
        let into = Realised::new(Arc::new(sys::DiskFs), folder.path());
        let needs = Needs {
            wanted: vec![path('c')],
            ..Needs::default()
        };
        for (of, room, expected) in [
            (&[('a', 50, ""), ('b', 10, ""), ('c', 40, "bc")][..], 100, Ok("bca")),
            (&[('a', 51, ""), ('b', 10, ""), ('c', 40, "bc")], 100, Ok("bc")),
            (&[('a', 5, "d"), ('d', 50, "")], 50, Ok("d")),
            (&[('b', 61, ""), ('c', 40, "b")], 100, Err("takes more than 0 MiB")),
            (&[('c', u64::MAX, "b"), ('b', 9, "")], 100, Err("takes more than 0 MiB")),
            (&[('a', 1, "b")], 100, Err("which is not there")),
        ] {
            let limits = BuildLimits {
                outputs: room,
                ..BuildLimits::default()
            };
            let came = taken(registered(of), &needs, &into, &limits);
            match (came, expected) {
                (Ok(came), Ok(expected)) => {
                    let names: String = came.iter().map(|one| one.path.name()).collect();
                    assert_eq!(names, expected);
                }
                (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
                (came, expected) => panic!("{came:?} and not {expected:?}"),
            }
        }
    }
}
