//! Questions about what a value is.

use super::{Entry, entry};
use crate::error::{ErrorKind, Eval};
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Tag, Val};
use diag::Pos;

pub(super) const TABLE: &[Entry] = &[
    entry("typeOf", 1, type_of),
    entry("isAttrs", 1, is_attrs),
    entry("isBool", 1, is_bool),
    entry("isFloat", 1, is_float),
    entry("isFunction", 1, is_function),
    entry("isInt", 1, is_int),
    entry("isList", 1, is_list),
    entry("isNull", 1, is_null).global(),
    entry("isPath", 1, is_path),
    entry("isString", 1, is_string),
    entry("functionArgs", 1, function_args),
];

/// What `typeOf` answers, and the index of its string among the remembered ones.
fn type_name(value: Val) -> (usize, &'static str) {
    match value.tag() {
        Tag::Null => (0, "null"),
        Tag::Bool => (1, "bool"),
        Tag::Int => (2, "int"),
        Tag::Float => (3, "float"),
        Tag::String => (4, "string"),
        Tag::Path => (5, "path"),
        Tag::List => (6, "list"),
        Tag::Attrs | Tag::Layered => (7, "set"),
        // What is not evaluated never gets here.
        _ => (8, "lambda"),
    }
}

/// How many answers `typeOf` has.
pub(super) const TYPE_COUNT: usize = 9;

fn type_of(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let value = ev.force(args[0], Pos::NONE)?;
    let (index, name) = type_name(value);
    if let Some(known) = ev.caches.type_names[index] {
        return Ok(known);
    }
    let made = ev.mem.constant_string(name.as_bytes());
    ev.caches.type_names[index] = Some(made);
    Ok(made)
}

fn is(ev: &mut Evaluator, args: &[Ref], holds: impl Fn(Val) -> bool) -> Eval<Val> {
    let value = ev.force(args[0], Pos::NONE)?;
    Ok(Val::bool(holds(value)))
}

fn is_attrs(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    is(ev, args, Val::is_attrs)
}

fn is_bool(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    is(ev, args, |v| v.tag() == Tag::Bool)
}

fn is_float(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    is(ev, args, |v| v.tag() == Tag::Float)
}

fn is_function(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    is(ev, args, Val::is_function)
}

fn is_int(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    is(ev, args, |v| v.tag() == Tag::Int)
}

fn is_list(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    is(ev, args, |v| v.tag() == Tag::List)
}

fn is_null(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    is(ev, args, |v| v.tag() == Tag::Null)
}

fn is_path(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    is(ev, args, |v| v.tag() == Tag::Path)
}

fn is_string(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    is(ev, args, |v| v.tag() == Tag::String)
}

fn function_args(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let value = ev.force(args[0], Pos::NONE)?;
    let Some((lambda, _)) = value.as_lambda() else {
        if value.is_function() {
            return Ok(ev.mem.empty_attrs());
        }
        return Err(ev.fail(ErrorKind::Type, "'functionArgs' requires a function"));
    };
    let Some(formals) = &lambda.formals else {
        return Ok(ev.mem.empty_attrs());
    };
    let words = ev.mem.heap.alloc_words(formals.formals.len());
    for (i, formal) in formals.formals.iter().enumerate() {
        let has_default = ev.mem.bool_cell(formal.default.is_some());
        ev.mem.heap.set_word(words, i, has_default);
    }
    Ok(Val::attrs(formals.shape, words))
}
