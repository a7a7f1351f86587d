//! Flake registries: what a flake ID such as `nixpkgs` means.
//!
//! Four are asked in order: what flags say (`--override-flake`), the user's, the system's, the
//! global one. For the inputs of a flake only the first and the last count, as in Nix, so that a
//! flake does not mean something else for each user.

use crate::attrs::Attrs;
use crate::error::RefError;
use crate::flakeref::FlakeRef;
use crate::input::Input;
use serde_json::Value;

/// An entry: what is looked up and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryEntry {
    /// What is looked up.
    pub from: Input,
    /// What it means.
    pub to: Input,
    /// The folder of the flake in what it means.
    pub dir: Option<String>,
    /// Whether branch and revision must be the same too.
    pub exact: bool,
}

/// One registry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Registry {
    /// Its entries in order; the first that fits counts.
    pub entries: Vec<RegistryEntry>,
}

/// Which registries are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lookup {
    /// None: a flake ID is an error.
    Nowhere,
    /// Flags and the global one: for the inputs of flakes.
    Limited,
    /// All: for what the user names.
    Everywhere,
}

/// The registries of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Registries {
    /// What flags say.
    pub flags: Registry,
    /// The user's: `~/.config/nix/registry.json`.
    pub user: Registry,
    /// The system's: `/etc/nix/registry.json`.
    pub system: Registry,
    /// The global one, if a file of it is there.
    pub global: Registry,
}

/// A registry, or a look-up in registries, that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// No registry knows the flake ID.
    #[error("cannot find flake '{0}' in the flake registries")]
    Unknown(String),
    /// Entries lead to each other.
    #[error("cycle detected in flake registry for '{0}'")]
    Cycle(String),
    /// A flake ID where no registry may be asked.
    #[error("'{0}' is an indirect flake reference, but registry lookups are not allowed")]
    NotAllowed(String),
    /// A file is not a registry. Nix warns and goes on without it.
    #[error("cannot parse flake registry '{path}': {why}")]
    Broken {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// A file has a version that is not known. Nix warns and goes on without it.
    #[error("flake registry '{path}' has unsupported version {version}")]
    Version {
        /// The file.
        path: String,
        /// Its version.
        version: u64,
    },
    /// An entry is not a reference.
    #[error(transparent)]
    Reference(#[from] RefError),
}

impl Registry {
    /// Returns the registry in a file's text; `path` is how messages name the file.
    pub fn parse(text: &[u8], path: &str) -> Result<Registry, RegistryError> {
        let broken = |why: &str| RegistryError::Broken {
            path: path.to_owned(),
            why: why.to_owned(),
        };
        let json: Value = serde_json::from_slice(text).map_err(|error| broken(&error.to_string()))?;
        let version = json.get("version").and_then(Value::as_u64).unwrap_or(0);
        if version != 2 {
            return Err(RegistryError::Version {
                path: path.to_owned(),
                version,
            });
        }
        let flakes = json
            .get("flakes")
            .and_then(Value::as_array)
            .ok_or_else(|| broken("'flakes' is not a list"))?;
        let mut registry = Registry::default();
        for flake in flakes {
            let attrs = |name: &str| -> Result<Attrs, RegistryError> {
                let value = flake.get(name).and_then(Value::as_object);
                let value = value.ok_or_else(|| broken(&format!("'{name}' of an entry is not an object")))?;
                attrs_of(value).ok_or_else(|| broken("unsupported input attribute type in lock file"))
            };
            let mut to = attrs("to")?;
            let dir = to.str("dir")?.map(str::to_owned);
            to.remove("dir");
            registry.entries.push(RegistryEntry {
                from: Input::from_attrs(attrs("from")?)?,
                to: Input::from_attrs(to)?,
                dir,
                exact: flake.get("exact").and_then(Value::as_bool).unwrap_or(false),
            });
        }
        Ok(registry)
    }

    /// Adds what `--override-flake FROM TO` says.
    pub fn add(&mut self, from: &FlakeRef, to: &FlakeRef) {
        let dir = (!to.dir.is_empty()).then(|| to.dir.clone());
        self.entries.push(RegistryEntry {
            from: from.input.clone(),
            to: to.input.clone(),
            dir,
            exact: false,
        });
    }
}

fn attrs_of(json: &serde_json::Map<String, Value>) -> Option<Attrs> {
    let mut attrs = Attrs::new();
    for (name, value) in json {
        match value {
            Value::String(text) => attrs.set(name, text.as_str()),
            Value::Bool(truth) => attrs.set(name, *truth),
            Value::Number(number) => attrs.set(name, number.as_u64()?),
            _ => return None,
        }
    }
    Some(attrs)
}

impl Registries {
    /// Returns what an input means, and the folder that a registry names for it.
    ///
    /// A direct input is looked up too where registries may be asked, as entries may stand for those.
    pub fn resolve(&self, input: &Input, lookup: Lookup) -> Result<(Input, Option<String>), RegistryError> {
        if lookup == Lookup::Nowhere {
            return match input.is_direct() {
                true => Ok((input.clone(), None)),
                false => Err(RegistryError::NotAllowed(input.display())),
            };
        }
        let registries = match lookup {
            Lookup::Limited => vec![&self.flags, &self.global],
            _ => vec![&self.flags, &self.user, &self.system, &self.global],
        };
        let mut found = input.clone();
        let mut dir = None;
        for _ in 0..100 {
            let mut entries = registries.iter().flat_map(|registry| &registry.entries);
            let fits = |entry: &&RegistryEntry| {
                if entry.exact {
                    entry.from == found
                } else {
                    entry.from.contains(&found)
                }
            };
            let Some(entry) = entries.find(fits) else {
                return match found.is_direct() {
                    true => Ok((found, dir)),
                    false => Err(RegistryError::Unknown(found.display())),
                };
            };
            dir.clone_from(&entry.dir);
            found = if entry.exact {
                entry.to.clone()
            } else {
                let git_ref = if entry.from.git_ref()?.is_none() {
                    found.git_ref()?
                } else {
                    None
                };
                let rev = if entry.from.rev()?.is_none() {
                    found.rev()?
                } else {
                    None
                };
                entry.to.with_overrides(git_ref, rev.as_ref())?
            };
        }
        Err(RegistryError::Cycle(input.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flakeref::Reading;

    const TEXT: &str = r#"{"version": 2, "flakes": [
        {"from": {"type": "indirect", "id": "nixpkgs"},
         "to": {"type": "github", "owner": "NixOS", "repo": "nixpkgs", "dir": "x"}},
        {"from": {"type": "indirect", "id": "a"}, "to": {"type": "indirect", "id": "b"}},
        {"from": {"type": "indirect", "id": "b"}, "to": {"type": "indirect", "id": "a"}},
        {"from": {"type": "indirect", "id": "p"}, "to": {"type": "path", "path": "/p"}, "exact": true}
    ]}"#;

    #[track_caller]
    fn check(text: &str, lookup: Lookup, expected: &str) {
        let user = Registry::parse(TEXT.as_bytes(), "registry.json").unwrap();
        let registries = Registries {
            user,
            ..Registries::default()
        };
        let input = FlakeRef::parse(text, Reading::ABSOLUTE).unwrap().input;
        let found = match registries.resolve(&input, lookup) {
            Ok((input, dir)) => format!("{} {}", input.display(), dir.unwrap_or_default()),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn lookups() {
        check("nixpkgs", Lookup::Everywhere, "github:NixOS/nixpkgs x");
        check(
            "nixpkgs/nixos-24.05",
            Lookup::Everywhere,
            "github:NixOS/nixpkgs/nixos-24.05 x",
        );
        check(
            "nixpkgs",
            Lookup::Limited,
            "cannot find flake 'flake:nixpkgs' in the flake registries",
        );
        check(
            "nixpkgs",
            Lookup::Nowhere,
            "'flake:nixpkgs' is an indirect flake reference, but registry lookups are not allowed",
        );
        check(
            "a",
            Lookup::Everywhere,
            "cycle detected in flake registry for 'flake:a'",
        );
        check("p", Lookup::Everywhere, "path:/p ");
        check(
            "p/x",
            Lookup::Everywhere,
            "cannot find flake 'flake:p/x' in the flake registries",
        );
        check("/q", Lookup::Everywhere, "path:/q ");
    }

    #[test]
    fn broken_registries() {
        assert!(matches!(Registry::parse(b"{", "r"), Err(RegistryError::Broken { .. })));
        assert!(matches!(
            Registry::parse(b"{\"version\": 9}", "r"),
            Err(RegistryError::Version { version: 9, .. })
        ));
    }
}
