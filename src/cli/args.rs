//! The command line of cfgcheck.

use crate::outputs::{Format, output};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::num::NonZero;
use std::path::PathBuf;

/// Tells, before a merge, whether a NixOS fleet still evaluates on every host and architecture.
#[derive(Parser, Debug)]
#[command(name = "cfgcheck", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Evaluate every host of a flake for every architecture, and say what is wrong.
    Check(Box<CheckArgs>),
    /// All that a pull request or a push is to be told: check, prop and vm as `cfgcheck.yaml` says, in one report.
    Ci(Box<crate::ci::CiArgs>),
    /// Try generated modules on the flake's own options, and tell which laws of the module system break.
    Prop(Box<crate::prop::PropArgs>),
    /// Build what a flake offers, in a virtual machine without a network.
    Build(Box<crate::build::BuildArgs>),
    /// Boot what runs today in a virtual machine, switch it to what is to run, and tell what happens.
    Vm(Box<crate::vm::VmArgs>),
    /// Bring a host to a system, and leave it there healthy and confirmed, or take it back.
    Switch(Box<crate::switch::SwitchArgs>),
    /// Bring this machine to the newest commit of its repository that its policy approves.
    Pull(Box<crate::pull::PullArgs>),
    /// Tell what a host runs, what was deployed on it, and how that ended.
    Status(Box<crate::status::StatusArgs>),
    /// Take a host back to the system that ran before the last deployment.
    Rollback(Box<crate::switch::RollbackArgs>),
    /// Do what a deployment has to do on the host itself; for `switch`, not for people.
    #[command(hide = true)]
    Engine(crate::engine::EngineArgs),
    /// Print the jobs of a workflow, one for each host that a change touches.
    Matrix(Box<crate::matrix::MatrixArgs>),
    /// Apply the rules on sources and locks, without evaluation and without a network.
    Lint(Box<crate::lint::LintArgs>),
    /// Tell what changes on each host between two states of a flake.
    Diff(Box<crate::diff::DiffArgs>),
    /// Tell which input of a lock update breaks or changes which host.
    Bisect(Box<crate::bisect::BisectArgs>),
    /// Explain a rule, or where an option of a host gets its value from.
    Explain(Box<crate::explain::ExplainArgs>),
    /// List hosts, modules, options, inputs or rules.
    List(Box<crate::list::ListArgs>),
    /// Write the reference of the options that a flake declares.
    Docs(Box<crate::docs::DocsArgs>),
    /// Keep today's findings, so that only new ones fail a run.
    Baseline(Box<crate::baseline::BaselineArgs>),
    /// Write a saved report in other forms, or publish it on GitHub.
    Report(Box<crate::saved::ReportArgs>),
    /// Sign what was found of a commit's hosts and which systems they are, and verify that.
    Verdict(Box<crate::verdict::VerdictArgs>),
    /// Write settings, workflows and hooks for a flake that is there already.
    Init(Box<crate::init::InitArgs>),
    /// Tell what a policy of deployment says of a commit, and what would make it hold.
    Approve(Box<crate::approve::ApproveArgs>),
    /// Do what a hook of Git is to do.
    Hook(Box<crate::hook::HookArgs>),
    /// Evaluate a file, an expression, or an attribute of a flake.
    Eval(Box<EvalArgs>),
    /// Tell what of all this can be done on this machine, and how to get what is missing.
    Doctor(Box<crate::doctor::DoctorArgs>),
    /// Print the completions of this command line for a shell.
    Completions(crate::completions::CompletionsArgs),
    /// Write the manual's pages into a folder.
    Man(crate::man::ManArgs),
}

/// What to do when evaluation needs something built.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Ifd {
    /// Say so, with the derivation and the place.
    #[default]
    Error,
    /// Build it with the installed Nix.
    Nix,
    /// Build it in a virtual machine without a network.
    Vm,
}

/// How flakes are fetched and evaluated; the same for every command.
#[derive(Args, Debug, Clone, Default)]
pub struct FlakeArgs {
    /// Use REF in place of the input at PATH (`nixpkgs`, `home-manager/nixpkgs`).
    #[arg(long, num_args = 2, value_names = ["PATH", "REF"], action = clap::ArgAction::Append)]
    pub override_input: Vec<String>,
    /// Never use the network.
    #[arg(long)]
    pub offline: bool,
    /// Trust the flake: let it read files elsewhere, reach private hosts and use your ssh keys.
    #[arg(long)]
    pub trust: bool,
    /// What to do when evaluation needs something built.
    #[arg(long, value_enum, default_value_t)]
    pub ifd: Ifd,
    /// Experimental features of Nix to allow, besides those of flakes.
    #[arg(long, value_name = "FEATURES")]
    pub extra_experimental_features: Vec<String>,
    /// Show every step on the way to an error.
    #[arg(long)]
    pub show_trace: bool,
}

/// What commands that judge a flake have in common: what they judge, and how they tell it.
#[derive(Args, Debug, Clone, Default)]
pub struct JudgeArgs {
    /// The flake: a path or a reference.
    #[arg(default_value = ".")]
    pub flake: String,
    /// Only hosts whose name matches this pattern; may be repeated.
    #[arg(long, value_name = "PATTERN")]
    pub host: Vec<String>,
    /// Write a report to a file or `-`: text, json, junit, jenkins, github, sarif, gitlab, markdown or html; may be repeated.
    #[arg(long, value_name = "KIND=PATH", value_parser = output)]
    pub output: Vec<(Format, PathBuf)>,
    /// The settings, in place of the flake's `cfgcheck.yaml`.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Judge ages and ends as on this day instead of today, such as 2026-11-25.
    #[arg(long, value_name = "DAY")]
    pub as_of: Option<check::Day>,
    /// Accept no finding because of a baseline.
    #[arg(long)]
    pub no_baseline: bool,
    /// When to use colours.
    #[arg(long, value_enum)]
    pub color: Option<ColorArg>,
    /// Let warnings fail the run too.
    #[arg(long)]
    pub deny_warnings: bool,
    #[command(flatten)]
    pub flakes: FlakeArgs,
}

/// Results of earlier runs.
#[derive(Args, Debug, Clone, Default)]
pub struct CacheArgs {
    /// Keep results in this folder, and take them over from there, in place of one in the user's cache.
    #[arg(long, value_name = "FOLDER")]
    pub cache: Option<PathBuf>,
    /// Evaluate everything, and keep nothing.
    #[arg(long, conflicts_with_all = ["cache", "verify_cache"])]
    pub no_cache: bool,
    /// Evaluate everything, and tell where that is not what was kept.
    #[arg(long)]
    pub verify_cache: bool,
}

/// Limits of each evaluation.
#[derive(Args, Debug, Clone, Default)]
pub struct LimitArgs {
    /// Most memory that one host may take, such as 8GiB; half of the machine's by default.
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub max_memory: Option<u64>,
    /// Longest time for one host, such as 90s or 10min; `check` allows 10min by default.
    #[arg(long, value_name = "TIME", value_parser = millis)]
    pub max_time: Option<u64>,
    /// Deepest nesting of calls (Nix's setting; 10000 by default).
    #[arg(long, value_name = "N")]
    pub max_call_depth: Option<u32>,
}

/// Arguments of `cfgcheck check`.
#[derive(Args, Debug, Default)]
#[command(after_help = "Examples:
  cfgcheck check                                   the flake in this folder
  cfgcheck check --host 'web-*' --host db          some hosts
  cfgcheck check --platform aarch64-linux          hosts also for this platform
  cfgcheck check --output junit=report.xml github:owner/repo
  cfgcheck check --changed-since origin/main       only what a branch changes
")]
pub struct CheckArgs {
    #[command(flatten)]
    pub judge: JudgeArgs,
    /// Only what is for a system that matches this pattern; may be repeated.
    #[arg(long, value_name = "PATTERN")]
    pub system: Vec<String>,
    /// Evaluate hosts for this system too; may be repeated.
    #[arg(long, value_name = "SYSTEM")]
    pub platform: Vec<String>,
    /// The flake as it runs today, as a branch, a tag, a commit or another flake; what must not change is compared with it.
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// Leave out what has read nothing that changed since this commit, branch or tag, or since another flake.
    #[arg(long, value_name = "REV")]
    pub changed_since: Option<String>,
    /// Judge only the examples in checks/*.yaml; the flake is not evaluated.
    #[arg(long)]
    pub policies_only: bool,
    /// Most hosts that are evaluated beside each other [default: as many as there are processors, and 1 GiB of memory for each].
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<NonZero<usize>>,
    /// Whether hosts whose package sets are made alike have one.
    #[arg(long, value_enum, default_value_t, value_name = "WHETHER")]
    pub sharing: Sharing,
    #[command(flatten)]
    pub cache: CacheArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// When to use colours.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColorArg {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Arguments of `cfgcheck eval`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck eval --expr '1 + 2'
  cfgcheck eval .#nixosConfigurations.web.config.networking.hostName
  cfgcheck eval --file ./default.nix -A pkgs.hello.drvPath --argstr system x86_64-linux
  cfgcheck eval .#nixosConfigurations --apply builtins.attrNames --json
")]
pub struct EvalArgs {
    /// FLAKE#attribute, or with --file and --expr an attribute path.
    pub installable: Option<String>,
    /// Evaluate this file.
    #[arg(long, short = 'f', value_name = "FILE", conflicts_with = "expr")]
    pub file: Option<String>,
    /// Evaluate this expression.
    #[arg(long, short = 'E', value_name = "EXPR")]
    pub expr: Option<String>,
    /// Apply this function to the result.
    #[arg(long, value_name = "FUNCTION")]
    pub apply: Option<String>,
    /// Pass the expression EXPR as argument NAME.
    #[arg(long, num_args = 2, value_names = ["NAME", "EXPR"], action = clap::ArgAction::Append)]
    pub arg: Vec<String>,
    /// Pass the string TEXT as argument NAME.
    #[arg(long, num_args = 2, value_names = ["NAME", "TEXT"], action = clap::ArgAction::Append)]
    pub argstr: Vec<String>,
    /// Select this attribute path.
    #[arg(short = 'A', long = "attr", value_name = "PATH")]
    pub attr: Vec<String>,
    /// Add an entry to the search path: NAME=PATH or PATH.
    #[arg(short = 'I', long = "include", value_name = "PATH")]
    pub include: Vec<String>,
    /// Evaluate everything inside the result.
    #[arg(long)]
    pub strict: bool,
    /// Print JSON.
    #[arg(long, conflicts_with_all = ["xml", "raw"])]
    pub json: bool,
    /// Print XML.
    #[arg(long, conflicts_with = "raw")]
    pub xml: bool,
    /// Print the string as it is.
    #[arg(long)]
    pub raw: bool,
    /// Print the parsed expression instead of evaluating it.
    #[arg(long)]
    pub parse: bool,
    /// Allow the environment, the current time and system, and all paths.
    #[arg(long)]
    pub impure: bool,
    /// Look a file up in the search path and print where it is.
    #[arg(long, value_name = "NAME")]
    pub find_file: Option<String>,
    /// Whether calls of package sets with the same arguments are evaluated once.
    #[arg(long, value_enum, default_value_t, value_name = "WHETHER")]
    pub sharing: Sharing,
    #[command(flatten)]
    pub flakes: FlakeArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// Whether package sets that are made with the same arguments are evaluated once.
#[derive(clap::ValueEnum, Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum Sharing {
    /// Where nobody can tell.
    #[default]
    On,
    /// Never, as Nix does.
    Off,
    /// Evaluate both ways and compare.
    Verify,
}

fn split_unit(text: &str) -> Result<(f64, &str), String> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let number: f64 = text[..end]
        .parse()
        .map_err(|_| format!("'{text}' does not start with a number"))?;
    Ok((number, text[end..].trim()))
}

pub(crate) fn memory(text: &str) -> Result<u64, String> {
    let (number, unit) = split_unit(text)?;
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kib" => 1024.0,
        "kb" => 1e3,
        "m" | "mib" => 1048576.0,
        "mb" => 1e6,
        "g" | "gib" => 1073741824.0,
        "gb" => 1e9,
        _ => return Err(format!("'{unit}' is no unit of memory; use KiB, MiB or GiB")),
    };
    Ok((number * factor) as u64)
}

pub(crate) fn millis(text: &str) -> Result<u64, String> {
    let (number, unit) = split_unit(text)?;
    let factor = match unit {
        "ms" => 1.0,
        "" | "s" => 1e3,
        "m" | "min" => 6e4,
        "h" => 3.6e6,
        _ => return Err(format!("'{unit}' is no unit of time; use ms, s, min or h")),
    };
    Ok((number * factor) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_and_times_have_units() {
        assert_eq!(memory("8GiB"), Ok(8 << 30));
        assert_eq!(memory("512 MB"), Ok(512_000_000));
        assert!(memory("much").is_err() && memory("3 pounds").is_err());
        assert_eq!(millis("90s"), Ok(90_000));
        assert_eq!(millis("1.5min"), Ok(90_000));
        assert!(millis("soon").is_err());
    }
}
