//! Names of things on GitHub, checked once: what has one of these types is safe in the path of a request.

use std::fmt;

use diag::clean_line;

/// GitHub's own address, for where `GITHUB_API_URL` is not set.
const GITHUB: &str = "https://api.github.com";

/// Most bytes of an address.
const MOST: usize = 2_000;

/// A name that cannot be one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is no address of a server that we would send a token to.
    #[error("'{0}' is no address of GitHub's interface: it must begin with https://, and have no query and no user")]
    Api(String),
    /// It is no `OWNER/NAME`.
    #[error("'{0}' is no repository: write it as OWNER/NAME")]
    Repository(String),
    /// It is no full commit.
    #[error("'{0}' is no commit: it must be 40 or 64 hexadecimal digits")]
    Commit(String),
}

/// Returns a text for a message: on one line, and not longer than a line.
fn shown(text: &str) -> String {
    clean_line(text).chars().take(100).collect()
}

/// Where GitHub's REST interface is, without a slash at its end, such as `https://api.github.com` or
/// `https://github.example.com/api/v3`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Api(String);

impl Api {
    /// Returns the address. Without TLS only this machine itself is one: the token would be readable on the way.
    pub fn new(text: &str) -> Result<Api, AddressError> {
        let text = text.trim_end_matches('/');
        let wrong = || AddressError::Api(shown(text));
        let uri: http::Uri = text.parse().map_err(|_| wrong())?;
        let local = matches!(uri.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
        let scheme = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => local,
            _ => false,
        };
        let authority = uri
            .authority()
            .is_some_and(|authority| !authority.as_str().contains('@'));
        // It is shown in links, and a longer one would leave no room beside it.
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/%[]".contains(c);
        let sound = text.len() <= MOST && text.chars().all(plain);
        if scheme && authority && sound && uri.query().is_none() {
            Ok(Api(text.into()))
        } else {
            Err(wrong())
        }
    }

    /// Returns the address as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Api {
    fn default() -> Api {
        Api(GITHUB.into())
    }
}

/// A repository: `OWNER/NAME`.
#[derive(Clone, Debug)]
pub struct Repository {
    owner: String,
    name: String,
}

impl Repository {
    /// Returns the repository of a text such as `octo/fleet`.
    pub fn new(text: &str) -> Result<Repository, AddressError> {
        let part = |part: &str| {
            let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !part.is_empty() && part.len() <= 100 && part.chars().all(sound) && part.chars().any(|c| c != '.')
        };
        match text.split_once('/') {
            Some((owner, name)) if part(owner) && part(name) => Ok(Repository {
                owner: owner.into(),
                name: name.into(),
            }),
            _ => Err(AddressError::Repository(shown(text))),
        }
    }

    /// Returns the user or organisation that it belongs to.
    pub fn owner(&self) -> &str {
        &self.owner
    }
}

/// GitHub does not tell upper from lower case in names.
impl PartialEq for Repository {
    fn eq(&self, other: &Repository) -> bool {
        self.owner.eq_ignore_ascii_case(&other.owner) && self.name.eq_ignore_ascii_case(&other.name)
    }
}

impl Eq for Repository {}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// A full commit, in lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit(String);

impl Commit {
    /// Returns the commit of a text of 40 digits (SHA-1) or 64 (SHA-256).
    pub fn new(text: &str) -> Result<Commit, AddressError> {
        let sound = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
        if sound {
            Ok(Commit(text.to_ascii_lowercase()))
        } else {
            Err(AddressError::Commit(shown(text)))
        }
    }

    /// Returns all digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the first digits, as people write commits.
    pub fn short(&self) -> &str {
        &self.0[..10]
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_the_token_to_itself() {
        let good = |text: &str, expected: &str| assert_eq!(Api::new(text).expect(text).as_str(), expected);
        good("https://api.github.com", "https://api.github.com");
        good("https://ghe.example/api/v3/", "https://ghe.example/api/v3");
        good("http://127.0.0.1:8080", "http://127.0.0.1:8080");
        for text in [
            "",
            "api.github.com",
            "http://api.github.com",
            "http://127.0.0.1.evil.example",
            "ftp://api.github.com",
            "https://me:secret@api.github.com",
            "https://api.github.com?x=1",
            "https://api.github.com#x",
            "https://a b",
            "https://a/)[x](b",
            &format!("https://{}", "a/".repeat(2_000)),
            "https://",
        ] {
            assert!(Api::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_repository_is_an_owner_and_a_name() {
        let octo = Repository::new("octo/fleet.nix").expect("it is one");
        assert_eq!((octo.owner(), octo.to_string().as_str()), ("octo", "octo/fleet.nix"));
        assert_eq!(octo, Repository::new("Octo/Fleet.nix").expect("it is one"));
        for text in [
            "", "octo", "/x", "octo/", "octo/a/b", "octo/..", "./x", "octo/a b", "octo/a?b", "öcto/x",
        ] {
            assert!(Repository::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_commit_is_all_its_digits() {
        let commit = Commit::new(&"A1".repeat(20)).expect("it is one");
        assert_eq!((commit.as_str().len(), commit.to_string().as_str()), (40, "a1a1a1a1a1"));
        assert!(Commit::new(&"a".repeat(64)).is_ok());
        for text in ["", "main", &"a".repeat(39), &"g".repeat(40)] {
            assert!(Commit::new(text).is_err(), "{text}");
        }
        let message = Commit::new("\u{1b}[2J").expect_err("it is none").to_string();
        assert!(message.starts_with("'␛[2J' is no commit"), "{message}");
    }
}
