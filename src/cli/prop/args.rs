//! The command line of `cfgcheck prop`.

use crate::args::{CheckArgs, ColorArg, FlakeArgs, LimitArgs, memory, millis};
use crate::outputs::{Format, output};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Cases of each law on each option and host, unless another number is asked for.
const CASES: u64 = 100;
/// Cases in which several toggles of a host are flipped at once, unless another number is asked for: one takes far
/// longer than one of an option.
const SETS: u64 = 10;
/// The folder beside `flake.nix` in which counterexamples are kept, unless another one is named.
pub const REGRESSIONS: &str = "prop-regressions";

/// Arguments of `cfgcheck prop`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck prop                                 the options of the flake in this folder
  cfgcheck prop --host web --module modules     options declared below modules/, on one host
  cfgcheck prop --seed random --max-time 10min  new cases each time, for a run at night
  cfgcheck prop --save                          keep counterexamples; they are tried first from then on
  cfgcheck prop --laws lib --lib ~/nixpkgs/lib  the library's own laws, without a flake
")]
pub struct PropArgs {
    /// The flake: a path or a reference.
    #[arg(default_value = ".")]
    pub flake: String,
    /// Which laws: about options that the flake declares, about switching `enable` options, or about the library;
    /// several with commas between them. Without it, own,toggles.
    #[arg(long, value_enum, value_name = "KINDS", value_delimiter = ',')]
    pub laws: Vec<Kind>,
    /// Test the library in this folder (as `nixpkgs/lib`), without a flake.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["flake", "host", "module", "config", "override_input", "no_baseline"])]
    pub lib: Option<PathBuf>,
    /// Only laws whose id matches this pattern; may be repeated.
    #[arg(long, value_name = "PATTERN")]
    pub law: Vec<String>,
    /// Only hosts whose name matches this pattern; may be repeated.
    #[arg(long, value_name = "PATTERN")]
    pub host: Vec<String>,
    /// Only options declared in this file or folder of the flake, which may have `*`, `?` and `**` in it; may be
    /// repeated.
    #[arg(long, value_name = "PATTERN")]
    pub module: Vec<String>,
    /// Cases of each law on each option and host [default: 100; of toggles, each alone and 10 sets].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub cases: Option<u64>,
    /// Longest time of the whole run, such as 60s or 10min; what has had fewer cases by then is told.
    #[arg(long, value_name = "TIME", value_parser = millis)]
    pub max_time: Option<u64>,
    /// Where the cases come from: a number, or `random` for new ones; the same number gives the same cases
    /// [default: 0].
    #[arg(long, value_name = "N", value_parser = seed)]
    pub seed: Option<Seed>,
    /// Keep counterexamples in this folder, prop-regressions by default; those in there are tried first on each run.
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, default_missing_value = REGRESSIONS)]
    pub save: Option<PathBuf>,
    /// Write a report to a file or `-`: text, json, junit, jenkins, github, sarif, gitlab, markdown or html; may be repeated.
    #[arg(long, value_name = "KIND=PATH", value_parser = output)]
    pub output: Vec<(Format, PathBuf)>,
    /// The settings, in place of the flake's `cfgcheck.yaml`.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Judge ends of waivers as on this day instead of today, such as 2026-11-25.
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
    /// Most memory that one host may take, such as 8GiB; half of the machine's by default.
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub max_memory: Option<u64>,
    /// Deepest nesting of calls (Nix's setting; 10000 by default).
    #[arg(long, value_name = "N")]
    pub max_call_depth: Option<u32>,
}

/// A kind of laws.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// About each option that the flake's own modules declare: its type, its merging, its `apply`.
    Own,
    /// About each host, with `enable` options switched on and off.
    Toggles,
    /// About the library: its types, its properties, its `evalModules`.
    Lib,
    /// All of them.
    All,
}

/// Where cases come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seed {
    /// From this number.
    Fixed(u64),
    /// From a number that is drawn, and told.
    Random,
}

fn seed(text: &str) -> Result<Seed, String> {
    match text {
        "random" => Ok(Seed::Random),
        _ => text
            .parse()
            .map(Seed::Fixed)
            .map_err(|_| "write a number up to 18446744073709551615, or `random`".to_owned()),
    }
}

impl PropArgs {
    /// Whether laws of a kind are asked for.
    pub fn wants(&self, kind: Kind) -> bool {
        let usual = match self.lib {
            Some(_) => &[Kind::Lib][..],
            None => &[Kind::Own, Kind::Toggles],
        };
        let kinds = if self.laws.is_empty() { usual } else { &self.laws };
        kinds.contains(&kind) || kinds.contains(&Kind::All)
    }

    /// Returns the number of cases of each law on each option and host.
    pub fn cases(&self) -> u64 {
        self.cases.unwrap_or(CASES)
    }

    /// Returns the number of cases on a host with so many toggles: each alone, and some sets of them.
    pub fn flips(&self, toggles: usize) -> u64 {
        self.cases.unwrap_or(SETS.saturating_add(toggles as u64))
    }

    /// Returns the longest time of the run.
    pub fn most_time(&self) -> Option<Duration> {
        self.max_time.map(Duration::from_millis)
    }

    /// Returns what a run of `check` on the same flake is asked for.
    pub fn of_check(&self) -> CheckArgs {
        CheckArgs {
            flake: self.flake.clone(),
            host: self.host.clone(),
            system: Vec::new(),
            platform: Vec::new(),
            output: self.output.clone(),
            config: self.config.clone(),
            as_of: self.as_of,
            base: None,
            policies_only: false,
            no_baseline: self.no_baseline,
            color: self.color,
            deny_warnings: self.deny_warnings,
            flakes: self.flakes.clone(),
            limits: LimitArgs {
                max_memory: self.max_memory,
                // That of the whole run is not that of one host.
                max_time: None,
                max_call_depth: self.max_call_depth,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};
    use clap::Parser;

    fn args(line: &str) -> Result<PropArgs, String> {
        let words = ["cfgcheck", "prop"].into_iter().chain(line.split_whitespace());
        match Cli::try_parse_from(words).map_err(|error| error.to_string())?.command {
            Command::Prop(args) => Ok(*args),
            _ => Err("another command".into()),
        }
    }

    #[test]
    fn the_folder_of_regressions_is_told_apart_from_the_flake() {
        let given = args("--save ./fleet").unwrap();
        assert_eq!(
            (given.save, given.flake.as_str()),
            (Some(REGRESSIONS.into()), "./fleet")
        );
        let given = args("--save=cases ./fleet").unwrap();
        assert_eq!((given.save, given.flake.as_str()), (Some("cases".into()), "./fleet"));
        assert_eq!(args("").unwrap().save, None);
    }

    #[test]
    fn laws_about_the_library_are_on_request() {
        let kinds = |line: &str| {
            let args = args(line).unwrap();
            [Kind::Own, Kind::Toggles, Kind::Lib].map(|kind| args.wants(kind))
        };
        assert_eq!(kinds(""), [true, true, false]);
        assert_eq!(kinds("--laws lib"), [false, false, true]);
        assert_eq!(kinds("--laws own,lib"), [true, false, true]);
        assert_eq!(kinds("--laws all"), [true, true, true]);
        assert_eq!(kinds("--lib /x"), [false, false, true]);
        assert!(args("--lib /x ./flake").is_err() && args("--lib /x --host web").is_err());
    }

    #[test]
    fn a_seed_is_a_number_or_random() {
        assert_eq!(args("--seed 7").unwrap().seed, Some(Seed::Fixed(7)));
        assert_eq!(args("--seed random").unwrap().seed, Some(Seed::Random));
        assert!(args("--seed x").unwrap_err().contains("or `random`"));
        assert!(args("--cases 0").is_err());
    }
}
