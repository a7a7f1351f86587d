//! One evaluated configuration: a host or a home, for its own platform or for another one.
//!
//! What a configuration does not say costs nothing, and what fails is data: a value that cannot be
//! evaluated is told beside the others. Only what ends the evaluation itself (its time, its memory,
//! the user) is an error here.

use crate::modules::KnownModules;
use crate::targets::{Kind, Target};
use diag::{Origin, Pos};
use eval::error::Eval;
use eval::{EvalError, Evaluator, Ref, Remembered, Val};
use std::cell::RefCell;

/// An evaluated configuration of a flake.
pub struct System {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) platform: Option<String>,
    /// Where the flake says that there is this host.
    pub(crate) pos: Pos,
    configuration: Val,
    /// What is read, once it is known: the configuration, or one that is not checked as a whole.
    readable: Remembered<Val>,
    /// The modules of evaluations that were listed, by the path that leads to the evaluation.
    pub(crate) modules: RefCell<Vec<KnownModules>>,
}

/// What reading an option or an attribute below one gave.
pub enum Reading {
    /// There is no such option, or its value has no such attribute.
    Absent,
    /// The option is there, but nothing defines it.
    Undefined,
    /// Its value.
    Value(Val),
    /// Why it has no value.
    Failed(EvalError),
}

/// A module that says for which system a host is; with more weight than the host's own word, and
/// applied by `extendModules` so that everything else stays.
const ON_PLATFORM: &str = "host: system: host.extendModules { modules = [ ({ lib, ... }: { nixpkgs.hostPlatform = lib.mkForce system; }) ]; }";

/// A module that lets definitions pass that no option takes.
const UNCHECKED: &str = "host: host.extendModules { modules = [ { _module.check = { _type = \"override\"; priority = 0; content = false; }; } ]; }";

impl System {
    /// Returns the configuration that a target is; with `platform`, for that system instead of its
    /// own. Nothing of it is evaluated but that it is a set.
    pub fn of(ev: &mut Evaluator, target: &Target, platform: Option<&str>) -> Eval<System> {
        let mut configuration = ev.force_attrs(target.value, Pos::NONE, "while evaluating a configuration")?;
        if let Some(platform) = platform {
            let platform = ev.string_cell(platform.as_bytes());
            configuration = extended(ev, configuration, ON_PLATFORM, &[platform])?;
        }
        let mut system = System {
            kind: target.kind,
            name: target.name.clone(),
            platform: None,
            pos: target.pos,
            configuration,
            readable: Remembered::default(),
            modules: RefCell::default(),
        };
        system.platform = match system.own_platform(ev)? {
            Some(own) => Some(own),
            None => platform.map(str::to_owned),
        };
        Ok(system)
    }

    /// Returns this configuration with a module more, written in the Nix language, applied by `extendModules`.
    pub fn with_module(&self, ev: &mut Evaluator, module: &str) -> Eval<System> {
        let function = format!("host: host.extendModules {{ modules = [ ({module}) ]; }}");
        let configuration = extended(ev, self.configuration, &function, &[])?;
        Ok(System {
            kind: self.kind,
            name: self.name.clone(),
            platform: self.platform.clone(),
            pos: self.pos,
            configuration,
            readable: Remembered::default(),
            modules: RefCell::default(),
        })
    }

    /// Returns this configuration extended: one with modules more, which can be read as it is.
    pub fn extended(&self, ev: &Evaluator, configuration: Val) -> System {
        let readable = Remembered::default();
        readable.set(ev, configuration);
        System {
            kind: self.kind,
            name: self.name.clone(),
            platform: self.platform.clone(),
            pos: self.pos,
            configuration,
            readable,
            modules: RefCell::default(),
        }
    }

    /// Returns what kind of configuration it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the name that the flake gives it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the system that it is evaluated for, such as `x86_64-linux`, if it can tell.
    pub fn platform(&self) -> Option<&str> {
        self.platform.as_deref()
    }

    /// Returns where the flake says that there is this configuration.
    pub fn pos(&self) -> Pos {
        self.pos
    }

    /// Returns the configuration itself: the set with `config`, `options` and what else it has.
    pub fn root(&self) -> Val {
        self.configuration
    }

    /// Returns what `config` has at a path: of an option or of an attribute below one.
    pub fn value(&self, ev: &mut Evaluator, path: &[impl AsRef<str>]) -> Eval<Reading> {
        let configuration = self.readable(ev)?;
        let config = match read(ev, configuration, &["config"])? {
            Reading::Value(config) => config,
            other => return Ok(other),
        };
        Ok(match read(ev, config, path)? {
            Reading::Failed(error) if crate::diagnose::is_undefined(&error, path) => Reading::Undefined,
            other => other,
        })
    }

    /// Returns the configuration as it can be read. The module system lets nothing be read of one with
    /// a definition that no option takes; then it is evaluated again without that check.
    pub(crate) fn readable(&self, ev: &mut Evaluator) -> Eval<Val> {
        if let Some(known) = self.readable.get(ev) {
            return Ok(known);
        }
        let mut readable = self.configuration;
        if let Reading::Failed(error) = read(ev, self.configuration, &["config"])?
            && crate::diagnose::is_missing_option(&error)
        {
            let unchecked = attempt(ev, |ev| extended(ev, self.configuration, UNCHECKED, &[]))?;
            readable = unchecked.unwrap_or(readable);
        }
        self.readable.set(ev, readable);
        Ok(readable)
    }

    fn own_platform(&self, ev: &mut Evaluator) -> Eval<Option<String>> {
        for path in [
            &["pkgs", "stdenv", "hostPlatform", "system"][..],
            &["config", "nixpkgs", "hostPlatform", "system"],
            &["config", "nixpkgs", "system"],
        ] {
            if let Reading::Value(value) = read(ev, self.configuration, path)?
                && let Some(system) = text(value)
            {
                return Ok(Some(system));
            }
        }
        Ok(None)
    }
}

/// Returns a configuration that a function of it and further arguments makes.
fn extended(ev: &mut Evaluator, configuration: Val, function: &str, more: &[Ref]) -> Eval<Val> {
    let function = ev.eval_text(Origin::String, function.as_bytes(), b"/")?;
    let args = [&[ev.cell(configuration)], more].concat();
    let made = ev.call(function, &args, Pos::NONE)?;
    let made = ev.cell(made);
    ev.force_attrs(made, Pos::NONE, "while evaluating a configuration with a module more")
}

/// Returns what some work gives, or the error that it fails with; an error that is no answer is not
/// caught.
pub(crate) fn attempt<T>(
    ev: &mut Evaluator,
    work: impl FnOnce(&mut Evaluator) -> Eval<T>,
) -> Eval<Result<T, EvalError>> {
    match ev.contained(work) {
        Ok(value) => Ok(Ok(value)),
        Err(fail) if ev.error_kind().is_no_answer() => Err(fail),
        Err(_) => Ok(Err(ev.take_error())),
    }
}

/// Returns what an attribute path leads to from a value.
pub(crate) fn read(ev: &mut Evaluator, value: Val, path: &[impl AsRef<str>]) -> Eval<Reading> {
    let mut value = value;
    for name in path {
        let Some(attr) = attr(ev, value, name.as_ref()) else {
            return Ok(Reading::Absent);
        };
        value = match attempt(ev, |ev| ev.force(attr.value, attr.pos))? {
            Ok(value) => value,
            Err(error) => return Ok(Reading::Failed(error)),
        };
    }
    Ok(Reading::Value(value))
}

/// Returns what an attribute path leads to, or `None` if it leads nowhere or to an error: for what
/// is only worth knowing.
pub(crate) fn maybe(ev: &mut Evaluator, value: Val, path: &[&str]) -> Eval<Option<Val>> {
    Ok(match read(ev, value, path)? {
        Reading::Value(value) => Some(value),
        _ => None,
    })
}

/// Returns what a cell holds, or `None` if that fails.
pub(crate) fn forced(ev: &mut Evaluator, cell: Ref) -> Eval<Option<Val>> {
    Ok(attempt(ev, |ev| ev.force(cell, Pos::NONE))?.ok())
}

/// Returns an attribute of a set; `None` if it has none of this name or is no set.
pub(crate) fn attr(ev: &mut Evaluator, value: Val, name: &str) -> Option<eval::attrs::Attr> {
    let symbol = ev.symbols.intern(name.as_bytes());
    ev.mem.attr(value, symbol)
}

/// Returns the text of a string.
pub(crate) fn text(value: Val) -> Option<String> {
    value.as_string().map(|s| String::from_utf8_lossy(s).into_owned())
}
