//! Cases, which share what flips do not change, beside evaluations that share nothing: ours and real Nix's.

use super::fixture::{BASE, host, module, named, with_host, with_text};
use super::switched::{Outcome as Case, Switched};
use super::*;
use crate::fixture::library;
use eval::Evaluator;
use nixos::System;
use nixos::diagnose::Viewpoint;
use sys::DiskFs;

/// Modules whose toggles depend on each other: some sets of flips evaluate, some fail.
fn entangled() -> Vec<String> {
    vec![
        module(
            "one",
            true,
            "users.one = 1; services.one.text = toString config.networking.ports; networking.name = lib.mkForce \"one\";",
        ),
        module(
            "two",
            false,
            "users.two = 2; networking.ports = [ 2 ]; services.one.user = \"two\"; fleet.one.enable = false;",
        ),
        // It follows another one unless somebody says otherwise.
        "{ config, lib, ... }:
        {
          options.fleet.three.enable = lib.mkOption {
            type = lib.types.bool;
            default = config.fleet.two.enable;
          };
          config = lib.mkIf config.fleet.three.enable {
            networking.ports = lib.mkBefore [ 3 ];
            services.three = { };
          };
        }"
        .into(),
        module(
            "four",
            true,
            "users.four = if config.fleet.three.enable then throw \"three and four\" else 4;",
        ),
        module(
            "five",
            false,
            "networking.ports = lib.mkIf (config.services ? three) [ config.users.five ];",
        ),
        "{ lib, ... }: { fleet.four.enable = lib.mkForce true; }".into(),
        // One of its switches is there only as long as another one is on.
        "{ config, lib, ... }:
        {
          options.fleet.sites = lib.mkOption {
            default = { };
            type = lib.types.attrsOf (lib.types.submodule { options.enable = lib.mkEnableOption \"it\"; });
          };
          config.fleet.sites = lib.mkIf config.fleet.one.enable { extra.enable = true; };
          config.users = lib.mapAttrs (_: site: if site.enable then 7 else 8) config.fleet.sites;
        }"
        .into(),
        PACKAGES.into(),
        module("six", false, "nixpkgs.config.six = 6; users.seven = 7;"),
    ]
}

/// What packages are made with, and something that is made of them.
const PACKAGES: &str = "{ config, lib, ... }:
{
  options.nixpkgs.config = lib.mkOption { type = lib.types.attrsOf lib.types.int; default = { }; };
  config.users = config.nixpkgs.config;
}";

/// What a set of flips came to, in the form in which it is compared.
fn told(case: &Case) -> Result<&str, &str> {
    match case {
        Case::Evaluates(drv) => Ok(drv),
        Case::Fails(error) => Err(&error.message),
        Case::Stopped(why) => panic!("a case is stopped: {why}"),
    }
}

/// What all sets of flips came to: the Nix that shows each, and its derivation or why there is none.
type Cases = Vec<(String, Result<String, String>)>;

/// Returns what sets of flips come to, each evaluated in both ways; sets are bits.
fn both_ways(ev: &mut Evaluator, system: &System, view: &Viewpoint<'_>, sets: &[usize]) -> Cases {
    let survey = survey(ev, system, view, &mut |_| true).expect("the options can be listed");
    let toggles = survey.toggles;
    let mut switched = Switched::new(ev, system, &toggles).expect("the host can be extended");
    switched.set_apart(ev, system).expect("the host can be looked at");
    assert!(matches!(switched.warm(ev), Case::Evaluates(_)), "the host evaluates");
    let mut cases = Cases::new();
    for set in sets {
        let flips: Vec<usize> = (0..toggles.len()).filter(|one| set >> one & 1 == 1).collect();
        let case = switched.case(ev, &flips);
        let afresh = switched.afresh(ev, &flips);
        assert_eq!(told(&case), told(&afresh), "{flips:?}");
        let flipped: Vec<&Toggle> = flips.iter().map(|&one| &toggles[one]).collect();
        let outcome = told(&case).map(str::to_owned).map_err(str::to_owned);
        cases.push((expression(system.kind(), &flipped), outcome));
    }
    cases
}

fn entangled_cases() -> Cases {
    let modules = entangled();
    let modules: Vec<&str> = modules.iter().map(String::as_str).collect();
    let sets: Vec<usize> = (0..128).collect();
    with_host(&modules, move |ev, system, view| both_ways(ev, system, view, &sets))
}

#[test]
fn cases_are_what_the_host_with_these_definitions_is() {
    let cases = entangled_cases();
    let fail = cases.iter().filter(|(_, outcome)| outcome.is_err()).count();
    let mut drvs: Vec<&String> = cases.iter().filter_map(|(_, outcome)| outcome.as_ref().ok()).collect();
    drvs.sort_unstable();
    drvs.dedup();
    assert!(
        fail >= 8 && drvs.len() >= 6,
        "{fail} fail, {} evaluate to different systems",
        drvs.len()
    );
}

#[test]
fn what_packages_need_is_set_apart_if_it_is_little() {
    let check = |others: usize, expected: &[&str]| {
        let mut modules = vec![
            PACKAGES.to_owned(),
            module("wide", false, "nixpkgs.config.wide = 1;"),
            module("narrow", false, "users.narrow = 1;"),
        ];
        modules.extend((0..others).map(|one| module(&format!("other-{one}"), true, "")));
        let modules: Vec<&str> = modules.iter().map(String::as_str).collect();
        let apart = with_host(&modules, |ev, system, view| {
            let toggles = survey(ev, system, view, &mut |_| true)
                .expect("the options can be listed")
                .toggles;
            let mut switched = Switched::new(ev, system, &toggles).expect("the host can be extended");
            switched.set_apart(ev, system).expect("the host can be looked at");
            let apart = switched.apart().iter().map(|&one| toggles[one].path.to_string());
            apart.collect::<Vec<String>>()
        });
        assert_eq!(apart, expected);
    };
    check(0, &[]);
    check(1, &["fleet.wide.enable"]);
    check(9, &["fleet.wide.enable"]);
}

/// Ten modules on a real NixOS, in one state each alone and in a few sets.
#[test]
fn corpus_cases_are_what_a_real_host_with_these_definitions_is() {
    let Some(corpus) = crate::fixture::corpus() else { return };
    let nixpkgs = corpus.join("nixpkgs-2611").display().to_string();
    let root = testkit::root().join("fixtures/toggles");
    let text = format!("import {}/host.nix {{ nixpkgs = {nixpkgs}; }}", root.display());
    let sets = [0, 0b1, 0b10_0000, 0b1000_0000, 0b10_1000_0010, 0b11_1111_1111];
    let cases = with_text(DiskFs, text, &root, &nixpkgs, move |ev, system, view| {
        both_ways(ev, system, view, &sets)
    });
    let drvs: std::collections::BTreeSet<_> = cases.iter().filter_map(|(_, outcome)| outcome.as_ref().ok()).collect();
    assert!(drvs.len() >= 5, "{cases:#?}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "files for another program lie on the disk")]
fn oracle_nix_makes_of_cases_what_we_make_of_them() {
    let oracle = testkit::Oracle::named();
    let shared = oracle.share();
    let write = |name: &str, text: &[u8]| {
        let path = shared.outside().join(name);
        let folder = path.parent().expect("it is in a folder");
        std::fs::create_dir_all(folder).expect("the shared folder can be written to");
        std::fs::write(&path, text).expect("the shared folder can be written to");
        format!("{}/{name}", shared.inside())
    };
    for (path, text) in library() {
        write(&format!("lib/{}", path.display()), &text);
    }
    let modules = entangled();
    let modules: Vec<&str> = modules.iter().map(String::as_str).collect();
    let mut files = vec![write("base.nix", BASE.as_bytes())];
    files.extend(named(&modules).map(|(name, module)| write(&name, module.as_bytes())));
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let host = host(&format!("{}/lib", shared.inside()), &files);
    for (number, (expression, outcome)) in entangled_cases().into_iter().enumerate() {
        let path = write(
            &format!("case-{number}.nix"),
            format!("let host = {host}; in\n{expression}").as_bytes(),
        );
        let mut nix = oracle.command("nix-instantiate");
        let said = nix
            .args(["--eval", "--readonly-mode", &path])
            .output()
            .expect("Nix runs");
        let printed = String::from_utf8_lossy(&said.stdout);
        let complained = String::from_utf8_lossy(&said.stderr);
        match outcome {
            Ok(drv) => assert_eq!(printed.trim().trim_matches('"'), drv, "{expression}\n{complained}"),
            Err(message) => {
                assert!(!said.status.success(), "{expression}");
                assert!(complained.contains(&message), "{expression}\n{message}\n{complained}");
            }
        }
    }
}
