//! Dummies in place of the secrets of a machine under test, under a key that is thrown away.
//!
//! A machine under test has none of its host's keys. So each file of secrets has a dummy in its place: a real file of sops
//! or age, which the host's own programs decrypt, with a key that opens nothing else ([`Identity`]). A dummy of a file of
//! sops has the same keys as the file itself, as their names are no secret; a secret that is not in its file is not in the
//! dummy either, so that the mistake shows. The values are of a kind that those who read them take ([`Use`]).
//!
//! A dummy depends on what the encrypted file says, and on nothing else: it is the same in both generations unless the
//! secret was changed between them, and the same in each run, so that what was built before is used again.

mod age;
mod seed;
mod sops;
mod told;
mod value;

pub use age::Identity;
pub use sops::Format;
pub use told::{PROPERTY, told};
pub use value::Use;

use seed::Seed;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Where the key lies on a machine under test: at the root, as other folders may be file systems of their own.
pub const IDENTITY_PATH: &str = "/cfgcheck/throw-away.age";

/// What installs a secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// sops-nix.
    Sops,
    /// agenix.
    Agenix,
}

impl Kind {
    /// Returns its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Sops => "sops",
            Kind::Agenix => "agenix",
        }
    }
}

/// A secret that a host wants.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Want {
    /// The user in whose home it is wanted; the host itself if none.
    pub home: Option<String>,
    /// Its name among the options.
    pub name: String,
    /// What installs it.
    pub kind: Kind,
    /// The form of its file.
    pub format: Format,
    /// The keys in the file that lead to it, with `/` between them; the whole file if there are none.
    pub key: String,
    /// The file that it comes from, as the host names it.
    pub file: String,
    /// Where it is installed.
    pub path: String,
    /// Whether it is wanted before there are users.
    pub needed_for_users: bool,
}

/// What is known of a file of secrets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// Its text.
    Text(String),
    /// A hash of it, where its text tells nothing.
    Hash(String),
    /// It is not to be seen here: it lies on the host, or is built.
    Elsewhere,
    /// It ought to be here and is not.
    Missing,
}

/// A dummy of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dummy {
    /// Its name, fit for a store.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A secret, and what was done about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Done {
    /// The user in whose home it is wanted.
    pub home: Option<String>,
    /// What installs it.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The number of its dummy, or why it is left as it is.
    pub dummy: Result<usize, Left>,
}

/// Why a secret is left as it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
pub enum Left {
    /// Its file is not there.
    #[error("its file is not there")]
    Missing,
    /// Nothing says that sops encrypted the file.
    #[error("its file is not encrypted by sops")]
    NotEncrypted,
}

/// What stands in for the secrets of a generation.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Dummies {
    /// The files.
    pub files: Vec<Dummy>,
    /// The secrets, in the order in which they are wanted.
    pub secrets: Vec<Done>,
}

/// Returns dummies for what a host wants.
///
/// `uses` says what reads which installed path, and `source` what is known of a file, by its name in the wants.
pub fn dummies(wants: &[Want], uses: &BTreeMap<String, Use>, mut source: impl FnMut(&Want) -> Source) -> Dummies {
    let identity = Identity::throw_away();
    let mut by_file: BTreeMap<(Kind, Format, &str), Vec<&Want>> = BTreeMap::new();
    for want in wants {
        by_file.entry(place(want)).or_default().push(want);
    }
    let mut made = Dummies::default();
    let mut numbers = BTreeMap::new();
    for (place, wants) in by_file {
        let file = source(wants[0]);
        let number = of_file(&wants, uses, &file, &identity).map(|dummy| {
            made.files.push(dummy);
            made.files.len() - 1
        });
        numbers.insert(place, number);
    }
    let done = |want: &Want| Done {
        home: want.home.clone(),
        kind: want.kind,
        name: want.name.clone(),
        dummy: numbers[&place(want)],
    };
    made.secrets = wants.iter().map(done).collect();
    made
}

/// Returns what tells a file from others.
fn place(want: &Want) -> (Kind, Format, &str) {
    (want.kind, want.format, &want.file)
}

/// Returns the dummy of one file, of which all wants are given.
fn of_file(wants: &[&Want], uses: &BTreeMap<String, Use>, source: &Source, identity: &Identity) -> Result<Dummy, Left> {
    let first = wants[0];
    let name = store_name(&first.file);
    let version = match source {
        Source::Missing => return Err(Left::Missing),
        Source::Hash(hash) => hash,
        Source::Text(_) | Source::Elsewhere => "",
    };
    if first.kind == Kind::Agenix {
        let what = wants.iter().map(|want| use_of(want, uses)).min().unwrap_or(Use::Text);
        let value = what.value(Seed::of("value", [&name, version]));
        let text = identity.encrypt(value.as_bytes());
        return Ok(Dummy { name, text });
    }
    let mut value = |path: &[String], cipher: &str| value_of(wants, uses, &name, path, cipher);
    let tree = match source {
        Source::Text(text) => match sops::read(first.format, text) {
            Ok(tree) => Some(sops::filled(&tree, &mut value)),
            Err(sops::Unread::NotEncrypted) => return Err(Left::NotEncrypted),
            Err(sops::Unread::NotUnderstood) => None,
        },
        Source::Hash(_) | Source::Elsewhere | Source::Missing => None,
    };
    let tree = tree.unwrap_or_else(|| made_up(wants, &mut value));
    let text = sops::encrypted(first.format, &name, &tree, identity);
    Ok(Dummy { name, text })
}

/// Returns the value at a path of a file of sops, from what wants it and from the encrypted text.
fn value_of(wants: &[&Want], uses: &BTreeMap<String, Use>, file: &str, path: &[String], cipher: &str) -> String {
    let key = path.join("/");
    let format = wants[0].format;
    let asked = wants.iter().filter(|want| format.is_whole() || want.key == key);
    let what = asked.map(|want| use_of(want, uses)).min();
    let what = what
        .filter(|_| format.has_one_use())
        .unwrap_or_else(|| Use::by_name(&key));
    what.value(Seed::of("value", [file, &key, cipher]))
}

/// Returns a tree with what is wanted of a file that cannot be seen.
fn made_up(wants: &[&Want], value: &mut dyn FnMut(&[String], &str) -> String) -> Map<String, Value> {
    let mut tree = Map::new();
    for want in wants {
        let path: Vec<String> = match want.format {
            Format::Binary => vec!["data".into()],
            Format::Dotenv => vec!["CFGCHECK_DUMMY".into()],
            Format::Ini => vec!["cfgcheck".into(), "dummy".into()],
            Format::Yaml | Format::Json if want.key.is_empty() => vec!["dummy".into()],
            Format::Yaml | Format::Json => want.key.split('/').map(str::to_owned).collect(),
        };
        let text = value(&path, "");
        let (last, folders) = path.split_last().expect("a path has a part");
        // Where a secret is asked for below another one, no file has both: the first one stays.
        let folder = folders.iter().try_fold(&mut tree, |folder, name| {
            folder.entry(name).or_insert_with(|| Map::new().into()).as_object_mut()
        });
        if let Some(folder) = folder {
            folder.entry(last).or_insert_with(|| text.into());
        }
    }
    tree
}

/// Returns what a secret is for.
fn use_of(want: &Want, uses: &BTreeMap<String, Use>) -> Use {
    let by_name = || match (Use::by_name(&want.name), want.needed_for_users) {
        (Use::Text, true) => Use::PasswordHash,
        (Use::Text, false) => Use::by_name(&want.key),
        (what, _) => what,
    };
    uses.get(&want.path).copied().unwrap_or_else(by_name)
}

/// Returns the name of a dummy of a file, fit for a store.
fn store_name(file: &str) -> String {
    let base = file.rsplit('/').next().unwrap_or_default();
    // A file that lies in the store by itself has the hash before its name.
    let is_hashed = file.starts_with("/nix/store/") && file.matches('/').count() == 3;
    let base = if is_hashed {
        base.get(33..).unwrap_or_default()
    } else {
        base
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || "+-._?=".contains(c);
    let name: String = base.chars().filter(|c| fits(*c)).take(100).collect();
    format!("dummy-{}", if name.is_empty() { "secret" } else { &name })
}

#[cfg(test)]
mod live;
#[cfg(test)]
mod tests;
