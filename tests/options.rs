//! `explain option`, `list modules`, `list options` and `docs`, as a user runs them.

#![expect(clippy::disallowed_methods, reason = "these tests write files")]

use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;
use testkit::{Program, root, said};

/// Runs the program in a folder of the repository.
fn run(folder: &str, args: &[&str]) -> Output {
    Program::at(env!("CARGO_BIN_EXE_cfgcheck")).run(&root().join(folder), args)
}

/// Returns the exit code and all that a run said.
fn told(output: &Output) -> (i32, String) {
    let both = [&output.stdout[..], &output.stderr].concat();
    let code = output.status.code().expect("the program ends by itself");
    (code, String::from_utf8_lossy(&both).into_owned())
}

#[test]
fn an_option_is_explained_with_every_definition() {
    let text = said(&run(".", &["explain", "option", "container", "networking.hostName"]));
    for line in [
        "networking.hostName of container (x86_64-linux)",
        "  \"container\"",
        "description  Name of the machine, one label without dots.",
        "mkDefault (1000) is stronger than the option's default (1500)",
    ] {
        assert!(text.lines().any(|own| own == line), "{line}\n{text}");
    }
    assert!(text.contains("counts      mkDefault (1000) lib/default.nix:"), "{text}");
    assert!(
        text.contains("overridden  default (1500)   fixtures/inputs/nixpkgs/"),
        "{text}"
    );
}

#[test]
fn programs_read_the_same_as_json() {
    let args = ["explain", "option", "--output", "json", "--platform", "aarch64-linux"];
    let text = said(&run(
        ".",
        &[&args[..], &["server", "services.openssh.settings.PermitRootLogin"]].concat(),
    ));
    let read: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(read["system"], "aarch64-linux");
    assert_eq!(read["value"], "\"no\"");
    let first = &read["definitions"][0];
    assert_eq!(first["file"], "modules/nixos/security/ssh.nix");
    assert_eq!(
        (&first["word"], &first["standing"]),
        (&"mkDefault".into(), &"counts".into())
    );
    assert!(first["line"].is_u64() && first["column"].is_u64() && first["own"] == true);
}

#[test]
fn homes_are_explained_too() {
    let text = said(&run(".", &["explain", "option", "alice@work", "programs.git.enable"]));
    assert!(text.contains("modules/home-manager/development/git.nix:"), "{text}");
    let text = said(&run(
        ".",
        &[
            "explain",
            "option",
            "laptop",
            "home-manager.users.alice.programs.git.enable",
        ],
    ));
    assert!(text.contains("modules/home-manager/development/git.nix:"), "{text}");
}

#[test]
fn a_recursion_is_explained_with_its_cycle() {
    let output = run(
        "fixtures/fleets/config-cycle",
        &["explain", "option", "web", "networking.hostName"],
    );
    let (code, text) = told(&output);
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("the cycle: `networking.domain` needs `networking.hostName` needs `networking.domain`"),
        "{text}"
    );
    assert!(text.contains("names.nix:4:3"), "{text}");
}

#[test]
fn a_conflict_is_explained_with_both_lines() {
    let output = run(
        "fixtures/fleets/option-conflict",
        &["explain", "option", "web", "time.timeZone"],
    );
    let (code, text) = told(&output);
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("2 definitions have the strongest priority, plain (100)"),
        "{text}"
    );
    assert_eq!(text.matches("\n  counts ").count(), 2, "{text}");
}

#[test]
fn what_is_not_there_is_a_wrong_use_with_near_names() {
    for (args, help) in [
        (
            &["explain", "option", "sever", "networking.hostName"][..],
            "did you mean `server`?",
        ),
        (
            &["explain", "option", "server", "services.opnssh.enable"],
            "did you mean `services.openssh.enable`?",
        ),
        (
            &["explain", "option", "server", "openssh.enable"],
            "did you mean `services.openssh.enable`?",
        ),
        (
            &["explain", "option", "server", "users.users.alic"],
            "did you mean `users.users.alice`?",
        ),
        (&["explain", "option", "server", "a..b"], "a name of the path is empty"),
        (&["list", "modules", "sever"], "did you mean `server`?"),
        (&["docs", "--check", "--output", "-"], "--check compares with a file"),
    ] {
        let (code, text) = told(&run(".", args));
        assert_eq!(code, 2, "{args:?}\n{text}");
        assert!(text.contains(help), "{args:?}\n{text}");
    }
}

#[test]
fn a_set_of_options_is_listed() {
    let text = said(&run(".", &["explain", "option", "server", "services.openssh"]));
    assert!(
        text.starts_with("services.openssh is a set of options, with\n"),
        "{text}"
    );
    assert!(text.contains("\n  services.openssh.enable\n"), "{text}");
}

#[test]
fn modules_are_listed_own_ones_first() {
    let text = said(&run(".", &["list", "modules", "server"]));
    assert!(text.starts_with("nixosConfigurations.server\n"), "{text}");
    assert!(
        text.lines().any(|line| line.starts_with("  hosts/server/disks.nix ")
            && line.ends_with(" imported at hosts/server/default.nix:6:5")),
        "{text}"
    );
    assert!(text.contains(" modules of nixpkgs\n"), "{text}");
    let json = said(&run(".", &["list", "modules", "--json"]));
    let read: Value = serde_json::from_str(&json).expect("it is JSON");
    let hosts: Vec<&str> = read
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|host| host["host"].as_str())
        .collect();
    assert_eq!(hosts, ["board", "container", "laptop", "nixos", "server", "alice@work"]);
}

#[test]
fn options_are_listed() {
    let json = said(&run(".", &["list", "options", "--json"]));
    let read: Value = serde_json::from_str(&json).expect("it is JSON");
    let options = read.as_array().expect("a list");
    let one = options
        .iter()
        .find(|option| option["path"] == "fleet.base.boot.enable")
        .expect("it is there");
    assert_eq!(
        one["declared"][0].as_str().and_then(|place| place.split(':').next()),
        Some("modules/nixos/base/boot.nix")
    );
    assert_eq!(one["type"], "boolean");
    assert!(options.iter().all(|option| option["own"] == true));
    let all = said(&run(".", &["list", "options", "container", "--all"]));
    assert!(all.lines().count() > options.len(), "{}", all.lines().count());
}

/// The committed reference is that of the modules; `cfgcheck docs` writes it anew.
#[test]
fn the_reference_of_the_fleet_is_up_to_date() {
    let (code, text) = told(&run(".", &["docs", "--check"]));
    assert_eq!(code, 0, "{text}");
}

#[test]
fn a_reference_that_is_out_of_date_fails_with_the_difference() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file: PathBuf = folder.path().join("options.md");
    let name = file.to_str().expect("it is text");
    let (code, text) = told(&run(".", &["docs", "--check", "--output", name]));
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("there is no "), "{text}");
    said(&run(".", &["docs", "--output", name]));
    let written = std::fs::read_to_string(&file).expect("it was written");
    assert!(written.contains("\n### `fleet.base.boot.enable`\n"));
    let older = written.replace("Whether to enable a boot loader and a kernel.", "Whether to boot.");
    std::fs::write(&file, older).expect("it can be written");
    let (code, text) = told(&run(".", &["docs", "--check", "--output", name]));
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("\n-Whether to boot.\n+Whether to enable a boot loader and a kernel.\n"),
        "{text}"
    );
    assert!(text.contains("is out of date"), "{text}");
}
