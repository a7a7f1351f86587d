//! The modules of a configuration, as a list for a person.

use crate::definition::Owner;
use crate::diagnose::{self, Viewpoint};
use crate::modules::Module;
use crate::system::System;
use diag::{Pos, Span};
use eval::error::Eval;
use eval::{EvalError, Evaluator};

/// A module as it is listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedModule {
    /// Its file, or the place where it is written inside one.
    pub file: String,
    /// Whose it is.
    pub owner: Owner,
    /// Where it is imported: the file, and the place in it if that is known. None for the modules that
    /// the configuration is made of.
    pub imported: Option<String>,
    /// Whether `disabledModules` keeps it out.
    pub disabled: bool,
    /// Why it cannot be loaded.
    pub error: Option<String>,
}

impl System {
    /// Returns the modules of the configuration: the user's own first, each in the order in which the
    /// module system finds them. An error says why they cannot be listed.
    pub fn listed_modules(
        &self,
        ev: &mut Evaluator,
        view: &Viewpoint<'_>,
    ) -> Eval<Result<Vec<ListedModule>, EvalError>> {
        let inputs = diagnose::inputs_of(ev, view);
        let view = &Viewpoint {
            inputs: &inputs,
            ..*view
        };
        let configuration = self.readable(ev)?;
        let modules = match self.modules(ev, configuration, &[])? {
            Ok(modules) => modules,
            Err(error) => return Ok(Err(error)),
        };
        let mut listed = Vec::new();
        for module in &modules.all {
            let written = module.set.map_or(Pos::NONE, |set| ev.mem.attrs_pos(set));
            let (file, owner) = named(ev, &module.file, &module.key, written, view);
            let imported = match module.importer {
                Some(importer) => imported(ev, module, &modules.all[importer], owner == Owner::Own, view),
                None => None,
            };
            listed.push(ListedModule {
                file,
                owner,
                imported,
                disabled: module.disabled,
                error: module
                    .error
                    .as_ref()
                    .map(|error| view.shorten(error.message.trim()).into_owned()),
            });
        }
        listed.sort_by_key(|module| module.owner != Owner::Own);
        Ok(Ok(listed))
    }
}

/// Returns where a module is imported: at its path in the importing file, else in the list there.
fn imported(
    ev: &mut Evaluator,
    module: &Module,
    importer: &Module,
    is_own: bool,
    view: &Viewpoint<'_>,
) -> Option<String> {
    if is_own && !view.owns(&ev.sources, module.imported_at) {
        // A function of an input wraps the modules that it is given; where they are given is asked for.
        let span = diagnose::path_in_own_files(ev, &module.key, view)?;
        return ev.sources.place(span, view.root).map(|place| place.to_string());
    }
    let span = diagnose::import_of(ev, module.imported_at, &module.key);
    let place = span.and_then(|span| ev.sources.place(span, view.root));
    Some(match place {
        Some(place) => place.to_string(),
        None => {
            let written = importer.set.map_or(Pos::NONE, |set| ev.mem.attrs_pos(set));
            named(ev, &importer.file, &importer.key, written, view).0
        }
    })
}

/// Returns how a module is called, and whose it is: a file by its path, one that is written inside a
/// file by its place there.
fn named(ev: &mut Evaluator, file: &str, key: &str, written: Pos, view: &Viewpoint<'_>) -> (String, Owner) {
    if key == file {
        return (view.shorten(file).into_owned(), Owner::of_file(file, view));
    }
    let span = Span::new(written, written);
    match ev.sources.place(span, view.root) {
        Some(place) => (place.to_string(), Owner::of(&ev.sources, view, span)),
        None => (view.shorten(file).into_owned(), Owner::of_file(file, view)),
    }
}

#[cfg(test)]
mod tests;
