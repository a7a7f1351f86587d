//! Judging one target: does it evaluate, do its assertions hold, what does it warn about.

use crate::targets::{Kind, Target};
use diag::{Origin, Pos};
use eval::coerce::Coercion;
use eval::error::Eval;
use eval::{ErrorKind, EvalError, Evaluator, Ref, Tag, Val};

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

/// A module that says for which system a host is; with more weight than the host's own word, and
/// applied by `extendModules` so that everything else stays.
const ON_PLATFORM: &str = "host: system: host.extendModules { modules = [ ({ lib, ... }: { nixpkgs.hostPlatform = lib.mkForce system; }) ]; }";

/// How the message of assertions that do not hold begins (`top-level.nix` of nixpkgs; home-manager and
/// nix-darwin alike).
const FAILED_ASSERTIONS: &str = "Failed assertions:";

/// Judges a target; with `platform`, a host is evaluated for that system instead of its own.
pub fn judge(ev: &mut Evaluator, target: &Target, platform: Option<&str>) -> Judged {
    let mut judged = Judged {
        system: target.system.clone(),
        ..Judged::default()
    };
    let result = ev.contained(|ev| match target.kind {
        Kind::Nixos | Kind::Darwin | Kind::Home => judge_configuration(ev, target, platform, &mut judged),
        _ => judge_package(ev, target, &mut judged),
    });
    if result.is_err() {
        judged.error = Some(ev.take_error());
    }
    judged
}

/// Returns what an attribute path leads to.
fn walk(ev: &mut Evaluator, value: Val, path: &[&str]) -> Eval<Val> {
    let mut value = value;
    for (i, name) in path.iter().enumerate() {
        match get(ev, value, name) {
            Some(attr) => value = ev.force(attr.value, attr.pos)?,
            None => {
                let message = format!("attribute '{}' missing", path[..=i].join("."));
                return Err(ev.fail(ErrorKind::Eval, message));
            }
        }
    }
    Ok(value)
}

fn get(ev: &mut Evaluator, value: Val, name: &str) -> Option<eval::attrs::Attr> {
    let symbol = ev.symbols.intern(name.as_bytes());
    ev.mem.attr(value, symbol)
}

/// Returns what an attribute path leads to, or `None` if it leads nowhere or to an error: for what
/// is only worth knowing.
fn maybe(ev: &mut Evaluator, value: Val, path: &[&str]) -> Option<Val> {
    match walk(ev, value, path) {
        Ok(value) => Some(value),
        Err(_) => {
            // A run-away must still be told: only ordinary failures are passed over here.
            ev.take_error();
            None
        }
    }
}

fn text(value: Val) -> Option<String> {
    value.as_string().map(|s| String::from_utf8_lossy(s).into_owned())
}

/// Judges a host or a home: what its modules make, what they assert and what they warn about.
fn judge_configuration(ev: &mut Evaluator, target: &Target, platform: Option<&str>, judged: &mut Judged) -> Eval<()> {
    let mut configuration = ev.force(target.value, Pos::NONE)?;
    if let Some(platform) = platform {
        judged.system = Some(platform.to_owned());
        configuration = on_platform(ev, configuration, platform)?;
    }
    let made: &[&str] = match target.kind {
        Kind::Home => &["activationPackage"],
        Kind::Darwin => &["system"],
        _ => &["config", "system", "build", "toplevel"],
    };
    if let Some(system) = system_of(ev, configuration) {
        judged.system = Some(system);
    }
    let drv = walk(ev, configuration, made).and_then(|value| drv_path(ev, value));
    let error = match drv {
        Ok(drv) => {
            judged.drv = Some(drv);
            None
        }
        Err(_) => Some(ev.take_error()),
    };
    if let Some(error) = error {
        // What a limit stopped would be stopped again.
        if error.kind == ErrorKind::Limit {
            return Err(ev.raise(error));
        }
        judged.assertions = failed_assertions(ev, configuration);
        note_warnings(ev, configuration, judged);
        // Assertions that do not hold are one error of the module system; here each is told by itself.
        let told = error.message.trim_start().starts_with(FAILED_ASSERTIONS) && !judged.assertions.is_empty();
        return if told { Ok(()) } else { Err(ev.raise(error)) };
    }
    note_warnings(ev, configuration, judged);
    Ok(())
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

fn on_platform(ev: &mut Evaluator, host: Val, platform: &str) -> Eval<Val> {
    let function = ev.eval_text(Origin::String, ON_PLATFORM.as_bytes(), b"/")?;
    let host = ev.cell(host);
    let system = ev.string_cell(platform.as_bytes());
    ev.call(function, &[host, system], Pos::NONE)
}

fn system_of(ev: &mut Evaluator, host: Val) -> Option<String> {
    for path in [
        &["pkgs", "stdenv", "hostPlatform", "system"][..],
        &["config", "nixpkgs", "hostPlatform", "system"],
        &["config", "nixpkgs", "system"],
    ] {
        if let Some(system) = maybe(ev, host, path).and_then(text) {
            return Some(system);
        }
    }
    None
}

fn drv_path(ev: &mut Evaluator, value: Val) -> Eval<String> {
    let path = walk(ev, value, &["drvPath"])?;
    let context = "while evaluating the path of a derivation";
    let path = ev.coerce(path, Pos::NONE, context, Coercion::PLAIN)?;
    Ok(text(path).unwrap_or_default())
}

fn failed_assertions(ev: &mut Evaluator, host: Val) -> Vec<String> {
    let Some(list) = maybe(ev, host, &["config", "assertions"]) else {
        return Vec::new();
    };
    let mut messages = Vec::new();
    for &cell in ev.elements(list) {
        let Some(entry) = forced(ev, cell) else { continue };
        let holds = maybe(ev, entry, &["assertion"]).and_then(Val::as_bool);
        if holds == Some(false) {
            messages.push(
                maybe(ev, entry, &["message"])
                    .and_then(text)
                    .unwrap_or_else(|| "an assertion failed".into()),
            );
        }
    }
    messages
}

fn forced(ev: &mut Evaluator, cell: Ref) -> Option<Val> {
    match ev.force(cell, Pos::NONE) {
        Ok(value) => Some(value),
        Err(_) => {
            ev.take_error();
            None
        }
    }
}

fn note_warnings(ev: &mut Evaluator, host: Val, judged: &mut Judged) {
    let Some(list) = maybe(ev, host, &["config", "warnings"]) else {
        return;
    };
    let mut files: Vec<(String, String)> = Vec::new();
    if let Some(definitions) = maybe(ev, host, &["options", "warnings", "definitionsWithLocations"]) {
        for &cell in ev.elements(definitions) {
            let Some(definition) = forced(ev, cell) else { continue };
            let file = maybe(ev, definition, &["file"]).and_then(text);
            let value = maybe(ev, definition, &["value"]);
            if let (Some(file), Some(value)) = (file, value)
                && value.tag() == Tag::List
            {
                for &element in ev.elements(value) {
                    if let Some(message) = forced(ev, element).and_then(text) {
                        files.push((message, file.clone()));
                    }
                }
            }
        }
    }
    for &cell in ev.elements(list) {
        if let Some(message) = forced(ev, cell).and_then(text) {
            let file = files.iter().find(|(m, _)| *m == message).map(|(_, f)| f.clone());
            judged.warnings.push(Warning { text: message, file });
        }
    }
}
