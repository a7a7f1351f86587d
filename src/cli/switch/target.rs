//! The host that is deployed to: this machine, or one that SSH leads to.

use crate::exit;
use crate::machine::Machine;
use crate::stream::complain;
use serde::de::DeserializeOwned;
use std::ffi::OsString;
use std::io::Read;
use std::time::Duration;
use sys::{Command, Exec, Exit, Output, ProcessExec};

/// How long a question to a host may take.
const QUESTION: Duration = Duration::from_secs(600);
/// What SSH exits with when it has a fault of its own (ssh(1)).
const SSH_FAILED: i32 = 255;

/// The host that is deployed to.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where SSH leads to it; this machine if none.
    pub ssh: Option<String>,
    /// Whether root is somebody else there, whom `sudo` leads to.
    pub sudo: bool,
    /// Whether the home of the user is meant, and not the host's system.
    pub home: bool,
    /// Its cfgcheck.
    pub program: String,
    /// What stands before each line about it, where it is one of several hosts.
    pub label: Option<String>,
}

/// A host did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// It was not reached.
    #[error("{host} cannot be reached: {why}")]
    OutOfReach {
        /// The host.
        host: String,
        /// What SSH said.
        why: String,
    },
    /// It said no.
    #[error("{why}")]
    Refused {
        /// Its reason.
        why: String,
        /// Its exit code.
        code: u8,
    },
    /// Its answer cannot be read.
    #[error("{host} does not answer as cfgcheck does: {why}")]
    Answer {
        /// The host.
        host: String,
        /// What is wrong.
        why: String,
    },
}

impl TargetError {
    /// Returns the exit code of a command that ends with it.
    pub fn code(&self) -> u8 {
        match self {
            TargetError::Refused { code, .. } => *code,
            TargetError::OutOfReach { .. } | TargetError::Answer { .. } => exit::CANNOT_START,
        }
    }
}

/// Whether a connection that is open already may be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Connection {
    /// As the user's own configuration says.
    Any,
    /// A new one: it is what shows that the host is in reach.
    New,
}

impl Target {
    /// Returns the machine that this runs on, with this very program.
    pub fn this_machine(machine: &Machine) -> Target {
        let exe = machine.env.current_exe().ok();
        Target {
            ssh: None,
            sudo: false,
            home: false,
            program: exe.map_or("cfgcheck".to_owned(), |exe| exe.to_string_lossy().into_owned()),
            label: None,
        }
    }

    /// Returns how the host is called.
    pub fn name(&self) -> String {
        self.ssh.clone().unwrap_or_else(|| "this machine".into())
    }

    /// Tells something about it on standard error, in one line.
    pub fn tell(&self, line: &str) {
        match &self.label {
            None => complain(line),
            Some(label) => complain(&format!("{label}: {}", diag::clean_line(line))),
        }
    }

    /// Asks the host's engine something, and returns its answer.
    pub fn ask<T: DeserializeOwned>(&self, machine: &Machine, args: &[&str]) -> Result<T, TargetError> {
        let output = self.call(machine, args, Vec::new(), Connection::Any)?;
        serde_json::from_slice(&output).map_err(|error| self.answer(error))
    }

    /// Has the host's engine do something.
    pub fn call(
        &self,
        machine: &Machine,
        args: &[&str],
        stdin: Vec<u8>,
        connection: Connection,
    ) -> Result<Vec<u8>, TargetError> {
        let command = self.command(machine, args, connection).stdin(stdin).timeout(QUESTION);
        let output = ProcessExec
            .run(&command)
            .map_err(|error| self.out_of_reach(error.to_string()))?;
        self.judged(&output)?;
        Ok(output.stdout)
    }

    /// Lets `take` read what the host's engine writes as it comes, and returns its exit code.
    pub fn stream(
        &self,
        machine: &Machine,
        args: &[&str],
        limit: Duration,
        take: &mut dyn FnMut(&mut dyn Read),
    ) -> Result<i32, TargetError> {
        let command = self.command(machine, args, Connection::Any).timeout(limit);
        let output = ProcessExec
            .stream(&command, take)
            .map_err(|error| self.out_of_reach(error.to_string()))?;
        match output.exit {
            Exit::Code(SSH_FAILED) if self.ssh.is_some() => Err(self.out_of_reach(last_line(&output))),
            Exit::Code(code) => Ok(code),
            Exit::Signal(_) | Exit::TimedOut => Err(self.out_of_reach("the connection has ended".into())),
        }
    }

    fn judged(&self, output: &Output) -> Result<(), TargetError> {
        match output.exit {
            Exit::Code(0) => Ok(()),
            Exit::Code(SSH_FAILED) if self.ssh.is_some() => Err(self.out_of_reach(last_line(output))),
            Exit::Code(code) => {
                let why = last_line(output);
                let why = why.strip_prefix("error: ").unwrap_or(&why).to_owned();
                let why = if why.is_empty() {
                    format!("{} exits {code}", self.program)
                } else {
                    why
                };
                let code = u8::try_from(code).unwrap_or(exit::CANNOT_START);
                let known = [
                    exit::ROLLED_BACK,
                    exit::ROLLBACK_FAILED,
                    exit::REFUSED,
                    exit::REBOOT_PENDING,
                ];
                let code = if known.contains(&code) {
                    code
                } else {
                    exit::CANNOT_START
                };
                Err(TargetError::Refused { why, code })
            }
            Exit::Signal(_) | Exit::TimedOut => Err(self.out_of_reach("the connection has ended".into())),
        }
    }

    fn out_of_reach(&self, why: String) -> TargetError {
        let host = self.name();
        TargetError::OutOfReach { host, why }
    }

    pub(super) fn answer(&self, error: impl std::fmt::Display) -> TargetError {
        let (host, why) = (self.name(), error.to_string());
        TargetError::Answer { host, why }
    }

    /// Returns the program that asks the host's engine something. SSH is the user's own, with all that it is configured to do.
    fn command(&self, machine: &Machine, args: &[&str], connection: Connection) -> Command {
        let mut words: Vec<String> = Vec::new();
        if self.sudo {
            words.extend(["sudo", "--non-interactive", "--"].map(str::to_owned));
        }
        words.extend([self.program.clone(), "engine".to_owned()]);
        words.extend(self.home.then(|| "--home".to_owned()));
        words.extend(args.iter().map(|arg| (*arg).to_owned()));
        let mut command = match &self.ssh {
            None => {
                let mut command = Command::new(words.remove(0));
                command.args = words.into_iter().map(OsString::from).collect();
                command
            }
            Some(host) => {
                let mut ssh = Command::new("ssh").args(["-T", "-o", "ConnectTimeout=15"]);
                ssh = ssh.args(["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"]);
                if connection == Connection::New {
                    ssh = ssh.args(["-o", "ControlMaster=no", "-o", "ControlPath=none"]);
                }
                // One command, which the shell of the other side reads.
                let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
                ssh.args(["--", host]).arg(quoted.join(" "))
            }
        };
        command.env = machine.env.vars().into_iter().collect();
        command
    }
}

/// Returns a word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@=+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Returns the last line that a program complained with.
fn last_line(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
    diag::clean_line(last.unwrap_or("it says nothing")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_are_read_back_by_a_shell() {
        for (word, shown) in [
            ("observe", "observe"),
            ("/nix/store/a-b", "/nix/store/a-b"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$(reboot)", "'$(reboot)'"),
        ] {
            assert_eq!(quoted(word), shown);
        }
    }
}
