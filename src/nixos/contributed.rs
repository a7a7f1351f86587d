//! What one file's modules define: all of it, down to single values, with the conditions around each.

use crate::definition::Priority;
use crate::definitions::STRUCTURE;
use crate::diagnose::Viewpoint;
use crate::option::is_option;
use crate::system::{System, attr, forced, maybe};
use crate::walk::{Trail, bare, below};
use diag::Pos;
use eval::error::Eval;
use eval::{Evaluator, Ref, Val};

/// A value that a module defines, at the end of a path.
#[derive(Clone, Debug)]
pub struct Contribution {
    /// The path.
    pub path: Vec<String>,
    /// How many names of it lead to the option; none if no option takes it.
    pub option: Option<usize>,
    /// Whether all conditions around it hold; `None` if one cannot be evaluated.
    pub active: Option<bool>,
    /// Its priority among the option's definitions.
    pub priority: Priority,
    /// Where it is bound in the user's own files, as far as that is known.
    pub pos: Pos,
    /// The cell of the value.
    pub value: Ref,
}

/// Most values of one file.
const MOST_VALUES: usize = 5_000;
/// Deepest nesting that is gone into.
const MOST_DEPTH: usize = 16;
/// Types whose values are sets of further values.
const SETS: [&str; 5] = ["attrsOf", "lazyAttrsOf", "attrs", "submodule", "anything"];

impl System {
    /// Loads the modules of the configuration, so that asking for what they define takes no loading
    /// any more. Returns whether they can be listed.
    pub fn load_modules(&self, ev: &mut Evaluator) -> Eval<bool> {
        self.knows_modules(ev)
    }

    /// Returns what the modules of a file define; nothing if there is no such module or none can be listed.
    pub fn contributions(&self, ev: &mut Evaluator, file: &str, view: &Viewpoint<'_>) -> Eval<Vec<Contribution>> {
        let configuration = self.readable(ev)?;
        let Ok(modules) = self.modules(ev, configuration, &[])? else {
            return Ok(Vec::new());
        };
        let options = maybe(ev, configuration, &["options"])?;
        let mut found = Vec::new();
        for &index in &modules.order {
            let module = &modules.all[index];
            let Some(set) = module.set.filter(|_| module.file == file) else {
                continue;
            };
            let (config, whole) = match attr(ev, set, "config") {
                Some(config) => (config.value, false),
                None if attr(ev, set, "options").is_some() => continue,
                None => (ev.cell(set), true),
            };
            let mut open = vec![Part {
                path: Vec::new(),
                option: None,
                place: options,
                trail: Trail::new(config, file),
            }];
            while let Some(part) = open.pop() {
                if found.len() + open.len() > MOST_VALUES {
                    break;
                }
                part.look(ev, view, whole, &mut open, &mut found)?;
            }
        }
        Ok(found)
    }
}

/// A part of a module that is to be looked at.
struct Part {
    path: Vec<String>,
    option: Option<usize>,
    /// What `options` has at the path, as long as that is a set of options.
    place: Option<Val>,
    trail: Trail,
}

impl Part {
    /// Puts what is inside to `open`, or the part itself to `found`.
    fn look(
        mut self,
        ev: &mut Evaluator,
        view: &Viewpoint<'_>,
        whole: bool,
        open: &mut Vec<Part>,
        found: &mut Vec<Contribution>,
    ) -> Eval<()> {
        let mut goes_on = true;
        if let Some(place) = self.place
            && is_option(ev, place)?
        {
            self.option = Some(self.path.len());
            self.place = None;
            let kind = maybe(ev, place, &["type", "name"])?;
            let kind = kind.and_then(Val::as_string).unwrap_or_default();
            goes_on = SETS.iter().any(|set| set.as_bytes() == kind);
        }
        for trail in bare(ev, self.trail)? {
            let value = forced(ev, trail.cell)?;
            let set = value.filter(|value| value.is_attrs() && goes_on && self.path.len() < MOST_DEPTH);
            let inside = match set.filter(|&set| ev.mem.attrs_len(set) > 0) {
                Some(set) if attr(ev, set, "_type").is_none() && !ev.is_derivation(set).unwrap_or(true) => Some(set),
                _ => None,
            };
            let Some(set) = inside else {
                found.push(Contribution {
                    path: self.path.clone(),
                    option: self.option,
                    active: trail.active,
                    priority: trail.priorities.first().copied().unwrap_or(Priority::PLAIN),
                    pos: trail.place(),
                    value: trail.cell,
                });
                continue;
            };
            for (symbol, inner) in ev.sorted_entries(set).into_iter().rev() {
                let name = ev.symbols.text(symbol).into_owned();
                if self.path.is_empty() && whole && STRUCTURE.contains(&name.as_str()) {
                    continue;
                }
                let place = match self.place {
                    Some(place) => maybe(ev, place, &[&name])?,
                    None => None,
                };
                open.push(Part {
                    path: [&self.path[..], &[name]].concat(),
                    option: self.option,
                    place,
                    trail: below(ev, trail.clone(), inner, self.option.is_some(), view),
                });
            }
        }
        Ok(())
    }
}
