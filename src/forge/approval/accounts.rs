//! Accounts, and what they may do to a repository.

use super::words::{broken, given, word};
use crate::address::Repository;
use crate::client::Github;
use crate::error::{Error, Permission};
use crate::message::told;
use crate::request::{Request, escaped};
use serde::Deserialize;

/// An account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Its number, which stays the same if it gets another name.
    pub id: u64,
    /// Its name.
    pub login: String,
    /// Whether it is no person's.
    pub is_bot: bool,
}

/// What an account may do to a repository.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rights {
    /// Whether that is to write.
    pub may_write: bool,
    /// GitHub's word for it, such as `read`.
    pub name: String,
}

/// An account as answers have it.
#[derive(Deserialize)]
pub(super) struct Told {
    id: u64,
    login: String,
    #[serde(rename = "type")]
    kind: String,
}

impl Told {
    /// Returns the account, if its name can be one.
    pub(super) fn account(self, request: &Request) -> Result<Account, Error> {
        let is_bot = self.kind != "User";
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let plain = self.login.strip_suffix("[bot]").unwrap_or(&self.login);
        if plain.is_empty() || plain.len() > 100 || !plain.bytes().all(sound) || (plain != self.login && !is_bot) {
            let answered = format!("answered with '{}' for an account", told(&self.login));
            return Err(broken(request, answered));
        }
        Ok(Account {
            id: self.id,
            login: self.login,
            is_bot,
        })
    }
}

#[derive(Deserialize)]
struct Id {
    id: u64,
}

#[derive(Deserialize)]
struct Granted {
    permission: String,
    #[serde(deserialize_with = "given")]
    user: Option<Id>,
}

/// Asks what a person may do.
pub(super) fn rights(github: &Github, repository: &Repository, person: &Account) -> Result<Rights, Error> {
    let request = permission(repository, &person.login);
    let granted: Granted = match github.ask(&request) {
        Ok(granted) => granted,
        // Somebody who has nothing to do with the repository.
        Err(Error::Missing { .. }) => {
            return Ok(Rights {
                may_write: false,
                name: "none".into(),
            });
        }
        Err(error) => return Err(error),
    };
    // The name may be somebody else's by now.
    if granted.user.map(|user| user.id) != Some(person.id) {
        return Err(broken(&request, "answered with another account"));
    }
    let name = word(&request, granted.permission)?;
    Ok(Rights {
        may_write: matches!(name.as_str(), "admin" | "write"),
        name,
    })
}

/// Asks what somebody may do to a repository.
fn permission(repository: &Repository, login: &str) -> Request {
    let path = format!("/repos/{repository}/collaborators/{}/permission", escaped(login));
    Request::get(path, format!("the rights of {login}"), Permission::ReadMetadata)
}
