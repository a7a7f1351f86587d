//! Activation tests in virtual machines. So far: which accelerator QEMU runs a guest with.

pub mod accel;
mod processor;

pub use processor::Processor;
