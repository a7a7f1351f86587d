//! What Nix says while it builds, as it comes: hostile, bounded, and which derivations it says have failed.

use super::LOG_LINES;
use diag::clean_line;
use std::collections::VecDeque;
use store::StorePath;

/// Most bytes of one line.
const LINE: usize = 4096;
/// Most lines that say what failed.
const ERRORS: usize = 8;
/// Most derivations that are known to have failed.
const FAILED: usize = 1000;

/// What the next lines say more of.
enum Announced {
    /// Why this derivation failed.
    Reason(StorePath),
    /// The hashes that what this derivation made should have, and has.
    Hashes(StorePath, String),
}

/// The log of builds as it comes: its last lines, made harmless to print.
#[derive(Default)]
pub(super) struct Log {
    lines: VecDeque<String>,
    // What has come after the last whole line.
    rest: Vec<u8>,
    // The first lines that say what failed.
    errors: Vec<String>,
    // Derivations that have failed, and why.
    failed: Vec<(StorePath, String)>,
    // What the next lines say more of.
    announced: Option<Announced>,
    // The derivation whose building was told last.
    building: Option<StorePath>,
}

impl Log {
    /// Takes in what has come.
    pub fn take(&mut self, bytes: &[u8], told: &mut dyn FnMut(&str)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE.saturating_sub(self.rest.len());
            self.rest.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                self.line(told);
            }
        }
    }

    /// Takes in that nothing more comes.
    pub fn finish(&mut self, told: &mut dyn FnMut(&str)) {
        if !self.rest.is_empty() {
            self.line(told);
        }
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Returns the last lines.
    pub fn last(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }

    fn line(&mut self, told: &mut dyn FnMut(&str)) {
        let bytes = std::mem::take(&mut self.rest);
        let text = String::from_utf8_lossy(&bytes);
        let line = clean_line(text.trim_end()).into_owned();
        if line.trim().is_empty() {
            return;
        }
        told(&line);
        if let Some(rest) = line.strip_prefix("building '")
            && let Some(Ok(path)) = rest.split('\'').next().map(StorePath::parse)
        {
            self.building = Some(path);
        }
        self.read(&line);
        if self.lines.len() == LOG_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// Reads whether a line says that a derivation has failed.
    fn read(&mut self, line: &str) {
        let announced = self.announced.take();
        if let Some(Announced::Reason(path)) = &announced
            && let Some((_, why)) = line.split_once("Reason: ")
        {
            // One whose inputs failed is not to blame.
            if !why.contains("dependenc") {
                self.fails(path.clone(), why.trim_end_matches('.').to_owned());
            }
            return;
        }
        if let Some(Announced::Hashes(path, mut hashes)) = announced
            && let Some((name, hash)) = line.trim().split_once(": ")
            && ["specified", "got"].contains(&name)
        {
            hashes.push_str(&format!(", {name} {}", hash.trim()));
            match name {
                "got" => self.fails(path, hashes),
                _ => self.announced = Some(Announced::Hashes(path, hashes)),
            }
            return;
        }
        if !line.contains("error:") {
            return;
        }
        if self.errors.len() < ERRORS {
            self.errors.push(line.to_owned());
        }
        let words = [
            "builder for '",
            "building '",
            "building of '",
            "Cannot build '",
            "fixed-output derivation '",
        ];
        let named = words.iter().find_map(|word| {
            let (_, rest) = line.split_once(word)?;
            let (path, why) = rest.split_once('\'')?;
            // With the output that was wanted, in newer words.
            let path = path.split('^').next()?;
            Some((StorePath::parse(path).ok()?, why))
        });
        let Some((path, why)) = named else { return };
        if line.contains("hash mismatch") {
            self.announced = Some(Announced::Hashes(path, "what it fetches has another hash".into()));
            return;
        }
        let why = why.trim_matches([':', ';', ',', '.', ' ']);
        let why = why.trim_start_matches("from .drv file ");
        match why {
            "" => self.announced = Some(Announced::Reason(path)),
            why => self.fails(path, why.to_owned()),
        }
    }

    fn fails(&mut self, path: StorePath, why: String) {
        let is_known = self.failed.iter().any(|(known, _)| *known == path);
        if !is_known && self.failed.len() < FAILED {
            self.failed.push((path, why));
        }
    }

    /// Returns the derivations that have failed and why, as far as Nix has said so.
    pub fn failed(&self) -> &[(StorePath, String)] {
        &self.failed
    }

    /// Returns what to say where no derivation is known to have failed: Nix itself fails where the disk is full, and was
    /// then building this.
    pub fn verdict(&self) -> (Option<StorePath>, String) {
        let errors = self.errors.first();
        let why = errors.map(|line| line.trim().trim_start_matches("error:").trim());
        (
            self.building.clone(),
            why.unwrap_or("Nix failed without a word").to_owned(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "/nix/store/ldvc6np676qvhflm7645kq27lpa2gnxc-hello.drv";
    const OTHER: &str = "/nix/store/bd3lh57x5grwj1mkbfa0h3x66ps1zx5f-other.drv";

    #[test]
    fn a_log_says_what_failed() {
        for (said, expected) in [
            (
                format!("working\nerror: builder for '{FIRST}' failed with exit code 7;\n"),
                vec![(FIRST, "failed with exit code 7")],
            ),
            (
                format!(
                    "error: building of '{FIRST}^out' from .drv file timed out after 5 seconds\n\
                     error: builder for '{OTHER}' failed with exit code 1\nerror: 1 failed\n"
                ),
                vec![(FIRST, "timed out after 5 seconds"), (OTHER, "failed with exit code 1")],
            ),
            (
                format!(
                    "error: Cannot build '{FIRST}'.\n       Reason: builder failed with exit code 7.\n\
                     error: Cannot build '{OTHER}'.\n       Reason: 1 dependency failed.\n"
                ),
                vec![(FIRST, "builder failed with exit code 7")],
            ),
            (
                format!(
                    "error: hash mismatch in fixed-output derivation '{FIRST}':\n         specified: sha256-a=\n\
                     \x20           got:    sha256-b=\n"
                ),
                vec![(
                    FIRST,
                    "what it fetches has another hash, specified sha256-a=, got sha256-b=",
                )],
            ),
            ("error: no space left".into(), vec![]),
        ] {
            let mut log = Log::default();
            // However it comes in pieces.
            for byte in said.as_bytes() {
                log.take(&[*byte], &mut |_| {});
            }
            log.finish(&mut |_| {});
            let failed: Vec<_> = log
                .failed()
                .iter()
                .map(|(path, why)| (path.to_path(), why.as_str()))
                .collect();
            let failed: Vec<_> = failed.iter().map(|(path, why)| (path.as_str(), *why)).collect();
            assert_eq!(failed, expected, "{said}");
        }
    }

    #[test]
    fn a_log_without_a_name_says_the_first_error() {
        let mut log = Log::default();
        assert_eq!(log.verdict(), (None, "Nix failed without a word".into()));
        log.take(
            format!("building '{FIRST}'...\nerror: no space left\nerror: more\n").as_bytes(),
            &mut |_| {},
        );
        let (what, why) = log.verdict();
        assert_eq!(
            (what.map(|path| path.to_path()).as_deref(), why.as_str()),
            (Some(FIRST), "no space left")
        );
    }

    #[test]
    fn a_log_is_bounded_and_harmless() {
        let mut log = Log::default();
        let mut told = Vec::new();
        for number in 0..100 {
            log.take(format!("\u{1b}[31m{number}\n").as_bytes(), &mut |line| {
                told.push(line.to_owned())
            });
        }
        log.take(&[b'x'; 100_000], &mut |_| {});
        log.finish(&mut |_| {});
        assert_eq!((told.len(), log.lines.len()), (100, LOG_LINES));
        assert!(
            log.lines
                .iter()
                .all(|line| line.len() <= LINE && !line.contains('\u{1b}'))
        );
    }
}
