//! Turns: every law on every ground gets a few cases at a time, until all have had theirs or time is up.

use super::ask::{Broken, Verdict, ask};
use super::tree::{SceneTree, Scenes};
use crate::laws::known;
use crate::own::{Standing, standing};
use crate::random::numbers;
use crate::{Ground, Law, Scene};
use eval::Evaluator;
use eval::error::Eval;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;
use std::time::Duration;

/// Cases of one law on one ground in a turn.
const TURN: u64 = 16;
/// Cases of each law on each ground that are done a second time, to stay: see [`ask`].
const WARM: u64 = 4;
/// Most scenes that are tried to make a counterexample smaller.
const MOST_STEPS: usize = 4000;

/// Cases that could not be judged after which a law is no more tried on a ground: each used all that a case may use, and
/// the next ones would too.
const MOST_STOPPED: u64 = 6;

/// How much may be done.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Cases of each law on each ground.
    pub cases: u64,
    /// When to stop, on the clock of the watcher.
    pub deadline: Option<Duration>,
    /// The seed of all random numbers.
    pub seed: u64,
}

/// A law on a ground.
#[derive(Clone, Debug)]
pub struct Slot {
    /// The law.
    pub law: &'static Law,
    /// The number of the ground.
    pub ground: usize,
    /// What the random numbers depend on beside the law, such as the option's path: the same on all hosts.
    pub key: String,
    /// The numbers of its cases; `None` for all of the budget.
    pub cases: Option<Vec<u64>>,
}

impl Slot {
    /// Returns the number of its cases within a budget of so many.
    pub fn count(&self, all: u64) -> u64 {
        self.cases.as_ref().map_or(all, |cases| cases.len() as u64)
    }

    /// Returns the numbers of its cases in a turn.
    fn turn(&self, turn: u64, all: u64) -> Vec<u64> {
        let places = turn * TURN..self.count(all).min((turn + 1) * TURN);
        match &self.cases {
            None => places.collect(),
            Some(cases) => {
                let skipped = cases.iter().skip(usize::try_from(places.start).unwrap_or(usize::MAX));
                skipped
                    .take(usize::try_from(TURN).unwrap_or(usize::MAX))
                    .copied()
                    .collect()
            }
        }
    }
}

/// What a law on a ground came to.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Cases that were judged.
    pub ran: u64,
    /// Cases in which the ground offered nothing that the law is about.
    pub void: u64,
    /// Cases that break the law as the module system itself does: by which known behaviour, and how often.
    pub known: BTreeMap<&'static str, u64>,
    /// Crashes of an option alone that its host does not show with the same definitions; they are not told.
    pub not_in_host: u64,
    /// Cases that could not be judged: how many, and why the first of them.
    pub stopped: u64,
    /// Why the first of these stopped.
    pub why: Option<String>,
    /// What the panic said in the first case that broke us.
    pub crashed: Option<String>,
    /// The counterexample, made small.
    pub found: Option<Found>,
}

impl Tally {
    /// Whether further cases would tell nothing new: the law is broken, or cases of it cannot be judged.
    fn is_done(&self) -> bool {
        self.found.is_some() || self.stopped >= MOST_STOPPED
    }
}

/// A case that breaks its law.
#[derive(Clone, Debug)]
pub struct Found {
    /// The scene.
    pub scene: Scene,
    /// How the law is broken.
    pub broken: Broken,
    /// The number of the case, from zero.
    pub case: u64,
    /// Why it could not be looked at in the host, if it is a crash that should have been.
    pub unconfirmed: Option<String>,
}

/// Is told how far the work is, and says when it is to end.
pub trait Watcher {
    /// Takes that a turn begins: cases judged so far, and all there may be.
    fn progressed(&mut self, slot: &Slot, done: u64, of: u64);
    /// Returns the time on a clock that only goes forward.
    fn now(&self) -> Duration;
    /// Whether the user wants it to end.
    fn interrupted(&self) -> bool;
}

/// Runs laws on grounds, and returns what each slot came to.
pub fn run<G: AsMut<Ground>>(
    ev: &mut Evaluator,
    grounds: &mut [G],
    slots: &[Slot],
    budget: Budget,
    watcher: &mut dyn Watcher,
) -> Eval<Vec<Tally>> {
    let mut tallies = vec![Tally::default(); slots.len()];
    let all = slots
        .iter()
        .fold(0, |all: u64, slot| all.saturating_add(slot.count(budget.cases)));
    let mut done = 0;
    let mut turn = 0;
    while turn * TURN < budget.cases {
        for (slot, tally) in slots.iter().zip(&mut tallies) {
            let cases = slot.turn(turn, budget.cases);
            if cases.is_empty() {
                continue;
            }
            let late = budget.deadline.is_some_and(|deadline| watcher.now() >= deadline);
            if watcher.interrupted() || late {
                return Ok(tallies);
            }
            watcher.progressed(slot, done, all);
            done += cases.len() as u64;
            if tally.is_done() {
                continue;
            }
            let ground = grounds[slot.ground].as_mut();
            for case in cases {
                one(ev, ground, slot, budget.seed, case, tally)?;
                if tally.is_done() {
                    break;
                }
            }
        }
        turn += 1;
    }
    Ok(tallies)
}

/// Runs one case.
fn one(ev: &mut Evaluator, ground: &mut Ground, slot: &Slot, seed: u64, case: u64, tally: &mut Tally) -> Eval<()> {
    let rng = numbers(seed, &[slot.law.id, &slot.key], case);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let scenes = Scenes { law: slot.law, ground };
    let Ok(mut tree) = scenes.new_tree(&mut runner) else {
        tally.void += 1;
        return Ok(());
    };
    match judged(ev, ground, slot.law, &tree.current(), case < WARM)? {
        None => tally.void += 1,
        Some(Verdict::Holds) => tally.ran += 1,
        Some(Verdict::Stopped(why)) => {
            tally.stopped += 1;
            tally.why.get_or_insert(why);
        }
        Some(Verdict::Crashed(message)) => {
            tally.stopped += 1;
            tally.crashed.get_or_insert(message);
        }
        Some(Verdict::Broken(broken)) => {
            tally.ran += 1;
            if let Some(known) = known::explaining(slot.law, &tree.current(), ground) {
                *tally.known.entry(known.id).or_default() += 1;
                return Ok(());
            }
            let first = (tree.current(), broken.clone());
            let unconfirmed = match standing(ev, ground, slot.law, &first.0, &broken, tally.not_in_host)? {
                Standing::Stands => None,
                Standing::Unknown(why) => Some(why),
                Standing::Falls => {
                    tally.not_in_host += 1;
                    return Ok(());
                }
            };
            let mut small = smallest(ev, ground, slot.law, &mut tree, broken)?;
            if standing(ev, ground, slot.law, &small.0, &small.1, 0)? == Standing::Falls {
                small = first;
            }
            let (scene, broken) = small;
            tally.found = Some(Found {
                scene,
                broken,
                case,
                unconfirmed,
            });
        }
    }
    Ok(())
}

/// Judges a scene; `None` if the law says nothing about it.
fn judged(ev: &mut Evaluator, ground: &mut Ground, law: &Law, scene: &Scene, warm: bool) -> Eval<Option<Verdict>> {
    match (law.question)(scene, ground) {
        Some(question) => ask(ev, ground, &question, warm).map(Some),
        None => Ok(None),
    }
}

/// Makes a scene that breaks a law smaller, as long as it still does.
fn smallest(
    ev: &mut Evaluator,
    ground: &mut Ground,
    law: &Law,
    tree: &mut SceneTree,
    broken: Broken,
) -> Eval<(Scene, Broken)> {
    let mut best = (tree.current(), broken);
    let mut more = tree.simplify();
    for _ in 0..MOST_STEPS {
        if !more {
            break;
        }
        let scene = tree.current();
        more = match judged(ev, ground, law, &scene, false)? {
            // A smaller case of a known behaviour would hide what was found.
            Some(Verdict::Broken(broken)) if known::explaining(law, &scene, ground).is_none() => {
                best = (scene, broken);
                tree.simplify()
            }
            _ => tree.complicate(),
        };
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Unwatched, on_stand_in};
    use crate::{Claim, Expected, Expr, Question, Scope, Side};
    use diag::Severity;

    const ENDLESS: Law = Law {
        id: "endless",
        scope: Scope::Lib,
        severity: Severity::Error,
        title: "",
        why: "",
        fix: "",
        draw: |_, _| Some(Scene::default()),
        question: |_, _| {
            let nix = "_: let grow = list: builtins.seq (builtins.length list) (grow (list ++ list)); in grow [ 1 ]";
            Some(Question {
                sides: vec![Side {
                    name: "one",
                    expr: Expr::call(nix, [Expr::Null]),
                }],
                claims: vec![Claim::Whole(0, Expected::Accepted)],
            })
        },
    };

    #[test]
    fn a_law_whose_cases_run_away_is_not_tried_to_the_last() {
        let tally = on_stand_in(|ev, ground| {
            let slot = Slot {
                law: &ENDLESS,
                ground: 0,
                key: String::new(),
                cases: None,
            };
            let budget = Budget {
                cases: 100,
                deadline: None,
                seed: 0,
            };
            let tallies = run(ev, std::slice::from_mut(ground), &[slot], budget, &mut Unwatched);
            tallies.expect("the run goes on").remove(0)
        });
        assert_eq!((tally.ran, tally.stopped), (0, MOST_STOPPED));
        let why = tally.why.expect("there is a reason");
        assert!(why.contains("memory"), "{why}");
    }
}
