//! Our own answers.

use crate::table::line;
use crate::world::{Messages, World};
use diag::Origin;
use eval::{Evaluator, Settings};

/// Stack for one table.
const STACK: usize = 256 << 20;

/// Runs `work` on a thread with much stack; it is given a function from an expression to the answer.
/// All of a table's expressions share one evaluator, as each evaluator reserves address space.
pub fn with_evaluator(work: impl FnOnce(&mut dyn FnMut(&str) -> String) -> String + Send + 'static) -> String {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        let messages = Messages::default();
        let settings = Settings {
            current_system: Some("x86_64-linux".into()),
            ..Settings::default()
        };
        let world = World::new(messages.clone());
        let mut ev = Evaluator::new(settings, Box::new(world), STACK - (1 << 20));
        work(&mut |expression| {
            let told = || -> String { messages.borrow_mut().drain(..).map(|m| line("~>", &m)).collect() };
            // A trial must say the same, and leave nothing that would change what is said later.
            let tried = [(); 2].map(|()| in_a_trial(&mut ev, expression, told));
            let outcome = answer(&mut ev, expression);
            let outcome = told() + &outcome;
            match tried.into_iter().find(|tried| *tried != outcome) {
                Some(other) => format!("{outcome}in a trial\n{other}"),
                None => outcome,
            }
        })
    });
    let thread = thread.expect("a thread can be made");
    thread.join().expect("the evaluator does not panic")
}

/// Returns what is said in a trial, of which nothing must be left.
fn in_a_trial(ev: &mut Evaluator, expression: &str, told: impl Fn() -> String) -> String {
    let counts = |ev: &Evaluator| {
        (
            ev.mem.heap.cell_count(),
            ev.mem.heap.word_count(),
            ev.mem.heap.byte_count(),
        )
    };
    let before = counts(ev);
    let outcome = ev.trial(|ev| Ok(answer(ev, expression)));
    assert_eq!(counts(ev), before, "{expression}");
    told() + &outcome.expect("the answer is taken as a text")
}

fn answer(ev: &mut Evaluator, expression: &str) -> String {
    let shown = ev
        .eval_text(Origin::String, expression.as_bytes(), b"/")
        .and_then(|value| {
            let cell = ev.cell(value);
            ev.force_deep(cell)?;
            ev.show_plain(value)
        });
    match shown {
        Ok(shown) => line("=>", &String::from_utf8_lossy(&shown)),
        Err(_) => {
            let error = ev.take_error();
            let message = line("!>", &without_blank_ends(&error.message));
            match ev.sources.locate(error.pos) {
                Some(_) => {
                    let place = ev.show_pos(error.pos);
                    message + &line("@>", place.trim_start_matches("«string»:"))
                }
                None => message,
            }
        }
    }
}

/// Returns a text whose lines have no blanks at their ends, as Nix prints messages.
fn without_blank_ends(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().split('\n').map(str::trim_end).collect();
    lines.join("\n")
}
