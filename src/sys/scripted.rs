//! Programs for tests: each call must be one that was announced.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::sync::Mutex;
use std::time::Duration;

use crate::exec::{Command, Exec, ExecError, Exit, Output};
use crate::spawn::{Running, Spawn};

/// Answers calls from a script and remembers them.
#[derive(Debug, Default)]
pub struct ScriptedExec {
    answers: Mutex<VecDeque<(OsString, Output)>>,
    calls: Mutex<Vec<Command>>,
}

impl ScriptedExec {
    /// Returns a runner that knows no program.
    pub fn new() -> ScriptedExec {
        ScriptedExec::default()
    }

    /// Announces the next call of `program` and what it says and how it ends.
    pub fn answer(self, program: impl Into<OsString>, code: i32, stdout: impl Into<Vec<u8>>) -> ScriptedExec {
        let output = Output {
            exit: Exit::Code(code),
            stdout: stdout.into(),
            stderr: Vec::new(),
            truncated: false,
        };
        self.answers
            .lock()
            .expect("no panic while holding the script")
            .push_back((program.into(), output));
        self
    }

    /// Returns all calls so far.
    pub fn calls(&self) -> Vec<Command> {
        self.calls.lock().expect("no panic while holding the calls").clone()
    }
}

impl Exec for ScriptedExec {
    fn run(&self, command: &Command) -> Result<Output, ExecError> {
        self.calls
            .lock()
            .expect("no panic while holding the calls")
            .push(command.clone());
        let mut answers = self.answers.lock().expect("no panic while holding the script");
        let place = answers.iter().position(|(program, _)| *program == command.program);
        let answer = place.and_then(|place| answers.remove(place));
        answer.map(|(_, output)| output).ok_or_else(|| ExecError::NotFound {
            program: command.program.clone(),
        })
    }
}

/// Programs for tests that live on: each runs until it is killed, or ends at once as was announced.
#[derive(Debug, Default)]
pub struct ScriptedSpawn {
    ends: Mutex<VecDeque<(i32, Vec<u8>)>>,
    calls: Mutex<Vec<Command>>,
}

impl ScriptedSpawn {
    /// Returns a starter whose programs all live on.
    pub fn new() -> ScriptedSpawn {
        ScriptedSpawn::default()
    }

    /// Announces that the next program ends at once, with what it says before.
    pub fn ends(self, code: i32, said: impl Into<Vec<u8>>) -> ScriptedSpawn {
        let mut ends = self.ends.lock().expect("no panic while holding the script");
        ends.push_back((code, said.into()));
        drop(ends);
        self
    }

    /// Returns all calls so far.
    pub fn calls(&self) -> Vec<Command> {
        self.calls.lock().expect("no panic while holding the calls").clone()
    }
}

impl Spawn for ScriptedSpawn {
    fn spawn(&self, command: &Command) -> Result<Box<dyn Running>, ExecError> {
        let mut calls = self.calls.lock().expect("no panic while holding the calls");
        calls.push(command.clone());
        let end = self.ends.lock().expect("no panic while holding the script").pop_front();
        let (exit, said) = end.map_or((None, Vec::new()), |(code, said)| (Some(Exit::Code(code)), said));
        Ok(Box::new(ScriptedRunning {
            id: u32::try_from(calls.len()).unwrap_or(u32::MAX),
            exit,
            said,
        }))
    }
}

/// A program that does nothing.
struct ScriptedRunning {
    id: u32,
    exit: Option<Exit>,
    said: Vec<u8>,
}

impl Running for ScriptedRunning {
    fn id(&self) -> u32 {
        self.id
    }

    fn poll(&mut self) -> io::Result<Option<Exit>> {
        Ok(self.exit)
    }

    fn wait(&mut self, _limit: Duration) -> io::Result<Option<Exit>> {
        Ok(self.exit)
    }

    fn kill(&mut self) -> io::Result<()> {
        self.exit.get_or_insert(Exit::Signal(9));
        Ok(())
    }

    fn said(&self) -> Vec<u8> {
        self.said.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_order_and_calls_are_kept() {
        let exec = ScriptedExec::new().answer("git", 0, "a").answer("git", 1, "b");
        let call = Command::new("git").arg("log");
        assert_eq!(exec.run(&call).unwrap().stdout, b"a");
        assert_eq!(exec.run(&call).unwrap().exit, Exit::Code(1));
        assert!(matches!(exec.run(&call), Err(ExecError::NotFound { .. })));
        assert_eq!(exec.calls(), vec![call.clone(), call.clone(), call]);
    }

    #[test]
    fn programs_live_until_they_are_killed_or_end_as_announced() {
        let spawn = ScriptedSpawn::new().ends(3, "no");
        let mut first = spawn.spawn(&Command::new("qemu")).unwrap();
        let mut second = spawn.spawn(&Command::new("other")).unwrap();
        assert_eq!(
            (first.poll().unwrap(), first.said()),
            (Some(Exit::Code(3)), b"no".to_vec())
        );
        assert_eq!(second.wait(Duration::ZERO).unwrap(), None);
        second.kill().unwrap();
        assert_eq!(second.poll().unwrap(), Some(Exit::Signal(9)));
        assert_eq!(spawn.calls().len(), 2);
    }
}
