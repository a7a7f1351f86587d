//! The source map: which text a position lies in, and at which line and column.

use std::sync::Arc;

/// Index of a source text in its [`SourceMap`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileId(pub u32);

/// A place in some source text: the text's base plus a byte offset. Zero is "no position".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Pos(pub u32);

impl Pos {
    /// The position of things that have none.
    pub const NONE: Pos = Pos(0);

    /// Whether this is a real place.
    #[inline]
    pub fn is_some(self) -> bool {
        self.0 != 0
    }

    /// Returns the position `bytes` further on in the same text; `NONE` stays `NONE`.
    #[inline]
    pub fn offset(self, bytes: u32) -> Pos {
        if self.is_some() { Pos(self.0 + bytes) } else { self }
    }
}

/// A half-open range of bytes of one source text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Span {
    /// First byte.
    pub start: Pos,
    /// One past the last byte.
    pub end: Pos,
}

impl Span {
    /// Returns the span from `start` up to `end`.
    #[inline]
    pub fn new(start: Pos, end: Pos) -> Span {
        Span { start, end }
    }
}

/// Where a source text came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A file, by its absolute path (bytes, as paths need not be UTF-8).
    File(Arc<[u8]>),
    /// An expression given on the command line; shown as `«string»`.
    String,
    /// Standard input; shown as `«stdin»`.
    Stdin,
}

impl Origin {
    /// Returns the name that messages show: the path, `«string»` or `«stdin»`.
    pub fn display(&self) -> String {
        match self {
            Origin::File(path) => String::from_utf8_lossy(path).into_owned(),
            Origin::String => "«string»".into(),
            Origin::Stdin => "«stdin»".into(),
        }
    }
}

/// One source text of a [`SourceMap`].
pub struct SourceFile {
    /// Where it came from.
    pub origin: Origin,
    /// Its bytes.
    pub text: Arc<[u8]>,
    /// The position of its first byte.
    pub base: Pos,
    /// Byte offsets at which lines start; filled at the first question.
    lines: std::cell::OnceCell<Vec<u32>>,
}

impl SourceFile {
    fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            // As Nix's `Pos::LinesIterator`: "\n", "\r\n" and a lone "\r" end a line.
            let mut starts = vec![0];
            let text = &self.text;
            let mut i = 0;
            while i < text.len() {
                match text[i] {
                    b'\n' => starts.push(i as u32 + 1),
                    b'\r' if text.get(i + 1) != Some(&b'\n') => starts.push(i as u32 + 1),
                    _ => {}
                }
                i += 1;
            }
            starts
        })
    }

    /// Returns the one-based line and column (in bytes) of a byte offset.
    pub fn line_column(&self, offset: u32) -> (u32, u32) {
        let lines = self.lines();
        let line = lines.partition_point(|&start| start <= offset);
        (line as u32, offset - lines[line - 1] + 1)
    }

    /// Returns the text of a one-based line without its end-of-line bytes, or `None` past the end.
    pub fn line_text(&self, line: u32) -> Option<&[u8]> {
        let lines = self.lines();
        let start = *lines.get(line.checked_sub(1)? as usize)? as usize;
        let rest = &self.text[start..];
        let end = rest
            .iter()
            .position(|&b| b == b'\n' || b == b'\r')
            .unwrap_or(rest.len());
        Some(&rest[..end])
    }
}

/// All source texts of a run, in the order in which they were read.
#[derive(Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
    next: u32,
    /// Folders whose files are shown under a name, such as the store paths of inputs.
    pub(crate) folders: Vec<(Vec<u8>, String)>,
}

impl SourceMap {
    /// Returns an empty map.
    pub fn new() -> SourceMap {
        SourceMap {
            files: Vec::new(),
            next: 1,
            folders: Vec::new(),
        }
    }

    /// Has the files below a folder shown as `<name>/path` from now on, unless they lie below the
    /// root that the user knows.
    pub fn name_folder(&mut self, folder: &[u8], name: &str) {
        if !self.folders.iter().any(|(known, _)| known == folder) {
            self.folders.push((folder.to_vec(), name.to_owned()));
        }
    }

    /// Returns how many folders have names.
    pub fn named_folders(&self) -> usize {
        self.folders.len()
    }

    /// Forgets the names of all folders but the first ones.
    pub fn forget_folders(&mut self, first: usize) {
        self.folders.truncate(first);
    }

    /// Adds a text and returns its id and the position of its first byte.
    ///
    /// When the offset space (4 GiB of source) is used up, positions in the text are `Pos::NONE`.
    pub fn add(&mut self, origin: Origin, text: Arc<[u8]>) -> (FileId, Pos) {
        let id = FileId(self.files.len() as u32);
        let first = self.next.max(1);
        let base = match u32::try_from(text.len())
            .ok()
            .and_then(|n| first.checked_add(n))
            .and_then(|n| n.checked_add(1))
        {
            Some(next) => {
                self.next = next;
                Pos(first)
            }
            None => Pos::NONE,
        };
        self.files.push(SourceFile {
            origin,
            text,
            base,
            lines: std::cell::OnceCell::new(),
        });
        (id, base)
    }

    /// Returns the text with this id.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// Returns the text a position lies in and the byte offset inside it.
    pub fn lookup(&self, pos: Pos) -> Option<(FileId, u32)> {
        if !pos.is_some() {
            return None;
        }
        let at = self.files.partition_point(|f| f.base <= pos);
        let index = at.checked_sub(1)?;
        let file = &self.files[index];
        let offset = pos.0 - file.base.0;
        (file.base.is_some() && offset <= file.text.len() as u32).then_some((FileId(index as u32), offset))
    }

    /// Returns the text, one-based line and column of a position.
    pub fn locate(&self, pos: Pos) -> Option<(&SourceFile, u32, u32)> {
        let (id, offset) = self.lookup(pos)?;
        let file = self.file(id);
        let (line, column) = file.line_column(offset);
        Some((file, line, column))
    }

    /// Returns the number of texts.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether no text was added yet.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_found_again() {
        let mut map = SourceMap::new();
        let (_, a) = map.add(Origin::String, b"one\ntwo\r\nthree\rfour".as_slice().into());
        let (_, b) = map.add(Origin::Stdin, b"x".as_slice().into());
        let at = |pos| map.locate(pos).map(|(f, l, c)| (f.origin.display(), l, c));
        assert_eq!(at(a), Some(("«string»".into(), 1, 1)));
        assert_eq!(at(a.offset(5)), Some(("«string»".into(), 2, 2)));
        assert_eq!(at(a.offset(9)), Some(("«string»".into(), 3, 1)));
        assert_eq!(at(a.offset(15)), Some(("«string»".into(), 4, 1)));
        assert_eq!(at(b), Some(("«stdin»".into(), 1, 1)));
        assert_eq!(at(b.offset(1)), Some(("«stdin»".into(), 1, 2)));
        assert_eq!(at(Pos::NONE), None);
        assert_eq!(at(Pos(1000)), None);
    }
}
