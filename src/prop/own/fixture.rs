//! Hosts for the tests of this folder: of modules in memory, on the library of the repository's stand-in for nixpkgs,
//! and those of the broken twins.

use super::{Pools, Subject, diagnose, subjects};
use crate::Ground;
use crate::fixture::{Unwatched, library_in_memory, with_files};
use crate::ground::Binding;
use crate::run::{Budget, Slot, run};
use diag::Origin;
use eval::Evaluator;
use nixos::diagnose::Viewpoint;
use std::path::PathBuf;
use std::sync::Arc;
use sys::{DiskFs, Fs, MemoryFs};

/// Cases of each law on each option.
const CASES: u64 = 60;

/// A flake with one host.
pub(super) struct Host {
    fs: Arc<dyn Fs>,
    /// Nix for what the flake's outputs are.
    outputs: String,
    root: PathBuf,
    /// The folder of its nixpkgs.
    nixpkgs: PathBuf,
}

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Finding {
    pub law: &'static str,
    pub option: String,
    pub severity: diag::Severity,
    /// `FILE:LINE:COLUMN`.
    pub at: String,
    pub message: String,
    pub hint: String,
    pub notes: Vec<String>,
}

impl Host {
    /// Returns a host that is made of these modules, files of a flake in memory.
    pub(super) fn of(modules: &[(&str, &str)]) -> Host {
        Host::on(library_in_memory(), modules)
    }

    /// Returns such a host with the library of these files in memory, at `/nixpkgs/lib`.
    pub(super) fn on(mut fs: MemoryFs, modules: &[(&str, &str)]) -> Host {
        let names: Vec<String> = modules.iter().map(|(name, _)| format!("/fleet/{name}")).collect();
        for (name, text) in modules {
            fs = fs.file(format!("/fleet/{name}"), *text);
        }
        Host {
            fs: Arc::new(fs),
            outputs: format!(
                "{{ nixosConfigurations.web = (import /nixpkgs/lib).evalModules {{ modules = [ {} ]; }}; }}",
                names.join(" ")
            ),
            root: "/fleet".into(),
            nixpkgs: "/nixpkgs".into(),
        }
    }

    /// Returns the host without what its outputs have under a name.
    pub(super) fn without(self, name: &str) -> Host {
        let outputs = format!(
            "let outputs = {}; in {{ nixosConfigurations.web = removeAttrs outputs.nixosConfigurations.web [ \"{name}\" ]; }}",
            self.outputs
        );
        Host { outputs, ..self }
    }

    /// Returns the host of a twin.
    pub(super) fn of_twin(name: &str) -> Host {
        let nixpkgs = testkit::root().join("fixtures/inputs/nixpkgs");
        let root = testkit::root().join("fixtures/fleets").join(name);
        let outputs = format!(
            "let nixpkgs = (import {0}/flake.nix).outputs {{ self = nixpkgs; }} // {{ outPath = {0}; }};\n\
             in (import {1}/flake.nix).outputs {{ inherit nixpkgs; }}",
            nixpkgs.display(),
            root.display(),
        );
        Host {
            fs: Arc::new(DiskFs),
            outputs,
            root,
            nixpkgs,
        }
    }

    /// Returns what is found about its options.
    pub(super) fn found(self) -> Vec<Finding> {
        self.look(|ev, subjects, view| {
            let (subjects, mut grounds): (Vec<Subject>, Vec<Ground>) = subjects.into_iter().unzip();
            let slots = slots(&subjects);
            let budget = Budget {
                cases: CASES,
                deadline: None,
                seed: 1,
            };
            let Ok(tallies) = run(ev, &mut grounds, &slots, budget, &mut Unwatched) else {
                panic!("{}", ev.take_error().message);
            };
            let mut findings = Vec::new();
            for (slot, tally) in slots.iter().zip(&tallies) {
                assert_eq!(tally.why, None, "{} on {}", slot.law.id, slot.key);
                assert_eq!(tally.crashed, None, "{} on {}", slot.law.id, slot.key);
                let Some(found) = &tally.found else { continue };
                let said = diagnose(ev, &subjects[slot.ground], slot.law, found);
                let place = ev.sources.place(said.span(), view.root);
                findings.push(Finding {
                    law: slot.law.id,
                    option: subjects[slot.ground].option.clone(),
                    severity: said.severity,
                    at: place.map(|place| place.to_string()).unwrap_or_default(),
                    message: said.message,
                    hint: said.hints.concat(),
                    notes: said.notes,
                });
            }
            findings
        })
    }

    /// Has `look` look at its options.
    pub(super) fn look<R: Send + 'static>(
        self,
        look: impl FnOnce(&mut Evaluator, Vec<(Subject, Ground)>, &Viewpoint<'_>) -> R + Send + 'static,
    ) -> R {
        with_files(self.fs.clone(), move |ev| {
            let outputs = ev.eval_text(Origin::String, self.outputs.as_bytes(), b"/");
            let outputs = outputs.expect("the flake evaluates");
            let targets = nixos::discover(ev, outputs, nixos::Kind::Nixos).expect("it has hosts");
            let system = nixos::System::of(ev, &targets[0], None).expect("the host is a set");
            let lib = format!("import {}/lib", self.nixpkgs.display());
            let value = ev.eval_text(Origin::String, lib.as_bytes(), b"/");
            let value = value.expect("the library evaluates");
            let bindings = [
                Binding {
                    name: "lib".into(),
                    cell: ev.cell(value),
                    nix: lib,
                },
                Binding {
                    name: "host".into(),
                    cell: targets[0].value,
                    nix: format!("({}).nixosConfigurations.web", self.outputs),
                },
            ];
            let bytes = |path: &PathBuf| path.as_os_str().as_encoded_bytes().to_vec();
            let root = bytes(&self.root);
            let inputs = [(bytes(&self.nixpkgs), "nixpkgs".to_owned())];
            let view = Viewpoint {
                root: &root,
                inputs: &inputs,
                ..Viewpoint::default()
            };
            let mut pools = Pools::new(1);
            let Ok(found) = subjects(ev, &system, &view, &bindings, &mut |_| true, &mut pools) else {
                panic!("{}", ev.take_error().message);
            };
            look(ev, found.read, &view)
        })
    }
}

/// Returns each law on each option that it says something about.
fn slots(subjects: &[Subject]) -> Vec<Slot> {
    let mut slots = Vec::new();
    for (ground, subject) in subjects.iter().enumerate() {
        slots.extend(subject.laws.iter().map(|law| Slot {
            law,
            ground,
            key: subject.key.clone(),
            cases: None,
        }));
    }
    slots
}
