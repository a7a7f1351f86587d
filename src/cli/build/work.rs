//! The work of the command: each target is evaluated, built, and judged.

use super::args::BuildArgs;
use crate::check::run::Run;
use crate::session::{Asked, Session};
use crate::stream::complain;
use ::vm::build::{BuildError, Engine, Order};
use ::vm::realised::Realised;
use diag::{Severity, clean_line};
use nixos::{Kind, Target, judge};
use report::{Case, Event, Finding, Outcome, Phase, Stage};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use store::{OutputName, StorePath};
use sys::{FsError, FsOp, Mode};

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
    drv: StorePath,
    sources: Vec<(StorePath, Vec<u8>)>,
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
        for (at, target) in targets.iter().enumerate() {
            if sys::interrupted() {
                let note = format!("interrupted: {} of {of} were not built", of - at);
                return self.run.tell(Event::Note(note));
            }
            let what = target.path();
            self.run.tell(Event::Progressed {
                phase: Phase::Evaluating,
                what,
                index: at + 1,
                of,
            });
            let case = self.target(&mut session, target);
            self.run.finish(case);
        }
        if let Some(file) = self.args.export.clone()
            && let Err(error) = self.export(&file)
        {
            let finding = Finding::new("build", Severity::Error, error.to_string());
            let name = "what was built is exported";
            self.run
                .finish(Case::new(Stage::Build, name, Outcome::Errored).finding(finding));
        }
    }

    /// Evaluates and builds a target, and returns what came of it.
    fn target(&mut self, session: &mut Session, target: &Target) -> Case {
        let started = self.run.machine.clock.monotonic();
        session.ev.restart_clock();
        let (judged, _) = judge(&mut session.ev, target, None);
        let system = judged
            .system
            .clone()
            .unwrap_or_else(|| crate::check::run::UNKNOWN.into());
        let about =
            |outcome| Case::new(Stage::Build, format!("{} is built", target.path()), outcome).on(&target.name, &system);
        let drv = judged.drv.as_ref().and_then(|drv| StorePath::parse(drv).ok());
        let Some(drv) = drv.filter(|_| judged.error.is_none()) else {
            return self.run.case(session, target, &system, &judged);
        };
        let sources = match session.ev.contained(|ev| ev.sources_of(&drv)) {
            Ok(sources) => sources,
            Err(_) => return self.run.with_error(session, about(Outcome::Errored)),
        };
        let outcome = self.build(session, &Wanted { drv, sources });
        let case = match outcome {
            Ok(()) => about(Outcome::Passed),
            Err(error) => with_failure(about, error),
        };
        case.took(self.run.machine.clock.monotonic().saturating_sub(started))
    }

    /// Builds all outputs of a derivation.
    fn build(&mut self, session: &Session, wanted: &Wanted) -> Result<(), BuildError> {
        let store = &session.ev.store;
        let outputs = store
            .derivation(&wanted.drv)
            .map(|drv| drv.outputs.keys().cloned().collect());
        let outputs: Vec<OutputName> = outputs.unwrap_or_default();
        let all: Vec<(StorePath, OutputName)> = outputs.into_iter().map(|name| (wanted.drv.clone(), name)).collect();
        let order = Order {
            store,
            wanted: &all,
            sources: &wanted.sources,
        };
        let verbose = self.args.verbose;
        let paths = self.engine.realise(&order, &self.realised, &mut |line| {
            if verbose {
                complain(&clean_line(line));
            }
        })?;
        self.built.extend(paths);
        Ok(())
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
