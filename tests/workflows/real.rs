//! The same scripts with cfgcheck itself, on a small fleet whose names are hostile: what scripts ask of it is what it takes, and
//! what it answers is what they read.

use crate::stage::Stage;
use crate::update::git;
use crate::{ACTION, DEPLOY, FLEET, UPDATE, gitlab};
use serde_json::{Value, json};
use std::path::Path;

/// The program.
const CFGCHECK: &str = env!("CARGO_BIN_EXE_cfgcheck");

/// The name of a host that no shell may read.
const HOSTILE: &str = "it's $(touch pwned) \"; touch pwned; #";

/// A flake with two hosts and a home, each as little as it can be, of which one reads a file.
fn flake() -> String {
    let name = HOSTILE.replace('"', "\\\"").replace("$(", "\\$(");
    r#"{
  outputs =
    _:
    let
      host = name: value: rec {
        option = value: { _type = "option"; inherit value; files = [ ]; declarations = [ ]; };
        pkgs.stdenv.hostPlatform.system = "x86_64-linux";
        pkgs.system = "x86_64-linux";
        options.system.stateVersion = option "26.05";
        config.system.stateVersion = "26.05";
        config.system.build.toplevel = derivation { inherit name value; system = "x86_64-linux"; builder = "/bin/sh"; };
        activationPackage = config.system.build.toplevel;
      };
    in
    {
      nixosConfigurations.mail = host "mail" "";
      nixosConfigurations."NAME" = host "web" (import ./web.nix);
      homeConfigurations."alice@work" = host "alice" (import ./web.nix);
    };
}
"#
    .replace("NAME", &name)
}

/// Returns a machine with the program, and a clone of the fleet whose last commit changes the hostile host.
fn with_fleet() -> Stage {
    let mut stage = Stage::new();
    stage.program("cfgcheck", Path::new(CFGCHECK));
    let work = stage.work();
    git(&work, &["init", "--quiet", "--initial-branch=main"]);
    for (message, files) in [
        (
            "first",
            &[
                ("flake.nix", flake()),
                ("flake.lock", lock()),
                ("web.nix", "\"1\"\n".into()),
            ][..],
        ),
        ("second", &[("web.nix", "\"2\"\n".into())]),
    ] {
        for (name, text) in files {
            std::fs::write(work.join(name), text).expect("a file can be written");
        }
        git(&work, &["add", "."]);
        git(&work, &["commit", "--quiet", "--message", message]);
    }
    let results = stage.temp().join("results").display().to_string();
    stage.give("steps.cfgcheck.outputs.results", json!(results));
    stage
}

fn lock() -> String {
    "{ \"nodes\": { \"root\": {} }, \"root\": \"root\", \"version\": 7 }\n".to_owned()
}

/// Returns the hosts of a matrix.
fn hosts(matrix: &Value) -> Vec<&str> {
    let jobs = matrix["include"].as_array().expect("it has jobs");
    let hosts = jobs
        .iter()
        .flat_map(|job| job["hosts"].as_array().expect("a job has hosts"));
    hosts.map(|host| host.as_str().expect("names are text")).collect()
}

#[test]
fn the_check_writes_what_the_action_promises() {
    let mut stage = with_fleet();
    let program = stage.temp().join("cfgcheck/bin/cfgcheck");
    std::fs::create_dir_all(program.parent().expect("it lies in a folder")).expect("a folder can be made");
    std::os::unix::fs::symlink(CFGCHECK, program).expect("links can be made");
    stage
        .give("inputs.stages", json!("check"))
        .give("inputs.base", json!("HEAD~1"));
    stage.give("inputs.arguments", json!("--host\nmail\n"));
    let done = stage.run(ACTION, "Check").passed();
    for report in ["junit", "json"] {
        assert!(stage.work().join(done.output(report)).is_file(), "{}", done.said);
    }
    stage.give("inputs.stages", json!("chek"));
    assert_eq!(stage.run(ACTION, "Check").code, 2);
}

#[test]
fn a_hostile_host_is_planned_and_built() {
    let mut stage = with_fleet();
    let before = git(&stage.work(), &["rev-parse", "HEAD~1"]);
    stage.give("github.event", json!({ "before": before }));
    let done = stage.run(FLEET, "Plan the builds").passed();
    assert_eq!(done.output("any"), "true");
    let matrix: Value = serde_json::from_str(done.output("matrix")).expect("it is JSON");
    assert_eq!(hosts(&matrix), [HOSTILE]);
    for job in matrix["include"].as_array().expect("it has jobs") {
        let mut stage = Stage::new();
        stage.stand_in("cfgcheck", "");
        stage.give("matrix", job.clone());
        stage.run(FLEET, "Build").passed();
        let host = job["hosts"][0].as_str().expect("names are text");
        assert_eq!(
            stage.calls(),
            [["cfgcheck", "build", "--build-with", "nix", "--host", host]]
        );
        assert!(!stage.work().join("pwned").is_file());
    }
    assert!(!stage.work().join("pwned").is_file());
}

#[test]
fn only_hosts_are_deployed() {
    let mut stage = with_fleet();
    let name = serde_json::to_string(HOSTILE).expect("it is text");
    let fleet = format!("{{ \"hosts\": {{ {name}: {{ \"target\": \"web.example.org\" }} }} }}");
    std::fs::write(stage.work().join("deploy.yaml"), fleet).expect("a file can be written");
    stage.stand_in("ssh", "echo away >&2; exit 255");
    // What the job that signs has handed on.
    std::fs::create_dir_all(stage.temp().join("deploy/verdicts")).expect("a folder can be made");
    let done = stage.run(DEPLOY, "Deploy");
    assert_eq!(done.code, 3, "{}", done.said);
    assert!(done.said.contains("root@mail cannot be reached: away"), "{}", done.said);
    let mut asked: Vec<String> = stage.calls().iter().map(|call| call[call.len() - 2].clone()).collect();
    asked.sort_unstable();
    assert_eq!(asked, ["root@mail", "web.example.org"]);
    let work = stage.work();
    assert!(work.join("deploy.xml").is_file() && work.join("deploy.json").is_file());
    assert!(!work.join("pwned").is_file());
}

/// Says what it changes that a file is another one, and returns that.
fn told(text: &str) -> String {
    let mut stage = with_fleet();
    std::fs::write(stage.work().join("web.nix"), text).expect("a file can be written");
    stage.run(UPDATE, "Say what it changes").passed();
    let body = std::fs::read_to_string(stage.temp().join("update/body.md")).expect("there is a text");
    assert!(body.len() < 65_536, "{body}");
    body
}

#[test]
fn what_an_update_changes_is_told() {
    let body = told("\"3\"\n");
    assert!(
        body.starts_with("An update of all inputs: cfgcheck finds nothing"),
        "{body}"
    );
    assert!(body.contains("Unchanged: <code>mail</code>"), "{body}");
    let body = told("throw \"no more\"\n");
    assert!(body.contains("**cfgcheck finds errors**"), "{body}");
    assert!(
        body.contains("    cfgcheck bisect HEAD") && body.contains("no more"),
        "{body}"
    );
}

#[test]
fn gitlab_calls_it_as_it_can_be_called() {
    let stage = with_fleet();
    let program = testkit::Program::at(CFGCHECK);
    let output = program.run(&stage.work(), &gitlab::ARGUMENTS);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{said}");
    for report in ["cfgcheck.xml", "gl-code-quality-report.json"] {
        assert!(stage.work().join(report).is_file(), "{report}");
    }
}

/// What the action compares with the release that it has got.
#[test]
fn the_program_says_its_version() {
    let program = testkit::Program::at(CFGCHECK);
    let version = testkit::said(&program.run(Path::new("/"), &["--version"]));
    assert_eq!(version.trim(), concat!("cfgcheck ", env!("CARGO_PKG_VERSION")));
}
