//! The configurations of a flake, for commands that ask about one of them.

use crate::args::{FlakeArgs, LimitArgs};
use crate::exit;
use crate::machine::Machine;
use crate::session::{self, Session, Setup};
use crate::stream::{complain, complain_styled};
use diag::{FileId, Style};
use eval::error::Eval;
use eval::{EvalError, Evaluator};
use nixos::diagnose::{Viewpoint, diagnose_from};
use nixos::{Kind, Reference, System, Target, discover};
use report::Secrets;
use std::path::{Path, PathBuf};
use sys::Stream;

/// A flake that was locked and called, with the configurations that it offers.
pub struct Configurations {
    /// The session in which all is evaluated.
    pub session: Session,
    /// The hosts and homes: kinds in the order of [`Kind::ALL`], each sorted by name.
    pub targets: Vec<Target>,
    /// The store path of the tree that has the flake; below it are the user's own files.
    pub root: Vec<u8>,
    /// The folder of the flake in that tree; empty if it is at the top.
    pub folder: Vec<u8>,
    /// The folder of the flake on the disk, if it is there.
    disk: Option<PathBuf>,
    asked: (String, FlakeArgs, LimitArgs),
    inputs: Vec<(Vec<u8>, String)>,
    show_trace: bool,
    color: bool,
}

impl Configurations {
    /// Locks and calls a flake; what keeps it from that has been told, and the exit code says it.
    pub fn open(machine: &Machine, flake: &str, flakes: &FlakeArgs, limits: &LimitArgs) -> Result<Configurations, u8> {
        let usage = |error: &dyn std::fmt::Display| {
            complain(&format!("error: {error}"));
            exit::USAGE
        };
        let asked = session::asked(machine, flake).map_err(|error| usage(&error))?;
        if !asked.fragment.is_empty() {
            return Err(usage(&"the flake is taken whole; name the host apart from it"));
        }
        let setup = Setup {
            flakes,
            limits,
            pure: true,
            root: asked.root.as_deref(),
            search_path: Vec::new(),
            keep_messages: true,
            keep: None,
        };
        let mut session = Session::new(machine, &setup);
        let flags = session.lock_flags(machine, flakes).map_err(|error| usage(&error))?;
        let number = match session.lock(&asked.reference, &flags) {
            Ok(number) => number,
            Err(error) => {
                complain(&format!("error: {}", error.message(&session.ev.sources)));
                let of_machine = error.is_of_the_machine();
                return Err(if of_machine { exit::CANNOT_START } else { exit::FINDINGS });
            }
        };
        let folder = session.flakes.get(number).map(|locked| locked.flake.dir.clone());
        let root = session
            .flakes
            .node(number, 0)
            .map(|mounted| mounted.path.to_path().into_bytes());
        let mut opened = Configurations {
            inputs: Vec::new(),
            targets: Vec::new(),
            root: root.unwrap_or_default(),
            folder: folder.unwrap_or_default(),
            disk: asked.root.map(|root| root.join(&asked.reference.dir)),
            asked: (flake.to_owned(), flakes.clone(), limits.clone()),
            show_trace: flakes.show_trace,
            color: machine.env.is_terminal(Stream::Err) && machine.env.text("NO_COLOR").is_none(),
            session,
        };
        opened.call(number)?;
        Ok(opened)
    }

    fn call(&mut self, number: u32) -> Result<(), u8> {
        let flakes = self.session.flakes.clone();
        let listed = self.session.ev.contained(|ev| {
            let flake = flakes.call(ev, number)?;
            let mut all = Vec::new();
            for kind in Kind::ALL.into_iter().filter(|kind| kind.is_configuration()) {
                all.extend(discover(ev, flake, kind)?);
            }
            Ok(all)
        });
        self.inputs = self.session.flakes.mounted();
        match listed {
            Ok(targets) => {
                self.targets = targets;
                Ok(())
            }
            Err(_) => Err(self.failed()),
        }
    }

    /// Returns the folder of the flake on the disk, if it is there.
    pub fn disk(&self) -> Option<&Path> {
        self.disk.as_deref()
    }

    /// Returns the numbers of the configurations that are meant: the one of this name, or all.
    pub fn chosen(&self, name: Option<&str>) -> Result<Vec<usize>, u8> {
        let Some(name) = name else {
            return Ok((0..self.targets.len()).collect());
        };
        let target = self.named(name)?;
        let is_it = |other: &Target| other.kind == target.kind && other.name == target.name;
        Ok(self.targets.iter().position(is_it).into_iter().collect())
    }

    /// Returns one of the configurations, for which there is time and memory: if those before it took
    /// most of that, all is forgotten first.
    pub fn at(&mut self, machine: &Machine, number: usize) -> Result<Target, u8> {
        let most = machine.max_memory(self.asked.2.max_memory);
        if self.session.ev.is_exhausted() || self.session.ev.mem.used() > most / 2 {
            let (flake, flakes, limits) = &self.asked;
            *self = Configurations::open(machine, flake, flakes, limits)?;
        }
        self.session.ev.restart_clock();
        self.session.ev.limit_memory(Some(most));
        match self.targets.get(number) {
            Some(target) => Ok(target.clone()),
            None => {
                complain("error: the flake could not be evaluated a second time as it was the first time");
                Err(exit::FINDINGS)
            }
        }
    }

    /// Returns the options of some configurations: those that the flake itself declares, or all. What
    /// failed has been told; the second part is then the exit code for it.
    pub fn reference(&mut self, machine: &Machine, numbers: &[usize], all: bool) -> Result<(Reference, u8), u8> {
        let mut reference = Reference::default();
        let mut code = exit::CLEAN;
        for &number in numbers {
            let target = self.at(machine, number)?;
            let added = self.system(&target, None).and_then(|system| {
                self.evaluated(|ev, view| {
                    let mut next = reference.clone();
                    next.add(ev, &system, view, all)?;
                    Ok(next)
                })
            });
            match added {
                Ok(next) => reference = next,
                Err(exit::INTERRUPTED) => return Err(exit::INTERRUPTED),
                Err(failed) => {
                    complain(&format!("note: {} is left out, as it does not evaluate", target.path()));
                    code = code.max(failed);
                }
            }
        }
        Ok((reference, code))
    }

    /// Does some work with what is evaluated; what fails has been told. The work is done again if inputs
    /// were fetched for it, so that it can call them by their names.
    pub fn evaluated<T>(&mut self, work: impl Fn(&mut Evaluator, &Viewpoint<'_>) -> Eval<T>) -> Result<T, u8> {
        loop {
            let known = self.inputs.len();
            let (ev, view) = self.parts();
            let done = ev.contained(|ev| work(ev, &view));
            self.inputs = self.session.flakes.mounted();
            match done {
                Ok(done) if self.inputs.len() == known => return Ok(done),
                Ok(_) => {}
                Err(_) => return Err(self.failed()),
            }
        }
    }

    /// Returns the evaluator, and from where the configurations are looked at.
    pub fn parts(&mut self) -> (&mut Evaluator, Viewpoint<'_>) {
        let view = Viewpoint {
            root: &self.root,
            folder: &self.folder,
            inputs: &self.inputs,
            show_trace: self.show_trace,
        };
        (&mut self.session.ev, view)
    }

    /// Returns the secrets that the user's own files give away, so far as they were read.
    pub fn secrets(&self) -> Secrets {
        let view = Viewpoint {
            root: &self.root,
            inputs: &self.inputs,
            ..Viewpoint::default()
        };
        let mut secrets = Secrets::new();
        for id in (0..self.session.ev.sources.len() as u32).map(FileId) {
            let file = self.session.ev.sources.file(id);
            if view.is_own(&file.origin) {
                secrets.learn_from(&String::from_utf8_lossy(&file.text));
            }
        }
        secrets
    }

    /// Returns the configuration that a name or a path (`homeConfigurations.NAME`) means; what is not
    /// there has been told.
    pub fn named(&self, name: &str) -> Result<Target, u8> {
        let means = |target: &&Target| target.name == name || target.path() == name || is_path_of(target, name);
        if let Some(target) = self.targets.iter().find(means) {
            return Ok(target.clone());
        }
        complain(&format!("error: the flake has no host or home `{name}`"));
        let known: Vec<&str> = self.targets.iter().map(|target| target.name.as_str()).collect();
        match yaml::nearest(name, known.iter().copied()) {
            Some(near) => complain(&format!("help: did you mean `{near}`?")),
            None if known.is_empty() => complain("help: it has no configurations at all"),
            None => complain(&format!("help: there are {}", known.join(", "))),
        }
        Err(exit::USAGE)
    }

    /// Evaluates one of them, with `platform` for that system instead of its own; what fails has been
    /// told.
    pub fn system(&mut self, target: &Target, platform: Option<&str>) -> Result<System, u8> {
        let system = self.session.ev.contained(|ev| System::of(ev, target, platform));
        system.map_err(|_| self.failed())
    }

    /// Tells the error that is under way, and returns the exit code for it.
    pub fn failed(&mut self) -> u8 {
        if sys::interrupted() {
            return exit::INTERRUPTED;
        }
        let error = self.session.ev.take_error();
        complain_styled(self.told(&error).trim_end());
        exit::FINDINGS
    }

    /// Returns what is to be said of an error: its place in the user's files, the way there, and what
    /// can be done.
    pub fn told(&mut self, error: &EvalError) -> String {
        let (ev, view) = self.parts();
        let diagnosis = diagnose_from(ev, error, &view);
        let style = Style {
            color: self.color,
            ..Style::default()
        };
        let text = diag::render(&diagnosis.diagnostic, &self.session.ev.sources, &self.root, style);
        self.secrets().drawing(&text).into_owned()
    }
}

/// Whether a text is a target's path without the quotes that its name needs.
fn is_path_of(target: &Target, text: &str) -> bool {
    let name = text
        .strip_prefix(target.kind.output())
        .and_then(|rest| rest.strip_prefix('.'));
    name == Some(target.name.as_str())
}
