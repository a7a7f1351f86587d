//! `cfgcheck verdict show`: what a verdict says.

use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, write_out};
use clap::Args;
use deploy::moment;
use deploy::verdict::{Envelope, Verdict};
use std::path::PathBuf;
use store::HashFormat;

/// Arguments of `cfgcheck verdict show`.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// The verdict, as `cfgcheck verdict sign` wrote it.
    file: PathBuf,
    /// Show each path of the closure with its hash.
    #[arg(long)]
    closure: bool,
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &ShowArgs) -> u8 {
    let read = machine.fs.read(&args.file).map_err(|error| error.to_string());
    let read = read.and_then(|bytes| {
        let why = |error| format!("'{}' is no verdict: {error}", args.file.display());
        Envelope::read(&bytes).map_err(why)
    });
    let (envelope, verdict) = match read {
        Ok(read) => read,
        Err(error) => {
            complain(&format!("error: {error}"));
            return exit::USAGE;
        }
    };
    let signers: Vec<&str> = envelope.signatures().iter().map(|one| one.key.as_str()).collect();
    let text = text(&verdict, &signers, args.closure);
    // Whoever wrote the file may have meant it for the terminal.
    match write_out(diag::clean(&text).as_bytes()) {
        Ok(()) => {
            complain("note: nothing of this is verified; `cfgcheck verdict verify` does that");
            exit::CLEAN
        }
        Err(error) => {
            complain(&format!("error: standard output cannot be written to: {error}"));
            exit::CANNOT_START
        }
    }
}

/// Returns what a verdict says, for people.
fn text(verdict: &Verdict, signers: &[&str], closure: bool) -> String {
    let sri = |hash: &store::Hash| hash.to_text(HashFormat::Sri, true);
    let signed = match signers.is_empty() {
        true => "nobody".to_owned(),
        false => format!("{} (by the name of the key)", signers.join(", ")),
    };
    let mut lines = vec![
        ("repository", verdict.repository.clone()),
        ("commit", verdict.commit.clone()),
        ("tree", verdict.tree.clone()),
        (
            "flake.lock",
            verdict.lock.as_ref().map_or_else(|| "none".to_owned(), sri),
        ),
        ("host", format!("{} ({})", verdict.host, verdict.system)),
        ("derivation", verdict.drv.to_path()),
        ("system", verdict.out.to_path()),
        ("closure", super::paths(verdict.closure.len())),
        ("made", moment(verdict.made)),
        ("expires", moment(verdict.expires)),
        ("signed by", signed),
    ];
    let results = &verdict.results;
    lines.push(("judged by", format!("{} {}", results.tool.name, results.tool.version)));
    for (stage, counts) in &results.stages {
        let named = [
            (counts.passed, "passed"),
            (counts.failed, "failed"),
            (counts.skipped, "skipped"),
            (counts.errored, "errored"),
            (counts.crashed, "crashed"),
        ];
        let told = named.iter().filter(|(count, _)| *count > 0);
        let told: Vec<String> = told.map(|(count, how)| format!("{count} {how}")).collect();
        lines.push((stage.name(), told.join(", ")));
    }
    let (errors, warnings, waived) = (results.errors, results.warnings, results.waived);
    lines.push((
        "findings",
        format!("{errors} errors, {warnings} warnings, {waived} waived"),
    ));
    let mut text: String = lines
        .iter()
        .map(|(name, value)| format!("{name:<11} {value}\n"))
        .collect();
    if closure {
        let paths = verdict.closure.iter();
        text.extend(paths.map(|(path, hash)| format!("{path} {}\n", sri(hash))));
    }
    text
}
