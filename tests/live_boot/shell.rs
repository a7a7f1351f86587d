//! The host's end of `tests/boot/shell.sh`: a command is a line of base64, and so is its answer.

use std::io::{Error, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How long a command may take.
const COMMAND: Duration = Duration::from_secs(600);

/// A line to a shell in a guest.
pub struct Shell {
    stream: UnixStream,
    // What has come after the last whole line.
    rest: Vec<u8>,
}

impl Shell {
    /// Returns a shell at the other end of a stream.
    pub fn new(stream: UnixStream) -> Shell {
        Shell {
            stream,
            rest: Vec::new(),
        }
    }

    /// Waits for the line that says that the shell is there.
    pub fn wait_ready(&mut self, limit: Duration) -> Result<(), Error> {
        let deadline = Instant::now() + limit;
        while self.line(deadline)? != "ready" {}
        Ok(())
    }

    /// Runs commands and returns their exit code and output.
    pub fn run(&mut self, commands: &str) -> Result<(i32, String), Error> {
        self.send(commands);
        let line = self.line(Instant::now() + COMMAND)?;
        let answer = || {
            let (code, output) = line.split_once(' ').unwrap_or((&line, ""));
            let output = STANDARD.decode(output).ok()?;
            Some((code.parse().ok()?, String::from_utf8_lossy(&output).into_owned()))
        };
        answer().ok_or_else(|| Error::new(ErrorKind::InvalidData, format!("not an answer: {line}")))
    }

    /// Sends commands without waiting for an answer.
    pub fn send(&mut self, commands: &str) {
        let line = STANDARD.encode(commands) + "\n";
        self.stream
            .write_all(line.as_bytes())
            .expect("the line to the guest is open");
    }

    /// Returns the next line, or an error at the deadline.
    fn line(&mut self, deadline: Instant) -> Result<String, Error> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim().to_owned());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::new(ErrorKind::TimedOut, "nothing came until the deadline"));
            }
            self.stream.set_read_timeout(Some(left))?;
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(Error::new(ErrorKind::UnexpectedEof, "the machine ended")),
                Ok(count) => self.rest.extend_from_slice(&bytes[..count]),
                Err(fault) if fault.kind() == ErrorKind::WouldBlock => {}
                Err(fault) => return Err(fault),
            }
        }
    }
}
