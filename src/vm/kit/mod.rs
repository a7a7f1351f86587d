//! What the build VM runs: a kernel, its modules, Nix with its libraries, and a shell, all made of Debian's packages.
//!
//! The packages of Debian 13 are known by their hashes (`amd64.txt`, `arm64.txt`), so it does not matter which mirror
//! they come from. They are unpacked here, and what is needed of them becomes one path of the store of the run.

mod deb;
mod tree;

pub use deb::DebError;
#[cfg(test)]
pub(crate) use tests::plainly;

use crate::Processor;
use crate::realised::{About, Limits, Realised, RealisedError};
use std::path::{Path, PathBuf};
use store::{HashAlgo, HashFormat, StorePath, write_nar};
use sys::{Fs, FsError, Mode};

/// Where packages come from if nothing else is said: Debian's mirrors, and its archive of all that it has ever had.
pub const MIRRORS: [&str; 2] = [
    "http://deb.debian.org/debian",
    "http://snapshot.debian.org/archive/debian/20261120T000000Z",
];
/// Changes with what is made of the packages.
const EDITION: u32 = 1;

/// Gets what a URL leads to, or says why not.
pub type Download<'d> = &'d dyn Fn(&str) -> Result<Vec<u8>, String>;

/// What a build VM runs, unpacked in the store of the run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kit {
    /// Its path: `usr`, `vmlinuz`, `modules`.
    pub path: StorePath,
    /// The kernel, on this machine.
    pub kernel: PathBuf,
}

/// Where packages are kept and come from.
#[derive(Clone, Copy)]
pub struct Source<'d> {
    /// A folder for packages, to be used again.
    pub cache: &'d Path,
    /// Mirrors, in the order in which they are asked.
    pub mirrors: &'d [String],
    /// Reaches them; none if the run is without a network.
    pub download: Option<Download<'d>>,
}

/// Why there is no kit.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    /// A package is nowhere to be had.
    #[error("the Debian package {name} of the build VM cannot be fetched: {why}")]
    Fetch {
        /// Its file's name.
        name: String,
        /// Why not, from each mirror.
        why: String,
    },
    /// A package cannot be unpacked.
    #[error("the Debian package {name} of the build VM cannot be unpacked: {error}")]
    Deb {
        /// Its file's name.
        name: String,
        /// What is wrong.
        error: DebError,
    },
    /// The disk fails.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The store of the run fails.
    #[error(transparent)]
    Realised(#[from] RealisedError),
}

/// A package of the table.
struct Package {
    sha256: &'static str,
    size: u64,
    path: &'static str,
}

/// Returns the packages for a processor.
fn packages(processor: Processor) -> impl Iterator<Item = Package> {
    let table = match processor {
        Processor::X86 => include_str!("amd64.txt"),
        Processor::Arm => include_str!("arm64.txt"),
    };
    table.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (sha256, size, path) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
        Some(Package { sha256, size, path })
    })
}

impl Package {
    fn name(&self) -> &'static str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// Returns the file in which it is kept.
    fn kept(&self, cache: &Path) -> PathBuf {
        cache.join(format!("{}.deb", self.sha256))
    }

    /// Returns its bytes, which have its hash.
    fn bytes(&self, fs: &dyn Fs, source: Source<'_>) -> Result<Vec<u8>, KitError> {
        let is_it = |bytes: &[u8]| HashAlgo::Sha256.hash(bytes).to_text(HashFormat::Base16, false) == self.sha256;
        let kept = self.kept(source.cache);
        match fs.read(&kept) {
            Ok(bytes) if is_it(&bytes) => return Ok(bytes),
            Ok(_) => {}
            Err(error) if error.is_absent() => {}
            Err(error) => return Err(error.into()),
        }
        let mut why = Vec::new();
        if let Some(download) = source.download {
            for mirror in source.mirrors {
                match download(&format!("{}/{}", mirror.trim_end_matches('/'), self.path)) {
                    Ok(bytes) if is_it(&bytes) => {
                        fs.create_dir_all(source.cache)?;
                        fs.write_atomic(&kept, &bytes, Mode::Plain)?;
                        return Ok(bytes);
                    }
                    Ok(_) => why.push(format!("what {mirror} has is another one")),
                    Err(error) => why.push(error),
                }
            }
        } else {
            why.push("the run is without a network".into());
        }
        Err(KitError::Fetch {
            name: self.name().to_owned(),
            why: why.join("; "),
        })
    }
}

/// Returns the path of the kit for a processor in the store, whether it is there or not.
fn path(processor: Processor) -> StorePath {
    let mut known = format!("edition {EDITION}\n");
    for package in packages(processor) {
        known.push_str(package.sha256);
    }
    let hash = HashAlgo::Sha256.hash(known);
    let digest: [u8; 20] = std::array::from_fn(|at| hash.digest()[at]);
    let name = format!("cfgcheck-kit-{}", processor.name());
    StorePath::new(&digest, name.as_bytes()).expect("the name follows the rules")
}

/// What a kit still lacks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Lacking {
    /// Packages that have to be fetched.
    pub packages: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Returns what has to be fetched before the kit for a processor is there; nothing if the store has it. `cache` is the folder
/// in which packages are kept.
pub fn lacking(processor: Processor, realised: &Realised, cache: &Path) -> Result<Lacking, KitError> {
    let mut lacking = Lacking::default();
    if realised.has(&path(processor))? {
        return Ok(lacking);
    }
    for package in packages(processor) {
        if realised.fs().stat(&package.kept(cache))?.is_none() {
            lacking.packages += 1;
            lacking.bytes += package.size;
        }
    }
    Ok(lacking)
}

/// Returns the kit for a processor, which is fetched and unpacked if the store does not have it. `told` gets a line for
/// each package that is not yet there.
pub fn kit(
    processor: Processor,
    realised: &Realised,
    source: Source<'_>,
    told: &mut dyn FnMut(&str),
) -> Result<Kit, KitError> {
    let path = path(processor);
    if !realised.has(&path)? {
        let mut tree = tree::Tree::new();
        for package in packages(processor) {
            let name = package.name();
            told(name);
            let bytes = package.bytes(realised.fs().as_ref(), source)?;
            let unpacked = deb::unpack(&bytes, &mut |file| tree.take(file));
            unpacked.map_err(|error| KitError::Deb {
                name: name.to_owned(),
                error,
            })?;
        }
        let mut archive = Vec::new();
        write_nar(&mut tree.finish(), &mut archive).map_err(|error| RealisedError::Archive {
            what: path.to_path(),
            why: error.to_string(),
        })?;
        let about = About {
            origin: "Debian packages".into(),
            ..About::default()
        };
        realised.add(&path, &mut archive.as_slice(), about, Limits::default())?;
    }
    let kernel = realised.outside(&path).join("vmlinuz");
    Ok(Kit { path, kernel })
}

#[cfg(test)]
pub(crate) mod tests;
