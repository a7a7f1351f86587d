//! What a configuration answers to the questions of `questions.nix`.

use super::ask::Asker;
use super::unit_file::UnitFile;
use super::units::{Unit, Units};
use diag::Pos;
use eval::error::Eval;
use eval::{Evaluator, Val};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// A package by its name and path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) path: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct WrittenUnit {
    text: String,
    wanted_by: Vec<String>,
}

/// A user.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct User {
    pub(super) uid: Option<i64>,
    pub(super) group: String,
    pub(super) extra_groups: BTreeSet<String>,
    pub(super) home: Option<String>,
    pub(super) shell: Option<String>,
    pub(super) description: String,
    pub(super) keys: BTreeSet<String>,
    pub(super) key_files: BTreeSet<String>,
    /// A hash of all that sets the password.
    pub(super) password: String,
    pub(super) password_file: Option<String>,
}

/// A group.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub(super) struct Group {
    pub(super) gid: Option<i64>,
    pub(super) members: BTreeSet<String>,
}

/// A range of ports, both ends in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
pub(super) struct Range {
    pub(super) from: i64,
    pub(super) to: i64,
}

/// The open ports of an interface, or of all.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Ports {
    pub(super) tcp: Vec<i64>,
    pub(super) tcp_ranges: Vec<Range>,
    pub(super) udp: Vec<i64>,
    pub(super) udp_ranges: Vec<Range>,
}

/// The firewall.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Firewall {
    pub(super) enable: Option<bool>,
    pub(super) all: Ports,
    pub(super) interfaces: BTreeMap<String, Ports>,
    pub(super) trusted: BTreeSet<String>,
    pub(super) ping: Option<bool>,
}

/// The kernel and what is booted with it; a container has none.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Kernel {
    pub(super) name: Option<String>,
    pub(super) path: Option<String>,
    pub(super) tree: Option<String>,
    pub(super) initrd: Option<String>,
    pub(super) parameters: Vec<String>,
    pub(super) modules: BTreeSet<String>,
    pub(super) initrd_modules: BTreeSet<String>,
    pub(super) blacklist: BTreeSet<String>,
    pub(super) extra: BTreeSet<String>,
}

/// The boot loader.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Boot {
    pub(super) loader: Option<String>,
    pub(super) timeout: Option<i64>,
}

/// systemd, and what keeps a running system from being switched.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ManagerFacts {
    pub(super) name: Option<String>,
    pub(super) path: Option<String>,
    pub(super) interface: Option<Json>,
    pub(super) inhibitors: BTreeMap<String, Json>,
}

/// A file system.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub(super) struct FileSystem {
    pub(super) device: Option<String>,
    pub(super) label: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) options: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct WrittenHome {
    packages: Vec<Package>,
    files: BTreeMap<String, String>,
    state_version: Option<String>,
    units: BTreeMap<String, Json>,
}

/// A home.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Home {
    pub(super) packages: Vec<Package>,
    /// The files of it, with what each of them is.
    pub(super) files: BTreeMap<String, String>,
    pub(super) state_version: Option<String>,
    pub(super) units: Units,
}

/// All answers of a configuration; `None` where a question failed.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Answers {
    pub(super) packages: Option<Vec<Package>>,
    pub(super) user_packages: Option<Vec<Package>>,
    pub(super) units: Option<Units>,
    pub(super) user_units: Option<Units>,
    pub(super) unit_packages: Option<Vec<Package>>,
    pub(super) users: Option<BTreeMap<String, User>>,
    pub(super) groups: Option<BTreeMap<String, Group>>,
    pub(super) firewall: Option<Firewall>,
    pub(super) kernel: Option<Kernel>,
    pub(super) boot: Option<Boot>,
    pub(super) manager: Option<ManagerFacts>,
    pub(super) file_systems: Option<BTreeMap<String, FileSystem>>,
    pub(super) swaps: Option<BTreeSet<String>>,
    pub(super) specialisations: Option<BTreeMap<String, String>>,
    pub(super) system: Option<BTreeMap<String, Option<String>>>,
    pub(super) etc: Option<BTreeMap<String, String>>,
    /// The home that the configuration is.
    pub(super) home: Option<Option<Home>>,
    /// The homes in it, by user.
    pub(super) homes: Option<BTreeMap<String, Home>>,
    /// Questions that failed, and why.
    pub(super) failed: BTreeMap<String, String>,
}

impl Answers {
    /// Asks a configuration all questions.
    pub(super) fn of(asker: &Asker<'_>, ev: &mut Evaluator, configuration: Val) -> Eval<Answers> {
        let questions = asker.questions(ev, configuration)?;
        let mut failed = BTreeMap::new();
        let mut ask = Ask {
            asker,
            ev,
            questions,
            failed: &mut failed,
        };
        let units = |units: BTreeMap<String, WrittenUnit>| units.into_iter().map(|(n, u)| (n, unit(&u))).collect();
        let mut answers = Answers {
            packages: ask.one("packages")?,
            user_packages: ask.one("user-packages")?,
            units: ask.one("units")?.map(units),
            user_units: ask.one("user-units")?.map(units),
            unit_packages: ask.one("unit-packages")?,
            users: ask.one("users")?,
            groups: ask.one("groups")?,
            firewall: ask.one("firewall")?,
            kernel: ask.one("kernel")?,
            boot: ask.one("boot")?,
            manager: ask.one("manager")?,
            file_systems: ask.one("file-systems")?,
            swaps: ask.one("swaps")?,
            specialisations: ask.one("specialisations")?,
            system: ask.one("system")?,
            etc: ask.one("etc")?,
            home: ask.one::<Option<WrittenHome>>("home")?.map(|home| home.map(home_of)),
            homes: ask
                .one::<BTreeMap<String, WrittenHome>>("homes")?
                .map(|homes| homes.into_iter().map(|(user, home)| (user, home_of(home))).collect()),
            failed: BTreeMap::new(),
        };
        answers.failed = failed;
        Ok(answers)
    }
}

struct Ask<'a, 'v> {
    asker: &'a Asker<'v>,
    ev: &'a mut Evaluator,
    questions: Val,
    failed: &'a mut BTreeMap<String, String>,
}

impl Ask<'_, '_> {
    /// Returns the answer to a question; why there is none goes to `failed`.
    fn one<T: DeserializeOwned>(&mut self, question: &str) -> Eval<Option<T>> {
        let symbol = self.ev.symbols.intern(question.as_bytes());
        let Some(attr) = self.ev.mem.attr(self.questions, symbol) else {
            return Ok(None);
        };
        let json = self.asker.tried(self.ev, |ev| {
            let value = ev.force(attr.value, attr.pos)?;
            Ok(ev.to_json(value, true, Pos::NONE)?.0)
        })?;
        let answer = json.and_then(|json| serde_json::from_slice(&json).map_err(|error| error.to_string()));
        Ok(match answer {
            Ok(answer) => Some(answer),
            Err(why) => {
                self.failed.insert(question.to_owned(), why);
                None
            }
        })
    }
}

fn unit(written: &WrittenUnit) -> Unit {
    Unit {
        file: UnitFile::parse(&written.text),
        wanted_by: written.wanted_by.clone(),
    }
}

fn home_of(written: WrittenHome) -> Home {
    Home {
        packages: written.packages,
        files: written.files,
        state_version: written.state_version,
        units: written
            .units
            .into_iter()
            .map(|(name, unit)| (name, home_unit(&unit)))
            .collect(),
    }
}

/// Returns a unit of a home, which is sections of settings.
fn home_unit(sections: &Json) -> Unit {
    let mut unit = Unit::default();
    for (section, settings) in sections.as_object().into_iter().flatten() {
        for (key, value) in settings.as_object().into_iter().flatten() {
            for value in texts(value) {
                if section == "Install" && matches!(key.as_str(), "WantedBy" | "RequiredBy" | "UpheldBy") {
                    unit.wanted_by.extend(value.split_whitespace().map(str::to_owned));
                } else {
                    unit.file.add(section, key, &value);
                }
            }
        }
    }
    unit
}

/// Returns the values of a setting as its file has them.
fn texts(value: &Json) -> Vec<String> {
    match value {
        Json::Null => Vec::new(),
        Json::Array(values) => values.iter().flat_map(texts).collect(),
        Json::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_homes_are_sections_of_settings() {
        let unit = home_unit(&serde_json::json!({
            "Unit": { "Description": "a", "After": ["b.service", "c.service"], "X": null },
            "Service": { "ExecStart": "/x", "Nice": 5, "RemainAfterExit": true },
            "Install": { "WantedBy": ["default.target"] },
        }));
        assert_eq!(unit.wanted_by, ["default.target"]);
        assert_eq!(unit.file.values("Unit", "After"), ["b.service", "c.service"]);
        assert_eq!(unit.file.values("Service", "Nice"), ["5"]);
        assert!(unit.file.flag("Service", "RemainAfterExit", false));
        assert!(unit.file.values("Unit", "X").is_empty());
    }
}
