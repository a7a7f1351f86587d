//! The builtins: one file a group, each with a table of its functions.
//!
//! A builtin gets the cells of its arguments, as many as its arity says, and forces what it needs.
//! It has no position of its own (nor has it in Nix): the frame "while calling the 'x' builtin"
//! that the caller adds names the place.

mod arithmetic;
mod call_flake;
mod closure;
mod context;
mod control;
mod data;
mod derivation;
mod fetch;
mod files;
mod flakes;
mod hashes;
mod imported;
mod key_tree;
mod lists;
mod lists_search;
mod lookup;
mod paths;
mod patterns;
mod peeksort;
mod placeholders;
mod sets;
mod strings;
mod structured;
mod types;
mod versions;

pub(crate) use arithmetic::{arith, arith_index};
pub use call_flake::{FlakeGraph, FlakeNode};
pub use control::NIX_VERSION;

use crate::error::Eval;
use crate::evaluator::{Evaluator, Settings};
use crate::heap::{Heap, Ref, Val, Words};
use diag::Pos;
use syntax::Symbol;

/// A builtin function.
#[derive(Clone, Copy)]
pub struct Builtin {
    /// Its name in `builtins`.
    pub name: &'static str,
    /// How many arguments it takes.
    pub arity: usize,
    /// What it does.
    pub function: fn(&mut Evaluator, &[Ref]) -> Eval<Val>,
    /// Whether a call adds a frame to errors that come out of it.
    pub traced: bool,
}

/// An entry of a group's table.
pub(crate) struct Entry {
    builtin: Builtin,
    /// Whether the name is global as it is; else it is global with `__` in front.
    global: bool,
    /// Whether it exists under these settings.
    enabled: fn(&Settings) -> bool,
}

/// A builtin that is reached as `builtins.name` or `__name`.
pub(crate) const fn entry(
    name: &'static str,
    arity: usize,
    function: fn(&mut Evaluator, &[Ref]) -> Eval<Val>,
) -> Entry {
    Entry {
        builtin: Builtin {
            name,
            arity,
            function,
            traced: true,
        },
        global: false,
        enabled: |_| true,
    }
}

impl Entry {
    /// The name is global as it is.
    pub(crate) const fn global(mut self) -> Entry {
        self.global = true;
        self
    }

    /// Errors that come out of it get no frame.
    pub(crate) const fn untraced(mut self) -> Entry {
        self.builtin.traced = false;
        self
    }

    /// It exists only if the settings say so.
    pub(crate) const fn when(mut self, enabled: fn(&Settings) -> bool) -> Entry {
        self.enabled = enabled;
        self
    }
}

/// What builtins remember between calls.
#[derive(Default)]
pub(crate) struct Caches {
    /// For each symbol the cell of its string, or none yet.
    pub symbol_strings: Vec<Ref>,
    /// The shape of what `tryEval` returns.
    pub try_shape: Option<&'static crate::attrs::Shape>,
    /// The shape of what `partition` returns.
    pub partition_shape: Option<&'static crate::attrs::Shape>,
    /// The shape of what `parseDrvName` returns.
    pub drv_name_shape: Option<&'static crate::attrs::Shape>,
    /// The answers of `typeOf` that were given already.
    pub type_names: [Option<Val>; types::TYPE_COUNT],
    /// Compiled patterns.
    pub regexes: rustc_hash::FxHashMap<Box<[u8]>, std::rc::Rc<crate::text::regex::Regex>>,
    /// A stack of references: each builtin that is under way uses what is above its start.
    pub refs: Vec<Ref>,
    /// Attributes of a set that is being made; taken out while in use.
    pub attrs: Vec<(Symbol, Pos, Ref)>,
    /// Bytes of a string that is being made; taken out while in use.
    pub buffer: Vec<u8>,
    /// Where `listToAttrs` last found names.
    pub name_site: crate::attrs::Lookup,
    /// What is known of files, and what was copied to the store.
    pub files: crate::files::Files,
    /// Where `listToAttrs` last found values.
    pub value_site: crate::attrs::Lookup,
    /// Contexts whose store paths are available.
    pub realised: rustc_hash::FxHashSet<crate::heap::ContextId>,
    /// Those that became so in the trials under way.
    pub realised_in_trials: Vec<crate::heap::ContextId>,
    /// The shapes of what `derivationStrict` returns.
    pub result_shapes: derivation::Shapes,
    /// The function that an import of a `.drv` file calls.
    pub imported: Option<Ref>,
    /// Where the evaluator's own texts stand: from, and up to but without.
    pub internal_texts: Vec<(Pos, Pos)>,
    /// The function that calls flakes.
    pub call_flake: Option<Ref>,
}

/// What of [`Caches`] a trial may change and refers to the heap.
pub(crate) struct Kept {
    refs: usize,
    realised: usize,
    imported: Option<Ref>,
    call_flake: Option<Ref>,
}

impl Caches {
    /// Returns what is to be put back when a trial ends.
    pub(crate) fn kept(&self) -> Kept {
        Kept {
            refs: self.refs.len(),
            realised: self.realised_in_trials.len(),
            imported: self.imported,
            call_flake: self.call_flake,
        }
    }

    /// Forgets all that a trial added and that refers to the heap.
    pub(crate) fn forget(&mut self, kept: Kept, heap: &Heap) {
        self.refs.truncate(kept.refs);
        for context in self.realised_in_trials.drain(kept.realised..) {
            self.realised.remove(&context);
        }
        self.attrs.clear();
        self.imported = kept.imported;
        self.call_flake = kept.call_flake;
        self.files.forget(heap);
    }
}

/// Fills the global scope.
pub(crate) fn install(ev: &mut Evaluator) {
    let groups: &[&[Entry]] = &[
        arithmetic::TABLE,
        closure::TABLE,
        context::TABLE,
        control::TABLE,
        data::TABLE,
        derivation::TABLE,
        fetch::TABLE,
        files::TABLE,
        flakes::TABLE,
        hashes::TABLE,
        lists::TABLE,
        lists_search::TABLE,
        lookup::TABLE,
        paths::TABLE,
        patterns::TABLE,
        placeholders::TABLE,
        sets::TABLE,
        strings::TABLE,
        types::TABLE,
        versions::TABLE,
    ];
    let mut all: Vec<(Symbol, Pos, Ref)> = Vec::new();
    for entry in groups.iter().copied().flatten() {
        if !(entry.enabled)(&ev.settings) {
            continue;
        }
        let index = ev.builtins.len() as u32;
        ev.builtins.push(entry.builtin);
        let cell = ev.cell(Val::builtin(index));
        let name = entry.builtin.name;
        add(ev, &mut all, name, entry.global, cell);
        if let Some(op) = arithmetic::operator(name) {
            ev.base.arith.push((cell, op));
        }
    }
    for (name, cell) in [("true", 0), ("false", 1), ("null", 2)].map(|(n, i)| (n, ev.mem.constants[i])) {
        add(ev, &mut all, name, true, cell);
    }
    let cell = ev.builtins_cell;
    add(ev, &mut all, "builtins", true, cell);
    for (name, global, value) in control::constants(ev) {
        let cell = ev.cell(value);
        add(ev, &mut all, name, global, cell);
    }
    // Its text needs the other names, so its value comes last.
    let derivation = ev.cell(Val::NULL);
    add(ev, &mut all, "derivation", true, derivation);
    let set = ev.mem.attrs_from(all);
    ev.mem.heap.set(cell, set);
    let function = internal_text(ev, "derivation-internal.nix", include_bytes!("derivation.nix"));
    ev.mem.heap.set(
        derivation,
        function.expect("the evaluator's own text evaluates; a test looks"),
    );
}

/// Returns the value of a text of the evaluator's own, whose places messages do not show as the
/// user's.
fn internal_text(ev: &mut Evaluator, name: &str, text: &[u8]) -> Eval<Val> {
    let path = format!("{}/{name}", crate::files::INTERNAL_TEXT);
    let code = ev.own_code(path.as_bytes(), text)?;
    let value = ev.eval(code, Words::EMPTY)?;
    if let Some((lambda, _)) = value.as_lambda()
        && !ev.is_internal(lambda.pos)
        && let Some((file, _)) = ev.sources.lookup(lambda.pos)
    {
        let start = ev.sources.file(file).base;
        ev.caches
            .internal_texts
            .push((start, start.offset(text.len() as u32 + 1)));
    }
    Ok(value)
}

impl Evaluator {
    /// Whether a position is in a text of the evaluator's own.
    pub(crate) fn is_internal(&self, pos: Pos) -> bool {
        self.caches
            .internal_texts
            .iter()
            .any(|(from, to)| pos >= *from && pos < *to)
    }
}

fn add(ev: &mut Evaluator, all: &mut Vec<(Symbol, Pos, Ref)>, name: &str, global: bool, cell: Ref) {
    let symbol = ev.symbols.intern(name.as_bytes());
    all.push((symbol, Pos::NONE, cell));
    let visible = if global {
        symbol
    } else {
        ev.symbols.intern(format!("__{name}").as_bytes())
    };
    ev.base.names.insert(visible, cell);
}
