//! The repository's own fleet, as the program sees it and as Nix does.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests copy the repository and run programs"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

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

/// The files of the repository that Git does not ignore, copied into a folder.
fn copy_of_the_repository(to: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .expect("git runs");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).expect("the repository's names are text");
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (root.join(name), to.join(name));
        if !from.exists() {
            continue; // deleted, and not yet committed
        }
        std::fs::create_dir_all(to.parent().expect("it lies in the folder")).expect("folders can be made");
        std::fs::copy(from, to).expect("the repository can be read");
    }
}

/// Runs the program with a home of its own.
fn cfgcheck(home: &Path, folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cfgcheck"))
        .args(args)
        .current_dir(folder)
        .env("HOME", home)
        .env_remove("XDG_CACHE_HOME")
        .stdin(Stdio::null())
        .output()
        .expect("the program runs")
}

/// What a program said, if it ended well.
fn said(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_fleet_is_clean_on_both_architectures() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let fleet = home.path().join("fleet");
    copy_of_the_repository(&fleet);
    let report = said(&cfgcheck(
        home.path(),
        &fleet,
        &["check", "path:.", "--output", "json=-"],
    ));
    let report: Value = serde_json::from_str(&report).expect("the report is JSON");
    assert_eq!(report["verdict"], "clean", "{report:#}");
    assert_eq!(report["totals"]["cases"], report["totals"]["passed"]);
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("there is a README");
    let (_, section) = readme.split_once("## Add a host").expect("the README adds a host");
    let (_, block) = section.split_once("```sh\n").expect("it shows commands");
    let (script, _) = block.split_once("```").expect("the commands end");
    assert!(script.lines().count() < 10, "under ten lines:\n{script}");

    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let fleet = home.path().join("fleet");
    copy_of_the_repository(&fleet);
    let git = |args: &[&str]| {
        let output = Command::new("git")
            .args(args)
            .current_dir(&fleet)
            .output()
            .expect("git runs");
        said(&output)
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    // `cfgcheck` in the script is the program under test.
    let programs = PathBuf::from(env!("CARGO_BIN_EXE_cfgcheck"));
    let programs = programs.parent().expect("the program lies in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-euc", script])
        .current_dir(&fleet)
        .env("HOME", home.path())
        .env_remove("XDG_CACHE_HOME")
        .env("PATH", format!("{}:{path}", programs.display()))
        .stdin(Stdio::null())
        .output()
        .expect("a shell runs");
    let told = said(&output);
    assert!(told.contains("clean: 0 errors"), "{told}");
    let hosts = said(&cfgcheck(
        home.path(),
        &fleet,
        &[
            "eval",
            ".#nixosConfigurations",
            "--apply",
            "builtins.attrNames",
            "--json",
        ],
    ));
    let hosts: Vec<String> = serde_json::from_str(&hosts).expect("the names are JSON");
    let before = root.join("hosts").read_dir().expect("there are hosts");
    let before = before
        .filter(|entry| entry.as_ref().is_ok_and(|e| e.path().is_dir()))
        .count();
    assert_eq!(hosts.len(), before + 1, "{hosts:?}");
}

/// Every output has the derivation that Nix gives it.
#[test]
fn oracle_everything_has_the_derivation_that_nix_gives() {
    let oracle = std::env::var("CFGCHECK_ORACLE").expect("CFGCHECK_ORACLE names a command; see tests/oracle.sh");
    let root = Path::new(
        oracle
            .strip_prefix("chroot ")
            .expect("the oracle is a `chroot DIR`")
            .trim(),
    );
    let place = tempfile::tempdir_in(root.join("tmp")).expect("the oracle can be written to");
    copy_of_the_repository(&place.path().join("fleet"));
    let name = place
        .path()
        .file_name()
        .expect("it has a name")
        .to_string_lossy()
        .into_owned();

    let expression = |folder: &str| format!("({EVERYTHING}) (builtins.getFlake \"path:{folder}/fleet\")");
    let nix = Command::new("chroot")
        .arg(root)
        .args(["nix", "eval", "--extra-experimental-features", "nix-command flakes"])
        .args(["--impure", "--json", "--expr", &expression(&format!("/tmp/{name}"))])
        .env_remove("NIX_PATH")
        .stdin(Stdio::null())
        .output()
        .expect("the oracle runs");
    let folder = place.path().to_str().expect("the folder's name is text");
    let ours = cfgcheck(
        place.path(),
        place.path(),
        &["eval", "--impure", "--trust", "--json", "--expr", &expression(folder)],
    );
    let (nix, ours): (Value, Value) = (
        serde_json::from_str(&said(&nix)).expect("Nix gives JSON"),
        serde_json::from_str(&said(&ours)).expect("cfgcheck gives JSON"),
    );
    assert!(nix["nixosConfigurations"]["server"].is_string(), "{nix:#}");
    assert_same(&nix, &ours);
}

/// Compares two values, and shows only what differs.
fn assert_same(nix: &Value, ours: &Value) {
    let (Some(left), Some(right)) = (nix.as_object(), ours.as_object()) else {
        return assert_eq!(nix, ours);
    };
    let names = |map: &serde_json::Map<String, Value>| map.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(left), names(right));
    for (key, value) in left {
        let (a, b) = (value, &right[key]);
        if a.is_object() {
            assert_same(a, b);
        } else {
            assert_eq!(a, b, "{key}");
        }
    }
}
