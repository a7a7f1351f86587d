//! How a machine under test is started: with a generation, from a kept moment, or to find out what its boot loader starts.

use super::{Line, Live, OFF, Speaker, Stage1, Up, told};
use crate::generation::{Generation, Stage2};
use crate::guest::GuestError;
use crate::initrd::{self, DISKS, LINE, PARAMETER};
use crate::link::Link;
use crate::machine::{Machine, Spec};
use crate::shell::{self, Shell};
use agent::Role;
use diag::clean_line;
use std::path::PathBuf;
use std::time::Duration;
use sys::{FsError, Mode};

/// How long the boot loader's files may take to be read.
const LOADER: Duration = Duration::from_secs(60);
/// How long store paths may take to be taken over.
const ADOPT: Duration = Duration::from_secs(300);

impl<'h> Live<'h> {
    /// Starts a generation and waits until its system runs.
    pub(super) fn boot(&mut self, generation: &Generation, limit: Duration) -> Result<(), GuestError> {
        let mut deadline = self.host.clock.monotonic().saturating_add(limit);
        if self.setup.stage1 == Stage1::Ours && generation.stage2 == Stage2::Initrd {
            return Err(GuestError::Host {
                why: "a system of nixos-init is activated by its own initial RAM disk, which a stage 1 of ours does not have"
                    .into(),
            });
        }
        let role = match self.setup.stage1 {
            Stage1::Theirs => Role::PassThrough { init: "/init".into() },
            Stage1::Ours => Role::Stage1 {
                mounts: self.setup.mounts.clone(),
                init: generation.init.clone(),
                prepare: (generation.stage2 == Stage2::PrepareRoot).then(|| {
                    let folder = generation.init.strip_suffix("/init").unwrap_or(&generation.init);
                    format!("{folder}/prepare-root")
                }),
            },
        };
        let theirs = match self.setup.stage1 {
            Stage1::Theirs => self.host.fs.read(&generation.initrd).map_err(broken)?,
            Stage1::Ours => Vec::new(),
        };
        let parameters = format!(
            "{}{} console={} {} init={}",
            self.setup.processor.steady(),
            match self.setup.speaker {
                Speaker::Agent(_) => PARAMETER.to_owned(),
                Speaker::Shell => shell::parameters(),
            },
            self.setup.processor.console(),
            generation.parameters.trim(),
            generation.init
        );
        let spec = self.spec(generation, role, &theirs, parameters)?;
        let key = self.moment_before(&spec)?;
        self.fresh = false;
        // One that is kept serves all machines at once; one that is not is made by one of them.
        let mut turn = None;
        for alone in [false, true] {
            if alone {
                let (taken, waited) = self.turn(key.as_ref());
                (turn, deadline) = (taken, deadline.saturating_add(waited));
            }
            if let Some(key) = &key
                && self.restored(key, &spec, deadline)?
            {
                drop(turn);
                return self.adopted();
            }
        }
        self.power_on(&spec, None)?;
        let came_up = self.come_up(deadline).and_then(|()| match &key {
            Some(key) => self.keep(key, &spec, deadline),
            None => Ok(()),
        });
        if let Err(error) = &came_up
            && !matches!(error, GuestError::TimedOut { .. })
        {
            // So that it may be started again; what went wrong is told by the first error.
            self.running = None;
        }
        // Others need not wait for what this machine does now.
        drop(turn);
        came_up.and_then(|()| self.adopted())
    }

    /// Takes over store paths that have come with the machine, once; if that cannot be, it is off. They are on its own disks then,
    /// written through, so that neither a restart nor a power loss takes them.
    fn adopted(&mut self) -> Result<(), GuestError> {
        let Some(serial) = self.setup.delta.clone().filter(|_| !self.adopted) else {
            return Ok(());
        };
        match self.ask(ADOPT, |line, wait| line.adopt(&serial, wait)) {
            Ok(_) => self.adopted = true,
            Err(error) => {
                self.running = None;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Returns what the boot loader on the disks starts without being asked.
    pub(super) fn default_of_loader(&mut self, limit: Duration) -> Result<Generation, GuestError> {
        let Some(any) = self.setup.generations.first().cloned() else {
            return Err(GuestError::Host {
                why: "there is no kernel to read the boot loader's files with".into(),
            });
        };
        if let Speaker::Shell = self.setup.speaker {
            let next = self.next.take().ok_or_else(|| GuestError::Host {
                why: "without an agent, what the boot loader starts is known only of a machine that was shut down"
                    .into(),
            })?;
            return self.known(next);
        }
        let role = Role::BootDefault {
            mounts: self.setup.mounts.clone(),
        };
        let parameters = format!(
            "{}{PARAMETER} console={} panic=-1 quiet",
            self.setup.processor.steady(),
            self.setup.processor.console()
        );
        let spec = self.spec(&any, role, &[], parameters)?;
        self.fresh = false;
        self.power_on(&spec, None)?;
        let read = (|| {
            self.ask_unscaled(limit, |line, wait| line.up(wait))?;
            let said = self.ask(LOADER, |line, wait| line.boot_default(wait))?;
            self.ask(OFF, |line, wait| line.off(wait))?;
            let limit = self.scaled(OFF);
            self.wait_off(limit)?;
            Ok(said)
        })();
        self.running = None;
        self.known(read?)
    }

    /// Returns the generation that a boot loader names by its `init=`.
    fn known(&self, (init, from): (String, String)) -> Result<Generation, GuestError> {
        let known = self.setup.generations.iter().find(|generation| generation.init == init);
        known.cloned().ok_or_else(|| GuestError::Refused {
            why: format!(
                "the boot loader starts '{}' ({from}), which is no generation of this run",
                clean_line(&init)
            ),
        })
    }

    /// Returns the machine for a kernel with our part of the initial RAM disk before another one.
    fn spec(
        &mut self,
        generation: &Generation,
        role: Role,
        theirs: &[u8],
        parameters: String,
    ) -> Result<Spec, GuestError> {
        let setup = &self.setup;
        let (wanted, mounted) = match &role {
            Role::PassThrough { .. } => (LINE, &[][..]),
            Role::Stage1 { mounts, .. } | Role::BootDefault { mounts } | Role::Build { mounts } => (DISKS, &mounts[..]),
        };
        let kinds = mounted.iter().map(|mount| mount.kind.as_str());
        let modules = match &generation.modules {
            Some(folder) => setup
                .store
                .modules_for(folder, wanted, kinds.filter(|kind| *kind != "tmpfs")),
            // All is in the kernel, or nobody can be heard, which the start finds out.
            None => Ok(Vec::new()),
        };
        let modules = modules.map_err(|error| GuestError::Host { why: error.to_string() })?;
        let bytes = match setup.speaker {
            Speaker::Agent(agent) => initrd::joined(&initrd::archive(agent, &modules, role), theirs),
            Speaker::Shell if theirs.is_empty() => {
                return Err(GuestError::Host {
                    why: "a machine without an agent starts by its own stage 1 only".into(),
                });
            }
            Speaker::Shell => theirs.to_vec(),
        };
        let initrd = self.initrd(&bytes)?;
        let setup = &self.setup;
        Ok(Spec {
            processor: setup.processor,
            accel: setup.choice.accel,
            memory: setup.memory,
            cpus: setup.cpus,
            kernel: generation.kernel.clone(),
            initrd,
            parameters,
            drives: setup.drives.clone(),
            ports: vec![agent::PORT.into()],
            network: setup.network.clone(),
            screen: setup.screen,
            most_disk: setup.most_disk,
        })
    }

    /// Writes an initial RAM disk into the run's folder, in the place of the one before.
    fn initrd(&mut self, bytes: &[u8]) -> Result<PathBuf, GuestError> {
        let fs = self.host.fs;
        let place = |number: u32| {
            self.host
                .run
                .path()
                .join(format!("{}-initrd-{number}", self.setup.name))
        };
        if self.starts > 0 {
            fs.remove_file(&place(self.starts)).map_err(broken)?;
        }
        self.starts += 1;
        let file = place(self.starts);
        // QEMU reads it as somebody else.
        fs.write(&file, bytes, Mode::Sealed).map_err(broken)?;
        Ok(file)
    }

    /// Switches the machine on.
    pub(super) fn power_on(&mut self, spec: &Spec, snapshot: Option<&str>) -> Result<(), GuestError> {
        let mut machine = Machine::start(self.host, spec, &self.console, snapshot).map_err(told)?;
        let line = machine.take_port(0).ok_or_else(|| GuestError::Host {
            why: "the machine has no line".into(),
        })?;
        let speaker = match self.setup.speaker {
            Speaker::Agent(_) => Line::Agent(Link::new(line)),
            Speaker::Shell => Line::Shell(Shell::new(line)),
        };
        self.running = Some(Up { machine, line: speaker });
        Ok(())
    }

    /// Waits until the system runs.
    pub(super) fn come_up(&mut self, deadline: Duration) -> Result<(), GuestError> {
        let left = deadline.saturating_sub(self.host.clock.monotonic());
        self.ask_unscaled(left, |line, wait| line.up(wait)).map(drop)
    }
}

/// Returns what a fault of this side's disk is to whoever uses a machine.
pub(super) fn broken(error: FsError) -> GuestError {
    GuestError::Host { why: error.to_string() }
}
