//! Plays a scenario on a machine: does its steps, judges what comes of them, and keeps what people want to look at.
//!
//! The driver knows a machine as [`Guest`] only, and evaluates nothing: what it finds has a
//! [`Blame`](crate::finding::Blame), by which others find the option and its line. `session.rs` is what it knows while
//! it plays, and the steps are in the files of their names.

mod activated;
mod ask;
mod boot;
mod budget;
mod compare;
mod expect;
mod fstab;
mod hang;
mod interrupt;
mod keep;
mod measured;
mod run;
mod session;
mod settings;
mod switch;
mod verdict;
mod wait;
mod words;

pub use settings::{Budgets, Limits, Settings, Sizes};

use std::collections::BTreeMap;

use report::Outcome;

use crate::artifact::Artifact;
use crate::finding::Found;
use crate::generation::Generation;
use crate::guest::Guest;
use crate::scenario::Scenario;
use session::Session;

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
    /// A step begins.
    Step {
        /// Its number, from one.
        number: usize,
        /// How many there are.
        of: usize,
        /// What it does, in a line that is harmless to print.
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
    /// What was measured, which differs from run to run, such as the time of the boot.
    pub measured: BTreeMap<String, String>,
}

/// Plays a scenario on a machine that is off, and returns what came of it. The machine may run afterwards.
pub fn play(play: &Play<'_>, guest: &mut dyn Guest, told: &mut dyn FnMut(Told<'_>)) -> Played {
    let mut session = Session::new(play, guest, told);
    let stopped = session.steps(&play.scenario.steps);
    session.collect();
    verdict::of(session, stopped.err())
}

#[cfg(test)]
mod tests;
