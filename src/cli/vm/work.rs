//! The work of the command: hosts are evaluated in both states, built, and then tried.

use super::VmArgs;
use super::build::{self, Built};
use super::lab::Lab;
use super::pair::{Pair, Planned};
use super::play::Job;
use super::scenarios::Scenarios;
use super::task::{Task, What};
use crate::check::run::{Run, UNKNOWN};
use crate::check::settings::Place;
use crate::check::unknown_host;
use crate::exit;
use crate::session::Asked;
use crate::stream::{complain, say};
use ::vm::build::Engine;
use ::vm::realised::Realised;
use diag::clean_line;
use nixos::Target;
use report::{Case, Event, Outcome, Phase, Stage};
use std::collections::BTreeSet;

/// A run of the command.
pub struct Work<'w> {
    /// What all commands that judge have in common.
    pub run: Run<'w>,
    /// What is asked for.
    pub args: &'w VmArgs,
    /// What is played.
    pub scenarios: Scenarios,
    /// Which notes and warnings were told: of which host, by which rule, in which words.
    pub told: BTreeSet<[String; 3]>,
}

/// What things are built and tried with.
pub(super) struct Tools<'t> {
    /// Where what is built is.
    pub realised: Realised,
    /// Where machines are made.
    pub lab: Lab<'t>,
    /// What builds.
    pub engine: Box<dyn Engine + 't>,
}

impl<'w> Work<'w> {
    /// Tries the hosts of a flake; wrong usage has been told, and is the exit code.
    pub fn flake(&mut self, asked: &Asked, place: &Place<'_>) -> Result<(), u8> {
        self.tell(Phase::Fetching, "inputs", 1, 1);
        let Some((mut pair, before)) = Pair::of(&mut self.run, self.args, asked)? else {
            return Ok(());
        };
        if !self.args.home.is_empty() {
            return self.homes(&mut pair, before.as_deref());
        }
        let names: Vec<String> = pair.head.hosts.iter().map(|host| host.name.clone()).collect();
        self.scenarios.check_hosts(place, &names)?;
        self.run.unknown = unknown_host(&self.run.hosts, names.iter().map(String::as_str));
        if self.run.unknown.is_some() {
            return Ok(());
        }
        let chosen = |host: &&Target| {
            let asked_for = self.run.hosts.is_empty() || self.run.hosts.iter().any(|h| h.matches(&host.name));
            asked_for && self.run.config.hosts.takes(&host.name)
        };
        let hosts: Vec<Target> = pair.head.hosts.iter().filter(chosen).cloned().collect();
        let mut planned = Vec::new();
        for (index, host) in hosts.iter().enumerate() {
            self.tell(Phase::Evaluating, &host.path(), index + 1, hosts.len());
            planned.extend(self.plan(&mut pair, host, before.as_deref()));
        }
        if self.args.plan {
            planned.iter().for_each(|host| say(self.told(host).as_bytes()));
            return Ok(());
        }
        let tools = self.tools()?;
        let name = |host: &Planned| host.blueprint.name.clone();
        let Some(built) = self.each(&planned, name, |work, host| {
            work.built(&mut pair, host, tools.engine.as_ref(), &tools.realised)
        }) else {
            return Ok(());
        };
        let mut jobs = Vec::new();
        for (planned, built) in &built {
            let blueprint = &planned.blueprint;
            jobs.extend(self.scenarios.of_host(&blueprint.name).into_iter().map(|playable| Job {
                planned,
                task: Task {
                    blueprint,
                    what: What::Scenario { built, playable },
                },
            }));
        }
        self.play(&tools, &mut pair, &jobs);
        Ok(())
    }

    /// Builds each of several things, and returns those that could be built; nothing if the run is interrupted, which has been
    /// told.
    pub(super) fn each<'p, P, B>(
        &mut self,
        planned: &'p [P],
        name: impl Fn(&P) -> String,
        mut build: impl FnMut(&mut Self, &P) -> Option<B>,
    ) -> Option<Vec<(&'p P, B)>> {
        let mut built = Vec::new();
        for (index, one) in planned.iter().enumerate() {
            if sys::interrupted() {
                break;
            }
            self.tell(Phase::Building, &name(one), index + 1, planned.len());
            built.extend(build(self, one).map(|made| (one, made)));
        }
        if sys::interrupted() {
            let note = "interrupted: nothing was tried".to_owned();
            self.run.tell(Event::Note(note));
            return None;
        }
        Some(built)
    }

    /// Returns what things are built and tried with; that they cannot be has been told, and is the exit code.
    pub(super) fn tools(&self) -> Result<Tools<'w>, u8> {
        let machine = self.run.machine;
        let cache = crate::build::cache(machine);
        let lab = match Lab::new(machine, self.args, cache.clone()) {
            Ok(lab) => lab,
            Err(error) => {
                complain(&format!("error: {error}"));
                return Err(exit::CANNOT_START);
            }
        };
        let (flakes, wanted) = (&self.args.judge.flakes, self.args.accel.wanted());
        Ok(Tools {
            realised: Realised::new(machine.fs.clone(), cache.clone()),
            lab,
            engine: crate::build::engine(machine, &self.args.engine, flakes, wanted, cache, true),
        })
    }

    pub(super) fn tell(&mut self, phase: Phase, what: &str, index: usize, of: usize) {
        self.run.tell(Event::Progressed {
            phase,
            what: what.to_owned(),
            index,
            of,
        });
    }

    /// Evaluates a host in both states; that it cannot be has been told.
    fn plan(&mut self, pair: &mut Pair, target: &Target, before: Option<&str>) -> Option<Planned> {
        let name = before.unwrap_or(&target.name);
        let Some(today) = pair.base.hosts.iter().find(|host| host.name == name).cloned() else {
            let reason = format!("the base has no host `{name}`: there is nothing to switch from");
            let case = Case::new(Stage::Vm, "it is switched to", Outcome::Skipped(reason));
            self.run.finish(case.on(&target.name, UNKNOWN));
            return None;
        };
        pair.session.ev.restart_clock();
        let of_config = self.run.config.vm.mode.map(Into::into);
        let mode = self.args.mode.map(Into::into).or(of_config);
        match pair.plan(target, &today, None, mode, (self.args.disks, self.args.shell)) {
            Ok(planned) => {
                for sentence in &planned.secrets {
                    self.run
                        .tell(Event::Note(format!("{}: {sentence}", planned.blueprint.name)));
                }
                Some(planned)
            }
            Err(_) => {
                let case = Case::new(Stage::Vm, "it evaluates", Outcome::Errored).on(&target.name, UNKNOWN);
                let case = self.run.with_error(&mut pair.session, case);
                self.run.finish(case);
                None
            }
        }
    }

    /// Builds a host; that it cannot be has been told.
    fn built(&mut self, pair: &mut Pair, host: &Planned, engine: &dyn Engine, into: &Realised) -> Option<Built> {
        let is_told = self.args.verbose;
        let mut told = |line: &str| {
            if is_told {
                complain(&clean_line(line));
            }
        };
        match build::build(pair, host, engine, into, &mut told) {
            Ok(built) => Some(built),
            Err(error) => {
                self.run
                    .finish(error.case().on(&host.blueprint.name, &host.blueprint.platform));
                None
            }
        }
    }

    /// Returns what is told of a plan.
    fn told(&self, host: &Planned) -> String {
        let blueprint = &host.blueprint;
        let scenarios = self.scenarios.of_host(&blueprint.name);
        let names: Vec<&str> = scenarios
            .iter()
            .map(|playable| playable.scenario.name.as_str())
            .collect();
        format!(
            "{} ({}): mode {}, {}\n  today      {}\n  then       {}\n  scenarios  {}\n",
            blueprint.name,
            blueprint.platform,
            blueprint.mode.name(),
            blueprint.why,
            host.base.out.to_path(),
            host.head.out.to_path(),
            names.join(", "),
        )
    }
}
