//! What a run was told by the file system: ordered, serialisable, and checkable again later.
//!
//! A result that was computed from exactly these answers is still right as long as the file system
//! gives the same ones, so a cache may key on a record instead of on a whole tree.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::fs::{DirEntry, FileKind, Fs, FsError, Stat};

/// A BLAKE3 hash; written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Returns the hash of some bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(*blake3::hash(bytes).as_bytes())
    }

    /// Returns the hash of some bytes under a key, which only whoever has the key can make.
    pub fn keyed(key: &[u8; 32], bytes: &[u8]) -> Digest {
        Digest(*blake3::keyed_hash(key, bytes).as_bytes())
    }

    /// Returns the hash of a listing: each name's kind, length and bytes in turn.
    pub fn of_listing(entries: &[DirEntry]) -> Digest {
        let mut hasher = blake3::Hasher::new();
        for entry in entries {
            let kind = match entry.kind {
                FileKind::Regular => b'r',
                FileKind::Directory => b'd',
                FileKind::Symlink => b'l',
                FileKind::Other => b'o',
            };
            hasher.update(&[kind]);
            hasher.update(&(entry.name.len() as u64).to_le_bytes());
            hasher.update(entry.name.as_bytes());
        }
        Digest(*hasher.finalize().as_bytes())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
        let bytes: Option<Vec<u8>> =
            digits.map(|d| d.chunks(2).map(|pair| pair.iter().fold(0, |n, d| n << 4 | d)).collect());
        let bytes = bytes
            .filter(|_| text.len() == 64)
            .and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(Digest)
            .ok_or_else(|| de::Error::custom("a hash has 64 hexadecimal digits"))
    }
}

/// Returns a key that is made of a secret for one purpose: BLAKE3's key derivation, whose context the purpose is.
pub fn derived_key(purpose: &str, secret: &[u8]) -> [u8; 32] {
    blake3::derive_key(purpose, secret)
}

/// The kind of a node as far as a result may depend on it: no times, no sizes, one mode bit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Node {
    /// An ordinary file.
    Regular,
    /// An ordinary file that may be executed.
    Executable,
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A device, a pipe or a socket.
    Other,
}

impl From<Stat> for Node {
    fn from(stat: Stat) -> Node {
        match stat.kind {
            FileKind::Regular if stat.executable() => Node::Executable,
            FileKind::Regular => Node::Regular,
            FileKind::Directory => Node::Directory,
            FileKind::Symlink => Node::Symlink,
            FileKind::Other => Node::Other,
        }
    }
}

/// What the file system said to one question.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer<T> {
    /// This.
    Is(T),
    /// Nothing is there.
    Absent,
    /// It failed; the system's kind of error, such as `permission denied`.
    Failed(String),
}

impl<T> Answer<T> {
    /// Returns the answer that a result stands for.
    pub fn of<U>(result: &Result<U, FsError>, value: impl FnOnce(&U) -> T) -> Answer<T> {
        match result {
            Ok(answer) => Answer::Is(value(answer)),
            Err(error) if error.is_absent() => Answer::Absent,
            Err(error) => Answer::Failed(error.source.kind().to_string()),
        }
    }
}

impl Answer<Node> {
    /// Returns the answer that a look-up stands for.
    pub fn of_stat(result: &Result<Option<Stat>, FsError>) -> Answer<Node> {
        match result {
            Ok(Some(stat)) => Answer::Is(Node::from(*stat)),
            Ok(None) => Answer::Absent,
            Err(error) => Answer::Failed(error.source.kind().to_string()),
        }
    }
}

/// All that was asked about one path; a question that was not asked is `None`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seen {
    /// Its kind, links not followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lstat: Option<Answer<Node>>,
    /// The kind of what it leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stat: Option<Answer<Node>>,
    /// The hash of its bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Answer<Digest>>,
    /// The hash of its names and their kinds ([`Digest::of_listing`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listing: Option<Answer<Digest>>,
    /// The target stored in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Answer<BytePath>>,
    /// The path without links that it leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canonical: Option<Answer<BytePath>>,
}

/// A path that is serialised without loss: as text in which `\` and each byte that is not UTF-8 is `\xHH`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BytePath(pub PathBuf);

impl Serialize for BytePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::new();
        for chunk in self.0.as_os_str().as_bytes().utf8_chunks() {
            text.push_str(&chunk.valid().replace('\\', "\\x5c"));
            for byte in chunk.invalid() {
                text.push_str(&format!("\\x{byte:02x}"));
            }
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for BytePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<BytePath, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut parts = text.split("\\x");
        let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
        for part in parts {
            let byte = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
            bytes.push(byte.ok_or_else(|| de::Error::custom("a path has a wrong escape"))?);
            bytes.extend_from_slice(&part.as_bytes()[2..]);
        }
        Ok(BytePath(OsString::from_vec(bytes).into()))
    }
}

/// The answers of a file system, by path in the order of their bytes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Record {
    /// What was asked about each path.
    pub paths: BTreeMap<PathBuf, Seen>,
    /// Paths about which one question got two different answers: the tree changed during the run,
    /// and nothing computed from it may be kept.
    pub changed: Vec<PathBuf>,
}

impl Record {
    /// Whether no path was asked about.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Whether each question always got the same answer, so that the record may key a cache.
    pub fn is_stable(&self) -> bool {
        self.changed.is_empty()
    }

    /// Adds all answers of another record of the same file system.
    pub fn merge(&mut self, other: Record) {
        for (path, theirs) in other.paths {
            let mut differs = false;
            let ours = self.paths.entry(path.clone()).or_default();
            differs |= keep(&mut ours.lstat, theirs.lstat);
            differs |= keep(&mut ours.stat, theirs.stat);
            differs |= keep(&mut ours.content, theirs.content);
            differs |= keep(&mut ours.listing, theirs.listing);
            differs |= keep(&mut ours.link, theirs.link);
            differs |= keep(&mut ours.canonical, theirs.canonical);
            if differs {
                self.note_change(path);
            }
        }
        other.changed.into_iter().for_each(|path| self.note_change(path));
    }

    pub(crate) fn note_change(&mut self, path: PathBuf) {
        if let Err(place) = self.changed.binary_search(&path) {
            self.changed.insert(place, path);
        }
    }

    /// Asks a file system the same questions; returns the first path that answers otherwise, or `None` if all agree.
    pub fn first_difference(&self, fs: &dyn Fs) -> Option<&Path> {
        let differs = |(path, seen): &(&PathBuf, &Seen)| {
            !(seen
                .lstat
                .as_ref()
                .is_none_or(|a| *a == Answer::of_stat(&fs.lstat(path)))
                && seen.stat.as_ref().is_none_or(|a| *a == Answer::of_stat(&fs.stat(path)))
                && seen
                    .link
                    .as_ref()
                    .is_none_or(|a| *a == Answer::of(&fs.read_link(path), |p| BytePath(p.clone())))
                && seen
                    .canonical
                    .as_ref()
                    .is_none_or(|a| *a == Answer::of(&fs.canonicalize(path), |p| BytePath(p.clone())))
                && seen
                    .listing
                    .as_ref()
                    .is_none_or(|a| *a == Answer::of(&fs.read_dir(path), |l| Digest::of_listing(l)))
                && seen
                    .content
                    .as_ref()
                    .is_none_or(|a| *a == Answer::of(&fs.read(path), |b| Digest::of(b))))
        };
        self.changed
            .first()
            .map(PathBuf::as_path)
            .or_else(|| Some(self.paths.iter().find(differs)?.0.as_path()))
    }
}

/// Keeps the first answer to a question; says whether a second one differs.
pub(crate) fn keep<T: PartialEq>(slot: &mut Option<T>, answer: Option<T>) -> bool {
    match (&slot, answer) {
        (_, None) => false,
        (None, answer) => {
            *slot = answer;
            false
        }
        (Some(first), Some(second)) => *first != second,
    }
}

/// The serialised form: a list, since paths that are not UTF-8 cannot be keys.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    paths: Vec<(BytePath, Seen)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changed: Vec<BytePath>,
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let paths = self
            .paths
            .iter()
            .map(|(path, seen)| (BytePath(path.clone()), seen.clone()))
            .collect();
        Written {
            paths,
            changed: self.changed.iter().cloned().map(BytePath).collect(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Record, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let mut record = Record::default();
        record
            .paths
            .extend(written.paths.into_iter().map(|(path, seen)| (path.0, seen)));
        written.changed.into_iter().for_each(|path| record.note_change(path.0));
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer<T: fmt::Debug + Clone + 'static>(
        value: impl Strategy<Value = T> + 'static,
    ) -> impl Strategy<Value = Option<Answer<T>>> {
        let one = prop_oneof![
            value.prop_map(Answer::Is).boxed(),
            Just(Answer::Absent).boxed(),
            ".*".prop_map(Answer::Failed).boxed()
        ];
        proptest::option::of(one)
    }

    fn path() -> impl Strategy<Value = PathBuf> {
        proptest::collection::vec(any::<u8>(), 0..12).prop_map(|bytes| OsString::from_vec(bytes).into())
    }

    fn seen() -> impl Strategy<Value = Seen> {
        let node = prop_oneof![Just(Node::Regular), Just(Node::Executable), Just(Node::Symlink)];
        let digest = any::<[u8; 32]>().prop_map(Digest);
        (answer(node), answer(digest), answer(path().prop_map(BytePath))).prop_map(|(lstat, content, link)| Seen {
            lstat,
            content,
            link,
            ..Seen::default()
        })
    }

    proptest! {
        #[test]
        fn a_record_survives_json(paths in proptest::collection::btree_map(path(), seen(), 0..5), changed in path()) {
            let mut record = Record { paths, changed: Vec::new() };
            record.note_change(changed);
            let text = serde_json::to_string(&record).unwrap();
            prop_assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
        }

        #[test]
        fn reading_a_record_never_panics(text in "[\\[\\]{}\",:a-z0-9\\\\x]{0,60}", path in ".{0,20}") {
            let _ = serde_json::from_str::<Record>(&text);
            let quoted = serde_json::to_string(&path).unwrap();
            let _ = serde_json::from_str::<BytePath>(&quoted);
            let _ = serde_json::from_str::<Digest>(&quoted);
        }
    }

    #[test]
    fn a_second_answer_that_differs_marks_the_path() {
        let one = |node| Record {
            paths: BTreeMap::from([(
                PathBuf::from("/a"),
                Seen {
                    lstat: Some(Answer::Is(node)),
                    ..Seen::default()
                },
            )]),
            changed: Vec::new(),
        };
        let mut record = one(Node::Regular);
        record.merge(one(Node::Regular));
        assert!(record.is_stable());
        record.merge(one(Node::Directory));
        assert_eq!(record.changed, [PathBuf::from("/a")]);
    }
}
