//! Source text and what is said about it: positions, spans, diagnostics.
//!
//! Every source text of a run gets a range of one global offset space (as rustc's `BytePos` and
//! Nix's `PosTable` do), so that a position is four bytes wherever it is stored.

mod clean;
mod diagnostic;
mod place;
mod render;
mod source;

pub use clean::{clean, clean_line};
pub use diagnostic::{Diagnostic, Frame, Label, Severity};
pub use place::Place;
pub use render::{Style, render};
pub use source::{FileId, Origin, Pos, SourceFile, SourceMap, Span};
