//! `cfgcheck build`: what a flake offers, really built.

mod args;
mod substituters;
mod work;
mod workshop;

pub use args::{BuildArgs, BuildWith, EngineArgs};
pub use work::OUT;

use crate::args::FlakeArgs;
use crate::check::{Done, prepared};
use crate::exit;
use crate::machine::Machine;
use ::vm::accel::Wanted;
use ::vm::build::{Engine, InstalledNix};
use report::{Event, Tool};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use sys::ProcessExec;
use work::Work;
use workshop::Workshop;

/// Longest time of one call of an installed Nix.
const LIMIT: Duration = Duration::from_secs(6 * 3600);

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &BuildArgs) -> u8 {
    let of_check = args.of_check();
    match judge(machine, args, &of_check) {
        Ok(done) if args.plan => done.told_with_plan(machine, &of_check),
        Ok(done) => done.told(machine, &of_check),
        Err(code) => code,
    }
}

/// Builds and returns what came of it, in no form; an error has been told, and is the exit code.
pub fn report(machine: &Machine, args: &BuildArgs) -> Result<report::Report, u8> {
    let of_check = args.of_check();
    let done = judge(machine, args, &of_check)?;
    if sys::interrupted() {
        return Err(exit::INTERRUPTED);
    }
    Ok(done.report)
}

/// Builds; an error has been told, and is the exit code.
fn judge(machine: &Machine, args: &BuildArgs, of_check: &crate::args::CheckArgs) -> Result<Done, u8> {
    let (asked, mut run) = prepared(machine, of_check, "build")?;
    if !args.of.is_empty() {
        run.config.outputs = Some(args.of.clone());
    }
    let folder = run.disk(&asked);
    let started = machine.clock.monotonic();
    run.tell(Event::RunStarted {
        tool: Tool::default(),
        flake: args.judge.flake.clone(),
        started: Duration::ZERO,
    });
    let cache = cache(machine);
    let engine = engine(
        machine,
        &args.engine,
        &args.judge.flakes,
        args.accel.wanted(),
        cache.clone(),
        args.export.is_some(),
    );
    let mut work = Work::new(run, args, engine, cache);
    work.flake(&asked);
    let mut run = work.run;
    let duration = machine.clock.monotonic().saturating_sub(started);
    run.tell(Event::RunFinished { duration });
    run.done(folder)
}

/// Returns what builds, as the command line asks. `cache` is the folder of what is kept for later runs. Without `brings`, what an
/// installed Nix builds is in its own store only.
pub fn engine(
    machine: &Machine,
    args: &EngineArgs,
    flakes: &FlakeArgs,
    wanted: Wanted,
    cache: PathBuf,
    brings: bool,
) -> Box<dyn Engine> {
    match args.build_with {
        BuildWith::Nix => Box::new(InstalledNix {
            exec: Arc::new(ProcessExec),
            fs: machine.fs.clone(),
            env: crate::realise::environment(machine),
            work: cache.join("nix"),
            builders: args.builders.clone(),
            limit: LIMIT,
            brings,
        }),
        BuildWith::Vm => Box::new(Workshop::new(machine, args, flakes, wanted, cache)),
    }
}

/// Returns the folder in which machines' stores, images and snapshots are kept.
pub fn cache(machine: &Machine) -> PathBuf {
    let cache = machine.env.text("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| machine.env.home().map(|home| Path::new(&home).join(".cache")));
    cache.unwrap_or_else(|| machine.env.temp_dir()).join("cfgcheck/vm")
}
