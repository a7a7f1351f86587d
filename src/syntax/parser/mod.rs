//! The parser: recursive descent for what nests, an operator stack for what only follows.
//!
//! It accepts exactly what Nix's generated LALR(1) parser accepts and builds the tree with that
//! parser's rewritings and positions (Nix: `parser.y`, `parser-state.hh`). At the first token that
//! does not fit it stops; the message is then worded by replaying the text through the generated
//! parser's own automaton (`crate::wording`).
//!
//! Checks that are not about tokens (names defined twice and the like) are made exactly when the
//! generated parser would reduce the rule, so that of two errors the same one comes first.

mod bindings;
mod function;
mod operators;
mod simple;
mod stacks;
mod text;

use crate::ast::{Expr, ExprKind, ExprRef};
use crate::error::{SyntaxError, SyntaxWarning};
use crate::lexer::Lexer;
use crate::paths::Paths;
use crate::token::{Kind, Token};
use crate::wording;
use crate::{Symbol, Symbols};
use bumpalo::Bump;
use diag::{Pos, Span};
pub(crate) use stacks::Stacks;

/// How deep expressions may nest. A level takes up to 1.3 KB of the thread's stack, and 8 MB is what
/// a main thread usually has.
pub const MAX_NESTING: u32 = 4_000;

/// How many tokens are read at a time: few enough to stay in the processor's nearest cache.
const READ_TOGETHER: usize = 256;

/// How Nix treats a kind of literal that it advises against.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Lint {
    /// Says nothing.
    #[default]
    Ignore,
    /// Warns.
    Warn,
    /// Refuses the text.
    Fatal,
}

/// The settings that parsing depends on.
#[derive(Clone, Debug)]
pub struct ParseOptions<'o> {
    /// The absolute folder that relative path literals start from.
    pub base_path: &'o [u8],
    /// The home folder for `~/…`, if it is known.
    pub home: Option<&'o [u8]>,
    /// Whether evaluation is pure, so that `~/…` is refused (`pure-eval`).
    pub pure: bool,
    /// Whether `|>` and `<|` are allowed (the experimental feature `pipe-operators`).
    pub pipe_operators: bool,
    /// `lint-url-literals`.
    pub url_literals: Lint,
    /// `lint-absolute-path-literals`.
    pub absolute_paths: Lint,
    /// `lint-short-path-literals`.
    pub short_paths: Lint,
}

impl<'o> ParseOptions<'o> {
    /// Returns Nix's default settings with this folder for relative paths and no home folder.
    pub fn new(base_path: &'o [u8]) -> ParseOptions<'o> {
        ParseOptions {
            base_path,
            home: None,
            pure: false,
            pipe_operators: false,
            url_literals: Lint::Ignore,
            absolute_paths: Lint::Ignore,
            short_paths: Lint::Ignore,
        }
    }
}

/// A parsed text.
#[derive(Debug)]
pub struct Parsed<'a> {
    /// The tree; `ExprKind::Error` when the text could not be parsed to its end.
    pub root: ExprRef<'a>,
    /// The errors; the first one is the one that Nix reports.
    pub errors: Vec<SyntaxError>,
    /// The warnings, in Nix's order.
    pub warnings: Vec<SyntaxWarning>,
}

/// Returns the tree of `text`, whose first byte is at `base`; its strings are part of the text where they can be. Never
/// fails: what is wrong is in [`Parsed::errors`], and the tree is only to be evaluated when there are none.
pub fn parse<'a>(
    text: &'a [u8],
    base: Pos,
    symbols: &mut Symbols,
    arena: &'a Bump,
    options: &ParseOptions<'_>,
) -> Parsed<'a> {
    if u32::try_from(text.len()).is_err() {
        let error = SyntaxError {
            message: "file is too large: 4 GiB or more".into(),
            pos: base,
            span: Span::new(base, base),
            previous: None,
            hint: None,
        };
        let root = arena.alloc(Expr {
            span: Span::default(),
            pos: Pos::NONE,
            kind: ExprKind::Error,
        });
        return Parsed {
            root,
            errors: vec![error],
            warnings: Vec::new(),
        };
    }
    if arena.allocated_bytes() == 0 {
        // All arenas without memory share a static one, whose end bumpalo writes where the first wish is for nothing, such
        // as no bindings: a race between threads.
        arena.alloc(0u8);
    }
    let mut parser = Parser::new(text, base, symbols, arena, options);
    let root = match parser.whole() {
        Ok(root) => root,
        Err(Halt) => {
            let span = Span::new(base, parser.pos(text.len() as u32));
            arena.alloc(Expr {
                span,
                pos: Pos::NONE,
                kind: ExprKind::Error,
            })
        }
    };
    let Parser {
        symbols,
        stacks,
        errors,
        warnings,
        ..
    } = parser;
    symbols.stacks = Some(stacks.emptied());
    Parsed { root, errors, warnings }
}

/// The parser stopped; why is in its `errors`.
struct Halt;

type Outcome<T> = Result<T, Halt>;

/// An expression with the offset where its production starts, parentheses included.
#[derive(Clone, Copy)]
struct Node<'a> {
    expr: ExprRef<'a>,
    start: u32,
}

/// The names that rewritings call.
#[derive(Clone, Copy)]
pub(crate) struct Names {
    sub: Symbol,
    mul: Symbol,
    div: Symbol,
    less_than: Symbol,
    find_file: Symbol,
    nix_path: Symbol,
    body: Symbol,
    or: Symbol,
    cur_pos: Symbol,
}

impl Names {
    fn new(symbols: &mut Symbols) -> Names {
        Names {
            sub: symbols.intern(b"__sub"),
            mul: symbols.intern(b"__mul"),
            div: symbols.intern(b"__div"),
            less_than: symbols.intern(b"__lessThan"),
            find_file: symbols.intern(b"__findFile"),
            nix_path: symbols.intern(b"__nixPath"),
            body: symbols.intern(b"body"),
            or: symbols.intern(b"or"),
            cur_pos: symbols.intern(b"__curPos"),
        }
    }
}

/// An error that is reported once the function or `let` that starts at `start` is complete.
struct Deferred {
    start: u32,
    error: SyntaxError,
}

struct Parser<'a, 'p> {
    text: &'a [u8],
    base: Pos,
    symbols: &'p mut Symbols,
    arena: &'a Bump,
    options: &'p ParseOptions<'p>,
    names: Names,
    lexer: Lexer<'a>,
    stacks: Stacks<'a>,
    /// How many tokens were read together, where among them the one at hand is, and the end of the one before.
    read: usize,
    at: usize,
    token: Token,
    previous_end: u32,
    /// How deep the present place nests.
    depth: u32,
    errors: Vec<SyntaxError>,
    warnings: Vec<SyntaxWarning>,
    deferred: Vec<Deferred>,
    /// How many sets are being built; the rest of those in `stacks` keep their memory for later.
    open_sets: usize,
    paths: Paths<'p>,
}

impl<'a, 'p> Parser<'a, 'p> {
    fn new(
        text: &'a [u8],
        base: Pos,
        symbols: &'p mut Symbols,
        arena: &'a Bump,
        options: &'p ParseOptions<'p>,
    ) -> Parser<'a, 'p> {
        let names = match symbols.names_of_syntax {
            Some(names) => names,
            None => {
                let names = Names::new(symbols);
                symbols.names_of_syntax = Some(names);
                names
            }
        };
        let mut lexer = Lexer::new(text, options.pipe_operators);
        let mut stacks = symbols.stacks.take().unwrap_or_default();
        let read = lexer.fill(&mut stacks.tokens[..]);
        Parser {
            text,
            base,
            symbols,
            arena,
            options,
            names,
            lexer,
            token: stacks.tokens[0],
            stacks,
            read,
            at: 0,
            previous_end: 0,
            depth: 0,
            errors: Vec::new(),
            warnings: Vec::new(),
            deferred: Vec::new(),
            open_sets: 0,
            paths: Paths::new(options.base_path),
        }
    }

    fn whole(&mut self) -> Outcome<ExprRef<'a>> {
        let root = self.expr()?;
        if self.token.kind != Kind::End {
            return self.unexpected();
        }
        Ok(root.expr)
    }

    // Remainders below spare the check whether an index is within the array.

    /// Moves to the next token.
    #[inline(always)]
    fn bump(&mut self) {
        self.previous_end = self.token.end;
        self.at += 1;
        if self.at >= self.read {
            self.read_more(0);
        }
        self.token = self.stacks.tokens[self.at % READ_TOGETHER];
    }

    /// Returns the kind of the `n`th token after the one at hand; `n` is 1 or 2.
    #[inline(always)]
    fn kind_ahead(&mut self, n: usize) -> Kind {
        if self.at + n >= self.read {
            self.read_more(n);
        }
        self.stacks.tokens[(self.at + n) % READ_TOGETHER].kind
    }

    /// Reads tokens until there are `n` after the one at hand, and drops those before it.
    #[cold]
    #[inline(never)]
    fn read_more(&mut self, n: usize) {
        self.stacks.tokens.copy_within(self.at..self.read, 0);
        self.read -= self.at;
        self.at = 0;
        while self.read <= n {
            self.read += self.lexer.fill(&mut self.stacks.tokens[self.read..]);
        }
    }

    #[inline(always)]
    fn expect(&mut self, kind: Kind) -> Outcome<()> {
        if self.token.kind != kind {
            return self.unexpected();
        }
        self.bump();
        Ok(())
    }

    /// Stops at the token at hand, which does not fit.
    #[cold]
    #[inline(never)]
    fn unexpected<T>(&mut self) -> Outcome<T> {
        if let (Kind::Refused, Some(refusal)) = (self.token.kind, self.lexer.refusal()) {
            let (message, at) = (refusal.message.clone(), refusal.at);
            self.report(message, at, at, self.token.end);
            return Err(Halt);
        }
        let explanation = wording::explain(self.text, self.options.pipe_operators, self.token);
        // Rules that the generated parser completes before it sees that the token does not fit.
        for start in explanation.completed {
            if let Some(n) = self.deferred.iter().rposition(|d| d.start == start) {
                self.errors.push(self.deferred.remove(n).error);
            }
        }
        self.report(explanation.message, self.token.start, self.token.start, self.token.end);
        Err(Halt)
    }

    fn error(&self, message: String, at: u32, start: u32, end: u32) -> SyntaxError {
        let hint = crate::hints::hint(&message).map(str::to_owned);
        let span = Span::new(self.pos(start), self.pos(end));
        SyntaxError {
            message,
            pos: self.pos(at),
            span,
            previous: None,
            hint,
        }
    }

    fn report(&mut self, message: String, at: u32, start: u32, end: u32) {
        let error = self.error(message, at, start, end);
        self.errors.push(error);
    }

    /// Goes one level deeper; the caller lowers `depth` again.
    #[inline(always)]
    fn deeper(&mut self) -> Outcome<()> {
        if self.depth >= MAX_NESTING {
            return self.too_deep();
        }
        self.depth += 1;
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn too_deep<T>(&mut self) -> Outcome<T> {
        let Token { start, end, .. } = self.token;
        self.report(
            format!("nesting too deep: more than {MAX_NESTING} levels"),
            start,
            start,
            end,
        );
        Err(Halt)
    }

    #[inline(always)]
    fn pos(&self, offset: u32) -> Pos {
        self.base.offset(offset)
    }

    /// Returns a new expression from `start` to the token before the one at hand.
    #[inline(always)]
    fn alloc(&self, start: u32, pos: Pos, kind: ExprKind<'a>) -> ExprRef<'a> {
        let span = Span::new(self.pos(start), self.pos(self.previous_end));
        self.arena.alloc(Expr { span, pos, kind })
    }

    /// Returns a copy of a list, of which most are short: a call to copy them would take longer than they do.
    #[inline(always)]
    fn copied<T: Copy>(&self, items: &[T]) -> &'a [T] {
        match items {
            [] => &[],
            [one] => std::slice::from_ref(self.arena.alloc(*one)),
            more => self.arena.alloc_slice_fill_iter(more.iter().copied()),
        }
    }

    /// Returns a new expression that stands nowhere in the text.
    fn made(&self, kind: ExprKind<'a>) -> ExprRef<'a> {
        self.arena.alloc(Expr {
            span: Span::default(),
            pos: Pos::NONE,
            kind,
        })
    }

    #[inline]
    fn intern(&mut self, token: Token) -> Symbol {
        let start = token.start as usize;
        self.symbols.intern_in(self.text, start, token.end as usize - start)
    }

    fn text_of(&self, token: Token) -> &'a [u8] {
        &self.text[token.start as usize..token.end as usize]
    }
}
