//! Asking a configuration: what fails is passed over or told, what ends the run is an error.

use diag::{Origin, Pos};
use eval::error::Eval;
use eval::{Evaluator, Ref, Val};
use nixos::diagnose::Viewpoint;

use super::value::without_hashes;

/// Asks an evaluated configuration, from the viewpoint of whose it is.
pub(super) struct Asker<'a> {
    pub(super) view: Viewpoint<'a>,
}

/// The questions, as a function from a configuration to a set of answers.
const QUESTIONS: &str = include_str!("questions.nix");

impl Asker<'_> {
    /// Returns what some work gives, or `None` if it fails in a way that is the configuration's.
    pub(super) fn attempt<T>(
        &self,
        ev: &mut Evaluator,
        work: impl FnOnce(&mut Evaluator) -> Eval<T>,
    ) -> Eval<Option<T>> {
        Ok(self.tried(ev, work)?.ok())
    }

    /// Returns what some work gives, or the first line of why it fails.
    pub(super) fn tried<T>(
        &self,
        ev: &mut Evaluator,
        work: impl FnOnce(&mut Evaluator) -> Eval<T>,
    ) -> Eval<Result<T, String>> {
        match ev.contained(work) {
            Ok(value) => Ok(Ok(value)),
            Err(fail) if ev.error_kind().is_no_answer() => Err(fail),
            Err(_) => {
                let message = ev.take_error().message;
                let line = message.lines().find(|line| !line.trim().is_empty());
                Ok(Err(self.view.shorten(line.unwrap_or_default().trim()).into_owned()))
            }
        }
    }

    /// Returns what an attribute path leads to, or `None` if that is nothing or fails.
    pub(super) fn at(&self, ev: &mut Evaluator, value: Val, path: &[impl AsRef<str>]) -> Eval<Option<Val>> {
        let mut value = value;
        for name in path {
            let name = ev.symbols.intern(name.as_ref().as_bytes());
            let Some(attr) = ev.mem.attr(value, name) else {
                return Ok(None);
            };
            match self.attempt(ev, |ev| ev.force(attr.value, attr.pos))? {
                Some(next) => value = next,
                None => return Ok(None),
            }
        }
        Ok(Some(value))
    }

    /// Returns the cell that an attribute path leads to; what it holds is not evaluated.
    pub(super) fn cell_at(&self, ev: &mut Evaluator, value: Val, path: &[impl AsRef<str>]) -> Eval<Option<Ref>> {
        let Some((last, before)) = path.split_last() else {
            return Ok(None);
        };
        let Some(set) = self.at(ev, value, before)? else {
            return Ok(None);
        };
        let name = ev.symbols.intern(last.as_ref().as_bytes());
        Ok(ev.mem.attr(set, name).map(|attr| attr.value))
    }

    /// Returns the text at an attribute path.
    pub(super) fn text_at(&self, ev: &mut Evaluator, value: Val, path: &[&str]) -> Eval<Option<String>> {
        let found = self.at(ev, value, path)?;
        Ok(found
            .and_then(Val::as_string)
            .map(|text| String::from_utf8_lossy(text).into_owned()))
    }

    /// Whether a set has an attribute.
    pub(super) fn has(&self, ev: &mut Evaluator, value: Val, name: &str) -> bool {
        let name = ev.symbols.intern(name.as_bytes());
        ev.mem.attr(value, name).is_some()
    }

    /// Returns a text of the configuration without what is the same for whoever reads it: files of the
    /// flake and its inputs are named from there, paths of the store lose their hash.
    pub(super) fn shown(&self, text: &[u8]) -> String {
        let text = String::from_utf8_lossy(text);
        without_hashes(&self.view.shorten(&text)).into_owned()
    }

    /// Returns the questions, ready to be evaluated one by one.
    pub(super) fn questions(&self, ev: &mut Evaluator, configuration: Val) -> Eval<Val> {
        let function = ev.eval_text(Origin::String, QUESTIONS.as_bytes(), b"/")?;
        let configuration = ev.cell(configuration);
        ev.call(function, &[configuration], Pos::NONE)
    }
}
