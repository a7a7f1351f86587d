//! A span in words: file, line and column, as reports and other tools take it.

use std::fmt;

use crate::clean::clean_line;
use crate::source::{Origin, SourceMap, Span};

/// Where a span lies. Lines and columns count from one, and columns count characters, as editors
/// and rustc do (Nix's own messages count bytes; the two differ only right of non-ASCII text).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place {
    /// The file's path below the root folder, else its absolute path; `«string»` or `«stdin»`.
    pub file: String,
    /// Line of the first byte.
    pub line: u32,
    /// Column of the first byte.
    pub column: u32,
    /// Line of the end.
    pub end_line: u32,
    /// Column one past the last byte.
    pub end_column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Returns the name to show for a text: relative to `root` where it lies below it, else below one of
/// the folders that have a name.
pub(crate) fn shown_name(sources: &SourceMap, origin: &Origin, root: &[u8]) -> String {
    let Origin::File(path) = origin else {
        return origin.display();
    };
    let inside = |folder: &[u8]| {
        let folder = folder.strip_suffix(b"/").unwrap_or(folder);
        let below = (!folder.is_empty()).then(|| path.strip_prefix(folder)?.strip_prefix(b"/"));
        below.flatten().map(String::from_utf8_lossy)
    };
    let named = || {
        let (_, name, below) = sources
            .folders
            .iter()
            .filter_map(|(folder, name)| Some((folder.len(), name, inside(folder)?)))
            .max_by_key(|(length, ..)| *length)?;
        Some(format!("<{name}>/{below}"))
    };
    let text = inside(root).map(|below| below.into_owned()).or_else(named);
    let text = text.unwrap_or_else(|| String::from_utf8_lossy(path).into_owned());
    clean_line(&text).into_owned()
}

/// Whether a text is a file below `root`.
pub(crate) fn is_below(origin: &Origin, root: &[u8]) -> bool {
    let root = root.strip_suffix(b"/").unwrap_or(root);
    match origin {
        Origin::File(path) => {
            !root.is_empty() && path.strip_prefix(root).is_some_and(|rest| rest.first() == Some(&b'/'))
        }
        Origin::String | Origin::Stdin => true,
    }
}

impl SourceMap {
    /// Returns the place of a span in words, or `None` if it has none. `root` is the folder that
    /// paths are shown below, or empty.
    pub fn place(&self, span: Span, root: &[u8]) -> Option<Place> {
        let (file, line, _) = self.locate(span.start)?;
        let (id, start) = self.lookup(span.start)?;
        let end = match self.lookup(span.end) {
            Some((end_id, end)) if end_id == id && end >= start => end,
            _ => start,
        };
        let column_of = |offset: u32| {
            let (line, column) = file.line_column(offset);
            let before = &file.text[(offset + 1 - column) as usize..offset as usize];
            (line, String::from_utf8_lossy(before).chars().count() as u32 + 1)
        };
        let (_, column) = column_of(start);
        let (end_line, end_column) = column_of(end);
        Some(Place {
            file: shown_name(self, &file.origin, root),
            line,
            column,
            end_line,
            end_column,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Pos;

    #[test]
    fn places_are_below_the_root_and_count_characters() {
        let mut map = SourceMap::new();
        let (_, base) = map.add(
            Origin::File(b"/f/a/x.nix".as_slice().into()),
            "é = 1;\nb\n".as_bytes().into(),
        );
        let place = |map: &SourceMap, root: &str, from: u32, to: u32| {
            map.place(Span::new(base.offset(from), base.offset(to)), root.as_bytes())
                .map(|p| (p.to_string(), p.end_line, p.end_column))
        };
        assert_eq!(place(&map, "/f", 3, 8), Some(("a/x.nix:1:3".into(), 2, 1)));
        assert_eq!(place(&map, "/f/", 3, 4), Some(("a/x.nix:1:3".into(), 1, 4)));
        assert_eq!(place(&map, "/other", 0, 0), Some(("/f/a/x.nix:1:1".into(), 1, 1)));
        assert_eq!(place(&map, "/f/a/x", 0, 0), Some(("/f/a/x.nix:1:1".into(), 1, 1)));
        assert_eq!(place(&map, "", 8, 3), Some(("/f/a/x.nix:2:1".into(), 2, 1)));
        assert_eq!(map.place(Span::new(Pos::NONE, Pos::NONE), b""), None);
        map.name_folder(b"/f", "nixpkgs");
        let there = Span::new(base, base);
        assert_eq!(
            map.place(there, b"/x").map(|p| p.file),
            Some("<nixpkgs>/a/x.nix".into())
        );
        assert_eq!(map.place(there, b"/f").map(|p| p.file), Some("a/x.nix".into()));
    }
}
