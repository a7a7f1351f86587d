//! Git as its user has set it up, for the way to repositories elsewhere: keys, helpers and proxies are theirs.
//!
//! What decides about a deployment is asked of a copy that believes nothing (`deploy::git`), and never of this one.

use crate::machine::Machine;
use forge::Token;
use std::path::PathBuf;
use std::time::Duration;
use sys::{Command, Exec, ExecError, Exit, Output, ProcessExec};

/// Longest time of one call.
const PATIENCE: Duration = Duration::from_secs(900);

/// Git could not do something.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// It cannot be run.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// Its own reason.
    #[error("git {verb}: {said}")]
    Said {
        /// What it was to do.
        verb: String,
        /// The first line that it said.
        said: String,
    },
}

/// Where Git is run.
pub enum Place {
    /// In a folder with a work tree, or one of its folders.
    Tree(PathBuf),
    /// In a repository without a work tree.
    Bare(PathBuf),
    /// In none: no repository that lies around us is asked.
    Nowhere,
}

/// Git, and whom it is for GitHub's own address.
pub struct Git<'g> {
    /// The machine.
    pub machine: &'g Machine,
    /// Where it is run.
    pub place: Place,
    /// The token for github.com; it is sent nowhere else.
    pub token: Option<Token>,
}

impl Git<'_> {
    /// Returns what Git prints, which has to succeed.
    pub fn done(&self, args: &[&str], stdin: &[u8]) -> Result<Vec<u8>, GitError> {
        let output = self.run(args, stdin)?;
        if output.success() {
            return Ok(output.stdout);
        }
        let text = String::from_utf8_lossy(&output.stderr);
        let said = match (output.exit, text.lines().find(|line| !line.trim().is_empty())) {
            (Exit::TimedOut, _) => format!("no end within {} s", PATIENCE.as_secs()),
            (_, Some(line)) => diag::clean_line(line.trim()).into_owned(),
            (_, None) => "it fails and says nothing".to_owned(),
        };
        let verb = args.first().copied().unwrap_or_default().to_owned();
        Err(GitError::Said { verb, said })
    }

    /// Returns the text that Git prints, which has to succeed, without white space around it.
    pub fn text(&self, args: &[&str]) -> Result<String, GitError> {
        let bytes = self.done(args, &[])?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    }

    /// Runs Git, whatever comes of it.
    pub fn run(&self, args: &[&str], stdin: &[u8]) -> Result<Output, GitError> {
        let mut command = Command::new("git").timeout(PATIENCE).stdin(stdin);
        command.env = self.machine.env.vars().into_iter().collect();
        command
            .env
            .retain(|(name, _)| name != "GIT_DIR" && name != "GIT_WORK_TREE");
        command = match &self.place {
            Place::Tree(folder) => command.arg("-C").arg(folder),
            Place::Bare(folder) => command.cwd("/").arg("--git-dir").arg(folder),
            Place::Nowhere => command.cwd("/"),
        };
        for setting in [
            "core.hooksPath=/dev/null",
            "gc.auto=0",
            "maintenance.auto=false",
            "core.fsync=all",
        ] {
            command = command.arg("-c").arg(setting);
        }
        command = command.args(args).env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
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
