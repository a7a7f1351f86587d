//! Hosts to test toggle laws on: modules in memory, with the module system of the stand-in for nixpkgs.

use super::{Outcome, Survey, run, survey};
use crate::run::{Budget, Slot, Watcher};
use diag::Origin;
use eval::{Evaluator, Settings};
use flake::world::{Access, World};
use nixos::diagnose::Viewpoint;
use nixos::{Kind, System, Target};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use sys::{DiskFs, FileKind, FixedEnv, Fs, ManualClock, MemoryFs};

const STACK: usize = 64 << 20;

/// What a host is without the user's modules: assertions, and a few options that make its derivation.
const BASE: &str = r#"
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

/// A watcher that waits for nothing.
pub(crate) struct Nobody;

impl Watcher for Nobody {
    fn progressed(&mut self, _: &Slot, _: u64, _: u64) {}
    fn now(&self) -> Duration {
        Duration::ZERO
    }
    fn interrupted(&self) -> bool {
        false
    }
}

/// Has `look` look at a host with these modules, which are files of the user, named `/fleet/a.nix`, `/fleet/b.nix`…
pub(crate) fn with_host<R: Send + 'static>(
    modules: &[&str],
    look: impl FnOnce(&mut Evaluator, &System, &Viewpoint<'_>) -> R + Send + 'static,
) -> R {
    let modules: Vec<String> = modules.iter().map(|&module| module.to_owned()).collect();
    let run = move || {
        let mut fs = MemoryFs::new();
        let lib = testkit::root().join("fixtures/inputs/nixpkgs/lib");
        let mut open = vec![(lib, PathBuf::from("/nixpkgs/lib"))];
        while let Some((from, to)) = open.pop() {
            for entry in DiskFs.read_dir(&from).expect("the library is in the repository") {
                let (from, to) = (from.join(&entry.name), to.join(&entry.name));
                match entry.kind {
                    FileKind::Directory => open.push((from, to)),
                    _ => fs = fs.file(to, DiskFs.read(&from).expect("the library can be read")),
                }
            }
        }
        let mut list = String::from("/nixpkgs/base.nix");
        fs = fs.file("/nixpkgs/base.nix", BASE);
        for (name, module) in ('a'..='z').zip(modules) {
            fs = fs.file(format!("/fleet/{name}.nix"), module);
            list += &format!(" /fleet/{name}.nix");
        }
        let world = World::new(
            Arc::new(fs),
            Arc::new(FixedEnv::at("/")),
            Arc::new(ManualClock::at(Duration::ZERO)),
            Access::Everything,
            Box::new(|_: &[u8]| {}),
        );
        let mut ev = Evaluator::new(Settings::default(), Box::new(world), STACK - (1 << 20));
        let text = format!("(import /nixpkgs/lib).evalModules {{ modules = [ {list} ]; }}");
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
        let system = System::of(&mut ev, &target, None).expect("the host is a set");
        let inputs = [(b"/nixpkgs".to_vec(), "nixpkgs".to_owned())];
        let view = Viewpoint {
            root: b"/fleet",
            inputs: &inputs,
            ..Viewpoint::default()
        };
        look(&mut ev, &system, &view)
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(run);
    thread.expect("a thread can be made").join().expect("the work ends")
}

/// Returns what the laws come to on a host with these modules, and each finding in one line.
pub(crate) fn judged(modules: &[&str], cases: u64) -> (Survey, Outcome, Vec<String>) {
    with_host(modules, move |ev, system, view| {
        let survey = survey(ev, system, view, &mut |_| true).expect("the options can be listed");
        let budget = Budget {
            cases,
            deadline: None,
            seed: 1,
        };
        let outcome = run(ev, system, view, &survey.toggles, budget, &mut Nobody).expect("the run ends");
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
