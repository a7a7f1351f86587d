//! A generation: the closure of one NixOS system, and what its toplevel says of how it is started.

use std::path::PathBuf;
use store::StorePath;

/// One system that a machine can run. The files are those of the store of the run, on this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Generation {
    /// The path of its toplevel.
    pub toplevel: StorePath,
    /// Its kernel.
    pub kernel: PathBuf,
    /// Its initial RAM disk.
    pub initrd: PathBuf,
    /// The folder of its kernel's modules (`lib/modules/VERSION` is below it), if it has modules.
    pub modules: Option<PathBuf>,
    /// Its kernel's parameters without `init=`, as `kernel-params` has them.
    pub parameters: String,
    /// What stage 1 starts: `TOPLEVEL/init` in the guest.
    pub init: String,
    /// Whether stage 1 has to run `TOPLEVEL/prepare-root` before, as `init` is systemd itself.
    pub prepares_root: bool,
    /// Names of its specialisations, in order.
    pub specialisations: Vec<String>,
}
