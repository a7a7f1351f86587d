//! Libraries to test laws on: the repository's stand-in for nixpkgs, and those of the corpus where there is one.

use crate::ground::Binding;
use crate::run::{Slot, Watcher};
use crate::{Expr, Ground};
use diag::Origin;
use eval::{Evaluator, Settings, Val};
use flake::world::{Access, World};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use sys::{DiskFs, FileKind, FixedEnv, Fs, ManualClock, MemoryFs};

/// Stack of the threads that evaluate; memory is committed as it is touched.
const STACK: usize = 256 << 20;

/// Returns the libraries: the stand-in's, and where `CFGCHECK_CORPUS` names one, nixpkgs's of today and of 2020.
pub(crate) fn libraries() -> Vec<PathBuf> {
    let mut found = vec![testkit::root().join("fixtures/inputs/nixpkgs/lib")];
    if let Some(corpus) = corpus() {
        found.push(corpus.join("nixpkgs-lib/lib"));
        found.push(corpus.join("nixcon/nixpkgs/lib"));
    }
    found
}

/// Returns the folder of the corpus, where there is one.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where the corpus is"
)]
pub(crate) fn corpus() -> Option<PathBuf> {
    std::env::var_os("CFGCHECK_CORPUS").map(PathBuf::from)
}

/// Has `work` work on the stand-in's library.
pub(crate) fn on_stand_in<R: Send + 'static>(
    work: impl FnOnce(&mut Evaluator, &mut Ground) -> R + Send + 'static,
) -> R {
    on(&libraries()[0], work)
}

/// Has `work` work on a library.
pub(crate) fn on<R: Send + 'static>(
    lib: &Path,
    work: impl FnOnce(&mut Evaluator, &mut Ground) -> R + Send + 'static,
) -> R {
    let nix = format!("import {}", lib.display());
    with_files(Arc::new(DiskFs), move |ev| {
        let lib = ev
            .eval_text(Origin::String, nix.as_bytes(), b"/")
            .expect("the library evaluates");
        let binding = Binding {
            name: "lib".into(),
            cell: ev.cell(lib),
            nix,
        };
        let mut ground = Ground::new(ev, vec![binding]).expect("the library has types");
        work(ev, &mut ground)
    })
}

/// Has `work` work with an evaluator that sees these files.
pub(crate) fn with_files<R: Send + 'static>(
    fs: Arc<dyn Fs>,
    work: impl FnOnce(&mut Evaluator) -> R + Send + 'static,
) -> R {
    let run = move || {
        let world = World::new(
            fs,
            Arc::new(FixedEnv::at("/")),
            Arc::new(ManualClock::at(Duration::ZERO)),
            Access::Everything,
            Box::new(|_: &[u8]| {}),
        );
        let mut ev = Evaluator::new(Settings::default(), Box::new(world), STACK - (1 << 20));
        work(&mut ev)
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(run);
    thread.expect("a thread can be made").join().expect("the work ends")
}

/// Returns the files of the stand-in's library, by their paths in it.
pub(crate) fn library() -> Vec<(PathBuf, Vec<u8>)> {
    files_of(&libraries()[0])
}

/// Returns the files of a library, by their paths in it.
fn files_of(lib: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(folder) = open.pop() {
        for entry in DiskFs
            .read_dir(&lib.join(&folder))
            .expect("the library is in the repository")
        {
            let path = folder.join(&entry.name);
            match entry.kind {
                FileKind::Directory => open.push(path),
                _ => files.push((
                    path.clone(),
                    DiskFs.read(&lib.join(path)).expect("the library can be read"),
                )),
            }
        }
    }
    files
}

/// Returns files in memory: the stand-in's library at `/nixpkgs/lib`.
pub(crate) fn library_in_memory() -> MemoryFs {
    in_memory(&libraries()[0])
}

/// Returns files in memory: a library at `/nixpkgs/lib`.
pub(crate) fn in_memory(lib: &Path) -> MemoryFs {
    files_of(lib).into_iter().fold(MemoryFs::new(), |fs, (path, text)| {
        fs.file(Path::new("/nixpkgs/lib").join(path), text)
    })
}

/// Watches nothing, and never wants a run to end.
pub(crate) struct Unwatched;

impl Watcher for Unwatched {
    fn progressed(&mut self, _: &Slot, _: u64, _: u64) {}

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn interrupted(&self) -> bool {
        false
    }
}

/// Returns the ground of a library changed by a function, given as Nix.
pub(crate) fn changed(ev: &mut Evaluator, ground: &Ground, change: &str) -> Ground {
    let lib = &ground.bindings()[0];
    let function = ev
        .eval_text(Origin::String, change.as_bytes(), b"/")
        .expect("the change evaluates");
    let cell = ev.cell(function);
    let binding = Binding {
        name: "lib".into(),
        cell: ev.cell(Val::apply(cell, lib.cell)),
        nix: format!("({change}) ({})", lib.nix),
    };
    Ground::new(ev, vec![binding]).expect("the library has types")
}

/// Returns what an expression gives, which must be a set, as text: a line for each attribute.
pub(crate) fn seen(ev: &mut Evaluator, ground: &mut Ground, expr: &Expr) -> Vec<String> {
    ground.prepare(ev, expr).expect("the texts evaluate");
    match ground.look(ev, expr).expect("no limit is reached") {
        crate::Seen::Whole(Ok(value)) => vec![value.to_string()],
        crate::Seen::Whole(Err(refusal)) => vec![format!("fails: {}", refusal.message)],
        crate::Seen::Parts(parts) => parts
            .into_iter()
            .map(|(name, answer)| match answer {
                Ok(value) => format!("{name} = {value}"),
                Err(refusal) => format!("{name} fails: {}", refusal.message),
            })
            .collect(),
    }
}
