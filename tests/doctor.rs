//! `cfgcheck doctor` on this machine, with search paths that are made up.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests write programs and run them"
)]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use testkit::Program;

/// Runs the program with a search path, in a folder that is a flake with these settings.
fn doctor(folder: &Path, path: &Path, args: &[&str]) -> Output {
    let program = Program::at(env!("CARGO_BIN_EXE_cfgcheck"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
    command.arg("doctor").args(args).current_dir(folder);
    program
        .at_home(&mut command)
        .env("PATH", path)
        .env_remove("GITHUB_ACTIONS")
        .output()
        .expect("the program runs")
}

fn file(path: &Path, text: &str, mode: u32) {
    std::fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("folders can be made");
    std::fs::write(path, text).expect("files can be written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("files have modes");
}

#[test]
fn what_is_in_the_search_path_counts() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let bin = folder.path().join("bin");
    file(&bin.join("git"), "#!/bin/sh\necho git version 9.8.7\n", 0o755);
    file(
        &bin.join("nix-store"),
        "#!/bin/sh\necho 'error: cannot open the store' >&2\nexit 1\n",
        0o755,
    );
    let output = doctor(folder.path(), &bin, &["git", "nix", "--json"]);
    assert_eq!(
        output.status.code(),
        Some(3),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let read: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(read["missing"], serde_json::json!(["nix"]));
    let [git, nix] = &read["capabilities"].as_array().expect("there are some")[..] else {
        panic!("{read}");
    };
    assert_eq!(
        (&git["standing"], &git["facts"][0]),
        (&"ready".into(), &"git 9.8.7".into())
    );
    let what = nix["lacks"][0]["what"].as_str().expect("it is text");
    assert!(
        what.starts_with("`nix-store` does not work (error: cannot open the store)"),
        "{what}"
    );
}

#[test]
fn a_stage_that_cannot_run_here_ends_with_3() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).expect("folders can be made");
    let code = |output: &Output| output.status.code();
    // Outside of a flake nothing is asked for.
    let output = doctor(folder.path(), &empty, &[]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        code(&output),
        Some(0),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        text.contains("\n- vm           no host is tried in a virtual machine\n"),
        "{text}"
    );
    file(&folder.path().join("flake.nix"), "{ outputs = _: { }; }\n", 0o644);
    let settings = folder.path().join("cfgcheck.yaml");
    file(&settings, "version: 1\nci: { stages: [check, vm] }\n", 0o644);
    let output = doctor(folder.path(), &empty, &[]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(code(&output), Some(3), "{text}");
    assert!(text.contains("\n✗ vm "), "{text}");
    assert!(
        text.ends_with("\nasked for by the stages in cfgcheck.yaml, and missing: vm\n"),
        "{text}"
    );
    file(&settings, "version: 1\nci: { stages: [check] }\n", 0o644);
    assert_eq!(code(&doctor(folder.path(), &empty, &[])), Some(0));
    assert_eq!(code(&doctor(folder.path(), &empty, &["vm"])), Some(3));
    file(&settings, "version: 1\nci: { stagse: [check] }\n", 0o644);
    let output = doctor(folder.path(), &empty, &[]);
    assert_eq!(code(&output), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean `stages`?"));
}

#[test]
fn a_home_that_cannot_be_written_to_is_told() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    // A file is in the way.
    let cache = folder.path().join("cache");
    file(&cache, "", 0o644);
    let mut command = Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
    let command = command.args(["doctor", "cache"]).current_dir(folder.path());
    let output = command.env("XDG_CACHE_HOME", &cache).env("NO_COLOR", "1").output();
    let output = output.expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("nothing is kept for later runs"), "{text}");
    assert!(text.contains("export XDG_CACHE_HOME="), "{text}");
}

#[test]
fn live_guests_of_both_processors_are_tried() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let program = Program::at(env!("CARGO_BIN_EXE_cfgcheck"));
    let output = program.run(
        folder.path(),
        &["doctor", "build", "--system", "aarch64-linux", "--json"],
    );
    let read: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(output.status.code(), Some(0), "{read:#}");
    let facts = read["capabilities"][0]["facts"].as_array().expect("there are some");
    for processor in ["x86_64", "aarch64"] {
        let head = format!("guests of {processor} run with QEMU ");
        assert!(
            facts
                .iter()
                .any(|fact| fact.as_str().is_some_and(|fact| fact.starts_with(&head))),
            "{read:#}"
        );
    }
}
