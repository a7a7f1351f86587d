//! Builds and activation tests in virtual machines.

pub mod accel;
pub mod agents;
pub mod artifact;
pub mod build;
pub mod disko;
pub mod disks;
pub mod driver;
pub mod egress;
pub mod finding;
pub mod generation;
pub mod guest;
pub mod home;
pub mod image;
pub mod initrd;
pub mod kit;
pub mod link;
pub mod live;
pub mod machine;
mod processor;
pub mod realised;
pub mod scenario;
pub mod secrets;
pub mod shell;
pub mod substitute;
pub mod turns;

pub use processor::Processor;
