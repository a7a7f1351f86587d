//! `cfgcheck bisect`: which input of a lock update breaks or changes which host.

mod text;
mod update;
mod work;

use crate::args::{CheckArgs, ColorArg, FlakeArgs, LimitArgs};
use crate::check::{prepared, wrong};
use crate::diff::states::state;
use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, write_out};
use clap::Args;
use sys::Stream;
use update::Update;
use work::{Failed, Work};

/// Arguments of `cfgcheck bisect`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  nix flake update && cfgcheck bisect       what the update does, input by input
  cfgcheck bisect main --host web           the lock here against that of a branch
  cfgcheck bisect HEAD~3 --json             for other programs
")]
pub struct BisectArgs {
    /// What has the lock from before the update: a commit, a branch or a tag, or another flake.
    #[arg(default_value = "HEAD")]
    pub base: String,
    /// The flake whose lock was updated.
    #[arg(long, value_name = "REF", default_value = ".")]
    pub flake: String,
    /// Only hosts whose name matches this pattern; may be repeated.
    #[arg(long, value_name = "PATTERN")]
    pub host: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// When to use colours.
    #[arg(long, value_enum, default_value = "auto")]
    pub color: ColorArg,
    #[command(flatten)]
    pub flakes: FlakeArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

impl BisectArgs {
    fn of_check(&self) -> CheckArgs {
        let mut args = CheckArgs {
            limits: self.limits.clone(),
            ..CheckArgs::default()
        };
        args.judge.flake.clone_from(&self.flake);
        args.judge.host.clone_from(&self.host);
        args.judge.flakes = self.flakes.clone();
        args
    }
}

/// Runs the command and returns its exit code: 1 if the update breaks something.
pub fn run(machine: &Machine, args: &BisectArgs) -> u8 {
    let of_check = args.of_check();
    let (asked, run) = match prepared(machine, &of_check, "bisect") {
        Ok(prepared) => prepared,
        Err(code) => return code,
    };
    let base = match state(machine, &args.flake, &args.base) {
        Ok(base) => base,
        Err(error) => return wrong(error.to_string()),
    };
    let update = match Work::new(run, &asked, &base).update() {
        Ok(update) => update,
        Err(_) if sys::interrupted() => return exit::INTERRUPTED,
        Err(Failed::Usage(error)) => return wrong(error),
        Err(Failed::Flake(error)) => return failed(&error, exit::FINDINGS),
        Err(Failed::Machine(error)) => return failed(&error, exit::CANNOT_START),
    };
    if let Err(error) = write_out(form(machine, args, &update).as_bytes()) {
        return failed(
            &format!("standard output cannot be written to: {error}"),
            exit::CANNOT_START,
        );
    }
    match update.breaks() {
        true => exit::FINDINGS,
        false => exit::CLEAN,
    }
}

fn failed(error: &str, code: u8) -> u8 {
    complain(&format!("error: {}", diag::clean(error.trim_end())));
    code
}

fn form(machine: &Machine, args: &BisectArgs, update: &Update) -> String {
    if args.json {
        let json = serde_json::to_string_pretty(update).expect("an update has only texts as keys");
        return format!("{json}\n");
    }
    let env = &machine.env;
    let color = match args.color {
        ColorArg::Always => true,
        ColorArg::Never => false,
        ColorArg::Auto => env.is_terminal(Stream::Out) && env.text("NO_COLOR").is_none(),
    };
    text::write(update, color, env.columns(Stream::Out).unwrap_or(80))
}
