//! Importing files: each is compiled once, and its value kept.

use crate::code::{Code, CodeRef, FileCode};
use crate::error::Eval;
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Val, Words};
use crate::shared::{COMMON, FIXED};
use crate::text::path::dir_name;
use diag::{FileId, Origin, Pos};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The files that were imported, each by its number.
#[derive(Default)]
pub(crate) struct Imports {
    numbers: FxHashMap<&'static [u8], u32>,
    all: Vec<Import>,
}

impl Imports {
    /// Returns the cells of the values of all files that have one.
    pub fn cells(&self) -> impl Iterator<Item = Ref> {
        self.all.iter().map(|import| import.cell).filter(|cell| cell.is_some())
    }
}

/// A file that was imported.
struct Import {
    path: &'static [u8],
    /// The code that reads, compiles and evaluates it.
    file: CodeRef,
    /// Its value; none if only trials that ended have imported it.
    cell: Ref,
    /// Its text when it was compiled, the number of that, and what came out.
    compiled: Option<(Arc<[u8]>, FileId, CodeRef)>,
}

impl Evaluator {
    /// Returns the cell of a file's value, which is evaluated at most once; `path` must be resolved
    /// (no folder, no symbolic link).
    pub fn file_cell(&mut self, path: &[u8]) -> Ref {
        let number = self.import_number(path);
        let Import { cell, file, .. } = *self.import(number);
        if cell.is_some() {
            return cell;
        }
        let value = Val::thunk(file, Words::EMPTY);
        let cell = self.cell(value);
        if self.is_fixed(path) {
            self.mem.heap.set(cell, value.labelled(FIXED));
        }
        self.mem.heap.pin();
        self.import(number).cell = cell;
        cell
    }

    fn import(&mut self, number: u32) -> &mut Import {
        &mut self.imports.all[number as usize]
    }

    /// Returns the number of a file among those that were imported.
    fn import_number(&mut self, path: &[u8]) -> u32 {
        if let Some(&number) = self.imports.numbers.get(path) {
            return number;
        }
        let arena = self.mem.arena;
        let path: &'static [u8] = arena.alloc_slice_copy(path);
        let number = u32::try_from(self.imports.all.len()).expect("memory is at its end long before");
        let file = arena.alloc(FileCode { path, number });
        self.imports.all.push(Import {
            path,
            file: arena.alloc(Code::File(file)),
            cell: Ref::NONE,
            compiled: None,
        });
        self.imports.numbers.insert(path, number);
        number
    }

    /// Evaluates the content of a file, unless that was done before.
    pub fn eval_file(&mut self, path: &[u8]) -> Eval<Val> {
        let path = self.resolve_import(path)?;
        let cell = self.file_cell(&path);
        self.force(cell, Pos::NONE)
    }

    /// Evaluates a file anew, without the frame that an import has.
    pub fn eval_file_fresh(&mut self, path: &[u8]) -> Eval<Val> {
        let text = self.read_source(path)?;
        let folder = dir_name(path).to_vec();
        self.eval_text(Origin::File(path.into()), &text, &folder)
    }

    pub(crate) fn eval_file_code(&mut self, file: &'static FileCode) -> Eval<Val> {
        let code = match self.fixed_code(file) {
            Some(code) => code,
            None => {
                let text = self.read_source(file.path)?;
                self.file_code(file.number, text)?
            }
        };
        let label = if self.is_fixed(file.path) { FIXED } else { COMMON };
        let result = self.as_common(label, |ev| ev.eval(code, Words::EMPTY));
        result.map_err(|f| {
            self.trace(
                f,
                Pos::NONE,
                format!("while evaluating the file '{}':", String::from_utf8_lossy(file.path)),
            )
        })
    }

    /// Returns the code of a file whose text an earlier trial has read, if it is one that stays as it is and whose readings
    /// nobody takes down.
    fn fixed_code(&mut self, file: &FileCode) -> Option<CodeRef> {
        let (_, id, code) = self.import(file.number).compiled.as_ref()?;
        let (id, code) = (*id, *code);
        if !self.io.is_fixed(file.path) {
            return None;
        }
        self.reads(id);
        Some(code)
    }

    /// Returns the code of a text of the evaluator's own, which counts as a file.
    pub(crate) fn own_code(&mut self, name: &[u8], text: &[u8]) -> Eval<CodeRef> {
        let number = self.import_number(name);
        self.file_code(number, text.into())
    }

    /// Returns the code of a file; the same as the last time if its text is the same, as when several
    /// trials import it.
    fn file_code(&mut self, number: u32, text: Arc<[u8]>) -> Eval<CodeRef> {
        let import = self.import(number);
        let path = import.path;
        if let Some((old, id, code)) = &import.compiled
            && (Arc::ptr_eq(old, &text) || *old == text)
        {
            let (id, code) = (*id, *code);
            self.reads(id);
            return Ok(code);
        }
        let code = self.compile(Origin::File(path.into()), text.clone(), dir_name(path), None)?;
        let id = self.texts.last().copied().unwrap_or(FileId(0));
        self.import(number).compiled = Some((text, id, code));
        Ok(code)
    }

    /// Returns the paths of the files that the last trial imported and that were not imported before,
    /// in the order of their imports. A caller who imports them outside of a trial
    /// ([`Evaluator::eval_file`]) spares later trials to evaluate them.
    pub fn imported_in_trial(&self) -> &[Vec<u8>] {
        &self.trial_imports
    }

    /// Returns the texts of files that evaluation has read, in the order in which it first needed them: outside of trials, then in
    /// those under way. What other trials have read is none of it, as if it had never been.
    pub fn texts(&self) -> &[FileId] {
        &self.texts
    }

    /// Counts a text among those that were read ([`Evaluator::texts`]), such as that of a file that somebody else had to read first.
    pub fn reads(&mut self, text: FileId) {
        if self.known_texts.insert(text) {
            self.texts.push(text);
            self.reads_fixed(text);
        }
    }

    /// Forgets that texts were read, but for the first ones.
    pub(crate) fn forget_texts(&mut self, first: usize) {
        for text in self.texts.drain(first..) {
            self.known_texts.remove(&text);
        }
    }

    /// Forgets the cells of files that the trial under way made, and keeps their paths; where its memory stays in use, the cells
    /// of files that stay as they are as well.
    pub(crate) fn forget_files(&mut self, is_kept: bool) {
        let heap = &self.mem.heap;
        let mut new = Vec::new();
        for import in &mut self.imports.all {
            if import.cell.is_some() && !heap.is_older(import.cell) {
                new.push((import.cell.index(), import.path));
                let value = heap.get(import.cell);
                if !(is_kept && value.label() == FIXED && value.is_whnf()) {
                    import.cell = Ref::NONE;
                }
            }
        }
        new.sort_unstable_by_key(|file| file.0);
        self.trial_imports = new.into_iter().map(|(_, path)| path.to_vec()).collect();
    }
}
