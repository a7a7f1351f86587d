//! The command lines of `cfgcheck switch` and `cfgcheck rollback`.

use super::fleet::{FleetArgs, HostsArgs, WavesArgs};
use super::target::Target;
use super::trouble::Trouble;
use crate::machine::Machine;
use crate::outputs::{Format, output};
use clap::Args;
use std::path::PathBuf;

/// What is said where several homes are meant.
pub const NO_FLEET: &str = "homes are deployed one by one: `--home` goes without `--hosts`";

/// The cfgcheck of a host, where nothing else is said.
pub const PROGRAM: &str = "cfgcheck";

/// How the host is reached.
#[derive(Args, Clone, Debug)]
pub struct TargetArgs {
    /// Where SSH leads to the host, as in `root@web.example.org`; without it, this machine is meant.
    #[arg(long, value_name = "SSH")]
    pub target: Option<String>,
    /// Become root on the host by `sudo`.
    #[arg(long)]
    pub sudo: bool,
    /// The cfgcheck of the host; `cfgcheck` by default.
    #[arg(long, value_name = "PATH")]
    pub remote_program: Option<String>,
    /// Mean the home of the user, here or whom SSH leads to, and not the system of the host.
    #[arg(long, conflicts_with = "sudo")]
    pub home: bool,
}

impl TargetArgs {
    /// Returns the host.
    pub fn target(&self, machine: &Machine) -> Target {
        let mut target = Target::this_machine(machine);
        target.sudo = self.sudo;
        target.home = self.home;
        if self.target.is_some() {
            target.ssh.clone_from(&self.target);
            target.program = self.remote_program.clone().unwrap_or_else(|| PROGRAM.to_owned());
        }
        target
    }
}

/// How a deployment is carried out.
#[derive(Args, Clone, Debug)]
pub struct HowArgs {
    /// Make the system what boots next, and change nothing that runs.
    #[arg(long)]
    pub boot: bool,
    /// Make the system what boots next, reboot into it, and come back if it is not well.
    #[arg(long, conflicts_with = "boot")]
    pub reboot: bool,
    /// Multiply all time limits by this number, for a slow host.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub patience: Option<u64>,
    /// Units that have to be active afterwards; may be repeated.
    #[arg(long, value_name = "UNIT")]
    pub healthy_unit: Vec<String>,
    /// A page that has to answer on the host afterwards; may be repeated.
    #[arg(long, value_name = "URL")]
    pub healthy_http: Vec<String>,
    /// A port that has to take connections on the host afterwards; may be repeated.
    #[arg(long, value_name = "HOST:PORT")]
    pub healthy_tcp: Vec<String>,
    /// A program that has to succeed on the host afterwards, by its shell; may be repeated.
    #[arg(long, value_name = "COMMAND")]
    pub healthy_command: Vec<String>,
    /// Seconds for which all of that has to hold; 10 by default.
    #[arg(long, value_name = "SECONDS")]
    pub grace: Option<u64>,
    /// Seconds that the health checks have until they must hold.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub health_time: u64,
    /// Seconds that the activation may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub activation_time: u64,
    /// A port elsewhere that has to be in reach of the host afterwards, in place of a new connection from here; may be repeated.
    #[arg(long, value_name = "HOST:PORT")]
    pub reach: Vec<String>,
    /// Seconds in which a new connection has to say that the host is in reach.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub confirm_time: u64,
    /// Deploy also after a deployment that could not be taken back.
    #[arg(long)]
    pub force: bool,
}

impl HowArgs {
    /// Refuses what a home cannot do.
    pub fn fits(&self, home: bool) -> Result<(), Trouble> {
        if home && (self.boot || self.reboot) {
            let why =
                "a home is there at once, and not with the next boot: `--home` goes without `--boot` and `--reboot`";
            return Err(Trouble::usage(why));
        }
        Ok(())
    }
}

/// What is deployed.
#[derive(Args, Clone, Debug)]
pub struct WhatArgs {
    /// The flake and the host in it, as in `.#web`, or the home: it is built with the installed Nix, and copied by it.
    #[arg(value_name = "FLAKE#HOST")]
    pub flake: Option<String>,
    /// A system, or a home, that is built already: a path in the host's store, or a link to one.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["flake", "hosts"])]
    pub system: Option<PathBuf>,
    /// The host's name in its flake.
    #[arg(long, value_name = "NAME", conflicts_with = "hosts")]
    pub host: Option<String>,
    /// The platform, where the host is there for several.
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<String>,
    /// Never use the network for evaluation.
    #[arg(long)]
    pub offline: bool,
    /// Trust the flake: let it read files elsewhere, reach private hosts and use your ssh keys.
    #[arg(long)]
    pub trust: bool,
}

/// What approves it.
#[derive(Args, Clone, Debug)]
pub struct ApproveArgs {
    /// The signed verdict, as `cfgcheck verdict sign` wrote it, or the folder of them with `--hosts`; the host verifies it.
    #[arg(long, value_name = "FILE")]
    pub verdict: Option<PathBuf>,
    /// The commit that the system is of; by default the one of the verdict, or the one that is checked out.
    #[arg(long, value_name = "REV")]
    pub commit: Option<String>,
    /// The folder of the repository; by default that of the flake.
    #[arg(long, value_name = "FOLDER")]
    pub repository: Option<PathBuf>,
    /// Deploy without any approval, for this reason, which is kept.
    #[arg(long, value_name = "REASON")]
    pub r#override: Option<String>,
}

/// Arguments of `cfgcheck switch`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck switch .#web --target root@web --dry-run         built and copied, and nothing else
  cfgcheck switch .#web --target root@web
  cfgcheck switch --system /nix/store/…-nixos-system-web --target root@web
  cfgcheck switch --system ./result --boot                  on this machine, with its next boot
  cfgcheck switch . --hosts 'web-*,@edge' --canary web-1 --at-once 4 --verdict verdicts
  cfgcheck switch . --hosts '*' --output junit=deploy.xml
  cfgcheck switch --enroll policy.yaml                      from now on this machine takes only what this approves
  cfgcheck switch .#alice@laptop --home                     the home of whoever calls it, on this machine
  cfgcheck switch .#alice@laptop --home --target alice@laptop

Exit codes: 0 deployed, 4 rolled back, 5 rolling back failed, 6 refused, 7 a reboot is pending; of several hosts the worst: 5, 4,
3 (out of reach), 6, 1 (not built), 7, 0.
")]
pub struct SwitchArgs {
    #[command(flatten)]
    pub what: WhatArgs,
    #[command(flatten)]
    pub which: HostsArgs,
    #[command(flatten)]
    pub waves: WavesArgs,
    /// Print what would be done, and end.
    #[arg(long)]
    pub dry_run: bool,
    /// Make this file the policy of this machine, as its root, or of this home, and deploy nothing.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["flake", "system", "dry_run", "target", "hosts"])]
    pub enroll: Option<PathBuf>,
    /// Write a report to a file or `-`: text, json, junit, jenkins, github, sarif, gitlab, markdown or html; may be repeated.
    #[arg(long, value_name = "KIND=PATH", value_parser = output)]
    pub output: Vec<(Format, PathBuf)>,
    #[command(flatten)]
    pub approve: ApproveArgs,
    #[command(flatten)]
    pub how: HowArgs,
    #[command(flatten)]
    pub to: TargetArgs,
}

impl SwitchArgs {
    /// Refuses what a home cannot do, or has not.
    pub fn fits(&self) -> Result<(), Trouble> {
        if self.to.home && self.approve.verdict.is_some() {
            let why = "a signed verdict is of a host: `--home` goes without `--verdict`";
            return Err(Trouble::usage(why));
        }
        if self.to.home && !self.which.hosts.is_empty() {
            return Err(Trouble::usage(NO_FLEET));
        }
        self.how.fits(self.to.home)
    }
}

/// Arguments of `cfgcheck rollback`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck rollback --target root@web
  cfgcheck rollback                      on this machine
  cfgcheck rollback --home               the home of whoever calls it
  cfgcheck rollback . --hosts '@edge'    several hosts of a flake, if all of them can

What ran before the last deployment is deployed again, as any system is; a deployment that is under way is taken back.
Exit codes: 0 what ran before runs again, 4 it does not, and what ran now runs on, 5 neither, 6 refused; of several hosts the
worst: 5, 4, 3 (out of reach), 6, 7, 0.
")]
pub struct RollbackArgs {
    #[command(flatten)]
    pub fleet: FleetArgs,
    /// Print what would be done, and end.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub how: HowArgs,
    #[command(flatten)]
    pub to: TargetArgs,
}
