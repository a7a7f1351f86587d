//! `genericClosure`: everything that is reached from a start set.

use super::key_tree::KeyTree;
use super::{Entry, entry, lists};
use crate::error::{Eval, Fail};
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Tag, Val};
use diag::Pos;
use rustc_hash::FxHashSet;

pub(super) const TABLE: &[Entry] = &[entry("genericClosure", 1, generic_closure)];

/// The keys seen so far. As long as all are strings or all are integers, no comparison can fail and
/// only equality counts; any other key needs the tree that Nix has.
enum Seen {
    Nothing,
    Strings(FxHashSet<&'static [u8]>),
    Ints(FxHashSet<i64>),
    Any(KeyTree),
}

/// The elements of the closure so far, with their keys.
struct Closure {
    seen: Seen,
    found: Vec<(Val, Ref)>,
}

fn generic_closure(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let set = ev.force_attrs(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.genericClosure",
    )?;
    let within = "in the attrset passed as argument to builtins.genericClosure";
    let start = ev.require_attr(set, ev.names.start_set, within)?.value;
    let list = ev.force_list(
        start,
        Pos::NONE,
        "while evaluating the 'startSet' attribute passed as argument to builtins.genericClosure",
    )?;
    if list.is_empty() {
        return Ok(ev.peek(start));
    }
    let operator = ev.require_attr(set, ev.names.operator, within)?.value;
    let operator = ev.force_function(
        operator,
        Pos::NONE,
        "while evaluating the 'operator' attribute passed as argument to builtins.genericClosure",
    )?;

    let mut waiting = list.to_vec();
    let mut next = 0;
    let mut closure = Closure {
        seen: Seen::Nothing,
        found: Vec::new(),
    };
    while let Some(&element) = waiting.get(next) {
        next += 1;
        let key = match element_key(ev, element) {
            Ok(key) => key,
            Err(fail) => return Err(trace_element(ev, fail, "in genericClosure element ", element)),
        };
        let key = ev.force(key, Pos::NONE)?;
        if !closure.insert(ev, key, element)? {
            continue;
        }
        if let Err(fail) = follow(ev, operator, element, &mut waiting) {
            return Err(trace_element(
                ev,
                fail,
                "while calling operator on genericClosure element ",
                element,
            ));
        }
    }
    lists::room(ev, closure.found.len(), 0)?;
    let found = &closure.found;
    let words = ev.mem.heap.alloc_refs_with(found.len(), |i| found[i].1);
    Ok(Val::list(words, found.len()))
}

fn element_key(ev: &mut Evaluator, element: Ref) -> Eval<Ref> {
    let set = ev.force_attrs(element, Pos::NONE, "")?;
    Ok(ev.require_attr(set, ev.names.key, "")?.value)
}

#[cold]
fn trace_element(ev: &mut Evaluator, fail: Fail, text: &str, element: Ref) -> Fail {
    let under_way = ev.suspend_error();
    let shown = ev.show_for_error(ev.peek(element));
    ev.resume_error(under_way);
    ev.trace(fail, Pos::NONE, format!("{text}{shown}"))
}

/// Calls the operator and appends what it returns.
fn follow(ev: &mut Evaluator, operator: Val, element: Ref, waiting: &mut Vec<Ref>) -> Eval<()> {
    let result = ev.call(operator, &[element], Pos::NONE)?;
    if result.tag() != Tag::List {
        let context = "while evaluating the return value of the `operator` passed to builtins.genericClosure";
        return Err(ev.not_a_list(result, Pos::NONE, context));
    }
    let elements = ev.elements(result);
    for &new in elements {
        ev.force(new, Pos::NONE)?;
        waiting.push(new);
    }
    Ok(())
}

impl Closure {
    /// Adds an element; returns false if there is one with an equal key.
    fn insert(&mut self, ev: &mut Evaluator, key: Val, element: Ref) -> Eval<bool> {
        let new = match (&mut self.seen, key.as_string(), key.as_int()) {
            (Seen::Strings(seen), Some(text), _) => seen.insert(text),
            (Seen::Ints(seen), _, Some(number)) => seen.insert(number),
            (Seen::Nothing, Some(text), _) => {
                self.seen = Seen::Strings(FxHashSet::from_iter([text]));
                true
            }
            (Seen::Nothing, _, Some(number)) => {
                self.seen = Seen::Ints(FxHashSet::from_iter([number]));
                true
            }
            (Seen::Any(_), ..) => self.insert_into_tree(ev, key, element)?,
            _ => {
                let mut tree = KeyTree::default();
                for &(key, element) in &self.found {
                    tree.insert(ev, key, element)?;
                }
                self.seen = Seen::Any(tree);
                self.insert_into_tree(ev, key, element)?
            }
        };
        if new {
            self.found.push((key, element));
        }
        Ok(new)
    }

    fn insert_into_tree(&mut self, ev: &mut Evaluator, key: Val, element: Ref) -> Eval<bool> {
        let Seen::Any(tree) = &mut self.seen else {
            return Ok(false);
        };
        match tree.insert(ev, key, element) {
            Ok(new) => Ok(new),
            Err(fail) => Err(trace_comparison(ev, fail, tree, key, element)),
        }
    }
}

/// Names both elements whose keys cannot be compared.
#[cold]
fn trace_comparison(ev: &mut Evaluator, fail: Fail, tree: &KeyTree, key: Val, element: Ref) -> Fail {
    let under_way = ev.suspend_error();
    let mut other = None;
    for (known, of) in tree.in_order() {
        if super::arithmetic::less(ev, key, known, "").is_err() {
            other = Some(of);
            break;
        }
    }
    ev.resume_error(under_way);
    match other {
        Some(other) => {
            let fail = trace_element(ev, fail, "with element ", other);
            trace_element(ev, fail, "while comparing element ", element)
        }
        None => trace_element(ev, fail, "while checking key of element ", element),
    }
}
