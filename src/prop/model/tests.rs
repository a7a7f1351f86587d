//! The model says what the libraries do.

use super::law::LAW;
use super::{Edition, question};
use crate::fixture::{libraries, on};
use crate::random::mixed::mixed;
use crate::random::{Draw, numbers};
use crate::run::{Verdict, ask};
use crate::{Ground, Question, Scene};
use eval::Evaluator;
use std::path::Path;

/// Cases on each library.
const CASES: u64 = 2000;

/// Returns a scene of the model's law.
pub(super) fn scene(ground: &Ground, case: u64) -> Scene {
    let mut rng = numbers(11, &[LAW.id], case);
    mixed(&mut Draw::new(&mut rng), ground)
}

/// Returns how the library breaks what the model says, told of the smallest scene in which it does.
pub(super) fn disagreement(ev: &mut Evaluator, ground: &mut Ground, scene: Scene) -> Option<String> {
    let edition = Edition::of(ground).expect("it is one of those that are modelled");
    let mut judge = |scene: &Scene| {
        let question = question(scene, edition);
        match ask(ev, ground, &question, false).expect("no limit is reached") {
            Verdict::Holds => None,
            Verdict::Broken(broken) => Some((question, broken.lines.join("\n"))),
            other => Some((question, format!("{other:?}"))),
        }
    };
    let mut broken = judge(&scene)?;
    let mut smallest = scene;
    'smaller: loop {
        for simpler in smallest.simpler() {
            if let Some(found) = judge(&simpler) {
                (smallest, broken) = (simpler, found);
                continue 'smaller;
            }
        }
        return Some(told(&broken.0, &broken.1));
    }
}

fn told(question: &Question, lines: &str) -> String {
    format!("{lines}\n{}\n", question.sides[0].expr.print(0))
}

/// Returns what the model says wrongly of a library.
fn disagreements(lib: &Path, cases: u64, most: usize) -> Vec<String> {
    on(lib, move |ev, ground| {
        let mut found = Vec::new();
        for case in 0..cases {
            let scene = scene(ground, case);
            if let Some(told) = disagreement(ev, ground, scene) {
                found.push(format!("case {case}: {told}"));
                if found.len() == most {
                    break;
                }
            }
        }
        found
    })
}

#[test]
fn model_and_library_agree() {
    for lib in libraries() {
        let wrong = disagreements(&lib, CASES, 12);
        assert!(wrong.is_empty(), "{}\n{}", lib.display(), wrong.join("\n"));
    }
}
