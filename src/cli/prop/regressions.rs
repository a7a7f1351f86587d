//! The folder of saved counterexamples: reading it and adding to it.

use crate::machine::Machine;
use crate::session::Asked;
use ::prop::Expr;
use ::prop::counter::EXTENSION;
use std::path::{Component, Path, PathBuf};
use sys::{FileKind, FsError, Mode};

/// Most characters of a file's name.
const MOST_NAME: usize = 100;

/// A folder of saved counterexamples.
pub struct Regressions {
    /// The folder.
    pub path: PathBuf,
    /// How reports call it.
    pub shown: String,
    /// Whether the command line names it; else it is the usual one of the flake.
    pub named: bool,
    /// The folder of the flake, if it is on the disk.
    pub flake: Option<PathBuf>,
}

/// A saved counterexample.
pub struct Saved {
    /// The file's name.
    pub name: String,
    /// Its text.
    pub text: Vec<u8>,
}

impl Regressions {
    /// Returns the saved counterexamples, in the order of their names; none where there is no folder.
    pub fn saved(&self, machine: &Machine, trusted: bool) -> Result<Vec<Saved>, String> {
        let entries = match machine.fs.read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.is_absent() => return Ok(Vec::new()),
            Err(error) => return Err(error.to_string()),
        };
        let mut names: Vec<String> = entries
            .into_iter()
            .filter(|entry| entry.kind != FileKind::Directory)
            .map(|entry| entry.name.to_string_lossy().into_owned())
            .filter(|name| Path::new(name).extension().is_some_and(|end| end == EXTENSION))
            .collect();
        names.sort();
        let read = |name: String| {
            let path = self.path.join(&name);
            self.stays(machine, &path, trusted)?;
            let text = machine.fs.read(&path).map_err(|error: FsError| error.to_string())?;
            Ok(Saved { name, text })
        };
        names.into_iter().map(read).collect()
    }

    /// Keeps a counterexample in a file of this name.
    pub fn keep(&self, machine: &Machine, name: &str, text: &str, trusted: bool) -> Result<(), String> {
        machine
            .fs
            .create_dir_all(&self.path)
            .map_err(|error| error.to_string())?;
        self.stays(machine, &self.path, trusted)?;
        let path = self.path.join(name);
        machine
            .fs
            .write_atomic(&path, text.as_bytes(), Mode::default())
            .map_err(|error| error.to_string())
    }

    /// Refuses what leads out of a flake: its author must not have files read or written elsewhere.
    fn stays(&self, machine: &Machine, path: &Path, trusted: bool) -> Result<(), String> {
        let Some(flake) = self.flake.as_ref().filter(|_| !self.named && !trusted) else {
            return Ok(());
        };
        let fs = &machine.fs;
        match (fs.canonicalize(flake), fs.canonicalize(path)) {
            (Ok(flake), Ok(real)) if !real.starts_with(&flake) => Err(format!(
                "'{}' is a link that leads out of the flake; --trust allows it for a flake that you trust",
                path.display()
            )),
            (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
            _ => Ok(()),
        }
    }

    /// Returns how a file of the folder gets at the flake.
    pub fn way_to_flake(&self, way: &Way) -> String {
        let Some(flake) = &self.flake else { return way.nix(0) };
        match self.path.strip_prefix(flake) {
            Ok(below) => way.nix(below.components().filter(|part| *part != Component::CurDir).count()),
            Err(_) => way.elsewhere(),
        }
    }
}

/// How a counterexample gets at the flake.
pub struct Way {
    /// The reference of the flake.
    reference: String,
    /// Where a flake on the disk lies in its tree, and whether that is one of Git.
    local: Option<(bool, String)>,
}

impl Way {
    /// Returns the way to a flake on the command line.
    pub fn to(asked: &Asked) -> Way {
        let kind = asked.reference.input.attrs().str("type").ok().flatten() == Some("git");
        let dir = asked.reference.dir.to_string();
        Way {
            reference: asked.reference.to_string(),
            local: asked.root.is_some().then_some((kind, dir)),
        }
    }

    /// Returns the way from a file that lies so many folders below the one of the flake.
    pub fn nix(&self, below: usize) -> String {
        let Some((git, dir)) = &self.local else {
            return self.elsewhere();
        };
        let up = below + dir.split('/').filter(|part| !part.is_empty()).count();
        let place = match up {
            0 => "./.".to_owned(),
            up => format!("{}.", "../".repeat(up)),
        };
        let more = match dir.as_str() {
            "" => String::new(),
            dir => format!(" + {}", Expr::str(format!("?dir={dir}")).print(0)),
        };
        match (git, more.as_str()) {
            (true, more) => format!("builtins.getFlake (\"git+file://\" + toString {place}{more})"),
            (false, "") => format!("builtins.getFlake (toString {place})"),
            (false, more) => format!("builtins.getFlake (\"path:\" + toString {place}{more})"),
        }
    }

    /// Returns the way from a file that lies anywhere.
    fn elsewhere(&self) -> String {
        format!("builtins.getFlake {}", Expr::str(&self.reference).print(0))
    }
}

/// Returns the name of the file that a counterexample is kept in: of the same law on the same host and option always
/// the same one.
pub fn file_name(law: &str, host: Option<&str>, option: Option<&str>) -> String {
    let parts: Vec<&str> = [Some(law), host, option].into_iter().flatten().collect();
    let whole = parts.join("--");
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let mut name: String = whole.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    if name != whole || name.len() > MOST_NAME {
        // FNV-1a tells apart what is shown alike.
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let hash = whole.bytes().fold(0xcbf2_9ce4_8422_2325, step);
        name.truncate(MOST_NAME);
        name.push_str(&format!("-{:08x}", hash >> 32));
    }
    format!("{name}.{EXTENSION}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use sys::{FixedEnv, ManualClock, MemoryFs};

    fn folder(path: &str) -> Regressions {
        Regressions {
            path: path.into(),
            shown: path.into(),
            named: false,
            flake: Some("/fleet".into()),
        }
    }

    fn machine() -> Machine {
        Machine {
            fs: Arc::new(MemoryFs::new()),
            env: Arc::new(FixedEnv::at("/")),
            clock: Arc::new(ManualClock::at(std::time::Duration::ZERO)),
            stack: 0,
        }
    }

    #[test]
    fn names_are_plain_and_tell_apart() {
        assert_eq!(file_name("a-law", Some("web"), Some("x.y")), "a-law--web--x.y.nix");
        let (one, other) = (
            file_name("a", None, Some("x.\"/\"")),
            file_name("a", None, Some("x.\"?\"")),
        );
        assert_ne!(one, other);
        assert!(one.starts_with("a--x.___-") && !one.contains('/'), "{one}");
        assert!(file_name("a", None, Some(&"x".repeat(9000))).len() < 130);
    }

    #[test]
    fn a_file_finds_the_flake_from_where_it_lies() {
        let way = |git: bool, dir: &str| Way {
            reference: "path:/fleet".into(),
            local: Some((git, dir.into())),
        };
        let check = |kept: &str, way: Way, nix: &str| {
            assert_eq!(folder(kept).way_to_flake(&way), format!("builtins.getFlake {nix}"));
        };
        check("/fleet/a", way(false, ""), "(toString ../.)");
        check("/fleet/a/b", way(true, ""), "(\"git+file://\" + toString ../../.)");
        check("/fleet", way(false, ""), "(toString ./.)");
        check(
            "/fleet/a",
            way(false, "x/y"),
            "(\"path:\" + toString ../../../. + \"?dir=x/y\")",
        );
        check("/else", way(true, ""), "\"path:/fleet\"");
    }

    #[test]
    fn what_is_kept_is_read_in_order() {
        let machine = machine();
        machine.fs.create_dir_all(Path::new("/fleet")).unwrap();
        let folder = folder("/fleet/kept");
        assert!(folder.saved(&machine, false).unwrap().is_empty());
        for name in ["b.nix", "a.nix"] {
            folder.keep(&machine, name, "{ }", false).unwrap();
        }
        machine
            .fs
            .write(Path::new("/fleet/kept/README"), b"x", Mode::default())
            .unwrap();
        let names: Vec<String> = folder
            .saved(&machine, false)
            .unwrap()
            .into_iter()
            .map(|saved| saved.name)
            .collect();
        assert_eq!(names, ["a.nix", "b.nix"]);
    }
}
