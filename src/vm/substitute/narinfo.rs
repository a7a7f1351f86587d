//! `narinfo`: what a cache says of a store path. It comes from a server, so it is hostile.

use super::compression::Compression;
use super::key::{PublicKey, Signature};
use diag::clean_line;
use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use store::{ContentAddress, Hash, HashAlgo, HashFormat, References, StorePath, content_addressed_path};

/// Most bytes of one, which for a whole system has thousands of references.
pub const MOST: u64 = 4 << 20;
/// Most signatures of a path that are looked at.
const SIGNATURES: usize = 64;
/// Most references of a path.
const REFERENCES: usize = 1 << 16;
/// Most bytes of an archive, as of any archive that the store of a run takes.
const NAR_SIZE: u64 = 64 << 30;
/// The longest URL of an archive.
const URL: usize = 2048;

/// What a cache says of a store path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NarInfo {
    /// The path.
    pub path: StorePath,
    /// Where its archive lies, below the cache.
    pub url: String,
    /// How the archive is compressed.
    pub compression: Compression,
    /// The size of what lies there.
    pub file_size: Option<u64>,
    /// The hash of the archive.
    pub nar_hash: Hash,
    /// The size of the archive.
    pub nar_size: u64,
    /// What the path refers to; itself may be among them.
    pub references: BTreeSet<StorePath>,
    /// The derivation that it was built by.
    pub deriver: Option<StorePath>,
    /// Who vouches for it.
    pub signatures: Vec<Signature>,
    /// The hash of contents that its name follows from.
    pub address: Option<ContentAddress>,
}

/// Why what a cache says of a path is believed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trust {
    /// A trusted key has signed it.
    Signed(String),
    /// The path's name follows from its contents, which are checked when they come.
    Addressed(ContentAddress),
}

impl NarInfo {
    /// Reads what is said of a path, or says what is wrong with it.
    pub fn parse(bytes: &[u8], of: &StorePath) -> Result<NarInfo, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let mut values: BTreeMap<&str, &str> = BTreeMap::new();
        let mut signatures = Vec::new();
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else {
                return Err(format!("the line '{}' has no colon", shown(line)));
            };
            let value = value.trim();
            if key == "Sig" {
                if signatures.len() == SIGNATURES {
                    return Err(format!("it has more than {SIGNATURES} signatures"));
                }
                signatures.push(Signature::parse(value).map_err(|why| shown(&why))?);
                continue;
            }
            match values.entry(key) {
                Entry::Vacant(free) => drop(free.insert(value)),
                Entry::Occupied(_) => return Err(format!("it has two {}", shown(key))),
            }
        }
        let needed = |key: &str| values.get(key).copied().ok_or_else(|| format!("it has no {key}"));
        let number = |key: &str| {
            let text = needed(key)?;
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = is_number.then(|| text.parse::<u64>().ok()).flatten();
            number.ok_or_else(|| format!("its {key} is no size"))
        };
        let path = StorePath::parse(needed("StorePath")?).map_err(|error| shown(&error.to_string()))?;
        if path != *of {
            return Err(format!("it is about {}", path.to_path()));
        }
        let nar_hash = Hash::parse_any(needed("NarHash")?, None).map_err(|error| shown(&error.to_string()))?;
        if nar_hash.algo() != HashAlgo::Sha256 {
            return Err("its NarHash is no SHA-256".into());
        }
        let nar_size = number("NarSize")?;
        if !(1..=NAR_SIZE).contains(&nar_size) {
            return Err(format!("its NarSize is {nar_size}"));
        }
        let named = |name: &str| StorePath::from_base_name(name).map_err(|error| shown(&error.to_string()));
        let mut references = BTreeSet::new();
        for name in values.get("References").copied().unwrap_or_default().split_whitespace() {
            if references.len() == REFERENCES {
                return Err(format!("it has more than {REFERENCES} references"));
            }
            references.insert(named(name)?);
        }
        let deriver = values.get("Deriver").copied();
        let deriver = deriver.filter(|name| !name.is_empty() && *name != "unknown-deriver");
        let address = values.get("CA").copied().filter(|text| !text.is_empty());
        let address = address.map(|text| ContentAddress::parse(text).map_err(|error| shown(&error.to_string())));
        Ok(NarInfo {
            path,
            url: below(needed("URL")?)?,
            // Without the line it is bzip2, which the first caches had.
            compression: Compression::parse(values.get("Compression").copied().unwrap_or("bzip2"))
                .map_err(|why| shown(&why))?,
            file_size: values
                .contains_key("FileSize")
                .then(|| number("FileSize"))
                .transpose()?,
            nar_hash,
            nar_size,
            references,
            deriver: deriver.map(named).transpose()?,
            signatures,
            address: address.transpose()?,
        })
    }

    /// Returns why it is believed, given the keys that are trusted; `None` if it is not.
    pub fn trust(&self, keys: &[PublicKey]) -> Option<Trust> {
        if let Some(address) = self.addressed() {
            return Some(Trust::Addressed(address));
        }
        let text = self.fingerprint();
        let mut signed = self.signatures.iter().filter(|signature| {
            let mut keys = keys.iter();
            keys.any(|key| key.has_signed(text.as_bytes(), signature))
        });
        signed.next().map(|signature| Trust::Signed(signature.name.clone()))
    }

    /// Returns the hash of contents that the path's name really follows from. What refers to itself is hashed in a way of
    /// its own and needs a signature.
    fn addressed(&self) -> Option<ContentAddress> {
        let address = self.address.filter(|_| !self.references.contains(&self.path))?;
        let others: Vec<StorePath> = self.references.iter().cloned().collect();
        let references = References {
            others: &others,
            own: false,
        };
        let path = content_addressed_path(self.path.name().as_bytes(), &address, &references);
        (path.ok()? == self.path).then_some(address)
    }

    /// Returns the text that is signed: the path, the hash and size of its archive, and what it refers to.
    pub fn fingerprint(&self) -> String {
        let references: Vec<String> = self.references.iter().map(StorePath::to_path).collect();
        format!(
            "1;{};{};{};{}",
            self.path.to_path(),
            self.nar_hash.to_text(HashFormat::Nix32, true),
            self.nar_size,
            references.join(",")
        )
    }
}

/// Returns a URL that stays below its cache, or says why it does not.
fn below(url: &str) -> Result<String, String> {
    // Nothing escaped, as an escaped slash or dot may be one for the server.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+=~@,".contains(&byte);
    let is_below =
        url.len() <= URL && url.bytes().all(is_plain) && url.split('/').all(|part| !["", ".", ".."].contains(&part));
    match is_below {
        true => Ok(url.to_owned()),
        false => Err(format!("its URL '{}' does not lie below the cache", shown(url))),
    }
}

/// Returns the beginning of what a server has said, made harmless to print.
fn shown(text: &str) -> String {
    clean_line(&text.chars().take(200).collect::<String>()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::substitute::tests::{KEY, signed};
    use proptest::prelude::*;

    const HELLO: &str = "/nix/store/ldvc6np676qvhflm7645kq27lpa2gnxc-hello";
    const OTHER: &str = "bd3lh57x5grwj1mkbfa0h3x66ps1zx5f-other";
    const NAR_HASH: &str = "sha256:1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s";

    fn hello() -> StorePath {
        StorePath::parse(HELLO).expect("a path")
    }

    fn text() -> String {
        format!(
            "StorePath: {HELLO}\nURL: nar/x.nar.xz\nCompression: xz\nFileSize: 9\nNarHash: {NAR_HASH}\nNarSize: 120\n\
             References: {OTHER} ldvc6np676qvhflm7645kq27lpa2gnxc-hello\nDeriver: unknown-deriver\n\
             System: x86_64-linux\nSig: a-1:AAAA\n"
        )
        .replace("Sig: a-1:AAAA\n", "")
    }

    fn parse(text: &str) -> Result<NarInfo, String> {
        NarInfo::parse(text.as_bytes(), &hello())
    }

    #[test]
    fn what_is_said_is_read() {
        let info = parse(&text()).expect("it is one");
        assert_eq!(
            (info.nar_size, info.file_size, info.references.len()),
            (120, Some(9), 2)
        );
        assert_eq!((info.compression, info.url.as_str()), (Compression::Xz, "nar/x.nar.xz"));
        assert_eq!(info.deriver, None);
        assert_eq!(
            info.fingerprint(),
            format!("1;{HELLO};{NAR_HASH};120;/nix/store/{OTHER},{HELLO}")
        );
    }

    #[test]
    fn what_breaks_the_rules_is_refused() {
        for (from, to, expected) in [
            ("URL: nar/", "URL: ../", "does not lie below the cache"),
            ("URL: nar/", "URL: /nar/", "does not lie below the cache"),
            ("URL: nar/", "URL: https://x/", "does not lie below the cache"),
            ("URL: nar/", "URL: nar/%2e%2e/", "does not lie below the cache"),
            ("URL: nar/", "URL: nar/x?y=", "does not lie below the cache"),
            ("URL: nar/", "URL: nar/\u{1b}", "'nar/␛x.nar.xz'"),
            (
                "Compression: xz",
                "Compression: br",
                "its compression 'br' is not known",
            ),
            ("NarSize: 120", "NarSize: 0", "its NarSize is 0"),
            ("NarSize: 120", "NarSize: 99999999999", "its NarSize is 99999999999"),
            ("NarSize: 120", "NarSize: -1", "its NarSize is no size"),
            (
                "NarSize: 120",
                "NarSize: 99999999999999999999",
                "its NarSize is no size",
            ),
            ("FileSize: 9", "FileSize: x", "its FileSize is no size"),
            ("NarSize: 120", "NarSize: 120\nNarSize: 120", "it has two NarSize"),
            ("NarSize: 120\n", "", "it has no NarSize"),
            ("NarHash: sha256:", "NarHash: md5:", "hash"),
            ("References: bd", "References: ../bd", "illegal"),
            ("System: x86_64-linux", "nonsense", "has no colon"),
            ("System: x", "Sig: x\nSystem: x", "is no signature"),
            (
                HELLO,
                "/nix/store/bd3lh57x5grwj1mkbfa0h3x66ps1zx5f-other",
                "it is about",
            ),
            ("Deriver: unknown-deriver", "CA: sha256:x", "content address"),
        ] {
            let wrong = text().replacen(from, to, 1);
            assert_ne!(wrong, text(), "{from}");
            let error = parse(&wrong).expect_err(to);
            assert!(error.contains(expected), "{to}: {error}");
            assert!(!error.contains('\u{1b}'), "{error}");
        }
        let many = "Sig: a-1:".to_owned() + &"A".repeat(86) + "==\n";
        assert!(
            parse(&(text() + &many.repeat(65)))
                .expect_err("too many")
                .contains("64 signatures")
        );
    }

    #[test]
    fn only_what_a_trusted_key_has_signed_is_believed() {
        let keys = [PublicKey::parse(&KEY.public()).expect("a key")];
        let plain = parse(&text()).expect("it is one");
        assert_eq!(plain.trust(&keys), None, "nobody has signed it");
        let good = parse(&signed(&text(), &plain)).expect("it is one");
        assert_eq!(good.trust(&keys), Some(Trust::Signed(KEY.name.to_owned())));
        assert_eq!(good.trust(&[]), None, "nobody is trusted");
        for (from, to) in [
            ("NarSize: 120", "NarSize: 121"),
            (OTHER, "bd3lh57x5grwj1mkbfa0h3x66ps1zx5f-others"),
            ("1b8m03r63zqh", "1b8m03r63zqz"),
        ] {
            let other = parse(&signed(&text(), &plain).replacen(from, to, 1)).expect("it is one");
            assert_eq!(other.trust(&keys), None, "{to}");
        }
    }

    #[test]
    fn a_path_whose_name_follows_from_its_contents_needs_no_signature() {
        let address = ContentAddress::parse(format!("fixed:r:{NAR_HASH}")).expect("an address");
        let path = content_addressed_path(b"source", &address, &References::default()).expect("a path");
        let text = |path: &StorePath, refs: &str| {
            format!(
                "StorePath: {}\nURL: x\nCompression: none\nNarHash: {NAR_HASH}\nNarSize: 8\nReferences: {refs}\nCA: {address}\n",
                path.to_path()
            )
        };
        let info = NarInfo::parse(text(&path, "").as_bytes(), &path).expect("it is one");
        assert_eq!(info.trust(&[]), Some(Trust::Addressed(address)));
        // Its references are part of its name.
        let info = NarInfo::parse(text(&path, OTHER).as_bytes(), &path).expect("it is one");
        assert_eq!(info.trust(&[]), None);
        let info = NarInfo::parse(text(&hello(), "").as_bytes(), &hello()).expect("it is one");
        assert_eq!(info.trust(&[]), None);
        let itself = text(&path, path.base_name());
        let info = NarInfo::parse(itself.as_bytes(), &path).expect("it is one");
        assert_eq!(info.trust(&[]), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            lines in prop::collection::vec("(StorePath|URL|NarHash|NarSize|References|CA|Sig|Deriver): ?[ -~]{0,70}", 0..9),
        ) {
            let _ = NarInfo::parse(&bytes, &hello());
            let _ = NarInfo::parse(lines.join("\n").as_bytes(), &hello());
            let _ = parse(&(text() + &lines.join("\n")));
        }

        #[test]
        fn a_url_that_is_taken_stays_below(url in "[./a-z%:?#]{0,12}") {
            if let Ok(url) = below(&url) {
                prop_assert!(!url.starts_with('/') && !url.contains("..") || url.split('/').all(|part| part != ".."));
                let joined = std::path::Path::new("/cache").join(&url);
                prop_assert!(joined.starts_with("/cache"));
                prop_assert!(joined.components().all(|part| part != std::path::Component::ParentDir));
            }
        }
    }
}
