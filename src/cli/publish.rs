//! `cfgcheck report publish`: a saved report as a check run and a comment on GitHub.

use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, say};
use clap::{ArgGroup, Args};
use diag::Severity;
use forge::{Event, Github, How, Name, Patience, Published, Saved, Surroundings, Token, Wanted};
use report::{Report, Secrets};
use std::path::{Path, PathBuf};

/// The variable with the token, as GitHub's own tools have it.
const TOKEN: &str = "GITHUB_TOKEN";

/// Arguments of `cfgcheck report publish`.
#[derive(Args, Debug)]
#[command(after_help = "In a job of GitHub Actions, with the token in GITHUB_TOKEN:
  cfgcheck report publish --from report.json --check --comment

The job needs `permissions: { checks: write, pull-requests: write }`. In a workflow on `workflow_run`, the
report is taken for one that a fork may have written: docs/github.md.
")]
#[command(group = ArgGroup::new("what").required(true).multiple(true).args(["check", "comment"]))]
pub struct PublishArgs {
    /// The report, as `--output json=…` wrote it.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// A difference as `cfgcheck diff` wrote it in JSON, to show with the report.
    #[arg(long, value_name = "FILE")]
    diff: Option<PathBuf>,
    /// Make a check run, with annotations at the lines.
    #[arg(long)]
    check: bool,
    /// Comment on the pull request, or bring the comment there up to date.
    #[arg(long)]
    comment: bool,
    /// The name of the check run; reports of different names have comments of their own.
    #[arg(long, default_value = "cfgcheck")]
    name: String,
    /// Let the check run fail nothing, whatever was found.
    #[arg(long)]
    neutral: bool,
    /// Let warnings make the check run a failure.
    #[arg(long)]
    deny_warnings: bool,
    /// The account of the token, if it is that of an app of your own, such as `my-app[bot]`.
    #[arg(long, value_name = "LOGIN")]
    author: Option<String>,
}

/// Why nothing is published.
enum Failure {
    /// The command line, the variables or the files are wrong.
    Usage(String),
    /// GitHub does not let us.
    Forge(forge::Error),
}

/// Runs the command and returns its exit code: 0 if all is published, whatever the report says.
pub fn run(machine: &Machine, args: &PublishArgs) -> u8 {
    match published(machine, args) {
        Ok(published) => told(&published, |line| say(format!("{line}\n").as_bytes())),
        Err(Failure::Usage(error)) => {
            complain(&format!("error: {error}"));
            exit::USAGE
        }
        Err(Failure::Forge(error)) => tell(&error),
    }
}

/// Says what is published and what is not, and returns the exit code for it.
pub fn told(published: &Published, say: impl Fn(&str)) -> u8 {
    for done in published.done() {
        let how = match done.how {
            How::Created => "created",
            How::Edited => "edited",
            How::Unchanged => "is the same already",
        };
        let page = done.page.as_deref().map_or(String::new(), |page| format!(": {page}"));
        say(&format!("{} {how}{page}", done.what));
    }
    published.errors().iter().map(tell).max().unwrap_or(exit::CLEAN)
}

/// Says what could not be done, and returns the exit code for it. That there is no pull request, as after a push, or that it has
/// moved on, so that another run is on its way, is told and no failure.
fn tell(error: &forge::Error) -> u8 {
    use forge::Error::{HeadMoved, Interrupted, NoPullRequest, NoRun, NoSuchPullRequest};
    let (word, code) = match error {
        NoPullRequest | NoSuchPullRequest | HeadMoved { .. } => ("note", exit::CLEAN),
        Interrupted => ("error", exit::INTERRUPTED),
        NoRun => ("error", exit::USAGE),
        _ => ("error", exit::CANNOT_START),
    };
    complain(&format!("{word}: {error}"));
    code
}

fn published(machine: &Machine, args: &PublishArgs) -> Result<Published, Failure> {
    let usage = |error: &dyn std::fmt::Display| Failure::Usage(error.to_string());
    let wanted = Wanted {
        name: Name::new(&args.name).map_err(|error| usage(&error))?,
        check: args.check,
        comment: args.comment,
        neutral: args.neutral,
        deny: match args.deny_warnings {
            true => Severity::Warning,
            false => Severity::Error,
        },
        author: args.author.clone(),
    };
    let door = Door::open(machine, wanted).map_err(Failure::Usage)?;
    if let Event::WorkflowRun(_) = &door.here.event {
        let saved = Saved::open(machine.fs.as_ref(), &args.from, args.diff.as_deref())
            .map_err(|error| Failure::Usage(format!("'{}': {error}", args.from.display())))?;
        let github = door.github().map_err(Failure::Forge)?;
        return forge::publish_saved(&github, &saved, &door.here, &door.wanted).map_err(Failure::Forge);
    }
    door.here.target().map_err(|error| usage(&error))?;
    let report = own(machine, args).map_err(Failure::Usage)?;
    door.publish(&report).map_err(Failure::Forge)
}

/// What a job publishes through, once it has been made sure that all that it takes is there.
pub struct Door<'d> {
    machine: &'d Machine,
    here: Surroundings,
    token: Token,
    wanted: Wanted,
}

impl<'d> Door<'d> {
    /// Returns the way to GitHub of this job, or what is missing for it.
    pub fn open(machine: &'d Machine, wanted: Wanted) -> Result<Door<'d>, String> {
        let token = machine.env.text(TOKEN).ok_or_else(|| {
            format!("the variable {TOKEN} is not set: give the step `env: {{ {TOKEN}: \"${{{{ github.token }}}}\" }}`")
        })?;
        let token = Token::new(&token).map_err(|error| error.to_string())?;
        let here = Surroundings::read(machine.env.as_ref(), machine.fs.as_ref()).map_err(|error| error.to_string())?;
        Ok(Door {
            machine,
            here,
            token,
            wanted,
        })
    }

    /// Returns the same for a report that findings of this severity, and worse ones, fail.
    pub fn denying(mut self, deny: Severity) -> Door<'d> {
        self.wanted.deny = deny;
        self
    }

    fn github(&self) -> Result<Github<'d>, forge::Error> {
        Github::new(
            &self.here.api,
            &self.token,
            self.machine.clock.as_ref(),
            Patience::default(),
        )
    }

    /// Publishes the report of this very job.
    pub fn publish(&self, report: &Report) -> Result<Published, forge::Error> {
        let Ok(target) = self.here.target() else {
            return Err(forge::Error::NoRun);
        };
        Ok(forge::publish(&self.github()?, report, &target, &self.wanted))
    }
}

/// Returns the report of this very job.
fn own(machine: &Machine, args: &PublishArgs) -> Result<Report, String> {
    let read = |path: &Path| machine.fs.read(path).map_err(|error| error.to_string());
    let shown = |path: &Path, error: String| format!("'{}': {error}", path.display());
    let mut report = report::json::read(&read(&args.from)?).map_err(|error| shown(&args.from, error.to_string()))?;
    if let Some(path) = &args.diff {
        let diff = report::diff::json::read(&read(path)?).map_err(|error| shown(path, error.to_string()))?;
        report.diff = Some(diff);
    }
    Secrets::new().report(&mut report);
    report.sort();
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;
    use std::sync::Arc;
    use sys::{FixedEnv, Fs, ManualClock, MemoryFs, Mode};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: PublishArgs,
    }

    fn args(line: &[&str]) -> PublishArgs {
        let all = ["publish", "--from", "/report.json"].iter().chain(line);
        Line::try_parse_from(all).expect("the line is right").args
    }

    fn machine(env: FixedEnv) -> Machine {
        let fs = MemoryFs::new();
        let file = |path: &str, text: &str| {
            fs.write_atomic(Path::new(path), text.as_bytes(), Mode::Plain)
                .expect("it is written")
        };
        file(
            "/report.json",
            &report::json::write(&Report::default(), Severity::Error),
        );
        file("/event.json", "{}");
        Machine {
            fs: Arc::new(fs),
            env: Arc::new(env),
            clock: Arc::new(ManualClock::at(std::time::Duration::ZERO)),
            stack: 0,
        }
    }

    fn job(api: &str) -> FixedEnv {
        FixedEnv::at("/")
            .with("GITHUB_TOKEN", "ghs_x")
            .with("GITHUB_API_URL", api)
            .with("GITHUB_REPOSITORY", "octo/fleet")
            .with("GITHUB_EVENT_NAME", "push")
            .with("GITHUB_EVENT_PATH", "/event.json")
            .with("GITHUB_SHA", "a".repeat(40))
    }

    #[test]
    fn something_must_be_wanted() {
        assert!(Line::try_parse_from(["publish", "--from", "x"]).is_err());
        assert!(args(&["--check"]).check);
    }

    #[test]
    fn what_is_missing_is_told() {
        let check = |env: FixedEnv, line: &[&str], expected: &str| match published(&machine(env), &args(line)) {
            Err(Failure::Usage(error)) => assert!(error.contains(expected), "{error}"),
            Err(Failure::Forge(error)) => panic!("{error}"),
            Ok(published) => panic!("{published:?}"),
        };
        check(
            FixedEnv::at("/"),
            &["--check"],
            "env: { GITHUB_TOKEN: \"${{ github.token }}\" }",
        );
        check(
            FixedEnv::at("/").with("GITHUB_TOKEN", "x"),
            &["--check"],
            "GITHUB_REPOSITORY is not set",
        );
        check(
            job("https://api.github.com"),
            &["--check", "--name", "a\nb"],
            "the name of the check",
        );
        check(job("http://evil.example"), &["--check"], "GITHUB_API_URL is wrong");
        let line = ["--check", "--diff", "/event.json"];
        check(
            job("https://api.github.com"),
            &line,
            "'/event.json': this is no difference that cfgcheck wrote",
        );
    }

    #[test]
    fn a_report_of_this_job_becomes_a_check_run() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let api = format!("http://{}", listener.local_addr().expect("it has an address"));
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a request comes");
            let mut reader = BufReader::new(stream.try_clone().expect("it is cloned"));
            let (mut request, mut length) = (String::new(), 0);
            while !request.ends_with("\r\n\r\n") {
                let start = request.len();
                reader.read_line(&mut request).expect("the request goes on");
                if let Some(value) = request[start..].to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().expect("it is a length");
                }
            }
            reader
                .take(length)
                .read_to_string(&mut request)
                .expect("the request has a body");
            let body = "{\"id\": 1, \"html_url\": \"https://github.com/octo/fleet/runs/1\"}";
            let answer = format!("HTTP/1.1 201 Created\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).expect("the answer is taken");
            request
        });
        assert_eq!(
            run(&machine(job(&api)), &args(&["--check", "--name", "fleet"])),
            exit::CLEAN
        );
        let request = server.join().expect("the server answers");
        assert!(
            request.starts_with("POST /repos/octo/fleet/check-runs HTTP/1.1\r\n"),
            "{request}"
        );
        assert!(
            request.contains("\"name\":\"fleet\"") && request.contains("\"conclusion\":\"success\""),
            "{request}"
        );
    }
}
