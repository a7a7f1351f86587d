//! The command line of `cfgcheck pull`.

use crate::outputs::{Format, output};
use crate::switch::HowArgs;
use clap::Args;
use std::path::PathBuf;

/// Arguments of `cfgcheck pull`.
#[derive(Args, Debug)]
#[command(after_help = "Examples, as root of the machine:
  cfgcheck pull --dry-run          what would be deployed, and nothing else
  cfgcheck pull                    the newest commit that the policy approves
  cfgcheck pull --again            also one that failed before
  cfgcheck pull --from ssh://git@git.example.org/fleet --host web

Exit codes: 0 deployed, or nothing new, 1 the newest commit cannot be built, 3 the repository is out of reach,
4 rolled back, 5 rolling back failed, 6 nothing new is approved, 7 a reboot is pending.
")]
pub struct PullArgs {
    /// Where the repository is fetched from [default: what the policy names].
    #[arg(long, value_name = "URL")]
    pub from: Option<String>,
    /// The folder of the flake in the repository.
    #[arg(long, value_name = "FOLDER", default_value = "")]
    pub dir: String,
    /// The host's name in its flake [default: the name of this machine].
    #[arg(long, value_name = "NAME")]
    pub host: Option<String>,
    /// The platform, where the host is there for several.
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<String>,
    /// Evaluate and build nothing here: take the system that the signed verdict names from the caches of this machine's Nix.
    #[arg(long)]
    pub from_caches: bool,
    /// Trust the flake: let it read files elsewhere, reach private hosts and use your ssh keys.
    #[arg(long)]
    pub trust: bool,
    /// Try commits that failed before once more.
    #[arg(long)]
    pub again: bool,
    /// Print what would be done, and end.
    #[arg(long)]
    pub dry_run: bool,
    /// Write a report to a file or `-`: text, json, junit, jenkins, github, sarif, gitlab, markdown or html; may be repeated.
    #[arg(long, value_name = "KIND=PATH", value_parser = output)]
    pub output: Vec<(Format, PathBuf)>,
    #[command(flatten)]
    pub how: HowArgs,
}
