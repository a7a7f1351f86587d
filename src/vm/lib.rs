//! Builds and activation tests in virtual machines.

pub mod accel;
pub mod agents;
pub mod build;
pub mod disks;
pub mod generation;
pub mod guest;
pub mod image;
pub mod initrd;
pub mod kit;
pub mod link;
pub mod live;
pub mod machine;
mod processor;
pub mod realised;

pub use processor::Processor;
