//! What a run says: events while it works, one report at its end, and the forms that takes.
//!
//! Every form is made from the same [`Report`], one file a form; `json` alone is read back. Secrets
//! are masked in [`redact`] before anything is kept, so that no form has to know of them.

mod annotation;
mod case;
mod event;
mod finding;
mod fingerprint;
mod group;
mod join;
mod matrix;
mod observed;
mod place;
mod rule;
mod run;

pub mod diff;
pub mod github;
pub mod gitlab;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod redact;
pub mod sarif;
pub mod text;

pub use annotation::Annotation;
pub use case::{Attachment, Case, Outcome, Stage, Subject, Waived, WaivedBy};
pub use event::{Event, Phase, Recorder, Sink};
pub use finding::{Finding, Location, Position};
pub use group::{Group, all_groups, groups, waived_groups};
pub use redact::Secrets;
pub use rule::RuleDoc;
pub use run::{Report, Tool, Totals, Verdict};

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tags;
