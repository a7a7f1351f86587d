//! Standard output and standard error: the only place that writes to them.

use std::io::Write;

/// Writes to standard output. A reader that went away (`| head`) is a normal end.
pub fn say(text: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text).and_then(|()| out.flush());
}

/// Writes a line to standard error; a closed one loses it.
pub fn complain(text: &str) {
    let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// Writes a line of bytes to standard error; a closed one loses it.
pub fn complain_bytes(text: &[u8]) {
    let _ = std::io::stderr().write_all(&[text, b"\n"].concat());
}

/// Writes to standard error without an end of line, for progress.
pub fn hint(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}
