//! The token that requests are signed in with. It is told to GitHub and to nobody else.

use std::fmt;

/// Most bytes of a token. GitHub's have 40 to some hundred.
const MOST: usize = 4 << 10;

/// A text that can be no token. The text itself is not told.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is none.
    #[error("the token is empty")]
    Empty,
    /// It has spaces, line feeds or signs that no token has.
    #[error("the token has characters that no token of GitHub has")]
    Characters,
}

/// A token, such as the value of `GITHUB_TOKEN`. It has no form that shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Returns the token of a text; spaces and line feeds around it do not count.
    pub fn new(text: &str) -> Result<Token, TokenError> {
        let text = text.trim();
        match text {
            "" => Err(TokenError::Empty),
            text if text.len() > MOST || !text.bytes().all(|b| b.is_ascii_graphic()) => Err(TokenError::Characters),
            text => Ok(Token(text.into())),
        }
    }

    /// Whether it is one that an app was given for a repository, such as `GITHUB_TOKEN`; by GitHub's prefix for them.
    pub(crate) fn is_of_app(&self) -> bool {
        self.0.starts_with("ghs_")
    }

    /// Returns the token itself, for the header of a request.
    pub(crate) fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_shown() {
        let token = Token::new(" ghs_0123456789\n").expect("it is one");
        assert_eq!(token.secret(), "ghs_0123456789");
        assert_eq!(format!("{token:?}"), "Token(…)");
        for text in ["ghs_12\n34", "ghs 12", "ghs_é", "ghs_\u{1b}", &"x".repeat(5000)] {
            let error = Token::new(text).expect_err("it is none");
            assert_eq!(error, TokenError::Characters);
            assert!(!format!("{error:?} {error}").contains("ghs"));
        }
        assert_eq!(Token::new(" \n"), Err(TokenError::Empty));
    }
}
