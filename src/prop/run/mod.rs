//! Running laws: cases in fair turns, each in a trial, and what breaks a law made smaller.

mod ask;
mod tree;
mod turns;

pub use ask::{Broken, Verdict, ask, judge, judge_sides};
pub use turns::{Budget, Found, Slot, Tally, Watcher, run};
