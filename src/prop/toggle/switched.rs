//! A host whose toggles can be flipped: extended once, evaluated in part, and then again and again in trials.
//!
//! The host is extended by a definition for each toggle, `mkIf flipped { TOGGLE = mkOverride … (!value); }`, in which
//! `flipped` is an *open cell* ([`Evaluator::open_cell`]): nobody knows it yet. What does not need any of these
//! is evaluated once, by rehearsing a case ([`Evaluator::rehearse`]), and shared by all cases. A case is a trial
//! that fills the cells. With none of them flipped this is the host itself, as `mkIf false` is nothing.
//!
//! A toggle that says something of how nixpkgs is made (`nixpkgs.config`, `nixpkgs.overlays`) is one that all packages
//! need, and with them nearly all of the host. If few are like that, they are *set apart*: their cells are closed as
//! not flipped, so that the others share the packages, and a case with one of them is evaluated anew.

use super::Toggle;
use diag::{Origin, Pos};
use eval::error::Eval;
use eval::{ErrorKind, EvalError, Evaluator, Limits, Ref, Stopped, Val};
use nixos::{Kind, System};
use std::collections::BTreeSet;

/// A host, in which each toggle can be flipped.
pub(crate) struct Switched {
    kind: Kind,
    /// The host as it is.
    root: Val,
    /// The extended host.
    host: Ref,
    /// For each toggle the definition that flips it.
    definitions: Vec<Ref>,
    /// For each toggle the cell that says whether it is flipped: an open one, or it is set apart.
    flipped: Vec<Ref>,
    /// The toggles that are set apart.
    apart: BTreeSet<usize>,
    limits: Limits,
}

/// What a case came to.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// The path of the derivation.
    Evaluates(String),
    /// It fails.
    Fails(EvalError),
    /// It could not be told.
    Stopped(String),
}

/// Most rehearsals.
const MOST_REHEARSALS: usize = 5;
/// Thunks that a rehearsal evaluated, below which another one costs more than it saves: on a NixOS 26.11 the
/// first evaluates 70,000, the third 5,500, which spare a third of a case; all after it 3,000, which spare 2%.
const FEW_THUNKS: usize = 6_000;
/// How many times the steps of the host itself a case may take.
const MOST_TIMES: u64 = 8;
/// What nixpkgs is made with.
const OF_PACKAGES: [[&str; 2]; 2] = [["nixpkgs", "config"], ["nixpkgs", "overlays"]];
/// One of so many toggles may be set apart: a case that is evaluated anew costs five times one that shares packages,
/// and one that shares all but packages three times as much, on public flakes.
const APART: usize = 3;
/// Steps that any case may take.
const LEAST_STEPS: u64 = 2_000_000;
/// Memory that a case may use, in bytes.
const MOST_MEMORY: u64 = 4 << 30;

/// How a host is extended: `modules` is a list of them.
const EXTENDED: &str = "host: modules: host.extendModules { inherit modules; }";

impl Switched {
    /// Returns a host in which these toggles can be flipped.
    pub fn new(ev: &mut Evaluator, system: &System, toggles: &[Toggle]) -> Eval<Switched> {
        let mut modules = Vec::new();
        let mut flipped = Vec::new();
        let mut definitions = Vec::new();
        for toggle in toggles {
            let condition = ev.open_cell();
            let content = definition(ev, toggle);
            let kind = ev.string_cell(b"if");
            // Around all of it: a set around a definition that does not count would still make a submodule.
            let config = set(ev, &[("_type", kind), ("condition", condition), ("content", content)]);
            modules.push(set(ev, &[("config", config)]));
            flipped.push(condition);
            definitions.push(content);
        }
        ev.mem.heap.pin();
        let host = extended(ev, system.root(), &modules)?;
        ev.mem.heap.pin();
        Ok(Switched {
            kind: system.kind(),
            root: system.root(),
            host,
            definitions,
            flipped,
            apart: BTreeSet::new(),
            limits: Limits::default(),
        })
    }

    /// Sets apart the toggles that packages need, if they are few; to be called before anything is evaluated.
    pub fn set_apart(&mut self, ev: &mut Evaluator, system: &System) -> Eval<()> {
        if !self.packages_need(ev, system, None)? {
            return Ok(());
        }
        let mut apart = BTreeSet::new();
        for one in 0..self.flipped.len() {
            if self.packages_need(ev, system, Some(one))? {
                apart.insert(one);
            }
        }
        if apart.len() * APART <= self.flipped.len() {
            apart
                .iter()
                .for_each(|&one| ev.fill(self.flipped[one], Val::bool(false)));
            self.apart = apart;
        }
        Ok(())
    }

    /// Whether packages need to know whether a toggle is flipped; without one, whether they need any.
    fn packages_need(&self, ev: &mut Evaluator, system: &System, toggle: Option<usize>) -> Eval<bool> {
        let read = |ev: &mut Evaluator| {
            let host = ev.force(self.host, Pos::NONE)?;
            let host = system.extended(ev, host);
            for path in OF_PACKAGES {
                host.value(ev, &path)?;
            }
            Ok(())
        };
        let failed = match toggle {
            None => ev.contained(read).err().map(|_| ev.take_error()),
            Some(open) => {
                let others = |ev: &mut Evaluator| {
                    let others = self.flipped.iter().enumerate().filter(|(number, _)| *number != open);
                    others.for_each(|(_, &cell)| ev.fill(cell, Val::bool(false)));
                    read(ev)
                };
                match ev.trial_with(Limits::default(), others) {
                    Err(Stopped::Failed(error)) => Some(error),
                    _ => None,
                }
            }
        };
        Ok(failed.is_some_and(|error| error.kind == ErrorKind::Open))
    }

    /// Evaluates the host as it is, shares what can be shared with all cases, and sets their limits by what
    /// it took.
    pub fn warm(&mut self, ev: &mut Evaluator) -> Outcome {
        let limits = Limits {
            memory: Some(MOST_MEMORY),
            ..Limits::default()
        };
        // As far as it goes without any of the cells; a rehearsal then finds most of what there is to share.
        if ev.contained(|ev| self.made(ev, self.host)).is_err() && ev.error_kind() == ErrorKind::Limit {
            return Outcome::of(Err(Stopped::Failed(ev.take_error())));
        }
        let mut last = Outcome::Stopped("it was not evaluated".into());
        for _ in 0..MOST_REHEARSALS {
            let before = ev.stats.calls;
            let mut calls = 0;
            let work = |ev: &mut Evaluator| {
                self.fill(ev, &[]);
                let made = self.made(ev, self.host);
                calls = ev.stats.calls - before;
                made
            };
            match ev.rehearse(limits, work) {
                Ok((drv, evaluated)) => {
                    last = Outcome::Evaluates(drv);
                    if self.limits.calls.is_none() {
                        self.limits = Limits {
                            calls: Some((calls * MOST_TIMES).max(LEAST_STEPS)),
                            ..limits
                        };
                    }
                    if evaluated < FEW_THUNKS {
                        break;
                    }
                }
                Err(stopped) => return Outcome::of(Err(stopped)),
            }
        }
        last
    }

    /// Evaluates a case: the toggles with these numbers flipped.
    pub fn case(&self, ev: &mut Evaluator, flips: &[usize]) -> Outcome {
        Outcome::of(ev.trial_with(self.limits, |ev| {
            let host = self.with(ev, flips)?;
            self.made(ev, host)
        }))
    }

    /// Evaluates a case anew, by a host that is extended by these flips only, as a counterexample says it.
    pub fn afresh(&self, ev: &mut Evaluator, flips: &[usize]) -> Outcome {
        Outcome::of(ev.trial_with(self.limits, |ev| {
            let host = self.anew(ev, flips)?;
            self.made(ev, host)
        }))
    }

    /// Returns what looking at the host of a case gives, without evaluating its derivation; `None` if it fails.
    pub fn look<T: Send>(
        &self,
        ev: &mut Evaluator,
        flips: &[usize],
        look: impl FnOnce(&mut Evaluator, Ref) -> Eval<T>,
    ) -> Option<T> {
        let looked = ev.trial_with(self.limits, |ev| {
            let host = self.with(ev, flips)?;
            look(ev, host)
        });
        looked.ok()
    }

    /// Returns the toggles that are set apart.
    #[cfg(test)]
    pub fn apart(&self) -> &BTreeSet<usize> {
        &self.apart
    }

    /// Returns the host that cases share; its toggles are open outside of them.
    pub fn shared(&self) -> Ref {
        self.host
    }

    /// Returns the host with these toggles flipped; to be called in a trial.
    fn with(&self, ev: &mut Evaluator, flips: &[usize]) -> Eval<Ref> {
        if flips.iter().any(|one| self.apart.contains(one)) {
            return self.anew(ev, flips);
        }
        self.fill(ev, flips);
        Ok(self.host)
    }

    /// Returns the host extended by these flips only.
    fn anew(&self, ev: &mut Evaluator, flips: &[usize]) -> Eval<Ref> {
        let mut modules = Vec::new();
        for &flip in flips {
            modules.push(set(ev, &[("config", self.definitions[flip])]));
        }
        extended(ev, self.root, &modules)
    }

    /// Gives the open cells their values; to be called in a trial.
    fn fill(&self, ev: &mut Evaluator, flips: &[usize]) {
        for (number, &cell) in self.flipped.iter().enumerate() {
            if !self.apart.contains(&number) {
                ev.fill(cell, Val::bool(flips.contains(&number)));
            }
        }
    }

    fn made(&self, ev: &mut Evaluator, host: Ref) -> Eval<String> {
        let host = ev.force(host, Pos::NONE)?;
        nixos::made_of(ev, self.kind, host)
    }
}

impl Outcome {
    fn of(result: Result<String, Stopped>) -> Outcome {
        match result {
            Ok(drv) => Outcome::Evaluates(drv),
            Err(Stopped::Failed(error)) if is_of_this_run(error.kind, &error.message) => {
                Outcome::Stopped(error.message)
            }
            Err(Stopped::Failed(error)) => Outcome::Fails(error),
            Err(Stopped::Panicked(why)) => Outcome::Stopped(format!("cfgcheck broke: {why}")),
        }
    }
}

/// How the messages begin or end of what could not be had from the network.
const OUT_OF_REACH: [&str; 3] = [
    "cannot be fetched with --offline",
    "unable to download '",
    "unable to resolve '",
];

/// Whether an error tells of this run, its limits and what it may reach, and not of the host.
fn is_of_this_run(kind: ErrorKind, message: &str) -> bool {
    match kind {
        ErrorKind::Limit | ErrorKind::ImportFromDerivation => true,
        ErrorKind::Io => OUT_OF_REACH
            .iter()
            .any(|words| message.starts_with(words) || message.ends_with(words)),
        _ => false,
    }
}

/// Returns the definition that flips a toggle: a set with its path.
fn definition(ev: &mut Evaluator, toggle: &Toggle) -> Ref {
    let kind = ev.string_cell(b"override");
    let priority = ev.cell(Val::int(toggle.priority()));
    let content = ev.mem.bool_cell(!toggle.on);
    let value = set(ev, &[("_type", kind), ("priority", priority), ("content", content)]);
    toggle
        .path
        .iter()
        .rev()
        .fold(value, |cell, name| set(ev, &[(name, cell)]))
}

/// Returns a host with these modules more, evaluated when it is needed: a home checks its assertions first of all, and
/// they need the cells.
fn extended(ev: &mut Evaluator, host: Val, modules: &[Ref]) -> Eval<Ref> {
    let function = ev.eval_text(Origin::String, EXTENDED.as_bytes(), b"/")?;
    let function = ev.cell(function);
    let modules = ev.mem.list(modules);
    let (host, modules) = (ev.cell(host), ev.cell(modules));
    Ok(ev.cell(Val::apply_two(function, host, modules)))
}

/// Returns the cell of a set.
fn set(ev: &mut Evaluator, entries: &[(&str, Ref)]) -> Ref {
    let entry = |&(name, cell): &(&str, Ref)| (ev.symbols.intern(name.as_bytes()), Pos::NONE, cell);
    let entries = entries.iter().map(entry).collect();
    let set = ev.mem.attrs_from(entries);
    ev.cell(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_fetched_is_no_fault_of_the_host() {
        for message in [
            "'https://example.org/x' is not in the cache and cannot be fetched with --offline",
            "unable to download 'https://example.org/x': HTTP error 503",
            "unable to resolve 'example.org': no such host",
        ] {
            assert!(is_of_this_run(ErrorKind::Io, message), "{message}");
            assert!(!is_of_this_run(ErrorKind::Thrown, message), "{message}");
        }
        assert!(!is_of_this_run(ErrorKind::Io, "path '/x/y' does not exist"));
    }
}
