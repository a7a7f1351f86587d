//! The stages of a run in CI, one after the other, and what they come to together.

use super::CiArgs;
use super::base::Base;
use crate::args::CheckArgs;
use crate::build::EngineArgs;
use crate::check::Run;
use crate::config::{Ci, Config};
use crate::diff::{self, DiffArgs};
use crate::machine::Machine;
use crate::prop::PropArgs;
use crate::session::Asked;
use crate::vm::VmArgs;
use diag::Severity;
use report::diff::{ConfigurationKind, Status};
use report::{Case, Finding, Outcome, Report, Secrets, Stage};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long laws are tried where the settings do not say it.
const PROP: Duration = Duration::from_secs(60);

/// A run in CI.
pub struct Work<'w> {
    machine: &'w Machine,
    args: &'w CiArgs,
    config: &'w Config,
    base: Base,
    report: Report,
    /// The exit code of a stage that could not begin, if there was one.
    code: Option<u8>,
    /// Whether the flake is such that nothing can be said of its hosts.
    is_broken: bool,
}

impl<'w> Work<'w> {
    /// Returns a run in which nothing is done yet.
    pub fn new(machine: &'w Machine, args: &'w CiArgs, config: &'w Config, base: Base) -> Work<'w> {
        let mut work = Work {
            machine,
            args,
            config,
            base,
            report: Report {
                flake: args.judge.flake.clone(),
                ..Report::default()
            },
            code: None,
            is_broken: false,
        };
        work.tell_base();
        work
    }

    /// Tells that there is nothing to compare with.
    fn tell_base(&mut self) {
        let case = |outcome| Case::new(Stage::Eval, "the base is there to compare with", outcome);
        match &self.base {
            Base::At { .. } => {}
            Base::Nothing(why) => self.report.notes.push(format!("nothing is compared: {why}")),
            Base::Missing { why, is_asked } => {
                let (message, hint) = why.split_once("\nhelp: ").unwrap_or((why, ""));
                let finding = |severity| {
                    let finding = Finding::new("base", severity, message);
                    match hint {
                        "" => finding,
                        hint => finding.hint(hint),
                    }
                };
                // Who asks for it gets an error; where only the CI system names it, the rest is still worth its verdict.
                let case = match is_asked {
                    true => case(Outcome::Errored).finding(finding(Severity::Error)),
                    false => case(Outcome::Skipped(message.to_owned())).finding(finding(Severity::Warning)),
                };
                self.report.cases.push(case);
            }
        }
    }

    /// Evaluates and judges all hosts, and compares them with the base; an error has been told, and is the exit code.
    pub fn check(&mut self, mut run: Run<'_>, asked: &Asked) -> Result<(), u8> {
        run.compared_with = self.base.words();
        run.everything(asked);
        let done = run.done(None)?;
        self.is_broken = done.report_of_a_whole_run().is_none() && !is_only_base(&done.report);
        if done.cannot_start {
            self.code = Some(crate::exit::CANNOT_START);
        }
        self.report.join(done.report);
        if !self.is_broken && !sys::interrupted() {
            self.compare(&done.unchanged, &done.secrets);
        }
        Ok(())
    }

    /// Compares hosts with the base, but for those of which it is known that they are the same.
    fn compare(&mut self, unchanged: &BTreeSet<String>, secrets: &Secrets) {
        let Base::At { name, words } = &self.base else { return };
        let args = self.diff_args(words.clone());
        match diff::of_change(self.machine, &args, name, self.config, unchanged) {
            Ok(diff) => self.report.diff = Some(secrets.diff(&diff)),
            // That the base does not evaluate was told by the check.
            Err(_) if self.report.cases.iter().any(is_of_base) => {}
            Err(why) => {
                let why = secrets.drawing(why.trim()).into_owned();
                let finding = Finding::new("base", Severity::Error, diag::clean(&why));
                let case = Case::new(Stage::Eval, "hosts are compared with the base", Outcome::Errored);
                self.report.cases.push(case.finding(finding));
            }
        }
    }

    /// Tries laws.
    pub fn prop(&mut self) {
        let is_bounded = self.config.prop.max_time.is_some();
        let args = PropArgs {
            max_time: (!is_bounded).then(|| u64::try_from(PROP.as_millis()).unwrap_or(u64::MAX)),
            ..PropArgs::of(&self.check_args())
        };
        if self.goes_on("cfgcheck prop") {
            let done = crate::prop::judge(self.machine, &args);
            self.take(done, Stage::Prop, "laws are tried");
        }
    }

    /// Tries hosts in machines.
    pub fn vm(&mut self) {
        if !self.goes_on("cfgcheck vm") {
            return;
        }
        let hosts = match self.differing() {
            None => self.args.judge.host.clone(),
            Some(hosts) if hosts.is_empty() => {
                let note = "no host that is to be tried in a machine differs from the base";
                return self.report.notes.push(note.to_owned());
            }
            Some(hosts) => hosts,
        };
        let mut check = self.check_args();
        check.judge.host = hosts;
        let args = VmArgs {
            accel: self.args.accel.clone(),
            artifacts: self.args.artifacts.clone(),
            jobs: self.args.jobs,
            engine: EngineArgs::clone(&self.args.engine),
            ..VmArgs::of(&check, self.base.words())
        };
        let done = crate::vm::judge(self.machine, &args, &args.of_check());
        self.take(done, Stage::Vm, "hosts are tried in machines");
    }

    /// Returns the hosts to be tried that differ from the base; `None` if that is not known.
    fn differing(&self) -> Option<Vec<String>> {
        let patterns = &self.config.ci.vm_hosts;
        let chosen = |name: &str| patterns.iter().any(|pattern| pattern.matches(name));
        let Some(diff) = &self.report.diff else {
            let are_named = *patterns != Ci::default().vm_hosts && self.args.judge.host.is_empty();
            return are_named.then(|| patterns.iter().map(ToString::to_string).collect());
        };
        let hosts = diff.hosts.iter().filter(|host| {
            host.kind == ConfigurationKind::Nixos && matches!(host.status, Status::Changed | Status::Added)
        });
        let mut names: Vec<String> = hosts
            .map(|host| host.name.clone())
            .filter(|name| chosen(name))
            .collect();
        names.dedup();
        Some(names)
    }

    /// Whether there is more to be done; that there is not is told.
    fn goes_on(&mut self, command: &str) -> bool {
        let why = if sys::interrupted() {
            "the run was interrupted"
        } else if self.is_broken {
            "the flake cannot be evaluated"
        } else {
            return true;
        };
        self.report.notes.push(format!("`{command}` did not run: {why}"));
        false
    }

    /// Takes what a stage came to.
    fn take(&mut self, done: Result<crate::check::Done, u8>, stage: Stage, name: &str) {
        match done {
            Ok(done) => {
                if done.cannot_start {
                    self.code = Some(crate::exit::CANNOT_START);
                }
                self.report.join(done.report);
            }
            Err(code) => {
                let message = "it could not begin, for a reason that is told on standard error";
                let finding = Finding::new("stage", Severity::Error, message);
                let case = Case::new(stage, name, Outcome::Errored).finding(finding);
                self.report.cases.push(case);
                self.code = Some(code);
            }
        }
    }

    fn check_args(&self) -> CheckArgs {
        self.args.of_check(None)
    }

    fn diff_args(&self, base: String) -> DiffArgs {
        let judge = &self.args.judge;
        DiffArgs {
            base,
            head: None,
            flake: judge.flake.clone(),
            of: Vec::new(),
            host: judge.host.clone(),
            platform: self.args.platform.clone(),
            output: Vec::new(),
            exit_code: false,
            config: judge.config.clone(),
            color: judge.color,
            flakes: judge.flakes.clone(),
            limits: self.args.limits.clone(),
        }
    }

    /// Returns the report, and the exit code if a stage could not begin.
    pub fn done(mut self) -> (Report, Option<u8>) {
        self.report.sort();
        (self.report, self.code)
    }
}

/// Whether a case says that the base does not evaluate.
fn is_of_base(case: &Case) -> bool {
    case.subject.host.is_none() && case.findings.iter().any(|finding| finding.rule == "base")
}

/// Whether nothing but the base keeps a report from being one of the whole flake.
fn is_only_base(report: &Report) -> bool {
    let failed = |case: &&Case| case.subject.host.is_none() && case.outcome == Outcome::Errored;
    report.cases.iter().filter(failed).all(is_of_base)
}
