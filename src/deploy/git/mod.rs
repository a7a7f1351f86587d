//! What Git knows of commits, asked of a copy that believes nothing but objects.
//!
//! A folder with a repository can lie in many ways: its settings name programs to run, replace refs, grafts and commit
//! graphs tell other parents than those that are signed, an object's file holds what another object is, alternate folders
//! lend objects of somebody else. So nothing is asked of that folder but its objects: `git fetch` brings them into a
//! repository of our own, in the folder of the run, and computes the name of each from its bytes. What is asked afterwards
//! is asked there, of settings that are all ours.

mod answer;
mod content;
mod history;

pub use answer::GitError;
pub use content::{Content, Landed};
pub use history::{History, MOST_COMMITS, Relation};

use crate::commit::Commit;
use answer::{code, said};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;
use sys::{Command, Exec, Exit, Fs, Mode, Output};

/// Longest time for one call of Git.
const PATIENCE: Duration = Duration::from_secs(300);

/// What Git is told for all repositories. The folder that is copied may belong to somebody else: nothing of it is believed.
const SETTINGS: &str = "[safe]
\tdirectory = *
[protocol]
\tallow = never
[protocol \"file\"]
\tallow = always
";

/// What is done in our repository: without programs, caches and work of its own accord.
const OPTIONS: [&str; 12] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.commitGraph=false",
    "core.multiPackIndex=false",
    "core.attributesFile=/dev/null",
    "core.alternateRefsCommand=",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "fetch.writeCommitGraph=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "log.showSignature=false",
];

/// Where Git is run.
#[derive(Clone, Copy)]
pub struct Place<'p> {
    /// Runs Git.
    pub exec: &'p dyn Exec,
    /// The disk that Git has.
    pub fs: &'p dyn Fs,
    /// Where Git and the programs that check signatures are looked for, as the variable `PATH` says it.
    pub path: &'p str,
    /// A folder that is ours alone and is gone after the run.
    pub folder: &'p Path,
}

impl Place<'_> {
    /// Returns a path in the folder.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Returns a call with nothing of its surroundings but where programs are.
    pub(crate) fn bare(&self, program: &str) -> Command {
        let home = OsString::from(self.folder);
        Command::new(program)
            .cwd(self.folder)
            .timeout(PATIENCE)
            .env("PATH", self.path)
            .env("HOME", home.clone())
            .env("XDG_CONFIG_HOME", home)
            .env("LC_ALL", "C")
            // Times without a zone in lists of signers.
            .env("TZ", "UTC0")
    }
}

/// A copy of what commits of a repository are made of.
pub struct Repository<'p> {
    place: Place<'p>,
    from: PathBuf,
    own: PathBuf,
}

impl<'p> Repository<'p> {
    /// Returns a copy of a commit of the repository in a folder, with all that it descends from.
    pub fn copy(place: Place<'p>, from: &Path, commit: &Commit) -> Result<Repository<'p>, GitError> {
        // Such a path is no address, whatever is in it.
        if !from.is_absolute() {
            return Err(GitError::Relative(from.to_path_buf()));
        }
        place
            .fs
            .write(&place.at("gitconfig"), SETTINGS.as_bytes(), Mode::Private)?;
        let repository = Repository {
            own: place.at("repository.git"),
            from: from.to_path_buf(),
            place,
        };
        let format = format!("--object-format={}", commit.format());
        said(repository.git(&["init", "--quiet", "--bare", "--template=", &format])?)?;
        match repository.bring(commit)? {
            true => Ok(repository),
            false => Err(GitError::Missing(commit.clone())),
        }
    }

    /// Brings another commit, with all that it descends from, and returns whether it is in the folder.
    pub fn bring(&self, commit: &Commit) -> Result<bool, GitError> {
        if self.has(commit)? {
            return Ok(true);
        }
        let to = format!("{0}:refs/copied/{0}", commit.as_str());
        let mut command = self.call(&[
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--update-shallow",
            "--",
        ]);
        command = command.arg(&self.from).arg(to);
        let output = self.place.exec.run(&command)?;
        if !output.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            return match text.contains("not our ref") {
                true => Ok(false),
                false => Err(GitError::of(&output)),
            };
        }
        let shallow = said(self.git(&["rev-parse", "--is-shallow-repository"])?)?;
        if shallow != "false" {
            return Err(GitError::Shallow);
        }
        // Of a tag the commit would be another one.
        match self.has(commit)? {
            true => Ok(true),
            false => Err(GitError::Missing(commit.clone())),
        }
    }

    /// Whether a commit is in our copy.
    fn has(&self, commit: &Commit) -> Result<bool, GitError> {
        let output = self.git(&["cat-file", "-t", commit.as_str()])?;
        Ok(output.success() && output.stdout == b"commit\n")
    }

    /// Whether the first commit is the second one or one that it descends from.
    pub fn is_ancestor(&self, ancestor: &Commit, of: &Commit) -> Result<bool, GitError> {
        let output = self.git(&["merge-base", "--is-ancestor", ancestor.as_str(), of.as_str()])?;
        match output.exit {
            Exit::Code(0) => Ok(true),
            Exit::Code(1) => Ok(false),
            _ => Err(GitError::of(&output)),
        }
    }

    /// Returns what Git says of the signature of a commit: its exit code, and the lines of the program that checks it. That
    /// program has to be one of the settings, which name no other.
    pub(crate) fn verify(&self, commit: &Commit, settings: &[String]) -> Result<(i32, String), GitError> {
        let mut command = self.bare();
        for setting in settings {
            command = command.arg("-c").arg(setting);
        }
        command = command.env("GNUPGHOME", OsString::from(self.place.at(crate::signature::KEYRING)));
        command = command.args(["verify-commit", "--raw", commit.as_str()]);
        let output = self.place.exec.run(&command)?;
        let code = code(&output)?;
        Ok((code, String::from_utf8_lossy(&output.stderr).into_owned()))
    }

    /// Returns a call of Git in our repository.
    fn bare(&self) -> Command {
        let mut command = self.place.bare("git");
        for (name, value) in [
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            // A folder that lacks objects would otherwise be let fetch them, by programs that it names.
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_ALLOW_PROTOCOL", "file"),
            ("GIT_PROTOCOL", "version=2"),
        ] {
            command = command.env(name, value);
        }
        command = command.env("GIT_CONFIG_GLOBAL", OsString::from(self.place.at("gitconfig")));
        command = command.arg("--git-dir").arg(&self.own);
        for option in OPTIONS {
            command = command.arg("-c").arg(option);
        }
        command
    }

    fn call(&self, args: &[&str]) -> Command {
        self.bare().args(args)
    }

    fn git(&self, args: &[&str]) -> Result<Output, GitError> {
        Ok(self.place.exec.run(&self.call(args))?)
    }
}

#[cfg(test)]
pub(crate) mod tests;
