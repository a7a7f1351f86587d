//! Tokens inside strings, plain and indented.

use super::{Lexer, Mode};
use crate::chars::{indented_end, plain_end};
use crate::strings;
use crate::token::{Kind, Token};

impl Lexer<'_> {
    #[inline(never)]
    pub(super) fn string(&mut self) -> Token {
        let text = self.text;
        let start = self.at;
        let mut at = start;
        let mut nul = false;
        let mut escaped = false;
        loop {
            at = plain_end(text, at);
            let Some(&byte) = text.get(at) else { break };
            match byte {
                b'"' => break,
                b'\\' if at + 1 < text.len() => {
                    escaped = true;
                    at += 2;
                }
                b'\\' => break,
                b'$' => match text.get(at + 1) {
                    None | Some(b'{') => break,
                    Some(b'"') => {
                        at += 1;
                        break;
                    }
                    Some(b'\\') if at + 2 < text.len() => {
                        escaped = true;
                        at += 3;
                    }
                    Some(b'\\') => break,
                    Some(&next) => {
                        nul |= next == 0;
                        escaped |= next == b'\r';
                        at += 2;
                    }
                },
                _ => {
                    nul |= byte == 0;
                    escaped |= byte == b'\r';
                    at += 1;
                }
            }
        }
        if at > start {
            if nul {
                let content = strings::unescape(&text[start..at]);
                return self.refuse_nul(start, at, &content);
            }
            let token = self.take(Kind::Str, at);
            return Token { escaped, ..token };
        }
        match text.get(at) {
            Some(b'"') => {
                self.pop();
                self.take(Kind::Quote, at + 1)
            }
            Some(b'$') if text.get(at + 1) == Some(&b'{') => {
                self.push(Mode::Code);
                self.take(Kind::DollarBrace, at + 2)
            }
            // What is left is a `\`, a `$` or a `$\` before the end of the text.
            _ => self.end(text.len()),
        }
    }

    pub(super) fn refuse_nul(&mut self, start: usize, end: usize, content: &[u8]) -> Token {
        let content = String::from_utf8_lossy(content).replace('\0', "␀");
        let message =
            format!("input string '{content}' cannot be represented as Nix string because it contains null bytes");
        self.refuse(start, end, message)
    }

    pub(super) fn indented_open(&mut self) -> Token {
        let mut end = self.at + 2;
        while self.peek(end) == b' ' {
            end += 1;
        }
        let end = if self.peek(end) == b'\n' { end + 1 } else { self.at + 2 };
        self.push(Mode::IndStr);
        self.take(Kind::IndOpen, end)
    }

    #[inline(never)]
    pub(super) fn indented(&mut self) -> Token {
        let text = self.text;
        let start = self.at;
        let mut from = start;
        let mut nul = false;
        let at = loop {
            let at = indented_end(text, from);
            from = match (text.get(at), text.get(at + 1)) {
                (None, _) => break at,
                (Some(0), _) => {
                    nul = true;
                    at + 1
                }
                (_, None | Some(b'\'')) | (Some(b'\''), Some(b'$')) | (Some(b'$'), Some(b'{')) => break at,
                (_, Some(&next)) => {
                    nul |= next == 0;
                    at + 2
                }
            };
        };
        if at > start {
            if nul {
                return self.refuse_nul(start, at, &text[start..at]);
            }
            return self.take(Kind::IndStr, at);
        }
        match (text.get(at), text.get(at + 1)) {
            (None, _) => self.end(at),
            (Some(b'$'), Some(b'{')) => {
                self.push(Mode::Code);
                self.take(Kind::DollarBrace, at + 2)
            }
            (Some(b'\''), Some(b'\'')) => match text.get(at + 2) {
                Some(b'$' | b'\'') => self.take(Kind::IndStr, at + 3),
                Some(b'\\') if at + 3 < text.len() => self.take(Kind::IndStr, at + 4),
                _ => {
                    self.pop();
                    self.take(Kind::IndClose, at + 2)
                }
            },
            _ => self.take(Kind::IndStr, at + 1),
        }
    }
}
