//! Data formats: JSON, TOML, XML.

use super::{Entry, entry};
use crate::error::Eval;
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Val};
use diag::Pos;

pub(super) const TABLE: &[Entry] = &[entry("toJSON", 1, to_json), entry("toXML", 1, to_xml)];

fn to_json(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let value = ev.force(args[0], Pos::NONE)?;
    let (json, context) = ev.to_json(value, true, Pos::NONE)?;
    Ok(ev.mem.string_in(&json, context))
}

fn to_xml(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let value = ev.force(args[0], Pos::NONE)?;
    let (xml, context) = ev.to_xml(value, true, false)?;
    Ok(ev.mem.string_in(&xml, context))
}
