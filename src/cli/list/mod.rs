//! `cfgcheck list`: what there is.

mod hosts;
mod inputs;
mod modules;
mod options;
mod rules;

use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, write_out};
use clap::{Args, Subcommand};

/// Arguments of `cfgcheck list`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck list hosts
  cfgcheck list inputs
  cfgcheck list rules
  cfgcheck list rules --json
  cfgcheck list modules web
  cfgcheck list options --all --json
")]
pub struct ListArgs {
    /// What to list.
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// The hosts and homes of a flake, and the systems that they are judged for.
    Hosts(Box<hosts::HostsArgs>),
    /// The inputs of a flake: class, reference, revision, date and age.
    Inputs(inputs::InputsArgs),
    /// The rules that come with cfgcheck.
    Rules(rules::RulesArgs),
    /// The modules that each host is made of, and where each is imported.
    Modules(Box<modules::ModulesArgs>),
    /// The options that the flake declares, and where.
    Options(Box<options::OptionsArgs>),
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &ListArgs) -> u8 {
    match &args.what {
        What::Hosts(args) => hosts::run(machine, args),
        What::Inputs(args) => inputs::run(machine, args),
        What::Rules(args) => rules::run(machine, args),
        What::Modules(args) => modules::run(machine, args),
        What::Options(args) => options::run(machine, args),
    }
}

/// Writes a list to standard output and returns the exit code.
fn told(text: &str) -> u8 {
    match write_out(text.as_bytes()) {
        Ok(()) => exit::CLEAN,
        Err(error) => {
            complain(&format!("error: cannot write to standard output: {error}"));
            exit::CANNOT_START
        }
    }
}
