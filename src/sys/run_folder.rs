//! The folder of a run: all temporary files of it are in there, and it is gone with the run, however that ends.
//!
//! A lock that dies with the process tells a folder in use from one that a run left behind, which the next run removes.
//! Beside the run lives a janitor, who does that at once when the run is gone without a word.

use crate::exec::{Command, Exec, ExecError, Output, Taker};
use crate::guard::Guard;
use crate::random::random_token;
use crate::spawn::{Running, Spawn};
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How the names of these folders begin. A random token follows.
const PREFIX: &str = "cfgcheck-run-";
/// Letters of the token.
const TOKEN: usize = 12;
/// The lock in it.
const LOCK: &str = "lock";
/// The variable that each process of a run has, and that holds the run's token.
const MARK: &str = "CFGCHECK_RUN";
/// How often what is left of a run is looked for; a process may just have started another one.
const ROUNDS: u32 = 50;
/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// The folder of a run, which only its owner can enter. Dropped, it is removed, and what still runs of the run is ended.
pub struct RunFolder {
    path: PathBuf,
    token: String,
    /// Held as long as the run.
    _lock: File,
    janitor: Option<Box<dyn Running>>,
}

/// A folder of a run that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RunFolderError {
    /// The disk or its rights.
    #[error("cannot make a folder for the run in '{}': {source}", .parent.display().to_string().escape_debug())]
    Folder {
        /// Where it was to be.
        parent: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The janitor could not be started.
    #[error(transparent)]
    Janitor(#[from] ExecError),
}

impl RunFolder {
    /// Returns a new folder in another one (such as that for temporary files) with its janitor, after folders that dead
    /// runs left behind there are gone.
    pub fn create(parent: &Path, guard: &Guard, spawn: &dyn Spawn) -> Result<RunFolder, RunFolderError> {
        let failed = |source| RunFolderError::Folder {
            parent: parent.to_path_buf(),
            source,
        };
        sweep_stale(parent);
        let mut token = random_token().map_err(failed)?;
        // Sockets lie in it, whose paths may have 107 bytes (unix(7)), and caches lie deep.
        token.truncate(TOKEN);
        let path = parent.join(format!("{PREFIX}{token}"));
        DirBuilder::new().mode(0o700).create(&path).map_err(failed)?;
        let made = File::create_new(path.join(LOCK)).and_then(|lock| {
            flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
            Ok(lock)
        });
        let lock = made.map_err(|error| {
            // The first error is the one to tell.
            let _ = fs::remove_dir_all(&path);
            failed(error)
        })?;
        let mut folder = RunFolder {
            path,
            token,
            _lock: lock,
            janitor: None,
        };
        let janitor = guard.sweep(&folder.path, &folder.token).cwd("/");
        folder.janitor = Some(spawn.spawn(&janitor)?);
        Ok(folder)
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns a command with the mark of this run, by which its process is found when the run is gone.
    pub fn marked(&self, command: Command) -> Command {
        command.env(MARK, &self.token)
    }

    /// Returns a runner of programs that gives each the mark of this run.
    pub fn exec<'a>(&'a self, exec: &'a dyn Exec) -> Marked<'a> {
        Marked {
            exec,
            token: &self.token,
        }
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // What cannot be removed now is tried by the next run.
        let _ = sweep(&self.path, &self.token);
        self.janitor = None;
    }
}

/// Runs programs that are found, by the mark of a run, when the run is gone.
pub struct Marked<'a> {
    exec: &'a dyn Exec,
    token: &'a str,
}

impl Marked<'_> {
    fn marked(&self, command: &Command) -> Command {
        command.clone().env(MARK, self.token)
    }
}

impl Exec for Marked<'_> {
    fn run(&self, command: &Command) -> Result<Output, ExecError> {
        self.exec.run(&self.marked(command))
    }

    fn stream(&self, command: &Command, take: Taker<'_>) -> Result<Output, ExecError> {
        self.exec.stream(&self.marked(command), take)
    }
}

/// Waits for the end of the standard input, and then cleans up behind the run.
pub(crate) fn await_end_and_sweep(folder: &Path, token: &str) -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut buffer = [0; 64];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // An input that is broken has no other end.
            Err(_) => break,
        }
    }
    sweep(folder, token)
}

/// Ends all processes with a run's mark and removes the run's folder.
fn sweep(folder: &Path, token: &str) -> io::Result<()> {
    let mark = format!("{MARK}={token}").into_bytes();
    let mut removed = Ok(());
    for round in 0..ROUNDS {
        let ended = end_marked(&mark);
        removed = match fs::remove_dir_all(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
        if !ended && removed.is_ok() {
            break;
        }
        if round + 1 < ROUNDS {
            std::thread::sleep(PAUSE);
        }
    }
    removed
}

/// Ends all processes with a mark, and returns whether there was one.
fn end_marked(mark: &[u8]) -> bool {
    let mut any = false;
    // Where there is no /proc, nothing is found.
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok());
        let Some(pid) = pid
            .filter(|&pid| pid != std::process::id() as i32)
            .and_then(Pid::from_raw)
        else {
            continue;
        };
        // Another user's, or gone already.
        let Ok(environment) = fs::read(entry.path().join("environ")) else {
            continue;
        };
        if environment.split(|&byte| byte == 0).any(|variable| variable == mark) {
            any |= rustix::process::kill_process(pid, Signal::KILL).is_ok();
        }
    }
    any
}

/// Removes folders that dead runs of this user left behind; nobody waits for one that cannot be removed.
fn sweep_stale(parent: &Path) {
    let own = crate::user_number();
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(token) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
            continue;
        };
        let of_us = entry
            .path()
            .symlink_metadata()
            .is_ok_and(|data| data.is_dir() && data.uid() == own);
        if !of_us {
            continue;
        }
        // One without a lock is being made, or half removed.
        let Ok(lock) = File::open(entry.path().join(LOCK)) else {
            continue;
        };
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = sweep(&entry.path(), token);
        }
    }
}
