//! Unit files of systemd: read, and compared as a switch compares them.
//!
//! The rules are those of nixpkgs' `switch-to-configuration`: which settings a running unit cares
//! about, and whether it is restarted or reloaded when they differ.

use std::collections::BTreeMap;

/// The settings of a unit: by section and key, all values in order. `[Install]` is not among them, as it
/// says nothing of a unit that runs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct UnitFile(BTreeMap<(String, String), Vec<String>>);

/// What two states of a unit ask for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Comparison {
    /// Nothing: nothing differs that a running unit cares about.
    Equal,
    /// To be reloaded.
    Reload,
    /// To be restarted.
    Restart,
}

/// Settings of `[Unit]` that do not change a unit that runs.
const IGNORED: [&str; 12] = [
    "Description",
    "Documentation",
    "OnFailure",
    "OnSuccess",
    "OnFailureJobMode",
    "IgnoreOnIsolate",
    "StopWhenUnneeded",
    "RefuseManualStart",
    "RefuseManualStop",
    "AllowIsolate",
    "CollectMode",
    "SourcePath",
];

impl UnitFile {
    /// Returns the settings of a file. An empty value takes back those before it, as in systemd.
    pub(super) fn parse(text: &str) -> UnitFile {
        let mut unit = UnitFile::default();
        let mut section = String::new();
        let mut continued = String::new();
        for line in text.lines() {
            let line = line.trim_start();
            if line.starts_with(['#', ';']) || (line.is_empty() && continued.is_empty()) {
                continue;
            }
            if let Some(begin) = line.strip_suffix('\\') {
                continued.push_str(begin);
                continued.push(' ');
                continue;
            }
            let whole = std::mem::take(&mut continued) + line;
            if let Some(name) = whole.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                section = name.0.to_owned();
            } else if let Some((key, value)) = whole.split_once('=') {
                unit.add(&section, key.trim_end(), value.trim());
            }
        }
        unit
    }

    /// Adds a value.
    pub(super) fn add(&mut self, section: &str, key: &str, value: &str) {
        if section.is_empty() || section == "Install" {
            return;
        }
        let values = self.0.entry((section.to_owned(), key.to_owned())).or_default();
        match value {
            "" => values.clear(),
            value => values.push(value.to_owned()),
        }
    }

    /// Returns all values of a setting.
    pub(super) fn values(&self, section: &str, key: &str) -> &[String] {
        let found = self.0.get(&(section.to_owned(), key.to_owned()));
        found.map_or(&[], Vec::as_slice)
    }

    /// Whether a setting is true; its last value counts.
    pub(super) fn flag(&self, section: &str, key: &str, default: bool) -> bool {
        let last = self.values(section, key).last();
        last.map_or(default, |value| matches!(value.as_str(), "1" | "yes" | "true" | "on"))
    }

    /// Returns the words of all values of a setting.
    pub(super) fn words<'u>(&'u self, section: &str, key: &str) -> impl Iterator<Item = &'u str> {
        self.values(section, key)
            .iter()
            .flat_map(|value| value.split_whitespace())
    }

    /// Returns the names of the settings that differ, in order.
    pub(super) fn differing<'u>(&'u self, new: &'u UnitFile) -> Vec<&'u (String, String)> {
        let mut keys: Vec<&(String, String)> = self.0.keys().chain(new.0.keys()).collect();
        keys.sort();
        keys.dedup();
        keys.retain(|key| self.0.get(*key) != new.0.get(*key));
        keys
    }

    /// Returns what it asks for that a unit which ran as this is now that one.
    pub(super) fn compare(&self, new: &UnitFile) -> Comparison {
        let of = |key: &(String, String)| {
            let is_there = |unit: &UnitFile| unit.0.contains_key(key);
            let seen = |unit: &UnitFile| -> Option<Vec<String>> {
                Some(unit.0.get(key)?.iter().map(|value| compared(value)).collect())
            };
            if seen(self) == seen(new) {
                return Comparison::Equal;
            }
            match (key.0.as_str(), key.1.as_str()) {
                // Triggers or a way to reload that are gone have nothing to tell the unit.
                ("Unit", "X-Reload-Triggers") | ("Service", "ExecReload") => match is_there(new) {
                    true => Comparison::Reload,
                    false => Comparison::Equal,
                },
                ("Unit", name) if IGNORED.contains(&name) => Comparison::Equal,
                ("Mount", "Options") if is_there(self) && is_there(new) => Comparison::Reload,
                _ => Comparison::Restart,
            }
        };
        let all = self.differing(new).into_iter().map(of);
        all.max().unwrap_or(Comparison::Equal)
    }
}

/// Returns what a switch compares of a value: quotes around its beginning are taken off, and what follows a
/// blank and `#` or `;` does not count, whatever systemd makes of it.
fn compared(value: &str) -> String {
    let mut rest = value.trim_start();
    let mut whole = String::new();
    while let Some(quote) = rest.chars().next().filter(|first| matches!(first, '"' | '\'')) {
        let inside = &rest[1..];
        let (part, after) = inside.split_once(quote).unwrap_or((inside, ""));
        whole.push_str(part);
        rest = after;
    }
    let comment = [" #", " ;", "\t#", "\t;"]
        .iter()
        .filter_map(|begin| rest.find(begin))
        .min();
    whole.push_str(rest[..comment.unwrap_or(rest.len())].trim_end());
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn files_are_read_as_systemd_reads_them() {
        let unit = UnitFile::parse(
            "# c\n[Unit]\nDescription=a b\nAfter=x.service\nAfter=y.service\n\n[Service]\nExecStart=\nExecStart=/bin/a \\\n  --flag\n; c\nEnvironment=A=1\nEnvironment=\nEnvironment=B=2\n[Install]\nWantedBy=z.target\n",
        );
        assert_eq!(unit.values("Unit", "After"), ["x.service", "y.service"]);
        assert_eq!(unit.values("Service", "ExecStart"), ["/bin/a  --flag"]);
        assert_eq!(unit.values("Service", "Environment"), ["B=2"]);
        assert!(unit.values("Install", "WantedBy").is_empty());
        assert!(!unit.flag("Service", "X-StopIfChanged", false) && unit.flag("Service", "X-StopIfChanged", true));
    }

    #[test]
    fn a_running_unit_cares_about_some_settings() {
        use Comparison::{Equal, Reload, Restart};
        let service = "[Unit]\nDescription=a\n[Service]\nExecStart=/a\n";
        let check = |old: &str, new: &str, expected: Comparison| {
            assert_eq!(
                UnitFile::parse(old).compare(&UnitFile::parse(new)),
                expected,
                "{old} {new}"
            );
        };
        check(service, service, Equal);
        check(service, "[Unit]\nDescription=b\n[Service]\nExecStart=/a\n", Equal);
        check(
            service,
            "[Service]\nExecStart=/a\n[Install]\nWantedBy=x.target\n",
            Equal,
        );
        check(service, "[Unit]\nDescription=a\n[Service]\nExecStart=/b\n", Restart);
        check(
            service,
            "[Unit]\nDescription=a\nAfter=x\n[Service]\nExecStart=/a\n",
            Restart,
        );
        check(
            service,
            "[Unit]\nX-Reload-Triggers=1\n[Service]\nExecStart=/a\n",
            Reload,
        );
        check("[Unit]\nX-Reload-Triggers=1\n", "[Unit]\nX-Reload-Triggers=2\n", Reload);
        check("[Unit]\nX-Reload-Triggers=1\n", "[Unit]\n", Equal);
        check(
            "[Unit]\nX-Restart-Triggers=1\n",
            "[Unit]\nX-Restart-Triggers=2\n",
            Restart,
        );
        check(
            "[Service]\nExecStart=/a\n",
            "[Service]\nExecStart=/a\nExecReload=/r\n",
            Reload,
        );
        check("[Service]\nExecReload=/r\n", "[Service]\n", Equal);
        // What its reader takes for a comment, and quotes at the beginning.
        for (old, new, expected) in [
            ("/a # b", "/a # c", Equal),
            ("/a -c 'b ; c'", "/a -c 'b ; d'", Equal),
            ("/a#b", "/a#c", Restart),
            ("\"/a\" b", "/a b", Equal),
            ("\"/a ;b\"", "\"/a ;c\"", Restart),
            ("'/a", "'/b", Restart),
        ] {
            let with = |value: &str| format!("[Service]\nExecStart={value}\n");
            check(&with(old), &with(new), expected);
        }
        check(
            "[Service]\nExecReload=/r\n",
            "[Service]\nExecReload=/s\nNice=1\n",
            Restart,
        );
        check("[Mount]\nWhat=a\nOptions=ro\n", "[Mount]\nWhat=a\nOptions=rw\n", Reload);
        check("[Mount]\nWhat=a\nOptions=ro\n", "[Mount]\nWhat=a\n", Restart);
        check(
            "[Mount]\nWhat=a\nOptions=ro\n",
            "[Mount]\nWhat=b\nOptions=ro\n",
            Restart,
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[\\[\\]a-cA-C=#;'\"é\\\\ \n]{0,60}") {
            let unit = UnitFile::parse(&text);
            let _ = unit.compare(&UnitFile::default());
            prop_assert_eq!(unit.compare(&unit), Comparison::Equal);
        }
    }
}
