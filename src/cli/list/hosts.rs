//! `cfgcheck list hosts`: the hosts and homes of a flake, and the systems that they are judged for.

use super::told;
use crate::args::{FlakeArgs, LimitArgs};
use crate::check::settings::Place;
use crate::configurations::Configurations;
use crate::exit;
use crate::machine::Machine;
use crate::session;
use crate::stream::complain;
use clap::Args;
use diag::{Span, clean_line};
use serde::Serialize;
use sys::Stream;

/// Arguments of `cfgcheck list hosts`.
#[derive(Args, Debug)]
pub struct HostsArgs {
    /// The flake: a path or a reference.
    #[arg(default_value = ".")]
    pub flake: String,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub flakes: FlakeArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// A host or a home.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Row {
    name: String,
    /// The output that it is of, such as `nixosConfigurations`.
    output: &'static str,
    /// The system that it sets itself; none where that cannot be evaluated.
    system: Option<String>,
    /// The other systems that `check` judges it for.
    platforms: Vec<String>,
    tags: Vec<String>,
    /// Where the flake says that there is this host, as `FILE:LINE:COLUMN`.
    defined: Option<String>,
    /// Why it cannot be listed fully.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &HostsArgs) -> u8 {
    match rows(machine, args) {
        Ok(rows) => {
            let told = told(&if args.json { json(&rows) } else { text(&rows) });
            let broken = rows.iter().any(|row| row.error.is_some());
            if told == exit::CLEAN && broken {
                exit::FINDINGS
            } else {
                told
            }
        }
        Err(code) => code,
    }
}

fn rows(machine: &Machine, args: &HostsArgs) -> Result<Vec<Row>, u8> {
    let asked = session::asked(machine, &args.flake).map_err(|error| {
        complain(&format!("error: {error}"));
        exit::USAGE
    })?;
    let place = Place {
        machine,
        asked: &asked,
        trust: args.flakes.trust,
        color: machine.env.is_terminal(Stream::Err) && machine.env.text("NO_COLOR").is_none(),
    };
    let config = place.settings(None)?.config;
    let mut all = Configurations::open(machine, &args.flake, &args.flakes, &args.limits)?;
    let mut rows = Vec::new();
    for target in all.targets.clone() {
        let (ev, view) = all.parts();
        let system = ev.contained(|ev| nixos::System::of(ev, &target, None));
        let (system, error) = match system {
            Ok(system) => (system.platform().map(str::to_owned), None),
            Err(_) => (None, Some(ev.take_error().message)),
        };
        let span = Span::new(target.pos, target.pos.offset(1));
        let defined = ev.sources.place(span, view.root);
        let platforms = match target.kind {
            nixos::Kind::Nixos => config.platforms_of(&target.name).unwrap_or_default(),
            _ => &[],
        };
        let platforms = platforms.iter().map(|platform| platform.as_str().to_owned());
        rows.push(Row {
            output: target.kind.output(),
            platforms: platforms.filter(|platform| Some(platform) != system.as_ref()).collect(),
            tags: config.policies.tags_of(&target.name),
            defined: defined.map(|place| format!("{}:{}:{}", place.file, place.line, place.column)),
            name: target.name,
            system,
            error,
        });
    }
    Ok(rows)
}

fn json(rows: &[Row]) -> String {
    serde_json::to_string_pretty(rows).expect("rows are plain text") + "\n"
}

/// Returns one line for each host, by outputs.
fn text(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "the flake has no hosts and no homes\n".into();
    }
    let width = |of: &dyn Fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let widest = width(&|row| row.name.chars().count()).min(32);
    let systems = |row: &Row| {
        let own = row.system.clone().unwrap_or_else(|| "unknown".into());
        std::iter::once(own)
            .chain(row.platforms.iter().cloned())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let system_width = width(&|row| systems(row).chars().count()).min(40);
    let mut out = String::new();
    let mut output = None;
    for row in rows {
        if output != Some(row.output) {
            out.push_str(&format!("{}{}\n", if output.is_some() { "\n" } else { "" }, row.output));
            output = Some(row.output);
        }
        let last = row.error.as_deref().or(row.defined.as_deref()).unwrap_or_default();
        let last = last.lines().next().unwrap_or_default();
        let tags: String = row.tags.iter().map(|tag| format!(" #{tag}")).collect();
        let line = format!("{:<widest$}  {:<system_width$}  {last}{tags}", row.name, systems(row));
        out.push_str(&format!("  {}\n", clean_line(line.trim_end())));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_listed_by_output_with_their_systems() {
        let row = |name: &str, output, system: Option<&str>, error: Option<&str>| Row {
            name: name.into(),
            output,
            system: system.map(str::to_owned),
            platforms: vec!["aarch64-linux".into()],
            tags: vec!["web".into()],
            defined: Some("flake.nix:3:5".into()),
            error: error.map(str::to_owned),
        };
        let rows = [
            row("web", "nixosConfigurations", Some("x86_64-linux"), None),
            row(
                "a\u{1b}[31m",
                "homeConfigurations",
                None,
                Some("attribute 'x' missing\nmore"),
            ),
        ];
        let expected =
            "nixosConfigurations\n  web     x86_64-linux, aarch64-linux  flake.nix:3:5 #web\n\nhomeConfigurations\n";
        let text = text(&rows);
        assert!(text.starts_with(expected), "{text}");
        assert!(text.contains("unknown, aarch64-linux       attribute 'x' missing #web") && !text.contains('\u{1b}'));
        let read: serde_json::Value = serde_json::from_str(&json(&rows)).unwrap();
        assert_eq!(read[0]["platforms"][0], "aarch64-linux");
        assert!(super::text(&[]).contains("no hosts"));
    }
}
