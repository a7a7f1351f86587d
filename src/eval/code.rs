//! Code: what a file becomes before it is evaluated.
//!
//! A tree of small nodes that live as long as the process. Variables are resolved to a number of
//! environments to go up and a slot, builtins to their values; literals are ready-made cells; sets
//! with known names know their [`Shape`]. The tree is never changed, but for the inline caches of
//! selections and the names that functions get from the attribute they are bound to.

use crate::attrs::{Lookup, Shape};
use crate::heap::Ref;
use diag::{Pos, Span};
use std::cell::Cell;
use syntax::Symbol;

/// A reference to code.
pub type CodeRef = &'static Code;

/// One node of code. Small enough to stand inside the node that it is part of.
#[derive(Clone, Copy)]
pub enum Code {
    /// A ready-made value.
    Const(Ref),
    /// A variable.
    Var(Var),
    /// A variable that only a `with` can provide.
    WithVar(&'static WithVar),
    /// `e.a.b`, `e.a.b or d`.
    Select(&'static Select),
    /// `e ? a.b`.
    HasAttr(&'static HasAttr),
    /// `{ … }`, `rec { … }`.
    Attrs(&'static AttrsCode),
    /// `let … in …`.
    Let(&'static LetCode),
    /// `[ … ]`.
    List(&'static ListCode),
    /// `x: …`.
    Lambda(&'static Lambda),
    /// `f a b`.
    Call(&'static Call),
    /// `with e; …`.
    With(&'static WithCode),
    /// `if … then … else …`.
    If(&'static If),
    /// `assert …; …`.
    Assert(&'static Assert),
    /// `!e`.
    Not(&'static Not),
    /// `==`, `&&`, `//`, …
    Binary(&'static Binary),
    /// Arithmetic and comparison whose builtin is not rebound.
    Arith(&'static Arith),
    /// Interpolation and `+`.
    Concat(&'static Concat),
    /// `__curPos`.
    CurPos(Pos),
    /// A file's content, evaluated where its value is kept.
    File(&'static FileCode),
    /// The body of a function whose calls are noted.
    Noted(&'static NotedBody),
    /// The body of a file's function whose calls are shared.
    Shared(&'static SharedBody),
}

/// A resolved variable.
#[derive(Clone, Copy)]
pub struct Var {
    /// How many environments to go up.
    pub depth: u32,
    /// The slot there.
    pub slot: u32,
    /// Where it stands.
    pub pos: Pos,
}

/// A variable to be looked up in the enclosing `with`s.
pub struct WithVar {
    /// Its name.
    pub name: Symbol,
    /// Where it stands.
    pub pos: Pos,
    /// For each `with`, innermost first: how many environments to go up from the one before, and
    /// where the `with` stands.
    pub scopes: &'static [(u32, Pos)],
    /// The last look-up in the innermost scope.
    pub cache: Lookup,
}

/// A name in a selection.
pub enum Key {
    /// A known name with the last look-up.
    Static(Symbol, Lookup),
    /// A computed name.
    Dynamic(CodeRef, Span),
}

/// A selection.
pub struct Select {
    /// The set.
    pub subject: Code,
    /// The names.
    pub path: &'static [Key],
    /// What stands after `or`.
    pub default: Option<CodeRef>,
    /// Where it stands.
    pub pos: Pos,
}

/// A test for an attribute.
pub struct HasAttr {
    /// The set.
    pub subject: Code,
    /// The names.
    pub path: &'static [Key],
    /// Where the set stands.
    pub pos: Pos,
}

/// In which environment the value of a binding is evaluated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// That of the set: its own if it is recursive, else the one around it.
    Set,
    /// The extra one that holds the sources of `inherit (…)` of a set that is not recursive.
    Sources,
    /// The one around a recursive set: a plain `inherit`.
    Around,
}

/// An attribute set.
pub struct AttrsCode {
    /// Names and positions of the bindings.
    pub shape: &'static Shape,
    /// The values of the bindings, in the shape's order.
    pub values: &'static [Code],
    /// What few sets have.
    pub further: Option<&'static Further>,
    /// Whether the bindings see each other; the sources then stand in the slots behind them.
    pub recursive: bool,
    /// Where it stands.
    pub pos: Pos,
}

/// A `let`: bindings and then sources in the slots of a new environment.
pub struct LetCode {
    /// The values of the bindings.
    pub values: &'static [Code],
    /// What few have.
    pub further: Option<&'static Further>,
    /// The body.
    pub body: Code,
}

/// What most sets and `let`s have nothing of.
pub struct Further {
    /// Where the values of the bindings are evaluated; empty if all are [`Within::Set`].
    pub within: &'static [Within],
    /// The sources of `inherit (…)`.
    pub sources: &'static [Code],
    /// Bindings with computed names: name, value, position.
    pub dynamic: &'static [(Code, Code, Pos)],
    /// The index of `__overrides` of a recursive set.
    pub overrides: Option<u32>,
}

impl Further {
    /// Returns in which environment the value with this index is evaluated.
    #[inline(always)]
    pub fn within(&self, index: usize) -> Within {
        self.within.get(index).copied().unwrap_or(Within::Set)
    }
}

/// A list.
pub struct ListCode {
    /// Its elements.
    pub elements: &'static [Code],
}

/// A function: its environment has the argument (if named), then the formals.
pub struct Lambda {
    /// Where it stands.
    pub pos: Pos,
    /// The attribute or variable that it was bound to.
    pub name: Cell<Option<Symbol>>,
    /// The argument's name.
    pub arg: Option<Symbol>,
    /// The formals.
    pub formals: Option<FormalsCode>,
    /// The body.
    pub body: Code,
}

/// The formals of a function.
pub struct FormalsCode {
    /// The formals, sorted by symbol.
    pub formals: &'static [FormalCode],
    /// Whether further arguments are accepted.
    pub ellipsis: bool,
    /// Names and positions of the formals.
    pub shape: &'static Shape,
}

/// A formal.
pub struct FormalCode {
    /// Its name.
    pub name: Symbol,
    /// Where it stands.
    pub pos: Pos,
    /// Its default.
    pub default: Option<CodeRef>,
}

/// A call.
pub struct Call {
    /// The function.
    pub function: Code,
    /// The arguments, at least one.
    pub args: &'static [Code],
    /// Where it stands.
    pub pos: Pos,
}

/// A `with`.
pub struct WithCode {
    /// The set.
    pub scope: Code,
    /// The body.
    pub body: Code,
}

/// A conditional.
pub struct If {
    /// The condition.
    pub condition: Code,
    /// If it holds.
    pub then: Code,
    /// If it does not.
    pub otherwise: Code,
    /// Where it stands.
    pub pos: Pos,
}

/// An assertion.
pub struct Assert {
    /// The condition.
    pub condition: Code,
    /// The source text of the condition.
    pub span: Span,
    /// The body.
    pub body: Code,
    /// Where it stands.
    pub pos: Pos,
}

/// A negation.
pub struct Not {
    /// What is negated.
    pub operand: Code,
    /// Where that stands.
    pub pos: Pos,
}

/// A binary operator.
pub struct Binary {
    /// Which.
    pub op: syntax::ast::BinaryOp,
    /// Its left side.
    pub left: Code,
    /// Its right side.
    pub right: Code,
    /// Where the operator stands.
    pub pos: Pos,
    /// Where the operands stand, for messages about them.
    pub operands: (Pos, Pos),
}

/// The arithmetic that the syntax turns into calls of builtins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArithOp {
    /// `__sub`
    Sub,
    /// `__mul`
    Mul,
    /// `__div`
    Div,
    /// `__lessThan`
    Less,
}

/// An arithmetic operator or comparison.
pub struct Arith {
    /// Which.
    pub op: ArithOp,
    /// The builtin's first argument.
    pub left: Code,
    /// Its second.
    pub right: Code,
    /// Where the operator stands.
    pub pos: Pos,
}

/// Concatenation of strings, or addition.
pub struct Concat {
    /// Whether the result is a string whatever the parts are.
    pub force_string: bool,
    /// The parts.
    pub parts: &'static [(Pos, Code)],
    /// Where it stands.
    pub pos: Pos,
}

/// A file.
pub struct FileCode {
    /// Its path.
    pub path: &'static [u8],
    /// Its number among the files that were imported.
    pub number: u32,
}

/// The body of a file's function whose calls are noted.
pub struct NotedBody {
    /// The file's path.
    pub file: &'static [u8],
    /// The body.
    pub body: Code,
}

/// The body of a file's function whose calls are shared.
pub struct SharedBody {
    /// Whether the argument has a name, and so the first slot.
    pub named: bool,
    /// The formals.
    pub formals: &'static [FormalCode],
    /// The body.
    pub body: Code,
}

/// Returns the position that messages name for a piece of code, as Nix's `getPos`.
pub fn position(code: &Code) -> Pos {
    match code {
        Code::Const(_) | Code::Let(_) | Code::List(_) | Code::File(_) => Pos::NONE,
        Code::Var(v) => v.pos,
        Code::WithVar(v) => v.pos,
        Code::Select(s) => s.pos,
        Code::HasAttr(h) => h.pos,
        Code::Attrs(a) => a.pos,
        Code::Lambda(l) => l.pos,
        Code::Call(c) => c.pos,
        Code::With(_) => Pos::NONE,
        Code::If(i) => i.pos,
        Code::Assert(a) => a.pos,
        Code::Not(n) => n.pos,
        Code::Binary(b) => b.pos,
        Code::Arith(a) => a.pos,
        Code::Concat(c) => c.pos,
        Code::CurPos(pos) => *pos,
        Code::Noted(noted) => position(&noted.body),
        Code::Shared(shared) => position(&shared.body),
    }
}

/// Returns code in which the body of the function that it is has something around it.
pub(crate) fn around_body(
    arena: &'static bumpalo::Bump,
    code: &Code,
    around: &dyn Fn(&Lambda) -> Code,
) -> Option<Code> {
    match code {
        Code::Lambda(lambda) => {
            let formals = lambda.formals.as_ref().map(|f| FormalsCode {
                formals: f.formals,
                ellipsis: f.ellipsis,
                shape: f.shape,
            });
            Some(Code::Lambda(arena.alloc(Lambda {
                pos: lambda.pos,
                name: Cell::new(lambda.name.get()),
                arg: lambda.arg,
                formals,
                body: around(lambda),
            })))
        }
        Code::Let(bindings) => {
            let body = around_body(arena, &bindings.body, around)?;
            Some(Code::Let(arena.alloc(LetCode {
                values: bindings.values,
                further: bindings.further,
                body,
            })))
        }
        Code::With(with) => {
            let body = around_body(arena, &with.body, around)?;
            Some(Code::With(arena.alloc(WithCode {
                scope: with.scope,
                body,
            })))
        }
        _ => None,
    }
}
