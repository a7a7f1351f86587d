//! Text to tree: the lexer, the parser and the syntax tree of the Nix language.

pub mod ast;
mod automaton;
mod chars;
mod comments;
mod error;
mod grammar;
mod hints;
mod known_names;
mod lexer;
mod number;
mod parser;
mod paths;
mod print;
mod strings;
mod symbol;
mod token;
pub mod walk;
mod wording;

pub use comments::{Allow, BadSuppression, Suppression, comments};
pub use error::{SyntaxError, SyntaxWarning};
pub use parser::{Lint, MAX_NESTING, ParseOptions, Parsed, parse};
pub use print::{identifier, print, write_float, write_identifier, write_string};
pub use symbol::{Symbol, Symbols};
