//! What is on a disk.

use crate::realised::{Info, Realised, RealisedError};
use std::collections::BTreeMap;
use std::fmt;
use store::{HashAlgo, HashFormat, STORE_DIR, StorePath};

/// The root disk of a NixOS machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RootDisk {
    /// The toplevels of its generations; the first is generation 1, which the profile of the system is at.
    pub generations: Vec<StorePath>,
    /// Other store paths that it has, with what they refer to.
    pub others: Vec<StorePath>,
    /// Files beside the store, such as keys that somebody has to bring.
    pub extras: Vec<Extra>,
    /// The label of its file system, if it has one.
    pub label: Option<String>,
    /// The identifier of its file system, if it is not ours to choose.
    pub uuid: Option<String>,
    /// The bytes that are free on it.
    pub room: u64,
}

/// A file of a disk that is not of the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Extra {
    /// Its path in the machine.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether only root may read it.
    pub private: bool,
}

/// One thing on a disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entry {
    /// A folder.
    Folder,
    /// A symbolic link.
    Link(String),
    /// A file with these bytes, which may be for root alone.
    File(Vec<u8>, bool),
    /// What a path of the store of the run holds.
    Store(StorePath),
    /// What is in a folder below a path of the store of the run.
    Part(StorePath, String),
}

/// All that is on a disk, by its path, and the settings of the file system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// What is on it.
    pub entries: BTreeMap<String, Entry>,
    /// The label of the file system, if it has one.
    pub label: Option<String>,
    /// The identifier of the file system; made of what is on it if none.
    pub uuid: Option<String>,
    /// How large it is.
    pub size: Size,
}

/// How large a disk is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Size {
    /// As large as what is on it, and so many bytes that are free.
    Room(u64),
    /// So many bytes, which do not take room on this machine until they are written. It is only read: it has no journal.
    Whole(u64),
}

/// Where a disk has what its Nix must be told of the paths in its store, for `nix-store --load-db`.
pub const REGISTRATION: &str = "/nix/registration";
/// The size of each disk that brings store paths to a machine that runs.
const DELTA: u64 = 16 << 30;
/// The profile of the system.
const PROFILE: &str = "/nix/var/nix/profiles/system";
/// Folders that the first boot expects.
const FOLDERS: [&str; 9] = [
    "/boot",
    "/etc",
    "/nix/var/nix/gcroots",
    "/proc",
    "/root",
    "/run",
    "/tmp",
    "/var",
    STORE_DIR,
];

impl RootDisk {
    /// Returns a disk with generations and nothing else, with a gibibyte of room.
    pub fn new(generations: Vec<StorePath>) -> RootDisk {
        RootDisk {
            generations,
            others: Vec::new(),
            extras: Vec::new(),
            label: Some("nixos".into()),
            uuid: None,
            room: 1 << 30,
        }
    }

    /// Returns what is on the disk. The closures must have been realised.
    pub fn plan(&self, realised: &Realised) -> Result<Plan, RealisedError> {
        let mut plan = Plan {
            label: self.label.clone(),
            uuid: self.uuid.clone(),
            ..Plan::new(Size::Room(self.room))
        };
        plan.add_closure(&realised.closure(self.generations.iter().chain(&self.others))?);
        for (at, toplevel) in (1..).zip(&self.generations) {
            plan.add(format!("{PROFILE}-{at}-link"), Entry::Link(toplevel.to_path()));
        }
        if !self.generations.is_empty() {
            plan.add(PROFILE, Entry::Link("system-1-link".into()));
        }
        for folder in FOLDERS {
            plan.add(folder, Entry::Folder);
        }
        // Without it stage 2 and nixos-rebuild take the machine for another system.
        plan.add("/etc/NIXOS", Entry::File(Vec::new(), false));
        for extra in &self.extras {
            plan.add(&extra.path, Entry::File(extra.bytes.clone(), extra.private));
        }
        Ok(plan)
    }
}

impl Plan {
    /// Returns a disk with nothing on it, and without a label.
    pub fn new(size: Size) -> Plan {
        Plan {
            entries: BTreeMap::new(),
            label: None,
            uuid: None,
            size,
        }
    }

    /// Returns the disk that brings store paths to a machine that runs already: those of a closure that another one, which
    /// the machine has, lacks. They lie at its top, beside `registration`, and its size is always the same.
    pub fn delta<'p>(
        realised: &Realised,
        has: impl IntoIterator<Item = &'p StorePath>,
        wanted: impl IntoIterator<Item = &'p StorePath>,
    ) -> Result<Plan, RealisedError> {
        let has = realised.closure(has)?;
        let wanted = realised.closure(wanted)?;
        let mut plan = Plan::new(Size::Whole(DELTA));
        for path in wanted.keys().filter(|path| !has.contains_key(*path)) {
            plan.add(format!("/{}", path.base_name()), Entry::Store(path.clone()));
        }
        // All that either refers to: paths are valid only where those that they refer to are, too.
        let all = has.into_iter().chain(wanted).collect();
        let registration = Realised::registration(&all).into_bytes();
        plan.add("/registration", Entry::File(registration, false));
        Ok(plan)
    }

    /// Adds one thing, at an absolute path without `.` and `..`, and the folders above it.
    pub fn add(&mut self, path: impl Into<String>, entry: Entry) {
        let path = path.into();
        for (at, _) in path.match_indices('/').skip(1) {
            self.entries.entry(path[..at].to_owned()).or_insert(Entry::Folder);
        }
        self.entries.insert(path, entry);
    }

    /// Adds paths of the store, and what a Nix must be told of them.
    pub fn add_closure(&mut self, infos: &BTreeMap<StorePath, Info>) {
        for path in infos.keys() {
            self.add(path.to_path(), Entry::Store(path.clone()));
        }
        let registration = Realised::registration(infos).into_bytes();
        self.add(REGISTRATION, Entry::File(registration, false));
    }

    /// Returns a text that two plans have in common if and only if their disks are the same: the key of caches.
    pub fn key(&self) -> String {
        HashAlgo::Sha256
            .hash(self.to_string())
            .to_text(HashFormat::Nix32, false)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ext4")?;
        for (name, value) in [("label", &self.label), ("uuid", &self.uuid)] {
            if let Some(value) = value {
                write!(f, ", {name} {value}")?;
            }
        }
        match self.size {
            Size::Room(bytes) => writeln!(f, ", {bytes} bytes free")?,
            Size::Whole(bytes) => writeln!(f, ", {bytes} bytes in all")?,
        }
        for (path, entry) in &self.entries {
            match entry {
                Entry::Folder => writeln!(f, "{path}/")?,
                Entry::Link(target) => writeln!(f, "{path} -> {target}")?,
                Entry::Store(_) => writeln!(f, "{path}")?,
                Entry::Part(whole, below) => writeln!(f, "{path}: {}/{below}", whole.to_path())?,
                Entry::File(bytes, private) => {
                    let hash = HashAlgo::Sha256.hash(bytes).to_text(HashFormat::Nix32, true);
                    let private = if *private { ", for root alone" } else { "" };
                    writeln!(f, "{path}: {} bytes, {hash}{private}", bytes.len())?;
                }
            }
        }
        Ok(())
    }
}
