//! The token that requests are signed in with. It is told to GitHub and to nobody else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
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

    /// Returns the header by which Git may fetch with it: GitHub takes the name `x-access-token` for any token (its page
    /// "Authenticating as a GitHub App installation").
    pub fn header_for_git(&self) -> String {
        format!(
            "Authorization: Basic {}",
            STANDARD.encode(format!("x-access-token:{}", self.0))
        )
    }

    /// Returns what kind of token it is, by GitHub's prefixes for them; `None` if it has none that is known.
    pub fn kind(&self) -> Option<&'static str> {
        let kinds = [
            ("ghs_", "that an app, such as GitHub Actions, has for a repository"),
            ("github_pat_", "that a person has for some repositories"),
            ("ghp_", "that a person has for all that they may do"),
            ("gho_", "that a person has given to a program"),
            ("ghu_", "that an app has of a person"),
        ];
        kinds
            .into_iter()
            .find(|(prefix, _)| self.0.starts_with(prefix))
            .map(|(_, kind)| kind)
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
        let header = token.header_for_git();
        assert_eq!(header, "Authorization: Basic eC1hY2Nlc3MtdG9rZW46Z2hzXzAxMjM0NTY3ODk=");
        assert_eq!(format!("{token:?}"), "Token(…)");
        for text in ["ghs_12\n34", "ghs 12", "ghs_é", "ghs_\u{1b}", &"x".repeat(5000)] {
            let error = Token::new(text).expect_err("it is none");
            assert_eq!(error, TokenError::Characters);
            assert!(!format!("{error:?} {error}").contains("ghs"));
        }
        assert_eq!(Token::new(" \n"), Err(TokenError::Empty));
    }

    #[test]
    fn a_token_is_of_a_kind() {
        let kind = |text: &str| Token::new(text).expect("it is one").kind();
        assert!(kind("ghs_12").is_some_and(|kind| kind.contains("GitHub Actions")));
        assert!(kind("github_pat_1").is_some() && kind("0123abcd").is_none());
    }
}
