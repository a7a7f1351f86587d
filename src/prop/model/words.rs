//! Refusals: the words that a message must have in it.

use super::Edition;
use std::rc::Rc;

/// Why there is no value.
#[derive(Clone, PartialEq, Debug)]
pub enum Fault {
    /// The module system says no, with all of these words in its message.
    Refused(Vec<String>),
    /// The model does not know.
    Unknown,
}

/// A value, or why there is none.
pub(super) type Outcome<T> = Result<T, Fault>;

impl Edition {
    /// Returns the path of an option as messages have it. Names that are none of Nix's are quoted, but for places
    /// such as `<function body>`; in 2020 only what must be escaped in a string is.
    pub(super) fn shown(self, loc: &[String]) -> String {
        let part = |name: &String| {
            let place = name == "*" || name.starts_with('<') && name.ends_with('>');
            let escaped = name.contains(['"', '\\', '\n', '\r', '\t']) || name.contains("${");
            if place && self == Edition::Current || self == Edition::Of2020 && !escaped {
                name.clone()
            } else {
                crate::expr::shown(name)
            }
        };
        loc.iter().map(part).collect::<Vec<_>>().join(".")
    }

    /// A definition, at one of these files, is not of a type.
    pub(super) fn not_of_type(self, loc: &[String], description: Option<String>, files: &[Rc<str>]) -> Fault {
        let option = self.shown(loc);
        let mut words = match (self, files.first()) {
            (Edition::Of2020, Some(file)) => vec![format!("The option value `{option}' in `{file}'")],
            _ => vec![format!("A definition for option `{option}'")],
        };
        words.push(match description {
            Some(text) => format!("is not of type `{text}'"),
            None => "is not of type".into(),
        });
        if self == Edition::Current {
            words.extend(files.iter().map(|file| format!("`{file}'")));
        }
        refused(words)
    }

    /// Nothing defines the option.
    pub(super) fn undefined(self, loc: &[String]) -> Fault {
        let rest = match self {
            Edition::Current => "was accessed but has no value defined",
            Edition::Of2020 => "is used but not defined",
        };
        refused(vec![format!("The option `{}' {rest}", self.shown(loc))])
    }

    /// Definitions that should be equal are not.
    pub(super) fn conflicting(self, loc: &[String], files: [&Rc<str>; 2]) -> Fault {
        let rest = match self {
            Edition::Current => "has conflicting definition values",
            Edition::Of2020 => "has conflicting definitions",
        };
        let mut words = vec![format!("The option `{}' {rest}", self.shown(loc))];
        words.extend(files.map(|file| format!("`{file}'")));
        refused(words)
    }

    /// There should be one definition, and there are several.
    pub(super) fn several(self, loc: &[String], message: &str, files: &[Rc<str>]) -> Fault {
        let option = self.shown(loc);
        let mut words = vec![format!("option `{option}' is defined multiple times")];
        if self == Edition::Current {
            words.push(message.to_owned());
        }
        words.extend(files.iter().map(|file| file.to_string()));
        refused(words)
    }

    /// Some definitions are null, others are not.
    pub(super) fn both_null_and_not(self, loc: &[String], files: &[Rc<str>]) -> Fault {
        let option = self.shown(loc);
        refused(vec![format!(
            "The option `{option}` is defined both null and not null, in {}",
            named(files)
        )])
    }

    /// An option that may be defined once only is defined more often.
    pub(super) fn read_only(self, loc: &[String]) -> Fault {
        let option = self.shown(loc);
        refused(vec![format!(
            "The option `{option}' is read-only, but it's set multiple times"
        )])
    }

    /// Two declarations do not fit together.
    pub(super) fn declared(self, loc: &[String], file: &str, before: &[Rc<str>]) -> Fault {
        let option = self.shown(loc);
        let before = named(before);
        refused(vec![format!(
            "The option `{option}' in `{file}' is already declared in {before}"
        )])
    }

    /// No option takes a definition.
    pub(super) fn undeclared(self, loc: &[String], file: &str) -> Fault {
        let option = self.shown(loc);
        refused(match self {
            Edition::Current => vec![format!("The option `{option}' does not exist"), format!("In `{file}'")],
            Edition::Of2020 => vec![format!("The option `{option}' defined in `{file}' does not exist")],
        })
    }

    /// One module declares an option where another declares options below it.
    pub(super) fn parent(self, loc: &[String], file: &str, description: Option<String>, below: &str) -> Fault {
        let option = self.shown(loc);
        refused(match self {
            Edition::Current => vec![
                format!("The option `{option}' in module `{file}' would be a parent of the following options"),
                format!(
                    "but its type `{}' does not support nested options",
                    description.unwrap_or_else(|| "<no description>".into())
                ),
                format!("in module `{below}'"),
            ],
            Edition::Of2020 => vec![format!(
                "The option `{option}' in `{file}' is a prefix of options in `{below}'"
            )],
        })
    }

    /// A module defines a value where there are options below.
    pub(super) fn no_set(self, loc: &[String], file: &str) -> Fault {
        match self {
            Edition::Current => refused(vec![
                format!("In module `{file}', you're trying to define a value"),
                format!("rather than an attribute set for the option\n`{}'!", loc.join(".")),
            ]),
            Edition::Of2020 => Fault::Unknown,
        }
    }

    /// Definitions have no value in common by what kind of value they are.
    pub(super) fn cannot_merge(self, loc: &[String], files: &[Rc<str>]) -> Fault {
        let mut words = vec![format!("Cannot merge definitions of `{}'", self.shown(loc))];
        words.extend(files.iter().map(|file| format!("`{file}'")));
        refused(words)
    }

    /// Definitions of anything are of several kinds.
    pub(super) fn several_kinds(self, loc: &[String], files: &[Rc<str>]) -> Fault {
        let option = self.shown(loc);
        let files = named(files);
        refused(vec![format!(
            "The option `{option}' has conflicting option types in {files}"
        )])
    }

    /// Definitions have different tags.
    pub(super) fn several_tags(self, loc: &[String], tags: [&str; 2], files: &[Rc<str>]) -> Fault {
        let (option, files) = (self.shown(loc), named(files));
        let [first, other] = tags;
        refused(vec![format!(
            "The option `{option}` is defined both as `{first}` and `{other}`, in {files}"
        )])
    }
}

/// Returns a refusal. A file that is not known is empty: what stands before and behind it must be in the message.
fn refused(words: Vec<String>) -> Fault {
    let parts = words.iter().flat_map(|word| word.split("`'"));
    Fault::Refused(parts.filter(|part| !part.is_empty()).map(str::to_owned).collect())
}

/// Returns files as messages list them.
fn named(files: &[Rc<str>]) -> String {
    let quoted: Vec<String> = files.iter().map(|file| format!("`{file}'")).collect();
    quoted.join(" and ")
}
