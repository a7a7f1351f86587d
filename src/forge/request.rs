//! Requests to GitHub's REST interface, as data.

use serde_json::Value;

use crate::address::{Commit, Repository};
use crate::error::Permission;

/// How many things of a list are asked for at once. GitHub gives 100 at most; a page of 30 comments of 65,536
/// characters stays far below the bound of a reply.
pub(crate) const PAGE: usize = 30;

/// The verb of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Method {
    /// Asks.
    Get,
    /// Makes something new.
    Post,
    /// Changes something.
    Patch,
}

/// A request, before an address and a token are added to it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Request {
    /// The verb.
    pub(crate) method: Method,
    /// The path below the address, such as `/repos/octo/fleet/check-runs`.
    pub(crate) path: String,
    /// What stands behind the path, not yet escaped.
    pub(crate) query: Vec<(String, String)>,
    /// The JSON that is sent.
    pub(crate) body: Option<Value>,
    /// What it is about, for messages, such as `pull request 7`.
    pub(crate) about: String,
    /// What a token needs for it.
    pub(crate) permission: Permission,
    /// Whether sending it twice comes to the same, so that it may be sent again when no answer came.
    pub(crate) repeatable: bool,
}

impl Request {
    /// Returns a request that asks for something.
    pub(crate) fn get(path: String, about: String, permission: Permission) -> Request {
        Request {
            method: Method::Get,
            path,
            query: Vec::new(),
            body: None,
            about,
            permission,
            repeatable: true,
        }
    }

    /// Adds a name and its value to the query.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Request {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Asks for pages of a size that is known.
    pub(crate) fn listed(self) -> Request {
        self.with("per_page", PAGE.to_string())
    }

    /// Returns the path with its query, escaped as forms are.
    pub(crate) fn target(&self) -> String {
        let query: Vec<String> = self
            .query
            .iter()
            .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
            .collect();
        match query.is_empty() {
            true => self.path.clone(),
            false => format!("{}?{}", self.path, query.join("&")),
        }
    }
}

/// Returns a text in which only letters, digits and `-._~` are themselves, as RFC 3986 wants it in a query, and in
/// a part of a path.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Returns text without its escapes, or `None` if it is no UTF-8 then.
pub(crate) fn unescaped(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        match byte {
            b'%' => out.push(u8::try_from(digit(bytes.next())? * 16 + digit(bytes.next())?).ok()?),
            b'+' => out.push(b' '),
            byte => out.push(byte),
        }
    }
    String::from_utf8(out).ok()
}

/// Makes a check run. Sent twice, it makes two.
pub(crate) fn create_check_run(repository: &Repository, body: Value) -> Request {
    Request {
        method: Method::Post,
        path: format!("/repos/{repository}/check-runs"),
        query: Vec::new(),
        body: Some(body),
        about: format!("check runs of {repository}"),
        permission: Permission::Checks,
        repeatable: false,
    }
}

/// Changes a check run, and adds the annotations of the body to those that it has. Sent twice, it adds them twice.
pub(crate) fn update_check_run(repository: &Repository, id: u64, body: Value) -> Request {
    Request {
        method: Method::Patch,
        path: format!("/repos/{repository}/check-runs/{id}"),
        query: Vec::new(),
        body: Some(body),
        about: format!("check run {id} of {repository}"),
        permission: Permission::Checks,
        repeatable: false,
    }
}

/// Asks for one check run.
pub(crate) fn check_run(repository: &Repository, id: u64) -> Request {
    let path = format!("/repos/{repository}/check-runs/{id}");
    Request::get(path, format!("check run {id} of {repository}"), Permission::Checks)
}

/// Asks for the check runs of a commit that have this name.
pub(crate) fn check_runs(repository: &Repository, commit: &Commit, name: &str) -> Request {
    let path = format!("/repos/{repository}/commits/{}/check-runs", commit.as_str());
    let about = format!("check runs of commit {commit}");
    Request::get(path, about, Permission::Checks)
        .with("check_name", name)
        .with("filter", "all")
        .listed()
}

/// Asks for the comments of a pull request, the oldest first.
pub(crate) fn comments(repository: &Repository, number: u64) -> Request {
    let path = format!("/repos/{repository}/issues/{number}/comments");
    Request::get(
        path,
        format!("comments of pull request {number}"),
        Permission::PullRequests,
    )
    .listed()
}

/// Makes a comment on a pull request. Sent twice, it makes two.
pub(crate) fn create_comment(repository: &Repository, number: u64, body: Value) -> Request {
    Request {
        method: Method::Post,
        path: format!("/repos/{repository}/issues/{number}/comments"),
        query: Vec::new(),
        body: Some(body),
        about: format!("pull request {number}"),
        permission: Permission::PullRequests,
        repeatable: false,
    }
}

/// Gives a comment another text.
pub(crate) fn edit_comment(repository: &Repository, id: u64, body: Value) -> Request {
    Request {
        method: Method::Patch,
        path: format!("/repos/{repository}/issues/comments/{id}"),
        query: Vec::new(),
        body: Some(body),
        about: format!("comment {id}"),
        permission: Permission::PullRequests,
        repeatable: true,
    }
}

/// Asks whose token it is.
pub(crate) fn user() -> Request {
    Request::get("/user".into(), "the token's account".into(), Permission::PullRequests)
}

/// Asks for one pull request.
pub(crate) fn pull_request(repository: &Repository, number: u64) -> Request {
    let path = format!("/repos/{repository}/pulls/{number}");
    Request::get(path, format!("pull request {number}"), Permission::ReadPullRequests)
}

/// Asks for the open pull requests that come from a branch of somebody's repository.
pub(crate) fn pull_requests_from(repository: &Repository, owner: &str, branch: &str) -> Request {
    let path = format!("/repos/{repository}/pulls");
    let about = format!("pull requests of {repository}");
    Request::get(path, about, Permission::ReadPullRequests)
        .with("state", "open")
        .with("head", format!("{owner}:{branch}"))
        .listed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_hostile_branch_stays_one_value() {
        let fleet = Repository::new("octo/fleet").expect("it is one");
        let request = pull_requests_from(&fleet, "mallory", "x&state=all#é /..?%");
        assert_eq!(
            request.target(),
            "/repos/octo/fleet/pulls?state=open&head=mallory%3Ax%26state%3Dall%23%C3%A9%20%2F..%3F%25&per_page=30"
        );
        assert_eq!(check_run(&fleet, 7).target(), "/repos/octo/fleet/check-runs/7");
    }

    proptest! {
        #[test]
        fn what_is_escaped_is_read_back(text in any::<String>()) {
            let out = escaped(&text);
            prop_assert!(out.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)));
            prop_assert_eq!(unescaped(&out), Some(text));
        }

        #[test]
        fn nothing_is_too_strange_to_be_unescaped(text in any::<String>()) {
            let _ = unescaped(&text);
        }
    }
}
