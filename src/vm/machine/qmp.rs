//! QEMU's monitor (docs/interop/qmp-spec.txt): commands, answers and events, a line of JSON each.
//!
//! A guest that has broken out of its machine could say anything here: lines are bounded, and nothing is awaited for ever.

use diag::clean_line;
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;
use sys::Clock;

/// Longest line that is taken. The longest answer that is asked for is a list of snapshots.
const LINE: usize = 1 << 20;
/// Most events that wait to be looked at; the oldest go first.
const EVENTS: usize = 256;
/// Time for a look at what is there already.
const GLANCE: Duration = Duration::from_millis(1);

/// Something that QEMU tells without being asked.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// Its name, such as `SHUTDOWN`.
    pub name: String,
    /// What belongs to it.
    pub data: Value,
}

/// Why QEMU did not do as it was told.
#[derive(Debug, thiserror::Error)]
pub enum QmpError {
    /// It refused a command.
    #[error("QEMU refuses `{command}`: {why}")]
    Refused {
        /// The command.
        command: String,
        /// Its reason, harmless to print.
        why: String,
    },
    /// It did not answer in time.
    #[error("QEMU does not answer `{command}` within {} s", .limit.as_secs())]
    TimedOut {
        /// The command.
        command: String,
        /// How long was waited.
        limit: Duration,
    },
    /// What it said is no answer.
    #[error("QEMU's monitor said what nobody understands: {why}")]
    Nonsense {
        /// What is wrong with it.
        why: String,
    },
    /// The line is broken, which it is when QEMU has ended.
    #[error("the line to QEMU's monitor is broken: {0}")]
    Broken(#[from] std::io::Error),
}

/// A line to the monitor of a QEMU.
pub struct Qmp<'c> {
    stream: UnixStream,
    clock: &'c dyn Clock,
    /// What has come after the last whole line.
    rest: Vec<u8>,
    events: VecDeque<Event>,
}

/// One line of QEMU's.
enum Said {
    Answer(Result<Value, String>),
    Event(Event),
    Other,
}

impl<'c> Qmp<'c> {
    /// Returns the monitor at the other end of a stream, ready for commands.
    pub fn greet(stream: UnixStream, clock: &'c dyn Clock, limit: Duration) -> Result<Qmp<'c>, QmpError> {
        let mut qmp = Qmp {
            stream,
            clock,
            rest: Vec::new(),
            events: VecDeque::new(),
        };
        qmp.stream.set_write_timeout(Some(limit.max(GLANCE)))?;
        // The greeting needs no look: the answer to the first command says that it understands us.
        qmp.execute("qmp_capabilities", json!({}), limit)?;
        Ok(qmp)
    }

    /// Has a command executed and returns what it gives back.
    pub fn execute(&mut self, command: &str, arguments: Value, limit: Duration) -> Result<Value, QmpError> {
        let deadline = self.clock.monotonic() + limit;
        let line = json!({ "execute": command, "arguments": arguments }).to_string() + "\n";
        self.stream.write_all(line.as_bytes())?;
        loop {
            let line = self.line(deadline)?.ok_or_else(|| QmpError::TimedOut {
                command: command.to_owned(),
                limit,
            })?;
            match read(&line)? {
                Said::Answer(Ok(value)) => return Ok(value),
                Said::Answer(Err(why)) => {
                    return Err(QmpError::Refused {
                        command: command.to_owned(),
                        why,
                    });
                }
                Said::Event(event) => self.keep(event),
                Said::Other => {}
            }
        }
    }

    /// Has a command of QEMU's monitor for people executed, and returns what that prints.
    pub fn tell(&mut self, line: &str, limit: Duration) -> Result<String, QmpError> {
        let answer = self.execute("human-monitor-command", json!({ "command-line": line }), limit)?;
        match answer {
            Value::String(text) => Ok(text),
            _ => Err(QmpError::Nonsense {
                why: "a text was expected".into(),
            }),
        }
    }

    /// Returns the events since the last call, without waiting for any.
    pub fn events(&mut self) -> Result<Vec<Event>, QmpError> {
        loop {
            match self.line(self.clock.monotonic()) {
                Ok(Some(line)) => {
                    if let Said::Event(event) = read(&line)? {
                        self.keep(event);
                    }
                }
                Ok(None) => return Ok(self.events.drain(..).collect()),
                // What was told before the line broke still counts.
                Err(_) if !self.events.is_empty() => return Ok(self.events.drain(..).collect()),
                Err(error) => return Err(error),
            }
        }
    }

    fn keep(&mut self, event: Event) {
        if self.events.len() == EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Returns the next line, or `None` if none has come until the deadline.
    fn line(&mut self, deadline: Duration) -> Result<Option<Vec<u8>>, QmpError> {
        loop {
            if let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') {
                let rest = self.rest.split_off(end + 1);
                return Ok(Some(std::mem::replace(&mut self.rest, rest)));
            }
            if self.rest.len() > LINE {
                return Err(QmpError::Nonsense {
                    why: format!("a line is longer than {LINE} bytes"),
                });
            }
            let left = deadline.saturating_sub(self.clock.monotonic());
            self.stream.set_read_timeout(Some(left.max(GLANCE)))?;
            let mut buffer = [0; 1 << 14];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(std::io::Error::from(ErrorKind::UnexpectedEof).into()),
                Ok(count) => self.rest.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if self.clock.monotonic() >= deadline || sys::interrupted() {
                        return Ok(None);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Reads a line.
fn read(line: &[u8]) -> Result<Said, QmpError> {
    let mut said: Map<String, Value> = serde_json::from_slice(line).map_err(|error| QmpError::Nonsense {
        why: clean_line(&error.to_string()).into_owned(),
    })?;
    if let Some(value) = said.remove("return") {
        return Ok(Said::Answer(Ok(value)));
    }
    if let Some(error) = said.get("error") {
        let why = error["desc"].as_str().unwrap_or("no reason is given");
        return Ok(Said::Answer(Err(clean_line(why).into_owned())));
    }
    Ok(match said.remove("event") {
        Some(Value::String(name)) => Said::Event(Event {
            name,
            data: said.remove("data").unwrap_or(Value::Null),
        }),
        _ => Said::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sys::SystemClock;

    const LONG: Duration = Duration::from_secs(60);

    /// Says lines to a monitor's client and lets it work; what it was told comes back.
    fn with(said: Vec<u8>, work: impl FnOnce(&mut Qmp<'_>)) -> Vec<u8> {
        let (ours, mut theirs) = UnixStream::pair().expect("streams can be made");
        let other = std::thread::spawn(move || {
            // The client may have had enough before all is said.
            let _ = theirs
                .write_all(&said)
                .and_then(|()| theirs.shutdown(std::net::Shutdown::Write));
            let mut told = Vec::new();
            let _ = theirs.read_to_end(&mut told);
            told
        });
        let clock = SystemClock::new();
        let mut qmp = Qmp {
            stream: ours,
            clock: &clock,
            rest: Vec::new(),
            events: VecDeque::new(),
        };
        work(&mut qmp);
        drop(qmp);
        other.join().expect("the other end is well")
    }

    #[test]
    fn answers_events_and_refusals_are_told_apart() {
        let said = br#"{"QMP": {"version": {}}}
{"event": "RESUME", "timestamp": {}}
{"return": {"a": 1}}
{"error": {"class": "GenericError", "desc": "no\u001b such"}}
{"event": "SHUTDOWN", "data": {"reason": "guest-shutdown"}}
"#;
        let told = with(said.to_vec(), |qmp| {
            assert_eq!(
                qmp.execute("one", json!({"x": "\n"}), LONG).expect("it answers"),
                json!({"a": 1})
            );
            let refused = qmp.execute("two", json!({}), LONG).expect_err("it refuses").to_string();
            assert_eq!(refused, "QEMU refuses `two`: no\u{241b} such");
            let broken = qmp.execute("three", json!({}), LONG).expect_err("it is gone");
            assert!(matches!(broken, QmpError::Broken(_)), "{broken}");
            let names: Vec<_> = qmp
                .events()
                .expect("some came")
                .into_iter()
                .map(|event| event.name)
                .collect();
            assert_eq!(names, ["RESUME", "SHUTDOWN"]);
            assert!(qmp.events().is_err(), "it is gone");
        });
        assert_eq!(
            told.iter().filter(|&&byte| byte == b'\n').count(),
            3,
            "a command is a line"
        );
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        let deep = "[".repeat(100_000);
        let long = "x".repeat(LINE + (1 << 15));
        let table = [
            "nonsense\n",
            "[]\n",
            "\"text\"\n",
            "\u{0}\n",
            &deep,
            &long,
            &format!("{deep}\n"),
        ];
        for said in table {
            with(said.as_bytes().to_vec(), |qmp| {
                let error = qmp.execute("x", json!({}), LONG).expect_err("it is none");
                assert!(
                    matches!(error, QmpError::Nonsense { .. } | QmpError::Broken(_)),
                    "{error}"
                );
                assert!(error.to_string().len() < 200);
            });
        }
    }

    #[test]
    fn events_without_end_fill_no_memory() {
        let mut said = Vec::new();
        for _ in 0..EVENTS * 3 {
            said.extend_from_slice(b"{\"event\": \"X\"}\n");
        }
        said.extend_from_slice(b"{\"return\": \"\"}\n");
        with(said, |qmp| {
            assert_eq!(qmp.tell("info", LONG).expect("it answers"), "");
            assert_eq!(qmp.events().expect("some are kept").len(), EVENTS);
        });
    }

    #[test]
    fn a_monitor_that_is_silent_is_not_awaited_for_ever() {
        let (ours, _theirs) = UnixStream::pair().expect("streams can be made");
        let clock = SystemClock::new();
        let greeted = Qmp::greet(ours, &clock, Duration::from_millis(20));
        let error = greeted.map(|_| ()).expect_err("nobody answers").to_string();
        assert_eq!(error, "QEMU does not answer `qmp_capabilities` within 0 s");
    }
}
