//! Regular expressions as `builtins.match` and `builtins.split` have them.
//!
//! Nix hands patterns to `std::regex` of libstdc++, as POSIX extended ones. Where that library and POSIX disagree, the
//! library is right here. Patterns and subjects are bytes; no locale, no Unicode. Unlike the library this one neither
//! takes exponential time nor runs out of stack: work is bounded by pattern times subject.

mod bytes;
mod machine;
mod nfa;
mod parse;
mod program;
mod scan;

use std::ops::Range;

use machine::{Found, Machine, Mode, Slot};
use parse::Refused;
use program::{Program, Starts};

/// Why a pattern cannot be used, in Nix's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegexError {
    /// The pattern is not a POSIX extended regular expression.
    #[error("invalid regular expression '{0}'")]
    Invalid(String),
    /// The pattern needs more than 100,000 states, or a search with it needs too much memory.
    #[error("memory limit exceeded by regular expression '{0}'")]
    MemoryLimit(String),
}

/// What each group captured: a byte range of the subject, or nothing when the group took no part.
pub type Groups = Vec<Option<Range<usize>>>;

/// A place in a subject that a pattern matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The bytes of the subject that match.
    pub span: Range<usize>,
    /// What the groups captured, in the order of their opening parentheses.
    pub groups: Groups,
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Regex {
    pattern: Box<[u8]>,
    program: Program,
}

impl Regex {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// [`RegexError::Invalid`] for a pattern that libstdc++ refuses, [`RegexError::MemoryLimit`] for one that is too
    /// large for it.
    pub fn new(pattern: &[u8]) -> Result<Regex, RegexError> {
        let parsed = parse::parse(pattern).map_err(|refused| match refused {
            Refused::Invalid => RegexError::Invalid(shown(pattern)),
            Refused::TooLarge => RegexError::MemoryLimit(shown(pattern)),
        })?;
        Ok(Regex {
            pattern: pattern.into(),
            program: program::program(&parsed),
        })
    }

    /// How many steps the pattern is made of.
    pub fn size(&self) -> usize {
        self.program.steps.len()
    }

    /// How many groups the pattern has.
    pub fn group_count(&self) -> usize {
        self.program.groups
    }

    /// What the groups captured if the pattern matches the whole subject, as `builtins.match` asks.
    ///
    /// # Errors
    /// [`RegexError::MemoryLimit`] if the search needs too much memory: a subject of many megabytes, or a pattern with
    /// many nested loops that can match nothing.
    pub fn full_match(&self, subject: &[u8]) -> Result<Option<Groups>, RegexError> {
        let found = Machine::new(&self.program, subject)
            .and_then(|mut machine| machine.run(0, Mode::Exact))
            .map_err(|_| self.too_much())?;
        Ok(found.map(|found| groups(&found.slots)))
    }

    /// The matches in a subject from left to right, as `builtins.split` goes through them.
    ///
    /// Matches do not overlap. An empty match may follow another match at its end; after an empty match a longer one
    /// is looked for in the same place.
    pub fn matches<'a>(&'a self, subject: &'a [u8]) -> Matches<'a> {
        Matches {
            regex: self,
            subject,
            machine: None,
            next: Some(0),
            after_empty: false,
        }
    }

    fn too_much(&self) -> RegexError {
        RegexError::MemoryLimit(shown(&self.pattern))
    }
}

/// The matches of a pattern in a subject; made by [`Regex::matches`].
///
/// After an error the iterator is at its end.
pub struct Matches<'a> {
    regex: &'a Regex,
    subject: &'a [u8],
    machine: Option<Machine<'a>>,
    /// Where to go on, unless everything has been searched.
    next: Option<usize>,
    /// Whether the last match was empty.
    after_empty: bool,
}

impl Matches<'_> {
    fn search(&mut self) -> Result<Option<Match>, machine::TooMuch> {
        let Some(mut from) = self.next.take() else {
            return Ok(None);
        };
        let machine = match &mut self.machine {
            Some(machine) => machine,
            empty => empty.insert(Machine::new(&self.regex.program, self.subject)?),
        };
        if self.after_empty {
            if from == self.subject.len() {
                return Ok(None);
            }
            if let Some(found) = machine.run(from, Mode::NotEmpty)? {
                return Ok(Some(self.accept(from, &found)));
            }
            from += 1;
        }
        while let Some(start) = next_start(&self.regex.program.starts, self.subject, from) {
            if let Some(found) = machine.run(start, Mode::Prefix)? {
                return Ok(Some(self.accept(start, &found)));
            }
            from = start + 1;
        }
        Ok(None)
    }

    fn accept(&mut self, start: usize, found: &Found) -> Match {
        self.next = Some(found.end);
        self.after_empty = found.end == start;
        Match {
            span: start..found.end,
            groups: groups(&found.slots),
        }
    }
}

impl Iterator for Matches<'_> {
    type Item = Result<Match, RegexError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.search().map_err(|_| self.regex.too_much()).transpose()
    }
}

/// The first place at or after `from` where a match can start; the end of the subject is a place too.
fn next_start(starts: &Starts, subject: &[u8], from: usize) -> Option<usize> {
    let rest = subject.get(from..)?;
    match starts {
        Starts::Anywhere => Some(from),
        Starts::Anchored => (from == 0).then_some(0),
        Starts::Byte(byte) => memchr::memchr(*byte, rest).map(|offset| from + offset),
        Starts::Set(set) => rest
            .iter()
            .position(|&byte| set.contains(byte))
            .map(|offset| from + offset),
    }
}

fn groups(slots: &[Slot]) -> Groups {
    slots.iter().map(|slot| slot.range()).collect()
}

fn shown(pattern: &[u8]) -> String {
    String::from_utf8_lossy(pattern).into_owned()
}

#[cfg(test)]
mod tests;
