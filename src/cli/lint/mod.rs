//! `cfgcheck lint`: rules on sources and locks, without evaluation and without a network.

mod place;

use crate::args::ColorArg;
use crate::check::{accepted, settings};
use crate::config::{self, Config};
use crate::exit;
use crate::machine::Machine;
use crate::outputs::{Format, Outputs, output};
use crate::stream::complain;
use ::check::baseline::Baseline;
use ::check::source::{self, Files};
use ::check::{Day, Gate, lock};
use clap::Args;
use diag::Severity;
use flake::tree::{TreeError, join};
use place::Place;
use report::{Case, Event, Recorder, RuleDoc, Sink, Tool};
use std::path::PathBuf;
use std::time::Duration;
use sys::Stream;

/// Arguments of `cfgcheck lint`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck lint                          the repository of this folder
  cfgcheck lint hosts/web/default.nix    only what is found in this file
  cfgcheck lint --output github=-        for the log of GitHub Actions
")]
pub struct LintArgs {
    /// Only findings in these files and folders; the whole repository is looked at all the same.
    pub files: Vec<PathBuf>,
    /// Write a report in this form to a file or `-`: text, json, junit, github, sarif, gitlab or markdown; may be repeated.
    #[arg(long, value_name = "KIND=PATH", value_parser = output)]
    pub output: Vec<(Format, PathBuf)>,
    /// The settings, in place of the flake's `cfgcheck.yaml`.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Judge ages and ends as on this day instead of today, such as 2026-11-25.
    #[arg(long, value_name = "DAY")]
    pub as_of: Option<Day>,
    /// Accept no finding because of a baseline.
    #[arg(long)]
    pub no_baseline: bool,
    /// When to use colours.
    #[arg(long, value_enum)]
    pub color: Option<ColorArg>,
    /// Let warnings fail the run too.
    #[arg(long)]
    pub deny_warnings: bool,
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &LintArgs) -> u8 {
    match judge(machine, args) {
        Ok(code) | Err(code) => code,
    }
}

fn judge(machine: &Machine, args: &LintArgs) -> Result<u8, u8> {
    let wrong = |code: u8| {
        move |error: String| {
            complain(&format!("error: {error}"));
            code
        }
    };
    let place = Place::find(machine, &args.files).map_err(wrong(exit::USAGE))?;
    let asked = place.asked();
    let beside = settings::Place {
        machine,
        asked: &asked,
        trust: false,
        color: is_colored(machine, args, config::Color::Auto, Stream::Err),
    };
    let settings = beside.settings(args.config.as_deref())?;
    let policies = beside.policies()?;
    let ids = crate::check::rule_ids().chain(settings::OF_EVALUATION);
    let ids: Vec<&str> = ids.chain(policies.documents().map(|policy| policy.id)).collect();
    let mistakes = settings.unknown_rules(&ids);
    if !mistakes.is_empty() {
        return Err(beside.wrong(&mistakes, &settings.sources, &settings.root));
    }
    let baseline = if args.no_baseline {
        Baseline::default()
    } else {
        beside.baseline()?
    };
    let settings = settings.config;
    let started = machine.clock.monotonic();
    let mut recorder = Recorder::new();
    recorder.take(&Event::RunStarted {
        tool: Tool::default(),
        flake: place.shown(),
        started: Duration::ZERO,
    });
    for rule in ::check::rules() {
        recorder.take(&Event::RuleKnown(RuleDoc {
            id: rule.id.into(),
            title: rule.title.into(),
            why: rule.why.into(),
            fix: rule.fix.into(),
        }));
    }
    let today = args.as_of.unwrap_or_else(|| Day::of(machine.clock.unix_time()));
    let mut gate = Gate::new(settings.rules.clone(), settings.waivers.clone(), today).with_baseline(baseline);
    let tree = place.tree(machine).map_err(wrong(exit::CANNOT_START))?;
    let own = accepted::OwnFiles {
        tree: tree.accessor.clone(),
    };
    let rules = Rules {
        machine,
        place: &place,
        settings: &settings,
        ids: &ids,
        today,
    };
    let (cases, notes) = rules
        .apply(&tree)
        .map_err(|error| wrong(exit::CANNOT_START)(error.to_string()))?;
    for note in notes {
        recorder.take(&Event::Note(note));
    }
    for mut case in cases {
        place.narrow(&mut case);
        if let Some(case) = gate.admit(case, &own) {
            recorder.take(&Event::CaseStarted(case.subject.clone()));
            recorder.take(&Event::CaseFinished(case));
        }
    }
    let duration = machine.clock.monotonic().saturating_sub(started);
    recorder.take(&Event::RunFinished { duration });
    let report = recorder.finish();
    let deny = match settings.output.deny {
        config::Deny::Error if !args.deny_warnings => Severity::Error,
        _ => Severity::Warning,
    };
    let outputs = Outputs {
        machine,
        asked: &args.output,
        format: settings.output.format,
        color: args.color.unwrap_or_else(|| as_asked(settings.output.color)),
        deny,
    };
    Ok(match outputs.write(&report) {
        true => report.verdict(deny).exit_code(),
        false => exit::CANNOT_START,
    })
}

/// What the rules are applied with.
struct Rules<'r> {
    machine: &'r Machine,
    place: &'r Place,
    settings: &'r Config,
    /// The ids of all rules and policies.
    ids: &'r [&'r str],
    today: Day,
}

impl Rules<'_> {
    /// Returns what the rules say of a tree, and what is worth noting.
    fn apply(&self, tree: &place::Tree) -> Result<(Vec<Case>, Vec<String>), TreeError> {
        let (accessor, folder) = (tree.accessor.as_ref(), self.place.folder());
        let files = Files::read(accessor, folder, self.place.root(), &self.settings.exclude)?;
        let nested = files.nested().iter().filter(|nested| self.place.is_asked_below(nested));
        let nested = nested.map(|nested| {
            let name = String::from_utf8_lossy(nested);
            format!("{name} is a flake of its own: `cfgcheck lint {name}` looks at it")
        });
        let missing = self.place.missing().iter().map(|name| format!("{name} is not there"));
        let notes = nested.chain(missing).collect();
        let request = source::Request {
            layout: &self.settings.layout,
            ids: self.ids,
            lint: true,
            untracked: &|path| tree.is_untracked(path),
        };
        let mut cases = source::cases(&files, &request);
        if files.get(&join(folder, b"flake.nix")).is_some() {
            let disk = self.place.on_disk();
            let locks = lock::Files::read(accessor, folder, Some((self.machine.fs.as_ref(), &disk)))?;
            let request = lock::Request {
                inputs: &self.settings.inputs,
                today: self.today,
                lint: true,
            };
            cases.extend(lock::cases(&locks, &request));
        }
        Ok((cases, notes))
    }
}

fn as_asked(color: config::Color) -> ColorArg {
    match color {
        config::Color::Auto => ColorArg::Auto,
        config::Color::Always => ColorArg::Always,
        config::Color::Never => ColorArg::Never,
    }
}

fn is_colored(machine: &Machine, args: &LintArgs, color: config::Color, stream: Stream) -> bool {
    match args.color.unwrap_or_else(|| as_asked(color)) {
        ColorArg::Always => true,
        ColorArg::Never => false,
        ColorArg::Auto => machine.env.is_terminal(stream) && machine.env.text("NO_COLOR").is_none(),
    }
}
