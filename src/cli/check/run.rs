//! The run itself: a flake is locked and called, its targets are planned and judged one by one.

use super::accepted::{NoFiles, OwnFiles};
use super::base::Base;
use super::crew::{Crew, platform};
use super::exclude::unused;
use super::memo::Memo;
use super::settings::Settings;
use super::{Done, limits, patterns, unknown_host, wrong};
use crate::args::{CheckArgs, LimitArgs, Sharing};
use crate::config::{self, Config, Pattern};
use crate::machine::Machine;
use crate::progress::Progress;
use crate::session::{self, Asked, Session, Setup};
use ::check::baseline::Baseline;
use ::check::fleet::Fleet;
use ::check::host::{self, Before};
use ::check::policy::Policies;
use ::check::{Day, Gate};
use diag::{Diagnostic, Severity};
use eval::{Evaluator, Val};
use flake::fetch::Fetcher;
use flake::flakes::Flakes;
use flake::locking::LockingError;
use nixos::diagnose::{Viewpoint, input_reference};
use nixos::{Kind, Target, discover, judge};
use report::{Case, Event, Finding, Outcome, Phase, Recorder, Sink, Stage, Tool};
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The system of a host that cannot tell it.
pub(crate) const UNKNOWN: &str = "unknown";
/// Memory in bytes for telling what is wrong with a target: 256 MiB.
pub(super) const TELLING: u64 = 256 << 20;

/// What judging a target came to.
#[derive(Debug)]
pub(crate) struct Evaluated {
    /// Its cases; none if its system is not asked for.
    pub cases: Option<Vec<Case>>,
    /// Whether another run comes to the same, as far as evaluation knows: no limit was met, and nothing broke.
    pub lasts: bool,
    /// Whether they depend on where the flake's source lies in the store.
    pub has_own_path: bool,
    /// What rules compare with when this state is the one before a change; none of what is no host or does not evaluate.
    pub facts: Option<Before>,
}

/// What is to be judged, in order: targets, each with the platforms that it is judged for besides.
pub(crate) type Work = Vec<(Target, BTreeSet<String>)>;

/// A run of the command.
pub struct Run<'r> {
    pub(crate) machine: &'r Machine,
    pub(crate) args: &'r CheckArgs,
    pub(crate) settings: Settings,
    pub(crate) config: Config,
    pub(crate) gate: Gate,
    /// The flake's own files, once they are known.
    pub(crate) tree: Option<OwnFiles>,
    pub(crate) limits: LimitArgs,
    pub(crate) hosts: Vec<Pattern>,
    pub(super) systems: Vec<Pattern>,
    pub(crate) recorder: Recorder,
    /// The store path of the tree that has the flake under test; below it are the user's own files.
    pub(crate) root: Vec<u8>,
    /// The folder of the flake in that tree; empty if it is at the top.
    pub(crate) folder: Vec<u8>,
    /// Whether the network or the disk kept the run from starting.
    pub(crate) cannot_start: bool,
    /// The hosts and homes that the flake has.
    pub(crate) known: BTreeSet<String>,
    /// What is wrong with `--host`, if it asks for what the flake does not have.
    pub(crate) unknown: Option<String>,
    /// The hosts that were judged so far.
    pub(super) fleet: Fleet,
    /// The repository's own policies.
    pub(crate) policies: Policies,
    /// The findings that there were before.
    pub(crate) baseline: Baseline,
    /// What hosts are today.
    pub(super) base: Base,
    /// The day that ages and ends are judged on.
    pub(super) today: Day,
    /// Outputs whose listing failed.
    pub(crate) unlisted: BTreeSet<Kind>,
    /// Files of the user in which secrets were looked for.
    pub(super) read_for_secrets: BTreeSet<Vec<u8>>,
    /// Whether hosts are judged for the platforms, too, that the settings give them.
    pub(crate) for_platforms: bool,
    /// Results of earlier runs.
    pub(super) memo: Option<Memo>,
    /// What all sessions fetch by: what one has fetched and hashed is not fetched and hashed for another.
    pub(super) fetcher: OnceCell<Arc<Fetcher>>,
    /// How many evaluations share the memory.
    pub(super) beside: u64,
    /// The state of the flake since which it is told what has read something that changed; nothing is left out for it.
    pub(crate) compared_with: Option<String>,
    /// What has read nothing that changed since then, by its path, such as `nixosConfigurations.web`.
    pub(crate) unchanged: BTreeSet<String>,
}

impl<'r> Run<'r> {
    /// Returns a run that has judged nothing yet; an error has been told, and is the exit code.
    pub(crate) fn new(machine: &'r Machine, args: &'r CheckArgs, settings: Settings) -> Result<Run<'r>, u8> {
        let config = settings.config.clone();
        let today = args.judge.as_of.unwrap_or_else(|| Day::of(machine.clock.unix_time()));
        Ok(Run {
            machine,
            args,
            gate: Gate::new(config.rules.clone(), config.waivers.clone(), today),
            tree: None,
            limits: limits(machine, &args.limits, args.judge.flakes.ifd, &config),
            hosts: patterns(&args.judge.host).map_err(wrong)?,
            systems: patterns(&args.system).map_err(wrong)?,
            settings,
            config,
            recorder: Recorder::watched_by(Box::new(Progress::new(machine))),
            root: Vec::new(),
            folder: Vec::new(),
            cannot_start: false,
            known: BTreeSet::new(),
            unknown: None,
            policies: Policies::default(),
            baseline: Baseline::default(),
            base: Base::new(),
            today,
            fleet: Fleet::default(),
            unlisted: BTreeSet::new(),
            read_for_secrets: BTreeSet::new(),
            memo: None,
            fetcher: OnceCell::new(),
            beside: 1,
            for_platforms: true,
            compared_with: None,
            unchanged: BTreeSet::new(),
        })
    }

    /// Returns the folder of a flake, if it is on the disk.
    pub(crate) fn disk(&self, asked: &Asked) -> Option<PathBuf> {
        asked.root.as_ref().map(|root| root.join(&asked.reference.dir))
    }

    /// Returns what the run gave, kept beside a flake in this folder; that a host is not there has been told, and is
    /// the exit code.
    pub(crate) fn done(mut self, folder: Option<PathBuf>) -> Result<Done, u8> {
        if let Some(unknown) = self.unknown.take() {
            return Err(wrong(unknown));
        }
        let deny = self.deny();
        Ok(Done {
            deny,
            cannot_start: self.cannot_start,
            unchanged: self.unchanged,
            secrets: self.recorder.secrets().clone(),
            baseline: self.baseline,
            folder,
            config: self.config,
            report: self.recorder.finish(),
        })
    }
}

impl Run<'_> {
    pub(crate) fn deny(&self) -> Severity {
        match self.config.output.deny {
            config::Deny::Error if !self.args.judge.deny_warnings => Severity::Error,
            _ => Severity::Warning,
        }
    }

    pub(crate) fn tell(&mut self, event: Event) {
        self.recorder.take(&event);
    }

    /// Judges a flake and all its targets.
    pub(crate) fn everything(&mut self, asked: &Asked) {
        let started = self.machine.clock.monotonic();
        let flake = if asked.root.is_some() {
            self.args.judge.flake.clone()
        } else {
            asked.reference.to_string()
        };
        self.tell(Event::RunStarted {
            tool: Tool::default(),
            flake,
            started: Duration::ZERO,
        });
        self.name_rules();
        if self.args.policies_only {
            self.examples();
        } else {
            self.base = self.base();
            self.flake(asked);
            self.memo_is_done();
            self.waivers();
        }
        let duration = self.machine.clock.monotonic().saturating_sub(started);
        self.tell(Event::RunFinished { duration });
    }

    /// Returns a session that knows nothing yet.
    pub(crate) fn session(&self, asked: &Asked) -> Session {
        let setup = Setup {
            flakes: &self.args.judge.flakes,
            limits: &self.limits,
            pure: true,
            root: asked.root.as_deref(),
            search_path: Vec::new(),
            keep_messages: true,
            // A quarter, as an evaluator goes on until it has used half of what the next host may use.
            keep: Some(self.max_memory() / 4),
        };
        let make = || session::fetcher(self.machine, setup.flakes, setup.root);
        Session::with_fetcher(self.machine, &setup, self.fetcher.get_or_init(make).clone())
    }

    fn flake(&mut self, asked: &Asked) {
        self.tell(Event::Progressed {
            phase: Phase::Fetching,
            what: "inputs".into(),
            index: 1,
            of: 1,
        });
        let mut session = self.session(asked);
        for note in std::mem::take(&mut session.notes) {
            self.tell(Event::Note(note));
        }
        let Some(number) = self.lock(&mut session, asked) else {
            return;
        };
        self.rules_on_files(asked);
        if self.remember(&mut session, number).is_err() {
            return;
        }
        let Some(flake) = self.call(&mut session, number) else {
            return;
        };
        let work = self.work(&mut session, flake);
        if self.unlisted.is_empty() {
            self.unknown = unknown_host(&self.hosts, self.known.iter().map(String::as_str));
        }
        if self.unknown.is_some() {
            return;
        }
        self.rules_on_outputs(&session, &work);
        self.policies_on(&work);
        let crew = self.crew(self.unknown_jobs(&work));
        std::thread::scope(|scope| {
            self.start(&crew, asked, scope);
            self.targets(&crew, session, asked, work);
            crew.dismiss();
        });
    }

    /// Judges all targets, with whoever helps.
    fn targets(&mut self, crew: &Crew, mut session: Session, asked: &Asked, mut work: Work) {
        let of = work.iter().map(|(_, platforms)| 1 + platforms.len()).sum();
        let mut index = 0;
        for i in 0..work.len() {
            let mut judged: Vec<Vec<Case>> = Vec::new();
            for number in 0..=work[i].1.len() {
                if sys::interrupted() {
                    self.finish_target(judged);
                    let note = format!("interrupted: {} of {of} were not judged", of - index);
                    return self.tell(Event::Note(note));
                }
                if self.is_worn(&mut session) {
                    drop(session);
                    session = self.session(asked);
                    let again = self.again(&mut session, asked);
                    if again.len() != work.len() {
                        self.finish_target(judged);
                        return self.not_again(of - index);
                    }
                    work = again;
                }
                index += 1;
                let what = match platform(&work, (i, number)) {
                    Some(platform) => format!("{} for {platform}", work[i].0.path()),
                    None => work[i].0.path(),
                };
                self.tell(Event::Progressed {
                    phase: Phase::Evaluating,
                    what,
                    index,
                    of,
                });
                judged.extend(self.remembered(crew, &mut session, &work, (i, number)));
            }
            self.finish_target(judged);
        }
        if of == 0 {
            let message = "the flake has no output that cfgcheck judges, or none was asked for".to_owned();
            self.tell(Event::Note(message));
        }
    }

    /// Whether the next target needs an evaluator of its own: the last one broke or used up its
    /// memory, or what earlier targets left behind, of which little is freed before the evaluator
    /// goes, takes too much of the memory that the next one may use.
    pub(crate) fn is_worn(&self, session: &mut Session) -> bool {
        session.ev.is_exhausted() || session.ev.mem.used() > self.max_memory() / 2
    }

    /// Returns the most memory in bytes that a target may take.
    pub(super) fn max_memory(&self) -> u64 {
        self.machine.max_memory(self.limits.max_memory) / self.beside
    }

    /// Locks the flake and returns its number; an error has been told.
    pub(crate) fn lock(&mut self, session: &mut Session, asked: &Asked) -> Option<u32> {
        let flags = match session.lock_flags(self.machine, &self.args.judge.flakes) {
            Ok(flags) => flags,
            Err(error) => {
                let finding = Finding::new("lock", Severity::Error, error.to_string());
                self.finish(Case::new(Stage::Lock, "the flake is locked", Outcome::Errored).finding(finding));
                return None;
            }
        };
        let number = match session.lock(&asked.reference, &flags) {
            Ok(number) => number,
            Err(error) => {
                self.cannot_start = error.is_of_the_machine();
                self.not_locked(session, asked, &error);
                return None;
            }
        };
        if let Some(locked) = session.flakes.get(number) {
            self.folder = locked.flake.dir.clone();
            self.gate.set_folder(&String::from_utf8_lossy(&self.folder));
            self.tree = Some(OwnFiles {
                tree: locked.flake.tree.accessor.clone(),
            });
            let unused = unused(&self.config.exclude, locked.flake.tree.accessor.as_ref(), &self.folder);
            let notes: Vec<String> = unused
                .iter()
                .map(|pattern| format!("`exclude` names `{pattern}`, which no file of the flake fits"))
                .collect();
            notes.into_iter().for_each(|note| self.tell(Event::Note(note)));
            for warning in &locked.warnings {
                self.tell(Event::Note(warning.clone()));
            }
            if locked.changed && flags.overrides.is_empty() {
                self.tell(Event::Note(
                    "flake.lock is not in step with flake.nix: inputs were locked for this run only".into(),
                ));
            }
        }
        self.learn_root(session, number);
        Some(number)
    }

    /// Learns which store path the flake has, by which the user's own files are told from those of inputs. Why it has none is
    /// told by calling the flake, which needs it as well.
    fn learn_root(&mut self, session: &Session, number: u32) {
        if let Ok(mounted) = session.flakes.node(number, 0) {
            self.root = mounted.path.to_path().into_bytes();
        }
    }

    /// Returns the flake's value; an error has been told.
    pub(crate) fn call(&mut self, session: &mut Session, number: u32) -> Option<Val> {
        let flakes = session.flakes.clone();
        match session.ev.contained(|ev| flakes.call(ev, number)) {
            Ok(flake) => {
                // Where a file went away while the tree was hashed, it was not learned at the first time.
                self.learn_root(session, number);
                Some(flake)
            }
            Err(_) => {
                let case = Case::new(Stage::Eval, "the flake's outputs evaluate", Outcome::Errored);
                let case = self.with_error(session, case);
                self.finish(case);
                None
            }
        }
    }

    /// Returns all that is to be judged, in order; what cannot be listed has been told.
    pub(crate) fn work(&mut self, session: &mut Session, flake: Val) -> Work {
        let mut work = Vec::new();
        for kind in Kind::ALL {
            let outputs = self.config.outputs.as_ref();
            let wanted = outputs.is_none_or(|o| o.iter().any(|o| o == kind.output()));
            let hidden = !self.hosts.is_empty() && !kind.is_configuration();
            if !wanted || hidden || self.unlisted.contains(&kind) {
                continue;
            }
            match session.ev.contained(|ev| discover(ev, flake, kind)) {
                Ok(targets) => {
                    let named = targets.iter().filter(|target| target.kind.is_configuration());
                    self.known.extend(named.map(|target| target.name.clone()));
                    targets.into_iter().for_each(|t| self.plan(t, &mut work));
                }
                Err(_) => {
                    self.unlisted.insert(kind);
                    let name = format!("{} can be listed", kind.output());
                    let case = self.with_error(session, Case::new(Stage::Eval, name, Outcome::Errored));
                    self.finish(case);
                }
            }
        }
        work
    }

    /// Returns in a new session what `work` returned in the first; nothing if that fails.
    pub(super) fn again(&mut self, session: &mut Session, asked: &Asked) -> Work {
        let Ok(flags) = session.lock_flags(self.machine, &self.args.judge.flakes) else {
            return Vec::new();
        };
        let Ok(number) = session.lock(&asked.reference, &flags) else {
            return Vec::new();
        };
        let flakes = session.flakes.clone();
        match session.ev.contained(|ev| flakes.call(ev, number)) {
            Ok(flake) => self.work(session, flake),
            Err(_) => Vec::new(),
        }
    }

    fn not_again(&mut self, left: usize) {
        let message = "the flake could not be evaluated a second time as it was the first time";
        let finding = Finding::new("eval", Severity::Error, message);
        let name = format!("{left} further targets evaluate");
        self.finish(Case::new(Stage::Eval, name, Outcome::Errored).finding(finding));
    }

    /// Adds what is to be done for a target: itself, and for hosts further platforms.
    fn plan(&self, target: Target, work: &mut Work) {
        let chosen = |patterns: &[Pattern], name: &str| patterns.is_empty() || patterns.iter().any(|p| p.matches(name));
        if target.kind.is_configuration() {
            let of_host = target.kind == Kind::Home || self.config.hosts.takes(&target.name);
            if !chosen(&self.hosts, &target.name) || !of_host {
                return;
            }
        } else if let Some(system) = &target.system {
            let configured = self
                .config
                .systems
                .as_ref()
                .is_none_or(|s| s.iter().any(|s| s.as_str() == system));
            if !chosen(&self.systems, system) || !configured {
                return;
            }
        }
        let mut platforms: BTreeSet<String> = BTreeSet::new();
        if target.kind == Kind::Nixos {
            platforms.extend(self.args.platform.iter().cloned());
            let configured = self.config.platforms_of(&target.name).filter(|_| self.for_platforms);
            let configured = configured.unwrap_or_default();
            platforms.extend(configured.iter().map(|s| s.as_str().to_owned()));
        }
        work.push((target, platforms));
    }

    /// Ends the cases of a target: for each system that of its evaluation and those of the rules on it.
    fn finish_target(&mut self, systems: Vec<Vec<Case>>) {
        let known = |case: &Case| case.subject.system.as_deref() != Some(UNKNOWN);
        // A host that does not evaluate may not even tell its own system. If the systems that it was
        // evaluated for besides fail too, they tell what there is to tell.
        let told = systems
            .iter()
            .filter_map(|cases| cases.first())
            .any(|c| known(c) && c.outcome.rank() > Outcome::Passed.rank());
        let mut seen: BTreeSet<Option<String>> = BTreeSet::new();
        for cases in systems {
            let Some(first) = cases.first() else { continue };
            let hidden = told && !known(first) && first.outcome == Outcome::Errored;
            // A further system that is the host's own was judged already.
            if !hidden && seen.insert(first.subject.system.clone()) {
                cases.into_iter().for_each(|case| self.finish(case));
            }
        }
    }

    /// Judges a target, for its own system or for another: the case of its evaluation first, then those of the rules on it.
    ///
    /// Afterwards the evaluator is as before: what a target needed takes no memory while the next one is judged, and what
    /// the next one needs is read again, so that it is known.
    pub(crate) fn target(&mut self, session: &mut Session, target: &Target, platform: Option<&str>) -> Evaluated {
        let started = self.machine.clock.monotonic();
        let hosts = self.fleet.len();
        let mut judged = self.attempt(session, target, platform, self.args.sharing != Sharing::Off);
        if self.args.sharing == Sharing::Verify {
            self.fleet.truncate(hosts);
            let alone = self.attempt(session, target, platform, false);
            if format!("{judged:?}") != format!("{alone:?}") {
                let message = "this host comes to something else by itself than beside others; this is a bug of cfgcheck, please report it";
                judged = crashed(target, platform, message);
            }
        }
        let taken = self.machine.clock.monotonic().saturating_sub(started);
        // Rules read what is evaluated already: all the time is that of the evaluation.
        if let Some(first) = judged.cases.as_mut().and_then(|cases| cases.first_mut()) {
            first.duration = taken;
        }
        judged
    }

    /// Judges a target in a trial of the evaluator.
    fn attempt(&mut self, session: &mut Session, target: &Target, platform: Option<&str>, shares: bool) -> Evaluated {
        session.ev.restart_clock();
        session.ev.limit_memory(Some(self.max_memory()));
        let flakes = session.flakes.clone();
        let hosts = self.fleet.len();
        let work = |ev: &mut Evaluator| {
            // It is done once more where what hosts share is in doubt.
            self.fleet.truncate(hosts);
            let (cases, facts) = self.judged(ev, &flakes, target, platform);
            Ok(Evaluated {
                cases,
                facts,
                lasts: !ev.has_met_a_limit(),
                has_own_path: ev.depends_on_own_path(),
            })
        };
        let judged = if shares {
            session.ev.trial_sharing(work)
        } else {
            session.ev.trial(work)
        };
        self.learn_secrets(session);
        let broke = "cfgcheck itself broke here; this is a bug of cfgcheck, please report it";
        judged.unwrap_or_else(|_| crashed(target, platform, broke))
    }

    fn judged(
        &mut self,
        ev: &mut Evaluator,
        flakes: &Flakes,
        target: &Target,
        platform: Option<&str>,
    ) -> (Option<Vec<Case>>, Option<Before>) {
        let (judged, configuration) = judge(ev, target, platform);
        let system = judged.system.clone().unwrap_or_else(|| UNKNOWN.into());
        if !self.systems.is_empty() && !self.systems.iter().any(|p| p.matches(&system)) {
            return (None, None);
        }
        // Telling what is wrong takes some memory too, even where all that was allowed is used.
        ev.limit_memory(Some(TELLING));
        let mut cases = vec![self.case(ev, flakes, target, &system, &judged)];
        let mut facts = None;
        if let Some(configuration) = configuration {
            cases.extend(self.rules_on(ev, flakes, &configuration, &judged));
            if target.kind == Kind::Nixos && platform.is_none() && judged.error.is_none() {
                facts = match ev.contained(|ev| host::before(ev, &configuration)) {
                    Ok(facts) => Some(facts),
                    // Why it cannot be told is of interest only where it is compared with.
                    Err(_) => {
                        drop(ev.take_error());
                        None
                    }
                };
            }
        }
        (Some(cases), facts)
    }

    fn not_locked(&mut self, session: &mut Session, asked: &Asked, error: &LockingError) {
        // What could not be locked is not in the store: its files are told from the folder it lies in.
        let root = asked
            .root
            .as_ref()
            .map(|root| root.clone().into_os_string().into_encoded_bytes());
        let root = root.unwrap_or_default();
        let view = Viewpoint {
            root: &root,
            ..Viewpoint::default()
        };
        let message = error.message(&session.ev.sources);
        let mut diagnostic = Diagnostic::error(view.shorten(&message)).rule("lock");
        if let Some(pos) = error.pos() {
            diagnostic = diagnostic.at(diag::Span::new(pos, pos.offset(1)), "");
        } else if let Some(input) = error.input() {
            let own = [&root[..], b"/", asked.reference.dir.as_bytes(), b"/flake.nix"].concat();
            let own = String::from_utf8_lossy(&own).replace("//", "/");
            if let Some(span) = input_reference(&mut session.ev, own.as_bytes(), input) {
                diagnostic = diagnostic.at(span, "this input");
            }
        }
        for step in &error.trace {
            diagnostic.notes.push(step.clone());
        }
        let mut finding = Finding::from_diagnostic(&diagnostic, &session.ev.sources, &root);
        if let (None, Some((file, place))) = (&finding.location, error.lock_file()) {
            let (line, column) = place.unwrap_or((1, 1));
            finding = finding.at(view.shorten(file), line, column);
        }
        self.finish(Case::new(Stage::Lock, "the flake is locked", Outcome::Errored).finding(finding));
    }

    /// Ends a case, as far as it counts.
    pub(crate) fn finish(&mut self, mut case: Case) {
        // The baseline knows findings as reports have them, without secrets.
        self.recorder.secrets().case(&mut case);
        let admitted = match &self.tree {
            Some(files) => self.gate.admit(case, files),
            None => self.gate.admit(case, &NoFiles),
        };
        let Some(case) = admitted else { return };
        self.tell(Event::CaseStarted(case.subject.clone()));
        self.tell(Event::CaseFinished(case));
    }
}

/// Returns what judging a target comes to where cfgcheck itself is wrong.
fn crashed(target: &Target, platform: Option<&str>, message: &str) -> Evaluated {
    let name = format!("{} evaluates", target.path());
    let case = Case::new(Stage::Eval, name, Outcome::Crashed).finding(Finding::new("crash", Severity::Error, message));
    Evaluated {
        cases: Some(vec![case.on(&target.name, platform.unwrap_or(UNKNOWN))]),
        lasts: false,
        has_own_path: false,
        facts: None,
    }
}
