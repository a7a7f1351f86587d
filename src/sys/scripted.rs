//! Programs for tests: each call must be one that was announced.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::sync::Mutex;

use crate::exec::{Command, Exec, ExecError, Exit, Output};

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
}
