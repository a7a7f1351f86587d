//! What a call of Git comes to.

use crate::commit::Commit;
use std::path::PathBuf;
use sys::{ExecError, Exit, FsError, Output};

/// Most characters of what Git says that are told.
const MOST: usize = 300;

/// Why Git could not tell something.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The folder is named by a path that is no absolute one.
    #[error("'{}' is no absolute path", .0.display().to_string().escape_debug())]
    Relative(PathBuf),
    /// The repository has no such commit.
    #[error("the repository has no commit {}", .0.as_str())]
    Missing(Commit),
    /// The repository was cut off somewhere, so that nobody knows what comes before.
    #[error("the repository is shallow, so that what it lacks cannot be judged")]
    Shallow,
    /// More commits than are judged at once.
    #[error("there are more than {0} commits between what is deployed and what is to be")]
    TooMany(usize),
    /// Git cannot be run.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// The folder of the run cannot be written to.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// Git says something else than an answer.
    #[error("git says: {0}")]
    Said(String),
}

impl GitError {
    /// Returns the error that an output is.
    pub(crate) fn of(output: &Output) -> GitError {
        let text = String::from_utf8_lossy(&output.stderr);
        // What Git says first is the cause, such as of a chain of `fatal:`.
        let first = text.lines().find(|line| !line.trim().is_empty());
        let ended = match output.exit {
            Exit::Code(code) => format!("nothing, and ends with {code}"),
            Exit::Signal(signal) => format!("nothing, and is ended by signal {signal}"),
            Exit::TimedOut => "nothing within its time".into(),
        };
        let told = match (output.exit, first) {
            (Exit::Code(_), Some(line)) => diag::clean_line(line.trim()).into_owned(),
            _ => ended,
        };
        GitError::Said(told.chars().take(MOST).collect())
    }

    /// Returns what helps.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            GitError::Shallow => Some("bring the whole history: git fetch --unshallow"),
            GitError::TooMany(_) => Some("deploy a commit in between first"),
            GitError::Missing(_) => Some("bring it: git fetch"),
            GitError::Exec(ExecError::NotFound { .. }) => Some("install git, gpg and ssh-keygen"),
            _ => None,
        }
    }
}

/// Returns how a program ended by itself.
pub(crate) fn code(output: &Output) -> Result<i32, GitError> {
    match output.exit {
        Exit::Code(code) if !output.truncated => Ok(code),
        Exit::Code(_) => Err(GitError::Said("more than is read of it".into())),
        _ => Err(GitError::of(output)),
    }
}

/// Returns what Git says when it succeeds, without the line feed at its end.
pub(crate) fn said(output: Output) -> Result<String, GitError> {
    match code(&output)? {
        0 => match String::from_utf8(output.stdout) {
            Ok(text) => Ok(text.trim_end_matches('\n').to_owned()),
            Err(_) => Err(GitError::Said("something that is no text".into())),
        },
        _ => Err(GitError::of(&output)),
    }
}

/// Returns the commits of an answer, one a line.
pub(crate) fn commits(text: &str) -> Result<Vec<Commit>, GitError> {
    let commit = |line| Commit::new(line).map_err(|error| GitError::Said(error.to_string()));
    text.lines().map(commit).collect()
}
