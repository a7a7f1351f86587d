//! Lists: taking them apart, making them, and calling a function for each element.
//!
//! Elements keep their cells: what Nix moves from one list to another is moved here too, and what it
//! allocates anew gets a new cell.

use super::{Entry, entry};
use crate::error::{ErrorKind, Eval, Fail};
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Val, Words};
use diag::Pos;

pub(super) const TABLE: &[Entry] = &[
    entry("concatLists", 1, concat_lists),
    entry("concatMap", 2, concat_map),
    entry("elemAt", 2, elem_at),
    entry("filter", 2, filter),
    entry("foldl'", 3, foldl_strict),
    entry("genList", 2, gen_list),
    entry("head", 1, head),
    entry("length", 1, length),
    entry("map", 2, map).global(),
    entry("tail", 1, tail),
];

/// Lists shorter than this are made without asking first whether there is room for them.
const UNCHECKED: usize = 1 << 12;
/// Elements made between two looks at the limits.
const POLL: usize = 1 << 16;
/// The longest list that a value can hold.
const LONGEST: usize = u32::MAX as usize;

/// Raises an error unless `len` references and `cells` cells fit into the heap and its limit.
#[inline(always)]
pub(super) fn room(ev: &mut Evaluator, len: usize, cells: usize) -> Eval<()> {
    if len < UNCHECKED {
        Ok(())
    } else {
        room_for_many(ev, len, cells)
    }
}

#[cold]
fn room_for_many(ev: &mut Evaluator, len: usize, cells: usize) -> Eval<()> {
    if len <= LONGEST && ev.mem.heap.has_room(cells as u64, len as u64) {
        return Ok(());
    }
    Err(ev.fail(
        ErrorKind::Limit,
        format!("a list of {len} elements needs more memory than allowed"),
    ))
}

/// Runs `work`, which pushes references on the stack of references; returns the list of these.
pub(super) fn gather(ev: &mut Evaluator, work: impl FnOnce(&mut Evaluator) -> Eval<()>) -> Eval<Val> {
    let base = ev.caches.refs.len();
    let done = work(ev);
    let list = match done {
        Ok(()) => match room(ev, ev.caches.refs.len() - base, 0) {
            Ok(()) => Ok(ev.mem.list(&ev.caches.refs[base..])),
            Err(fail) => Err(fail),
        },
        Err(fail) => Err(fail),
    };
    ev.caches.refs.truncate(base);
    list
}

fn copy_into(ev: &mut Evaluator, to: Words, at: usize, from: &[Ref]) {
    for (i, &cell) in from.iter().enumerate() {
        ev.mem.heap.fill_word(to, at + i, cell);
    }
}

fn concat_lists(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let lists = ev.force_list(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.concatLists",
    )?;
    let mut total = 0;
    let mut last = None;
    for &list in lists {
        let context = "while evaluating a value of the list passed to builtins.concatLists";
        let len = ev.force_list(list, Pos::NONE, context)?.len();
        total += len;
        if len > 0 {
            last = Some((list, len));
        }
    }
    // The only list that is not empty is the result as it is.
    if let Some((only, len)) = last
        && len == total
    {
        return Ok(ev.peek(only));
    }
    if total == 0 {
        return Ok(Val::EMPTY_LIST);
    }
    room(ev, total, 0)?;
    let words = ev.mem.heap.alloc_words(total);
    let mut at = 0;
    for &list in lists {
        let list = ev.peek(list);
        let elements = ev.elements(list);
        copy_into(ev, words, at, elements);
        at += elements.len();
    }
    Ok(Val::list(words, total))
}

fn concat_map(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let function = ev.force_function(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.concatMap",
    )?;
    let list = ev.force_list(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.concatMap",
    )?;
    let base = ev.scratch.len();
    let result = concat_results(ev, function, list, base);
    ev.scratch.truncate(base);
    result
}

fn concat_results(ev: &mut Evaluator, function: Val, list: &[Ref], base: usize) -> Eval<Val> {
    let mut total = 0;
    for &element in list {
        let result = ev.call(function, &[element], Pos::NONE)?;
        match result.as_list() {
            Some((_, len)) => total += len,
            None => return Err(not_a_list_of(ev, function, result)),
        }
        ev.scratch.push(result);
    }
    if total == 0 {
        return Ok(Val::EMPTY_LIST);
    }
    if let [only] = ev.scratch[base..] {
        return Ok(only);
    }
    room(ev, total, 0)?;
    let words = ev.mem.heap.alloc_words(total);
    let mut at = 0;
    for i in base..base + list.len() {
        let elements = ev.elements(ev.scratch[i]);
        copy_into(ev, words, at, elements);
        at += elements.len();
    }
    Ok(Val::list(words, total))
}

/// Nix places this error at the set or function that was returned, else at the mapping function.
#[cold]
fn not_a_list_of(ev: &mut Evaluator, function: Val, result: Val) -> Fail {
    let pos = match ev.place_of(result) {
        Pos::NONE => ev.place_of(function),
        pos => pos,
    };
    let context = "while evaluating the return value of the function passed to builtins.concatMap";
    ev.not_a_list(result, pos, context)
}

fn elem_at(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let n = ev.force_int(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to 'builtins.elemAt'",
    )?;
    let list = ev.force_list(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to 'builtins.elemAt'",
    )?;
    let found = usize::try_from(n).ok().and_then(|n| list.get(n));
    match found {
        Some(&element) => ev.force(element, Pos::NONE),
        None => {
            let len = list.len();
            let message = format!("'builtins.elemAt' called with index {n} on a list of size {len}");
            Err(ev.fail(ErrorKind::Eval, message))
        }
    }
}

fn filter(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let list = ev.force_list(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.filter",
    )?;
    if list.is_empty() {
        return Ok(ev.peek(args[1]));
    }
    let function = ev.force_function(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.filter",
    )?;
    let base = ev.caches.refs.len();
    let result = filter_onto(ev, function, list);
    let result = match result {
        Ok(()) if ev.caches.refs.len() - base == list.len() => Ok(ev.peek(args[1])),
        Ok(()) => Ok(ev.mem.list(&ev.caches.refs[base..])),
        Err(fail) => Err(fail),
    };
    ev.caches.refs.truncate(base);
    result
}

fn filter_onto(ev: &mut Evaluator, function: Val, list: &[Ref]) -> Eval<()> {
    let context = "while evaluating the return value of the filtering function passed to builtins.filter";
    for &element in list {
        let keep = ev.call(function, &[element], Pos::NONE)?;
        if expect_bool(ev, keep, context)? {
            ev.caches.refs.push(element);
        }
    }
    Ok(())
}

/// Returns the Boolean that a called function returned.
///
/// Nix forces the result once more to a Boolean, so that its context is added to a wrong type only.
#[inline(always)]
pub(super) fn expect_bool(ev: &mut Evaluator, value: Val, context: &str) -> Eval<bool> {
    match value.as_bool() {
        Some(b) => Ok(b),
        None => {
            let fail = ev.wrong_type("a Boolean", value, Pos::NONE);
            Err(ev.trace(fail, Pos::NONE, context))
        }
    }
}

fn foldl_strict(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let function = ev.force_function(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.foldlStrict",
    )?;
    let list = ev.force_list(
        args[2],
        Pos::NONE,
        "while evaluating the third argument passed to builtins.foldlStrict",
    )?;
    let Some((&last, rest)) = list.split_last() else {
        return ev.force(args[1], Pos::NONE);
    };
    let mut current = args[1];
    for &element in rest {
        let next = ev.call(function, &[current, element], Pos::NONE)?;
        current = ev.cell(next);
    }
    ev.call(function, &[current, last], Pos::NONE)
}

fn gen_list(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let len = ev.force_int(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.genList",
    )?;
    let Ok(size) = usize::try_from(len) else {
        return Err(ev.fail(ErrorKind::Eval, format!("cannot create list of size {len}")));
    };
    ev.force_function(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.genList",
    )?;
    if size == 0 {
        return Ok(Val::EMPTY_LIST);
    }
    room(ev, size, size.saturating_mul(2))?;
    let words = ev.mem.heap.alloc_words(size);
    for i in 0..size {
        // A long list takes seconds, in which nothing is called.
        if i % POLL == POLL - 1 {
            ev.check_limits()?;
        }
        let index = ev.cell(Val::int(i as i64));
        let element = ev.cell(Val::apply(args[0], index));
        ev.mem.heap.fill_word(words, i, element);
    }
    Ok(Val::list(words, size))
}

fn head(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let list = ev.force_list(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to 'builtins.head'",
    )?;
    match list.first() {
        Some(&first) => ev.force(first, Pos::NONE),
        None => Err(ev.fail(ErrorKind::Eval, "'builtins.head' called on an empty list")),
    }
}

fn length(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let list = ev.force_list(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.length",
    )?;
    Ok(Val::int(list.len() as i64))
}

fn map(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let list = ev.force_list(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.map",
    )?;
    if list.is_empty() {
        return Ok(ev.peek(args[1]));
    }
    ev.force_function(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.map",
    )?;
    room(ev, list.len(), list.len())?;
    let words = ev.mem.heap.alloc_words(list.len());
    for (i, &element) in list.iter().enumerate() {
        let call = ev.cell(Val::apply(args[0], element));
        ev.mem.heap.fill_word(words, i, call);
    }
    Ok(Val::list(words, list.len()))
}

fn tail(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let list = ev.force_list(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to 'builtins.tail'",
    )?;
    match list {
        [] => Err(ev.fail(ErrorKind::Eval, "'builtins.tail' called on an empty list")),
        [_, rest @ ..] => {
            room(ev, rest.len(), 0)?;
            Ok(ev.mem.list(rest))
        }
    }
}
