//! Whether things are built, and hosts tried, in virtual machines.

use super::cache;
use super::capability::{Capability, Kind, Standing};
use super::guests::Guests;
use super::look::{Look, shown};
use super::nix::substituters;
use super::remedy::{self, Remedy};
use ::vm::agents;
use ::vm::build::BuildLimits;
use ::vm::kit;
use ::vm::realised::Realised;

/// Memory that this program and QEMU take beside a guest, in bytes.
const BESIDE: u64 = 512 << 20;

/// Returns what is told of building in a virtual machine.
pub fn build(look: &Look<'_>, guests: &[Guests]) -> Capability {
    let mut told = Capability::new(Kind::Build, "things are built in a virtual machine, without Nix");
    common(look, guests, &mut told);
    for guests in guests {
        packages(look, guests, &mut told);
    }
    let needed = u64::from(BuildLimits::default().memory) << 20;
    if let Some(memory) = sys::memory_capacity(look.machine.fs.as_ref()) {
        match memory < needed + BESIDE {
            true => told.misses(
                format!(
                    "the machine that builds has {}, and this one {}",
                    shown(needed),
                    shown(memory)
                ),
                Remedy::default().on(remedy::Place::Shell, "cfgcheck build --build-memory 1024"),
            ),
            false => told.fact(format!(
                "the machine that builds has {} of {}",
                shown(needed),
                shown(memory)
            )),
        }
    }
    substituters(look).into_iter().for_each(|fact| told.fact(fact));
    told.otherwise("nothing is built in a virtual machine")
}

/// Returns what is told of trying hosts. What they are made of is built in one way or the other.
pub fn vm(look: &Look<'_>, guests: &[Guests], build: Standing, nix: Standing) -> Capability {
    let mut told = Capability::new(Kind::Vm, "hosts are tried in virtual machines");
    common(look, guests, &mut told);
    if let Err(silent) = look.version("qemu-img", &["--version"]) {
        let purpose = "it makes disks that begin as others";
        told.needs(silent.told("qemu-img", purpose), Remedy::package("qemu", "qemu-utils"));
    }
    for guests in guests {
        let name = guests.processor.name();
        match agents::agent(guests.processor) {
            Ok(agent) => told.fact(format!(
                "the agent for guests of {name} is here ({})",
                shown(agent.len() as u64)
            )),
            Err(why) => told.misses(
                format!("there is no agent for guests of {name}, which get a shell instead: {why}"),
                remedy::agent(name),
            ),
        }
    }
    match (build, nix) {
        (Standing::Missing, Standing::Missing) => told.needs(
            "nothing builds the hosts: neither `build` nor `nix` is there",
            Remedy::default(),
        ),
        (Standing::Missing, _) => told.fact("hosts are built with `--build-with nix` only"),
        (_, Standing::Missing) => told.fact("hosts are built in a virtual machine"),
        _ => told.fact("hosts are built in a virtual machine, or with `--build-with nix`"),
    }
    told.otherwise("no host is tried in a virtual machine")
}

/// Adds what all virtual machines need.
fn common(look: &Look<'_>, guests: &[Guests], told: &mut Capability) {
    if look.own().is_none() {
        told.needs(
            format!(
                "machines run on x86_64-linux and aarch64-linux, and this is {}",
                look.machine.system()
            ),
            Remedy::default(),
        );
        return;
    }
    for guests in guests {
        guests.tell(look, told);
    }
    if let Err(silent) = look.version("mke2fs", &["-V"]) {
        let what = silent.told("mke2fs", "it makes file systems");
        told.needs(what, Remedy::package("e2fsprogs", "e2fsprogs"));
    }
    if let Some(why) = cache::unusable(look) {
        told.needs(
            format!("machines are made in the cache: {why}"),
            remedy::writable_cache(),
        );
    }
}

/// Adds which of Debian's packages the machine that builds still lacks.
fn packages(look: &Look<'_>, guests: &Guests, told: &mut Capability) {
    let name = guests.processor.name();
    let cache = crate::build::cache(look.machine);
    let realised = Realised::new(look.machine.fs.clone(), cache.clone());
    match kit::lacking(guests.processor, &realised, &cache.join("debs")) {
        Ok(lacking) if lacking.packages == 0 => {
            told.fact(format!("Debian's packages for builds of {name} are here"));
        }
        Ok(lacking) => told.fact(format!(
            "the first build of {name} fetches {} packages of Debian ({})",
            lacking.packages,
            shown(lacking.bytes)
        )),
        Err(error) => told.fact(format!("Debian's packages for builds of {name}: {error}")),
    }
}
