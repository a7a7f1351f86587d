//! The machine's own copy of its repository, which holds nothing but what was fetched.

use crate::git::{Git, GitError, Place};
use crate::machine::Machine;
use ::deploy::commit::Commit;
use ::deploy::pull::Remote;
use forge::Token;
use std::path::{Path, PathBuf};
use sys::FsError;

/// Where verdicts of a commit are kept in a repository: a commit of its own, with `HOST.json` for each host.
pub const VERDICTS: &str = "refs/cfgcheck/verdicts";

/// Something could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The disk's reason.
    #[error(transparent)]
    File(#[from] FsError),
    /// Git's reason.
    #[error("{url} cannot be fetched: {error}")]
    Git {
        /// Where from.
        url: String,
        /// What Git said.
        error: GitError,
    },
    /// There is no such branch.
    #[error("{url} has no branch `{branch}`")]
    NoBranch {
        /// Where from.
        url: String,
        /// The branch.
        branch: String,
    },
}

/// The machine's copy of its repository.
pub struct Copy<'c> {
    remote: &'c Remote,
    folder: PathBuf,
    /// In the copy.
    here: Git<'c>,
    /// Beside it, as it may not be there yet.
    elsewhere: Git<'c>,
}

impl<'c> Copy<'c> {
    /// Returns the copy in a folder, whether there is one yet or not. The token is for github.com.
    pub fn new(machine: &'c Machine, remote: &'c Remote, folder: &Path, token: Option<Token>) -> Copy<'c> {
        let git = |place| Git {
            machine,
            place,
            token: token.clone(),
        };
        Copy {
            remote,
            folder: folder.to_path_buf(),
            here: git(Place::Bare(folder.to_path_buf())),
            elsewhere: git(Place::Nowhere),
        }
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Brings a branch with its whole history, as `origin/BRANCH`, and returns its newest commit. A copy that cannot take it,
    /// as a power loss leaves one behind, is made anew.
    pub fn branch(&self, branch: &str) -> Result<Commit, FetchError> {
        let head = self.head(branch)?;
        let spec = format!("+refs/heads/{branch}:refs/remotes/origin/{branch}");
        let fs = &self.here.machine.fs;
        if fs.stat(&self.folder.join("HEAD"))?.is_some() && self.fetch(&spec).is_ok() {
            return Ok(head);
        }
        fs.remove_dir_all(&self.folder)?;
        fs.create_dir_all(&self.folder)?;
        let format = format!("--object-format={}", head.format());
        let made = self
            .here
            .done(&["init", "--quiet", "--bare", "--template=", &format], &[]);
        made.map_err(|error| self.failed(error))?;
        self.fetch(&spec)?;
        Ok(head)
    }

    /// Brings a reference under a name that is not used otherwise.
    pub fn reference(&self, name: &str) -> Result<(), FetchError> {
        self.fetch(&format!("+{name}:{}", brought(name)))
    }

    /// Returns the verdict of a host at a commit, if the repository has one.
    pub fn verdict(&self, commit: &Commit, host: &str) -> Result<Option<Vec<u8>>, FetchError> {
        let name = format!("{VERDICTS}/{}", commit.as_str());
        if self.listed(&name)?.is_none() {
            return Ok(None);
        }
        self.reference(&name)?;
        let file = format!("{}:{host}.json", brought(&name));
        let shown = self.here.run(&["cat-file", "blob", &file], &[]);
        let shown = shown.map_err(|error| self.failed(error))?;
        Ok(shown.success().then_some(shown.stdout))
    }

    /// Returns the newest commit of a branch, as the other side tells it.
    fn head(&self, branch: &str) -> Result<Commit, FetchError> {
        self.listed(&format!("refs/heads/{branch}"))?
            .ok_or_else(|| FetchError::NoBranch {
                url: diag::clean_line(&self.remote.url).into_owned(),
                branch: diag::clean_line(branch).into_owned(),
            })
    }

    /// Returns what a reference of the other side is, if there is one. Our copy has no say in it.
    fn listed(&self, name: &str) -> Result<Option<Commit>, FetchError> {
        let text = self.elsewhere.text(&["ls-remote", "--", &self.remote.url, name]);
        let text = text.map_err(|error| self.failed(error))?;
        let mut found = text.lines().filter_map(|line| line.split_once('\t'));
        let found = found.find(|(_, reference)| *reference == name);
        Ok(found.and_then(|(commit, _)| Commit::new(commit).ok()))
    }

    fn fetch(&self, spec: &str) -> Result<(), FetchError> {
        let args = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--",
        ];
        let fetched = self.here.done(&[&args[..], &[&self.remote.url, spec]].concat(), &[]);
        fetched.map(drop).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: GitError) -> FetchError {
        let url = diag::clean_line(&self.remote.url).into_owned();
        FetchError::Git { url, error }
    }
}

/// Returns where a reference of the other side is kept in the copy.
fn brought(name: &str) -> String {
    format!("refs/brought/{}", name.strip_prefix("refs/").unwrap_or(name))
}

#[cfg(test)]
mod tests;
