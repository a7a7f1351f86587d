//! `cfgcheck ci`: all that is to be known of a change, as one report with one exit code.

mod args;
mod base;
mod work;

pub use args::{CiArgs, Publish};

use crate::args::ColorArg;
use crate::check::{color_arg, prepared};
use crate::config::Stage;
use crate::exit;
use crate::machine::Machine;
use crate::outputs::{Format, Outputs};
use crate::publish::{Door, told};
use crate::stream::complain;
use base::Base;
use diag::Severity;
use report::Report;
use std::path::PathBuf;
use work::Work;

/// What a run came to.
pub struct Found {
    /// All that was found.
    pub report: Report,
    /// The exit code of a stage that could not begin, if there was one.
    pub code: Option<u8>,
    /// The least bad findings that fail the run.
    pub deny: Severity,
    color: ColorArg,
    format: Option<Format>,
}

impl Found {
    /// Writes the report in all forms that are asked for, and returns whether all could be written.
    pub fn write(&self, machine: &Machine, asked: &[(Format, PathBuf)]) -> bool {
        let outputs = Outputs {
            machine,
            asked,
            format: self.format,
            color: self.color,
            deny: self.deny,
        };
        outputs.write(&self.report)
    }
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &CiArgs) -> u8 {
    // What publishing lacks is told before the work is done, and not after.
    let door = match door(machine, args) {
        Ok(door) => door,
        Err(error) => {
            complain(&format!("error: {error}"));
            return exit::USAGE;
        }
    };
    let found = match found(machine, args) {
        Ok(found) => found,
        Err(code) => return code,
    };
    let written = found.write(machine, &args.judge.output);
    if let Some(door) = door.filter(|_| !sys::interrupted()) {
        // Only now is it known what the settings deny.
        publish(&door.denying(found.deny), &found.report);
    }
    match found.code {
        _ if sys::interrupted() => exit::INTERRUPTED,
        _ if !written => exit::CANNOT_START,
        Some(code) => code,
        None => found.report.verdict(found.deny).exit_code(),
    }
}

/// Does what the stages ask for, one after the other; that it could not begin has been told, and is the exit code.
pub fn found(machine: &Machine, args: &CiArgs) -> Result<Found, u8> {
    let started = machine.clock.monotonic();
    let base = Base::of(machine, args);
    let of_check = args.of_check(base.words());
    let (asked, run) = prepared(machine, &of_check, "ci")?;
    let config = run.config.clone();
    let mut stages = match args.stage.is_empty() {
        true => config.ci.stages.clone(),
        false => args.stage.clone(),
    };
    stages.sort();
    stages.dedup();
    let deny = run.deny();
    let color = color_arg(&of_check, &config);
    let mut work = Work::new(machine, args, &config, base);
    if stages.contains(&Stage::Check) {
        work.check(run, &asked)?;
    } else {
        drop(run);
    }
    if stages.contains(&Stage::Prop) {
        work.prop();
    }
    if stages.contains(&Stage::Vm) {
        work.vm();
    }
    let (mut report, code) = work.done();
    report.duration = machine.clock.monotonic().saturating_sub(started);
    Ok(Found {
        report,
        code,
        deny,
        color,
        format: config.output.format,
    })
}

/// Returns what is published through, if that is asked for.
fn door<'m>(machine: &'m Machine, args: &CiArgs) -> Result<Option<Door<'m>>, String> {
    if args.publish.is_empty() {
        return Ok(None);
    }
    let is_asked = |what: Publish| args.publish.contains(&what);
    let wanted = forge::Wanted {
        name: forge::Name::new(&args.name).map_err(|error| error.to_string())?,
        check: is_asked(Publish::Check),
        comment: is_asked(Publish::Comment),
        ..forge::Wanted::default()
    };
    Door::open(machine, wanted).map(Some)
}

/// Publishes the report. What publishing comes to is told, and changes nothing of what the report says.
fn publish(door: &Door<'_>, report: &Report) {
    match door.publish(report) {
        Ok(published) => {
            told(&published, complain);
        }
        Err(error) => complain(&format!("error: {error}")),
    }
}
