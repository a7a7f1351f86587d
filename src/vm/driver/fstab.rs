//! What a switch does to file systems: it unmounts what is gone or has another device.

use std::collections::BTreeMap;

use diag::Severity;

use super::session::{Done, Session};
use crate::finding::Blame;

/// Most bytes of an fstab.
const MOST: u64 = 1 << 20;

/// Most lines of an fstab that are compared.
const MOST_LINES: usize = 1_000;

/// A line of an fstab: device, kind, options.
type Line = (String, String, String);

impl Session<'_> {
    /// Tells which file systems the head has on other devices, or no more.
    pub(super) fn compare_fstab(&mut self) -> Done {
        let mut read = |toplevel: String| {
            self.guest
                .read(&format!("{toplevel}/etc/fstab"), MOST)
                .unwrap_or_default()
        };
        let old = mounts(&read(self.play.base.toplevel.to_path()));
        let new = mounts(&read(self.play.head.toplevel.to_path()));
        for (folder, line) in &old {
            let (message, severity) = match new.get(folder) {
                None => (
                    format!("{folder} is no file system of its own any more: the switch unmounts it"),
                    Severity::Warning,
                ),
                Some(now) if now.0 == line.0 && now.1 == line.1 => continue,
                Some(_) if ["/", "/nix"].contains(&folder.as_str()) => (
                    format!("{folder} comes from another device, which counts after a reboot only"),
                    Severity::Warning,
                ),
                Some(_) => (
                    format!("{folder} comes from another device: the switch unmounts it and mounts the other one"),
                    Severity::Warning,
                ),
            };
            let hint = "move the data first, and stop what uses it";
            self.tell(
                "fstab-changed",
                severity,
                message,
                Blame::FileSystem(folder.clone()),
                hint,
            );
        }
        let added: Vec<&str> = new
            .keys()
            .filter(|folder| !old.contains_key(*folder))
            .map(String::as_str)
            .collect();
        if !added.is_empty() {
            self.properties.insert("mounts".into(), super::words::names(added));
        }
        Ok(())
    }
}

/// Returns the file systems of an fstab by the folders that they are mounted on.
fn mounts(bytes: &[u8]) -> BTreeMap<String, Line> {
    let text = String::from_utf8_lossy(bytes);
    let mount = |line: &str| {
        let mut words = line.split_whitespace().map(super::words::line_of);
        let (device, folder, kind, options) = (words.next()?, words.next()?, words.next()?, words.next()?);
        // Swap has no folder.
        (!device.starts_with('#') && folder.starts_with('/')).then_some((folder, (device, kind, options)))
    };
    text.lines().take(MOST_LINES).filter_map(mount).collect()
}
