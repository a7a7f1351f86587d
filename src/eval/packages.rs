//! The derivations that a value holds, as `nix-instantiate` finds them.

use crate::error::{ErrorKind, Eval};
use crate::evaluator::Evaluator;
use crate::heap::{Tag, Val};
use diag::Pos;
use rustc_hash::FxHashSet;

/// What was found so far.
struct Search {
    args: Val,
    lines: Vec<String>,
    /// Sets that were looked at, by what identifies their values.
    done: FxHashSet<(u64, u64)>,
}

impl Evaluator {
    /// Returns the derivations of a value, a line each: the path of the derivation, with `!output`
    /// if that is not `out`. Functions are called with `args`; a set is searched further down only
    /// where it says `recurseForDerivations`.
    pub fn derivations_of(&mut self, value: Val, args: Val) -> Eval<Vec<String>> {
        let mut search = Search {
            args,
            lines: Vec::new(),
            done: FxHashSet::default(),
        };
        self.search_derivations(&mut search, value)?;
        Ok(search.lines)
    }

    fn search_derivations(&mut self, search: &mut Search, value: Val) -> Eval<()> {
        let depth = self.depth;
        self.enter(Pos::NONE)?;
        let result = self.search_inside(search, value);
        self.depth = depth;
        result
    }

    fn search_inside(&mut self, search: &mut Search, value: Val) -> Eval<()> {
        let value = self.auto_call(search.args, value)?;
        if self.note_derivation(search, value)? {
            return Ok(());
        }
        match value.tag() {
            Tag::Attrs | Tag::Layered => {
                let combine = self.symbols.intern(b"_combineChannels");
                let combine = self.mem.attr(value, combine).is_some();
                for (name, attr) in self.sorted_entries(value) {
                    if !is_component(self.symbols.bytes(name)) {
                        continue;
                    }
                    let result = self.search_attribute(search, attr.value, combine);
                    if let Err(fail) = result {
                        let text = format!("while evaluating the attribute '{}'", self.symbols.text(name));
                        return Err(self.trace(fail, attr.pos, text));
                    }
                }
                Ok(())
            }
            Tag::List => {
                for &element in self.elements(value) {
                    let inner = self.force(element, Pos::NONE)?;
                    if !self.note_derivation(search, inner)? {
                        self.search_derivations(search, inner)?;
                    }
                }
                Ok(())
            }
            _ => Err(self.fail(
                ErrorKind::Type,
                "expression does not evaluate to a derivation (or a set or list of those)",
            )),
        }
    }

    fn search_attribute(&mut self, search: &mut Search, cell: crate::heap::Ref, combine: bool) -> Eval<()> {
        let value = self.force(cell, Pos::NONE)?;
        if combine {
            return self.search_derivations(search, value);
        }
        if self.note_derivation(search, value)? || !value.is_attrs() {
            return Ok(());
        }
        let Some(attr) = self.mem.attr(value, self.names.recurse_for_derivations) else {
            return Ok(());
        };
        let context = "while evaluating the attribute `recurseForDerivations`";
        if self.force_bool(attr.value, attr.pos, context)? {
            self.search_derivations(search, value)
        } else {
            Ok(())
        }
    }

    /// Notes a value if it is a derivation, and tells whether it is one.
    fn note_derivation(&mut self, search: &mut Search, value: Val) -> Eval<bool> {
        if !self.is_derivation(value)? {
            return Ok(false);
        }
        if !search.done.insert(self.set_identity(value)) {
            return Ok(true);
        }
        let Some(name) = self.mem.attr(value, self.names.name) else {
            return Err(self.fail(ErrorKind::Type, "derivation name missing"));
        };
        self.force_plain_string(
            name.value,
            Pos::NONE,
            "while evaluating the 'name' attribute of a derivation",
        )?;
        let Some(drv) = self.mem.attr(value, self.names.drv_path) else {
            return Err(self.fail(ErrorKind::Eval, "derivation does not contain a 'drvPath' attribute"));
        };
        let context = "while evaluating the 'drvPath' attribute of a derivation";
        let path = self.coerce_cell(drv.value, drv.pos, context, crate::coerce::Coercion::PLAIN)?;
        let path = String::from_utf8_lossy(path.as_string().unwrap_or_default()).into_owned();
        let output = match self.mem.attr(value, self.names.output_name) {
            Some(attr) => {
                let context = "while evaluating the output name of a derivation";
                String::from_utf8_lossy(self.force_plain_string(attr.value, Pos::NONE, context)?).into_owned()
            }
            None => String::new(),
        };
        if output.is_empty() {
            let message = format!("derivation '{path}' lacks an 'outputName' attribute");
            return Err(self.fail(ErrorKind::Eval, message));
        }
        search.lines.push(if output == "out" {
            path
        } else {
            format!("{path}!{output}")
        });
        Ok(true)
    }
}

/// Whether a name is looked at: it could stand in an attribute path.
fn is_component(name: &[u8]) -> bool {
    let Some((first, rest)) = name.split_first() else {
        return false;
    };
    (first.is_ascii_alphabetic() || *first == b'_')
        && rest.iter().all(|c| c.is_ascii_alphanumeric() || b"-_+".contains(c))
}
