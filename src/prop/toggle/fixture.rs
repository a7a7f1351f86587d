//! Hosts to test toggle laws on: modules in memory, with the module system of the stand-in for nixpkgs.

use super::{Outcome, Survey, run, survey};
use crate::fixture::{Unwatched, library_in_memory, with_files};
use crate::run::Budget;
use diag::Origin;
use eval::Evaluator;
use nixos::diagnose::Viewpoint;
use nixos::{Kind, System, Target};
use std::path::Path;
use std::sync::Arc;
use sys::Fs;

/// What a host is without the user's modules: assertions, and a few options that make its derivation.
pub(crate) const BASE: &str = r#"
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  failed = map (one: one.message) (builtins.filter (one: !one.assertion) config.assertions);
in
{
  options = {
    system.build.toplevel = mkOption { type = types.raw; };
    assertions = mkOption { type = types.listOf types.unspecified; default = [ ]; };
    networking.ports = mkOption { type = types.listOf types.port; default = [ ]; };
    networking.name = mkOption { type = types.str; default = "host"; };
    services = mkOption {
      default = { };
      type = types.attrsOf (types.submodule ({ name, ... }: {
        options.text = mkOption { type = types.str; default = name; };
        options.user = mkOption { type = types.nullOr types.str; default = null; };
      }));
    };
    users = mkOption { type = types.attrsOf types.int; default = { }; };
  };
  config.system.build.toplevel =
    if failed != [ ] then
      throw "\nFailed assertions:\n${lib.concatMapStringsSep "\n" (one: "- ${one}") failed}"
    else
      derivation {
        name = "toplevel";
        system = "x86_64-linux";
        builder = "/bin/sh";
        args = [ (builtins.toJSON { inherit (config) networking services users; }) ];
      };
}
"#;

/// A module of the user's with an `enable`, and what it defines if it is on.
pub(crate) fn module(name: &str, default: bool, config: &str) -> String {
    format!(
        "{{ config, lib, options, ... }}:\n{{\n  options.fleet.{name}.enable = lib.mkOption {{ type = lib.types.bool; default = {default}; }};\n  config = lib.mkIf config.fleet.{name}.enable {{\n    {config}\n  }};\n}}\n"
    )
}

/// Has `look` look at a host with these modules, which are files of the user, named `/fleet/a.nix`, `/fleet/b.nix`…
pub(crate) fn with_host<R: Send + 'static>(
    modules: &[&str],
    look: impl FnOnce(&mut Evaluator, &System, &Viewpoint<'_>) -> R + Send + 'static,
) -> R {
    with_host_from(modules, 0, look)
}

/// Does the same with a host whose modules are those from a number on; they may import those before it.
fn with_host_from<R: Send + 'static>(
    modules: &[&str],
    first: usize,
    look: impl FnOnce(&mut Evaluator, &System, &Viewpoint<'_>) -> R + Send + 'static,
) -> R {
    let mut files = vec![("/nixpkgs/base.nix".to_owned(), BASE)];
    files.extend(named(modules).map(|(name, module)| (format!("/fleet/{name}"), module)));
    let paths = files.iter().map(|(path, _)| path.as_str()).enumerate();
    let paths: Vec<&str> = paths
        .filter(|(at, _)| *at == 0 || *at > first)
        .map(|(_, path)| path)
        .collect();
    let text = host("/nixpkgs/lib", &paths);
    let fs = files
        .into_iter()
        .fold(library_in_memory(), |fs, (path, text)| fs.file(path, text));
    with_text(fs, text, Path::new("/fleet"), "/nixpkgs", look)
}

/// Returns modules with the names of their files.
pub(crate) fn named<'m>(modules: &'m [&str]) -> impl Iterator<Item = (String, &'m str)> {
    ('a'..='z')
        .zip(modules)
        .map(|(name, &module)| (format!("{name}.nix"), module))
}

/// Returns a host that is made of these files, as Nix.
pub(crate) fn host(lib: &str, files: &[&str]) -> String {
    format!("(import {lib}).evalModules {{ modules = [ {} ]; }}", files.join(" "))
}

/// Has `look` look at the host that a text gives; `root` is the folder of the user's own files.
pub(crate) fn with_text<R: Send + 'static>(
    fs: impl Fs + 'static,
    text: String,
    root: &Path,
    nixpkgs: &str,
    look: impl FnOnce(&mut Evaluator, &System, &Viewpoint<'_>) -> R + Send + 'static,
) -> R {
    let (root, nixpkgs) = (root.to_owned(), nixpkgs.as_bytes().to_vec());
    with_files(Arc::new(fs), move |ev| {
        let host = ev
            .eval_text(Origin::String, text.as_bytes(), b"/")
            .expect("the host is a set");
        let target = Target {
            kind: Kind::Nixos,
            name: "web".into(),
            system: None,
            value: ev.cell(host),
            pos: diag::Pos::NONE,
        };
        let system = System::of(ev, &target, None).expect("the host is a set");
        let inputs = [(nixpkgs, "nixpkgs".to_owned())];
        let view = Viewpoint {
            root: root.as_os_str().as_encoded_bytes(),
            inputs: &inputs,
            ..Viewpoint::default()
        };
        look(ev, &system, &view)
    })
}

/// Returns what the laws come to on a host with these modules, and each finding in one line.
pub(crate) fn judged(modules: &[&str], cases: u64) -> (Survey, Outcome, Vec<String>) {
    judged_from(modules, 0, cases)
}

/// Does the same with a host whose modules are those from a number on; they may import those before it.
pub(crate) fn judged_from(modules: &[&str], first: usize, cases: u64) -> (Survey, Outcome, Vec<String>) {
    with_host_from(modules, first, move |ev, system, view| {
        let survey = survey(ev, system, view, &mut |_| true).expect("the options can be listed");
        let budget = Budget {
            cases,
            deadline: None,
            seed: 1,
        };
        let outcome = run(ev, system, view, &survey.toggles, budget, &mut Unwatched).expect("the run ends");
        let told = |finding: &super::Finding| {
            let diagnostic = &finding.diagnostic;
            let first = diagnostic.message.lines().next().unwrap_or_default();
            let place = ev.sources.locate(diagnostic.span().start);
            let place = place.map_or_else(String::new, |(file, line, _)| {
                format!("{}:{line}", file.origin.display().trim_start_matches("/fleet/"))
            });
            format!("{place} {} {first}", finding.law.id)
        };
        let lines = outcome.findings.iter().map(told).collect();
        (survey, outcome, lines)
    })
}
