//! Running other programs beside this one: what is asked, and how a program that lives on is watched and ended.

use crate::exec::{Command, ExecError, Exit};
use std::io;
use std::time::Duration;

/// Starts programs that live on.
pub trait Spawn: Send + Sync {
    /// Returns a program that has started.
    ///
    /// Its standard input gets the command's bytes and then stays open, without an end, for as long as this process and
    /// the returned value live: a program that reads it learns that it is alone, however this process ended. The
    /// command's time limit does not count.
    fn spawn(&self, command: &Command) -> Result<Box<dyn Running>, ExecError>;
}

/// A program that runs beside this one. Dropped, it is killed with all of its process group.
pub trait Running: Send + Sync {
    /// Returns its process id, which is also that of its group.
    fn id(&self) -> u32;

    /// Returns how it ended, or `None` while it runs.
    fn poll(&mut self) -> io::Result<Option<Exit>>;

    /// Returns how it ended, or `None` if it still runs after this time.
    fn wait(&mut self, limit: Duration) -> io::Result<Option<Exit>>;

    /// Ends it and its process group at once, and waits for its end.
    fn kill(&mut self) -> io::Result<()>;

    /// Returns the last bytes that it wrote on its two outputs, at most the command's limit.
    fn said(&self) -> Vec<u8>;
}
