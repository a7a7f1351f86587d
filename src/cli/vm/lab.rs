//! What machines are tried with: the parts of this machine, the run's folder, the accelerator of each processor.

use super::VmArgs;
use super::pair::Planned;
use crate::machine::Machine;
use ::vm::Processor;
use ::vm::accel::{AccelError, Choice, Probe};
use ::vm::agents;
use ::vm::disks::Mode;
use ::vm::generation::Generation;
use ::vm::image::{self, ImageError, Plan, RootDisk, Tools};
use ::vm::initrd;
use ::vm::live::{Live, Setup, Stage1};
use ::vm::machine::{Console, Drive, Host, Medium, Moments, Network};
use ::vm::realised::{Realised, RealisedError};
use agent::Mount;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use store::StorePath;
use sys::{ExecError, FsError, Guard, ProcessExec, ProcessSpawn, RunFolder, RunFolderError, User};

/// The serial number of the disk that brings the head's paths.
const DELTA: &str = "cfgcheck-delta";
/// Most bytes that a disk's file may grow to.
const MOST_DISK: u64 = 32 << 30;
/// Why machines cannot be tried here.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// This program cannot be found, which QEMU is started through.
    #[error("cannot find this program itself: {0}")]
    Guard(std::io::Error),
    /// There is no folder for the run.
    #[error(transparent)]
    Folder(#[from] RunFolderError),
    /// No guest runs.
    #[error(transparent)]
    Accel(#[from] AccelError),
    /// A disk cannot be made.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The store of the run fails.
    #[error(transparent)]
    Realised(#[from] RealisedError),
    /// The disk of this machine fails.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// There are no such guests.
    #[error("there are no machines for {0}; cfgcheck runs x86_64-linux and aarch64-linux")]
    Platform(String),
    /// This program was built without the agent of a processor.
    #[error("this cfgcheck has no agent for {processor}: {why}")]
    NoAgent {
        /// The processor.
        processor: &'static str,
        /// Why not.
        why: &'static str,
    },
}

impl LabError {
    /// Returns what a person can do about it.
    pub fn hint(&self) -> Option<String> {
        let missing = match self {
            LabError::Accel(AccelError::Exec(ExecError::NotFound { program }))
            | LabError::Image(ImageError::Exec(ExecError::NotFound { program })) => {
                program.to_string_lossy().into_owned()
            }
            _ => return None,
        };
        let package = match missing.as_str() {
            "qemu-system-x86_64" => "qemu-system-x86 (Debian, Ubuntu), qemu (Nix)",
            "qemu-system-aarch64" => "qemu-system-arm (Debian, Ubuntu), qemu (Nix)",
            "qemu-img" => "qemu-utils (Debian, Ubuntu), qemu (Nix)",
            "mke2fs" => "e2fsprogs",
            _ => return None,
        };
        Some(format!("it is in the package {package}"))
    }
}

/// What is on the disks of a machine.
pub struct OnDisks<'d> {
    /// The system that the machine starts with.
    pub system: &'d StorePath,
    /// What is brought to it when it runs.
    pub brought: Vec<&'d StorePath>,
    /// Which disks there are, and what is on them beside the store.
    pub host: &'d Planned,
}

/// The disks of a machine that has not been started.
pub struct Disks {
    drives: Vec<Drive>,
    mounts: Vec<Mount>,
    /// All that is on them, for the key of moments.
    contents: Vec<u8>,
}

/// What machines are tried with.
pub struct Lab<'l> {
    machine: &'l Machine,
    args: &'l VmArgs,
    cache: PathBuf,
    guard: Guard,
    user: Option<User>,
    path: String,
    /// Where the store of the run has its paths.
    store: PathBuf,
    run: RunFolder,
    /// Machines so far, whose numbers tell their files apart.
    machines: Cell<u32>,
    choices: RefCell<BTreeMap<&'static str, Choice>>,
    moments: PathBuf,
}

impl<'l> Lab<'l> {
    /// Returns the lab of a run whose images are kept in a folder.
    pub fn new(machine: &'l Machine, args: &'l VmArgs, cache: PathBuf) -> Result<Lab<'l>, LabError> {
        let guard = Guard::of(machine.env.as_ref()).map_err(LabError::Guard)?;
        // On the disk of the images, which begin in it.
        machine.fs.create_dir_all(&cache)?;
        let run = RunFolder::create(&cache, &guard, &ProcessSpawn)?;
        Ok(Lab {
            machine,
            args,
            user: sys::unprivileged(machine.fs.as_ref(), Some(Path::new("/dev/kvm"))),
            path: machine.env.text("PATH").unwrap_or_default(),
            moments: cache.join("moments"),
            store: cache.join("store"),
            machines: Cell::new(0),
            cache,
            guard,
            run,
            choices: RefCell::default(),
        })
    }

    /// Returns the processor of a platform.
    pub fn processor(platform: &str) -> Result<Processor, LabError> {
        Processor::of_system(platform).ok_or_else(|| LabError::Platform(platform.to_owned()))
    }

    /// Returns the accelerator for guests with a processor; it is found out once.
    pub fn choice(&self, processor: Processor) -> Result<Choice, LabError> {
        if let Some(known) = self.choices.borrow().get(processor.name()) {
            return Ok(known.clone());
        }
        let probe = Probe {
            exec: &ProcessExec,
            fs: self.machine.fs.as_ref(),
            clock: self.machine.clock.as_ref(),
            path: &self.path,
            own: Processor::of_system(&self.machine.system()),
            folder: self.run.path(),
            guard: &self.guard,
            user: self.user,
            memory: &self.cache.join("kvm"),
        };
        let choice = probe.choose(processor, self.args.accel.wanted())?;
        self.choices.borrow_mut().insert(processor.name(), choice.clone());
        Ok(choice)
    }

    /// Makes the disks of a machine: its system on them, and what is brought to it on one of its own.
    pub fn disks(&self, realised: &Realised, wanted: &OnDisks<'_>) -> Result<Disks, LabError> {
        let OnDisks { system, brought, host } = wanted;
        let name = format!("disk-{}", self.machines.replace(self.machines.get() + 1));
        let tools = Tools {
            exec: &ProcessExec,
            path: &self.path,
        };
        let fs = self.machine.fs.as_ref();
        let images = self.cache.join("images");
        fs.create_dir_all(&images)?;
        let root = RootDisk {
            extras: host.extras.clone(),
            ..RootDisk::new(vec![(*system).clone()])
        };
        let contents = root.plan(realised)?.key();
        let mut made = Disks {
            drives: Vec::new(),
            mounts: host.mounts.clone(),
            contents: contents.clone().into_bytes(),
        };
        for (number, disk) in host.disks.iter().enumerate() {
            made.contents.extend(format!("{disk:?}").into_bytes());
            let key = store::HashAlgo::Sha256.hash(format!("{contents} {disk:?}"));
            let image = images.join(format!("{}.raw", key.to_text(store::HashFormat::Base16, false)));
            if fs.stat(&image)?.is_none() {
                // Under another name until it is whole.
                let part = self.run.path().join(format!("{name}-{number}.part"));
                image::make(disk, &root, realised, tools, &part)?;
                fs.rename(&part, &image)?;
            }
            let overlay = self.run.path().join(format!("{name}-{number}.qcow2"));
            image::overlay(tools, &image, &overlay)?;
            let serial = disk.serial.clone().unwrap_or_else(|| format!("disk-{number}"));
            made.drives.push(Drive {
                medium: Medium::Overlay {
                    file: overlay,
                    base: image,
                },
                serial,
            });
        }
        let delta = self.run.path().join(format!("{name}-delta.raw"));
        Plan::delta(realised, [*system], brought.iter().copied())?.make(realised, tools, &delta)?;
        made.drives.push(Drive {
            medium: Medium::ReadOnly(delta),
            serial: DELTA.into(),
        });
        Ok(made)
    }

    /// Returns a machine that is off.
    pub fn live<'r>(
        &'r self,
        processor: Processor,
        disks: Disks,
        mode: Mode,
        generations: Vec<Generation>,
        console: Console,
    ) -> Result<Live<'r>, LabError> {
        let host = Host {
            spawn: &ProcessSpawn,
            fs: self.machine.fs.as_ref(),
            clock: self.machine.clock.as_ref(),
            guard: &self.guard,
            user: self.user,
            path: &self.path,
            run: &self.run,
        };
        let choice = self.choice(processor)?;
        let setup = Setup {
            processor,
            memory: self.args.memory,
            cpus: choice.accel.processors(processor),
            choice,
            drives: disks.drives,
            network: Network::Restricted { cable: None },
            screen: true,
            most_disk: MOST_DISK,
            agent: agents::agent(processor).map_err(|why| LabError::NoAgent {
                processor: processor.name(),
                why,
            })?,
            store: initrd::Store {
                fs: self.machine.fs.as_ref(),
                folder: &self.store,
            },
            stage1: match mode {
                Mode::OwnStage1 => Stage1::Ours,
                Mode::AsIs | Mode::Variant => Stage1::Theirs,
            },
            mounts: disks.mounts,
            generations,
            delta: Some(DELTA.into()),
            moments: Some((
                Moments {
                    folder: &self.moments,
                    fs: self.machine.fs.as_ref(),
                },
                disks.contents,
            )),
        };
        Ok(Live::new(host, setup, console))
    }
}
