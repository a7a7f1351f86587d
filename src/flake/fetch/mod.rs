//! Fetching: from an input to a tree.
//!
//! One [`Fetcher`] serves a run. It asks the trust policy, remembers what it fetched, looks into its
//! cache folder (content-addressed, so that a lock with hashes needs no network twice) and into
//! `/nix/store`, and else asks the fetcher of the input's scheme, one file each. What a reference
//! demands (hash, revision, time) is checked against what was found.

mod archive;
mod cache;
mod client;
mod error;
mod forge;
mod git;
mod http;
mod netrc;
mod path;
mod tarball;
#[cfg(test)]
mod tests;

pub use archive::{ArchiveError, unpack};
pub use cache::{Cache, CachedDownload};
pub use client::{Answer, Client};
pub use error::{FetchError, FetchErrorKind};
pub use http::{HttpError, Request, Response, Transport, UreqTransport};
pub use netrc::{Login, Netrc};

use crate::input::{FINAL, Input, Scheme};
use crate::rev::{NarHash, Rev};
use crate::tree::{Accessor, FolderTree, TreeError, nar_hash};
use crate::trust::{Policy, Voice};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use sys::{Clock, Exec, Fs};

/// How to fetch.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether the network may not be used.
    pub offline: bool,
    /// The cache folder, for instance `$XDG_CACHE_HOME/cfgcheck/flake`; without one nothing is kept.
    pub cache: Option<PathBuf>,
    /// A store whose sources may be read instead of fetching, usually `/nix/store`.
    pub store: Option<PathBuf>,
    /// Seconds for which an unlocked download is taken from the cache (Nix's `tarball-ttl`).
    pub ttl: u64,
    /// Nix's `access-tokens`: by host, or by host, owner and repository.
    pub access_tokens: BTreeMap<String, String>,
    /// User names and passwords by host.
    pub netrc: Netrc,
    /// The environment in which `git` runs where the network is needed: `PATH`, and for the user's
    /// own inputs `HOME` and `SSH_AUTH_SOCK`.
    pub git_env: Vec<(String, String)>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            offline: false,
            cache: None,
            store: None,
            ttl: 3600,
            access_tokens: BTreeMap::new(),
            netrc: Netrc::default(),
            git_env: Vec::new(),
        }
    }
}

/// A fetched tree and what is known about it.
pub struct Tree {
    /// Its files.
    pub accessor: Arc<dyn Accessor>,
    /// The input that fetches it again, with what the fetcher found out (`rev`, `lastModified` …).
    /// What takes long to find out (`narHash`, `revCount`) may be left out; see [`Tree::locked`].
    pub input: Input,
    /// A name of the contents that is cheap to know, such as a Git tree's id.
    pub fingerprint: Option<String>,
    counter: Option<Box<dyn Fn() -> Result<u64, FetchErrorKind> + Send + Sync>>,
    nar_hash: OnceLock<NarHash>,
    rev_count: OnceLock<u64>,
    cache: Option<Arc<Cache>>,
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tree")
            .field("input", &self.input)
            .field("fingerprint", &self.fingerprint)
            .finish()
    }
}

impl Tree {
    /// Returns a tree of which no more is known than the input says.
    pub fn new(accessor: Arc<dyn Accessor>, input: Input) -> Tree {
        Tree {
            accessor,
            input,
            fingerprint: None,
            counter: None,
            nar_hash: OnceLock::new(),
            rev_count: OnceLock::new(),
            cache: None,
        }
    }

    /// Returns the revision; `None` for a dirty work tree and for what is not in version control.
    pub fn rev(&self) -> Option<Rev> {
        self.input.rev().ok().flatten()
    }

    /// Returns the first seven digits of the revision.
    pub fn short_rev(&self) -> Option<String> {
        self.rev().map(|rev| rev.short())
    }

    /// Returns the revision that a dirty work tree started from, with `-dirty` behind it.
    pub fn dirty_rev(&self) -> Option<&str> {
        self.input.attrs().str("dirtyRev").ok().flatten()
    }

    /// Returns the short form of [`Tree::dirty_rev`].
    pub fn dirty_short_rev(&self) -> Option<&str> {
        self.input.attrs().str("dirtyShortRev").ok().flatten()
    }

    /// Returns the time of the last change, in seconds since 1970.
    pub fn last_modified(&self) -> Option<u64> {
        self.input.last_modified().ok().flatten()
    }

    /// Whether a Git input asks for submodules; `None` for other inputs.
    pub fn submodules(&self) -> Option<bool> {
        (self.input.scheme() == Some(Scheme::Git))
            .then(|| matches!(self.input.attrs().bool("submodules"), Ok(Some(true))))
    }

    /// Returns the number of commits up to the revision, counted at the first question; `None` where
    /// Nix knows none.
    pub fn rev_count(&self) -> Result<Option<u64>, FetchError> {
        if let Ok(Some(count)) = self.input.rev_count() {
            return Ok(Some(count));
        }
        let Some(counter) = &self.counter else { return Ok(None) };
        if let Some(count) = self.rev_count.get() {
            return Ok(Some(*count));
        }
        let key = self.rev().map(|rev| format!("rev-count {rev}"));
        let known = self
            .cache
            .as_ref()
            .zip(key.as_ref())
            .and_then(|(cache, key)| cache.fact(key));
        let count = match known.and_then(|text| text.parse().ok()) {
            Some(count) => count,
            None => counter().map_err(|kind| FetchError::new(&self.input, kind))?,
        };
        if let (Some(cache), Some(key)) = (&self.cache, key) {
            cache.keep_fact(&key, &count.to_string());
        }
        Ok(Some(*self.rev_count.get_or_init(|| count)))
    }

    /// Returns the hash of the tree's NAR, computed at the first question and kept in the cache by
    /// fingerprint.
    pub fn nar_hash(&self) -> Result<NarHash, FetchError> {
        if let Some(hash) = self.nar_hash.get() {
            return Ok(*hash);
        }
        let key = self
            .fingerprint
            .as_ref()
            .map(|fingerprint| format!("nar-hash {fingerprint}"));
        let known = self
            .cache
            .as_ref()
            .zip(key.as_ref())
            .and_then(|(cache, key)| cache.fact(key));
        let hash = match known.and_then(|text| NarHash::parse(&text).ok()) {
            Some(hash) => hash,
            None => {
                let hash =
                    nar_hash(self.accessor.as_ref()).map_err(|error| FetchError::new(&self.input, error.into()))?;
                if let (Some(cache), Some(key)) = (&self.cache, key) {
                    cache.keep_fact(&key, &hash.to_string());
                }
                hash
            }
        };
        Ok(*self.nar_hash.get_or_init(|| hash))
    }

    /// Returns the input with everything that a lock file says about it, `narHash` and `revCount`
    /// included; marked final.
    pub fn locked(&self) -> Result<Input, FetchError> {
        let mut input = self.input.clone();
        if let Some(count) = self.rev_count()? {
            input.set("revCount", count);
        }
        input.set("narHash", self.nar_hash()?.to_string());
        input.set(FINAL, true);
        Ok(input)
    }
}

/// Turns inputs into trees.
pub struct Fetcher {
    /// The disk.
    pub fs: Arc<dyn Fs>,
    /// Runs `git` for the network; nothing else.
    pub exec: Arc<dyn Exec>,
    /// Tells whether a cached download is still fresh.
    pub clock: Arc<dyn Clock>,
    /// The network.
    pub http: Arc<dyn Transport>,
    /// How to fetch.
    pub settings: Settings,
    /// What flakes may ask for.
    pub policy: Policy,
    cache: Option<Arc<Cache>>,
    /// Everything that was fetched in this run, so that an input is the same tree all along.
    fetched: Mutex<BTreeMap<(Input, Voice), Arc<Tree>>>,
}

impl Fetcher {
    /// Returns a fetcher with an empty memory.
    pub fn new(
        fs: Arc<dyn Fs>,
        exec: Arc<dyn Exec>,
        clock: Arc<dyn Clock>,
        http: Arc<dyn Transport>,
        settings: Settings,
        policy: Policy,
    ) -> Fetcher {
        let cache = settings
            .cache
            .clone()
            .map(|folder| Arc::new(Cache::new(fs.clone(), folder)));
        Fetcher {
            fs,
            exec,
            clock,
            http,
            settings,
            policy,
            cache,
            fetched: Mutex::new(BTreeMap::new()),
        }
    }

    /// Returns the tree that a direct input names, after checking what the input demands of it.
    pub fn fetch(&self, input: &Input, voice: Voice) -> Result<Arc<Tree>, FetchError> {
        let key = (input.clone(), voice);
        if let Some(tree) = self
            .fetched
            .lock()
            .expect("no panic while holding the memory")
            .get(&key)
        {
            return Ok(tree.clone());
        }
        let tree = self
            .fetch_new(input, voice)
            .map_err(|kind| FetchError::new(input, kind))?;
        let tree = Arc::new(tree);
        self.check(input, &tree)?;
        let mut fetched = self.fetched.lock().expect("no panic while holding the memory");
        Ok(fetched.entry(key).or_insert(tree).clone())
    }

    fn fetch_new(&self, input: &Input, voice: Voice) -> Result<Tree, FetchErrorKind> {
        self.policy.check(input, voice, self.fs.as_ref())?;
        if let Some(tree) = self.at_hand(input)? {
            return Ok(tree);
        }
        let mut tree = match input.scheme() {
            None => return Err(FetchErrorKind::Unsupported(input.attrs().to_json().to_string())),
            Some(Scheme::Indirect) => return Err(FetchErrorKind::Indirect(input.display())),
            Some(Scheme::Mercurial) => return Err(FetchErrorKind::Mercurial),
            Some(Scheme::Path) => self.fetch_path(input)?,
            Some(Scheme::Git) => self.fetch_git(input, voice)?,
            Some(scheme @ (Scheme::Github | Scheme::Gitlab | Scheme::Sourcehut)) => {
                self.fetch_forge(scheme, input, voice)?
            }
            Some(Scheme::Tarball) => self.fetch_tarball(input, voice)?,
            Some(Scheme::File) => self.fetch_file(input, voice)?,
        };
        tree.cache.clone_from(&self.cache);
        if input.is_final() {
            // What a lock says stays as it is; what was found is only compared (see `check`).
            let mut found = input.clone();
            std::mem::swap(&mut found, &mut tree.input);
            for (name, value) in &found.attrs().0 {
                if tree.input.attrs().0.get(name).is_some_and(|locked| locked != value) && name != "narHash" {
                    return Err(FetchErrorKind::FieldMismatch {
                        field: name.clone(),
                        input: input.attrs().to_json().to_string(),
                        found: found.attrs().to_json().to_string(),
                    });
                }
            }
            tree.counter = None;
        }
        Ok(tree)
    }

    /// Returns the tree of a locked input if the cache or the store has it already.
    fn at_hand(&self, input: &Input) -> Result<Option<Tree>, FetchErrorKind> {
        if !input.is_final() || matches!(input.scheme(), None | Some(Scheme::Indirect)) {
            return Ok(None);
        }
        let Some(hash) = input.nar_hash()? else { return Ok(None) };
        let mut places = Vec::new();
        if let Some(store) = &self.settings.store {
            let address = store::ContentAddress {
                method: store::ContentAddressMethod::Nar,
                hash: *hash.hash(),
            };
            let name = input.name().as_bytes();
            if let Ok(path) = store::content_addressed_path(name, &address, &store::References::default()) {
                places.push(store.join(path.to_string().rsplit('/').next().unwrap_or_default()));
            }
        }
        places.extend(self.cache.as_ref().map(|cache| cache.tree_path(&hash)));
        for place in places {
            if self.fs.lstat(&place).map_err(TreeError::from)?.is_some() {
                let tree = Tree::new(Arc::new(FolderTree::new(self.fs.clone(), place)), input.clone());
                let _ = tree.nar_hash.set(hash);
                return Ok(Some(tree));
            }
        }
        Ok(None)
    }

    /// Compares what was found with what the input demands.
    fn check(&self, input: &Input, tree: &Tree) -> Result<(), FetchError> {
        let fail = |kind| Err(FetchError::new(input, kind));
        let of = |result: Result<_, crate::RefError>| result.map_err(|error| FetchError::new(input, error.into()));
        if let Some(expected) = input.nar_hash().map_err(|error| FetchError::new(input, error.into()))? {
            let found = tree.nar_hash()?;
            if found != expected {
                return fail(FetchErrorKind::NarHashMismatch {
                    input: input.display(),
                    expected: Box::new(expected),
                    found: Box::new(found),
                });
            }
        }
        if let Some(expected) = of(input.last_modified())? {
            let found = tree.last_modified();
            if found != Some(expected) {
                let input = tree.input.display();
                return fail(FetchErrorKind::LastModifiedMismatch { input, expected, found });
            }
        }
        if let Some(expected) = input.rev().map_err(|error| FetchError::new(input, error.into()))?
            && tree.rev() != Some(expected)
        {
            return fail(FetchErrorKind::RevMismatch {
                input: tree.input.display(),
                expected,
            });
        }
        Ok(())
    }

    /// Returns the time in seconds since 1970.
    fn now(&self) -> u64 {
        self.clock.unix_time().as_secs()
    }
}
