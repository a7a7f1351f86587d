//! Calls that are shared: a file's function that is called again with the same data is evaluated once.
//!
//! Expressions that list many hosts call a package set once a host (`import nixpkgs { inherit system; }`), and Nix evaluates
//! each of them. Here a later call with the same data has the value of the first, where nobody can notice that.
//!
//! What could be noticed is where things are: functions, and sets that hold some, equal themselves and no copy of themselves.
//! Two calls must therefore never meet. The parts of a value that is printed are evaluated one after the other, and what one of them
//! makes is out of reach of the others, unless it becomes part of something older. So:
//!
//! - Every thunk bears a label, that of the evaluation that made it. Those of a shared call bear its own: its arguments are data,
//!   so that nothing but its own parts can meet there. Those of files, and of all that was there before a part began, are common to
//!   all parts. Only what has no label belongs to one part alone, and only there calls are shared.
//! - In one part the second call with the same data is evaluated by itself, as both can meet.
//! - When the value of a part is itself something to hold on to, what it shared is not shared with later parts.
//! - `trace` and `warn` speak once a call: when a shared call speaks, later parts evaluate their own.
//!
//! Arguments are compared as data, and nothing is evaluated for that which could fail, take long or be noticed: literals only.

use crate::code::{Code, CodeRef, SharedBody, around_body};
use crate::error::Eval;
use crate::evaluator::Evaluator;
use crate::heap::{Env, Label, Ref, Tag, Val};
use diag::{Origin, Pos};
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// The label of what all parts have in common: files, and what was there before.
pub(crate) const COMMON: Label = Label::of(1);
/// The label of what comes of files alone that stay as they are: those of inputs.
pub(crate) const FIXED: Label = Label::of(FIXED_NUMBER);
/// Its number; those above are of shared calls.
const FIXED_NUMBER: u32 = 2;
/// Words that arguments may take as data: a configuration of nixpkgs has some dozens.
const LONGEST: usize = 1024;
/// Variables that are followed to the literal that they stand for.
const FURTHEST: usize = 16;

/// The shared calls of an evaluator.
#[derive(Default)]
pub(crate) struct Sharing {
    /// Shared calls by function and arguments.
    known: FxHashMap<Rc<[u64]>, Known>,
    /// How many labels were given.
    labels: u32,
    /// The part under way.
    part: Option<Part>,
    /// The index of the first cell of the part under way; zero without one.
    first: u32,
    /// The cell of the part under way.
    root: u32,
    /// How many calls had the value of an earlier one.
    hits: u64,
}

/// A call that is shared.
struct Known {
    value: Ref,
    label: Label,
    /// The trial in which it was evaluated.
    trial: u64,
}

/// A part of a value, whose evaluation meets no other part.
#[derive(Default)]
struct Part {
    /// What it has called.
    calls: FxHashSet<Rc<[u64]>>,
}

/// What was under way when a trial began.
pub(crate) struct Paused {
    part: Option<Part>,
    first: u32,
    root: u32,
    label: Label,
}

/// Function and arguments of a call as words.
struct Key {
    words: Vec<u64>,
}

impl Key {
    fn push(&mut self, tag: u64, word: u64) -> Option<()> {
        self.words.extend([tag, word]);
        (self.words.len() <= LONGEST).then_some(())
    }

    fn bytes(&mut self, tag: u64, bytes: &[u8]) -> Option<()> {
        if bytes.len() > LONGEST * 8 {
            return None;
        }
        self.push(tag, bytes.len() as u64)?;
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.words.push(u64::from_le_bytes(word));
        }
        Some(())
    }
}

impl Evaluator {
    /// Returns how many calls had the value of an earlier one.
    pub fn shared_calls(&self) -> u64 {
        self.sharing.hits
    }

    /// Returns the code of a text, whose function's calls are shared if it is one.
    pub(crate) fn with_sharing(&self, origin: &Origin, code: CodeRef) -> CodeRef {
        let Origin::File(path) = origin else { return code };
        if !self.settings.share && !self.is_kept_call(path) {
            return code;
        }
        let arena = self.mem.arena;
        let shared = around_body(arena, code, &|lambda| {
            Code::Shared(arena.alloc(SharedBody {
                named: lambda.arg.is_some(),
                formals: lambda.formals.as_ref().map_or(&[][..], |formals| formals.formals),
                body: lambda.body,
            }))
        });
        shared.map_or(code, |shared| arena.alloc(shared))
    }

    /// Evaluates a cell as a part of something that is printed.
    pub(crate) fn force_apart(&mut self, cell: Ref, pos: Pos) -> Eval<Val> {
        let is_apart = self.settings.share && self.sharing.part.is_none() && self.mem.heap.label == Label::NONE;
        if !is_apart || self.mem.heap.get(cell).is_whnf() {
            return self.force(cell, pos);
        }
        self.sharing.part = Some(Part::default());
        self.sharing.first = self.mem.heap.next_index();
        self.sharing.root = cell.index();
        let result = self.force(cell, pos);
        self.sharing.first = 0;
        let part = self.sharing.part.take().unwrap_or_default();
        if result.is_ok_and(|value| !value.is_plain() && value.tag() != Tag::Float) {
            for call in &part.calls {
                self.sharing.known.remove(call);
            }
        }
        result
    }

    /// Leaves the part under way, until [`Evaluator::resume_sharing`].
    pub(crate) fn pause_sharing(&mut self) -> Paused {
        Paused {
            part: self.sharing.part.take(),
            first: std::mem::take(&mut self.sharing.first),
            root: std::mem::take(&mut self.sharing.root),
            label: std::mem::take(&mut self.mem.heap.label),
        }
    }

    /// Goes on with a part, and forgets what was shared in trials that have ended.
    pub(crate) fn resume_sharing(&mut self, paused: Paused) {
        self.sharing.part = paused.part;
        self.sharing.first = paused.first;
        self.sharing.root = paused.root;
        self.mem.heap.label = paused.label;
        let trials = &self.trials;
        self.sharing
            .known
            .retain(|_, known| known.trial == 0 || trials.contains(&known.trial));
    }

    /// Has the label of what a thunk is evaluated for from now on, and returns the one of before.
    #[inline(always)]
    pub(crate) fn enter_label(&mut self, cell: Ref, value: Val) -> Label {
        let own = value.label();
        let is_common = cell.index() < self.sharing.first && own == Label::NONE && cell.index() != self.sharing.root;
        let around = std::mem::replace(&mut self.mem.heap.label, if is_common { COMMON } else { own });
        if around >= FIXED && own < FIXED {
            self.leaves(around);
        }
        around
    }

    /// Evaluates what all parts have in common, with the label [`COMMON`] or [`FIXED`].
    pub(crate) fn as_common<T>(&mut self, label: Label, work: impl FnOnce(&mut Evaluator) -> T) -> T {
        let before = std::mem::replace(&mut self.mem.heap.label, label);
        let result = work(self);
        self.mem.heap.label = before;
        result
    }

    /// Returns the value of a call of a file's function, whose environment is `env`, if it is shared.
    #[inline(never)]
    pub(crate) fn share(&mut self, body: &'static SharedBody, env: Env) -> Eval<Option<Val>> {
        if self.mem.heap.label != Label::NONE {
            return Ok(None);
        }
        if self.sharing.part.is_none() {
            return self.share_kept(body, env);
        }
        let Some(key) = self.call_key(body, env) else {
            return Ok(None);
        };
        let is_first = self
            .sharing
            .part
            .as_mut()
            .is_some_and(|part| part.calls.insert(key.clone()));
        if !is_first {
            return Ok(None);
        }
        if let Some(known) = self.sharing.known.get(&key) {
            let value = known.value;
            self.sharing.hits += 1;
            return self.force(value, Pos::NONE).map(Some);
        }
        let Some((value, label)) = self.eval_labelled(body, env)? else {
            return Ok(None);
        };
        let known = Known {
            value: self.cell(value),
            label,
            trial: self.innermost_trial(),
        };
        self.mem.heap.pin();
        self.sharing.known.insert(key, known);
        Ok(Some(value))
    }

    /// Evaluates a call under a label of its own; none if there is no further label.
    pub(crate) fn eval_labelled(&mut self, body: &'static SharedBody, env: Env) -> Eval<Option<(Val, Label)>> {
        let Some(label) = self.new_label() else {
            return Ok(None);
        };
        self.label_defaults(body, env, label);
        self.mem.heap.label = label;
        let value = self.eval(&body.body, env);
        self.mem.heap.label = Label::NONE;
        value.map(|value| Some((value, label)))
    }

    /// Returns a label for a shared call; none if there were too many.
    pub(crate) fn new_label(&mut self) -> Option<Label> {
        if self.sharing.labels >= Label::LAST - FIXED_NUMBER {
            return None;
        }
        self.sharing.labels += 1;
        Some(Label::of(FIXED_NUMBER + self.sharing.labels))
    }

    /// Notes that evaluation says something: a shared call that speaks is not shared any more.
    pub(crate) fn speaks(&mut self) {
        self.shows();
        let label = self.mem.heap.label;
        if label > FIXED {
            self.sharing.known.retain(|_, known| known.label != label);
        }
    }

    /// Labels the defaults of formals, which belong to the call.
    pub(crate) fn label_defaults(&mut self, body: &'static SharedBody, env: Env, label: Label) {
        let first = 1 + usize::from(body.named);
        for (i, formal) in body.formals.iter().enumerate() {
            let cell = self.mem.heap.word(env, first + i);
            let value = self.mem.heap.get(cell);
            if formal.default.is_some_and(|default| is_default(value, default, env)) {
                self.mem.heap.set(cell, value.labelled(label));
            }
        }
    }

    /// Returns what a call is known by, if its arguments are data.
    fn call_key(&mut self, body: &'static SharedBody, env: Env) -> Option<Rc<[u64]>> {
        let mut key = Key { words: Vec::new() };
        let up = self.up(env, 1);
        key.push(std::ptr::from_ref(body) as u64, u64::from(up.index()))?;
        if body.named {
            // All that was passed, so that nothing else can differ.
            self.data(self.mem.heap.word(env, 1), &mut key)?;
            return Some(key.words.into());
        }
        for (i, formal) in body.formals.iter().enumerate() {
            let cell = self.mem.heap.word(env, 1 + i);
            let value = self.mem.heap.get(cell);
            if let Some(default) = formal.default
                && is_default(value, default, env)
            {
                key.push(1, 0)?;
            } else {
                self.data(cell, &mut key)?;
            }
        }
        Some(key.words.into())
    }

    /// Adds the value of a cell to a key, if it is data or a function.
    fn data(&mut self, cell: Ref, key: &mut Key) -> Option<()> {
        let mut value = self.mem.heap.get(cell);
        if let Some((code, env)) = value.as_thunk() {
            if !self.is_literal(code, env, FURTHEST) {
                return None;
            }
            value = self.force(cell, Pos::NONE).ok()?;
        }
        match value.tag() {
            Tag::Null => key.push(2, 0),
            Tag::Bool => key.push(3, u64::from(value.as_bool() == Some(true))),
            Tag::Int => key.push(4, value.as_int()? as u64),
            Tag::Float => key.push(5, value.as_float()?.to_bits()),
            Tag::String => {
                key.push(6, u64::from(value.context().0))?;
                key.bytes(7, value.as_string()?)
            }
            Tag::Path => key.bytes(8, value.as_path()?),
            Tag::List => {
                let elements = self.elements(value);
                key.push(9, elements.len() as u64)?;
                elements.iter().try_for_each(|&element| self.data(element, key))
            }
            Tag::Attrs | Tag::Layered => {
                let entries = self.mem.entries(value);
                key.push(10, entries.shape.keys.len() as u64)?;
                for (name, attr) in entries.iter() {
                    key.push(u64::from(name.0), u64::from(attr.pos.0))?;
                    self.data(attr.value, key)?;
                }
                Some(())
            }
            Tag::Lambda => {
                let (lambda, env) = value.as_lambda()?;
                key.push(11, std::ptr::from_ref(lambda) as u64)?;
                key.push(12, u64::from(env.index()))
            }
            Tag::Builtin => key.push(13, u64::from(value.as_builtin()?)),
            _ => None,
        }
    }

    /// Whether evaluating code only makes a value of what stands there.
    fn is_literal(&self, code: &'static Code, env: Env, further: usize) -> bool {
        match code {
            Code::Const(_) | Code::Lambda(_) | Code::List(_) => true,
            Code::Attrs(attrs) => !attrs.recursive && attrs.further.is_none_or(|parts| parts.dynamic.is_empty()),
            Code::Var(var) if further > 0 => {
                let cell = self.slot(env, *var);
                if !cell.is_some() {
                    return false;
                }
                let value = self.mem.heap.get(cell);
                match value.as_thunk() {
                    Some((code, env)) => self.is_literal(code, env, further - 1),
                    None => value.is_whnf(),
                }
            }
            _ => false,
        }
    }
}

/// Whether a formal has its default.
fn is_default(value: Val, default: CodeRef, env: Env) -> bool {
    if let (Some((lambda, at)), Code::Lambda(code)) = (value.as_lambda(), default) {
        return std::ptr::eq(lambda, *code) && at == env;
    }
    value
        .as_thunk()
        .is_some_and(|(code, at)| std::ptr::eq(code, default) && at == env)
}
