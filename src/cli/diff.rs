//! `cfgcheck diff`: what changes between two states of a flake.

use crate::exit;
use crate::machine::Machine;
use crate::stream::complain;
use clap::Args;

/// Arguments of `cfgcheck diff`.
#[derive(Args, Debug)]
pub struct DiffArgs {}

/// Runs the command and returns its exit code.
pub fn run(_machine: &Machine, _args: &DiffArgs) -> u8 {
    complain("error: `diff` is not there yet");
    exit::CANNOT_START
}
