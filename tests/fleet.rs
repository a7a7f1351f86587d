//! The repository's own fleet, as the program sees it and as Nix does.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests read the repository and run programs"
)]

use std::process::Command;

use serde_json::Value;
use testkit::{Oracle, Program, said};

/// The derivation of everything that the flake offers, as a function of what `getFlake` gives.
///
/// An output of a kind that is not listed is an error: it would go unseen.
const EVERYTHING: &str = r#"flake: let
    inherit (builtins) attrNames filter elem mapAttrs;
    known = [ "checks" "devShells" "formatter" "homeConfigurations" "homeModules" "lib" "nixosConfigurations"
      "nixosModules" "overlays" "packages" ];
    unknown = filter (name: ! elem name known) (attrNames flake.outputs);
    drv = _name: x: x.drvPath;
    perSystem = mapAttrs (_system: mapAttrs drv);
    toplevel = _name: host: host.config.system.build.toplevel.drvPath;
    on = system: _name: host: toplevel null (host.extendModules {
      modules = [ ({ lib, ... }: { nixpkgs.hostPlatform = lib.mkForce system; }) ];
    });
    both = { inherit (flake.nixosConfigurations) server container; };
  in if unknown != [ ] then throw "outputs that this test does not know: ${toString unknown}" else {
    nixosConfigurations = mapAttrs toplevel flake.nixosConfigurations;
    homeConfigurations = mapAttrs (_name: home: home.activationPackage.drvPath) flake.homeConfigurations;
    x86_64 = mapAttrs (on "x86_64-linux") both;
    aarch64 = mapAttrs (on "aarch64-linux") both;
    packages = perSystem flake.packages;
    checks = perSystem flake.checks;
    devShells = perSystem flake.devShells;
    formatter = mapAttrs drv flake.formatter;
  }"#;

/// Returns the program.
fn program() -> Program {
    Program::at(env!("CARGO_BIN_EXE_cfgcheck"))
}

#[test]
fn the_fleet_is_clean_on_both_architectures() {
    let fleet = tempfile::tempdir().expect("a temporary folder can be made");
    testkit::copy(fleet.path());
    let report = said(&program().run(fleet.path(), &["check", "path:.", "--output", "json=-"]));
    let report: Value = serde_json::from_str(&report).expect("the report is JSON");
    assert_eq!(report["verdict"], "clean", "{report:#}");
    let count = |what: &str| report["totals"][what].as_u64().expect("totals are numbers");
    // A policy skips a host that it is not about, such as a container without a boot loader.
    assert_eq!(count("cases"), count("passed") + count("skipped"));
    assert!(count("skipped") < 10 && count("passed") > 300, "{:#}", report["totals"]);
    for host in ["server", "container"] {
        for system in ["x86_64-linux", "aarch64-linux"] {
            let cases = report["cases"].as_array().expect("cases are a list");
            let is_it = |case: &&Value| case["host"] == host && case["system"] == system;
            let found = cases.iter().find(is_it);
            let case = found.unwrap_or_else(|| panic!("{host} is not judged for {system}"));
            assert_eq!(case["outcome"]["is"], "passed", "{case:#}");
        }
    }
}

/// The lines of the README that add a host, run as they stand in a new clone.
#[test]
fn a_host_is_added_as_the_readme_says() {
    let readme = std::fs::read_to_string(testkit::root().join("README.md")).expect("there is a README");
    let (_, section) = readme.split_once("## Add a host").expect("the README adds a host");
    let (_, block) = section.split_once("```sh\n").expect("it shows commands");
    let (script, _) = block.split_once("```").expect("the commands end");
    assert!(script.lines().count() < 10, "under ten lines:\n{script}");

    let fleet = tempfile::tempdir().expect("a temporary folder can be made");
    let fleet = fleet.path();
    testkit::copy(fleet);
    let program = program();
    let run = |command: &mut Command| said(&program.at_home(command).current_dir(fleet).output().expect("it runs"));
    let hosts = [
        "eval",
        "--json",
        ".#nixosConfigurations",
        "--apply",
        "builtins.attrNames",
    ];
    let hosts =
        || -> Vec<String> { serde_json::from_str(&said(&program.run(fleet, &hosts))).expect("the names are JSON") };
    run(Command::new("git").args(["init", "--quiet"]));
    run(Command::new("git").args(["add", "--all"]));
    let before = hosts();
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", program.folder().display());
    let told = run(Command::new("sh").args(["-euc", script]).env("PATH", path));
    assert!(told.contains("clean: 0 errors"), "{told}");
    assert_eq!(hosts().len(), before.len() + 1, "{:?}", hosts());
}

/// Every output has the derivation that Nix gives it.
#[test]
fn oracle_everything_has_the_derivation_that_nix_gives() {
    let oracle = Oracle::named();
    let place = oracle.share();
    testkit::copy(&place.outside().join("fleet"));
    let everything = |folder: &str| format!("({EVERYTHING}) (builtins.getFlake \"path:{folder}/fleet\")");
    let mut nix = oracle.nix("eval");
    nix.args(["--impure", "--json", "--expr", &everything(place.inside())]);
    let nix = said(&nix.output().expect("the oracle runs"));
    let outside = place.outside().to_str().expect("the folder's name is text");
    let ours = ["eval", "--impure", "--trust", "--json", "--expr", &everything(outside)];
    let ours = said(&program().run(place.outside(), &ours));
    let nix: Value = serde_json::from_str(&nix).expect("Nix gives JSON");
    let ours: Value = serde_json::from_str(&ours).expect("cfgcheck gives JSON");
    assert!(nix["nixosConfigurations"]["server"].is_string(), "{nix:#}");
    assert_same("flake", &nix, &ours);
}

/// Compares two values, and shows only what differs.
fn assert_same(path: &str, nix: &Value, ours: &Value) {
    let (Some(left), Some(right)) = (nix.as_object(), ours.as_object()) else {
        return assert_eq!(nix, ours, "{path}: left: Nix, right: cfgcheck");
    };
    let names = |map: &serde_json::Map<String, Value>| map.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(left), names(right), "{path}");
    for (key, value) in left {
        assert_same(&format!("{path}.{key}"), value, &right[key]);
    }
}
