//! Reading parts of values that may fail to evaluate: what fails is not there.

use diag::Pos;
use eval::error::Eval;
use eval::{ErrorKind, Evaluator, Val};

/// Returns what some work gives, or `None` if it fails; what the limits of this run stopped is passed on.
pub(super) fn attempt<T>(ev: &mut Evaluator, work: impl FnOnce(&mut Evaluator) -> Eval<T>) -> Eval<Option<T>> {
    match ev.contained(work) {
        Ok(value) => Ok(Some(value)),
        Err(fail) if ev.error_kind() == ErrorKind::Limit => Err(fail),
        Err(_) => {
            ev.take_error();
            Ok(None)
        }
    }
}

/// Returns what a path of names leads to from a value; `None` if it leads nowhere, or does not evaluate.
pub(super) fn get(ev: &mut Evaluator, value: Val, path: &[&str]) -> Eval<Option<Val>> {
    let mut value = value;
    for name in path {
        let symbol = ev.symbols.intern(name.as_bytes());
        let Some(attr) = ev.mem.attr(value, symbol) else {
            return Ok(None);
        };
        let Some(next) = attempt(ev, |ev| ev.force(attr.value, attr.pos))? else {
            return Ok(None);
        };
        value = next;
    }
    Ok(Some(value))
}

/// Returns the text that a path of names leads to.
pub(super) fn text(ev: &mut Evaluator, value: Val, path: &[&str]) -> Eval<Option<String>> {
    let found = get(ev, value, path)?;
    Ok(found
        .and_then(Val::as_string)
        .map(|text| String::from_utf8_lossy(text).into_owned()))
}

/// Returns the elements of the list that a path of names leads to, as far as they evaluate; none if there is no list.
pub(super) fn list(ev: &mut Evaluator, value: Val, path: &[&str]) -> Eval<Vec<Val>> {
    let Some(list) = get(ev, value, path)? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for &cell in ev.elements(list) {
        found.extend(attempt(ev, |ev| ev.force(cell, Pos::NONE))?);
    }
    Ok(found)
}
