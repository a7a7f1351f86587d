//! The machine's own copy of its repository, which holds nothing but what was fetched.

use crate::machine::Machine;
use ::deploy::commit::Commit;
use ::deploy::pull::Remote;
use forge::Token;
use std::path::{Path, PathBuf};
use std::time::Duration;
use sys::{Command, Exec, ExecError, Exit, Output, ProcessExec};

/// Longest time of one call of Git.
const PATIENCE: Duration = Duration::from_secs(900);

/// Where verdicts of a commit are kept in a repository: a commit of its own, with `HOST.json` for each host.
pub const VERDICTS: &str = "refs/cfgcheck/verdicts";

/// Something could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Git cannot be run.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// The disk's reason.
    #[error(transparent)]
    File(#[from] sys::FsError),
    /// Git's reason.
    #[error("{url}: {said}")]
    Git {
        /// Where from.
        url: String,
        /// What Git said.
        said: String,
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
    machine: &'c Machine,
    remote: &'c Remote,
    folder: PathBuf,
    /// The token for GitHub's own address, if there is one.
    token: Option<Token>,
}

impl<'c> Copy<'c> {
    /// Returns the copy in a folder, whether there is one yet or not. The token is for the address that the policy's name
    /// of a repository on GitHub means, and is sent nowhere else.
    pub fn new(machine: &'c Machine, remote: &'c Remote, folder: &Path, token: Option<Token>) -> Copy<'c> {
        let folder = folder.to_path_buf();
        Copy {
            machine,
            remote,
            folder,
            token,
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
        if self.machine.fs.stat(&self.folder.join("HEAD"))?.is_some() && self.fetch(&spec).is_ok() {
            return Ok(head);
        }
        self.machine.fs.remove_dir_all(&self.folder)?;
        self.machine.fs.create_dir_all(&self.folder)?;
        let format = format!("--object-format={}", head.format());
        self.done(&["init", "--quiet", "--bare", "--template=", &format])?;
        self.fetch(&spec)?;
        Ok(head)
    }

    /// Brings a reference under a name that is not used otherwise.
    pub fn reference(&self, name: &str) -> Result<(), FetchError> {
        let to = name.strip_prefix("refs/").unwrap_or(name);
        self.fetch(&format!("+{name}:refs/brought/{to}"))
    }

    /// Returns the verdict of a host at a commit, if the repository has one.
    pub fn verdict(&self, commit: &Commit, host: &str) -> Result<Option<Vec<u8>>, FetchError> {
        let name = format!("{VERDICTS}/{}", commit.as_str());
        let there = self.listed(&name)?;
        if there.stdout.is_empty() {
            return Ok(None);
        }
        self.reference(&name)?;
        let file = format!("refs/brought/cfgcheck/verdicts/{}:{host}.json", commit.as_str());
        let shown = self.git(&["cat-file", "blob", &file])?;
        Ok(shown.success().then_some(shown.stdout))
    }

    /// Returns the newest commit of a branch, as the other side tells it.
    fn head(&self, branch: &str) -> Result<Commit, FetchError> {
        let name = format!("refs/heads/{branch}");
        let output = self.listed(&name)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let found = text.lines().filter_map(|line| line.split_once('\t'));
        let mut found = found.filter(|(_, reference)| *reference == name);
        let commit = found.next().and_then(|(commit, _)| Commit::new(commit).ok());
        commit.ok_or_else(|| FetchError::NoBranch {
            url: diag::clean_line(&self.remote.url).into_owned(),
            branch: diag::clean_line(branch).into_owned(),
        })
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
        self.done(&[&args[..], &[&self.remote.url, spec]].concat()).map(drop)
    }

    /// Returns what the other side lists under a name. Our copy, which may not be there yet, has no say in it.
    fn listed(&self, name: &str) -> Result<Output, FetchError> {
        self.judged(self.call(&["ls-remote", "--", &self.remote.url, name], false)?)
    }

    /// Runs Git, which has to succeed.
    fn done(&self, args: &[&str]) -> Result<Output, FetchError> {
        self.judged(self.git(args)?)
    }

    fn judged(&self, output: Output) -> Result<Output, FetchError> {
        if output.success() {
            return Ok(output);
        }
        let text = String::from_utf8_lossy(&output.stderr);
        let said = match (output.exit, text.lines().find(|line| !line.trim().is_empty())) {
            (Exit::TimedOut, _) => format!("no end within {} s", PATIENCE.as_secs()),
            (_, Some(line)) => diag::clean_line(line.trim()).into_owned(),
            (_, None) => "git fails and says nothing".to_owned(),
        };
        let url = diag::clean_line(&self.remote.url).into_owned();
        Err(FetchError::Git { url, said })
    }

    fn git(&self, args: &[&str]) -> Result<Output, FetchError> {
        self.call(args, true)
    }

    /// Runs Git with the settings of the machine, as the way to the repository is the user's own: keys, helpers, proxies.
    fn call(&self, args: &[&str], in_copy: bool) -> Result<Output, FetchError> {
        // No repository that lies around us is asked.
        let mut command = Command::new("git").cwd("/").timeout(PATIENCE);
        if in_copy {
            command = command.arg("--git-dir").arg(&self.folder);
        }
        for setting in [
            "core.hooksPath=/dev/null",
            "gc.auto=0",
            "maintenance.auto=false",
            "core.fsync=all",
        ] {
            command = command.arg("-c").arg(setting);
        }
        command = command.args(args);
        command.env = self.machine.env.vars().into_iter().collect();
        command
            .env
            .retain(|(name, _)| name != "GIT_DIR" && name != "GIT_WORK_TREE");
        command = command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
        if let Some(token) = &self.token {
            // By the environment, as everybody sees the arguments of a process.
            command = command
                .env("GIT_CONFIG_COUNT", "1")
                .env("GIT_CONFIG_KEY_0", "http.https://github.com/.extraHeader")
                .env("GIT_CONFIG_VALUE_0", token.header_for_git());
        }
        Ok(ProcessExec.run(&command)?)
    }
}
