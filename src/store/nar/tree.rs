//! A tree of files in memory.

use std::borrow::Cow;
use std::convert::Infallible;
use std::io::{self, Read};

use super::{NarContents, NarEvent, NarNode, NarReadError, NarSource, read_nar};
use crate::sorted::SortedMap;

/// The entries of a folder by name.
type Entries = SortedMap<Vec<u8>, NarTree>;

/// A file, folder or link in memory, with all that is below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NarTree {
    /// A regular file.
    File {
        /// Whether it may be executed.
        executable: bool,
        /// Its bytes.
        contents: Vec<u8>,
    },
    /// A folder, with its entries by name.
    Directory(Entries),
    /// A symbolic link, with its target.
    Symlink(Vec<u8>),
}

impl NarTree {
    /// Reads an archive whole. The memory it takes is in proportion to the archive's length.
    pub fn read(input: &mut dyn Read) -> Result<Self, NarReadError<Infallible>> {
        // The folders that have not ended, each with its own name.
        let mut open: Vec<(Vec<u8>, Entries)> = Vec::new();
        let mut file = None;
        let mut root = None;
        let last_name = |path: &[u8]| path.rsplit(|&byte| byte == b'/').next().unwrap_or_default().to_vec();
        read_nar(input, &mut |event| {
            let done = match event {
                NarEvent::Directory { path } => {
                    open.push((last_name(path), SortedMap::new()));
                    None
                }
                NarEvent::File { path, executable, .. } => {
                    file = Some((last_name(path), executable, Vec::new()));
                    None
                }
                NarEvent::Contents(bytes) => {
                    if let Some((_, _, contents)) = &mut file {
                        contents.extend_from_slice(bytes);
                    }
                    None
                }
                NarEvent::EndFile => file
                    .take()
                    .map(|(name, executable, contents)| (name, Self::File { executable, contents })),
                NarEvent::EndDirectory => open.pop().map(|(name, entries)| (name, Self::Directory(entries))),
                NarEvent::Symlink { path, target } => Some((last_name(path), Self::Symlink(target.to_vec()))),
            };
            match (done, open.last_mut()) {
                (Some((name, node)), Some((_, entries))) => {
                    entries.insert(name, node);
                }
                (Some((_, node)), None) => root = Some(node),
                (None, _) => {}
            }
            Ok(())
        })?;
        // An archive that was read to its end has a root; the error is for a reader that is not as it says.
        root.ok_or(NarReadError::NoArchive)
    }

    /// Returns what is at `path`, names with slashes between them; the empty path is the tree itself.
    pub fn get(&self, path: &[u8]) -> Option<&Self> {
        if path.is_empty() {
            return Some(self);
        }
        path.split(|&byte| byte == b'/')
            .try_fold(self, |node, name| match node {
                Self::Directory(entries) => entries.get(name),
                Self::File { .. } | Self::Symlink(_) => None,
            })
    }
}

impl NarSource for NarTree {
    type Error = io::Error;

    fn node(&mut self, path: &[u8]) -> io::Result<NarNode<'_>> {
        Ok(match self.get(path).ok_or(io::ErrorKind::NotFound)? {
            Self::File { executable, contents } => NarNode::File {
                executable: *executable,
                contents: NarContents::Bytes(Cow::Borrowed(contents)),
            },
            Self::Directory(entries) => NarNode::Directory(entries.keys().cloned().collect()),
            Self::Symlink(target) => NarNode::Symlink(target.clone()),
        })
    }
}
