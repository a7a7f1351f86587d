//! What Nix 2.34.8 printed for expressions over whole trees: mostly the paths of derivations, in which
//! every byte of every derivation below has a part.

use crate::{named, nix_instantiate};
use std::path::Path;
use std::process::Command;

/// The recorded results: name, expression, and arguments, in which `{}` is the corpus.
const RECORDED: [(&str, &str, &str); 12] = [
    (
        "corepkgs-x86_64-linux",
        "corepkgs-all.nix",
        "--arg corepkgs {}/corepkgs --argstr system x86_64-linux",
    ),
    (
        "corepkgs-aarch64-linux",
        "corepkgs-all.nix",
        "--arg corepkgs {}/corepkgs --argstr system aarch64-linux",
    ),
    ("ekaos-fleet", "ekaos-fleet.nix", "--arg corepkgs {}/corepkgs"),
    (
        "ekaos-fleet-shared",
        "ekaos-fleet.nix",
        "--arg corepkgs {}/corepkgs --arg shared true",
    ),
    (
        "nixos-2009-base-x86_64-linux",
        "base-host.nix",
        "--arg nixpkgs {}/nixcon/nixpkgs --argstr system x86_64-linux",
    ),
    (
        "nixos-2009-base-aarch64-linux",
        "base-host.nix",
        "--arg nixpkgs {}/nixcon/nixpkgs --argstr system aarch64-linux",
    ),
    (
        "nixos-2611-base-x86_64-linux",
        "base-host.nix",
        "--arg nixpkgs {}/nixpkgs-2611 --argstr system x86_64-linux",
    ),
    (
        "nixos-2611-base-aarch64-linux",
        "base-host.nix",
        "--arg nixpkgs {}/nixpkgs-2611 --argstr system aarch64-linux",
    ),
    (
        "nixos-2611-fleet-4x2",
        "fleet.nix",
        "--arg nixpkgs {}/nixpkgs-2611 --arg n 4",
    ),
    (
        "nixcon-dash01",
        "host.nix",
        "--arg nixpkgs {}/nixcon/nixpkgs --arg module {}/nixcon/sys/dash01.nix",
    ),
    (
        "nixcon-jitsi",
        "host.nix",
        "--arg nixpkgs {}/nixcon/nixpkgs --arg module {}/nixcon/sys/jitsi.nix",
    ),
    (
        "nixcon-relay01",
        "host.nix",
        "--arg nixpkgs {}/nixcon/nixpkgs --arg module {}/nixcon/sys/relay01.nix",
    ),
];

fn json(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

fn evaluate(program: &Path, expression: &Path, arguments: &str, corpus: &Path) -> Result<String, String> {
    let corpus = corpus.display().to_string();
    let output = Command::new(program)
        .args(["--eval", "--strict", "--json"])
        .arg(expression)
        .args(arguments.split(' ').map(|word| word.replace("{}", &corpus)))
        .env_remove("NIX_PATH")
        .output()
        .expect("the program runs");
    if output.status.success() {
        Ok(json(&output.stdout))
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Checks the recorded results whose names start so.
fn check(start: &str) {
    let (Some(corpus), Some(folder)) = (named("CFGCHECK_CORPUS"), named("CFGCHECK_EXPECTED")) else {
        return;
    };
    let links = tempfile::tempdir().expect("a folder can be made");
    let program = nix_instantiate(links.path());
    let mut count = 0;
    for (name, expression, arguments) in RECORDED.iter().filter(|(name, ..)| name.starts_with(start)) {
        let file = folder.join(format!("expected/{name}.json"));
        let expected = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let found = evaluate(&program, &folder.join(expression), arguments, &corpus);
        assert_eq!(found, Ok(json(&expected)), "{name}");
        count += 1;
    }
    assert!(count > 0, "no result is recorded for {start}");
}

#[test]
fn corpus_core_packages() {
    check("corepkgs-");
}

#[test]
fn corpus_ekaos() {
    check("ekaos-");
}

#[test]
fn corpus_nixos_of_2020() {
    check("nixos-2009-");
}

#[test]
fn corpus_nixos_of_2026() {
    check("nixos-2611-");
}

#[test]
fn corpus_a_real_fleet() {
    check("nixcon-");
}

/// Unlike the other results, Nix's own depends on where the trees lie, as home-manager puts the names of
/// its files into the manual. The recorded one is that of a corpus at `/corpus`.
#[test]
fn corpus_a_home() {
    let (Some(corpus), Some(folder)) = (named("CFGCHECK_CORPUS"), named("CFGCHECK_EXPECTED")) else {
        return;
    };
    if corpus != Path::new("/corpus") {
        eprintln!("the corpus is not at /corpus: nothing to compare with");
        return;
    }
    let links = tempfile::tempdir().expect("a folder can be made");
    // The module is an expression with spaces: no word of a table.
    let file = folder.join("expected/home-bash-x86_64-linux.json");
    let expected = std::fs::read(&file).expect("the result is recorded");
    let output = Command::new(nix_instantiate(links.path()))
        .args(["--eval", "--strict", "--json"])
        .arg(folder.join("home.nix"))
        .args(["--arg", "nixpkgs"])
        .arg(corpus.join("nixpkgs-2611"))
        .args(["--arg", "homeManager"])
        .arg(corpus.join("home-manager"))
        .args(["--argstr", "system", "x86_64-linux", "--arg", "module"])
        .arg("{ programs.git.enable = true; programs.bash.enable = true; }")
        .env_remove("NIX_PATH")
        .output()
        .expect("the program runs");
    assert_eq!(
        json(&output.stdout),
        json(&expected),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
