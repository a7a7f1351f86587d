//! Building the systems of a host.

use super::VmArgs;
use super::args::BuildWith;
use super::pair::{Pair, Planned};
use crate::machine::Machine;
use ::vm::build::{BuildError, Engine, InstalledNix, Order};
use ::vm::generation::Generation;
use ::vm::realised::{GenerationError, Realised};
use diag::{Severity, clean_line};
use report::{Case, Finding, Outcome, Stage};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::{OutputName, StorePath};
use sys::ProcessExec;

/// Longest time of one call of an installed Nix.
const LIMIT: Duration = Duration::from_secs(6 * 3600);
/// Lines of a builder's log that a finding repeats.
const TOLD_LINES: usize = 20;

/// The generations of a host.
pub struct Built {
    /// What runs today.
    pub base: Generation,
    /// What is to run.
    pub head: Generation,
}

/// Why there are none.
#[derive(Debug, thiserror::Error)]
pub enum NotBuilt {
    /// A build failed, or the machine.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// What was built is no system that can be booted.
    #[error(transparent)]
    Generation(#[from] GenerationError),
    /// The sources of a derivation cannot be read.
    #[error("{0}")]
    Sources(String),
}

impl NotBuilt {
    /// Returns the case of a host that could not be built: failed if its configuration is to blame, else errored.
    pub fn case(&self) -> Case {
        let is_verdict = match self {
            NotBuilt::Build(error) => error.is_verdict(),
            NotBuilt::Generation(_) => true,
            NotBuilt::Sources(_) => false,
        };
        let outcome = if is_verdict { Outcome::Failed } else { Outcome::Errored };
        let mut finding = Finding::new("build", Severity::Error, self.to_string());
        if let NotBuilt::Build(BuildError::Failed { log, .. }) = self {
            let from = log.len().saturating_sub(TOLD_LINES);
            finding.text = log[from..].join("\n");
        }
        Case::new(Stage::Build, "it can be built", outcome).finding(finding)
    }
}

/// Returns what builds, as the command line asks.
pub fn engine(machine: &Machine, args: &VmArgs, work: PathBuf) -> Box<dyn Engine> {
    match args.build_with {
        BuildWith::Nix => Box::new(InstalledNix {
            exec: Arc::new(ProcessExec),
            fs: machine.fs.clone(),
            env: crate::realise::environment(machine),
            work,
            builders: None,
            limit: LIMIT,
        }),
    }
}

/// Returns the folder in which machines' stores, images and snapshots are kept.
pub fn cache(machine: &Machine) -> PathBuf {
    let cache = machine.env.text("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| machine.env.home().map(|home| Path::new(&home).join(".cache")));
    cache.unwrap_or_else(|| machine.env.temp_dir()).join("cfgcheck/vm")
}

/// Builds both systems of a host.
pub fn build(
    pair: &mut Pair,
    planned: &Planned,
    engine: &dyn Engine,
    into: &Realised,
    told: &mut dyn FnMut(&str),
) -> Result<Built, NotBuilt> {
    let out = OutputName::new("out");
    let mut wanted: Vec<(StorePath, OutputName)> = Vec::new();
    let mut sources = Vec::new();
    for system in [&planned.base, &planned.head] {
        // What was built by an earlier run is there.
        if into.has(&system.out).map_err(BuildError::from)? || wanted.iter().any(|(drv, _)| *drv == system.drv) {
            continue;
        }
        wanted.push((system.drv.clone(), out.clone()));
        let ev = &mut pair.session.ev;
        match ev.contained(|ev| ev.sources_of(&system.drv)) {
            Ok(found) => sources.extend(found),
            Err(_) => {
                let error = ev.take_error();
                return Err(NotBuilt::Sources(clean_line(error.message.trim()).into_owned()));
            }
        }
    }
    sources.sort();
    sources.dedup_by(|one, other| one.0 == other.0);
    if !wanted.is_empty() {
        let order = Order {
            store: &pair.session.ev.store,
            wanted: &wanted,
            sources: &sources,
        };
        engine.realise(&order, into, told)?;
    }
    Ok(Built {
        base: into.generation(&planned.base.out)?,
        head: into.generation(&planned.head.out)?,
    })
}
