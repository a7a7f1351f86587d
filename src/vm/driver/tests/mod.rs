//! Scenarios on a machine that does what a script says.

mod activated;
mod faults;
mod scripted;
mod steps;

use std::collections::BTreeMap;

use diag::SourceMap;
use report::Outcome;

use super::*;
use crate::scenario;
use scripted::{Scripted, generation};

/// What came of a play, and what was done to the machine.
struct Shown {
    played: Played,
    log: Vec<String>,
    told: Vec<String>,
}

/// Plays a scenario between two generations.
fn play_with(scenario: &Scenario, base: &Generation, head: &Generation, settings: &Settings, guest: Scripted) -> Shown {
    let mut guest = guest;
    let mut told = Vec::new();
    let files = BTreeMap::from([("wiki.sql".to_owned(), b"create table".to_vec())]);
    let played = play(
        &Play {
            scenario,
            base,
            head,
            settings,
            files: &files,
        },
        &mut guest,
        &mut |event| match event {
            Told::Step { number, of, what } => told.push(format!("{number}/{of} {what}")),
            Told::Line(line) => told.push(line.to_owned()),
        },
    );
    for found in &played.found {
        assert!(
            crate::finding::rules().any(|rule| rule.id == found.rule),
            "{}",
            found.rule
        );
    }
    Shown {
        played,
        log: guest.world.log,
        told,
    }
}

/// All that the two default scenarios do, on one machine.
fn thorough() -> Scenario {
    read(
        "steps:\n- boot: base\n- dry_activate: head\n- switch_to: head\n- watch: 10s\n\
         - switch_to: { generation: head, action: boot }\n- rollback\n- reboot\n",
    )
}

/// Does all that the default scenarios do.
fn by_default(guest: Scripted) -> Shown {
    play_with(
        &thorough(),
        &generation("base"),
        &generation("head"),
        &Settings::default(),
        guest,
    )
}

/// Plays a scenario that is written here.
fn written(text: &str, guest: Scripted) -> Shown {
    let scenario = read(text);
    play_with(
        &scenario,
        &generation("base"),
        &generation("head"),
        &Settings::default(),
        guest,
    )
}

fn read(text: &str) -> Scenario {
    let mut sources = SourceMap::new();
    let read = scenario::read(&mut sources, b"/f/vm-tests/wiki.yaml", text.as_bytes());
    read.unwrap_or_else(|mistake| panic!("{text}: {}", mistake.message))
}

/// Returns what was found in lines as `error unit-failed: message | hint | blame`.
fn lines(shown: &Shown) -> Vec<String> {
    let line = |found: &Found| {
        format!(
            "{} {}: {} | {} | {:?}",
            found.severity.name(),
            found.rule,
            found.message,
            found.hint.as_deref().unwrap_or(""),
            found.blame
        )
    };
    shown.played.found.iter().map(line).collect()
}

/// Checks that one thing was found, and what.
fn only(shown: &Shown, outcome: Outcome, expected: &str) {
    assert_eq!(
        (&shown.played.outcome, lines(shown)),
        (&outcome, vec![expected.to_owned()]),
        "{:?}",
        shown.log
    );
}
