//! `cfgcheck list options`: which options there are, and who has them.

use super::told;
use crate::args::{FlakeArgs, LimitArgs};
use crate::configurations::Configurations;
use crate::machine::Machine;
use clap::Args;
use diag::clean_line;
use nixos::{ReferenceEntry, Said};
use serde_json::json;
use std::fmt::Write;

/// Arguments of `cfgcheck list options`.
#[derive(Args, Debug)]
pub struct OptionsArgs {
    /// The host or home, by its name in the flake; all of them by default.
    pub host: Option<String>,
    /// The flake: a path or a reference.
    #[arg(long, value_name = "FLAKE", default_value = ".")]
    pub flake: String,
    /// List every option, and not only those that the flake itself declares.
    #[arg(long)]
    pub all: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub flakes: FlakeArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &OptionsArgs) -> u8 {
    match entries(machine, args) {
        Ok((entries, code)) => told(&if args.json { json(&entries) } else { text(&entries) }).max(code),
        Err(code) => code,
    }
}

/// Returns the options, and the exit code for hosts that do not evaluate.
fn entries(machine: &Machine, args: &OptionsArgs) -> Result<(Vec<ReferenceEntry>, u8), u8> {
    let mut all = Configurations::open(machine, &args.flake, &args.flakes, &args.limits)?;
    let chosen = all.chosen(args.host.as_deref())?;
    let (reference, code) = all.reference(machine, &chosen, args.all)?;
    Ok((reference.entries().0, code))
}

fn text(entries: &[ReferenceEntry]) -> String {
    let mut out = String::new();
    let mut kind = None;
    let width = |entry: &ReferenceEntry| entry.option.path.to_string().chars().count();
    let widest = entries.iter().map(width).max().unwrap_or(0).min(50);
    for entry in entries {
        if kind != Some(entry.kind) {
            let gap = if kind.is_some() { "\n" } else { "" };
            let _ = writeln!(out, "{gap}{}", entry.kind.output());
            kind = Some(entry.kind);
        }
        let declared = entry.option.places.first().map_or("", String::as_str);
        let path = entry.option.path.to_string();
        let of = entry.option.kind.as_deref().unwrap_or("unspecified");
        let _ = writeln!(out, "  {}", clean_line(&format!("{path:<widest$}  {declared}  {of}")));
    }
    if entries.is_empty() {
        out.push_str("the flake declares no options of its own; --all lists those of its inputs\n");
    }
    out
}

fn json(entries: &[ReferenceEntry]) -> String {
    let entries = entries.iter().map(|entry| {
        let option = &entry.option;
        json!({
            "path": option.path.to_string(),
            "output": entry.kind.output(),
            "type": option.kind,
            "default": option.default.as_ref().map(Said::text),
            "example": option.example.as_ref().map(Said::text),
            "description": option.description,
            "declared": option.places,
            "own": entry.own,
            "hidden": option.hidden,
            "read-only": option.read_only,
            "hosts": entry.hosts,
        })
    });
    let entries: Vec<_> = entries.collect();
    serde_json::to_string_pretty(&entries).expect("options are plain text") + "\n"
}
