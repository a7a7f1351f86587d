//! Asking caches for many paths, with all that these refer to.

use super::{Offer, Substituters, lock};
use crate::realised::{Realised, RealisedError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::StorePath;

/// How many questions are asked at once.
const AT_ONCE: usize = 16;
/// Most paths of one closure.
const MOST: usize = 200_000;

/// What is to be fetched for some paths.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Haul {
    /// The paths that can be had, of those that were asked for.
    pub roots: BTreeSet<StorePath>,
    /// All that has to be fetched for them.
    pub offers: BTreeMap<StorePath, Arc<Offer>>,
}

impl Haul {
    /// Takes in another one.
    pub fn add(&mut self, other: Haul) {
        self.roots.extend(other.roots);
        self.offers.extend(other.offers);
    }
}

impl Substituters {
    /// Returns which paths can be had with all that they refer to, as far as the store does not have it, and what has to be
    /// fetched for that.
    pub fn offers(
        &self,
        paths: &[StorePath],
        realised: &Realised,
        told: &mut dyn FnMut(&str),
    ) -> Result<Haul, RealisedError> {
        // What each path refers to; none if it cannot be had.
        let mut found: BTreeMap<StorePath, Option<Vec<StorePath>>> = BTreeMap::new();
        let mut offers: BTreeMap<StorePath, Arc<Offer>> = BTreeMap::new();
        let mut pending: BTreeSet<StorePath> = paths.iter().cloned().collect();
        while !pending.is_empty() && found.len() < MOST {
            let mut unknown = Vec::new();
            let mut next = BTreeSet::new();
            for path in pending {
                if realised.has(&path)? {
                    let references: Vec<_> = realised.info(&path)?.references.into_iter().collect();
                    next.extend(references.iter().cloned());
                    found.insert(path, Some(references));
                } else {
                    unknown.push(path);
                }
            }
            for (path, offer) in unknown.iter().zip(self.ask_all(&unknown)) {
                let references = offer.as_ref().map(|offer| {
                    let references: Vec<_> = offer.info.references.iter().cloned().collect();
                    next.extend(references.iter().cloned());
                    references
                });
                found.insert(path.clone(), references);
                if let Some(offer) = offer {
                    offers.insert(path.clone(), offer);
                }
            }
            self.tell(told);
            pending = next.into_iter().filter(|path| !found.contains_key(path)).collect();
        }
        let absent = absent(&found);
        let roots = paths.iter().filter(|path| !absent.contains(*path)).cloned().collect();
        Ok(Haul {
            offers: reached(&roots, &found, offers),
            roots,
        })
    }

    /// Asks for paths, several at once, and returns an answer for each; what was answered before is not asked again.
    fn ask_all(&self, paths: &[StorePath]) -> Vec<Option<Arc<Offer>>> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut answers = Vec::new();
            while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                if sys::interrupted() {
                    break;
                }
                let known = lock(&self.known).get(path).cloned();
                let answer = known.unwrap_or_else(|| {
                    let answer = self.ask(path, 0).map(Arc::new);
                    lock(&self.known).insert(path.clone(), answer.clone());
                    answer
                });
                answers.push((path, answer));
            }
            answers
        };
        // Before the threads, as each of them would wait for it.
        self.caches();
        let answers: BTreeMap<&StorePath, Option<Arc<Offer>>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (1..AT_ONCE.min(paths.len())).map(|_| scope.spawn(work)).collect();
            let mut answers: BTreeMap<_, _> = work().into_iter().collect();
            for thread in threads {
                match thread.join() {
                    Ok(more) => answers.extend(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            answers
        });
        let failed = lock(&self.failed);
        let of = |path: &StorePath| answers.get(path).cloned().flatten().filter(|_| !failed.contains(path));
        paths.iter().map(of).collect()
    }
}

/// Returns the paths that cannot be had, or that refer to such a path.
fn absent(found: &BTreeMap<StorePath, Option<Vec<StorePath>>>) -> BTreeSet<StorePath> {
    let mut users: BTreeMap<&StorePath, Vec<&StorePath>> = BTreeMap::new();
    let mut pending = Vec::new();
    for (path, references) in found {
        match references {
            None => pending.push(path),
            Some(references) => {
                for reference in references {
                    users.entry(reference).or_default().push(path);
                    if !found.contains_key(reference) {
                        pending.push(reference);
                    }
                }
            }
        }
    }
    let mut absent = BTreeSet::new();
    while let Some(path) = pending.pop() {
        if absent.insert(path.clone()) {
            pending.extend(users.get(path).into_iter().flatten());
        }
    }
    absent
}

/// Returns those offers that some paths need.
fn reached(
    roots: &BTreeSet<StorePath>,
    found: &BTreeMap<StorePath, Option<Vec<StorePath>>>,
    mut offers: BTreeMap<StorePath, Arc<Offer>>,
) -> BTreeMap<StorePath, Arc<Offer>> {
    let mut seen: BTreeSet<&StorePath> = BTreeSet::new();
    let mut pending: Vec<&StorePath> = roots.iter().collect();
    while let Some(path) = pending.pop() {
        if seen.insert(path) {
            pending.extend(found.get(path).into_iter().flatten().flatten());
        }
    }
    offers.retain(|path, _| seen.contains(path));
    offers
}
