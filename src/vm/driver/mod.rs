//! Plays a scenario on a machine: does its steps, judges what comes of them, and keeps what people want to look at.
//!
//! The driver knows a machine as [`Guest`](crate::guest::Guest) only, and evaluates nothing: what it finds has a [`Blame`](crate::finding::Blame),
//! by which others find the option and its line.

mod settings;

pub use settings::{Budgets, Limits, Settings, Sizes};

use std::collections::BTreeMap;

use report::Outcome;

use crate::artifact::Artifact;
use crate::finding::Found;
use crate::generation::Generation;
use crate::scenario::Scenario;

/// What is played.
#[derive(Clone, Copy, Debug)]
pub struct Play<'p> {
    /// The scenario.
    pub scenario: &'p Scenario,
    /// What runs today.
    pub base: &'p Generation,
    /// What the change makes of it.
    pub head: &'p Generation,
    /// How long things may take, and how large they may be.
    pub settings: &'p Settings,
    /// The files that [`Scenario::files`] names.
    pub files: &'p BTreeMap<String, Vec<u8>>,
}

/// What is told while a scenario is played.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told<'t> {
    /// A step begins: its number from one, how many there are, and what it does, in a line that is harmless to print.
    Step {
        /// Its number, from one.
        number: usize,
        /// How many there are.
        of: usize,
        /// What it does.
        what: &'t str,
    },
    /// A line that a program in the machine wrote, harmless to print.
    Line(&'t str),
}

/// What came of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Played {
    /// How it ended: `Failed` if an error was found, `Errored` if it could not be judged.
    pub outcome: Outcome,
    /// What was found, each thing once.
    pub found: Vec<Found>,
    /// What is kept of the run.
    pub artifacts: Vec<Artifact>,
    /// Facts for the case's properties, the same from run to run, such as the units that restart.
    pub properties: BTreeMap<String, String>,
}
