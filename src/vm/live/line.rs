//! Who speaks for a machine: our agent or, where there is none for its processor, a shell of its own.

use crate::guest::{Call, Ended, GuestError};
use crate::link::{Link, Wait};
use crate::shell::Shell;
use agent::Reached;

/// Who is to speak for a machine.
#[derive(Clone, Copy, Debug)]
pub enum Speaker<'s> {
    /// This agent, a program for the machine's processor.
    Agent(&'s [u8]),
    /// A shell of the machine's own, which needs systemd 256 or later in it.
    Shell,
}

/// The line to whoever speaks.
pub(super) enum Line {
    Agent(Link),
    Shell(Shell),
}

impl Line {
    /// Waits until the system is there.
    pub(super) fn up(&mut self, wait: &mut Wait<'_>) -> Result<(), GuestError> {
        match self {
            Line::Agent(link) => link.up(wait).map(drop),
            Line::Shell(shell) => shell.up(wait),
        }
    }

    pub(super) fn run(
        &mut self,
        call: &Call,
        wait: &mut Wait<'_>,
        told: &mut dyn FnMut(&[u8]),
    ) -> Result<Ended, GuestError> {
        match self {
            Line::Agent(link) => link.run(call, wait, told),
            Line::Shell(shell) => shell.run(call, wait, told),
        }
    }

    pub(super) fn read(&mut self, path: &str, most: u64, wait: &mut Wait<'_>) -> Result<Vec<u8>, GuestError> {
        match self {
            Line::Agent(link) => link.read(path, most, wait),
            Line::Shell(shell) => shell.read(path, most, wait),
        }
    }

    pub(super) fn write(
        &mut self,
        path: &str,
        bytes: &[u8],
        executable: bool,
        wait: &mut Wait<'_>,
    ) -> Result<(), GuestError> {
        match self {
            Line::Agent(link) => link.write(path, bytes, executable, wait),
            Line::Shell(shell) => shell.write(path, bytes, executable, wait),
        }
    }

    pub(super) fn listens(&mut self, port: u16, wait: &mut Wait<'_>) -> Result<bool, GuestError> {
        match self {
            Line::Agent(link) => link.listens(port, wait),
            Line::Shell(shell) => shell.listens(port, wait),
        }
    }

    pub(super) fn reaches(&mut self, address: [u8; 4], wait: &mut Wait<'_>) -> Result<Reached, GuestError> {
        match self {
            Line::Agent(link) => link.reaches(address, wait),
            Line::Shell(shell) => shell.reaches(address, wait),
        }
    }

    pub(super) fn adopt(&mut self, serial: &str, wait: &mut Wait<'_>) -> Result<u32, GuestError> {
        match self {
            Line::Agent(link) => link.adopt(serial, wait),
            Line::Shell(shell) => shell.adopt(serial, wait),
        }
    }

    /// Returns the value of `init=` and the file that says so: what the boot loader starts.
    pub(super) fn boot_default(&mut self, wait: &mut Wait<'_>) -> Result<(String, String), GuestError> {
        match self {
            Line::Agent(link) => link.boot_default(wait),
            Line::Shell(shell) => shell.boot_default(wait),
        }
    }

    /// Asks an agent that is the init of its guest to switch the machine off; a shell never is.
    pub(super) fn off(&mut self, wait: &mut Wait<'_>) -> Result<(), GuestError> {
        match self {
            Line::Agent(link) => link.off(wait),
            Line::Shell(_) => Err(GuestError::Host {
                why: "a shell is no init".into(),
            }),
        }
    }
}
