//! The command line of `cfgcheck build`, and what all commands that build have in common.

use crate::args::{CheckArgs, JudgeArgs, LimitArgs};
use crate::vm::AccelArgs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Minutes that one derivation may take.
const TIME: u32 = 60;
/// GiB of disk that builds may fill.
const DISK: u32 = 16;
/// MiB of memory of the machine that builds.
const MEMORY: u32 = 2048;

/// Where things are built.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum BuildWith {
    /// In a virtual machine without a network card.
    #[default]
    Vm,
    /// With the Nix that is installed on this machine.
    Nix,
}

/// How things are built.
#[derive(Args, Clone, Debug)]
pub struct EngineArgs {
    /// Where things are built: in a virtual machine without a network, or with the Nix that is installed.
    #[arg(long, value_enum, value_name = "WHERE", default_value_t)]
    pub build_with: BuildWith,
    /// Remote builders for `--build-with nix`, as in Nix's setting of that name.
    #[arg(long, value_name = "BUILDERS")]
    pub builders: Option<String>,
    /// A folder with downloads that builds need, known by their hashes (`sha256/HASH`) or names; may be repeated.
    #[arg(long, value_name = "DIR")]
    pub provide: Vec<PathBuf>,
    /// What `mirror://NAME/` stands for in downloads; may be repeated. `debian` is known.
    #[arg(long, value_name = "NAME=URL", value_parser = named)]
    pub mirror: Vec<(String, String)>,
    /// Download only from this host; may be repeated. Never from private addresses, whatever is said here.
    #[arg(long, value_name = "HOST")]
    pub fetch_from: Vec<String>,
    /// Ask this cache for what is built already, instead of those of the machine's nix.conf; may be repeated.
    #[arg(long, value_name = "URL")]
    pub substituter: Vec<String>,
    /// Believe what this key has signed, beside those of the machine's nix.conf; may be repeated.
    #[arg(long, value_name = "NAME:KEY")]
    pub trusted_public_key: Vec<String>,
    /// Build everything: ask no cache for what is built already.
    #[arg(long)]
    pub no_substitute: bool,
    /// Longest time of one derivation in the virtual machine, in minutes on a machine with KVM.
    #[arg(long, value_name = "MINUTES", default_value_t = TIME, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_build_time: u32,
    /// Disk that builds in the virtual machine may fill, in GiB.
    #[arg(long, value_name = "GIB", default_value_t = DISK, value_parser = clap::value_parser!(u32).range(1..1024))]
    pub max_build_disk: u32,
    /// Memory of the virtual machine that builds, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = MEMORY, value_parser = clap::value_parser!(u32).range(256..))]
    pub build_memory: u32,
}

impl Default for EngineArgs {
    fn default() -> EngineArgs {
        EngineArgs {
            build_with: BuildWith::Vm,
            builders: None,
            provide: Vec::new(),
            mirror: Vec::new(),
            fetch_from: Vec::new(),
            substituter: Vec::new(),
            trusted_public_key: Vec::new(),
            no_substitute: false,
            max_build_time: TIME,
            max_build_disk: DISK,
            build_memory: MEMORY,
        }
    }
}

/// Reads `NAME=VALUE`.
fn named(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=URL".into()),
    }
}

/// Arguments of `cfgcheck build`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck build                            all hosts, homes, packages, shells and checks
  cfgcheck build --host web                 one host's system
  cfgcheck build --host web --plan          what would be fetched and built for it
  cfgcheck build --system x86_64-linux --build-with nix
  cfgcheck build --host web --export web.nar && nix-store --import < web.nar
")]
pub struct BuildArgs {
    /// Only what is for a system that matches this pattern; may be repeated.
    #[arg(long, value_name = "PATTERN")]
    pub system: Vec<String>,
    /// Only what this output of the flake has, such as `nixosConfigurations`; may be repeated.
    #[arg(long, value_name = "OUTPUT")]
    pub of: Vec<String>,
    /// Write what was built, with all that it needs, to this file, as `nix-store --import` reads it.
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// Write the store paths of all that was built to this file, one a line, as tools that push to caches read them.
    #[arg(long, value_name = "FILE", conflicts_with = "plan")]
    pub out_paths: Option<PathBuf>,
    /// Say what would be fetched and built, and end.
    #[arg(long)]
    pub plan: bool,
    #[command(flatten)]
    pub accel: AccelArgs,
    /// Show what builders say while they work.
    #[arg(long, short)]
    pub verbose: bool,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub judge: JudgeArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

impl BuildArgs {
    /// Returns what a run of `check` on the same flake is asked for.
    pub fn of_check(&self) -> CheckArgs {
        CheckArgs {
            judge: self.judge.clone(),
            limits: self.limits.clone(),
            system: self.system.clone(),
            ..CheckArgs::default()
        }
    }
}
