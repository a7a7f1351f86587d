//! The two states of a flake that the command line names.

use crate::machine::Machine;
use crate::session::{self, Asked, SessionError};
use flake::git::{GitError, Oid, Repository, RevisionError, rev_of};
use std::path::Path;

/// The words for the files as they are.
const WORK_TREE: &str = "work tree";

/// A state of a flake, and the words for it.
pub struct Named {
    /// The flake.
    pub asked: Asked,
    /// How a person calls it.
    pub name: String,
}

/// Words on the command line that name no state of a flake.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A reference cannot be used.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A revision names no commit.
    #[error("{error}{}", help(.near))]
    Revision {
        /// Why not.
        error: RevisionError,
        /// A branch or tag that may be meant.
        near: Option<String>,
    },
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A revision of what has none.
    #[error(
        "'{0}' is a revision, and this flake is not in a Git repository of this machine\nhelp: name a whole flake instead, such as `path:/there` or `github:owner/repo/branch`"
    )]
    NoRepository(String),
    /// Two revisions whose histories never met.
    #[error("'{0}' and '{1}' have no commit in common")]
    NoMergeBase(String, String),
    /// A commit that a shallow clone lacks.
    #[error(
        "the commit of '{0}' is not in this shallow clone\nhelp: fetch it, as with `git fetch --unshallow`, or `fetch-depth: 0` of actions/checkout"
    )]
    Shallow(String),
    /// A whole flake with a fragment.
    #[error("`diff` takes whole flakes; use --host to choose from '{0}'")]
    Fragment(String),
}

fn help(name: &Option<String>) -> String {
    name.as_ref()
        .map_or_else(String::new, |name| format!("\nhelp: did you mean `{name}`?"))
}

/// Returns the two states that are compared: `base` and `head`, of the flake `flake` where they are
/// revisions. `A..B` and `A...B` in place of the base name both; `A...` is where the history of the
/// head left that of A.
pub fn states(machine: &Machine, flake: &str, base: &str, head: Option<&str>) -> Result<(Named, Named), StateError> {
    if is_reference(base) {
        let head = head.map_or_else(|| work_tree(machine, flake), |head| state(machine, flake, head));
        return Ok((state(machine, flake, base)?, head?));
    }
    let (base, other, merged) = match (base.split_once("..."), base.split_once("..")) {
        (Some((base, other)), _) => (base, other, true),
        (None, Some((base, other))) => (base, other, false),
        (None, None) => (base, "", false),
    };
    let base = if base.is_empty() { "HEAD" } else { base };
    let head = head.or(Some(other).filter(|other| !other.is_empty()));
    let named = head.map_or_else(|| work_tree(machine, flake), |head| state(machine, flake, head))?;
    if !merged {
        return Ok((state(machine, flake, base)?, named));
    }
    let asked = whole(machine, flake)?;
    let repository = repository(machine, &asked, base)?;
    let head = head.filter(|head| !is_reference(head)).unwrap_or("HEAD");
    let ours = revision(&repository, base)?;
    let theirs = revision(&repository, head)?;
    let met = repository
        .merge_base(&ours, &theirs)?
        .ok_or_else(|| StateError::NoMergeBase(base.to_owned(), head.to_owned()))?;
    Ok((at(asked, &met, format!("merge base of {base} and {head}")), named))
}

/// Whether words are a whole reference and no revision: no name of Git has a colon, or begins so.
fn is_reference(text: &str) -> bool {
    let is_path = text.starts_with(['.', '/', '~']) && !text.starts_with("..");
    text.contains(':') || is_path || text == ".." || text.starts_with("../")
}

/// Returns the state that words name: a whole flake, or a revision of `flake`.
pub fn state(machine: &Machine, flake: &str, text: &str) -> Result<Named, StateError> {
    if is_reference(text) {
        return Ok(Named {
            asked: whole(machine, text)?,
            name: text.to_owned(),
        });
    }
    let asked = whole(machine, flake)?;
    let id = revision(&repository(machine, &asked, text)?, text)?;
    Ok(at(asked, &id, text.to_owned()))
}

fn work_tree(machine: &Machine, flake: &str) -> Result<Named, StateError> {
    let asked = whole(machine, flake)?;
    let name = match asked.root.is_some() {
        true => WORK_TREE.to_owned(),
        false => flake.to_owned(),
    };
    Ok(Named { asked, name })
}

fn whole(machine: &Machine, text: &str) -> Result<Asked, StateError> {
    let asked = session::asked(machine, text)?;
    match asked.fragment.is_empty() {
        true => Ok(asked),
        false => Err(StateError::Fragment(text.to_owned())),
    }
}

fn repository(machine: &Machine, asked: &Asked, revision: &str) -> Result<Repository, StateError> {
    let is_git = asked.reference.input.attrs().str("type").ok().flatten() == Some("git");
    match asked.root.as_deref().filter(|_| is_git) {
        Some(root) => Ok(Repository::open(machine.fs.clone(), Path::new(root))?),
        None => Err(StateError::NoRepository(revision.to_owned())),
    }
}

fn revision(repository: &Repository, text: &str) -> Result<Oid, StateError> {
    let found = match named(repository, text) {
        Err(StateError::Revision {
            error: RevisionError::Unknown(_),
            near: None,
        }) if is_commit(text) && repository.is_shallow()? => return Err(StateError::Shallow(text.to_owned())),
        found => found?,
    };
    if !repository.objects().contains(&found)? && repository.is_shallow()? {
        return Err(StateError::Shallow(text.to_owned()));
    }
    Ok(found)
}

/// Whether words are all digits of a commit.
fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

fn named(repository: &Repository, text: &str) -> Result<Oid, StateError> {
    repository.revision(text).or_else(|error| {
        let names = match &error {
            RevisionError::Unknown(_) => repository.names()?,
            _ => Default::default(),
        };
        let near = yaml::nearest(text, names.iter().map(String::as_str)).map(str::to_owned);
        Err(StateError::Revision { error, near })
    })
}

fn at(mut asked: Asked, id: &Oid, name: String) -> Named {
    asked.reference.input.unset("ref");
    asked.reference.input.set("rev", rev_of(id).to_string());
    Named { asked, name }
}

#[cfg(test)]
mod tests {
    use super::is_reference;

    #[test]
    fn references_are_told_from_revisions() {
        for reference in [
            ".",
            "./x",
            "..",
            "../x",
            "/x",
            "~/x",
            "path:x",
            "github:o/r",
            "git+file:///x?rev=1",
        ] {
            assert!(is_reference(reference), "{reference}");
        }
        for revision in [
            "main",
            "HEAD~1",
            "feature/x",
            "v1.0",
            "3f2a1c9",
            "main...",
            "a..b",
            "..main",
        ] {
            assert!(!is_reference(revision), "{revision}");
        }
    }
}
