//! The binary: a doorway. Its name decides whose command line it speaks.

mod approval;
mod approve;
mod args;
mod baseline;
mod bisect;
mod build;
mod check;
mod ci;
mod completions;
mod config;
mod configurations;
mod diff;
mod docs;
mod doctor;
mod engine;
mod eval;
mod exit;
mod explain;
mod git;
mod guard;
mod hook;
mod init;
mod lint;
mod list;
mod machine;
mod man;
mod matrix;
mod nix;
mod outputs;
mod policy;
mod progress;
mod prop;
mod publish;
mod pull;
mod realise;
mod saved;
mod session;
mod status;
mod stores;
mod stream;
mod switch;
mod verdict;
mod vm;

use clap::Parser;
use std::process::ExitCode;
use sys::{Env, ProcessEnv};

/// What memory comes from; where a sanitizer looks for mistakes with memory, it is the system's allocator.
#[cfg(not(any(poisoned_heap, small_heap)))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let all = ProcessEnv.args();
    // First of all: a guard has one thread only, and ends by signals.
    if let Some(code) = guard::run(&all) {
        return ExitCode::from(code);
    }
    // Where signals cannot be caught they end the process as ever. So they do to the engine of a deployment: it must not
    // take programs that were interrupted beside it for programs that failed.
    if all.get(1).is_none_or(|command| command != "engine") {
        let _ = sys::watch_interrupts();
    }
    // A panic is a bug of ours, told with its place; what it quotes may come from a hostile flake.
    std::panic::set_hook(Box::new(|panic| stream::complain(&format!("cfgcheck broke: {panic}"))));
    let called = all
        .first()
        .map(|a| a.to_string_lossy().into_owned())
        .unwrap_or_default();
    if called.rsplit('/').next() == Some("nix-instantiate") {
        let args: Vec<String> = all.iter().skip(1).map(|a| a.to_string_lossy().into_owned()).collect();
        return ExitCode::from(machine::Machine::run(move |machine| nix::main(machine, args.clone())));
    }
    let cli = match args::Cli::try_parse_from(&all) {
        Ok(cli) => std::sync::Arc::new(cli),
        Err(error) => {
            // Help and version are no errors; what cannot be printed is lost.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::CLEAN });
        }
    };
    ExitCode::from(machine::Machine::run(move |machine| match &cli.command {
        args::Command::Check(args) => check::run(machine, args),
        args::Command::Ci(args) => ci::run(machine, args),
        args::Command::Prop(args) => prop::run(machine, args),
        args::Command::Build(args) => build::run(machine, args),
        args::Command::Vm(args) => vm::run(machine, args),
        args::Command::Switch(args) => switch::run(machine, args),
        args::Command::Pull(args) => pull::run(machine, args),
        args::Command::Status(args) => status::run(machine, args),
        args::Command::Rollback(args) => switch::rollback(machine, args),
        args::Command::Engine(args) => engine::run(machine, args),
        args::Command::Matrix(args) => matrix::run(machine, args),
        args::Command::Lint(args) => lint::run(machine, args),
        args::Command::Diff(args) => diff::run(machine, args),
        args::Command::Bisect(args) => bisect::run(machine, args),
        args::Command::Explain(args) => explain::run(machine, args),
        args::Command::List(args) => list::run(machine, args),
        args::Command::Docs(args) => docs::run(machine, args),
        args::Command::Baseline(args) => baseline::run(machine, args),
        args::Command::Report(args) => saved::run(machine, args),
        args::Command::Verdict(args) => verdict::run(machine, args),
        args::Command::Init(args) => init::run(machine, args),
        args::Command::Approve(args) => approve::run(machine, args),
        args::Command::Hook(args) => hook::run(machine, args),
        args::Command::Eval(args) => eval::run(machine, args),
        args::Command::Doctor(args) => doctor::run(machine, args),
        args::Command::Completions(args) => completions::run(machine, args),
        args::Command::Man(args) => man::run(machine, args),
    }))
}
