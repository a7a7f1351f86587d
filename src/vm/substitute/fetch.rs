//! Fetching what caches offer, by several threads, each path after what it refers to.

use super::{Haul, Offer, Substituters, Trust, lock};
use crate::realised::{About, Limits, Realised, RealisedError};
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use store::StorePath;

/// How many paths are fetched at once.
const AT_ONCE: usize = 6;
/// Most bytes of one haul.
const MOST: u64 = 256 << 30;
/// Bytes that what cannot be compressed may be longer than it is.
const SLACK: u64 = 1 << 20;

/// Why nothing more is fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The store of the run fails.
    #[error(transparent)]
    Realised(#[from] RealisedError),
    /// The caches offer more than is taken.
    #[error("what is to be fetched takes {0} bytes, which is too much")]
    TooMuch(u64),
    /// The user wants the run to end.
    #[error("interrupted while store paths were fetched")]
    Interrupted,
}

/// What threads have to do.
struct Work<'h> {
    /// What can be fetched now.
    ready: Vec<&'h Arc<Offer>>,
    /// How many references of a path are still to come.
    waits: BTreeMap<&'h StorePath, usize>,
    /// What waits for a path.
    users: BTreeMap<&'h StorePath, Vec<&'h StorePath>>,
    /// How many are being fetched.
    busy: usize,
    done: usize,
    stop: Option<FetchError>,
}

impl Substituters {
    /// Fetches what was offered into a store. What nobody delivers is told, and is not offered again.
    pub fn fetch(&self, haul: &Haul, into: &Realised, told: &mut dyn FnMut(&str)) -> Result<(), FetchError> {
        let bytes: u64 = haul
            .offers
            .values()
            .fold(0, |sum, offer| sum.saturating_add(offer.info.nar_size));
        if bytes > MOST {
            return Err(FetchError::TooMuch(bytes));
        }
        if haul.offers.is_empty() {
            return Ok(());
        }
        let mut work = Work {
            ready: Vec::new(),
            waits: BTreeMap::new(),
            users: BTreeMap::new(),
            busy: 0,
            done: 0,
            stop: None,
        };
        for (path, offer) in &haul.offers {
            let references = offer.info.references.iter();
            let awaited = references.filter(|other| *other != path && haul.offers.contains_key(*other));
            let mut count = 0;
            for other in awaited {
                count += 1;
                work.users.entry(other).or_default().push(path);
            }
            match count {
                0 => work.ready.push(offer),
                _ => drop(work.waits.insert(path, count)),
            }
        }
        let shared = (Mutex::new(work), Condvar::new());
        let (say, said) = mpsc::channel();
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE.min(haul.offers.len()) {
                let (say, shared) = (say.clone(), &shared);
                scope.spawn(move || self.work(haul, into, shared, &say));
            }
            drop(say);
            for line in said {
                told(&line);
                self.tell(told);
            }
        });
        self.tell(told);
        match shared
            .0
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .stop
        {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Does what there is to do, until nothing is left that could become ready.
    fn work<'h>(
        &self,
        haul: &'h Haul,
        into: &Realised,
        (work, changed): &(Mutex<Work<'h>>, Condvar),
        say: &mpsc::Sender<String>,
    ) {
        let mut held = lock(work);
        loop {
            if sys::interrupted() && held.stop.is_none() {
                held.stop = Some(FetchError::Interrupted);
            }
            if held.stop.is_some() || (held.ready.is_empty() && held.busy == 0) {
                changed.notify_all();
                return;
            }
            let Some(offer) = held.ready.pop() else {
                held = changed.wait(held).unwrap_or_else(std::sync::PoisonError::into_inner);
                continue;
            };
            held.busy += 1;
            held.done += 1;
            let number = held.done;
            drop(held);
            // Nobody listens any more if the run ends.
            let _ = say.send(format!(
                "fetching {} ({number} of {}, {} KiB) from {}",
                offer.info.path.base_name(),
                haul.offers.len(),
                offer.info.file_size.unwrap_or(offer.info.nar_size) >> 10,
                self.url(offer)
            ));
            let fetched = self.take(offer, into);
            held = lock(work);
            held.busy -= 1;
            match fetched {
                Ok(true) => held.has(&offer.info.path, haul),
                Ok(false) => {}
                Err(error) => held.stop = held.stop.take().or(Some(error.into())),
            }
            changed.notify_all();
        }
    }

    /// Fetches a path from the cache that offers it, or from one that is asked after it; whether anybody delivers it.
    fn take(&self, offer: &Offer, into: &Realised) -> Result<bool, RealisedError> {
        let path = &offer.info.path;
        let planned = &offer.info.references;
        let mut offer = offer.clone();
        loop {
            match self.take_from(&offer, into) {
                Ok(()) => return Ok(true),
                Err(Fault::Store(error)) => return Err(error),
                Err(Fault::Cache(why)) => {
                    self.note(format!(
                        "{} does not deliver '{}': {why}",
                        self.url(&offer),
                        path.to_path()
                    ));
                }
            }
            let other = self.ask(path, offer.cache + 1);
            // Only what the first one refers to is fetched.
            match other.filter(|other| other.info.references.is_subset(planned)) {
                Some(other) => offer = other,
                None => {
                    self.note(format!("no substituter delivers '{}'", path.to_path()));
                    lock(&self.failed).insert(path.clone());
                    return Ok(false);
                }
            }
        }
    }

    fn take_from(&self, offer: &Offer, into: &Realised) -> Result<(), Fault> {
        let info = &offer.info;
        let packed = self.source(offer.cache).door.open(&info.url).map_err(Fault::Cache)?;
        let packed = packed.ok_or_else(|| Fault::Cache(format!("it does not have its own '{}'", info.url)))?;
        let most = info.nar_size.saturating_add(info.nar_size / 8).saturating_add(SLACK);
        let packed = packed.take(info.file_size.unwrap_or(most).min(most));
        let about = About {
            references: info.references.clone(),
            deriver: info.deriver.clone(),
            origin: self.url(offer).to_owned(),
            nar_hash: Some(info.nar_hash),
            nar_size: Some(info.nar_size),
            address: match &offer.trust {
                Trust::Addressed(address) => Some(*address),
                Trust::Signed(_) => None,
            },
        };
        let limits = Limits {
            bytes: info.nar_size,
            ..Limits::default()
        };
        let mut archive = info.compression.decoder(packed);
        into.add(&info.path, &mut archive, about, limits)
            .map_err(|error| match error {
                RealisedError::Archive { .. } | RealisedError::Hash { .. } | RealisedError::Size { .. } => {
                    Fault::Cache(error.to_string())
                }
                error => Fault::Store(error),
            })
    }
}

/// Whose fault it is that a path was not fetched.
enum Fault {
    Cache(String),
    Store(RealisedError),
}

impl<'h> Work<'h> {
    /// Makes ready what has waited for a path.
    fn has(&mut self, path: &StorePath, haul: &'h Haul) {
        for user in self.users.remove(path).unwrap_or_default() {
            let Some(count) = self.waits.get_mut(user) else {
                continue;
            };
            *count -= 1;
            if *count == 0 {
                self.waits.remove(user);
                self.ready.extend(haul.offers.get(user));
            }
        }
    }
}
