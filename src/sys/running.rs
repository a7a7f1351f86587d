//! Real processes that live on, each in a process group of its own.

use crate::exec::{Command, ExecError, Exit};
use crate::process::{end_group, exit_of, failure, prepared};
use crate::spawn::{Running, Spawn};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Longest time between two looks at whether a process has ended.
const POLL: Duration = Duration::from_millis(20);
/// How long the last words of a process that has ended are awaited, as one that it left behind may hold the pipe open.
const DRAIN: Duration = Duration::from_millis(500);

/// Starts real processes.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessSpawn;

/// The end of what a process has said.
struct Said {
    bytes: VecDeque<u8>,
    limit: usize,
    /// Outputs that may still say something.
    open: u32,
}

/// A real process that lives on.
struct Process {
    child: Child,
    /// What tells the process that this one lives. It is written to once, by a thread that then hands it back.
    lifeline: Option<std::thread::JoinHandle<ChildStdin>>,
    said: Arc<Mutex<Said>>,
    ended: Option<Exit>,
}

/// Reads a pipe to its end on a thread of its own, and keeps the last bytes.
fn listen(mut pipe: impl Read + Send + 'static, said: &Arc<Mutex<Said>>) {
    let said = Arc::clone(said);
    std::thread::spawn(move || {
        let mut buffer = [0; 1 << 14];
        loop {
            match pipe.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    let mut said = said.lock().expect("no panic while holding output");
                    said.bytes.extend(&buffer[..count]);
                    let over = said.bytes.len().saturating_sub(said.limit);
                    said.bytes.drain(..over);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A broken pipe is the end of what there is to read.
                Err(_) => break,
            }
        }
        said.lock().expect("no panic while holding output").open -= 1;
    });
}

fn spawn(command: &Command) -> io::Result<Process> {
    let mut process = prepared(command);
    process
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = process.spawn()?;
    let mut input = child.stdin.take().expect("standard input is a pipe");
    let bytes = command.stdin.clone();
    let lifeline = std::thread::spawn(move || {
        // A program need not read its input: a closed pipe is no error of ours.
        let _ = input.write_all(&bytes);
        input
    });
    let said = Arc::new(Mutex::new(Said {
        bytes: VecDeque::new(),
        limit: command.output_limit,
        open: 2,
    }));
    listen(child.stdout.take().expect("standard output is a pipe"), &said);
    listen(child.stderr.take().expect("standard error is a pipe"), &said);
    Ok(Process {
        child,
        lifeline: Some(lifeline),
        said,
        ended: None,
    })
}

impl Spawn for ProcessSpawn {
    fn spawn(&self, command: &Command) -> Result<Box<dyn Running>, ExecError> {
        match spawn(command) {
            Ok(process) => Ok(Box::new(process)),
            Err(source) => Err(failure(command, source)),
        }
    }
}

impl Process {
    /// Waits until nothing more is said, which is soon after the end.
    fn drain(&self) {
        let deadline = Instant::now() + DRAIN;
        while self.said.lock().expect("no panic while holding output").open > 0 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Running for Process {
    fn id(&self) -> u32 {
        self.child.id()
    }

    fn poll(&mut self) -> io::Result<Option<Exit>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?.map(exit_of);
            if self.ended.is_some() {
                self.drain();
            }
        }
        Ok(self.ended)
    }

    fn wait(&mut self, limit: Duration) -> io::Result<Option<Exit>> {
        let deadline = Instant::now() + limit;
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(exit) = self.poll()? {
                return Ok(Some(exit));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || crate::interrupt::interrupted() {
                return Ok(None);
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(POLL);
        }
    }

    fn kill(&mut self) -> io::Result<()> {
        if self.ended.is_none() {
            // The id is not another's yet: it stays taken until the process has been waited for.
            end_group(&mut self.child);
            self.ended = Some(exit_of(self.child.wait()?));
            self.drain();
        }
        Ok(())
    }

    fn said(&self) -> Vec<u8> {
        let said = self.said.lock().expect("no panic while holding output");
        said.bytes.iter().copied().collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nobody is left to be told, and there is nothing else to try.
        let _ = self.kill();
        if let Some(lifeline) = self.lifeline.take() {
            // The thread ends, as the process no longer reads; if it broke, the pipe is closed already.
            drop(lifeline.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let path = "/usr/bin:/bin:/run/current-system/sw/bin";
        Command::new("sh").arg("-c").arg(script).env("PATH", path)
    }

    fn start(command: &Command) -> Box<dyn Running> {
        ProcessSpawn.spawn(command).expect("a shell starts")
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn its_end_and_its_last_words_are_told() {
        let mut command = shell("echo 0123456789; echo end >&2; exit 3");
        command.output_limit = 6;
        let mut process = start(&command);
        assert_eq!(process.wait(LONG).expect("it can be waited for"), Some(Exit::Code(3)));
        assert_eq!(process.poll().expect("it can be asked"), Some(Exit::Code(3)));
        assert_eq!(process.said().len(), 6);
        assert!(process.kill().is_ok(), "what has ended may be killed");
    }

    #[test]
    fn it_lives_until_it_is_killed_with_its_children() {
        let mut process = start(&shell("sleep 1000 & echo $!; sleep 1000"));
        while process.said().is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(process.poll().expect("it can be asked"), None);
        assert_eq!(process.wait(Duration::ZERO).expect("it can be asked"), None);
        process.kill().expect("it can be killed");
        assert_eq!(process.poll().expect("it can be asked"), Some(Exit::Signal(9)));
        let child = String::from_utf8(process.said()).expect("a number is text");
        // A zombie, which nobody may have waited for yet, has no command line.
        let line = std::path::Path::new("/proc").join(child.trim()).join("cmdline");
        let left = || std::fs::read(&line).unwrap_or_default();
        while !left().is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn its_input_has_no_end_while_somebody_holds_it() {
        let mut process = start(&shell("read line; echo $line; cat; echo closed").stdin("given\n"));
        while process.said() != b"given\n" {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(process.wait(Duration::from_millis(50)).expect("it can be asked"), None);
        drop(process);
    }

    #[test]
    fn a_missing_program_is_told() {
        let missing = ProcessSpawn.spawn(&Command::new("/no/such/program"));
        assert!(matches!(missing, Err(ExecError::NotFound { .. })));
    }
}
