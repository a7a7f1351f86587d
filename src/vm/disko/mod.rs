//! Disks that a host's own disko scripts make: blank ones in a machine of their own, with the host's system on them.
//!
//! The machine has the host's kernel, its udev and its programs, as an installer has, and no network. What is found out about
//! the scripts is a verdict on the host; what else fails is not.

mod mounts;

use crate::accel::Choice;
use crate::generation::Generation;
use crate::guest::{Call, GuestError};
use crate::image::{Entry, ImageError, Plan, RootDisk, Size, Tools};
use crate::link::{Link, Wait};
use crate::live::answers;
use crate::machine::{Console, Drive, Host, Machine, MachineError, Medium, Network, Spec};
use crate::realised::{Realised, RealisedError};
use crate::{Processor, agents, initrd};
use agent::{Mount, Role};
use diag::clean_line;
use std::collections::VecDeque;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::StorePath;
use sys::{Clock, FsError, FsOp, Mode};

/// Bytes of each blank disk, which take no room on this machine until they are written.
pub const SIZE: u64 = 30 << 30;
/// Most disks of a host: the machine has one more.
pub const MOST_DISKS: usize = 20;
/// How long the machine may take to start, and to go off; ample, and not scaled.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long making the disks may take on a machine with KVM.
const MAKING: Duration = Duration::from_secs(600);
/// Bytes that are free on the root that is left behind.
const ROOM: u64 = 256 << 20;
/// Lines of what the scripts say that are told with a failure.
const LINES: usize = 20;
/// Most bytes of the list of what is mounted.
const LIST: u64 = 256 << 10;
/// What is done in the machine.
const MAKE: &str = include_str!("make.sh");
/// Exit codes of it by which a script of the host's has failed.
const FORMAT_FAILED: i32 = 90;
const MOUNT_FAILED: i32 = 91;

/// What is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Order<'o> {
    /// The generation whose kernel and programs do it.
    pub generation: &'o Generation,
    /// The script that makes file systems.
    pub format: &'o StorePath,
    /// The script that mounts them.
    pub mount: &'o StorePath,
    /// Where it mounts them.
    pub folder: &'o str,
    /// The devices that the host knows its disks by, in their order.
    pub devices: &'o [String],
    /// What is on the root.
    pub root: &'o RootDisk,
}

/// What disks are made with.
pub struct Maker<'h> {
    /// The parts of this machine.
    pub host: Host<'h>,
    /// Makes the root that is left behind.
    pub tools: Tools<'h>,
    /// Where the closures are.
    pub realised: &'h Realised,
    /// The processor of the host.
    pub processor: Processor,
    /// What executes its instructions.
    pub choice: Choice,
    /// Memory of the machine in MiB.
    pub memory: u32,
}

/// Why there are no disks.
#[derive(Debug, thiserror::Error)]
pub enum DiskoError {
    /// A script of the host's failed: a verdict.
    #[error("the disko script that {does} ends with an error")]
    Script {
        /// What it does.
        does: &'static str,
        /// The last lines that it said, harmless to print.
        log: Vec<String>,
    },
    /// The root does not lie on a disk as such, so that nobody here finds the boot loader's files on it.
    #[error("its root lies on {0}, which only its own initial RAM disk can open")]
    Root(String),
    /// More disks than a machine can have.
    #[error("it has {0} disks, and {MOST_DISKS} is the most")]
    Disks(usize),
    /// The machine failed.
    #[error("the machine that makes the disks: {0}")]
    Guest(#[from] GuestError),
    /// It could not be started.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// Its root could not be made.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The store of the run fails.
    #[error(transparent)]
    Realised(#[from] RealisedError),
    /// The disk of this machine fails.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// Something else is missing.
    #[error("{0}")]
    Missing(String),
}

impl DiskoError {
    /// Whether the host is to blame.
    pub fn is_verdict(&self) -> bool {
        matches!(self, DiskoError::Script { .. })
    }
}

impl Maker<'_> {
    /// Makes raw images at places where nothing is, one for each device, and returns what is mounted without the host's own
    /// stage 1 from disks in their order.
    pub fn make(
        &self,
        order: &Order<'_>,
        places: &[PathBuf],
        told: &mut dyn FnMut(&str),
    ) -> Result<Vec<Mount>, DiskoError> {
        if places.len() > MOST_DISKS {
            return Err(DiskoError::Disks(places.len()));
        }
        for place in places {
            self.blank(place)?;
        }
        let root = self.host.run.path().join("disko-root");
        self.plan(order)?.make(self.realised, self.tools, &root)?;
        let made = self.run(order, &root, places, told);
        self.host.fs.remove_file(&root)?;
        made
    }

    /// Makes a file that is a blank disk.
    fn blank(&self, place: &Path) -> Result<(), DiskoError> {
        let mut disk = self.host.fs.create(place, Mode::Private)?;
        let made = disk.seek(SeekFrom::Start(SIZE - 1)).and_then(|_| disk.write_all(&[0]));
        Ok(made.map_err(|error| FsError::new(FsOp::Write, place, error))?)
    }

    /// Returns the root of the machine: the closures of the system and of the scripts, and what goes onto the new root.
    fn plan(&self, order: &Order<'_>) -> Result<Plan, DiskoError> {
        let mut plan = Plan::new(Size::Room(ROOM));
        let wanted = [&order.generation.toplevel, order.format, order.mount];
        for path in self.realised.closure(wanted)?.keys() {
            plan.add(path.to_path(), Entry::Store(path.clone()));
        }
        for folder in ["/proc", "/sys", "/dev", "/run", "/tmp", "/var", "/etc"] {
            plan.add(folder, Entry::Folder);
        }
        let closure = self.realised.closure(order.root.generations.iter())?;
        let list: String = closure.keys().map(|path| path.to_path() + "\n").collect();
        plan.add("/cfgcheck/closure", Entry::File(list.into_bytes(), false));
        for (path, entry) in order.root.plan(self.realised)?.entries {
            if !matches!(entry, Entry::Store(_)) {
                plan.add(format!("/cfgcheck/root{path}"), entry);
            }
        }
        Ok(plan)
    }

    fn run(
        &self,
        order: &Order<'_>,
        root: &Path,
        places: &[PathBuf],
        told: &mut dyn FnMut(&str),
    ) -> Result<Vec<Mount>, DiskoError> {
        let spec = self.spec(order, root, places)?;
        let console = Console::new(None);
        let mut machine = Machine::start(self.host, &spec, &console, None)?;
        let Some(port) = machine.take_port(0) else {
            return Err(DiskoError::Missing("the machine has no line".into()));
        };
        let mut session = Session {
            clock: self.host.clock,
            link: Link::new(port),
            machine,
            console,
        };
        session.ask(PATIENCE, |link, wait| link.up(wait))?;
        let [system, format, mount] = [&order.generation.toplevel, order.format, order.mount].map(StorePath::to_path);
        let bash = format!("{system}/sw/bin/bash");
        let arguments = [&bash, "-c", MAKE, "make", &system, &format, &mount, order.folder];
        let devices = order.devices.iter().map(String::as_str);
        let call = Call::new(arguments.into_iter().chain(devices));
        let making = MAKING.mul_f64(self.choice.factor.clamp(1.0, 1e4));
        let mut log = Log::default();
        let ended = session.ask(making, |link, wait| {
            link.run(&call, wait, &mut |bytes| log.take(bytes, told))
        })?;
        let does = match ended.code {
            0 => None,
            FORMAT_FAILED => Some("makes the file systems"),
            MOUNT_FAILED => Some("mounts them"),
            code => {
                let last = log.lines.back().cloned().unwrap_or_default();
                return Err(DiskoError::Missing(format!(
                    "the system cannot be put on its disks (exit code {code}): {last}"
                )));
            }
        };
        if let Some(does) = does {
            return Err(DiskoError::Script {
                does,
                log: log.lines.into(),
            });
        }
        let list = session.ask(PATIENCE, |link, wait| link.read("/cfgcheck/mounts", LIST, wait))?;
        session.ask(PATIENCE, |link, wait| link.off(wait))?;
        if session.machine.wait(PATIENCE)?.is_none() {
            return Err(DiskoError::Missing("the machine does not go off".into()));
        }
        mounts::read(&String::from_utf8_lossy(&list), order.folder, places.len()).map_err(DiskoError::Root)
    }

    /// Returns the machine.
    fn spec(&self, order: &Order<'_>, root: &Path, places: &[PathBuf]) -> Result<Spec, DiskoError> {
        let missing = |why: &dyn std::fmt::Display| DiskoError::Missing(why.to_string());
        let agent = agents::agent(self.processor).map_err(|why| missing(&why))?;
        let store = initrd::Store {
            fs: self.host.fs,
            folder: &self.realised.folder().join("store"),
        };
        let modules = match &order.generation.modules {
            Some(folder) => store.modules(folder, initrd::DISKS).map_err(|error| missing(&error))?,
            None => Vec::new(),
        };
        let mounts = vec![Mount {
            source: "/dev/vda".into(),
            target: "/".into(),
            kind: "ext4".into(),
            options: String::new(),
        }];
        let ours = initrd::archive(agent, &modules, Role::Build { mounts });
        let file = self.host.run.path().join("disko-initrd");
        if self.host.fs.lstat(&file)?.is_some() {
            self.host.fs.remove_file(&file)?;
        }
        // QEMU reads it as somebody else.
        self.host.fs.write(&file, &initrd::joined(&ours, b""), Mode::Sealed)?;
        let drive = |path: &Path, serial: String| Drive {
            medium: Medium::Raw(path.to_path_buf()),
            serial,
        };
        let blank = places.iter().enumerate();
        let drives = std::iter::once(drive(root, "maker".into()))
            .chain(blank.map(|(number, place)| drive(place, serial(number))));
        Ok(Spec {
            processor: self.processor,
            accel: self.choice.accel,
            memory: self.memory,
            cpus: self.choice.accel.processors(self.processor),
            kernel: order.generation.kernel.clone(),
            initrd: file,
            parameters: format!(
                "{}{} console={} panic=-1 quiet",
                self.processor.steady(),
                initrd::PARAMETER,
                self.processor.console()
            ),
            drives: drives.collect(),
            ports: vec![agent::PORT.into()],
            network: Network::None,
            screen: false,
            most_disk: SIZE + ROOM,
        })
    }
}

/// The machine while it runs.
struct Session<'h> {
    clock: &'h dyn Clock,
    link: Link,
    machine: Machine<'h>,
    console: Console,
}

impl Session<'_> {
    /// Says something over the line while the machine is well.
    fn ask<T>(
        &mut self,
        limit: Duration,
        question: impl FnOnce(&mut Link, &mut Wait<'_>) -> Result<T, GuestError>,
    ) -> Result<T, GuestError> {
        let Session { machine, console, .. } = self;
        let mut wait = Wait {
            clock: self.clock,
            limit,
            silence: limit,
            watch: &mut || answers(machine, console),
        };
        question(&mut self.link, &mut wait)
    }
}

/// Returns the serial number of a disk, which it has in each machine.
pub fn serial(number: usize) -> String {
    format!("disk-{number}")
}

/// What is said as it comes: its last lines, made harmless to print.
#[derive(Default)]
struct Log {
    lines: VecDeque<String>,
    rest: Vec<u8>,
}

impl Log {
    fn take(&mut self, bytes: &[u8], told: &mut dyn FnMut(&str)) {
        /// Most bytes of a line.
        const LINE: usize = 2000;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE.saturating_sub(self.rest.len());
            self.rest.extend_from_slice(&piece[..piece.len().min(room)]);
            if !piece.ends_with(b"\n") {
                continue;
            }
            let line = std::mem::take(&mut self.rest);
            let line = clean_line(String::from_utf8_lossy(&line).trim_end()).into_owned();
            told(&line);
            if self.lines.len() == LINES {
                self.lines.pop_front();
            }
            self.lines.push_back(line);
        }
    }
}
