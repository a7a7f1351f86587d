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

/// Returns what the generated parser says about `token`, the first one of `text` that does not fit.
pub fn explain(text: &[u8], pipe_operators: bool, token: Token) -> Explanation {
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
        let blind = if state.is_blind() { state.default } else { None };
        let action = match blind {
            Some(rule) => Action::Reduce(rule),
            None => state.action(lookahead.get_or_insert_with(|| lexer.next_token()).kind),
        };
        match action {
            Action::Shift(state) => {
                let Some(Token { start, end, .. }) = lookahead.take() else {
                    return unlisted(token, completed);
                };
                completed.clear();
                stack.push(Entry { state, start, end });
            }
            Action::Reduce(0) => return unlisted(token, completed),
            Action::Reduce(rule) => {
                let production = &automaton.rules[rule as usize];
                let from = stack.len() - production.symbols.len();
                let end = stack[stack.len() - 1].end;
                let start = stack.get(from).map_or(end, |first| first.start);
                stack.truncate(from);
                if production.part == Part::Function {
                    completed.push(start);
                }
                let below = &automaton.states[stack[stack.len() - 1].state as usize];
                let Some(state) = below.goto(production.part) else {
                    return unlisted(token, completed);
                };
                stack.push(Entry { state, start, end });
            }
            Action::Error => {
                let mut message = unlisted(token, Vec::new()).message;
                let expected: Vec<Kind> = state.expected().collect();
                if expected.len() <= LISTED {
                    for (n, kind) in expected.iter().enumerate() {
                        message.push_str(if n == 0 { ", expecting " } else { " or " });
                        message.push_str(NAMES[*kind as usize]);
                    }
                }
                return Explanation { message, completed };
            }
        }
    }
}

/// The message without a list of what was expected.
fn unlisted(token: Token, completed: Vec<u32>) -> Explanation {
    Explanation {
        message: format!("syntax error, unexpected {}", NAMES[token.kind as usize]),
        completed,
    }
}
