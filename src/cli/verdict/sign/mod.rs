//! `cfgcheck verdict sign`: the commit that is checked out is checked, and what was found is signed.
//!
//! A report on the disk says what its writer wants it to say: of which commit it is, and whether all is well. So none is
//! taken. What is signed was found by this very run, without anything that earlier runs have kept, of the commit and of
//! nothing beside it.

mod built;
mod commit;
mod job;

use super::listed::Listed;
use crate::args::{CacheArgs, FlakeArgs, Ifd, JudgeArgs, LimitArgs};
use crate::build::EngineArgs;
use crate::ci::{self, CiArgs};
use crate::config::{Pattern, Stage};
use crate::configurations::Configurations;
use crate::exit;
use crate::machine::Machine;
use crate::outputs::{Format, output};
use crate::stream::{complain, say};
use crate::vm::AccelArgs;
use built::{Evaluated, evaluated};
use clap::Args;
use commit::Commit;
use deploy::moment;
use deploy::policy::check_repository;
use deploy::verdict::{ClosureError, Envelope, LONGEST_LIFE, Results, SecretKey, Verdict, hash_closure};
use diag::Severity;
use flake::tree::join;
use nixos::Kind;
use report::{Case, Report};
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;
use store::{Hash, HashAlgo};
use sys::Mode;

/// Arguments of `cfgcheck verdict sign`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples, in a job of the protected branch that runs no pull request's code:
  nix path-info --recursive --json $(cat built.txt) >closure.json
  cfgcheck verdict sign --key fleet-1.key --closure closure.json
  cfgcheck verdict sign --key fleet-1.key --closure closure.json --host web --stage check,vm
"
)]
pub struct SignArgs {
    /// The folder of the flake, in a Git repository whose commit is checked out and unchanged.
    #[arg(default_value = ".")]
    flake: String,
    /// The file of the secret key, which nobody else may read.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The paths of what was built, as `nix path-info --recursive --json` lists them; or its plain lines, for one host.
    #[arg(long, value_name = "FILE")]
    closure: PathBuf,
    /// Only hosts whose name matches this pattern; may be repeated.
    #[arg(long, value_name = "PATTERN")]
    host: Vec<String>,
    /// The folder that verdicts are written to, as HOST.json.
    #[arg(long, value_name = "FOLDER", default_value = "verdicts")]
    to: PathBuf,
    /// The repository, as the policy names it [default: in a job of github.com, `github:` and its repository].
    #[arg(long, value_name = "REF")]
    repository: Option<String>,
    /// How long verdicts hold, such as `12h` or `7d`; 90 days at most.
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = life)]
    valid_for: Duration,
    /// What is done before signing; several with commas between them.
    #[arg(
        long,
        value_enum,
        value_name = "STAGES",
        value_delimiter = ',',
        default_value = "check"
    )]
    stage: Vec<Stage>,
    /// What hosts are compared with, and switched from in machines: a commit, a branch or a tag.
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Read the built paths from the store of the machine whose root is this folder.
    #[arg(long, value_name = "FOLDER", default_value = "/")]
    store_root: PathBuf,
    /// Write a report to a file or `-`: text, json, junit, jenkins, github, sarif, gitlab, markdown or html; may be repeated.
    #[arg(long, value_name = "KIND=PATH", value_parser = output)]
    output: Vec<(Format, PathBuf)>,
    /// Sign nothing of what has warnings, either.
    #[arg(long)]
    deny_warnings: bool,
    /// Never use the network.
    #[arg(long)]
    offline: bool,
    /// What to do when evaluation needs something built.
    #[arg(long, value_enum, default_value_t)]
    ifd: Ifd,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten, next_help_heading = "Machines, for `--stage vm`")]
    accel: AccelArgs,
    #[command(flatten, next_help_heading = "Machines, for `--stage vm`")]
    engine: EngineArgs,
    /// Most machines that run beside each other [default: as many as have a processor and memory of their own].
    #[arg(long, short, value_name = "N", help_heading = "Machines, for `--stage vm`")]
    jobs: Option<NonZero<usize>>,
}

/// Reads how long a verdict holds.
fn life(text: &str) -> Result<Duration, String> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit = match &text[end..] {
        "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err("write it as 30min, 12h or 7d".into()),
    };
    let seconds = text[..end]
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit));
    let life = seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs);
    life.filter(|life| *life <= LONGEST_LIFE)
        .ok_or_else(|| format!("a verdict holds for {} days at most", LONGEST_LIFE.as_secs() / 86_400))
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &SignArgs) -> u8 {
    match signed(machine, args) {
        Ok(()) => exit::CLEAN,
        Err(code) => code,
    }
}

/// Checks, and signs; what keeps it from that has been told, and is the exit code.
fn signed(machine: &Machine, args: &SignArgs) -> Result<(), u8> {
    // What is missing is told before the work is done, and not after.
    drop(key(machine, args)?);
    let repository = repository(machine, args)?;
    let listed = listed(machine, args)?;
    let commit = Commit::of(machine, &args.flake).map_err(|error| exit::refuse(&error))?;
    job::check(machine, &commit.id).map_err(|error| exit::refuse(&error))?;
    complain(&format!("the commit is {} of {repository}", commit.id));
    let of_ci = args.of_ci(commit.asked.reference.to_string());
    let mut all = Configurations::open(machine, &of_ci.judge.flake, &of_ci.judge.flakes, &args.limits)?;
    let lock = lock(machine, &commit, &all)?;
    let hosts = hosts(args, &all)?;
    if hosts.len() > 1 && !listed.has_references() {
        let why = "a list of several hosts' closures has to tell which path refers to which: take that of `--json`";
        return Err(exit::wrong_usage(&format!("'{}': {why}", args.closure.display())));
    }
    let found = ci::found(machine, &of_ci)?;
    let written = found.write(machine, &args.output);
    if sys::interrupted() {
        return Err(exit::INTERRUPTED);
    }
    if let Some(code) = found.code {
        complain("nothing is signed, as not all could be done that `--stage` asks for");
        return Err(code);
    }
    let mut code = if written { exit::CLEAN } else { exit::CANNOT_START };
    let mut verdicts = Vec::new();
    for number in hosts {
        let host = evaluated(machine, &mut all, number)?;
        match results(&found.report, found.deny, &host.host) {
            Ok(results) => verdicts.push(verdict(
                machine,
                args,
                &commit,
                &repository,
                lock,
                host,
                results,
                &listed,
            )?),
            Err(why) => {
                complain(&format!("nothing is signed of {}: {why}", host.host));
                code = code.max(exit::FINDINGS);
            }
        }
    }
    // Read anew, so that it was in no memory while the flake was evaluated.
    let key = key(machine, args)?;
    machine
        .fs
        .create_dir_all(&args.to)
        .map_err(|error| exit::cannot_start(&error))?;
    for verdict in &verdicts {
        let path = args.to.join(format!("{}.json", verdict.host));
        let mut envelope = Envelope::of(verdict);
        envelope.sign(&key);
        let text = envelope.to_text();
        machine
            .fs
            .write_atomic(&path, text.as_bytes(), Mode::Plain)
            .map_err(|error| exit::cannot_start(&error))?;
        tell(verdict, &key, &path);
    }
    match code {
        exit::CLEAN => Ok(()),
        code => Err(code),
    }
}

impl SignArgs {
    /// Returns what a run of `cfgcheck ci` on the flake at its commit is asked for: nothing that was kept, and nothing that would
    /// make it judge anything else.
    fn of_ci(&self, flake: String) -> CiArgs {
        CiArgs {
            stage: self.stage.clone(),
            base: self.base.clone(),
            no_base: self.base.is_none(),
            publish: Vec::new(),
            name: String::new(),
            system: Vec::new(),
            platform: Vec::new(),
            judge: JudgeArgs {
                flake,
                host: self.host.clone(),
                deny_warnings: self.deny_warnings,
                flakes: FlakeArgs {
                    offline: self.offline,
                    ifd: self.ifd,
                    ..FlakeArgs::default()
                },
                ..JudgeArgs::default()
            },
            cache: CacheArgs {
                no_cache: true,
                ..CacheArgs::default()
            },
            limits: self.limits.clone(),
            artifacts: None,
            jobs: self.jobs,
            accel: self.accel.clone(),
            engine: self.engine.clone(),
        }
    }
}

fn key(machine: &Machine, args: &SignArgs) -> Result<SecretKey, u8> {
    SecretKey::read(machine.fs.as_ref(), &args.key).map_err(|error| exit::wrong_usage(&error))
}

fn repository(machine: &Machine, args: &SignArgs) -> Result<String, u8> {
    let repository = args.repository.clone().or_else(|| job::repository(machine));
    let Some(repository) = repository else {
        return Err(exit::wrong_usage(
            &"name the repository as the policy does: --repository github:OWNER/NAME",
        ));
    };
    check_repository(&repository).map_err(|error| exit::wrong_usage(&error))?;
    Ok(repository)
}

fn listed(machine: &Machine, args: &SignArgs) -> Result<Listed, u8> {
    let bytes = machine
        .fs
        .read(&args.closure)
        .map_err(|error| exit::wrong_usage(&error))?;
    Listed::read(&bytes).map_err(|error| exit::wrong_usage(&format!("'{}': {error}", args.closure.display())))
}

/// Returns the hash of `flake.lock`, which has to be the commit's and in step with `flake.nix`.
fn lock(machine: &Machine, commit: &Commit, all: &Configurations) -> Result<Option<Hash>, u8> {
    let Some(locked) = all.session.flakes.get(0) else {
        return Err(exit::refuse(&"the flake is not locked"));
    };
    if locked.changed {
        return Err(exit::refuse(
            &"flake.lock is not in step with flake.nix, so that the commit does not say what its inputs are; commit it",
        ));
    }
    let (tree, dir) = (locked.flake.tree.accessor.as_ref(), &locked.flake.dir);
    let fs = machine.fs.as_ref();
    commit
        .has_same_settings(fs, tree, dir)
        .map_err(|error| exit::refuse(&error))?;
    let path = join(dir, b"flake.lock");
    match tree.lstat(&path).map_err(|error| exit::cannot_start(&error))? {
        None => Ok(None),
        Some(_) => {
            let bytes = tree.read_file(&path).map_err(|error| exit::cannot_start(&error))?;
            Ok(Some(HashAlgo::Sha256.hash(bytes)))
        }
    }
}

/// Returns the numbers of the hosts of NixOS that are asked for, of which there has to be one.
fn hosts(args: &SignArgs, all: &Configurations) -> Result<Vec<usize>, u8> {
    let patterns = crate::check::patterns(&args.host).map_err(|error| exit::wrong_usage(&error))?;
    let names = all.targets.iter().filter(|target| target.kind == Kind::Nixos);
    let names: Vec<&str> = names.map(|target| target.name.as_str()).collect();
    if let Some(unknown) = crate::check::unknown_host(&patterns, names.iter().copied()) {
        return Err(exit::wrong_usage(&unknown));
    }
    let is_asked = |name: &str| patterns.is_empty() || patterns.iter().any(|pattern: &Pattern| pattern.matches(name));
    let chosen = all.targets.iter().enumerate();
    let chosen = chosen.filter(|(_, target)| target.kind == Kind::Nixos && is_asked(&target.name));
    let chosen: Vec<(usize, &str)> = chosen.map(|(number, target)| (number, target.name.as_str())).collect();
    if chosen.is_empty() {
        return Err(exit::wrong_usage(&"the flake has no host of NixOS"));
    }
    // It becomes the name of a file.
    if let Some((_, odd)) = chosen
        .iter()
        .find(|(_, name)| name.contains('/') || name.starts_with('.'))
    {
        return Err(exit::wrong_usage(&format!(
            "a host with the name `{odd}` has no verdict; leave it out with --host"
        )));
    }
    Ok(chosen.into_iter().map(|(number, _)| number).collect())
}

/// Returns what was found of a host and of the flake as a whole, or why that must not be signed. Findings of severity `deny`
/// and worse must not.
fn results(found: &Report, deny: Severity, host: &str) -> Result<Results, String> {
    let is_about = |case: &&Case| case.subject.host.as_deref().is_none_or(|name| name == host);
    let report = Report {
        cases: found.cases.iter().filter(is_about).cloned().collect(),
        ..Report::default()
    };
    if report.verdict(deny).exit_code() != 0 {
        return Err("what was found above fails the run".into());
    }
    let mut results = Results::of(found.tool.clone(), report.cases.iter());
    // That a stage ran on the host is not shown by what passes of the flake as a whole.
    let of_host = report.cases.iter().filter(|case| case.subject.host.is_some());
    let of_host = Results::of(found.tool.clone(), of_host);
    let evaluates = of_host.has_run(report::Stage::Eval);
    results.stages.extend(of_host.stages);
    match evaluates {
        true => Ok(results),
        false => Err("it was not judged; `hosts` in cfgcheck.yaml may leave it out".into()),
    }
}

/// Returns the verdict on a host.
#[expect(
    clippy::too_many_arguments,
    reason = "they are the parts of a verdict, each found elsewhere"
)]
fn verdict(
    machine: &Machine,
    args: &SignArgs,
    commit: &Commit,
    repository: &str,
    lock: Option<Hash>,
    host: Evaluated,
    results: Results,
    listed: &Listed,
) -> Result<Verdict, u8> {
    let told = |error: &dyn std::fmt::Display| {
        complain(&format!("error: {} of {}: {error}", args.closure.display(), host.host));
        exit::USAGE
    };
    let paths = listed.closure(&host.out).map_err(|error| told(&error))?;
    complain(&format!("hashing {} of {}", super::paths(paths.len()), host.host));
    let closure = hash_closure(machine.fs.as_ref(), &args.store_root, &paths, &mut |_| {
        !sys::interrupted()
    });
    let closure = closure.map_err(|error| match error {
        ClosureError::Interrupted => exit::INTERRUPTED,
        error => exit::cannot_start(&error),
    })?;
    let made = Duration::from_secs(machine.clock.unix_time().as_secs());
    Ok(Verdict {
        repository: repository.to_owned(),
        commit: commit.id.clone(),
        tree: commit.tree.clone(),
        lock,
        host: host.host,
        system: host.system,
        drv: host.drv,
        out: host.out,
        closure,
        results,
        made,
        expires: made + args.valid_for,
    })
}

/// Says what was signed.
fn tell(verdict: &Verdict, key: &SecretKey, path: &std::path::Path) {
    let stages: Vec<String> = verdict
        .results
        .stages
        .iter()
        .map(|(stage, counts)| format!("{stage} {}", counts.passed))
        .collect();
    let text = format!(
        "{}: {} at {}, {}, {}; passed: {};\n  signed with {}, until {}\n",
        path.display(),
        verdict.host,
        verdict.commit,
        verdict.out,
        super::paths(verdict.closure.len()),
        stages.join(", "),
        key.name(),
        moment(verdict.expires)
    );
    say(diag::clean(&text).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_of_a_host_is_its_own() {
        use report::{Finding, Outcome, Stage};
        let case = |stage, outcome| Case::new(stage, "x", outcome);
        let on = |host: &str, stage, outcome| case(stage, outcome).on(host, "x86_64-linux");
        let check = |cases: Vec<Case>| {
            let report = Report {
                cases,
                ..Report::default()
            };
            results(&report, Severity::Error, "web")
        };
        let good = || {
            vec![
                case(Stage::Lock, Outcome::Passed),
                case(Stage::Policy, Outcome::Passed),
                on("web", Stage::Eval, Outcome::Passed),
                on("web", Stage::Policy, Outcome::Skipped("no such option".into())),
            ]
        };
        let with = |more: Case| [good(), vec![more]].concat();
        let results = check(good()).expect("nothing fails");
        assert!(results.has_run(Stage::Lock) && results.has_run(Stage::Eval));
        assert!(!results.has_run(Stage::Policy), "of this host, nothing was judged");
        // What fails elsewhere is not this host's; what fails of the flake is.
        assert!(check(with(on("db", Stage::Eval, Outcome::Failed))).is_ok());
        for outcome in [Outcome::Failed, Outcome::Errored, Outcome::Crashed] {
            assert!(check(with(case(Stage::Lock, outcome.clone()))).is_err());
            assert!(check(with(on("web", Stage::Vm, outcome))).is_err());
        }
        let finding = |severity| on("web", Stage::Eval, Outcome::Passed).finding(Finding::new("r", severity, "m"));
        assert!(check(with(finding(Severity::Error))).is_err());
        assert_eq!(
            check(with(finding(Severity::Warning))).map(|results| results.warnings),
            Ok(1)
        );
        let nothing = check(vec![case(Stage::Eval, Outcome::Passed)]).expect_err("it was not judged");
        assert!(nothing.starts_with("it was not judged"));
    }

    #[test]
    fn lives_are_bounded() {
        let check = |text: &str, expected: Result<u64, &str>| match (life(text), expected) {
            (Ok(life), Ok(seconds)) => assert_eq!(life.as_secs(), seconds, "{text}"),
            (Err(error), Err(expected)) => assert!(error.contains(expected), "{text}: {error}"),
            (other, _) => panic!("{text}: {other:?}"),
        };
        check("30min", Ok(1800));
        check("12h", Ok(43_200));
        check("90d", Ok(7_776_000));
        check("91d", Err("90 days at most"));
        check("0d", Err("90 days at most"));
        check("99999999999999999999d", Err("90 days at most"));
        check("7", Err("write it as"));
        check("7 weeks", Err("write it as"));
    }
}
