//! What an activation of home-manager says. All of it comes from a machine.

use diag::clean_line;

/// Most files that are named one by one.
const NAMED: usize = 8;
/// Most characters of a line that is told.
const LINE: usize = 300;

/// What an activation has said.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Said {
    /// The block that ran last.
    pub block: Option<String>,
    /// The last line.
    pub last: Option<String>,
    /// Files of the user's that are in the way of links.
    pub in_the_way: Vec<String>,
    /// Files of the user's that were moved away.
    pub moved: Vec<String>,
}

impl Said {
    /// Reads the output of an activation.
    pub fn of(output: &[u8]) -> Said {
        let text = String::from_utf8_lossy(output);
        let mut said = Said::default();
        for line in text.lines() {
            let line: String = clean_line(line.trim()).chars().take(LINE).collect();
            if line.is_empty() {
                continue;
            }
            if let Some(block) = line.strip_prefix("Activating ") {
                said.block = Some(block.to_owned());
            } else if let Some(file) = file_of(&line) {
                if line.contains("would be clobbered") {
                    said.in_the_way.push(file);
                } else if line.contains("in the way") {
                    said.moved.push(file);
                }
            }
            said.last = Some(line);
        }
        said
    }

    /// Returns why an activation ended with a code.
    pub fn why(&self, code: i32, is_back: bool) -> String {
        let what = if is_back { "going back" } else { "its activation" };
        if !self.in_the_way.is_empty() {
            return format!(
                "{what} finds files in the way of the home's links: {}",
                named(&self.in_the_way)
            );
        }
        match &self.block {
            Some(block) => format!("{what} ends with {code} in `{block}`"),
            None => format!("{what} ends with {code} before it begins"),
        }
    }
}

/// Returns the file that a line about an existing one names.
fn file_of(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("Existing file '")?;
    Some(rest.split_once('\'')?.0.to_owned())
}

/// Returns some of many names.
pub fn named(all: &[String]) -> String {
    let shown = all[..all.len().min(NAMED)].join(", ");
    match all.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
