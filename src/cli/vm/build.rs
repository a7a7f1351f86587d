//! Building the systems of a host.

use super::pair::{Pair, Planned};
use ::vm::build::{BuildError, Engine, Order};
use ::vm::generation::Generation;
use ::vm::realised::{GenerationError, Realised};
use diag::{Severity, clean_line};
use report::{Case, Finding, Outcome, Stage};
use store::{OutputName, StorePath};

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
            finding.text = format!("error[build]: {}\n{}", finding.message, log[from..].join("\n"));
        }
        Case::new(Stage::Build, "it can be built", outcome).finding(finding)
    }
}

/// Builds both systems of a host.
pub fn build(
    pair: &mut Pair,
    planned: &Planned,
    engine: &dyn Engine,
    into: &Realised,
    told: &mut dyn FnMut(&str),
) -> Result<Built, NotBuilt> {
    let mut wanted = vec![
        (&planned.base.drv, &planned.base.out),
        (&planned.head.drv, &planned.head.out),
    ];
    if let Some(scripts) = &planned.blueprint.scripts {
        wanted.extend([&scripts.format, &scripts.mount].map(|script| (&script.drv, &script.out)));
    }
    realise(pair, &wanted, engine, into, told)?;
    Ok(Built {
        base: into.generation(&planned.base.out)?,
        head: into.generation(&planned.head.out)?,
    })
}

/// Builds what is not there yet of derivations, each with its output.
pub fn realise(
    pair: &mut Pair,
    all: &[(&StorePath, &StorePath)],
    engine: &dyn Engine,
    into: &Realised,
    told: &mut dyn FnMut(&str),
) -> Result<(), NotBuilt> {
    let out = OutputName::new("out");
    let mut wanted: Vec<(StorePath, OutputName)> = Vec::new();
    let mut sources = Vec::new();
    for (drv, output) in all {
        // What was built by an earlier run is there.
        if into.has(output).map_err(BuildError::from)? || wanted.iter().any(|(known, _)| known == *drv) {
            continue;
        }
        wanted.push(((*drv).clone(), out.clone()));
        let ev = &mut pair.session.ev;
        match ev.contained(|ev| ev.sources_of(drv)) {
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
    Ok(())
}
