//! A host in memory, for the tests of this folder: a flake at `/fleet` whose host is made by the stand-in's library.

use super::{Pools, Subject, diagnose, subjects};
use crate::Ground;
use crate::ground::Binding;
use crate::run::{Budget, Slot, Watcher, run};
use diag::Origin;
use eval::{Evaluator, Settings};
use flake::world::{Access, World};
use nixos::diagnose::Viewpoint;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use sys::{DiskFs, FileKind, FixedEnv, Fs, ManualClock, MemoryFs};

/// Stack of the threads that evaluate.
const STACK: usize = 64 << 20;
/// Cases of each law on each option.
const CASES: u64 = 60;

/// Returns what is found in the host that these modules make: `id option file:line:column message`, in order.
pub(super) fn found(modules: &[(&str, &str)]) -> Vec<String> {
    on_host(modules, |ev, subjects, view| {
        let (subjects, mut grounds): (Vec<Subject>, Vec<Ground>) = subjects.into_iter().unzip();
        let slots: Vec<Slot> = subjects
            .iter()
            .enumerate()
            .flat_map(|(ground, subject)| {
                subject.laws.iter().map(move |law| Slot {
                    law,
                    ground,
                    key: subject.key.clone(),
                })
            })
            .collect();
        let budget = Budget {
            cases: CASES,
            deadline: None,
            seed: 1,
        };
        let Ok(tallies) = run(ev, &mut grounds, &slots, budget, &mut Unwatched) else {
            panic!("{}", ev.take_error().message);
        };
        let mut lines = Vec::new();
        for (slot, tally) in slots.iter().zip(&tallies) {
            assert_eq!(tally.why, None, "{} on {}", slot.law.id, slot.key);
            if let Some(found) = &tally.found {
                let said = diagnose(ev, &subjects[slot.ground], slot.law, found);
                let place = ev.sources.place(said.span(), view.root).map(|place| place.to_string());
                lines.push(format!(
                    "{} {} {} {}",
                    slot.law.id,
                    slot.key,
                    place.unwrap_or_default(),
                    said.message
                ));
            }
        }
        lines
    })
}

/// Has `look` look at the options that these modules declare, files of a flake whose host `web` is made of them.
pub(super) fn on_host<R: Send + 'static>(
    modules: &[(&str, &str)],
    look: impl FnOnce(&mut Evaluator, Vec<(Subject, Ground)>, &Viewpoint<'_>) -> R + Send + 'static,
) -> R {
    let names: Vec<String> = modules.iter().map(|(name, _)| format!("./{name}")).collect();
    let flake = format!(
        "{{ nixosConfigurations.web = (import /nixpkgs/lib).evalModules {{ modules = [ {} ]; }}; }}\n",
        names.join(" ")
    );
    let mut fs = with_library().file("/fleet/flake.nix", flake);
    for (name, text) in modules {
        fs = fs.file(format!("/fleet/{name}"), *text);
    }
    let work = move || {
        let world = World::new(
            Arc::new(fs),
            Arc::new(FixedEnv::at("/")),
            Arc::new(ManualClock::at(Duration::ZERO)),
            Access::Everything,
            Box::new(|_: &[u8]| {}),
        );
        let mut ev = Evaluator::new(Settings::default(), Box::new(world), STACK - (1 << 20));
        let flake = ev.eval_file(b"/fleet/flake.nix").expect("the flake evaluates");
        let targets = nixos::discover(&mut ev, flake, nixos::Kind::Nixos).expect("it has hosts");
        let system = nixos::System::of(&mut ev, &targets[0], None).expect("the host is a set");
        let lib = ev
            .eval_text(Origin::String, b"import /nixpkgs/lib", b"/")
            .expect("the library evaluates");
        let bindings = [
            Binding {
                name: "lib".into(),
                cell: ev.cell(lib),
                nix: "import /nixpkgs/lib".into(),
            },
            Binding {
                name: "host".into(),
                cell: targets[0].value,
                nix: "(import /fleet/flake.nix).nixosConfigurations.web".into(),
            },
        ];
        let inputs = [(b"/nixpkgs".to_vec(), "nixpkgs".to_owned())];
        let view = Viewpoint {
            root: b"/fleet",
            inputs: &inputs,
            ..Viewpoint::default()
        };
        let mut pools = Pools::new(1);
        let Ok(found) = subjects(&mut ev, &system, &view, &bindings, &mut |_| true, &mut pools) else {
            panic!("{}", ev.take_error().message);
        };
        look(&mut ev, found, &view)
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work);
    thread.expect("a thread can be made").join().expect("the work ends")
}

/// Returns files in memory with the stand-in's library.
fn with_library() -> MemoryFs {
    let lib = testkit::root().join("fixtures/inputs/nixpkgs/lib");
    let mut open = vec![(lib, PathBuf::from("/nixpkgs/lib"))];
    let mut fs = MemoryFs::new();
    while let Some((from, to)) = open.pop() {
        for entry in DiskFs.read_dir(&from).expect("the library is in the repository") {
            let (from, to) = (from.join(&entry.name), to.join(&entry.name));
            match entry.kind {
                FileKind::Directory => open.push((from, to)),
                _ => fs = fs.file(to, DiskFs.read(&from).expect("the library can be read")),
            }
        }
    }
    fs
}

/// Watches nothing.
struct Unwatched;

impl Watcher for Unwatched {
    fn progressed(&mut self, _: &Slot, _: u64, _: u64) {}

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn interrupted(&self) -> bool {
        false
    }
}
