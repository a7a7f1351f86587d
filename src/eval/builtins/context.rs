//! String contexts as values: asking for them, dropping them, making them.

use super::{Entry, entry};
use crate::coerce::Coercion;
use crate::context::{Built, Deriver, Element};
use crate::error::{ErrorKind, Eval};
use crate::evaluator::Evaluator;
use crate::heap::{ContextId, Ref, Val};
use diag::Pos;
use std::rc::Rc;
use store::{OutputName, StorePath};
use syntax::Symbol;

pub(super) const TABLE: &[Entry] = &[
    entry("hasContext", 1, has_context),
    entry("getContext", 1, get_context),
    entry("appendContext", 2, append_context),
    entry("unsafeDiscardStringContext", 1, discard_context),
    entry("unsafeDiscardOutputDependency", 1, discard_output_dependency),
    entry("addDrvOutputDependencies", 1, add_output_dependencies),
];

fn discard_context(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the argument passed to builtins.unsafeDiscardStringContext";
    let string = ev.coerce_cell(args[0], Pos::NONE, text, Coercion::INTERPOLATE)?;
    Ok(string.with_context(ContextId::EMPTY))
}

fn has_context(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the argument passed to builtins.hasContext";
    let string = ev.force_string(args[0], Pos::NONE, text)?;
    Ok(Val::bool(string.context() != ContextId::EMPTY))
}

fn discard_output_dependency(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the argument passed to builtins.unsafeDiscardOutputDependency";
    let string = ev.coerce_cell(args[0], Pos::NONE, text, Coercion::INTERPOLATE)?;
    let context = string.context();
    if !ev
        .contexts
        .elements(context)
        .any(|element| matches!(element, Element::DrvDeep(_)))
    {
        return Ok(string);
    }
    let elements: Vec<Element> = ev
        .contexts
        .elements(context)
        .map(|element| match element {
            Element::DrvDeep(path) => Element::Opaque(path.clone()),
            other => other.clone(),
        })
        .collect();
    let context = ev.contexts.of(elements);
    Ok(string.with_context(context))
}

fn add_output_dependencies(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the argument passed to builtins.addDrvOutputDependencies";
    let string = ev.coerce_cell(args[0], Pos::NONE, text, Coercion::INTERPOLATE)?;
    let elements = ev.contexts.sorted(string.context());
    let [element] = elements.as_slice() else {
        let message = format!(
            "context of string '{}' must have exactly one element, but has {}",
            String::from_utf8_lossy(string.as_string().unwrap_or_default()),
            elements.len()
        );
        return Err(ev.fail(ErrorKind::Eval, message));
    };
    match element {
        Element::DrvDeep(_) => Ok(string),
        Element::Opaque(path) if path.is_derivation() => {
            let context = ev.contexts.single(Element::DrvDeep(path.clone()));
            Ok(string.with_context(context))
        }
        Element::Opaque(path) => Err(ev.fail(
            ErrorKind::Eval,
            format!("path '{}' is not a derivation", path.to_path()),
        )),
        Element::Built(built) => {
            let message = format!(
                "`addDrvOutputDependencies` can only act on derivations, not on a derivation output such as '{}'",
                built.output
            );
            Err(ev.fail(ErrorKind::Eval, message))
        }
    }
}

/// What a string's context says about one store path.
struct About {
    path: StorePath,
    itself: bool,
    all_outputs: bool,
    outputs: Vec<OutputName>,
}

fn get_context(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the argument passed to builtins.getContext";
    let string = ev.force_string(args[0], Pos::NONE, text)?;
    let mut about: Vec<About> = Vec::new();
    for element in ev.contexts.sorted(string.context()) {
        let path = match &element {
            Element::Built(built) => match &built.drv {
                Deriver::Path(path) => path.clone(),
                Deriver::Output(above) => {
                    let message = format!("'{}' is not built, so its path is not known", above.display());
                    return Err(ev.fail(ErrorKind::Eval, message));
                }
            },
            other => other.base_path().clone(),
        };
        let at = match about.binary_search_by(|a| a.path.cmp(&path)) {
            Ok(at) => at,
            Err(at) => {
                about.insert(
                    at,
                    About {
                        path,
                        itself: false,
                        all_outputs: false,
                        outputs: Vec::new(),
                    },
                );
                at
            }
        };
        match element {
            Element::Opaque(_) => about[at].itself = true,
            Element::DrvDeep(_) => about[at].all_outputs = true,
            Element::Built(built) => about[at].outputs.push(built.output.clone()),
        }
    }
    let mut attrs: Vec<(Symbol, Pos, Ref)> = Vec::with_capacity(about.len());
    for entry in about {
        let mut parts: Vec<(Symbol, Pos, Ref)> = Vec::with_capacity(3);
        if entry.itself {
            parts.push((ev.names.path, Pos::NONE, ev.mem.bool_cell(true)));
        }
        if entry.all_outputs {
            parts.push((ev.names.all_outputs, Pos::NONE, ev.mem.bool_cell(true)));
        }
        if !entry.outputs.is_empty() {
            let outputs: Vec<Ref> = entry.outputs.iter().map(|output| ev.string_cell(output)).collect();
            let outputs = ev.mem.list(&outputs);
            parts.push((ev.names.outputs, Pos::NONE, ev.cell(outputs)));
        }
        let value = ev.mem.attrs_from(parts);
        let path = entry.path.to_path();
        ev.looks_at(path.as_bytes());
        let name = ev.symbols.intern(path.as_bytes());
        attrs.push((name, Pos::NONE, ev.cell(value)));
    }
    Ok(ev.mem.attrs_from(attrs))
}

fn append_context(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the first argument passed to builtins.appendContext";
    let string = ev.force_string(args[0], Pos::NONE, text)?;
    let text = "while evaluating the second argument passed to builtins.appendContext";
    let set = ev.force_attrs(args[1], Pos::NONE, text)?;
    let mut elements: Vec<Element> = Vec::new();
    for (symbol, attr) in ev.mem.entries(set).iter() {
        let name = syntax::identifier(&ev.symbols, symbol);
        let Ok(path) = StorePath::parse(ev.symbols.bytes(symbol)) else {
            let message = format!("context key '{name}' is not a store path");
            return Err(ev.fail_at(ErrorKind::Eval, attr.pos, message));
        };
        let value = ev.force_attrs(attr.value, attr.pos, "while evaluating the value of a string context")?;
        if let Some(own) = ev.mem.attr(value, ev.names.path) {
            let text = "while evaluating the `path` attribute of a string context";
            if ev.force_bool(own.value, own.pos, text)? {
                elements.push(Element::Opaque(path.clone()));
            }
        }
        let is_derivation = path.is_derivation();
        if let Some(all) = ev.mem.attr(value, ev.names.all_outputs) {
            let text = "while evaluating the `allOutputs` attribute of a string context";
            if ev.force_bool(all.value, all.pos, text)? {
                if !is_derivation {
                    let message =
                        format!("tried to add all-outputs context of {name}, which is not a derivation, to a string");
                    return Err(ev.fail_at(ErrorKind::Eval, attr.pos, message));
                }
                elements.push(Element::DrvDeep(path.clone()));
            }
        }
        if let Some(outputs) = ev.mem.attr(value, ev.names.outputs) {
            let text = "while evaluating the `outputs` attribute of a string context";
            let list = ev.force_list(outputs.value, outputs.pos, text)?;
            if !list.is_empty() && !is_derivation {
                let message =
                    format!("tried to add derivation output context of {name}, which is not a derivation, to a string");
                return Err(ev.fail_at(ErrorKind::Eval, attr.pos, message));
            }
            for &output in list {
                let text = "while evaluating an output name within a string context";
                let output = OutputName::new(ev.force_plain_string(output, outputs.pos, text)?);
                elements.push(Element::Built(Rc::new(Built {
                    drv: Deriver::Path(path.clone()),
                    output,
                })));
            }
        }
    }
    let more = ev.contexts.of(elements);
    let context = ev.contexts.union(string.context(), more);
    Ok(string.with_context(context))
}
