//! The line to a machine that has no agent: a root shell of its own, which reads commands from a serial port and writes on it
//! what came of them.
//!
//! The shell is a unit that systemd gets by the kernel's command line (`unit.rs`), so that here, too, no byte of a generation
//! is changed. What a program writes comes as base64, and the end of it is told by a word that was made up for the call.

mod adopt;
mod loader;
mod unit;

pub use unit::parameters;

use crate::guest::{Call, Ended, GuestError};
use crate::link::{Stream, Tail, Until, Wait};
use agent::Reached;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use diag::clean_line;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long after its limit a program is ended in the machine.
const LATER: Duration = Duration::from_secs(3);
/// Most bytes of a program's output that are handed on.
const TOLD: u64 = 256 << 20;
/// Most bytes before the beginning of an answer, left over from calls that were given up.
const SKIPPED: u64 = 512 << 20;
/// Most bytes of the line that tells the end of a call.
const LINE: usize = 200;
/// Bytes of a file in one command.
const PIECE: usize = 32 << 10;

/// A line to a shell.
pub struct Shell {
    stream: Stream,
    /// What has come and was not looked at.
    come: Vec<u8>,
    calls: u64,
}

/// What is being read of an answer.
enum Part {
    /// What is left of earlier ones.
    Skipped,
    /// What the program writes.
    Output,
    /// The line that tells its end.
    End,
}

impl Shell {
    /// Returns a line over a stream that QEMU has at its other end.
    pub fn new(stream: UnixStream) -> Shell {
        Shell {
            stream: Stream::new(stream),
            come: Vec::new(),
            calls: 0,
        }
    }

    /// Waits until the shell answers, which is once systemd has begun to start units.
    pub fn up(&mut self, wait: &mut Wait<'_>) -> Result<(), GuestError> {
        let mut until = wait.begin("the start of the system");
        self.script(":", &mut until, &mut |_| {}).map(drop)
    }

    /// Runs a program to its end and hands on what it writes as it comes. At the deadline the program is ended.
    pub fn run(&mut self, call: &Call, wait: &mut Wait<'_>, told: &mut dyn FnMut(&[u8])) -> Result<Ended, GuestError> {
        let name = clean_line(call.argv.first().map_or("", String::as_str)).into_owned();
        // Later than here, so that it is always we who say that it took too long.
        let seconds = wait.limit.saturating_add(LATER).as_secs();
        let mut until = wait.begin(format!("'{name}'"));
        let mut output = Tail::default();
        let mut all = |bytes: &[u8]| {
            if output.all() < TOLD {
                told(bytes);
            }
            output.push(bytes);
        };
        // The program is ended in the machine; what still comes of it is skipped by the next call.
        let code = self.script(&command(call, seconds), &mut until, &mut all)?;
        let (output, truncated) = output.end();
        Ok(Ended {
            code,
            output,
            truncated,
        })
    }

    /// Returns the bytes of a file, of which there may be no more than `most`.
    pub fn read(&mut self, path: &str, most: u64, wait: &mut Wait<'_>) -> Result<Vec<u8>, GuestError> {
        let path = quoted(path);
        let script = format!(
            "[ -e {path} ] || {{ echo 'there is no such file'; exit 1; }}; head -c {} -- {path}",
            most.saturating_add(1)
        );
        let bytes = self.question(&script, most, wait)?;
        match bytes.len() as u64 > most {
            true => Err(refused(&format!("the file is larger than {most} bytes"))),
            false => Ok(bytes),
        }
    }

    /// Writes a file, and the folders above it.
    pub fn write(&mut self, path: &str, bytes: &[u8], executable: bool, wait: &mut Wait<'_>) -> Result<(), GuestError> {
        let folder = quoted(path.rsplit_once('/').map_or("", |(folder, _)| folder));
        let path = quoted(path);
        let mode = if executable { "755" } else { "644" };
        let begin = format!("mkdir -p -- {folder}/ && : > {path} && chmod {mode} -- {path}");
        self.question(&begin, 0, wait)?;
        for part in bytes.chunks(PIECE) {
            let script = format!("printf %s {} | base64 -d >> {path}", STANDARD.encode(part));
            self.question(&script, 0, wait)?;
        }
        Ok(())
    }

    /// Whether something in the guest listens on a TCP port of it.
    pub fn listens(&mut self, port: u16, wait: &mut Wait<'_>) -> Result<bool, GuestError> {
        let table = self.question("cat /proc/net/tcp /proc/net/tcp6 2>/dev/null", 8 << 20, wait)?;
        Ok(listens(&String::from_utf8_lossy(&table), port))
    }

    /// Returns whether an IPv4 address answers on the wire (ARP).
    pub fn reaches(&mut self, address: [u8; 4], wait: &mut Wait<'_>) -> Result<Reached, GuestError> {
        let [a, b, c, d] = address;
        let address = format!("{a}.{b}.{c}.{d}");
        // The datagram is for nobody; it makes the kernel look for the neighbour.
        let script = format!("(printf . > /dev/udp/{address}/9) 2>/dev/null || exit 3; sleep 2; cat /proc/net/arp");
        let mut until = wait.begin("the answer of a neighbour");
        let mut table = Tail::default();
        match self.script(&script, &mut until, &mut |bytes| table.push(bytes))? {
            0 => Ok(match neighbour(&String::from_utf8_lossy(&table.end().0), &address) {
                true => Reached::Yes,
                false => Reached::Silent,
            }),
            _ => Ok(Reached::NoRoute),
        }
    }
}

/// The parts of calls.
impl Shell {
    /// Runs commands that are ours, and returns what they write; if they fail, that is why.
    fn question(&mut self, script: &str, most: u64, wait: &mut Wait<'_>) -> Result<Vec<u8>, GuestError> {
        let mut until = wait.begin("an answer of the machine's shell");
        let mut bytes = Vec::new();
        // Room for a reason, where no bytes are wanted.
        let room = most.saturating_add(4 << 10);
        let code = self.script(script, &mut until, &mut |piece| {
            if (bytes.len() + piece.len()) as u64 <= room {
                bytes.extend(piece);
            }
        })?;
        match code {
            0 => Ok(bytes),
            _ => Err(refused(&String::from_utf8_lossy(&bytes))),
        }
    }

    /// Runs commands in a shell of their own, hands on what they write, and returns their exit code.
    fn script(
        &mut self,
        script: &str,
        until: &mut Until<'_, '_>,
        told: &mut dyn FnMut(&[u8]),
    ) -> Result<i32, GuestError> {
        // Not to be guessed by what runs in the machine before it is said there.
        self.calls = self.calls.wrapping_add(until.nonce() | 1);
        let word = word(self.calls);
        let script = STANDARD.encode(script);
        let line = format!(
            "printf '\\n%s\\n' {word}; bash -c \"$(printf %s {script} | base64 -d)\" </dev/null 2>&1 | base64 -w 0; \
             printf '\\n%s %s\\n' {word} \"${{PIPESTATUS[0]}}\"\n"
        );
        self.stream.send(line.as_bytes(), until)?;
        self.answer(&word, until, told)
    }

    /// Reads the answer that is known by a word, and returns the exit code.
    fn answer(
        &mut self,
        word: &str,
        until: &mut Until<'_, '_>,
        told: &mut dyn FnMut(&[u8]),
    ) -> Result<i32, GuestError> {
        let mut part = Part::Skipped;
        let mut skipped = 0u64;
        loop {
            match part {
                Part::Skipped => match take_line(&mut self.come) {
                    Some(line) if line == word.as_bytes() => {
                        part = Part::Output;
                        continue;
                    }
                    Some(line) => {
                        skipped += line.len() as u64 + 1;
                        continue;
                    }
                    // Of a line that does not end only the end can be a word.
                    None if self.come.len() > LINE => {
                        let over = self.come.len() - LINE;
                        skipped += over as u64;
                        self.come.drain(..over);
                    }
                    None => {}
                },
                Part::Output => {
                    let end = self.come.iter().position(|byte| *byte == b'\n');
                    let whole = end.unwrap_or(self.come.len() / 4 * 4);
                    let Ok(piece) = STANDARD.decode(&self.come[..whole]) else {
                        return Err(self.fault("what it sends is no output"));
                    };
                    if !piece.is_empty() {
                        told(&piece);
                    }
                    self.come.drain(..whole + usize::from(end.is_some()));
                    if end.is_some() {
                        part = Part::End;
                        continue;
                    }
                }
                Part::End => match take_line(&mut self.come) {
                    Some(line) => {
                        let line = String::from_utf8_lossy(&line).into_owned();
                        let code = line.strip_prefix(word).and_then(|rest| rest.trim().parse().ok());
                        return code.ok_or_else(|| self.fault("it does not say how a program ended"));
                    }
                    None if self.come.len() > LINE => return Err(self.fault("it does not say how a program ended")),
                    None => {}
                },
            }
            if skipped > SKIPPED {
                return Err(self.fault("it says more than it was asked"));
            }
            until.look()?;
            let come = &mut self.come;
            self.stream.receive(until, |bytes| come.extend(bytes))?;
        }
    }

    /// Returns the error of a shell that breaks the rules, to which nothing more is said.
    fn fault(&mut self, why: &str) -> GuestError {
        self.stream.fault(format!("its shell breaks the rules: {why}"))
    }
}

/// Returns the word by which the answer to a call is known.
fn word(call: u64) -> String {
    format!("cfgcheck:{call:016x}")
}

/// Takes the first whole line out of what has come, without its end.
fn take_line(come: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = come.iter().position(|byte| *byte == b'\n')?;
    let mut line: Vec<u8> = come.drain(..=end).collect();
    line.pop();
    Some(line)
}

/// Returns the commands that run a program for so many seconds.
fn command(call: &Call, seconds: u64) -> String {
    let mut words = vec![
        "exec".to_owned(),
        "timeout".into(),
        "-k".into(),
        "5".into(),
        seconds.to_string(),
    ];
    if let Some(user) = &call.user {
        // With the user's own groups and home, in a session of its own.
        words.extend(["setsid", "-w", "runuser", "-u"].map(str::to_owned));
        words.extend([quoted(user), "--".into()]);
    }
    words.push("env".into());
    words.extend(call.env.iter().map(|(name, value)| quoted(&format!("{name}={value}"))));
    words.extend(call.argv.iter().map(|word| quoted(word)));
    words.join(" ")
}

/// Returns a text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Whether a table of the kernel's (`/proc/net/tcp`) has a socket that listens on a port.
fn listens(table: &str, port: u16) -> bool {
    const LISTEN: &str = "0A";
    let end = format!(":{port:04X}");
    table.lines().any(|line| {
        let mut words = line.split_ascii_whitespace().skip(1);
        words.next().is_some_and(|local| local.ends_with(&end)) && words.nth(1) == Some(LISTEN)
    })
}

/// Whether the kernel's table of neighbours (`/proc/net/arp`) has one that answered.
fn neighbour(table: &str, address: &str) -> bool {
    table.lines().any(|line| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [at, _, flags, hardware, ..] = words.as_slice() else {
            return false;
        };
        *at == address && *flags != "0x0" && *hardware != "00:00:00:00:00:00"
    })
}

fn refused(why: &str) -> GuestError {
    GuestError::Refused {
        why: clean_line(why.trim()).chars().take(500).collect(),
    }
}

#[cfg(test)]
mod tests;
