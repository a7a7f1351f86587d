//! `cfgcheck vm`: what a change does to a running machine, tried in a virtual one.

mod args;
mod base;
mod pair;
mod variant;

pub use args::VmArgs;

use crate::check::run::{Run, UNKNOWN};
use crate::check::{Done, prepared, unknown_host};
use crate::machine::Machine;
use crate::session::Asked;
use crate::stream::say;
use nixos::Target;
use pair::{Pair, Planned};
use report::{Case, Event, Outcome, Phase, Stage, Tool};
use std::time::Duration;

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &VmArgs) -> u8 {
    let of_check = args.of_check();
    match judge(machine, args, &of_check) {
        Ok(done) => done.told(machine, &of_check),
        Err(code) => code,
    }
}

fn judge(machine: &Machine, args: &VmArgs, of_check: &crate::args::CheckArgs) -> Result<Done, u8> {
    let (asked, run) = prepared(machine, of_check, "vm")?;
    let folder = run.disk(&asked);
    let started = machine.clock.monotonic();
    let mut work = Work { run, args };
    work.run.tell(Event::RunStarted {
        tool: Tool::default(),
        flake: args.judge.flake.clone(),
        started: Duration::ZERO,
    });
    work.flake(&asked)?;
    let duration = machine.clock.monotonic().saturating_sub(started);
    work.run.tell(Event::RunFinished { duration });
    work.run.done(folder)
}

/// The work of the command.
struct Work<'w> {
    run: Run<'w>,
    args: &'w VmArgs,
}

impl Work<'_> {
    fn flake(&mut self, asked: &Asked) -> Result<(), u8> {
        self.run.tell(Event::Progressed {
            phase: Phase::Fetching,
            what: "inputs".into(),
            index: 1,
            of: 1,
        });
        let Some((mut pair, before)) = Pair::of(&mut self.run, self.args, asked)? else {
            return Ok(());
        };
        self.run.unknown = unknown_host(&self.run.hosts, self.run.known.iter().map(String::as_str));
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
            self.run.tell(Event::Progressed {
                phase: Phase::Evaluating,
                what: host.path(),
                index: index + 1,
                of: hosts.len(),
            });
            planned.extend(self.plan(&mut pair, host, before.as_deref()));
        }
        if self.args.plan {
            planned.iter().for_each(|host| say(told(host).as_bytes()));
        }
        Ok(())
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
        let mode = self.args.mode.map(Into::into);
        let planned = pair.plan(target, &today, None, mode);
        match planned {
            Ok(planned) => Some(planned),
            Err(_) => {
                let case = Case::new(Stage::Vm, "it evaluates", Outcome::Errored).on(&target.name, UNKNOWN);
                let case = self.run.with_error(&mut pair.session, case);
                self.run.finish(case);
                None
            }
        }
    }
}

/// Returns what is told of a plan.
fn told(host: &Planned) -> String {
    format!(
        "{} ({}): mode {}, {}\n  today  {}\n  then   {}\n",
        host.name,
        host.platform,
        host.mode.name(),
        host.why,
        host.base.out.to_path(),
        host.head.out.to_path(),
    )
}
