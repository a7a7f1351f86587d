//! Finds the line that lacks a semicolon, which is not the one at which the parser stops.

use super::attr_path::written;
use super::viewpoint::Viewpoint;
use diag::Span;
use eval::{ErrorKind, EvalError, Evaluator};

/// Returns what stands before a semicolon that is missing: the parser takes the name of the next
/// binding for an argument, and stops at its `=`.
pub(super) fn missing_behind(ev: &Evaluator, error: &EvalError, view: &Viewpoint<'_>) -> Option<Span> {
    let stopped = error.message == "syntax error, unexpected '=', expecting ';'";
    if error.kind != ErrorKind::Parse || !stopped || !view.owns(&ev.sources, error.pos) {
        return None;
    }
    let (file, offset) = ev.sources.lookup(error.pos)?;
    let file = ev.sources.file(file);
    let range = before_binding(&file.text, offset as usize)?;
    Some(Span::new(
        file.base.offset(range.start as u32),
        file.base.offset(range.end as u32),
    ))
}

/// Returns the text of the line before the one whose binding has its `=` at an offset: where the parser stops at that
/// `=`, a semicolon is missing there.
pub fn before_binding(text: &[u8], equals: usize) -> Option<std::ops::Range<usize>> {
    let before = text.get(..equals)?;
    let line = before.iter().rposition(|&b| b == b'\n')? + 1;
    let start = line + before[line..].iter().position(|b| !b.is_ascii_whitespace())?;
    let path = written(text, start).last()?.range.end;
    if path > equals || !text[path..equals].iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    // Lines between may be empty or comments, behind which no semicolon is missing.
    let mut end = line;
    while end > 0 {
        end -= 1;
        let start = text[..end].iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        let range = trimmed(text, start, end);
        if !range.is_empty() && text[range.start] != b'#' {
            return Some(range);
        }
        end = start;
    }
    None
}

/// Returns a range without the space at its ends and without a comment behind it.
fn trimmed(text: &[u8], start: usize, end: usize) -> std::ops::Range<usize> {
    let line = &text[start..end];
    let space = line.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let code = line.windows(2).position(|w| w == b" #").unwrap_or(line.len());
    let used = line[..code.max(space)].trim_ascii_end().len();
    start + space..start + used.max(space)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_line_without_its_semicolon_is_found() {
        let check = |text: &str, expected: Option<&str>| {
            let equals = text.rfind('=').unwrap();
            let found = before_binding(text.as_bytes(), equals).map(|range| &text[range]);
            assert_eq!(found, expected, "{text}");
        };
        check("{\n  a = true\n  b.c = 1;\n}", Some("a = true"));
        check("{\n  a = true # yes\n\n  # and\n  b = 1;\n}", Some("a = true"));
        check("{ a = 1 b = 2; }", None);
        check("{\n  a = f\n  x y = 1;\n}", None);
    }

    proptest! {
        #[test]
        fn any_text_is_searched_without_a_panic(text in "[a-b.=;# \n\"é]{0,40}", at in 0usize..50) {
            before_binding(text.as_bytes(), at);
        }
    }
}
