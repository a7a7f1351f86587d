//! What a run says: events while it works, one report at its end, and the forms that takes.
//!
//! Every form is made from the same [`Report`], one file a form; `json` alone is read back.

mod case;
mod event;
mod finding;
mod group;
mod rule;
mod run;

pub mod diff;
pub mod json;
pub mod junit;
pub mod redact;
pub mod text;

pub use case::{Case, Outcome, Stage, Subject, Waived, WaivedBy};
pub use event::{Event, Phase, Recorder, Sink};
pub use finding::{Finding, Location, Position};
pub use group::{Group, groups};
pub use redact::Secrets;
pub use rule::RuleDoc;
pub use run::{Report, Tool, Totals, Verdict};

#[cfg(test)]
mod sample;
