//! `cfgcheck verdict`: what was found of a host at a commit, signed, and verified again.

mod keygen;
mod listed;
mod push;
mod show;
mod sign;
mod verify;

use crate::machine::Machine;
use clap::{Args, Subcommand};

/// Arguments of `cfgcheck verdict`.
#[derive(Args, Debug)]
pub struct VerdictArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: What,
}

/// What to do with verdicts.
#[derive(Subcommand, Debug)]
pub enum What {
    /// Make a key that signs verdicts: the secret half into a file, the public half onto standard output.
    Keygen(keygen::KeygenArgs),
    /// Check the commit that is checked out, and sign what was found of its hosts and which systems they are.
    Sign(Box<sign::SignArgs>),
    /// Tell whether a verdict is signed by a known key, and says what is asked of it.
    Verify(Box<verify::VerifyArgs>),
    /// Put verdicts beside the commit that they are of in its repository, where machines that pull look for them.
    Push(push::PushArgs),
    /// Show what a verdict says, without verifying it.
    Show(show::ShowArgs),
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &VerdictArgs) -> u8 {
    match &args.what {
        What::Keygen(args) => keygen::run(machine, args),
        What::Sign(args) => sign::run(machine, args),
        What::Verify(args) => verify::run(machine, args),
        What::Push(args) => push::run(machine, args),
        What::Show(args) => show::run(machine, args),
    }
}

/// Returns a number of paths, in words.
fn paths(count: usize) -> String {
    match count {
        1 => "1 path".to_owned(),
        count => format!("{count} paths"),
    }
}
