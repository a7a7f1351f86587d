//! `cfgcheck matrix`: the jobs of a workflow, one for each host that a change touches.

use crate::args::CheckArgs;
use crate::check::run::UNKNOWN;
use crate::check::{prepared, wrong};
use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, write_out};
use clap::Args;
use report::{Case, Outcome, Report, Stage};
use serde::Serialize;
use std::collections::BTreeMap;

/// Most jobs that one matrix may have (GitHub's documentation of `jobs.<job_id>.strategy.matrix`).
const MOST_JOBS: usize = 256;

/// GitHub's own runners by the systems that they are, where no other is named.
const RUNNERS: [(&str, &str); 4] = [
    ("x86_64-linux", "ubuntu-24.04"),
    ("aarch64-linux", "ubuntu-24.04-arm"),
    ("x86_64-darwin", "macos-15-intel"),
    ("aarch64-darwin", "macos-15"),
];

/// Arguments of `cfgcheck matrix`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck matrix --changed-since origin/main                  the jobs, as JSON
  cfgcheck matrix --changed-since origin/main --github-output  the lines `matrix=…` and `any=…`
  cfgcheck matrix --stage build --stage vm --runner aarch64-linux=my-arm
")]
pub struct MatrixArgs {
    #[command(flatten)]
    check: CheckArgs,
    /// A job for this, such as `build` or `vm`, for each host; may be repeated. `build` if none is named.
    #[arg(long, value_name = "NAME")]
    stage: Vec<String>,
    /// The runner for hosts of a system; may be repeated.
    #[arg(long, value_name = "SYSTEM=LABEL", value_parser = runner)]
    runner: Vec<(String, String)>,
    /// Print lines for a file such as `$GITHUB_OUTPUT`.
    #[arg(long)]
    github_output: bool,
}

fn runner(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((system, label)) if !system.is_empty() && !label.is_empty() => Ok((system.into(), label.into())),
        _ => Err("write it as SYSTEM=LABEL, for instance aarch64-linux=ubuntu-24.04-arm".to_owned()),
    }
}

/// A job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
struct Job {
    /// What it does.
    stage: String,
    /// The system of its hosts.
    system: String,
    /// Where it runs.
    runner: String,
    /// Its hosts, mostly one.
    hosts: Vec<String>,
    /// The same, as arguments of cfgcheck's commands for bash, each in quotes.
    args: String,
}

/// What a workflow takes for `strategy.matrix`.
#[derive(Serialize)]
struct Matrix {
    include: Vec<Job>,
}

/// Runs the command and returns its exit code. That a host does not evaluate is for the check to tell; it has no job.
pub fn run(machine: &Machine, args: &MatrixArgs) -> u8 {
    if !args.check.judge.output.is_empty() {
        return wrong("`matrix` writes no report; `cfgcheck check --output` does".to_owned());
    }
    let report = prepared(machine, &args.check, "matrix").and_then(|(asked, mut run)| {
        // What a job does with a host, it does for the host's own system.
        run.for_platforms = false;
        run.everything(&asked);
        run.done(None)
    });
    let done = match report {
        Ok(done) => done,
        Err(code) => return code,
    };
    if sys::interrupted() {
        return exit::INTERRUPTED;
    }
    let Some(report) = done.report_of_a_whole_run() else {
        complain("error: the flake's hosts could not be told; `cfgcheck check` says why");
        return exit::CANNOT_START;
    };
    let mut hosts = evaluated(report);
    for host in unjudged(report) {
        complain(&format!(
            "note: {} has no job, as it does not evaluate or does not tell its system",
            diag::clean_line(host)
        ));
    }
    // A label may be that of the owner's own machines: the flake under test must not choose one by the name of a system.
    hosts.retain(|system, hosts| {
        let has_runner = label(system, &args.runner).is_some();
        if !has_runner {
            complain(&format!(
                "note: {} has no job: name the runner for {system} with --runner",
                hosts
                    .iter()
                    .map(|host| diag::clean_line(host))
                    .collect::<Vec<_>>()
                    .join(", "),
                system = diag::clean_line(system)
            ));
        }
        has_runner
    });
    let matrix = Matrix {
        include: jobs(&hosts, &args.stage, &args.runner),
    };
    let json = serde_json::to_string(&matrix).expect("a matrix has only texts as keys");
    let any = !matrix.include.is_empty();
    let text = match args.github_output {
        true => format!("matrix={json}\nany={any}\n"),
        false => format!("{json}\n"),
    };
    match write_out(text.as_bytes()) {
        Ok(()) => exit::CLEAN,
        Err(error) => {
            complain(&format!("error: standard output cannot be written to: {error}"));
            exit::CANNOT_START
        }
    }
}

/// Returns the case of a host's own evaluation.
fn of_host(case: &Case) -> Option<(&str, &str)> {
    let (host, system) = (case.subject.host.as_deref()?, case.subject.system.as_deref()?);
    let is_own = case.subject.stage == Stage::Eval && case.subject.name == format!("{system} evaluates");
    is_own.then_some((host, system))
}

/// Returns the hosts that evaluate and tell their system, by that.
fn evaluated(report: &Report) -> BTreeMap<&str, Vec<&str>> {
    let mut hosts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let cases = report.cases.iter().filter(|case| case.properties.contains_key("drv"));
    for (host, system) in cases.filter_map(of_host).filter(|(_, system)| *system != UNKNOWN) {
        hosts.entry(system).or_default().push(host);
    }
    hosts
}

fn unjudged(report: &Report) -> impl Iterator<Item = &str> {
    let of_none = |case: &&Case| {
        let is_broken = matches!(case.outcome, Outcome::Errored | Outcome::Crashed);
        (is_broken && !case.properties.contains_key("drv")) || case.subject.system.as_deref() == Some(UNKNOWN)
    };
    let cases = report.cases.iter().filter(of_none);
    cases.filter_map(of_host).map(|(host, _)| host)
}

/// Returns the runner for a system: the one that is named for it, or GitHub's own.
fn label<'a>(system: &str, runners: &'a [(String, String)]) -> Option<&'a str> {
    let named = runners.iter().find(|(of, _)| of == system);
    let own = RUNNERS.iter().find(|(of, _)| *of == system);
    named.map(|(_, label)| label.as_str()).or(own.map(|(_, label)| *label))
}

/// Returns the jobs for hosts that have a runner: one for each stage and host, or for several hosts of one system where that were too
/// many.
fn jobs(hosts: &BTreeMap<&str, Vec<&str>>, stages: &[String], runners: &[(String, String)]) -> Vec<Job> {
    let build = ["build".to_owned()];
    let stages = if stages.is_empty() { &build[..] } else { stages };
    let most = (MOST_JOBS / stages.len().max(1)).max(1);
    let mut size = 1;
    while hosts.values().map(|hosts| hosts.len().div_ceil(size)).sum::<usize>() > most && size < MOST_JOBS * MOST_JOBS {
        size += 1;
    }
    let mut jobs = Vec::new();
    for stage in stages {
        for (system, hosts) in hosts {
            let Some(runner) = label(system, runners) else { continue };
            for some in hosts.chunks(size) {
                jobs.push(Job {
                    stage: stage.clone(),
                    system: (*system).to_owned(),
                    runner: runner.to_owned(),
                    hosts: some.iter().map(|host| (*host).to_owned()).collect(),
                    args: some
                        .iter()
                        .map(|host| format!("--host {}", quoted(host)))
                        .collect::<Vec<_>>()
                        .join(" "),
                });
            }
        }
    }
    jobs
}

/// Returns a text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(names: &[String]) -> BTreeMap<&str, Vec<&str>> {
        [("x86_64-linux", names.iter().map(String::as_str).collect())].into()
    }

    #[test]
    fn each_host_has_a_job_for_each_stage() {
        let mut hosts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        hosts.insert("x86_64-linux", vec!["mail", "web's"]);
        hosts.insert("riscv64-linux", vec!["board"]);
        let stages = ["build".to_owned(), "vm".to_owned()];
        let runners = [("riscv64-linux".to_owned(), "my-board".to_owned())];
        let jobs = jobs(&hosts, &stages, &runners);
        let told: Vec<String> = jobs
            .iter()
            .map(|job| format!("{} {} {} {}", job.stage, job.system, job.runner, job.args))
            .collect();
        let expected = [
            "build riscv64-linux my-board --host 'board'",
            "build x86_64-linux ubuntu-24.04 --host 'mail'",
            "build x86_64-linux ubuntu-24.04 --host 'web'\\''s'",
            "vm riscv64-linux my-board --host 'board'",
            "vm x86_64-linux ubuntu-24.04 --host 'mail'",
            "vm x86_64-linux ubuntu-24.04 --host 'web'\\''s'",
        ];
        assert_eq!(told, expected);
        assert_eq!(super::jobs(&BTreeMap::new(), &stages, &runners), []);
    }

    /// The name of a system is the flake's: it must not become the label of somebody's own machine.
    #[test]
    fn a_system_is_no_label() {
        let hosts: BTreeMap<&str, Vec<&str>> = [("self-hosted", vec!["web"])].into();
        assert_eq!(jobs(&hosts, &[], &[]), []);
        assert_eq!(label("self-hosted", &[]), None);
        assert_eq!(label("aarch64-linux", &[]), Some("ubuntu-24.04-arm"));
        let runners = [("aarch64-linux".to_owned(), "my-arm".to_owned())];
        assert_eq!(label("aarch64-linux", &runners), Some("my-arm"));
    }

    #[test]
    fn there_are_never_more_jobs_than_a_matrix_may_have() {
        for (count, stages) in [(256, 1), (257, 1), (1000, 3), (5000, 2)] {
            let names: Vec<String> = (0..count).map(|number| format!("h{number}")).collect();
            let stages: Vec<String> = (0..stages).map(|number| format!("s{number}")).collect();
            let jobs = jobs(&hosts(&names), &stages, &[]);
            assert!(jobs.len() <= MOST_JOBS, "{} jobs", jobs.len());
            let all: usize = jobs.iter().map(|job| job.hosts.len()).sum();
            assert_eq!(all, count * stages.len());
        }
    }

    #[test]
    fn runners_are_pairs() {
        assert_eq!(runner("a=b"), Ok(("a".into(), "b".into())));
        assert!(runner("a").is_err() && runner("=b").is_err() && runner("a=").is_err());
    }
}
