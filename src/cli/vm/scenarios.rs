//! Which scenarios are played on which hosts.

use super::VmArgs;
use crate::check::settings::Place;
use crate::check::wrong;
use crate::config::Pattern;
use ::vm::scenario::{self, DEFAULT, SHIPPED, Scenario};
use diag::{Diagnostic, SourceMap, Span};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The folder of a repository's own scenarios.
pub const FOLDER: &str = "vm-tests";
/// What the scenarios are called together that are played where nothing is asked for.
const TOGETHER: &str = "default";

/// A scenario that may be played.
pub struct Playable {
    /// The scenario.
    pub scenario: Scenario,
    /// The files that it puts into the machine.
    pub files: BTreeMap<String, Vec<u8>>,
    hosts: Vec<Pattern>,
}

/// The scenarios of a run.
pub struct Scenarios {
    /// Their texts.
    pub sources: SourceMap,
    /// The folder that their paths are shown below.
    pub root: Vec<u8>,
    playable: Vec<Playable>,
    /// Whether they were asked for by name.
    is_asked: bool,
}

impl Scenarios {
    /// Reads the scenarios that are asked for, or those of the flake's folder; mistakes have been told, and are the exit
    /// code.
    pub fn read(place: &Place<'_>, args: &VmArgs) -> Result<Scenarios, u8> {
        let root = place.asked.root.clone().unwrap_or_default();
        let mut scenarios = Scenarios {
            sources: SourceMap::new(),
            root: root.into_os_string().into_encoded_bytes(),
            playable: Vec::new(),
            is_asked: !args.scenario.is_empty(),
        };
        for asked in &args.scenario {
            match scenario::shipped(asked) {
                Some(shipped) => scenarios.playable.push(Playable::shipped(shipped)),
                None if asked == TOGETHER => scenarios.playable.extend(Playable::of_default()),
                None if asked.contains(['/', '.']) => {
                    let base = place.machine.env.current_dir().unwrap_or_default();
                    scenarios.file(place, &base.join(asked), true)?;
                }
                None => {
                    let known: Vec<&str> = SHIPPED.map(|(name, _)| name).into_iter().chain([TOGETHER]).collect();
                    let help = match yaml::nearest(asked, known.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!(
                            "those that come with cfgcheck are {}; a file has a `/` or a `.` in it",
                            known.join(", ")
                        ),
                    };
                    return Err(wrong(format!("there is no scenario `{asked}`\nhelp: {help}")));
                }
            }
        }
        if !scenarios.is_asked
            && let Some(folder) = place.folder()
        {
            for file in files(place, &folder.join(FOLDER))? {
                scenarios.file(place, &file, false)?;
            }
        }
        Ok(scenarios)
    }

    /// Reads the scenario in a file, and the files that it names.
    fn file(&mut self, place: &Place<'_>, path: &Path, asked_for: bool) -> Result<(), u8> {
        let Some(bytes) = place.read(path, asked_for)? else {
            return Ok(());
        };
        let scenario = scenario::read(&mut self.sources, path.as_os_str().as_encoded_bytes(), &bytes)
            .map_err(|mistake| place.wrong(&[*mistake], &self.sources, &self.root))?;
        let mut mistakes = Vec::new();
        let mut mistake =
            |message: String, at: Span| mistakes.push(Diagnostic::error(message).rule("scenario").at(at, ""));
        let mut hosts = Vec::new();
        for (pattern, at) in &scenario.hosts {
            match Pattern::try_from(pattern.clone()) {
                Ok(pattern) => hosts.push(pattern),
                Err(error) => mistake(error, *at),
            }
        }
        let mut wanted = BTreeMap::new();
        let folder = path.parent().unwrap_or(Path::new("/"));
        for (name, at) in scenario.files() {
            let is_inside = Path::new(name)
                .components()
                .all(|part| matches!(part, std::path::Component::Normal(_)));
            match is_inside {
                true => match place.read(&folder.join(name), false)? {
                    Some(bytes) => drop(wanted.insert(name.to_owned(), bytes)),
                    None => mistake(format!("there is no file `{name}` beside the scenario"), at),
                },
                false => mistake(
                    "a file is named below the scenario's own folder, without `..`".into(),
                    at,
                ),
            }
        }
        if !mistakes.is_empty() {
            return Err(place.wrong(&mistakes, &self.sources, &self.root));
        }
        self.playable.push(Playable {
            scenario,
            files: wanted,
            hosts,
        });
        Ok(())
    }

    /// Tells patterns of hosts that no host of the flake fits, and returns the exit code.
    pub fn check_hosts(&self, place: &Place<'_>, known: &[String]) -> Result<(), u8> {
        let mut mistakes = Vec::new();
        for playable in &self.playable {
            for (pattern, (text, at)) in playable.hosts.iter().zip(&playable.scenario.hosts) {
                if known.iter().any(|name| pattern.matches(name)) {
                    continue;
                }
                let help = match yaml::nearest(text, known.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "`cfgcheck list hosts` has them all".to_owned(),
                };
                let message = format!("the flake has no host `{}`", diag::clean_line(text));
                mistakes.push(Diagnostic::error(message).rule("scenario").at(*at, "").hint(help));
            }
        }
        match mistakes.is_empty() {
            true => Ok(()),
            false => Err(place.wrong(&mistakes, &self.sources, &self.root)),
        }
    }

    /// Returns the scenarios for a host: those that name it or name none, and the default ones for a host without any.
    pub fn of_host(&self, host: &str) -> Vec<Playable> {
        let fits = |playable: &&Playable| {
            playable.hosts.is_empty() || playable.hosts.iter().any(|pattern| pattern.matches(host))
        };
        let mut found: Vec<Playable> = self.playable.iter().filter(fits).map(Playable::again).collect();
        if found.is_empty() && !self.is_asked {
            found.extend(Playable::of_default());
        }
        found
    }
}

impl Playable {
    /// Returns a scenario that comes with the program, for any host.
    fn shipped(scenario: Scenario) -> Playable {
        Playable {
            scenario,
            files: BTreeMap::new(),
            hosts: Vec::new(),
        }
    }

    /// Returns what is played where nothing is asked for.
    fn of_default() -> impl Iterator<Item = Playable> {
        DEFAULT.into_iter().filter_map(scenario::shipped).map(Playable::shipped)
    }

    fn again(&self) -> Playable {
        Playable {
            scenario: self.scenario.clone(),
            files: self.files.clone(),
            hosts: self.hosts.clone(),
        }
    }
}

/// Returns the scenarios of a folder, which need not be there, in the order of their names.
fn files(place: &Place<'_>, folder: &Path) -> Result<Vec<PathBuf>, u8> {
    let fs = &place.machine.fs;
    match fs.read_dir(folder) {
        Ok(entries) => {
            let is_scenario = |name: &Path| name.extension().is_some_and(|end| end == "yaml" || end == "yml");
            let paths = entries.iter().map(|entry| folder.join(&entry.name));
            Ok(paths.filter(|path| is_scenario(path)).collect())
        }
        Err(error) if error.is_absent() => Ok(Vec::new()),
        Err(error) => {
            crate::stream::complain(&format!("error: {error}"));
            Err(crate::exit::CANNOT_START)
        }
    }
}
