//! An evaluator over files in memory, for the tests of this room.

use eval::{Evaluator, Settings};
use flake::world::{Access, World};
use std::sync::Arc;
use std::time::Duration;
use sys::{FixedEnv, ManualClock, MemoryFs};

/// Stack that tests may use: less than a test's thread has.
const STACK: usize = 1 << 20;

/// Returns an evaluator that sees these files.
pub(super) fn evaluator(files: &[(&str, &str)]) -> Evaluator {
    let fs = files
        .iter()
        .fold(MemoryFs::new(), |fs, (path, text)| fs.file(path, *text));
    let env = FixedEnv::at("/");
    let clock = ManualClock::at(Duration::ZERO);
    let world = World::new(
        Arc::new(fs),
        Arc::new(env),
        Arc::new(clock),
        Access::Everything,
        Box::new(|_: &[u8]| {}),
    );
    Evaluator::new(Settings::default(), Box::new(world), STACK)
}
