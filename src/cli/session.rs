//! A session: an evaluator with its world and flakes, made for one command.

use crate::args::{FlakeArgs, Ifd, LimitArgs};
use crate::machine::Machine;
use crate::stream::complain;
use eval::{Evaluator, Settings};
use flake::fetch::{Fetcher, Netrc, Settings as FetchSettings, UreqTransport};
use flake::flakes::Flakes;
use flake::locking::LockFlags;
use flake::reads::Recording;
use flake::trust::{Policy, Voice};
use flake::world::{Access, OWN, World};
use flake::{FlakeRef, Place, Registries, Registry};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use sys::{FileKind, ProcessExec};

/// An evaluator, its flakes, and what to say about how they were set up.
pub struct Session {
    /// The evaluator.
    pub ev: Evaluator,
    /// The flakes.
    pub flakes: Rc<Flakes>,
    /// What is worth telling.
    pub notes: Vec<String>,
    /// Takes down what evaluation is told about the flake under test.
    pub recording: Recording,
}

/// A reference on the command line that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// A flake reference is wrong.
    #[error("{0}")]
    Reference(#[from] flake::RefError),
    /// A reference that is none, but the name of a folder: Nix takes folders for flakes only behind `.` or `/`.
    #[error("{error}\nhelp: there is a folder of this name; write `./{folder}` for the flake in it")]
    Folder {
        /// What is wrong with the reference.
        error: flake::RefError,
        /// The folder's name as it was given.
        folder: String,
    },
    /// The current folder is gone.
    #[error("the current folder cannot be told: {0}")]
    CurrentDir(std::io::Error),
}

/// A flake on the command line.
pub struct Asked {
    /// The reference.
    pub reference: FlakeRef,
    /// What stands behind `#`.
    pub fragment: String,
    /// The folder that it lies in, if it is on the disk.
    pub root: Option<PathBuf>,
}

/// Returns the flake that an argument of the command line names.
pub fn asked(machine: &Machine, text: &str) -> Result<Asked, SessionError> {
    let base = machine.env.current_dir().map_err(SessionError::CurrentDir)?;
    let place = Place {
        fs: machine.fs.as_ref(),
        base: &base,
        allow_missing: false,
    };
    let (reference, fragment, _warning) = FlakeRef::parse_at(text, &place).map_err(|error| {
        let folder = text.split(['#', '?']).next().unwrap_or_default();
        match machine.fs.stat(&base.join(folder)) {
            Ok(Some(stat)) if stat.kind == FileKind::Directory => SessionError::Folder {
                error,
                folder: folder.to_owned(),
            },
            _ => error.into(),
        }
    })?;
    let attrs = reference.input.attrs();
    let root = match attrs.str("type").ok().flatten() {
        Some("path") => attrs.str("path").ok().flatten().map(PathBuf::from),
        Some("git") => attrs
            .str("url")
            .ok()
            .flatten()
            .and_then(|url| url.strip_prefix("file://"))
            .map(PathBuf::from),
        _ => None,
    };
    Ok(Asked {
        reference,
        fragment,
        root,
    })
}

/// How to evaluate in a session.
pub struct Setup<'s> {
    /// How flakes are fetched.
    pub flakes: &'s FlakeArgs,
    /// Limits.
    pub limits: &'s LimitArgs,
    /// Whether evaluation is pure.
    pub pure: bool,
    /// The folder of the flake under test.
    pub root: Option<&'s Path>,
    /// Entries of the search path.
    pub search_path: Vec<(String, String)>,
    /// Whether messages of the evaluation are kept (for the report) instead of being printed.
    pub keep_messages: bool,
    /// The most memory in bytes that may stay in use so that hosts share package sets; `None` shares none.
    pub keep: Option<u64>,
}

impl Session {
    /// Returns a session on this machine.
    pub fn new(machine: &Machine, setup: &Setup<'_>) -> Session {
        Session::with_fetcher(machine, setup, fetcher(machine, setup.flakes, setup.root))
    }

    /// Returns a session on this machine for which all that another one has fetched is fetched.
    pub fn with_fetcher(machine: &Machine, setup: &Setup<'_>, fetcher: Arc<Fetcher>) -> Session {
        let mut notes = Vec::new();
        let flakes = Flakes::new(fetcher, registries(machine, &mut notes), setup.pure);
        let flakes = Rc::new(flakes);
        let mut settings = Settings {
            current_system: (!setup.pure).then(|| machine.system()),
            pure: setup.pure,
            flakes: true,
            fetch_tree: true,
            search_path: setup.search_path.clone(),
            home: machine.env.home().map(|h| h.into_os_string().into_encoded_bytes()),
            note_calls: check::host::MAKERS,
            keep_messages: setup.keep_messages,
            max_millis: setup.limits.max_time,
            max_memory: Some(machine.max_memory(setup.limits.max_memory)),
            keep: setup.keep,
            ..Settings::default()
        };
        if let Some(depth) = setup.limits.max_call_depth {
            settings.max_call_depth = depth;
        }
        let features: Vec<(String, String)> = setup
            .flakes
            .extra_experimental_features
            .iter()
            .map(|f| ("extra-experimental-features".to_owned(), f.replace(',', " ")))
            .collect();
        // Only names of features are in there, which cannot be wrong.
        let _ = crate::nix::apply_settings(&mut settings, &features);
        let access = if setup.pure {
            Access::Mounted
        } else {
            Access::Everything
        };
        let messages = Box::new(crate::stream::complain_bytes);
        let mut world = World::new(
            machine.fs.clone(),
            machine.env.clone(),
            machine.clock.clone(),
            access,
            messages,
        )
        .with_flakes(flakes.clone());
        let recording = Recording::default();
        if setup.pure {
            // Elsewhere anything may be read.
            world = world.with_recording(recording.clone());
        }
        match setup.flakes.ifd {
            Ifd::Error => {}
            Ifd::Nix => world = world.with_realiser(crate::realise::with_nix(machine, Arc::new(ProcessExec))),
            Ifd::Vm => world = world.with_realiser(crate::realise::with_machine(machine, setup.flakes)),
        }
        let mut ev = Evaluator::new(settings, Box::new(world), machine.stack);
        if setup.pure {
            ev.watch_own(OWN);
        }
        Session {
            ev,
            flakes,
            notes,
            recording,
        }
    }

    /// Returns how the flake of the command line is locked: with the overrides of the command line.
    pub fn lock_flags(&self, machine: &Machine, args: &FlakeArgs) -> Result<LockFlags, SessionError> {
        let base = machine.env.current_dir().map_err(SessionError::CurrentDir)?;
        let mut overrides = BTreeMap::new();
        for pair in args.override_input.chunks_exact(2) {
            let path = pair[0].split('/').map(str::to_owned).collect();
            let place = Place {
                fs: machine.fs.as_ref(),
                base: &base,
                allow_missing: true,
            };
            let (reference, _, _) = FlakeRef::parse_at(&pair[1], &place)?;
            overrides.insert(path, reference);
        }
        Ok(LockFlags {
            overrides,
            ..LockFlags::default()
        })
    }

    /// Locks a flake of the command line and returns its number.
    pub fn lock(&mut self, reference: &FlakeRef, flags: &LockFlags) -> Result<u32, flake::locking::LockingError> {
        self.flakes.clone().lock(&mut self.ev, reference, flags, Voice::User)
    }
}

/// Returns the folder of all that is kept for later runs; `None` where the environment names none.
pub fn cache(machine: &Machine) -> Option<PathBuf> {
    let cache = machine.env.text("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(machine.env.home()?.join(".cache")))?;
    Some(cache.join("cfgcheck"))
}

/// Returns flakes that are fetched as this machine and these arguments say; `root` is the folder of
/// the flake under test. What is worth telling goes to `notes`.
pub fn flakes(machine: &Machine, args: &FlakeArgs, pure: bool, root: Option<&Path>, notes: &mut Vec<String>) -> Flakes {
    Flakes::new(fetcher(machine, args, root), registries(machine, notes), pure)
}

/// Returns what fetches as this machine and these arguments say; `root` is the folder of the flake under test.
pub fn fetcher(machine: &Machine, args: &FlakeArgs, root: Option<&Path>) -> Arc<Fetcher> {
    let policy = Policy {
        trusted: args.trust,
        root: root.map(Path::to_owned),
        allow_ssh: args.trust,
        private_hosts: Vec::new(),
    };
    Arc::new(Fetcher::new(
        machine.fs.clone(),
        Arc::new(ProcessExec),
        machine.clock.clone(),
        Arc::new(UreqTransport::with_certificates(policy.clone(), certificates(machine))),
        fetch_settings(machine, args),
        policy,
    ))
}

/// Returns what reads the certificate authorities that the environment names, if it names some.
pub fn certificates(machine: &Machine) -> impl Fn() -> Option<Vec<u8>> + Send + Sync + 'static {
    let named = machine.env.text("NIX_SSL_CERT_FILE");
    let path = named.or_else(|| machine.env.text("SSL_CERT_FILE"));
    let fs = machine.fs.clone();
    move || match fs.read(Path::new(path.as_ref()?)) {
        Ok(certificates) => Some(certificates),
        Err(error) => {
            complain(&format!(
                "warning: {error}; the certificate authorities of this program are believed instead"
            ));
            None
        }
    }
}

fn fetch_settings(machine: &Machine, args: &FlakeArgs) -> FetchSettings {
    let home = machine.env.home();
    let cache = machine
        .env
        .text("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| home.as_ref().map(|h| h.join(".cache")))
        .map(|cache| cache.join("cfgcheck/flake"));
    let netrc = home.as_ref().and_then(|h| machine.fs.read(&h.join(".netrc")).ok());
    let netrc = netrc
        .map(|bytes| Netrc::parse(&String::from_utf8_lossy(&bytes)))
        .unwrap_or_default();
    let mut git_env = Vec::new();
    for name in ["PATH", "HOME", "SSH_AUTH_SOCK"] {
        if let Some(value) = machine.env.text(name) {
            git_env.push((name.to_owned(), value));
        }
    }
    FetchSettings {
        offline: args.offline,
        cache,
        store: Some(PathBuf::from(store::STORE_DIR)),
        access_tokens: access_tokens(machine),
        netrc,
        git_env,
        ..FetchSettings::default()
    }
}

/// Returns the settings of this machine's Nix, in the order in which they count: `nix.conf` of the system and of the
/// user, then `NIX_CONFIG`.
pub fn nix_settings(machine: &Machine) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    let config = machine
        .env
        .text("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| machine.env.home().map(|h| h.join(".config")));
    for path in [
        Some(PathBuf::from("/etc/nix/nix.conf")),
        config.map(|c| c.join("nix/nix.conf")),
    ] {
        if let Some(bytes) = path.and_then(|p| machine.fs.read(&p).ok()) {
            texts.push(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    texts.extend(machine.env.text("NIX_CONFIG"));
    texts.iter().flat_map(|t| crate::nix::read_config(t)).collect()
}

/// Returns the tokens of `access-tokens = HOST=TOKEN …`.
fn access_tokens(machine: &Machine) -> BTreeMap<String, String> {
    let mut tokens = BTreeMap::new();
    for (name, value) in nix_settings(machine) {
        if matches!(name.as_str(), "access-tokens" | "extra-access-tokens") {
            tokens.extend(
                value
                    .split_whitespace()
                    .filter_map(|t| t.split_once('='))
                    .map(|(h, t)| (h.to_owned(), t.to_owned())),
            );
        }
    }
    tokens
}

fn registries(machine: &Machine, notes: &mut Vec<String>) -> Registries {
    let mut read = |path: Option<PathBuf>| {
        let Some(path) = path else { return Registry::default() };
        let Ok(bytes) = machine.fs.read(&path) else {
            return Registry::default();
        };
        match Registry::parse(&bytes, &path.to_string_lossy()) {
            Ok(registry) => registry,
            Err(error) => {
                notes.push(format!("{error}; it is not used"));
                Registry::default()
            }
        }
    };
    Registries {
        user: read(machine.env.home().map(|h| h.join(".config/nix/registry.json"))),
        system: read(Some(PathBuf::from("/etc/nix/registry.json"))),
        ..Registries::default()
    }
}
