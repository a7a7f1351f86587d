//! Hashing an archive whose parts are read beside each other: what takes long in a large tree is asking the disk, file by file.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use super::write::{hash_nar, write_node};
use super::{NarSource, SourceError};
use crate::hash::{Hash, HashAlgo};
use crate::hasher::Hasher;
use crate::nar::source::entry_path;
use crate::nar::write::Writer;

/// How many folders deep a tree is split: what lies deeper is read by one reader.
const SPLIT: usize = 3;
/// Fewer parts than this are not worth a thread.
const FEWEST: usize = 32;
/// How many bytes of an archive are handed on at once, about.
const CHUNK: usize = 128 << 10;
/// How many chunks of a part are read ahead.
const AHEAD: usize = 16;
/// How many parts are read, or wait to be hashed, at once: with the chunks of each, what reading ahead may take of memory.
const WINDOW: usize = 16;

/// A tree that several can read at once, each with a source of its own.
pub trait SplitSource: NarSource + Send {
    /// Returns the names of a folder's entries in any order; `None` if there is no folder at the path.
    fn names(&mut self, path: &[u8]) -> Result<Option<Vec<Vec<u8>>>, Self::Error>;
}

/// What an archive is put together from.
enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The node at a path, so many folders below the root.
    Node(Vec<u8>, usize),
}

/// A chunk of a part, or why there is no more.
type Chunk<E> = Result<Vec<u8>, SourceError<E>>;

/// A part for a reader: its path, how deep it lies, and where its chunks go.
type Part<'p, E> = (&'p [u8], usize, SyncSender<Chunk<E>>);

/// The parts that nobody has taken yet, in order, and the leave to take one.
type Todo<'p, E> = Mutex<(VecDeque<Part<'p, E>>, Receiver<()>)>;

/// Returns the hash of the archive of a tree, and the archive's length in bytes, as [`hash_nar`] does. `readers` are sources of the
/// same tree, each of which is read by a thread of its own.
pub fn hash_nar_beside<S>(
    source: &mut S,
    readers: &mut [S],
    algo: HashAlgo,
) -> Result<(Hash, u64), SourceError<S::Error>>
where
    S: SplitSource,
    S::Error: Send,
{
    if readers.len() < 2 {
        return hash_nar(source, algo);
    }
    let pieces = pieces(source)?;
    let nodes = pieces.iter().filter(|piece| matches!(piece, Piece::Node(..)));
    if nodes.count() < FEWEST {
        return hash_nar(source, algo);
    }
    let mut parts = VecDeque::new();
    let mut chunks: Vec<Option<Receiver<Chunk<S::Error>>>> = Vec::new();
    for piece in &pieces {
        chunks.push(match piece {
            Piece::Bytes(_) => None,
            Piece::Node(path, depth) => {
                let (to, from) = sync_channel(AHEAD);
                parts.push_back((path.as_slice(), *depth, to));
                Some(from)
            }
        });
    }
    let (leave, leaves) = sync_channel(WINDOW);
    let todo = Mutex::new((parts, leaves));
    std::thread::scope(|scope| {
        for reader in readers {
            let todo = &todo;
            scope.spawn(move || read(reader, todo));
        }
        // Whoever still reads when this ends early gets no more leave, and finds nobody to hand chunks to.
        let leave = leave;
        let mut hasher = Hasher::new(algo);
        (0..WINDOW).for_each(|_| give(&leave));
        for (piece, chunks) in pieces.iter().zip(chunks) {
            match piece {
                Piece::Bytes(bytes) => hasher.write_all(bytes)?,
                Piece::Node(..) => {
                    for chunk in chunks.into_iter().flatten() {
                        hasher.write_all(&chunk?)?;
                    }
                    give(&leave);
                }
            }
        }
        let len = hasher.byte_count();
        Ok((hasher.finish(), len))
    })
}

/// Gives leave to read one more part. There is always room for it, as there are as many in all as find room.
fn give(leave: &SyncSender<()>) {
    let _ = leave.try_send(());
}

/// Reads parts, each the next one that nobody has taken, so that whatever is hashed next is being read.
fn read<S: SplitSource>(source: &mut S, todo: &Todo<'_, S::Error>) {
    loop {
        let (path, depth, to) = {
            let mut todo = todo.lock().unwrap_or_else(PoisonError::into_inner);
            let (parts, leaves) = &mut *todo;
            // Without parts left nobody has to wait for leave.
            if parts.is_empty() || leaves.recv().is_err() {
                return;
            }
            let Some(part) = parts.pop_front() else { return };
            part
        };
        let mut out = Chunks {
            to: &to,
            bytes: Vec::new(),
        };
        let written = write_node(source, path, depth, &mut out).and_then(|()| Ok(out.flush()?));
        if let Err(error) = written
            && to.send(Err(error)).is_err()
        {
            return;
        }
    }
}

/// Hands bytes on in chunks.
struct Chunks<'c, E> {
    to: &'c SyncSender<Chunk<E>>,
    bytes: Vec<u8>,
}

impl<E> Write for Chunks<'_, E> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A large file is many chunks.
        let taken = bytes.len().min(CHUNK);
        self.bytes.extend_from_slice(&bytes[..taken]);
        if self.bytes.len() >= CHUNK {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.bytes);
        let sent = self.to.send(Ok(bytes));
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Returns what the archive of a tree is put together from, in order.
fn pieces<S: SplitSource>(source: &mut S) -> Result<Vec<Piece>, SourceError<S::Error>> {
    let mut pieces = Vec::new();
    let mut bytes = Vec::new();
    Writer::new(&mut bytes).head()?;
    split(source, b"", 0, &mut bytes, &mut pieces)?;
    pieces.push(Piece::Bytes(bytes));
    Ok(pieces)
}

/// Adds the pieces of a node; `bytes` are those that no piece has yet.
fn split<S: SplitSource>(
    source: &mut S,
    path: &[u8],
    depth: usize,
    bytes: &mut Vec<u8>,
    pieces: &mut Vec<Piece>,
) -> Result<(), SourceError<S::Error>> {
    let names = match depth {
        SPLIT => None,
        _ => source.names(path).map_err(SourceError::Source)?,
    };
    let Some(mut names) = names else {
        pieces.push(Piece::Bytes(std::mem::take(bytes)));
        pieces.push(Piece::Node(path.to_vec(), depth));
        return Ok(());
    };
    Writer::new(bytes).begins_folder()?;
    names.sort_unstable();
    names.dedup();
    for name in names {
        let entry = entry_path(path, &name)?;
        Writer::new(bytes).begins_entry(&name)?;
        split(source, &entry, depth + 1, bytes, pieces)?;
        Writer::new(bytes).ends()?;
    }
    Ok(Writer::new(bytes).ends()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nar::{NarContents, NarNode, NarTree};

    /// A tree in memory, of which one file may be broken.
    #[derive(Clone)]
    struct Shared<'t> {
        tree: &'t NarTree,
        broken: Option<&'t [u8]>,
    }

    impl NarSource for Shared<'_> {
        type Error = String;

        fn node(&mut self, path: &[u8]) -> Result<NarNode<'_>, String> {
            if self.broken == Some(path) {
                return Err(format!("{} is broken", String::from_utf8_lossy(path)));
            }
            Ok(match self.tree.get(path).ok_or("nothing is there")? {
                NarTree::File { executable, contents } => NarNode::File {
                    executable: *executable,
                    contents: NarContents::Bytes(contents.as_slice().into()),
                },
                NarTree::Directory(entries) => NarNode::Directory(entries.keys().cloned().collect()),
                NarTree::Symlink(target) => NarNode::Symlink(target.clone()),
            })
        }
    }

    impl SplitSource for Shared<'_> {
        fn names(&mut self, path: &[u8]) -> Result<Option<Vec<Vec<u8>>>, String> {
            Ok(match self.tree.get(path) {
                Some(NarTree::Directory(entries)) => Some(entries.keys().cloned().collect()),
                _ => None,
            })
        }
    }

    /// Returns a tree whose folders have so many entries each, down to a depth; its largest files are larger than a chunk.
    fn tree(width: usize, depth: usize, seed: usize) -> NarTree {
        if depth == 0 {
            return match seed % 5 {
                0 => NarTree::Symlink(format!("../{seed}").into_bytes()),
                1 => NarTree::File {
                    executable: true,
                    contents: vec![seed as u8; 3 * CHUNK + seed % 9],
                },
                _ => NarTree::File {
                    executable: false,
                    contents: vec![b'x'; seed % 100],
                },
            };
        }
        let entry = |number: usize| {
            // Some parts are files high up, or end early.
            let below = if number == 2 { 0 } else { depth - 1 };
            let name = format!("{}{number}", ["a", "a.", "b-", "Z"][number % 4]);
            (name.into_bytes(), tree(width, below, seed * width + number))
        };
        NarTree::Directory((0..width).map(entry).collect())
    }

    #[test]
    fn the_hash_is_the_same_whoever_reads() {
        for (width, depth) in [(0, 1), (1, 0), (3, 2), (5, 3), (4, 5), (40, 1)] {
            let tree = tree(width, depth, 1);
            let source = Shared {
                tree: &tree,
                broken: None,
            };
            let alone = hash_nar(&mut source.clone(), HashAlgo::Sha256).unwrap();
            for readers in [0, 1, 2, 5] {
                let beside = hash_nar_beside(
                    &mut source.clone(),
                    &mut vec![source.clone(); readers],
                    HashAlgo::Sha256,
                );
                assert_eq!(beside.unwrap(), alone, "{width} {depth} {readers}");
            }
        }
    }

    #[test]
    fn the_first_thing_that_is_wrong_is_told() {
        let tree = tree(5, 4, 1);
        for broken in ["a0/a0/a0/a0", "b-2", "a4/a4/a4/a4", "Z3/a.1/b-2"] {
            assert!(tree.get(broken.as_bytes()).is_some(), "{broken}");
            let source = Shared {
                tree: &tree,
                broken: Some(broken.as_bytes()),
            };
            let beside = hash_nar_beside(&mut source.clone(), &mut vec![source.clone(); 3], HashAlgo::Sha256);
            assert_eq!(beside.unwrap_err().to_string(), format!("{broken} is broken"));
        }
    }
}
