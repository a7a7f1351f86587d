//! Comments that allow what a rule would report: `# cfgcheck: allow(rule, rule) reason`.
//!
//! Only real comments count, so the text is cut by the lexer: the same words in a string are not a
//! comment. Block comments (`/* cfgcheck: allow(rule) reason */`) are read alike.

use crate::lexer::Lexer;
use crate::token::Kind;
use diag::{Pos, Span};

const MARK: &[u8] = b"cfgcheck:";

/// A comment addressed to cfgcheck.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Suppression {
    /// The whole comment.
    pub span: Span,
    /// The one-based line on which it starts.
    pub line: u32,
    /// Whether nothing but blanks stands before it on its line: it then speaks of the next line with
    /// code, else of its own line.
    pub alone: bool,
    /// What it says, or why it cannot be understood.
    pub allow: Result<Allow, BadSuppression>,
}

/// What a comment allows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Allow {
    /// The ids of the rules, at least one.
    pub rules: Vec<String>,
    /// The text after the closing parenthesis; empty when there is none.
    pub reason: String,
}

/// Why a comment addressed to cfgcheck cannot be understood.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadSuppression {
    /// It does not say `allow(…)`.
    #[error("expected `allow(rule)` after `cfgcheck:`")]
    NoAllow,
    /// The parenthesis is not closed.
    #[error("the list of rules is not closed")]
    Unclosed,
    /// The list names no rule.
    #[error("the list of rules is empty")]
    NoRules,
    /// What stands in the list cannot be the id of a rule.
    #[error("'{0}' is not the id of a rule")]
    NotARule(String),
}

/// Returns the comments in `text`, whose first byte is at `base`, that are addressed to cfgcheck. What
/// follows text that the lexer refuses is not looked at.
pub fn comments(text: &[u8], base: Pos) -> Vec<Suppression> {
    let mut found = Vec::new();
    // Most files have none.
    if memchr::memmem::find(text, MARK).is_none() || u32::try_from(text.len()).is_err() {
        return found;
    }
    let mut lexer = Lexer::new(text, true);
    let mut lines = Lines {
        text,
        at: 0,
        line: 1,
        start: 0,
    };
    loop {
        let from = lexer.offset();
        let token = lexer.next_token();
        let gap = from..(token.start as usize).max(from).min(text.len());
        scan(text, gap, base, &mut lines, &mut found);
        if matches!(token.kind, Kind::End | Kind::Refused) {
            return found;
        }
    }
}

/// Reads the comments in a part of the text that is nothing but blanks and comments.
fn scan(text: &[u8], gap: std::ops::Range<usize>, base: Pos, lines: &mut Lines<'_>, found: &mut Vec<Suppression>) {
    let mut at = gap.start;
    while at < gap.end {
        let rest = &text[at..gap.end];
        let (length, content) = match rest {
            [b'#', ..] => {
                let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                (length, &rest[1..length])
            }
            [b'/', b'*', inner @ ..] => match memchr::memmem::find(inner, b"*/") {
                Some(n) => (n + 4, &inner[..n]),
                None => return,
            },
            _ => {
                at += 1;
                continue;
            }
        };
        if let Some(words) = content.trim_ascii().strip_prefix(MARK) {
            let (line, line_start) = lines.of(at);
            found.push(Suppression {
                span: Span::new(base.offset(at as u32), base.offset((at + length) as u32)),
                line,
                alone: text[line_start..at].iter().all(|b| b.is_ascii_whitespace()),
                allow: allow(&String::from_utf8_lossy(words)),
            });
        }
        at += length;
    }
}

fn allow(words: &str) -> Result<Allow, BadSuppression> {
    let list = words
        .trim_start()
        .strip_prefix("allow")
        .ok_or(BadSuppression::NoAllow)?;
    let list = list.trim_start().strip_prefix('(').ok_or(BadSuppression::NoAllow)?;
    let (list, reason) = list.split_once(')').ok_or(BadSuppression::Unclosed)?;
    let mut rules = Vec::new();
    for rule in list.split(',').map(str::trim).filter(|rule| !rule.is_empty()) {
        let is_id = rule
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !is_id {
            return Err(BadSuppression::NotARule(rule.to_owned()));
        }
        rules.push(rule.to_owned());
    }
    if rules.is_empty() {
        return Err(BadSuppression::NoRules);
    }
    Ok(Allow {
        rules,
        reason: reason.trim().to_owned(),
    })
}

/// Counts lines as far as they were asked for; `\n`, `\r\n` and a lone `\r` end one.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: u32,
    start: usize,
}

impl Lines<'_> {
    /// Returns the one-based line of an offset and where that line starts. Offsets must not go back.
    fn of(&mut self, offset: usize) -> (u32, usize) {
        while self.at < offset {
            let byte = self.text[self.at];
            self.at += 1;
            if byte == b'\n' || (byte == b'\r' && self.text.get(self.at) != Some(&b'\n')) {
                self.line += 1;
                self.start = self.at;
            }
        }
        (self.line, self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line, whether it stands alone, and the rules and the reason.
    type Expected<'e> = (u32, bool, Result<(&'e [&'e str], &'e str), BadSuppression>);

    fn check(text: &str, expected: &[Expected<'_>]) {
        let found = comments(text.as_bytes(), Pos(1));
        let found: Vec<_> = found
            .iter()
            .map(|s| {
                let allow = s
                    .allow
                    .as_ref()
                    .map(|a| (a.rules.iter().map(String::as_str).collect(), a.reason.as_str()));
                (s.line, s.alone, allow.map_err(Clone::clone))
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(line, alone, allow)| {
                (
                    *line,
                    *alone,
                    allow.clone().map(|(rules, reason)| (rules.to_vec(), reason)),
                )
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn comments_name_rules_and_a_reason() {
        check(
            "# cfgcheck: allow(input-stale) pinned on purpose\n1",
            &[(1, true, Ok((&["input-stale"], "pinned on purpose")))],
        );
        check(
            "{\r\n  a = 1; #cfgcheck:allow( a-b ,c2 )\r\n}",
            &[(2, false, Ok((&["a-b", "c2"], "")))],
        );
        check("1 /* cfgcheck: allow(x) y */", &[(1, false, Ok((&["x"], "y")))]);
        check("1\r# cfgcheck: allow(x)", &[(2, true, Ok((&["x"], "")))]);
        check(
            "# one\n# cfgcheck: allow(x)\n/a/${b} # cfgcheck: allow(y)\n# cfgcheck: allow(z)",
            &[
                (2, true, Ok((&["x"], ""))),
                (3, false, Ok((&["y"], ""))),
                (4, true, Ok((&["z"], ""))),
            ],
        );
    }

    #[test]
    fn only_comments_count() {
        check("\"# cfgcheck: allow(x)\"", &[]);
        check("''\n# cfgcheck: allow(x)\n''", &[]);
        check("# about cfgcheck: allow(x)", &[]);
        check("\"${a # cfgcheck: allow(x)\n}\"", &[(1, false, Ok((&["x"], "")))]);
        check("(1 # cfgcheck: allow(x)\n", &[(1, false, Ok((&["x"], "")))]);
    }

    #[test]
    fn what_cannot_be_understood_is_told() {
        check("# cfgcheck: alow(x)", &[(1, true, Err(BadSuppression::NoAllow))]);
        check("# cfgcheck: allow x", &[(1, true, Err(BadSuppression::NoAllow))]);
        check("# cfgcheck: allow(x", &[(1, true, Err(BadSuppression::Unclosed))]);
        check("# cfgcheck: allow()", &[(1, true, Err(BadSuppression::NoRules))]);
        check(
            "# cfgcheck: allow(X y)",
            &[(1, true, Err(BadSuppression::NotARule("X y".into())))],
        );
    }

    #[test]
    fn the_span_is_the_comment() {
        let found = comments(b"1 # cfgcheck: allow(x) y\n", Pos(10));
        assert_eq!(found[0].span, Span::new(Pos(12), Pos(34)));
    }
}
