//! A configuration as rules see it: options that are there or not, and where they were defined.

use super::state_version_changed::Before;
use diag::{Pos, Span};
use eval::error::Eval;
use eval::{EvalError, Evaluator, Fail, Message, NotedBuild, NotedCall, Ref, Val};
use nixos::diagnose::Viewpoint;
use nixos::{Judged, OptionPath, Reading, System};
use std::borrow::Cow;

/// The system of a configuration that cannot tell it.
const UNKNOWN: &str = "unknown";

/// A configuration that rules are applied to.
pub struct Host<'h> {
    /// The evaluator that its values live in.
    pub ev: &'h mut Evaluator,
    /// The configuration.
    pub system: &'h System,
    /// From where it is looked at; it has all inputs.
    pub view: Viewpoint<'h>,
    /// What evaluating it gave.
    pub judged: &'h Judged,
    /// What evaluating it said.
    pub messages: &'h [Message],
    /// The calls of nixpkgs while it was evaluated.
    pub calls: &'h [NotedCall],
    /// The builds that evaluating it needed.
    pub builds: &'h [NotedBuild],
    /// What runs today, if that was asked for.
    pub before: Option<&'h Before>,
    /// Values that rules met and that must not be told; nothing at first.
    pub secrets: Vec<String>,
}

/// Why a rule came to no result.
pub(crate) enum Stop {
    /// A limit of this run; the evaluator holds the error.
    Limit(Fail),
    /// Something that it reads does not evaluate.
    Failed(Box<EvalError>),
    /// It has nothing to judge here, for this reason.
    Skipped(String),
    /// The configuration does not evaluate, so there is nothing to look at.
    Unknown,
}

impl From<Fail> for Stop {
    fn from(fail: Fail) -> Stop {
        Stop::Limit(fail)
    }
}

impl Host<'_> {
    /// Returns the system that it was evaluated for.
    pub fn platform(&self) -> &str {
        self.judged.system.as_deref().unwrap_or(UNKNOWN)
    }

    /// Whether it evaluates as a whole.
    pub fn evaluates(&self) -> bool {
        self.judged.drv.is_some()
    }

    /// Returns the value of an option or of something below one; `None` if there is none.
    pub(crate) fn value(&mut self, path: &[&str]) -> Result<Option<Val>, Stop> {
        match self.system.value(self.ev, path)? {
            Reading::Value(value) => Ok(Some(value)),
            Reading::Absent | Reading::Undefined => Ok(None),
            Reading::Failed(error) if is_undefined(&error, path) => Ok(None),
            Reading::Failed(error) => Err(Stop::Failed(Box::new(error))),
        }
    }

    /// Returns what a rule found that looks at the evaluation as a whole: nothing found is nothing judged
    /// if it did not come to its end.
    pub(super) fn if_whole<T>(&self, found: Vec<T>) -> Result<Vec<T>, Stop> {
        if found.is_empty() && !self.evaluates() {
            Err(Stop::Unknown)
        } else {
            Ok(found)
        }
    }

    /// Returns the value of an option without which there is nothing to judge.
    pub(crate) fn needed(&mut self, path: &[&str]) -> Result<Val, Stop> {
        let value = self.value(path)?.filter(|value| value.tag() != eval::Tag::Null);
        value.ok_or_else(|| Stop::Skipped(format!("the host has no option `{}`", shown(path))))
    }

    /// Whether an option is there and true.
    pub(crate) fn is_on(&mut self, path: &[&str]) -> Result<bool, Stop> {
        Ok(self.value(path)?.and_then(Val::as_bool) == Some(true))
    }

    /// Returns the text of an option that is a string.
    pub(crate) fn text(&mut self, path: &[&str]) -> Result<Option<String>, Stop> {
        Ok(self.value(path)?.and_then(text_of))
    }

    /// Returns where a finding about an option points, given the option as messages name it.
    pub(super) fn place_of(&mut self, option: &str) -> Result<Span, Stop> {
        match option.parse::<OptionPath>() {
            Ok(path) => self.placed(&path),
            Err(_) => Ok(self.system.place(self.ev)),
        }
    }

    /// Returns the names and values of an option that is a set, sorted by name; none if it is not there.
    pub(crate) fn entries(&mut self, path: &[&str]) -> Result<Vec<(String, Ref)>, Stop> {
        let value = self.value(path)?;
        Ok(value.map_or_else(Vec::new, |value| self.entries_of(value)))
    }

    /// Returns the names and values of a set, sorted by name; none if it is no set.
    pub(crate) fn entries_of(&mut self, set: Val) -> Vec<(String, Ref)> {
        let entries = self.ev.sorted_entries(set);
        entries
            .into_iter()
            .map(|(name, attr)| (self.ev.symbols.text(name).into_owned(), attr.value))
            .collect()
    }

    /// Returns the elements of an option that is a list; none if it is not there.
    pub(crate) fn elements(&mut self, path: &[&str]) -> Result<&'static [Ref], Stop> {
        let value = self.value(path)?;
        Ok(value.map_or(&[][..], |value| self.ev.elements(value)))
    }

    /// Returns the value of a cell.
    pub(crate) fn force(&mut self, cell: Ref) -> Result<Val, Stop> {
        self.attempt(|ev| ev.force(cell, Pos::NONE))
    }

    /// Returns what a path leads to inside a value; `None` if it leads nowhere.
    pub(crate) fn below(&mut self, value: Val, path: &[&str]) -> Result<Option<Val>, Stop> {
        let mut value = value;
        for name in path {
            let symbol = self.ev.symbols.intern(name.as_bytes());
            let Some(attr) = self.ev.mem.attr(value, symbol) else {
                return Ok(None);
            };
            value = self.attempt(|ev| ev.force(attr.value, attr.pos))?;
        }
        Ok(Some(value))
    }

    /// As [`Host::below`] from the value of a cell; nothing also where it does not evaluate, which in a
    /// configuration that evaluates is something that nothing uses.
    pub(crate) fn used(&mut self, cell: Ref, path: &[&str]) -> Result<Option<Val>, Stop> {
        let found = self.force(cell).and_then(|value| self.below(value, path));
        match found {
            Err(Stop::Failed(_)) if self.evaluates() => Ok(None),
            other => other,
        }
    }

    /// Returns where a finding about an option points.
    pub(crate) fn place(&mut self, path: &[&str]) -> Result<Span, Stop> {
        self.placed(path)
    }

    /// Returns the place of an option; the host's own where its definitions cannot be looked at, as in a host that
    /// does not evaluate: what was found counts there, too.
    fn placed(&mut self, path: &[impl AsRef<str>]) -> Result<Span, Stop> {
        let (system, view) = (self.system, &self.view);
        match self.ev.contained(|ev| system.place_of(ev, path, view)) {
            Ok(span) => Ok(span),
            Err(fail) if self.ev.error_kind().is_no_answer() => Err(Stop::Limit(fail)),
            Err(_) => {
                self.ev.take_error();
                Ok(self.system.place(self.ev))
            }
        }
    }

    /// Does some work of evaluation; only limits of this run end more than the rule.
    pub(crate) fn attempt<T>(&mut self, work: impl FnOnce(&mut Evaluator) -> Eval<T>) -> Result<T, Stop> {
        match self.ev.contained(work) {
            Ok(value) => Ok(value),
            Err(fail) if self.ev.error_kind().is_no_answer() => Err(Stop::Limit(fail)),
            Err(_) => Err(Stop::Failed(Box::new(self.ev.take_error()))),
        }
    }
}

/// Whether an error says that an option on a path has no value.
fn is_undefined(error: &EvalError, path: &[&str]) -> bool {
    let Some((_, rest)) = error.message.split_once("option `") else {
        return false;
    };
    let Some((option, rest)) = rest.split_once('\'') else {
        return false;
    };
    let undefined = rest.contains("no value defined") || rest.contains("used but not defined");
    undefined && (1..=path.len()).any(|length| shown(&path[..length]) == option)
}

/// Returns the text of a string.
pub(super) fn text_of(value: Val) -> Option<String> {
    value.as_string().map(|text| lossy(text).into_owned())
}

/// Returns bytes as text.
pub(super) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Returns the path of an option as Nix writes it.
pub(crate) fn shown(path: &[&str]) -> String {
    OptionPath::of(path).map_or_else(String::new, |path| path.to_string())
}
