//! `cfgcheck explain`: what a rule asks for, and where an option gets its value from.

mod option;
mod rule;

use crate::machine::Machine;
use clap::{Args, Subcommand};

/// Arguments of `cfgcheck explain`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck explain rule secret-in-store
  cfgcheck explain option web services.openssh.settings.PermitRootLogin
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
    /// Print where an option of a host gets its value from: every definition, and which one counts.
    Option(Box<option::OptionArgs>),
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &ExplainArgs) -> u8 {
    match &args.what {
        What::Rule(args) => rule::run(machine, args),
        What::Option(args) => option::run(machine, args),
    }
}

/// Returns a line broken between words.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split_whitespace() {
        let last = lines.last_mut().expect("there is at least one line");
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}
