//! Trials and open cells: what is undone must look as if it had never been done.

mod kept;
mod limits;
mod open;
mod thunks;
mod undone;
mod world;

use diag::Origin;
use eval::{Eval, Evaluator, Ref, Settings, Stopped, Val};
use std::fmt::Debug;
use world::World;

/// Stack of the thread that a test runs on.
const STACK: usize = 64 << 20;
/// Stack that its evaluator may use.
const USED: usize = STACK / 2;

/// Runs a test with an evaluator.
fn with_evaluator(world: World, settings: Settings, test: impl FnOnce(&mut Evaluator) + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        let settings = Settings {
            current_system: Some("x86_64-linux".into()),
            keep_messages: true,
            ..settings
        };
        test(&mut Evaluator::new(settings, Box::new(world), USED));
    });
    if let Err(payload) = thread.expect("a thread can be made").join() {
        std::panic::resume_unwind(payload);
    }
}

/// Runs a test with an evaluator of a world with nothing special.
fn with_plain_evaluator(test: impl FnOnce(&mut Evaluator) + Send + 'static) {
    with_evaluator(World::default(), Settings::default(), test);
}

/// Evaluates an expression as a whole and returns its text.
fn shown(ev: &mut Evaluator, expression: &str) -> Eval<String> {
    let value = ev.eval_text(Origin::String, expression.as_bytes(), b"/lib")?;
    let cell = ev.cell(value);
    shown_cell(ev, cell)
}

/// Evaluates what is in a cell as a whole and returns its text.
fn shown_cell(ev: &mut Evaluator, cell: Ref) -> Eval<String> {
    let value = ev.force_deep(cell)?;
    Ok(String::from_utf8_lossy(&ev.show_plain(value)?).into_owned())
}

/// Returns the value of an attribute.
fn attr(ev: &mut Evaluator, set: Val, name: &str) -> Ref {
    let name = ev.symbols.intern(name.as_bytes());
    ev.mem.attr(set, name).expect("the attribute is there").value
}

/// Returns an outcome as one line.
fn told<T: Debug>(outcome: &Result<T, Stopped>) -> String {
    match outcome {
        Ok(result) => format!("{result:?}"),
        Err(Stopped::Failed(error)) => format!("{:?}: {}", error.kind, error.message),
        Err(Stopped::Panicked(message)) => format!("panicked: {message}"),
    }
}

/// What is in use of the heap.
fn counts(ev: &Evaluator) -> (u32, u32, u64) {
    let heap = &ev.mem.heap;
    (heap.cell_count(), heap.word_count(), heap.byte_count())
}
