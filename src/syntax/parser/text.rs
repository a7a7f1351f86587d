//! Strings, plain and indented, with what is interpolated.

use super::{Node, Outcome, Parser};
use crate::ast::{Expr, ExprKind, ExprRef};
use crate::strings::{self, IndentedPart, Stripper};
use crate::token::{Kind, Token};
use diag::{Pos, Span};

impl<'a> Parser<'a, '_> {
    /// The content of a string token: of the text itself, or in the arena where it stands for something else.
    #[inline(always)]
    pub(super) fn content(&mut self, token: Token) -> &'a [u8] {
        let text = self.text_of(token);
        if token.escaped { self.unescaped(text) } else { text }
    }

    #[inline(never)]
    fn unescaped(&mut self, text: &[u8]) -> &'a [u8] {
        self.arena.alloc_slice_copy(&strings::unescape(text))
    }

    /// The rest of a string after its opening quote.
    #[inline(never)]
    pub(super) fn string(&mut self, start: u32) -> Outcome<ExprRef<'a>> {
        let mark = self.stacks.parts.len();
        let first = self.token;
        match first.kind {
            Kind::Quote => {
                self.bump();
                return Ok(self.alloc(start, Pos::NONE, ExprKind::Str(b"")));
            }
            Kind::Str => {
                self.bump();
                let text = self.content(first);
                if self.token.kind == Kind::Quote {
                    self.bump();
                    return Ok(self.alloc(start, Pos::NONE, ExprKind::Str(text)));
                }
                let part = self.alloc(first.start, Pos::NONE, ExprKind::Str(text));
                self.stacks.parts.push((self.pos(first.start), part));
                if self.token.kind != Kind::DollarBrace {
                    return self.unexpected();
                }
            }
            Kind::DollarBrace => {}
            _ => return self.unexpected(),
        }
        self.interpolated_parts(Kind::Quote)?;
        let parts = self.copied(&self.stacks.parts[mark..]);
        self.stacks.parts.truncate(mark);
        let pos = self.pos(first.start);
        Ok(self.alloc(
            start,
            pos,
            ExprKind::Concat {
                force_string: true,
                parts,
            },
        ))
    }

    /// Pushes text and interpolations up to the token `close`, which is read too.
    pub(super) fn interpolated_parts(&mut self, close: Kind) -> Outcome<()> {
        loop {
            let token = self.token;
            let pos = self.pos(token.start);
            match token.kind {
                Kind::Str => {
                    self.bump();
                    let text = self.content(token);
                    let part = self.alloc(token.start, Pos::NONE, ExprKind::Str(text));
                    self.stacks.parts.push((pos, part));
                }
                Kind::DollarBrace => {
                    let Node { expr, .. } = self.interpolation()?;
                    self.stacks.parts.push((pos, expr));
                }
                kind if kind == close => {
                    self.bump();
                    return Ok(());
                }
                _ => return self.unexpected(),
            }
        }
    }

    pub(super) fn interpolation(&mut self) -> Outcome<Node<'a>> {
        self.bump();
        let node = self.expr()?;
        self.expect(Kind::BraceClose)?;
        Ok(node)
    }

    pub(super) fn indented_string(&mut self) -> Outcome<ExprRef<'a>> {
        let start = self.token.start;
        self.bump();
        let mark = self.stacks.indented.len();
        loop {
            let token = self.token;
            match token.kind {
                Kind::IndStr => {
                    let part = strings::indented_part(self.text_of(token));
                    self.stacks.indented.push((token, part));
                    self.bump();
                }
                Kind::DollarBrace => {
                    let expr = self.interpolation()?.expr;
                    self.stacks.indented.push((token, IndentedPart::Interpolated(expr)));
                }
                Kind::IndClose => {
                    self.bump();
                    break;
                }
                _ => return self.unexpected(),
            }
        }
        Ok(self.stripped(start, mark))
    }

    /// The parts of an indented string, from `first` on, without their indentation, as one expression.
    #[inline(never)]
    fn stripped(&mut self, start: u32, first: usize) -> ExprRef<'a> {
        let mut stripper = Stripper::new(strings::indentation(
            self.stacks.indented[first..].iter().map(|(_, part)| part),
        ));
        let mark = self.stacks.parts.len();
        let mut content = std::mem::take(&mut self.stacks.bytes);
        let count = self.stacks.indented.len();
        for n in first..count {
            let (token, part) = self.stacks.indented[n];
            let (text, is_escape): (&'a [u8], bool) = match part {
                IndentedPart::Interpolated(expr) => {
                    stripper.interpolated();
                    self.stacks.parts.push((self.pos(token.start), expr));
                    continue;
                }
                IndentedPart::Plain(text) => (text, false),
                IndentedPart::Escape(text) => (text, true),
                IndentedPart::Byte(byte) => (self.arena.alloc([byte]), true),
            };
            let text = match stripper.strip(text, is_escape, n + 1 == count, &mut content) {
                Some(text) => text,
                None => self.arena.alloc_slice_copy(&content),
            };
            if !text.is_empty() {
                let span = Span::new(self.pos(token.start), self.pos(token.end));
                let part = Expr {
                    span,
                    pos: Pos::NONE,
                    kind: ExprKind::Str(text),
                };
                self.stacks.parts.push((self.pos(token.start), self.arena.alloc(part)));
            }
        }
        self.stacks.bytes = content;
        self.stacks.indented.truncate(first);
        let (pos, kind) = match &self.stacks.parts[mark..] {
            [] => (Pos::NONE, ExprKind::Str(b"")),
            [
                (
                    _,
                    Expr {
                        kind: ExprKind::Str(text),
                        ..
                    },
                ),
            ] => (Pos::NONE, ExprKind::Str(text)),
            parts => {
                let parts = self.copied(parts);
                (
                    self.pos(start),
                    ExprKind::Concat {
                        force_string: true,
                        parts,
                    },
                )
            }
        };
        self.stacks.parts.truncate(mark);
        self.alloc(start, pos, kind)
    }
}
