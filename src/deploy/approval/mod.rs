//! Whether a commit is approved: what a policy demands, held against what the forge and Git tell.
//!
//! [`Facts`] are what was asked; each can be missing, for a reason ([`Untold`]). [`judge`] is a pure function of them: it
//! tells all that does not hold, and what was shown of the rest. What was not told is refused like what is wrong. The
//! signed verdict of a policy is not judged here.

mod checks;
mod facts;
mod judge;
mod people;
mod refusal;
mod shown;
mod signed;

pub use facts::{Branch, CheckRun, Facts, Person, PullRequest, Review, ReviewState, Rights, Told, Untold, Why};
pub use judge::{Judgement, judge};
pub use refusal::{Condition, Refusal, Withdrawn};
pub use shown::Shown;

#[cfg(test)]
mod tests;
