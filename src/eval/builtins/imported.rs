//! Derivations that are there as files: importing one, and depending on one.

use crate::context::Element;
use crate::error::{ErrorKind, Eval};
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Val};
use diag::Pos;
use store::{Derivation, OutputName, StorePath};
use syntax::Symbol;

/// What an import of a `.drv` file evaluates.
const IMPORTED: &[u8] = include_bytes!("imported.nix");

/// Returns what importing a derivation's file gives.
pub(super) fn derivation_value(ev: &mut Evaluator, path: &StorePath) -> Eval<Val> {
    load(ev, path)?;
    let Some(drv) = ev.store.derivation(path) else {
        return Err(ev.fail(ErrorKind::Io, format!("path '{}' is not valid", path.to_path())));
    };
    let outputs: Vec<OutputName> = drv.outputs.keys().cloned().collect();
    let name = drv.env.get(b"name".as_slice()).cloned().unwrap_or_default();
    let mut attrs: Vec<(Symbol, Pos, Ref)> = Vec::with_capacity(3 + outputs.len());
    let context = ev.contexts.single(Element::DrvDeep(path.clone()));
    let drv_path = ev.mem.string_in(path.to_path().as_bytes(), context);
    attrs.push((ev.names.drv_path, Pos::NONE, ev.cell(drv_path)));
    attrs.push((ev.names.name, Pos::NONE, ev.string_cell(&name)));
    let mut list = Vec::with_capacity(outputs.len());
    for output in &outputs {
        let (text, context) = super::placeholders::output_string(ev, path, output)?;
        let string = ev.mem.string_in(&text, context);
        let symbol = ev.symbols.intern(output);
        attrs.push((symbol, Pos::NONE, ev.cell(string)));
        list.push(ev.string_cell(output));
    }
    let list = ev.mem.list(&list);
    attrs.push((ev.names.outputs, Pos::NONE, ev.cell(list)));
    let set = ev.mem.attrs_from(attrs);
    let argument = ev.cell(set);
    let function = match ev.caches.imported {
        Some(function) => function,
        None => {
            let function = super::internal_text(ev, "imported-drv-to-derivation.nix", IMPORTED)?;
            let cell = ev.cell(function);
            ev.mem.heap.pin();
            ev.caches.imported = Some(cell);
            cell
        }
    };
    ev.call_cell(function, &[argument], Pos::NONE)
}

/// Makes sure that a derivation is in the store of this evaluation, reading it and all that it needs
/// from the world.
pub(super) fn load(ev: &mut Evaluator, root: &StorePath) -> Eval<()> {
    let mut pending = vec![root.clone()];
    // A derivation waits here, read, until its inputs are there.
    let mut read: Vec<(StorePath, Derivation)> = Vec::new();
    while let Some(path) = pending.pop() {
        if ev.store.derivation(&path).is_some() {
            continue;
        }
        if let Some(at) = read.iter().rposition(|(other, _)| *other == path) {
            let (path, drv) = read.remove(at);
            if let Err(error) = ev.store.add_existing(&path, drv) {
                return Err(ev.store_failed(error));
            }
            continue;
        }
        let file = path.to_path();
        if ev.maybe_type(file.as_bytes())?.is_none() {
            return Err(ev.fail(ErrorKind::Io, format!("path '{file}' is not valid")));
        }
        let text = ev.read_bytes(file.as_bytes())?;
        let name = match path.derivation_name() {
            Ok(name) => name.to_owned(),
            Err(error) => return Err(ev.store_failed(error)),
        };
        let drv = match Derivation::parse_aterm(&text, &name) {
            Ok(drv) => drv,
            Err(error) => {
                let message = format!("error parsing derivation '{file}': {error}");
                return Err(ev.fail(ErrorKind::Eval, message));
            }
        };
        pending.push(path.clone());
        pending.extend(
            drv.input_derivations
                .keys()
                .filter(|input| ev.store.derivation(input).is_none())
                .cloned(),
        );
        read.push((path, drv));
    }
    Ok(())
}

/// Returns the path of an output, if it is known before the build.
pub(super) fn known_path(ev: &mut Evaluator, drv: &StorePath, output: &OutputName) -> Eval<Option<StorePath>> {
    load(ev, drv)?;
    let found = ev
        .store
        .derivation(drv)
        .map(|known| (known.name.clone(), known.outputs.get(output).cloned()));
    let Some((name, Some(kind))) = found else {
        let message = format!("derivation '{}' does not have output '{output}'", drv.to_path());
        return Err(ev.fail(ErrorKind::Eval, message));
    };
    match kind.path(&name, output) {
        Ok(path) => Ok(path),
        Err(error) => Err(ev.store_failed(error)),
    }
}
