//! What a change is compared with: what the command line says, else what the CI system does.

use super::CiArgs;
use crate::diff::states::{Named, StateError, state, states};
use crate::machine::Machine;
use forge::Change;

/// The digits of no commit, which GitLab says where there was none.
const NONE: &str = "0000000000000000000000000000000000000000";

/// What a change is compared with.
pub enum Base {
    /// A state of the flake.
    At {
        /// How people call it.
        name: String,
        /// The words for commands that take one: a commit, or what the command line says.
        words: String,
    },
    /// Nothing, for this reason.
    Nothing(String),
    /// A state that is not to be had, for this reason.
    Missing {
        /// Why not, with what helps.
        why: String,
        /// Whether the command line names it, and not the CI system.
        is_asked: bool,
    },
}

impl Base {
    /// Returns what the change is compared with.
    pub fn of(machine: &Machine, args: &CiArgs) -> Base {
        if args.no_base {
            return Base::Nothing("--no-base says so".into());
        }
        let flake = &args.judge.flake;
        if let Some(base) = &args.base {
            return found(state(machine, flake, base), base, base, true);
        }
        let env = &machine.env;
        if env.text("GITHUB_ACTIONS").as_deref() == Some("true") {
            return of_github(machine, flake);
        }
        if env.text("GITLAB_CI").as_deref() == Some("true") {
            return of_gitlab(machine, flake);
        }
        Base::Nothing("--base names none, and this is no job of GitHub Actions or GitLab".into())
    }

    /// Returns the words for commands that take it, if it is there.
    pub fn words(&self) -> Option<String> {
        match self {
            Base::At { words, .. } => Some(words.clone()),
            Base::Nothing(_) | Base::Missing { .. } => None,
        }
    }
}

fn found(state: Result<Named, StateError>, words: &str, name: &str, is_asked: bool) -> Base {
    match state {
        Ok(_) => Base::At {
            name: name.to_owned(),
            words: words.to_owned(),
        },
        Err(error) => Base::Missing {
            why: error.to_string(),
            is_asked,
        },
    }
}

fn of_github(machine: &Machine, flake: &str) -> Base {
    match Change::read(machine.env.as_ref(), machine.fs.as_ref()) {
        Ok(Change::Request { base, branch, head }) => {
            let name = if branch.is_empty() { "base" } else { &branch };
            // What is checked out by default is a trial merge, whose first parent is the newest commit of the branch.
            let second = state(machine, flake, "HEAD^2");
            let is_merge = matches!(&second, Ok(named) if rev(named).is_some_and(|rev| rev == head.as_str()))
                // A shallow clone has the merge alone; that its second parent is missing shows that it is one.
                || matches!(&second, Err(StateError::Shallow(_)));
            if is_merge {
                return found(state(machine, flake, "HEAD^1"), "HEAD^1", name, false);
            }
            met(machine, flake, base.as_str(), name)
        }
        Ok(Change::Push { before }) => after(machine, flake, before.as_str()),
        Ok(Change::NewBranch) => Base::Nothing("the branch was not there before".into()),
        Ok(Change::Nothing) => Base::Nothing("the event of this job is neither a pull request nor a push".into()),
        Err(error) => Base::Missing {
            why: error.to_string(),
            is_asked: false,
        },
    }
}

fn of_gitlab(machine: &Machine, flake: &str) -> Base {
    let commit = |name: &str| machine.env.text(name).filter(|sha| !sha.is_empty() && sha != NONE);
    if let Some(base) = commit("CI_MERGE_REQUEST_DIFF_BASE_SHA") {
        let branch = machine.env.text("CI_MERGE_REQUEST_TARGET_BRANCH_NAME");
        let name = branch.as_deref().unwrap_or("base");
        return found(state(machine, flake, &base), &base, name, false);
    }
    match commit("CI_COMMIT_BEFORE_SHA") {
        Some(before) => after(machine, flake, &before),
        None => Base::Nothing("GitLab names no commit before this one".into()),
    }
}

/// Returns the commit that a branch was at before a push.
fn after(machine: &Machine, flake: &str, before: &str) -> Base {
    found(
        state(machine, flake, before),
        before,
        "the commit before the push",
        false,
    )
}

/// Returns where the history of what is checked out left that of a commit; the commit itself where that cannot be told.
fn met(machine: &Machine, flake: &str, commit: &str, name: &str) -> Base {
    match states(machine, flake, &format!("{commit}..."), None) {
        Ok((named, _)) => {
            let words = rev(&named).unwrap_or(commit).to_owned();
            found(Ok(named), &words, name, false)
        }
        Err(StateError::NoMergeBase(..)) => found(state(machine, flake, commit), commit, name, false),
        Err(error) => found(Err(error), commit, name, false),
    }
}

fn rev(named: &Named) -> Option<&str> {
    named.asked.reference.input.attrs().str("rev").ok().flatten()
}
