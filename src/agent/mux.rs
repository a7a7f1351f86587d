//! Many streams over one line: what both ends of the way out of a build machine speak.
//!
//! A frame is a stream's number, a kind, a length and bytes. A side may send as many bytes of a stream as the other has
//! granted, so that none fills the other's memory and a slow stream does not hold up the rest.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes of a stream that may be on their way or unread.
pub const WINDOW: usize = 256 << 10;
/// Most streams at once.
pub const STREAMS: usize = 64;
/// Bytes of a frame before its own.
const HEAD: usize = 9;
/// Most bytes of a frame.
const MOST: usize = crate::PIECE;

const OPEN: u8 = 1;
const DATA: u8 = 2;
const END: u8 = 3;
const RESET: u8 = 4;
const CREDIT: u8 = 5;

/// One end of a line with many streams.
pub struct Mux<W>(Arc<Shared<W>>);

impl<W> Clone for Mux<W> {
    fn clone(&self) -> Mux<W> {
        Mux(self.0.clone())
    }
}

struct Shared<W> {
    state: Mutex<State>,
    changed: Condvar,
    out: Mutex<W>,
}

#[derive(Default)]
struct State {
    streams: BTreeMap<u32, Half>,
    // Those that the other side has opened and nobody has taken yet.
    opened: VecDeque<u32>,
    next: u32,
    over: bool,
}

/// What is known of a stream.
#[derive(Default)]
struct Half {
    inbox: VecDeque<u8>,
    // The other side sends no more.
    ended: bool,
    // The other side does not know the stream any more.
    gone: bool,
    // How many bytes the other side takes.
    credit: usize,
    // How many bytes were read and not granted again.
    owed: usize,
}

/// A stream, which ends when it is dropped.
pub struct Stream<W: Write> {
    mux: Mux<W>,
    number: u32,
}

impl<W: Write> Mux<W> {
    /// Returns an end that writes there.
    pub fn new(out: W) -> Mux<W> {
        Mux(Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            out: Mutex::new(out),
        }))
    }

    /// Takes in what comes until the line ends or breaks the rules, which is then an error. It never waits for the other
    /// side to read.
    pub fn run(&self, mut line: impl Read) -> io::Result<()> {
        let ended = self.take_in(&mut line);
        let mut state = self.state();
        state.over = true;
        self.0.changed.notify_all();
        ended
    }

    fn take_in(&self, line: &mut impl Read) -> io::Result<()> {
        loop {
            let mut head = [0; HEAD];
            match line.read_exact(&mut head) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                read => read?,
            }
            let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
            let (number, kind, length) = (word(0), head[4], word(5) as usize);
            if length > MOST {
                return Err(fault("a frame is too long"));
            }
            let mut bytes = vec![0; length];
            line.read_exact(&mut bytes)?;
            self.come(number, kind, &bytes)?;
            self.0.changed.notify_all();
        }
    }

    fn come(&self, number: u32, kind: u8, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        if kind == OPEN {
            if state.streams.len() >= STREAMS || state.streams.contains_key(&number) {
                return Err(fault("a stream is opened that may not be"));
            }
            state.streams.insert(number, Half::new());
            state.opened.push_back(number);
            return Ok(());
        }
        // One that was dropped here may still be spoken of.
        let Some(half) = state.streams.get_mut(&number) else {
            return Ok(());
        };
        match kind {
            DATA if half.ended || half.gone || half.inbox.len() + half.owed + bytes.len() > WINDOW => {
                Err(fault("a stream has more than was granted"))
            }
            DATA => {
                half.inbox.extend(bytes);
                Ok(())
            }
            END => {
                half.ended = true;
                Ok(())
            }
            RESET => {
                half.gone = true;
                Ok(())
            }
            CREDIT => {
                let granted: [u8; 4] = bytes.try_into().map_err(|_| fault("a grant is none"))?;
                half.credit = half.credit.saturating_add(u32::from_le_bytes(granted) as usize);
                if half.credit > WINDOW {
                    return Err(fault("more is granted than there may be"));
                }
                Ok(())
            }
            _ => Err(fault("a frame is of no kind")),
        }
    }

    /// Opens a stream; none if there are too many already, or the line has ended.
    pub fn open(&self) -> Option<Stream<W>> {
        let mut state = self.state();
        if state.over || state.streams.len() >= STREAMS {
            return None;
        }
        let number = state.next;
        state.next = number.wrapping_add(1);
        state.streams.insert(number, Half::new());
        drop(state);
        let stream = Stream {
            mux: self.clone(),
            number,
        };
        self.send(number, OPEN, &[]).ok()?;
        Some(stream)
    }

    /// Waits until the other side opens a stream; none when the line has ended.
    pub fn accept(&self) -> Option<Stream<W>> {
        let mut state = self.state();
        loop {
            if let Some(number) = state.opened.pop_front() {
                return Some(Stream {
                    mux: self.clone(),
                    number,
                });
            }
            if state.over {
                return None;
            }
            state = self.wait(state);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, number: u32, kind: u8, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let mut frame = Vec::with_capacity(HEAD + bytes.len());
        frame.extend(number.to_le_bytes());
        frame.push(kind);
        frame.extend(length.to_le_bytes());
        frame.extend(bytes);
        let mut out = self.0.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(&frame)?;
        out.flush()
    }
}

impl Half {
    fn new() -> Half {
        Half {
            credit: WINDOW,
            ..Half::default()
        }
    }
}

impl<W: Write> Stream<W> {
    /// Reads what has come, and waits for it; 0 bytes are the end.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.mux.state();
        loop {
            let over = state.over;
            let Some(half) = state.streams.get_mut(&self.number) else {
                return Err(io::ErrorKind::ConnectionReset.into());
            };
            if !half.inbox.is_empty() {
                let count = buffer.len().min(half.inbox.len());
                for (place, byte) in buffer.iter_mut().zip(half.inbox.drain(..count)) {
                    *place = byte;
                }
                half.owed += count;
                // Not for each byte, as a grant is a frame.
                let granted = if half.owed >= WINDOW / 2 {
                    std::mem::take(&mut half.owed)
                } else {
                    0
                };
                drop(state);
                if granted > 0 {
                    let granted = u32::try_from(granted).map_err(io::Error::other)?;
                    self.mux.send(self.number, CREDIT, &granted.to_le_bytes())?;
                }
                return Ok(count);
            }
            if half.ended {
                return Ok(0);
            }
            if half.gone {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            if over {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            state = self.mux.wait(state);
        }
    }

    /// Writes all bytes, as the other side takes them.
    pub fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let mut state = self.mux.state();
            let count = loop {
                let over = state.over;
                match state.streams.get_mut(&self.number) {
                    Some(half) if !half.gone && !over => {
                        if half.credit > 0 {
                            let count = bytes.len().min(half.credit).min(MOST);
                            half.credit -= count;
                            break count;
                        }
                    }
                    _ => return Err(io::ErrorKind::BrokenPipe.into()),
                }
                state = self.mux.wait(state);
            };
            drop(state);
            self.mux.send(self.number, DATA, &bytes[..count])?;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    /// Says that nothing more is written.
    pub fn finish(&self) -> io::Result<()> {
        self.mux.send(self.number, END, &[])
    }
}

impl<W: Write> Drop for Stream<W> {
    fn drop(&mut self) {
        let half = self.mux.state().streams.remove(&self.number);
        // Where the line is gone there is nobody to tell.
        if half.is_some_and(|half| !half.gone) {
            let _ = self.mux.send(self.number, RESET, &[]);
        }
        self.mux.0.changed.notify_all();
    }
}

fn fault(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::os::unix::net::UnixStream;

    /// Returns two ends that talk to each other.
    fn ends() -> [Mux<UnixStream>; 2] {
        let (one, other) = UnixStream::pair().expect("a pair");
        [one, other].map(|line| {
            let mux = Mux::new(line.try_clone().expect("another handle"));
            let running = mux.clone();
            std::thread::spawn(move || running.run(line));
            mux
        })
    }

    fn all(stream: &Stream<UnixStream>) -> Vec<u8> {
        let (mut found, mut buffer) = (Vec::new(), [0; 5000]);
        loop {
            match stream.read(&mut buffer).expect("it is read") {
                0 => return found,
                count => found.extend(&buffer[..count]),
            }
        }
    }

    #[test]
    fn streams_go_both_ways_and_do_not_wait_for_each_other() {
        let [near, far] = ends();
        let stuck = near.open().expect("a stream");
        let stuck_far = far.accept().expect("it is opened");
        // Nobody reads it: no more than a window of it is on its way.
        stuck.write(&vec![7; WINDOW]).expect("it is granted");
        let stream = near.open().expect("a stream");
        let echo = std::thread::spawn(move || {
            let stream = far.accept().expect("it is opened");
            let bytes = all(&stream);
            stream.write(&bytes).expect("it is taken");
            stream.finish().expect("it ends");
        });
        let bytes: Vec<u8> = (0..3 * WINDOW).map(|at| (at % 251) as u8).collect();
        stream.write(&bytes).expect("it is taken");
        stream.finish().expect("it ends");
        assert!(all(&stream) == bytes);
        echo.join().expect("it echoes");
        drop(stuck);
        let mut buffer = vec![0; WINDOW];
        while stuck_far.read(&mut buffer).is_ok_and(|count| count > 0) {}
        assert!(stuck_far.write(b"x").is_err());
    }

    #[test]
    fn what_breaks_the_rules_ends_the_line() {
        let frame = |number: u32, kind: u8, bytes: &[u8]| {
            let length = (bytes.len() as u32).to_le_bytes();
            [&number.to_le_bytes()[..], &[kind], &length, bytes].concat()
        };
        let open = frame(9, OPEN, &[]);
        let piece = frame(9, DATA, &[0; MOST]);
        let many: Vec<u8> = (0..=STREAMS as u32)
            .flat_map(|number| frame(number, OPEN, &[]))
            .collect();
        for (said, is_lawful) in [
            (vec![], true),
            (open.clone(), true),
            ([&open[..], &piece.repeat(WINDOW / MOST)].concat(), true),
            (
                [&open[..], &piece.repeat(WINDOW / MOST), &frame(9, DATA, b"x")].concat(),
                false,
            ),
            ([&open[..], &open].concat(), false),
            (many, false),
            ([&open[..], &frame(9, CREDIT, &1_u32.to_le_bytes())].concat(), false),
            ([&open[..], &frame(9, CREDIT, b"x")].concat(), false),
            ([&open[..], &frame(9, END, &[]), &frame(9, DATA, b"x")].concat(), false),
            ([&open[..], &frame(9, 77, &[])].concat(), false),
            (frame(9, DATA, &[0; MOST + 1]), false),
            (frame(3, DATA, b"of nobody"), true),
            (open[..5].to_vec(), true),
        ] {
            let mux = Mux::new(Vec::new());
            assert_eq!(
                mux.run(&said[..]).is_ok(),
                is_lawful,
                "{:?}",
                &said[..said.len().min(30)]
            );
            assert!(mux.open().is_none(), "the line is over");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..200), kinds in prop::collection::vec((0..4_u32, 0..7_u8, 0..9_usize), 0..40)) {
            let mux = Mux::new(Vec::new());
            let _ = mux.run(&bytes[..]);
            let lawful: Vec<u8> = kinds.into_iter().flat_map(|(number, kind, length)| {
                [&number.to_le_bytes()[..], &[kind], &(length as u32).to_le_bytes(), &vec![1; length]].concat()
            }).collect();
            let _ = Mux::new(Vec::new()).run(&lawful[..]);
        }
    }
}
