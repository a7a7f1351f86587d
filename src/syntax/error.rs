//! What the parser reports: errors and warnings, in Nix's words and at Nix's places.

use diag::{Pos, Span};

/// An error in the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyntaxError {
    /// Nix's message; when `previous` is set, without the place that ends it.
    pub message: String,
    /// Where Nix says the error is; `Pos::NONE` where it says nothing.
    pub pos: Pos,
    /// The text that is wrong.
    pub span: Span,
    /// The place that ends the message: where what is defined twice was first defined.
    pub previous: Option<Pos>,
    /// What to do about it, in our own words.
    pub hint: Option<String>,
}

impl SyntaxError {
    /// Returns Nix's whole message; `show` words the place that ends it, as in `«stdin»:1:3`.
    pub fn text(&self, show: impl FnOnce(Pos) -> String) -> String {
        match self.previous {
            Some(pos) => format!("{}{}", self.message, show(pos)),
            None => self.message.clone(),
        }
    }
}

/// Something in the text that Nix warns about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SyntaxWarning {
    /// `x or` as an argument, an element or a default: the meaning will change.
    /// Nix's message is `at POS: ` and [`SyntaxWarning::message`].
    OrAsName {
        /// Where `x` starts.
        pos: Pos,
        /// `x or`.
        span: Span,
        /// The text of `span`.
        text: Vec<u8>,
    },
    /// A literal that a lint (`lint-url-literals` and the like) is set to warn about.
    Lint(SyntaxError),
}

impl SyntaxWarning {
    /// Returns Nix's message without any place.
    pub fn message(&self) -> String {
        match self {
            SyntaxWarning::OrAsName { text, .. } => format!(
                "This expression uses `or` as an identifier in a way that will change in a future Nix release.\n\
                 Wrap this entire expression in parentheses to preserve its current meaning:\n    ({})\n\
                 Give feedback at https://github.com/NixOS/nix/pull/11121",
                String::from_utf8_lossy(text)
            ),
            SyntaxWarning::Lint(error) => error.message.clone(),
        }
    }

    /// Returns where the warning points.
    pub fn pos(&self) -> Pos {
        match self {
            SyntaxWarning::OrAsName { pos, .. } => *pos,
            SyntaxWarning::Lint(error) => error.pos,
        }
    }
}
