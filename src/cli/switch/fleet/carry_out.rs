//! Hosts are deployed to, wave by wave.

use super::parallel::each;
use super::prepare::Ready;
use crate::machine::Machine;
use crate::stream::complain;
use crate::switch::{back, deploy};
use ::deploy::Ended;
use ::deploy::fleet::{Limits, Rollout, Waves};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Duration;

/// How a host ended, and how long that took.
pub struct Came {
    /// How it ended.
    pub ended: Ended,
    /// How long it took; none if it was not begun.
    pub took: Option<Duration>,
}

/// Deploys to hosts wave by wave, and returns what came of each, and why no more were begun, if that is so.
pub fn waves(
    machine: &Machine,
    waves: &Waves,
    limits: Limits,
    ready: &BTreeMap<String, Ready>,
) -> (BTreeMap<String, Came>, Option<String>) {
    let mut rollout = Rollout::new(waves.clone(), limits);
    let mut took: BTreeMap<String, Duration> = BTreeMap::new();
    std::thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        loop {
            if sys::interrupted() {
                rollout.stop("the run was interrupted");
            }
            while let Some(host) = rollout.begin() {
                let send = send.clone();
                let Some(ready) = ready.get(&host) else {
                    rollout.end(&host, Ended::OutOfReach("nothing was prepared for it".into()));
                    continue;
                };
                scope.spawn(move || {
                    let began = machine.clock.monotonic();
                    let ended = carried_out(machine, ready);
                    let took = machine.clock.monotonic().saturating_sub(began);
                    // Whoever waits for it lives as long as this thread.
                    let _ = send.send((host, ended, took));
                });
            }
            if !rollout.is_under_way() {
                break;
            }
            let Ok((host, ended, time)) = receive.recv() else { break };
            tell(&host, &ended);
            took.insert(host.clone(), time);
            let was_stopped = rollout.why_stopped().is_some();
            rollout.end(&host, ended);
            if let Some(why) = rollout.why_stopped().filter(|_| !was_stopped) {
                complain(&format!("no other host is begun: {why}"));
            }
        }
    });
    let why = rollout.why_stopped().map(str::to_owned);
    let ended = rollout.ended().into_iter().map(|(host, ended)| {
        let took = took.remove(&host);
        (host, Came { ended, took })
    });
    (ended.collect(), why)
}

fn tell(host: &str, ended: &Ended) {
    let why: Vec<String> = ended.reasons().into_iter().map(|reason| reason.why).collect();
    let why = match why.is_empty() {
        true => String::new(),
        false => format!(": {}", why.join("; ")),
    };
    complain(&format!("{}: {}{why}", diag::clean_line(host), ended.word()));
}

/// Deploys to one host. What breaks here is ours, and must not keep the others from being waited for.
fn carried_out(machine: &Machine, ready: &Ready) -> Ended {
    let member = &ready.member;
    let work = || deploy::carry_out(machine, &member.target, ready.wanted.clone(), &member.how);
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Ended::Lost("cfgcheck broke: please report this".into()))
}

/// Takes the hosts back that were deployed, for a reason.
pub fn take_back(machine: &Machine, ready: &BTreeMap<String, Ready>, came: &mut BTreeMap<String, Came>, why: &str) {
    let deployed: Vec<&Ready> = came
        .iter()
        .filter(|(_, came)| came.ended == Ended::Deployed)
        .filter_map(|(host, _)| ready.get(host))
        .collect();
    let ended = each(&deployed, |ready| {
        let member = &ready.member;
        member.target.tell("goes back with the others");
        back::to_before(machine, &member.target, &member.how)
    });
    for (ready, back) in deployed.iter().zip(ended) {
        let ended = match back {
            Ok(Ended::Deployed) => Ended::TakenBack(why.to_owned()),
            Ok(other) => stayed(other.word(), &other.reasons()),
            Err(trouble) => stayed("it was not begun", &trouble.reasons),
        };
        tell(&ready.member.name, &ended);
        if let Some(came) = came.get_mut(&ready.member.name) {
            came.ended = ended;
        }
    }
}

/// Returns the end of a host that was to go back with the others, and did not.
fn stayed(word: &str, reasons: &[::deploy::Reason]) -> Ended {
    let reasons: Vec<&str> = reasons.iter().map(|reason| reason.why.as_str()).collect();
    Ended::RollbackFailed(format!(
        "it was to go back with the others, and that has failed: {word}: {}",
        reasons.join("; ")
    ))
}
