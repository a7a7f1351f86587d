//! Finds every definition of an option, and the place that a finding about one should point at.

use crate::definition::{Definition, Owner, Priority, Standing};
use crate::diagnose::{self, Viewpoint};
use crate::modules::{Modules, collect};
use crate::option::{Declared, Level, levels};
use crate::option_path::OptionPath;
use crate::system::{System, attr, forced, maybe, text};
use crate::walk::{Trail, follow};
use diag::Span;
use eval::error::Eval;
use eval::{EvalError, Evaluator, Remembered, Val};
use std::rc::Rc;

/// Names of a path that a place may lack: what stands at a path of one name has nothing to do with
/// most of what is below it.
const LEAST_NAMES: usize = 2;

/// Attributes that say how a module is made, when it has neither `config` nor `options`.
pub(crate) const STRUCTURE: [&str; 7] = [
    "_class",
    "_file",
    "key",
    "disabledModules",
    "require",
    "imports",
    "freeformType",
];

impl System {
    /// Returns every definition of an option, or of an attribute below one, also those that lost:
    /// first those that make the value, in the order in which they are merged.
    ///
    /// The path may also be that of a set of options; then it is what modules say of all of them.
    pub fn definitions(
        &self,
        ev: &mut Evaluator,
        path: &[impl AsRef<str>],
        view: &Viewpoint<'_>,
    ) -> Eval<Vec<Definition>> {
        let inputs = diagnose::inputs_of(ev, view);
        let view = &Viewpoint {
            inputs: &inputs,
            ..*view
        };
        let path: Vec<String> = path.iter().map(|name| name.as_ref().to_owned()).collect();
        let trails = self.trails(ev, &path, view)?;
        let mut definitions = Vec::new();
        for weighed in trails {
            definitions.push(definition(ev, &path, weighed, view)?);
        }
        // The order of merging is that of those that won; the sort keeps the modules' order otherwise.
        definitions.sort_by_key(|definition| match definition.standing {
            Standing::Won => (0, definition.order.0),
            Standing::Unknown => (1, 0),
            Standing::Overridden => (2, definition.priority.0),
            Standing::Inactive => (3, 0),
        });
        Ok(definitions)
    }

    /// Returns where a finding about an option points: at the definition in the user's own files that
    /// won, else at what they say of the nearest set around it, else at the host in `flake.nix`.
    pub fn place_of(&self, ev: &mut Evaluator, path: &[impl AsRef<str>], view: &Viewpoint<'_>) -> Eval<Span> {
        let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
        for length in (LEAST_NAMES.min(path.len())..=path.len()).rev() {
            let definitions = self.definitions(ev, &path[..length], view)?;
            let own = |definition: &&Definition| definition.is_own() && definition.is_placed();
            let best = definitions
                .iter()
                .filter(own)
                // What lost still says more than nothing, but a default of the user's own module does not.
                .min_by_key(|definition| (definition.is_default, !definition.won()));
            if let Some(best) = best {
                return Ok(best.span);
            }
        }
        Ok(self.place(ev))
    }

    /// Returns where the user's own files say a text in a value of an option, such as an element of a list; `None` if none
    /// of them says it as it is.
    pub fn place_of_string(
        &self,
        ev: &mut Evaluator,
        path: &[impl AsRef<str>],
        text: &str,
        view: &Viewpoint<'_>,
    ) -> Eval<Option<Span>> {
        let definitions = self.definitions(ev, path, view)?;
        let own = definitions
            .iter()
            .filter(|definition| definition.is_own() && definition.is_placed());
        for definition in own {
            if let Some(span) = diagnose::string_in(ev, definition.span.start, text) {
                return Ok(Some(span));
            }
        }
        Ok(None)
    }

    /// Returns where the flake says that there is this host.
    pub fn place(&self, ev: &mut Evaluator) -> Span {
        diagnose::binding_at(ev, self.pos()).unwrap_or_default()
    }

    /// Whether the modules of the configuration can be listed, so that all definitions are known.
    pub(crate) fn knows_modules(&self, ev: &mut Evaluator) -> Eval<bool> {
        let configuration = self.readable(ev)?;
        Ok(self.modules(ev, configuration, &[])?.is_ok())
    }

    /// Returns the modules of the configuration, or why they cannot be listed.
    pub(crate) fn modules(
        &self,
        ev: &mut Evaluator,
        configuration: Val,
        at: &[String],
    ) -> Eval<Result<Rc<Modules>, EvalError>> {
        if let Some(modules) = self.known_modules(ev, at) {
            return Ok(Ok(modules));
        }
        let around = if at.is_empty() {
            None
        } else {
            self.known_modules(ev, &[]).map(|modules| modules.loader)
        };
        Ok(collect(ev, configuration, around)?.map(|modules| {
            let modules = Rc::new(modules);
            let remembered = Remembered::default();
            remembered.set(ev, modules.clone());
            let mut known = self.modules.borrow_mut();
            known.retain(|(path, _)| path != at);
            known.push((at.to_vec(), remembered));
            modules
        }))
    }

    fn known_modules(&self, ev: &Evaluator, at: &[String]) -> Option<Rc<Modules>> {
        let known = self.modules.borrow();
        known.iter().find(|(path, _)| path == at)?.1.get(ev)
    }

    /// Returns what modules define at a path, and what became of it.
    fn trails(&self, ev: &mut Evaluator, path: &[String], view: &Viewpoint<'_>) -> Eval<Vec<Weighed>> {
        let configuration = self.readable(ev)?;
        let levels = levels(ev, configuration, path)?;
        let Some(mut level) = levels.first() else {
            // Not an option, but perhaps a set of some.
            let trails = self.of_modules(ev, configuration, &[], path, view)?;
            return Ok(trails.into_iter().map(|trail| Weighed::alone(trail, false)).collect());
        };
        let mut found = Vec::new();
        let mut next = levels.iter().skip(1);
        loop {
            let trails = self.at_level(ev, level, path, view)?;
            let inner = next.next();
            let end = inner.map_or(path.len(), |inner| inner.start);
            let below = weigh(ev, trails, &path[level.end..end], view)?;
            let Some(inner) = inner else {
                found.extend(below);
                return Ok(found);
            };
            // What lost here is part of no submodule; what won is a module of it.
            for lost in below {
                if matches!(lost.standing, Standing::Overridden | Standing::Inactive) {
                    found.extend(lost.into(ev, &path[inner.start..], view)?);
                }
            }
            level = inner;
        }
    }

    /// Returns what is defined as an option: by the modules of its evaluation, and as its default.
    fn at_level(
        &self,
        ev: &mut Evaluator,
        level: &Level,
        path: &[String],
        view: &Viewpoint<'_>,
    ) -> Eval<Vec<(Trail, bool)>> {
        let (around, names) = (&path[..level.start], &path[level.start..level.end]);
        let trails = match self.modules(ev, level.configuration, around)? {
            Ok(_) => self.of_modules(ev, level.configuration, around, names, view)?,
            // What the module system tells of those that won is better than nothing.
            Err(_) => winners(ev, level.option)?,
        };
        let mut all: Vec<(Trail, bool)> = trails.into_iter().map(|trail| (trail, false)).collect();
        let declared = OptionPath::of(&path[..level.end]).map(|path| Declared {
            path,
            rest: Vec::new(),
            set: level.option,
        });
        if let Some(declared) = declared
            && let Some(default) = declared.default_trail(ev)?
        {
            all.insert(0, (default, true));
        }
        Ok(all)
    }

    /// Returns what the modules of an evaluation define at a path in it, in the order of merging.
    fn of_modules(
        &self,
        ev: &mut Evaluator,
        configuration: Val,
        around: &[String],
        names: &[String],
        view: &Viewpoint<'_>,
    ) -> Eval<Vec<Trail>> {
        let modules = match self.modules(ev, configuration, around)? {
            Ok(modules) => modules,
            Err(_) => return Ok(Vec::new()),
        };
        let mut trails = Vec::new();
        // The module system goes through its modules from the last one to the first.
        for &index in modules.order.iter().rev() {
            let module = &modules.all[index];
            let Some(set) = module.set else { continue };
            let config = match attr(ev, set, "config") {
                Some(config) => Some(config.value),
                None if attr(ev, set, "options").is_some() => None,
                None if names.first().is_some_and(|name| STRUCTURE.contains(&name.as_str())) => None,
                None => Some(ev.cell(set)),
            };
            if let Some(config) = config {
                let trail = Trail::new(config, &module.file);
                trails.extend(follow(ev, vec![trail], names, false, view)?);
            }
        }
        Ok(trails)
    }
}

/// Returns the definitions of an option that won, as the module system keeps them: without their places
/// and, where they are fewer than the option has, without the others.
fn winners(ev: &mut Evaluator, option: Val) -> Eval<Vec<Trail>> {
    let priority = maybe(ev, option, &["highestPrio"])?.and_then(Val::as_int);
    let Some(list) = maybe(ev, option, &["definitionsWithLocations"])? else {
        return Ok(Vec::new());
    };
    let mut trails = Vec::new();
    for &cell in ev.elements(list) {
        let Some(entry) = forced(ev, cell)? else { continue };
        let file = maybe(ev, entry, &["file"])?.and_then(text);
        if let (Some(file), Some(value)) = (file, attr(ev, entry, "value")) {
            let mut trail = Trail::new(value.value, &file);
            trail.priorities = vec![priority.map_or(Priority::PLAIN, Priority)];
            trails.push(trail);
        }
    }
    // The default is told by itself.
    trails.retain(|trail| trail.priority() != Priority::OPTION_DEFAULT);
    Ok(trails)
}

/// What a module defines, and what became of it.
struct Weighed {
    trail: Trail,
    standing: Standing,
    /// The priority that settled it.
    priority: Priority,
    is_default: bool,
}

impl Weighed {
    /// Returns what nothing took the place of.
    fn alone(trail: Trail, is_default: bool) -> Weighed {
        Weighed {
            standing: match trail.active {
                Some(true) => Standing::Won,
                Some(false) => Standing::Inactive,
                None => Standing::Unknown,
            },
            priority: trail.priority(),
            trail,
            is_default,
        }
    }

    /// Follows it to an attribute inside its value.
    fn into(self, ev: &mut Evaluator, names: &[String], view: &Viewpoint<'_>) -> Eval<Vec<Weighed>> {
        let ends = follow(ev, vec![self.trail], names, true, view)?;
        let of = |trail| Weighed {
            trail,
            standing: self.standing,
            priority: self.priority,
            is_default: self.is_default,
        };
        Ok(ends.into_iter().map(of).collect())
    }
}

/// Follows the definitions of an option into its value, and tells which of them won: from the outside
/// in, as one that lost takes its attributes with it.
fn weigh(ev: &mut Evaluator, trails: Vec<(Trail, bool)>, rest: &[String], view: &Viewpoint<'_>) -> Eval<Vec<Weighed>> {
    let mut alive = trails;
    let mut lost = Vec::new();
    for depth in 0..=rest.len() {
        let counts = |(trail, _): &&(Trail, bool)| trail.active != Some(false);
        let best = alive.iter().filter(counts).map(|(trail, _)| trail.priority()).min();
        let mut next = Vec::new();
        for (trail, is_default) in alive {
            let mut weighed = Weighed::alone(trail, is_default);
            if weighed.standing != Standing::Inactive && Some(weighed.priority) != best {
                weighed.standing = Standing::Overridden;
            }
            match (weighed.standing, rest.get(depth)) {
                (Standing::Won | Standing::Unknown, Some(name)) => {
                    let trails = follow(ev, vec![weighed.trail], std::slice::from_ref(name), true, view)?;
                    next.extend(trails.into_iter().map(|trail| (trail, is_default)));
                }
                (Standing::Won | Standing::Unknown, None) => next.push((weighed.trail, is_default)),
                _ => lost.extend(weighed.into(ev, &rest[depth..], view)?),
            }
        }
        alive = next;
    }
    let won = alive
        .into_iter()
        .map(|(trail, is_default)| Weighed::alone(trail, is_default));
    Ok(won.chain(lost).collect())
}

/// Returns a definition with its place.
fn definition(ev: &mut Evaluator, path: &[String], weighed: Weighed, view: &Viewpoint<'_>) -> Eval<Definition> {
    let trail = weighed.trail;
    let pos = trail.place();
    let mut guessed = pos != trail.last || !pos.is_some();
    let mut span = diagnose::binding_at(ev, pos).unwrap_or_default();
    if !span.start.is_some()
        && let Some(found) = diagnose::defined_in(ev, &trail.file, path)
    {
        (span, guessed) = (found, true);
    }
    let owner = if span.start.is_some() {
        Owner::of(&ev.sources, view, span)
    } else {
        Owner::of_file(&trail.file, view)
    };
    Ok(Definition {
        file: trail.file,
        span,
        guessed,
        owner,
        value: trail.cell,
        priority: weighed.priority,
        order: trail.order,
        standing: weighed.standing,
        is_default: weighed.is_default,
    })
}

#[cfg(test)]
mod tests;
