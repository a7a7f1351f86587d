//! `cfgcheck baseline`: keeps today's findings, so that only new ones fail a run.

use crate::args::CheckArgs;
use crate::machine::Machine;
use crate::prop::PropArgs;
use clap::{Args, Subcommand};

/// Arguments of `cfgcheck baseline`.
#[derive(Args, Debug)]
pub struct BaselineArgs {
    /// What to do.
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Check, and write all findings to the baseline beside flake.nix; those of laws stay as they are.
    Write(Box<CheckArgs>),
    /// Try the laws of `cfgcheck prop`, and write what they find to the same baseline.
    WriteProp(Box<PropArgs>),
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &BaselineArgs) -> u8 {
    match &args.what {
        What::Write(args) => crate::check::write_baseline(machine, args),
        What::WriteProp(args) => crate::prop::write_baseline(machine, args),
    }
}
