//! Source text and what is said about it: positions, spans, diagnostics.
//!
//! Every source text of a run gets a range of one global offset space (as rustc's `BytePos` and
//! Nix's `PosTable` do), so that a position is four bytes wherever it is stored.

mod source;

pub use source::{FileId, Origin, Pos, SourceFile, SourceMap, Span};
