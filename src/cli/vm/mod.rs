//! `cfgcheck vm`: what a change does to a running machine, tried in a virtual one.

mod args;
mod base;
mod blame;
mod build;
mod disko;
mod homes;
mod lab;
mod pair;
mod play;
mod scenarios;
mod secrets;
mod task;
mod variant;
mod work;

pub use args::{AccelArgs, VmArgs};
pub use scenarios::FOLDER;

use crate::check::run::Run;
use crate::check::settings::Place;
use crate::check::{Done, prepared};
use crate::machine::Machine;
use report::{Event, Tool};
use scenarios::Scenarios;
use std::collections::BTreeSet;
use std::time::Duration;
use sys::Stream;
use work::Work;

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &VmArgs) -> u8 {
    let of_check = args.of_check();
    match judge(machine, args, &of_check) {
        Ok(done) if args.plan => done.told_with_plan(machine, &of_check),
        Ok(done) => done.told(machine, &of_check),
        Err(code) => code,
    }
}

/// Tries the hosts; an error has been told, and is the exit code.
pub(crate) fn judge(machine: &Machine, args: &VmArgs, of_check: &crate::args::CheckArgs) -> Result<Done, u8> {
    let (asked, run) = prepared(machine, of_check, "vm")?;
    let place = Place {
        machine,
        asked: &asked,
        trust: args.judge.flakes.trust,
        color: machine.env.is_terminal(Stream::Err) && machine.env.text("NO_COLOR").is_none(),
    };
    let scenarios = Scenarios::read(&place, args)?;
    let folder = run.disk(&asked);
    let started = machine.clock.monotonic();
    let mut work = Work {
        run,
        args,
        scenarios,
        told: BTreeSet::new(),
    };
    work.run.tell(Event::RunStarted {
        tool: Tool::default(),
        flake: args.judge.flake.clone(),
        started: Duration::ZERO,
    });
    ::vm::finding::rules().for_each(|rule| work.run.tell(Event::RuleKnown(rule)));
    work.flake(&asked, &place)?;
    let run: &mut Run<'_> = &mut work.run;
    let duration = machine.clock.monotonic().saturating_sub(started);
    run.tell(Event::RunFinished { duration });
    work.run.done(folder)
}
