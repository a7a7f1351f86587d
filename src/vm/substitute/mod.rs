//! Substituters: caches that have built what an order needs, so that only what is its own is built here.
//!
//! A cache is asked what it has (`narinfo`), and believed if a trusted key has signed that, or if the name of the path
//! follows from its contents. What is fetched must then be what was said: hash, size, references. All that a path refers
//! to comes with it, or the path counts as absent and is built. Servers are hostile: sizes, names and memory are bounded.

mod ask;
mod cache_info;
mod compression;
mod door;
mod fetch;
mod key;
mod narinfo;
mod settings;
#[cfg(test)]
mod tests;

pub use ask::Haul;
pub use compression::Compression;
pub use door::{Door, FolderDoor};
pub use fetch::FetchError;
pub use key::{DEFAULT_KEY, PublicKey, Signature};
pub use narinfo::{NarInfo, Trust};
pub use settings::{Address, Asked, Settings};

use diag::clean_line;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use store::StorePath;

/// How often a cache may fail in a row before it is not asked any more.
const FAULTS: u32 = 3;
/// Most things that are told of one question.
const NOTES: usize = 100;
/// The archive's own name of a cache.
const CACHE_INFO: &str = "nix-cache-info";

/// A cache that may be asked.
pub struct Source {
    /// Where it is, for people.
    pub url: String,
    /// The order in which it is asked, where the settings say one.
    pub priority: Option<u64>,
    /// The way to it.
    pub door: Box<dyn Door>,
}

/// The caches of a run, and what they have said so far.
pub struct Substituters {
    sources: Vec<Source>,
    keys: Vec<PublicKey>,
    // Those that are caches for our store, in the order in which they are asked.
    caches: OnceLock<Vec<Cache>>,
    known: Mutex<HashMap<StorePath, Option<Arc<Offer>>>>,
    // What could not be fetched from anybody, although it was offered.
    failed: Mutex<BTreeSet<StorePath>>,
    notes: Mutex<Vec<String>>,
}

/// A cache that has said what it is.
struct Cache {
    source: usize,
    priority: u64,
    faults: AtomicU32,
}

/// A store path that a cache has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    /// What the cache says of it.
    pub info: NarInfo,
    /// Why that is believed.
    pub trust: Trust,
    // The cache, as a number in the order in which they are asked.
    cache: usize,
}

impl Substituters {
    /// Returns caches of which none has been asked yet.
    pub fn new(sources: Vec<Source>, keys: Vec<PublicKey>) -> Substituters {
        Substituters {
            sources,
            keys,
            caches: OnceLock::new(),
            known: Mutex::default(),
            failed: Mutex::default(),
            notes: Mutex::default(),
        }
    }

    /// Returns the URL of the cache that offers something.
    pub fn url(&self, offer: &Offer) -> &str {
        &self.source(offer.cache).url
    }

    fn source(&self, cache: usize) -> &Source {
        &self.sources[self.caches()[cache].source]
    }

    /// Returns the caches in the order in which they are asked: each is asked for its priority first.
    fn caches(&self) -> &[Cache] {
        self.caches.get_or_init(|| {
            let mut caches = Vec::new();
            for (source, at) in self.sources.iter().enumerate().map(|(number, source)| (source, number)) {
                let read = door::read(source.door.as_ref(), CACHE_INFO, cache_info::MOST);
                let own = read.and_then(|bytes| match bytes {
                    Some(bytes) => cache_info::parse(&bytes),
                    None => Err(format!("it has no {CACHE_INFO}")),
                });
                match own {
                    Ok(own) => caches.push(Cache {
                        source: at,
                        priority: source.priority.unwrap_or(own),
                        faults: AtomicU32::new(0),
                    }),
                    Err(why) => self.note(format!("the substituter {} is not asked: {why}", source.url)),
                }
            }
            caches.sort_by_key(|cache| cache.priority);
            caches
        })
    }

    /// Asks the caches from one on for a path, and returns the first offer that is believed.
    fn ask(&self, path: &StorePath, from: usize) -> Option<Offer> {
        for (number, cache) in self.caches().iter().enumerate().skip(from) {
            if cache.faults.load(Ordering::Relaxed) >= FAULTS {
                continue;
            }
            let url = &self.sources[cache.source].url;
            let name = format!("{}.narinfo", path.digest_digits());
            let door = self.sources[cache.source].door.as_ref();
            let bytes = match door::read(door, &name, narinfo::MOST) {
                Ok(bytes) => bytes,
                Err(why) => {
                    self.note(format!("{url}: {why}"));
                    if cache.faults.fetch_add(1, Ordering::Relaxed) + 1 == FAULTS {
                        self.note(format!("the substituter {url} fails and is not asked any more"));
                    }
                    continue;
                }
            };
            cache.faults.store(0, Ordering::Relaxed);
            let Some(bytes) = bytes else { continue };
            match NarInfo::parse(&bytes, path) {
                Ok(info) => match info.trust(&self.keys) {
                    Some(trust) => {
                        return Some(Offer {
                            info,
                            trust,
                            cache: number,
                        });
                    }
                    None => self.note(format!(
                        "{url} has '{}', which no trusted key has signed",
                        path.to_path()
                    )),
                },
                Err(why) => self.note(format!("what {url} says of '{}' cannot be used: {why}", path.to_path())),
            }
        }
        None
    }

    /// Keeps something to be told, made harmless to print.
    fn note(&self, text: String) {
        let mut notes = lock(&self.notes);
        match notes.len() {
            NOTES.. => {}
            _ => notes.push(clean_line(&text).into_owned()),
        }
    }

    /// Tells what there is to tell.
    fn tell(&self, told: &mut dyn FnMut(&str)) {
        for note in std::mem::take(&mut *lock(&self.notes)) {
            told(&note);
        }
    }
}

/// Locks what threads share; each leaves it whole, also one that panics.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
