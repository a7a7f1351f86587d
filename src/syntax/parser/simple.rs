//! What stands without operators around it: names, literals, strings, paths, lists, sets, selections.

use super::{Lint, Node, Outcome, Parser};
use crate::ast::{AttrName, Expr, ExprKind, ExprRef};
use crate::error::SyntaxWarning;
use crate::strings::{self, IndentedPart, Stripper};
use crate::token::{Kind, Token};
use crate::{number, paths};
use diag::{Pos, Span};

impl<'a> Parser<'a, '_, '_> {
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
        let mark = self.path.len();
        self.attr_path_names()?;
        let path = self.arena.alloc_slice_copy(&self.path[mark..]);
        self.path.truncate(mark);
        Ok(path)
    }

    /// Pushes the names of an attribute path onto `path`.
    #[inline(always)]
    pub(super) fn attr_path_names(&mut self) -> Outcome<()> {
        loop {
            let name = self.attr_name()?;
            self.path.push(name);
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
                    let text = self.text_of(self.token);
                    let name = if strings::has_escapes(text) {
                        self.symbols.intern(&strings::unescape(text))
                    } else {
                        self.symbols.intern(text)
                    };
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
        let mark = self.expressions.len();
        while self.starts_operand() {
            let element = self.element()?;
            self.expressions.push(element);
        }
        self.depth -= 1;
        self.expect(Kind::BracketClose)?;
        let elements = self.arena.alloc_slice_copy(&self.expressions[mark..]);
        self.expressions.truncate(mark);
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
                let name = self.arena.alloc_slice_copy(&text[1..text.len() - 1]);
                let name = self.made(ExprKind::Str(name));
                let args = self.arena.alloc_slice_copy(&[nix_path, name]);
                Ok(self.alloc(start, self.pos(start), ExprKind::Call { function, args }))
            }
            Kind::Uri => {
                self.bump();
                self.lint(self.options.url_literals, "lint-url-literals", token, |fatal, uri| {
                    let verdict = if fatal { "disallowed" } else { "discouraged" };
                    format!("URL literals are {verdict}. Consider using a string literal \"{uri}\" instead")
                });
                let uri = self.arena.alloc_slice_copy(text);
                Ok(self.alloc(start, Pos::NONE, ExprKind::Str(uri)))
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

    /// The content of a string token, in the arena.
    #[inline(never)]
    fn content(&mut self, token: Token) -> &'a [u8] {
        let text = self.text_of(token);
        if strings::has_escapes(text) {
            return self.arena.alloc_slice_copy(&strings::unescape(text));
        }
        self.arena.alloc_slice_copy(text)
    }

    /// The rest of a string after its opening quote.
    #[inline(never)]
    fn string(&mut self, start: u32) -> Outcome<ExprRef<'a>> {
        let mark = self.parts.len();
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
                self.parts.push((self.pos(first.start), part));
                if self.token.kind != Kind::DollarBrace {
                    return self.unexpected();
                }
            }
            Kind::DollarBrace => {}
            _ => return self.unexpected(),
        }
        self.interpolated_parts(Kind::Quote)?;
        let parts = self.arena.alloc_slice_copy(&self.parts[mark..]);
        self.parts.truncate(mark);
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
    fn interpolated_parts(&mut self, close: Kind) -> Outcome<()> {
        loop {
            let token = self.token;
            let pos = self.pos(token.start);
            match token.kind {
                Kind::Str => {
                    self.bump();
                    let text = self.content(token);
                    let part = self.alloc(token.start, Pos::NONE, ExprKind::Str(text));
                    self.parts.push((pos, part));
                }
                Kind::DollarBrace => {
                    let Node { expr, .. } = self.interpolation()?;
                    self.parts.push((pos, expr));
                }
                kind if kind == close => {
                    self.bump();
                    return Ok(());
                }
                _ => return self.unexpected(),
            }
        }
    }

    fn interpolation(&mut self) -> Outcome<Node<'a>> {
        self.bump();
        let node = self.expr()?;
        self.expect(Kind::BraceClose)?;
        Ok(node)
    }

    fn indented_string(&mut self) -> Outcome<ExprRef<'a>> {
        let start = self.token.start;
        self.bump();
        // Most indented strings are one token or few.
        let mut parts: Vec<(Token, IndentedPart<'_, ExprRef<'a>>)> = Vec::new();
        loop {
            let token = self.token;
            match token.kind {
                Kind::IndStr => {
                    parts.push((token, strings::indented_part(self.text_of(token))));
                    self.bump();
                }
                Kind::DollarBrace => {
                    let expr = self.interpolation()?.expr;
                    parts.push((token, IndentedPart::Interpolated(expr)));
                }
                Kind::IndClose => {
                    self.bump();
                    break;
                }
                _ => return self.unexpected(),
            }
        }
        Ok(self.stripped(start, parts))
    }

    /// The parts of an indented string without their indentation, as one expression.
    #[inline(never)]
    fn stripped(&mut self, start: u32, parts: Vec<(Token, IndentedPart<'_, ExprRef<'a>>)>) -> ExprRef<'a> {
        let mut stripper = Stripper::new(strings::indentation(parts.iter().map(|(_, part)| part)));
        let mark = self.parts.len();
        let mut content = std::mem::take(&mut self.bytes);
        let count = parts.len();
        for (n, (token, part)) in parts.into_iter().enumerate() {
            let one;
            let text = match part {
                IndentedPart::Interpolated(expr) => {
                    stripper.interpolated();
                    self.parts.push((self.pos(token.start), expr));
                    continue;
                }
                IndentedPart::Plain(text) => text,
                IndentedPart::Escape(text) => text,
                IndentedPart::Byte(byte) => {
                    one = [byte];
                    &one
                }
            };
            content.clear();
            stripper.strip(text, n + 1 == count, &mut content);
            if !content.is_empty() {
                let text = self.arena.alloc_slice_copy(&content);
                let span = Span::new(self.pos(token.start), self.pos(token.end));
                let part = Expr {
                    span,
                    pos: Pos::NONE,
                    kind: ExprKind::Str(text),
                };
                self.parts.push((self.pos(token.start), self.arena.alloc(part)));
            }
        }
        self.bytes = content;
        let (pos, kind) = match &self.parts[mark..] {
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
                let parts = self.arena.alloc_slice_copy(parts);
                (
                    self.pos(start),
                    ExprKind::Concat {
                        force_string: true,
                        parts,
                    },
                )
            }
        };
        self.parts.truncate(mark);
        self.alloc(start, pos, kind)
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
        let mark = self.parts.len();
        let pos = self.pos(start);
        self.parts.push((pos, first));
        self.interpolated_parts(Kind::PathEnd)?;
        let parts = self.arena.alloc_slice_copy(&self.parts[mark..]);
        self.parts.truncate(mark);
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
        let path =
            if token.kind == Kind::Path {
                if text[0] == b'/' {
                    self.lint(self.options.absolute_paths, "lint-absolute-path-literals", token, |_, literal| {
                    format!(
                        "absolute path literals are not portable. Consider replacing path literal '{literal}' by a \
                         string, relative path, or parameter"
                    )
                });
                } else if text[0] != b'.' {
                    self.lint(self.options.short_paths, "lint-short-path-literals", token, |_, literal| {
                    format!(
                        "relative path literal '{literal}' should be prefixed with '.' for clarity: './{literal}'"
                    )
                });
                }
                paths::literal(self.options.base_path, text)
            } else {
                self.home_path(token)?
            };
        Ok(self.arena.alloc_slice_copy(&path))
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
