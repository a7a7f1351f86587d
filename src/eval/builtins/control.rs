//! Errors, order of evaluation, messages, and the constants of the global scope.

use super::{Entry, entry};
use crate::coerce::Coercion;
use crate::error::{ErrorKind, Eval, EvalError, Trace};
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Tag, Val};
use crate::limits::BYTES_A_STEP;
use diag::Pos;

/// Bytes of a context above which it counts as work, and takes the place of an error that a limit ended.
const LONG_CONTEXT: usize = 4096;

pub(super) const TABLE: &[Entry] = &[
    entry("abort", 1, abort).global(),
    entry("throw", 1, throw).global(),
    entry("break", 1, break_point).global(),
    entry("addErrorContext", 2, add_error_context).untraced(),
    entry("tryEval", 1, try_eval),
    entry("seq", 2, seq),
    entry("deepSeq", 2, deep_seq),
    entry("trace", 2, trace),
    entry("traceVerbose", 2, trace_verbose),
    entry("warn", 2, warn),
    entry("getEnv", 1, get_env),
];

/// The version of Nix whose language this is.
pub const NIX_VERSION: &str = "2.34.8";

/// Returns the constants with their names and whether those are global as they are.
pub(super) fn constants(ev: &mut Evaluator) -> Vec<(&'static str, bool, Val)> {
    let version = ev.mem.string(NIX_VERSION.as_bytes());
    let store = ev.mem.string(store::STORE_DIR.as_bytes());
    let mut constants = vec![
        ("langVersion", false, Val::int(6)),
        ("nixVersion", false, version),
        ("storeDir", false, store),
    ];
    let path = ev.settings.search_path.clone();
    let entries: Vec<Ref> = path
        .iter()
        .map(|(prefix, path)| {
            let prefix = ev.string_cell(prefix.as_bytes());
            let path = ev.string_cell(path.as_bytes());
            let attrs = vec![(ev.names.prefix, Pos::NONE, prefix), (ev.names.path, Pos::NONE, path)];
            let set = ev.mem.attrs_from(attrs);
            ev.cell(set)
        })
        .collect();
    constants.push(("nixPath", false, ev.mem.list(&entries)));
    if !ev.settings.pure {
        constants.push(("currentTime", false, Val::int(ev.io.current_time())));
        if let Some(system) = ev.settings.current_system.clone() {
            constants.push(("currentSystem", false, ev.mem.string(system.as_bytes())));
        }
    }
    constants
}

fn abort(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let context = "while evaluating the error message passed to builtins.abort";
    let text = ev.coerce_cell(args[0], Pos::NONE, context, Coercion::INTERPOLATE)?;
    ev.spend_on_text(text)?;
    let text = String::from_utf8_lossy(text.as_string().unwrap_or_default());
    Err(ev.fail(
        ErrorKind::Abort,
        format!("evaluation aborted with the following error message: '{text}'"),
    ))
}

fn throw(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let context = "while evaluating the error message passed to builtin.throw";
    let text = ev.coerce_cell(args[0], Pos::NONE, context, Coercion::INTERPOLATE)?;
    ev.spend_on_text(text)?;
    let text = String::from_utf8_lossy(text.as_string().unwrap_or_default());
    Err(ev.fail(ErrorKind::Thrown, text))
}

fn break_point(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    ev.force(args[0], Pos::NONE)
}

fn add_error_context(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    match ev.force(args[1], Pos::NONE) {
        Ok(value) => Ok(value),
        Err(fail) => {
            let under_way = ev.suspend_error();
            let context = "while evaluating the error message passed to builtins.addErrorContext";
            let text = ev.coerce_cell(args[0], Pos::NONE, context, Coercion::PLAIN)?;
            let text = text.as_string().unwrap_or_default();
            if text.len() > LONG_CONTEXT {
                ev.keep_text(text.len())?;
            }
            let text = String::from_utf8_lossy(text).into_owned();
            ev.resume_error(under_way);
            ev.push_trace(Trace {
                pos: Pos::NONE,
                text,
                always: true,
                call: false,
            });
            Err(fail)
        }
    }
}

fn try_eval(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let (value, success) = match ev.force(args[0], Pos::NONE) {
        Ok(_) => (args[0], true),
        Err(fail) => {
            if !ev.error_kind().is_catchable() {
                return Err(fail);
            }
            ev.clear_error();
            (ev.mem.bool_cell(false), false)
        }
    };
    let success = ev.mem.bool_cell(success);
    let (value_name, success_name) = (ev.names.value, ev.names.success);
    // `value` is interned before `success`, so the order is right.
    let shape = match ev.caches.try_shape {
        Some(shape) => shape,
        None => {
            let shape = ev.mem.stable_shape(
                [value_name, success_name].map(|name| (name, Pos::NONE)).into_iter(),
                Pos::NONE,
            );
            ev.caches.try_shape = Some(shape);
            shape
        }
    };
    Ok(ev.mem.attrs_shaped(shape, &[value, success]))
}

fn seq(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    ev.force(args[0], Pos::NONE)?;
    ev.force(args[1], Pos::NONE)
}

fn deep_seq(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    ev.force_deep(args[0])?;
    ev.force(args[1], Pos::NONE)
}

fn trace(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let value = ev.force(args[0], Pos::NONE)?;
    let mut text = b"trace: ".to_vec();
    match value.as_string() {
        Some(string) => text.extend_from_slice(string),
        None => text.extend_from_slice(&ev.show(value)),
    }
    told(ev, &text)?;
    ev.force(args[1], Pos::NONE)
}

/// Says a line, which may be kept.
fn told(ev: &mut Evaluator, text: &[u8]) -> Eval<()> {
    match ev.settings.keep_messages {
        true => ev.keep_text(text.len())?,
        false => ev.spend(text.len() / BYTES_A_STEP)?,
    }
    ev.say(text);
    Ok(())
}

fn trace_verbose(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    if ev.settings.trace_verbose {
        trace(ev, args)
    } else {
        ev.force(args[1], Pos::NONE)
    }
}

fn warn(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let context = "while evaluating the first argument; the message passed to builtins.warn";
    let message = ev.force_string(args[0], Pos::NONE, context)?;
    let text = [b"evaluation warning: ", message.as_string().unwrap_or_default()].concat();
    told(ev, &text)?;
    if ev.settings.abort_on_warn {
        let message = "aborting to reveal stack trace of warning, as abort-on-warn is set";
        return Err(ev.raise(EvalError::new(ErrorKind::Eval, message)));
    }
    ev.force(args[1], Pos::NONE)
}

fn get_env(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let context = "while evaluating the first argument passed to builtins.getEnv";
    let name = ev.force_plain_string(args[0], Pos::NONE, context)?;
    let name = String::from_utf8_lossy(name).into_owned();
    let value = if ev.settings.pure {
        String::new()
    } else {
        ev.io.env(&name)
    };
    Ok(ev.mem.string(value.as_bytes()))
}

impl Evaluator {
    /// Evaluates a value and everything inside it, once each.
    pub fn force_deep(&mut self, cell: Ref) -> Eval<Val> {
        let mut seen = rustc_hash::FxHashSet::default();
        self.force_deep_inside(cell, &mut seen)?;
        self.force(cell, Pos::NONE)
    }

    fn force_deep_inside(&mut self, cell: Ref, seen: &mut rustc_hash::FxHashSet<Ref>) -> Eval<()> {
        let value = self.peek(cell);
        if !matches!(value.tag(), Tag::List | Tag::Attrs | Tag::Layered) && value.is_whnf() {
            return Ok(());
        }
        let depth = self.depth;
        self.enter(Pos::NONE)?;
        let result = if std::ptr::from_ref(&depth) as usize <= self.stack_limit {
            Err(self.fail(ErrorKind::StackOverflow, "stack overflow (possible infinite recursion)"))
        } else {
            self.force_deep_parts(cell, seen)
        };
        self.depth = depth;
        result
    }

    fn force_deep_parts(&mut self, cell: Ref, seen: &mut rustc_hash::FxHashSet<Ref>) -> Eval<()> {
        if !seen.insert(cell) {
            return Ok(());
        }
        let place = self.place_of(self.peek(cell));
        let value = self.force_apart(cell, place)?;
        match value.tag() {
            Tag::List => {
                for (i, &element) in self.elements(value).iter().enumerate() {
                    if let Err(fail) = self.force_deep_inside(element, seen) {
                        let text = format!("while evaluating list element at index {i}");
                        return Err(self.trace(fail, Pos::NONE, text));
                    }
                }
            }
            Tag::Attrs | Tag::Layered => {
                for (name, attr) in self.mem.entries(value).iter() {
                    if let Err(fail) = self.force_deep_inside(attr.value, seen) {
                        let text = format!("while evaluating the attribute '{}'", self.shown_name(name));
                        return Err(self.trace(fail, attr.pos, text));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}
