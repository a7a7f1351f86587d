//! The flake's own files: which there are, and their texts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use diag::{Origin, Pos, SourceMap, Span};
use flake::tree::{Accessor, NodeKind, TreeError, join};

use crate::settings::PathPattern;

/// Most names of a tree that are looked at; what is beyond is told by [`Files::is_cut`].
const MOST_NAMES: usize = 200_000;
/// Most bytes of a file that is read (1 MiB); a larger one holds data and no configuration.
const MOST_BYTES: u64 = 1 << 20;
/// Most bytes of all files together (256 MiB).
const MOST_TEXT: usize = 256 << 20;

/// Folders that tools fill and nobody writes: Git's, direnv's and those of package managers.
const FILLED: [&[u8]; 6] = [b".git", b".jj", b".hg", b".direnv", b"node_modules", b"__pycache__"];

/// The folder beside `flake.nix` in which `cfgcheck prop` keeps counterexamples: files of Nix that it evaluates itself,
/// and that are no modules.
pub const REGRESSIONS: &str = "prop-regressions";

/// A file by which a program marks a folder of which everything can be made anew, as Cargo does with `target`.
const CACHE_TAG: &[u8] = b"CACHEDIR.TAG";

/// Endings of files that are no text, or that a tool writes and that hold hashes only.
const NO_TEXT: [&[u8]; 27] = [
    b".png", b".jpg", b".jpeg", b".gif", b".webp", b".ico", b".bmp", b".pdf", b".ttf", b".otf", b".woff", b".woff2",
    b".zip", b".gz", b".xz", b".zst", b".bz2", b".tar", b".mp3", b".mp4", b".webm", b".ogg", b".wasm", b".bin", b".db",
    b".lock", b".sum",
];

/// A file of the flake.
pub struct File {
    /// Its path in the tree.
    pub path: Vec<u8>,
    /// Its bytes.
    pub text: Arc<[u8]>,
    /// The position of its first byte.
    pub base: Pos,
    /// Whether rules judge it: it lies in the flake, and neither under `exclude` nor in another flake.
    pub judged: bool,
}

impl File {
    /// Whether it is in the Nix language.
    pub fn is_nix(&self) -> bool {
        self.path.ends_with(b".nix")
    }

    /// Returns the last part of its path.
    pub fn name(&self) -> &[u8] {
        name(&self.path)
    }

    /// Returns the folder that it lies in, in the tree.
    pub fn folder(&self) -> &[u8] {
        folder(&self.path)
    }

    /// Returns its path as text.
    pub fn shown(&self) -> String {
        shown(&self.path)
    }

    /// Returns the span of a range of its bytes.
    pub fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span::new(self.base.offset(range.start as u32), self.base.offset(range.end as u32))
    }
}

/// Returns a path as text.
pub fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// Returns the last part of a path.
pub fn name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

/// Returns what a path has before its last part; empty at the top.
pub fn folder(path: &[u8]) -> &[u8] {
    path.iter()
        .rposition(|byte| *byte == b'/')
        .map_or(&[], |at| &path[..at])
}

/// Whether a path is another one or lies below it; everything lies below the empty path.
pub fn is_below(path: &[u8], folder: &[u8]) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// The files of a flake, read once.
pub struct Files {
    files: Vec<File>,
    by_path: HashMap<Vec<u8>, usize>,
    /// Every name that was seen: files without a text, too.
    names: BTreeMap<Vec<u8>, NodeKind>,
    root: Vec<u8>,
    folder: Vec<u8>,
    /// Folders with a flake of their own, which are left out.
    nested: BTreeSet<Vec<u8>>,
    cut: bool,
    next: u32,
}

impl Files {
    /// Returns the files of the flake in `folder` of a tree.
    ///
    /// Paths are shown below `root`, an absolute path. All Nix files of the tree are read, as they may refer to the
    /// flake's; judged are those of the flake that no pattern of `exclude` covers, seen from its folder, and that lie
    /// in no flake of their own.
    pub fn read(tree: &dyn Accessor, folder: &[u8], root: &[u8], exclude: &[PathPattern]) -> Result<Files, TreeError> {
        let mut found = Files {
            files: Vec::new(),
            by_path: HashMap::new(),
            names: BTreeMap::new(),
            root: root.strip_suffix(b"/").unwrap_or(root).to_vec(),
            folder: folder.to_vec(),
            nested: BTreeSet::new(),
            cut: false,
            next: 1,
        };
        found.list(tree)?;
        let flakes = found.names.keys().filter(|path| name(path) == b"flake.nix");
        let nested = flakes
            .map(|path| self::folder(path).to_vec())
            .filter(|nested| is_below(nested, folder) && nested != folder);
        found.nested = nested.collect();
        found.texts(tree, exclude)?;
        Ok(found)
    }

    /// Lists all names of the tree.
    fn list(&mut self, tree: &dyn Accessor) -> Result<(), TreeError> {
        let mut open = vec![Vec::new()];
        while let Some(path) = open.pop() {
            let listing = tree.read_dir(&path)?;
            if listing.contains_key(CACHE_TAG) && !path.is_empty() {
                continue;
            }
            for (name, kind) in listing {
                if FILLED.contains(&name.as_slice()) {
                    continue;
                }
                if self.names.len() == MOST_NAMES {
                    self.cut = true;
                    return Ok(());
                }
                let path = join(&path, &name);
                if kind == NodeKind::Directory {
                    open.push(path.clone());
                }
                self.names.insert(path, kind);
            }
        }
        Ok(())
    }

    /// Reads what is text.
    fn texts(&mut self, tree: &dyn Accessor, exclude: &[PathPattern]) -> Result<(), TreeError> {
        let wanted: Vec<Vec<u8>> = self
            .names
            .iter()
            .filter(|(_, kind)| matches!(kind, NodeKind::Regular { .. }))
            .map(|(path, _)| path.clone())
            .collect();
        let mut all = 0;
        for path in wanted {
            let judged = self.is_judged(&path, exclude);
            let is_nix = path.ends_with(b".nix");
            let is_text = !NO_TEXT.iter().any(|end| path.ends_with(end));
            let is_read = is_nix || (judged && is_text);
            if !is_read || tree.file_size(&path)?.is_some_and(|size| size > MOST_BYTES) {
                continue;
            }
            let text = tree.read_file(&path)?;
            all += text.len();
            if all > MOST_TEXT {
                self.cut = true;
                return Ok(());
            }
            if text.len() as u64 <= MOST_BYTES {
                self.add(path, text, judged);
            }
        }
        Ok(())
    }

    fn add(&mut self, path: Vec<u8>, text: Vec<u8>, judged: bool) {
        let base = Pos(self.next);
        // As `SourceMap::add` counts.
        self.next += text.len() as u32 + 1;
        self.by_path.insert(path.clone(), self.files.len());
        self.files.push(File {
            path,
            text: text.into(),
            base,
            judged,
        });
    }

    fn is_judged(&self, path: &[u8], exclude: &[PathPattern]) -> bool {
        let below = match self.folder.as_slice() {
            b"" => Some(path),
            folder => path.strip_prefix(folder).and_then(|rest| rest.strip_prefix(b"/")),
        };
        let Some(below) = below else { return false };
        let text = String::from_utf8_lossy(below);
        self.flake_of(path).is_none() && !exclude.iter().any(|pattern| pattern.covers(&text))
    }

    /// Returns the folder of the other flake in which a path lies.
    fn flake_of(&self, path: &[u8]) -> Option<&[u8]> {
        let mut above = folder(path);
        while !above.is_empty() {
            if let Some(nested) = self.nested.get(above) {
                return Some(nested);
            }
            above = folder(above);
        }
        None
    }

    /// Returns all files, by their path.
    pub fn iter(&self) -> impl Iterator<Item = &File> {
        self.files.iter()
    }

    /// Returns the files that rules judge.
    pub fn judged(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.judged)
    }

    /// Whether a file is a counterexample that `cfgcheck prop` keeps.
    pub fn is_counterexample(&self, file: &File) -> bool {
        is_below(&file.path, &join(&self.folder, REGRESSIONS.as_bytes()))
    }

    /// Returns the number of a file in the order of [`Files::iter`].
    pub fn index(&self, path: &[u8]) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    /// Returns a file by its path in the tree.
    pub fn get(&self, path: &[u8]) -> Option<&File> {
        self.index(path).map(|at| &self.files[at])
    }

    /// Returns the file of this number.
    pub fn at(&self, index: usize) -> &File {
        &self.files[index]
    }

    /// Returns what is at a path of the tree, if it was listed.
    pub fn kind(&self, path: &[u8]) -> Option<NodeKind> {
        match path {
            b"" => Some(NodeKind::Directory),
            path => self.names.get(path).copied(),
        }
    }

    /// Returns the paths of all that lies below a folder.
    pub fn below<'f>(&'f self, folder: &[u8]) -> impl Iterator<Item = &'f Vec<u8>> {
        let start = if folder.is_empty() {
            Vec::new()
        } else {
            join(folder, b"")
        };
        let end = start.clone();
        self.names
            .range(start..)
            .map(|(path, _)| path)
            .take_while(move |path| path.starts_with(&end))
    }

    /// Returns the absolute path that files are shown below.
    pub fn root(&self) -> &[u8] {
        &self.root
    }

    /// Returns the folder of the flake in the tree.
    pub fn folder(&self) -> &[u8] {
        &self.folder
    }

    /// Returns the folders of other flakes, which are left out.
    pub fn nested(&self) -> &BTreeSet<Vec<u8>> {
        &self.nested
    }

    /// Whether there was more than is looked at.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// Returns the bytes of a file by the path that findings name it by.
    pub fn text(&self, path: &str) -> Option<&[u8]> {
        self.get(path.as_bytes()).map(|file| &*file.text)
    }

    /// Returns the absolute path of a file as it is shown.
    pub fn absolute(&self, path: &[u8]) -> Vec<u8> {
        [&self.root, &b"/"[..], path].concat()
    }

    /// Returns a source map of all files in which the bytes of these ranges are hidden, file by file.
    pub fn masked(&self, masks: &[Vec<std::ops::Range<usize>>]) -> SourceMap {
        let mut map = SourceMap::new();
        for (at, file) in self.files.iter().enumerate() {
            let ranges = masks.get(at).map(Vec::as_slice).unwrap_or_default();
            let (_, base) = map.add(Origin::File(self.absolute(&file.path).into()), mask(&file.text, ranges));
            debug_assert_eq!(base, file.base);
        }
        map
    }
}

/// Returns a text with the visible characters of some ranges replaced; its length and lines stay.
fn mask(text: &Arc<[u8]>, ranges: &[std::ops::Range<usize>]) -> Arc<[u8]> {
    if ranges.is_empty() {
        return text.clone();
    }
    let mut bytes = text.to_vec();
    for range in ranges {
        let end = range.end.min(bytes.len());
        for byte in &mut bytes[range.start.min(end)..end] {
            if !byte.is_ascii_whitespace() {
                *byte = b'*';
            }
        }
    }
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flake::tree::MemoryTree;

    #[test]
    fn other_flakes_and_excluded_folders_are_not_judged() {
        let tree = MemoryTree::new()
            .with_file("flake.nix", "{ }")
            .with_file("a/b.nix", "1")
            .with_file("a/b.png", "x")
            .with_file("sub/flake.nix", "{ }")
            .with_file("sub/c/d.nix", "2")
            .with_file("old/e.nix", "3")
            .with_file(".git/config.nix", "4")
            .with_file("target/CACHEDIR.TAG", "")
            .with_file("target/x.nix", "5")
            .with_file("notes.md", "n");
        let exclude = [PathPattern::try_from("old".to_owned()).unwrap()];
        let files = Files::read(&tree, b"", b"/f", &exclude).unwrap();
        let all: Vec<_> = files.iter().map(|file| (file.shown(), file.judged)).collect();
        let expected = [
            ("a/b.nix", true),
            ("flake.nix", true),
            ("notes.md", true),
            ("old/e.nix", false),
            ("sub/c/d.nix", false),
            ("sub/flake.nix", false),
        ];
        assert_eq!(all, expected.map(|(path, judged)| (path.to_owned(), judged)));
        assert_eq!(
            files.below(b"a").map(|p| shown(p)).collect::<Vec<_>>(),
            ["a/b.nix", "a/b.png"]
        );
        assert_eq!(files.text("a/b.nix"), Some(&b"1"[..]));
        let only = Files::read(&tree, b"sub", b"/f", &[]).unwrap();
        assert_eq!(
            only.judged().map(File::shown).collect::<Vec<_>>(),
            ["sub/c/d.nix", "sub/flake.nix"]
        );
    }

    #[test]
    fn masks_hide_bytes_and_keep_places() {
        let tree = MemoryTree::new()
            .with_file("a.nix", "one\ntwo three")
            .with_file("b.nix", "x");
        let files = Files::read(&tree, b"", b"/f", &[]).unwrap();
        let map = files.masked(&[vec![2..6, 90..100]]);
        assert_eq!(&*map.file(diag::FileId(0)).text, b"on*\n**o three");
        let place = map.place(files.at(1).span(0..1), b"/f").unwrap();
        assert_eq!(place.to_string(), "b.nix:1:1");
    }
}
