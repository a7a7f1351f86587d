//! From where an error is looked at: what is the user's own, and how the rest is called.

use diag::{FileId, Origin, Pos, SourceMap};
use eval::Evaluator;
use std::borrow::Cow;

/// Whose configuration it is, and how much is wanted.
#[derive(Clone, Copy, Default, Debug)]
pub struct Viewpoint<'a> {
    /// The folder or store path of the tree that has the user's own flake.
    pub root: &'a [u8],
    /// The folder of the flake in that tree; empty if it is at the top.
    pub folder: &'a [u8],
    /// The store paths of inputs with the names that they go by.
    pub inputs: &'a [(Vec<u8>, String)],
    /// Whether every frame is wanted.
    pub show_trace: bool,
}

impl Viewpoint<'_> {
    /// Whether a text is a file of the user.
    pub fn is_own(&self, origin: &Origin) -> bool {
        match origin {
            Origin::File(path) => {
                below(path, self.root).is_some() && !self.inputs.iter().any(|(folder, _)| below(path, folder).is_some())
            }
            Origin::String | Origin::Stdin => self.root.is_empty(),
        }
    }

    /// Whether a module's file is one of the user; a module may be named by its folder.
    pub fn owns_file(&self, path: &str) -> bool {
        self.is_own(&Origin::File([path.as_bytes(), b"/"].concat().into()))
    }

    /// Whether a position lies in a file of the user.
    pub fn owns(&self, sources: &SourceMap, pos: Pos) -> bool {
        sources
            .lookup(pos)
            .is_some_and(|(file, _)| self.is_own(&sources.file(file).origin))
    }

    /// Returns the name of the input that a text belongs to.
    pub fn input_of(&self, sources: &SourceMap, pos: Pos) -> Option<&str> {
        let (file, _) = sources.lookup(pos)?;
        let Origin::File(path) = &sources.file(file).origin else {
            return None;
        };
        self.input_of_path(path)
    }

    /// Returns the name of the input that a file or folder belongs to.
    pub fn input_of_path(&self, path: &[u8]) -> Option<&str> {
        let path = [path, b"/"].concat();
        let of = |(folder, _): &&(Vec<u8>, String)| below(&path, folder).is_some();
        self.inputs.iter().find(of).map(|(_, name)| name.as_str())
    }

    /// Returns a position in words: below the root, `<input>/path`, or as it is.
    pub(super) fn place(&self, sources: &SourceMap, pos: Pos) -> Option<String> {
        let (file, line, column) = sources.locate(pos)?;
        Some(format!("{}:{line}:{column}", self.shorten(&file.origin.display())))
    }

    /// Returns a text in which store paths of the flake and its inputs have become short: files of
    /// the flake are named from its root, those of an input as `<input>/path`.
    pub fn shorten<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        let mut replace = |folder: &[u8], name: &str, bare: &str| {
            let Ok(folder) = std::str::from_utf8(folder) else {
                return;
            };
            let folder = folder.trim_end_matches('/');
            if folder.len() < 2 || !text.contains(folder) {
                return;
            }
            let mut out = String::with_capacity(text.len());
            let mut rest: &str = &text;
            while let Some(at) = rest.find(folder) {
                let after = &rest[at + folder.len()..];
                out.push_str(&rest[..at]);
                match after.chars().next() {
                    Some('/') => out.push_str(name),
                    // Another folder whose name only starts so.
                    Some(c) if c.is_alphanumeric() || "-_.+?=".contains(c) => out.push_str(folder),
                    _ => out.push_str(bare),
                }
                let gone = name.is_empty() && after.starts_with('/');
                rest = if gone { &after[1..] } else { after };
            }
            out.push_str(rest);
            text = Cow::Owned(out);
        };
        // The longest first: an input may lie inside the flake.
        let mut inputs: Vec<&(Vec<u8>, String)> = self.inputs.iter().collect();
        inputs.sort_by_key(|(folder, _)| std::cmp::Reverse(folder.len()));
        for (folder, name) in inputs {
            let name = format!("<{name}>");
            replace(folder, &name, &name);
        }
        replace(self.root, "", "the flake");
        text
    }
}

/// Returns all inputs, and has the source map call their files by these names.
pub fn inputs_of(ev: &mut Evaluator, view: &Viewpoint<'_>) -> Vec<(Vec<u8>, String)> {
    let inputs = all_inputs(&ev.sources, ev.texts(), view);
    for (folder, name) in &inputs {
        ev.sources.name_folder(folder, name);
    }
    inputs
}

/// Returns the inputs of a viewpoint together with those that lie inside the user's flake: folders
/// below the root with a `flake.nix` of their own that was read.
fn all_inputs(sources: &SourceMap, texts: &[FileId], view: &Viewpoint<'_>) -> Vec<(Vec<u8>, String)> {
    let mut inputs = view.inputs.to_vec();
    let flakes: Vec<&[u8]> = texts
        .iter()
        .filter_map(|id| match &sources.file(*id).origin {
            Origin::File(path) => below(path, view.root)?.strip_suffix(b"flake.nix"),
            _ => None,
        })
        .collect();
    // Without the user's own flake, the others are told by nothing.
    let own = |folder: &&[u8]| folder.strip_suffix(b"/").unwrap_or(folder) == view.folder;
    if !flakes.iter().any(own) {
        return inputs;
    }
    let others = flakes.iter().filter(|folder| !own(folder));
    for folder in others.filter_map(|folder| folder.strip_suffix(b"/")) {
        let root = view.root.strip_suffix(b"/").unwrap_or(view.root);
        let path = [root, b"/", folder].concat();
        let name = folder.rsplit(|&b| b == b'/').next().unwrap_or(folder);
        if !inputs.iter().any(|(known, _)| *known == path) {
            inputs.push((path, String::from_utf8_lossy(name).into_owned()));
        }
    }
    inputs
}

fn below<'p>(path: &'p [u8], folder: &[u8]) -> Option<&'p [u8]> {
    let folder = folder.strip_suffix(b"/").unwrap_or(folder);
    if folder.is_empty() {
        return None;
    }
    path.strip_prefix(folder)?.strip_prefix(b"/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_texts_become_short() {
        let inputs = [(b"/nix/store/n-source".to_vec(), "nixpkgs".to_owned())];
        let view = Viewpoint {
            root: b"/nix/store/r-source",
            inputs: &inputs,
            ..Viewpoint::default()
        };
        for (text, short) in [
            ("In `/nix/store/r-source/a.nix': 1", "In `a.nix': 1"),
            ("In `/nix/store/n-source/lib/x.nix'", "In `<nixpkgs>/lib/x.nix'"),
            ("/nix/store/r-source2/a", "/nix/store/r-source2/a"),
            (
                "path '/nix/store/r-source' and /nix/store/n-source.",
                "path 'the flake' and /nix/store/n-source.",
            ),
            ("é", "é"),
        ] {
            assert_eq!(view.shorten(text), short, "{text}");
        }
        assert_eq!(Viewpoint::default().shorten("/a/b"), "/a/b");
    }
}
