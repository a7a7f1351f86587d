//! Functions, and the other things whose last part is an expression as long as can be: `assert`,
//! `with`, `let`, `if`.
//!
//! What stands before that last part is kept on a stack, not in the recursion: `a: b: c: …` and long
//! chains of `else if` take no stack of the thread.

use super::{Deferred, Node, Outcome, Parser};
use crate::Symbol;
use crate::ast::{Bindings, ExprKind, ExprRef, Formal, Formals, Lambda};
use crate::token::{Kind, Token};
use diag::Pos;

/// What waits for its last part.
pub(super) enum Prefix<'a> {
    Lambda {
        start: u32,
        arg: Option<Symbol>,
        formals: Option<Formals<'a>>,
        wrong: bool,
    },
    Assert {
        start: u32,
        condition: ExprRef<'a>,
    },
    With {
        start: u32,
        scope: ExprRef<'a>,
    },
    Let {
        start: u32,
        bindings: &'a Bindings<'a>,
        wrong: bool,
    },
    If {
        start: u32,
        condition: ExprRef<'a>,
        then: ExprRef<'a>,
    },
}

impl<'a> Parser<'a, '_> {
    /// An expression of any kind.
    pub(super) fn expr(&mut self) -> Outcome<Node<'a>> {
        self.deeper()?;
        let mark = self.stacks.prefixes.len();
        while self.prefix()? {
            self.deeper()?;
        }
        let mut node = self.pipe()?;
        while self.stacks.prefixes.len() > mark {
            node = self.complete(node.expr);
            self.depth -= 1;
        }
        self.depth -= 1;
        Ok(node)
    }

    /// Reads what stands before a last part, if that is what stands here.
    fn prefix(&mut self) -> Outcome<bool> {
        let Token { kind, start, .. } = self.token;
        match kind {
            Kind::Id => match self.kind_ahead(1) {
                Kind::Colon => {
                    let arg = Some(self.intern(self.token));
                    self.bump();
                    self.bump();
                    self.stacks.prefixes.push(Prefix::Lambda {
                        start,
                        arg,
                        formals: None,
                        wrong: false,
                    });
                }
                Kind::At => {
                    let arg = self.intern(self.token);
                    self.bump();
                    self.bump();
                    if self.token.kind != Kind::BraceOpen {
                        return self.unexpected();
                    }
                    let formals = self.formals()?;
                    self.expect(Kind::Colon)?;
                    self.lambda(start, Some(arg), formals);
                }
                _ => return Ok(false),
            },
            Kind::BraceOpen => {
                let is_formals = match self.kind_ahead(1) {
                    Kind::Ellipsis => true,
                    Kind::BraceClose => matches!(self.kind_ahead(2), Kind::Colon | Kind::At),
                    Kind::Id => matches!(self.kind_ahead(2), Kind::Comma | Kind::Question | Kind::BraceClose),
                    _ => false,
                };
                if !is_formals {
                    return Ok(false);
                }
                let formals = self.formals()?;
                let mut arg = None;
                if self.token.kind == Kind::At {
                    self.bump();
                    if self.token.kind != Kind::Id {
                        return self.unexpected();
                    }
                    arg = Some(self.intern(self.token));
                    self.bump();
                }
                self.expect(Kind::Colon)?;
                self.lambda(start, arg, formals);
            }
            Kind::Assert => {
                self.bump();
                let condition = self.expr()?.expr;
                self.expect(Kind::Semicolon)?;
                self.stacks.prefixes.push(Prefix::Assert { start, condition });
            }
            Kind::With => {
                self.bump();
                let scope = self.expr()?.expr;
                self.expect(Kind::Semicolon)?;
                self.stacks.prefixes.push(Prefix::With { start, scope });
            }
            Kind::Let if self.kind_ahead(1) != Kind::BraceOpen => {
                self.bump();
                let bindings = self.bindings(Kind::In, false)?;
                self.bump();
                let wrong = !bindings.dynamic.is_empty();
                if wrong {
                    let error = self.error("dynamic attributes not allowed in let".into(), start, start, start + 3);
                    self.deferred.push(Deferred { start, error });
                }
                self.stacks.prefixes.push(Prefix::Let { start, bindings, wrong });
            }
            Kind::If => {
                self.bump();
                let condition = self.expr()?.expr;
                self.expect(Kind::Then)?;
                let then = self.expr()?.expr;
                self.expect(Kind::Else)?;
                self.stacks.prefixes.push(Prefix::If { start, condition, then });
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Puts the last part behind the innermost prefix.
    fn complete(&mut self, last: ExprRef<'a>) -> Node<'a> {
        let (start, pos, kind) = match self.stacks.prefixes.pop().expect("the caller saw a prefix") {
            Prefix::Lambda {
                start,
                arg,
                formals,
                wrong,
            } => {
                if wrong {
                    self.report_deferred();
                }
                let lambda = self.arena.alloc(Lambda {
                    arg,
                    formals,
                    body: last,
                });
                (start, self.pos(start), ExprKind::Lambda(lambda))
            }
            Prefix::Assert { start, condition } => (start, self.pos(start), ExprKind::Assert { condition, body: last }),
            Prefix::With { start, scope } => (start, self.pos(start), ExprKind::With { scope, body: last }),
            Prefix::Let { start, bindings, wrong } => {
                if wrong {
                    self.report_deferred();
                }
                (start, Pos::NONE, ExprKind::Let { bindings, body: last })
            }
            Prefix::If { start, condition, then } => (
                start,
                self.pos(start),
                ExprKind::If {
                    condition,
                    then,
                    otherwise: last,
                },
            ),
        };
        Node {
            expr: self.alloc(start, pos, kind),
            start,
        }
    }

    fn report_deferred(&mut self) {
        if let Some(deferred) = self.deferred.pop() {
            self.errors.push(deferred.error);
        }
    }

    /// `{ a, b ? c, ... }`, in the order of the text.
    fn formals(&mut self) -> Outcome<(Vec<Formal<'a>>, bool)> {
        self.bump();
        let mut formals = Vec::with_capacity(8);
        let mut ellipsis = false;
        loop {
            match self.token.kind {
                Kind::BraceClose => break,
                Kind::Ellipsis => {
                    self.bump();
                    ellipsis = true;
                    break;
                }
                Kind::Id => {}
                _ => return self.unexpected(),
            }
            let pos = self.pos(self.token.start);
            let name = self.intern(self.token);
            self.bump();
            let mut default = None;
            if self.token.kind == Kind::Question {
                self.bump();
                default = Some(self.expr()?.expr);
            }
            formals.push(Formal { pos, name, default });
            if self.token.kind != Kind::Comma {
                break;
            }
            self.bump();
        }
        self.expect(Kind::BraceClose)?;
        Ok((formals, ellipsis))
    }

    /// Keeps a function with formals until its body is there; a name that stands twice is an error then.
    fn lambda(&mut self, start: u32, arg: Option<Symbol>, (mut formals, ellipsis): (Vec<Formal<'a>>, bool)) {
        formals.sort_unstable_by_key(|formal| (formal.name, formal.pos));
        let twice = formals
            .windows(2)
            .find(|pair| pair[0].name == pair[1].name)
            .map(|pair| (pair[1].name, pair[1].pos));
        let twice = twice.or_else(|| {
            let arg = arg?;
            formals.binary_search_by_key(&arg, |formal| formal.name).ok()?;
            Some((arg, self.pos(start)))
        });
        if let Some((name, pos)) = twice {
            let message = format!(
                "duplicate formal function argument '{}'",
                crate::print::identifier(self.symbols, name)
            );
            let length = self.symbols.bytes(name).len() as u32;
            let mut error = self.error(message, start, start, start);
            error.pos = pos;
            error.span = diag::Span::new(pos, pos.offset(length));
            self.deferred.push(Deferred { start, error });
            formals.dedup_by_key(|formal| formal.name);
        }
        let formals = Some(Formals {
            formals: self.arena.alloc_slice_copy(&formals),
            ellipsis,
        });
        self.stacks.prefixes.push(Prefix::Lambda {
            start,
            arg,
            formals,
            wrong: twice.is_some(),
        });
    }
}
