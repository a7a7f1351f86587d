//! The words of a syntax error, as Nix's generated parser puts them.

use crate::token::{NAMES, Token};

/// The rules whose completion is checked for more than its tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// A function with formals.
    Lambda,
    /// `let … in …`.
    Let,
}

/// A syntax error as the generated parser sees it.
pub struct SyntaxErrorWords {
    /// Nix's message.
    pub message: String,
    /// The checked rules, with the offsets where their text starts, that the generated parser
    /// completes between reading the token that does not fit and reporting it.
    pub reduced: Vec<(Rule, u32)>,
}

/// Returns what the generated parser says about `token`, the first one of `text` that does not fit.
pub fn explain(_text: &[u8], _pipe_operators: bool, token: Token) -> SyntaxErrorWords {
    let message = format!("syntax error, unexpected {}", NAMES[token.kind as usize]);
    SyntaxErrorWords {
        message,
        reduced: Vec::new(),
    }
}
