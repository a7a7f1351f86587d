//! GitHub: a report as one check run and one comment on a pull request, and what is known there of a commit.
//!
//! Three steps, of which only the last speaks to anybody: [`Surroundings`] reads what GitHub Actions tells a
//! job (repository, event, addresses), [`plan`] makes requests of a report as data, and [`Github`] sends
//! them, with deadlines, bounds and retries. [`publish`] and [`publish_saved`] do all of it.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (env, fs, report) = (sys::ProcessEnv, sys::DiskFs, report::Report::default());
//! # let clock = sys::SystemClock::new();
//! let here = forge::Surroundings::read(&env, &fs)?;
//! let token = forge::Token::new("the value of GITHUB_TOKEN")?;
//! let github = forge::Github::new(&here.api, &token, &clock, forge::Patience::default())?;
//! let wanted = forge::Wanted { check: true, comment: true, ..forge::Wanted::default() };
//! let published = forge::publish(&github, &report, &here.target()?, &wanted);
//! for done in published.done() { /* say where it is */ }
//! for error in published.errors() { /* say it; the verdict of the check stays what it is */ }
//! # Ok(()) }
//! ```
//!
//! [`approval`] asks what GitHub says of a commit that somebody wants to deploy.
//!
//! A job for a pull request from a fork has a token that may only read. It saves its report, and a second
//! workflow, on `workflow_run`, hands the file to [`Saved::open`] and [`publish_saved`]. That file was
//! written by a run of the fork's code: it says what is shown and nothing about where. Commit and pull
//! request come from the event and from GitHub, the conclusion is always neutral, and the name of the check
//! run ends in [`UNVERIFIED`].

mod address;
mod change;
mod client;
mod cut;
mod error;
mod event;
mod file;
mod message;
mod origin;
mod publish;
mod reply;
mod request;
mod retry;
mod saved;
mod surroundings;
mod token;
mod wanted;

pub mod approval;
pub mod plan;

pub use address::{AddressError, Api, Commit, Repository};
pub use change::Change;
pub use client::{Github, Patience};
pub use error::{Error, Permission};
pub use event::{Event, EventError, WorkflowRun};
pub use file::FileError;
pub use origin::pull_request_of;
pub use publish::{Done, How, Published, publish, publish_saved};
pub use saved::{Saved, SavedError};
pub use surroundings::{Surroundings, SurroundingsError, Target};
pub use token::{Token, TokenError};
pub use wanted::{Name, NameError, UNVERIFIED, Wanted};

#[cfg(test)]
mod tests;
