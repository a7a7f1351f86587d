//! One library judged by the laws, stopping at the first that is broken.

use crate::library::{self, Change, STACK};
use eval::Evaluator;
use eval::error::Eval;
use prop::laws::known;
use prop::random::{Draw, numbers};
use prop::run::{Verdict, ask};
use prop::{Ground, Law};
use std::path::Path;

/// Cases of one law in a turn, as in a run.
const TURN: u64 = 16;
/// Cases of each law that are done a second time to stay, as in a run.
const WARM: u64 = 4;

/// What the laws say of a library.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// All laws hold: the mutant survives.
    Survived,
    /// This law is broken.
    Broken {
        /// Its id.
        law: String,
        /// The number of the case, from zero.
        case: u64,
        /// What came out.
        line: String,
    },
    /// The library, or a law, could not be evaluated at all.
    Unusable(String),
    /// Evaluation took too long, or too much memory.
    Endless(String),
    /// It broke the evaluator, a bug of ours.
    Crashed(String),
}

/// Returns what the laws say of a library, with a change or as it is.
pub fn fate(path: &Path, change: Option<&Change>, laws: &[&'static Law], cases: u64, seed: u64) -> Fate {
    let work = || {
        let all = |ev: &mut Evaluator, ground: &mut Ground| judged(ev, ground, laws, cases, seed);
        library::on(path, change, all).unwrap_or_else(Fate::Unusable)
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let thread = thread.spawn_scoped(scope, work).expect("a thread can be made");
        thread.join().unwrap_or_else(|_| Fate::Crashed("a panic".into()))
    })
}

/// Runs the same cases as a run of the laws does, in the same turns, and returns at the first that tells something.
fn judged(ev: &mut Evaluator, ground: &mut Ground, laws: &[&'static Law], cases: u64, seed: u64) -> Eval<Fate> {
    let mut from = 0;
    while from < cases {
        let turn = from..cases.min(from + TURN);
        for law in laws {
            let mut judged = 0;
            for case in turn.clone() {
                let mut rng = numbers(seed, &[law.id, ""], case);
                let scene = (law.draw)(&mut Draw::new(&mut rng), ground);
                let Some(scene) = scene else { continue };
                let Some(question) = (law.question)(&scene, ground) else {
                    continue;
                };
                judged += 1;
                match ask(ev, ground, &question, case < WARM)? {
                    Verdict::Holds => {}
                    Verdict::Stopped(why) => return Ok(Fate::Endless(format!("{}: {why}", law.id))),
                    Verdict::Crashed(why) => return Ok(Fate::Crashed(format!("{}: {why}", law.id))),
                    Verdict::Broken(_) if known::explaining(law, &scene, ground).is_some() => {}
                    Verdict::Broken(broken) => {
                        return Ok(Fate::Broken {
                            law: law.id.into(),
                            case,
                            line: broken.lines.join("; "),
                        });
                    }
                }
            }
            if judged == 0 {
                return Ok(Fate::Unusable(format!("{} has nothing to judge", law.id)));
            }
        }
        from = turn.end;
    }
    Ok(Fate::Survived)
}
