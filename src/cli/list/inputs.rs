//! `cfgcheck list inputs`.

use super::told;
use crate::args::FlakeArgs;
use crate::check::settings::Place;
use crate::exit;
use crate::machine::Machine;
use crate::session::{self, Asked};
use crate::stream::complain;
use ::check::Day;
use ::check::lock::inventory::{self, Row};
use ::check::lock::{Files, Request};
use ::check::settings::Inputs;
use clap::Args;
use flake::Lookup;
use flake::trust::Voice;

/// Arguments of `cfgcheck list inputs`.
#[derive(Args, Debug)]
pub struct InputsArgs {
    /// The flake: a path or a reference.
    #[arg(default_value = ".")]
    pub flake: String,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Judge ages as of this day instead of today, such as 2026-11-25.
    #[arg(long, value_name = "DAY")]
    pub as_of: Option<Day>,
    /// Never use the network.
    #[arg(long)]
    pub offline: bool,
    /// Trust the flake: let it lie on a private host, and its settings elsewhere.
    #[arg(long)]
    pub trust: bool,
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &InputsArgs) -> u8 {
    let asked = match session::asked(machine, &args.flake) {
        Ok(asked) => asked,
        Err(error) => return wrong(&error.to_string(), exit::USAGE),
    };
    if !asked.fragment.is_empty() {
        return wrong("`list inputs` takes a whole flake", exit::USAGE);
    }
    let place = Place {
        machine,
        asked: &asked,
        trust: args.trust,
        color: false,
    };
    let settings = match place.settings(None) {
        Ok(settings) => settings.config.inputs,
        Err(code) => return code,
    };
    let files = match files(machine, args, &asked) {
        Ok(files) => files,
        Err(error) => return wrong(&error, exit::CANNOT_START),
    };
    match rows(machine, args, &files, &settings) {
        Ok(rows) => told(&if args.json { json(&rows) } else { text(&rows) }),
        Err(error) => wrong(&error, exit::FINDINGS),
    }
}

fn wrong(message: &str, code: u8) -> u8 {
    complain(&format!("error: {message}"));
    code
}

/// Reads `flake.nix` and `flake.lock`, fetching the flake if it is elsewhere; its inputs are not fetched.
fn files(machine: &Machine, args: &InputsArgs, asked: &Asked) -> Result<Files, String> {
    let flake_args = FlakeArgs {
        offline: args.offline,
        trust: args.trust,
        ..FlakeArgs::default()
    };
    let mut notes = Vec::new();
    let flakes = session::flakes(machine, &flake_args, true, asked.root.as_deref(), &mut notes);
    for note in notes {
        complain(&format!("note: {note}"));
    }
    let reference = &asked.reference;
    let (input, dir) = if reference.input.is_direct() {
        (reference.input.clone(), None)
    } else {
        let resolved = flakes.registries.resolve(&reference.input, Lookup::Everywhere);
        resolved.map_err(|error| error.to_string())?
    };
    let dir = dir.unwrap_or_else(|| reference.dir.clone());
    let tree = flakes
        .fetcher
        .fetch(&input, Voice::User)
        .map_err(|error| error.to_string())?;
    let disk = asked.root.as_ref().map(|root| root.join(&dir));
    let disk = disk.as_deref().map(|folder| (machine.fs.as_ref(), folder));
    Files::read(tree.accessor.as_ref(), dir.as_bytes(), disk).map_err(|error| error.to_string())
}

fn rows(machine: &Machine, args: &InputsArgs, files: &Files, inputs: &Inputs) -> Result<Vec<Row>, String> {
    let today = args.as_of.unwrap_or_else(|| Day::of(machine.clock.unix_time()));
    let request = Request {
        inputs,
        today,
        lint: true,
    };
    inventory::inputs(files, &request)
}

fn json(rows: &[Row]) -> String {
    serde_json::to_string_pretty(rows).expect("rows are plain text") + "\n"
}

/// Returns two lines for each input: its name, class, revision, date and age, and below them what it refers to.
fn text(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "the flake has no inputs\n".into();
    }
    let shown = |text: &str| diag::clean_line(text).into_owned();
    let widest = rows
        .iter()
        .map(|row| shown(&row.name).chars().count())
        .max()
        .unwrap_or(0);
    let mut out = String::new();
    for row in rows {
        let class = match (row.class, &row.follows) {
            (Some(class), _) => class.name(),
            (None, Some(_)) => "follows",
            (None, None) => "folder",
        };
        let revision = row.revision.as_deref().map_or("", |rev| &rev[..rev.len().min(7)]);
        let date = row.date.map(|day| day.to_string()).unwrap_or_default();
        let name = shown(&row.name);
        let line = format!("{name:<widest$}  {class:<7}  {revision:<7}  {date:<10}  {}", state(row));
        out.push_str(line.trim_end());
        out.push('\n');
        if let Some(place) = row.reference.as_ref().or(row.follows.as_ref()) {
            out.push_str(&format!("    {}\n", shown(place)));
        }
        for (inner, target) in &row.inputs {
            out.push_str(&format!("    {} follows {}\n", shown(inner), shown(target)));
        }
    }
    out
}

/// Returns the age of an input, and whether that is too old.
fn state(row: &Row) -> String {
    let is_old = |age: i64| row.max_age.is_some_and(|most| age > i64::from(most));
    match row.age {
        _ if !row.locked => "not locked".into(),
        Some(1) => "1 day".into(),
        Some(age) if is_old(age) => format!("{age} days, too old"),
        Some(age) => format!("{age} days"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_input_takes_two_lines() {
        let row = |name: &str, age: Option<i64>| Row {
            name: name.into(),
            class: Some(::check::settings::Class::Stable),
            class_is_set: false,
            reference: Some("github:NixOS/nixpkgs/nixos-26.05".into()),
            follows: None,
            revision: Some("5c52261a3f3ff828d1aa6870c27f9c6410505e3b".into()),
            date: "2026-11-21".parse().ok(),
            age,
            max_age: Some(30),
            locked: true,
            inputs: vec![],
        };
        let rows = [
            row("nixpkgs", Some(4)),
            Row {
                inputs: vec![("nixpkgs".into(), "nixpkgs".into())],
                ..row("tools-\u{1b}[1m", Some(31))
            },
            Row {
                class: None,
                reference: None,
                revision: None,
                date: None,
                follows: Some("nixpkgs".into()),
                ..row("same", None)
            },
            Row {
                locked: false,
                class: None,
                revision: None,
                date: None,
                reference: Some("path:./own".into()),
                ..row("own", None)
            },
        ];
        let expected = "\
nixpkgs     stable   5c52261  2026-11-21  4 days
    github:NixOS/nixpkgs/nixos-26.05
tools-␛[1m  stable   5c52261  2026-11-21  31 days, too old
    github:NixOS/nixpkgs/nixos-26.05
    nixpkgs follows nixpkgs
same        follows
    nixpkgs
own         folder                        not locked
    path:./own
";
        assert_eq!(text(&rows), expected);
        assert_eq!(text(&[]), "the flake has no inputs\n");
        let read: serde_json::Value = serde_json::from_str(&json(&rows)).unwrap();
        assert_eq!(read.as_array().unwrap().len(), 4);
    }
}
