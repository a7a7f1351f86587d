//! Flakes as builtins: `getFlake`, `parseFlakeRef`, `flakeRefToString`.

use super::fetch::attr_value;
use super::{Entry, entry};
use crate::error::{ErrorKind, Eval};
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Tag, Val};
use crate::io::FetchAttr;
use crate::shared::COMMON;
use diag::Pos;
use syntax::Symbol;

pub(super) const TABLE: &[Entry] = &[
    entry("getFlake", 1, get_flake).when(|s| s.flakes),
    entry("parseFlakeRef", 1, parse_flake_ref).when(|s| s.flakes),
    entry("flakeRefToString", 1, flake_ref_to_string).when(|s| s.flakes),
];

fn get_flake(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the argument passed to builtins.getFlake";
    let reference = ev.force_plain_string(args[0], Pos::NONE, text)?;
    let reference = String::from_utf8_lossy(reference);
    match ev.io.flakes() {
        // Whoever asks for the same flake gets the same value.
        Some(call) => {
            ev.shows();
            ev.as_common(COMMON, |ev| call(ev, &reference))
        }
        None => {
            let message = format!("flake '{reference}' cannot be fetched in this evaluation");
            Err(ev.fail(ErrorKind::Io, message))
        }
    }
}

fn parse_flake_ref(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the argument passed to builtins.parseFlakeRef";
    let reference = ev.force_plain_string(args[0], Pos::NONE, text)?;
    let attrs = match ev.io.parse_flake_ref(&String::from_utf8_lossy(reference)) {
        Ok(attrs) => attrs,
        Err(error) => return Err(ev.fail(ErrorKind::Eval, error.to_string())),
    };
    let mut set: Vec<(Symbol, Pos, Ref)> = Vec::with_capacity(attrs.len());
    for (name, value) in &attrs {
        let value = attr_value(ev, value);
        let name = ev.symbols.intern(name.as_bytes());
        set.push((name, Pos::NONE, ev.cell(value)));
    }
    Ok(ev.mem.attrs_from(set))
}

fn flake_ref_to_string(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the argument passed to builtins.flakeRefToString";
    let set = ev.force_attrs(args[0], Pos::NONE, text)?;
    let mut attrs = Vec::new();
    for (symbol, attr) in ev.mem.entries(set).iter() {
        let name = ev.symbols.text(symbol).into_owned();
        let value = ev.force(attr.value, attr.pos)?;
        let value = match value.tag() {
            Tag::Int => {
                let number = value.as_int().unwrap_or(0);
                match u64::try_from(number) {
                    Ok(number) => FetchAttr::Int(number),
                    Err(_) => {
                        let name = syntax::identifier(&ev.symbols, symbol);
                        let message = format!("negative value given for flake ref attr {name}: {number}");
                        return Err(ev.fail(ErrorKind::Eval, message));
                    }
                }
            }
            Tag::Bool => FetchAttr::Bool(value.as_bool() == Some(true)),
            Tag::String => {
                FetchAttr::String(String::from_utf8_lossy(value.as_string().unwrap_or_default()).into_owned())
            }
            _ => {
                let name = syntax::identifier(&ev.symbols, symbol);
                let message = format!(
                    "flake reference attribute sets may only contain integers, Booleans, and strings, but attribute '{name}' is {}",
                    ev.show_type(value)
                );
                return Err(ev.fail(ErrorKind::Eval, message));
            }
        };
        attrs.push((name, value));
    }
    attrs.sort_by(|a, b| a.0.cmp(&b.0));
    match ev.io.flake_ref_to_string(&attrs) {
        Ok(reference) => Ok(ev.mem.string(reference.as_bytes())),
        Err(error) => Err(ev.fail(ErrorKind::Eval, error.to_string())),
    }
}
