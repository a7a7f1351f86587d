//! The workflow that deploys what was merged.

use crate::DEPLOY;
use crate::stage::Stage;
use crate::update::{cloned, git};
use serde_json::json;

const PLAN: &str = "Plan the switches";

/// Plans the switches and returns how the program was called.
fn planned(stage: &mut Stage) -> Vec<String> {
    stage.stand_in("cfgcheck", "echo 'matrix={\"include\":[]}'\necho any=false");
    stage.give("steps.cfgcheck.outputs.results", json!("/results"));
    let done = stage.run(DEPLOY, PLAN).passed();
    assert_eq!(
        (done.output("matrix"), done.output("any")),
        ("{\"include\":[]}", "false")
    );
    stage.calls().concat()
}

#[test]
pub fn what_was_not_deployed_is_planned() {
    let mut stage = cloned();
    let all = ["cfgcheck", "matrix", "--cache", "/results", "--stage", "switch"];
    assert_eq!(planned(&mut stage), [&all[..], &["--github-output"]].concat());

    // What was deployed before is where the next one begins, whatever was pushed since.
    git(
        &stage.work(),
        &["push", "--quiet", "origin", "HEAD:refs/heads/deployed"],
    );
    git(&stage.work(), &["fetch", "--quiet", "origin"]);
    let since = ["--changed-since", "origin/deployed", "--github-output"];
    assert_eq!(planned(&mut stage), [&all[..], &since].concat());
}

#[test]
fn a_plan_that_fails_deploys_nothing() {
    let mut stage = cloned();
    stage.stand_in("cfgcheck", "exit 3");
    stage.give("steps.cfgcheck.outputs.results", json!("/results"));
    let done = stage.run(DEPLOY, PLAN);
    assert!(done.code == 3 && done.outputs.is_empty(), "{}", done.said);
}

/// Returns a machine that switches hosts, with the secrets of the environment.
fn switching(hosts: &[&str]) -> Stage {
    let mut stage = Stage::new();
    let body = "printf '%s' \"$NIX_SSHOPTS\" >\"$HOME/options\"\nexit \"${CODE:-0}\"";
    stage.stand_in("nix", body);
    let words = hosts
        .iter()
        .map(|host| format!("--host '{}'", host.replace('\'', "'\\''")));
    stage.give("matrix.args", json!(words.collect::<Vec<_>>().join(" ")));
    stage.give("secrets.DEPLOY_SSH_KEY", json!("-----KEY-----\nabc"));
    stage.give("vars.DEPLOY_KNOWN_HOSTS", json!("mail ssh-ed25519 AAAA"));
    stage
}

/// Returns how a host is switched.
fn call<'a>(flake: &'a str, target: &'a str) -> [&'a str; 12] {
    [
        "nix",
        "run",
        "--inputs-from",
        ".",
        "nixpkgs#nixos-rebuild-ng",
        "--",
        "switch",
        "--no-reexec",
        "--sudo",
        "--flake",
        flake,
        target,
    ]
}

#[test]
pub fn each_host_is_switched() {
    let hostile = "$(touch pwned)";
    let mut stage = switching(&["mail", "web's", hostile]);
    stage.run(DEPLOY, "Switch").passed();
    let calls: Vec<Vec<String>> = stage.calls();
    let expected = ["mail", "web's", hostile].map(|host| (format!(".#{host}"), format!("root@{host}")));
    assert_eq!(calls.len(), 3);
    for (found, (flake, target)) in calls.iter().zip(&expected) {
        let mut wanted = call(flake, "--target-host").to_vec();
        wanted.push(target);
        assert_eq!(*found, wanted);
    }
    assert!(!stage.work().join("pwned").is_file());
    let temp = stage.temp();
    let options = std::fs::read_to_string(stage.home().join("options")).expect("nix was called");
    let expected = format!(
        "-i {0}/key -o IdentitiesOnly=yes -o UserKnownHostsFile={0}/known_hosts",
        temp.display()
    );
    assert_eq!(options, expected);
    assert_eq!(
        std::fs::read_to_string(temp.join("key")).expect("it is there"),
        "-----KEY-----\nabc\n"
    );
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(temp.join("key"))
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600, "ssh takes no key that others may read");
    assert_eq!(
        std::fs::read_to_string(temp.join("known_hosts")).expect("it is there"),
        "mail ssh-ed25519 AAAA\n"
    );

    assert!(stage.runs(DEPLOY, "Forget the key"));
    stage.run(DEPLOY, "Forget the key").passed();
    assert!(!temp.join("key").is_file());
}

#[test]
fn hosts_are_reached_as_the_variables_say() {
    let mut stage = switching(&["mail"]);
    stage
        .give("vars.DEPLOY_USER", json!("deploy"))
        .give("vars.DEPLOY_DOMAIN", json!("example.org"));
    stage.run(DEPLOY, "Switch").passed();
    assert_eq!(
        stage.calls()[0].last().expect("it has arguments"),
        "deploy@mail.example.org"
    );
}

#[test]
fn the_first_host_that_fails_ends_the_job() {
    let mut stage = switching(&["mail", "web"]);
    stage.env("CODE", "1");
    assert_eq!(stage.run(DEPLOY, "Switch").code, 1);
    assert_eq!(stage.calls().len(), 1);
}

#[test]
pub fn what_is_deployed_is_recorded() {
    let mut stage = cloned();
    stage.stand_in("gh", "");
    stage.run(DEPLOY, "Record what is deployed").passed();
    assert_eq!(stage.calls(), [["gh", "auth", "setup-git"]]);
    let head = git(&stage.work(), &["rev-parse", "HEAD"]);
    assert_eq!(git(&stage.home().join("origin.git"), &["rev-parse", "deployed"]), head);
}
