//! `cfgcheck hook`: what hooks of Git call.

use crate::args::{CacheArgs, CheckArgs, JudgeArgs, LimitArgs};
use crate::check::{patterns, prepared_on, wrong};
use crate::diff::states::{Named, state};
use crate::exit;
use crate::machine::Machine;
use crate::stream::complain;
use clap::{Args, Subcommand};
use std::collections::BTreeSet;

/// Most bytes that are read of what Git says of a push.
const MOST: u64 = 1 << 20;

/// Arguments of `cfgcheck hook`.
#[derive(Args, Debug)]
pub struct HookArgs {
    /// The hook.
    #[command(subcommand)]
    hook: Hook,
}

/// A hook of Git.
#[derive(Subcommand, Debug)]
enum Hook {
    /// Check the hosts that a push changes, as they are in the commit that is pushed.
    PrePush(Box<PrePushArgs>),
}

/// Arguments of `cfgcheck hook pre-push`.
#[derive(Args, Debug)]
#[command(after_help = "As a hook of Git alone, in .git/hooks/pre-push:
  #!/bin/sh
  exec cfgcheck hook pre-push --git \"$@\"

With pre-commit, the hook `cfgcheck-push` of this repository calls it.
")]
struct PrePushArgs {
    /// The remote and its address, as Git hands them to the hook. What is pushed is then read from standard input.
    #[arg(long, num_args = 2, value_names = ["REMOTE", "URL"])]
    git: Vec<String>,
    #[command(flatten)]
    judge: JudgeArgs,
    #[command(flatten)]
    cache: CacheArgs,
    #[command(flatten)]
    limits: LimitArgs,
}

/// A commit that is pushed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Pushed {
    /// The commit that the remote has instead, if it has one.
    from: Option<String>,
    /// The commit.
    to: String,
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &HookArgs) -> u8 {
    let Hook::PrePush(args) = &args.hook;
    let pushed = match pushed(machine, args) {
        Ok(pushed) => pushed,
        Err(error) => return wrong(error),
    };
    // The worst counts; they are few, mostly one.
    let codes = pushed.iter().map(|pushed| check(machine, args, pushed));
    codes.max().unwrap_or(exit::CLEAN)
}

/// Returns what is pushed: as pre-commit says in variables, as Git says on standard input, or else the last commit.
fn pushed(machine: &Machine, args: &PrePushArgs) -> Result<BTreeSet<Pushed>, String> {
    let variable = |name: &str| machine.env.text(name).filter(|text| !text.is_empty());
    if let Some(to) = variable("PRE_COMMIT_TO_REF") {
        let from = variable("PRE_COMMIT_FROM_REF");
        return Ok(BTreeSet::from([Pushed { from, to }]));
    }
    if args.git.is_empty() {
        return Ok(BTreeSet::from([Pushed {
            from: None,
            to: "HEAD".into(),
        }]));
    }
    said_by_git(&read(std::io::stdin().lock())?)
}

fn read(input: impl std::io::Read) -> Result<String, String> {
    use std::io::Read;
    let mut text = String::new();
    match input.take(MOST).read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) => Err(format!("what Git says of the push cannot be read: {error}")),
    }
}

/// Reads what Git says: for each reference its name here, its commit here, its name there, and its commit there (githooks(5)).
/// A commit of zeros is none.
fn said_by_git(text: &str) -> Result<BTreeSet<Pushed>, String> {
    let is_none = |commit: &str| commit.bytes().all(|digit| digit == b'0');
    let mut all = BTreeSet::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [_, to, _, from] = words[..] else {
            return Err(format!(
                "Git does not say of a push what githooks(5) has: `{}`",
                diag::clean_line(line)
            ));
        };
        if !is_none(to) {
            all.insert(Pushed {
                from: Some(from.to_owned()).filter(|from| !is_none(from)),
                to: to.to_owned(),
            });
        }
    }
    Ok(all)
}

/// Checks a commit, and returns the exit code.
fn check(machine: &Machine, args: &PrePushArgs, pushed: &Pushed) -> u8 {
    let flake = &args.judge.flake;
    if let Err(error) = patterns(&args.judge.host) {
        return wrong(error);
    }
    let Named { asked, .. } = match state(machine, flake, &pushed.to) {
        Ok(named) => named,
        Err(error) => return wrong(error.to_string()),
    };
    // What the remote has, this repository may never have seen: then all hosts are checked.
    let from = pushed.from.as_ref().filter(|from| state(machine, flake, from).is_ok());
    if let (Some(gone), None) = (&pushed.from, from) {
        complain(&format!(
            "note: this repository does not have {}, which the remote has: all hosts are checked",
            diag::clean_line(gone)
        ));
    }
    let check = CheckArgs {
        judge: args.judge.clone(),
        cache: args.cache.clone(),
        limits: args.limits.clone(),
        changed_since: from.cloned(),
        ..CheckArgs::default()
    };
    let mut run = match prepared_on(machine, &check, &asked) {
        Ok(run) => run,
        Err(code) => return code,
    };
    run.everything(&asked);
    match run.done(None) {
        Ok(done) => done.told(machine, &check),
        Err(code) => code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_says_what_is_pushed() {
        let [a, b, none] = ["a", "b", "0"].map(|digit| digit.repeat(40));
        let text = format!(
            "refs/heads/x {a} refs/heads/x {b}\nrefs/heads/new {a} refs/heads/new {none}\n(delete) {none} refs/heads/old {b}\n"
        );
        let told: Vec<String> = said_by_git(&text)
            .expect("Git says so")
            .into_iter()
            .map(|pushed| format!("{:.1} {:.1}", pushed.to, pushed.from.unwrap_or_default()))
            .collect();
        assert_eq!(told, ["a ", "a b"]);
        assert_eq!(said_by_git(""), Ok(BTreeSet::new()));
        assert!(said_by_git("what is this\n").unwrap_err().contains("githooks(5)"));
        assert!(read(&b"\xff\n"[..]).unwrap_err().contains("cannot be read"));
    }
}
