//! `cfgcheck check`: every host for every architecture, one case each.

mod exclude;
mod findings;
mod run;

use crate::args::{CheckArgs, ColorArg, Ifd, LimitArgs, OutputKind};
use crate::config::{self, Config, Pattern};
use crate::exit;
use crate::machine::Machine;
use crate::progress::Progress;
use crate::session::{self, Asked};
use crate::stream::{complain, complain_styled, write_out};
use diag::{Severity, SourceMap, Style};
use eval::Settings;
use report::text::TextStyle;
use report::{Recorder, Report};
use run::Run;
use std::collections::BTreeSet;
use std::path::Path;
use sys::{Mode, Stream};

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &CheckArgs) -> u8 {
    let asked = match session::asked(machine, &args.flake) {
        Ok(asked) => asked,
        Err(error) => {
            complain(&format!("error: {error}"));
            return exit::USAGE;
        }
    };
    if !asked.fragment.is_empty() {
        complain("error: `check` takes a whole flake; use --host and --system to choose from it");
        return exit::USAGE;
    }
    let config = match read_config(machine, args, &asked) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let patterns = (patterns(&args.host), patterns(&args.system));
    let (hosts, systems) = match patterns {
        (Ok(hosts), Ok(systems)) => (hosts, systems),
        (Err(error), _) | (_, Err(error)) => {
            complain(&format!("error: {error}"));
            return exit::USAGE;
        }
    };
    let limits = limits(machine, args, &config);
    let mut run = Run {
        machine,
        args,
        config,
        limits,
        hosts,
        systems,
        recorder: Recorder::new(),
        progress: Progress::new(machine),
        root: Vec::new(),
        folder: Vec::new(),
        cannot_start: false,
        unlisted: BTreeSet::new(),
    };
    run.everything(&asked);
    let deny = if args.deny_warnings {
        Severity::Warning
    } else {
        run.deny()
    };
    let report = run.recorder.finish();
    let written = write_reports(machine, args, &run.config, &report, deny);
    if let Err(message) = &written {
        complain(&format!("error: {message}"));
    }
    if sys::interrupted() {
        exit::INTERRUPTED
    } else if written.is_err() || run.cannot_start {
        exit::CANNOT_START
    } else {
        report.verdict(deny).exit_code()
    }
}

fn patterns(texts: &[String]) -> Result<Vec<Pattern>, String> {
    texts.iter().map(|t| Pattern::try_from(t.clone())).collect()
}

/// Returns the settings: of `--config`, or of the flake's folder, or the defaults.
fn read_config(machine: &Machine, args: &CheckArgs, asked: &Asked) -> Result<Config, u8> {
    let path = match (&args.config, &asked.root) {
        (Some(path), _) => path.clone(),
        (None, Some(root)) => root.join(&asked.reference.dir).join("cfgcheck.yaml"),
        (None, None) => return Ok(Config::default()),
    };
    if args.config.is_none() && !args.flakes.trust && leads_out(machine, asked, &path) {
        complain(&format!(
            "error: '{}' is a link that leads out of the flake; --trust allows it for a flake that you trust",
            path.display()
        ));
        return Err(exit::USAGE);
    }
    let bytes = match machine.fs.read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.is_absent() && args.config.is_none() => return Ok(Config::default()),
        Err(error) => {
            complain(&format!("error: {error}"));
            return Err(exit::USAGE);
        }
    };
    let mut sources = SourceMap::new();
    config::read(&mut sources, path.as_os_str().as_encoded_bytes(), &bytes).map_err(|diagnostic| {
        let style = Style {
            color: color(machine, args, &Config::default(), Stream::Err),
            ..Style::default()
        };
        let root = path
            .parent()
            .map(|p| p.as_os_str().as_encoded_bytes().to_vec())
            .unwrap_or_default();
        complain_styled(diag::render(&diagnostic, &sources, &root, style).trim_end());
        exit::USAGE
    })
}

/// Whether the settings of the flake under test lie elsewhere: messages quote them, and what a flake
/// may not read must not be shown either.
fn leads_out(machine: &Machine, asked: &Asked, path: &Path) -> bool {
    let Some(root) = &asked.root else { return false };
    match (machine.fs.canonicalize(root), machine.fs.canonicalize(path)) {
        (Ok(root), Ok(real)) => !real.starts_with(root),
        // What is absent leads nowhere; what cannot be told is told when it is read.
        _ => false,
    }
}

fn color(machine: &Machine, args: &CheckArgs, config: &Config, stream: Stream) -> bool {
    let wanted = args.color.unwrap_or(match config.output.color {
        config::Color::Auto => ColorArg::Auto,
        config::Color::Always => ColorArg::Always,
        config::Color::Never => ColorArg::Never,
    });
    match wanted {
        ColorArg::Always => true,
        ColorArg::Never => false,
        ColorArg::Auto => machine.env.is_terminal(stream) && machine.env.text("NO_COLOR").is_none(),
    }
}

/// Longest time of one evaluation unless another is asked for, in milliseconds: 10 minutes. A host
/// takes seconds.
const DEFAULT_MILLIS: u64 = 600_000;

/// Returns the limits of each evaluation: those of the command line, else those of the settings,
/// which may come from the flake under test and so can only be lower than cfgcheck's own.
fn limits(machine: &Machine, args: &CheckArgs, config: &Config) -> LimitArgs {
    let most = Settings::default().max_call_depth;
    let own = &config.limits;
    LimitArgs {
        max_memory: args
            .limits
            .max_memory
            .or_else(|| own.max_memory.map(|m| m.0.min(machine.max_memory(None)))),
        max_time: args.limits.max_time.or_else(|| {
            // What Nix builds meanwhile counts too, and takes as long as it takes.
            let most = if args.flakes.ifd == Ifd::Nix {
                u64::MAX
            } else {
                DEFAULT_MILLIS
            };
            let asked = own.max_time.map(|t| u64::try_from(t.0.as_millis()).unwrap_or(u64::MAX));
            Some(asked.unwrap_or(most).min(most))
        }),
        max_call_depth: args
            .limits
            .max_call_depth
            .or_else(|| own.max_call_depth.map(|d| d.get().min(most))),
    }
}

fn write_reports(
    machine: &Machine,
    args: &CheckArgs,
    config: &Config,
    report: &Report,
    deny: Severity,
) -> Result<(), String> {
    let kind = match config.output.format {
        config::Format::Text => OutputKind::Text,
        config::Format::Json => OutputKind::Json,
        config::Format::Junit => OutputKind::Junit,
    };
    let default = [(kind, "-".into())];
    let to_stdout = args.output.iter().any(|(_, path)| path.as_os_str() == "-");
    let outputs = args.output.iter().chain(if to_stdout { &[][..] } else { &default });
    let mut failed = Vec::new();
    for (kind, path) in outputs {
        let terminal = path.as_os_str() == "-";
        let text = match kind {
            OutputKind::Text => {
                let style = TextStyle {
                    color: terminal && color(machine, args, config, Stream::Out),
                    width: machine.env.columns(Stream::Out).filter(|_| terminal).unwrap_or(80),
                    ..TextStyle::default()
                };
                report::text::write(report, deny, style)
            }
            OutputKind::Json => report::json::write(report, deny),
            OutputKind::Junit => match report::junit::write(report) {
                Ok(text) => text,
                Err(error) => {
                    failed.push(error.to_string());
                    continue;
                }
            },
        };
        // What cannot be written must not keep the other reports from being written.
        if terminal {
            if let Err(error) = write_out(text.as_bytes()) {
                failed.push(format!("cannot write the report to standard output: {error}"));
            }
        } else if let Err(error) = machine.fs.write_atomic(path, text.as_bytes(), Mode::default()) {
            failed.push(error.to_string());
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(failed.join("\nerror: "))
    }
}
