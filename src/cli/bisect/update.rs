//! What an update of the lock does, input by input.

use report::Finding;
use report::diff::Pin;
use serde::Serialize;

/// What an update does.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Update {
    /// The words for the state that has the lock from before.
    pub base: String,
    /// The inputs that lead elsewhere, and what each of them does alone.
    pub inputs: Vec<Moved>,
    /// The hosts and homes that do not evaluate with the new lock, and what breaks them.
    pub broken: Vec<Broken>,
    /// The hosts and homes that did not evaluate with the old lock either.
    pub broken_before: Vec<String>,
    /// How many hosts and homes there are.
    pub hosts: usize,
    /// What is left out so that the rest of the update breaks nothing, as evaluation has shown; none if nothing is to be left out, or
    /// nothing helps.
    pub without: Option<Vec<String>>,
}

/// An input that leads elsewhere.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Moved {
    /// Its name in `flake.nix`.
    pub input: String,
    /// Where it stood; none if it is new, or follows another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Pin>,
    /// Where it stands; none if it is gone, or follows another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Pin>,
    /// What does not evaluate if it alone is moved.
    pub breaks: Vec<String>,
    /// What evaluates to something else if it alone is moved.
    pub changes: Vec<String>,
    /// What evaluates again if it alone is moved.
    pub mends: Vec<String>,
}

/// A host or home that the update breaks.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Broken {
    /// Its name.
    pub name: String,
    /// The inputs that break it: each of them is needed for it, and together they are enough.
    pub by: Vec<String>,
    /// Why it does not evaluate.
    pub findings: Vec<Finding>,
}

impl Update {
    /// Whether the update breaks anything.
    pub fn breaks(&self) -> bool {
        !self.broken.is_empty()
    }
}
