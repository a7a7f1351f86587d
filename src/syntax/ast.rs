//! The syntax tree, after the rewritings that Nix's own parser makes.
//!
//! Those are: `a.b = 1; a.c = 2;` becomes one nested set, `-x` becomes `__sub 0 x`, `<x>` becomes
//! `__findFile __nixPath "x"`, `a > b` becomes `__lessThan b a`, `let { … }` becomes
//! `(rec { … }).body`, a pipe becomes a call, and an indented string has lost its indentation.
//! (Nix: `parser.y`, `parser-state.hh`.) What evaluation calls, it calls by name, since those
//! names can be rebound.

use crate::Symbol;
use diag::{Pos, Span};

/// An expression: where it stands, where errors about it point, and what it is.
#[derive(Debug)]
pub struct Expr<'a> {
    /// All of its source text. `Span::default()` for an expression that a rewriting made.
    pub span: Span,
    /// The place that Nix names for it in messages (its `getPos`), for instance the operator of a
    /// binary operation; `Pos::NONE` where Nix has none.
    pub pos: Pos,
    /// What it is.
    pub kind: ExprKind<'a>,
}

/// A reference to an expression in the arena of its file.
pub type ExprRef<'a> = &'a Expr<'a>;

/// What an expression is.
#[derive(Debug)]
pub enum ExprKind<'a> {
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string without interpolation (also a URI), escapes resolved.
    Str(&'a [u8]),
    /// A path literal: absolute and canonical, but with the literal's trailing slash when an
    /// interpolation follows it.
    Path(&'a [u8]),
    /// A variable.
    Var(Symbol),
    /// `__curPos`.
    CurPos,
    /// `e.a.b` and `e.a.b or default`.
    Select {
        /// The set.
        subject: ExprRef<'a>,
        /// The names, at least one.
        path: &'a [AttrName<'a>],
        /// What stands after `or`.
        default: Option<ExprRef<'a>>,
    },
    /// `e ? a.b`.
    HasAttr {
        /// The set.
        subject: ExprRef<'a>,
        /// The names, at least one.
        path: &'a [AttrName<'a>],
    },
    /// `{ … }` and `rec { … }`.
    Attrs(&'a Bindings<'a>),
    /// `[ … ]`.
    List(&'a [ExprRef<'a>]),
    /// `x: …`, `{ … }: …`, `x@{ … }: …`.
    Lambda(&'a Lambda<'a>),
    /// A call with all arguments that follow each other; also unary and arithmetic operators.
    Call {
        /// The function.
        function: ExprRef<'a>,
        /// The arguments, at least one.
        args: &'a [ExprRef<'a>],
    },
    /// `let … in …`.
    Let {
        /// The bindings; never with dynamic names.
        bindings: &'a Bindings<'a>,
        /// The body.
        body: ExprRef<'a>,
    },
    /// `with scope; body`.
    With {
        /// The set.
        scope: ExprRef<'a>,
        /// The body.
        body: ExprRef<'a>,
    },
    /// `if … then … else …`.
    If {
        /// The condition.
        condition: ExprRef<'a>,
        /// The value if it holds.
        then: ExprRef<'a>,
        /// The value if it does not.
        otherwise: ExprRef<'a>,
    },
    /// `assert condition; body`.
    Assert {
        /// The condition.
        condition: ExprRef<'a>,
        /// The body.
        body: ExprRef<'a>,
    },
    /// `!e`.
    Not(ExprRef<'a>),
    /// A binary operator that is not a call.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Its left side.
        left: ExprRef<'a>,
        /// Its right side.
        right: ExprRef<'a>,
    },
    /// String interpolation (`force_string`), an interpolated path, or the operator `+`.
    Concat {
        /// Whether the result is a string whatever the parts are.
        force_string: bool,
        /// The parts with the position that errors about each name, at least one.
        parts: &'a [(Pos, ExprRef<'a>)],
    },
    /// What stands for text that could not be parsed.
    Error,
}

/// The binary operators that Nix does not rewrite to calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BinaryOp {
    /// `==`
    Eq,
    /// `!=`
    NotEq,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `->`
    Implies,
    /// `//`
    Update,
    /// `++`
    ConcatLists,
}

/// One name of an attribute path.
#[derive(Clone, Copy, Debug)]
pub enum AttrName<'a> {
    /// A name that is known now.
    Static(Symbol),
    /// `${…}` or an interpolated string.
    Dynamic(ExprRef<'a>),
}

/// The bindings of a set or a `let`.
#[derive(Debug)]
pub struct Bindings<'a> {
    /// Whether this is `rec { … }` (or the old `let { … }`).
    pub recursive: bool,
    /// Bindings whose name is known, each name once, sorted by symbol.
    pub attrs: &'a [Binding<'a>],
    /// The sources of `inherit (…)`, in order, each with the place that errors about it name: where
    /// the expression starts, its parentheses included.
    pub inherit_from: &'a [(Pos, ExprRef<'a>)],
    /// Bindings whose name is computed, in order.
    pub dynamic: &'a [DynamicBinding<'a>],
}

/// A binding with a known name.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// The name.
    pub name: Symbol,
    /// Where the name stands.
    pub pos: Pos,
    /// What it is bound to.
    pub value: BindingValue<'a>,
}

/// What a name is bound to.
#[derive(Clone, Copy, Debug)]
pub enum BindingValue<'a> {
    /// `name = e;`
    Plain(ExprRef<'a>),
    /// `inherit name;`: a variable of the scope around the set.
    Inherited,
    /// `inherit (e) name;`: the index of `e` in `Bindings::inherit_from`.
    InheritedFrom(u32),
}

/// A binding with a computed name.
#[derive(Clone, Copy, Debug)]
pub struct DynamicBinding<'a> {
    /// The name.
    pub name: ExprRef<'a>,
    /// The value.
    pub value: ExprRef<'a>,
    /// Where the name stands.
    pub pos: Pos,
}

/// A function.
#[derive(Debug)]
pub struct Lambda<'a> {
    /// The parameter's name: of `x: …` or `x@{ … }: …`.
    pub arg: Option<Symbol>,
    /// The formals of `{ … }: …`.
    pub formals: Option<Formals<'a>>,
    /// The body.
    pub body: ExprRef<'a>,
}

/// The formals of a function.
#[derive(Debug)]
pub struct Formals<'a> {
    /// The formals, sorted by symbol, each once.
    pub formals: &'a [Formal<'a>],
    /// Whether `...` stands among them.
    pub ellipsis: bool,
}

/// One formal.
#[derive(Clone, Copy, Debug)]
pub struct Formal<'a> {
    /// Where its name stands.
    pub pos: Pos,
    /// Its name.
    pub name: Symbol,
    /// Its default.
    pub default: Option<ExprRef<'a>>,
}
