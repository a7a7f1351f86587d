//! `cfgcheck report`: a saved report in other forms, or published.

use crate::args::ColorArg;
use crate::exit;
use crate::machine::Machine;
use crate::outputs::{Format, Outputs, output};
use crate::publish::PublishArgs;
use crate::stream::complain;
use clap::{Args, Subcommand};
use diag::Severity;
use report::Secrets;
use std::path::{Path, PathBuf};

/// Arguments of `cfgcheck report`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck check --output json=report.json .
  cfgcheck report --from report.json                      read it again
  cfgcheck report --from report.json --output html=report.html --output markdown=comment.md
  cfgcheck report --from report.json --diff diff.json --output html=report.html
  cfgcheck report publish --from report.json --check --comment
")]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct ReportArgs {
    /// What to do instead of writing it in other forms.
    #[command(subcommand)]
    pub what: Option<What>,
    /// The report, as `--output json=…` wrote it.
    #[arg(long, value_name = "FILE", required = true)]
    pub from: Option<PathBuf>,
    /// A difference as `cfgcheck diff` wrote it in JSON, to show with the report.
    #[arg(long, value_name = "FILE")]
    pub diff: Option<PathBuf>,
    /// Write a report to a file or `-`: text, json, junit, jenkins, github, sarif, gitlab, markdown or html; may be repeated.
    #[arg(long, value_name = "KIND=PATH", value_parser = output)]
    pub output: Vec<(Format, PathBuf)>,
    /// When to use colours.
    #[arg(long, value_enum, default_value = "auto")]
    pub color: ColorArg,
    /// Let warnings make the report not clean.
    #[arg(long)]
    pub deny_warnings: bool,
}

/// What else can be done with a saved report.
#[derive(Subcommand, Debug)]
pub enum What {
    /// Publish it on GitHub, as a check run and a comment on the pull request.
    Publish(Box<PublishArgs>),
}

/// Runs the command and returns its exit code: 0 if all was written, whatever the report says.
pub fn run(machine: &Machine, args: &ReportArgs) -> u8 {
    let result = match (&args.what, &args.from) {
        (Some(What::Publish(args)), _) => return crate::publish::run(machine, args),
        (None, Some(from)) => write(machine, args, from),
        (None, None) => Err("name the report: --from FILE".into()),
    };
    match result {
        Ok(true) => exit::CLEAN,
        Ok(false) => exit::CANNOT_START,
        Err(error) => {
            complain(&format!("error: {error}"));
            exit::USAGE
        }
    }
}

fn write(machine: &Machine, args: &ReportArgs, from: &Path) -> Result<bool, String> {
    let read = |path: &Path| machine.fs.read(path).map_err(|error| error.to_string());
    let shown = |path: &Path, error: String| format!("'{}': {error}", path.display());
    let mut report = report::json::read(&read(from)?).map_err(|error| shown(from, error.to_string()))?;
    if let Some(path) = &args.diff {
        let diff = report::diff::json::read(&read(path)?).map_err(|error| shown(path, error.to_string()))?;
        report.diff = Some(diff);
    }
    // Somebody else may have written the file.
    Secrets::new().report(&mut report);
    report.sort();
    let outputs = Outputs {
        machine,
        asked: &args.output,
        format: None,
        color: args.color,
        deny: if args.deny_warnings {
            Severity::Warning
        } else {
            Severity::Error
        },
    };
    Ok(outputs.write(&report))
}
