//! A commit by all its digits.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A text that is no full commit.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("'{0}' is no commit: it must be 40 or 64 hexadecimal digits")]
pub struct CommitError(String);

/// A full commit, in lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Commit(String);

impl Commit {
    /// Returns the commit of a text of 40 digits (SHA-1) or 64 (SHA-256).
    pub fn new(text: &str) -> Result<Commit, CommitError> {
        let sound = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
        match sound {
            true => Ok(Commit(text.to_ascii_lowercase())),
            false => Err(CommitError(diag::clean_line(text).chars().take(100).collect())),
        }
    }

    /// Returns all digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name of the hash function in Git's words.
    pub fn format(&self) -> &'static str {
        match self.0.len() {
            64 => "sha256",
            _ => "sha1",
        }
    }
}

/// Shows the first digits, as people write commits.
impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0[..10])
    }
}

impl TryFrom<String> for Commit {
    type Error = CommitError;

    fn try_from(text: String) -> Result<Commit, CommitError> {
        Commit::new(&text)
    }
}

impl From<Commit> for String {
    fn from(commit: Commit) -> String {
        commit.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_all_its_digits() {
        let commit = Commit::new(&"A1".repeat(20)).expect("it is one");
        assert_eq!((commit.as_str().len(), commit.to_string().as_str()), (40, "a1a1a1a1a1"));
        assert_eq!(Commit::new(&"a".repeat(64)).map(|commit| commit.format()), Ok("sha256"));
        for text in ["", "main", "-x", &"a".repeat(39), &"g".repeat(40), &"a".repeat(41)] {
            assert!(Commit::new(text).is_err(), "{text}");
        }
        let message = Commit::new("\u{1b}[2J").expect_err("it is none").to_string();
        assert!(message.starts_with("'␛[2J' is no commit"), "{message}");
    }
}
