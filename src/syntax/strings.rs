//! The contents of strings: escapes, line ends, and the indentation that indented strings lose.

use crate::chars::{line_end, spaces_end};

/// Returns the content of the text between quotes: escapes resolved, `\r` and `\r\n` made `\n`.
pub fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(n) = memchr::memchr2(b'\\', b'\r', rest) {
        out.extend_from_slice(&rest[..n]);
        match (rest[n], rest.get(n + 1)) {
            (b'\\', Some(&escaped)) => {
                out.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    other => other,
                });
                rest = &rest[n + 2..];
            }
            (b'\r', next) => {
                out.push(b'\n');
                rest = &rest[n + if next == Some(&b'\n') { 2 } else { 1 }..];
            }
            _ => {
                out.push(b'\\');
                rest = &rest[n + 1..];
            }
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Returns the text with `\r` and `\r\n` made `\n`.
pub fn plain_line_ends(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for (n, &byte) in text.iter().enumerate() {
        match byte {
            b'\r' if text.get(n + 1) == Some(&b'\n') => {}
            b'\r' => out.push(b'\n'),
            other => out.push(other),
        }
    }
    out
}

/// Part of an indented string, as it is measured and stripped.
#[derive(Clone, Copy)]
pub enum IndentedPart<'t, E> {
    /// Plain text, whose lines may lose indentation.
    Plain(&'t [u8]),
    /// What an escape stands for; never stripped.
    Escape(&'static [u8]),
    /// A single escaped byte, `''\x`.
    Byte(u8),
    /// An interpolation.
    Interpolated(E),
}

/// Returns what the text of an indented-string token stands for.
pub fn indented_part<'t, E>(token: &'t [u8]) -> IndentedPart<'t, E> {
    match token {
        b"''$" | b"$" => IndentedPart::Escape(b"$"),
        b"'''" => IndentedPart::Escape(b"''"),
        b"'" => IndentedPart::Escape(b"'"),
        [b'\'', b'\'', b'\\', escaped] => IndentedPart::Byte(match escaped {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            other => *other,
        }),
        plain => IndentedPart::Plain(plain),
    }
}

/// Returns how many spaces all lines share, lines of nothing but spaces aside.
pub fn indentation<'p, 't: 'p, E: 'p>(parts: impl Iterator<Item = &'p IndentedPart<'t, E>>) -> usize {
    let mut least = 1_000_000;
    let mut here = 0;
    let mut line_start = true;
    for part in parts {
        let IndentedPart::Plain(text) = part else {
            if line_start {
                line_start = false;
                least = least.min(here);
            }
            continue;
        };
        let mut at = 0;
        while at < text.len() {
            if line_start {
                let end = spaces_end(text, at);
                here += end - at;
                at = end;
                match text.get(at) {
                    None => break,
                    Some(b'\n') => here = 0,
                    Some(_) => {
                        line_start = false;
                        least = least.min(here);
                    }
                }
                at += 1;
            } else {
                let end = line_end(text, at);
                if end == text.len() {
                    break;
                }
                at = end + 1;
                line_start = true;
                here = 0;
            }
        }
    }
    least
}

/// Strips the indentation of the parts of one string, in order.
pub struct Stripper {
    indentation: usize,
    line_start: bool,
    /// Whether the line began after an escape, so that its indentation was not measured.
    by_escape: bool,
    /// How many spaces of the line were dropped in earlier parts.
    dropped: usize,
}

impl Stripper {
    /// Returns a stripper of so many spaces a line, at the start of a line.
    pub fn new(indentation: usize) -> Stripper {
        Stripper {
            indentation,
            line_start: true,
            by_escape: false,
            dropped: 0,
        }
    }

    /// Notes an interpolation, after which the line is no longer at its start.
    pub fn interpolated(&mut self) {
        self.line_start = false;
        self.dropped = 0;
    }

    /// Returns the text of a part without its indentation; in the string's last part, a last line of nothing but spaces is
    /// dropped too. `None` if that is not part of the text: then `out` holds it.
    pub fn strip<'t>(&mut self, text: &'t [u8], is_escape: bool, is_last: bool, out: &mut Vec<u8>) -> Option<&'t [u8]> {
        out.clear();
        // What stays and is not in `out` yet.
        let mut kept = 0..0;
        let mut at = 0;
        while at < text.len() {
            let end = line_end(text, at);
            let mut from = at;
            if self.line_start {
                from = self.first_kept(text, at, end);
                if end == text.len() && spaces_end(text, at) == end {
                    self.dropped += end - at;
                } else {
                    self.dropped = 0;
                    self.line_start = false;
                }
            }
            if end < text.len() {
                self.line_start = true;
                self.by_escape = is_escape;
            }
            if from != kept.end {
                out.extend_from_slice(&text[kept]);
                kept = from..from;
            }
            at = text.len().min(end + 1);
            kept.end = at;
        }
        if out.is_empty() {
            let content = &text[kept];
            return Some(&content[..if is_last { last_kept(content) } else { content.len() }]);
        }
        out.extend_from_slice(&text[kept]);
        if is_last {
            out.truncate(last_kept(out));
        }
        None
    }

    /// Returns where that of a line begins which stays; the line ends at `end`, or goes on in the next part.
    fn first_kept(&self, text: &[u8], at: usize, end: usize) -> usize {
        let due = self.indentation.saturating_sub(self.dropped);
        // Lines that were measured have as much, or nothing but spaces.
        let end = if self.by_escape { spaces_end(text, at) } else { end };
        end.min(at + due)
    }
}

/// Returns where a text ends without a last line of nothing but spaces.
fn last_kept(text: &[u8]) -> usize {
    let end = text.iter().rposition(|&byte| byte != b' ').map_or(0, |last| last + 1);
    if end > 0 && text[end - 1] == b'\n' {
        end
    } else {
        text.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_line_ends_are_resolved() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a\\nb\\tc\\rd", "a\nb\tc\rd"),
            ("\\\"\\\\\\$\\x", "\"\\$x"),
            ("a\r\nb\rc\nd\r\r\n", "a\nb\nc\nd\n\n"),
            ("\\\r\n", "\r\n"),
        ] {
            assert_eq!(
                String::from_utf8_lossy(&unescape(text.as_bytes())),
                expected,
                "{text:?}"
            );
        }
        assert_eq!(plain_line_ends(b"a\r\nb\rc\n"), b"a\nb\nc\n");
    }

    #[test]
    fn indentation_is_what_all_lines_share() {
        let stripped = |texts: &[&str]| {
            let parts: Vec<IndentedPart<'_, ()>> = texts.iter().map(|text| indented_part(text.as_bytes())).collect();
            let mut stripper = Stripper::new(indentation(parts.iter()));
            let (mut out, mut copied) = (Vec::new(), Vec::new());
            for (n, part) in parts.iter().enumerate() {
                let is_last = n + 1 == parts.len();
                let one;
                let (text, is_escape) = match part {
                    IndentedPart::Plain(text) => (*text, false),
                    IndentedPart::Escape(text) => (*text, true),
                    IndentedPart::Byte(byte) => {
                        one = [*byte];
                        (&one[..], true)
                    }
                    IndentedPart::Interpolated(()) => {
                        stripper.interpolated();
                        continue;
                    }
                };
                let content = stripper.strip(text, is_escape, is_last, &mut copied);
                out.extend_from_slice(content.unwrap_or(&copied));
            }
            String::from_utf8_lossy(&out).into_owned()
        };
        assert_eq!(stripped(&["  a\n    b\n  "]), "a\n  b\n");
        assert_eq!(stripped(&["  a\n\n   \n b"]), " a\n\n  \nb");
        assert_eq!(stripped(&["    a\n  ", "''$", "b"]), "  a\n$b");
        assert_eq!(stripped(&["\n\ta"]), "\n\ta");
        assert_eq!(stripped(&["  ", "'''", "  \n  "]), "''  \n");
        assert_eq!(stripped(&["  ", "''\\n", " a"]), "\na");
        assert_eq!(stripped(&["  a", "''\\n", " b\n  c"]), "a\nb\nc");
        assert_eq!(stripped(&["  one\n  two"]), "one\ntwo");
        assert_eq!(stripped(&["  one"]), "one");
        assert_eq!(stripped(&["  one\n      ", "''$", "  \n "]), "one\n    $  \n");
        assert_eq!(stripped(&["   "]), "");
    }
}
