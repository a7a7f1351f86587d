//! Our part of a guest's initial RAM disk: the agent, its plan, and the modules that it needs to hear us.
//!
//! The kernel unpacks archives that stand one behind the other. Ours comes first and is not compressed, and the
//! generation's own follows as it is, so that not a byte of it is changed.

pub(crate) mod cpio;
mod modules;

pub use modules::{DISKS, LINE, Module, ModuleError, Store};

use agent::{Plan, Role};
use cpio::Archive;

/// What the kernel's command line has to begin with. Before the generation's own parameters, as the last one wins.
pub const PARAMETER: &str = "rdinit=/cfgcheck/agent";

/// Returns the archive with an agent, modules to be loaded in their order, and what it has to do.
pub fn archive(agent: &[u8], modules: &[Module], role: Role) -> Vec<u8> {
    let mut archive = Archive::new();
    archive.folder("cfgcheck");
    archive.folder("cfgcheck/modules");
    let mut paths = Vec::new();
    for module in modules {
        let path = format!("cfgcheck/modules/{}.ko", module.name);
        archive.file(&path, 0o444, &module.bytes);
        paths.push(format!("/{path}"));
    }
    let plan = Plan { modules: paths, role };
    archive.file(agent::PLAN, 0o444, plan.write().as_bytes());
    archive.file(agent::PROGRAM, 0o555, agent);
    archive.end()
}

/// Returns an initial RAM disk with our archive and a generation's own.
pub fn joined(ours: &[u8], theirs: &[u8]) -> Vec<u8> {
    debug_assert_eq!(ours.len() % cpio::BLOCK, 0);
    [ours, theirs].concat()
}

#[cfg(test)]
mod tests;
