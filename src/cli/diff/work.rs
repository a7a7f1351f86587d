//! The work of a comparison: both states are locked and called in one evaluator, and their hosts
//! compared one by one. A host with one and the same derivation on both sides costs no more than that.

use super::DiffArgs;
use super::states::Named;
use crate::args::LimitArgs;
use crate::check::secrets::learn;
use crate::check::unknown_host;
use crate::config::{Config, Pattern};
use crate::machine::Machine;
use crate::progress::Progress;
use crate::session::{Session, Setup};
use ::check::Day;
use ::check::diff as compare;
use diag::{Severity, Style};
use eval::EvalError;
use nixos::diagnose::{Viewpoint, diagnose_from, failed_assertion, or_at};
use nixos::{Judged, Kind, System, Target, discover, judge};
use report::diff::{Changes, ConfigurationKind, Diff, Failure, HostDiff, Side, State, Status};
use report::{Event, Finding, Phase, Secrets, Sink};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Memory in bytes for telling what is wrong with a host: 256 MiB.
const TELLING: u64 = 256 << 20;

/// Why two states cannot be compared at all; the text has been drawn.
pub enum Failed {
    /// What is asked for is in neither state.
    Usage(String),
    /// One of the flakes is broken.
    Flake(String),
    /// The network or the disk.
    Machine(String),
}

/// A comparison.
pub struct Work<'w> {
    machine: &'w Machine,
    args: &'w DiffArgs,
    config: Config,
    limits: LimitArgs,
    hosts: Vec<Pattern>,
    base: Named,
    head: Named,
    progress: Progress,
    secrets: Secrets,
    /// The user's files in which secrets were looked for.
    read_for_secrets: BTreeSet<Vec<u8>>,
    diff: Diff,
    /// Configurations of which it is known that they are the same in both states, by their paths.
    pub(super) unchanged: BTreeSet<String>,
}

/// A state that is locked and called.
struct Ready {
    /// The store path of the tree that has the flake.
    root: Vec<u8>,
    /// The folder of the flake in it.
    folder: Vec<u8>,
    targets: BTreeMap<(Kind, String), Target>,
}

/// Both states in an evaluator.
struct Pair {
    session: Session,
    base: Ready,
    head: Ready,
}

/// A host of one state that was judged.
struct Half {
    judged: Judged,
    system: Option<System>,
}

impl<'w> Work<'w> {
    /// Returns a comparison that is not begun.
    pub fn new(
        machine: &'w Machine,
        args: &'w DiffArgs,
        config: Config,
        limits: LimitArgs,
        hosts: Vec<Pattern>,
        base: Named,
        head: Named,
    ) -> Work<'w> {
        Work {
            machine,
            args,
            config,
            limits,
            hosts,
            base,
            head,
            progress: Progress::new(machine),
            secrets: Secrets::new(),
            read_for_secrets: BTreeSet::new(),
            diff: Diff::default(),
            unchanged: BTreeSet::new(),
        }
    }

    /// Compares the two states.
    pub fn diff(mut self) -> Result<Diff, Failed> {
        self.tell("inputs", 1, 1);
        let result = self.hosts();
        self.progress.take(&Event::RunFinished {
            duration: Duration::ZERO,
        });
        // What was learned late, from files of another host, is in none of it either.
        result.map(|()| self.secrets.diff(&self.diff))
    }

    fn tell(&mut self, what: &str, index: usize, of: usize) {
        self.progress.take(&Event::Progressed {
            phase: Phase::Evaluating,
            what: what.to_owned(),
            index,
            of,
        });
    }

    fn hosts(&mut self) -> Result<(), Failed> {
        let mut pair = self.pair(true)?;
        let keys: BTreeSet<(Kind, String)> = pair
            .base
            .targets
            .keys()
            .chain(pair.head.targets.keys())
            .cloned()
            .collect();
        if let Some(unknown) = unknown_host(&self.hosts, keys.iter().map(|(_, name)| name.as_str())) {
            return Err(Failed::Usage(unknown));
        }
        let keys: Vec<(Kind, String)> = keys
            .into_iter()
            .filter(|(kind, name)| self.takes(*kind, name))
            .collect();
        for (index, key) in keys.iter().enumerate() {
            self.tell(&format!("{}.{}", key.0.output(), key.1), index + 1, keys.len());
            let mut seen = BTreeSet::new();
            for platform in self.platforms(key) {
                if sys::interrupted() {
                    let note = format!(
                        "interrupted: {} of {} hosts were not compared",
                        keys.len() - index,
                        keys.len()
                    );
                    self.diff.notes.push(note);
                    return Ok(());
                }
                if self.is_worn(&mut pair) {
                    drop(pair);
                    pair = self.pair(false)?;
                }
                let host = self.host(&mut pair, key, platform.as_deref());
                // A further system that is the host's own was compared already.
                if seen.insert(host.system.clone()) {
                    self.diff.hosts.push(host);
                }
            }
        }
        Ok(())
    }

    fn takes(&self, kind: Kind, name: &str) -> bool {
        let asked_for = self.hosts.is_empty() || self.hosts.iter().any(|pattern| pattern.matches(name));
        let of_output = self.args.of.is_empty() || self.args.of.iter().any(|output| output == kind.output());
        asked_for && of_output && (kind == Kind::Home || self.config.hosts.takes(name))
    }

    /// Returns the systems that a host is compared for: its own, and those that are asked for besides.
    fn platforms(&self, (kind, name): &(Kind, String)) -> Vec<Option<String>> {
        let mut platforms = BTreeSet::new();
        if *kind == Kind::Nixos {
            platforms.extend(self.args.platform.iter().cloned());
            let configured = self.config.platforms_of(name).unwrap_or_default();
            platforms.extend(configured.iter().map(|system| system.as_str().to_owned()));
        }
        std::iter::once(None).chain(platforms.into_iter().map(Some)).collect()
    }

    fn max_memory(&self) -> u64 {
        self.machine.max_memory(self.limits.max_memory)
    }

    /// Whether the next host needs an evaluator of its own.
    fn is_worn(&self, pair: &mut Pair) -> bool {
        pair.session.ev.is_exhausted() || pair.session.ev.mem.used() > self.max_memory() / 2
    }

    /// Returns both states in a new evaluator; what is told of them is told the first time.
    fn pair(&mut self, first: bool) -> Result<Pair, Failed> {
        let setup = Setup {
            flakes: &self.args.flakes,
            limits: &self.limits,
            pure: true,
            root: self.head.asked.root.as_deref(),
            search_path: Vec::new(),
            keep_messages: true,
            keep: None,
        };
        let mut session = Session::new(self.machine, &setup);
        session.ev.limit_memory(Some(self.max_memory()));
        if first {
            self.diff.notes.append(&mut session.notes);
        }
        let base = self.ready(&mut session, Side::Base, first)?;
        let head = self.ready(&mut session, Side::Head, first)?;
        if first {
            let lock = |number| session.flakes.get(number);
            if let (Some(base), Some(head)) = (lock(0), lock(1)) {
                self.diff.inputs = compare::lock::compare(&base.lock, &head.lock);
            }
        }
        Ok(Pair { session, base, head })
    }

    fn named(&self, side: Side) -> &Named {
        match side {
            Side::Base => &self.base,
            Side::Head => &self.head,
        }
    }

    /// Locks and calls a state.
    fn ready(&mut self, session: &mut Session, side: Side, first: bool) -> Result<Ready, Failed> {
        let named = self.named(side);
        let begin = format!("error: {} cannot be compared", named.name);
        let flags = session
            .lock_flags(self.machine, &self.args.flakes)
            .map_err(|error| Failed::Flake(format!("{begin}: {error}")))?;
        let number = session.lock(&named.asked.reference, &flags).map_err(|error| {
            let text = format!("{begin}: {}", error.message(&session.ev.sources));
            match error.is_of_the_machine() {
                true => Failed::Machine(text),
                false => Failed::Flake(text),
            }
        })?;
        let mut ready = Ready {
            root: Vec::new(),
            folder: Vec::new(),
            targets: BTreeMap::new(),
        };
        if let Some(locked) = session.flakes.get(number) {
            ready.folder = locked.flake.dir.clone();
            if first {
                self.tell_state(side, &locked, flags.overrides.is_empty());
            }
        }
        if let Ok(mounted) = session.flakes.node(number, 0) {
            ready.root = mounted.path.to_path().into_bytes();
        }
        let flakes = session.flakes.clone();
        let called = session.ev.contained(|ev| {
            let flake = flakes.call(ev, number)?;
            let mut targets = Vec::new();
            for kind in [Kind::Nixos, Kind::Darwin, Kind::Home] {
                targets.extend(discover(ev, flake, kind)?);
            }
            Ok(targets)
        });
        match called {
            Ok(targets) => {
                let targets = targets
                    .into_iter()
                    .map(|target| ((target.kind, target.name.clone()), target));
                ready.targets = targets.collect();
                Ok(ready)
            }
            Err(_) => {
                let error = session.ev.take_error();
                session.ev.limit_memory(Some(TELLING));
                let inputs = session.flakes.mounted();
                let diagnosis = diagnose_from(
                    &mut session.ev,
                    &error,
                    &view(&ready, &inputs, self.args.flakes.show_trace),
                );
                let diagnostic = diagnosis.diagnostic.rule("eval");
                let drawn = diag::render(&diagnostic, &session.ev.sources, &ready.root, Style::default());
                learn(
                    &mut self.secrets,
                    &session.ev.sources,
                    &ready.root,
                    &mut self.read_for_secrets,
                );
                let drawn = self.secrets.drawing(&drawn).into_owned();
                Err(Failed::Flake(format!("{begin}: its outputs do not evaluate\n{drawn}")))
            }
        }
    }

    /// Keeps what is told of a state.
    fn tell_state(&mut self, side: Side, locked: &flake::locking::LockedFlake, unasked: bool) {
        let name = self.named(side).name.clone();
        let tree = &locked.flake.tree;
        let rev = tree.rev().map(|rev| rev.to_string());
        let date = tree.last_modified().filter(|_| rev.is_some());
        let state = State {
            date: date.map(|time| Day::of(Duration::from_secs(time)).to_string()),
            rev,
            name: name.clone(),
        };
        match side {
            Side::Base => self.diff.base = state,
            Side::Head => self.diff.head = state,
        }
        self.diff.notes.extend(locked.warnings.iter().cloned());
        if locked.changed && unasked {
            let note =
                format!("flake.lock of {name} is not in step with its flake.nix: inputs were locked for this run only");
            self.diff.notes.push(note);
        }
    }

    /// Compares a host, for its own system or for another.
    fn host(&mut self, pair: &mut Pair, (kind, name): &(Kind, String), platform: Option<&str>) -> HostDiff {
        let key = (*kind, name.clone());
        let mut host = HostDiff {
            kind: match kind {
                Kind::Darwin => ConfigurationKind::Darwin,
                Kind::Home => ConfigurationKind::Home,
                _ => ConfigurationKind::Nixos,
            },
            name: name.clone(),
            system: platform.map(str::to_owned),
            status: Status::Changed,
            changes: Changes::default(),
            failures: Vec::new(),
        };
        match (
            pair.base.targets.get(&key).cloned(),
            pair.head.targets.get(&key).cloned(),
        ) {
            (Some(_), Some(head)) if self.unchanged.contains(&head.path()) => host.status = Status::Unchanged,
            (Some(base), Some(head)) => {
                let work = AssertUnwindSafe(|| self.both(pair, &mut host, [&base, &head], platform));
                if catch_unwind(work).is_err() {
                    pair.session.ev.broke();
                    host.status = Status::Errored;
                    let message = "cfgcheck itself broke here; this is a bug of cfgcheck, please report it";
                    host.failures.push(Failure {
                        side: Side::Head,
                        finding: Finding::new("crash", Severity::Error, message),
                    });
                }
            }
            (None, _) => host.status = Status::Added,
            (_, None) => host.status = Status::Removed,
        }
        host
    }

    /// Compares a host that both states have.
    fn both(&mut self, pair: &mut Pair, host: &mut HostDiff, targets: [&Target; 2], platform: Option<&str>) {
        let mut halves = Vec::new();
        for (side, target) in [Side::Base, Side::Head].into_iter().zip(targets) {
            let ev = &mut pair.session.ev;
            ev.restart_clock();
            ev.limit_memory(Some(self.max_memory()));
            ev.messages.clear();
            let (judged, system) = judge(ev, target, platform);
            if let Some(system) = &judged.system {
                host.system = Some(system.clone());
            }
            if judged.drv.is_none() {
                let findings = self.failure(pair, side, target, &judged);
                host.failures
                    .extend(findings.into_iter().map(|finding| Failure { side, finding }));
            }
            halves.push(Half { judged, system });
        }
        let [base, head] = halves.as_slice() else { return };
        let (Some(before), Some(after)) = (&base.judged.drv, &head.judged.drv) else {
            host.status = Status::Errored;
            return;
        };
        if before == after {
            host.status = Status::Unchanged;
            return;
        }
        let (Some(old), Some(new)) = (&base.system, &head.system) else {
            return;
        };
        let inputs = pair.session.flakes.mounted();
        let show_trace = self.args.flakes.show_trace;
        let state = |system, drv, ready| compare::State {
            system,
            drv,
            view: view(ready, &inputs, show_trace),
        };
        let (old, new) = (state(old, before, &pair.base), state(new, after, &pair.head));
        let secrets = &mut self.secrets;
        let clock = || self.machine.clock.monotonic();
        pair.session.ev.restart_clock();
        match pair
            .session
            .ev
            .contained(|ev| compare::compare(ev, &old, &new, secrets, &clock))
        {
            Ok(changes) => host.changes = changes,
            Err(_) => {
                let error = pair.session.ev.take_error();
                host.status = Status::Errored;
                let finding = Finding::new("eval", Severity::Error, error.message.trim());
                host.failures.push(Failure {
                    side: Side::Head,
                    finding,
                });
            }
        }
    }

    /// Returns why a host does not evaluate.
    fn failure(&mut self, pair: &mut Pair, side: Side, target: &Target, judged: &Judged) -> Vec<Finding> {
        let ready = match side {
            Side::Base => &pair.base,
            Side::Head => &pair.head,
        };
        let session = &mut pair.session;
        session.ev.limit_memory(Some(TELLING));
        let inputs = session.flakes.mounted();
        let view = view(ready, &inputs, self.args.flakes.show_trace);
        let mut findings = Vec::new();
        for message in &judged.assertions {
            let diagnostic = failed_assertion(&mut session.ev, message, &view).rule("assertion");
            let diagnostic = or_at(&mut session.ev, diagnostic, target.pos, &view);
            findings.push(Finding::from_diagnostic(&diagnostic, &session.ev.sources, &ready.root));
        }
        if let Some(error) = &judged.error {
            findings.push(self.error(session, error, target, &view));
        }
        learn(
            &mut self.secrets,
            &session.ev.sources,
            &ready.root,
            &mut self.read_for_secrets,
        );
        findings.iter_mut().for_each(|finding| self.secrets.finding(finding));
        findings
    }

    fn error(&self, session: &mut Session, error: &EvalError, target: &Target, view: &Viewpoint<'_>) -> Finding {
        let diagnosis = diagnose_from(&mut session.ev, error, view);
        let diagnostic = or_at(&mut session.ev, diagnosis.diagnostic.rule("eval"), target.pos, view);
        let mut finding = Finding::from_diagnostic(&diagnostic, &session.ev.sources, view.root);
        finding.option = diagnosis.option;
        finding
    }
}

/// Returns from where a state is looked at.
fn view<'v>(ready: &'v Ready, inputs: &'v [(Vec<u8>, String)], show_trace: bool) -> Viewpoint<'v> {
    Viewpoint {
        root: &ready.root,
        folder: &ready.folder,
        inputs,
        show_trace,
    }
}
