//! What is kept of a play, within bounds.

use diag::Severity;

use super::session::{Done, Session};
use super::words;
use crate::artifact::Artifact;
use crate::finding::Blame;
use crate::guest::{Call, GuestError};
use crate::scenario::{ArtifactName, Collect, Get, Put};

/// Most bytes of one thing that is kept (8 MiB).
const MOST_BYTES: usize = 8 << 20;

/// Most bytes of all of them (64 MiB).
const MOST_OF_ALL: usize = 64 << 20;

/// Most things that are kept.
const MOST_THINGS: usize = 100;

/// Most lines of a journal.
const MOST_LINES: &str = "--lines=5000";

/// What is kept.
#[derive(Default)]
pub(super) struct Shelf {
    pub(super) artifacts: Vec<Artifact>,
    bytes: usize,
}

impl Shelf {
    /// Keeps a text; a later one of the same name gets a number.
    pub(super) fn text(&mut self, name: &str, text: String) {
        self.bytes(name, "text/plain", text.as_bytes());
    }

    /// Keeps the end of some bytes, as far as there is room.
    pub(super) fn bytes(&mut self, name: &str, media_type: &'static str, bytes: &[u8]) {
        let room = MOST_BYTES.min(MOST_OF_ALL - self.bytes);
        if bytes.is_empty() || room == 0 || self.artifacts.len() >= MOST_THINGS {
            return;
        }
        let bytes = &bytes[bytes.len().saturating_sub(room)..];
        let (stem, end) = name
            .rsplit_once('.')
            .map_or((name, String::new()), |(stem, end)| (stem, format!(".{end}")));
        let numbered = (2..).map(|number| format!("{stem}-{number}{end}"));
        let taken = |name: &String| self.artifacts.iter().any(|artifact| artifact.name == *name);
        let name = std::iter::once(name.to_owned())
            .chain(numbered)
            .find(|name| !taken(name));
        self.bytes += bytes.len();
        self.artifacts.push(Artifact {
            name: name.unwrap_or_default(),
            media_type,
            bytes: bytes.to_vec(),
        });
    }
}

impl Session<'_> {
    /// Keeps what the machine tells of itself at the end, as far as it still answers.
    pub(super) fn collect(&mut self) {
        let console = self.guest.console();
        self.shelf.bytes("console.log", "text/plain", &console);
        if self.answers {
            // That there is no journal is no fault of the change.
            if let Some(journal) = self.journal() {
                self.shelf.bytes("journal.log", "text/plain", &journal);
            }
        }
    }

    fn journal(&mut self) -> Option<Vec<u8>> {
        let call = Call::new([
            "journalctl",
            "--boot",
            "--quiet",
            "--no-pager",
            "--output=short-monotonic",
            MOST_LINES,
        ]);
        self.ask_anyway(&call)
    }

    /// Keeps one of the things that a machine tells of itself.
    pub(super) fn collect_one(&mut self, what: Collect) -> Done {
        match what {
            Collect::Journal => {
                let journal = self
                    .journal()
                    .ok_or_else(|| self.unjudged("the machine has no journal"))?;
                self.shelf.bytes("journal.log", "text/plain", &journal);
            }
            Collect::Units => {
                let units = self.units()?;
                self.shelf.text("units.txt", units.table());
            }
            Collect::Console => {
                let console = self.guest.console();
                self.shelf.bytes("console.log", "text/plain", &console);
            }
        }
        Ok(())
    }

    /// Takes a picture of the screen.
    pub(super) fn screenshot(&mut self, name: &ArtifactName) -> Done {
        match self.guest.screenshot() {
            Ok(picture) => self
                .shelf
                .bytes(&format!("{}.png", name.as_str()), "image/png", &picture),
            // A machine without a screen is one that shows nothing, which fails nobody.
            Err(GuestError::Refused { why } | GuestError::Host { why }) => {
                let message = format!("there is no picture `{}`: {}", name.as_str(), words::line_of(&why));
                self.tell("screenshot-missing", Severity::Warning, message, Blame::Step, "");
            }
            Err(error) => return Err(self.broken(error)),
        }
        Ok(())
    }

    /// Writes a file into the machine.
    pub(super) fn put(&mut self, put: &Put) -> Done {
        let bytes = match (&put.text, &put.file) {
            (Some(text), _) => text.as_bytes(),
            (None, Some(file)) => match self.play.files.get(file) {
                Some(bytes) => bytes,
                None => return Err(self.unjudged(&format!("the file `{file}` was not read"))),
            },
            (None, None) => &[],
        };
        match self.guest.write(put.to.as_str(), bytes, put.executable) {
            Ok(()) => Ok(()),
            Err(GuestError::Refused { why }) => Err(self.failed(
                format!("{} cannot be written: {}", put.to.as_str(), words::line_of(&why)),
                None,
            )),
            Err(error) => Err(self.broken(error)),
        }
    }

    /// Keeps a file of the machine.
    pub(super) fn get(&mut self, get: &Get) -> Done {
        match self.guest.read(get.path.as_str(), MOST_BYTES as u64) {
            Ok(bytes) => {
                let kind = if std::str::from_utf8(&bytes).is_ok() {
                    "text/plain"
                } else {
                    "application/octet-stream"
                };
                self.shelf.bytes(get.name.as_str(), kind, &bytes);
                Ok(())
            }
            Err(GuestError::Refused { why }) => Err(self.failed(
                format!("{} cannot be read: {}", get.path.as_str(), words::line_of(&why)),
                None,
            )),
            Err(error) => Err(self.broken(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_once_and_room_is_bounded() {
        let mut shelf = Shelf::default();
        for _ in 0..3 {
            shelf.text("a.txt", "x".into());
        }
        shelf.bytes("b", "text/plain", &vec![0; MOST_BYTES + 5]);
        shelf.text("empty.txt", String::new());
        let kept: Vec<_> = shelf
            .artifacts
            .iter()
            .map(|a| (a.name.as_str(), a.bytes.len()))
            .collect();
        assert_eq!(kept, [("a.txt", 1), ("a-2.txt", 1), ("a-3.txt", 1), ("b", MOST_BYTES)]);
        for _ in 0..20 {
            shelf.bytes("c", "text/plain", &vec![0; MOST_BYTES]);
        }
        assert_eq!(
            shelf.artifacts.iter().map(|a| a.bytes.len()).sum::<usize>(),
            MOST_OF_ALL
        );
    }
}
