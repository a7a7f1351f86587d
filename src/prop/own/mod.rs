//! The options that a user's own modules declare: what is known of them, values for them, and what is said when a
//! law about one is broken.

mod diagnose;
#[cfg(test)]
mod fixture;
mod host;
mod known;
mod laws;
mod read;
mod sample;
mod shape;
mod shared;
mod subject;
#[cfg(test)]
mod tests;
mod values;

pub use diagnose::diagnose;
pub(crate) use host::{Standing, standing};
pub use known::{Function, Known, Shape, Values};
pub use laws::LAWS;
pub use shared::{Left, Shared};
pub use subject::{Subject, Subjects, Unread, subjects};
pub use values::Pools;
