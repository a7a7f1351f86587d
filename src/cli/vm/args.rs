//! The command line of `cfgcheck vm`.

use crate::args::{CheckArgs, JudgeArgs, LimitArgs};
use crate::build::EngineArgs;
use ::vm::accel::{Accel, Wanted};
use ::vm::disks::Mode;
use clap::{Args, ValueEnum};
use std::num::NonZero;
use std::path::PathBuf;

/// MiB of memory of a guest.
const MEMORY: u32 = 1024;

/// Arguments of `cfgcheck vm`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck vm --host web                      the last commit's web, switched to web as the files are
  cfgcheck vm --host web --base origin/main   what runs today is that of a branch
  cfgcheck vm --scenario rollback             another of the scenarios that come with cfgcheck
  cfgcheck vm --scenario vm-tests/login.yaml  one of your own
  cfgcheck vm --home alice@work               a home without a host: activated, changed, and gone back to
  cfgcheck vm --plan                          say what would run, and end
")]
pub struct VmArgs {
    /// What runs today: a branch, a tag or a commit of the flake, or a whole flake reference; behind `#`, the name that the
    /// host has there. The last commit, if the files differ from it, else the one before.
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// Try this home (of homeConfigurations) instead of hosts, activated by its user; a pattern, may be repeated.
    #[arg(long, value_name = "PATTERN", conflicts_with_all = ["host", "scenario", "mode"])]
    pub home: Vec<String>,
    /// A scenario: the name of one that comes with cfgcheck, or a file; may be repeated. Those in vm-tests/ by default,
    /// and `rollback` and `reboot`, together `default`, for hosts that have none.
    #[arg(long, value_name = "NAME|FILE")]
    pub scenario: Vec<String>,
    /// How hosts are booted [default: as they are, or with an overriding module where their disks cannot be made].
    #[arg(long, value_enum, value_name = "MODE")]
    pub mode: Option<ModeArg>,
    /// How the disks of hosts that are booted as they are come to be.
    #[arg(long, value_enum, value_name = "HOW", default_value_t)]
    pub disks: DisksArg,
    /// Speak to machines by a shell of their own, as is done where this program has no agent for their processor. They are
    /// then booted with an overriding module, each time anew, and need systemd 256 or later.
    #[arg(long)]
    pub shell: bool,
    #[command(flatten)]
    pub accel: AccelArgs,
    /// Put serial logs, journals and pictures into this folder.
    #[arg(long, value_name = "DIR")]
    pub artifacts: Option<PathBuf>,
    /// Most machines that run beside each other [default: as many as have a processor and memory of their own].
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<NonZero<usize>>,
    /// Memory of a guest, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = MEMORY, value_parser = clap::value_parser!(u32).range(128..))]
    pub memory: u32,
    /// Show what machines say while they run.
    #[arg(long, short)]
    pub verbose: bool,
    /// Say what would run, and end.
    #[arg(long)]
    pub plan: bool,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub judge: JudgeArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// How disks come to be.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DisksArg {
    /// By cfgcheck: a file system each, with the name that the host knows.
    #[default]
    Made,
    /// By the host's own disko scripts, on blank disks.
    Disko,
}

/// How a host is booted.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ModeArg {
    /// Its own stage 1, with disks that are made to match its file systems.
    AsIs,
    /// With a stage 1 of ours, which mounts the root.
    #[value(name = "own-stage-1")]
    OwnStage1,
    /// With a module that puts one disk in the place of its own.
    Variant,
}

impl From<ModeArg> for Mode {
    fn from(mode: ModeArg) -> Mode {
        match mode {
            ModeArg::AsIs => Mode::AsIs,
            ModeArg::OwnStage1 => Mode::OwnStage1,
            ModeArg::Variant => Mode::Variant,
        }
    }
}

/// What executes guests, for all commands that run machines.
#[derive(Args, Clone, Debug, Default)]
pub struct AccelArgs {
    /// What executes the guests' instructions [default: kvm where it runs guests, else tcg].
    #[arg(long, value_enum, value_name = "ACCEL")]
    pub accel: Option<AccelArg>,
    /// End with 3 where KVM does not run guests.
    #[arg(long, conflicts_with = "accel")]
    pub require_kvm: bool,
}

impl AccelArgs {
    /// Returns the accelerator that is asked for.
    pub fn wanted(&self) -> Wanted {
        match (self.accel, self.require_kvm) {
            (Some(AccelArg::Kvm), _) | (_, true) => Wanted::Only(Accel::Kvm),
            (Some(AccelArg::Tcg), _) => Wanted::Only(Accel::Tcg),
            (None, false) => Wanted::Best,
        }
    }
}

/// An accelerator.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccelArg {
    /// The processor itself.
    Kvm,
    /// QEMU's translator.
    Tcg,
}

impl VmArgs {
    /// Returns the arguments of a run on what a check is asked for, switched from a base, with all else as the settings have it.
    pub fn of(check: &CheckArgs, base: Option<String>) -> VmArgs {
        VmArgs {
            base,
            home: Vec::new(),
            scenario: Vec::new(),
            mode: None,
            disks: DisksArg::default(),
            shell: false,
            accel: AccelArgs::default(),
            artifacts: None,
            jobs: None,
            memory: MEMORY,
            verbose: false,
            plan: false,
            engine: EngineArgs::default(),
            judge: check.judge.clone(),
            limits: check.limits.clone(),
        }
    }

    /// Returns what a run of `check` on the same flake is asked for.
    pub fn of_check(&self) -> CheckArgs {
        CheckArgs {
            judge: self.judge.clone(),
            limits: self.limits.clone(),
            ..CheckArgs::default()
        }
    }
}
