//! The repository's own hosts on a real nixpkgs: `nixpkgs-2611` of the corpus in place of the stand-in.

use crate::named;
use testkit::{Oracle, Program, said};

/// The hosts whose whole systems must be had from a real nixpkgs, too.
const HOSTS: [&str; 3] = ["server", "container", "board"];

/// What is asked of a host.
fn attribute(host: &str) -> String {
    format!("nixosConfigurations.{host}.config.system.build.toplevel.drvPath")
}

#[test]
fn corpus_the_fleet_on_a_real_nixpkgs() {
    let Some(corpus) = named("CFGCHECK_CORPUS") else { return };
    let fleet = tempfile::tempdir().expect("a folder can be made");
    testkit::copy(fleet.path());
    let program = Program::at(env!("CARGO_BIN_EXE_cfgcheck"));
    let nixpkgs = format!("path:{}/nixpkgs-2611", corpus.display());
    for host in HOSTS {
        let asked = format!("path:.#{}", attribute(host));
        let told = program.run(
            fleet.path(),
            &["eval", "--raw", "--override-input", "nixpkgs", &nixpkgs, &asked],
        );
        let derivation = said(&told);
        assert!(
            derivation.contains(&format!("-nixos-system-{host}-26.11")),
            "{derivation}"
        );
    }
}

/// Each of forty hosts calls a package set for itself.
#[test]
fn corpus_forty_hosts_share_package_sets_and_nobody_can_tell() {
    let Some(corpus) = named("CFGCHECK_CORPUS") else { return };
    let folder = tempfile::tempdir().expect("a folder can be made");
    let program = Program::at(env!("CARGO_BIN_EXE_cfgcheck"));
    let hosts = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/suite/hosts.nix");
    let corepkgs = format!("{}/corepkgs", corpus.display());
    let args = ["eval", "--json", "--sharing", "verify", "--file", hosts];
    let told = program.run(folder.path(), &[&args[..], &["--arg", "corepkgs", &corepkgs]].concat());
    let derivations: Vec<String> = serde_json::from_str(&said(&told)).expect("it is a list of texts");
    assert_eq!(derivations.len(), 40);
    assert!(derivations.iter().all(|path| path.ends_with(".drv")), "{derivations:?}");
}

/// Needs a corpus that the oracle sees under the same path, by a bind mount.
#[test]
fn oracle_the_fleet_on_a_real_nixpkgs_has_the_derivations_that_nix_gives() {
    let Some(corpus) = named("CFGCHECK_CORPUS") else { return };
    let oracle = Oracle::named();
    let below = corpus.strip_prefix("/").expect("the corpus has an absolute path");
    assert!(
        oracle.root().join(below).join("nixpkgs-2611").is_dir(),
        "the oracle does not see the corpus: mount --bind it at the same path below the oracle's root"
    );
    let place = oracle.share();
    testkit::copy(&place.outside().join("fleet"));
    let program = Program::at(env!("CARGO_BIN_EXE_cfgcheck"));
    let nixpkgs = format!("path:{}/nixpkgs-2611", corpus.display());
    let more = ["--raw", "--override-input", "nixpkgs", &nixpkgs];
    for host in HOSTS {
        let mut nix = oracle.nix("eval");
        nix.args(more).arg("--no-write-lock-file");
        nix.arg(format!("path:{}/fleet#{}", place.inside(), attribute(host)));
        let asked = format!("path:fleet#{}", attribute(host));
        let mut words = vec!["eval"];
        words.extend(more);
        words.push(&asked);
        let ours = said(&program.run(place.outside(), &words));
        assert_eq!(said(&nix.output().expect("the oracle runs")), ours, "{host}");
    }
}
