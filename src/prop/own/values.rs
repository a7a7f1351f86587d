//! Values to try on an option: drawn from the shape of its type and from what configurations already give it, each
//! asked of the type itself.

use super::known::{Known, Values};
use super::{laws, sample};
use crate::random::{Draw, numbers, values};
use crate::{Def, Expr, Ground, Plain, Seen};
use diag::{Pos, Span};
use eval::error::Eval;
use eval::{Evaluator, Limits};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Values that are drawn from the shape of a type.
const DRAWN: usize = 40;
/// Values that are drawn to be refused.
const WRONG: usize = 10;
/// Small changes that are made of samples.
const CHANGES: usize = 30;
/// Values of one option that may run away before no more of them are tried: the next ones would, too.
const MOST_RUNAWAYS: usize = 5;
/// What trying one value may use. What takes more is too large to be tried some hundred times.
const LIMITS: Limits = Limits {
    memory: Some(128 << 20),
    millis: None,
    calls: Some(200_000),
};

/// The values that were tried so far, by option and declaration: hosts share them.
pub struct Pools {
    seed: u64,
    known: FxHashMap<(String, Span, String), Arc<Values>>,
}

impl Pools {
    /// Returns pools without values; the seed is that of the run.
    pub fn new(seed: u64) -> Pools {
        Pools {
            seed,
            known: FxHashMap::default(),
        }
    }

    /// Returns values for an option. `declaration` is its key, where it is declared and what its type is in words;
    /// `samples` are the values that it has.
    pub(super) fn values(
        &mut self,
        ev: &mut Evaluator,
        ground: &mut Ground,
        known: &Known,
        declaration: (&str, Span, &str),
        samples: Vec<Def>,
    ) -> Eval<Arc<Values>> {
        let (key, span, words) = declaration;
        let entry = (key.to_owned(), span, words.to_owned());
        let before = self.known.get(&entry).cloned();
        let is_new = |sample: &Def| before.as_ref().is_none_or(|values| !values.has(sample));
        let samples: Vec<Def> = samples.into_iter().filter(is_new).collect();
        if let Some(before) = &before
            && samples.is_empty()
        {
            return Ok(before.clone());
        }
        let mut rng = numbers(self.seed, &["values", key], 0);
        let mut draw = Draw::new(&mut rng);
        let mut candidates = samples.clone();
        for _ in 0..if samples.is_empty() { 0 } else { CHANGES } {
            let from = draw.pick(&candidates).clone();
            candidates.push(sample::changed(&mut draw, &from));
        }
        if before.is_none() {
            for _ in 0..DRAWN {
                candidates.extend(values::value(&mut draw, &known.shape.ty));
            }
            for _ in 0..WRONG {
                candidates.extend(values::wrong(&mut draw, &known.shape.ty));
            }
            candidates.extend(sample::usual());
        }
        let mut values = before.as_deref().cloned().unwrap_or_default();
        let mut so_far = SoFar::default();
        for candidate in candidates {
            if !values.has(&candidate) && so_far.runaways < MOST_RUNAWAYS {
                try_out(ev, ground, known, candidate, &mut values, &mut so_far)?;
            }
        }
        self.known.insert(entry, Arc::new(values.without_words()));
        Ok(Arc::new(values))
    }
}

impl Values {
    /// Returns the values that mean the same on every host.
    pub(super) fn without_words(&self) -> Values {
        let plain = |values: &[Def]| {
            values
                .iter()
                .filter(|value| !sample::has_words(value))
                .cloned()
                .collect()
        };
        Values {
            good: plain(&self.good),
            doubtful: plain(&self.doubtful),
            bad: plain(&self.bad),
        }
    }

    /// Whether a value was tried.
    fn has(&self, value: &Def) -> bool {
        self.good.contains(value) || self.doubtful.contains(value) || self.bad.contains(value)
    }
}

/// What trying the values of an option has come to so far.
#[derive(Default)]
struct SoFar {
    /// Whether what all values need is evaluated.
    warm: bool,
    /// Values that took too much.
    runaways: usize,
}

/// Asks the type of an option what it says of a value.
fn try_out(
    ev: &mut Evaluator,
    ground: &mut Ground,
    known: &Known,
    value: Def,
    values: &mut Values,
    so_far: &mut SoFar,
) -> Eval<()> {
    let check = Expr::call("option.type.check", [value.expr()]);
    let merged = laws::alone(known, &value);
    if ground.prepare(ev, &check).is_err() || ground.prepare(ev, &merged).is_err() {
        // A sample whose words do not evaluate is no value.
        return passed(ev);
    }
    let answer = ev.trial_with(LIMITS, |ev| {
        let cell = ground.build(ev, &check);
        let yes = match ev.force(cell, Pos::NONE) {
            Ok(yes) => yes.as_bool(),
            Err(_) => return passed(ev).map(|()| None),
        };
        match yes {
            Some(true) => Ok(Some(Some(ground.look(ev, &merged)?))),
            _ => Ok(Some(None)),
        }
    });
    // What the type and the library need for all values is evaluated once, to stay: of a value that did not run away.
    if !so_far.warm && matches!(answer, Ok(Some(Some(_)))) {
        so_far.warm = true;
        if ev.contained(|ev| ground.look(ev, &merged)).is_err() {
            passed(ev)?;
        }
    }
    match answer {
        Ok(Some(Some(seen))) if is_whole(&seen) => values.good.push(value),
        Ok(Some(Some(_))) => values.doubtful.push(value),
        Ok(_) => values.bad.push(value),
        Err(_) => {
            // It ran away, or the run is to end.
            ev.check_limits()?;
            so_far.runaways += 1;
        }
    }
    Ok(())
}

/// Whether there is a value, in which nothing crashes; an option inside that nothing defines is no crash.
fn is_whole(seen: &Seen) -> bool {
    match seen {
        Seen::Whole(answer) => answer.is_ok(),
        Seen::Parts(parts) => parts.values().all(|answer| match answer {
            Ok(value) => *value != Plain::Cut,
            Err(refusal) => refusal.is_said(),
        }),
    }
}

/// Takes the error under way, unless it ends the run.
fn passed(ev: &mut Evaluator) -> Eval<()> {
    if ev.error_kind() == eval::ErrorKind::Limit {
        return Err(eval::Fail);
    }
    ev.take_error();
    Ok(())
}
