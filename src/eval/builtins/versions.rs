//! Versions and package names.

use super::{Entry, entry};
use crate::error::Eval;
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Val};
use crate::limits::BYTES_A_STEP;
use crate::text::version;
use diag::Pos;

pub(super) const TABLE: &[Entry] = &[
    entry("compareVersions", 2, compare_versions),
    entry("parseDrvName", 1, parse_drv_name),
    entry("splitVersion", 1, split_version),
];

fn compare_versions(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let left = ev.force_plain_string(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.compareVersions",
    )?;
    let right = ev.force_plain_string(
        args[1],
        Pos::NONE,
        "while evaluating the second argument passed to builtins.compareVersions",
    )?;
    ev.spend((left.len() + right.len()) / BYTES_A_STEP)?;
    ev.orders(left, right);
    Ok(Val::int(version::compare(left, right) as i64))
}

fn parse_drv_name(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let full = ev.force_plain_string(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.parseDrvName",
    )?;
    ev.looks_at(full);
    let (name, version) = version::parse_drv_name(full);
    let (name, version) = (ev.string_cell(name), ev.string_cell(version));
    let keys = [ev.names.name, ev.names.version];
    let shape = match ev.caches.drv_name_shape {
        Some(shape) => shape,
        None => *ev.caches.drv_name_shape.insert(
            ev.mem
                .stable_shape(keys.iter().map(|&name| (name, Pos::NONE)), Pos::NONE),
        ),
    };
    Ok(ev.mem.attrs_shaped(shape, &[name, version]))
}

fn split_version(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let full = ev.force_plain_string(
        args[0],
        Pos::NONE,
        "while evaluating the first argument passed to builtins.splitVersion",
    )?;
    ev.looks_at(full);
    super::lists::gather(ev, |ev| {
        for component in version::components(full) {
            let cell = ev.string_cell(component);
            ev.caches.refs.push(cell);
        }
        Ok(())
    })
}
