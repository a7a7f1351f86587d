//! A library on the disk, of which one file may be another text.

use crate::operators::{Mutant, mutants};
use diag::Origin;
use eval::error::Eval;
use eval::{Evaluator, Settings};
use flake::world::{Access, World};
use prop::{Binding, Ground};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sys::{DirEntry, DiskFs, FixedEnv, Fs, FsError, Mode, Stat, SystemClock};

/// Stack of the thread that judges a mutant.
pub const STACK: usize = 64 << 20;
/// Most memory that one evaluator may use.
const MOST_MEMORY: u64 = 2 << 30;
/// Longest time in milliseconds that evaluation may take for one mutant. One that holds all laws takes a tenth.
const MOST_MILLIS: u64 = 120_000;

/// One change of one file of a library.
#[derive(Clone, Debug)]
pub struct Change {
    /// The file, relative to the library's folder.
    pub file: String,
    /// The line of the change, from one.
    pub line: usize,
    /// The column of the change, from one.
    pub column: usize,
    /// What stands there.
    pub before: String,
    /// What is changed.
    pub mutant: Mutant,
    /// The whole file, changed.
    pub text: String,
}

/// Returns the files of a library that are about modules, options and types.
pub fn files(library: &Path) -> Result<Vec<String>, FsError> {
    let mut found = Vec::new();
    for part in ["modules", "options", "types"] {
        let file = format!("{part}.nix");
        if DiskFs.stat(&library.join(&file))?.is_some() {
            found.push(file);
        }
        let folder = library.join(part);
        if DiskFs.stat(&folder)?.is_some() {
            for entry in DiskFs.read_dir(&folder)? {
                found.push(format!("{part}/{}", entry.name.to_string_lossy()));
            }
        }
    }
    Ok(found)
}

/// Returns all mutants of a library's file.
pub fn changes(library: &Path, file: &str) -> Result<Vec<Change>, FsError> {
    let text = DiskFs.read(&library.join(file))?;
    let text = String::from_utf8_lossy(&text);
    let change = |mutant: Mutant| {
        let above = &text[..mutant.place.start];
        Change {
            file: file.into(),
            line: above.matches('\n').count() + 1,
            column: above.len() - above.rfind('\n').map_or(0, |end| end + 1) + 1,
            before: text[mutant.place.clone()].into(),
            text: mutant.of(&text),
            mutant,
        }
    };
    Ok(mutants(&text).into_iter().map(change).collect())
}

/// Has `work` work on a library, with a change or as it is, in an evaluator of its own.
pub fn on<R>(
    library: &Path,
    change: Option<&Change>,
    work: impl FnOnce(&mut Evaluator, &mut Ground) -> Eval<R>,
) -> Result<R, String> {
    let fs: Arc<dyn Fs> = match change {
        None => Arc::new(DiskFs),
        Some(change) => Arc::new(Changed {
            path: library.join(&change.file),
            text: change.text.clone().into(),
        }),
    };
    let world = World::new(
        fs,
        Arc::new(FixedEnv::at("/")),
        Arc::new(SystemClock::new()),
        Access::Everything,
        Box::new(|_: &[u8]| {}),
    );
    let settings = Settings {
        max_memory: Some(MOST_MEMORY),
        max_millis: Some(MOST_MILLIS),
        keep_messages: true,
        ..Settings::default()
    };
    let mut ev = Evaluator::new(settings, Box::new(world), STACK - (1 << 20));
    let result = ev.contained(|ev| {
        let nix = format!("import {}", library.display());
        let lib = ev.eval_text(Origin::String, nix.as_bytes(), b"/")?;
        let binding = Binding {
            name: "lib".into(),
            cell: ev.cell(lib),
            nix,
        };
        let mut ground = Ground::new(ev, vec![binding])?;
        work(ev, &mut ground)
    });
    result.map_err(|_| ev.take_error().message)
}

/// The disk, but for one file's text. It is only read.
struct Changed {
    path: PathBuf,
    text: Vec<u8>,
}

impl Changed {
    fn refused(op: sys::FsOp, path: &Path) -> FsError {
        FsError::new(op, path, io::Error::from(io::ErrorKind::ReadOnlyFilesystem))
    }
}

impl Fs for Changed {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FsError> {
        if path == self.path {
            Ok(self.text.clone())
        } else {
            DiskFs.read(path)
        }
    }

    fn lstat(&self, path: &Path) -> Result<Option<Stat>, FsError> {
        DiskFs.lstat(path)
    }

    fn stat(&self, path: &Path) -> Result<Option<Stat>, FsError> {
        DiskFs.stat(path)
    }

    fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>, FsError> {
        DiskFs.read_dir(path)
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, FsError> {
        DiskFs.read_link(path)
    }

    fn canonicalize(&self, path: &Path) -> Result<PathBuf, FsError> {
        DiskFs.canonicalize(path)
    }

    fn write(&self, path: &Path, _: &[u8], _: Mode) -> Result<(), FsError> {
        Err(Changed::refused(sys::FsOp::Write, path))
    }

    fn write_atomic(&self, path: &Path, _: &[u8], _: Mode) -> Result<(), FsError> {
        Err(Changed::refused(sys::FsOp::Write, path))
    }

    fn create_dir_all(&self, path: &Path) -> Result<(), FsError> {
        Err(Changed::refused(sys::FsOp::Create, path))
    }

    fn symlink(&self, _: &Path, path: &Path) -> Result<(), FsError> {
        Err(Changed::refused(sys::FsOp::Create, path))
    }

    fn rename(&self, from: &Path, _: &Path) -> Result<(), FsError> {
        Err(Changed::refused(sys::FsOp::Rename, from))
    }

    fn remove_file(&self, path: &Path) -> Result<(), FsError> {
        Err(Changed::refused(sys::FsOp::Remove, path))
    }

    fn remove_dir_all(&self, path: &Path) -> Result<(), FsError> {
        Err(Changed::refused(sys::FsOp::Remove, path))
    }
}
