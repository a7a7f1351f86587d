//! A generation: the closure of one NixOS system, and what its toplevel says of how it is started.

use std::path::PathBuf;
use store::StorePath;

/// Who makes a system of a mounted root when a machine starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage2 {
    /// `TOPLEVEL/init` itself, a script.
    Init,
    /// `TOPLEVEL/prepare-root`, which stage 1 has to run before `TOPLEVEL/init`, as that is systemd itself.
    PrepareRoot,
    /// A program of the generation's own initial RAM disk (`system.nixos-init.enable`): no other stage 1 can start it.
    Initrd,
}

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
    /// Who activates it when it starts.
    pub stage2: Stage2,
    /// Names of its specialisations, in order.
    pub specialisations: Vec<String>,
}
