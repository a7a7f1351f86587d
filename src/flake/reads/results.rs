//! Results that are kept for later runs, each with the answers that it was computed from.
//!
//! One file has the results for one question, such as a host under certain settings: a line each, the last one first, as a
//! branch and the one that it is merged into have each its own. A line begins with its seal, so that one that was cut or
//! changed is none; with a secret the seal cannot be made by whoever does not have that.

use super::{Difference, Reads, State};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sys::{Digest, Fs, FsError, Mode};

/// Most results of one question that are kept.
const MOST_LINES: usize = 8;
/// Most bytes of a file that are read: 64 MiB.
const MOST_BYTES: u64 = 64 << 20;
/// Most questions that have results; those that were answered longest ago are forgotten.
const MOST_FILES: usize = 4_096;
/// What the secret is for, so that the same one may serve for something else.
const PURPOSE: &str = "cfgcheck 2026-11-26 results of evaluations";

/// Folders with results.
pub struct Results {
    fs: Arc<dyn Fs>,
    /// The first is written to, the others are read only.
    folders: Vec<PathBuf>,
    /// Makes and checks seals, if there is a secret.
    key: Option<[u8; 32]>,
}

/// What is known about a question.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<T> {
    /// A result all of whose answers hold, and what they are.
    Holds(T, Reads),
    /// Results, but none that holds: the last one, and the first answer that does not hold any more.
    Changed(T, Difference),
    /// Nothing.
    Nothing,
    /// A file that cannot be read, or has a line that is none: what is wrong with it.
    Broken(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<T> {
    reads: Reads,
    result: T,
}

impl Results {
    /// Returns the results in folders, the first of which is made when something is kept; the others are only read. With a
    /// secret, only results count that were kept with the same one.
    pub fn new(fs: Arc<dyn Fs>, folders: Vec<PathBuf>, secret: Option<&str>) -> Results {
        Results {
            fs,
            folders,
            key: secret.map(|secret| sys::derived_key(PURPOSE, secret.as_bytes())),
        }
    }

    /// Returns the result for a question that holds in a state of the flake.
    pub fn find<T: DeserializeOwned>(&self, question: Digest, state: &dyn State) -> Found<T> {
        let (mut first, mut broken) = (None, None);
        let lines = self.folders.iter().flat_map(|folder| {
            let lines = lines(self.fs.as_ref(), &folder.join(question.to_string()));
            lines.unwrap_or_else(|why| {
                broken.get_or_insert(why);
                Vec::new()
            })
        });
        let lines: Vec<String> = lines.collect();
        for line in &lines {
            let Some(text) = self.opened(question, line) else {
                broken.get_or_insert("a line is not whole, or was not kept with this secret".into());
                continue;
            };
            let Ok(Line { reads, result }) = serde_json::from_str(text) else {
                broken.get_or_insert("a line is no result".into());
                continue;
            };
            match reads.first_difference(state) {
                None => return Found::Holds(result, reads),
                Some(difference) => {
                    first.get_or_insert((result, difference));
                }
            }
        }
        match (first, broken) {
            (Some((result, difference)), _) => Found::Changed(result, difference),
            (None, Some(why)) => Found::Broken(why),
            (None, None) => Found::Nothing,
        }
    }

    /// Keeps a result for a question, before those that there are.
    pub fn keep<T: Serialize>(&self, question: Digest, reads: &Reads, result: &T) -> Result<(), FsError> {
        let Some(folder) = self.folders.first().filter(|_| reads.can_be_kept()) else {
            return Ok(());
        };
        let file = folder.join(question.to_string());
        let line = Line {
            reads: reads.clone(),
            result,
        };
        let text = serde_json::to_string(&line).expect("answers and results have only texts as keys");
        let new = format!("{} {text}", self.seal(question, &text));
        // What cannot be read is replaced.
        let mut lines = lines(self.fs.as_ref(), &file).unwrap_or_default();
        lines.retain(|line| *line != new && self.opened(question, line).is_some());
        lines.insert(0, new);
        lines.truncate(MOST_LINES);
        self.fs.create_dir_all(folder)?;
        let mut text = lines.join("\n");
        text.push('\n');
        self.fs.write_atomic(&file, text.as_bytes(), Mode::Plain)
    }

    /// Forgets what was kept longest ago, where there is too much.
    pub fn tidy(&self) -> Result<(), FsError> {
        let Some(folder) = self.folders.first() else {
            return Ok(());
        };
        if self.fs.stat(folder)?.is_none() {
            return Ok(());
        }
        let mut all = Vec::new();
        for entry in self.fs.read_dir(folder)? {
            let path = folder.join(entry.name);
            if let Some(stat) = self.fs.stat(&path)? {
                all.push((stat.modified_ns, path));
            }
        }
        all.sort();
        let over = all.len().saturating_sub(MOST_FILES);
        all[..over].iter().try_for_each(|(_, path)| self.fs.remove_file(path))
    }

    /// Returns what a line seals, if its seal is right.
    fn opened<'l>(&self, question: Digest, line: &'l str) -> Option<&'l str> {
        let (seal, text) = line.split_once(' ')?;
        // How long the comparison takes tells nobody anything: whoever writes the file does not see it.
        (seal == self.seal(question, text).to_string()).then_some(text)
    }

    /// Returns the seal of a text: for this question and no other.
    fn seal(&self, question: Digest, text: &str) -> Digest {
        let sealed = [question.0.as_slice(), text.as_bytes()].concat();
        match &self.key {
            Some(key) => Digest::keyed(key, &sealed),
            None => Digest::of(&sealed),
        }
    }
}

/// Returns the lines of a file, none if there is no file; an error is what is wrong with it.
fn lines(fs: &dyn Fs, file: &Path) -> Result<Vec<String>, String> {
    let told = |error: FsError| error.to_string();
    let Some(stat) = fs.stat(file).map_err(told)? else {
        return Ok(Vec::new());
    };
    if stat.len > MOST_BYTES {
        return Err(format!("{} has more than {} MiB", file.display(), MOST_BYTES >> 20));
    }
    let bytes = fs.read(file).map_err(told)?;
    Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
}
