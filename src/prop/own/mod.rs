//! The options that a user's own modules declare: what is known of them, values for them, and what is said when a
//! law about one is broken.

mod known;

pub use known::{Function, Known, Shape, Values};
