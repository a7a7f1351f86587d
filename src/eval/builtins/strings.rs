//! Strings: measuring, cutting, joining and replacing.

use super::{Entry, entry};
use crate::coerce::Coercion;
use crate::error::{ErrorKind, Eval, Fail};
use crate::evaluator::Evaluator;
use crate::heap::{ContextId, Ref, Tag, Val};
use crate::text::replace::replace;
use diag::Pos;

pub(super) const TABLE: &[Entry] = &[
    entry("concatStringsSep", 2, concat_strings_sep),
    entry("replaceStrings", 3, replace_strings),
    entry("stringLength", 1, string_length),
    entry("substring", 3, substring),
    entry("toString", 1, to_string).global(),
];

/// The longest string in bytes that is made; its length must fit into its header.
const LONGEST: usize = (u32::MAX - 16) as usize;

#[cold]
fn too_long(ev: &mut Evaluator, len: usize) -> Fail {
    ev.fail(
        ErrorKind::Limit,
        format!("a string of {len} bytes needs more memory than allowed"),
    )
}

fn to_string(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    ev.coerce_cell(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.toString",
        Coercion::TO_STRING,
    )
}

fn string_length(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let string = ev.coerce_cell(
        args[0],
        Pos::NONE,
        "while evaluating the argument passed to builtins.stringLength",
        Coercion::INTERPOLATE,
    )?;
    Ok(Val::int(string.as_string().map_or(0, <[u8]>::len) as i64))
}

fn substring(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let start = ev.force_int(
        args[0],
        Pos::NONE,
        "while evaluating the first argument (the start offset) passed to builtins.substring",
    )?;
    let Ok(start) = usize::try_from(start) else {
        return Err(ev.fail(ErrorKind::Eval, "negative start position in 'substring'"));
    };
    let len = ev.force_int(
        args[1],
        Pos::NONE,
        "while evaluating the second argument (the substring length) passed to builtins.substring",
    )?;
    // A negative length means the rest of the string.
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    let string = ev.coerce_cell(
        args[2],
        Pos::NONE,
        "while evaluating the third argument (the string) passed to builtins.substring",
        Coercion::INTERPOLATE,
    )?;
    let bytes = string.as_string().unwrap_or_default();
    let start = start.min(bytes.len());
    let part = &bytes[start..start.saturating_add(len).min(bytes.len())];
    if part.len() == bytes.len() {
        return Ok(string);
    }
    ev.cuts(bytes, start..start + part.len());
    Ok(ev.mem.string_in(part, string.context()))
}

fn concat_strings_sep(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let separator = ev.force_string(
        args[0],
        Pos::NONE,
        "while evaluating the first argument (the separator string) passed to builtins.concatStringsSep",
    )?;
    let list = ev.force_list(
        args[1],
        Pos::NONE,
        "while evaluating the second argument (the list of strings to concat) passed to builtins.concatStringsSep",
    )?;
    let base = ev.scratch.len();
    let result = join(ev, separator, list, base);
    ev.scratch.truncate(base);
    result
}

fn join(ev: &mut Evaluator, separator: Val, list: &[Ref], base: usize) -> Eval<Val> {
    let mut context = separator.context();
    let separator = separator.as_string().unwrap_or_default();
    let mut total = separator.len().saturating_mul(list.len().saturating_sub(1));
    for &element in list {
        let part = ev.coerce_cell(
            element,
            Pos::NONE,
            "while evaluating one element of the list of strings to concat passed to builtins.concatStringsSep",
            Coercion::INTERPOLATE,
        )?;
        total = total.saturating_add(part.as_string().map_or(0, <[u8]>::len));
        context = ev.contexts.union(context, part.context());
        ev.scratch.push(part);
    }
    let parts = &ev.scratch[base..];
    if let [only] = parts
        && only.context() == context
    {
        return Ok(*only);
    }
    if total == 0 {
        return Ok(ev.mem.string_in(b"", context));
    }
    if total > LONGEST {
        return Err(too_long(ev, total));
    }
    let bytes = ev.mem.heap.alloc_bytes_with(total, |to| {
        let mut at = 0;
        for (i, part) in parts.iter().enumerate() {
            let between = if i == 0 { b"" } else { separator };
            for piece in [between, part.as_string().unwrap_or_default()] {
                to[at..at + piece.len()].copy_from_slice(piece);
                at += piece.len();
            }
        }
    });
    Ok(Val::string(bytes, context))
}

fn replace_strings(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let from = ev.force_list(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.replaceStrings",
    )?;
    let to = ev.force_list(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.replaceStrings",
    )?;
    if from.len() != to.len() {
        let message = "'from' and 'to' arguments passed to builtins.replaceStrings have different lengths";
        return Err(ev.fail(ErrorKind::Eval, message));
    }
    let mut few = [&b""[..]; 16];
    let mut many = Vec::new();
    let patterns = if from.len() <= few.len() {
        &mut few[..from.len()]
    } else {
        many.resize(from.len(), &b""[..]);
        &mut many[..]
    };
    for (pattern, &cell) in patterns.iter_mut().zip(from) {
        let text = "while evaluating one of the strings to replace passed to builtins.replaceStrings";
        *pattern = ev.force_string(cell, Pos::NONE, text)?.as_string().unwrap_or_default();
    }
    let subject = ev.force_string(
        args[2],
        Pos::NONE,
        "while evaluating the third argument passed to builtins.replaceStrings",
    )?;
    ev.spend_on_text(subject)?;
    let mut out = std::mem::take(&mut ev.caches.buffer);
    out.clear();
    let result = replace_into(ev, patterns, to, subject, &mut out);
    ev.caches.buffer = out;
    result
}

fn replace_into(ev: &mut Evaluator, patterns: &[&[u8]], to: &[Ref], subject: Val, out: &mut Vec<u8>) -> Eval<Val> {
    let mut context: ContextId = subject.context();
    let text = subject.as_string().unwrap_or_default();
    // What has no letter or digit is found in no hash; what is empty, between all letters.
    let in_hashes = |pattern: &&[u8]| pattern.is_empty() || pattern.iter().any(u8::is_ascii_alphanumeric);
    if patterns.iter().any(in_hashes) {
        ev.looks_at(text);
    }
    let mut replaced = false;
    replace(patterns, text, out, |index, out| {
        replaced = true;
        let new = ev.peek(to[index]);
        let new = if new.tag() == Tag::String {
            new
        } else {
            ev.force_string(
                to[index],
                Pos::NONE,
                "while evaluating one of the replacement strings passed to builtins.replaceStrings",
            )?
        };
        context = ev.contexts.union(context, new.context());
        out.extend_from_slice(new.as_string().unwrap_or_default());
        ev.text_room(out.len())
    })?;
    if !replaced {
        return Ok(subject);
    }
    if out.len() > LONGEST {
        return Err(too_long(ev, out.len()));
    }
    Ok(ev.mem.string_in(out, context))
}
