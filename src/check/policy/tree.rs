//! The value of an option as a plain tree, and which parts of a value an assertion needs.
//!
//! Assertions see trees only, so that they are judged alike on the values of a host and on those of
//! an example. What a policy does not need is never evaluated: it stays [`Tree::Unread`].

use std::collections::BTreeMap;

/// The value of an option, or a part of it.
#[derive(Clone, PartialEq, Debug)]
pub enum Tree {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a point.
    Float(f64),
    /// A text.
    Text(String),
    /// A path of a file.
    Path(String),
    /// A list.
    List(Vec<Tree>),
    /// An attribute set.
    Attrs(BTreeMap<String, Tree>),
    /// A derivation, known by its names; what it is built of is not looked at.
    Package(Package),
    /// A function.
    Function,
    /// There is no such option or attribute, or it has no value: what is said if a value is needed.
    Missing(String),
    /// It could not be evaluated, or is too large: why.
    Unknown(String),
    /// It is there, and nobody asked what it is.
    Unread,
}

/// A derivation by its names.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Package {
    /// Its name with the version, such as `curl-8.17.0`.
    pub name: String,
    /// Its name without the version; empty if it has none.
    pub pname: String,
    /// Its version; empty if it has none.
    pub version: String,
}

impl Package {
    /// Returns one of the names, as an attribute of the package.
    fn at(&self, way: &[String]) -> Tree {
        let word = match way {
            [name] if name == "name" => &self.name,
            [name] if name == "pname" => &self.pname,
            [name] if name == "version" => &self.version,
            _ => return Tree::Missing("of a package only `name`, `pname` and `version` are known".into()),
        };
        match word.is_empty() {
            true => Tree::Missing("the package does not say it".into()),
            false => Tree::Text(word.clone()),
        }
    }
}

impl Tree {
    /// Returns what messages call this kind of value, such as `a list`.
    pub fn kind(&self) -> &'static str {
        match self {
            Tree::Null => "null",
            Tree::Bool(_) => "true or false",
            Tree::Int(_) | Tree::Float(_) => "a number",
            Tree::Text(_) => "a text",
            Tree::Path(_) => "a path",
            Tree::List(_) => "a list",
            Tree::Attrs(_) => "an attribute set",
            Tree::Package(_) => "a package",
            Tree::Function => "a function",
            Tree::Missing(_) => "nothing",
            Tree::Unknown(_) | Tree::Unread => "unknown",
        }
    }

    /// Whether two values are the same for a policy: a text equals a path that is written alike and a
    /// package that has this name, and a whole number equals the same number with a point.
    pub fn same(&self, other: &Tree) -> bool {
        match (self, other) {
            (Tree::Int(int), Tree::Float(float)) | (Tree::Float(float), Tree::Int(int)) => *int as f64 == *float,
            (Tree::Text(text) | Tree::Path(text), Tree::Text(other) | Tree::Path(other)) => text == other,
            (Tree::Text(text), Tree::Package(package)) | (Tree::Package(package), Tree::Text(text)) => {
                *text == package.name || (!text.is_empty() && *text == package.pname)
            }
            (Tree::List(one), Tree::List(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.same(b))
            }
            (Tree::Attrs(one), Tree::Attrs(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|((a, x), (b, y))| a == b && x.same(y))
            }
            _ => self == other,
        }
    }

    /// Returns the first part of the value that could not be evaluated: why.
    pub fn unknown(&self) -> Option<&str> {
        match self {
            Tree::Unknown(why) => Some(why),
            Tree::List(elements) => elements.iter().find_map(Tree::unknown),
            Tree::Attrs(attributes) => attributes.values().find_map(Tree::unknown),
            _ => None,
        }
    }

    /// Returns the part at the end of a way along attributes; [`Tree::Missing`] if it ends early.
    pub fn at(&self, way: &[String]) -> Tree {
        let mut tree = self;
        for (i, name) in way.iter().enumerate() {
            match tree {
                Tree::Attrs(attributes) => match attributes.get(name) {
                    Some(inner) => tree = inner,
                    None => {
                        let near = yaml::nearest(name, attributes.keys().map(String::as_str));
                        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                        return Tree::Missing(format!("there is no attribute `{name}`{near}"));
                    }
                },
                Tree::Missing(_) | Tree::Unknown(_) | Tree::Unread => return tree.clone(),
                Tree::Package(package) => return package.at(&way[i..]),
                other => return Tree::Missing(format!("there is no attribute `{name}` in {}", other.kind())),
            }
        }
        tree.clone()
    }
}

/// Which parts of a value are needed. Without more, only the value itself: the length of a list and
/// the names of an attribute set, but none of their values.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Demand {
    /// The value with all that it has in it.
    pub whole: bool,
    /// Of each element of a list and each attribute of a set.
    pub each: Option<Box<Demand>>,
    /// Of each element of a list; of a set, only the names are needed.
    pub elements: Option<Box<Demand>>,
    /// Of these attributes.
    pub names: BTreeMap<String, Demand>,
}

impl Demand {
    /// The demand for a value with all that it has in it.
    pub fn whole() -> Demand {
        Demand {
            whole: true,
            ..Demand::default()
        }
    }

    /// The demand for something of each element.
    pub fn each(inner: Demand) -> Demand {
        Demand {
            each: Some(Box::new(inner)),
            ..Demand::default()
        }
    }

    /// The demand for something of each element of a list, and for the names of a set.
    pub fn elements(inner: Demand) -> Demand {
        Demand {
            elements: Some(Box::new(inner)),
            ..Demand::default()
        }
    }

    /// The demand for something at the end of a way along attributes.
    pub fn below(way: &[String], inner: Demand) -> Demand {
        way.iter().rev().fold(inner, |inner, name| Demand {
            names: BTreeMap::from([(name.clone(), inner)]),
            ..Demand::default()
        })
    }

    /// Returns what is needed of an element of a list; none if it is not looked at.
    pub fn of_element(&self) -> Option<Demand> {
        match (self.whole, &self.each, &self.elements) {
            (true, ..) => Some(Demand::whole()),
            (false, None, None) => None,
            (false, each, elements) => {
                let mut demand = each.as_deref().cloned().unwrap_or_default();
                demand.and(elements.as_deref().cloned().unwrap_or_default());
                Some(demand)
            }
        }
    }

    /// Returns what is needed of an attribute; none if it is not looked at.
    pub fn of_name(&self, name: &str) -> Option<Demand> {
        match (self.whole, &self.each, self.names.get(name)) {
            (true, ..) => Some(Demand::whole()),
            (false, None, None) => None,
            (false, each, named) => {
                let mut demand = each.as_deref().cloned().unwrap_or_default();
                demand.and(named.cloned().unwrap_or_default());
                Some(demand)
            }
        }
    }

    /// Adds another demand to this one.
    pub fn and(&mut self, other: Demand) {
        self.whole |= other.whole;
        for (mine, more) in [(&mut self.each, other.each), (&mut self.elements, other.elements)] {
            match (mine, more) {
                (Some(mine), Some(more)) => mine.and(*more),
                (mine @ None, more) => *mine = more,
                (Some(_), None) => {}
            }
        }
        for (name, inner) in other.names {
            self.names.entry(name).or_default().and(inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Tree {
        Tree::Text(text.into())
    }

    #[test]
    fn texts_equal_what_is_written_alike() {
        let curl = Tree::Package(Package {
            name: "curl-8.17.0".into(),
            pname: "curl".into(),
            version: "8.17.0".into(),
        });
        let cases = [
            (text("/etc/x"), Tree::Path("/etc/x".into()), true),
            (text("curl"), curl.clone(), true),
            (text("curl-8.17.0"), curl.clone(), true),
            (text("8.17.0"), curl, false),
            (text(""), Tree::Package(Package::default()), true),
            (text("22"), Tree::Int(22), false),
            (Tree::Int(1), Tree::Float(1.0), true),
            (Tree::List(vec![Tree::Int(1)]), Tree::List(vec![Tree::Float(1.0)]), true),
            (Tree::List(vec![]), Tree::Null, false),
            (Tree::Null, Tree::Missing("x".into()), false),
        ];
        for (one, other, same) in cases {
            assert_eq!((one.same(&other), other.same(&one)), (same, same), "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_way_ends_early_with_a_near_name() {
        let tree = Tree::Attrs(BTreeMap::from([("enable".to_string(), Tree::Bool(true))]));
        let at = |way: &[&str]| tree.at(&way.iter().map(|name| name.to_string()).collect::<Vec<_>>());
        assert_eq!(at(&["enable"]), Tree::Bool(true));
        assert_eq!(
            at(&["enabel"]),
            Tree::Missing("there is no attribute `enabel`; did you mean `enable`?".into())
        );
        assert_eq!(
            at(&["enable", "x"]),
            Tree::Missing("there is no attribute `x` in true or false".into())
        );
    }

    #[test]
    fn demands_add_up() {
        let mut demand = Demand::below(&["a".into(), "b".into()], Demand::whole());
        demand.and(Demand::below(&["a".into()], Demand::each(Demand::default())));
        let a = &demand.names["a"];
        assert!(!demand.whole && a.each.is_some() && a.names["b"].whole);
    }
}
