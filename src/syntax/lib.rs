//! Text to tree: the lexer, the parser and the syntax tree of the Nix language.

pub mod ast;
mod symbol;

pub use symbol::{Symbol, Symbols};
