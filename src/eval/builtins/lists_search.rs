//! Lists: asking about their elements, and dividing and ordering them.

use super::arithmetic::less;
use super::lists::{expect_bool, room};
use super::peeksort::peeksort;
use super::{Entry, entry};
use crate::error::Eval;
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Tag, Val};
use diag::Pos;
use syntax::Symbol;

pub(super) const TABLE: &[Entry] = &[
    entry("all", 2, all),
    entry("any", 2, any),
    entry("elem", 2, elem),
    entry("groupBy", 2, group_by),
    entry("partition", 2, partition),
    entry("sort", 2, sort),
];

fn all(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    find(
        ev,
        args,
        false,
        [
            "while evaluating the first argument passed to builtins.all",
            "while evaluating the second argument passed to builtins.all",
            "while evaluating the return value of the function passed to builtins.all",
        ],
    )
}

fn any(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    find(
        ev,
        args,
        true,
        [
            "while evaluating the first argument passed to builtins.any",
            "while evaluating the second argument passed to builtins.any",
            "while evaluating the return value of the function passed to builtins.any",
        ],
    )
}

/// Returns `wanted` if the function returns it for an element, else the opposite.
#[inline(always)]
fn find(ev: &mut Evaluator, args: &[Ref], wanted: bool, contexts: [&'static str; 3]) -> Eval<Val> {
    let function = ev.force_function(args[0], Pos::NONE, contexts[0])?;
    let list = ev.force_list(args[1], Pos::NONE, contexts[1])?;
    for &element in list {
        let answer = ev.call(function, &[element], Pos::NONE)?;
        if expect_bool(ev, answer, contexts[2])? == wanted {
            return Ok(Val::bool(wanted));
        }
    }
    Ok(Val::bool(!wanted))
}

/// Comparisons of plain values that cost about as much as a call.
const SCALARS_A_STEP: usize = 8;

fn elem(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let list = ev.force_list(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.elem",
    )?;
    ev.spend(list.len() / SCALARS_A_STEP)?;
    for &element in list {
        if ev.equal_cells(args[0], element, Pos::NONE)? {
            return Ok(Val::TRUE);
        }
    }
    Ok(Val::FALSE)
}

fn group_by(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let function = ev.force_function(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.groupBy",
    )?;
    let list = ev.force_list(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.groupBy",
    )?;
    let mut named: Vec<(Symbol, Ref)> = Vec::with_capacity(list.len());
    for &element in list {
        let name = ev.call(function, &[element], Pos::NONE)?;
        let context = "while evaluating the return value of the grouping function passed to builtins.groupBy";
        let name = ev.expect_plain_string(name, Pos::NONE, context)?;
        ev.looks_at(name);
        named.push((ev.symbols.intern(name), element));
    }
    let mut groups = Vec::new();
    for (name, group) in grouped(&mut named) {
        let words = ev.mem.heap.alloc_refs_with(group.len(), |i| group[i].1);
        let cell = ev.cell(Val::list(words, group.len()));
        groups.push((name, Pos::NONE, cell));
    }
    Ok(ev.mem.attrs_sorted(&groups))
}

/// Sorts by name, without changing the order within a name; returns each name with its part.
pub(super) fn grouped(named: &mut [(Symbol, Ref)]) -> impl Iterator<Item = (Symbol, &[(Symbol, Ref)])> {
    named.sort_by_key(|n| n.0);
    named.chunk_by(|a, b| a.0 == b.0).map(|group| (group[0].0, group))
}

fn partition(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let function = ev.force_function(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.partition",
    )?;
    let list = ev.force_list(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.partition",
    )?;
    let base = ev.caches.refs.len();
    let result = divide(ev, function, list, base);
    ev.caches.refs.truncate(base);
    result
}

fn divide(ev: &mut Evaluator, function: Val, list: &[Ref], base: usize) -> Eval<Val> {
    let mut wrong = Vec::new();
    for &element in list {
        ev.force(element, Pos::NONE)?;
        let answer = ev.call(function, &[element], Pos::NONE)?;
        let context = "while evaluating the return value of the partition function passed to builtins.partition";
        if expect_bool(ev, answer, context)? {
            ev.caches.refs.push(element);
        } else {
            wrong.push(element);
        }
    }
    let right = ev.mem.list(&ev.caches.refs[base..]);
    let right = ev.cell(right);
    let wrong = ev.mem.list(&wrong);
    let wrong = ev.cell(wrong);
    let names = [ev.names.right, ev.names.wrong];
    let shape = match ev.caches.partition_shape {
        Some(shape) => shape,
        None => *ev.caches.partition_shape.insert(
            ev.mem
                .stable_shape(names.iter().map(|&name| (name, Pos::NONE)), Pos::NONE),
        ),
    };
    Ok(ev.mem.attrs_shaped(shape, &[right, wrong]))
}

fn sort(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let list = ev.force_list(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.sort",
    )?;
    if list.is_empty() {
        return Ok(ev.peek(args[1]));
    }
    let function = ev.force_function(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.sort",
    )?;
    for &element in list {
        ev.force(element, Pos::NONE)?;
    }
    room(ev, list.len(), 0)?;
    let mut sorted = list.to_vec();
    let plain = function
        .as_builtin()
        .is_some_and(|index| ev.builtins[index as usize].name == "lessThan");
    if !plain {
        let context = "while evaluating the return value of the sorting function passed to builtins.sort";
        peeksort(&mut sorted, &mut |a, b| {
            let answer = ev.call(function, &[a, b], Pos::NONE)?;
            expect_bool(ev, answer, context)
        })?;
    } else if !sort_simple(ev, &mut sorted) {
        let context = "while evaluating the ordering function passed to builtins.sort";
        peeksort(&mut sorted, &mut |a, b| {
            let (a, b) = (ev.peek(a), ev.peek(b));
            less(ev, a, b, context)
        })?;
    }
    Ok(ev.mem.list(&sorted))
}

/// Sorts integers or strings without asking for each pair what it is; returns false if there is
/// anything else. Their order is total, so every stable sort gives the same result.
fn sort_simple(ev: &mut Evaluator, cells: &mut [Ref]) -> bool {
    let has = |tag| cells.iter().all(|&cell| ev.peek(cell).tag() == tag);
    if has(Tag::Int) {
        cells.sort_by_cached_key(|&cell| ev.peek(cell).as_int());
    } else if has(Tag::String) {
        for &cell in cells.iter() {
            let text = ev.peek(cell).as_string().unwrap_or_default();
            ev.looks_at(text);
        }
        cells.sort_by_cached_key(|&cell| ev.peek(cell).as_string());
    } else {
        return false;
    }
    true
}
