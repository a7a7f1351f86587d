//! Reading a fleet's file: what YAML and types say of it first, then what only those who know the hosts can tell.

use super::selector::{means_any, means_none};
use super::{Fleet, Selector};
use diag::{Diagnostic, FileId, SourceMap};
use std::collections::BTreeMap;
use store::StorePath;
use yaml::Entry;

/// What the file holds, as messages say it.
const WHAT: &str = "fleet";

/// Which hosts there are.
#[derive(Clone, Copy, Debug)]
pub enum Known<'k> {
    /// These are all of the flake's.
    All(&'k [String]),
    /// There may be others.
    Some(&'k [String]),
}

impl Fleet {
    /// Returns what a file's bytes say of a fleet, or what is wrong with them, at its place. The bytes are added to the sources
    /// under the file's path.
    pub fn read(
        sources: &mut SourceMap,
        path: &[u8],
        bytes: &[u8],
        known: Known<'_>,
    ) -> Result<Fleet, Box<Diagnostic>> {
        let number = sources.len();
        // A file of comments alone says nothing.
        let is_empty = String::from_utf8_lossy(bytes)
            .lines()
            .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
        if is_empty {
            return Ok(Fleet::default());
        }
        let fleet: Fleet = yaml::read(sources, path, bytes, WHAT)?;
        let Some(mistake) = fleet.mistake(known) else {
            return Ok(fleet);
        };
        let file = sources.file(FileId(number as u32));
        let text = String::from_utf8_lossy(&file.text);
        let span = yaml::entry(&text, file.base, mistake.block, mistake.entry());
        let diagnostic = Diagnostic::error(mistake.message).rule(WHAT).at(span, "");
        Err(Box::new(match mistake.hint {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        }))
    }

    fn mistake(&self, known: Known<'_>) -> Option<Mistake> {
        let names: Vec<String> = match known {
            Known::All(names) => names.to_vec(),
            Known::Some(names) => names.iter().chain(self.hosts.keys()).cloned().collect(),
        };
        if let Some(name) = self.hosts.keys().find(|name| !names.contains(name)) {
            let near = yaml::nearest(name, names.iter().map(String::as_str));
            return Some(Mistake {
                block: "hosts",
                key: Some(name.clone()),
                item: 0,
                message: format!("`{}` is no host of the flake", diag::clean_line(name)),
                hint: near.map(|near| format!("did you mean `{near}`?")),
            });
        }
        let hosts = self.tagged(&names);
        let of = |block: &'static str, item: usize, selector: &Selector| Mistake {
            block,
            key: None,
            item,
            message: means_none(selector, &hosts),
            hint: None,
        };
        let canaries = self
            .canary
            .iter()
            .enumerate()
            .map(|(item, canary)| ("canary", item, canary));
        let waves = self.waves.iter().enumerate();
        let waves = waves.flat_map(|(item, wave)| wave.iter().map(move |selector| ("waves", item, selector)));
        if let Some((block, item, selector)) = canaries
            .chain(waves)
            .find(|(_, _, selector)| !means_any(selector, &hosts))
        {
            return Some(of(block, item, selector));
        }
        let empty = self.waves.iter().position(Vec::is_empty)?;
        Some(Mistake {
            block: "waves",
            key: None,
            item: empty,
            message: "a wave without a host".into(),
            hint: Some("hosts that are in no wave come last by themselves".into()),
        })
    }
}

/// Something that is wrong with the file as a whole.
struct Mistake {
    /// The key at the top that it is about.
    block: &'static str,
    /// The key below that, or else the item of the list.
    key: Option<String>,
    item: usize,
    message: String,
    hint: Option<String>,
}

impl Mistake {
    fn entry(&self) -> Entry<'_> {
        match &self.key {
            Some(key) => Entry::Key(key),
            None => Entry::Item(self.item),
        }
    }
}

/// Returns the systems that a file names, by their hosts, or what is wrong with it. The bytes are added to the sources under
/// the file's path.
pub fn systems(
    sources: &mut SourceMap,
    path: &[u8],
    bytes: &[u8],
) -> Result<BTreeMap<String, String>, Box<Diagnostic>> {
    let systems: BTreeMap<String, String> = yaml::read(sources, path, bytes, "systems")?;
    let wrong = systems.values().find(|path| StorePath::parse(path.as_bytes()).is_err());
    match wrong {
        None => Ok(systems),
        Some(path) => {
            let message = format!("`{}` is no path of the store", diag::clean_line(path));
            Err(Box::new(Diagnostic::error(message).rule("systems")))
        }
    }
}
