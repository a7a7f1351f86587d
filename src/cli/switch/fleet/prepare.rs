//! All that comes before the first host is changed: each is asked, its system is approved, built, brought to it, and planned.

use super::parallel::each;
use super::roster;
use crate::args::{Cli, Command};
use crate::machine::Machine;
use crate::stream::complain;
use crate::switch::approve::{self, Approved, Judgements};
use crate::switch::args::{ApproveArgs, HowArgs, SwitchArgs, WhatArgs};
use crate::switch::deploy::{Wanted, by, plan};
use crate::switch::source::{self, Named};
use crate::switch::target::Target;
use crate::switch::trouble::Trouble;
use crate::{build, exit};
use ::deploy::fleet::Host;
use ::deploy::order::Origin;
use ::deploy::{Ended, Plan, Policy, Reason, Status};
use clap::Parser;
use report::{Case, Outcome, Report};
use std::collections::BTreeMap;

/// A host that is to be deployed to.
pub struct Member {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub target: Target,
    /// How it is deployed to.
    pub how: HowArgs,
    named: Named,
}

/// A host that can be deployed to.
pub struct Ready {
    /// The host.
    pub member: Member,
    /// What it is brought to, and by which approval.
    pub wanted: Wanted,
    /// What that would do.
    pub plan: Plan,
}

/// What came of the preparations.
#[derive(Default)]
pub struct Prepared {
    /// The hosts that can be deployed to, by their names.
    pub ready: BTreeMap<String, Ready>,
    /// Those that cannot, and why.
    pub left_out: BTreeMap<String, Ended>,
    /// What did not evaluate or was not built, as `cfgcheck build` tells it.
    pub cases: Vec<Case>,
}

impl Member {
    /// Returns a host, as its fleet's file and the command line say.
    pub fn of(machine: &Machine, args: &SwitchArgs, host: &Host, system: Option<&String>) -> Result<Member, Trouble> {
        let what = WhatArgs {
            host: Some(host.name.clone()),
            system: system.map(Into::into),
            ..args.what.clone()
        };
        Ok(Member {
            name: host.name.clone(),
            target: roster::target(host, args.to.sudo, args.to.remote_program.as_deref()),
            how: how(&args.how, host),
            named: source::named(machine, &what, false)?,
        })
    }
}

/// Returns how a host is deployed to: what is said of it is added to what the command line asks for, which has the last word.
pub fn how(args: &HowArgs, host: &Host) -> HowArgs {
    let mut how = args.clone();
    let health = &host.health;
    how.healthy_unit
        .extend(health.units.iter().map(|text| text.as_ref().to_owned()));
    how.healthy_http
        .extend(health.http.iter().map(|text| text.as_ref().to_owned()));
    how.healthy_tcp
        .extend(health.tcp.iter().map(|text| text.as_ref().to_owned()));
    how.healthy_command
        .extend(health.command.iter().map(|text| text.as_ref().to_owned()));
    how.grace = how.grace.or(health.grace);
    how.patience = how.patience.or(host.patience);
    if how.reach.is_empty() {
        how.reach.clone_from(&host.reach);
    }
    how
}

/// Prepares hosts, and changes nothing on them but their stores. Where one cannot be deployed to, the next step is taken only if
/// that host may be left out.
pub fn all(machine: &Machine, args: &SwitchArgs, members: Vec<Member>) -> Result<Prepared, Trouble> {
    let mut prepared = Prepared::default();
    let seen = each(&members, |member| seen(machine, member, &args.approve));
    let mut left = Vec::new();
    for (member, seen) in members.into_iter().zip(seen) {
        match seen {
            Ok(seen) => left.push((member, seen)),
            Err(trouble) => prepared.leave_out(&member, trouble)?,
        }
    }
    if prepared.must_end(args) {
        return Ok(prepared);
    }
    let mut judgements = Judgements::default();
    let mut approved = Vec::new();
    for (member, (status, policy)) in left {
        let of_host = of_host(machine, &args.approve, &member.name)?;
        match approve::by_policy(
            machine,
            policy.as_ref(),
            &of_host,
            &member.named,
            &status,
            None,
            &mut judgements,
        ) {
            Ok(is_approved) => approved.push((member, is_approved)),
            Err(trouble) => prepared.leave_out(&member, trouble)?,
        }
    }
    if prepared.must_end(args) {
        return Ok(prepared);
    }
    let built = built(machine, args, &mut prepared, approved)?;
    if prepared.must_end(args) {
        return Ok(prepared);
    }
    let planned = each(&built, |(member, wanted)| brought(machine, member, wanted));
    for ((member, wanted), plan) in built.into_iter().zip(planned) {
        match plan {
            Ok(plan) if plan.refusals.is_empty() => {
                let name = member.name.clone();
                prepared.ready.insert(name, Ready { member, wanted, plan });
            }
            Ok(plan) => {
                let reasons = plan.refusals.iter().map(Reason::new).collect();
                prepared.leave_out(&member, Trouble::refused(reasons))?;
            }
            Err(trouble) => prepared.leave_out(&member, trouble)?,
        }
    }
    Ok(prepared)
}

impl Prepared {
    /// Leaves a host out; wrong use of the command is of no single host, and ends all.
    fn leave_out(&mut self, member: &Member, trouble: Trouble) -> Result<(), Trouble> {
        trouble.tell(&member.target);
        if trouble.code == exit::USAGE {
            return Err(Trouble::told_already(trouble.code));
        }
        self.left_out.insert(member.name.clone(), trouble.ended());
        Ok(())
    }

    fn must_end(&self, args: &SwitchArgs) -> bool {
        sys::interrupted() || !self.left_out.is_empty() && !args.waves.keep_going
    }
}

/// What a host tells before it is deployed to: its state, and its policy if that is asked for.
fn seen(machine: &Machine, member: &Member, args: &ApproveArgs) -> Result<(Status, Option<Policy>), Trouble> {
    let status = member.target.ask(machine, &["observe"])?;
    Ok((status, approve::asked_policy(machine, &member.target, args)?))
}

/// Returns what approves one host, where verdicts are a folder of them.
fn of_host(machine: &Machine, args: &ApproveArgs, host: &str) -> Result<ApproveArgs, Trouble> {
    let mut args = args.clone();
    if let Some(folder) = &args.verdict {
        let file = folder.join(format!("{host}.json"));
        // A host's name is no way out of the folder.
        let is_name = !host.contains('/') && !host.starts_with('.');
        let is_there = is_name && machine.fs.stat(&file).map_err(Trouble::usage)?.is_some();
        args.verdict = is_there.then_some(file);
    }
    Ok(args)
}

/// Brings a system to a host, and returns what it would take to switch to it.
fn brought(machine: &Machine, member: &Member, wanted: &Wanted) -> Result<Plan, Trouble> {
    if member.named.system.is_none() {
        source::copy(machine, &member.target, &wanted.system)?;
    }
    Ok(plan(machine, &member.target, wanted, &member.how)?)
}

/// Returns the hosts with their systems: those that are named, and those of flakes, which are built, each commit in one go.
fn built(
    machine: &Machine,
    args: &SwitchArgs,
    prepared: &mut Prepared,
    approved: Vec<(Member, Approved)>,
) -> Result<Vec<(Member, Wanted)>, Trouble> {
    let mut by_reference: BTreeMap<String, Vec<(Member, Approved)>> = BTreeMap::new();
    let mut built = Vec::new();
    for (member, approved) in approved {
        match member.named.system.clone() {
            Some(system) => built.push(wanted(machine, member, approved, system)),
            None => {
                let commit = approved.commit.as_deref().filter(|_| approved.is_pinned);
                let reference = source::reference(&member.named, commit)?;
                by_reference.entry(reference).or_default().push((member, approved));
            }
        }
    }
    for (reference, members) in by_reference {
        let names: Vec<&str> = members.iter().map(|(member, _)| member.name.as_str()).collect();
        complain(&diag::clean_line(&format!("building {}", names.join(", "))));
        let report = report_of_build(machine, &args.what, &reference, &names)?;
        for (member, approved) in members {
            match system_of(&report, &member.name) {
                Some(system) => built.push(wanted(machine, member, approved, system)),
                None => {
                    let why = why_not_built(&report, &member.name);
                    prepared.leave_out(&member, Trouble::new(exit::FINDINGS, why))?;
                }
            }
        }
        let is_bad = |case: &Case| !matches!(case.outcome, Outcome::Passed | Outcome::Skipped(_));
        prepared.cases.extend(report.cases.into_iter().filter(is_bad));
    }
    Ok(built)
}

fn wanted(machine: &Machine, member: Member, approved: Approved, system: String) -> (Member, Wanted) {
    let origin = Origin {
        host: Some(member.name.clone()),
        flake: member.named.flake.clone(),
        commit: approved.commit,
        by: by(machine),
    };
    let wanted = Wanted {
        system,
        origin,
        approval: approved.approval,
    };
    (member, wanted)
}

/// Builds hosts of a flake with the installed Nix, and returns what came of each.
fn report_of_build(machine: &Machine, what: &WhatArgs, flake: &str, hosts: &[&str]) -> Result<Report, Trouble> {
    let mut argv = vec![
        "cfgcheck",
        "build",
        flake,
        "--of",
        source::output(false),
        "--build-with",
        "nix",
    ];
    for host in hosts {
        argv.extend(["--host", host]);
    }
    if let Some(platform) = &what.platform {
        argv.extend(["--system", platform]);
    }
    argv.extend(what.offline.then_some("--offline"));
    argv.extend(what.trust.then_some("--trust"));
    let cli = Cli::try_parse_from(argv).map_err(Trouble::cannot_start)?;
    let Command::Build(args) = &cli.command else {
        return Err(Trouble::told_already(exit::OUR_BUG));
    };
    build::report(machine, args).map_err(Trouble::told_already)
}

/// Returns the store path that a host was built to.
fn system_of(report: &Report, host: &str) -> Option<String> {
    let cases = report
        .cases
        .iter()
        .filter(|case| case.subject.host.as_deref() == Some(host));
    let mut built = cases.filter(|case| case.outcome == Outcome::Passed);
    built.find_map(|case| case.properties.get(build::OUT).cloned())
}

/// Returns why a host was not built: what is found of it, else what is found of the flake.
fn why_not_built(report: &Report, host: &str) -> String {
    let of = |host: Option<&str>| {
        let cases = report.cases.iter().filter(|case| case.subject.host.as_deref() == host);
        let mut findings = cases.flat_map(|case| &case.findings);
        findings.next().map(|finding| finding.message.clone())
    };
    let why = of(Some(host)).or_else(|| of(None));
    why.unwrap_or_else(|| "nothing was built of it".to_owned())
}
