//! An evaluator over files in memory, for the tests of this room: a flake at `/fleet`, and the module
//! system of the repository's stand-in for nixpkgs at `/nixpkgs`.

use eval::{Evaluator, Settings};
use flake::world::{Access, World};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use sys::{DiskFs, FileKind, FixedEnv, Fs, ManualClock, MemoryFs};

/// Stack that tests may use: less than a test's thread has.
const STACK: usize = 1 << 20;

/// Returns an evaluator that sees these files.
pub(crate) fn evaluator(files: &[(&str, &str)]) -> Evaluator {
    with_files(MemoryFs::new(), files, STACK)
}

/// Returns an evaluator that sees these files and the stand-in's library at `/nixpkgs/lib`; `stack` is
/// the bytes of stack of the current thread.
pub(crate) fn fleet(files: &[(&str, &str)], stack: usize) -> Evaluator {
    let lib = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/inputs/nixpkgs/lib");
    let mut fs = MemoryFs::new();
    let mut open: Vec<(PathBuf, PathBuf)> = vec![(lib, PathBuf::from("/nixpkgs/lib"))];
    while let Some((from, to)) = open.pop() {
        for entry in DiskFs.read_dir(&from).expect("the library is in the repository") {
            let (from, to) = (from.join(&entry.name), to.join(&entry.name));
            match entry.kind {
                FileKind::Directory => open.push((from, to)),
                _ => fs = fs.file(to, DiskFs.read(&from).expect("the library can be read")),
            }
        }
    }
    with_files(fs, files, stack)
}

fn with_files(fs: MemoryFs, files: &[(&str, &str)], stack: usize) -> Evaluator {
    let fs = files.iter().fold(fs, |fs, (path, text)| fs.file(path, *text));
    let clock = ManualClock::at(Duration::ZERO);
    let world = World::new(
        Arc::new(fs),
        Arc::new(FixedEnv::at("/")),
        Arc::new(clock),
        Access::Everything,
        Box::new(|_: &[u8]| {}),
    );
    Evaluator::new(Settings::default(), Box::new(world), stack)
}

/// Stack of the threads that evaluate whole configurations.
const DEEP: usize = 64 << 20;

/// Has `look` look at the host `web` of a flake in memory, which has these files and its `flake.nix`
/// made of modules: what stands between the brackets of `modules = [ … ]`.
pub(crate) fn with_host<R: Send + 'static>(
    files: &[(&str, &str)],
    modules: &str,
    look: impl FnOnce(&mut Evaluator, &crate::System, &crate::diagnose::Viewpoint<'_>) -> R + Send + 'static,
) -> R {
    let flake = format!(
        "let\n  lib = import /nixpkgs/lib;\nin\n{{\n  nixosConfigurations.web = lib.evalModules {{\n    modules = [ {modules} ];\n  }};\n}}\n"
    );
    with_flake(files, flake, look)
}

/// Has `look` look at the host `web` of a flake in memory, which has these files and this `flake.nix`.
pub(crate) fn with_flake<R: Send + 'static>(
    files: &[(&str, &str)],
    flake: String,
    look: impl FnOnce(&mut Evaluator, &crate::System, &crate::diagnose::Viewpoint<'_>) -> R + Send + 'static,
) -> R {
    let mut all: Vec<(String, String)> = vec![("/fleet/flake.nix".into(), flake)];
    all.extend(
        files
            .iter()
            .map(|(path, text)| (format!("/fleet/{path}"), (*text).to_owned())),
    );
    let run = move || {
        let files: Vec<(&str, &str)> = all.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let mut ev = fleet(&files, DEEP);
        let Ok(flake) = ev.eval_file(b"/fleet/flake.nix") else {
            panic!("{}", ev.take_error().message);
        };
        let Ok(targets) = crate::discover(&mut ev, flake, crate::Kind::Nixos) else {
            panic!("{}", ev.take_error().message);
        };
        let Ok(system) = crate::System::of(&mut ev, &targets[0], None) else {
            panic!("{}", ev.take_error().message);
        };
        let inputs = [(b"/nixpkgs".to_vec(), "nixpkgs".to_owned())];
        let view = crate::diagnose::Viewpoint {
            root: b"/fleet",
            inputs: &inputs,
            ..Default::default()
        };
        look(&mut ev, &system, &view)
    };
    let thread = std::thread::Builder::new().stack_size(DEEP + (8 << 20)).spawn(run);
    thread.expect("a thread starts").join().expect("nothing panics")
}
