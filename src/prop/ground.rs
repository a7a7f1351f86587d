//! What cases stand on: a library, the names that their expressions may use, and values that are kept.

use crate::own::Known;
use crate::{Answer, Expr, Plain, Refusal};
use diag::{Origin, Pos};
use eval::error::Eval;
use eval::{Evaluator, Ref, Val};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A name that expressions may use.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The name, such as `lib`.
    pub name: String,
    /// Its value.
    pub cell: Ref,
    /// The Nix that a counterexample binds it to; it may use the names before it.
    pub nix: String,
}

/// The names that expressions may use, and what their texts gave.
pub struct Ground {
    bindings: Vec<Binding>,
    /// A set of all names.
    scope: Ref,
    /// `{ lib, … }: ` in front of each text.
    head: String,
    texts: FxHashMap<Arc<str>, Ref>,
    types: Arc<BTreeSet<String>>,
    functions: Arc<BTreeSet<String>>,
    option: Option<Arc<Known>>,
    /// Files that cases imported.
    imported: FxHashSet<Vec<u8>>,
}

/// What evaluating a side of a question gave.
#[derive(Clone, PartialEq, Debug)]
pub enum Seen {
    /// A set: an answer for each of its attributes, as one may fail and another not.
    Parts(BTreeMap<String, Answer>),
    /// It is no set, or could not be evaluated so far.
    Whole(Answer),
}

impl Ground {
    /// Returns the ground of these names, of which one is `lib`.
    pub fn new(ev: &mut Evaluator, bindings: Vec<Binding>) -> Eval<Ground> {
        let (scope, head) = scope(ev, &bindings);
        let mut ground = Ground {
            head,
            bindings,
            scope,
            texts: FxHashMap::default(),
            types: Arc::default(),
            functions: Arc::default(),
            option: None,
            imported: FxHashSet::default(),
        };
        ground.types = Arc::new(ground.names(ev, "lib.types")?);
        ground.functions = Arc::new(ground.names(ev, "lib")?);
        Ok(ground)
    }

    /// Returns the ground of these names and one more, `option`: an option that a user's module declares. What was
    /// evaluated for this ground stays good there.
    pub fn about(&self, ev: &mut Evaluator, option: Binding, known: Arc<Known>) -> Ground {
        let mut bindings = self.bindings.clone();
        bindings.push(option);
        let (scope, head) = scope(ev, &bindings);
        Ground {
            head,
            bindings,
            scope,
            texts: self.texts.clone(),
            types: self.types.clone(),
            functions: self.functions.clone(),
            option: Some(known),
            imported: FxHashSet::default(),
        }
    }

    /// Returns the same ground with more known of its option.
    pub fn with_option(mut self, known: Arc<Known>) -> Ground {
        self.option = Some(known);
        self
    }

    /// Returns what is known of the option that the laws are about, if they are about one.
    pub fn option(&self) -> Option<&Arc<Known>> {
        self.option.as_ref()
    }

    /// Returns the names, in the order in which a counterexample binds them.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// Whether the library has this type, such as `anything`.
    pub fn has_type(&self, name: &str) -> bool {
        self.types.contains(name)
    }

    /// Whether the library has this function, such as `mkForce`.
    pub fn has_function(&self, name: &str) -> bool {
        self.functions.contains(name)
    }

    /// Takes which files a case imported for itself alone, and returns whether one of them was not the first time.
    pub fn import_again(&mut self, files: &[Vec<u8>]) -> bool {
        // All of them are to be remembered, so this must not stop at the first.
        files
            .iter()
            .filter(|file| !self.imported.insert((*file).clone()))
            .count()
            > 0
    }

    fn names(&mut self, ev: &mut Evaluator, text: &str) -> Eval<BTreeSet<String>> {
        let cell = self.text(ev, &text.into())?;
        let value = ev.force(cell, Pos::NONE)?;
        let entries = ev.mem.entries(value);
        Ok(entries
            .iter()
            .map(|(name, _)| ev.symbols.text(name).to_string())
            .collect())
    }

    /// Returns the cell of what a text means, which is evaluated once.
    fn text(&mut self, ev: &mut Evaluator, text: &Arc<str>) -> Eval<Ref> {
        if let Some(&known) = self.texts.get(text) {
            return Ok(known);
        }
        let whole = format!("{}{text}", self.head);
        let function = ev.eval_text(Origin::String, whole.as_bytes(), b"/")?;
        let value = ev.call(function, &[self.scope], Pos::NONE)?;
        let cell = ev.cell(value);
        ev.mem.heap.pin();
        self.texts.insert(text.clone(), cell);
        Ok(cell)
    }

    /// Evaluates the texts in an expression, so that it can be built in a trial; fails as the first that fails.
    pub fn prepare(&mut self, ev: &mut Evaluator, expr: &Expr) -> Eval<()> {
        match expr {
            Expr::Nix(text) => self.text(ev, text).map(|_| ()),
            Expr::List(elements) => elements.iter().try_for_each(|element| self.prepare(ev, element)),
            Expr::Attrs(entries) => entries.iter().try_for_each(|(_, value)| self.prepare(ev, value)),
            Expr::Call(function, arguments) => {
                self.prepare(ev, function)?;
                arguments.iter().try_for_each(|argument| self.prepare(ev, argument))
            }
            _ => Ok(()),
        }
    }

    /// Returns a cell with an expression's value, or one that will have it; all texts must be prepared.
    pub fn build(&self, ev: &mut Evaluator, expr: &Expr) -> Ref {
        let value = match expr {
            Expr::Null => Val::NULL,
            Expr::Bool(value) => return ev.mem.bool_cell(*value),
            Expr::Int(value) => Val::int(*value),
            Expr::Float(value) => Val::float(*value),
            Expr::Str(text) => ev.mem.string(text.as_bytes()),
            Expr::Path(text) => ev.mem.path(text.as_bytes()),
            Expr::List(elements) => {
                let cells: Vec<Ref> = elements.iter().map(|element| self.build(ev, element)).collect();
                ev.mem.list(&cells)
            }
            Expr::Attrs(entries) => {
                let mut cells = Vec::with_capacity(entries.len());
                for (name, value) in entries {
                    let cell = self.build(ev, value);
                    cells.push((ev.symbols.intern(name.as_bytes()), Pos::NONE, cell));
                }
                ev.mem.attrs_from(cells)
            }
            Expr::Call(function, arguments) => {
                let mut function = self.build(ev, function);
                for argument in arguments {
                    let argument = self.build(ev, argument);
                    function = ev.cell(Val::apply(function, argument));
                }
                return function;
            }
            Expr::Nix(text) => return self.texts.get(text).copied().unwrap_or(Ref::NONE),
        };
        ev.cell(value)
    }

    /// Returns what an expression gives, read to its end; all texts must be prepared.
    pub fn look(&self, ev: &mut Evaluator, expr: &Expr) -> Eval<Seen> {
        let cell = self.build(ev, expr);
        seen_at(ev, cell)
    }
}

impl AsMut<Ground> for Ground {
    fn as_mut(&mut self) -> &mut Ground {
        self
    }
}

/// Returns what a cell gives, read to its end.
pub(crate) fn seen_at(ev: &mut Evaluator, cell: Ref) -> Eval<Seen> {
    let value = match attempt(ev, |ev| ev.force(cell, Pos::NONE))? {
        // A set of answers may have one that is called `type` and is refused.
        Ok(value) if value.is_attrs() && attempt(ev, |ev| ev.is_derivation(value))? != Ok(true) => value,
        Ok(_) => return Ok(Seen::Whole(attempt(ev, |ev| Plain::read(ev, cell))?)),
        Err(refusal) => return Ok(Seen::Whole(Err(refusal))),
    };
    let mut parts = BTreeMap::new();
    for (name, attr) in ev.mem.entries(value).iter() {
        let answer = attempt(ev, |ev| Plain::read(ev, attr.value))?;
        parts.insert(ev.symbols.text(name).to_string(), answer);
    }
    Ok(Seen::Parts(parts))
}

/// Returns a set of all names, and the head of a function that takes it.
fn scope(ev: &mut Evaluator, bindings: &[Binding]) -> (Ref, String) {
    let mut entries = Vec::new();
    let mut names = Vec::new();
    for binding in bindings {
        entries.push((ev.symbols.intern(binding.name.as_bytes()), Pos::NONE, binding.cell));
        names.push(binding.name.as_str());
    }
    let scope = ev.mem.attrs_from(entries);
    let scope = ev.cell(scope);
    ev.mem.heap.pin();
    (scope, format!("{{ {} }}: ", names.join(", ")))
}

/// Returns what some work gives, or why it gives nothing; what this run's limits stopped is passed on.
fn attempt<T>(ev: &mut Evaluator, work: impl FnOnce(&mut Evaluator) -> Eval<T>) -> Eval<Result<T, Refusal>> {
    match work(ev) {
        Ok(value) => Ok(Ok(value)),
        Err(fail) if ev.error_kind() == eval::ErrorKind::Limit => Err(fail),
        Err(_) => Ok(Err(Refusal::of(&ev.take_error()))),
    }
}
