//! Making what a string refers to available before evaluation reads it: import from derivation.

use crate::context::{Deriver, Element};
use crate::error::{ErrorKind, Eval};
use crate::evaluator::Evaluator;
use crate::files::show_path;
use crate::heap::{ContextId, Ref};
use crate::io::Build;
use diag::Pos;
use std::collections::BTreeSet;
use store::{Origin, SortedSet, StorePath};

impl Evaluator {
    /// Whether a store path is there: in this evaluation's own store, or in the world.
    pub(crate) fn is_valid(&mut self, path: &StorePath) -> Eval<bool> {
        if self.store.contains(path) {
            return Ok(true);
        }
        Ok(self.maybe_type(path.to_path().as_bytes())?.is_some())
    }

    /// Returns the first store path that a context needs and that is not there.
    pub(crate) fn missing_path(&mut self, context: ContextId) -> Eval<Option<StorePath>> {
        for element in self.contexts.sorted(context) {
            let base = element.base_path();
            if !self.is_valid(base)? {
                return Ok(Some(base.clone()));
            }
        }
        Ok(None)
    }

    /// Returns what a store path points to, as far as it is known.
    pub(crate) fn references_of(&mut self, path: &StorePath) -> SortedSet<StorePath> {
        if let Some(drv) = self.store.derivation(path) {
            return drv.references().cloned().collect();
        }
        match self.store.object(path) {
            Some(object) => object.references.clone(),
            None => self.io.references(path).into_iter().collect(),
        }
    }

    /// Makes all that a context names available, building what must be built, and returns `path`
    /// as it can be read then.
    pub(crate) fn realise_context(&mut self, context: ContextId, path: &[u8]) -> Eval<Vec<u8>> {
        if context == ContextId::EMPTY || self.caches.realised.contains(&context) {
            return Ok(path.to_vec());
        }
        if let Some(missing) = self.missing_path(context)? {
            return Err(self.fail(ErrorKind::Io, format!("path '{}' is not valid", missing.base_name())));
        }
        let elements = self.contexts.sorted(context);
        let mut wanted: Vec<(StorePath, Vec<String>)> = Vec::new();
        for element in &elements {
            let Element::Built(built) = element else { continue };
            if !self.settings.allow_import_from_derivation {
                let message = format!(
                    "cannot build '{}' during evaluation because the option 'allow-import-from-derivation' is disabled",
                    element.display()
                );
                return Err(self.fail(ErrorKind::ImportFromDerivation, message));
            }
            let Deriver::Path(drv) = &built.drv else {
                let message = format!("building '{}' during evaluation is not supported", element.display());
                return Err(self.fail(ErrorKind::ImportFromDerivation, message));
            };
            match wanted.last_mut() {
                Some((last, outputs)) if last == drv => outputs.push(built.output.to_string()),
                _ => wanted.push((drv.clone(), vec![built.output.to_string()])),
            }
        }
        for (drv, outputs) in wanted {
            self.note_build(&drv);
            let built = if self.io.can_build() {
                let sources = self.sources_of(&drv)?;
                let build = Build {
                    store: &self.store,
                    drv: &drv,
                    outputs: &outputs,
                    sources: &sources,
                };
                self.io.build(&build)
            } else {
                self.io.realise(&self.store, &drv, &outputs)
            };
            if let Err(error) = built {
                return Err(self.fail(ErrorKind::ImportFromDerivation, error.to_string()));
            }
        }
        self.caches.realised.insert(context);
        if self.mem.heap.trials() > 0 {
            self.caches.realised_in_trials.push(context);
        }
        Ok(path.to_vec())
    }

    /// Returns the sources that a derivation and its inputs need, each as a NAR; texts are not among
    /// them, as the store has those itself.
    pub fn sources_of(&mut self, drv: &StorePath) -> Eval<Vec<(StorePath, Vec<u8>)>> {
        let mut needed: BTreeSet<StorePath> = BTreeSet::new();
        for (_, derivation) in self.store.closure(drv) {
            needed.extend(derivation.input_sources.iter().cloned());
        }
        let is_text = |ev: &Evaluator, path: &StorePath| {
            ev.store.derivation(path).is_some()
                || ev
                    .store
                    .object(path)
                    .is_some_and(|o| matches!(o.origin, Origin::Bytes(_)))
        };
        let mut sources = Vec::new();
        for path in needed {
            if !is_text(self, &path) {
                let nar = self.nar_of(path.to_path().as_bytes())?;
                sources.push((path, nar));
            }
        }
        Ok(sources)
    }

    /// Returns the path that a value stands for, with what it refers to made available. `links`
    /// tells whether symbolic links are followed: not at all, or with the last component or not.
    pub(crate) fn realise_path(&mut self, cell: Ref, links: Option<bool>) -> Eval<Vec<u8>> {
        let (path, context) = self.coerce_to_path(cell, Pos::NONE, "while realising the context of a path")?;
        let result = self.realise_context(context, &path).and_then(|real| match links {
            Some(last) => self.resolve(&real, last).map(|path| path.into_owned()),
            None => Ok(real),
        });
        result.map_err(|fail| {
            self.trace(
                fail,
                Pos::NONE,
                format!("while realising the context of path '{}'", show_path(&path)),
            )
        })
    }
}
