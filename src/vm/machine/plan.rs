//! QEMU's command line for a machine.
//!
//! QEMU reaches no file of ours by its name: all that it may use is opened for it before it gives its rights away, so that it
//! need not be root, and folders that only their owner can enter stay so.

use super::spec::{Cable, Drive, Medium, Network, Spec};
use crate::Processor;
use crate::accel::Accel;
use std::fmt;
use std::net::Ipv4Addr;
use std::path::Path;
use sys::{Access, Handed, Limits};

/// The number of the first file that QEMU finds open.
const FIRST: u32 = 100;
/// Address space of QEMU beside the guest's memory: its code, what TCG translates to (1 GiB), stacks of its threads.
const OVERHEAD: u64 = 6 << 30;
/// Files that QEMU may have open at once.
const OPEN_FILES: u64 = 1024;
/// Longest serial number of a disk (Virtio 1.2, 5.2.6.3).
const SERIAL: usize = 20;
/// Longest command line that the kernels of both processors take (COMMAND_LINE_SIZE, with its end).
const PARAMETERS: usize = 2047;
/// Longest name of a socket (`sun_path` of unix(7), with its end).
const SOCKET: usize = 107;
/// Most disks and lines.
const MOST: usize = 24;

/// The socket of QEMU's monitor.
pub(super) const MONITOR: &str = "qmp";
/// The socket of the serial console.
pub(super) const CONSOLE: &str = "console";
/// The file that takes pictures of the screen.
pub(super) const SCREEN: &str = "screen";

/// Returns the name of the socket of a line.
pub(super) fn port(number: usize) -> String {
    format!("port{number}")
}

/// How QEMU is called. Its text form is for people who want to know before anything runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// The program.
    pub program: &'static str,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The files that it finds open.
    pub handed: Vec<Handed>,
    /// The most that it may take.
    pub limits: Limits,
}

/// A machine that cannot be.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SpecError {
    /// The kernel would cut its parameters.
    #[error("the kernel's parameters have {0} bytes, and a kernel takes {PARAMETERS}")]
    Parameters(usize),
    /// A serial number that no disk can have.
    #[error("a disk cannot have the serial number '{}'", .0.escape_debug())]
    Serial(String),
    /// A name that no line can have.
    #[error("a line cannot have the name '{}'", .0.escape_debug())]
    Port(String),
    /// More disks or lines than there are slots.
    #[error("the machine has {0} {1}, and {MOST} is the most")]
    Many(usize, &'static str),
    /// No memory or no processor, or more than any machine has.
    #[error("a machine cannot have {memory} MiB of memory and {cpus} processors")]
    Size {
        /// MiB.
        memory: u32,
        /// Processors.
        cpus: u32,
    },
    /// A snapshot of a machine whose disks do not remember.
    #[error("a machine with a disk that is written in place has no snapshots")]
    NoSnapshots,
    /// A folder whose path is too long for sockets.
    #[error("the path of the run's folder is too long for sockets: '{0}'; set TMPDIR to a shorter one")]
    Folder(String),
    /// Addresses that no cable has.
    #[error("no cable has the addresses {gateway}/{prefix}")]
    Cable {
        /// The gateway.
        gateway: Ipv4Addr,
        /// Bits in common.
        prefix: u8,
    },
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.program)?;
        for argument in &self.arguments {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_=,./:+".contains(c);
            if !argument.is_empty() && argument.chars().all(plain) {
                write!(f, " {argument}")?;
            } else {
                write!(f, " '{}'", argument.replace('\'', "'\\''"))?;
            }
        }
        for Handed { number, access, path } in &self.handed {
            write!(f, "\n  {number}: {access:?} {}", path.display())?;
        }
        Ok(())
    }
}

/// Arguments and open files as they come together.
#[derive(Default)]
struct Call {
    arguments: Vec<String>,
    handed: Vec<Handed>,
}

impl Call {
    fn say<const N: usize>(&mut self, arguments: [&str; N]) {
        self.arguments.extend(arguments.map(str::to_owned));
    }

    /// Hands a file over and returns its number.
    fn hand(&mut self, path: &Path, access: Access) -> u32 {
        let number = FIRST + u32::try_from(self.handed.len()).unwrap_or(u32::MAX);
        self.handed.push(Handed {
            number,
            access,
            path: path.to_path_buf(),
        });
        number
    }

    /// Hands a file over and returns the name by which QEMU's own code opens it.
    fn hand_in_set(&mut self, path: &Path, access: Access) -> String {
        let number = self.hand(path, access);
        self.say(["-add-fd", &format!("fd={number},set={number}")]);
        format!("/dev/fdset/{number}")
    }

    /// Hands a file over and returns a name by which any code opens it.
    fn hand_by_name(&mut self, path: &Path) -> String {
        format!("/proc/self/fd/{}", self.hand(path, Access::Read))
    }

    /// Adds a character device that is a socket of the folder.
    fn socket(&mut self, folder: &Path, name: &str) {
        let number = self.hand(&folder.join(name), Access::Connect);
        self.say(["-chardev", &format!("socket,id={name},fd={number}")]);
    }

    fn drive(&mut self, number: usize, Drive { medium, serial }: &Drive) {
        let node = match medium {
            Medium::ReadOnly(path) => {
                let file = self.hand_in_set(path, Access::Read);
                format!("driver=raw,read-only=on,file.driver=file,file.read-only=on,file.filename={file}")
            }
            // What a guest has flushed is in the kernel of this machine, which outlives the guest: that is enough.
            Medium::Raw(path) => {
                let file = self.hand_in_set(path, Access::ReadWrite);
                format!(
                    "driver=raw,cache.no-flush=on,discard=unmap,\
                     file.driver=file,file.cache.no-flush=on,file.discard=unmap,file.filename={file}"
                )
            }
            Medium::Overlay { file, base } => {
                let file = self.hand_in_set(file, Access::ReadWrite);
                let base = self.hand_in_set(base, Access::Read);
                format!(
                    "driver=qcow2,cache.no-flush=on,discard=unmap,\
                     file.driver=file,file.cache.no-flush=on,file.discard=unmap,file.filename={file},\
                     backing.driver=raw,backing.read-only=on,\
                     backing.file.driver=file,backing.file.read-only=on,backing.file.filename={base}"
                )
            }
        };
        self.say(["-blockdev", &format!("node-name=disk{number},{node}")]);
        self.say(["-device", &format!("virtio-blk-pci,drive=disk{number},serial={serial}")]);
    }
}

/// Returns how QEMU is called for a machine.
pub(super) fn plan(spec: &Spec, folder: &Path, snapshot: Option<&str>) -> Result<Plan, SpecError> {
    check(spec, folder, snapshot)?;
    let mut call = Call::default();
    let machine = match (spec.processor, spec.accel) {
        (Processor::X86, _) => "q35",
        (Processor::Arm, Accel::Tcg) => "virt",
        // The interrupt controller has to be one that the processor has.
        (Processor::Arm, Accel::Kvm) => "virt,gic-version=host",
    };
    call.say(["-name", "cfgcheck", "-machine", machine]);
    call.say(spec.accel.arguments(spec.processor));
    call.say(["-m", &spec.memory.to_string(), "-smp", &spec.cpus.to_string()]);
    call.say(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]);
    call.say([
        "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
    ]);
    let kernel = call.hand_by_name(&spec.kernel);
    let initrd = call.hand_by_name(&spec.initrd);
    call.say(["-kernel", &kernel, "-initrd", &initrd, "-append", &spec.parameters]);
    call.socket(folder, MONITOR);
    call.say(["-mon", &format!("chardev={MONITOR},mode=control")]);
    call.socket(folder, CONSOLE);
    call.say(["-serial", &format!("chardev:{CONSOLE}")]);
    call.say(["-device", "virtio-rng-pci"]);
    for (number, drive) in spec.drives.iter().enumerate() {
        call.drive(number, drive);
    }
    if !spec.ports.is_empty() {
        call.say(["-device", "virtio-serial-pci"]);
    }
    for (number, name) in spec.ports.iter().enumerate() {
        let socket = port(number);
        call.socket(folder, &socket);
        call.say([
            "-device",
            &format!("virtserialport,chardev={socket},id={socket},name={name}"),
        ]);
    }
    if let Network::Restricted { cable } = &spec.network {
        let addresses = cable.as_ref().map(addresses).unwrap_or_default();
        call.say(["-netdev", &format!("user,id={CARD},restrict=on{addresses}")]);
        // Without the program that boots from the network, which is a file of QEMU's.
        call.say(["-device", &format!("virtio-net-pci,netdev={CARD},romfile=")]);
    }
    if spec.screen {
        let device = match spec.processor {
            Processor::X86 => "VGA",
            Processor::Arm => "virtio-gpu-pci",
        };
        call.say(["-device", device]);
        call.hand_in_set(&folder.join(SCREEN), Access::Write);
    }
    if let Some(name) = snapshot {
        call.say(["-loadvm", name]);
    }
    Ok(Plan {
        program: spec.processor.qemu(),
        arguments: call.arguments,
        handed: call.handed,
        limits: Limits {
            memory: (u64::from(spec.memory) << 20).saturating_add(OVERHEAD),
            file: spec.most_disk,
            files: OPEN_FILES,
        },
    })
}

/// The network card's other end, as QEMU's monitor names it.
pub(super) const CARD: &str = "net";

impl Plan {
    /// Returns the name by which QEMU opens a file of the machine's folder that was handed to it.
    pub(super) fn in_set(&self, path: &Path) -> Option<String> {
        let handed = self.handed.iter().find(|handed| handed.path == path)?;
        Some(format!("/dev/fdset/{}", handed.number))
    }
}

/// Returns the addresses of a cable as options of QEMU: the guest's own by DHCP, and the name server, must be on it too.
fn addresses(cable: &Cable) -> String {
    let size = 32 - u32::from(cable.prefix);
    let gateway = cable.gateway.to_bits();
    let network = gateway >> size << size;
    // Free numbers of the network for the name server that QEMU is, and for the first guest.
    let mut free = (1..)
        .map(|number| network + number)
        .filter(|&address| address != gateway);
    let [server, guest] = [(); 2].map(|()| Ipv4Addr::from_bits(free.next().unwrap_or(network)));
    let network = Ipv4Addr::from_bits(network);
    format!(
        ",net={network}/{},host={},dns={server},dhcpstart={guest}",
        cable.prefix, cable.gateway
    )
}

/// Refuses what QEMU or the guest would cut, or take for something else.
fn check(spec: &Spec, folder: &Path, snapshot: Option<&str>) -> Result<(), SpecError> {
    let name = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if spec.parameters.len() > PARAMETERS {
        return Err(SpecError::Parameters(spec.parameters.len()));
    }
    if spec.memory == 0 || spec.cpus == 0 || spec.cpus > 255 {
        return Err(SpecError::Size {
            memory: spec.memory,
            cpus: spec.cpus,
        });
    }
    for (count, what) in [(spec.drives.len(), "disks"), (spec.ports.len(), "lines")] {
        if count > MOST {
            return Err(SpecError::Many(count, what));
        }
    }
    if let Some(drive) = spec
        .drives
        .iter()
        .find(|drive| !name(&drive.serial) || drive.serial.len() > SERIAL)
    {
        return Err(SpecError::Serial(drive.serial.clone()));
    }
    if let Some(port) = spec.ports.iter().find(|port| !name(port)) {
        return Err(SpecError::Port(port.clone()));
    }
    if snapshot.is_some() && !spec.has_snapshots() {
        return Err(SpecError::NoSnapshots);
    }
    let longest = folder.join(port(MOST)).as_os_str().len();
    if longest > SOCKET {
        return Err(SpecError::Folder(folder.display().to_string()));
    }
    if let Network::Restricted { cable: Some(cable) } = spec.network
        && !(8..=29).contains(&cable.prefix)
    {
        return Err(SpecError::Cable {
            gateway: cable.gateway,
            prefix: cable.prefix,
        });
    }
    Ok(())
}

impl Spec {
    /// Whether its disks can remember a moment: one at least is an overlay, and none is written in place.
    pub fn has_snapshots(&self) -> bool {
        let is = |wanted: fn(&Medium) -> bool| self.drives.iter().any(|drive| wanted(&drive.medium));
        is(|medium| matches!(medium, Medium::Overlay { .. })) && !is(|medium| matches!(medium, Medium::Raw(_)))
    }
}

#[cfg(test)]
mod tests;
