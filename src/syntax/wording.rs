//! The words of a syntax error, as Nix's generated parser puts them.
//!
//! The text is read again by the automaton that GNU Bison would make of Nix's grammar, up to the token
//! that does not fit. That is slow compared with the parser, and done once for a text that is wrong.

use crate::automaton::{self, Action, Automaton};
use crate::grammar::Part;
use crate::lexer::Lexer;
use crate::token::{Kind, NAMES, Token};
use std::sync::OnceLock;

/// A syntax error as the generated parser sees it.
pub struct Explanation {
    /// Nix's message.
    pub message: String,
    /// Where the text of each `Function` starts that the generated parser completes between reading
    /// the token that does not fit and reporting it.
    pub completed: Vec<u32>,
}

/// The message lists so many expected tokens, or none when there are more.
const LISTED: usize = 4;

fn automaton() -> &'static Automaton {
    static AUTOMATON: OnceLock<Automaton> = OnceLock::new();
    AUTOMATON.get_or_init(automaton::nix)
}

/// A completed part on the stack: the state behind it and its offsets in the text.
struct Entry {
    state: u16,
    start: u32,
    end: u32,
}

/// How the automaton's reading of a text ends.
enum Ending {
    /// The whole text fits.
    Accepted,
    /// The lexer refuses the text.
    Refused,
    /// A token does not fit.
    Misfit {
        token: Token,
        expected: Vec<Kind>,
        completed: Vec<u32>,
    },
}

/// Returns what the generated parser says about `token`, the first one of `text` that does not fit.
pub fn explain(text: &[u8], pipe_operators: bool, token: Token) -> Explanation {
    let mut message = format!("syntax error, unexpected {}", NAMES[token.kind as usize]);
    let mut all_completed = Vec::new();
    if let Ending::Misfit {
        token: misfit,
        expected,
        completed,
    } = read(text, pipe_operators)
    {
        debug_assert_eq!(token, misfit, "both parsers stop at the same token");
        if expected.len() <= LISTED {
            for (n, kind) in expected.iter().enumerate() {
                message.push_str(if n == 0 { ", expecting " } else { " or " });
                message.push_str(NAMES[*kind as usize]);
            }
        }
        all_completed = completed;
    } else {
        debug_assert!(false, "both parsers accept the same texts");
    }
    Explanation {
        message,
        completed: all_completed,
    }
}

/// Reads a text as the generated parser does.
fn read(text: &[u8], pipe_operators: bool) -> Ending {
    let automaton = automaton();
    let mut lexer = Lexer::new(text, pipe_operators);
    let mut stack = vec![Entry {
        state: 0,
        start: 0,
        end: 0,
    }];
    let mut lookahead: Option<Token> = None;
    let mut completed = Vec::new();
    loop {
        let state = &automaton.states[stack[stack.len() - 1].state as usize];
        // Only states that must look at a token make the lexer read one.
        let action = match state.default {
            Some(rule) if state.is_blind() => Action::Reduce(rule),
            _ => {
                let token = *lookahead.get_or_insert_with(|| lexer.next_token());
                match state.action(token.kind) {
                    _ if token.kind == Kind::Refused => return Ending::Refused,
                    Action::Shift(state) => {
                        lookahead = None;
                        completed.clear();
                        stack.push(Entry {
                            state,
                            start: token.start,
                            end: token.end,
                        });
                        continue;
                    }
                    Action::Error => {
                        return Ending::Misfit {
                            token,
                            expected: state.expected().collect(),
                            completed,
                        };
                    }
                    reduce => reduce,
                }
            }
        };
        let Action::Reduce(rule @ 1..) = action else {
            return Ending::Accepted;
        };
        let production = &automaton.rules[rule as usize];
        let from = stack.len() - production.pieces.len();
        let end = stack[stack.len() - 1].end;
        let start = stack.get(from).map_or(end, |first| first.start);
        stack.truncate(from);
        if production.part == Part::Function {
            completed.push(start);
        }
        let below = &automaton.states[stack[stack.len() - 1].state as usize];
        let state = below
            .goto(production.part)
            .expect("a state below a completed part goes on with it");
        stack.push(Entry { state, start, end });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ParseOptions, Symbols, parse};
    use proptest::prelude::*;

    /// What programs are made of, valid or not.
    const PIECES: &[&str] = &[
        "if ",
        "then ",
        "else ",
        "assert ",
        "with ",
        "let ",
        "in ",
        "rec ",
        "inherit ",
        "or ",
        "a",
        "b ",
        "x",
        "1",
        "1.5",
        ".5",
        "./a",
        "./a/",
        "/b/c",
        "~/q",
        "<n/x>",
        "u:v",
        "''",
        "\"",
        "${",
        "}",
        "{",
        "(",
        ")",
        "[",
        "]",
        ";",
        ":",
        ",",
        "@",
        "?",
        "!",
        "-",
        "+",
        "*",
        "/",
        "==",
        "!=",
        "<",
        ">",
        "<=",
        ">=",
        "//",
        "++",
        "&&",
        "||",
        "->",
        ".",
        "=",
        "...",
        " ",
        "\n",
        "#c\n",
        "/*c*/",
        "$",
        "'",
        "\\",
        "\r\n",
        "\0",
        "é",
        "|>",
        "<|",
        "a.b",
        "a = 1; ",
        "{ a, b ? 1 }: ",
        "x: ",
        "x@{ a }: ",
        "{ a, a }: ",
        "inherit (x) y; ",
        "\"a${b}c\"",
        "''a${b}''",
        "let ${a} = 1; in ",
        "or",
    ];

    fn agree(text: &[u8]) {
        let mut options = ParseOptions::new(b"/");
        options.pipe_operators = true;
        options.home = Some(b"/home/user");
        let mut symbols = Symbols::new();
        let arena = bumpalo::Bump::new();
        // When it stops at a token, the parser itself asserts that the automaton stops there too.
        let parsed = parse(text, diag::Pos(1), &mut symbols, &arena, &options);
        let misfit = parsed
            .errors
            .iter()
            .any(|error| error.message.starts_with("syntax error"));
        assert_eq!(
            misfit,
            matches!(read(text, true), Ending::Misfit { .. }),
            "{}",
            String::from_utf8_lossy(text)
        );
        let printed = crate::print(parsed.root, &symbols);
        assert!(!printed.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn both_parsers_accept_the_same_programs(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..30)) {
            agree(pieces.concat().as_bytes());
        }

        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            agree(&bytes);
        }

        #[test]
        fn any_bytes_in_a_string_are_read(bytes in prop::collection::vec(any::<u8>(), 0..60), quote in prop::sample::select(&["\"", "''"])) {
            agree(&[quote.as_bytes(), &bytes, quote.as_bytes()].concat());
        }
    }
}
