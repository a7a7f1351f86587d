//! `cfgcheck check`: every host for every architecture, one case each.

use crate::args::{CheckArgs, ColorArg, OutputKind};
use crate::config::{self, Config, Pattern};
use crate::exit;
use crate::machine::Machine;
use crate::progress::Progress;
use crate::session::{self, Asked, Session, Setup};
use crate::stream::{complain, say};
use diag::{Diagnostic, Severity, SourceMap, Style};
use flake::locking::LockingError;
use nixos::diagnose::diagnose;
use nixos::{Judged, Kind, Target, discover, judge};
use report::text::TextStyle;
use report::{Case, Event, Finding, Outcome, Phase, Recorder, Report, Sink, Stage, Tool};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use sys::{Mode, Stream};

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &CheckArgs) -> u8 {
    let asked = match session::asked(machine, &args.flake) {
        Ok(asked) => asked,
        Err(error) => {
            complain(&format!("error: {error}"));
            return exit::USAGE;
        }
    };
    if !asked.fragment.is_empty() {
        complain("error: `check` takes a whole flake; use --host and --system to choose from it");
        return exit::USAGE;
    }
    let config = match read_config(machine, args, &asked) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let patterns = (patterns(&args.host), patterns(&args.system));
    let (hosts, systems) = match patterns {
        (Ok(hosts), Ok(systems)) => (hosts, systems),
        (Err(error), _) | (_, Err(error)) => {
            complain(&format!("error: {error}"));
            return exit::USAGE;
        }
    };
    let mut run = Run {
        machine,
        args,
        config,
        hosts,
        systems,
        recorder: Recorder::new(),
        progress: Progress::new(machine),
        root: Vec::new(),
        style: Style { frames: if args.flakes.show_trace { usize::MAX } else { 6 }, ..Style::default() },
    };
    run.everything(&asked);
    let deny = if args.deny_warnings { Severity::Warning } else { run.deny() };
    let report = run.recorder.finish();
    match write_reports(machine, args, &report, deny) {
        Ok(()) => report.verdict(deny).exit_code(),
        Err(message) => {
            complain(&format!("error: {message}"));
            exit::CANNOT_START
        }
    }
}

fn patterns(texts: &[String]) -> Result<Vec<Pattern>, String> {
    texts.iter().map(|t| Pattern::try_from(t.clone())).collect()
}

/// Returns the settings: of `--config`, or of the flake's folder, or the defaults.
fn read_config(machine: &Machine, args: &CheckArgs, asked: &Asked) -> Result<Config, u8> {
    let path = match (&args.config, &asked.root) {
        (Some(path), _) => path.clone(),
        (None, Some(root)) => root.join(&asked.reference.dir).join("cfgcheck.yaml"),
        (None, None) => return Ok(Config::default()),
    };
    let bytes = match machine.fs.read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.is_absent() && args.config.is_none() => return Ok(Config::default()),
        Err(error) => {
            complain(&format!("error: {error}"));
            return Err(exit::USAGE);
        }
    };
    let mut sources = SourceMap::new();
    config::read(&mut sources, path.as_os_str().as_encoded_bytes(), &bytes).map_err(|diagnostic| {
        let style = Style { color: color(machine, args, &Config::default(), Stream::Err), ..Style::default() };
        let root = path.parent().map(|p| p.as_os_str().as_encoded_bytes().to_vec()).unwrap_or_default();
        complain(diag::render(&diagnostic, &sources, &root, style).trim_end());
        exit::USAGE
    })
}

fn color(machine: &Machine, args: &CheckArgs, config: &Config, stream: Stream) -> bool {
    let wanted = args.color.unwrap_or(match config.output.color {
        config::Color::Auto => ColorArg::Auto,
        config::Color::Always => ColorArg::Always,
        config::Color::Never => ColorArg::Never,
    });
    match wanted {
        ColorArg::Always => true,
        ColorArg::Never => false,
        ColorArg::Auto => machine.env.is_terminal(stream) && machine.env.text("NO_COLOR").is_none(),
    }
}

fn write_reports(machine: &Machine, args: &CheckArgs, report: &Report, deny: Severity) -> Result<(), String> {
    let default = [(OutputKind::Text, "-".into())];
    let to_stdout = args.output.iter().any(|(_, path)| path.as_os_str() == "-");
    let outputs = args.output.iter().chain(if to_stdout { &[][..] } else { &default });
    for (kind, path) in outputs {
        let terminal = path.as_os_str() == "-";
        let text = match kind {
            OutputKind::Text => {
                let style = TextStyle {
                    color: terminal && color(machine, args, &Config::default(), Stream::Out),
                    width: machine.env.columns(Stream::Out).filter(|_| terminal).unwrap_or(80),
                    ..TextStyle::default()
                };
                report::text::write(report, deny, style)
            }
            OutputKind::Json => report::json::write(report, deny),
            OutputKind::Junit => report::junit::write(report).map_err(|e| e.to_string())?,
        };
        if terminal {
            say(text.as_bytes());
        } else {
            machine.fs.write_atomic(path, text.as_bytes(), Mode::default()).map_err(|e| e.to_string())?;
        }
    }
    Ok(())
}

struct Run<'r> {
    machine: &'r Machine,
    args: &'r CheckArgs,
    config: Config,
    hosts: Vec<Pattern>,
    systems: Vec<Pattern>,
    recorder: Recorder,
    progress: Progress,
    /// The store path of the flake under test, below which the user's own files are.
    root: Vec<u8>,
    style: Style,
}

impl Run<'_> {
    fn deny(&self) -> Severity {
        match self.config.output.deny {
            config::Deny::Error => Severity::Error,
            config::Deny::Warning => Severity::Warning,
        }
    }

    fn tell(&mut self, event: Event) {
        self.progress.take(&event);
        self.recorder.take(&event);
    }

    fn everything(&mut self, asked: &Asked) {
        let started = self.machine.clock.monotonic();
        let flake = if asked.root.is_some() { self.args.flake.clone() } else { asked.reference.to_string() };
        self.tell(Event::RunStarted { tool: Tool::default(), flake, started: Duration::ZERO });
        let setup = Setup {
            flakes: &self.args.flakes,
            limits: &self.args.limits,
            pure: true,
            root: asked.root.as_deref(),
            search_path: Vec::new(),
            keep_messages: true,
        };
        let mut session = Session::new(self.machine, &setup);
        for note in std::mem::take(&mut session.notes) {
            self.tell(Event::Note(note));
        }
        self.flake(&mut session, asked);
        let duration = self.machine.clock.monotonic().saturating_sub(started);
        self.tell(Event::RunFinished { duration });
    }

    fn flake(&mut self, session: &mut Session, asked: &Asked) {
        self.tell(Event::Progressed { phase: Phase::Fetching, what: "inputs".into(), index: 1, of: 1 });
        let flags = match session.lock_flags(self.machine, &self.args.flakes) {
            Ok(flags) => flags,
            Err(error) => {
                let finding = Finding::new("lock", Severity::Error, error.to_string());
                return self.finish(Case::new(Stage::Lock, "the flake is locked", Outcome::Errored).finding(finding));
            }
        };
        let number = match session.lock(&asked.reference, &flags) {
            Ok(number) => number,
            Err(error) => return self.not_locked(session, &error),
        };
        if let Some(locked) = session.flakes.get(number) {
            for warning in &locked.warnings {
                self.tell(Event::Note(warning.clone()));
            }
            if locked.changed && flags.overrides.is_empty() {
                self.tell(Event::Note(
                    "flake.lock is not in step with flake.nix: inputs were locked for this run only".into(),
                ));
            }
        }
        if let Ok(mounted) = session.flakes.node(number, 0) {
            self.root = mounted.path.to_path().into_bytes();
        }
        let flakes = session.flakes.clone();
        let flake = match flakes.call(&mut session.ev, number) {
            Ok(flake) => flake,
            Err(_) => {
                let case = Case::new(Stage::Eval, "the flake's outputs evaluate", Outcome::Errored);
                let case = self.with_error(session, case);
                return self.finish(case);
            }
        };
        let mut work: Vec<(Target, Option<String>)> = Vec::new();
        for kind in Kind::ALL {
            let wanted = self.config.outputs.as_ref().is_none_or(|o| o.iter().any(|o| o == kind.output()));
            if !wanted || (!self.hosts.is_empty() && !kind.is_configuration()) {
                continue;
            }
            match discover(&mut session.ev, flake, kind) {
                Ok(targets) => targets.into_iter().for_each(|t| self.plan(t, &mut work)),
                Err(_) => {
                    let name = format!("{} can be listed", kind.output());
                    let case = self.with_error(session, Case::new(Stage::Eval, name, Outcome::Errored));
                    self.finish(case);
                }
            }
        }
        let of = work.len();
        let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
        for (i, (target, platform)) in work.iter().enumerate() {
            let what = match platform {
                Some(platform) => format!("{} for {platform}", target.path()),
                None => target.path(),
            };
            self.tell(Event::Progressed { phase: Phase::Evaluating, what, index: i + 1, of });
            self.target(session, target, platform.as_deref(), &mut seen);
        }
        if of == 0 {
            let message = "the flake has no output that cfgcheck judges, or none was asked for".to_owned();
            self.tell(Event::Note(message));
        }
    }

    /// Adds what is to be done for a target: itself, and for hosts further platforms.
    fn plan(&self, target: Target, work: &mut Vec<(Target, Option<String>)>) {
        let chosen = |patterns: &[Pattern], name: &str| patterns.is_empty() || patterns.iter().any(|p| p.matches(name));
        if target.kind.is_configuration() {
            let of_host = target.kind == Kind::Home || self.config.hosts.takes(&target.name);
            if !chosen(&self.hosts, &target.name) || !of_host {
                return;
            }
        } else if let Some(system) = &target.system {
            let configured = self.config.systems.as_ref().is_none_or(|s| s.iter().any(|s| s.as_str() == system));
            if !chosen(&self.systems, system) || !configured {
                return;
            }
        }
        let mut platforms: BTreeSet<String> = BTreeSet::new();
        if target.kind == Kind::Nixos {
            platforms.extend(self.args.platform.iter().cloned());
            let configured = self.config.platforms_of(&target.name).unwrap_or_default();
            platforms.extend(configured.iter().map(|s| s.as_str().to_owned()));
        }
        work.push((target.clone(), None));
        work.extend(platforms.into_iter().map(|p| (target.clone(), Some(p))));
    }

    fn target(
        &mut self,
        session: &mut Session,
        target: &Target,
        platform: Option<&str>,
        seen: &mut BTreeSet<(String, String)>,
    ) {
        let started = self.machine.clock.monotonic();
        session.ev.restart_clock();
        session.ev.limit_memory(self.args.limits.max_memory);
        session.ev.messages.clear();
        let ev = &mut session.ev;
        let judged = match catch_unwind(AssertUnwindSafe(|| judge(ev, target, platform))) {
            Ok(judged) => judged,
            Err(_) => {
                session.ev.recover();
                let finding = Finding::new(
                    "crash",
                    Severity::Error,
                    "cfgcheck itself broke here; this is a bug of cfgcheck, please report it",
                );
                let name = format!("{} evaluates", target.path());
                return self.finish(Case::new(Stage::Eval, name, Outcome::Crashed).finding(finding));
            }
        };
        let system = judged.system.clone().unwrap_or_else(|| "unknown".into());
        if !self.systems.is_empty() && !self.systems.iter().any(|p| p.matches(&system)) {
            return;
        }
        // A platform that is the host's own was judged already.
        if target.kind == Kind::Nixos && !seen.insert((target.name.clone(), system.clone())) {
            return;
        }
        let case = self.case(session, target, &system, judged);
        let duration = self.machine.clock.monotonic().saturating_sub(started);
        self.finish(case.took(duration));
    }

    fn case(&mut self, session: &mut Session, target: &Target, system: &str, judged: Judged) -> Case {
        let outcome = match (&judged.error, judged.assertions.is_empty()) {
            (Some(_), _) => Outcome::Errored,
            (None, false) => Outcome::Failed,
            (None, true) => Outcome::Passed,
        };
        let name = match target.kind {
            Kind::Nixos => format!("{system} evaluates"),
            Kind::Home | Kind::Darwin => format!("{} {system} evaluates", target.kind.output()),
            _ => format!("{} evaluates", target.path()),
        };
        let mut case = Case::new(Stage::Eval, name, outcome);
        if target.kind.is_configuration() {
            case = case.on(&target.name, system);
        } else {
            case.subject.system = Some(system.to_owned());
        }
        if let Some(drv) = &judged.drv {
            case = case.property("drv", drv);
        }
        for message in &judged.assertions {
            let mut diagnostic = Diagnostic::error(message.clone()).rule("assertion");
            diagnostic.notes.push(format!("an assertion of {} does not hold", target.path()));
            case = case.finding(Finding::from_diagnostic(&diagnostic, &session.ev.sources, &self.root));
        }
        for warning in &judged.warnings {
            let mut finding = Finding::new("warning", Severity::Warning, warning.text.clone());
            if let Some(file) = &warning.file {
                finding = finding.at(self.own_path(file), 1, 1);
            }
            case = case.finding(finding);
        }
        let messages = std::mem::take(&mut session.ev.messages);
        let known: BTreeSet<&str> = judged.warnings.iter().map(|w| w.text.as_str()).collect();
        let mut said: BTreeSet<String> = BTreeSet::new();
        for message in &messages {
            let text = String::from_utf8_lossy(&message.text).into_owned();
            let Some(text) = text.strip_prefix("evaluation warning: ") else { continue };
            let is_known = known.iter().any(|k| text.ends_with(k));
            if !is_known && said.insert(text.to_owned()) {
                let mut finding = Finding::new("warning", Severity::Warning, text);
                if let Some((file, line, column)) = self.call_site(session, &message.sites) {
                    finding = finding.at(file, line, column);
                }
                case = case.finding(finding);
            }
        }
        if let Some(error) = judged.error {
            let diagnosis = diagnose(&mut session.ev, &error, &self.root);
            let mut finding =
                Finding::from_diagnostic(&diagnosis.diagnostic.rule("eval"), &session.ev.sources, &self.root);
            finding.option = diagnosis.option;
            case = case.finding(finding);
        }
        if let Some(location) = case.findings.iter().find_map(|f| f.location.clone()) {
            case.location = Some(location);
        }
        case
    }

    /// Returns the innermost call in the user's own files, else the innermost one.
    fn call_site(&self, session: &Session, sites: &[diag::Pos]) -> Option<(String, u32, u32)> {
        let place = |pos: &diag::Pos| {
            let (file, line, column) = session.ev.sources.locate(*pos)?;
            Some((file.origin.display(), line, column))
        };
        let places: Vec<(String, u32, u32)> = sites.iter().filter_map(place).collect();
        let own = places.iter().find(|p| p.0.as_bytes().starts_with(&self.root) && !self.root.is_empty());
        own.or(places.first()).map(|(file, line, column)| (self.own_path(file), *line, *column))
    }

    /// Returns a path below the flake's root, if it is there.
    fn own_path(&self, path: &str) -> String {
        let root = String::from_utf8_lossy(&self.root);
        match path.strip_prefix(root.as_ref()).and_then(|p| p.strip_prefix('/')) {
            Some(below) if !root.is_empty() => below.to_owned(),
            _ => path.to_owned(),
        }
    }

    fn with_error(&mut self, session: &mut Session, case: Case) -> Case {
        let error = session.ev.take_error();
        let diagnosis = diagnose(&mut session.ev, &error, &self.root);
        let finding = Finding::from_diagnostic(&diagnosis.diagnostic.rule("eval"), &session.ev.sources, &self.root);
        case.finding(finding)
    }

    fn not_locked(&mut self, session: &mut Session, error: &LockingError) {
        let message = error.message(&session.ev.sources);
        let mut diagnostic = Diagnostic::error(message).rule("lock");
        if let Some(pos) = error.pos() {
            diagnostic = diagnostic.at(diag::Span::new(pos, pos.offset(1)), "");
        }
        for step in &error.trace {
            diagnostic.notes.push(step.clone());
        }
        let root = self.root.clone();
        let finding = Finding::from_diagnostic(&diagnostic, &session.ev.sources, &root);
        self.finish(Case::new(Stage::Lock, "the flake is locked", Outcome::Errored).finding(finding));
    }

    fn finish(&mut self, case: Case) {
        let _ = self.style;
        self.tell(Event::CaseStarted(case.subject.clone()));
        self.tell(Event::CaseFinished(case));
    }
}
