//! What must hold for a value, and whether it does.
//!
//! An assertion holds, is broken, or cannot be told, because a part of the value that it needs could
//! not be evaluated or is of another kind. Of several, a broken one counts most, then one that cannot
//! be told: what is unknown is never taken for good.
//!
//! Null has no elements, no characters and no size: it breaks whatever asks for one, except that it
//! is a subset of everything.

use regex::Regex;

use super::show::{shown, shown_all};
use super::tree::{Demand, Tree};

/// One assertion on a value.
#[derive(Clone, Debug)]
pub enum Assertion {
    /// The value is this one.
    Equals(Tree),
    /// The value is not this one.
    NotEquals(Tree),
    /// The value is one of these.
    In(Vec<Tree>),
    /// The value is none of these.
    NotIn(Vec<Tree>),
    /// The text has a part that fits.
    Matches(Regex),
    /// The text has no part that fits.
    NotMatches(Regex),
    /// Nothing is there (`true`), or something is (`false`).
    Absent(bool),
    /// All elements or names are among these.
    SubsetOf(Vec<Tree>),
    /// All of these are elements, names or parts.
    Contains(Vec<Tree>),
    /// None of these is an element, a name or a part.
    NotContains(Vec<Tree>),
    /// The number is this or more.
    AtLeast(f64),
    /// The number is this or less.
    AtMost(f64),
    /// These hold for the number of elements, attributes or characters.
    Length(Vec<Assertion>),
    /// The second hold for all elements for which the first do.
    Every(Vec<Assertion>, Vec<Assertion>),
    /// Both hold for an element.
    Any(Vec<Assertion>, Vec<Assertion>),
    /// These hold for all names of attributes.
    Names(Vec<Assertion>),
    /// These hold for what this way leads to.
    At(Vec<String>, Vec<Assertion>),
}

/// Whether something holds.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// It does.
    Holds,
    /// It does not: what is wrong, at least one.
    Broken(Vec<Break>),
    /// It cannot be told: why, at least one.
    Unknown(Vec<Break>),
}

/// What is wrong with a part of a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Break {
    /// The names on the way to the part, from the option on; an element of a list is `[0]`.
    pub way: Vec<String>,
    /// What is wrong with it, as the end of a sentence that begins with the part's name.
    pub what: String,
    /// The same for a part whose value must not be shown.
    pub hidden: String,
}

impl Break {
    fn new(what: impl Into<String>, hidden: impl Into<String>) -> Break {
        Break {
            way: Vec::new(),
            what: what.into(),
            hidden: hidden.into(),
        }
    }

    /// A text that shows no value.
    pub fn plain(what: impl Into<String>) -> Break {
        let what = what.into();
        Break::new(what.clone(), what)
    }

    fn below(mut self, name: &str) -> Break {
        self.way.insert(0, name.into());
        self
    }
}

impl Verdict {
    /// Returns the verdict on two things that must both hold.
    pub fn and(self, other: Verdict) -> Verdict {
        match (self, other) {
            (Verdict::Broken(mut one), Verdict::Broken(other)) => {
                one.extend(other);
                Verdict::Broken(one)
            }
            (Verdict::Broken(all), _) | (_, Verdict::Broken(all)) => Verdict::Broken(all),
            (Verdict::Unknown(mut one), Verdict::Unknown(other)) => {
                one.extend(other);
                Verdict::Unknown(one)
            }
            (Verdict::Unknown(all), _) | (_, Verdict::Unknown(all)) => Verdict::Unknown(all),
            (Verdict::Holds, Verdict::Holds) => Verdict::Holds,
        }
    }

    fn below(self, name: &str) -> Verdict {
        let below = |all: Vec<Break>| all.into_iter().map(|one| one.below(name)).collect();
        match self {
            Verdict::Holds => Verdict::Holds,
            Verdict::Broken(all) => Verdict::Broken(below(all)),
            Verdict::Unknown(all) => Verdict::Unknown(below(all)),
        }
    }
}

fn broken(what: impl Into<String>, hidden: &str) -> Verdict {
    Verdict::Broken(vec![Break::new(what, hidden)])
}

fn unknown(why: impl Into<String>) -> Verdict {
    Verdict::Unknown(vec![Break::plain(why)])
}

/// Returns the verdict on assertions that must all hold for a value.
pub fn judge(assertions: &[Assertion], value: &Tree) -> Verdict {
    // What is not there is told once, however much is asked of it.
    let there = |assertion: &&Assertion| matches!(assertion, Assertion::Absent(_));
    if let Tree::Missing(why) | Tree::Unknown(why) = value {
        let of_absence = assertions.iter().filter(there).map(|one| one.judge(value));
        let rest = assertions.iter().any(|one| !there(&one));
        let rest = if rest { unknown(why.clone()) } else { Verdict::Holds };
        let verdict = of_absence.reduce(Verdict::and);
        return match verdict {
            // `defined` that is broken says all; so does `absent` that could not be told.
            Some(verdict @ (Verdict::Broken(_) | Verdict::Unknown(_))) => verdict,
            _ => rest,
        };
    }
    let verdicts = assertions.iter().map(|assertion| assertion.judge(value));
    verdicts.fold(Verdict::Holds, Verdict::and)
}

impl Assertion {
    /// Returns the verdict on a value.
    pub fn judge(&self, value: &Tree) -> Verdict {
        if let Tree::Unknown(why) = value {
            return unknown(why.clone());
        }
        match self {
            Assertion::Absent(wanted) => {
                let absent = matches!(value, Tree::Missing(_) | Tree::Null);
                match (absent, wanted) {
                    (true, false) => broken("is not set", "is not set"),
                    (false, true) => broken(format!("is set to {}", shown(value)), "is set"),
                    _ => Verdict::Holds,
                }
            }
            _ if matches!(value, Tree::Missing(_)) => {
                let Tree::Missing(why) = value else {
                    return Verdict::Holds;
                };
                unknown(why.clone())
            }
            Assertion::Equals(wanted) => {
                let what = || format!("is {} instead of {}", shown(value), shown(wanted));
                compared(value, [wanted], true, what, "is another value than the wanted one")
            }
            Assertion::NotEquals(other) => compared(
                value,
                [other],
                false,
                || format!("is {}", shown(value)),
                "is the value that it must not be",
            ),
            Assertion::In(wanted) => {
                let what = || format!("is {}, which is none of {}", shown(value), shown_all(wanted));
                compared(value, wanted, true, what, "is none of the wanted values")
            }
            Assertion::NotIn(others) => {
                let what = || format!("is {}, which is not allowed", shown(value));
                compared(value, others, false, what, "is a value that is not allowed")
            }
            Assertion::Matches(regex) => text(value, |text| {
                let what = || format!("is {}, which does not match `{regex}`", shown(value));
                regex
                    .is_match(text)
                    .then_some(())
                    .ok_or_else(|| (what(), "does not match what it must"))
            }),
            Assertion::NotMatches(regex) => text(value, |text| {
                let what = || format!("is {}, which matches `{regex}`", shown(value));
                (!regex.is_match(text))
                    .then_some(())
                    .ok_or_else(|| (what(), "matches what it must not"))
            }),
            Assertion::AtLeast(least) => number(value, |number| {
                let what = || format!("is {}, less than {least}", shown(value));
                (number >= *least).then_some(()).ok_or_else(|| (what(), "is too small"))
            }),
            Assertion::AtMost(most) => number(value, |number| {
                let what = || format!("is {}, more than {most}", shown(value));
                (number <= *most).then_some(()).ok_or_else(|| (what(), "is too large"))
            }),
            Assertion::SubsetOf(allowed) => subset(value, allowed),
            Assertion::Contains(wanted) => contains(value, wanted),
            Assertion::NotContains(others) => not_contains(value, others),
            Assertion::Length(inner) => match length(value) {
                Some(length) => match judge(inner, &Tree::Int(length)) {
                    Verdict::Broken(all) => {
                        let longer = |one: Break| Break::plain(format!("has a length that {}", one.what));
                        Verdict::Broken(all.into_iter().map(longer).collect())
                    }
                    other => other,
                },
                None if *value == Tree::Null => broken("is null", "is null"),
                None => unknown(format!("is {}, which has no length", value.kind())),
            },
            Assertion::Every(only, inner) => judge_every(value, only, inner),
            Assertion::Any(only, inner) => judge_any(value, only, inner),
            Assertion::Names(inner) => match value {
                Tree::Attrs(attributes) => {
                    let names = attributes.keys().map(|name| judge(inner, &Tree::Text(name.clone())));
                    names.fold(Verdict::Holds, Verdict::and).named()
                }
                Tree::Null => Verdict::Holds,
                _ => unknown(format!("is {}, which has no names", value.kind())),
            },
            Assertion::At(way, inner) => {
                let verdict = judge(inner, &value.at(way));
                way.iter().rev().fold(verdict, |verdict, name| verdict.below(name))
            }
        }
    }

    /// Returns which parts of the value are needed.
    pub fn demand(&self) -> Demand {
        let of = |values: &[Tree]| {
            let whole = values
                .iter()
                .any(|value| matches!(value, Tree::List(_) | Tree::Attrs(_)));
            if whole { Demand::whole() } else { Demand::default() }
        };
        match self {
            Assertion::Equals(value) | Assertion::NotEquals(value) => of(std::slice::from_ref(value)),
            Assertion::In(values) | Assertion::NotIn(values) => of(values),
            Assertion::SubsetOf(values) | Assertion::Contains(values) | Assertion::NotContains(values) => {
                Demand::elements(of(values))
            }
            Assertion::Every(only, inner) | Assertion::Any(only, inner) => {
                let mut demand = demand(only);
                demand.and(self::demand(inner));
                Demand::each(demand)
            }
            Assertion::At(way, inner) => Demand::below(way, demand(inner)),
            Assertion::Matches(_)
            | Assertion::NotMatches(_)
            | Assertion::Absent(_)
            | Assertion::AtLeast(_)
            | Assertion::AtMost(_)
            | Assertion::Length(_)
            | Assertion::Names(_) => Demand::default(),
        }
    }
}

impl Verdict {
    /// Says of what is wrong that it is a name.
    fn named(self) -> Verdict {
        match self {
            Verdict::Broken(all) => {
                let named = |one: Break| Break::plain(format!("has a name that {}", one.what));
                Verdict::Broken(all.into_iter().map(named).collect())
            }
            other => other,
        }
    }
}

/// Returns which parts of a value assertions need.
pub fn demand(assertions: &[Assertion]) -> Demand {
    assertions.iter().fold(Demand::default(), |mut demand, assertion| {
        demand.and(assertion.demand());
        demand
    })
}

/// Returns whether a value is one of others as it is wanted, if that can be told.
fn compared<'t>(
    value: &Tree,
    others: impl IntoIterator<Item = &'t Tree>,
    wanted: bool,
    what: impl Fn() -> String,
    hidden: &str,
) -> Verdict {
    let others: Vec<&Tree> = others.into_iter().collect();
    let found = others.iter().any(|other| value.same(other));
    match undecided(value, &others) {
        _ if found == wanted && found => Verdict::Holds,
        Some(why) if !found => unknown(why),
        _ if found == wanted => Verdict::Holds,
        _ => broken(what(), hidden),
    }
}

/// Returns why it cannot be told whether a value is one of others; nothing if it can.
fn undecided<'v>(value: &'v Tree, others: &[&Tree]) -> Option<&'v str> {
    // What is inside of a list or a set decides only between that and others of its kind.
    let decides = match value {
        Tree::List(_) => others.iter().any(|other| matches!(other, Tree::List(_))),
        Tree::Attrs(_) => others.iter().any(|other| matches!(other, Tree::Attrs(_))),
        _ => true,
    };
    value.unknown().filter(|_| decides)
}

type Judged<'t> = Result<(), (String, &'t str)>;

fn text<'t>(value: &Tree, judged: impl Fn(&str) -> Judged<'t>) -> Verdict {
    let judged = match value {
        Tree::Text(text) | Tree::Path(text) => judged(text),
        Tree::Package(package) => judged(&package.name),
        Tree::Null => return broken("is null", "is null"),
        _ => return unknown(format!("is {}, not a text", value.kind())),
    };
    match judged {
        Ok(()) => Verdict::Holds,
        Err((what, hidden)) => broken(what, hidden),
    }
}

fn number<'t>(value: &Tree, judged: impl Fn(f64) -> Judged<'t>) -> Verdict {
    let judged = match value {
        Tree::Int(int) => judged(*int as f64),
        Tree::Float(float) => judged(*float),
        Tree::Null => return broken("is null", "is null"),
        _ => return unknown(format!("is {}, not a number", value.kind())),
    };
    match judged {
        Ok(()) => Verdict::Holds,
        Err((what, hidden)) => broken(what, hidden),
    }
}

fn length(value: &Tree) -> Option<i64> {
    let length = match value {
        Tree::List(elements) => elements.len(),
        Tree::Attrs(attributes) => attributes.len(),
        Tree::Text(text) => text.chars().count(),
        _ => return None,
    };
    i64::try_from(length).ok()
}

/// Returns the elements of a list, or the names of a set; none if it is neither.
fn elements(value: &Tree) -> Option<Vec<Tree>> {
    match value {
        Tree::List(elements) => Some(elements.clone()),
        Tree::Attrs(attributes) => Some(attributes.keys().cloned().map(Tree::Text).collect()),
        Tree::Null => Some(Vec::new()),
        _ => None,
    }
}

fn subset(value: &Tree, allowed: &[Tree]) -> Verdict {
    let Some(elements) = elements(value) else {
        return unknown(format!("is {}, which has no elements", value.kind()));
    };
    let all: Vec<&Tree> = allowed.iter().collect();
    let more: Vec<Tree> = elements
        .iter()
        .filter(|element| undecided(element, &all).is_none())
        .filter(|e| !allowed.iter().any(|a| a.same(e)))
        .cloned()
        .collect();
    if !more.is_empty() {
        return broken(
            format!("has {}, which is not allowed", shown_all(&more)),
            "has an element that is not allowed",
        );
    }
    let why = elements.iter().find_map(|element| undecided(element, &all));
    why.map_or(Verdict::Holds, unknown)
}

/// Whether a value has something as an element, a name or a part of the text; an error says that it
/// cannot be told.
fn has(value: &Tree, wanted: &Tree) -> Result<bool, String> {
    if let (Tree::Text(text) | Tree::Path(text), Tree::Text(part)) = (value, wanted) {
        return Ok(text.contains(part.as_str()));
    }
    let Some(elements) = elements(value) else {
        return Err(format!("is {}, which contains nothing", value.kind()));
    };
    if elements.iter().any(|element| element.same(wanted)) {
        return Ok(true);
    }
    let why = elements.iter().find_map(|element| undecided(element, &[wanted]));
    why.map_or(Ok(false), |why| Err(why.into()))
}

fn contains(value: &Tree, wanted: &[Tree]) -> Verdict {
    let one = |wanted: &Tree| match has(value, wanted) {
        Ok(true) => Verdict::Holds,
        Ok(false) if matches!(value, Tree::Text(_) | Tree::Path(_)) => {
            let what = format!("is {}, which does not contain {}", shown(value), shown(wanted));
            broken(what, "does not contain what it must")
        }
        Ok(false) => broken(
            format!("does not contain {}", shown(wanted)),
            "does not contain what it must",
        ),
        Err(why) => unknown(why),
    };
    wanted.iter().map(one).fold(Verdict::Holds, Verdict::and)
}

fn not_contains(value: &Tree, others: &[Tree]) -> Verdict {
    let one = |other: &Tree| match has(value, other) {
        Ok(false) => Verdict::Holds,
        Ok(true) => broken(format!("contains {}", shown(other)), "contains what it must not"),
        Err(why) => unknown(why),
    };
    others.iter().map(one).fold(Verdict::Holds, Verdict::and)
}

/// Returns the parts of a value with their names; none if it has no parts.
fn parts(value: &Tree) -> Option<Vec<(String, &Tree)>> {
    match value {
        Tree::List(elements) => Some(
            elements
                .iter()
                .enumerate()
                .map(|(i, e)| (format!("[{i}]"), e))
                .collect(),
        ),
        Tree::Attrs(attributes) => Some(attributes.iter().map(|(name, value)| (name.clone(), value)).collect()),
        Tree::Null => Some(Vec::new()),
        _ => None,
    }
}

fn judge_every(value: &Tree, only: &[Assertion], inner: &[Assertion]) -> Verdict {
    let Some(parts) = parts(value) else {
        return unknown(format!("is {}, which has no elements", value.kind()));
    };
    let one = |(name, part): (String, &Tree)| {
        let verdict = match judge(only, part) {
            Verdict::Holds => judge(inner, part),
            // It is not looked at.
            Verdict::Broken(_) => Verdict::Holds,
            Verdict::Unknown(why) => Verdict::Unknown(why),
        };
        verdict.below(&name)
    };
    parts.into_iter().map(one).fold(Verdict::Holds, Verdict::and)
}

fn judge_any(value: &Tree, only: &[Assertion], inner: &[Assertion]) -> Verdict {
    let Some(parts) = parts(value) else {
        return unknown(format!("is {}, which has no elements", value.kind()));
    };
    let mut unknown = Vec::new();
    for (name, part) in &parts {
        match judge(only, part).and(judge(inner, part)) {
            Verdict::Holds => return Verdict::Holds,
            Verdict::Broken(_) => {}
            Verdict::Unknown(why) => unknown.extend(why.into_iter().map(|one| one.below(name))),
        }
    }
    match (unknown.is_empty(), parts.len()) {
        (false, _) => Verdict::Unknown(unknown),
        (true, 0) => broken("is empty", "is empty"),
        (true, _) => broken("has no element as it is wanted", "has no element as it is wanted"),
    }
}

#[cfg(test)]
#[path = "assertion/tests.rs"]
mod tests;
