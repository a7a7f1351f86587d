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
            let outcome = answer(&mut ev, expression);
            let told: String = messages.borrow_mut().drain(..).map(|m| line("~>", &m)).collect();
            told + &outcome
        })
    });
    let thread = thread.expect("a thread can be made");
    thread.join().expect("the evaluator does not panic")
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
