//! The layout of toml11's error messages: title, file name, and underlined lines of the document.

use std::fmt::Write;
use std::ops::Range;

/// What is wrong with a document, and where.
#[derive(Debug)]
pub(super) struct Report {
    /// The first line.
    pub(super) title: String,
    /// Byte ranges of the document and what is said about them; ranges never span lines.
    pub(super) places: Vec<(Range<usize>, String)>,
    /// Whole lines at the end.
    pub(super) hint: &'static str,
}

impl Report {
    pub(super) fn new(title: impl Into<String>, place: Range<usize>, note: impl Into<String>) -> Report {
        Report {
            title: title.into(),
            places: vec![(place, note.into())],
            hint: "",
        }
    }

    pub(super) fn and(mut self, place: Range<usize>, note: &str) -> Report {
        self.places.push((place, note.to_owned()));
        self
    }

    pub(super) fn hint(mut self, hint: &'static str) -> Report {
        self.hint = hint;
        self
    }

    /// The message about a document with the given name; `text` ends with a newline.
    pub(super) fn layout(&self, name: &str, text: &[u8]) -> String {
        let lines: Vec<(usize, usize)> = self
            .places
            .iter()
            .map(|(place, _)| line_of(text, place.start))
            .collect();
        let width = lines
            .iter()
            .map(|(number, _)| number.to_string().len())
            .max()
            .unwrap_or(1);
        let margin = " ".repeat(width + 1);
        let mut out = format!("[error] {}\n --> {name}\n{margin} |\n", self.title);
        for (index, ((place, note), &(number, start))) in self.places.iter().zip(&lines).enumerate() {
            if index > 0 {
                let _ = write!(out, "{margin} | ...\n{margin} |\n");
            }
            let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |length| start + length);
            let line = &text[start..end];
            let column = place.start - start;
            if place.start >= text.len() {
                // The end of the document is on a line of its own, which toml11 shows as the last one once more.
                push_line(&mut out, width, number, line);
                let _ = writeln!(out, "{margin} | {}-- ", " ".repeat(line.len()));
                push_line(&mut out, width, number + 1, line);
                let _ = writeln!(out, "{margin} | {}-- {note}", "^".repeat(line.len() + 1));
                continue;
            }
            push_line(&mut out, width, number, line);
            // A newline that is pointed at lies behind the line.
            let length = place.len().min((line.len() + 1).saturating_sub(column).max(1));
            let length = if column < line.len() {
                length.min(line.len() - column)
            } else {
                length
            };
            let _ = writeln!(out, "{margin} | {}{}-- {note}", " ".repeat(column), "^".repeat(length));
        }
        out.push_str(self.hint);
        out
    }
}

/// The number of the line that a place is in, from 1, and where it starts. The end belongs to the last line.
fn line_of(text: &[u8], place: usize) -> (usize, usize) {
    let before = &text[..place.min(text.len().saturating_sub(1))];
    let number = 1 + memchr::memchr_iter(b'\n', before).count();
    (number, memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1))
}

/// Appends a line of the document; bytes that are not printable ASCII are spelled out.
fn push_line(out: &mut String, width: usize, number: usize, line: &[u8]) {
    let _ = write!(out, " {number:>width$} | ");
    for &byte in line {
        match byte {
            b'\t' => out.push_str("0x09(TAB)"),
            b'\r' => out.push_str("0x0d(CARRIAGE RETURN)"),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "0x{byte:02x}");
            }
        }
    }
    out.push('\n');
}
