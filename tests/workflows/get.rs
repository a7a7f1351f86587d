//! How the action gets the program: a release is downloaded and verified, or it is built.

use crate::ACTION;
use crate::server::{Reply, Server};
use crate::stage::{Done, Stage};
use serde_json::json;
use std::collections::BTreeMap;
use std::process::Command;

const STEP: &str = "Get cfgcheck";
const TARGET: &str = "x86_64-unknown-linux-musl";

/// Returns an archive as a release has it, with a program that says its version, or else writes down its arguments.
pub fn archive(target: &str, version: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let name = format!("cfgcheck-{target}");
    let body =
        format!("if [ \"$1\" = --version ]; then echo 'cfgcheck {version}'; else printf '%s\\n' \"$@\" >called; fi");
    Stage::new().stand_in_at(&folder.path().join(&name).join("cfgcheck"), &body);
    let mut tar = Command::new("tar");
    tar.args(["-cJf", "archive", &name]).current_dir(folder.path());
    assert!(tar.status().expect("tar runs").success());
    std::fs::read(folder.path().join("archive")).expect("the archive is there")
}

/// Returns the hash of bytes, as sha256sum prints it.
pub fn hash(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("file");
    std::fs::write(&file, bytes).expect("a file can be written");
    let output = Command::new("sha256sum").arg(file).output().expect("sha256sum runs");
    String::from_utf8_lossy(&output.stdout)[..64].to_owned()
}

fn found(bytes: impl Into<Vec<u8>>) -> Reply {
    ("200 OK", String::new(), bytes.into())
}

/// Returns the files of the release v1.2.3 by their paths, as cargo-dist makes them.
fn release(of: &str) -> BTreeMap<String, Reply> {
    let at = "/o/cfgcheck/releases/download/v1.2.3";
    let archive = archive(TARGET, of);
    let sum = format!("{} *cfgcheck-{TARGET}.tar.xz\n", hash(&archive));
    [
        (format!("{at}/cfgcheck-{TARGET}.tar.xz"), found(archive)),
        (format!("{at}/cfgcheck-{TARGET}.tar.xz.sha256"), found(sum)),
    ]
    .into()
}

/// Returns a machine for the action at a ref of its repository.
fn at(reference: &str) -> Stage {
    let mut stage = Stage::new();
    stage.give("github.action_repository", json!("o/cfgcheck"));
    stage.give("github.action_ref", json!(reference));
    stage
}

/// Runs the step where the server is the one of a company.
fn at_company(stage: &mut Stage, server: &Server) -> Done {
    stage.env("GITHUB_SERVER_URL", &server.address).run(ACTION, STEP)
}

/// Runs the step where GitHub's addresses are on the server.
fn at_github(stage: &mut Stage, server: &Server) -> Done {
    let tools = stage.temp().join("../tools/curl");
    let body = format!(
        "exec {} \"${{@//https:\\/\\/github.com/{}}}\"",
        tools.display(),
        server.address
    );
    stage.stand_in("curl", &body);
    stage.run(ACTION, STEP)
}

fn is_there(stage: &Stage) -> bool {
    stage.temp().join("cfgcheck/bin/cfgcheck").is_file()
}

#[test]
pub fn a_release_is_downloaded_and_verified() {
    let server = Server::with(release("1.2.3"));
    let mut stage = at("v1.2.3");
    stage.stand_in("gh", "echo \"$GH_TOKEN\" >\"$HOME/token\"");
    let done = at_github(&mut stage, &server).passed();
    assert_eq!(done.output("got"), "true");
    assert!(is_there(&stage) && !stage.runs(ACTION, "Build cfgcheck"));
    let folder = stage.temp().join("cfgcheck/bin");
    assert_eq!(stage.added_path(), format!("{}\n", folder.display()));
    let calls = stage.calls();
    let gh: Vec<_> = calls.iter().filter(|call| call[0] == "gh").collect();
    assert_eq!(gh[0][1..], ["attestation", "verify", "--help"]);
    assert_eq!(gh[1][1..3], ["attestation", "verify"]);
    assert!(gh[1][3].ends_with(&format!("/cfgcheck-{TARGET}.tar.xz")), "{gh:?}");
    assert_eq!(gh[1][4..], ["--repo", "o/cfgcheck"]);
    let token = std::fs::read_to_string(stage.home().join("token")).expect("gh was given a token");
    assert_eq!(token, "the-token\n");
    // Nothing is left but the program.
    let left = std::fs::read_dir(stage.temp().join("cfgcheck"))
        .expect("it is there")
        .count();
    assert_eq!(left, 1);
}

#[test]
fn a_release_can_be_named() {
    let server = Server::with(release("1.2.3"));
    let mut stage = at("08c6903cd8c0fde910a37f88322edcfb5dd907a8");
    stage.give("inputs.version", json!("v1.2.3"));
    at_company(&mut stage, &server).passed();
    assert!(is_there(&stage));
}

/// The program is that of the runner's machine.
#[test]
fn each_machine_has_its_own_archive() {
    for (os, processor, target) in [
        ("Linux", "X64", "x86_64-unknown-linux-musl"),
        ("Linux", "ARM64", "aarch64-unknown-linux-musl"),
        ("macOS", "X64", "x86_64-apple-darwin"),
        ("macOS", "ARM64", "aarch64-apple-darwin"),
    ] {
        let server = Server::with(BTreeMap::new());
        let mut stage = at("v1.2.3");
        stage.env("RUNNER_OS", os).env("RUNNER_ARCH", processor);
        at_company(&mut stage, &server).passed();
        let expected = format!("/o/cfgcheck/releases/download/v1.2.3/cfgcheck-{target}.tar.xz.sha256");
        assert_eq!(server.asked(), [expected]);
    }
}

#[test]
fn what_is_not_as_promised_is_refused() {
    let path = |end: &str| format!("/o/cfgcheck/releases/download/v1.2.3/cfgcheck-{TARGET}.tar.xz{end}");
    let elsewhere = "Location: /elsewhere\r\n".to_owned();
    let changes: [(&str, &str, Reply); 5] = [
        ("instead of", ".sha256", found(format!("{} *x\n", "0".repeat(64)))),
        ("has no hash", ".sha256", found("<html>")),
        ("instead of", "", found("something else")),
        ("the server says 403", "", ("403 Forbidden", String::new(), Vec::new())),
        // A way that is not encrypted is not followed.
        ("could not be downloaded", "", ("302 Found", elsewhere, Vec::new())),
    ];
    for (expected, end, reply) in changes {
        let mut files = release("1.2.3");
        files.insert("/elsewhere".to_owned(), files[&path(end)].clone());
        files.insert(path(end), reply);
        let server = Server::with(files);
        let mut stage = at("v1.2.3");
        let done = at_company(&mut stage, &server);
        assert_eq!(done.code, 1, "{}", done.said);
        assert!(done.said.contains("::error title=cfgcheck::"), "{}", done.said);
        assert!(done.said.contains(expected), "{expected}: {}", done.said);
        assert!(!is_there(&stage) && done.outputs.is_empty());
    }
    // An older program in the place of a newer one.
    let mut stage = at("v1.2.3");
    let done = at_company(&mut stage, &Server::with(release("1.2.2")));
    assert!(
        done.code == 1 && done.said.contains("says that it is cfgcheck 1.2.2"),
        "{}",
        done.said
    );
    // A program that nobody has built.
    let mut stage = at("v1.2.3");
    stage.stand_in("gh", "[ \"$3\" = --help ]");
    let done = at_github(&mut stage, &Server::with(release("1.2.3")));
    assert!(
        done.code == 1 && done.said.contains("is not attested by o/cfgcheck"),
        "{}",
        done.said
    );
    assert!(!is_there(&stage));
}

#[test]
fn without_a_gh_that_can_the_hash_is_what_is_verified() {
    for gh in [None, Some("exit 1")] {
        let mut stage = at("v1.2.3");
        if let Some(body) = gh {
            stage.stand_in("gh", body);
        }
        let done = at_github(&mut stage, &Server::with(release("1.2.3"))).passed();
        assert!(done.said.contains("No attestation is verified"), "{}", done.said);
        assert!(is_there(&stage));
    }
}

#[test]
pub fn without_a_release_it_is_built() {
    let nowhere = Server::with(BTreeMap::new());
    for reference in ["main", "v1", "08c6903cd8c0fde910a37f88322edcfb5dd907a8", "", "v1.2.3"] {
        let mut stage = at(reference);
        let done = at_company(&mut stage, &nowhere).passed();
        assert!(done.said.contains("is built"), "{}", done.said);
        assert!(stage.runs(ACTION, "Build cfgcheck"), "{reference}");
        stage.stand_in(
            "cargo",
            "mkdir -p \"${@: -1}/release\"\necho built >\"${@: -1}/release/cfgcheck\"",
        );
        stage.calls();
        stage.run(ACTION, "Build cfgcheck").passed();
        let target = stage.temp().join("cfgcheck/target");
        let expected = [
            "cargo",
            "build",
            "--release",
            "--locked",
            "--manifest-path",
            "/action/Cargo.toml",
            "--target-dir",
            target.to_str().expect("paths of tests are text"),
        ];
        assert_eq!(stage.calls(), [expected]);
        let built = std::fs::read_to_string(stage.temp().join("cfgcheck/bin/cfgcheck"));
        assert_eq!(built.expect("it is there"), "built\n");
    }
}

/// The source of the action is not what was asked for.
#[test]
fn a_release_that_is_named_is_never_built() {
    let nowhere = Server::with(BTreeMap::new());
    for (named, expected) in [
        ("v9.9.9", "the server says 404"),
        ("main", "has to be a release"),
        ("v1.2.3\n::error::x", "has to be a release"),
        ("v1.2.3/../v0.0.1", "has to be a release"),
    ] {
        let mut stage = at("v1.2.3");
        stage.give("inputs.version", json!(named));
        let done = at_company(&mut stage, &nowhere);
        assert!(done.code == 1 && done.said.contains(expected), "{named}: {}", done.said);
        assert!(!done.said.contains("\n::error::x"), "{}", done.said);
    }
}
