//! Evaluation of made expressions, of the module system of the stand-in for nixpkgs, and of a host of the real one where
//! `CFGCHECK_CORPUS` names a folder that holds it as `nixpkgs-2611`.
//!
//! Each time is a trial of one evaluator, as an evaluator keeps its address space as long as the process runs. So files are read
//! in the first times only, which warm up: reading them is what the benchmarks of the room `syntax` measure.

#![expect(
    clippy::disallowed_methods,
    reason = "a measurement reads files that others wrote, by a world that knows the disk only"
)]

mod disk;
mod made;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use diag::Origin;
use disk::Disk;
use eval::{Evaluator, Settings};
use std::path::Path;

/// Stack for all; a host nests deeply.
const STACK: usize = 256 << 20;

/// Options of submodules, with priorities and conditions, by the module system of a library.
fn modules(lib: &Path) -> String {
    format!(
        r#"
        let
          lib = import {lib};
          options = {{ lib, ... }}: {{
            options.services = lib.mkOption {{
              default = {{ }};
              type = lib.types.attrsOf (lib.types.submodule ({{ name, config, ... }}: {{
                options = {{
                  enable = lib.mkEnableOption name;
                  port = lib.mkOption {{ type = lib.types.port; default = 80; }};
                  users = lib.mkOption {{ type = lib.types.listOf lib.types.str; default = [ ]; }};
                  text = lib.mkOption {{ type = lib.types.lines; default = ""; }};
                }};
                config.text = lib.mkIf config.enable "${{name}} on ${{toString config.port}}";
              }}));
            }};
          }};
          one = n: {{ lib, ... }}: {{
            services."s${{toString (lib.mod n 40)}}" = {{
              enable = true;
              port = if n < 40 then 1000 + n else lib.mkOverride (1000 + n) n;
              users = lib.mkBefore [ "user${{toString n}}" ];
              text = lib.mkAfter "line ${{toString n}}";
            }};
          }};
        in
        builtins.toJSON (lib.evalModules {{ modules = [ options ] ++ builtins.genList one 100; }}).config
        "#,
        lib = lib.display()
    )
}

/// A NixOS host with a web server.
fn host(nixpkgs: &Path) -> String {
    format!(
        r#"
        (import {nixpkgs}/nixos/lib/eval-config.nix {{
          system = "x86_64-linux";
          modules = [
            {{
              boot.loader.grub.device = "/dev/sda";
              fileSystems."/" = {{ device = "/dev/sda1"; fsType = "ext4"; }};
              networking.hostName = "bench";
              services.openssh.enable = true;
              services.nginx.enable = true;
              system.stateVersion = "26.05";
            }}
          ];
        }}).config.system.build.toplevel.drvPath
        "#,
        nixpkgs = nixpkgs.display()
    )
}

fn evaluate(ev: &mut Evaluator, text: &str) {
    let evaluated = ev.trial(|ev| {
        let value = ev.eval_text(Origin::String, text.as_bytes(), b"/");
        let forced = value.and_then(|value| {
            let cell = ev.cell(value);
            ev.force_deep(cell)
        });
        assert!(forced.is_ok(), "{}", ev.take_error().message);
        forced.map(drop)
    });
    assert!(evaluated.is_ok(), "nothing limits it");
}

fn add(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, text: &str) {
    group.bench_function(name, |bencher| {
        let mut ev = Evaluator::new(Settings::default(), Box::new(Disk), STACK - (1 << 20));
        bencher.iter(|| evaluate(&mut ev, text));
    });
}

fn bench() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("made");
    for (name, text) in made::MADE {
        add(group.sample_size(30), name, text);
    }
    group.finish();

    let mut group = criterion.benchmark_group("modules");
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let inputs = repository
        .canonicalize()
        .expect("the repository is there")
        .join("fixtures/inputs");
    let mut cases = vec![("stand-in", modules(&inputs.join("nixpkgs/lib")))];
    if let Some(corpus) = std::env::var_os("CFGCHECK_CORPUS") {
        let nixpkgs = Path::new(&corpus).join("nixpkgs-2611");
        cases.push(("nixpkgs", modules(&nixpkgs.join("lib"))));
        cases.push(("host", host(&nixpkgs)));
    }
    for (name, text) in &cases {
        add(group.sample_size(10), name, text);
    }
    group.finish();
    criterion.final_summary();
}

fn main() {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(bench);
    if thread.expect("a thread can be started").join().is_err() {
        // What was wrong has been told by the thread.
        std::process::exit(1);
    }
}
