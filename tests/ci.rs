//! `cfgcheck ci`, as CI systems call it: what a change is compared with, one report, one exit code.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests write the files of small flakes, run git, and answer as a server"
)]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use testkit::{Program, TWO_HOSTS, git};

/// A repository with a flake, as a CI system has it.
struct Fleet {
    program: Program,
    folder: tempfile::TempDir,
}

/// What a run came to.
struct Ran {
    code: Option<i32>,
    report: Value,
    said: String,
}

impl Ran {
    /// Returns how hosts compare, such as `mail unchanged`.
    fn hosts(&self) -> Vec<String> {
        let hosts = self.report["diff"]["hosts"].as_array().cloned().unwrap_or_default();
        hosts
            .iter()
            .map(|host| {
                format!(
                    "{} {}",
                    host["name"].as_str().unwrap_or_default(),
                    host["status"].as_str().unwrap_or_default()
                )
            })
            .collect()
    }

    fn base(&self) -> &str {
        self.report["diff"]["base"]["name"].as_str().unwrap_or("none")
    }

    /// Returns the case of a name.
    fn case(&self, name: &str) -> Option<&Value> {
        let cases = self.report["cases"].as_array().expect("there are cases");
        cases.iter().find(|case| case["name"] == name)
    }

    fn notes(&self) -> String {
        self.report["notes"].to_string()
    }
}

impl Fleet {
    /// Returns a repository with a first commit on `main`.
    fn new() -> Fleet {
        let fleet = Fleet {
            program: Program::at(env!("CARGO_BIN_EXE_cfgcheck")),
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        };
        std::fs::create_dir_all(fleet.repository().join("hosts")).expect("a folder can be made");
        fleet.write("flake.nix", TWO_HOSTS);
        fleet.write("hosts/mail.nix", "\"Europe/Oslo\"\n");
        fleet.write("hosts/web.nix", "\"Europe/Rome\"\n");
        fleet.git(&["init", "--quiet", "--initial-branch", "main"]);
        fleet.commit("one");
        fleet
    }

    fn repository(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.repository().join(name), text).expect("the folder can be written to");
    }

    fn git(&self, args: &[&str]) -> String {
        git(&self.repository(), args)
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// Makes a branch that changes `web`, while `main` changes `mail`, and checks out their trial merge as GitHub does.
    /// Returns the event of the pull request.
    fn pull_request(&self) -> Value {
        self.git(&["checkout", "--quiet", "-b", "change"]);
        self.write("hosts/web.nix", "\"Asia/Tokyo\"\n");
        self.commit("two");
        let head = self.git(&["rev-parse", "HEAD"]);
        self.git(&["checkout", "--quiet", "main"]);
        self.write("hosts/mail.nix", "\"Europe/Bonn\"\n");
        self.commit("three");
        let base = self.git(&["rev-parse", "HEAD"]);
        self.git(&["checkout", "--quiet", "--detach"]);
        self.git(&["merge", "--quiet", "--no-ff", "--message", "trial", "change"]);
        json!({
            "repository": { "full_name": "octo/fleet" },
            "pull_request": {
                "number": 7,
                "base": { "sha": base, "ref": "main" },
                "head": { "sha": head, "ref": "change" },
            },
        })
    }

    /// Runs `cfgcheck ci` in a folder with these variables.
    fn ci_in(&self, folder: &Path, variables: &[(&str, &str)], more: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
        self.program
            .at_home(&mut command)
            .args(["ci", "--output", "json=-", "--as-of", "2026-11-26"])
            .args(more)
            .current_dir(folder);
        let of_ci = |name: &str| ["GITHUB_", "GITLAB_", "CI_"].iter().any(|of| name.starts_with(of));
        let known = std::env::vars().map(|(name, _)| name);
        known.filter(|name| of_ci(name)).for_each(|name| {
            command.env_remove(name);
        });
        let output = command
            .envs(variables.iter().copied())
            .output()
            .expect("the program runs");
        let [report, said] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        Ran {
            code: output.status.code(),
            report: serde_json::from_str(&report).unwrap_or_default(),
            said,
        }
    }

    fn ci(&self, more: &[&str]) -> Ran {
        self.ci_in(&self.repository(), &[], more)
    }

    /// Runs it as a job of GitHub Actions.
    fn on_github(&self, folder: &Path, name: &str, event: &Value, variables: &[(&str, &str)], more: &[&str]) -> Ran {
        let path = self.folder.path().join("event.json");
        std::fs::write(&path, event.to_string()).expect("it can be written");
        let sha = "a".repeat(40);
        let mut all = vec![
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", name),
            ("GITHUB_EVENT_PATH", path.to_str().expect("the path is text")),
            ("GITHUB_REPOSITORY", "octo/fleet"),
            ("GITHUB_SHA", &sha),
        ];
        all.extend(variables);
        self.ci_in(folder, &all, more)
    }
}

#[test]
fn a_pull_request_is_compared_with_what_it_is_merged_into() {
    let fleet = Fleet::new();
    let event = fleet.pull_request();
    let ran = fleet.on_github(&fleet.repository(), "pull_request", &event, &[], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    // What `main` has changed meanwhile is not the request's.
    assert_eq!(ran.hosts(), ["mail unchanged", "web changed"]);
    assert_eq!(ran.base(), "main");
    assert_eq!(ran.report["diff"]["base"]["rev"], event["pull_request"]["base"]["sha"]);
    // The branch itself, as with `ref: ${{ github.event.pull_request.head.sha }}`: what it has changed since it left.
    fleet.git(&["checkout", "--quiet", "change"]);
    let ran = fleet.on_github(&fleet.repository(), "pull_request", &event, &[], &[]);
    assert_eq!(ran.hosts(), ["mail unchanged", "web changed"]);
    assert_eq!(ran.report["diff"]["base"]["rev"], fleet.git(&["rev-parse", "main~1"]));
    // Nothing is kept, so that all is evaluated: it is the same.
    let anew = fleet.on_github(&fleet.repository(), "pull_request", &event, &[], &["--no-cache"]);
    assert_eq!((anew.hosts(), anew.code), (ran.hosts(), ran.code));
}

#[test]
fn a_shallow_clone_is_told_and_the_rest_has_its_verdict() {
    let fleet = Fleet::new();
    let event = fleet.pull_request();
    fleet.git(&["branch", "trial"]);
    let shallow = fleet.folder.path().join("shallow");
    let url = format!("file://{}", fleet.repository().display());
    let target = shallow.to_str().expect("the path is text");
    git(
        fleet.folder.path(),
        &["clone", "--quiet", "--depth", "1", "--branch", "trial", &url, target],
    );
    let ran = fleet.on_github(&shallow, "pull_request", &event, &[], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    let case = ran.case("the base is there to compare with").expect("it is told");
    let text = case.to_string();
    assert!(
        text.contains("not in this shallow clone") && text.contains("fetch-depth: 0"),
        "{text}"
    );
    assert!(ran.case("x86_64-linux evaluates").is_some(), "{}", ran.report);
    let push = json!({ "before": "b".repeat(40) });
    let ran = fleet.on_github(&shallow, "push", &push, &[], &[]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.report.to_string().contains("fetch-depth: 0"), "{}", ran.report);
    // Who asks for a base that is not there has it as an error, and still all the rest.
    let base = "c".repeat(40);
    let ran = fleet.ci_in(&shallow, &[], &["--base", &base]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.report.to_string().contains("not in this shallow clone"));
    assert!(ran.case("x86_64-linux evaluates").is_some());
}

#[test]
fn a_push_is_compared_with_the_commit_before_it() {
    let fleet = Fleet::new();
    let before = fleet.git(&["rev-parse", "HEAD"]);
    fleet.write("hosts/web.nix", "\"Asia/Tokyo\"\n");
    fleet.commit("two");
    fleet.write("hosts/mail.nix", "\"Asia/Seoul\"\n");
    fleet.commit("three");
    let here = fleet.repository();
    let ran = fleet.on_github(&here, "push", &json!({ "before": before }), &[], &[]);
    assert_eq!(ran.hosts(), ["mail changed", "web changed"]);
    let new = json!({ "before": "0".repeat(40) });
    let ran = fleet.on_github(&here, "push", &new, &[], &[]);
    assert_eq!((ran.hosts().len(), ran.code), (0, Some(0)));
    assert!(
        ran.notes()
            .contains("nothing is compared: the branch was not there before"),
        "{}",
        ran.notes()
    );
    let ran = fleet.on_github(&here, "schedule", &json!({}), &[], &[]);
    assert!(
        ran.notes().contains("neither a pull request nor a push"),
        "{}",
        ran.notes()
    );
    // Somebody has pushed with force, so that the commit is nowhere.
    let gone = json!({ "before": "b".repeat(40) });
    let ran = fleet.on_github(&here, "push", &gone, &[], &[]);
    assert_eq!(ran.code, Some(0));
    let text = ran.report.to_string();
    assert!(text.contains("there is no branch, tag or commit 'bbbb"), "{text}");
    let ran = fleet.on_github(&here, "push", &json!([1]), &[], &[]);
    assert_eq!(ran.code, Some(0));
    let text = ran.report.to_string();
    assert!(text.contains("the event is not as GitHub writes it"), "{text}");
}

#[test]
fn a_job_of_gitlab_is_compared_with_what_gitlab_says() {
    let fleet = Fleet::new();
    let base = fleet.git(&["rev-parse", "HEAD"]);
    fleet.write("hosts/web.nix", "\"Asia/Tokyo\"\n");
    fleet.commit("two");
    let check = |variables: &[(&str, &str)], expected: &[&str], name: &str| {
        let mut all = vec![("GITLAB_CI", "true")];
        all.extend(variables);
        let ran = fleet.ci_in(&fleet.repository(), &all, &[]);
        assert_eq!((ran.hosts(), ran.code), (to_owned(expected), Some(0)), "{}", ran.said);
        assert_eq!(ran.base(), name);
    };
    let of_request = [
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", base.as_str()),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
        ("CI_COMMIT_BEFORE_SHA", "0000000000000000000000000000000000000000"),
    ];
    check(&of_request, &["mail unchanged", "web changed"], "main");
    let of_push = [("CI_COMMIT_BEFORE_SHA", base.as_str())];
    check(
        &of_push,
        &["mail unchanged", "web changed"],
        "the commit before the push",
    );
    let new = [("CI_COMMIT_BEFORE_SHA", "0000000000000000000000000000000000000000")];
    check(&new, &[], "none");
}

fn to_owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn what_has_read_nothing_that_changed_is_not_evaluated_to_compare_it() {
    let fleet = Fleet::new();
    fleet.ci(&["--no-base"]);
    fleet.write("hosts/web.nix", "\"Asia/Tokyo\"\n");
    fleet.commit("two");
    let ran = fleet.ci(&["--base", "HEAD~1"]);
    assert_eq!(
        (ran.hosts(), ran.code),
        (to_owned(&["mail unchanged", "web changed"]), Some(0))
    );
    assert!(
        ran.said.contains("1 of 2 results are those of earlier runs"),
        "{}",
        ran.said
    );
    // A host that the base does not have, and one that is gone.
    let flake = TWO_HOSTS.replace(
        "nixosConfigurations.mail = host \"mail\"",
        "nixosConfigurations.new = host \"mail\"",
    );
    fleet.write("flake.nix", &flake);
    fleet.commit("three");
    let ran = fleet.ci(&["--base", "HEAD~1"]);
    assert_eq!(ran.hosts(), ["mail removed", "new added", "web unchanged"]);
}

#[test]
fn a_base_may_be_another_flake_of_the_same_commit() {
    let fleet = Fleet::new();
    let other = fleet.repository().join("other");
    std::fs::create_dir_all(other.join("hosts")).expect("a folder can be made");
    fleet.write("other/flake.nix", TWO_HOSTS);
    fleet.write("other/hosts/mail.nix", "\"Europe/Oslo\"\n");
    fleet.write("other/hosts/web.nix", "\"Asia/Tokyo\"\n");
    fleet.commit("two");
    let ran = fleet.ci(&["--base", "./other"]);
    assert_eq!(ran.hosts(), ["mail unchanged", "web changed"], "{}", ran.said);
    assert_eq!(ran.base(), "./other");
    let ran = fleet.ci(&["./other", "--base", "."]);
    assert_eq!(ran.hosts(), ["mail unchanged", "web changed"], "{}", ran.said);
}

#[test]
fn all_stages_are_one_report() {
    let fleet = Fleet::new();
    fleet.write(
        "cfgcheck.yaml",
        "version: 1\nci: { stages: [prop, check], vm-hosts: [none] }\n",
    );
    fleet.commit("two");
    let ran = fleet.ci(&["--base", "HEAD~1"]);
    let text = ran.report.to_string();
    assert!(text.contains("\"stage\":\"eval\""), "{text}");
    // The hosts are none of the module system, which the laws need.
    assert!(text.contains("\"stage\":\"prop\"") && ran.code == Some(1), "{text}");
    // No host that is to be booted differs.
    let ran = fleet.ci(&["--base", "HEAD~1", "--stage", "check,vm"]);
    assert!(
        ran.notes()
            .contains("no host that is to be tried in a machine differs from the base"),
        "{}",
        ran.notes()
    );
    assert!(!ran.report.to_string().contains("\"stage\":\"prop\""));
    fleet.write("cfgcheck.yaml", "version: 1\nci: { stages: [porp] }\n");
    let ran = fleet.ci(&[]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.said.contains("cfgcheck.yaml:2:16") && ran.said.contains("did you mean `prop`?"),
        "{}",
        ran.said
    );
}

#[test]
fn what_machines_find_has_levels_and_waivers() {
    let fleet = Fleet::new();
    let settings =
        "version: 1\nrules: { reboot-needed: off }\nwaivers:\n  - { rule: unit-failed, reason: It waits. }\n";
    fleet.write("cfgcheck.yaml", settings);
    let ran = fleet.ci(&[]);
    // That nothing fits the waiver is not known before machines have run.
    assert_eq!(
        (ran.code, ran.report["totals"]["warnings"].as_u64()),
        (Some(0), Some(0)),
        "{}",
        ran.report
    );
    let ran = fleet
        .program
        .run(&fleet.repository(), &["explain", "rule", "unit-failed"]);
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(
        text.contains("found by `cfgcheck vm`") && text.contains("allow(unit-failed)"),
        "{text}"
    );
}

#[test]
fn a_flake_that_does_not_evaluate_is_told_once() {
    let fleet = Fleet::new();
    fleet.write("flake.nix", "{ outputs = _: nonsense; }\n");
    fleet.commit("two");
    let ran = fleet.ci(&["--stage", "check,prop,vm", "--base", "HEAD~1"]);
    assert_eq!(ran.code, Some(1));
    let notes = ran.notes();
    for command in ["prop", "vm"] {
        let note = format!("`cfgcheck {command}` did not run: the flake cannot be evaluated");
        assert!(notes.contains(&note), "{notes}");
    }
    assert_eq!(ran.report["totals"]["errored"], 1, "{}", ran.report);
    // That the base does not evaluate keeps nothing else from being judged.
    fleet.write("flake.nix", TWO_HOSTS);
    fleet.commit("three");
    let ran = fleet.ci(&["--base", "HEAD~1"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.case("the base evaluates").is_some() && ran.case("x86_64-linux evaluates").is_some());
}

#[test]
fn no_commits_and_no_repository_are_no_obstacle() {
    let fleet = Fleet::new();
    std::fs::remove_dir_all(fleet.repository().join(".git")).expect("it can be deleted");
    let ran = fleet.ci(&["path:."]);
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    fleet.git(&["init", "--quiet", "--initial-branch", "main"]);
    fleet.git(&["add", "--all"]);
    assert_eq!(fleet.ci(&[]).code, Some(0));
    let ran = fleet.on_github(
        &fleet.repository(),
        "push",
        &json!({ "before": "b".repeat(40) }),
        &[],
        &[],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert!(ran.case("x86_64-linux evaluates").is_some());
}

/// Answers each request with a status; returns the address, and where the bodies of requests arrive.
fn server(status: &'static str) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = format!("http://{}", listener.local_addr().expect("it has an address"));
    let (bodies, arrived) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a request comes");
            let mut reader = BufReader::new(stream.try_clone().expect("it is cloned"));
            let mut length = 0;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().expect("it is a length");
                }
            }
            let mut body = Vec::new();
            reader
                .take(length)
                .read_to_end(&mut body)
                .expect("the request has a body");
            // Not every test looks at them.
            let _ = bodies.send(String::from_utf8_lossy(&body).into_owned());
            let answer = "{\"message\": \"Resource not accessible by integration\", \"id\": 1}";
            let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close");
            // Who does not wait for the answer is not answered.
            let _ = write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
        }
    });
    (address, arrived)
}

#[test]
fn what_publishing_comes_to_changes_no_verdict() {
    let fleet = Fleet::new();
    let event = fleet.pull_request();
    let here = fleet.repository();
    let (refused, _) = server("403 Forbidden");
    let variables = [("GITHUB_API_URL", refused.as_str()), ("GITHUB_TOKEN", "ghs_x")];
    let ran = fleet.on_github(&here, "pull_request", &event, &variables, &["--publish", "check"]);
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert!(ran.said.contains("checks: write"), "{}", ran.said);
    assert_eq!(ran.hosts(), ["mail unchanged", "web changed"]);
    let (taken, bodies) = server("201 Created");
    let variables = [("GITHUB_API_URL", taken.as_str()), ("GITHUB_TOKEN", "ghs_x")];
    let ran = fleet.on_github(&here, "pull_request", &event, &variables, &["--publish", "check"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.said.contains("check run created"), "{}", ran.said);
    assert!(
        bodies
            .recv()
            .expect("it was asked")
            .contains("\"conclusion\":\"success\"")
    );
    // Where the settings let warnings fail a run, the check run fails as well.
    fleet.write("cfgcheck.yaml", "version: 1\noutput: { deny: warning }\n");
    let gone = json!({ "repository": { "full_name": "octo/fleet" }, "before": "b".repeat(40) });
    let ran = fleet.on_github(&here, "push", &gone, &variables, &["--publish", "check"]);
    assert_eq!(ran.code, Some(1), "{}", ran.said);
    assert!(
        bodies
            .recv()
            .expect("it was asked")
            .contains("\"conclusion\":\"failure\"")
    );
    // What is missing for it is told before anything is done.
    let ran = fleet.on_github(&here, "pull_request", &event, &[], &["--publish", "check,comment"]);
    assert_eq!((ran.code, ran.report), (Some(2), Value::Null));
    assert!(ran.said.contains("GITHUB_TOKEN is not set"), "{}", ran.said);
    assert_eq!(fleet.ci(&["--publish", "chekc"]).code, Some(2));
}
