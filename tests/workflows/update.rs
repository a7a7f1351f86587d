//! The workflow that updates the lock, with a real Git and a repository in the place of GitHub's.

use crate::UPDATE;
use crate::stage::Stage;
use serde_json::json;
use std::path::Path;
use std::process::Command;

const BRANCH: &str = "cfgcheck/update-flake-lock";

/// Runs Git in a folder and returns what it says.
pub fn git(folder: &Path, args: &[&str]) -> String {
    let mut git = Command::new("git");
    git.current_dir(folder)
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
        .args(args);
    git.env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    testkit::said(&git.output().expect("Git runs")).trim().to_owned()
}

/// Returns a machine with a clone of a repository that has a lock.
pub fn cloned() -> Stage {
    let stage = Stage::new();
    let (work, origin) = (stage.work(), stage.home().join("origin.git"));
    git(
        &work,
        &[
            "init",
            "--quiet",
            "--bare",
            "--initial-branch=main",
            origin.to_str().expect("it is text"),
        ],
    );
    git(&work, &["init", "--quiet", "--initial-branch=main"]);
    std::fs::write(work.join("flake.lock"), "old").expect("a file can be written");
    git(&work, &["add", "."]);
    git(&work, &["commit", "--quiet", "--message=first"]);
    git(
        &work,
        &["remote", "add", "origin", origin.to_str().expect("it is text")],
    );
    git(&work, &["push", "--quiet", "origin", "main"]);
    stage
}

/// Updates the lock to a text and returns whether that is told as a change.
fn updated(lock: &str) -> String {
    let mut stage = cloned();
    stage.stand_in("nix", &format!("printf %s '{lock}' >flake.lock"));
    let done = stage.run(UPDATE, "Update the lock").passed();
    assert_eq!(stage.calls(), [["nix", "flake", "update"]]);
    assert_eq!(
        stage.runs(UPDATE, "Say what it changes"),
        done.output("changed") == "true"
    );
    done.output("changed").to_owned()
}

#[test]
pub fn a_lock_that_stays_the_same_is_told() {
    assert_eq!(updated("old"), "false");
    assert_eq!(updated("new"), "true");
}

/// A flake that had no lock has one then.
#[test]
fn a_first_lock_is_a_change() {
    let mut stage = cloned();
    git(&stage.work(), &["rm", "--quiet", "flake.lock"]);
    git(&stage.work(), &["commit", "--quiet", "--message=none"]);
    stage.stand_in("nix", "echo new >flake.lock");
    assert_eq!(stage.run(UPDATE, "Update the lock").passed().output("changed"), "true");
}

/// Says what changes, where the check, the comparison and the search for the input to blame end with these codes; returns the code
/// and the text.
fn told(check: i32, diff: i32, bisect: i32) -> (i32, String, Stage) {
    let mut stage = cloned();
    let body = "for last; do :; done\ncase $1 in\n\
        ci) exit \"$CHECK\" ;;\n\
        diff) echo 'web: nginx 1.2 → 1.3' >\"${last#markdown=}\"; exit \"$DIFF\" ;;\n\
        bisect) printf '%s\\n' 'web is broken by nixpkgs' '```' '@everybody' \"$LONG\"; exit \"$BISECT\" ;;\nesac";
    stage.stand_in("cfgcheck", body);
    for (name, code) in [("CHECK", check), ("DIFF", diff), ("BISECT", bisect)] {
        stage.env(name, &code.to_string());
    }
    stage.env("LONG", &"→".repeat(10_000));
    stage.give("steps.cfgcheck.outputs.results", json!("/results"));
    let done = stage.run(UPDATE, "Say what it changes");
    let body = std::fs::read_to_string(stage.temp().join("update/body.md")).unwrap_or_default();
    (done.code, body, stage)
}

#[test]
pub fn findings_are_told_and_no_failure() {
    let (code, body, stage) = told(0, 0, 0);
    assert_eq!(code, 0);
    let run = "https://github.com/o/fleet/actions/runs/77";
    let expected =
        format!("An update of all inputs: cfgcheck finds nothing against it ([run]({run})).\n\nweb: nginx 1.2 → 1.3\n");
    assert_eq!(body, expected);
    let calls = stage.calls();
    assert_eq!(calls[0][1..6], ["ci", "--base", "HEAD", "--cache", "/results"]);
    assert_eq!(calls[1][1..4], ["diff", "HEAD", "--output"]);
    assert_eq!(calls.len(), 2);
    let lock = std::fs::read_to_string(stage.temp().join("update/flake.lock"));
    assert_eq!(lock.expect("the lock is kept"), "old");

    // What was found may say anything, and much of it.
    let (code, body, _) = told(1, 1, 1);
    assert_eq!(code, 0, "{body}");
    let lines: Vec<&str> = body.lines().collect();
    assert!(lines[0].contains("**cfgcheck finds errors**"), "{body}");
    assert_eq!(
        lines[1..5],
        ["", "    web is broken by nixpkgs", "    ```", "    @everybody"]
    );
    assert!(
        lines[5].starts_with("    →→→") && lines[5].ends_with('→') && lines[5].len() < 4000,
        "{body}"
    );
    assert_eq!(lines[6..], ["", "web: nginx 1.2 → 1.3"]);
    // A check may find what breaks no host.
    assert_eq!(told(1, 0, 0).0, 0);
}

#[test]
fn what_could_not_be_done_is_no_pull_request() {
    for (check, diff, bisect, expected) in [(3, 0, 0, 3), (101, 0, 0, 101), (0, 3, 0, 3), (1, 0, 3, 3)] {
        let (code, _, stage) = told(check, diff, bisect);
        assert_eq!(code, expected);
        assert!(!stage.temp().join("update/flake.lock").is_file());
    }
}

/// The first update opens it, and the next one brings it up to date.
#[test]
pub fn there_is_one_pull_request() {
    const STEP: &str = "Open the pull request, or bring it up to date";
    let mut stage = cloned();
    let (update, home) = (stage.temp().join("update"), stage.home());
    std::fs::create_dir(&update).expect("a folder can be made");
    let write = |name: &str, text: &str| std::fs::write(update.join(name), text).expect("it can be written");
    let token = || std::fs::read_to_string(home.join("token")).expect("gh was given a token");
    write("body.md", "what changes");
    write("flake.lock", "new");
    stage.stand_in(
        "gh",
        "echo \"$GH_TOKEN\" >\"$HOME/token\"\nif [ \"$1 $3\" = 'api GET' ]; then echo $OPEN; fi",
    );
    let body = update.join("body.md").display().to_string();
    let ask = [
        "gh",
        "api",
        "--method",
        "GET",
        "repos/o/fleet/pulls",
        "--raw-field",
        "state=open",
        "--raw-field",
        "base=main",
        "--raw-field",
        "head=o:cfgcheck/update-flake-lock",
        "--jq",
        ".[0].number // empty",
    ];

    stage.run(UPDATE, STEP).passed();
    let create = [
        "gh",
        "pr",
        "create",
        "--base",
        "main",
        "--head",
        BRANCH,
        "--title",
        "Update flake.lock",
        "--body-file",
        &body,
    ];
    assert_eq!(stage.calls(), [&["gh", "auth", "setup-git"][..], &ask, &create]);
    let origin = stage.home().join("origin.git");
    assert_eq!(git(&origin, &["show", &format!("{BRANCH}:flake.lock")]), "new");
    assert_eq!(git(&origin, &["rev-list", "--count", BRANCH]), "2");
    assert_eq!(token(), "the-token\n");

    // A week later, from the default branch again.
    git(&stage.work(), &["switch", "--quiet", "main"]);
    git(&stage.work(), &["branch", "--quiet", "-D", BRANCH]);
    write("flake.lock", "newer");
    stage
        .give("secrets.UPDATE_TOKEN", json!("another-token"))
        .env("OPEN", "5");
    stage.run(UPDATE, STEP).passed();
    let field = format!("body=@{body}");
    let edit = [
        "gh",
        "api",
        "--silent",
        "--method",
        "PATCH",
        "repos/o/fleet/pulls/5",
        "--field",
        &field,
    ];
    assert_eq!(stage.calls(), [&["gh", "auth", "setup-git"][..], &ask, &edit]);
    assert_eq!(git(&origin, &["show", &format!("{BRANCH}:flake.lock")]), "newer");
    assert_eq!(git(&origin, &["rev-list", "--count", BRANCH]), "2");
    assert_eq!(token(), "another-token\n");
}
