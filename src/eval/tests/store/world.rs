//! A world of one small folder, `/tmp/tree`, as the oracle had it when it gave the answers.

use eval::{EvalIo, FetchAttr, FetchRequest, Fetched, FileType, IoError};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

enum Node {
    File(&'static [u8]),
    Program(&'static [u8]),
    Folder,
    Link(&'static [u8]),
}

/// The folder and nothing else.
pub struct SmallWorld {
    nodes: BTreeMap<Vec<u8>, Node>,
    pure: bool,
}

impl SmallWorld {
    /// Returns the folder; if `pure`, nothing of it may be read.
    pub fn new(pure: bool) -> SmallWorld {
        let nodes = [
            ("", Node::Folder),
            ("/tmp", Node::Folder),
            ("/tmp/tree", Node::Folder),
            ("/tmp/tree/a.txt", Node::File(b"hello\n")),
            ("/tmp/tree/run.sh", Node::Program(b"#!/bin/sh\necho")),
            ("/tmp/tree/nul", Node::File(b"a\0b")),
            ("/tmp/tree/x@y", Node::File(b"")),
            ("/tmp/tree/x.drv", Node::File(b"drv\n")),
            ("/tmp/tree/sub", Node::Folder),
            ("/tmp/tree/sub/b", Node::File(b"x\n")),
            ("/tmp/tree/sub/deep", Node::Folder),
            ("/tmp/tree/sub/deep/c", Node::File(b"y\n")),
            ("/tmp/tree/link", Node::Link(b"a.txt")),
            ("/tmp/tree/dirlink", Node::Link(b"sub")),
            ("/tmp/tree/dangling", Node::Link(b"/nonexistent")),
            ("/tmp/tree/loop1", Node::Link(b"loop2")),
            ("/tmp/tree/loop2", Node::Link(b"loop1")),
            ("/tmp/tree/default.nix", Node::File(b"x: x + 1\n")),
            ("/tmp/tree/scoped.nix", Node::File(b"{ y }: foo + y\n")),
            ("/tmp/tree/scope2.nix", Node::File(b"foo\n")),
            ("/tmp/tree/bad.nix", Node::File(b"1 +\n")),
            ("/tmp/tree/thrower.nix", Node::File(b"throw \"from file\"\n")),
        ];
        let nodes = nodes.map(|(path, node)| (path.as_bytes().to_vec(), node)).into();
        SmallWorld { nodes, pure }
    }

    /// Has a copy of a folder without folders in it at another path, too.
    pub fn copied(mut self, from: &str, to: &str) -> SmallWorld {
        let below = |path: &[u8]| Some([to.as_bytes(), path.strip_prefix(from.as_bytes())?].concat());
        let copies: Vec<(Vec<u8>, Node)> = self
            .nodes
            .iter()
            .filter_map(|(path, node)| match node {
                Node::File(bytes) => Some((below(path)?, Node::File(bytes))),
                Node::Folder => Some((below(path)?, Node::Folder)),
                Node::Program(_) | Node::Link(_) => None,
            })
            .collect();
        self.nodes.extend(copies);
        self
    }

    fn allow(&self, path: &[u8]) -> Result<(), IoError> {
        if !self.pure {
            return Ok(());
        }
        let path = shown(path);
        Err(IoError::Forbidden(format!(
            "access to absolute path '{path}' is forbidden in pure evaluation mode (use '--impure' to override)"
        )))
    }

    fn node(&self, path: &[u8]) -> Result<&Node, IoError> {
        self.allow(path)?;
        let node = self.nodes.get(path);
        node.ok_or_else(|| IoError::NotFound(shown(path)))
    }
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

fn kind(node: &Node) -> FileType {
    match node {
        Node::File(_) => FileType::Regular,
        Node::Program(_) => FileType::Executable,
        Node::Folder => FileType::Directory,
        Node::Link(_) => FileType::Symlink,
    }
}

impl EvalIo for SmallWorld {
    fn read_file(&mut self, path: &[u8]) -> Result<Arc<[u8]>, IoError> {
        match self.node(path)? {
            Node::File(bytes) | Node::Program(bytes) => Ok(Arc::from(*bytes)),
            Node::Folder => Err(IoError::Other("read of 4096 bytes: Is a directory".into())),
            Node::Link(_) => Err(IoError::Other(format!("path '{}' is a symlink", shown(path)))),
        }
    }

    fn file_type(&mut self, path: &[u8]) -> Result<Option<FileType>, IoError> {
        self.allow(path)?;
        Ok(self.nodes.get(path).map(kind))
    }

    fn read_dir(&mut self, path: &[u8]) -> Result<Rc<[(Vec<u8>, FileType)]>, IoError> {
        let Node::Folder = self.node(path)? else {
            return Err(IoError::Other(format!(
                "cannot read directory {:?}: Not a directory",
                shown(path)
            )));
        };
        let below = self.nodes.iter().filter_map(|(other, node)| {
            let name = other.strip_prefix(path)?.strip_prefix(b"/")?;
            (!name.contains(&b'/')).then(|| (name.to_vec(), kind(node)))
        });
        Ok(below.collect())
    }

    fn read_link(&mut self, path: &[u8]) -> Result<Vec<u8>, IoError> {
        match self.node(path)? {
            Node::Link(target) => Ok(target.to_vec()),
            _ => Err(IoError::Other(format!("'{}' is no symbolic link", shown(path)))),
        }
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

    /// Fetches only what names `here`, which stands for a tree with a revision.
    fn fetch(&mut self, request: &FetchRequest) -> Result<Fetched, IoError> {
        let FetchRequest::Tree { attrs, .. } = request else {
            return Err(IoError::Other(format!("cannot fetch {request:?}")));
        };
        let attrs = attrs.iter().filter(|attr| attr.0 != "type" && attr.0 != "url");
        Ok(Fetched {
            path: store::StorePath::parse("/nix/store/y9zv5w7ja3pncr0gnzkya5glbq2cy33a-source")
                .map_err(|e| IoError::Other(e.to_string()))?,
            attrs: attrs
                .cloned()
                .chain([("lastModified".to_owned(), FetchAttr::Int(7))])
                .collect(),
        })
    }

    fn realise(&mut self, _: &store::VirtualStore, drv: &store::StorePath, _: &[String]) -> Result<(), IoError> {
        Err(IoError::Other(format!("cannot build '{}' here", drv.to_path())))
    }

    fn message(&mut self, _: &[u8]) {}
}
