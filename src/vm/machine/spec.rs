//! What a machine is made of, and QEMU's command line for it. Nothing is started here.

use super::plan::{self, Plan, SpecError};
use crate::Processor;
use crate::accel::Accel;
use std::path::{Path, PathBuf};

/// A machine, completely.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spec {
    /// Its processor.
    pub processor: Processor,
    /// What executes its instructions.
    pub accel: Accel,
    /// Its memory in MiB.
    pub memory: u32,
    /// How many processors it has.
    pub cpus: u32,
    /// The kernel that it starts with.
    pub kernel: PathBuf,
    /// The initial RAM disk.
    pub initrd: PathBuf,
    /// The kernel's parameters.
    pub parameters: String,
    /// Its disks, in the order in which the guest sees them.
    pub drives: Vec<Drive>,
    /// The names of its lines to this side (virtio-serial ports); a guest finds each by its name.
    pub ports: Vec<String>,
    /// Its network card.
    pub network: Network,
    /// Whether it has a screen, of which pictures can be taken.
    pub screen: bool,
    /// The most bytes that a file of a disk may grow to.
    pub most_disk: u64,
}

/// A disk of a machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drive {
    /// What is on it.
    pub medium: Medium,
    /// Its serial number, by which a guest finds it (`/dev/disk/by-id/virtio-…`); at most 20 bytes.
    pub serial: String,
}

/// Where a disk's bytes come from and go to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Medium {
    /// A raw image that nobody writes.
    ReadOnly(PathBuf),
    /// A raw image that is written in place. A machine with one has no snapshots.
    Raw(PathBuf),
    /// A qcow2 image that takes what is written, over a raw one that stays as it is.
    Overlay {
        /// The qcow2 image.
        file: PathBuf,
        /// The raw one.
        base: PathBuf,
    },
}

/// The network card of a machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Network {
    /// None.
    None,
    /// A card whose cable leads to a gateway that answers, gives addresses, and passes nothing on.
    Restricted {
        /// The addresses of the cable, if they are to be a host's own.
        cable: Option<Cable>,
    },
}

/// The IPv4 addresses on a cable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cable {
    /// The gateway.
    pub gateway: std::net::Ipv4Addr,
    /// How many bits all addresses on it have in common.
    pub prefix: u8,
}

impl Processor {
    /// Returns what the kernel's parameters have to begin with so that it starts on a busy machine, with a blank behind it:
    /// Linux gives up where an emulated timer does not tick in time (`check_timer` of its io_apic.c).
    pub fn steady(self) -> &'static str {
        match self {
            Processor::X86 => "no_timer_check ",
            Processor::Arm => "",
        }
    }

    /// Returns the guest's name of the first serial line, for `console=`.
    pub fn console(self) -> &'static str {
        match self {
            Processor::X86 => "ttyS0",
            Processor::Arm => "ttyAMA0",
        }
    }
}

impl Spec {
    /// Returns how QEMU is called for it.
    ///
    /// The sockets of the machine, and the file that takes pictures, are in a folder. With the name of a snapshot the
    /// machine begins where that was taken.
    pub fn plan(&self, folder: &Path, snapshot: Option<&str>) -> Result<Plan, SpecError> {
        plan::plan(self, folder, snapshot)
    }
}
