//! Playing the scenarios of one host, and the case that each of them becomes.

use super::blame::Suspects;
use super::build::Built;
use super::lab::{Lab, LabError, OnDisks};
use super::pair::{Pair, Planned};
use super::scenarios::Playable;
use super::work::Work;
use crate::stream::complain;
use ::vm::accel::Choice;
use ::vm::artifact::Artifact;
use ::vm::disko::DiskoError;
use ::vm::disks::Mode;
use ::vm::driver::{self, Play, Played, Told};
use ::vm::finding::{Blame, Found};
use ::vm::generation::Generation;
use ::vm::machine::Console;
use ::vm::realised::Realised;
use diag::{Diagnostic, Severity, Span};
use nixos::diagnose::Viewpoint;
use report::{Attachment, Case, Finding, Outcome, Stage};
use sys::Mode as FileMode;

impl Work<'_> {
    /// Plays a scenario on a host, and ends its case.
    pub(super) fn play(
        &mut self,
        lab: &Lab<'_>,
        pair: &mut Pair,
        host: &Planned,
        built: &Built,
        realised: &Realised,
        playable: &Playable,
    ) {
        let started = self.run.machine.clock.monotonic();
        let name = playable.scenario.name.clone();
        let case = match self.played(lab, host, built, realised, playable) {
            Ok((played, choice)) => self.case(pair, host, &name, &played, &choice),
            Err(LabError::Disko(error)) => self.without_disks(pair, host, name, error),
            Err(error) => {
                let mut finding = Finding::new("vm", Severity::Error, error.to_string());
                finding.hint = error.hint();
                self.run.cannot_start = true;
                Case::new(Stage::Vm, name, Outcome::Errored).finding(finding)
            }
        };
        let taken = self.run.machine.clock.monotonic().saturating_sub(started);
        self.run.finish(case.on(&host.name, &host.platform).took(taken));
    }

    /// Returns the case of a host whose own scripts have not made its disks.
    fn without_disks(&mut self, pair: &mut Pair, host: &Planned, name: String, error: DiskoError) -> Case {
        let (rule, outcome) = match error.is_verdict() {
            true => ("disko-failed", Outcome::Failed),
            false => ("vm-unjudged", Outcome::Errored),
        };
        let found = Found {
            rule,
            severity: Severity::Error,
            message: error.to_string(),
            hint: None,
            blame: Blame::Disks,
            specialisation: None,
            at: Span::default(),
        };
        let mut finding = self.finding(pair, host, &found);
        if let DiskoError::Script { log, .. } = error {
            if finding.text.is_empty() {
                finding.text = format!("error[{rule}]: {}\n", finding.message);
            }
            finding.text.push_str(&log.join("\n"));
        }
        let location = finding.location.clone();
        let mut case = Case::new(Stage::Vm, name, outcome).finding(finding);
        case.location = location;
        case
    }

    fn played(
        &mut self,
        lab: &Lab<'_>,
        host: &Planned,
        built: &Built,
        realised: &Realised,
        playable: &Playable,
    ) -> Result<(Played, Choice), LabError> {
        let processor = Lab::processor(&host.platform)?;
        let choice = lab.choice(processor)?;
        let on_disks = OnDisks {
            system: &built.base,
            brought: vec![&host.head.out],
            host,
        };
        let is_told = self.args.verbose;
        let disks = lab.disks(realised, &on_disks, &mut |line| {
            if is_told {
                complain(&format!("{} | {line}", host.name));
            }
        })?;
        let generations = generations(built, realised);
        let console = Console::new(None);
        let mut guest = lab.live(processor, disks, host, generations, console)?;
        let config = &self.run.config.vm;
        let settings = config.settings(&host.name, choice.factor, sizes(built, realised));
        let play = Play {
            scenario: &playable.scenario,
            base: &built.base,
            head: &built.head,
            settings: &settings,
            files: &playable.files,
        };
        let mut told = |told: Told<'_>| {
            if is_told {
                match told {
                    Told::Step { number, of, what } => complain(&format!("{} [{number}/{of}] {what}", host.name)),
                    Told::Line(line) => complain(&format!("{} | {line}", host.name)),
                }
            }
        };
        Ok((driver::play(&play, &mut guest, &mut told), choice))
    }

    /// Returns the case that a played scenario is.
    pub(super) fn case(
        &mut self,
        pair: &mut Pair,
        host: &Planned,
        scenario: &str,
        played: &Played,
        choice: &Choice,
    ) -> Case {
        let mut case = Case::new(Stage::Vm, scenario, played.outcome.clone())
            .property("accelerator", choice.accel.name())
            .property("accelerator-why", &choice.why)
            .property("mode", host.mode.name());
        if host.mode == Mode::Variant {
            case = case.property("mode-why", &host.why);
        }
        if !host.secrets.is_empty() {
            case = case.property("secrets", host.secrets.join("; "));
        }
        for (name, value) in &played.properties {
            case = case.property(name, value);
        }
        for (name, value) in &played.measured {
            case = case.measured(name, value);
        }
        for found in &played.found {
            case = case.finding(self.finding(pair, host, found));
        }
        if let Some(location) = case.findings.iter().find_map(|finding| finding.location.clone()) {
            case.location = Some(location);
        }
        for artifact in &played.artifacts {
            match self.kept(host, scenario, artifact) {
                Ok(attachment) => case.attachments.extend(attachment),
                Err(message) => self.run.tell(report::Event::Note(message)),
            }
        }
        case
    }

    /// Returns a finding at the line that is to blame.
    fn finding(&mut self, pair: &mut Pair, host: &Planned, found: &Found) -> Finding {
        if found.blame == Blame::Step {
            let mut diagnostic = Diagnostic::new(found.severity, found.message.clone()).rule(found.rule);
            if found.at.start.is_some() {
                diagnostic = diagnostic.at(found.at, "");
            }
            diagnostic.hints.extend(found.hint.clone());
            return Finding::from_diagnostic(&diagnostic, &self.scenarios.sources, &self.scenarios.root);
        }
        let inputs = pair.session.flakes.mounted();
        let view = |root, folder| Viewpoint {
            root,
            folder,
            inputs: &inputs,
            show_trace: self.run.args.judge.flakes.show_trace,
        };
        let clock = || self.run.machine.clock.monotonic();
        let suspects = Suspects {
            base: &host.base,
            head: &host.head,
            of_base: view(&pair.base.root, &pair.base.folder),
            of_head: view(&pair.head.root, &pair.head.folder),
            clock: &clock,
        };
        let ev = &mut pair.session.ev;
        ev.restart_clock();
        let secrets = self.run.recorder.secrets();
        match ev.contained(|ev| suspects.finding(ev, found, secrets)) {
            Ok(finding) => finding,
            // The finding stands without its line.
            Err(_) => {
                drop(ev.take_error());
                found.finding()
            }
        }
    }

    /// Keeps what a run leaves, if somebody asked for it.
    fn kept(&mut self, host: &Planned, scenario: &str, artifact: &Artifact) -> Result<Option<Attachment>, String> {
        let Some(folder) = &self.args.artifacts else {
            return Ok(None);
        };
        let machine = self.run.machine;
        let below = folder.join(file_name(&host.name)).join(file_name(scenario));
        let bytes = match artifact.media_type.starts_with("text/") {
            true => {
                let text = String::from_utf8_lossy(&artifact.bytes).into_owned();
                self.run.recorder.secrets().text(&text).into_owned().into_bytes()
            }
            false => artifact.bytes.clone(),
        };
        let file = below.join(&artifact.name);
        let written = machine
            .fs
            .create_dir_all(&below)
            .and_then(|()| machine.fs.write(&file, &bytes, FileMode::Plain));
        written.map_err(|error| format!("an artifact is not kept: {error}"))?;
        Ok(Some(Attachment {
            name: artifact.name.clone(),
            media_type: artifact.media_type.to_owned(),
            file: file.display().to_string(),
        }))
    }
}

/// Returns all that a boot loader of the machine may start: the base first, then the head and its specialisations.
fn generations(built: &Built, realised: &Realised) -> Vec<Generation> {
    let mut all = Vec::new();
    for generation in [&built.base, &built.head] {
        all.push(generation.clone());
        for name in &generation.specialisations {
            let path = format!("{}/specialisation/{name}", generation.toplevel.to_path());
            // One that cannot be read is none that can be started.
            let at = realised.look_up(&path).ok().flatten();
            all.extend(at.and_then(|place| realised.generation(&place.owner).ok()));
        }
    }
    all
}

fn sizes(built: &Built, realised: &Realised) -> Option<driver::Sizes> {
    let size = |generation: &Generation| -> Option<u64> {
        let closure = realised.closure([&generation.toplevel]).ok()?;
        Some(closure.values().map(|info| info.nar_size).sum())
    };
    Some(driver::Sizes {
        base: size(&built.base)?,
        head: size(&built.head)?,
    })
}

/// Returns a name as that of a file.
fn file_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    name.chars().map(|c| if plain(c) { c } else { '_' }).collect()
}
