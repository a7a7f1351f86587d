//! Scenarios: what is done with a machine, and what is expected of it.
//!
//! A scenario is read from YAML ([`read`]): a repository's own from its folder `vm-tests`, or one of those that come
//! with the program ([`shipped`]).

mod read;
mod sense;
mod shipped;
mod step;
mod values;

pub use read::read;
pub use shipped::{DEFAULT, SHIPPED, shipped};
pub use step::*;
pub use values::{ArtifactName, GuestPath, Time, UnitName};

use diag::Span;

/// A scenario.
#[derive(Clone, PartialEq, Debug)]
pub struct Scenario {
    /// Its name in reports: that of its file without the ending.
    pub name: String,
    /// What it shows, in a sentence.
    pub description: String,
    /// Patterns of the hosts that it is for, each with its place; none if it is for all.
    pub hosts: Vec<(String, Span)>,
    /// What is done, in this order.
    pub steps: Vec<Step>,
}

impl Scenario {
    /// Returns the files of the repository that it puts into the machine, seen from its folder, each with its place.
    pub fn files(&self) -> impl Iterator<Item = (&str, Span)> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Put(put) => put.file.as_deref().map(|file| (file, step.at)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests;
