//! What machines are tried with: the parts of this machine, the run's folder, the accelerator of each processor.

use super::VmArgs;
use super::disko::{Scripts, Told};
use super::pair::Blueprint;
use crate::machine::Machine;
use ::vm::Processor;
use ::vm::accel::{AccelError, Choice, Probe};
use ::vm::agents;
use ::vm::disko::{self, DiskoError, Maker};
use ::vm::disks::Mode;
use ::vm::generation::Generation;
use ::vm::image::{self, ImageError, Plan, RootDisk, Tools};
use ::vm::initrd;
use ::vm::live::{Live, Setup, Speaker, Stage1};
use ::vm::machine::{Console, Drive, Host, Medium, Moments, Network};
use ::vm::realised::{Realised, RealisedError};
use ::vm::turns::Turns;
use agent::{Mount, Role};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use store::StorePath;
use sys::{ExecError, FsError, Guard, Mode as FileMode, ProcessExec, ProcessSpawn, RunFolder, RunFolderError, User};

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
    /// The host's own scripts do not make its disks.
    #[error(transparent)]
    Disko(#[from] DiskoError),
    /// There are no such guests.
    #[error("there are no machines for {0}; cfgcheck runs x86_64-linux and aarch64-linux")]
    Platform(String),
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
    pub system: &'d Generation,
    /// What is brought to it when it runs.
    pub brought: Vec<&'d StorePath>,
    /// Which disks there are, and what is on them beside the store.
    pub host: &'d Blueprint,
}

/// The disks of a machine that has not been started.
pub struct Disks {
    /// What tells the machine's files from those of others.
    name: String,
    drives: Vec<Drive>,
    mounts: Vec<Mount>,
    /// All that is on them, for the key of moments.
    contents: Vec<u8>,
}

/// Disks that a host's own scripts have made.
struct OwnDisks {
    images: Vec<PathBuf>,
    mounts: Vec<Mount>,
    /// What they follow from.
    key: String,
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
    /// How many machines there were so far, whose numbers tell their files apart.
    machines: AtomicU32,
    choices: Mutex<BTreeMap<&'static str, Choice>>,
    moments: PathBuf,
    turns: Turns,
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
            machines: AtomicU32::new(0),
            cache,
            guard,
            run,
            choices: Mutex::default(),
            turns: Turns::default(),
        })
    }

    /// Returns the processor of a platform.
    pub fn processor(platform: &str) -> Result<Processor, LabError> {
        Processor::of_system(platform).ok_or_else(|| LabError::Platform(platform.to_owned()))
    }

    /// Returns the accelerator for guests with a processor; it is found out once.
    pub fn choice(&self, processor: Processor) -> Result<Choice, LabError> {
        // Others wait: two guests that run at the same time would measure each other. What is known is whole at any time.
        let mut choices = self.choices.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = choices.get(processor.name()) {
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
        choices.insert(processor.name(), choice.clone());
        Ok(choice)
    }

    /// Makes the disks of a machine: its system on them, and what is brought to it on one of its own.
    pub fn disks(
        &self,
        realised: &Realised,
        wanted: &OnDisks<'_>,
        told: &mut dyn FnMut(&str),
    ) -> Result<Disks, LabError> {
        let OnDisks { system, brought, host } = wanted;
        let name = format!("machine-{}", self.machines.fetch_add(1, Ordering::Relaxed));
        let tools = Tools {
            exec: &ProcessExec,
            path: &self.path,
        };
        let fs = self.machine.fs.as_ref();
        let images = self.cache.join("images");
        fs.create_dir_all(&images)?;
        let root = RootDisk {
            extras: host.extras.clone(),
            ..RootDisk::new(vec![system.toplevel.clone()])
        };
        let contents = root.plan(realised)?.key();
        // Machines of one host begin in the same images, which one of them makes.
        let turn = self.turns.take(format!("images {contents}"));
        let mut made = Disks {
            name: name.clone(),
            drives: Vec::new(),
            mounts: host.mounts.clone(),
            contents: contents.clone().into_bytes(),
        };
        if let Some(scripts) = &host.scripts {
            let own = self.own_disks(realised, wanted, scripts, &root, told)?;
            made.mounts = own.mounts;
            made.contents.extend(own.key.into_bytes());
            for (number, image) in own.images.into_iter().enumerate() {
                let overlay = self.run.path().join(format!("{name}-{number}.qcow2"));
                image::overlay(tools, &image, &overlay)?;
                made.drives.push(Drive {
                    medium: Medium::Overlay {
                        file: overlay,
                        base: image,
                    },
                    serial: disko::serial(number),
                });
            }
        }
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
        drop(turn);
        let delta = self.run.path().join(format!("{name}-delta.raw"));
        Plan::delta(realised, [&system.toplevel], brought.iter().copied())?.make(realised, tools, &delta)?;
        made.drives.push(Drive {
            medium: Medium::ReadOnly(delta),
            serial: DELTA.into(),
        });
        Ok(made)
    }

    /// Returns the images of the disks that a host's own scripts make, which are kept.
    fn own_disks(
        &self,
        realised: &Realised,
        wanted: &OnDisks<'_>,
        scripts: &Scripts,
        root: &RootDisk,
        told: &mut dyn FnMut(&str),
    ) -> Result<OwnDisks, LabError> {
        let fs = self.machine.fs.as_ref();
        let Told { folder, devices } = &scripts.told;
        let processor = Lab::processor(&wanted.host.platform)?;
        let (format, mount) = (&scripts.format.out, &scripts.mount.out);
        let facts = format!(
            "{} {} {} {folder} {devices:?} {}",
            root.plan(realised)?.key(),
            format.to_path(),
            mount.to_path(),
            disko::SIZE
        );
        let key = store::HashAlgo::Sha256
            .hash(facts)
            .to_text(store::HashFormat::Base16, false);
        let below = self.cache.join("images").join(format!("{key}-disko"));
        let images: Vec<PathBuf> = (0..devices.len())
            .map(|number| below.join(format!("{number}.raw")))
            .collect();
        // Written when all else is there.
        let list = below.join("mounts");
        if fs.stat(&list)?.is_some() {
            let text = String::from_utf8_lossy(&fs.read(&list)?).into_owned();
            if let Ok(agent::Plan {
                role: Role::BootDefault { mounts },
                ..
            }) = agent::Plan::read(&text)
            {
                return Ok(OwnDisks { images, mounts, key });
            }
        }
        // Its machine has files of its own names in the run's folder.
        let _turn = self.turns.take("disko");
        let parts: Vec<PathBuf> = (0..devices.len())
            .map(|number| self.run.path().join(format!("disko-{number}.part")))
            .collect();
        let maker = Maker {
            host: self.host(),
            tools: Tools {
                exec: &ProcessExec,
                path: &self.path,
            },
            realised,
            processor,
            choice: self.choice(processor)?,
            memory: self.args.memory,
        };
        let order = disko::Order {
            generation: wanted.system,
            format,
            mount,
            folder,
            devices,
            root,
        };
        let made = maker.make(&order, &parts, told);
        if made.is_err() {
            for part in &parts {
                if fs.lstat(part)?.is_some() {
                    fs.remove_file(part)?;
                }
            }
        }
        let mounts = made?;
        fs.create_dir_all(&below)?;
        for (part, image) in parts.iter().zip(&images) {
            fs.rename(part, image)?;
        }
        let role = Role::BootDefault { mounts: mounts.clone() };
        let modules = Vec::new();
        fs.write_atomic(
            &list,
            agent::Plan { modules, role }.write().as_bytes(),
            FileMode::Private,
        )?;
        Ok(OwnDisks { images, mounts, key })
    }

    /// Returns the parts of this machine that machines are run with.
    fn host(&self) -> Host<'_> {
        Host {
            spawn: &ProcessSpawn,
            fs: self.machine.fs.as_ref(),
            clock: self.machine.clock.as_ref(),
            guard: &self.guard,
            user: self.user,
            path: &self.path,
            run: &self.run,
        }
    }

    /// Returns a machine that is off.
    pub fn live<'r>(
        &'r self,
        processor: Processor,
        disks: Disks,
        host: &Blueprint,
        generations: Vec<Generation>,
        console: Console,
    ) -> Result<Live<'r>, LabError> {
        let choice = self.choice(processor)?;
        let speaker = match (host.by_shell, agents::agent(processor)) {
            (false, Ok(agent)) => Speaker::Agent(agent),
            _ => Speaker::Shell,
        };
        let setup = Setup {
            name: disks.name,
            processor,
            memory: self.args.memory,
            cpus: choice.accel.processors(processor),
            choice,
            drives: disks.drives,
            network: Network::Restricted { cable: None },
            screen: true,
            most_disk: MOST_DISK,
            speaker,
            store: initrd::Store {
                fs: self.machine.fs.as_ref(),
                folder: &self.store,
            },
            stage1: match host.mode {
                Mode::OwnStage1 => Stage1::Ours,
                Mode::AsIs | Mode::Variant => Stage1::Theirs,
            },
            mounts: disks.mounts,
            generations,
            delta: Some(DELTA.into()),
            // A shell that was listening in an earlier run does not listen to this one.
            moments: (!host.by_shell).then_some((
                Moments {
                    folder: &self.moments,
                    fs: self.machine.fs.as_ref(),
                    turns: &self.turns,
                },
                disks.contents,
            )),
        };
        Ok(Live::new(self.host(), setup, console))
    }
}
