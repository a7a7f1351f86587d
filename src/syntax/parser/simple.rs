//! What stands without operators around it: names, literals, strings, paths, lists, sets, selections.

use super::{Lint, Outcome, Parser};
use crate::ast::{AttrName, ExprKind, ExprRef};
use crate::error::SyntaxWarning;
use crate::number;
use crate::token::{Kind, Token};
use diag::Pos;

impl<'a> Parser<'a, '_> {
    /// A simple expression with what is selected from it. The flag tells that it is `x or`, whose
    /// meaning depends on what stands around it.
    pub(super) fn select(&mut self) -> Outcome<(ExprRef<'a>, bool)> {
        let start = self.token.start;
        let subject = self.simple()?;
        match self.token.kind {
            Kind::Dot => {
                self.bump();
                let path = self.attr_path()?;
                let mut default = None;
                if self.token.kind == Kind::OrWord {
                    self.bump();
                    self.deeper()?;
                    default = Some(self.element()?);
                    self.depth -= 1;
                }
                let kind = ExprKind::Select { subject, path, default };
                Ok((self.alloc(start, self.pos(start), kind), false))
            }
            Kind::OrWord => {
                self.bump();
                let pos = self.pos(start);
                let or = self.alloc(start, pos, ExprKind::Var(self.names.or));
                let args = self.arena.alloc_slice_copy(&[or]);
                Ok((
                    self.alloc(
                        start,
                        pos,
                        ExprKind::Call {
                            function: subject,
                            args,
                        },
                    ),
                    true,
                ))
            }
            _ => Ok((subject, false)),
        }
    }

    /// `a.b."c".${d}`, at least one name.
    pub(super) fn attr_path(&mut self) -> Outcome<&'a [AttrName<'a>]> {
        let mark = self.stacks.path.len();
        self.attr_path_names()?;
        let path = self.copied(&self.stacks.path[mark..]);
        self.stacks.path.truncate(mark);
        Ok(path)
    }

    /// Pushes the names of an attribute path onto `path`.
    #[inline(always)]
    pub(super) fn attr_path_names(&mut self) -> Outcome<()> {
        loop {
            let name = self.attr_name()?;
            self.stacks.path.push(name);
            if self.token.kind != Kind::Dot {
                return Ok(());
            }
            self.bump();
        }
    }

    /// One name of an attribute path. A name that is computed by nothing but a string is known now.
    #[inline(always)]
    pub(super) fn attr_name(&mut self) -> Outcome<AttrName<'a>> {
        match self.token.kind {
            Kind::Id | Kind::OrWord => {
                let name = self.intern(self.token);
                self.bump();
                Ok(AttrName::Static(name))
            }
            _ => self.attr_name_string(),
        }
    }

    #[inline(never)]
    fn attr_name_string(&mut self) -> Outcome<AttrName<'a>> {
        let expr = match self.token.kind {
            Kind::Quote => {
                let start = self.token.start;
                self.bump();
                if let (Kind::Str, Kind::Quote) = (self.token.kind, self.kind_ahead(1)) {
                    let text = self.content(self.token);
                    let name = self.symbols.intern(text);
                    self.bump();
                    self.bump();
                    return Ok(AttrName::Static(name));
                }
                self.string(start)?
            }
            Kind::DollarBrace => {
                self.bump();
                let expr = self.expr()?.expr;
                self.expect(Kind::BraceClose)?;
                expr
            }
            _ => return self.unexpected(),
        };
        Ok(match expr.kind {
            ExprKind::Str(text) => AttrName::Static(self.symbols.intern(text)),
            _ => AttrName::Dynamic(expr),
        })
    }

    #[inline(always)]
    fn simple(&mut self) -> Outcome<ExprRef<'a>> {
        let Token { kind, start, .. } = self.token;
        if kind == Kind::Id {
            let name = self.intern(self.token);
            self.bump();
            let kind = if name == self.names.cur_pos {
                ExprKind::CurPos
            } else {
                ExprKind::Var(name)
            };
            return Ok(self.alloc(start, self.pos(start), kind));
        }
        match kind {
            Kind::ParenOpen => {
                self.bump();
                let inner = self.expr()?.expr;
                self.expect(Kind::ParenClose)?;
                Ok(inner)
            }
            Kind::BraceOpen => {
                self.bump();
                self.set(start, false)
            }
            Kind::BracketOpen => self.list(),
            Kind::Let => {
                self.bump();
                self.expect(Kind::BraceOpen)?;
                let subject = self.set(start, true)?;
                let path = self.arena.alloc_slice_copy(&[AttrName::Static(self.names.body)]);
                Ok(self.alloc(
                    start,
                    Pos::NONE,
                    ExprKind::Select {
                        subject,
                        path,
                        default: None,
                    },
                ))
            }
            Kind::Rec => {
                self.bump();
                self.expect(Kind::BraceOpen)?;
                self.set(start, true)
            }
            _ => self.literal(),
        }
    }

    /// The bindings of a set and its closing brace.
    fn set(&mut self, start: u32, recursive: bool) -> Outcome<ExprRef<'a>> {
        let bindings = self.bindings(Kind::BraceClose, recursive)?;
        self.bump();
        Ok(self.alloc(start, self.pos(start), ExprKind::Attrs(bindings)))
    }

    fn list(&mut self) -> Outcome<ExprRef<'a>> {
        let start = self.token.start;
        self.bump();
        self.deeper()?;
        let mark = self.stacks.expressions.len();
        while self.starts_operand() {
            let element = self.element()?;
            self.stacks.expressions.push(element);
        }
        self.depth -= 1;
        self.expect(Kind::BracketClose)?;
        let elements = self.copied(&self.stacks.expressions[mark..]);
        self.stacks.expressions.truncate(mark);
        let pos = elements.first().map_or(Pos::NONE, |first| first.pos);
        Ok(self.alloc(start, pos, ExprKind::List(elements)))
    }

    #[inline(never)]
    fn literal(&mut self) -> Outcome<ExprRef<'a>> {
        match self.token.kind {
            Kind::Quote => {
                let start = self.token.start;
                self.bump();
                self.string(start)
            }
            Kind::IndOpen => self.indented_string(),
            Kind::Path | Kind::HomePath => self.path(),
            _ => self.flat_literal(),
        }
    }

    /// A literal that nothing can be inside of.
    #[inline(never)]
    fn flat_literal(&mut self) -> Outcome<ExprRef<'a>> {
        let token = self.token;
        let start = token.start;
        let text = self.text_of(token);
        match token.kind {
            Kind::Int => {
                self.bump();
                // The lexer refused what does not fit.
                let value = number::integer(text).unwrap_or_default();
                Ok(self.alloc(start, Pos::NONE, ExprKind::Int(value)))
            }
            Kind::Float => {
                self.bump();
                let value = number::float(text).unwrap_or_default();
                Ok(self.alloc(start, Pos::NONE, ExprKind::Float(value)))
            }
            Kind::SearchPath => {
                self.bump();
                let function = self.made(ExprKind::Var(self.names.find_file));
                let nix_path = self.made(ExprKind::Var(self.names.nix_path));
                let name = self.made(ExprKind::Str(&text[1..text.len() - 1]));
                let args = self.arena.alloc_slice_copy(&[nix_path, name]);
                Ok(self.alloc(start, self.pos(start), ExprKind::Call { function, args }))
            }
            Kind::Uri => {
                self.bump();
                self.lint(self.options.url_literals, "lint-url-literals", token, |fatal, uri| {
                    let verdict = if fatal { "disallowed" } else { "discouraged" };
                    format!("URL literals are {verdict}. Consider using a string literal \"{uri}\" instead")
                });
                Ok(self.alloc(start, Pos::NONE, ExprKind::Str(text)))
            }
            _ => self.unexpected(),
        }
    }

    /// Warns about the literal or refuses it, as the lint is set.
    #[inline(never)]
    fn lint(&mut self, lint: Lint, name: &str, token: Token, message: impl FnOnce(bool, &str) -> String) {
        if lint == Lint::Ignore {
            return;
        }
        let literal = String::from_utf8_lossy(self.text_of(token)).into_owned();
        let message = message(lint == Lint::Fatal, &literal);
        let error = self.error(format!("{message} ({name})"), token.start, token.start, token.end);
        if lint == Lint::Fatal {
            self.errors.push(error);
        } else {
            self.warnings.push(SyntaxWarning::Lint(error));
        }
    }

    fn path(&mut self) -> Outcome<ExprRef<'a>> {
        let start = self.token.start;
        let path = self.path_text()?;
        self.bump();
        let first = self.alloc(start, Pos::NONE, ExprKind::Path(path));
        let kind = self.token.kind;
        match kind {
            Kind::PathEnd => {
                self.bump();
                return Ok(first);
            }
            Kind::Str if self.kind_ahead(1) != Kind::DollarBrace => {
                self.bump();
                return self.unexpected();
            }
            _ => {}
        }
        let mark = self.stacks.parts.len();
        let pos = self.pos(start);
        self.stacks.parts.push((pos, first));
        self.interpolated_parts(Kind::PathEnd)?;
        let parts = self.copied(&self.stacks.parts[mark..]);
        self.stacks.parts.truncate(mark);
        Ok(self.alloc(
            start,
            pos,
            ExprKind::Concat {
                force_string: false,
                parts,
            },
        ))
    }

    /// The path that the token at hand names, in the arena.
    #[inline(never)]
    fn path_text(&mut self) -> Outcome<&'a [u8]> {
        let token = self.token;
        let text = self.text_of(token);
        if token.kind != Kind::Path {
            let path = self.home_path(token)?;
            return Ok(self.arena.alloc_slice_copy(&path));
        }
        if text[0] == b'/' {
            self.lint(
                self.options.absolute_paths,
                "lint-absolute-path-literals",
                token,
                |_, literal| {
                    format!(
                        "absolute path literals are not portable. Consider replacing path literal '{literal}' by a \
                     string, relative path, or parameter"
                    )
                },
            );
        } else if text[0] != b'.' {
            self.lint(
                self.options.short_paths,
                "lint-short-path-literals",
                token,
                |_, literal| {
                    format!("relative path literal '{literal}' should be prefixed with '.' for clarity: './{literal}'")
                },
            );
        }
        Ok(self.arena.alloc_slice_copy(self.paths.literal(text)))
    }

    fn home_path(&mut self, token: Token) -> Outcome<Vec<u8>> {
        let literal = String::from_utf8_lossy(self.text_of(token)).into_owned();
        let refusal = match self.options.home {
            _ if self.options.pure => format!("the path '{literal}' can not be resolved in pure mode"),
            None => "cannot determine user's home directory".into(),
            Some(home) => {
                self.lint(
                    self.options.absolute_paths,
                    "lint-absolute-path-literals",
                    token,
                    |_, literal| {
                        format!(
                            "home path literals are not portable. Consider replacing path literal '{literal}' by a \
                         string, relative path, or parameter"
                        )
                    },
                );
                return Ok([home, &self.text_of(token)[1..]].concat());
            }
        };
        let mut error = self.error(refusal, token.start, token.start, token.end);
        error.pos = Pos::NONE;
        self.errors.push(error);
        Ok(self.text_of(token).to_vec())
    }
}
