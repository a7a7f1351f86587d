//! Reading archives.
//!
//! An archive that comes from elsewhere is checked as it is read: the order and the form of names, the lengths, the
//! padding and the depth. Nothing is set aside for a length that is only claimed.

use std::io::{self, Read};

use thiserror::Error;

use super::{MAGIC, MAX_DEPTH, MAX_NAME, is_entry_name, padding};
use crate::hash::lossy;

/// The longest of the words that an archive is made of; longer ones are not read to their end.
const MAX_TAG: usize = 32;

/// The longest target of a link, in bytes.
const MAX_TARGET: usize = 4095;

/// How many bytes of a file are handed on at once.
const CHUNK: usize = 64 * 1024;

/// What is found in an archive, in the archive's order.
///
/// Paths are those below the root, without a slash in front; the root's is empty.
#[derive(Debug, PartialEq, Eq)]
pub enum NarEvent<'a> {
    /// A folder begins; its entries follow.
    Directory {
        /// Its path.
        path: &'a [u8],
    },
    /// The folder that began last, and has not ended, ends.
    EndDirectory,
    /// A file begins; its contents follow.
    File {
        /// Its path.
        path: &'a [u8],
        /// Whether it may be executed.
        executable: bool,
        /// The number of bytes that the archive claims, which may be more than it has.
        len: u64,
    },
    /// The next bytes of the file.
    Contents(&'a [u8]),
    /// The file ends.
    EndFile,
    /// A symbolic link.
    Symlink {
        /// Its path.
        path: &'a [u8],
        /// Its target.
        target: &'a [u8],
    },
}

/// Why an archive cannot be read. The messages are Nix's.
#[derive(Debug, Error)]
pub enum NarReadError<E> {
    /// Whoever takes the events refuses.
    #[error(transparent)]
    Sink(E),
    /// Reading fails, or the archive ends too early.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The bytes begin in another way.
    #[error("bad archive: input doesn't look like a Nix archive")]
    NoArchive,
    /// A text is longer than any in its place may be.
    #[error("string is too long")]
    TooLong,
    /// The padding is not all zeros.
    #[error("non-zero padding")]
    Padding,
    /// Another word belongs here.
    #[error("bad archive: expected tag '{expected}', got '{found}'")]
    Expected {
        /// The word that belongs here.
        expected: &'static str,
        /// The word that is here.
        found: String,
    },
    /// Neither an entry nor the end of a folder follows.
    #[error("bad archive: expected tag 'entry' or ')', got '{0}'")]
    ExpectedEntry(String),
    /// There is no such type of node.
    #[error("bad archive: unknown file type '{0}'")]
    UnknownType(String),
    /// The name of an entry is empty, `.` or `..`, or has a slash or a zero byte.
    #[error("bad archive: NAR contains invalid file name '{0}'")]
    BadName(String),
    /// The entries of a folder are not in order, or two have one name.
    #[error("bad archive: NAR directory is not sorted")]
    NotSorted,
    /// The target of a link is empty or has a zero byte.
    #[error("bad archive: NAR contains invalid symlink target")]
    BadTarget,
    /// Too many folders are inside each other.
    #[error("bad archive: NAR directory nesting exceeds maximum depth of {MAX_DEPTH}")]
    TooDeep,
}

/// Reads one archive, handing what is found to `sink`. Bytes after the archive are left unread.
pub fn read_nar<E>(
    input: &mut dyn Read,
    sink: &mut dyn FnMut(NarEvent<'_>) -> Result<(), E>,
) -> Result<(), NarReadError<E>> {
    let mut reader = Reader {
        input,
        sink,
        path: Vec::new(),
    };
    match reader.text(MAGIC.len()) {
        Ok(magic) if magic == MAGIC => {}
        Err(NarReadError::Io(error)) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error.into()),
        _ => return Err(NarReadError::NoArchive),
    }
    reader.node(0)
}

struct Reader<'a, E> {
    input: &'a mut dyn Read,
    sink: &'a mut dyn FnMut(NarEvent<'_>) -> Result<(), E>,
    /// The path of the node that is being read.
    path: Vec<u8>,
}

impl<E> Reader<'_, E> {
    /// Reads a node that lies `depth` folders below the root.
    fn node(&mut self, depth: usize) -> Result<(), NarReadError<E>> {
        if depth >= MAX_DEPTH {
            return Err(NarReadError::TooDeep);
        }
        self.expect("(")?;
        self.expect("type")?;
        let kind = self.text(MAX_TAG)?;
        match kind.as_slice() {
            b"regular" => self.file(),
            b"directory" => self.directory(depth),
            b"symlink" => self.symlink(),
            _ => Err(NarReadError::UnknownType(lossy(&kind))),
        }
    }

    /// Reads a file after its type.
    fn file(&mut self) -> Result<(), NarReadError<E>> {
        let mut tag = self.text(MAX_TAG)?;
        let executable = tag == b"executable";
        if executable {
            // The mark has an empty value; any other is too long.
            self.text(0)?;
            tag = self.text(MAX_TAG)?;
        }
        if tag != b"contents" {
            return Err(NarReadError::Expected {
                expected: "contents",
                found: lossy(&tag),
            });
        }
        let len = self.number()?;
        (self.sink)(NarEvent::File {
            path: &self.path,
            executable,
            len,
        })
        .map_err(NarReadError::Sink)?;
        let mut buffer = vec![0; CHUNK.min(usize::try_from(len).unwrap_or(CHUNK))];
        let mut left = len;
        while left > 0 {
            let wanted = buffer.len().min(usize::try_from(left).unwrap_or(CHUNK));
            let chunk = &mut buffer[..wanted];
            fill(self.input, chunk)?;
            (self.sink)(NarEvent::Contents(chunk)).map_err(NarReadError::Sink)?;
            left -= wanted as u64;
        }
        self.padding(len)?;
        (self.sink)(NarEvent::EndFile).map_err(NarReadError::Sink)?;
        self.expect(")")
    }

    /// Reads a folder after its type.
    fn directory(&mut self, depth: usize) -> Result<(), NarReadError<E>> {
        (self.sink)(NarEvent::Directory { path: &self.path }).map_err(NarReadError::Sink)?;
        let folder = self.path.len();
        let mut previous = Vec::new();
        loop {
            let tag = self.text(MAX_TAG)?;
            match tag.as_slice() {
                b")" => break,
                b"entry" => {}
                _ => return Err(NarReadError::ExpectedEntry(lossy(&tag))),
            }
            self.expect("(")?;
            self.expect("name")?;
            let name = self.text(MAX_NAME)?;
            if !is_entry_name(&name) {
                return Err(NarReadError::BadName(lossy(&name)));
            }
            if name <= previous {
                return Err(NarReadError::NotSorted);
            }
            self.expect("node")?;
            if folder > 0 {
                self.path.push(b'/');
            }
            self.path.extend_from_slice(&name);
            previous = name;
            self.node(depth + 1)?;
            self.path.truncate(folder);
            self.expect(")")?;
        }
        (self.sink)(NarEvent::EndDirectory).map_err(NarReadError::Sink)
    }

    /// Reads a link after its type.
    fn symlink(&mut self) -> Result<(), NarReadError<E>> {
        self.expect("target")?;
        let target = self.text(MAX_TARGET)?;
        if target.is_empty() || target.contains(&0) {
            return Err(NarReadError::BadTarget);
        }
        (self.sink)(NarEvent::Symlink {
            path: &self.path,
            target: &target,
        })
        .map_err(NarReadError::Sink)?;
        self.expect(")")
    }

    /// Reads one word.
    fn expect(&mut self, expected: &'static str) -> Result<(), NarReadError<E>> {
        let found = self.text(MAX_TAG)?;
        if found == expected.as_bytes() {
            return Ok(());
        }
        Err(NarReadError::Expected {
            expected,
            found: lossy(&found),
        })
    }

    /// Reads a text of at most `max` bytes.
    fn text(&mut self, max: usize) -> Result<Vec<u8>, NarReadError<E>> {
        let len = self.number()?;
        let wanted = usize::try_from(len)
            .ok()
            .filter(|len| *len <= max)
            .ok_or(NarReadError::TooLong)?;
        let mut text = vec![0; wanted];
        fill(self.input, &mut text)?;
        self.padding(len)?;
        Ok(text)
    }

    /// Reads a number.
    fn number(&mut self) -> Result<u64, NarReadError<E>> {
        let mut bytes = [0; 8];
        fill(self.input, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Reads the padding after `len` bytes.
    fn padding(&mut self, len: u64) -> Result<(), NarReadError<E>> {
        let mut zeros = [0; 8];
        fill(self.input, &mut zeros[..padding(len)])?;
        if zeros == [0; 8] {
            Ok(())
        } else {
            Err(NarReadError::Padding)
        }
    }
}

/// Reads as many bytes as `buffer` holds.
fn fill(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<()> {
    input.read_exact(buffer).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::new(error.kind(), "unexpected end-of-file"),
        _ => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nar::{NarTree, test_tree, write_nar};
    use proptest::prelude::*;

    /// Returns an archive of the words after the magic one.
    fn archive(words: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        for word in [MAGIC].iter().chain(words) {
            out.extend_from_slice(&(word.len() as u64).to_le_bytes());
            out.extend_from_slice(word);
            out.resize(out.len().next_multiple_of(8), 0);
        }
        out
    }

    fn complaint(bytes: &[u8]) -> String {
        NarTree::read(&mut &bytes[..])
            .expect_err("a broken archive")
            .to_string()
    }

    fn written(mut tree: NarTree) -> Vec<u8> {
        let mut out = Vec::new();
        write_nar(&mut tree, &mut out).unwrap();
        out
    }

    #[test]
    fn complaints_are_nix_s() {
        let folder = |entries: &[&[u8]]| {
            let mut words: Vec<&[u8]> = vec![b"(", b"type", b"directory"];
            for name in entries {
                words.extend([b"entry", b"(", b"name", *name, b"node"] as [&[u8]; 5]);
                words.extend([b"(", b"type", b"symlink", b"target", b"x", b")", b")"] as [&[u8]; 7]);
            }
            words.push(b")");
            archive(&words)
        };
        assert!(NarTree::read(&mut folder(&[b"a", b"b"]).as_slice()).is_ok());
        for (bytes, message) in [
            (b"".to_vec(), "bad archive: input doesn't look like a Nix archive"),
            (
                b"nonsense nonsense".to_vec(),
                "bad archive: input doesn't look like a Nix archive",
            ),
            (archive(&[]), "unexpected end-of-file"),
            (archive(&[b"x"]), "bad archive: expected tag '(', got 'x'"),
            (
                archive(&[b"(", b"type", b"pipe"]),
                "bad archive: unknown file type 'pipe'",
            ),
            (archive(&[&[b'('; 33]]), "string is too long"),
            (
                archive(&[b"(", b"type", b"regular", b"executable", b"x"]),
                "string is too long",
            ),
            (
                archive(&[b"(", b"type", b"regular", b"x"]),
                "bad archive: expected tag 'contents', got 'x'",
            ),
            (
                archive(&[b"(", b"type", b"symlink", b"target", b""]),
                "bad archive: NAR contains invalid symlink target",
            ),
            (
                archive(&[b"(", b"type", b"symlink", b"target", b"\0"]),
                "bad archive: NAR contains invalid symlink target",
            ),
            (
                archive(&[b"(", b"type", b"directory", b"x"]),
                "bad archive: expected tag 'entry' or ')', got 'x'",
            ),
            (folder(&[b""]), "bad archive: NAR contains invalid file name ''"),
            (folder(&[b"."]), "bad archive: NAR contains invalid file name '.'"),
            (folder(&[b".."]), "bad archive: NAR contains invalid file name '..'"),
            (folder(&[b"a/b"]), "bad archive: NAR contains invalid file name 'a/b'"),
            (folder(&[b"a\0"]), "bad archive: NAR contains invalid file name 'a\0'"),
            (folder(&[b"b", b"a"]), "bad archive: NAR directory is not sorted"),
            (folder(&[b"a", b"a"]), "bad archive: NAR directory is not sorted"),
            (folder(&[&[b'n'; 256]]), "string is too long"),
        ] {
            assert_eq!(complaint(&bytes), message);
        }
        let mut padded = archive(&[b"(", b"type", b"regular"]);
        *padded.last_mut().unwrap() = 1;
        assert_eq!(complaint(&padded), "non-zero padding");
    }

    #[test]
    fn claimed_lengths_are_not_believed() {
        let mut bytes = archive(&[b"(", b"type", b"regular", b"contents"]);
        bytes.extend_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(complaint(&bytes), "unexpected end-of-file");
        assert_eq!(
            complaint(&u64::MAX.to_le_bytes()),
            "bad archive: input doesn't look like a Nix archive"
        );
    }

    #[test]
    fn depth_is_limited() {
        let mut words: Vec<&[u8]> = Vec::new();
        for _ in 0..1000 {
            words.extend([b"(", b"type", b"directory", b"entry", b"(", b"name", b"d", b"node"] as [&[u8]; 8]);
        }
        assert_eq!(
            complaint(&archive(&words)),
            "bad archive: NAR directory nesting exceeds maximum depth of 64"
        );
    }

    #[test]
    fn what_follows_is_left_unread() {
        let bytes = [written(test_tree()), b"rest".to_vec()].concat();
        let mut input = bytes.as_slice();
        assert_eq!(NarTree::read(&mut input).unwrap(), test_tree());
        assert_eq!(input, b"rest");
    }

    #[test]
    fn a_sink_can_refuse() {
        let bytes = written(test_tree());
        let mut seen = 0;
        let result = read_nar(&mut bytes.as_slice(), &mut |_| {
            seen += 1;
            if seen == 3 { Err("enough") } else { Ok(()) }
        });
        assert!(matches!(result, Err(NarReadError::Sink("enough"))));
        assert_eq!(seen, 3);
    }

    fn tree() -> impl Strategy<Value = NarTree> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..20);
        let leaf = prop_oneof![
            (any::<bool>(), bytes()).prop_map(|(executable, contents)| NarTree::File { executable, contents }),
            "[a-z/]{1,12}".prop_map(|target| NarTree::Symlink(target.into_bytes())),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            proptest::collection::vec(("[a-zA-Z. \u{e4}]{1,3}x", inner), 0..4).prop_map(|entries| {
                NarTree::Directory(
                    entries
                        .into_iter()
                        .map(|(name, node)| (name.into_bytes(), node))
                        .collect(),
                )
            })
        })
    }

    proptest! {
        #[test]
        fn writing_round_trips(tree in tree()) {
            let bytes = written(tree.clone());
            let read = NarTree::read(&mut bytes.as_slice());
            prop_assert_eq!(read.ok(), Some(tree));
        }

        #[test]
        fn reading_never_panics(
            tree in tree(),
            changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..4),
            cut in any::<usize>(),
        ) {
            let mut bytes = written(tree);
            for (place, byte) in changes {
                let place = place % bytes.len();
                bytes[place] = byte;
            }
            if let Ok(read) = NarTree::read(&mut bytes.as_slice()) {
                // Whatever is accepted is the only way to write that tree.
                prop_assert_eq!(written(read), bytes.clone());
            }
            let cut = cut % bytes.len();
            prop_assert!(NarTree::read(&mut &bytes[..cut]).is_err());
        }
    }
}
