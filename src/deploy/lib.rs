//! Deployment: a host is brought to an approved system, and back by itself when that turns out ill.

pub mod policy;

pub use policy::Policy;
