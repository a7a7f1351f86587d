//! Lists and sets, in which what is inside is merged by a type of its own.

use super::Model;
use super::equal::entries;
use super::merge::updated;
use super::properties::Given;
use super::words::{Fault, Outcome};
use crate::{Def, Plain, Simple, Ty};
use std::collections::BTreeMap;

/// An item of an `attrListOf`.
struct Item {
    name: String,
    given: Given,
    place: i64,
    priority: i64,
}

impl Model {
    /// The elements of all lists, in order, each merged by itself: one that is `mkIf false` is not there.
    pub(super) fn list(&self, ty: &Ty, loc: &[String], defs: &[Given]) -> Outcome<Plain> {
        let mut merged = Vec::new();
        for (n, given) in defs.iter().enumerate() {
            let Def::List(elements) = &given.value else {
                return Err(Fault::Unknown);
            };
            for (m, element) in elements.iter().enumerate() {
                let entry = format!("[definition {}-entry {}]", n + 1, m + 1);
                let loc = [loc, &[entry]].concat();
                let element = Given::new(&given.file, element.clone());
                if let Some(value) = self.resolved(ty, &loc, &[element]) {
                    merged.push(value?);
                }
            }
        }
        Ok(Plain::List(merged))
    }

    /// Returns the attributes of the set that a type makes of definitions, as far as each has a value.
    pub(super) fn merge_parts(
        &self,
        ty: &Ty,
        loc: &[String],
        defs: &[Given],
    ) -> Outcome<BTreeMap<String, Outcome<Plain>>> {
        match ty {
            Ty::AttrsOf(inner) | Ty::LoaOf(inner) | Ty::AttrsWith(inner, false, _) => {
                self.set_of(inner, false, loc, defs)
            }
            Ty::LazyAttrsOf(inner) | Ty::AttrsWith(inner, true, _) => self.set_of(inner, true, loc, defs),
            Ty::Simple(Simple::Attrs) => Ok(updated(defs)),
            other => match self.merge(other, loc, defs)? {
                Plain::Attrs(parts) => Ok(parts.into_iter().map(|(name, value)| (name, Ok(value))).collect()),
                _ => Err(Fault::Unknown),
            },
        }
    }

    /// The attributes of all sets by name, each merged by itself: one that is `mkIf false` everywhere is not there. In a
    /// lazy set it is there, and is what its type makes of nothing.
    pub(super) fn set_of(
        &self,
        ty: &Ty,
        lazy: bool,
        loc: &[String],
        defs: &[Given],
    ) -> Outcome<BTreeMap<String, Outcome<Plain>>> {
        let mut by_name: BTreeMap<String, Vec<Given>> = BTreeMap::new();
        for given in defs {
            for (name, value) in entries(&given.value).ok_or(Fault::Unknown)?.iter() {
                by_name
                    .entry(name.clone())
                    .or_default()
                    .push(Given::new(&given.file, value.clone()));
            }
        }
        let mut merged = BTreeMap::new();
        for (name, defs) in by_name {
            let loc = [loc, std::slice::from_ref(&name)].concat();
            let value = match self.resolved(ty, &loc, &defs) {
                Some(value) => value,
                None if lazy => self.nothing(ty).unwrap_or_else(|| Err(self.edition.undefined(&loc))),
                None => continue,
            };
            merged.insert(name, value);
        }
        Ok(merged)
    }

    /// An `attrListOf`: items of a name and a value, from lists of sets with one attribute each, or from sets. Of the
    /// items of one name those of the strongest priority stay, where an item without one counts as plain even if there is
    /// none; then all are sorted by their places, and each is merged by itself.
    pub(super) fn named_list(&self, ty: &Ty, inner: &Ty, loc: &[String], defs: &[Given]) -> Outcome<Plain> {
        let mut items = Vec::new();
        for given in defs {
            match &given.value {
                Def::List(elements) => {
                    for element in elements {
                        items.push(self.item(ty, loc, given, element)?);
                    }
                }
                set => {
                    let mut entries = entries(set).ok_or(Fault::Unknown)?.into_owned();
                    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
                    items.extend(entries.into_iter().map(|(name, value)| peeled(name, given, value)));
                }
            }
        }
        let mut strongest: BTreeMap<String, i64> = BTreeMap::new();
        for item in &items {
            let least = strongest.entry(item.name.clone()).or_insert(Def::PLAIN);
            *least = item.priority.min(*least);
        }
        items.retain(|item| strongest.get(&item.name) == Some(&item.priority));
        items.sort_by_key(|item| item.place);
        let mut merged = Vec::new();
        for item in items {
            let loc = [loc, std::slice::from_ref(&item.name)].concat();
            if let Some(value) = self.resolved(inner, &loc, &[item.given]) {
                merged.push(Plain::attrs([(item.name, value?)]));
            }
        }
        Ok(Plain::List(merged))
    }

    fn item(&self, ty: &Ty, loc: &[String], given: &Given, element: &Def) -> Outcome<Item> {
        let (place, set) = match element {
            Def::Order(place, set) => (Some(*place), &**set),
            set => (None, set),
        };
        match entries(set).as_deref() {
            Some([(name, value)]) => {
                let mut item = peeled(name.clone(), given, value.clone());
                item.place = place.unwrap_or(item.place);
                Ok(item)
            }
            _ => {
                let file = given.file.clone();
                Err(self.edition.not_of_type(loc, self.described(ty), &[file]))
            }
        }
    }
}

/// Returns an item with the places taken off, however they and priorities are nested.
fn peeled(name: String, given: &Given, value: Def) -> Item {
    let file = given.file.clone();
    match value {
        Def::Order(place, content) => Item {
            place,
            ..peeled(name, given, *content)
        },
        Def::Override(priority, content) => {
            let inner = peeled(name, given, *content);
            let value = inner.given.value.weighed(priority);
            Item {
                given: Given::new(&file, value),
                priority,
                ..inner
            }
        }
        value => Item {
            name,
            given: Given::new(&file, value),
            place: Def::BETWEEN,
            priority: Def::PLAIN,
        },
    }
}
