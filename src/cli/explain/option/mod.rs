//! `cfgcheck explain option HOST OPTION`: where an option gets its value from.

mod json;
mod text;

use crate::args::{FlakeArgs, LimitArgs};
use crate::configurations::Configurations;
use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, write_out};
use clap::{Args, ValueEnum};
use nixos::{Asked, OptionPath, System, Told};
use report::Secrets;
use sys::Stream;

/// Arguments of `cfgcheck explain option`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck explain option web services.openssh.settings.PermitRootLogin
  cfgcheck explain option web 'users.users.\"a.b\".extraGroups'
  cfgcheck explain option alice@work programs.git.enable
  cfgcheck explain option --platform aarch64-linux web boot.kernelPackages
")]
pub struct OptionArgs {
    /// The host or home, by its name in the flake.
    pub host: String,
    /// The option, or an attribute inside its value; names with dots in them stand in quotes.
    pub option: String,
    /// The flake: a path or a reference.
    #[arg(long, value_name = "FLAKE", default_value = ".")]
    pub flake: String,
    /// Evaluate the host for this system instead of its own.
    #[arg(long, value_name = "SYSTEM")]
    pub platform: Option<String>,
    /// Show every definition, also those of inputs that have no effect.
    #[arg(long)]
    pub all: bool,
    /// How to print it.
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
    #[command(flatten)]
    pub flakes: FlakeArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// A form of the answer.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Output {
    /// For a person.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Why a value cannot be evaluated.
struct Failure {
    /// The message alone.
    message: String,
    /// The message with its places and what can be done.
    drawn: String,
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &OptionArgs) -> u8 {
    let path: OptionPath = match args.option.parse() {
        Ok(path) => path,
        Err(error) => {
            complain(&format!("error: `{}` is no path of an option: {error}", args.option));
            return exit::USAGE;
        }
    };
    match explained(machine, args, &path) {
        Ok(code) | Err(code) => code,
    }
}

fn explained(machine: &Machine, args: &OptionArgs, path: &OptionPath) -> Result<u8, u8> {
    let mut all = Configurations::open(machine, &args.flake, &args.flakes, &args.limits)?;
    let target = all.named(&args.host)?;
    let system = all.system(&target, args.platform.as_deref())?;
    let asked = explain(&mut all, &system, path)?;
    let explained = match asked {
        Asked::Option(explained) => explained,
        Asked::Set(names) => return Ok(written(set(args.output, path, &names))),
        Asked::Unknown(near) => {
            complain(&format!("error: {} has no option `{path}`", target.path()));
            match near.as_slice() {
                [] => complain("help: `cfgcheck list options --all` has them all"),
                [only] => complain(&format!("help: did you mean `{only}`?")),
                all => complain(&format!("help: did you mean one of `{}`?", all.join("`, `"))),
            }
            return Err(exit::USAGE);
        }
    };
    let failure = match &explained.value {
        Told::Failed(error) => Some(Failure {
            message: all.secrets().text(error.message.trim()).into_owned(),
            drawn: all.told(error),
        }),
        _ => None,
    };
    let code = if failure.is_some() { exit::FINDINGS } else { exit::CLEAN };
    let out = match args.output {
        Output::Text => {
            let width = machine.env.columns(Stream::Out).unwrap_or(80);
            text::write(&system, &explained, failure.as_ref(), args.all, width)
        }
        Output::Json => json::write(&system, &explained, failure.as_ref()),
    };
    Ok(written(out).max(code))
}

fn explain(all: &mut Configurations, system: &System, path: &OptionPath) -> Result<Asked, u8> {
    // Only what was evaluated is known to be the user's, so that files read by this count, too.
    all.evaluated(|ev, view| system.explain(ev, path, view, &Secrets::new()))?;
    let secrets = all.secrets();
    all.evaluated(|ev, view| system.explain(ev, path, view, &secrets))
}

/// Returns what is said of a set of options.
fn set(output: Output, path: &OptionPath, names: &[String]) -> String {
    match output {
        Output::Json => {
            let value = serde_json::json!({ "set": path.to_string(), "names": names });
            serde_json::to_string_pretty(&value).expect("names are text") + "\n"
        }
        Output::Text => {
            let mut out = format!("{path} is a set of options, with\n\n");
            for name in names {
                out.push_str(&format!("  {}\n", path.with(name)));
            }
            diag::clean(&out).into_owned()
        }
    }
}

fn written(text: String) -> u8 {
    match write_out(text.as_bytes()) {
        Ok(()) => exit::CLEAN,
        Err(error) => {
            complain(&format!("error: cannot write to standard output: {error}"));
            exit::CANNOT_START
        }
    }
}
