//! Judging one target: does it evaluate, do its assertions hold, what does it warn about.

use crate::system::{System, attempt, attr, forced, maybe, text};
use crate::targets::{Kind, Target};
use diag::Pos;
use eval::coerce::Coercion;
use eval::error::Eval;
use eval::{ErrorKind, EvalError, Evaluator, Tag, Val};

/// What judging a target gave.
#[derive(Default)]
pub struct Judged {
    /// The system that it was evaluated for, such as `x86_64-linux`.
    pub system: Option<String>,
    /// The path of its derivation, if it evaluates.
    pub drv: Option<String>,
    /// Why it does not evaluate.
    pub error: Option<EvalError>,
    /// Messages of assertions that do not hold.
    pub assertions: Vec<String>,
    /// What it warns about.
    pub warnings: Vec<Warning>,
}

/// A warning of a configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Warning {
    /// The text.
    pub text: String,
    /// The file whose definition it is.
    pub file: Option<String>,
}

/// How the message of assertions that do not hold begins (`top-level.nix` of nixpkgs; home-manager and
/// nix-darwin alike).
const FAILED_ASSERTIONS: &str = "Failed assertions:";

/// Judges a target; with `platform`, a host is evaluated for that system instead of its own. What is
/// left in the second part is the configuration, for all that is asked of it afterwards; a package is
/// none, and what is no set has none.
pub fn judge(ev: &mut Evaluator, target: &Target, platform: Option<&str>) -> (Judged, Option<System>) {
    let mut judged = Judged {
        system: platform.map(str::to_owned).or_else(|| target.system.clone()),
        ..Judged::default()
    };
    let mut system = None;
    let result = ev.contained(|ev| {
        if target.kind.is_configuration() {
            let system = &*system.insert(System::of(ev, target, platform)?);
            judge_configuration(ev, system, &mut judged)
        } else {
            judge_package(ev, target, &mut judged)
        }
    });
    if result.is_err() {
        judged.error = Some(ev.take_error());
    }
    (judged, system)
}

/// Judges a host or a home: what its modules make, what they assert and what they warn about.
fn judge_configuration(ev: &mut Evaluator, system: &System, judged: &mut Judged) -> Eval<()> {
    if let Some(platform) = system.platform() {
        judged.system = Some(platform.to_owned());
    }
    let configuration = system.root();
    let drv = attempt(ev, |ev| made_of(ev, system.kind(), configuration))?;
    match drv {
        Ok(drv) => {
            judged.drv = Some(drv);
            note_warnings(ev, configuration, judged)
        }
        Err(error) => {
            judged.assertions = failed_assertions(ev, configuration)?;
            note_warnings(ev, configuration, judged)?;
            // Assertions that do not hold are one error of the module system; here each is told by itself.
            let told = error.message.trim_start().starts_with(FAILED_ASSERTIONS) && !judged.assertions.is_empty();
            if told { Ok(()) } else { Err(ev.raise(error)) }
        }
    }
}

/// Returns the path of the derivation that a configuration is for: a host's system, a home's activation.
pub fn made_of(ev: &mut Evaluator, kind: Kind, configuration: Val) -> Eval<String> {
    let made = walk(ev, configuration, kind.made())?;
    drv_path(ev, made)
}

/// Returns what an attribute path leads to.
fn walk(ev: &mut Evaluator, value: Val, path: &[&str]) -> Eval<Val> {
    let mut value = value;
    for (i, name) in path.iter().enumerate() {
        match attr(ev, value, name) {
            Some(attr) => value = ev.force(attr.value, attr.pos)?,
            None => {
                let message = format!("attribute '{}' missing", path[..=i].join("."));
                return Err(ev.fail(ErrorKind::Eval, message));
            }
        }
    }
    Ok(value)
}

fn judge_package(ev: &mut Evaluator, target: &Target, judged: &mut Judged) -> Eval<()> {
    let value = ev.force(target.value, Pos::NONE)?;
    if !ev.is_derivation(value)? {
        let message = format!("flake output '{}' is not a derivation", target.path());
        return Err(ev.fail(ErrorKind::Type, message));
    }
    judged.drv = Some(drv_path(ev, value)?);
    Ok(())
}

fn drv_path(ev: &mut Evaluator, value: Val) -> Eval<String> {
    let path = walk(ev, value, &["drvPath"])?;
    let context = "while evaluating the path of a derivation";
    let path = ev.coerce(path, Pos::NONE, context, Coercion::PLAIN)?;
    Ok(text(path).unwrap_or_default())
}

/// Returns the messages of a configuration's assertions that do not hold; those that cannot be evaluated are left out.
pub fn failed_assertions(ev: &mut Evaluator, host: Val) -> Eval<Vec<String>> {
    let Some(list) = maybe(ev, host, &["config", "assertions"])? else {
        return Ok(Vec::new());
    };
    let mut messages = Vec::new();
    for &cell in ev.elements(list) {
        let Some(entry) = forced(ev, cell)? else { continue };
        let holds = maybe(ev, entry, &["assertion"])?.and_then(Val::as_bool);
        if holds == Some(false) {
            let message = maybe(ev, entry, &["message"])?.and_then(text);
            messages.push(message.unwrap_or_else(|| "an assertion failed".into()));
        }
    }
    Ok(messages)
}

fn note_warnings(ev: &mut Evaluator, host: Val, judged: &mut Judged) -> Eval<()> {
    let Some(list) = maybe(ev, host, &["config", "warnings"])? else {
        return Ok(());
    };
    let mut files: Vec<(String, String)> = Vec::new();
    if let Some(definitions) = maybe(ev, host, &["options", "warnings", "definitionsWithLocations"])? {
        for &cell in ev.elements(definitions) {
            let Some(definition) = forced(ev, cell)? else { continue };
            let file = maybe(ev, definition, &["file"])?.and_then(text);
            let value = maybe(ev, definition, &["value"])?;
            if let (Some(file), Some(value)) = (file, value)
                && value.tag() == Tag::List
            {
                for &element in ev.elements(value) {
                    if let Some(message) = forced(ev, element)?.and_then(text) {
                        files.push((message, file.clone()));
                    }
                }
            }
        }
    }
    for &cell in ev.elements(list) {
        if let Some(message) = forced(ev, cell)?.and_then(text) {
            let file = files.iter().find(|(m, _)| *m == message).map(|(_, f)| f.clone());
            judged.warnings.push(Warning { text: message, file });
        }
    }
    Ok(())
}
