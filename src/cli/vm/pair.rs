//! The two states of a flake in one evaluator: what runs today, and what is to run.

use super::args::DisksArg;
use super::base::{self, Today};
use super::disko::Scripts;
use super::secrets::Secrets;
use super::{VmArgs, variant};
use crate::check::run::Run;
use crate::check::wrong;
use crate::diff::states::Named;
use crate::session::{Asked, Session};
use ::vm::Processor;
use ::vm::agents;
use ::vm::disks::{self, Disk, Layout, Mode, Unmatched};
use ::vm::image::Extra;
use agent::Mount;
use eval::error::{Eval, Fail};
use eval::{ErrorKind, Evaluator, Val};
use nixos::diagnose::{Viewpoint, diagnose_from};
use nixos::{Kind, System, Target, discover, made_of};
use report::{Case, Event, Finding, Outcome, Stage};
use store::{Output, StorePath};

/// Both states, called.
pub struct Pair {
    /// The evaluator and its flakes.
    pub session: Session,
    /// What is to run.
    pub head: Side,
    /// What runs today; the same as the head where there is nothing before it.
    pub base: Side,
}

/// One state.
pub struct Side {
    /// The store path of the tree that has the flake.
    pub root: Vec<u8>,
    /// The folder of the flake in it.
    pub folder: Vec<u8>,
    /// Its hosts.
    pub hosts: Vec<Target>,
    /// Its homes that stand alone.
    pub homes: Vec<Target>,
}

/// A system to boot: what was evaluated, and what is to be built.
pub struct Wanted {
    /// The configuration, for questions about it.
    pub system: System,
    /// The derivation of its toplevel.
    pub drv: StorePath,
    /// The toplevel.
    pub out: StorePath,
}

/// Something to build: a derivation, and its output.
pub struct Drv {
    /// The derivation.
    pub drv: StorePath,
    /// The output.
    pub out: StorePath,
}

/// What is to be done with a host.
pub struct Planned {
    /// The machine that it is tried as.
    pub blueprint: Blueprint,
    /// What runs today.
    pub base: Wanted,
    /// What is to run.
    pub head: Wanted,
    /// What is told of its secrets, in sentences.
    pub secrets: Vec<String>,
}

/// A machine to be made: plain data, so that several can be made and tried beside each other.
pub struct Blueprint {
    /// The name of the host.
    pub name: String,
    /// The system that it is for, such as `x86_64-linux`.
    pub platform: String,
    /// How it is booted.
    pub mode: Mode,
    /// Why it is booted so.
    pub why: String,
    /// Whether a shell of its own speaks for it, as there is no agent.
    pub by_shell: bool,
    /// Its disks.
    pub disks: Vec<Disk>,
    /// The scripts that make its disks, if it is not us.
    pub scripts: Option<Scripts>,
    /// What is mounted without its own stage 1, as far as it is known before.
    pub mounts: Vec<Mount>,
    /// Files that its root has beside the store.
    pub extras: Vec<Extra>,
}

impl Pair {
    /// Locks and calls both states, and returns them with the name that the host has in the base, if that is another;
    /// nothing if a state is broken, which has been told. An `Err` is wrong usage, has been told, and is the exit code.
    pub fn of(run: &mut Run<'_>, args: &VmArgs, asked: &Asked) -> Result<Option<(Pair, Option<String>)>, u8> {
        let mut session = run.session(asked);
        for note in std::mem::take(&mut session.notes) {
            run.tell(Event::Note(note));
        }
        let Some(number) = run.lock(&mut session, asked) else {
            return Ok(None);
        };
        let locked = session.flakes.get(number);
        let is_committed = locked.is_some_and(|locked| locked.flake.tree.rev().is_some());
        let today = base::today(run.machine, args, is_committed).map_err(|error| wrong(error.to_string()))?;
        let Some(flake) = run.call(&mut session, number) else {
            return Ok(None);
        };
        let Some(hosts) = listed(run, &mut session, flake, Kind::Nixos) else {
            return Ok(None);
        };
        let Some(homes) = listed(run, &mut session, flake, Kind::Home) else {
            return Ok(None);
        };
        run.known.extend(hosts.iter().map(|host| host.name.clone()));
        let head = Side {
            root: run.root.clone(),
            folder: run.folder.clone(),
            hosts,
            homes,
        };
        let (base, host) = match today {
            Today::State(named, host) => match base_of(run, &mut session, &named) {
                Ok(side) => (side, host),
                Err(message) => {
                    let finding = Finding::new("base", diag::Severity::Error, message)
                        .hint("name with --base a state of the flake that evaluates");
                    run.finish(Case::new(Stage::Eval, "the base evaluates", Outcome::Errored).finding(finding));
                    return Ok(None);
                }
            },
            Today::Same(why) => {
                run.tell(Event::Note(format!("hosts are switched to themselves: {why}")));
                let side = Side {
                    root: head.root.clone(),
                    folder: head.folder.clone(),
                    hosts: head.hosts.clone(),
                    homes: head.homes.clone(),
                };
                (side, None)
            }
        };
        Ok(Some((Pair { session, head, base }, host)))
    }

    /// Evaluates a host in both states; `before` is its name in the base, and `mode` what is asked for. With `shell`, a shell
    /// is to speak for it even if there is an agent.
    pub fn plan(
        &mut self,
        target: &Target,
        before: &Target,
        platform: Option<&str>,
        mode: Option<Mode>,
        (how, shell): (DisksArg, bool),
    ) -> Eval<Planned> {
        let ev = &mut self.session.ev;
        let head = System::of(ev, target, platform)?;
        let base = System::of(ev, before, platform)?;
        let Some(platform) = head.platform().map(str::to_owned) else {
            return Err(ev.fail(ErrorKind::Eval, "the host does not tell which system it is for"));
        };
        let layouts = [variant::layout(ev, &base)?, variant::layout(ev, &head)?];
        let [of_base, of_head] = &layouts;
        let (matched, made_by) = match how {
            DisksArg::Made => (disks::matching(of_base, of_head), "its disks can be made"),
            DisksArg::Disko => (
                disks::scripted(of_base, of_head).map(|()| Vec::new()),
                "its disks are made by its own disko scripts",
            ),
        };
        let without_agent = match (shell, Processor::of_system(&platform).map(agents::agent)) {
            (true, _) => Some("a shell is to speak for it".to_owned()),
            (false, Some(Err(why))) => Some(format!("this cfgcheck has no agent for its processor: {why}")),
            (false, _) => None,
        };
        let (mode, why, disks) = match (mode, &without_agent, matched) {
            (None | Some(Mode::Variant), Some(why), _) => (Mode::Variant, why.clone(), disks::variant()),
            (Some(mode), Some(why), _) => return Err(refused(ev, mode, why)),
            (Some(Mode::Variant), None, _) => (Mode::Variant, "asked for".to_owned(), disks::variant()),
            (Some(Mode::OwnStage1), None, _) if of_base.nixos_init || of_head.nixos_init => {
                return Err(refused(ev, Mode::OwnStage1, &Unmatched::NixosInit));
            }
            (asked, None, Ok(disks)) => match asked {
                Some(mode) => (mode, "asked for".into(), disks),
                None => (Mode::AsIs, made_by.into(), disks),
            },
            (None, None, Err(why)) => (Mode::Variant, why.to_string(), disks::variant()),
            (Some(mode), None, Err(why)) => return Err(refused(ev, mode, &why)),
        };
        let scripts = match (how, mode) {
            (DisksArg::Made, _) | (_, Mode::Variant) => None,
            (DisksArg::Disko, Mode::AsIs | Mode::OwnStage1) => Some(Scripts::of(ev, &base)?),
        };
        let secrets = [Secrets::of(ev, &base)?, Secrets::of(ev, &head)?];
        let [of_base, of_head] = &secrets;
        let (base, head) = (of_base.laid_over(ev, base)?, of_head.laid_over(ev, head)?);
        let [of_base, of_head] = &layouts;
        let [base, head] = if mode == Mode::Variant {
            let alone = without_agent.is_some();
            [varied(ev, base, of_base, alone)?, varied(ev, head, of_head, alone)?]
        } else {
            [base, head]
        };
        Ok(Planned {
            blueprint: Blueprint {
                name: target.name.clone(),
                platform,
                mode,
                why,
                by_shell: without_agent.is_some(),
                scripts,
                mounts: disks::mounts(of_head, &disks),
                disks,
                extras: secrets.iter().find_map(Secrets::file).into_iter().collect(),
            },
            base: wanted(ev, base)?,
            head: wanted(ev, head)?,
            secrets: ::vm::secrets::told(secrets.iter().map(|secrets| &secrets.dummies)),
        })
    }
}

/// Returns the error of a host that cannot be booted as it was asked for.
fn refused(ev: &mut Evaluator, mode: Mode, why: &dyn std::fmt::Display) -> Fail {
    let message = format!("the host cannot be booted in mode {}: {why}", mode.name());
    ev.fail(ErrorKind::Eval, message)
}

/// Returns a configuration with the overriding module.
fn varied(ev: &mut Evaluator, system: System, layout: &Layout, alone: bool) -> Eval<System> {
    match variant::module(layout, alone) {
        Ok(module) => system.with_module(ev, &module),
        Err(error) => Err(ev.fail(ErrorKind::Type, error.to_string())),
    }
}

/// Returns what is to be built for a configuration.
pub fn wanted(ev: &mut Evaluator, system: System) -> Eval<Wanted> {
    let drv = made_of(ev, system.kind(), system.root())?;
    let Drv { drv, out } = drv_of(ev, &drv)?;
    Ok(Wanted { system, drv, out })
}

/// Returns the derivation at a path with its output, whose path has to be known.
pub fn drv_of(ev: &mut Evaluator, path: &str) -> Eval<Drv> {
    let parsed = StorePath::parse(path).ok();
    let out = parsed.as_ref().and_then(|drv| {
        let outputs = ev.store.derivation(drv)?.outputs.iter();
        outputs
            .filter(|(name, _)| name.as_bytes() == b"out")
            .find_map(|(_, output)| match output {
                Output::InputAddressed(path) => Some(path.clone()),
                Output::Fixed(_) | Output::Floating { .. } | Output::Deferred | Output::Impure { .. } => None,
            })
    });
    match (parsed, out) {
        (Some(drv), Some(out)) => Ok(Drv { drv, out }),
        _ => Err(ev.fail(ErrorKind::Eval, format!("{path} has no output with a known path"))),
    }
}

/// Returns the hosts or homes of a flake; that they cannot be listed has been told.
fn listed(run: &mut Run<'_>, session: &mut Session, flake: Val, kind: Kind) -> Option<Vec<Target>> {
    match session.ev.contained(|ev| discover(ev, flake, kind)) {
        Ok(targets) => Some(targets),
        Err(_) => {
            let name = format!("{} can be listed", kind.output());
            let case = run.with_error(session, Case::new(Stage::Eval, name, Outcome::Errored));
            run.finish(case);
            None
        }
    }
}

/// Returns the base, or why there is none to be had.
fn base_of(run: &Run<'_>, session: &mut Session, named: &Named) -> Result<Side, String> {
    let begin = |error: &dyn std::fmt::Display| format!("{} cannot be evaluated: {error}", named.name);
    let flags = session
        .lock_flags(run.machine, &run.args.judge.flakes)
        .map_err(|error| begin(&error))?;
    let number = session
        .lock(&named.asked.reference, &flags)
        .map_err(|error| begin(&error.message(&session.ev.sources)))?;
    let folder = session.flakes.get(number).map(|locked| locked.flake.dir.clone());
    let root = session
        .flakes
        .node(number, 0)
        .map(|mounted| mounted.path.to_path().into_bytes());
    let flakes = session.flakes.clone();
    let listed = session.ev.contained(|ev| {
        let flake = flakes.call(ev, number)?;
        Ok((discover(ev, flake, Kind::Nixos)?, discover(ev, flake, Kind::Home)?))
    });
    match listed {
        Ok((hosts, homes)) => Ok(Side {
            root: root.unwrap_or_default(),
            folder: folder.unwrap_or_default(),
            hosts,
            homes,
        }),
        Err(_) => {
            let error = session.ev.take_error();
            let inputs = session.flakes.mounted();
            let view = Viewpoint {
                inputs: &inputs,
                ..Viewpoint::default()
            };
            Err(begin(&diagnose_from(&mut session.ev, &error, &view).diagnostic.message))
        }
    }
}
