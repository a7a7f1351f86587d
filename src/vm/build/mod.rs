//! Building what an evaluation wants: by a Nix of this machine, or in a virtual machine without a network.
//!
//! Whoever builds gets an [`Order`], derivations that so far are only in the memory of an evaluation, and leaves what
//! they make in the store of the run.

mod disk;
mod fixed;
mod forecast;
mod limits;
mod log;
mod machine;
mod needs;
mod nix;
mod order;
mod outputs;
mod registration;
mod session;
mod verdict;

pub use fixed::{Download, Sources};
pub use forecast::Forecast;
pub use limits::BuildLimits;
pub use machine::{BuildMachine, Equip, Equipment};
pub use needs::{Needs, Offers};
pub use nix::InstalledNix;
pub use order::{Order, Text};

use crate::realised::{ExportError, Realised, RealisedError};
use crate::substitute::FetchError;
use diag::clean_line;
use store::StorePath;
use sys::{ExecError, FsError};

/// What came of each thing that was ordered.
pub type Outcomes = Vec<Result<StorePath, BuildError>>;

/// Builds derivations.
pub trait Engine {
    /// Returns how reports name it, such as `the build VM`.
    fn name(&self) -> &str;

    /// Builds of what is ordered all that can be built, and leaves it, with all that it refers to, in the store. `told` gets
    /// lines of progress and of the builders' logs, which are hostile.
    ///
    /// Returns the path of each output, or why there is none, in the order's order; an error if nothing can be said of any.
    fn realise_each(
        &self,
        order: &Order<'_>,
        into: &Realised,
        told: &mut dyn FnMut(&str),
    ) -> Result<Outcomes, BuildError>;

    /// Returns what building what is ordered would come to; nothing is built or fetched.
    fn forecast(&self, order: &Order<'_>, into: &Realised, told: &mut dyn FnMut(&str)) -> Result<Forecast, BuildError>;

    /// Builds as [`Engine::realise_each`] does, and returns the path of each output, in the order's order; an error if one of them was not built.
    fn realise(
        &self,
        order: &Order<'_>,
        into: &Realised,
        told: &mut dyn FnMut(&str),
    ) -> Result<Vec<StorePath>, BuildError> {
        self.realise_each(order, into, told)?.into_iter().collect()
    }
}

/// Why something was not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A builder failed: a finding about the configuration.
    #[error("{}", failed(.what, .why))]
    Failed {
        /// The derivation that failed, as far as it is known.
        what: Option<StorePath>,
        /// Why, in one line.
        why: String,
        /// The end of its log, made harmless to print.
        log: Vec<String>,
    },
    /// What is to be built cannot be handed to a builder.
    #[error("{0}")]
    Order(String),
    /// A program that is needed is not there, or cannot be started.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// The disk of this machine fails.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The store of the run fails.
    #[error(transparent)]
    Realised(#[from] RealisedError),
    /// What substituters have cannot be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// What was built does not arrive.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The machine that builds ended of itself, such as by a panic of its kernel: no verdict.
    #[error("{engine} ended of itself: {why}")]
    Crashed {
        /// The engine's name.
        engine: String,
        /// How, in one line.
        why: String,
    },
    /// The engine itself fails: no verdict on what was to be built.
    #[error("{engine} fails: {why}")]
    Engine {
        /// Its name.
        engine: String,
        /// Why, in one line.
        why: String,
    },
}

fn failed(what: &Option<StorePath>, why: &str) -> String {
    match what {
        Some(path) => format!("building '{}' fails: {why}", path.to_path()),
        None => format!("a build fails: {why}"),
    }
}

impl BuildError {
    /// Whether the fault is in what was to be built, and not in the machine.
    pub fn is_verdict(&self) -> bool {
        matches!(self, BuildError::Failed { .. })
    }
}

/// Lines of a log that are kept.
const LOG_LINES: usize = 60;

/// Returns the last lines of what a program said, made harmless to print.
fn last_lines(said: &[u8]) -> Vec<String> {
    let said = String::from_utf8_lossy(said);
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines[lines.len().saturating_sub(LOG_LINES)..].iter();
    last.map(|line| clean_line(line).into_owned()).collect()
}

#[cfg(test)]
mod tests;
