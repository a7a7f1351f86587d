//! Properties: conditions, priorities, places.

use super::Edition;
use crate::Def;
use std::rc::Rc;

/// A definition and the file that it is from.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Given {
    /// What messages call its module.
    pub file: Rc<str>,
    /// What is defined.
    pub value: Def,
    /// Whether it had a place, of which the library of nixpkgs leaves a trace in the definition.
    pub placed: bool,
}

impl Given {
    /// Returns a definition.
    pub fn new(file: &Rc<str>, value: Def) -> Given {
        Given {
            file: file.clone(),
            value,
            placed: false,
        }
    }
}

/// The definitions that count.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Counting {
    /// They, in the order in which they are merged.
    pub values: Vec<Given>,
    /// Their priority.
    pub priority: i64,
}

/// The weakest priority that counts beside others.
const WEAKEST: i64 = 9999;

/// Pushes the properties around a set into it: returns sets without properties around them. `mkMerge` gives several
/// of them; conditions and priorities go around each attribute; `mkOrder` is not understood here and stays, so that
/// what it holds looks like options named `_type`, `priority` and `content`.
pub(super) fn push_down(def: &Def) -> Vec<Def> {
    let around = |content: &Def, wrap: &dyn Fn(Def) -> Def| {
        let pushed = push_down(content)
            .into_iter()
            .map(|def| match super::equal::entries(&def) {
                Some(entries) => {
                    let wrapped = entries.iter().map(|(name, value)| (name.clone(), wrap(value.clone())));
                    Def::Attrs(wrapped.collect())
                }
                None => def,
            });
        pushed.collect()
    };
    match def {
        Def::Merge(contents) => contents.iter().flat_map(push_down).collect(),
        Def::If(condition, content) => around(content, &|value| value.when(*condition)),
        Def::Override(priority, content) => around(content, &|value| value.weighed(*priority)),
        other => vec![other.clone()],
    }
}

/// Returns the definitions of one option that count, in order: `mkMerge` and `mkIf` around a value are resolved first,
/// then of all values only those of the strongest priority stay, then they are sorted by their places if one has a
/// place. Each step looks at the outermost property only. So an `mkIf` inside an `mkForce` is no condition any
/// more, and an `mkForce` inside an `mkOrder` is no priority: the value that is merged is the property itself, a set.
pub(super) fn counting(defs: &[Given], edition: Edition) -> Counting {
    let mut values = Vec::with_capacity(defs.len());
    for def in defs {
        discharge(&def.file, &def.value, &mut values);
    }
    let priority_of = |given: &Given| match &given.value {
        Def::Override(priority, _) => *priority,
        _ => Def::PLAIN,
    };
    // A single one counts however weak it is; in 2020 it did not.
    let alone = values.len() == 1 && edition == Edition::Current;
    let strongest = values.iter().map(priority_of).min();
    let priority = match strongest {
        Some(priority) if alone => priority,
        Some(priority) => priority.min(WEAKEST),
        None => WEAKEST,
    };
    values.retain(|given| priority_of(given) == priority);
    for given in &mut values {
        if let Def::Override(_, content) = &mut given.value {
            given.value = std::mem::replace(content, Def::Null);
        }
    }
    if values.iter().any(|given| matches!(given.value, Def::Order(..))) {
        let mut placed: Vec<(i64, Given)> = values.into_iter().map(placed).collect();
        placed.sort_by_key(|(place, _)| *place);
        values = placed.into_iter().map(|(_, given)| given).collect();
    }
    Counting { values, priority }
}

fn discharge(file: &Rc<str>, value: &Def, found: &mut Vec<Given>) {
    match value {
        Def::Merge(contents) => contents.iter().for_each(|content| discharge(file, content, found)),
        Def::If(true, content) => discharge(file, content, found),
        Def::If(false, _) => {}
        other => found.push(Given::new(file, other.clone())),
    }
}

fn placed(given: Given) -> (i64, Given) {
    match given.value {
        Def::Order(place, content) => (
            place,
            Given {
                file: given.file,
                value: *content,
                placed: true,
            },
        ),
        _ => (Def::BETWEEN, given),
    }
}
