//! Running other programs: what is asked and what comes back.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// A program to run, said completely: nothing is inherited that is not written here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Command {
    /// A path, or a name that is looked up in the `PATH` of `env`.
    pub program: OsString,
    /// The arguments after the program's name.
    pub args: Vec<OsString>,
    /// The whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// The folder to run in; this process's one if none.
    pub cwd: Option<PathBuf>,
    /// What the program reads from its standard input, after which it sees the end.
    pub stdin: Vec<u8>,
    /// Time after which the program and its children are killed.
    pub timeout: Option<Duration>,
    /// Most bytes kept of each of its two outputs; the rest is read and dropped.
    pub output_limit: usize,
}

impl Command {
    /// Returns a call without arguments, environment, input or time limit, keeping 16 MiB of output.
    pub fn new(program: impl Into<OsString>) -> Command {
        Command {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            cwd: None,
            stdin: Vec::new(),
            timeout: None,
            output_limit: 16 << 20,
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Command {
        self.args.push(arg.as_ref().to_os_string());
        self
    }

    /// Adds arguments.
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Command {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_os_string()));
        self
    }

    /// Adds a variable.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Command {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Sets the folder to run in.
    pub fn cwd(mut self, folder: impl Into<PathBuf>) -> Command {
        self.cwd = Some(folder.into());
        self
    }

    /// Sets the standard input.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Command {
        self.stdin = bytes.into();
        self
    }

    /// Sets the time limit.
    pub fn timeout(mut self, limit: Duration) -> Command {
        self.timeout = Some(limit);
        self
    }
}

/// How a program ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Killed by us at its time limit.
    TimedOut,
}

/// What a program that ran left behind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// How it ended.
    pub exit: Exit,
    /// The start of its standard output, at most the limit.
    pub stdout: Vec<u8>,
    /// The start of its standard error, at most the limit.
    pub stderr: Vec<u8>,
    /// Whether output beyond the limit was dropped.
    pub truncated: bool,
}

impl Output {
    /// Whether it ended by itself with code 0.
    pub fn success(&self) -> bool {
        self.exit == Exit::Code(0)
    }
}

/// A program that could not be run at all. Its name is in each message.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// There is no such program.
    #[error("cannot run {program:?}: there is no such program")]
    NotFound {
        /// The program asked for.
        program: OsString,
    },
    /// It could not be started or waited for.
    #[error("cannot run {program:?}: {source}")]
    Failed {
        /// The program asked for.
        program: OsString,
        /// The system's reason.
        source: io::Error,
    },
}

/// What reads the output of a program as it comes.
pub type Taker<'t> = &'t mut dyn FnMut(&mut dyn io::Read);

/// Runs programs to their end.
pub trait Exec: Send + Sync {
    /// Runs a program and returns how it ended and what it said; a failing program is not an `Err`.
    fn run(&self, command: &Command) -> Result<Output, ExecError>;

    /// Runs a program and lets `take` read its standard output as it comes; all else is as in [`Exec::run`]. Output that
    /// is not read is dropped once `take` returns. Reading ends, as if the program had, at the time limit.
    ///
    /// What is returned has no standard output.
    fn stream(&self, command: &Command, take: Taker<'_>) -> Result<Output, ExecError> {
        let mut output = self.run(command)?;
        take(&mut std::mem::take(&mut output.stdout).as_slice());
        Ok(output)
    }
}
