//! From the syntax tree to code: resolves variables, makes constants, shapes and names.

use crate::attrs::{Lookup, Shape};
use crate::code::*;
use crate::error::ErrorKind;
use crate::error::EvalError;
use crate::heap::{Ref, Val};
use crate::memory::Memory;
use diag::Pos;
use rustc_hash::FxHashMap;
use syntax::ast::{AttrName, BindingValue, Bindings, Expr, ExprKind};
use syntax::{Symbol, Symbols, ast};

/// The names that are known everywhere and their values, and the builtins that operators use.
#[derive(Default)]
pub struct BaseScope {
    /// The global names.
    pub names: FxHashMap<Symbol, Ref>,
    /// The builtins behind arithmetic operators.
    pub arith: Vec<(Ref, ArithOp)>,
}

/// One level of scope; each is one environment at run time.
enum Scope {
    /// Variables, kept in the table of names.
    Variables,
    /// A `with`.
    With(Pos),
}

/// What binds each name where a file is being lowered; empty between files, and kept for its memory.
#[derive(Default)]
pub struct Bound {
    /// For each symbol the number of its innermost binding, counted from one; zero if there is none.
    innermost: Vec<u32>,
    /// The bindings of all levels, innermost last.
    bindings: Vec<Binding>,
}

/// A variable of one level of scope.
struct Binding {
    name: Symbol,
    level: u32,
    slot: u32,
    /// The number of the binding that this one hides.
    hidden: u32,
}

impl Bound {
    fn bind(&mut self, name: Symbol, level: u32, slot: u32) {
        let at = name.0 as usize;
        if at >= self.innermost.len() {
            self.innermost.resize(at + 1, 0);
        }
        let hidden = self.innermost[at];
        self.bindings.push(Binding {
            name,
            level,
            slot,
            hidden,
        });
        self.innermost[at] = self.bindings.len() as u32;
    }

    /// Forgets the bindings of a level and of those within it.
    fn leave(&mut self, level: u32) {
        while let Some(binding) = self.bindings.pop_if(|binding| binding.level >= level) {
            self.innermost[binding.name.0 as usize] = binding.hidden;
        }
    }

    /// Returns level and slot of the innermost binding of a name.
    fn find(&self, name: Symbol) -> Option<(u32, u32)> {
        let number = *self.innermost.get(name.0 as usize)?;
        let binding = self.bindings.get((number as usize).checked_sub(1)?)?;
        Some((binding.level, binding.slot))
    }
}

/// The state of lowering one file.
pub struct Lower<'l> {
    memory: &'l mut Memory,
    symbols: &'l Symbols,
    base: &'l BaseScope,
    scopes: Vec<Scope>,
    bound: &'l mut Bound,
    /// The way to each `with` around a variable, and those of the variable before.
    hops: Vec<(u32, Pos)>,
    last_hops: &'static [(u32, Pos)],
    /// The first undefined variable.
    error: Option<EvalError>,
    /// Address below which the native stack must not grow.
    stack_limit: usize,
}

/// Returns the code of a file or expression, or the error of its first undefined variable.
///
/// `scope` names variables of one extra environment around it (`scopedImport`), in slot order.
pub fn lower(
    memory: &mut Memory,
    symbols: &Symbols,
    base: &BaseScope,
    bound: &mut Bound,
    root: &Expr<'_>,
    scope: Option<&[Symbol]>,
    stack_limit: usize,
) -> Result<CodeRef, EvalError> {
    // Of a file before it nothing is left, unless a panic ended that.
    bound.leave(0);
    let mut lower = Lower {
        memory,
        symbols,
        base,
        scopes: Vec::new(),
        bound,
        hops: Vec::new(),
        last_hops: &[],
        error: None,
        stack_limit,
    };
    if let Some(names) = scope {
        lower.enter(names.iter().copied());
    }
    let code = lower.expr(root, None);
    lower.bound.leave(0);
    let error = lower.error.take();
    match error {
        Some(error) => Err(error),
        None => Ok(lower.put(code)),
    }
}

impl Lower<'_> {
    fn put<T>(&self, value: T) -> &'static T {
        self.memory.arena.alloc(value)
    }

    /// Lowers an expression to a node that stands alone.
    fn apart(&mut self, e: &Expr<'_>) -> CodeRef {
        let code = self.expr(e, None);
        self.put(code)
    }

    /// Returns what becomes of each part, in one array.
    fn put_all<P, T>(
        &mut self,
        mut parts: impl ExactSizeIterator<Item = P>,
        mut of: impl FnMut(&mut Self, P) -> T,
    ) -> &'static [T] {
        let arena = self.memory.arena;
        match parts.len() {
            0 => &[],
            1 => {
                let part = parts.next().expect("there is one");
                std::slice::from_ref(arena.alloc(of(self, part)))
            }
            _ => arena.alloc_slice_fill_iter(parts.map(|part| of(self, part))),
        }
    }

    fn constant(&mut self, value: Val) -> Code {
        let cell = self.memory.heap.alloc_constant(value);
        Code::Const(cell)
    }

    fn fail(&mut self, error: EvalError) -> Code {
        self.error.get_or_insert(error);
        self.constant(Val::NULL)
    }

    fn enter(&mut self, names: impl Iterator<Item = Symbol>) {
        let level = self.scopes.len() as u32;
        self.scopes.push(Scope::Variables);
        for (slot, name) in names.enumerate() {
            self.bound.bind(name, level, slot as u32);
        }
    }

    fn leave(&mut self) {
        self.scopes.pop();
        self.bound.leave(self.scopes.len() as u32);
    }

    fn variable(&mut self, name: Symbol, pos: Pos) -> Code {
        let here = self.scopes.len() as u32;
        if let Some((level, slot)) = self.bound.find(name) {
            return Code::Var(Var {
                depth: here - 1 - level,
                slot,
                pos,
            });
        }
        if let Some(&cell) = self.base.names.get(&name) {
            return Code::Const(cell);
        }
        let mut scopes = std::mem::take(&mut self.hops);
        scopes.clear();
        let mut from = here;
        for level in (0..here).rev() {
            if let Scope::With(with) = self.scopes[level as usize] {
                // The first hop is from the current environment, which is level `here - 1`.
                let hops = if scopes.is_empty() {
                    here - 1 - level
                } else {
                    from - level
                };
                scopes.push((hops, with));
                from = level;
            }
        }
        if scopes.is_empty() {
            let message = format!("undefined variable '{}'", self.symbols.text(name));
            return self.fail(EvalError::new(ErrorKind::UndefinedVariable, message).at(pos));
        }
        // Names that stand beside each other mostly have the same scopes around them.
        if *self.last_hops != *scopes {
            self.last_hops = self.memory.arena.alloc_slice_copy(&scopes);
        }
        self.hops = scopes;
        let with = self.put(WithVar {
            name,
            pos,
            scopes: self.last_hops,
            cache: Lookup::new(),
        });
        Code::WithVar(with)
    }

    fn exprs(&mut self, exprs: &[&Expr<'_>]) -> &'static [Code] {
        self.put_all(exprs.iter(), |lower, e| lower.expr(e, None))
    }

    fn path(&mut self, path: &[AttrName<'_>]) -> &'static [Key] {
        self.put_all(path.iter(), |lower, name| match name {
            AttrName::Static(symbol) => Key::Static(*symbol, Lookup::new()),
            AttrName::Dynamic(e) => Key::Dynamic(lower.apart(e), e.span),
        })
    }

    /// Lowers an expression; `name` is what it is bound to, for messages about a function.
    fn expr(&mut self, e: &Expr<'_>, name: Option<Symbol>) -> Code {
        let here = 0u8;
        if std::ptr::from_ref(&here) as usize <= self.stack_limit {
            let error = EvalError::new(
                ErrorKind::StackOverflow,
                "stack overflow; the expression is nested too deeply",
            );
            return self.fail(error.at(e.span.start));
        }
        match &e.kind {
            ExprKind::Int(n) => self.constant(Val::int(*n)),
            ExprKind::Float(n) => self.constant(Val::float(*n)),
            ExprKind::Str(s) => {
                let value = self.memory.constant_string(s);
                self.constant(value)
            }
            ExprKind::Path(p) => {
                let value = self.memory.constant_path(p);
                self.constant(value)
            }
            ExprKind::Var(name) => self.variable(*name, e.pos),
            ExprKind::CurPos => Code::CurPos(e.pos),
            ExprKind::Select { subject, path, default } => {
                let subject = self.expr(subject, None);
                let default = default.map(|d| self.apart(d));
                let path = self.path(path);
                let select = self.put(Select {
                    subject,
                    path,
                    default,
                    pos: e.pos,
                });
                Code::Select(select)
            }
            ExprKind::HasAttr { subject, path } => {
                let pos = subject.pos;
                let subject = self.expr(subject, None);
                let path = self.path(path);
                let has = self.put(HasAttr { subject, path, pos });
                Code::HasAttr(has)
            }
            ExprKind::Attrs(bindings) => self.attrs(bindings, e.pos),
            ExprKind::List(elements) => {
                if elements.is_empty() {
                    let cell = self.memory.empty_list;
                    return Code::Const(cell);
                }
                let elements = self.exprs(elements);
                let list = self.put(ListCode { elements });
                Code::List(list)
            }
            ExprKind::Lambda(lambda) => self.lambda(lambda, e.pos, name),
            ExprKind::Call { function, args } => self.call(function, args, e.pos),
            ExprKind::Let { bindings, body } => {
                let around = self.around(bindings);
                let elsewhere = (!around.is_empty()).then_some(Within::Around);
                self.enter(bindings.attrs.iter().map(|b| b.name));
                let (values, sources) = self.recursive(bindings, around);
                let further = self.further(bindings, elsewhere, sources, None);
                let body = self.expr(body, None);
                self.leave();
                let code = self.put(LetCode { values, further, body });
                Code::Let(code)
            }
            ExprKind::With { scope, body } => {
                let scope = self.expr(scope, None);
                self.scopes.push(Scope::With(e.pos));
                let body = self.expr(body, None);
                self.scopes.pop();
                let with = self.put(WithCode { scope, body });
                Code::With(with)
            }
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                let condition = self.expr(condition, None);
                let then = self.expr(then, None);
                let otherwise = self.expr(otherwise, None);
                let code = self.put(If {
                    condition,
                    then,
                    otherwise,
                    pos: e.pos,
                });
                Code::If(code)
            }
            ExprKind::Assert { condition, body } => {
                let span = condition.span;
                let condition = self.expr(condition, None);
                let body = self.expr(body, None);
                let code = self.put(Assert {
                    condition,
                    span,
                    body,
                    pos: e.pos,
                });
                Code::Assert(code)
            }
            ExprKind::Not(operand) => {
                let pos = operand.pos;
                let operand = self.expr(operand, None);
                let code = self.put(Not { operand, pos });
                Code::Not(code)
            }
            ExprKind::Binary { op, left, right } => {
                let operands = (left.pos, right.pos);
                let left = self.expr(left, None);
                let right = self.expr(right, None);
                let code = self.put(Binary {
                    op: *op,
                    left,
                    right,
                    pos: e.pos,
                    operands,
                });
                Code::Binary(code)
            }
            ExprKind::Concat { force_string, parts } => {
                let parts = self.put_all(parts.iter(), |lower, (pos, e)| (*pos, lower.expr(e, None)));
                let code = self.put(Concat {
                    force_string: *force_string,
                    parts,
                    pos: e.pos,
                });
                Code::Concat(code)
            }
            ExprKind::Error => {
                let error = EvalError::new(ErrorKind::Parse, "syntax error").at(e.pos);
                self.fail(error)
            }
        }
    }

    fn call(&mut self, function: &Expr<'_>, args: &[&Expr<'_>], pos: Pos) -> Code {
        let function = self.expr(function, None);
        let args = self.exprs(args);
        if let (Code::Const(cell), [left, right]) = (function, args)
            && let Some(&(_, op)) = self.base.arith.iter().find(|(r, _)| *r == cell)
        {
            let arith = self.put(Arith {
                op,
                left: *left,
                right: *right,
                pos,
            });
            return Code::Arith(arith);
        }
        let call = self.put(Call { function, args, pos });
        Code::Call(call)
    }

    fn lambda(&mut self, lambda: &ast::Lambda<'_>, pos: Pos, name: Option<Symbol>) -> Code {
        let formals = lambda.formals.as_ref();
        let names = formals.into_iter().flat_map(|f| f.formals.iter().map(|f| f.name));
        self.enter(lambda.arg.into_iter().chain(names));
        let formals = formals.map(|formals| {
            let codes = self.put_all(formals.formals.iter(), |lower, f| FormalCode {
                name: f.name,
                pos: f.pos,
                default: f.default.map(|d| lower.apart(d)),
            });
            let shape = self
                .memory
                .stable_shape(codes.iter().map(|f| (f.name, f.pos)), Pos::NONE);
            FormalsCode {
                formals: codes,
                ellipsis: formals.ellipsis,
                shape,
            }
        });
        let body = self.expr(lambda.body, name);
        self.leave();
        let code = self.put(Lambda {
            pos,
            name: std::cell::Cell::new(name),
            arg: lambda.arg,
            formals,
            body,
        });
        Code::Lambda(code)
    }

    /// Lowers the plain `inherit`s of a recursive set or `let` in the scope around it.
    fn around(&mut self, bindings: &Bindings<'_>) -> Vec<Code> {
        let inherited = bindings
            .attrs
            .iter()
            .filter(|b| matches!(b.value, BindingValue::Inherited));
        inherited.map(|b| self.variable(b.name, b.pos)).collect()
    }

    /// Lowers the bindings of a recursive set or `let`, whose scope was entered; what it plainly inherits is lowered already.
    fn recursive(&mut self, bindings: &Bindings<'_>, around: Vec<Code>) -> (&'static [Code], &'static [Code]) {
        let sources = self.sources(bindings);
        let first_source = bindings.attrs.len() as u32;
        let mut around = around.into_iter();
        let values = self.put_all(bindings.attrs.iter(), |lower, b| match b.value {
            BindingValue::Plain(e) => lower.expr(e, Some(b.name)),
            BindingValue::InheritedFrom(index) => lower.inherited(
                first_source + index,
                b.name,
                b.pos,
                bindings.inherit_from[index as usize].0,
            ),
            BindingValue::Inherited => around.next().expect("`around` lowers every plain inherit"),
        });
        (values, sources)
    }

    /// Returns what few sets have. Some bindings are evaluated elsewhere than the others, if any is.
    fn further(
        &mut self,
        bindings: &Bindings<'_>,
        elsewhere: Option<Within>,
        sources: &'static [Code],
        overrides: Option<u32>,
    ) -> Option<&'static Further> {
        if elsewhere.is_none() && sources.is_empty() && bindings.dynamic.is_empty() && overrides.is_none() {
            return None;
        }
        let within = elsewhere.map_or(&[][..], |elsewhere| {
            self.put_all(bindings.attrs.iter(), |_, b| match (b.value, elsewhere) {
                (BindingValue::Inherited, Within::Around) | (BindingValue::InheritedFrom(_), Within::Sources) => {
                    elsewhere
                }
                _ => Within::Set,
            })
        });
        let dynamic = self.put_all(bindings.dynamic.iter(), |lower, d| {
            (lower.expr(d.name, None), lower.expr(d.value, None), d.pos)
        });
        Some(self.put(Further {
            within,
            sources,
            dynamic,
            overrides,
        }))
    }

    fn sources(&mut self, bindings: &Bindings<'_>) -> &'static [Code] {
        self.put_all(bindings.inherit_from.iter(), |lower, (_, e)| lower.expr(e, None))
    }

    fn inherited(&mut self, slot: u32, name: Symbol, pos: Pos, source: Pos) -> Code {
        let subject = Code::Var(Var {
            depth: 0,
            slot,
            pos: source,
        });
        let path = std::slice::from_ref(self.put(Key::Static(name, Lookup::new())));
        let select = self.put(Select {
            subject,
            path,
            default: None,
            pos,
        });
        Code::Select(select)
    }

    fn attrs(&mut self, bindings: &Bindings<'_>, pos: Pos) -> Code {
        let shape: &'static Shape = self
            .memory
            .stable_shape(bindings.attrs.iter().map(|b| (b.name, b.pos)), pos);
        let (values, further);
        if bindings.recursive {
            let around = self.around(bindings);
            let elsewhere = (!around.is_empty()).then_some(Within::Around);
            self.enter(shape.keys.iter().copied());
            let sources;
            (values, sources) = self.recursive(bindings, around);
            let overrides = self.symbols.find(b"__overrides").and_then(|o| shape.find(o));
            further = self.further(bindings, elsewhere, sources, overrides.map(|i| i as u32));
            self.leave();
        } else {
            let sources = self.sources(bindings);
            // Selections from sources are evaluated in an environment of their own.
            values = self.put_all(bindings.attrs.iter(), |lower, b| match b.value {
                BindingValue::Plain(e) => lower.expr(e, Some(b.name)),
                BindingValue::Inherited => lower.variable(b.name, b.pos),
                BindingValue::InheritedFrom(index) => {
                    lower.inherited(index, b.name, b.pos, bindings.inherit_from[index as usize].0)
                }
            });
            let elsewhere = (!sources.is_empty()).then_some(Within::Sources);
            further = self.further(bindings, elsewhere, sources, None);
        }
        let code = self.put(AttrsCode {
            shape,
            values,
            further,
            recursive: bindings.recursive,
            pos,
        });
        Code::Attrs(code)
    }
}
