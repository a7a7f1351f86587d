//! `cfgcheck completions`: what a shell has to know to complete our command line.

use crate::args::Cli;
use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, write_out};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Arguments of `cfgcheck completions`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  source <(cfgcheck completions bash)        for this shell only
  cfgcheck completions bash > ~/.local/share/bash-completion/completions/cfgcheck
  cfgcheck completions zsh > ~/.zfunc/_cfgcheck       with ~/.zfunc in $fpath before compinit
  cfgcheck completions fish > ~/.config/fish/completions/cfgcheck.fish
")]
pub struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

/// Runs the command and returns its exit code.
pub fn run(_machine: &Machine, args: &CompletionsArgs) -> u8 {
    match write_out(&script(args.shell)) {
        Ok(()) => exit::CLEAN,
        Err(error) => {
            complain(&format!("error: cannot write to standard output: {error}"));
            exit::CANNOT_START
        }
    }
}

/// Returns the script for a shell.
fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "cfgcheck", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn each_shell_is_told_of_every_command() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(script(*shell)).expect("scripts are text");
            for command in Cli::command().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
            }
        }
    }
}
