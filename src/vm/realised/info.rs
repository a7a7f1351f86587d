//! What is known of one path of the store.

use std::collections::BTreeSet;
use std::fmt::Write;
use store::{Hash, HashFormat, StorePath};

/// What is known of a path that is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Info {
    /// The hash of its archive, computed while it was unpacked.
    pub nar_hash: Hash,
    /// The length of its archive in bytes.
    pub nar_size: u64,
    /// What it refers to; itself may be among them.
    pub references: BTreeSet<StorePath>,
    /// The derivation that it was built by.
    pub deriver: Option<StorePath>,
    /// Where it came from, in a few words.
    pub origin: String,
    /// The hash of contents that its name follows from, as `ca` of a narinfo has it.
    pub address: Option<String>,
}

impl Info {
    /// Returns the text of the file that keeps it: lines as a narinfo has them.
    pub(super) fn print(&self) -> String {
        let mut text = format!(
            "NarHash: {}\nNarSize: {}\nReferences:",
            self.nar_hash.to_text(HashFormat::Nix32, true),
            self.nar_size
        );
        for reference in &self.references {
            text.push(' ');
            text.push_str(reference.base_name());
        }
        text.push('\n');
        if let Some(deriver) = &self.deriver {
            writeln!(text, "Deriver: {}", deriver.base_name()).expect("a text takes all");
        }
        if let Some(address) = &self.address {
            writeln!(text, "CA: {address}").expect("a text takes all");
        }
        writeln!(text, "Origin: {}", self.origin).expect("a text takes all");
        text
    }

    /// Reads the text of the file that keeps it, or says what is wrong.
    pub(super) fn parse(bytes: &[u8]) -> Result<Info, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let value = |key: &str| {
            let mut lines = text.lines();
            lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(':').map(str::trim))
        };
        let needed = |key: &str| value(key).ok_or_else(|| format!("it has no {key}"));
        let path = |name: &str| StorePath::from_base_name(name).map_err(|error| error.to_string());
        Ok(Info {
            nar_hash: Hash::parse_prefixed(needed("NarHash")?).map_err(|error| error.to_string())?,
            nar_size: needed("NarSize")?
                .parse()
                .map_err(|_| "NarSize is no number".to_owned())?,
            references: needed("References")?
                .split_whitespace()
                .map(path)
                .collect::<Result<_, _>>()?,
            deriver: value("Deriver").map(path).transpose()?,
            origin: value("Origin").unwrap_or_default().to_owned(),
            address: value("CA").map(str::to_owned),
        })
    }

    /// Appends what `nix-store --load-db` reads: of each path itself, its hash in hexadecimal, its size, what it was made
    /// of, the number of its references, and a line for each.
    pub(super) fn register(&self, path: &StorePath, text: &mut String) {
        let deriver = self.deriver.as_ref().map(StorePath::to_path).unwrap_or_default();
        let hash = self.nar_hash.to_text(HashFormat::Base16, false);
        let (path, size, count) = (path.to_path(), self.nar_size, self.references.len());
        writeln!(text, "{path}\n{hash}\n{size}\n{deriver}\n{count}").expect("a text takes all");
        for reference in &self.references {
            writeln!(text, "{}", reference.to_path()).expect("a text takes all");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn paths() -> impl Strategy<Value = StorePath> {
        ("[0-9a-df-np-sv-z]{32}", "[a-z][a-z0-9.-]{0,9}").prop_map(|(digest, name)| {
            StorePath::from_base_name(format!("{digest}-{name}")).expect("it follows the rules")
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            digest in any::<[u8; 32]>(), nar_size: u64, references in prop::collection::btree_set(paths(), 0..4),
            deriver in prop::option::of(paths()), origin in "[a-z]([a-z ]{0,9}[a-z])?",
            address in prop::option::of("fixed:[a-z0-9:]{1,9}"),
        ) {
            let nar_hash = Hash::new(store::HashAlgo::Sha256, &digest);
            let info = Info { nar_hash, nar_size, references, deriver, origin, address };
            prop_assert_eq!(Info::parse(info.print().as_bytes()), Ok(info));
        }

        #[test]
        fn no_file_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "(NarHash: [a-z0-9:]{0,60}\n|NarSize: [0-9]{0,30}\n|References:[ -z]{0,60}\n){0,4}") {
            let _ = Info::parse(&bytes);
            let _ = Info::parse(text.as_bytes());
        }
    }
}
