//! What of a configuration is the user's own: definitions that stand in the user's own files.
//!
//! `options` keeps with each option the definitions that made its value, and the file of each. Reading
//! them costs next to nothing, as the value was made of them; where exactly a definition is written is
//! asked only when there is something to say about it ([`Host::place`]).

use super::reading::{Host, Stop, shown, text_of};
use diag::{Diagnostic, Origin, Pos};
use eval::{Ref, Val};
use std::collections::BTreeMap;

/// How the module system calls the file of a module that has none: one that is written inside another
/// file, mostly `flake.nix`.
const UNKNOWN_FILE: &str = "<unknown-file>";

/// The priority of an option's own default.
const OPTION_DEFAULT: i64 = 1500;

/// A definition that is part of an option's value.
pub(super) struct Part {
    /// Whether it is in a file of the user.
    pub own: bool,
    /// The file, as the module system calls it.
    file: String,
    /// Its value.
    pub value: Ref,
}

/// Who defines an attribute of an option that is a set.
#[derive(Clone, Copy, Default)]
pub(super) struct Authors {
    /// The user.
    pub own: bool,
    /// An input, such as nixpkgs.
    pub others: bool,
}

impl Host<'_> {
    /// Whether something defines an option besides its own default; `None` if there is no such option.
    pub(super) fn is_set(&mut self, path: &[&str]) -> Result<Option<bool>, Stop> {
        let priority = self.of_option(path, "highestPrio")?.and_then(Val::as_int);
        Ok(priority.map(|priority| priority < OPTION_DEFAULT))
    }

    /// Whether the user's own files define an option, or an attribute below one.
    pub(super) fn is_own(&mut self, path: &[&str]) -> Result<bool, Stop> {
        for length in 1..=path.len() {
            let parts = self.parts(&path[..length])?;
            if parts.is_empty() {
                continue;
            }
            for part in parts {
                if self.holds(&part, &path[length..])? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        Ok(false)
    }

    /// Returns a diagnostic on an option with a note on who defines it, where that is an input.
    pub(super) fn with_definer(&mut self, diagnostic: Diagnostic, path: &[&str]) -> Result<Diagnostic, Stop> {
        for length in 1..=path.len() {
            let parts = self.parts(&path[..length])?;
            if parts.is_empty() {
                continue;
            }
            let mut file = None;
            for part in parts {
                if self.holds(&part, &path[length..])? {
                    return Ok(diagnostic);
                }
                file = file.or(Some(part.file));
            }
            let Some(file) = file else { break };
            let file = self.view.shorten(&file).into_owned();
            return Ok(diagnostic.note(format!("`{}` is defined in {file}", shown(path))));
        }
        Ok(diagnostic)
    }

    /// Whether a part of an option's value is the user's, and has what a path leads to.
    fn holds(&mut self, part: &Part, rest: &[&str]) -> Result<bool, Stop> {
        let mut own = part.own;
        let mut cell = part.value;
        for name in rest {
            let Some(value) = self.used(cell, &[])? else {
                return Ok(false);
            };
            let symbol = self.ev.symbols.intern(name.as_bytes());
            match self.ev.mem.attr(value, symbol) {
                Some(attr) => {
                    own |= self.owns(attr.pos);
                    cell = attr.value;
                }
                // Something around it, such as `mkIf` inside a value, is not looked through.
                None if value.is_attrs() && self.is_wrapped(value) => return Ok(own),
                None => return Ok(false),
            }
        }
        Ok(own)
    }

    fn is_wrapped(&mut self, value: Val) -> bool {
        let kind = self.ev.symbols.intern(b"_type");
        self.ev.mem.attr(value, kind).is_some()
    }

    /// Returns who defines each attribute of an option that is a set.
    pub(super) fn authors(&mut self, path: &[&str]) -> Result<BTreeMap<String, Authors>, Stop> {
        let mut authors: BTreeMap<String, Authors> = BTreeMap::new();
        for part in self.parts(path)? {
            let Some(value) = self.used(part.value, &[])? else {
                continue;
            };
            for (name, attr) in self.ev.sorted_entries(value) {
                let own = part.own || self.owns(attr.pos);
                let name = self.ev.symbols.text(name).into_owned();
                let author = authors.entry(name).or_default();
                author.own |= own;
                author.others |= !own;
            }
        }
        Ok(authors)
    }

    /// Returns where the user's own files define an option, or an attribute below one, as far as the
    /// definitions tell by themselves.
    pub(crate) fn quick_place(&mut self, path: &[&str]) -> Result<Option<String>, Stop> {
        for length in 1..=path.len() {
            let parts = self.parts(&path[..length])?;
            if parts.is_empty() {
                continue;
            }
            let mut place = None;
            for part in parts {
                place = place.or(self.place_in(part.value, &path[length..])?);
            }
            return Ok(place);
        }
        Ok(None)
    }

    fn place_in(&mut self, cell: Ref, rest: &[&str]) -> Result<Option<String>, Stop> {
        let (mut cell, mut place) = (cell, None);
        for name in rest {
            let Some(value) = self.used(cell, &[])? else { break };
            let symbol = self.ev.symbols.intern(name.as_bytes());
            let Some(attr) = self.ev.mem.attr(value, symbol) else {
                return Ok(None);
            };
            if self.owns(attr.pos) {
                place = Some(self.ev.show_pos(attr.pos));
            }
            cell = attr.value;
        }
        Ok(place)
    }

    /// Returns the definitions that made the value of an option; none if it is no option.
    pub(super) fn parts(&mut self, path: &[&str]) -> Result<Vec<Part>, Stop> {
        let Some(list) = self.of_option(path, "definitionsWithLocations")? else {
            return Ok(Vec::new());
        };
        let mut parts = Vec::new();
        for &cell in self.ev.elements(list) {
            let entry = self.force(cell)?;
            let file = self.below(entry, &["file"])?;
            let file = file.and_then(|file| {
                text_of(file).or_else(|| file.as_path().map(|p| super::reading::lossy(p).into_owned()))
            });
            let value = self.ev.symbols.intern(b"value");
            if let Some(value) = self.ev.mem.attr(entry, value) {
                let file = file.unwrap_or_else(|| UNKNOWN_FILE.into());
                parts.push(Part {
                    own: self.owns_file(&file),
                    file,
                    value: value.value,
                });
            }
        }
        Ok(parts)
    }

    /// Returns an attribute of an option's declaration.
    fn of_option(&mut self, path: &[&str], attribute: &str) -> Result<Option<Val>, Stop> {
        let path = [&["options"], path].concat();
        let Some(option) = self.below(self.system.root(), &path)? else {
            return Ok(None);
        };
        if self.below(option, &["_type"])?.and_then(Val::as_string) != Some(b"option") {
            return Ok(None);
        }
        self.below(option, &[attribute])
    }

    /// Whether a position lies in a file of the user.
    pub(super) fn owns(&self, pos: Pos) -> bool {
        self.view.owns(&self.ev.sources, pos)
    }

    /// Whether a file, as the module system calls it, is one of the user.
    fn owns_file(&self, file: &str) -> bool {
        let path = file.split(", via option ").next().unwrap_or(file);
        path == UNKNOWN_FILE || self.view.is_own(&Origin::File(path.as_bytes().into()))
    }
}
