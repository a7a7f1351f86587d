//! Writing archives, or hashing them without keeping them.

use std::io::{self, Write};

use super::source::entry_path;
use super::{MAGIC, MAX_DEPTH, NarNode, NarSource, SourceError, padding};
use crate::hash::{Hash, HashAlgo, lossy};
use crate::hasher::Hasher;

/// What stands before the entries of a folder.
const FOLDER: &[&[u8]] = &[b"(", b"type", b"directory"];

/// How many bytes of small texts are gathered before they are handed on.
const BUFFER: usize = 16 * 1024;

/// Writes the archive of a tree.
pub fn write_nar<E>(source: &mut dyn NarSource<Error = E>, out: &mut dyn Write) -> Result<(), SourceError<E>> {
    let mut writer = Writer::new(out);
    writer.text(MAGIC);
    writer.node(source, b"", 0)?;
    writer.flush()?;
    Ok(())
}

/// Returns the hash of the archive of a tree, and the archive's length in bytes.
pub fn hash_nar<E>(source: &mut dyn NarSource<Error = E>, algo: HashAlgo) -> Result<(Hash, u64), SourceError<E>> {
    let mut hasher = Hasher::new(algo);
    write_nar(source, &mut hasher)?;
    let len = hasher.byte_count();
    Ok((hasher.finish(), len))
}

/// Writes the part of an archive that is the node at a path, which lies `depth` folders below the root.
pub(super) fn write_node<E>(
    source: &mut dyn NarSource<Error = E>,
    path: &[u8],
    depth: usize,
    out: &mut dyn Write,
) -> Result<(), SourceError<E>> {
    let mut writer = Writer::new(out);
    writer.node(source, path, depth)?;
    writer.flush()?;
    Ok(())
}

/// Gathers small texts and hands them on.
pub(super) struct Writer<'a> {
    out: &'a mut dyn Write,
    buffer: Vec<u8>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Writer<'a> {
        Writer {
            out,
            buffer: Vec::new(),
        }
    }

    /// Writes what an archive begins with.
    pub(super) fn head(mut self) -> io::Result<()> {
        self.text(MAGIC);
        self.flush()
    }

    /// Writes what stands before the entries of a folder.
    pub(super) fn begins_folder(mut self) -> io::Result<()> {
        self.texts(FOLDER);
        self.flush()
    }

    /// Writes what stands before the node of an entry.
    pub(super) fn begins_entry(mut self, name: &[u8]) -> io::Result<()> {
        self.entry(name);
        self.flush()
    }

    /// Writes what stands behind the node of an entry, and behind all entries of a folder.
    pub(super) fn ends(mut self) -> io::Result<()> {
        self.text(b")");
        self.flush()
    }
}

impl Writer<'_> {
    /// Writes a node that lies `depth` folders below the root.
    fn node<E>(
        &mut self,
        source: &mut dyn NarSource<Error = E>,
        path: &[u8],
        depth: usize,
    ) -> Result<(), SourceError<E>> {
        if depth >= MAX_DEPTH {
            return Err(SourceError::TooDeep(lossy(path)));
        }
        let names = match source.node(path).map_err(SourceError::Source)? {
            NarNode::File { executable, contents } => {
                self.texts(&[b"(", b"type", b"regular"]);
                if executable {
                    self.texts(&[b"executable", b""]);
                }
                self.text(b"contents");
                let len = contents.len();
                self.buffer.extend_from_slice(&len.to_le_bytes());
                self.flush()?;
                contents.copy_to(self.out)?;
                self.buffer.resize(padding(len), 0);
                self.text(b")");
                return Ok(());
            }
            NarNode::Symlink(target) => {
                self.texts(&[b"(", b"type", b"symlink", b"target", &target, b")"]);
                return Ok(());
            }
            NarNode::Directory(names) => names,
        };
        self.texts(FOLDER);
        let mut names = names;
        names.sort_unstable();
        names.dedup();
        for name in names {
            let entry = entry_path(path, &name)?;
            if !source.includes(&entry).map_err(SourceError::Source)? {
                continue;
            }
            self.entry(&name);
            self.node(source, &entry, depth + 1)?;
            self.text(b")");
            if self.buffer.len() > BUFFER / 2 {
                self.flush()?;
            }
        }
        self.text(b")");
        Ok(())
    }

    /// Gathers what stands before the node of an entry.
    fn entry(&mut self, name: &[u8]) {
        self.texts(&[b"entry", b"(", b"name", name, b"node"]);
    }

    /// Writes texts one after the other.
    fn texts(&mut self, texts: &[&[u8]]) {
        for text in texts {
            self.text(text);
        }
    }

    /// Writes a text: its length, its bytes and the padding.
    fn text(&mut self, text: &[u8]) {
        let len = text.len() as u64;
        self.buffer.extend_from_slice(&len.to_le_bytes());
        self.buffer.extend_from_slice(text);
        self.buffer.resize(self.buffer.len() + padding(len), 0);
    }

    /// Hands on what was gathered.
    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content_address::{ContentAddress, ContentAddressMethod};
    use crate::hash::HashFormat;
    use crate::make_path::{References, content_addressed_path};
    use crate::nar::{NarContents, NarTree, hash_flat, hash_source, test_tree};

    #[test]
    fn hashes_are_those_of_nix() {
        let (hash, len) = hash_nar(&mut test_tree(), HashAlgo::Sha256).unwrap();
        assert_eq!(
            hash.to_text(HashFormat::Nix32, false),
            "0v8krm5nb65gjc9lfcpv4mjqh54dw6kmsvxyvp1xllnfj4y1ss2c"
        );
        assert_eq!(len, 2144);
        let mut file = test_tree().get(b"a.txt").unwrap().clone();
        assert_eq!(
            hash_flat(&mut file, HashAlgo::Md5).unwrap().to_string(),
            "md5-sZRqySSS0jR8YjW00mERhA=="
        );
        assert!(matches!(
            hash_flat(&mut test_tree(), HashAlgo::Md5),
            Err(SourceError::NotAFile)
        ));
    }

    #[test]
    fn paths_are_those_of_nix() {
        let path = |tree: &mut NarTree, method, name: &str| {
            let hash = hash_source(tree, method, HashAlgo::Sha256).unwrap();
            let address = ContentAddress { method, hash };
            content_addressed_path(name.as_bytes(), &address, &References::default()).unwrap()
        };
        let mut tree = test_tree();
        let mut file = test_tree().get(b"a.txt").unwrap().clone();
        assert_eq!(
            path(&mut tree, ContentAddressMethod::Nar, "source").base_name(),
            "qfwgbv4vm3n9lw4g13gf0fpd2q1v7j61-source"
        );
        assert_eq!(
            path(&mut file, ContentAddressMethod::Flat, "a.txt").base_name(),
            "fdwm55r4skpypx1gwzb7x69ckav1rv09-a.txt"
        );
    }

    /// A folder whose files are streams, one of them too short, and whose entries are logged and filtered.
    struct Streams {
        names: Vec<Vec<u8>>,
        claimed: u64,
        asked: Vec<String>,
    }

    impl NarSource for Streams {
        type Error = String;

        fn node(&mut self, path: &[u8]) -> Result<NarNode<'_>, String> {
            if path.is_empty() {
                return Ok(NarNode::Directory(self.names.clone()));
            }
            self.asked.push(format!("read {}", lossy(path)));
            if path == b"broken" {
                return Err("it is broken".into());
            }
            let contents = NarContents::Stream {
                len: self.claimed,
                reader: Box::new(&b"hello\n"[..]),
            };
            Ok(NarNode::File {
                executable: false,
                contents,
            })
        }

        fn includes(&mut self, path: &[u8]) -> Result<bool, String> {
            self.asked.push(format!("filter {}", lossy(path)));
            Ok(path != b"b")
        }
    }

    fn streams(names: &[&str], claimed: u64) -> Streams {
        Streams {
            names: names.iter().map(|name| (*name).into()).collect(),
            claimed,
            asked: Vec::new(),
        }
    }

    #[test]
    fn filters_are_asked_in_order() {
        let mut source = streams(&["c", "a", "b"], 6);
        let mut archive = Vec::new();
        write_nar(&mut source, &mut archive).unwrap();
        assert_eq!(source.asked, ["filter a", "read a", "filter b", "filter c", "read c"]);
        let tree = NarTree::read(&mut archive.as_slice()).unwrap();
        assert!(tree.get(b"b").is_none());
        assert_eq!(
            tree.get(b"c"),
            Some(&NarTree::File {
                executable: false,
                contents: b"hello\n".to_vec()
            })
        );
    }

    #[test]
    fn failures_are_told() {
        for (names, claimed, message) in [
            (["a"], 7, "unexpected end-of-file"),
            (["broken"], 6, "it is broken"),
            (
                ["a/b"],
                6,
                "the name of the entry 'a/b' is empty, '.' or '..', or has a slash or a zero byte",
            ),
        ] {
            let error = write_nar(&mut streams(&names, claimed), &mut io::sink()).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        let mut deep = NarTree::Symlink(b"x".to_vec());
        for _ in 0..63 {
            deep = NarTree::Directory([(b"d".to_vec(), deep)].into_iter().collect());
        }
        assert!(write_nar(&mut deep, &mut io::sink()).is_ok());
        deep = NarTree::Directory([(b"d".to_vec(), deep)].into_iter().collect());
        let error = write_nar(&mut deep, &mut io::sink()).unwrap_err().to_string();
        assert!(
            error.ends_with("d/d' exceeds maximum NAR directory depth of 64"),
            "{error}"
        );
    }
}
