//! `cfgcheck approve`: a policy that people try out on a real repository, with real signatures and GitHub's answers.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests make repositories and keys, and run the program"
)]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};
use testkit::{Answers, Program, git, said};

/// A repository whose pull request 7 was merged, signed with a key of SSH, and a folder for all of it.
struct Bench {
    folder: tempfile::TempDir,
    base: String,
    head: String,
    merge: String,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let work = folder.path().join("work");
        fs::create_dir(&work).expect("a folder can be made");
        let key = folder.path().join("key");
        let mut make = Command::new("ssh-keygen");
        make.args(["-q", "-N", "", "-C", "", "-t", "ed25519", "-f"]).arg(&key);
        said(&make.output().expect("ssh-keygen runs"));
        git(&work, &["init", "-q", "-b", "main"]);
        for (name, value) in [
            ("gpg.format", "ssh"),
            ("user.signingKey", &key.display().to_string()),
            ("commit.gpgSign", "true"),
        ] {
            git(&work, &["config", name, value]);
        }
        let commit = |text: &str| {
            fs::write(work.join(text), text).expect("a file can be written");
            git(&work, &["add", text]);
            git(&work, &["commit", "-q", "-m", text]);
            git(&work, &["rev-parse", "HEAD"])
        };
        let base = commit("base");
        git(&work, &["checkout", "-q", "-b", "fix"]);
        let head = commit("fix");
        git(&work, &["checkout", "-q", "main"]);
        commit("other");
        git(&work, &["reset", "-q", "--hard", &base]);
        git(&work, &["merge", "-q", "--no-ff", "-m", "merge", "fix"]);
        let merge = git(&work, &["rev-parse", "HEAD"]);
        let public = fs::read_to_string(key.with_extension("pub")).expect("it has a public half");
        let policy = format!(
            "repository: github:octo/fleet\nbranch: main\nrequire:\n  pull-request:\n    approvals: 1\n  checks:\n    - \
             name: build\n      app: 15368\n  signatures:\n    ssh:\n      - 'ann@example.org {}'\n",
            public.trim()
        );
        fs::write(folder.path().join("policy.yaml"), policy).expect("a file can be written");
        Bench {
            folder,
            base,
            head,
            merge,
        }
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Returns what GitHub says, if `main` is at a commit, for which pull request 7 and a check are named.
    fn github(&self, at: &str) -> Vec<(String, Value)> {
        let account = |name: &str, id: u64| json!({ "login": name, "id": id, "type": "User" });
        let pull = json!({
            "number": 7, "merged": true, "merged_at": "2026-11-26T12:00:00Z", "merge_commit_sha": self.merge, "commits": 1,
            "user": account("dora", 4), "head": { "sha": self.head },
            "base": { "ref": "main", "repo": { "full_name": "octo/fleet" } },
        });
        let review = json!({
            "id": 1, "user": account("ann", 1), "state": "APPROVED", "commit_id": self.head,
            "submitted_at": "2026-11-26T12:00:00Z", "author_association": "MEMBER",
        });
        let run = json!({
            "id": 1, "name": "build", "head_sha": at, "status": "completed", "conclusion": "success",
            "started_at": "2026-11-26T12:00:00Z", "app": { "id": 15368 }, "check_suite": { "id": 5 },
        });
        vec![
            (
                "branches/main".into(),
                json!({ "name": "main", "commit": { "sha": at }, "protected": true }),
            ),
            (format!("commits/{}/pulls", self.merge), json!([pull])),
            ("pulls/7".into(), pull),
            ("pulls/7/reviews".into(), json!([review])),
            (
                "pulls/7/commits".into(),
                json!([{ "sha": self.head, "author": account("dora", 4), "committer": {} }]),
            ),
            (
                "collaborators/ann/permission".into(),
                json!({ "permission": "write", "user": account("ann", 1) }),
            ),
            (
                format!("commits/{at}/check-runs"),
                json!({ "total_count": 1, "check_runs": [run] }),
            ),
        ]
    }

    /// Runs the program with GitHub's answers.
    fn approve(&self, answers: Vec<(String, Value)>, args: &[&str]) -> Output {
        let path = |path: String| format!("/repos/octo/fleet/{path}");
        let answers = answers.into_iter().map(|(name, body)| (path(name), body.to_string()));
        let server = Answers::start(answers);
        let program = Program::at(env!("CARGO_BIN_EXE_cfgcheck"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
        command
            .args(["approve", "--policy", "../policy.yaml"])
            .args(args)
            .current_dir(self.work());
        let command = program.at_home(&mut command);
        command
            .env("GITHUB_TOKEN", "ghs_notasecret")
            .env("GITHUB_API_URL", server.address())
            .output()
            .expect("the program runs")
    }
}

/// Returns what was printed, and checks the exit code.
fn told(output: &Output, code: i32) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(code), "{text}{errors}");
    assert!(!text.contains("ghs_") && !errors.contains("ghs_"), "{text}{errors}");
    text
}

fn short(commit: &str) -> &str {
    &commit[..10]
}

#[test]
fn what_is_merged_reviewed_checked_and_signed_is_approved() {
    let bench = Bench::new();
    let output = bench.approve(bench.github(&bench.merge), &["--deployed", &bench.base]);
    let text = told(&output, 0);
    let (merge, head, base) = (short(&bench.merge), short(&bench.head), short(&bench.base));
    let expected = [
        format!("commit {} for github:octo/fleet\n", bench.merge),
        format!("✓ on the protected branch main, which is at {merge}"),
        format!("✓ 2 commits after {base}, which is deployed"),
        format!("✓ pull request 7, merged by {merge} as it was at {head}, approved by ann"),
        "✓ the check 'build' of app 15368 has succeeded (run 1)".into(),
        "✓ 2 commits are signed by ann@example.org (SHA256:".into(),
    ];
    for (line, expected) in text.lines().filter(|line| !line.is_empty()).zip(&expected) {
        assert!(line.starts_with(expected.trim_end()), "{text}");
    }
    assert!(text.ends_with("\n\napproved\n"), "{text}");
    // As data, and nothing deployed yet.
    let output = bench.approve(bench.github(&bench.merge), &["--json", "main"]);
    let read: Value = serde_json::from_str(&told(&output, 0)).expect("it is JSON");
    assert_eq!((&read["approved"], &read["refusals"]), (&true.into(), &json!([])));
    assert_eq!(read["shown"].as_array().map(Vec::len), Some(5), "{read}");
}

#[test]
fn what_was_pushed_past_the_pull_request_is_refused() {
    let bench = Bench::new();
    fs::write(bench.work().join("evil"), "evil").expect("a file can be written");
    git(&bench.work(), &["add", "evil"]);
    git(
        &bench.work(),
        &["-c", "commit.gpgSign=false", "commit", "-q", "-m", "evil"],
    );
    let evil = git(&bench.work(), &["rev-parse", "HEAD"]);
    let mut answers = bench.github(&evil);
    answers.push((format!("commits/{evil}/pulls"), json!([])));
    let output = bench.approve(answers, &["--deployed", &bench.base]);
    let text = told(&output, 6);
    let evil = short(&evil);
    assert!(
        text.contains(&format!("✗ commit {evil} came by no merged pull request\n    help: ")),
        "{text}"
    );
    assert!(text.contains(&format!("✗ commit {evil} is not signed\n")), "{text}");
    assert!(text.contains("✓ 2 commits are signed by ann@example.org"), "{text}");
    assert!(text.ends_with("\nrefused: 2 things do not hold\n"), "{text}");
}

#[test]
fn what_is_older_or_elsewhere_is_refused() {
    let bench = Bench::new();
    let comparison = |status: &str, behind: u64, fork: &str, base: &str| json!({ "status": status, "behind_by": behind, "base_commit": { "sha": base }, "merge_base_commit": { "sha": fork } });
    let (base, merge) = (&bench.base, &bench.merge);
    let mut answers = bench.github(merge);
    answers.push((format!("compare/{base}...{merge}"), comparison("ahead", 0, base, base)));
    let output = bench.approve(answers, &["--json", "--deployed", merge, base]);
    let read: Value = serde_json::from_str(&told(&output, 6)).expect("it is JSON");
    let kinds: Vec<_> = read["refusals"]
        .as_array()
        .expect("there are some")
        .iter()
        .map(|refusal| &refusal["refusal"]["refusal"])
        .collect();
    // The check and the pull request are not those of the older commit.
    assert_eq!(kinds, ["downgrade", "unknown", "unknown"], "{read}");
    assert_eq!(read["refusals"][0]["condition"], "history");
}

#[test]
fn without_answers_everything_that_needs_them_is_refused() {
    let bench = Bench::new();
    let text = told(&bench.approve(Vec::new(), &[]), 6);
    assert!(
        text.contains("✗ branch: the forge does not tell: GitHub does not find the branch main"),
        "{text}"
    );
    assert!(text.contains("✓ nothing is deployed yet"), "{text}");
    let program = Program::at(env!("CARGO_BIN_EXE_cfgcheck"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
    command
        .args(["approve", "--policy", "../policy.yaml"])
        .current_dir(bench.work());
    let command = program.at_home(&mut command).env_remove("GITHUB_TOKEN");
    let text = told(&command.output().expect("the program runs"), 6);
    assert_eq!(
        text.matches("nobody can tell: there is no token for GitHub").count(),
        3,
        "{text}"
    );
}

#[test]
fn what_is_wrong_on_the_command_line_is_told() {
    let bench = Bench::new();
    let wrong = |args: &[&str], expected: &str| {
        let output = bench.approve(Vec::new(), args);
        assert_eq!(told(&output, 2), "");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains(expected), "{errors}");
    };
    wrong(&["nowhere"], "nowhere");
    wrong(&["--deployed", "HEAD~9"], "HEAD~9");
    wrong(&["--repository", "/dev"], "could not find repository");
    fs::write(
        bench.folder.path().join("policy.yaml"),
        "repository: github:octo/fleet\nbranch: main\nrequires: {}\n",
    )
    .expect("it is written");
    wrong(&[], "unknown key `requires`");
}
