//! The system of a host: a path that is named, or what a flake says, built by the installed Nix and copied by it.

use super::args::WhatArgs;
use super::target::Target;
use crate::args::{Cli, Command};
use crate::exit;
use crate::machine::Machine;
use crate::session::asked;
use crate::stream::complain;
use clap::Parser;
use std::path::{Path, PathBuf};
use std::time::Duration;
use sys::{Exec, Exit, ProcessExec};

/// Longest time of a copy.
const COPY: Duration = Duration::from_secs(6 * 3600);

/// The host that is wanted, before anything of it is evaluated.
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

/// Returns which host is wanted; what is wrong with the command line has been told, and is the exit code.
pub fn named(machine: &Machine, what: &WhatArgs) -> Result<Named, u8> {
    if let Some(path) = &what.system {
        let system = store_path(machine, path).map_err(|why| exit::wrong_usage(&why))?;
        return Ok(Named {
            host: what.host.clone(),
            system: Some(system),
            flake: None,
            repository: None,
        });
    }
    let flake = what.flake.clone().unwrap_or_else(|| ".".into());
    let asked = asked(machine, &flake).map_err(|error| exit::wrong_usage(&error))?;
    let host = match (&what.host, asked.fragment.as_str()) {
        (Some(host), _) => host.clone(),
        (None, "") => return Err(exit::wrong_usage(&"which host? Name it: `cfgcheck switch .#HOST`")),
        (None, fragment) => fragment.trim_start_matches("nixosConfigurations.").to_owned(),
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

/// Returns the path of the system in the store of the host, to which it is brought: the one that is named, or what the flake says
/// of the host at a commit, or as it lies there if none is given. What went wrong has been told, and is the exit code.
pub fn system(
    machine: &Machine,
    what: &WhatArgs,
    target: &Target,
    named: &Named,
    commit: Option<&str>,
) -> Result<String, u8> {
    if let Some(system) = &named.system {
        return Ok(system.clone());
    }
    let reference = match (commit, &named.repository) {
        (None, _) => named.flake.clone().unwrap_or_else(|| ".".into()),
        (Some(commit), Some((root, folder))) => {
            let root = flake::url::percent_encode(&root.to_string_lossy(), "/");
            let dir = if folder.is_empty() {
                String::new()
            } else {
                format!("&dir={}", flake::url::percent_encode(folder, "/"))
            };
            format!("git+file://{root}?rev={commit}{dir}")
        }
        (Some(_), None) => {
            return Err(exit::wrong_usage(
                &"what is approved is a commit: name a flake in a Git repository on this machine, or a system",
            ));
        }
    };
    let system = built(machine, what, &reference, named.host.as_deref().unwrap_or_default())?;
    copy(machine, target, &system)?;
    Ok(system)
}

/// Evaluates a host and builds it with the installed Nix; returns its path in the store.
fn built(machine: &Machine, what: &WhatArgs, flake: &str, host: &str) -> Result<String, u8> {
    let failed = |why: String| {
        complain(&format!("error: {why}"));
        exit::CANNOT_START
    };
    let token = sys::random_token().map_err(|error| failed(error.to_string()))?;
    let list = machine.env.temp_dir().join(format!("cfgcheck-switch-{token}"));
    let mut argv: Vec<String> = [
        "cfgcheck",
        "build",
        flake,
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
    let cli = Cli::try_parse_from(argv).map_err(|error| failed(error.to_string()))?;
    let Command::Build(args) = &cli.command else {
        return Err(exit::OUR_BUG);
    };
    match crate::build::run(machine, args) {
        exit::CLEAN => {}
        code => return Err(code),
    }
    let text = machine.fs.read(&list).map_err(|error| failed(error.to_string()))?;
    machine
        .fs
        .remove_file(&list)
        .map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut paths = text.lines().filter(|line| !line.is_empty());
    match (paths.next(), paths.next()) {
        (Some(path), None) => Ok(path.to_owned()),
        (None, _) => Err(failed(format!("nothing was built of {host}"))),
        (Some(_), Some(_)) => {
            let why = "the host is there for several systems: `--platform` says which";
            complain(&format!("error: {why}"));
            Err(exit::USAGE)
        }
    }
}

/// Copies a system with all that it needs to the host, by the installed Nix.
fn copy(machine: &Machine, target: &Target, system: &str) -> Result<(), u8> {
    let Some(host) = &target.ssh else { return Ok(()) };
    complain(&format!("{host}: copying"));
    let mut command = sys::Command::new("nix")
        .args(["--extra-experimental-features", "nix-command", "copy", "--to"])
        .arg(format!("ssh-ng://{host}"))
        .arg(system)
        .timeout(COPY);
    command.env = machine.env.vars().into_iter().collect();
    let failed = |why: String| {
        complain(&format!("error: {system} cannot be copied to {host}: {why}"));
        exit::CANNOT_START
    };
    let output = ProcessExec.run(&command).map_err(|error| failed(error.to_string()))?;
    if output.exit == Exit::Code(0) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty());
    Err(failed(diag::clean_line(last.unwrap_or("it says nothing")).into_owned()))
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
