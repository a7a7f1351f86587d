//! The system of a host: a path that is named, or what a flake says, built by the installed Nix and copied by it.

use super::args::WhatArgs;
use super::target::Target;
use super::trouble::Trouble;
use crate::args::{Cli, Command};
use crate::exit;
use crate::machine::Machine;
use crate::session::asked;
use clap::Parser;
use std::path::{Path, PathBuf};
use std::time::Duration;
use sys::{Exec, Exit, ProcessExec};

/// Longest time of a copy.
const COPY: Duration = Duration::from_secs(6 * 3600);

/// The host or home that is wanted, before anything of it is evaluated.
pub struct Named {
    /// The host's name in its flake, if it is known.
    pub host: Option<String>,
    /// The system, if one is named.
    pub system: Option<String>,
    /// The flake, as it was named; none if a system is named.
    pub flake: Option<String>,
    /// The folder of the flake's repository, if it is one on this machine, and the flake's folder in it.
    pub repository: Option<(PathBuf, String)>,
}

/// Returns which host is wanted, or what is wrong with the command line.
pub fn named(machine: &Machine, what: &WhatArgs, home: bool) -> Result<Named, Trouble> {
    if let Some(path) = &what.system {
        let system = store_path(machine, path).map_err(Trouble::usage)?;
        return Ok(Named {
            host: what.host.clone(),
            system: Some(system),
            flake: None,
            repository: None,
        });
    }
    let flake = what.flake.clone().unwrap_or_else(|| ".".into());
    let asked = asked(machine, &flake).map_err(Trouble::usage)?;
    let host = match &what.host {
        Some(host) => host.clone(),
        None => name_of(&asked.fragment, home).map_err(Trouble::usage)?,
    };
    let attrs = asked.reference.input.attrs();
    let is_git = attrs.str("type").ok().flatten() == Some("git");
    let folder = asked.reference.dir.clone();
    let flake = flake
        .split('#')
        .next()
        .filter(|flake| !flake.is_empty())
        .unwrap_or(".")
        .to_owned();
    Ok(Named {
        host: Some(host),
        system: None,
        flake: Some(flake),
        repository: asked.root.filter(|_| is_git).map(|root| (root, folder)),
    })
}

/// Returns the name that a flake's fragment has for a host, or for a home.
fn name_of(fragment: &str, home: bool) -> Result<String, &'static str> {
    let name = |output: &str| {
        let name = fragment.strip_prefix(output)?.strip_prefix('.')?;
        let unquoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
        Some(unquoted.unwrap_or(name).to_owned())
    };
    match (name("nixosConfigurations"), name("homeConfigurations")) {
        (Some(_), _) if home => Err("this is a host: leave out `--home`"),
        (_, Some(_)) if !home => Err("this is a home: it is deployed by `--home`"),
        (Some(name), _) | (_, Some(name)) => Ok(name),
        (None, None) if fragment.is_empty() && home => Err("which home? Name it: `cfgcheck switch .#USER@HOST --home`"),
        (None, None) if fragment.is_empty() => Err("which host? Name it: `cfgcheck switch .#HOST`"),
        (None, None) => Ok(fragment.to_owned()),
    }
}

/// Returns the path of the system in the store of the host, to which it is brought: the one that is named, or what the flake says
/// of the host at a commit, or as it lies there if none is given.
pub fn system(
    machine: &Machine,
    what: &WhatArgs,
    target: &Target,
    named: &Named,
    commit: Option<&str>,
) -> Result<String, Trouble> {
    if let Some(system) = &named.system {
        return Ok(system.clone());
    }
    let reference = reference(named, commit)?;
    let output = output(target.home);
    let system = built(
        machine,
        what,
        &reference,
        output,
        named.host.as_deref().unwrap_or_default(),
    )?;
    copy(machine, target, &system)?;
    Ok(system)
}

/// Returns the flake to build: at a commit, or as it lies there.
pub fn reference(named: &Named, commit: Option<&str>) -> Result<String, Trouble> {
    match (commit, &named.repository) {
        (None, _) => Ok(named.flake.clone().unwrap_or_else(|| ".".into())),
        (Some(commit), Some((root, folder))) => {
            let root = flake::url::percent_encode(&root.to_string_lossy(), "/");
            let dir = if folder.is_empty() {
                String::new()
            } else {
                format!("&dir={}", flake::url::percent_encode(folder, "/"))
            };
            Ok(format!("git+file://{root}?rev={commit}{dir}"))
        }
        (Some(_), None) => Err(Trouble::usage(
            "what is approved is a commit: name a flake in a Git repository on this machine, or a system",
        )),
    }
}

/// Returns the output of a flake that has hosts, or homes. A home may have the name of a host.
pub fn output(home: bool) -> &'static str {
    match home {
        true => "homeConfigurations",
        false => "nixosConfigurations",
    }
}

/// Evaluates a host and builds it with the installed Nix; returns its path in the store.
fn built(machine: &Machine, what: &WhatArgs, flake: &str, output: &str, host: &str) -> Result<String, Trouble> {
    let token = sys::random_token().map_err(Trouble::cannot_start)?;
    let list = machine.env.temp_dir().join(format!("cfgcheck-switch-{token}"));
    let mut argv: Vec<String> = [
        "cfgcheck",
        "build",
        flake,
        "--of",
        output,
        "--host",
        host,
        "--build-with",
        "nix",
        "--out-paths",
    ]
    .map(str::to_owned)
    .to_vec();
    argv.push(list.to_string_lossy().into_owned());
    if let Some(platform) = &what.platform {
        argv.extend(["--system".to_owned(), platform.clone()]);
    }
    argv.extend(what.offline.then(|| "--offline".to_owned()));
    argv.extend(what.trust.then(|| "--trust".to_owned()));
    let cli = Cli::try_parse_from(argv).map_err(Trouble::cannot_start)?;
    let Command::Build(args) = &cli.command else {
        return Err(Trouble::told_already(exit::OUR_BUG));
    };
    match crate::build::run(machine, args) {
        exit::CLEAN => {}
        code => return Err(Trouble::told_already(code)),
    }
    let text = machine.fs.read(&list).map_err(Trouble::cannot_start)?;
    machine.fs.remove_file(&list).map_err(Trouble::cannot_start)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut paths = text.lines().filter(|line| !line.is_empty());
    match (paths.next(), paths.next()) {
        (Some(path), None) => Ok(path.to_owned()),
        (None, _) => Err(Trouble::cannot_start(format!("nothing was built of {host}"))),
        (Some(_), Some(_)) => Err(Trouble::usage(
            "the host is there for several systems: `--platform` says which",
        )),
    }
}

/// Copies a system with all that it needs to the host, by the installed Nix.
pub fn copy(machine: &Machine, target: &Target, system: &str) -> Result<(), Trouble> {
    let Some(host) = &target.ssh else { return Ok(()) };
    match &target.label {
        Some(_) => target.tell("copying"),
        None => target.tell(&format!("{host}: copying")),
    }
    let command = sys::Command::new("nix")
        .args(["--extra-experimental-features", "nix-command", "copy", "--to"])
        .arg(format!("ssh-ng://{host}"))
        .arg(system);
    let failed = |why: String| Trouble::cannot_start(format!("{system} cannot be copied to {host}: {why}"));
    nix(machine, command).map_err(failed)
}

/// Has the installed Nix bring a path into its store from its caches, with all that it needs.
pub fn fetch(machine: &Machine, path: &str) -> Result<(), Trouble> {
    let command = sys::Command::new("nix-store").args(["--realise", path]);
    nix(machine, command).map_err(|why| Trouble::cannot_start(format!("{path} cannot be fetched: {why}")))
}

/// Runs a program of the installed Nix that moves paths, or returns why it failed.
fn nix(machine: &Machine, command: sys::Command) -> Result<(), String> {
    let mut command = command.timeout(COPY);
    command.env = machine.env.vars().into_iter().collect();
    let output = ProcessExec.run(&command).map_err(|error| error.to_string())?;
    if output.exit == Exit::Code(0) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty());
    Err(diag::clean_line(last.unwrap_or("it says nothing")).into_owned())
}

/// Returns a path of the store that a path is or leads to.
fn store_path(machine: &Machine, path: &Path) -> Result<String, String> {
    let text = path.to_string_lossy().into_owned();
    if path.starts_with(store::STORE_DIR) {
        return Ok(text);
    }
    let base = machine
        .env
        .current_dir()
        .map_err(|error| format!("the current folder cannot be told: {error}"))?;
    let path = machine
        .fs
        .canonicalize(&base.join(path))
        .map_err(|error| error.to_string())?;
    match path.starts_with(store::STORE_DIR) {
        true => Ok(path.to_string_lossy().into_owned()),
        false => Err(format!(
            "`{}` is no path of the store and leads to none",
            diag::clean_line(&text)
        )),
    }
}
