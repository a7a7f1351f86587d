//! The host's end of the line to a guest's agent: calls with deadlines. All that comes is hostile: nothing that the guest
//! says, or does not say, makes a call last longer than its limit or hold more than its bounds.

mod stream;
mod tail;
mod wait;

pub(crate) use stream::Stream;
pub(crate) use tail::Tail;
pub(crate) use wait::Until;
pub use wait::Wait;

use crate::guest::{Call, Ended, GuestError};
use agent::{Answer, Frame, Frames, Hello, PIECE, Reached, Request, Written};
use diag::clean_line;
use std::os::unix::net::UnixStream;
use std::time::Duration;
use stream::LOOK;

/// How often a guest that does not answer is called again: its agent may not be there yet.
const AGAIN: Duration = Duration::from_millis(500);
/// How long a guest may take to end a program, once it has to.
const END: Duration = Duration::from_secs(10);
/// Most bytes of a program's output that are handed on.
const TOLD: u64 = 256 << 20;
/// Most letters of what a guest says when it refuses.
const WORDS: usize = 500;

/// A line to an agent.
pub struct Link {
    stream: Stream,
    frames: Frames,
    call: u32,
}

impl Link {
    /// Returns a line over a stream that QEMU has at its other end.
    pub fn new(stream: UnixStream) -> Link {
        Link {
            stream: Stream::new(stream),
            frames: Frames::new(),
            call: 0,
        }
    }

    /// Returns who is at the other end, which may not be there yet. The first call on every line.
    pub fn hello(&mut self, wait: &mut Wait<'_>) -> Result<Hello, GuestError> {
        // Numbers that no earlier end of the line has used, as its answers may still come.
        let nonce = wait.clock.unix_time().as_nanos() as u64;
        if self.call == 0 {
            self.call = nonce as u32 >> 1;
        }
        let call = self.next();
        let mut until = wait.begin("the first answer of the machine's agent");
        loop {
            self.send(call, &Request::Hello { nonce }, &mut until)?;
            let again = until.now().saturating_add(AGAIN);
            while until.now() < again {
                match self.come(&mut until)? {
                    Some((_, Answer::Hello(hello))) if hello.nonce == nonce => return self.known(hello),
                    // To somebody before us.
                    Some(_) | None => {}
                }
            }
        }
    }

    /// Returns who is at the other end, once the system is there: stage 1 is over and systemd at work or, where the agent is
    /// the init, the disks are mounted. What goes wrong on the way is refused.
    pub fn up(&mut self, wait: &mut Wait<'_>) -> Result<Hello, GuestError> {
        let (limit, clock) = (wait.limit, wait.clock);
        let begun = clock.monotonic();
        loop {
            let left = limit.saturating_sub(clock.monotonic().saturating_sub(begun));
            let hello = self.hello(&mut Wait {
                clock,
                limit: left,
                silence: left,
                watch: &mut *wait.watch,
            });
            match hello {
                Ok(hello) if !hello.trouble.is_empty() => return Err(refusal(&hello.trouble)),
                Ok(hello) if hello.up => return Ok(hello),
                Ok(_) => clock.sleep(LOOK),
                Err(GuestError::TimedOut { .. }) => {
                    return Err(GuestError::TimedOut {
                        what: "the start of the system".into(),
                        limit,
                    });
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Runs a program to its end and hands on what it writes as it comes. At the deadline the program is ended.
    pub fn run(&mut self, call: &Call, wait: &mut Wait<'_>, told: &mut dyn FnMut(&[u8])) -> Result<Ended, GuestError> {
        let name = clean_line(call.argv.first().map_or("", String::as_str)).into_owned();
        let mut until = wait.begin(format!("'{name}'"));
        until.listen();
        let number = self.next();
        let request = Request::Run {
            argv: call.argv.clone(),
            env: call.env.clone(),
            user: call.user.clone(),
        };
        let mut output = Tail::default();
        let ended = self.send(number, &request, &mut until).and_then(|()| {
            self.output(number, &mut until, &mut |bytes| {
                if output.all() < TOLD {
                    told(bytes);
                }
                output.push(bytes);
            })
        });
        match ended {
            Ok(Answer::Ended { code }) => {
                let (output, truncated) = output.end();
                Ok(Ended {
                    code,
                    output,
                    truncated,
                })
            }
            Ok(other) => Err(self.unfit(&other)),
            Err(late @ GuestError::TimedOut { .. }) => {
                until.grant(END);
                // If the program cannot be ended either, the next call finds out; that it took too long is what is to be said.
                let end = self.send(number, &Request::Kill, &mut until);
                let _ = end.and_then(|()| self.output(number, &mut until, &mut |_| {}));
                Err(late)
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the bytes of a file, of which there may be no more than `most`.
    pub fn read(&mut self, path: &str, most: u64, wait: &mut Wait<'_>) -> Result<Vec<u8>, GuestError> {
        let mut until = wait.begin(format!("reading '{}'", clean_line(path)));
        let number = self.next();
        let path = path.to_owned();
        self.send(number, &Request::Read { path, most }, &mut until)?;
        let (mut bytes, mut over) = (Vec::new(), false);
        let last = self.output(number, &mut until, &mut |piece| {
            over |= (bytes.len() + piece.len()) as u64 > most;
            if !over {
                bytes.extend(piece);
            }
        })?;
        match last {
            Answer::Done if over => Err(self.fault(format!("it sends more than the {most} bytes it was asked for"))),
            Answer::Done => Ok(bytes),
            other => Err(self.unfit(&other)),
        }
    }

    /// Writes a file, and the folders above it.
    pub fn write(&mut self, path: &str, bytes: &[u8], executable: bool, wait: &mut Wait<'_>) -> Result<(), GuestError> {
        let mut until = wait.begin(format!("writing '{}'", clean_line(path)));
        // One part at least, as an empty file is one too.
        let (first, rest) = bytes.split_at(bytes.len().min(PIECE));
        let parts = std::iter::once(first).chain(rest.chunks(PIECE));
        for (at, part) in parts.enumerate() {
            let request = Request::Write {
                path: path.to_owned(),
                executable,
                more: at > 0,
                bytes: part.to_vec(),
            };
            match self.ask(&request, &mut until)? {
                Answer::Done => {}
                other => return Err(self.unfit(&other)),
            }
        }
        Ok(())
    }

    /// Whether something in the guest listens on a TCP port of it.
    pub fn listens(&mut self, port: u16, wait: &mut Wait<'_>) -> Result<bool, GuestError> {
        let mut until = wait.begin(format!("looking at port {port}"));
        match self.ask(&Request::Listens { port }, &mut until)? {
            Answer::Truth(truth) => Ok(truth),
            other => Err(self.unfit(&other)),
        }
    }

    /// Returns whether an IPv4 address answers on the wire (ARP).
    pub fn reaches(&mut self, address: [u8; 4], wait: &mut Wait<'_>) -> Result<Reached, GuestError> {
        let mut until = wait.begin("the answer of a neighbour");
        match self.ask(&Request::Reaches { address }, &mut until)? {
            Answer::Reached(reached) => Ok(reached),
            other => Err(self.unfit(&other)),
        }
    }

    /// Returns what the boot loader on the disks starts without being asked: the value of `init=`, and the file that says so.
    pub fn boot_default(&mut self, wait: &mut Wait<'_>) -> Result<(String, String), GuestError> {
        self.up(wait)?;
        let mut until = wait.begin("reading the boot loader's files");
        match self.ask(&Request::Default, &mut until)? {
            Answer::Default { init, from } => Ok((init, clean_line(&from).into_owned())),
            other => Err(self.unfit(&other)),
        }
    }

    /// Writes archives of store paths onto a disk of the guest, such as `vdb`, and returns where each lies.
    pub fn export(&mut self, device: &str, paths: &[String], wait: &mut Wait<'_>) -> Result<Vec<Written>, GuestError> {
        let mut until = wait.begin("writing the outputs");
        let request = Request::Export {
            device: device.to_owned(),
            paths: paths.to_vec(),
        };
        match self.ask(&request, &mut until)? {
            Answer::Exported(places) if places.len() == paths.len() => Ok(places),
            other => Err(self.unfit(&other)),
        }
    }

    /// Copies what is missing in the guest's store from the disk with a serial number, makes the system's Nix know of it, and
    /// returns how many paths that were.
    pub fn adopt(&mut self, serial: &str, wait: &mut Wait<'_>) -> Result<u32, GuestError> {
        let mut until = wait.begin("copying store paths in the machine");
        let serial = serial.to_owned();
        match self.ask(&Request::Adopt { serial }, &mut until)? {
            Answer::Adopted { paths } => Ok(paths),
            other => Err(self.unfit(&other)),
        }
    }

    /// Has the agent take connections of the guest and carry them over a port of their own.
    pub fn carry(&mut self, wait: &mut Wait<'_>) -> Result<(), GuestError> {
        let mut until = wait.begin("opening the way out of the machine");
        match self.ask(&Request::Carry, &mut until)? {
            Answer::Done => Ok(()),
            other => Err(self.unfit(&other)),
        }
    }

    /// Asks an agent that is the init of its guest to switch the machine off, which QEMU's end then tells.
    pub fn off(&mut self, wait: &mut Wait<'_>) -> Result<(), GuestError> {
        let mut until = wait.begin("switching the machine off");
        let number = self.next();
        self.send(number, &Request::Off, &mut until)
    }
}

/// The parts of calls.
impl Link {
    fn next(&mut self) -> u32 {
        self.call = self.call.wrapping_add(1);
        self.call
    }

    fn known(&mut self, hello: Hello) -> Result<Hello, GuestError> {
        if hello.version == agent::VERSION {
            return Ok(hello);
        }
        Err(self.fault(format!("it is of version {} and not {}", hello.version, agent::VERSION)))
    }

    /// Asks something that is answered at once.
    fn ask(&mut self, request: &Request, until: &mut Until<'_, '_>) -> Result<Answer, GuestError> {
        let number = self.next();
        self.send(number, request, until)?;
        self.output(number, until, &mut |_| {})
    }

    /// Returns the last answer to a call, and hands on the output before it.
    fn output(
        &mut self,
        number: u32,
        until: &mut Until<'_, '_>,
        told: &mut dyn FnMut(&[u8]),
    ) -> Result<Answer, GuestError> {
        loop {
            match self.come(until)? {
                // Of a call that was given up.
                Some((call, _)) if call != number => {}
                Some((_, Answer::Output(bytes))) => told(&bytes),
                Some((_, Answer::Runs)) => {}
                Some((_, Answer::Refused(why))) => return Err(refusal(&why)),
                Some((_, answer)) => return Ok(answer),
                None => {}
            }
        }
    }

    /// Returns the next answer, or `None` if there was none for a moment.
    fn come(&mut self, until: &mut Until<'_, '_>) -> Result<Option<(u32, Answer)>, GuestError> {
        self.stream.whole()?;
        until.look()?;
        match self.frames.take() {
            Ok(Some(Frame { call, bytes })) => {
                let answer = Answer::decode(&bytes).map_err(|error| self.fault(error.to_string()))?;
                return Ok(Some((call, answer)));
            }
            Ok(None) => {}
            Err(error) => return Err(self.fault(error.to_string())),
        }
        let (frames, mut came) = (&mut self.frames, false);
        self.stream.receive(until, |bytes| {
            frames.push(bytes);
            came = true;
        })?;
        if came {
            until.hear();
        }
        Ok(None)
    }

    /// Sends a request, which a guest that does not listen can hold up until the deadline only.
    fn send(&mut self, call: u32, request: &Request, until: &mut Until<'_, '_>) -> Result<(), GuestError> {
        let frame = Frame {
            call,
            bytes: request.encode(),
        };
        let bytes = frame
            .encode()
            .map_err(|error| GuestError::Refused { why: error.to_string() })?;
        self.stream.send(&bytes, until)
    }

    /// Returns the error of an agent that breaks the rules, to which nothing more is said.
    fn fault(&mut self, why: String) -> GuestError {
        self.stream.fault(why)
    }

    fn unfit(&mut self, answer: &Answer) -> GuestError {
        let kind = match answer {
            Answer::Hello(_) => "a greeting",
            Answer::Output(_) => "output",
            Answer::Runs => "that something runs",
            Answer::Ended { .. } => "the end of a program",
            Answer::Done => "that it is done",
            Answer::Truth(_) => "a truth",
            Answer::Reached(_) => "a neighbour",
            Answer::Default { .. } => "a default",
            Answer::Exported(_) => "places on a disk",
            Answer::Adopted { .. } => "adopted paths",
            Answer::Refused(_) => "a refusal",
        };
        self.fault(format!("it answers {kind} where that is no answer"))
    }
}

/// Returns what a guest refuses, made harmless.
fn refusal(why: &str) -> GuestError {
    GuestError::Refused {
        why: clean_line(why).chars().take(WORDS).collect(),
    }
}

#[cfg(test)]
mod tests;
