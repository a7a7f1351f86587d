//! What a host is at a commit, by an evaluation of our own.

use crate::configurations::Configurations;
use crate::exit;
use crate::machine::Machine;
use crate::stream::complain;
use nixos::{Target, made_of};
use store::{OutputName, StorePath};

/// A host's system, as it evaluates.
pub struct Evaluated {
    /// The host.
    pub host: String,
    /// The system that it is for, such as `x86_64-linux`.
    pub system: String,
    /// The derivation of its system.
    pub drv: StorePath,
    /// What that is built to.
    pub out: StorePath,
}

/// Evaluates one of the hosts; that it does not evaluate has been told, and is the exit code.
pub fn evaluated(machine: &Machine, all: &mut Configurations, number: usize) -> Result<Evaluated, u8> {
    let target: Target = all.at(machine, number)?;
    let system = all.system(&target, None)?;
    let (kind, root) = (target.kind, system.root());
    let drv = all.evaluated(|ev, _| made_of(ev, kind, root))?;
    let wrong = |why: &str| {
        complain(&format!("error: {} {why}", target.path()));
        exit::FINDINGS
    };
    let drv = StorePath::parse(&drv).map_err(|error| wrong(&format!("has no derivation: {error}")))?;
    let platform = system.platform().ok_or_else(|| wrong("does not tell its system"))?;
    let out = all.session.ev.store.derivation(&drv).and_then(|derivation| {
        let output = derivation.outputs.get(&OutputName::OUT)?;
        output.path(&derivation.name, &OutputName::OUT).ok().flatten()
    });
    let out =
        out.ok_or_else(|| wrong("is built to a path that is known only after the build, of which no verdict can be"))?;
    Ok(Evaluated {
        host: target.name.clone(),
        system: platform.to_owned(),
        drv,
        out,
    })
}
