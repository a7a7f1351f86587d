//! Hosts on the real nixpkgs that share their package sets, or cannot.

use crate::named;
use serde_json::Value;
use std::process::Command;

/// The flake; what is in each host's module stands in [`HOSTS`].
const FLAKE: &str = r#"{
  inputs.nixpkgs.url = "path:CORPUS/nixpkgs-2611";
  outputs = { self, nixpkgs }:
    let
      host = name: nixpkgs.lib.nixosSystem {
        specialArgs = { inherit name nixpkgs self; };
        modules = [ ./base.nix (./. + "/${name}.nix") ];
      };
    in {
      overlays.of-flake = final: prev: { htop = prev.htop.overrideAttrs { pname = "htop-of-flake"; }; };
      nixosConfigurations = nixpkgs.lib.genAttrs [ NAMES ] host;
    };
}
"#;

const BASE: &str = r#"{ lib, name, pkgs, ... }: {
  boot.loader.grub.device = "/dev/disk/by-id/of-${name}";
  fileSystems."/" = { device = "/dev/disk/by-label/root"; fsType = "ext4"; };
  environment.systemPackages = [ pkgs.htop ];
  networking.hostName = name;
  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";
  system.stateVersion = "26.05";
}
"#;

const OVERLAY: &str = "final: prev: { jq = prev.jq.overrideAttrs { pname = \"jq-of-file\"; }; }\n";

/// What each host has of its own, and whether it evaluates.
const HOSTS: &[(&str, &str, bool)] = &[
    ("a", "{ }", true),
    ("b", "{ services.openssh.enable = true; }", true),
    ("c", "{ nixpkgs.overlays = [ (import ./overlay.nix) ]; }", true),
    (
        "d",
        "{ pkgs, ... }: { nixpkgs.overlays = [ (import ./overlay.nix) ]; environment.systemPackages = [ pkgs.jq ]; }",
        true,
    ),
    (
        "e",
        "{ self, ... }: { nixpkgs.overlays = [ self.overlays.of-flake ]; }",
        true,
    ),
    (
        "f",
        "{ name, ... }: { nixpkgs.overlays = [ (final: prev: { htop = prev.htop.overrideAttrs { pname = name; }; }) ]; }",
        true,
    ),
    ("g", "{ nixpkgs.config.allowUnfree = true; }", true),
    ("h", "{ nixpkgs.hostPlatform = \"aarch64-linux\"; }", true),
    // What is compared by place: the platform of the package set has the functions of the host's.
    (
        "i",
        "{ config, pkgs, ... }: { environment.etc.same.text = if config.nixpkgs.hostPlatform == pkgs.stdenv.hostPlatform then \"yes\" else \"no\"; }",
        true,
    ),
    // A package set more, which is told.
    (
        "j",
        "{ nixpkgs, pkgs, ... }: { environment.systemPackages = [ (import nixpkgs { system = \"x86_64-linux\"; }).jq ]; }",
        true,
    ),
    (
        "k",
        "{ pkgs, ... }: { environment.systemPackages = [ pkgs.no-such-package ]; }",
        false,
    ),
    (
        "l",
        "{ nixpkgs.config.packageOverrides = builtins.trace \"this host speaks\" (pkgs: { }); }",
        true,
    ),
];

#[test]
fn corpus_hosts_that_share_package_sets_come_to_what_they_come_to_alone() {
    let Some(corpus) = named("CFGCHECK_CORPUS") else { return };
    let folder = tempfile::tempdir().expect("a folder can be made");
    let write = |file: &str, text: &str| {
        std::fs::write(folder.path().join(file), text).expect("the folder can be written to");
    };
    let names: Vec<String> = HOSTS.iter().map(|(name, ..)| format!("\"{name}\"")).collect();
    let flake = FLAKE.replace("CORPUS", &corpus.to_string_lossy());
    write("flake.nix", &flake.replace("NAMES", &names.join(" ")));
    write("base.nix", BASE);
    write("overlay.nix", OVERLAY);
    for (name, module, _) in HOSTS {
        write(&format!("{name}.nix"), module);
    }
    let output = Command::new(env!("CARGO_BIN_EXE_cfgcheck"))
        .args([
            "check",
            "path:.",
            "--trust",
            "--no-cache",
            "--jobs",
            "1",
            "--sharing",
            "verify",
            "--output",
            "json=-",
        ])
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .output()
        .expect("the program runs");
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let cases = report["cases"].as_array().expect("a report has cases");
    for (name, _, evaluates) in HOSTS {
        let of_host = |case: &&Value| case["host"] == *name && case["stage"] == "eval";
        let case = cases
            .iter()
            .find(of_host)
            .unwrap_or_else(|| panic!("{name} was judged"));
        let outcome = if *evaluates { "passed" } else { "errored" };
        assert_eq!(case["outcome"]["is"], outcome, "{name}: {case}");
    }
}
