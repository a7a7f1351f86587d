//! `cfgcheck prop`: generated modules on the flake's own options, and the laws that they break.

mod args;
mod cases;
mod found;
mod hosts;
mod library;
mod regressions;
mod replayed;
mod watch;
mod work;

pub use args::PropArgs;

use crate::check::run::Run;
use crate::check::settings::Settings;
use crate::check::{Done, is_law, keep_findings, prepared, wrong};
use crate::config::{Pattern, Seed};
use crate::exit;
use crate::machine::Machine;
use crate::stream::complain;
use ::prop::Law;
use work::Work;

/// Returns all laws: those about a user's options, about hosts, and about the library.
pub fn laws() -> impl Iterator<Item = &'static Law> {
    let of_lib = ::prop::laws::all().iter();
    ::prop::own::LAWS.iter().chain(::prop::toggle::laws()).chain(of_lib)
}

/// Returns the law of an id.
pub fn law(id: &str) -> Option<&'static Law> {
    laws().find(|law| law.id == id)
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &PropArgs) -> u8 {
    match judge(machine, args) {
        Ok(done) => done.told(machine, &args.of_check()),
        Err(code) => code,
    }
}

/// Runs the laws and keeps their findings in the baseline beside the flake; returns the exit code.
pub fn write_baseline(machine: &Machine, args: &PropArgs) -> u8 {
    match judge(machine, args) {
        Ok(done) => keep_findings(machine, done, |rule| !is_law(rule)),
        Err(code) => code,
    }
}

/// Runs the laws; an error has been told, and is the exit code.
pub(crate) fn judge(machine: &Machine, args: &PropArgs) -> Result<Done, u8> {
    let of_check = args.of_check();
    let chosen = chosen(&crate::check::patterns(&args.law).map_err(wrong)?)?;
    let (asked, run) = match &args.lib {
        Some(_) => (None, Run::new(machine, &of_check, Settings::default())?),
        None => {
            let (asked, run) = prepared(machine, &of_check, "prop")?;
            (Some(asked), run)
        }
    };
    let folder = asked.as_ref().and_then(|asked| run.disk(asked));
    let plan = args.plan(&run.config.prop).map_err(wrong)?;
    let seed = match plan.seed {
        Seed::Fixed(number) => number,
        Seed::Random => drawn()?,
    };
    let mut work = Work::new(run, args, plan, seed, chosen, folder.clone());
    match &asked {
        Some(asked) => work.flake(asked),
        None => work.library()?,
    }
    work.run.done(folder)
}

/// Returns the laws that patterns choose.
fn chosen(patterns: &[Pattern]) -> Result<Vec<&'static Law>, u8> {
    let fits = |pattern: &Pattern| laws().any(|law| pattern.matches(law.id));
    if let Some(unknown) = patterns.iter().find(|pattern| !fits(pattern)) {
        let unknown = unknown.to_string();
        let help = match yaml::nearest(&unknown, laws().map(|law| law.id)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`cfgcheck list rules` has them all".to_owned(),
        };
        return Err(wrong(format!("there is no law `{unknown}`\nhelp: {help}")));
    }
    let chosen = |law: &&Law| patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(law.id));
    Ok(laws().filter(chosen).collect())
}

/// Returns a seed from the machine's randomness, short enough to be typed.
fn drawn() -> Result<u64, u8> {
    let token = sys::random_token().map_err(|error| {
        complain(&format!("error: there is no randomness: {error}"));
        exit::CANNOT_START
    })?;
    Ok(token
        .get(..8)
        .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        .unwrap_or(0))
}
