//! Builds and activation tests in virtual machines.

pub mod accel;
pub mod disks;
pub mod generation;
pub mod guest;
mod processor;

pub use processor::Processor;
