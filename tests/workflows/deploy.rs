//! The workflow that deploys what was merged: what is built is signed in one job, and deployed in another one.

use crate::DEPLOY;
use crate::document;
use crate::stage::Stage;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A path of the store.
fn path(name: &str) -> String {
    format!("/nix/store/0c0i1jmm8dahaah5sm4pxgz9xdgxsz4l-{name}")
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Returns a machine whose Nix has built a system out of a file of the flake, and fetched a program.
fn building() -> Stage {
    let stage = Stage::new();
    let built = format!(
        "while [ \"$1\" != --out-paths ]; do shift; done; echo {} >\"$2\"",
        path("web")
    );
    stage.stand_in("cfgcheck", &built);
    let told = format!(
        "case $* in *--json*) echo '{{}}' ;; *) printf '%s\\t%s\\n' '{}' 'ca:fixed:r:sha256:1' '{}' 'cache.nixos.org-1:abc==' \\\n'{}' \
         'ultimate' '{}' 'ultimate mine:abc==' '{}' 'ca:fixed:sha256:1 cache.nixos.org-1:abc==' ;; esac",
        path("motd"),
        path("bash"),
        path("web"),
        path("etc"),
        path("source.tar")
    );
    stage.stand_in("nix", &told);
    stage.stand_in("nix-store", "echo \"archive of $*\"");
    stage
}

#[test]
pub fn what_no_cache_has_goes_along() {
    let mut stage = building();
    stage.run(DEPLOY, "Build").passed();
    let folder = stage.temp().join("deploy");
    let lines = |names: &[&str]| names.iter().map(|name| path(name) + "\n").collect::<String>();
    assert_eq!(read(&folder.join("own.txt")), lines(&["motd", "web", "etc"]));
    assert_eq!(read(&folder.join("cached.txt")), lines(&["bash", "source.tar"]));
    let exported = format!("archive of --export {} {} {}\n", path("motd"), path("web"), path("etc"));
    assert_eq!(read(&folder.join("own.export")), exported);
    assert_eq!(read(&stage.temp().join("closure.json")), "{}\n");
    let calls = stage.calls();
    let work = stage.work();
    let flake = work.to_str().expect("it is text");
    let build = [
        "cfgcheck",
        "build",
        flake,
        "--host",
        "*",
        "--build-with",
        "nix",
        "--out-paths",
        "../built.txt",
    ];
    assert_eq!(calls[0], build);
}

#[test]
fn a_build_that_fails_signs_nothing() {
    let mut stage = building();
    stage.stand_in("cfgcheck", "exit 1");
    assert_eq!(stage.run(DEPLOY, "Build").code, 1);
}

#[test]
pub fn all_hosts_are_signed_for() {
    let mut stage = Stage::new();
    stage.stand_in("cfgcheck", "cp \"$RUNNER_TEMP/key\" \"$HOME/key\"; exit \"${CODE:-0}\"");
    stage.give("secrets.VERDICT_KEY", json!("fleet-1:abc"));
    stage.run(DEPLOY, "Sign").passed();
    let temp = stage.temp();
    let at = |name: &str| temp.join(name).to_str().expect("it is text").to_owned();
    let (key, closure, to) = (at("key"), at("closure.json"), at("deploy/verdicts"));
    let sign = [
        "cfgcheck",
        "verdict",
        "sign",
        "--key",
        &key,
        "--closure",
        &closure,
        "--to",
        &to,
    ];
    assert_eq!(stage.calls(), [sign]);
    assert_eq!(read(&stage.home().join("key")), "fleet-1:abc\n");
    assert_eq!(
        mode(&temp.join("key")),
        0o600,
        "cfgcheck takes no key that others may read"
    );
    // What is not signed for is not deployed.
    stage.env("CODE", "1");
    assert_eq!(stage.run(DEPLOY, "Sign").code, 1);
    assert!(stage.runs(DEPLOY, "Forget the key of verdicts"));
    stage.run(DEPLOY, "Forget the key of verdicts").passed();
    assert!(!temp.join("key").is_file());
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).expect("it is there").permissions().mode() & 0o777
}

/// The key of verdicts is only where it signs, the key of hosts only where they are deployed to, and both only for those who may.
#[test]
fn each_key_is_in_an_environment_of_its_own() {
    let jobs = document::jobs(DEPLOY);
    let told: Vec<(String, String)> = jobs
        .iter()
        .map(|(name, job)| (name.clone(), document::scalar(&job["environment"])))
        .collect();
    let expected = [("sign", "verdicts"), ("deploy", "production")];
    assert_eq!(
        told,
        expected.map(|(name, environment)| (name.to_owned(), environment.to_owned()))
    );
    for (name, job) in jobs {
        let text = serde_yaml::to_string(&job).expect("it is YAML");
        assert_eq!(text.contains("VERDICT_KEY"), name == "sign", "{name}");
        assert_eq!(text.contains("DEPLOY_SSH_KEY"), name == "deploy", "{name}");
    }
}

#[test]
pub fn what_was_built_is_brought() {
    let mut stage = Stage::new();
    stage.stand_in("nix-store", "case $1 in --import) cat >\"$HOME/imported\" ;; esac");
    let folder = stage.temp().join("deploy");
    fs::create_dir(&folder).expect("a folder can be made");
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a file can be written");
    write("cached.txt", &format!("{}\n", path("bash")));
    write("own.txt", &format!("{}\n", path("web")));
    write("own.export", "archive");
    stage.run(DEPLOY, "Bring what was built").passed();
    let bash = path("bash");
    assert_eq!(
        stage.calls(),
        [vec!["nix-store", "--realise", &bash], vec!["nix-store", "--import"]]
    );
    assert_eq!(read(&stage.home().join("imported")), "archive");
    // Where all is in caches, nothing else is brought.
    write("own.txt", "");
    stage.run(DEPLOY, "Bring what was built").passed();
    assert_eq!(stage.calls(), [["nix-store", "--realise", &bash]]);
}

/// Returns a machine that deploys, with the secrets of the environment.
fn deploying() -> Stage {
    let mut stage = Stage::new();
    stage.stand_in(
        "cfgcheck",
        "printf '%s' \"$GITHUB_TOKEN\" >\"$HOME/token\"\nexit \"${CODE:-0}\"",
    );
    stage.give("secrets.DEPLOY_SSH_KEY", json!("-----KEY-----\nabc"));
    stage.give("vars.DEPLOY_KNOWN_HOSTS", json!("mail ssh-ed25519 AAAA"));
    stage.give("github.token", json!("token"));
    stage
}

#[test]
pub fn the_fleet_is_deployed() {
    let mut stage = deploying();
    stage.run(DEPLOY, "Deploy").passed();
    let temp = stage.temp();
    let verdicts = temp.join("deploy/verdicts");
    let verdicts = verdicts.to_str().expect("it is text");
    let call = |hosts: &str| {
        let words = ["cfgcheck", "switch", ".", "--hosts", hosts, "--verdict", verdicts];
        let outputs = ["github=-", "junit=deploy.xml", "json=deploy.json"];
        let outputs = outputs.iter().flat_map(|output| ["--output", output]);
        words.into_iter().chain(outputs).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(stage.calls(), [call("*")]);
    assert_eq!(read(&stage.home().join("token")), "token");
    let config = format!(
        "Host *\n  IdentitiesOnly yes\n  IdentityFile {0}/key\n  UserKnownHostsFile {0}/known_hosts\n  StrictHostKeyChecking yes\n",
        temp.display()
    );
    let file = stage.home().join(".ssh/config");
    assert_eq!((read(&file), mode(&file)), (config, 0o600));
    assert_eq!(read(&temp.join("key")), "-----KEY-----\nabc\n");
    assert_eq!(mode(&temp.join("key")), 0o600, "ssh takes no key that others may read");
    assert_eq!(read(&temp.join("known_hosts")), "mail ssh-ed25519 AAAA\n");
    assert!(stage.runs(DEPLOY, "Forget the key"));
    stage.run(DEPLOY, "Forget the key").passed();
    assert!(!temp.join("key").is_file());

    let hosts = "web-*,@edge,$(touch pwned)";
    let mut stage = deploying();
    stage.give("vars.DEPLOY_HOSTS", json!(hosts));
    stage.run(DEPLOY, "Deploy").passed();
    assert_eq!(stage.calls()[0][4], hosts);
    assert!(!stage.work().join("pwned").is_file());
}

#[test]
fn a_host_that_fails_fails_the_job() {
    let mut stage = deploying();
    stage.env("CODE", "4");
    assert_eq!(stage.run(DEPLOY, "Deploy").code, 4);
}
