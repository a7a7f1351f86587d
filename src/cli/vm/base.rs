//! Which state of the flake runs today.

use super::VmArgs;
use crate::diff::states::{self, Named, StateError};
use crate::machine::Machine;

/// What runs today.
pub enum Today {
    /// A state, and the name that the host has in it, if it is another.
    State(Box<Named>, Option<String>),
    /// The flake as it is: there is nothing before it, for this reason.
    Same(&'static str),
}

/// Returns what runs today; `is_committed` is whether the files of the flake are those of the last commit.
pub fn today(machine: &Machine, args: &VmArgs, is_committed: bool) -> Result<Today, StateError> {
    let flake = &args.judge.flake;
    if let Some(base) = &args.base {
        let (state, host) = match base.split_once('#') {
            Some((state, host)) => (state, Some(host.to_owned()).filter(|host| !host.is_empty())),
            None => (base.as_str(), None),
        };
        let state = if state.is_empty() { flake } else { state };
        return Ok(Today::State(Box::new(states::state(machine, flake, state)?), host));
    }
    let last = if is_committed { "HEAD~1" } else { "HEAD" };
    match states::state(machine, flake, last) {
        Ok(named) => Ok(Today::State(Box::new(named), None)),
        Err(StateError::NoRepository(_)) => Ok(Today::Same("the flake is in no Git repository of this machine")),
        Err(StateError::Revision { .. }) => Ok(Today::Same("there is no commit before it")),
        Err(error) => Err(error),
    }
}
