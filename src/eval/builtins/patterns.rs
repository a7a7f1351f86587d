//! Regular expressions: `match` and `split`.

use super::{Entry, entry};
use crate::error::{ErrorKind, Eval};
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Val};
use crate::limits::BYTES_A_STEP;
use crate::text::regex::{Groups, Regex, RegexError};
use diag::Pos;
use std::rc::Rc;

pub(super) const TABLE: &[Entry] = &[entry("match", 2, match_whole), entry("split", 2, split)];

/// Compiled patterns that are kept; a configuration has some dozens.
const MOST_REGEXES: usize = 1_000;

/// Returns a compiled pattern; each is compiled once.
fn compiled(ev: &mut Evaluator, pattern: &[u8]) -> Eval<Rc<Regex>> {
    if let Some(known) = ev.caches.regexes.get(pattern) {
        return Ok(known.clone());
    }
    let regex = Regex::new(pattern).map(Rc::new);
    let regex = checked(ev, regex)?;
    ev.spend(regex.size())?;
    if ev.caches.regexes.len() >= MOST_REGEXES {
        ev.caches.regexes.clear();
    }
    ev.caches.regexes.insert(pattern.into(), regex.clone());
    Ok(regex)
}

fn checked<T>(ev: &mut Evaluator, result: Result<T, RegexError>) -> Eval<T> {
    result.map_err(|error| ev.fail(ErrorKind::Eval, error.to_string()))
}

/// Returns the list of what groups captured: strings without context, and null.
fn captured(ev: &mut Evaluator, subject: &[u8], groups: &Groups) -> Val {
    if groups.is_empty() {
        return Val::EMPTY_LIST;
    }
    let words = ev.mem.heap.alloc_words(groups.len());
    for (i, group) in groups.iter().enumerate() {
        let cell = match group {
            Some(range) => ev.string_cell(&subject[range.clone()]),
            None => ev.mem.constants[2],
        };
        ev.mem.heap.set_word(words, i, cell);
    }
    Val::list(words, groups.len())
}

fn match_whole(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let pattern = ev.force_plain_string(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.match",
    )?;
    ev.looks_at(pattern);
    let regex = compiled(ev, pattern)?;
    let subject = ev.force_string(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.match",
    )?;
    ev.spend_on_text(subject)?;
    let subject = subject.as_string().unwrap_or_default();
    ev.looks_at(subject);
    match checked(ev, regex.full_match(subject))? {
        Some(groups) => Ok(captured(ev, subject, &groups)),
        None => Ok(Val::NULL),
    }
}

fn split(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let pattern = ev.force_plain_string(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.split",
    )?;
    ev.looks_at(pattern);
    let regex = compiled(ev, pattern)?;
    let subject = ev.force_string(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.split",
    )?;
    ev.spend_on_text(subject)?;
    let subject = subject.as_string().unwrap_or_default();
    ev.looks_at(subject);
    super::lists::gather(ev, |ev| {
        let (mut end, mut any) = (0, false);
        for found in regex.matches(subject) {
            let found = checked(ev, found)?;
            ev.spend(1 + found.span.len() / BYTES_A_STEP)?;
            let between = ev.string_cell(&subject[end..found.span.start]);
            let groups = captured(ev, subject, &found.groups);
            let groups = ev.cell(groups);
            ev.caches.refs.extend([between, groups]);
            (end, any) = (found.span.end, true);
        }
        // Without a match the string stays itself, with its context.
        let rest = if any { ev.string_cell(&subject[end..]) } else { args[1] };
        ev.caches.refs.push(rest);
        Ok(())
    })
}
