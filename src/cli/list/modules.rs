//! `cfgcheck list modules`: which files each host is made of, and through which import.

use super::told;
use crate::args::{FlakeArgs, LimitArgs};
use crate::configurations::Configurations;
use crate::exit;
use crate::machine::Machine;
use crate::stream::complain;
use clap::Args;
use diag::clean_line;
use nixos::{ListedModule, Owner, Target};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Arguments of `cfgcheck list modules`.
#[derive(Args, Debug)]
pub struct ModulesArgs {
    /// The host or home, by its name in the flake; all of them by default.
    pub host: Option<String>,
    /// The flake: a path or a reference.
    #[arg(long, value_name = "FLAKE", default_value = ".")]
    pub flake: String,
    /// List the modules of inputs, too, and not only how many there are.
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

/// The modules of one configuration.
struct Listed {
    target: Target,
    modules: Vec<ListedModule>,
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &ModulesArgs) -> u8 {
    let (listed, code) = match listed(machine, args) {
        Ok(listed) => listed,
        Err(code) => return code,
    };
    let text = match args.json {
        true => json(&listed, args.all),
        false => text(&listed, args.all),
    };
    told(&text).max(code)
}

/// Returns the modules of each host, and the exit code for hosts that do not evaluate.
fn listed(machine: &Machine, args: &ModulesArgs) -> Result<(Vec<Listed>, u8), u8> {
    let mut all = Configurations::open(machine, &args.flake, &args.flakes, &args.limits)?;
    let mut listed = Vec::new();
    let mut code = exit::CLEAN;
    for at in all.chosen(args.host.as_deref())? {
        let target = all.at(machine, at)?;
        let modules = all.system(&target, None).and_then(|system| {
            all.evaluated(|ev, view| match system.listed_modules(ev, view)? {
                Ok(modules) => Ok(modules),
                Err(error) => Err(ev.raise(error)),
            })
        });
        match modules {
            Ok(modules) => listed.push(Listed { target, modules }),
            Err(exit::INTERRUPTED) => return Err(exit::INTERRUPTED),
            Err(failed) => {
                complain(&format!("note: {} is left out, as it does not evaluate", target.path()));
                code = code.max(failed);
            }
        }
    }
    Ok((listed, code))
}

fn text(listed: &[Listed], all: bool) -> String {
    let mut out = String::new();
    for Listed { target, modules } in listed {
        let _ = writeln!(out, "{}{}", if out.is_empty() { "" } else { "\n" }, target.path());
        let (own, others): (Vec<_>, Vec<_>) = modules.iter().partition(|module| module.owner == Owner::Own);
        let shown: Vec<&&ListedModule> = own.iter().chain(others.iter().filter(|_| all)).collect();
        let widest = shown.iter().map(|m| m.file.chars().count()).max().unwrap_or(0).min(60);
        for module in shown {
            let from = match &module.imported {
                Some(place) => format!("imported at {place}"),
                None => "given to the configuration".into(),
            };
            let disabled = if module.disabled { ", disabled" } else { "" };
            let line = format!("{:<widest$}  {from}{disabled}", module.file);
            let _ = writeln!(out, "  {}", clean_line(&line));
            if let Some(error) = &module.error {
                let _ = writeln!(out, "    {}", clean_line(error));
            }
        }
        if !all {
            for (input, count) in counts(&others) {
                let plural = if count == 1 { "" } else { "s" };
                let _ = writeln!(out, "  and {count} module{plural} of {}", clean_line(&input));
            }
        }
    }
    out
}

/// Returns how many modules each input has.
fn counts(modules: &[&ListedModule]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for module in modules {
        let input = match &module.owner {
            Owner::Input(input) => input.clone(),
            _ => "no file".into(),
        };
        *counts.entry(input).or_default() += 1;
    }
    counts
}

fn json(listed: &[Listed], all: bool) -> String {
    let one = |module: &ListedModule| {
        json!({
            "file": module.file,
            "own": module.owner == Owner::Own,
            "input": match &module.owner { Owner::Input(input) => Some(input), _ => None },
            "imported-at": module.imported,
            "disabled": module.disabled,
            "error": module.error,
        })
    };
    let hosts = listed.iter().map(|Listed { target, modules }| {
        let shown = modules.iter().filter(|module| all || module.owner == Owner::Own);
        json!({
            "host": target.name,
            "output": target.kind.output(),
            "modules": shown.map(one).collect::<Vec<_>>(),
        })
    });
    let hosts: Vec<_> = hosts.collect();
    serde_json::to_string_pretty(&hosts).expect("modules are plain text") + "\n"
}
