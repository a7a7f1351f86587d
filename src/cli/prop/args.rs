//! The command line of `cfgcheck prop`, and what the settings say where it says nothing.

use crate::args::{CheckArgs, JudgeArgs, LimitArgs, memory, millis};
use crate::config::{Kind, PathPattern, Pattern, Prop, Seed};
use ::check::source::REGRESSIONS;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// Cases of each law on each option and host, unless another number is asked for.
const CASES: u64 = 100;
/// Cases in which several toggles of a host are flipped at once, unless another number is asked for: one takes far
/// longer than one of an option.
const SETS: u64 = 10;

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
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(Seed))]
    pub seed: Option<Seed>,
    /// Keep counterexamples in this folder, prop-regressions by default; those in there are tried first on each run.
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, default_missing_value = REGRESSIONS)]
    pub save: Option<PathBuf>,
    #[command(flatten)]
    pub judge: JudgeArgs,
    /// Most memory that one host may take, such as 8GiB; half of the machine's by default.
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub max_memory: Option<u64>,
    /// Deepest nesting of calls (Nix's setting; 10000 by default).
    #[arg(long, value_name = "N")]
    pub max_call_depth: Option<u32>,
}

impl PropArgs {
    /// Returns the arguments of a run on what a check is asked for, with all else as the settings have it.
    pub fn of(check: &CheckArgs) -> PropArgs {
        PropArgs {
            laws: Vec::new(),
            lib: None,
            law: Vec::new(),
            module: Vec::new(),
            cases: None,
            max_time: None,
            seed: None,
            save: None,
            judge: check.judge.clone(),
            max_memory: check.limits.max_memory,
            max_call_depth: check.limits.max_call_depth,
        }
    }

    /// Returns what a run of `check` on the same flake is asked for.
    pub fn of_check(&self) -> CheckArgs {
        CheckArgs {
            judge: self.judge.clone(),
            limits: LimitArgs {
                max_memory: self.max_memory,
                // That of the whole run is not that of one host.
                max_time: None,
                max_call_depth: self.max_call_depth,
            },
            ..CheckArgs::default()
        }
    }

    /// Returns how the flake is to be tried: as the command line says, else as the settings do.
    pub fn plan(&self, settings: &Prop) -> Result<Plan, String> {
        let modules = self.module.iter().map(|text| PathPattern::try_from(text.clone()));
        let modules: Vec<PathPattern> = modules.collect::<Result<_, _>>()?;
        let hosts = crate::check::patterns(&self.judge.host)?;
        let usual = match self.lib {
            Some(_) => vec![Kind::Lib],
            None => vec![Kind::Own, Kind::Toggles],
        };
        let kinds = given(&self.laws, &settings.laws);
        Ok(Plan {
            kinds: if kinds.is_empty() { usual } else { kinds },
            hosts: given(&hosts, &settings.hosts),
            modules: given(&modules, &settings.modules),
            cases: self.cases.or(settings.cases.map(Into::into)),
            max_time: self
                .max_time
                .map(Duration::from_millis)
                .or(settings.max_time.map(|time| time.0)),
            seed: self.seed.or(settings.seed).unwrap_or(Seed::Fixed(0)),
        })
    }
}

/// Returns what the command line says, or what the settings do if it says nothing.
fn given<T: Clone>(line: &[T], settings: &[T]) -> Vec<T> {
    if line.is_empty() { settings } else { line }.to_vec()
}

/// How a flake or a library is to be tried.
#[derive(Debug)]
pub struct Plan {
    /// The kinds of laws that are asked for; never empty.
    pub kinds: Vec<Kind>,
    /// The hosts that are asked for; all if there is none.
    pub hosts: Vec<Pattern>,
    /// Where options are to be declared; anywhere if there is none.
    pub modules: Vec<PathPattern>,
    cases: Option<u64>,
    /// The longest time of the run.
    pub max_time: Option<Duration>,
    /// Where the cases come from.
    pub seed: Seed,
}

impl Plan {
    /// Whether laws of a kind are asked for.
    pub fn wants(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind) || self.kinds.contains(&Kind::All)
    }

    /// Returns the number of cases of each law on each option and host.
    pub fn cases(&self) -> u64 {
        self.cases.unwrap_or(CASES)
    }

    /// Returns the number of cases on a host with so many toggles: each alone, and some sets of them.
    pub fn flips(&self, toggles: usize) -> u64 {
        self.cases.unwrap_or(SETS.saturating_add(toggles as u64))
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
            (given.save, given.judge.flake.as_str()),
            (Some(REGRESSIONS.into()), "./fleet")
        );
        let given = args("--save=cases ./fleet").unwrap();
        assert_eq!(
            (given.save, given.judge.flake.as_str()),
            (Some("cases".into()), "./fleet")
        );
        assert_eq!(args("").unwrap().save, None);
    }

    #[test]
    fn laws_about_the_library_are_on_request() {
        let kinds = |line: &str| {
            let args = args(line).unwrap();
            let plan = args.plan(&Prop::default()).unwrap();
            [Kind::Own, Kind::Toggles, Kind::Lib].map(|kind| plan.wants(kind))
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

    #[test]
    fn the_command_line_wins_over_the_settings() {
        let settings = Prop {
            laws: vec![Kind::Toggles],
            hosts: vec![Pattern::any()],
            modules: vec![PathPattern::try_from("modules".to_owned()).unwrap()],
            cases: std::num::NonZeroU64::new(7),
            max_time: Some(check::settings::Time(Duration::from_secs(60))),
            seed: Some(Seed::Random),
        };
        let told = |line: &str| {
            let plan = args(line).unwrap().plan(&settings).unwrap();
            let hosts: Vec<String> = plan.hosts.iter().map(ToString::to_string).collect();
            let modules: Vec<String> = plan.modules.iter().map(ToString::to_string).collect();
            format!(
                "{:?} {hosts:?} {modules:?} {} {} {:?} {:?}",
                plan.kinds,
                plan.cases(),
                plan.flips(3),
                plan.max_time,
                plan.seed
            )
        };
        assert_eq!(told(""), "[Toggles] [\"*\"] [\"modules\"] 7 7 Some(60s) Random");
        let line = "--laws own --host web --module a.nix --cases 9 --max-time 5s --seed 1";
        assert_eq!(told(line), "[Own] [\"web\"] [\"a.nix\"] 9 9 Some(5s) Fixed(1)");
        let plan = args("").unwrap().plan(&Prop::default()).unwrap();
        assert_eq!((plan.cases(), plan.flips(3), plan.seed), (100, 13, Seed::Fixed(0)));
    }
}
