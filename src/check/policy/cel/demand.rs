//! Which parts of the options an expression needs.
//!
//! A way such as `users[name].isNormalUser` needs one attribute of each user, not whatever a user is
//! made of. So ways along names, elements and loops are followed to their ends, and the end is what
//! is needed: whole, unless only its size or its being there is asked for.

use std::collections::BTreeMap;

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr, LiteralValue, operators};

use crate::policy::tree::Demand;

/// A way into an option.
#[derive(Clone, PartialEq, Debug)]
struct Place {
    option: String,
    steps: Vec<Step>,
}

#[derive(Clone, PartialEq, Debug)]
enum Step {
    Name(String),
    /// Each element of a list and each attribute of a set.
    Each,
    /// Each element of a list; of a set, only its names.
    Element,
}

/// Returns what an expression needs of the options with these names.
pub fn of(expression: &IdedExpr, names: &[&str]) -> BTreeMap<String, Demand> {
    let mut needs = Needs {
        demands: BTreeMap::new(),
        scopes: Vec::new(),
    };
    for name in names {
        let place = Place {
            option: name.to_string(),
            steps: Vec::new(),
        };
        needs.scopes.push((name.to_string(), Some(place)));
    }
    needs.whole(expression);
    needs.demands
}

struct Needs {
    demands: BTreeMap<String, Demand>,
    /// Variables and the ways that they stand for; none for other values.
    scopes: Vec<(String, Option<Place>)>,
}

impl Needs {
    fn add(&mut self, place: &Place, end: Demand) {
        let demand = place.steps.iter().rev().fold(end, |inner, step| match step {
            Step::Name(name) => Demand::below(std::slice::from_ref(name), inner),
            Step::Each => Demand::each(inner),
            Step::Element => Demand::elements(inner),
        });
        self.demands.entry(place.option.clone()).or_default().and(demand);
    }

    /// Looks at an expression whose value is needed as a whole.
    fn whole(&mut self, expression: &IdedExpr) {
        if let Some(place) = self.place(expression) {
            self.add(&place, Demand::whole());
        }
    }

    /// Looks at an expression of which only the size, the names or the being there is needed.
    fn shallow(&mut self, expression: &IdedExpr) {
        if let Some(place) = self.place(expression) {
            self.add(&place, Demand::default());
        }
    }

    /// Returns the way that an expression is; of any other expression, looks at its parts.
    fn place(&mut self, expression: &IdedExpr) -> Option<Place> {
        match &expression.expr {
            Expr::Ident(name) => {
                let known = self.scopes.iter().rev().find(|(known, _)| known == name);
                known.and_then(|(_, place)| place.clone())
            }
            Expr::Select(select) => {
                let place = self.place(&select.operand)?;
                if select.test {
                    self.add(&place, Demand::default());
                    return None;
                }
                Some(place.then(Step::Name(select.field.clone())))
            }
            Expr::Call(call) => match (call.func_name.as_str(), &call.args[..]) {
                (operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT, [value, index]) => {
                    let place = self.place(value);
                    if let Expr::Literal(LiteralValue::String(name)) = &index.expr {
                        return Some(place?.then(Step::Name(name.inner().to_string())));
                    }
                    // A name or a number: nothing below it.
                    self.shallow(index);
                    Some(place?.then(Step::Each))
                }
                ("size", [value]) => {
                    self.shallow(value);
                    None
                }
                (operators::IN, [element, value]) => {
                    self.whole(element);
                    if let Some(place) = self.place(value) {
                        self.add(&place, Demand::elements(Demand::whole()));
                    }
                    None
                }
                ("size", []) => {
                    call.target.iter().for_each(|value| self.shallow(value));
                    None
                }
                _ => {
                    call.target.iter().for_each(|target| self.whole(target));
                    call.args.iter().for_each(|argument| self.whole(argument));
                    None
                }
            },
            Expr::Comprehension(all) => {
                let range = self.place(&all.iter_range);
                if let Some(range) = &range {
                    self.add(range, Demand::default());
                }
                self.whole(&all.accu_init);
                let known = self.scopes.len();
                self.scopes.push((all.accu_var.clone(), None));
                // The variable is an element of a list, or a name of a set.
                self.scopes
                    .push((all.iter_var.clone(), range.map(|range| range.then(Step::Element))));
                for part in [&all.loop_cond, &all.loop_step, &all.result] {
                    self.whole(part);
                }
                self.scopes.truncate(known);
                None
            }
            Expr::List(list) => {
                list.elements.iter().for_each(|element| self.whole(element));
                None
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.whole(&entry.key);
                        self.whole(&entry.value);
                    }
                }
                None
            }
            Expr::Struct(_) | Expr::Literal(_) | Expr::Unspecified => None,
        }
    }
}

impl Place {
    fn then(mut self, step: Step) -> Place {
        self.steps.push(step);
        self
    }
}
