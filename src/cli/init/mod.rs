//! `cfgcheck init`: settings, workflows and hooks for a flake that is there already.

mod files;

use crate::args::{FlakeArgs, LimitArgs};
use crate::configurations::Configurations;
use crate::exit;
use crate::machine::Machine;
use crate::session;
use crate::stream::{complain, say};
use clap::{Args, ValueEnum};
use diag::clean_line;
use files::{File, Found, Host};
use flake::git::Repository;
use std::path::{Path, PathBuf};
use sys::{Fs, Mode};

/// Arguments of `cfgcheck init`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck init                  look at the flake in this folder, and write what it lacks
  cfgcheck init --dry-run        say what would be written
  cfgcheck init --ci gitlab      for GitLab, wherever the repository is
")]
pub struct InitArgs {
    /// The flake, in a folder of this machine.
    #[arg(default_value = ".")]
    flake: String,
    /// The CI system [default: the one that the remote `origin` is of].
    #[arg(long, value_enum, value_name = "SYSTEM")]
    ci: Option<System>,
    /// Write no hooks.
    #[arg(long)]
    no_hooks: bool,
    /// Say what would be written, and write nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    flakes: FlakeArgs,
    #[command(flatten)]
    limits: LimitArgs,
}

/// A CI system.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum System {
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
    /// None.
    None,
}

/// Why nothing more is written.
enum Failed {
    /// What is asked for cannot be.
    Usage(String),
    /// The disk.
    Disk(String),
    /// It was told already.
    Told(u8),
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &InitArgs) -> u8 {
    let (error, code) = match init(machine, args) {
        Ok(()) => return exit::CLEAN,
        Err(Failed::Told(code)) => return code,
        Err(Failed::Usage(error)) => (error, exit::USAGE),
        Err(Failed::Disk(error)) => (error, exit::CANNOT_START),
    };
    complain(&format!("error: {error}"));
    code
}

fn init(machine: &Machine, args: &InitArgs) -> Result<(), Failed> {
    let usage = |error: &dyn std::fmt::Display| Failed::Usage(error.to_string());
    let asked = session::asked(machine, &args.flake).map_err(|error| usage(&error))?;
    let Some(root) = asked.root.clone() else {
        return Err(usage(&"`init` writes beside a flake in a folder of this machine"));
    };
    let folder = asked.reference.dir.clone();
    let all = Configurations::open(machine, &args.flake, &args.flakes, &args.limits).map_err(Failed::Told)?;
    let is_git = asked.reference.input.attrs().str("type").ok().flatten() == Some("git");
    let repository = is_git.then(|| Repository::open(machine.fs.clone(), &root));
    let repository = repository.transpose().map_err(|error| usage(&error))?;
    let found = Found {
        hosts: hosts(all),
        folder: folder.clone(),
        branch: repository.as_ref().and_then(branch).unwrap_or_else(|| "main".into()),
        flake: text(machine.fs.as_ref(), &root.join(&folder).join("flake.nix"))?,
    };
    let system = args.ci.unwrap_or_else(|| match &repository {
        Some(_) => of_remote(machine.fs.as_ref(), &root),
        None => System::None,
    });
    let mut wanted = vec![files::settings(&found)];
    match system {
        System::Github => wanted.extend(files::github(&found)),
        System::Gitlab => wanted.push(files::gitlab(&found)),
        System::None => {}
    }
    if repository.is_some() && !args.no_hooks {
        wanted.push(files::hooks(&found));
    }
    say(files::seen(&found).as_bytes());
    let mut written = Vec::new();
    for file in &wanted {
        if place(machine.fs.as_ref(), &root, file, args.dry_run)? {
            written.push(file.path.clone());
        }
    }
    say(files::next(&written, repository.is_some(), args.dry_run).as_bytes());
    Ok(())
}

/// Writes a file, unless there is something already; tells either, and returns whether it is new.
fn place(fs: &dyn Fs, root: &Path, file: &File, dry_run: bool) -> Result<bool, Failed> {
    let disk = |error: &dyn std::fmt::Display| Failed::Disk(error.to_string());
    let path = root.join(&file.path);
    let shown = clean_line(&file.path).into_owned();
    let text = match &file.text {
        Ok(text) => text,
        Err(why) => {
            say(format!("left   {shown}: {why}\n").as_bytes());
            return Ok(false);
        }
    };
    if fs.lstat(&path).map_err(|error| disk(&error))?.is_some() {
        let more = match &file.to_add {
            Some(to_add) => format!("; to add to it:\n\n{}\n", indented(to_add)),
            None => "\n".to_owned(),
        };
        say(format!("kept   {shown}, which is there already{more}").as_bytes());
        return Ok(false);
    }
    if dry_run {
        say(format!("would write {shown}\n").as_bytes());
        return Ok(true);
    }
    let parent = path.parent().unwrap_or(root);
    fs.create_dir_all(parent).map_err(|error| disk(&error))?;
    // A link in the repository must not lead the file out of it.
    let inside = [parent, root].map(|folder| fs.canonicalize(folder));
    match inside {
        [Ok(parent), Ok(root)] if parent.starts_with(&root) => {}
        [Err(error), _] | [_, Err(error)] => return Err(disk(&error)),
        _ => return Err(Failed::Usage(format!("{shown} would lie outside of the repository"))),
    }
    fs.write_atomic(&path, text.as_bytes(), Mode::default())
        .map_err(|error| disk(&error))?;
    say(format!("wrote  {shown}\n").as_bytes());
    Ok(true)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

/// Returns the hosts and homes of a flake with the systems that they say they are for.
fn hosts(mut all: Configurations) -> Vec<Host> {
    let mut hosts = Vec::new();
    for target in all.targets.clone() {
        let (ev, _) = all.parts();
        let system = ev.contained(|ev| nixos::System::of(ev, &target, None));
        let system = match system {
            Ok(system) => system.platform().map(str::to_owned),
            // `check` tells why; that there is such a host is enough here.
            Err(_) => {
                drop(ev.take_error());
                None
            }
        };
        hosts.push(Host {
            is_home: target.kind == nixos::Kind::Home,
            name: target.name,
            system,
        });
    }
    hosts
}

/// Returns a file's text, as far as it is text.
fn text(fs: &dyn Fs, path: &Path) -> Result<String, Failed> {
    let bytes = fs.read(path).map_err(|error| Failed::Disk(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the branch that others work on: the remote's, or the one that is checked out.
fn branch(repository: &Repository) -> Option<String> {
    let known = repository.names().ok()?;
    let usual = ["main", "master", "trunk"].into_iter();
    let mut usual = usual.filter(|name| known.contains(*name)).map(str::to_owned);
    usual.next()
}

/// Returns the CI system of the remote `origin`.
fn of_remote(fs: &dyn Fs, root: &Path) -> System {
    let config: PathBuf = root.join(".git/config");
    let text = fs.read(&config).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).to_lowercase();
    let urls = text.lines().filter(|line| line.trim_start().starts_with("url"));
    for url in urls {
        if url.contains("github") {
            return System::Github;
        }
        if url.contains("gitlab") {
            return System::Gitlab;
        }
    }
    System::None
}
