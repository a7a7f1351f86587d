//! The process's surroundings: arguments, variables, folders and whether a person is watching.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::path::PathBuf;

/// A standard stream of the process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stream {
    /// Standard input.
    In,
    /// Standard output: the report.
    Out,
    /// Standard error: progress.
    Err,
}

/// What a process was started with.
pub trait Env: Send + Sync {
    /// Returns the arguments, the program's name first.
    fn args(&self) -> Vec<OsString>;

    /// Returns the value of a variable, or `None` if it is not set.
    fn var(&self, name: &str) -> Option<OsString>;

    /// Returns all variables, sorted by name.
    fn vars(&self) -> BTreeMap<OsString, OsString>;

    /// Returns the current folder.
    fn current_dir(&self) -> io::Result<PathBuf>;

    /// Returns the user's home: `HOME` if it is set and absolute.
    fn home(&self) -> Option<PathBuf> {
        self.var("HOME").map(PathBuf::from).filter(|path| path.is_absolute())
    }

    /// Returns the folder for temporary files: `TMPDIR` if it is set and absolute, else `/tmp`.
    fn temp_dir(&self) -> PathBuf {
        self.var("TMPDIR")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .unwrap_or_else(|| "/tmp".into())
    }

    /// Returns the path of the running program itself.
    fn current_exe(&self) -> io::Result<PathBuf>;

    /// Whether a stream is a terminal.
    fn is_terminal(&self, stream: Stream) -> bool;

    /// Returns the width of the terminal behind a stream, in columns; `None` if it is no terminal.
    fn columns(&self, stream: Stream) -> Option<usize>;

    /// Returns a variable's value if it is set, not empty and UTF-8.
    fn text(&self, name: &str) -> Option<String> {
        self.var(name)
            .and_then(|value| value.into_string().ok())
            .filter(|value| !value.is_empty())
    }
}

/// The real surroundings of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessEnv;

impl Env for ProcessEnv {
    fn args(&self) -> Vec<OsString> {
        std::env::args_os().collect()
    }

    fn var(&self, name: &str) -> Option<OsString> {
        // The standard library panics on names with `=` or NUL, which no variable can have.
        let possible = !name.is_empty() && !name.contains(['=', '\0']);
        possible.then(|| std::env::var_os(name)).flatten()
    }

    fn vars(&self) -> BTreeMap<OsString, OsString> {
        std::env::vars_os().collect()
    }

    fn current_dir(&self) -> io::Result<PathBuf> {
        std::env::current_dir()
    }

    fn current_exe(&self) -> io::Result<PathBuf> {
        std::env::current_exe()
    }

    fn is_terminal(&self, stream: Stream) -> bool {
        match stream {
            Stream::In => io::stdin().is_terminal(),
            Stream::Out => io::stdout().is_terminal(),
            Stream::Err => io::stderr().is_terminal(),
        }
    }

    fn columns(&self, stream: Stream) -> Option<usize> {
        let size = match stream {
            Stream::In => rustix::termios::tcgetwinsize(io::stdin()),
            Stream::Out => rustix::termios::tcgetwinsize(io::stdout()),
            Stream::Err => rustix::termios::tcgetwinsize(io::stderr()),
        };
        size.ok()
            .map(|size| usize::from(size.ws_col))
            .filter(|&columns| columns > 0)
    }
}

/// Returns the number of the user whom this process works for (geteuid(2)).
pub fn user_number() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Surroundings for tests, all given.
#[derive(Clone, Debug, Default)]
pub struct FixedEnv {
    /// The arguments, the program's name first.
    pub args: Vec<OsString>,
    /// The variables.
    pub vars: BTreeMap<OsString, OsString>,
    /// The current folder.
    pub current_dir: PathBuf,
    /// Width of each stream that is a terminal, in columns.
    pub terminals: BTreeMap<Stream, usize>,
}

impl FixedEnv {
    /// Returns surroundings with this current folder and nothing else.
    pub fn at(current_dir: impl Into<PathBuf>) -> FixedEnv {
        FixedEnv {
            current_dir: current_dir.into(),
            ..FixedEnv::default()
        }
    }

    /// Adds a variable.
    pub fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> FixedEnv {
        self.vars.insert(name.into(), value.into());
        self
    }
}

impl Env for FixedEnv {
    fn args(&self) -> Vec<OsString> {
        self.args.clone()
    }

    fn var(&self, name: &str) -> Option<OsString> {
        self.vars.get(OsStr::new(name)).cloned()
    }

    fn vars(&self) -> BTreeMap<OsString, OsString> {
        self.vars.clone()
    }

    fn current_dir(&self) -> io::Result<PathBuf> {
        Ok(self.current_dir.clone())
    }

    fn current_exe(&self) -> io::Result<PathBuf> {
        self.args
            .first()
            .map(PathBuf::from)
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn is_terminal(&self, stream: Stream) -> bool {
        self.terminals.contains_key(&stream)
    }

    fn columns(&self, stream: Stream) -> Option<usize> {
        self.terminals.get(&stream).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_from_absolute_variables_only() {
        let env = FixedEnv::at("/w")
            .with("HOME", "/home/u")
            .with("TMPDIR", "relative")
            .with("EMPTY", "");
        assert_eq!(env.home(), Some("/home/u".into()));
        assert_eq!(env.temp_dir(), PathBuf::from("/tmp"));
        assert_eq!(
            (env.text("HOME"), env.text("EMPTY"), env.text("NONE")),
            (Some("/home/u".into()), None, None)
        );
        assert_eq!(FixedEnv::at("/w").with("HOME", "x").home(), None);
    }

    #[test]
    fn impossible_names_are_unset() {
        for name in ["", "=", "a=b", "a\0b"] {
            assert_eq!(ProcessEnv.var(name), None, "{name:?}");
        }
        assert!(ProcessEnv.current_dir().is_ok());
    }
}
