//! The build VM: a machine without a network card, in which a real Nix builds with its sandbox on.

use super::disk;
use super::fixed::Sources;
use super::needs::Needs;
use super::registration::{self, Registered};
use super::session::Session;
use super::{BuildError, BuildLimits, Engine, Order};
use crate::accel::Choice;
use crate::image::Tools;
use crate::kit::Kit;
use crate::machine::{Drive, Host, Medium, Network, Spec};
use crate::realised::{Info, Limits, Realised};
use crate::substitute::{Haul, Substituters};
use crate::{Processor, agents, initrd};
use agent::{Mount, Role};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use store::StorePath;
use sys::{FsError, FsOp, Mode};

/// The name of the engine.
const NAME: &str = "the build VM";
/// Most paths of one order.
const MOST_PATHS: usize = 200_000;
/// The guest's name of the disk that outputs are written on.
const OUTPUTS: &str = "vdb";
/// Bytes that an archive may be longer on the disk than the files in it: names and padding.
const SLACK: u64 = 1 << 30;

/// Builds in a virtual machine.
pub struct BuildMachine<'h> {
    /// The parts of this machine that it is run with. Its disks are in the run's folder.
    pub host: Host<'h>,
    /// Makes its disks.
    pub tools: Tools<'h>,
    /// Its processor: that of the systems to build.
    pub processor: Processor,
    /// What executes its instructions, and how much slower that is.
    pub choice: Choice,
    /// What it runs.
    pub kit: Kit,
    /// Who may have outputs already; nobody if the run asks nobody.
    pub substituters: Option<&'h Substituters>,
    /// Where outputs that are known by their hash come from.
    pub sources: Sources<'h>,
    /// How much a run of it may take.
    pub limits: BuildLimits,
}

impl Engine for BuildMachine<'_> {
    fn name(&self) -> &str {
        NAME
    }

    fn realise(
        &self,
        order: &Order<'_>,
        into: &Realised,
        told: &mut dyn FnMut(&str),
    ) -> Result<Vec<StorePath>, BuildError> {
        let needs = self.prepare(order, into, told)?;
        if needs.built.is_empty() {
            return Ok(needs.wanted);
        }
        let roots = order.wanted.iter().map(|(drv, _)| drv).chain(&needs.there);
        let infos = into.closure(roots)?;
        let numbers = (needs.built.len(), infos.len());
        told(&format!(
            "building {} derivations from {} store paths in {NAME}",
            numbers.0, numbers.1
        ));
        let [root, outputs] = ["build-root", "build-outputs"].map(|name| self.host.run.path().join(name));
        let built = self.build(order, &needs, &infos, into, [&root, &outputs], told);
        for disk in [&root, &outputs] {
            if self.host.fs.lstat(disk)?.is_some() {
                self.host.fs.remove_file(disk)?;
            }
        }
        built?;
        Ok(needs.wanted)
    }
}

impl BuildMachine<'_> {
    /// Brings all that is to be built from into the store, and returns what has to be done.
    fn prepare(&self, order: &Order<'_>, into: &Realised, told: &mut dyn FnMut(&str)) -> Result<Needs, BuildError> {
        // What the store cannot tell is handed to it again.
        let has = |path: &StorePath| into.has(path).unwrap_or(false);
        let stream = order.stream_without(&has);
        into.import(&mut stream.as_slice(), "the evaluation", Limits::default(), MOST_PATHS)?;
        let mut needs = self.needs(order, into, told)?;
        let failed = self.sources.bring(order, &mut needs, into, told)?;
        match failed.into_iter().next() {
            None => Ok(needs),
            Some((path, why)) => Err(BuildError::Failed {
                what: Some(path),
                why: format!(
                    "it needs the network, which builds do not have, and cannot be fetched from outside: {why}"
                ),
                log: Vec::new(),
            }),
        }
    }

    /// Returns what has to be done, after what substituters have has been fetched. What they promise and do not deliver is
    /// built.
    fn needs(&self, order: &Order<'_>, into: &Realised, told: &mut dyn FnMut(&str)) -> Result<Needs, BuildError> {
        loop {
            let mut needs = Needs::of(order, into, &mut |paths| match self.substituters {
                Some(substituters) => Ok(substituters.offers(paths, into, told)?),
                None => Ok(Haul::default()),
            })?;
            let Some(substituters) = self.substituters else {
                return Ok(needs);
            };
            substituters.fetch(&needs.haul, into, told)?;
            let roots = std::mem::take(&mut needs.haul.roots);
            if into.missing(&roots)?.is_empty() {
                needs.there.extend(roots);
                return Ok(needs);
            }
        }
    }

    fn build(
        &self,
        order: &Order<'_>,
        needs: &Needs,
        infos: &BTreeMap<StorePath, Info>,
        into: &Realised,
        [root, outputs]: [&Path; 2],
        told: &mut dyn FnMut(&str),
    ) -> Result<(), BuildError> {
        let mut limits = self.limits;
        let factor = self.choice.factor.clamp(1.0, 1e4);
        limits.time = limits.time.mul_f64(factor);
        limits.whole = limits.whole.mul_f64(factor);
        let plan = disk::plan(&self.kit, infos, &limits);
        plan.make(into, self.tools, root).map_err(|error| self.broken(error))?;
        self.empty(outputs)?;
        let spec = self.spec(into, root, outputs)?;
        let mut session = Session::start(self.host, &spec, limits)?;
        session.load()?;
        session.realise(order.wanted, told)?;
        let new = self.accepted(&session.closure(&needs.wanted)?, needs, into)?;
        let registered = session.registered(&new)?;
        let paths: Vec<StorePath> = registered.iter().map(|path| path.path.clone()).collect();
        let written = session.export(OUTPUTS, &paths)?;
        session.off()?;
        if written.len() != registered.len() || paths.iter().collect::<BTreeSet<_>>() != new.iter().collect() {
            return Err(self.broken("it does not hand out what it says"));
        }
        for (path, place) in registered.into_iter().zip(written) {
            self.take(path, place, outputs, &new, into)?;
        }
        Ok(())
    }

    /// Returns those paths of what was built that the store does not have. A machine hands out nothing that was not to be
    /// built.
    fn accepted(
        &self,
        closure: &[StorePath],
        needs: &Needs,
        into: &Realised,
    ) -> Result<BTreeSet<StorePath>, BuildError> {
        let mut new = BTreeSet::new();
        for path in closure {
            if into.has(path)? {
                continue;
            }
            if !needs.outputs.contains_key(path) {
                let why = format!("it hands out '{}', which nobody has ordered", path.to_path());
                return Err(self.broken(why));
            }
            new.insert(path.clone());
        }
        Ok(new)
    }

    /// Takes a path from the disk of outputs into the store.
    fn take(
        &self,
        Registered { path, about }: Registered,
        place: agent::Written,
        outputs: &Path,
        new: &BTreeSet<StorePath>,
        into: &Realised,
    ) -> Result<(), BuildError> {
        for reference in &about.references {
            if !new.contains(reference) && !into.has(reference)? {
                let why = format!(
                    "'{}' refers to '{}', which is not there",
                    path.to_path(),
                    reference.to_path()
                );
                return Err(self.broken(why));
            }
        }
        let mut disk = self.host.fs.edit(outputs)?;
        let sought = disk.seek(SeekFrom::Start(place.offset));
        sought.map_err(|error| FsError::new(FsOp::Read, outputs, error))?;
        let limits = Limits {
            bytes: self.limits.outputs + SLACK,
            ..Limits::default()
        };
        Ok(into.add(&path, &mut disk.take(place.size), about, limits)?)
    }

    /// Makes the disk that outputs are written on; it takes no room until then.
    fn empty(&self, place: &Path) -> Result<(), BuildError> {
        let mut disk = self.host.fs.create(place, Mode::Private)?;
        let made = disk
            .seek(SeekFrom::Start(
                (self.limits.outputs + SLACK).next_multiple_of(4096) - 1,
            ))
            .and_then(|_| disk.write_all(&[0]));
        Ok(made.map_err(|error| FsError::new(FsOp::Write, place, error))?)
    }

    /// Returns the machine.
    fn spec(&self, into: &Realised, root: &Path, outputs: &Path) -> Result<Spec, BuildError> {
        let agent = agents::agent(self.processor).map_err(|why| self.broken(why))?;
        let store = initrd::Store {
            fs: into.fs().as_ref(),
            folder: &into.folder().join("store"),
        };
        let modules = into.outside(&self.kit.path).join("modules");
        let modules = store
            .modules(&modules, initrd::DISKS)
            .map_err(|error| self.broken(error))?;
        let mount = |source: &str, target: &str, kind: &str, options: &str| Mount {
            source: source.into(),
            target: target.into(),
            kind: kind.into(),
            options: options.into(),
        };
        let mounts = vec![mount("SERIAL=build-root", "/", "ext4", "noatime,nobarrier")];
        let archive = initrd::archive(agent, &modules, Role::Build { mounts });
        let ours = self.initrd(&initrd::joined(&archive, b""))?;
        let drive = |path: &Path, serial: &str| Drive {
            medium: Medium::Raw(path.to_path_buf()),
            serial: serial.into(),
        };
        Ok(Spec {
            processor: self.processor,
            accel: self.choice.accel,
            memory: self.limits.memory,
            cpus: self.limits.processors.min(self.choice.accel.processors(self.processor)),
            kernel: self.kit.kernel.clone(),
            initrd: ours,
            parameters: format!(
                "{}{} console={} panic=-1 quiet",
                self.processor.steady(),
                initrd::PARAMETER,
                self.processor.console()
            ),
            drives: vec![drive(root, "build-root"), drive(outputs, "build-outputs")],
            ports: vec![agent::PORT.into()],
            network: Network::None,
            screen: false,
            most_disk: self.limits.disk.max(self.limits.outputs) * 4,
        })
    }

    /// Writes the initial RAM disk into the run's folder, in the place of the one before.
    fn initrd(&self, bytes: &[u8]) -> Result<PathBuf, BuildError> {
        let place = self.host.run.path().join("build-initrd");
        if self.host.fs.lstat(&place)?.is_some() {
            self.host.fs.remove_file(&place)?;
        }
        // QEMU reads it as somebody else.
        self.host.fs.write(&place, bytes, Mode::Sealed)?;
        Ok(place)
    }

    fn broken(&self, why: impl std::fmt::Display) -> BuildError {
        BuildError::Engine {
            engine: NAME.into(),
            why: why.to_string(),
        }
    }
}

/// Reads what `nix-store --dump-db` has said.
pub(super) fn read_registration(bytes: &[u8]) -> Result<Vec<Registered>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    registration::parse(text)
}
