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
/// flake, so that nothing in it steers the terminal, is a command to a CI system, or tells a secret.
pub fn complain(text: &str) {
    complain_bytes(commandless(&report::redact::text(text)).as_bytes());
}

/// Returns text in which GitHub's runner finds no commands: it reads them at the beginning of a line,
/// and those of an older form anywhere.
fn commandless(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| match line.trim_start().starts_with("::") {
            true => format!("| {line}"),
            false => line.replace("##[", "# #["),
        })
        .collect();
    lines.join("\n")
}

/// Writes a line that was made for a terminal, with colours, to standard error.
pub fn complain_styled(text: &str) {
    let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// Writes a line of an evaluation, as Nix would: only what steers the terminal is made visible.
pub fn complain_bytes(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let _ = std::io::stderr().write_all(format!("{}\n", diag::clean(&text)).as_bytes());
}

/// Writes to standard error without an end of line, for progress.
pub fn hint(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_no_commands() {
        let check = |text: &str, expected: &str| assert_eq!(commandless(text), expected);
        check("error: a::b", "error: a::b");
        check("error: x\n ::error::y", "error: x\n|  ::error::y");
        check("a ##[error]b", "a # #[error]b");
    }
}
