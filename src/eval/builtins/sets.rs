//! Attribute sets: names, values, selection, and making one set from others.

use super::lists::{gather, room};
use super::lists_search::grouped;
use super::{Entry, entry};
use crate::attrs::Entries;
use crate::error::Eval;
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Val};
use diag::Pos;
use syntax::Symbol;

pub(super) const TABLE: &[Entry] = &[
    entry("attrNames", 1, attr_names),
    entry("attrValues", 1, attr_values),
    entry("catAttrs", 2, cat_attrs),
    entry("getAttr", 2, get_attr),
    entry("hasAttr", 2, has_attr),
    entry("intersectAttrs", 2, intersect_attrs),
    entry("listToAttrs", 1, list_to_attrs),
    entry("mapAttrs", 2, map_attrs),
    entry("removeAttrs", 2, remove_attrs).global(),
    entry("unsafeGetAttrPos", 2, unsafe_get_attr_pos),
    entry("zipAttrsWith", 2, zip_attrs_with),
];

fn attr_names(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let set = ev.force_attrs(
        args[0],
        Pos::NONE,
        "while evaluating the argument passed to builtins.attrNames",
    )?;
    let Entries { shape, .. } = ev.mem.entries(set);
    let order = shape.lexical(&ev.symbols, ev.mem.arena);
    if order.is_empty() {
        return Ok(Val::EMPTY_LIST);
    }
    let words = ev.mem.heap.alloc_words(order.len());
    for (i, &index) in order.iter().enumerate() {
        let name = ev.symbol_cell(shape.keys[index as usize]);
        ev.mem.heap.fill_word(words, i, name);
    }
    Ok(Val::list(words, order.len()))
}

fn attr_values(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let set = ev.force_attrs(
        args[0],
        Pos::NONE,
        "while evaluating the argument passed to builtins.attrValues",
    )?;
    let Entries { shape, values, .. } = ev.mem.entries(set);
    let order = shape.lexical(&ev.symbols, ev.mem.arena);
    if order.is_empty() {
        return Ok(Val::EMPTY_LIST);
    }
    let words = ev.mem.heap.alloc_refs_with(order.len(), |i| values[order[i] as usize]);
    Ok(Val::list(words, order.len()))
}

fn cat_attrs(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let name = ev.force_plain_string(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.catAttrs",
    )?;
    let name = ev.symbols.intern(name);
    let list = ev.force_list(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.catAttrs",
    )?;
    gather(ev, |ev| {
        let context = "while evaluating an element in the list passed as second argument to builtins.catAttrs";
        for &element in list {
            let set = ev.force_attrs(element, Pos::NONE, context)?;
            if let Some(attr) = ev.mem.attr(set, name) {
                ev.caches.refs.push(attr.value);
            }
        }
        Ok(())
    })
}

fn get_attr(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let name = ev.force_plain_string(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.getAttr",
    )?;
    let set = ev.force_attrs(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.getAttr",
    )?;
    let name = ev.symbols.intern(name);
    let attr = ev.require_attr(set, name, "in the attribute set under consideration")?;
    ev.force(attr.value, Pos::NONE)
}

fn has_attr(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let name = ev.force_plain_string(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.hasAttr",
    )?;
    let set = ev.force_attrs(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.hasAttr",
    )?;
    let name = ev.symbols.intern(name);
    Ok(Val::bool(ev.mem.attr(set, name).is_some()))
}

fn unsafe_get_attr_pos(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let name = ev.force_plain_string(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.unsafeGetAttrPos",
    )?;
    let set = ev.force_attrs(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.unsafeGetAttrPos",
    )?;
    let name = ev.symbols.intern(name);
    match ev.mem.attr(set, name) {
        Some(attr) => Ok(ev.position_attrs(attr.pos)),
        None => Ok(Val::NULL),
    }
}

/// Makes a set of what `fill` appends, sorted by symbol, to a vector that is used again and again.
fn build(ev: &mut Evaluator, fill: impl FnOnce(&mut Evaluator, &mut Vec<(Symbol, Pos, Ref)>)) -> Val {
    let mut attrs = std::mem::take(&mut ev.caches.attrs);
    attrs.clear();
    fill(ev, &mut attrs);
    let set = ev.mem.attrs_sorted(&attrs);
    ev.caches.attrs = attrs;
    set
}

fn intersect_attrs(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let left = ev.force_attrs(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.intersectAttrs",
    )?;
    let right = ev.force_attrs(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.intersectAttrs",
    )?;
    // The smaller set is walked through, and only that one is ever laid flat.
    if ev.mem.attrs_len(left) < ev.mem.attrs_len(right) {
        let names = ev.mem.entries(left).shape.keys;
        Ok(build(ev, |ev, attrs| {
            for &name in names {
                if let Some(attr) = ev.mem.attr(right, name) {
                    attrs.push((name, attr.pos, attr.value));
                }
            }
        }))
    } else {
        let entries = ev.mem.entries(right);
        if entries.shape.keys.iter().all(|&name| ev.mem.attr(left, name).is_some()) {
            return Ok(Val::attrs(entries.shape, entries.words));
        }
        Ok(build(ev, |ev, attrs| {
            for (name, attr) in entries.iter() {
                if ev.mem.attr(left, name).is_some() {
                    attrs.push((name, attr.pos, attr.value));
                }
            }
        }))
    }
}

fn remove_attrs(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let set = ev.force_attrs(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.removeAttrs",
    )?;
    let list = ev.force_list(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.removeAttrs",
    )?;
    // Which attributes go, as their indices; few enough to be searched one by one, mostly.
    let mut few = [0; 32];
    let mut many = Vec::new();
    let mut count = 0;
    for &element in list {
        let context = "while evaluating the values of the second argument passed to builtins.removeAttrs";
        let name = ev.force_plain_string(element, Pos::NONE, context)?;
        let name = ev.symbols.intern(name);
        if ev.mem.attr(set, name).is_none() {
            continue;
        }
        if count < few.len() {
            few[count] = name.0;
        } else {
            if many.is_empty() {
                many.extend_from_slice(&few);
            }
            many.push(name.0);
        }
        count += 1;
    }
    if count == 0 {
        return Ok(set);
    }
    let gone = if many.is_empty() {
        &mut few[..count]
    } else {
        &mut many[..]
    };
    gone.sort_unstable();
    let entries = ev.mem.entries(set);
    Ok(build(ev, |_, attrs| {
        let mut next = 0;
        for (name, attr) in entries.iter() {
            while next < gone.len() && gone[next] < name.0 {
                next += 1;
            }
            if gone.get(next) != Some(&name.0) {
                attrs.push((name, attr.pos, attr.value));
            }
        }
    }))
}

fn list_to_attrs(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let list = ev.force_list(
        args[0],
        Pos::NONE,
        "while evaluating the argument passed to builtins.listToAttrs",
    )?;
    let mut attrs = std::mem::take(&mut ev.caches.attrs);
    attrs.clear();
    attrs.reserve(list.len());
    let done = name_and_unpack(ev, list, &mut attrs);
    let set = done.map(|()| ev.mem.attrs_sorted(&attrs));
    ev.caches.attrs = attrs;
    set
}

fn name_and_unpack(ev: &mut Evaluator, list: &[Ref], attrs: &mut Vec<(Symbol, Pos, Ref)>) -> Eval<()> {
    let pair = "in a {name=...; value=...;} pair";
    for &element in list {
        let context = "while evaluating an element of the list passed to builtins.listToAttrs";
        let set = ev.force_attrs(element, Pos::NONE, context)?;
        let name = match ev.mem.attr_cached(set, ev.names.name, &ev.caches.name_site) {
            Some(name) => name,
            None => ev.require_attr(set, ev.names.name, pair)?,
        };
        let context = "while evaluating the `name` attribute of an element of the list passed to builtins.listToAttrs";
        let text = ev.force_plain_string(name.value, name.pos, context)?;
        ev.looks_at(text);
        attrs.push((ev.symbols.intern(text), Pos::NONE, element));
    }
    // Stable, so that of equal names the first in the list stays, as in Nix.
    if !attrs.is_sorted_by_key(|a| a.0) {
        attrs.sort_by_key(|a| a.0);
    }
    attrs.dedup_by_key(|a| a.0);
    for attr in attrs {
        let set = ev.peek(attr.2);
        let value = match ev.mem.attr_cached(set, ev.names.value, &ev.caches.value_site) {
            Some(value) => value,
            None => ev.require_attr(set, ev.names.value, pair)?,
        };
        (attr.1, attr.2) = (value.pos, value.value);
    }
    Ok(())
}

fn map_attrs(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let set = ev.force_attrs(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.mapAttrs",
    )?;
    let Entries { shape, values, .. } = ev.mem.entries(set);
    room(ev, values.len(), values.len())?;
    let words = ev.mem.heap.alloc_words(values.len());
    for (i, &value) in values.iter().enumerate() {
        let name = ev.symbol_cell(shape.keys[i]);
        let call = ev.cell(Val::apply_two(args[0], name, value));
        ev.mem.heap.fill_word(words, i, call);
    }
    Ok(Val::attrs(ev.mem.without_positions(shape), words))
}

fn zip_attrs_with(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    ev.force_function(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.zipAttrsWith",
    )?;
    let list = ev.force_list(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.zipAttrsWith",
    )?;
    let mut total = 0;
    for &element in list {
        let context = "while evaluating a value of the list passed as second argument to builtins.zipAttrsWith";
        let set = ev.force_attrs(element, Pos::NONE, context)?;
        total += ev.mem.attrs_len(set);
    }
    room(ev, total, total.saturating_mul(2))?;
    let mut named: Vec<(Symbol, Ref)> = Vec::with_capacity(total);
    for &element in list {
        let set = ev.peek(element);
        named.extend(ev.mem.entries(set).iter().map(|(name, attr)| (name, attr.value)));
    }
    let function = args[0];
    Ok(build(ev, |ev, attrs| {
        for (name, group) in grouped(&mut named) {
            let words = ev.mem.heap.alloc_refs_with(group.len(), |i| group[i].1);
            let values = ev.cell(Val::list(words, group.len()));
            let text = ev.symbol_cell(name);
            let call = ev.cell(Val::apply_two(function, text, values));
            attrs.push((name, Pos::NONE, call));
        }
    }))
}
