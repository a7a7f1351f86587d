//! `cfgcheck switch --hosts`: several hosts in waves, of which none is changed before all could be.

mod args;
mod back;
mod carry_out;
mod parallel;
mod prepare;
pub mod roster;
mod text;

pub use args::{FleetArgs, HostsArgs, WavesArgs};
pub use back::run as back;
pub use parallel::each;
pub use text::table;

use super::args::SwitchArgs;
use super::deploy::code_of;
use super::told::Told;
use super::trouble::Trouble;
use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, say};
use crate::switch::text::plan;
use ::deploy::Ended;
use ::deploy::fleet::{Fleet, Host, Limits, Waves};
use carry_out::Came;
use prepare::{Member, Prepared};
use roster::Roster;
use std::collections::BTreeMap;
use sys::FileKind;

/// Runs `cfgcheck switch --hosts` and returns its exit code.
pub fn run(machine: &Machine, args: &SwitchArgs) -> u8 {
    deployed(machine, args).unwrap_or_else(|trouble| tell(&trouble))
}

/// Tells what keeps a whole fleet, and returns the exit code.
pub fn tell(trouble: &Trouble) -> u8 {
    for reason in &trouble.reasons {
        complain(&format!("error: {}", reason.why));
    }
    trouble.code
}

fn deployed(machine: &Machine, args: &SwitchArgs) -> Result<u8, Trouble> {
    let flake = args.what.flake.as_deref().unwrap_or(".");
    if let Some(folder) = &args.approve.verdict {
        let stat = machine.fs.stat(folder).map_err(Trouble::usage)?;
        if stat.is_none_or(|stat| stat.kind != FileKind::Directory) {
            return Err(Trouble::usage(format!(
                "{} is no folder, in which each host has its verdict as HOST.json",
                folder.display()
            )));
        }
    }
    let asked = args.which.asked(flake, args.what.offline, args.what.trust);
    let (roster, systems) = match &args.waves.systems {
        Some(file) => Roster::of_systems(machine, &asked, file)?,
        None => (Roster::of_flake(machine, &asked)?, BTreeMap::new()),
    };
    let limits = limits(args, &roster.fleet);
    let waves = waves(args, &roster)?;
    let members: Result<Vec<Member>, Trouble> = roster
        .hosts
        .iter()
        .map(|host| Member::of(machine, args, host, systems.get(&host.name)))
        .collect();
    let shown = text::waves(&waves, limits);
    match args.dry_run {
        true => say(shown.as_bytes()),
        false => complain(shown.trim_end()),
    }
    let mut told = Told::begin(machine, &source(args, flake));
    let prepared = prepare::all(machine, args, members?)?;
    if args.dry_run {
        print_plans(&waves, &prepared);
    }
    let came = match why_not(args, &waves, &prepared) {
        Some(why) => not_begun(&waves, &prepared, &why),
        None => {
            let kept = waves.without(|host| prepared.left_out.contains_key(host));
            let (mut came, why) = carry_out::waves(machine, &kept, limits, &prepared.ready);
            if let Some(why) = why.filter(|_| args.waves.all_or_nothing) {
                carry_out::take_back(machine, &prepared.ready, &mut came, &why);
            }
            came.extend(not_begun(&waves, &prepared, ""));
            came
        }
    };
    prepared.cases.into_iter().for_each(|case| told.case(case));
    for (host, came) in &came {
        told.host(host, &came.ended, Some(came.took.unwrap_or_default()));
    }
    let code = code(came.values().map(|came| &came.ended));
    if args.dry_run {
        return Ok(told.write_asked(&args.output, code));
    }
    Ok(told.write(&args.output, &text::summary(&waves, &came), code))
}

/// Returns where the systems come from, as reports name it.
fn source(args: &SwitchArgs, flake: &str) -> String {
    let file = args.waves.systems.as_ref();
    file.map_or(flake.to_owned(), |file| file.display().to_string())
}

fn limits(args: &SwitchArgs, fleet: &Fleet) -> Limits {
    let own = Limits::default();
    Limits {
        at_once: args
            .waves
            .at_once
            .map(usize::from)
            .or(fleet.at_once)
            .unwrap_or(own.at_once),
        max_failures: args
            .waves
            .max_failures
            .or(fleet.max_failures)
            .unwrap_or(own.max_failures),
    }
}

/// Returns the order of the hosts. A canary of the command line has to be one of them; one of the fleet's file may be missing.
fn waves(args: &SwitchArgs, roster: &Roster) -> Result<Waves, Trouble> {
    let tagged = |host: &Host| (host.name.clone(), host.tags.clone());
    let hosts: Vec<_> = roster.hosts.iter().map(tagged).collect();
    let canary = match args.waves.canary.as_slice() {
        [] => &roster.fleet.canary,
        asked => {
            ::deploy::fleet::select(asked, &hosts).map_err(|why| Trouble::usage(format!("the canary: {why}")))?;
            asked
        }
    };
    let waves = Waves::of(&hosts, canary, &roster.fleet.waves);
    if !canary.is_empty() && !waves.0.iter().any(|wave| wave.is_canary()) {
        complain("note: no canary is among these hosts");
    }
    Ok(waves)
}

/// Returns why no host is changed, if that is so.
fn why_not(args: &SwitchArgs, waves: &Waves, prepared: &Prepared) -> Option<String> {
    if sys::interrupted() {
        return Some("the run was interrupted".into());
    }
    let mut left_out = prepared.left_out.iter();
    if let Some((host, ended)) = left_out.next().filter(|_| !args.waves.keep_going) {
        return Some(format!("{}, and no host is changed then", ended.as_of(host)));
    }
    let canaries = waves.0.iter().find(|wave| wave.is_canary());
    if canaries.is_some_and(|wave| wave.hosts.iter().all(|host| prepared.left_out.contains_key(host))) {
        return Some("no canary is left".into());
    }
    args.dry_run.then(|| "this was a dry run".into())
}

/// Returns the ends of hosts that were left out, and, for a reason, of all others.
fn not_begun(waves: &Waves, prepared: &Prepared, why: &str) -> BTreeMap<String, Came> {
    let of = |host: &str| {
        let ended = match prepared.left_out.get(host) {
            Some(ended) => ended.clone(),
            None if why.is_empty() => return None,
            None => Ended::NotBegun(why.to_owned()),
        };
        Some((host.to_owned(), Came { ended, took: None }))
    };
    waves.hosts().filter_map(of).collect()
}

fn print_plans(waves: &Waves, prepared: &Prepared) {
    for host in waves.hosts() {
        match (prepared.ready.get(host), prepared.left_out.get(host)) {
            (Some(ready), _) => say(format!("\n{}", plan(&ready.plan, host)).as_bytes()),
            (None, Some(ended)) => {
                let mut out = format!("\n{}\n", diag::clean_line(host));
                for reason in ended.reasons() {
                    out.push_str(&format!("  {:<10}{}\n", ended.word(), reason.why));
                }
                say(out.as_bytes());
            }
            (None, None) => {}
        }
    }
}

/// The exit codes of a fleet, the worst one first.
const CODES: [u8; 7] = [
    exit::ROLLBACK_FAILED,
    exit::ROLLED_BACK,
    exit::CANNOT_START,
    exit::REFUSED,
    exit::FINDINGS,
    exit::INTERRUPTED,
    exit::REBOOT_PENDING,
];

/// Returns the exit code of a run: the worst of all hosts.
fn code<'e>(all: impl Iterator<Item = &'e Ended>) -> u8 {
    let mut codes: Vec<u8> = all.map(code_of).collect();
    codes.extend(sys::interrupted().then_some(exit::INTERRUPTED));
    worst(&codes)
}

/// Returns the worst of several exit codes.
pub fn worst(codes: &[u8]) -> u8 {
    CODES
        .into_iter()
        .find(|code| codes.contains(code))
        .unwrap_or(exit::CLEAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_host_is_the_exit_code() {
        for (codes, expected) in [
            (&[][..], 0),
            (&[0, 0], 0),
            (&[0, 7], 7),
            (&[7, 1, 0], 1),
            (&[1, 6], 6),
            (&[6, 3], 3),
            (&[3, 4, 6], 4),
            (&[4, 5, 3], 5),
        ] {
            assert_eq!(worst(codes), expected, "{codes:?}");
        }
    }
}
