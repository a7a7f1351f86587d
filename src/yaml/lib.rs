//! Reads YAML into types and says what is wrong with it, with the exact place and the nearest right name.

mod names;

pub use names::nearest;

use std::sync::Arc;

use diag::{Diagnostic, Origin, Pos, SourceMap, Span};
use serde::de::DeserializeOwned;

/// Most bytes of a file (256 KiB).
pub const MOST_BYTES: usize = 256 << 10;

/// Deepest nesting of brackets. The YAML reader takes quadratic time for it: 40,000 take two seconds.
const MOST_OPEN: usize = 256;

/// Returns what a file's bytes say, or what is wrong with them. The bytes are added to the sources under the
/// file's absolute path. `what` is what the file holds, such as `settings`; findings have it for their rule.
pub fn read<T: DeserializeOwned>(
    sources: &mut SourceMap,
    path: &[u8],
    bytes: &[u8],
    what: &str,
) -> Result<T, Box<Diagnostic>> {
    let (base, text) = add(sources, path, bytes, what)?;
    serde_yaml::from_str(text).map_err(|error| Box::new(explain(&error, base, text, what)))
}

/// Adds a file's bytes to the sources and returns the position of the first one, and the text that they are;
/// or what is wrong with them as a text.
pub fn add<'t>(
    sources: &mut SourceMap,
    path: &[u8],
    bytes: &'t [u8],
    what: &str,
) -> Result<(Pos, &'t str), Box<Diagnostic>> {
    let (_, base) = sources.add(Origin::File(path.into()), Arc::from(bytes));
    let wrong = |message: String, at: usize, len: u32, label: &str| {
        let at = base.offset(at as u32);
        let diagnostic = Diagnostic::error(message).rule(what);
        Box::new(diagnostic.at(Span::new(at, at.offset(len)), label))
    };
    if bytes.len() > MOST_BYTES {
        return Err(wrong(
            format!("the {what} are larger than {MOST_BYTES} bytes"),
            0,
            0,
            "",
        ));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| wrong(format!("the {what} are not UTF-8"), error.valid_up_to(), 1, "here"))?;
    if let Some(at) = too_deep(bytes) {
        return Err(wrong(format!("the {what} are nested too deeply"), at, 1, ""));
    }
    Ok((base, text))
}

/// Returns the span of an entry of a block at the top of a YAML text: a map's key, or an item of a list by its
/// number. An empty span at the key, else at the text's start, if it is not written line by line.
pub fn entry(text: &str, base: Pos, key: &str, entry: Entry<'_>) -> Span {
    let mut offset = 0;
    let mut block = None;
    let mut items = 0;
    let mut indent = None;
    for line in text.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let content = line.trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let depth = line.len() - content.len();
        let is_item = content.starts_with("- ");
        if depth == 0 && !(is_item && block.is_some()) {
            if block.is_some() {
                break;
            }
            if content
                .strip_prefix(key)
                .is_some_and(|rest| rest.trim_start().starts_with(':'))
            {
                block = Some(start);
            }
            continue;
        }
        if block.is_none() || *indent.get_or_insert(depth) != depth {
            continue;
        }
        let found = match entry {
            Entry::Item(number) => {
                items += usize::from(is_item);
                is_item && items == number + 1
            }
            Entry::Key(name) => {
                let rest = content.trim_start_matches(['"', '\'']).strip_prefix(name);
                rest.is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':'))
            }
        };
        if found {
            let from = start
                + depth
                + if is_item {
                    content.len() - content[1..].trim_start().len()
                } else {
                    0
                };
            let to = start + line.trim_end().len();
            let to = match entry {
                Entry::Key(name) => from + name.len(),
                Entry::Item(_) => to.max(from),
            };
            return Span::new(base.offset(from as u32), base.offset(to as u32));
        }
    }
    let start = base.offset(block.unwrap_or(0) as u32);
    Span::new(start, start)
}

/// Which entry of a block is meant.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'n> {
    /// The key of this name.
    Key(&'n str),
    /// The item of this number, counted from zero.
    Item(usize),
}

/// Returns where more brackets are open than any settings need. Quoted ones count, too: none are usual.
fn too_deep(bytes: &[u8]) -> Option<usize> {
    let mut open = 0usize;
    bytes.iter().position(|byte| {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open > MOST_OPEN
    })
}

/// Returns what the YAML reader found wrong, at its place in a text.
pub fn explain(error: &serde_yaml::Error, base: Pos, text: &str, what: &str) -> Diagnostic {
    let mut message = error.to_string();
    let mut span = Span::new(base, base);
    if let Some(location) = error.location() {
        let told = format!(" at line {} column {}", location.line(), location.column());
        message = message.replacen(&told, "", 1);
        span = word_at(base, text, location.line(), location.column());
    }
    let mut hint = None;
    if let Some((unknown, known)) = unknown_name(&message) {
        hint = nearest(&unknown, known.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
        hint = hint.or_else(|| Some(format!("known here are {}", listed(&known))));
        let kind = if message.contains("unknown variant") {
            "unknown value"
        } else {
            "unknown key"
        };
        message = format!("{kind} `{unknown}`");
    } else if message == "missing field `version`" {
        message = "the key `version` is missing".into();
        hint = Some("begin the file with `version: 1`".into());
    } else {
        message = message
            .replace("duplicate field", "duplicate key")
            .replace("missing field", "missing key");
    }
    let diagnostic = Diagnostic::error(message).rule(what).at(span, "");
    match hint {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    }
}

/// Returns the span of the word at a one-based line and column (in characters).
fn word_at(base: Pos, text: &str, line: usize, column: usize) -> Span {
    let lines = text.split_inclusive('\n');
    let start: usize = lines.clone().take(line.saturating_sub(1)).map(str::len).sum();
    let this = lines.clone().nth(line.saturating_sub(1)).unwrap_or_default();
    let before = this
        .chars()
        .take(column.saturating_sub(1))
        .map(char::len_utf8)
        .sum::<usize>();
    let rest = this.get(before..).unwrap_or_default();
    let word = rest.find([' ', ':', ',', '\n', '\r', ']', '}']).unwrap_or(rest.len());
    let start = base.offset((start + before).min(text.len()) as u32);
    Span::new(start, start.offset(word as u32))
}

/// Returns the name and the possible names that serde's "unknown field" and "unknown variant" tell of.
fn unknown_name(message: &str) -> Option<(String, Vec<String>)> {
    let (_, rest) = message
        .split_once("unknown field `")
        .or_else(|| message.split_once("unknown variant `"))?;
    let (unknown, known) = rest
        .split_once("`, expected ")
        .or_else(|| rest.split_once("`, there are no "))?;
    // Names are the odd parts between the back quotes.
    let known = known.split('`').skip(1).step_by(2).map(str::to_string).collect();
    Some((unknown.to_string(), known))
}

fn listed(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn entries_of_a_block_are_found() {
        let text = "version: 1\n# rules:\nrules:\n  a: off\n  'b-c': note\nwaivers:\n- rule: a\n  reason: r\n\n- rule: b\n  reason: r\nlast: {}\n";
        let check = |key: &str, which: Entry<'_>, expected: &str| {
            let span = entry(text, Pos(1), key, which);
            assert_eq!(
                &text[span.start.0 as usize - 1..span.end.0 as usize - 1],
                expected,
                "{key} {which:?}"
            );
        };
        check("rules", Entry::Key("a"), "a");
        check("rules", Entry::Key("b-c"), "'b-");
        check("waivers", Entry::Item(0), "rule: a");
        check("waivers", Entry::Item(1), "rule: b");
        check("waivers", Entry::Item(2), "");
        check("rules", Entry::Key("version"), "");
        let at = |key: &str, which| entry(text, Pos(1), key, which).start;
        assert_eq!(at("last", Entry::Item(0)).0 as usize - 1, text.find("last").unwrap());
        assert_eq!(at("nothing", Entry::Item(0)), Pos(1));
        let indented = "waivers:\n  - rule: a\n    hosts:\n      - b\n  - rule: c\n";
        let span = entry(indented, Pos(1), "waivers", Entry::Item(1));
        assert_eq!(&indented[span.start.0 as usize - 1..span.end.0 as usize - 1], "rule: c");
    }

    proptest! {
        #[test]
        fn looking_for_an_entry_never_panics(text in "[ab:\\-\"'# \né]{0,40}", number in 0usize..3) {
            for which in [Entry::Item(number), Entry::Key("a"), Entry::Key("é")] {
                let span = entry(&text, Pos(1), "a", which);
                prop_assert!(span.start <= span.end);
            }
        }
    }
}
