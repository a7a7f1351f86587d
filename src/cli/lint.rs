//! `cfgcheck lint`: rules on sources and locks.

use crate::exit;
use crate::machine::Machine;
use crate::stream::complain;
use clap::Args;

/// Arguments of `cfgcheck lint`.
#[derive(Args, Debug)]
pub struct LintArgs {}

/// Runs the command and returns its exit code.
pub fn run(_machine: &Machine, _args: &LintArgs) -> u8 {
    complain("error: `lint` is not there yet");
    exit::CANNOT_START
}
