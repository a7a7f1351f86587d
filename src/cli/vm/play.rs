//! Playing what is to be tried, and the case that each of it becomes.

use super::blame::Suspects;
use super::lab::LabError;
use super::pair::{Pair, Planned};
use super::task::Task;
use super::work::{Tools, Work};
use ::vm::accel::Choice;
use ::vm::artifact::Artifact;
use ::vm::disko::DiskoError;
use ::vm::disks::Mode;
use ::vm::driver::Played;
use ::vm::finding::{Blame, Found};
use ::vm::secrets;
use diag::{Diagnostic, Severity, Span};
use nixos::diagnose::Viewpoint;
use report::{Attachment, Case, Event, Finding, Outcome, Phase, Stage};
use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;
use sys::Mode as FileMode;

/// What a machine takes beside its own memory, in MiB: QEMU's tables and translated code, and the drive's caches.
const OWN_MEMORY: u32 = 512;

/// A scenario to be played, and what its case is judged by.
pub(super) struct Job<'j> {
    /// What was evaluated.
    pub planned: &'j Planned,
    /// What is done.
    pub task: Task<'j>,
}

/// What came of a task, and how long it took.
struct Ended {
    played: Result<(Played, Choice), LabError>,
    taken: Duration,
}

/// What is told of tasks while they run, by their numbers.
enum News {
    /// It has begun.
    Begun(usize),
    /// It has ended.
    Ended(usize, Ended),
}

impl Work<'_> {
    /// Plays all jobs, as many beside each other as there is room for, and ends their cases in the order of the jobs.
    pub(super) fn play(&mut self, tools: &Tools<'_>, pair: &mut Pair, jobs: &[Job<'_>]) {
        let tasks: Vec<&Task<'_>> = jobs.iter().map(|job| &job.task).collect();
        let beside = self.room(tasks.len());
        let (next, is_told) = (AtomicUsize::new(0), self.args.verbose);
        let config = self.run.config.vm.clone();
        let (machine, lab, realised) = (self.run.machine, &tools.lab, &tools.realised);
        let (sender, news) = mpsc::channel();
        let mut ended: BTreeMap<usize, Ended> = BTreeMap::new();
        let mut done = 0;
        std::thread::scope(|scope| {
            for _ in 0..beside {
                let (sender, tasks, next, config) = (sender.clone(), &tasks, &next, &config);
                // A machine dies with the thread that has started it, so that each of these lives as long as its machines.
                scope.spawn(move || {
                    while !sys::interrupted() {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(task) = tasks.get(number) else { break };
                        let started = machine.clock.monotonic();
                        // Nobody listens any more only if the other side has panicked.
                        let _ = sender.send(News::Begun(number));
                        let played = task.play(lab, realised, config, is_told);
                        let taken = machine.clock.monotonic().saturating_sub(started);
                        let _ = sender.send(News::Ended(number, Ended { played, taken }));
                    }
                });
            }
            drop(sender);
            for said in news {
                match said {
                    News::Begun(number) => self.tell(Phase::Booting, &tasks[number].title(), number + 1, jobs.len()),
                    News::Ended(number, what) => drop(ended.insert(number, what)),
                }
                while let Some(what) = ended.remove(&done) {
                    self.end(pair, &jobs[done], what);
                    done += 1;
                }
            }
        });
        if done < jobs.len() {
            let (left, of) = (jobs.len() - done, jobs.len());
            let note = format!("interrupted: {left} of {of} were not tried");
            self.run.tell(Event::Note(note));
        }
    }

    /// Returns how many machines may run beside each other: as many as was asked for, or as have a processor and memory of
    /// their own.
    fn room(&self, jobs: usize) -> usize {
        if let Some(asked) = self.args.jobs {
            return jobs.min(asked.get());
        }
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let each = u64::from(self.args.memory + OWN_MEMORY) << 20;
        let memory = sys::memory_capacity(self.run.machine.fs.as_ref()).map_or(1, |all| all * 3 / 4 / each);
        jobs.min(processors)
            .min(usize::try_from(memory).unwrap_or(usize::MAX))
            .max(1)
    }

    /// Ends the case of a job.
    fn end(&mut self, pair: &mut Pair, job: &Job<'_>, Ended { played, taken }: Ended) {
        let (host, name) = (&job.planned.blueprint, job.task.name());
        let case = match played {
            Ok((played, choice)) => self.case(pair, job.planned, name, &played, &choice),
            Err(LabError::Disko(error)) => self.without_disks(pair, job.planned, name, error),
            Err(error) => {
                let mut finding = Finding::new("vm", Severity::Error, error.to_string());
                finding.hint = error.hint();
                self.run.cannot_start = true;
                Case::new(Stage::Vm, name, Outcome::Errored).finding(finding)
            }
        };
        self.run.finish(case.on(&host.name, &host.platform).took(taken));
    }

    /// Returns the case of a host whose own scripts have not made its disks.
    fn without_disks(&mut self, pair: &mut Pair, host: &Planned, name: &str, error: DiskoError) -> Case {
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

    /// Returns the case that a played scenario is.
    fn case(&mut self, pair: &mut Pair, host: &Planned, scenario: &str, played: &Played, choice: &Choice) -> Case {
        let machine = &host.blueprint;
        let mut case = Case::new(Stage::Vm, scenario, played.outcome.clone())
            .property("accelerator", choice.accel.name())
            .property("accelerator-why", &choice.why)
            .property("mode", machine.mode.name());
        if machine.mode == Mode::Variant {
            case = case.property("mode-why", &machine.why);
        }
        if !host.secrets.is_empty() {
            case = case.property(secrets::PROPERTY, host.secrets.join("; "));
        }
        for (name, value) in &played.properties {
            case = case.property(name, value);
        }
        for (name, value) in &played.measured {
            case = case.measured(name, value);
        }
        for found in &played.found {
            let key = [machine.name.clone(), found.rule.to_owned(), found.message.clone()];
            // What fails no case is told once of a host, however many of its scenarios find it.
            if found.severity == Severity::Error || self.told.insert(key) {
                case = case.finding(self.finding(pair, host, found));
            }
        }
        if let Some(location) = case.findings.iter().find_map(|finding| finding.location.clone()) {
            case.location = Some(location);
        }
        for artifact in &played.artifacts {
            match self.kept(&machine.name, scenario, artifact) {
                Ok(attachment) => case.attachments.extend(attachment),
                Err(message) => self.run.tell(Event::Note(message)),
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
    fn kept(&mut self, host: &str, scenario: &str, artifact: &Artifact) -> Result<Option<Attachment>, String> {
        let Some(folder) = &self.args.artifacts else {
            return Ok(None);
        };
        let machine = self.run.machine;
        let below = folder.join(file_name(host)).join(file_name(scenario));
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

/// Returns a name as that of a file.
fn file_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    name.chars().map(|c| if plain(c) { c } else { '_' }).collect()
}
