//! Follows a path through what modules define, with the properties on the way taken off.
//!
//! `mkIf`, `mkMerge`, `mkOverride` and `mkOrder` are small tagged sets around a value. They may stand
//! around an option's value or around any set on the way to it; the module system moves the latter
//! inwards, so that an option has the outermost priority of those around it.

use crate::definition::{Order, Priority};
use crate::diagnose::Viewpoint;
use crate::system::{attempt, attr, forced, maybe, text};
use diag::Pos;
use eval::error::Eval;
use eval::{Evaluator, Ref, Tag, Val};

/// What stands at the end of a path in one module, or on the way there.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    /// The value, without properties once it is taken off.
    pub cell: Ref,
    /// The file of the module.
    pub file: String,
    /// Where the innermost attribute on the way is bound whose place is known.
    pub pos: Pos,
    /// The same in the user's own files.
    pub own: Pos,
    /// Where the last attribute is bound, if that is known.
    pub last: Pos,
    /// Whether all conditions hold; `None` if one cannot be evaluated.
    pub active: Option<bool>,
    /// The priority at each level at which definitions compete: that of the option first.
    pub priorities: Vec<Priority>,
    /// The order of merging at the last level.
    pub order: Order,
    /// Whether the last level has a priority of its own.
    overridden: bool,
}

/// Most definitions that are followed at once; a bound against modules made to be hostile.
const MOST_TRAILS: usize = 20_000;

impl Trail {
    /// Returns the start of a path in a module of this file.
    pub fn new(cell: Ref, file: &str) -> Trail {
        Trail {
            cell,
            file: file.to_owned(),
            pos: Pos::NONE,
            own: Pos::NONE,
            last: Pos::NONE,
            active: Some(true),
            priorities: vec![Priority::PLAIN],
            order: Order::PLAIN,
            overridden: false,
        }
    }

    /// Opens a new level: from here on definitions compete anew.
    pub fn next_level(&mut self) {
        self.priorities.push(Priority::PLAIN);
        self.order = Order::PLAIN;
        self.overridden = false;
    }

    /// Returns its priority at the last level.
    pub fn priority(&self) -> Priority {
        self.priorities.last().copied().unwrap_or(Priority::PLAIN)
    }

    /// Returns where it is bound: in the user's own files if that is known.
    pub fn place(&self) -> Pos {
        if self.own.is_some() { self.own } else { self.pos }
    }

    /// Goes into an attribute.
    fn into_attr(mut self, ev: &Evaluator, found: eval::attrs::Attr, view: &Viewpoint<'_>) -> Trail {
        self.cell = found.value;
        self.last = found.pos;
        if found.pos.is_some() {
            self.pos = found.pos;
            if view.owns(&ev.sources, found.pos) {
                self.own = found.pos;
            }
        }
        self
    }
}

/// Returns what modules define at a path: from each trail's value, all names on; `levels` tells
/// whether each name opens a new level, as names below an option do.
pub(crate) fn follow(
    ev: &mut Evaluator,
    trails: Vec<Trail>,
    names: &[String],
    levels: bool,
    view: &Viewpoint<'_>,
) -> Eval<Vec<Trail>> {
    let mut trails = taken_off(ev, trails)?;
    for name in names {
        let mut next = Vec::new();
        for mut trail in trails {
            let Some(value) = forced(ev, trail.cell)? else { continue };
            if let Some(found) = attr(ev, value, name) {
                if levels {
                    trail.next_level();
                }
                next.push(trail.into_attr(ev, found, view));
            }
        }
        trails = taken_off(ev, next)?;
    }
    Ok(trails)
}

/// Returns a trail with its properties taken off: several if it is a merge.
pub(crate) fn bare(ev: &mut Evaluator, trail: Trail) -> Eval<Vec<Trail>> {
    taken_off(ev, vec![trail])
}

/// Returns the trail of an attribute of a trail's value; `level` tells whether definitions compete anew there.
pub(crate) fn below(
    ev: &Evaluator,
    mut trail: Trail,
    found: eval::attrs::Attr,
    level: bool,
    view: &Viewpoint<'_>,
) -> Trail {
    if level {
        trail.next_level();
    }
    trail.into_attr(ev, found, view)
}

/// Takes the properties off; what cannot be evaluated stays as it is.
fn taken_off(ev: &mut Evaluator, trails: Vec<Trail>) -> Eval<Vec<Trail>> {
    let mut out = Vec::new();
    let mut open = trails;
    open.reverse();
    while let Some(mut trail) = open.pop() {
        if out.len() + open.len() > MOST_TRAILS {
            break;
        }
        let Some(value) = forced(ev, trail.cell)? else {
            out.push(trail);
            continue;
        };
        let Some(kind) = property(ev, value)? else {
            out.push(trail);
            continue;
        };
        let content = match kind {
            Property::Definition => "value",
            Property::Merge => "contents",
            _ => "content",
        };
        let Some(content) = attr(ev, value, content) else {
            out.push(trail);
            continue;
        };
        trail.cell = content.value;
        match kind {
            Property::Merge => {
                let Some(list) = forced(ev, content.value)? else {
                    continue;
                };
                let parts = ev.elements(list).iter().rev();
                open.extend(parts.map(|&cell| Trail { cell, ..trail.clone() }));
                continue;
            }
            Property::If => {
                let holds = condition(ev, value)?;
                trail.active = match (trail.active, holds) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                };
            }
            Property::Override => {
                let priority = number(ev, value)?.unwrap_or(Priority::PLAIN.0);
                if !std::mem::replace(&mut trail.overridden, true)
                    && let Some(last) = trail.priorities.last_mut()
                {
                    *last = Priority(priority);
                }
            }
            Property::Order => trail.order = Order(number(ev, value)?.unwrap_or(Order::PLAIN.0)),
            Property::Definition => {
                if let Some(file) = maybe(ev, value, &["file"])?.and_then(text) {
                    trail.file = file;
                }
            }
        }
        open.push(trail);
    }
    Ok(out)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Property {
    If,
    Merge,
    Override,
    Order,
    Definition,
}

fn property(ev: &mut Evaluator, value: Val) -> Eval<Option<Property>> {
    if !value.is_attrs() {
        return Ok(None);
    }
    let kind = maybe(ev, value, &["_type"])?;
    Ok(match kind.and_then(Val::as_string) {
        Some(b"if") => Some(Property::If),
        Some(b"merge") => Some(Property::Merge),
        Some(b"override") => Some(Property::Override),
        Some(b"order") => Some(Property::Order),
        Some(b"definition") => Some(Property::Definition),
        _ => None,
    })
}

fn condition(ev: &mut Evaluator, value: Val) -> Eval<Option<bool>> {
    let Some(attr) = attr(ev, value, "condition") else {
        return Ok(None);
    };
    let condition = attempt(ev, |ev| ev.force(attr.value, attr.pos))?;
    Ok(condition.ok().and_then(Val::as_bool))
}

fn number(ev: &mut Evaluator, value: Val) -> Eval<Option<i64>> {
    Ok(maybe(ev, value, &["priority"])?
        .filter(|value| value.tag() == Tag::Int)
        .and_then(Val::as_int))
}
