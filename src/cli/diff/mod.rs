//! `cfgcheck diff`: what changes between two states of a flake, from evaluation alone.

pub(crate) mod states;
mod work;

use crate::args::{ColorArg, FlakeArgs, LimitArgs};
use crate::check::settings::Place;
use crate::check::{limits, patterns};
use crate::config::Config;
use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, write_out};
use clap::Args;
use report::diff::Diff;
use report::diff::text::DiffStyle;
use std::collections::BTreeSet;
use std::path::PathBuf;
use sys::{Mode, Stream};
use work::{Failed, Work};

/// Arguments of `cfgcheck diff`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck diff main                      the work tree against a branch
  cfgcheck diff main...                   against where this branch left main
  cfgcheck diff HEAD~1 HEAD               the last commit
  cfgcheck diff github:owner/repo .       against the flake of a forge
  cfgcheck diff main --output markdown=comment.md
")]
pub struct DiffArgs {
    /// What is compared with: a branch, a tag or a commit of the flake, or a whole flake reference.
    /// `A...` is where this branch left A.
    pub base: String,
    /// What is looked at; the files as they are by default.
    pub head: Option<String>,
    /// The flake whose revisions are meant.
    #[arg(long, value_name = "REF", default_value = ".")]
    pub flake: String,
    /// Only hosts whose name matches this pattern; may be repeated.
    #[arg(long, value_name = "PATTERN")]
    pub host: Vec<String>,
    /// Only what this output of the flake has, such as `nixosConfigurations`; may be repeated.
    #[arg(long, value_name = "OUTPUT")]
    pub of: Vec<String>,
    /// Compare hosts for this system too; may be repeated.
    #[arg(long, value_name = "SYSTEM")]
    pub platform: Vec<String>,
    /// Write a form: text, json or markdown, to a file or `-`; may be repeated.
    #[arg(long, value_name = "KIND=PATH", value_parser = output)]
    pub output: Vec<(Form, PathBuf)>,
    /// End with 1 if something differs.
    #[arg(long)]
    pub exit_code: bool,
    /// The settings, in place of the flake's `cfgcheck.yaml`.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// When to use colours.
    #[arg(long, value_enum)]
    pub color: Option<ColorArg>,
    #[command(flatten)]
    pub flakes: FlakeArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// A form of the difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// For a person.
    Text,
    /// For other programs.
    Json,
    /// For a comment on a pull request.
    Markdown,
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &DiffArgs) -> u8 {
    let diff = match compared(machine, args) {
        Ok(diff) => diff,
        Err(_) if sys::interrupted() => return exit::INTERRUPTED,
        Err(code) => return code,
    };
    let written = write(machine, args, &diff);
    if let Err(message) = &written {
        complain(&format!("error: {message}"));
    }
    match written {
        _ if sys::interrupted() => exit::INTERRUPTED,
        Err(_) => exit::CANNOT_START,
        Ok(()) if diff.is_incomplete() || args.exit_code && diff.differs() => exit::FINDINGS,
        Ok(()) => exit::CLEAN,
    }
}

/// Returns the difference; an error has been told, and is the exit code.
fn compared(machine: &Machine, args: &DiffArgs) -> Result<Diff, u8> {
    let wrong = |error: String| {
        complain(&format!("error: {error}"));
        exit::USAGE
    };
    let (base, head) = states::states(machine, &args.flake, &args.base, args.head.as_deref())
        .map_err(|error| wrong(error.to_string()))?;
    let hosts = patterns(&args.host).map_err(wrong)?;
    let place = Place {
        machine,
        asked: &head.asked,
        trust: args.flakes.trust,
        color: color(machine, args, Stream::Err),
    };
    let config = place.settings(args.config.as_deref())?.config;
    let limits = limits(machine, &args.limits, args.flakes.ifd, &config);
    let work = Work::new(machine, args, config, limits, hosts, base, head);
    work.diff().map_err(|failed| match failed {
        Failed::Usage(error) => wrong(error),
        Failed::Flake(text) => {
            complain(text.trim_end());
            exit::FINDINGS
        }
        Failed::Machine(text) => {
            complain(text.trim_end());
            exit::CANNOT_START
        }
    })
}

/// Returns the difference that a change makes to the files as they are; `unchanged` are the paths of configurations of which it is
/// known that they are the same, and `name` is how people call the base. An error is told in words.
pub(crate) fn of_change(
    machine: &Machine,
    args: &DiffArgs,
    name: &str,
    config: &Config,
    unchanged: &BTreeSet<String>,
) -> Result<Diff, String> {
    let (mut base, head) = states::states(machine, &args.flake, &args.base, None).map_err(|error| error.to_string())?;
    base.name = name.to_owned();
    let hosts = patterns(&args.host)?;
    let limits = limits(machine, &args.limits, args.flakes.ifd, config);
    let mut work = Work::new(machine, args, config.clone(), limits, hosts, base, head);
    work.unchanged.clone_from(unchanged);
    work.diff().map_err(|failed| match failed {
        Failed::Usage(text) | Failed::Flake(text) | Failed::Machine(text) => text,
    })
}

fn color(machine: &Machine, args: &DiffArgs, stream: Stream) -> bool {
    match args.color.unwrap_or(ColorArg::Auto) {
        ColorArg::Always => true,
        ColorArg::Never => false,
        ColorArg::Auto => machine.env.is_terminal(stream) && machine.env.text("NO_COLOR").is_none(),
    }
}

fn write(machine: &Machine, args: &DiffArgs, diff: &Diff) -> Result<(), String> {
    let default = [(Form::Text, PathBuf::from("-"))];
    let outputs = if args.output.is_empty() {
        &default[..]
    } else {
        &args.output
    };
    for (form, path) in outputs {
        let to_stdout = path.as_os_str() == "-";
        let text = match form {
            Form::Json => report::diff::json::write(diff),
            Form::Markdown => report::diff::markdown::write(diff),
            Form::Text => {
                let style = DiffStyle {
                    color: to_stdout && color(machine, args, Stream::Out),
                    width: machine.env.columns(Stream::Out).filter(|_| to_stdout).unwrap_or(80),
                };
                report::diff::text::write(diff, style)
            }
        };
        if to_stdout {
            write_out(text.as_bytes()).map_err(|error| format!("cannot write to standard output: {error}"))?;
        } else {
            let written = machine.fs.write_atomic(path, text.as_bytes(), Mode::default());
            written.map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

fn output(text: &str) -> Result<(Form, PathBuf), String> {
    let (kind, path) = text.split_once('=').unwrap_or((text, "-"));
    let form = match kind {
        "text" => Form::Text,
        "json" => Form::Json,
        "markdown" => Form::Markdown,
        other => {
            return Err(format!("there is no form '{other}'; there are text, json and markdown"));
        }
    };
    if path.is_empty() {
        return Err("the path is empty; `-` is standard output".into());
    }
    Ok((form, path.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_may_have_a_path() {
        assert_eq!(output("json"), Ok((Form::Json, "-".into())));
        assert_eq!(output("markdown=x.md"), Ok((Form::Markdown, "x.md".into())));
        assert!(output("html").is_err() && output("text=").is_err());
    }
}
