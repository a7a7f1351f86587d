//! Text of others in HTML, so that it is shown and does nothing.

use diag::clean;

use crate::redact::gutter;
use crate::text::fit;

/// Returns text for an element or for an attribute in double quotes; it may have line feeds.
pub(super) fn escaped(text: &str) -> String {
    let text = clean(text);
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Returns prose as [`escaped`] does, with what it has between back quotes as code.
pub(super) fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let mut out = String::new();
    for (index, part) in parts.iter().enumerate() {
        // With an odd number of quotes, the last of them quotes nothing.
        let unpaired = index + 1 == parts.len() && index % 2 == 1;
        match index % 2 {
            1 if !unpaired => out.push_str(&format!("<code>{}</code>", escaped(part))),
            1 => out.push_str(&format!("`{}", escaped(part))),
            _ => out.push_str(&escaped(part)),
        }
    }
    out
}

/// Returns one line of text of at most `most` bytes, for the same places.
pub(super) fn line(text: &str, most: usize) -> String {
    escaped(&fit(diag::clean_line(text).into_owned(), most))
}

/// Returns a drawn diagnostic without its first line, which the finding's head says: line numbers are
/// faint, marks strong, and what helps has a colour.
pub(super) fn drawing(text: &str) -> String {
    let mut lines: Vec<&str> = text.trim_end().lines().collect();
    let is_head = |line: &&str| ["error", "warning", "note"].iter().any(|word| line.starts_with(word));
    if lines.len() > 1 && lines.first().is_some_and(is_head) {
        lines.remove(0);
    }
    let lines: Vec<String> = lines.into_iter().map(drawn_line).collect();
    lines.join("\n")
}

/// Returns Nix code, its comments faint.
pub(super) fn nix(text: &str) -> String {
    let shown = |line: &str| match line.starts_with('#') {
        true => format!("<i>{}</i>", escaped(line)),
        false => escaped(line),
    };
    let lines: Vec<String> = text.lines().map(shown).collect();
    lines.join("\n")
}

fn drawn_line(line: &str) -> String {
    let trimmed = line.trim_start();
    if trimmed.starts_with("--> ") || trimmed.starts_with("::: ") || trimmed == "|" {
        return format!("<i>{}</i>", escaped(line));
    }
    if let Some((before, rest)) = line.split_once("= ").filter(|(before, _)| before.trim().is_empty()) {
        let (word, rest) = rest.split_once(':').unwrap_or((rest, ""));
        let colon = if rest.is_empty() { "" } else { ":" };
        return format!(
            "<i>{}= </i><em>{}{colon}</em>{}",
            escaped(before),
            escaped(word),
            escaped(rest)
        );
    }
    let (number, rest) = line.split_at(gutter(line));
    let marks = !number.contains(|c: char| c.is_ascii_digit()) && !number.is_empty();
    let rest = match marks && rest.contains(['^', '-', '_']) {
        true => format!("<b>{}</b>", escaped(rest)),
        false => escaped(rest),
    };
    match number.is_empty() {
        true => rest,
        false => format!("<i>{}</i>{rest}", escaped(number)),
    }
}
