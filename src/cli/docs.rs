//! `cfgcheck docs`: the reference of options.

use crate::exit;
use crate::machine::Machine;
use crate::stream::complain;
use clap::Args;

/// Arguments of `cfgcheck docs`.
#[derive(Args, Debug)]
pub struct DocsArgs {}

/// Runs the command and returns its exit code.
pub fn run(_machine: &Machine, _args: &DocsArgs) -> u8 {
    complain("error: `docs` is not there yet");
    exit::CANNOT_START
}
