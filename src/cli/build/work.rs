//! The work of the command: all targets are evaluated, built together, and judged each by itself.

use super::args::BuildArgs;
use crate::check::run::Run;
use crate::session::{Asked, Session};
use crate::stream::{complain, say};
use ::vm::build::{BuildError, Engine, Order};
use ::vm::realised::Realised;
use diag::{Severity, clean_line};
use nixos::{Kind, Target, judge};
use report::{Case, Event, Finding, Outcome, Phase, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::{OutputName, StorePath};
use sys::{FsError, FsOp, Mode};

/// The fact of a case that says which path was built, where it is one.
pub const OUT: &str = "out";

/// Lines of a builder's log that a finding repeats.
const TOLD_LINES: usize = 20;

/// The work of the command.
pub(super) struct Work<'w> {
    /// Judges and tells.
    pub run: Run<'w>,
    args: &'w BuildArgs,
    engine: Box<dyn Engine>,
    realised: Realised,
    built: BTreeSet<StorePath>,
}

/// Something to build, evaluated.
struct Wanted {
    path: String,
    name: String,
    system: String,
    drv: StorePath,
    outputs: Vec<OutputName>,
    sources: Vec<(StorePath, Vec<u8>)>,
    took: Duration,
}

impl Wanted {
    /// Returns the case of it.
    fn case(&self, outcome: Outcome) -> Case {
        let case = Case::new(Stage::Build, format!("{} is built", self.path), outcome);
        case.on(&self.name, &self.system).took(self.took)
    }

    /// Returns all of its outputs.
    fn all(&self) -> impl Iterator<Item = (StorePath, OutputName)> {
        self.outputs.iter().map(|name| (self.drv.clone(), name.clone()))
    }

    fn take_sources(&mut self) -> Vec<(StorePath, Vec<u8>)> {
        std::mem::take(&mut self.sources)
    }
}

impl<'w> Work<'w> {
    /// Returns the work on a flake, with a store in the cache folder.
    pub fn new(run: Run<'w>, args: &'w BuildArgs, engine: Box<dyn Engine>, cache: PathBuf) -> Work<'w> {
        let realised = Realised::new(run.machine.fs.clone(), cache);
        Work {
            run,
            args,
            engine,
            realised,
            built: BTreeSet::new(),
        }
    }

    /// Builds what a flake offers.
    pub fn flake(&mut self, asked: &Asked) {
        self.run.tell(Event::Progressed {
            phase: Phase::Fetching,
            what: "inputs".into(),
            index: 1,
            of: 1,
        });
        let mut session = self.run.session(asked);
        for note in std::mem::take(&mut session.notes) {
            self.run.tell(Event::Note(note));
        }
        let Some(number) = self.run.lock(&mut session, asked) else {
            return;
        };
        let Some(flake) = self.run.call(&mut session, number) else {
            return;
        };
        let targets = self.run.work(&mut session, flake);
        let names = self.run.known.iter().map(String::as_str);
        self.run.unknown = crate::check::unknown_host(&self.run.hosts, names);
        if self.run.unknown.is_some() {
            return;
        }
        let targets: Vec<Target> = targets
            .into_iter()
            .map(|(target, _)| target)
            .filter(can_be_built)
            .collect();
        let of = targets.len();
        let mut wanted = Vec::new();
        for (at, target) in targets.iter().enumerate() {
            if sys::interrupted() {
                let note = format!("interrupted: {of} targets were not built");
                return self.run.tell(Event::Note(note));
            }
            let what = target.path();
            self.run.tell(Event::Progressed {
                phase: Phase::Evaluating,
                what,
                index: at + 1,
                of,
            });
            match self.evaluated(&mut session, target) {
                Ok(one) => wanted.push(one),
                Err(case) => self.run.finish(*case),
            }
        }
        let sources: BTreeMap<StorePath, Vec<u8>> = wanted.iter_mut().flat_map(Wanted::take_sources).collect();
        let sources: Vec<_> = sources.into_iter().collect();
        if self.args.plan {
            return self.forecast(&session, &wanted, &sources);
        }
        self.build(&session, wanted, &sources);
        if let Some(file) = self.args.export.clone()
            && let Err(error) = self.export(&file)
        {
            self.unwritten("what was built is exported", &error);
        }
        if let Some(file) = self.args.out_paths.clone()
            && let Err(error) = self
                .run
                .machine
                .fs
                .write_atomic(&file, self.paths().as_bytes(), Mode::Plain)
        {
            self.unwritten("the paths of what was built are written", &error);
        }
    }

    /// Tells that a file could not be written.
    fn unwritten(&mut self, name: &str, error: &dyn std::fmt::Display) {
        let finding = Finding::new("build", Severity::Error, error.to_string());
        self.run
            .finish(Case::new(Stage::Build, name, Outcome::Errored).finding(finding));
    }

    /// Returns the store paths of all that was built, one a line.
    fn paths(&self) -> String {
        self.built.iter().map(|path| format!("{}\n", path.to_path())).collect()
    }

    /// Evaluates a target, or returns the case of one that cannot be evaluated.
    fn evaluated(&mut self, session: &mut Session, target: &Target) -> Result<Wanted, Box<Case>> {
        let started = self.run.machine.clock.monotonic();
        session.ev.restart_clock();
        let (judged, _) = judge(&mut session.ev, target, None);
        let system = judged
            .system
            .clone()
            .unwrap_or_else(|| crate::check::run::UNKNOWN.into());
        let drv = judged.drv.as_ref().and_then(|drv| StorePath::parse(drv).ok());
        let Some(drv) = drv.filter(|_| judged.error.is_none()) else {
            return Err(Box::new(self.run.case(
                &mut session.ev,
                &session.flakes.clone(),
                target,
                &system,
                &judged,
            )));
        };
        let outputs = session.ev.store.derivation(&drv);
        let outputs = outputs.map(|drv| drv.outputs.keys().cloned().collect());
        let mut wanted = Wanted {
            path: target.path(),
            name: target.name.clone(),
            system,
            outputs: outputs.unwrap_or_default(),
            sources: Vec::new(),
            took: Duration::ZERO,
            drv,
        };
        match session.ev.contained(|ev| ev.sources_of(&wanted.drv)) {
            Ok(sources) => wanted.sources = sources,
            Err(_) => {
                let case = wanted.case(Outcome::Errored);
                return Err(Box::new(self.run.with_error(session, case)));
            }
        }
        wanted.took = self.run.machine.clock.monotonic().saturating_sub(started);
        Ok(wanted)
    }

    /// Tells what would be fetched and built.
    fn forecast(&mut self, session: &Session, wanted: &[Wanted], sources: &[(StorePath, Vec<u8>)]) {
        let all: Vec<_> = wanted.iter().flat_map(Wanted::all).collect();
        let order = Order {
            store: &session.ev.store,
            wanted: &all,
            sources,
        };
        let forecast = self
            .engine
            .forecast(&order, &self.realised, &mut |line| complain(&clean_line(line)));
        match forecast {
            Ok(forecast) => say(forecast.print().as_bytes()),
            Err(error) => {
                let finding = Finding::new("build", Severity::Error, error.to_string());
                let case = Case::new(Stage::Build, "it can be planned", Outcome::Errored);
                self.run.finish(case.finding(finding));
            }
        }
    }

    /// Builds all outputs of what was evaluated, and tells what came of each.
    fn build(&mut self, session: &Session, wanted: Vec<Wanted>, sources: &[(StorePath, Vec<u8>)]) {
        let all: Vec<_> = wanted.iter().flat_map(Wanted::all).collect();
        let order = Order {
            store: &session.ev.store,
            wanted: &all,
            sources,
        };
        if all.is_empty() {
            return;
        }
        self.run.tell(Event::Progressed {
            phase: Phase::Building,
            what: match &wanted[..] {
                [one] => one.path.clone(),
                more => format!("{} targets", more.len()),
            },
            index: 1,
            of: 1,
        });
        let verbose = self.args.verbose;
        let outcomes = self.engine.realise_each(&order, &self.realised, &mut |line| {
            if verbose {
                complain(&clean_line(line));
            }
        });
        let mut outcomes = match outcomes {
            Ok(outcomes) => outcomes.into_iter(),
            Err(error) => {
                let finding = Finding::new("build", Severity::Error, error.to_string());
                for one in wanted {
                    self.run.finish(one.case(Outcome::Errored).finding(finding.clone()));
                }
                return;
            }
        };
        for one in wanted {
            let mine: Vec<_> = outcomes.by_ref().take(one.outputs.len()).collect();
            let mine: Result<Vec<StorePath>, BuildError> = mine.into_iter().collect();
            let case = match mine {
                Ok(paths) => {
                    let case = one.case(Outcome::Passed);
                    let case = match &paths[..] {
                        [path] => case.property(OUT, path.to_path()),
                        _ => case,
                    };
                    self.built.extend(paths);
                    case
                }
                Err(error) => with_failure(|outcome| one.case(outcome), error),
            };
            self.run.finish(case);
        }
    }

    /// Writes all that was built to a file.
    fn export(&self, file: &Path) -> Result<(), BuildError> {
        let fs = &self.run.machine.fs;
        if fs.lstat(file)?.is_some() {
            let error = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
            return Err(FsError::new(FsOp::Create, file, error).into());
        }
        let mut out = std::io::BufWriter::new(fs.create(file, Mode::Plain)?);
        self.realised.export(&self.built, &mut out)?;
        let flushed = std::io::Write::flush(&mut out);
        Ok(flushed.map_err(|error| FsError::new(FsOp::Write, file, error))?)
    }
}

/// Whether a target can be built on a machine with Linux.
fn can_be_built(target: &Target) -> bool {
    let is_linux = target.system.as_ref().is_none_or(|system| system.ends_with("-linux"));
    target.kind != Kind::Darwin && is_linux
}

/// Returns the case of something that was not built: failed if that is a verdict, else errored.
fn with_failure(about: impl Fn(Outcome) -> Case, error: BuildError) -> Case {
    let outcome = if error.is_verdict() {
        Outcome::Failed
    } else {
        Outcome::Errored
    };
    let mut finding = Finding::new("build", Severity::Error, error.to_string());
    if let BuildError::Failed { log, .. } = &error {
        finding.text = log[log.len().saturating_sub(TOLD_LINES)..].join("\n");
    }
    about(outcome).finding(finding)
}
