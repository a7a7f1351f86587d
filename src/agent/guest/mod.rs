//! The three parts of the agent, and what they share.

mod adopt;
mod carry;
mod child;
mod export;
mod files;
mod init;
mod kernel;
mod line;
mod mounts;
mod network;
mod process;
mod server;

pub use carry::carry;
pub use child::run;
pub use init::init;
pub use server::serve;

/// The word that starts the server; its role follows.
pub const SERVE: &str = "serve";
/// The word that starts a program in the guest's root; its user (or nothing) and arguments follow.
pub const RUN: &str = "run";

/// The word that starts the carrier of connections.
pub const CARRY: &str = "carry";

/// What went wrong, in words for whoever reads the report.
type Fault = String;

/// Returns a function that says what failed and why.
fn while_doing<E: std::fmt::Display>(what: impl std::fmt::Display) -> impl FnOnce(E) -> Fault {
    move |error| format!("cannot {what}: {error}")
}
