//! Which modules of a kernel have to be loaded, and in which order, by what `depmod` has written beside them; and their bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use sys::{FileKind, Fs, FsError};

/// What the agent needs to hear us, and a system's own stage 1 to find our disks: it may be for a machine that has others.
pub const LINE: &[&str] = &["virtio_pci", "virtio_console", "virtio_blk"];
/// What it needs to mount our disks itself.
pub const DISKS: &[&str] = &["virtio_pci", "virtio_console", "virtio_blk", "ext4"];

/// What a kernel may need to mount a file system of a kind, beside the module of its name: names in FAT have a code page
/// and an encoding, which each distribution chooses itself.
const BESIDE: &[(&str, &[&str])] = &[("vfat", &["nls_cp437", "nls_ascii", "nls_iso8859_1", "nls_utf8"])];

/// Most bytes of one module, and of each of depmod's files. The largest module of Debian's kernels has some ten mebibytes.
const MOST: u64 = 64 << 20;
/// Most links on the way to a file, as in Linux.
const LINKS: usize = 40;

/// A module of a kernel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Module {
    /// Its name, without the ending.
    pub name: String,
    /// The file as the kernel takes it.
    pub bytes: Vec<u8>,
}

/// Why modules cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// The disk.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// There is not one folder of modules.
    #[error("{} has modules of {count} kernels, not of one", .folder.display())]
    Kernels {
        /// The folder.
        folder: PathBuf,
        /// How many.
        count: usize,
    },
    /// The kernel lacks what a guest cannot do without.
    #[error("the kernel {kernel} has no module {name}, nor is it built in")]
    Missing {
        /// Its release.
        kernel: String,
        /// The module.
        name: String,
    },
    /// A link leads out of the store, or nowhere.
    #[error("{} leads out of the store", .path.display())]
    Outside {
        /// The link.
        path: PathBuf,
    },
    /// A file is no module, or too large.
    #[error("{} cannot be unpacked: {why}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

/// A store on this machine, in which `/nix/store/NAME` is `FOLDER/NAME`. Links in it are followed inside of it only.
#[derive(Clone, Copy)]
pub struct Store<'f> {
    /// The files of this machine.
    pub fs: &'f dyn Fs,
    /// The folder.
    pub folder: &'f Path,
}

impl Store<'_> {
    /// Returns the modules that a kernel needs so that it has these, each after those that it needs itself. What is built
    /// into the kernel is left out.
    ///
    /// `modules` is the folder with `lib/modules/RELEASE` below it.
    pub fn modules(&self, modules: &Path, wanted: &[&str]) -> Result<Vec<Module>, ModuleError> {
        self.modules_for(modules, wanted, [])
    }

    /// Returns the same for a kernel that also mounts file systems of these kinds. What it may need for them beside the
    /// modules of their names is taken if it is there.
    pub fn modules_for<'k>(
        &self,
        modules: &Path,
        wanted: &[&str],
        kinds: impl IntoIterator<Item = &'k str>,
    ) -> Result<Vec<Module>, ModuleError> {
        let all = self.resolve(&modules.join("lib/modules"))?;
        let releases = self.fs.read_dir(&all)?;
        let [release] = &releases[..] else {
            return Err(ModuleError::Kernels {
                folder: all,
                count: releases.len(),
            });
        };
        let folder = all.join(&release.name);
        let text = |name: &str| self.text(&folder.join(name));
        let needs = Needs::read(
            &text("modules.dep")?.unwrap_or_default(),
            &text("modules.builtin")?.unwrap_or_default(),
            &text("modules.softdep")?.unwrap_or_default(),
            &text("modules.alias")?.unwrap_or_default(),
        );
        let mut wanted = wanted.to_vec();
        for kind in kinds {
            wanted.push(kind);
            let beside = BESIDE.iter().filter(|(of, _)| *of == kind);
            wanted.extend(
                beside
                    .flat_map(|(_, names)| names.iter())
                    .filter(|name| needs.has(name)),
            );
        }
        let files = needs.in_order(&wanted).map_err(|name| ModuleError::Missing {
            kernel: release.name.to_string_lossy().into_owned(),
            name,
        })?;
        let module = |file: String| {
            Ok(Module {
                name: name_of(&file),
                bytes: self.unpacked(&folder.join(&file))?,
            })
        };
        files.into_iter().map(module).collect()
    }

    /// Returns a path without links, which lies in the store. A part that is not there is left as it is.
    fn resolve(&self, path: &Path) -> Result<PathBuf, ModuleError> {
        let outside = || ModuleError::Outside {
            path: path.to_path_buf(),
        };
        let mut links = 0;
        let below = path.strip_prefix(self.folder).map_err(|_| outside())?;
        let mut ahead: Vec<_> = parts(below).ok_or_else(outside)?;
        let mut done = PathBuf::new();
        while let Some(part) = ahead.pop() {
            if part == ".." {
                if !done.pop() {
                    return Err(outside());
                }
                continue;
            }
            let here = self.folder.join(&done).join(&part);
            if self.fs.lstat(&here)?.is_none_or(|stat| stat.kind != FileKind::Symlink) {
                done.push(part);
                continue;
            }
            links += 1;
            let target = self.fs.read_link(&here)?;
            let below = if target.is_absolute() {
                done = PathBuf::new();
                target.strip_prefix("/nix/store").map_err(|_| outside())?
            } else {
                &target
            };
            ahead.extend(parts(below).filter(|_| links <= LINKS).ok_or_else(outside)?);
        }
        Ok(self.folder.join(done))
    }

    fn text(&self, path: &Path) -> Result<Option<String>, ModuleError> {
        let path = self.resolve(path)?;
        if self.fs.stat(&path)?.is_none() {
            return Ok(None);
        }
        let bytes = bounded(self.fs.open(&path)?, &path)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Returns a module's bytes, which may be packed on the disk.
    fn unpacked(&self, path: &Path) -> Result<Vec<u8>, ModuleError> {
        let path = self.resolve(path)?;
        let file = self.fs.open(&path)?;
        let unreadable = |why: String| ModuleError::Unreadable {
            path: path.clone(),
            why,
        };
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("xz") => bounded(lzma_rust2::XzReader::new(file, false), &path),
            Some("gz") => bounded(flate2::read::GzDecoder::new(file), &path),
            Some("zst") => {
                let unpacked = ruzstd::decoding::StreamingDecoder::new(file);
                bounded(unpacked.map_err(|fault| unreadable(fault.to_string()))?, &path)
            }
            _ => bounded(file, &path),
        }
    }
}

/// Returns the parts of a relative path, the last one first; `None` if it is absolute.
fn parts(path: &Path) -> Option<Vec<std::ffi::OsString>> {
    let mut out = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => out.push(name.to_owned()),
            Component::ParentDir => out.push("..".into()),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    out.reverse();
    Some(out)
}

fn bounded(from: impl Read, path: &Path) -> Result<Vec<u8>, ModuleError> {
    let mut bytes = Vec::new();
    let read = from.take(MOST + 1).read_to_end(&mut bytes);
    let why = match read {
        Ok(_) if bytes.len() as u64 <= MOST => return Ok(bytes),
        Ok(_) => format!("it has more than {MOST} bytes"),
        Err(fault) => fault.to_string(),
    };
    Err(ModuleError::Unreadable {
        path: path.to_path_buf(),
        why,
    })
}

/// Returns the name of the module in a file: `virtio_pci` of `kernel/drivers/virtio/virtio-pci.ko.xz`.
fn name_of(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    let name = name.split_once(".ko").map_or(name, |(name, _)| name);
    name.replace('-', "_")
}

/// What depmod knows of a kernel's modules.
struct Needs {
    // By the module's name: its file, and the files that it needs, the last of which is loaded first.
    files: BTreeMap<String, (String, Vec<String>)>,
    builtin: BTreeSet<String>,
    // Modules that another wants before it without needing their symbols.
    before: BTreeMap<String, Vec<String>>,
    // Other names of modules, without those that are patterns.
    aliases: BTreeMap<String, Vec<String>>,
}

impl Needs {
    fn read(dep: &str, builtin: &str, softdep: &str, alias: &str) -> Needs {
        let files = dep.lines().filter_map(|line| {
            let (file, needed) = line.split_once(':')?;
            let needed = needed.split_ascii_whitespace().map(str::to_owned).collect();
            Some((name_of(file), (file.to_owned(), needed)))
        });
        let before = softdep.lines().filter_map(|line| {
            let mut words = line.strip_prefix("softdep ")?.split_ascii_whitespace();
            let name = words.next()?.replace('-', "_");
            let pre = words.skip_while(|word| *word != "pre:").skip(1);
            let names = pre
                .take_while(|word| *word != "post:")
                .map(|word| word.replace('-', "_"));
            Some((name, names.collect::<Vec<_>>()))
        });
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, names) in before {
            all.entry(name).or_default().extend(names);
        }
        let mut aliases: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in alias.lines() {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            if let ["alias", name, module] = words[..]
                && !name.contains(['*', '?', '['])
            {
                aliases
                    .entry(name.replace('-', "_"))
                    .or_default()
                    .push(module.to_owned());
            }
        }
        Needs {
            files: files.collect(),
            builtin: builtin.lines().map(name_of).collect(),
            before: all,
            aliases,
        }
    }

    /// Whether there is a module of a name.
    fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// Returns the files to load in order, or the name of a module that is not there.
    fn in_order(&self, wanted: &[&str]) -> Result<Vec<String>, String> {
        let mut order = Vec::new();
        let mut seen = BTreeSet::new();
        for name in wanted {
            if !self.add(name, &mut order, &mut seen) && !self.builtin.contains(*name) {
                return Err((*name).to_owned());
            }
        }
        Ok(order)
    }

    /// Adds a module behind those that it needs; returns whether it is a module.
    fn add(&self, name: &str, order: &mut Vec<String>, seen: &mut BTreeSet<String>) -> bool {
        let Some((file, needed)) = self.files.get(name) else {
            return false;
        };
        if seen.insert(name.to_owned()) {
            for before in self.before.get(name).into_iter().flatten() {
                // What this kernel does not have is no fault, as with modprobe.
                if !self.add(before, order, seen) {
                    for module in self.aliases.get(before).into_iter().flatten() {
                        self.add(module, order, seen);
                    }
                }
            }
            for file in needed.iter().rev() {
                self.add(&name_of(file), order, seen);
            }
            order.push(file.clone());
        }
        true
    }
}
