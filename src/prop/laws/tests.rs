//! Every law about the library holds on the libraries, and finds a library that breaks it.

use super::{all, broken};
use crate::fixture::{Unwatched, changed, libraries, on, on_stand_in};
use crate::run::{Budget, Slot, Tally, run};
use crate::{Ground, Law, Scope};
use eval::Evaluator;

/// Cases of each law on each library.
const CASES: u64 = 150;

/// Cases within which a law must have found a broken library.
const CASES_TO_FIND: u64 = 400;

/// Returns what some cases of a law come to on a ground.
fn tally(ev: &mut Evaluator, ground: &mut Ground, law: &'static Law, cases: u64) -> Tally {
    let slot = Slot {
        law,
        ground: 0,
        key: String::new(),
        cases: None,
    };
    let budget = Budget {
        cases,
        deadline: None,
        seed: 5,
    };
    let grounds = std::slice::from_mut(ground);
    let tallies = run(ev, grounds, &[slot], budget, &mut Unwatched).expect("no limit is reached");
    tallies.into_iter().next().expect("one tally for one slot")
}

/// Returns what a law found, with what was evaluated for it.
fn told(law: &Law, ground: &Ground, tally: &Tally) -> String {
    let Some(found) = &tally.found else {
        return format!("{}: {} ran, {} void, {:?}", law.id, tally.ran, tally.void, tally.why);
    };
    let question = (law.question)(&found.scene, ground).expect("it was asked");
    let sides = question
        .sides
        .iter()
        .map(|side| format!("{} = {};", side.name, side.expr.print(0)));
    let sides: Vec<String> = sides.collect();
    let lines = found.broken.lines.join("\n");
    format!("{} in case {}:\n{lines}\n{}\n", law.id, found.case, sides.join("\n"))
}

fn about_the_library() -> Vec<&'static Law> {
    let laws = all().iter();
    laws.filter(|law| law.scope == Scope::Lib).collect()
}

/// Returns the laws that do not hold on a library, or of which no case could be judged.
fn not_held(library: &std::path::Path) -> Vec<String> {
    on(library, |ev, ground| {
        let mut wrong = Vec::new();
        for law in about_the_library() {
            let tally = tally(ev, ground, law, CASES);
            if tally.found.is_some() || tally.stopped > 0 {
                wrong.push(told(law, ground, &tally));
            }
        }
        wrong
    })
}

#[test]
fn laws_hold_on_every_library() {
    let mut wrong = Vec::new();
    for library in libraries() {
        let here = not_held(&library).into_iter();
        wrong.extend(here.map(|told| format!("{}\n{told}", library.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn laws_find_libraries_that_break_them() {
    let missed = on_stand_in(|ev, ground| {
        let mut missed = Vec::new();
        for law in about_the_library() {
            let changes: Vec<&str> = broken::LIBRARIES
                .iter()
                .filter(|(id, _)| *id == law.id)
                .map(|(_, nix)| *nix)
                .collect();
            if changes.is_empty() {
                missed.push(format!("{}: no broken library is known", law.id));
            }
            for nix in changes {
                let mut ground = changed(ev, ground, nix);
                if tally(ev, &mut ground, law, CASES_TO_FIND).found.is_none() {
                    missed.push(format!("{}: {nix}", law.id));
                }
            }
        }
        missed
    });
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn laws_are_documented_under_names_of_their_own() {
    let mut ids: Vec<&str> = all().iter().map(|law| law.id).collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count, "two laws have one name");
    for law in all() {
        let kebab = law
            .id
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        assert!(kebab, "{}", law.id);
        assert_eq!(law.id.starts_with("lib-"), law.scope == Scope::Lib, "{}", law.id);
        assert!(
            !law.title.ends_with('.') && law.why.ends_with('.') && law.fix.ends_with('.'),
            "{}",
            law.id
        );
    }
    for (id, nix) in broken::LIBRARIES {
        assert!(ids.contains(id), "no law for {nix}");
    }
}
