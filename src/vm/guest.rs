//! A machine under test as the driver of scenarios sees it: what can be asked of it and done to it.

use crate::generation::Generation;
use std::time::Duration;

/// A program to run in a guest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The program and its arguments. A name without a slash is looked up in the guest's system path.
    pub argv: Vec<String>,
    /// Variables beside the guest's own `PATH`, `HOME` and `LANG`.
    pub env: Vec<(String, String)>,
    /// The user whose name the program runs under, with a session of its own; root if none.
    pub user: Option<String>,
}

impl Call {
    /// Returns a call of a program by root.
    pub fn new<A: Into<String>>(argv: impl IntoIterator<Item = A>) -> Call {
        Call {
            argv: argv.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            user: None,
        }
    }

    /// Returns a call of a shell that runs commands.
    pub fn shell(commands: impl Into<String>) -> Call {
        Call::new(["bash".to_owned(), "-c".to_owned(), commands.into()])
    }
}

/// How a program in a guest ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ended {
    /// Its exit code, or 128 and the number of the signal that ended it.
    pub code: i32,
    /// The last part of what it wrote on both of its outputs, as it came.
    pub output: Vec<u8>,
    /// Whether the beginning of the output was dropped.
    pub truncated: bool,
}

/// Where a machine is when it does not answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GuestError {
    /// Something took longer than it may. Whatever ran may still run.
    #[error("{what} took longer than {} s", .limit.as_secs())]
    TimedOut {
        /// What was awaited.
        what: String,
        /// The limit, scaled for the accelerator.
        limit: Duration,
    },
    /// Nothing in the machine speaks any more, though something is to be heard every few seconds.
    #[error("the machine has said nothing for {} s", .limit.as_secs())]
    Silent {
        /// How long, scaled for the accelerator.
        limit: Duration,
    },
    /// The machine is off, or QEMU ended.
    #[error("the machine is off: {why}")]
    Off {
        /// What is known of the reason, such as what QEMU said.
        why: String,
    },
    /// The kernel has panicked; the line of the console that says so.
    #[error("the kernel panics: {line}")]
    Panicked {
        /// The line.
        line: String,
    },
    /// The guest's end of the line broke its rules, or is gone while the machine runs.
    #[error("the agent in the machine does not answer as it should: {why}")]
    Agent {
        /// What it did.
        why: String,
    },
    /// The agent could not do what it was asked to, such as reading a file that is not there.
    #[error("{why}")]
    Refused {
        /// The guest's reason, made harmless to print.
        why: String,
    },
    /// This side failed: a program that is missing, a disk that is full.
    #[error("{why}")]
    Host {
        /// The reason.
        why: String,
    },
}

/// What a machine starts with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Start {
    /// This generation, as if the boot loader had been told to.
    Generation(Generation),
    /// What the boot loader on the disk starts without being asked.
    Default,
}

/// How a machine is brought down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Down {
    /// By its own service manager.
    Orderly,
    /// By pulling the plug: nothing is written any more.
    PowerLoss,
}

/// A machine under test.
///
/// Limits are those of a machine with KVM; an implementation multiplies them by the factor of its accelerator. What comes
/// from the guest is hostile: bytes are bounded, and nobody may believe more of it than a test needs.
pub trait Guest {
    /// Starts the machine, which is off, and waits until its agent answers; returns the generation that started.
    fn start(&mut self, start: &Start, limit: Duration) -> Result<Generation, GuestError>;

    /// Brings the machine down and waits until it is off.
    fn stop(&mut self, how: Down, limit: Duration) -> Result<(), GuestError>;

    /// Runs a program to its end and hands on what it writes as it comes.
    fn run(&mut self, call: &Call, limit: Duration, told: &mut dyn FnMut(&[u8])) -> Result<Ended, GuestError>;

    /// Returns the bytes of a file, of which there may be no more than `most`.
    fn read(&mut self, path: &str, most: u64) -> Result<Vec<u8>, GuestError>;

    /// Writes a file, and the folders above it.
    fn write(&mut self, path: &str, bytes: &[u8], executable: bool) -> Result<(), GuestError>;

    /// Whether something in the guest listens on a TCP port of it.
    fn listens(&mut self, port: u16) -> Result<bool, GuestError>;

    /// Whether the machine has a neighbour at an address: one that answers on the wire (ARP).
    fn reaches(&mut self, address: &str) -> Result<bool, GuestError>;

    /// Returns what the machine has written on its console since it was started first, at most the last mebibytes.
    fn console(&mut self) -> Vec<u8>;

    /// Returns a picture of the screen as PNG.
    fn screenshot(&mut self) -> Result<Vec<u8>, GuestError>;

    /// Plugs the network cable in or out.
    fn plug(&mut self, plugged: bool) -> Result<(), GuestError>;

    /// Lets time pass.
    fn pause(&mut self, time: Duration);

    /// Returns the time since some moment, for limits.
    fn now(&self) -> Duration;
}
