//! Import from derivation (`--ifd nix`, `--ifd vm`): what evaluation needs built is built while it waits.
//!
//! The derivation, and all that it needs, exists only in this evaluation, so all of it is handed to whoever builds
//! (`vm::build`).

use crate::args::FlakeArgs;
use crate::build::{EngineArgs, cache, engine};
use crate::machine::Machine;
use ::vm::accel::Wanted;
use ::vm::build::{BuildError, Engine, InstalledNix, Order};
use eval::{Build, IoError};
use flake::world::{Realised, Realiser};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::{OutputName, StorePath};
use sys::{Exec, ExecError};

/// Longest time of one call of Nix, builds among them.
const TIMEOUT: Duration = Duration::from_secs(3600);
/// Lines of a builder's own words that a message repeats.
const TOLD_LINES: usize = 12;

/// Returns what builds derivations with the machine's Nix, into its own store.
pub fn with_nix(machine: &Machine, exec: Arc<dyn Exec>) -> Realiser {
    let nix = InstalledNix {
        brings: true,
        fs: machine.fs.clone(),
        exec,
        env: environment(machine),
        work: machine.env.temp_dir(),
        builders: None,
        limit: TIMEOUT,
    };
    let build = move |order: &Order<'_>| -> Result<Vec<Realised>, BuildError> {
        nix.instantiate(order)?;
        let mut realised = Vec::new();
        for path in nix.build(order, &mut |_| {})? {
            let references = nix.references(&path)?;
            let at = PathBuf::from(path.to_path());
            realised.push(Realised { path, references, at });
        }
        Ok(realised)
    };
    Box::new(move |wanted| ordered(wanted, &build))
}

/// Returns what builds derivations in a virtual machine without a network.
pub fn with_machine(machine: &Machine, flakes: &FlakeArgs) -> Realiser {
    let cache = cache(machine);
    let store = ::vm::realised::Realised::new(machine.fs.clone(), cache.clone());
    let engine: Box<dyn Engine> = engine(machine, &EngineArgs::default(), flakes, Wanted::Best, cache, true);
    let build = move |order: &Order<'_>| -> Result<Vec<Realised>, BuildError> {
        let outputs = engine.realise(order, &store, &mut |_| {})?;
        // What an output points to is read through it.
        let closure = store.closure(&outputs)?;
        let realised = closure.into_iter().map(|(path, info)| Realised {
            at: store.outside(&path),
            references: info.references.into_iter().collect(),
            path,
        });
        Ok(realised.collect())
    };
    Box::new(move |wanted| ordered(wanted, &build))
}

/// Returns the environment of an installed Nix: what it reads its settings from; nothing else of ours is its business.
pub fn environment(machine: &Machine) -> Vec<(OsString, OsString)> {
    let mut env = Vec::new();
    for (name, value) in machine.env.vars() {
        let text = name.to_string_lossy();
        let of_nix = text.starts_with("NIX_") && text != "NIX_PATH";
        if of_nix || ["PATH", "HOME", "USER", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"].contains(&&*text) {
            env.push((name, value));
        }
    }
    env
}

/// Builds what an evaluation wants.
fn ordered(
    wanted: &Build<'_>,
    build: &dyn Fn(&Order<'_>) -> Result<Vec<Realised>, BuildError>,
) -> Result<Vec<Realised>, IoError> {
    let outputs = wanted
        .outputs
        .iter()
        .map(|name| (wanted.drv.clone(), OutputName::new(name)));
    let outputs: Vec<(StorePath, OutputName)> = outputs.collect();
    let order = Order {
        store: wanted.store,
        wanted: &outputs,
        sources: wanted.sources,
    };
    build(&order).map_err(|error| {
        IoError::Other(format!(
            "cannot build '{}' during evaluation: {}",
            wanted.drv.to_path(),
            message(&error)
        ))
    })
}

/// Returns what is told of a build that failed.
fn message(error: &BuildError) -> String {
    match error {
        BuildError::Exec(ExecError::NotFound { program }) => {
            format!("it needs '{}', and there is no such program", program.to_string_lossy())
        }
        BuildError::Failed { log, .. } if !log.is_empty() => {
            let last = &log[log.len().saturating_sub(TOLD_LINES)..];
            format!("{error}:\n  {}", last.join("\n  "))
        }
        error => error.to_string(),
    }
}
