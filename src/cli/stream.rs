//! Standard output and standard error: the only place that writes to them.

use std::io::Write;

/// Writes a short answer to standard output; a closed or full one loses it.
pub fn say(text: &[u8]) {
    let _ = write_out(text);
}

/// Writes to standard output. A reader that went away (`| head`) is a normal end.
pub fn write_out(text: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a line to standard error; a closed one loses it. What it quotes may come from a hostile
/// flake, so that nothing in it steers the terminal.
pub fn complain(text: &str) {
    let _ = std::io::stderr().write_all(format!("{}\n", diag::clean(text)).as_bytes());
}

/// Writes a line that was made for a terminal, with colours, to standard error.
pub fn complain_styled(text: &str) {
    let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// Writes a line of bytes to standard error as [`complain`] does.
pub fn complain_bytes(text: &[u8]) {
    complain(&String::from_utf8_lossy(text));
}

/// Writes to standard error without an end of line, for progress.
pub fn hint(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}
