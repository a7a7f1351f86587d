//! Values that Nix sees in `flake.nix` without evaluating: constants, sets, lists and functions.
//!
//! Nix reads the metadata of a flake from the values that building the outermost set leaves behind.
//! A call, a selection or an interpolated string is still "a thunk" then, and an error where a
//! string is expected. A variable is its value only if that is there already: `true`, `false`,
//! `null`, or a name of a `rec` set around it.

use std::rc::Rc;
use syntax::ast::{Binding, BindingValue, Bindings, Expr, ExprKind, Lambda};
use syntax::{Symbol, Symbols};

/// Variables that lead to variables, at most; no honest flake has one.
const MAX_JUMPS: u32 = 100;

/// The `rec` sets around an expression, innermost first.
#[derive(Clone, Default)]
pub(super) struct Scope<'a>(Option<Rc<Frame<'a>>>);

struct Frame<'a> {
    bindings: &'a Bindings<'a>,
    outer: Scope<'a>,
}

/// A value as far as it is known without evaluation.
pub(super) enum Trivial<'a> {
    Int(i64),
    Float,
    Bool(bool),
    Null,
    Str(&'a [u8]),
    /// Absolute and canonical.
    Path(&'a [u8]),
    Set(Set<'a>),
    List(Vec<Trivial<'a>>),
    Function(&'a Lambda<'a>),
    Thunk,
}

/// A set without computed names, and what its values may refer to.
pub(super) struct Set<'a> {
    pub bindings: &'a Bindings<'a>,
    /// What `inherit` refers to.
    outer: Scope<'a>,
    /// What the values refer to.
    inner: Scope<'a>,
}

impl Trivial<'_> {
    /// Returns how Nix names the type in messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Trivial::Int(_) => "an integer",
            Trivial::Float => "a float",
            Trivial::Bool(_) => "a Boolean",
            Trivial::Null => "null",
            Trivial::Str(_) => "a string",
            Trivial::Path(_) => "a path",
            Trivial::Set(_) => "a set",
            Trivial::List(_) => "a list",
            Trivial::Function(_) => "a function",
            Trivial::Thunk => "a thunk",
        }
    }
}

impl<'a> Set<'a> {
    fn new(bindings: &'a Bindings<'a>, outer: &Scope<'a>) -> Set<'a> {
        let inner = if bindings.recursive {
            Scope(Some(Rc::new(Frame {
                bindings,
                outer: outer.clone(),
            })))
        } else {
            outer.clone()
        };
        Set {
            bindings,
            outer: outer.clone(),
            inner,
        }
    }

    /// Returns the set that the outermost expression of a file is, if it is one.
    pub fn of_file(expr: &'a Expr<'a>) -> Option<Set<'a>> {
        match expr.kind {
            ExprKind::Attrs(bindings) => Some(Set::new(bindings, &Scope::default())),
            _ => None,
        }
    }

    /// Returns the value of one of the set's bindings.
    pub fn value(&self, binding: &Binding<'a>, symbols: &Symbols) -> Trivial<'a> {
        self.value_after(binding, symbols, 0)
    }

    /// `jumps` is the number of variables that led here.
    fn value_after(&self, binding: &Binding<'a>, symbols: &Symbols, jumps: u32) -> Trivial<'a> {
        match binding.value {
            BindingValue::Plain(expr) => {
                // While the set is built, names that come later (by symbol) have no value yet.
                let before = self.bindings.recursive.then_some(binding.name);
                value_of(expr, &self.inner, before, symbols, jumps)
            }
            BindingValue::Inherited => variable(binding.name, &self.outer, None, symbols, jumps),
            BindingValue::InheritedFrom(_) => Trivial::Thunk,
        }
    }

    /// Returns the binding of this name.
    pub fn get(&self, name: &str, symbols: &Symbols) -> Option<&'a Binding<'a>> {
        let symbol = symbols.find(name.as_bytes())?;
        self.bindings.attrs.iter().find(|binding| binding.name == symbol)
    }
}

fn value_of<'a>(
    expr: &'a Expr<'a>,
    scope: &Scope<'a>,
    before: Option<Symbol>,
    symbols: &Symbols,
    jumps: u32,
) -> Trivial<'a> {
    match &expr.kind {
        ExprKind::Int(number) => Trivial::Int(*number),
        ExprKind::Float(_) => Trivial::Float,
        ExprKind::Str(text) => Trivial::Str(text),
        ExprKind::Path(path) => Trivial::Path(path),
        ExprKind::Attrs(bindings) if bindings.dynamic.is_empty() => Trivial::Set(Set::new(bindings, scope)),
        ExprKind::List(items) => Trivial::List(
            items
                .iter()
                .map(|item| match item.kind {
                    // Of a list's items Nix looks at the type alone, without building sets or lists.
                    ExprKind::Attrs(_) | ExprKind::List(_) | ExprKind::Lambda(_) => Trivial::Thunk,
                    _ => value_of(item, scope, None, symbols, jumps),
                })
                .collect(),
        ),
        ExprKind::Lambda(lambda) => Trivial::Function(lambda),
        ExprKind::Var(name) => variable(*name, scope, before, symbols, jumps),
        _ => Trivial::Thunk,
    }
}

fn variable<'a>(
    name: Symbol,
    scope: &Scope<'a>,
    mut before: Option<Symbol>,
    symbols: &Symbols,
    jumps: u32,
) -> Trivial<'a> {
    let mut scope = scope;
    while let Some(frame) = &scope.0 {
        if let Some(binding) = frame.bindings.attrs.iter().find(|binding| binding.name == name) {
            if before.is_some_and(|before| name >= before) || jumps >= MAX_JUMPS {
                return Trivial::Thunk;
            }
            return Set::new(frame.bindings, &frame.outer).value_after(binding, symbols, jumps + 1);
        }
        before = None;
        scope = &frame.outer;
    }
    match symbols.bytes(name) {
        b"true" => Trivial::Bool(true),
        b"false" => Trivial::Bool(false),
        b"null" => Trivial::Null,
        _ => Trivial::Thunk,
    }
}
