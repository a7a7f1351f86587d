//! How much a build may take.

use std::time::Duration;

/// What one run of the build VM may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BuildLimits {
    /// The longest that one derivation may build, as on a machine with KVM.
    pub time: Duration,
    /// The longest that the whole run may take.
    pub whole: Duration,
    /// Bytes of disk that builds may fill.
    pub disk: u64,
    /// Bytes of outputs.
    pub outputs: u64,
    /// MiB of memory.
    pub memory: u32,
    /// Processors.
    pub processors: u32,
    /// Processes that builders may have at once.
    pub processes: u32,
    /// Bytes of one log.
    pub log: u64,
}

impl Default for BuildLimits {
    /// Returns an hour for a derivation and four for a run, 16 GiB, 2 GiB of memory, and two processors.
    fn default() -> BuildLimits {
        BuildLimits {
            time: Duration::from_secs(3600),
            whole: Duration::from_secs(4 * 3600),
            disk: 16 << 30,
            outputs: 16 << 30,
            memory: 2048,
            processors: 2,
            processes: 4096,
            log: 16 << 20,
        }
    }
}
