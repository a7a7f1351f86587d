//! `cfgcheck doctor`: what of all that cfgcheck can do it can do on this machine, and how to get what is missing.
//!
//! What is told is what the commands themselves use: the same programs are called, the same guest is run, and the same
//! files are looked for. The network is not asked.

mod cache;
mod capability;
mod certificates;
mod github;
mod guests;
mod json;
mod look;
mod machines;
mod nix;
mod plain;
mod remedy;
#[cfg(test)]
mod tests;
mod text;

use crate::args::ColorArg;
use crate::check::settings::{Place, Settings};
use crate::config::Stage;
use crate::exit;
use crate::machine::Machine;
use crate::session::asked;
use crate::stream::{complain, write_out};
use ::vm::Processor;
use capability::{Capability, Kind, Standing};
use clap::Args;
use guests::Guests;
use look::Look;
use sys::{Guard, ProcessExec, ProcessSpawn, RunFolder, Stream};

/// Arguments of `cfgcheck doctor`.
#[derive(Args, Debug, Default)]
#[command(after_help = "Examples:
  cfgcheck doctor                              all of it; 3 if a stage of cfgcheck.yaml cannot run
  cfgcheck doctor vm                           one thing; 3 if it is not there
  cfgcheck doctor vm --system aarch64-linux    the same, with guests of another processor
  cfgcheck doctor --json
")]
pub struct DoctorArgs {
    /// What has to be there, and is told; without any, all is told, and what the stages in cfgcheck.yaml need has to be there.
    #[arg(value_enum, value_name = "CAPABILITY")]
    pub capability: Vec<Kind>,
    /// Virtual machines of this system have to run, too; may be repeated. This machine's own always has to.
    #[arg(long, value_name = "SYSTEM", value_parser = processor)]
    pub system: Vec<Processor>,
    /// The flake whose cfgcheck.yaml is read; that of the current folder by default, if it has one.
    #[arg(long, value_name = "FLAKE")]
    pub flake: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// When to use colours.
    #[arg(long, value_enum)]
    pub color: Option<ColorArg>,
}

/// Reads a system that machines can have.
fn processor(text: &str) -> Result<Processor, String> {
    Processor::of_system(text).ok_or_else(|| "machines run for x86_64-linux and aarch64-linux only".to_owned())
}

/// What was found.
#[derive(Debug)]
pub struct Told {
    /// The system of this machine.
    system: String,
    /// What has to be there.
    needed: Vec<Kind>,
    /// Whether that is what the settings say, and not the command line.
    by_settings: bool,
    /// All that was looked at.
    capabilities: Vec<Capability>,
}

impl Told {
    /// Whether something has to be there.
    fn is_needed(&self, kind: Kind) -> bool {
        self.needed.contains(&kind)
    }

    /// Returns what has to be there and is not.
    fn missing(&self) -> impl Iterator<Item = Kind> {
        let missing = self
            .capabilities
            .iter()
            .filter(|capability| capability.standing() == Standing::Missing && self.is_needed(capability.kind));
        missing.map(|capability| capability.kind)
    }

    /// Returns the exit code.
    fn code(&self) -> u8 {
        match self.missing().next() {
            Some(_) => exit::CANNOT_START,
            None => exit::CLEAN,
        }
    }
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &DoctorArgs) -> u8 {
    let needed = match needed(machine, args) {
        Ok(needed) => needed,
        Err(code) => return code,
    };
    let guard = Guard::of(machine.env.as_ref()).map_err(|error| format!("this program cannot find itself: {error}"));
    // Held until all is looked at.
    let folder = match &guard {
        Ok(guard) => {
            RunFolder::create(&machine.env.temp_dir(), guard, &ProcessSpawn).map_err(|error| error.to_string())
        }
        Err(why) => Err(why.clone()),
    };
    let look = Look {
        machine,
        exec: &ProcessExec,
        guard,
        folder: folder
            .as_ref()
            .map(|folder| folder.path().to_path_buf())
            .map_err(Clone::clone),
        processors: Processor::of_system(&machine.system())
            .into_iter()
            .chain(args.system.iter().copied())
            .collect(),
    };
    let told = told(&look, args, needed);
    let color = match args.color {
        Some(ColorArg::Always) => true,
        Some(ColorArg::Never) => false,
        Some(ColorArg::Auto) | None => machine.env.is_terminal(Stream::Out) && machine.env.text("NO_COLOR").is_none(),
    };
    let text = match args.json {
        true => json::json(&told),
        false => text::text(&told, color),
    };
    match write_out(text.as_bytes()) {
        Ok(()) => told.code(),
        Err(error) => {
            complain(&format!("error: cannot write to standard output: {error}"));
            exit::CANNOT_START
        }
    }
}

/// Returns what has to be there: what is named, or what the settings need; an error has been told, and is the exit code.
fn needed(machine: &Machine, args: &DoctorArgs) -> Result<Vec<Kind>, u8> {
    if !args.capability.is_empty() {
        return Ok(args.capability.clone());
    }
    let asked = match asked(machine, args.flake.as_deref().unwrap_or(".")) {
        Ok(asked) => asked,
        // Who names no flake need not be in one.
        Err(_) if args.flake.is_none() => return Ok(Vec::new()),
        Err(error) => {
            complain(&format!("error: {error}"));
            return Err(exit::USAGE);
        }
    };
    let place = Place {
        machine,
        asked: &asked,
        trust: false,
        color: false,
    };
    Ok(of_settings(&place.settings(None)?))
}

/// Returns what the stages of the settings need.
fn of_settings(settings: &Settings) -> Vec<Kind> {
    let needs = |stage: &Stage| match stage {
        Stage::Check | Stage::Prop => Kind::Eval,
        Stage::Vm => Kind::Vm,
    };
    settings.config.ci.stages.iter().map(needs).collect()
}

/// Looks at what is asked for, or at all of it.
fn told(look: &Look<'_>, args: &DoctorArgs, needed: Vec<Kind>) -> Told {
    let is_shown = |kind: Kind| args.capability.is_empty() || args.capability.contains(&kind);
    let wants_guests = is_shown(Kind::Build) || is_shown(Kind::Vm);
    let guests = match wants_guests && look.own().is_some() {
        true => Guests::look(look),
        false => Vec::new(),
    };
    let build = wants_guests.then(|| machines::build(look, &guests));
    let nix = (is_shown(Kind::Nix) || is_shown(Kind::Vm)).then(|| nix::nix(look));
    let standing =
        |capability: &Option<Capability>| capability.as_ref().map_or(Standing::Missing, Capability::standing);
    let vm = is_shown(Kind::Vm).then(|| machines::vm(look, &guests, standing(&build), standing(&nix)));
    let one = |kind: Kind, look_at: fn(&Look<'_>) -> Capability| is_shown(kind).then(|| look_at(look));
    let capabilities = [
        one(Kind::Eval, plain::eval),
        one(Kind::Git, plain::git),
        one(Kind::Cache, cache::cache),
        one(Kind::Certificates, certificates::certificates),
        build.filter(|_| is_shown(Kind::Build)),
        nix.filter(|_| is_shown(Kind::Nix)),
        vm,
        one(Kind::Secrets, plain::secrets),
        one(Kind::Github, github::github),
        one(Kind::Terminal, plain::terminal),
    ];
    Told {
        system: look.machine.system(),
        needed,
        by_settings: args.capability.is_empty(),
        capabilities: capabilities.into_iter().flatten().collect(),
    }
}
