//! Deployment: a host is brought to an approved system, and back by itself when that turns out ill.
//!
//! An [`Order`] says what a machine is to be brought to. [`engine`] carries it out on that machine, and keeps how far it
//! has come in a [`Deployment`], so that a crash in the middle of it ends where everything else that goes wrong ends:
//! at what was there before.

pub mod approval;
pub mod commit;
pub mod ended;
pub mod engine;
pub mod failed;
pub mod fleet;
pub mod git;
pub mod health;
pub mod host;
mod moment;
pub mod order;
pub mod plan;
pub mod policy;
pub mod pull;
pub mod signature;
pub mod state;
pub mod status;
pub mod verdict;

pub use ended::{Ended, Reason};
pub use failed::FailedCommits;
pub use moment::moment;
pub use order::Order;
pub use plan::Plan;
pub use policy::Policy;
pub use state::{Deployment, Outcome, Phase};
pub use status::Status;
