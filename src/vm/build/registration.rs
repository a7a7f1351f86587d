//! Reading what `nix-store --dump-db` says of paths. It comes out of the VM, so it is hostile.

use crate::realised::About;
use std::collections::BTreeSet;
use store::{Hash, HashAlgo, HashFormat, StorePath};

/// Most references of one path.
const MOST_REFERENCES: usize = 1 << 20;

/// What is said of one path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Registered {
    /// The path.
    pub path: StorePath,
    /// What a store has to be told of it.
    pub about: About,
}

/// Reads the registration of paths: of each path itself, its hash, its size, what it was made of, the number of its
/// references, and a line for each. Says what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Vec<Registered>, String> {
    let mut lines = text.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let path = StorePath::parse(line).map_err(|error| error.to_string())?;
        let mut next = || {
            lines
                .next()
                .ok_or_else(|| format!("the registration of {} breaks off", path.to_path()))
        };
        let hash = Hash::parse_in_format(next()?, HashAlgo::Sha256, HashFormat::Base16).map_err(|e| e.to_string())?;
        let size = next()?
            .parse()
            .map_err(|_| format!("the size of {} is none", path.to_path()))?;
        let deriver = match next()? {
            "" => None,
            deriver => Some(StorePath::parse(deriver).map_err(|error| error.to_string())?),
        };
        let count: usize = next()?
            .parse()
            .map_err(|_| "a number of references is none".to_owned())?;
        if count > MOST_REFERENCES {
            return Err(format!("{} has too many references", path.to_path()));
        }
        let mut references = BTreeSet::new();
        for _ in 0..count {
            references.insert(StorePath::parse(next()?).map_err(|error| error.to_string())?);
        }
        let about = About {
            references,
            deriver,
            origin: "the build VM".into(),
            nar_hash: Some(hash),
            nar_size: Some(size),
            ..About::default()
        };
        found.push(Registered { path, about });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &str = "/nix/store/ldvc6np676qvhflm7645kq27lpa2gnxc-hello";
    const DIGITS: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn a_registration_is_read_or_told_to_be_none() {
        let good = format!("{HELLO}\n{DIGITS}\n96\n{HELLO}.drv\n1\n{HELLO}\n");
        let found = parse(&good).expect("it is one");
        assert_eq!(found[0].path.to_path(), HELLO);
        assert_eq!(found[0].about.references.len(), 1);
        assert!(found[0].about.nar_hash.is_some() && found[0].about.deriver.is_some());
        for (text, expected) in [
            (format!("{HELLO}\n{DIGITS}\n96\n\n2\n{HELLO}\n"), "breaks off"),
            (
                format!("{HELLO}\n{DIGITS}\n96\n\nx\n"),
                "a number of references is none",
            ),
            (format!("{HELLO}\n{DIGITS}\n96\n\n99999999\n"), "too many references"),
            ("/etc/passwd\n".into(), "not in the Nix store"),
            (format!("{HELLO}\nxyz\n"), "invalid base16 hash"),
        ] {
            let error = parse(&text).expect_err("it is none");
            assert!(error.contains(expected), "{error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_registration_panics(text in "((/nix/store/ldvc6np676qvhflm7645kq27lpa2gnxc-hello|[0-9a-f]{0,64}|é|)\n){0,12}") {
            let _ = parse(&text);
        }
    }
}
