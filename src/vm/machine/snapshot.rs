//! Moments that outlive a run: the overlays of a machine that has booted, kept under a key of all that it depends on.

use super::spec::{Medium, Network, Spec};
use crate::turns::{Turn, Turns};
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::{HashAlgo, Hasher, nix32};
use sys::{Fs, FsError, FsOp, Mode};

/// The name that a moment has inside of the overlays.
pub const MOMENT: &str = "booted";
/// Version of what a key is made of; another one makes all that was kept before useless.
const VERSION: &str = "2";
/// The file of a moment that has what the machine had written on its console by then.
const CONSOLE: &str = "console";
/// How the names of folders begin that are being filled.
const MAKING: &str = "new-";
/// Most moments that are kept; the oldest goes first. Each takes some hundred megabytes.
const MOST: usize = 8;

/// Everything that a kept moment depends on, as one short text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key(String);

/// A key in the making: facts are added in order.
pub struct Facts(Hasher);

impl Facts {
    /// Returns the facts that there are no facts.
    pub fn new() -> Facts {
        let mut facts = Facts(Hasher::new(HashAlgo::Sha256));
        facts.add("version", VERSION.as_bytes());
        facts
    }

    /// Adds a fact under a name.
    pub fn add(&mut self, name: &str, value: &[u8]) {
        // With lengths, so that no two lists of facts are the same text.
        self.0.update(format!("{name} {} ", value.len()).as_bytes());
        self.0.update(value);
    }

    /// Adds the day. A machine that goes on from a moment has the clock of that moment, which is to be no older.
    ///
    /// It is not set: a clock that jumps has each timer elapse that lies in between, and the backups, updates and clean-ups of
    /// a night would run in the middle of a test, fail without a network, and be blamed on the change.
    pub fn add_day(&mut self, unix_time: Duration) {
        const DAY: u64 = 24 * 60 * 60;
        self.add("day", (unix_time.as_secs() / DAY).to_string().as_bytes());
    }

    /// Adds all that a guest sees of its machine, and the bytes of its kernel and its initial RAM disk. What is on the disks is not
    /// in it: their contents are facts of whoever has made them.
    pub fn add_machine(&mut self, spec: &Spec, fs: &dyn Fs) -> Result<(), FsError> {
        let Spec {
            processor,
            accel,
            memory,
            cpus,
            kernel,
            initrd,
            parameters,
            drives,
            ports,
            network,
            screen,
            most_disk: _,
        } = spec;
        let network = match network {
            Network::None => "none".to_owned(),
            Network::Restricted { cable } => format!("{cable:?}"),
        };
        let kind = |medium: &Medium| match medium {
            Medium::ReadOnly(_) => "read-only",
            Medium::Raw(_) => "raw",
            Medium::Overlay { .. } => "overlay",
        };
        let drives: Vec<_> = drives
            .iter()
            .map(|drive| (kind(&drive.medium), &drive.serial))
            .collect();
        let (processor, accel) = (processor.name(), accel.name());
        let shape = format!("{processor} {accel} {memory} {cpus} {drives:?} {ports:?} {network} {screen}");
        self.add("machine", shape.as_bytes());
        self.add("parameters", parameters.as_bytes());
        self.add("kernel", &fs.read(kernel)?);
        self.add("initrd", &fs.read(initrd)?);
        Ok(())
    }

    /// Returns the key of these facts.
    pub fn key(self) -> Key {
        Key(nix32::encode(self.0.finish().digest()))
    }
}

impl Default for Facts {
    fn default() -> Facts {
        Facts::new()
    }
}

/// Moments that are kept in a folder.
#[derive(Clone, Copy)]
pub struct Moments<'m> {
    /// The folder.
    pub folder: &'m Path,
    /// Has the folder.
    pub fs: &'m dyn Fs,
    /// Of machines that start from the same moment at the same time, one makes it.
    pub turns: &'m Turns,
}

impl<'m> Moments<'m> {
    /// Returns the turn at a moment, once no other machine of this run starts from it or makes it.
    pub fn turn(&self, key: &Key) -> Turn<'m> {
        self.turns.take(format!("moment {}", key.0))
    }

    /// Whether there is such a moment.
    pub fn has(&self, key: &Key) -> Result<bool, FsError> {
        Ok(self.fs.stat(&self.folder.join(&key.0).join(CONSOLE))?.is_some())
    }

    /// Puts the overlays of a moment in the place of a machine's own, and returns what had been written on its console by
    /// then; `None` if there is no such moment.
    ///
    /// The machine can then be started with [`MOMENT`] as its snapshot.
    pub fn restore(&self, key: &Key, spec: &Spec) -> Result<Option<Vec<u8>>, FsError> {
        let kept = self.folder.join(&key.0);
        let console = match self.fs.read(&kept.join(CONSOLE)) {
            Ok(console) => console,
            Err(error) if error.is_absent() => return Ok(None),
            Err(error) => return Err(error),
        };
        for (number, (name, overlay)) in overlays(spec).enumerate() {
            match self.fs.copy(&kept.join(name), overlay) {
                // Another run has just forgotten it, or replaces it; no disk is changed yet.
                Err(error) if error.is_absent() && number == 0 => return Ok(None),
                other => other?,
            }
        }
        Ok(Some(console))
    }

    /// Keeps the overlays of a machine that has saved [`MOMENT`] and stands still, and what it has written on its console.
    pub fn keep(&self, key: &Key, spec: &Spec, console: &[u8]) -> Result<(), FsError> {
        let kept = self.folder.join(&key.0);
        // Another run may keep the same moment now, and another one take it.
        let token = sys::random_token().map_err(|source| FsError::new(FsOp::Create, self.folder, source))?;
        let making = self.folder.join(format!("{MAKING}{token}"));
        self.fs.create_dir_all(&making)?;
        let made = self.copy_to(&making, spec, console).and_then(|()| {
            self.fs.remove_dir_all(&kept)?;
            self.fs.rename(&making, &kept)
        });
        if made.is_err() {
            // The first error is the one to tell; what cannot be removed is forgotten as the oldest.
            let _ = self.fs.remove_dir_all(&making);
            // Whoever was faster has kept the same.
            if self.fs.stat(&kept)?.is_none() {
                return made;
            }
        }
        self.forget_oldest()
    }

    fn copy_to(&self, folder: &Path, spec: &Spec, console: &[u8]) -> Result<(), FsError> {
        self.fs.write(&folder.join(CONSOLE), console, Mode::Plain)?;
        for (name, overlay) in overlays(spec) {
            self.fs.copy(overlay, &folder.join(name))?;
        }
        Ok(())
    }

    /// Removes a moment, such as one that cannot be used.
    pub fn forget(&self, key: &Key) -> Result<(), FsError> {
        self.fs.remove_dir_all(&self.folder.join(&key.0))
    }

    /// Removes what is too much.
    fn forget_oldest(&self) -> Result<(), FsError> {
        let mut all = Vec::new();
        for entry in self.fs.read_dir(self.folder)? {
            let path = self.folder.join(entry.name);
            if let Some(stat) = self.fs.stat(&path)? {
                all.push((stat.modified_ns, path));
            }
        }
        all.sort();
        let over = all.len().saturating_sub(MOST);
        for (_, path) in &all[..over] {
            self.fs.remove_dir_all(path)?;
        }
        Ok(())
    }
}

/// Returns the overlays of a machine with a name for each.
fn overlays(spec: &Spec) -> impl Iterator<Item = (String, &PathBuf)> {
    spec.drives
        .iter()
        .enumerate()
        .filter_map(|(number, drive)| match &drive.medium {
            Medium::Overlay { file, .. } => Some((format!("disk{number}"), file)),
            Medium::ReadOnly(_) | Medium::Raw(_) => None,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Processor;
    use crate::accel::Accel;
    use crate::machine::Drive;
    use sys::MemoryFs;

    fn spec() -> Spec {
        Spec {
            processor: Processor::X86,
            accel: Accel::Tcg,
            memory: 1024,
            cpus: 2,
            kernel: "/kernel".into(),
            initrd: "/initrd".into(),
            parameters: "quiet".into(),
            drives: vec![
                Drive {
                    medium: Medium::ReadOnly("/delta".into()),
                    serial: "delta".into(),
                },
                Drive {
                    medium: Medium::Overlay {
                        file: "/run/root".into(),
                        base: "/cache/base".into(),
                    },
                    serial: "root".into(),
                },
            ],
            ports: vec!["agent".into()],
            network: Network::None,
            screen: true,
            most_disk: 1,
        }
    }

    fn machine() -> MemoryFs {
        MemoryFs::new()
            .file("/kernel", "k")
            .file("/initrd", "i")
            .file("/run/root", "written")
            .directory("/moments")
    }

    fn key(spec: &Spec, fs: &MemoryFs, image: &str) -> Key {
        let mut facts = Facts::new();
        facts.add("image", image.as_bytes());
        facts.add_machine(spec, fs).expect("the files are there");
        facts.key()
    }

    #[test]
    fn whatever_the_guest_could_notice_makes_another_key() {
        let own = key(&spec(), &machine(), "base");
        assert_eq!(key(&spec(), &machine(), "base"), own);
        let elsewhere = Spec { most_disk: 2, ..spec() };
        assert_eq!(key(&elsewhere, &machine(), "base"), own, "the guest does not see it");
        let changes: [fn(&mut Spec); 9] = [
            |spec| spec.processor = Processor::Arm,
            |spec| spec.accel = Accel::Kvm,
            |spec| spec.memory = 1025,
            |spec| spec.cpus = 1,
            |spec| spec.parameters.push('x'),
            |spec| drop(spec.drives.pop()),
            |spec| spec.ports.clear(),
            |spec| spec.network = Network::Restricted { cable: None },
            |spec| spec.screen = false,
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut spec = spec();
            change(&mut spec);
            assert_ne!(key(&spec, &machine(), "base"), own, "change {number}");
        }
        assert_ne!(key(&spec(), &machine(), "other"), own);
        assert_ne!(key(&spec(), &machine().file("/kernel", "K"), "base"), own);
        assert_ne!(key(&spec(), &machine().file("/initrd", "I"), "base"), own);
    }

    #[test]
    fn a_moment_is_of_its_day() {
        let key = |hours: u64| {
            let mut facts = Facts::new();
            facts.add_day(Duration::from_secs(hours * 3600));
            facts.key()
        };
        assert_eq!(key(24), key(47));
        assert_ne!(key(24), key(48));
    }

    #[test]
    fn what_is_kept_comes_back_and_half_of_it_does_not() {
        let (fs, turns) = (machine(), Turns::default());
        let moments = Moments {
            folder: Path::new("/moments"),
            fs: &fs,
            turns: &turns,
        };
        let key = key(&spec(), &fs, "base");
        assert_eq!(moments.restore(&key, &spec()).expect("it can be looked for"), None);
        moments.keep(&key, &spec(), b"[ 0.0] Linux").expect("it can be kept");
        fs.write(Path::new("/run/root"), b"fresh", sys::Mode::Plain)
            .expect("it can be written");
        let console = moments.restore(&key, &spec()).expect("it is there");
        assert_eq!(console.as_deref(), Some(&b"[ 0.0] Linux"[..]));
        assert_eq!(fs.read(Path::new("/run/root")).expect("it is there"), b"written");
        fs.remove_file(&moments.folder.join(&key.0).join("disk1"))
            .expect("it is there");
        assert_eq!(moments.restore(&key, &spec()).expect("it can be looked for"), None);
    }

    #[test]
    fn only_so_many_moments_are_kept() {
        let (fs, turns) = (machine(), Turns::default());
        let moments = Moments {
            folder: Path::new("/moments"),
            fs: &fs,
            turns: &turns,
        };
        for number in 0..MOST + 3 {
            let key = key(&spec(), &fs, &number.to_string());
            moments.keep(&key, &spec(), b"[ 0.0] Linux").expect("it can be kept");
        }
        assert_eq!(fs.read_dir(moments.folder).expect("it is there").len(), MOST);
    }
}
