//! `cfgcheck check`: every host for every architecture, one case each.

pub mod accepted;
mod base;
mod crew;
mod exclude;
mod findings;
mod memo;
mod rules;
pub(crate) mod run;
pub(crate) mod secrets;
pub mod settings;

use crate::args::{CheckArgs, ColorArg, Ifd, LimitArgs};
use crate::config::{self, Config, Pattern};
use crate::exit;
use crate::machine::Machine;
use crate::outputs::Outputs;
use crate::prop::laws;
use crate::session;
use crate::stream::complain;
use ::check::baseline::{self, Baseline};
use diag::Severity;
use eval::Settings;
use report::{Report, Secrets};
pub(crate) use run::Run;
use settings::Place;
use std::collections::BTreeSet;
use std::path::PathBuf;
use sys::{Mode, Stream};

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &CheckArgs) -> u8 {
    match judge(machine, args) {
        Ok(done) => done.told(machine, args),
        Err(code) => code,
    }
}

/// Checks a flake and keeps its findings in the baseline beside it; returns the exit code.
pub fn write_baseline(machine: &Machine, args: &CheckArgs) -> u8 {
    match judge(machine, args) {
        Ok(done) => keep_findings(machine, done, is_of_others),
        Err(code) => code,
    }
}

/// Whether a rule is one of `cfgcheck prop` or `cfgcheck vm`, which `check` does not find.
pub(crate) fn is_of_others(rule: &str) -> bool {
    is_law(rule) || ::vm::finding::ids().any(|id| id == rule)
}

/// Returns the ids of the rules of all commands, without policies.
pub(crate) fn rule_ids<'i>() -> impl Iterator<Item = &'i str> {
    // Of a shorter life than theirs, so that ids of policies can stand behind them.
    let rules = ::check::rules().map(|rule| rule.id);
    let all = rules.chain(laws().map(|law| law.id)).chain(::vm::finding::ids());
    all.map(|id| -> &'i str { id })
}

/// Whether a rule is a law of `cfgcheck prop`.
pub(crate) fn is_law(rule: &str) -> bool {
    laws().any(|law| law.id == rule)
}

/// Keeps the findings of a run as the baseline beside its flake, with those that the baseline has of the rules of
/// other commands; returns the exit code.
pub(crate) fn keep_findings(machine: &Machine, done: Done, of_others: impl Fn(&str) -> bool) -> u8 {
    if sys::interrupted() {
        return exit::INTERRUPTED;
    }
    let Some(folder) = done.folder.filter(|_| !done.cannot_start) else {
        complain("error: a baseline is kept beside a flake.nix on this machine, and this flake is elsewhere");
        return exit::CANNOT_START;
    };
    let baseline = Baseline::of(&done.report).keeping(&done.baseline, of_others);
    let path = folder.join(baseline::FILE);
    if let Err(error) = machine
        .fs
        .write_atomic(&path, baseline.to_text().as_bytes(), Mode::default())
    {
        complain(&format!("error: {error}"));
        return exit::CANNOT_START;
    }
    let findings = if baseline.len() == 1 { "finding" } else { "findings" };
    complain(&format!("{} {findings} written to {}", baseline.len(), path.display()));
    exit::CLEAN
}

/// What a run gave.
pub(crate) struct Done {
    config: Config,
    /// What was found.
    pub(crate) report: Report,
    deny: Severity,
    /// Whether the network or the disk kept the run from starting.
    pub(crate) cannot_start: bool,
    /// What has read nothing that changed since the state that the run is compared with, by its path.
    pub(crate) unchanged: BTreeSet<String>,
    /// What must not be told.
    pub(crate) secrets: Secrets,
    /// The baseline as it was.
    baseline: Baseline,
    /// The folder of the flake, if it is on the disk.
    folder: Option<PathBuf>,
}

impl Done {
    /// Returns the report of a run that could begin and list what the flake has; nothing of another one.
    pub(crate) fn report_of_a_whole_run(&self) -> Option<&Report> {
        let failed = |case: &report::Case| case.subject.host.is_none() && case.outcome == report::Outcome::Errored;
        let is_whole = !self.cannot_start && !self.report.cases.iter().any(failed);
        is_whole.then_some(&self.report)
    }

    /// Writes the report in all forms that are asked for, and returns the exit code.
    pub(crate) fn told(&self, machine: &Machine, args: &CheckArgs) -> u8 {
        let outputs = Outputs {
            machine,
            asked: &args.judge.output,
            format: self.config.output.format,
            color: color_arg(args, &self.config),
            deny: self.deny,
        };
        let written = outputs.write(&self.report);
        if sys::interrupted() {
            exit::INTERRUPTED
        } else if !written || self.cannot_start {
            exit::CANNOT_START
        } else {
            self.report.verdict(self.deny).exit_code()
        }
    }

    /// Writes what there is beside a plan, which has been told, and returns the exit code: a report only if something could not
    /// be planned.
    pub(crate) fn told_with_plan(&self, machine: &Machine, args: &CheckArgs) -> u8 {
        if !self.report.cases.is_empty() || self.cannot_start || sys::interrupted() {
            return self.told(machine, args);
        }
        let notes = self.report.notes.iter();
        notes.for_each(|note| complain(&format!("note: {}", diag::clean_line(note))));
        exit::CLEAN
    }
}

/// Runs the checks; an error has been told, and is the exit code.
fn judge(machine: &Machine, args: &CheckArgs) -> Result<Done, u8> {
    let (asked, mut run) = prepared(machine, args, "check")?;
    run.everything(&asked);
    let folder = run.disk(&asked);
    run.done(folder)
}

/// Returns the run that arguments ask for, which has judged nothing yet, and its flake; an error has been told, and
/// is the exit code.
pub(crate) fn prepared<'r>(
    machine: &'r Machine,
    args: &'r CheckArgs,
    command: &str,
) -> Result<(session::Asked, Run<'r>), u8> {
    let asked = session::asked(machine, &args.judge.flake).map_err(|error| wrong(error.to_string()))?;
    if !asked.fragment.is_empty() {
        return Err(wrong(format!(
            "`{command}` takes a whole flake; use --host to choose from it"
        )));
    }
    let run = prepared_on(machine, args, &asked)?;
    Ok((asked, run))
}

/// Returns the run that arguments ask for on a flake, which has judged nothing yet; an error has been told, and is the exit code.
pub(crate) fn prepared_on<'r>(
    machine: &'r Machine,
    args: &'r CheckArgs,
    asked: &session::Asked,
) -> Result<Run<'r>, u8> {
    let place = Place {
        machine,
        asked,
        trust: args.judge.flakes.trust,
        color: color(machine, args, &Config::default(), Stream::Err),
    };
    let settings = place.settings(args.judge.config.as_deref())?;
    let policies = place.policies()?;
    let known: Vec<&str> = rule_ids().chain(policies.documents().map(|policy| policy.id)).collect();
    let mistakes = settings.unknown_rules(&known);
    if !mistakes.is_empty() {
        return Err(place.wrong(&mistakes, &settings.sources, &settings.root));
    }
    let baseline = if args.judge.no_baseline {
        Baseline::default()
    } else {
        place.baseline()?
    };
    let mut run = Run::new(machine, args, settings)?;
    run.policies = policies;
    run.baseline.clone_from(&baseline);
    run.gate = std::mem::take(&mut run.gate).with_baseline(baseline);
    Ok(run)
}

/// Tells wrong usage, and returns the exit code.
pub(crate) fn wrong(error: String) -> u8 {
    complain(&format!("error: {error}"));
    exit::USAGE
}

/// Returns the patterns that texts are.
pub(crate) fn patterns(texts: &[String]) -> Result<Vec<Pattern>, String> {
    texts.iter().map(|t| Pattern::try_from(t.clone())).collect()
}

pub(crate) fn color_arg(args: &CheckArgs, config: &Config) -> ColorArg {
    args.judge.color.unwrap_or(match config.output.color {
        config::Color::Auto => ColorArg::Auto,
        config::Color::Always => ColorArg::Always,
        config::Color::Never => ColorArg::Never,
    })
}

fn color(machine: &Machine, args: &CheckArgs, config: &Config, stream: Stream) -> bool {
    match color_arg(args, config) {
        ColorArg::Always => true,
        ColorArg::Never => false,
        ColorArg::Auto => machine.env.is_terminal(stream) && machine.env.text("NO_COLOR").is_none(),
    }
}

/// Returns what is wrong with patterns of hosts, one of which none of the flake's fits; nothing if all do.
pub fn unknown_host<'n>(asked_for: &[Pattern], known: impl Iterator<Item = &'n str> + Clone) -> Option<String> {
    let fits = |pattern: &&Pattern| known.clone().any(|name| pattern.matches(name));
    let unknown = asked_for.iter().find(|pattern| !fits(pattern))?.to_string();
    let help = match yaml::nearest(&unknown, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`cfgcheck list hosts` has them all".to_owned(),
    };
    Some(format!("the flake has no host or home `{unknown}`\nhelp: {help}"))
}

/// Longest time of one evaluation unless another is asked for, in milliseconds: 10 minutes. A host
/// takes seconds.
const DEFAULT_MILLIS: u64 = 600_000;

/// Returns the limits of each evaluation: those of the command line, else those of the settings,
/// which may come from the flake under test and so can only be lower than cfgcheck's own.
pub(crate) fn limits(machine: &Machine, asked: &LimitArgs, ifd: Ifd, config: &Config) -> LimitArgs {
    let most = Settings::default().max_call_depth;
    let own = &config.limits;
    LimitArgs {
        max_memory: asked
            .max_memory
            .or_else(|| own.max_memory.map(|m| m.0.min(machine.max_memory(None)))),
        max_time: asked.max_time.or_else(|| {
            // What Nix builds meanwhile counts too, and takes as long as it takes.
            let most = if ifd != Ifd::Error { u64::MAX } else { DEFAULT_MILLIS };
            let wanted = own.max_time.map(|t| u64::try_from(t.0.as_millis()).unwrap_or(u64::MAX));
            Some(wanted.unwrap_or(most).min(most))
        }),
        max_call_depth: asked
            .max_call_depth
            .or_else(|| own.max_call_depth.map(|d| d.get().min(most))),
    }
}
