//! `cfgcheck status`: what a host runs, what was deployed on it, and how that ended.

mod fleet;

use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, say};
use crate::switch::{FleetArgs, NO_FLEET, NO_HOME, TargetArgs, name};
use ::deploy::{Deployment, Outcome, Status};
use clap::Args;
use diag::clean_line;

/// Arguments of `cfgcheck status`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck status                        this machine
  cfgcheck status --target root@web
  cfgcheck status --home                 the home of whoever calls it
  cfgcheck status --json | jq .now.current
  cfgcheck status . --hosts '*'          the hosts of a flake, as a table

Exit codes: 0 all is well, 4 or 5 the last deployment was rolled back or could not be, 7 one is under way or waits for a
reboot; of several hosts the worst: 5, 4, 3 (out of reach), 7, 0.
")]
pub struct StatusArgs {
    /// Print all that is known, as JSON.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub fleet: FleetArgs,
    #[command(flatten)]
    pub of: TargetArgs,
}

/// Most commits that failed which are told.
const MOST_FAILED: usize = 5;
/// Characters of a policy's digest that are shown: how it was made, and enough to tell it from others.
const SHOWN: usize = 19;

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &StatusArgs) -> u8 {
    if !args.fleet.is_one() {
        if args.of.home {
            return exit::wrong_usage(&NO_FLEET);
        }
        return fleet::run(machine, args);
    }
    let target = args.of.target(machine);
    let status: Status = match target.ask(machine, &["observe"]) {
        Ok(status) => status,
        Err(error) => {
            complain(&format!("error: {error}"));
            return error.code();
        }
    };
    if args.json {
        match serde_json::to_string_pretty(&status) {
            Ok(text) => say(format!("{text}\n").as_bytes()),
            Err(error) => {
                complain(&format!("error: {error}"));
                return exit::OUR_BUG;
            }
        }
    } else {
        say(text(&status, machine.clock.unix_time().as_secs()).as_bytes());
    }
    code_of(&status)
}

/// Returns the exit code that tells how the last deployment of a host ended.
fn code_of(status: &Status) -> u8 {
    match status.ended() {
        Some(Outcome::RolledBack(_)) => exit::ROLLED_BACK,
        Some(Outcome::RollbackFailed(_)) => exit::ROLLBACK_FAILED,
        Some(Outcome::RebootPending) => exit::REBOOT_PENDING,
        None if status.last.is_some() => exit::REBOOT_PENDING,
        Some(Outcome::Deployed | Outcome::Refused(_)) | None => exit::CLEAN,
    }
}

fn text(status: &Status, now: u64) -> String {
    let mut out = format!("{}\n", clean_line(&name(&status.now)));
    let mut line = |what: &str, text: &str| out.push_str(&format!("  {what:<10}{}\n", clean_line(text)));
    line("runs", status.now.current.as_deref().unwrap_or(NO_HOME));
    if let Some(booted) = status
        .now
        .booted
        .as_ref()
        .filter(|_| status.now.booted != status.now.current)
    {
        line("booted", booted);
    }
    match &status.now.default {
        _ if status.now.user.is_some() => {}
        default @ Some(_) if *default == status.now.current => line("boots", "the same"),
        Some(default) => line("boots", default),
        None => line("boots", "what cannot be read from its boot loader's files"),
    }
    match &status.deployed {
        Some(deployed) => {
            let runs = Some(&deployed.order.system) == status.now.current.as_ref();
            line("deployed", &what(deployed, now));
            let is_booted = Some(&deployed.order.system) == status.now.booted.as_ref();
            if deployed.outcome == Some(Outcome::RebootPending) && !is_booted {
                line("", "it waits for a reboot");
            } else if !runs {
                let what = if status.now.user.is_some() { "home" } else { "system" };
                line("", &format!("it runs another {what} by now"));
            }
            let approval = &deployed.order.approval;
            match (&approval.overridden, &approval.policy) {
                (Some(reason), _) => line("approval", &format!("none; overridden: {reason}")),
                (None, policy) => {
                    let digest = policy.as_deref().unwrap_or("unknown");
                    let verdict = if approval.verdict.is_some() {
                        ", with a signed verdict"
                    } else {
                        ""
                    };
                    line(
                        "approval",
                        &format!("by the policy {}{verdict}", digest.get(..SHOWN).unwrap_or(digest)),
                    );
                }
            }
            for shown in &approval.shown {
                line("", shown);
            }
        }
        None => line("deployed", "nothing by cfgcheck"),
    }
    let told = status.deployed.as_ref().map(|deployed| &deployed.order.id);
    if let Some(last) = status.last.as_ref().filter(|last| Some(&last.order.id) != told) {
        let ended = last.outcome.as_ref().map(ToString::to_string);
        let ended = ended.unwrap_or_else(|| format!("under way: {}", last.phase));
        line("last", &format!("{}, {ended}", what(last, now)));
    }
    let mut failed: Vec<_> = status.failed.0.iter().collect();
    failed.sort_by_key(|(_, failed)| std::cmp::Reverse(failed.when));
    for (number, (commit, failed)) in failed.iter().take(MOST_FAILED).enumerate() {
        let what = if number == 0 { "failed" } else { "" };
        line(
            what,
            &format!("{commit}, {} ago: {}", ago(failed.when, now), failed.why),
        );
    }
    out
}

/// Returns what was deployed and when.
fn what(deployment: &Deployment, now: u64) -> String {
    let origin = &deployment.order.origin;
    let commit = origin.commit.as_deref().map_or_else(
        || deployment.order.system.clone(),
        |commit| match &origin.flake {
            Some(flake) => format!("{commit} of {flake}"),
            None => commit.to_owned(),
        },
    );
    let ago = ago(deployment.since, now);
    let by = origin.by.as_ref().map_or(String::new(), |by| format!(" by {by}"));
    format!("{commit}, {ago} ago{by}")
}

fn ago(then: u64, now: u64) -> String {
    let ago = now.saturating_sub(then);
    match ago {
        0..=119 => format!("{ago} s"),
        120..=7199 => format!("{} min", ago / 60),
        7200..=172_799 => format!("{} h", ago / 3600),
        _ => format!("{} days", ago / 86_400),
    }
}
