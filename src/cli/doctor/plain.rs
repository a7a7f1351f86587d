//! What needs no program of the machine, or only one: evaluation, repositories, secrets, the terminal.

use super::capability::{Capability, Kind};
use super::look::{Look, shown};
use super::remedy::Remedy;
use crate::machine::STACK;
use sys::Stream;

/// Returns what is told of evaluation, which needs nothing.
pub fn eval(look: &Look<'_>) -> Capability {
    let machine = look.machine;
    let mut told = Capability::new(Kind::Eval, "flakes are evaluated here, without Nix");
    let memory = shown(machine.max_memory(None));
    told.fact(format!("one host may take {memory} of memory (--max-memory)"));
    if machine.stack < STACK {
        told.fact(format!(
            "this process may have {} of stack instead of {}: deep recursion ends sooner (`ulimit -v unlimited` helps)",
            shown(machine.stack as u64),
            shown(STACK as u64)
        ));
    }
    told
}

/// Returns what is told of Git: repositories on the disk are read here, and only others are left to `git`.
pub fn git(look: &Look<'_>) -> Capability {
    let mut told = Capability::new(Kind::Git, "repositories are read here, and others fetched by `git`");
    match look.version("git", &["--version"]) {
        Ok(version) => told.fact(format!("git {version}")),
        Err(silent) => {
            told.title = "repositories on the disk are read here, and no others are fetched".into();
            let purpose = "it fetches inputs such as `git+https://…`. `github:` and tarballs need none";
            told.misses(silent.told("git", purpose), Remedy::package("git", "git"));
        }
    }
    told
}

/// Returns what is told of secrets, which are read without the programs that made them.
pub fn secrets(_look: &Look<'_>) -> Capability {
    let mut told = Capability::new(Kind::Secrets, "secrets are judged here, without sops, age or keys");
    told.fact("virtual machines get dummies in their place, which are made here as well");
    told
}

/// Returns what is told of the terminal.
pub fn terminal(look: &Look<'_>) -> Capability {
    let env = look.machine.env.as_ref();
    let mut told = Capability::new(Kind::Terminal, "reports are written for people");
    match env.columns(Stream::Out) {
        Some(columns) => told.fact(format!("standard output is a terminal of {columns} columns")),
        None => told.fact("standard output is no terminal: 80 columns, no colours"),
    }
    if env.text("NO_COLOR").is_some() {
        told.fact("NO_COLOR is set: no colours");
    }
    if env.text("GITHUB_ACTIONS").as_deref() == Some("true") {
        told.fact("GITHUB_ACTIONS is set: `check` writes annotations and the page of the run");
    }
    told
}
