//! `cfgcheck explain`: what a rule asks for, and where an option gets its value from.

mod rule;

use crate::machine::Machine;
use clap::{Args, Subcommand};

/// Arguments of `cfgcheck explain`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck explain rule secret-in-store
")]
pub struct ExplainArgs {
    /// What to explain.
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Print what a rule asks for, why, and how to mend a finding.
    Rule(rule::RuleArgs),
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &ExplainArgs) -> u8 {
    match &args.what {
        What::Rule(args) => rule::run(machine, args),
    }
}
