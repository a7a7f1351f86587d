//! The build VM: a machine without a network card, in which a real Nix builds with its sandbox on.

use super::disk;
use super::fixed::{NotHad, Sources};
use super::needs::{Needs, outputs_of};
use super::outputs::{empty_disk, take, taken};
use super::registration::{self, Registered};
use super::session::Session;
use super::verdict::{Failure, Verdicts};
use super::{BuildError, BuildLimits, Engine, Forecast, Order, Outcomes};
use crate::accel::Choice;
use crate::egress::Rules;
use crate::image::Tools;
use crate::kit::Kit;
use crate::machine::{Drive, Host, Medium, Network, Spec};
use crate::realised::{Limits, Realised};
use crate::substitute::{Haul, Substituters};
use crate::{Processor, agents, initrd};
use agent::{Mount, Role};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use store::{OutputName, StorePath};
use sys::Mode;

/// The name of the engine.
pub(super) const NAME: &str = "the build VM";
/// Most paths of one order.
const MOST_PATHS: usize = 200_000;
/// The guest's name of the disk that outputs are written on.
const OUTPUTS: &str = "vdb";

/// Returns what a machine is run with, and tells what it does for that.
pub type Equip<'h> = &'h dyn Fn(&mut dyn FnMut(&str)) -> Result<Equipment, BuildError>;

/// Builds in a virtual machine.
pub struct BuildMachine<'h> {
    /// The parts of this machine that it is run with. Its disks are in the run's folder.
    pub host: Host<'h>,
    /// Makes its disks.
    pub tools: Tools<'h>,
    /// Its processor: that of the systems to build.
    pub processor: Processor,
    /// What it is run with, which is asked for only if something is to be built.
    pub equipment: Equip<'h>,
    /// Who may have outputs already; nobody if the run asks nobody.
    pub substituters: Option<&'h Substituters>,
    /// Where outputs that are known by their hash come from.
    pub sources: Sources<'h>,
    /// What fixed outputs may reach whose builders fetch by themselves, in a machine of their own; nothing if none is given.
    pub egress: Option<Rules>,
    /// How much a run of it may take.
    pub limits: BuildLimits,
}

/// What a machine is run with.
#[derive(Clone)]
pub struct Equipment {
    /// What executes its instructions, and how much slower that is.
    pub choice: Choice,
    /// What it runs.
    pub kit: Kit,
}

/// What one machine builds.
struct Job<'j> {
    order: &'j Order<'j>,
    needs: &'j Needs,
    /// What its builders may reach; nothing if none is given.
    egress: Option<&'j Rules>,
}

impl Engine for BuildMachine<'_> {
    fn name(&self) -> &str {
        NAME
    }

    fn forecast(&self, order: &Order<'_>, into: &Realised, told: &mut dyn FnMut(&str)) -> Result<Forecast, BuildError> {
        Forecast::of(order, into, self.substituters, told)
    }

    fn realise_each(
        &self,
        order: &Order<'_>,
        into: &Realised,
        told: &mut dyn FnMut(&str),
    ) -> Result<Outcomes, BuildError> {
        // What the store cannot tell is handed to it again.
        let has = |path: &StorePath| into.has(path).unwrap_or(false);
        let stream = order.stream_without(&has);
        into.import(&mut stream.as_slice(), "the evaluation", Limits::default(), MOST_PATHS)?;
        let mut needs = self.needs(order, into, told)?;
        let mut verdicts = Verdicts::default();
        let mut fetching = Vec::new();
        for (drv, why) in self.sources.bring(order, &mut needs, into, told)? {
            let why = match why {
                NotHad::NoDownload if self.egress.is_some() => {
                    fetching.push(drv);
                    continue;
                }
                NotHad::NoDownload => "its builder is not a plain download".to_owned(),
                NotHad::Failed(why) => why,
            };
            let failure = Failure {
                why: format!(
                    "it needs the network, which builds do not have, and cannot be fetched from outside: {why}"
                ),
                log: Vec::new(),
            };
            verdicts.add(drv, failure);
        }
        if !fetching.is_empty() {
            self.fetch(&fetching, order, into, &mut verdicts, told)?;
        }
        let enters = |drv: &StorePath| needs.built.contains(drv);
        let mut open: Vec<(StorePath, OutputName)> = Vec::new();
        for (wanted, out) in order.wanted.iter().zip(&needs.wanted) {
            let is_to_be_built = !into.has(out)? && verdicts.blames(order, &wanted.0, &enters).is_none();
            open.extend(is_to_be_built.then(|| wanted.clone()));
        }
        if !open.is_empty() {
            let part = Order {
                wanted: &open,
                ..*order
            };
            // Without what only those need of which an input is missing.
            let needs = Needs::of(&part, into, &mut |_| Ok(Haul::default()))?;
            let job = Job {
                order: &part,
                needs: &needs,
                egress: None,
            };
            self.build(&job, into, &mut verdicts, told)?;
        }
        let wanted = order.wanted.iter().zip(needs.wanted.iter().cloned());
        let outcome = |((drv, _), out): (&(StorePath, OutputName), StorePath)| {
            Ok(match into.missing([&out])?.is_empty() {
                true => Ok(out),
                false => Err(verdicts.of(order, drv, &enters)),
            })
        };
        wanted.map(outcome).collect()
    }
}

impl BuildMachine<'_> {
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

    /// Has outputs fetched that are known by their hash and whose builders do that by themselves. What they need for it is
    /// built without a network before; they alone run in a machine that has a way out.
    fn fetch(
        &self,
        drvs: &[StorePath],
        order: &Order<'_>,
        into: &Realised,
        verdicts: &mut Verdicts,
        told: &mut dyn FnMut(&str),
    ) -> Result<(), BuildError> {
        let derivations = drvs.iter().filter_map(|drv| order.store.derivation(drv));
        let inputs = derivations
            .flat_map(|drv| drv.input_derivations.iter())
            .flat_map(|(input, outputs)| {
                let names = outputs.names.iter();
                names.map(|name| (input.clone(), name.clone()))
            });
        let inputs: BTreeSet<(StorePath, OutputName)> = inputs.collect();
        let inputs: Vec<(StorePath, OutputName)> = inputs.into_iter().collect();
        let part = Order {
            wanted: &inputs,
            ..*order
        };
        let mut there = BTreeMap::new();
        let mut missing = BTreeMap::new();
        for ((input, name), outcome) in inputs.iter().zip(self.realise_each(&part, into, told)?) {
            match outcome {
                Ok(path) => drop(there.insert((input, name), path)),
                Err(error @ BuildError::Failed { .. }) => drop(missing.insert(input, error)),
                Err(error) => return Err(error),
            }
        }
        let mut wanted: Vec<(StorePath, OutputName)> = Vec::new();
        for drv in drvs {
            let Some(derivation) = order.store.derivation(drv) else {
                continue;
            };
            let mut inputs = derivation.input_derivations.keys();
            match inputs.find_map(|input| missing.get(input)) {
                Some(error) => {
                    let log = match error {
                        BuildError::Failed { log, .. } => log.clone(),
                        _ => Vec::new(),
                    };
                    let why = format!("what it fetches with cannot be had: {error}");
                    verdicts.add(drv.clone(), Failure { why, log });
                }
                None => wanted.extend(derivation.outputs.keys().map(|name| (drv.clone(), name.clone()))),
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let part = Order {
            wanted: &wanted,
            ..*order
        };
        let outputs = outputs_of(&part)?;
        let needs = Needs {
            there: there.into_values().collect(),
            built: wanted.iter().map(|(drv, _)| drv.clone()).collect(),
            outputs: outputs
                .iter()
                .cloned()
                .zip(wanted.iter().map(|(drv, _)| drv.clone()))
                .collect(),
            wanted: outputs,
            ..Needs::default()
        };
        let job = Job {
            order: &part,
            needs: &needs,
            egress: self.egress.as_ref(),
        };
        self.build(&job, into, verdicts, told)?;
        // What is known to be right is all the same for what is built next; of the rest it is known who is to blame.
        for (out, drv) in &needs.outputs {
            if !into.has(out)? {
                verdicts.settle(&part, drv);
            }
        }
        Ok(())
    }

    /// Builds in a machine; in another one if the first ends of itself.
    fn build(
        &self,
        job: &Job<'_>,
        into: &Realised,
        verdicts: &mut Verdicts,
        told: &mut dyn FnMut(&str),
    ) -> Result<(), BuildError> {
        match self.build_once(job, into, verdicts, told) {
            Err(BuildError::Crashed { why, .. }) if !sys::interrupted() => {
                told(&format!("{NAME} ended of itself ({why}) and is started anew"));
                self.build_once(job, into, verdicts, told)
            }
            built => built,
        }
    }

    fn build_once(
        &self,
        job: &Job<'_>,
        into: &Realised,
        verdicts: &mut Verdicts,
        told: &mut dyn FnMut(&str),
    ) -> Result<(), BuildError> {
        let [root, outputs] = ["build-root", "build-outputs"].map(|name| self.host.run.path().join(name));
        let built = self.build_on([&root, &outputs], job, into, verdicts, told);
        for disk in [&root, &outputs] {
            if self.host.fs.lstat(disk)?.is_some() {
                self.host.fs.remove_file(disk)?;
            }
        }
        built
    }

    fn build_on(
        &self,
        [root, outputs]: [&Path; 2],
        job: &Job<'_>,
        into: &Realised,
        verdicts: &mut Verdicts,
        told: &mut dyn FnMut(&str),
    ) -> Result<(), BuildError> {
        let Job { order, needs, egress } = *job;
        let roots = order.wanted.iter().map(|(drv, _)| drv).chain(&needs.there);
        let infos = into.closure(roots)?;
        told(&format!(
            "building {} derivations from {} store paths in {NAME}{}",
            needs.built.len(),
            infos.len(),
            if egress.is_some() {
                ", with a filtered way out"
            } else {
                ""
            }
        ));
        let equipment = (self.equipment)(told)?;
        let mut limits = self.limits;
        let factor = equipment.choice.factor.clamp(1.0, 1e4);
        limits.time = limits.time.mul_f64(factor);
        limits.whole = limits.whole.mul_f64(factor);
        let plan = disk::plan(&equipment.kit, &infos, &limits);
        plan.make(into, self.tools, root).map_err(|error| self.broken(error))?;
        empty_disk(self.host.fs, outputs, &limits)?;
        let mut spec = self.spec(&equipment, into, root, outputs)?;
        if egress.is_some() {
            spec.ports.push(agent::EGRESS.into());
        }
        let mut session = Session::start(self.host, &spec, limits)?;
        session.load()?;
        if let Some(rules) = egress {
            session.open(rules.clone())?;
        }
        let said = session.realise(order.wanted, told)?;
        let refused = session.refused();
        verdicts.read(&said.log, said.late, &mut |drv| {
            let mut log = session.log_of(drv)?;
            log.extend(refused.iter().cloned());
            Ok(log)
        })?;
        // Also what only something is made of, and of what failed: a later run begins with it.
        let mut new = BTreeSet::new();
        for path in session.valid(&needs.outputs.keys().cloned().collect())? {
            if !into.has(&path)? {
                new.insert(path);
            }
        }
        let registered = session.registered(&new)?;
        if registered.iter().any(|one| !new.contains(&one.path)) {
            return Err(self.broken("it registers what nobody has asked for"));
        }
        let registered = taken(registered, needs, into, &limits)?;
        let paths: Vec<StorePath> = registered.iter().map(|one| one.path.clone()).collect();
        let written = session.export(OUTPUTS, &paths)?;
        session.off()?;
        if written.len() != paths.len() {
            return Err(self.broken("it does not hand out what it says"));
        }
        for (one, place) in registered.into_iter().zip(written) {
            take(one, place, outputs, &limits, into)?;
        }
        Ok(())
    }

    /// Returns the machine.
    fn spec(&self, equipment: &Equipment, into: &Realised, root: &Path, outputs: &Path) -> Result<Spec, BuildError> {
        let (kit, accel) = (&equipment.kit, equipment.choice.accel);
        let agent = agents::agent(self.processor).map_err(|why| self.broken(why))?;
        let store = initrd::Store {
            fs: into.fs().as_ref(),
            folder: &into.folder().join("store"),
        };
        let modules = into.outside(&kit.path).join("modules");
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
            accel,
            memory: self.limits.memory,
            cpus: self.limits.processors.min(accel.processors(self.processor)),
            kernel: kit.kernel.clone(),
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
