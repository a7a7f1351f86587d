//! Texts that stand for outputs: `placeholder` and `outputOf`.

use super::imported::known_path;
use super::{Entry, entry};
use crate::context::{Built, Deriver, Element};
use crate::error::{ErrorKind, Eval, EvalError};
use crate::evaluator::Evaluator;
use crate::heap::{ContextId, Ref, Val};
use diag::Pos;
use std::rc::Rc;
use store::{DownstreamPlaceholder, OutputName, StorePath, output_placeholder};

pub(super) const TABLE: &[Entry] = &[
    entry("placeholder", 1, placeholder).global(),
    entry("outputOf", 2, output_of).when(|s| s.dynamic_derivations),
];

/// What is written for an output, and the context that refers to it.
pub(super) type OutputText = (Vec<u8>, ContextId);

fn placeholder(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the first argument passed to builtins.placeholder";
    let output = ev.force_plain_string(args[0], Pos::NONE, text)?;
    ev.looks_at(output);
    let text = output_placeholder(&OutputName::new(output));
    Ok(ev.mem.string(text.as_bytes()))
}

/// Returns the placeholder of an output whose path is not known.
fn unknown(ev: &mut Evaluator, drv: &Deriver, output: &OutputName) -> Eval<DownstreamPlaceholder> {
    match drv {
        Deriver::Path(path) => match DownstreamPlaceholder::of_unknown_output(path, output) {
            Ok(placeholder) => Ok(placeholder),
            Err(error) => Err(ev.store_failed(error)),
        },
        // As deep as calls of `outputOf` inside each other, which the evaluator bounds.
        Deriver::Output(above) => Ok(unknown(ev, &above.drv, &above.output)?.of_unknown_derivation(output)),
    }
}

/// Returns what is written for an output of a derivation, with the context that refers to it.
pub(super) fn output_string(ev: &mut Evaluator, drv: &StorePath, output: &OutputName) -> Eval<OutputText> {
    built_string(
        ev,
        Rc::new(Built {
            drv: Deriver::Path(drv.clone()),
            output: output.clone(),
        }),
    )
}

fn built_string(ev: &mut Evaluator, built: Rc<Built>) -> Eval<OutputText> {
    let text = built_text(ev, &built)?;
    let context = ev.contexts.single(Element::Built(built));
    Ok((text, context))
}

fn built_text(ev: &mut Evaluator, built: &Built) -> Eval<Vec<u8>> {
    if let Deriver::Path(path) = &built.drv
        && let Some(known) = known_path(ev, path, &built.output)?
    {
        return Ok(known.to_path().into_bytes());
    }
    Ok(unknown(ev, &built.drv, &built.output)?.render().into_bytes())
}

fn output_of(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the first argument to builtins.outputOf";
    let drv = derived_path(ev, args[0], text)?;
    let text = "while evaluating the second argument to builtins.outputOf";
    let output = OutputName::new(ev.force_plain_string(args[1], Pos::NONE, text)?);
    let (text, context) = built_string(ev, Rc::new(Built { drv, output }))?;
    Ok(ev.mem.string_in(&text, context))
}

/// Returns the derivation that a string stands for: it refers to one thing, and is its text.
fn derived_path(ev: &mut Evaluator, cell: Ref, context: &str) -> Eval<Deriver> {
    let string = ev.force_string(cell, Pos::NONE, context)?;
    let shown = String::from_utf8_lossy(string.as_string().unwrap_or_default()).into_owned();
    let elements = ev.contexts.sorted(string.context());
    let [element] = elements.as_slice() else {
        let count = elements.len();
        let message =
            format!("string '{shown}' has {count} entries in its context. It should only have exactly one entry");
        return Err(ev.raise(EvalError::new(ErrorKind::Eval, message).with_trace(Pos::NONE, context)));
    };
    let message = match element {
        Element::DrvDeep(_) => format!(
            "string '{shown}' has a context which refers to a complete source and binary closure. This is not supported at this time"
        ),
        Element::Opaque(path) => {
            let expected = path.to_path();
            if shown == expected {
                return Ok(Deriver::Path(path.clone()));
            }
            format!("path string '{shown}' has context with the different path '{expected}'")
        }
        Element::Built(built) => {
            let expected = String::from_utf8_lossy(&built_text(ev, built)?).into_owned();
            if shown == expected {
                return Ok(Deriver::Output(built.clone()));
            }
            format!(
                "string '{shown}' has context with the output '{}' from derivation '{}', but the string is not the right placeholder for this derivation output. It should be '{expected}'",
                built.output,
                built.drv.display()
            )
        }
    };
    Err(ev.raise(EvalError::new(ErrorKind::Eval, message).with_trace(Pos::NONE, context)))
}
