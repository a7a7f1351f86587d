//! `cfgcheck build` and `--ifd vm` with a small flake: in a real machine, so these tests are `live_`.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests make flakes and run the program"
)]

use std::path::{Path, PathBuf};

/// A package that can be built, one that cannot, and one whose evaluation needs something built.
const FLAKE: &str = r#"{
  outputs = { self }:
    let
      drv = name: script: derivation {
        inherit name;
        system = "x86_64-linux";
        builder = "/bin/sh";
        args = [ "-c" script ];
      };
      word = drv "word" "read w < ${./word}; echo \"\\\"$w\\\"\" > $out";
    in
    {
      packages.x86_64-linux.good = drv "good" "read w < ${word}; echo $w > $out";
      checks.x86_64-linux.broken = drv "broken" "echo it is broken >&2; exit 3";
      imported = import "${word}";
    };
}"#;

/// A folder on the disk of the build, whose caches outlive a test: the packages of the machine are fetched once.
fn home() -> PathBuf {
    let built = PathBuf::from(env!("CARGO_BIN_EXE_cfgcheck"));
    let folder = built.parent().expect("programs lie in a folder").join("home-of-builds");
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

fn flake(folder: &Path) {
    std::fs::write(folder.join("flake.nix"), FLAKE).expect("a file can be written");
    std::fs::write(folder.join("word"), "a word\n").expect("a file can be written");
}

#[test]
fn live_what_a_flake_offers_is_built() {
    let place = tempfile::tempdir().expect("a folder can be made");
    flake(place.path());
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
    command.args([
        "build",
        "--export",
        "built.nar",
        "--output",
        "json=report.json",
        "path:.",
    ]);
    command
        .current_dir(place.path())
        .env("XDG_CACHE_HOME", home())
        .env_remove("NIX_PATH");
    let output = command.output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let report = std::fs::read_to_string(place.path().join("report.json")).expect("there is a report");
    for expected in [
        "packages.x86_64-linux.good is built",
        "-broken.drv' fails: failed with exit code 3",
        "it is broken",
    ] {
        assert!(report.contains(expected), "{expected} in {report}");
    }
    let exported = std::fs::read(place.path().join("built.nar")).expect("it is exported");
    let exported = String::from_utf8_lossy(&exported);
    assert!(
        exported.contains("\"a word\"") && exported.contains("-good"),
        "{exported}"
    );

    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
    command.args(["eval", "--ifd", "vm", "path:.#imported"]);
    command.current_dir(place.path()).env("XDG_CACHE_HOME", home());
    let output = command.output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said.trim(), "\"a word\"", "{}", String::from_utf8_lossy(&output.stderr));
}
