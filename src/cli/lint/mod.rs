//! `cfgcheck lint`: rules on sources and locks, without evaluation and without a network.

mod place;

use crate::args::ColorArg;
use crate::check::{accepted, settings};
use crate::config;
use crate::exit;
use crate::machine::Machine;
use crate::outputs::{Format, Outputs, output};
use crate::stream::complain;
use ::check::baseline::Baseline;
use ::check::source::{self, Files};
use ::check::{Day, Gate, lock};
use clap::Args;
use diag::Severity;
use place::Place;
use report::{Case, Event, Recorder, Sink, Tool};
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
    let ids = ::check::rules().map(|rule| rule.id).chain(settings::OF_EVALUATION);
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
    let today = args.as_of.unwrap_or_else(|| Day::of(machine.clock.unix_time()));
    let mut gate = Gate::new(settings.rules.clone(), settings.waivers.clone(), today).with_baseline(baseline);
    let tree = place.tree(machine).map_err(wrong(exit::CANNOT_START))?;
    let own = accepted::OwnFiles {
        tree: tree.accessor.clone(),
    };
    let files = Files::read(tree.accessor.as_ref(), place.folder(), place.root(), &settings.exclude);
    let files = files.map_err(|error| wrong(exit::CANNOT_START)(error.to_string()))?;
    for nested in files.nested().iter().filter(|nested| place.is_asked_below(nested)) {
        let name = String::from_utf8_lossy(nested);
        recorder.take(&Event::Note(format!(
            "{name} is a flake of its own: `cfgcheck lint {name}` looks at it"
        )));
    }
    for missing in place.missing() {
        recorder.take(&Event::Note(format!("{missing} is not there")));
    }
    let request = source::Request {
        layout: &settings.layout,
        ids: &ids,
        lint: true,
        untracked: &|path| tree.is_untracked(path),
    };
    let mut cases = source::cases(&files, &request);
    let locks = lock::Files::read(
        tree.accessor.as_ref(),
        place.folder(),
        Some((machine.fs.as_ref(), &place.on_disk())),
    );
    let locks = locks.map_err(|error| wrong(exit::CANNOT_START)(error.to_string()))?;
    cases.extend(lock::cases(
        &locks,
        &lock::Request {
            inputs: &settings.inputs,
            today,
            lint: true,
        },
    ));
    for mut case in cases {
        place.narrow(&mut case);
        if let Some(case) = gate.admit(case, &own) {
            tell(&mut recorder, case);
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

fn tell(recorder: &mut Recorder, case: Case) {
    recorder.take(&Event::CaseStarted(case.subject.clone()));
    recorder.take(&Event::CaseFinished(case));
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
