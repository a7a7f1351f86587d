//! What a machine writes on its serial console: kept with a limit, handed on as it comes, and watched for a panic.

use diag::clean_line;
use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard};

/// Most bytes that are kept; the first ones go first.
pub const KEPT: usize = 4 << 20;
/// How much of a line is looked at.
const LINE: usize = 1024;
/// What a kernel says when it gives up (kernel/panic.c).
const PANIC: &str = "Kernel panic - not syncing";

/// Takes what comes, as it comes.
pub type Told = Box<dyn FnMut(&[u8]) + Send>;

/// A console, which outlives the machines that write on it one after the other. Clones are the same console.
#[derive(Clone)]
pub struct Console(Arc<Mutex<State>>);

struct State {
    kept: VecDeque<u8>,
    told: Option<Told>,
    /// The beginning of the line that is being written.
    line: Vec<u8>,
    panic: Option<String>,
}

impl Console {
    /// Returns an empty console that hands on what it is given.
    pub fn new(told: Option<Told>) -> Console {
        Console(Arc::new(Mutex::new(State {
            kept: VecDeque::new(),
            told,
            line: Vec::new(),
            panic: None,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever is told may have panicked; what is kept is as good as before.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Takes what a machine has written.
    pub fn feed(&self, bytes: &[u8]) {
        let mut state = self.state();
        let state = &mut *state;
        state.kept.extend(bytes);
        let over = state.kept.len().saturating_sub(KEPT);
        state.kept.drain(..over);
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            let room = LINE.saturating_sub(state.line.len());
            state.line.extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") {
                if state.panic.is_none() {
                    state.panic = panic_line(&state.line);
                }
                state.line.clear();
            }
        }
        if let Some(told) = &mut state.told {
            told(bytes);
        }
    }

    /// Returns the last bytes that were written, at most [`KEPT`].
    pub fn text(&self) -> Vec<u8> {
        self.state().kept.iter().copied().collect()
    }

    /// Returns the line with which the kernel has given up since the last start, harmless to print.
    pub fn panic(&self) -> Option<String> {
        self.state().panic.clone()
    }

    /// Says that a machine starts: what another one wrote before is no panic of it.
    pub fn start(&self) {
        let mut state = self.state();
        state.panic = None;
        state.line.clear();
    }

    /// Reads a machine's writing to its end, on a thread of its own.
    pub(super) fn listen(&self, mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<()> {
        let console = self.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 1 << 14];
            loop {
                match from.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(count) => console.feed(&buffer[..count]),
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    // A broken line has nothing more to read: the machine has ended.
                    Err(_) => break,
                }
            }
        })
    }
}

/// Returns a line if a kernel gives up with it; the time and the like may stand before.
fn panic_line(line: &[u8]) -> Option<String> {
    let line = String::from_utf8_lossy(line);
    let mut rest = line.trim();
    while let Some(inside) = rest.strip_prefix('[') {
        rest = inside.split_once(']')?.1.trim_start();
    }
    rest.starts_with(PANIC).then(|| clean_line(rest).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn a_panic_is_seen_wherever_the_pieces_end() {
        let text = "[    1.5] fine\r\n[    2.1][    T1] Kernel panic - not syncing: VFS\u{1b}[2J: no root\r\n[ 3.0] ---[ end\r\n";
        for cut in 0..text.len() {
            let console = Console::new(None);
            console.feed(&text.as_bytes()[..cut]);
            console.feed(&text.as_bytes()[cut..]);
            let expected = "Kernel panic - not syncing: VFS\u{241b}[2J: no root";
            assert_eq!(console.panic().as_deref(), Some(expected), "{cut}");
            console.start();
            assert_eq!(console.panic(), None);
        }
    }

    #[test]
    fn what_only_talks_of_a_panic_is_none() {
        let table = [
            "the docs say: Kernel panic - not syncing\n",
            "[ 1.0] systemd[1]: Kernel panic - not syncing\n",
            "Kernel panic",
            "[ unclosed Kernel panic - not syncing\n",
            "",
        ];
        for text in table {
            let console = Console::new(None);
            console.feed(text.as_bytes());
            assert_eq!(console.panic(), None, "{text}");
        }
    }

    #[test]
    fn only_the_end_is_kept_and_all_is_handed_on() {
        let (sender, told) = std::sync::mpsc::channel();
        let count = move |bytes: &[u8]| sender.send(bytes.len()).expect("the test listens");
        let console = Console::new(Some(Box::new(count)));
        let long = vec![b'x'; KEPT];
        console.listen(Cursor::new(b"begin".to_vec())).join().expect("it ends");
        console.feed(&long);
        console.feed(b"end");
        let text = console.text();
        assert_eq!(text.len(), KEPT);
        assert!(text.starts_with(b"xxx") && text.ends_with(b"xend"));
        assert_eq!(told.try_iter().sum::<usize>(), 5 + KEPT + 3);
    }
}
