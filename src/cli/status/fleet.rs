//! What the hosts of a fleet run, a line each.

use super::{StatusArgs, ago, code_of};
use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, say};
use crate::switch::{Roster, each, roster, table, worst};
use ::deploy::Status;
use ::deploy::fleet::Host;
use diag::clean_line;
use report::text::cut;
use serde_json::{Map, Value, json};

/// Most columns of a cell.
const WIDTH: usize = 40;

/// What a host tells, or the exit code for it and why it tells nothing.
type Told = Result<Status, (u8, String)>;

/// Asks all hosts that are meant, and returns the worst exit code.
pub fn run(machine: &Machine, args: &StatusArgs) -> u8 {
    let roster = match Roster::of_flake(machine, &args.fleet.asked()) {
        Ok(roster) => roster,
        Err(trouble) => {
            for reason in &trouble.reasons {
                complain(&format!("error: {}", reason.why));
            }
            return trouble.code;
        }
    };
    let told: Vec<Told> = each(&roster.hosts, |host| {
        let target = roster::target(host, args.of.sudo, args.of.remote_program.as_deref());
        let asked = target.ask(machine, &["observe"]);
        asked.map_err(|error| (error.code(), clean_line(&error.to_string()).into_owned()))
    });
    let now = machine.clock.unix_time().as_secs();
    if args.json {
        match serde_json::to_string_pretty(&all(roster.hosts.iter().zip(&told))) {
            Ok(text) => say(format!("{text}\n").as_bytes()),
            Err(error) => {
                complain(&format!("error: {error}"));
                return exit::OUR_BUG;
            }
        }
    } else {
        let hosts = roster.hosts.iter().zip(&told);
        let rows = hosts.clone().map(|(host, told)| row(host, told.as_ref().ok(), now));
        say(table(["host", "commit", "last", "ago", "runs"], rows.collect()).as_bytes());
        for (host, told) in hosts {
            if let Err((_, why)) = told {
                complain(&format!("{}: {why}", clean_line(&host.name)));
            }
        }
    }
    let codes: Vec<u8> = told
        .iter()
        .map(|told| told.as_ref().map_or_else(|(code, _)| *code, code_of))
        .collect();
    worst(&codes)
}

/// Returns all that is known of hosts, by their names.
fn all<'h>(hosts: impl Iterator<Item = (&'h Host, &'h Told)>) -> Value {
    let of = |told: &Told| match told {
        Ok(status) => json!(status),
        Err((_, why)) => json!({ "error": why }),
    };
    Value::Object(
        hosts
            .map(|(host, told)| (host.name.clone(), of(told)))
            .collect::<Map<_, _>>(),
    )
}

/// Returns the line of a host: the commit that was deployed last, how the last deployment ended, when, and what it runs.
fn row(host: &Host, status: Option<&Status>, now: u64) -> [String; 5] {
    let name = cut(&clean_line(&host.name), WIDTH);
    let Some(status) = status else {
        return [name, String::new(), "out of reach".into(), String::new(), String::new()];
    };
    let current = status.now.current.as_deref().unwrap_or_default();
    let deployed = status.deployed.as_ref();
    let deployed = deployed.filter(|deployed| deployed.order.system == current);
    let commit = deployed.and_then(|deployed| deployed.order.origin.commit.as_deref());
    let last = status.last.as_ref();
    let word = last.map(|last| match status.ended() {
        // Why stands in `cfgcheck status` of the host alone.
        Some(outcome) => outcome.to_string().split(':').next().unwrap_or_default().to_owned(),
        None => last.phase.to_string(),
    });
    // Behind the digest, which says nothing to people.
    let system = current.rsplit('/').next().unwrap_or(current);
    let system = system.split_once('-').map_or(system, |(_, name)| name);
    [
        name,
        clean_line(commit.map_or("", |commit| commit.get(..10).unwrap_or(commit))).into_owned(),
        clean_line(&word.unwrap_or_default()).into_owned(),
        last.map(|last| ago(last.since, now)).unwrap_or_default(),
        cut(&clean_line(system), WIDTH),
    ]
}
