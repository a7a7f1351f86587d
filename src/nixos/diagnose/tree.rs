//! Parsing a source text again.

use bumpalo::Bump;
use diag::{FileId, Origin, Pos};
use eval::Evaluator;
use syntax::Symbols;
use syntax::ast::ExprRef;

/// A source text that was parsed again.
pub(super) struct Tree<'t> {
    /// Its root.
    pub root: ExprRef<'t>,
    /// Its bytes.
    pub text: &'t [u8],
    /// The position of its first byte.
    pub base: Pos,
    /// The names in it.
    pub symbols: &'t Symbols,
}

impl Tree<'_> {
    /// Returns the byte offset of a position of this text.
    pub fn offset(&self, pos: Pos) -> usize {
        (pos.0.saturating_sub(self.base.0) as usize).min(self.text.len())
    }

    /// Returns the position of a byte offset.
    pub fn pos(&self, offset: usize) -> Pos {
        self.base.offset(offset as u32)
    }
}

/// Parses a source text again and hands its tree to `look`. What could not be parsed is an error
/// expression in the tree, so that there is always one.
pub(super) fn with_tree<R>(ev: &mut Evaluator, file: FileId, look: impl FnOnce(&Tree<'_>) -> R) -> R {
    let source = ev.sources.file(file);
    let (text, base) = (source.text.clone(), source.base);
    let folder = match &source.origin {
        Origin::File(path) => path.rsplitn(2, |&b| b == b'/').nth(1).unwrap_or_default().to_vec(),
        Origin::String | Origin::Stdin => Vec::new(),
    };
    let folder = if folder.is_empty() { b"/".to_vec() } else { folder };
    let arena = Bump::new();
    let options = syntax::ParseOptions {
        home: Some(b"/"),
        pipe_operators: ev.settings.pipe_operators,
        ..syntax::ParseOptions::new(&folder)
    };
    let parsed = syntax::parse(&text, base, &mut ev.symbols, &arena, &options);
    look(&Tree {
        root: parsed.root,
        text: &text,
        base,
        symbols: &ev.symbols,
    })
}

/// Returns the id of the text of a file, the one read last if there are several.
pub(super) fn find_file(ev: &Evaluator, path: &[u8]) -> Option<FileId> {
    let is = |id: &FileId| matches!(&ev.sources.file(*id).origin, Origin::File(own) if **own == *path);
    ev.texts().iter().rev().copied().find(is)
}
