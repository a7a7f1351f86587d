//! Which caches are asked and whose signatures count.

use super::key::{DEFAULT_KEY, PublicKey};
use diag::clean_line;

/// The cache that Nix uses where no settings name another one.
const DEFAULT_CACHE: &str = "https://cache.nixos.org";

/// Where a cache is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    /// Its URL, without a slash at the end: `https://…`, `http://…` or `file:///…`.
    pub url: String,
    /// The order in which it is asked, if the settings say one; else it is the cache's own.
    pub priority: Option<u64>,
}

/// The caches and keys of a run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// The caches, in the order of the settings.
    pub caches: Vec<Address>,
    /// The keys that are trusted.
    pub keys: Vec<PublicKey>,
    /// What of the settings cannot be followed, in a sentence each.
    pub notes: Vec<String>,
}

/// What the command line says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Asked {
    /// Caches to ask instead of those of the settings; none if empty.
    pub caches: Vec<String>,
    /// Keys that are trusted beside those of the settings.
    pub keys: Vec<String>,
}

impl Settings {
    /// Returns the caches and keys that settings of Nix (names and values, in the order in which they count) and the
    /// command line name.
    pub fn of(nix: &[(String, String)], asked: &Asked) -> Settings {
        let mut caches = vec![DEFAULT_CACHE.to_owned()];
        let mut keys = vec![DEFAULT_KEY.to_owned()];
        for (name, value) in nix {
            let named = value.split_whitespace().map(str::to_owned);
            match name.as_str() {
                "substitute" if value == "false" => caches.clear(),
                "substituters" | "binary-caches" => caches = named.collect(),
                "extra-substituters" | "extra-binary-caches" => caches.extend(named),
                "trusted-public-keys" | "binary-cache-public-keys" => keys = named.collect(),
                "extra-trusted-public-keys" | "extra-binary-cache-public-keys" => keys.extend(named),
                _ => {}
            }
        }
        if !asked.caches.is_empty() {
            caches.clone_from(&asked.caches);
        }
        keys.extend(asked.keys.iter().cloned());
        let mut settings = Settings::default();
        for text in caches {
            match address(&text) {
                Ok(found) if settings.caches.iter().any(|known| known.url == found.url) => {}
                Ok(found) => settings.caches.push(found),
                Err(why) => settings
                    .notes
                    .push(format!("the substituter '{}' is not asked: {why}", clean_line(&text))),
            }
        }
        for text in keys {
            match PublicKey::parse(&text) {
                Ok(key) if settings.keys.contains(&key) => {}
                Ok(key) => settings.keys.push(key),
                Err(why) => settings.notes.push(clean_line(&why).into_owned()),
            }
        }
        settings
    }
}

/// Returns where a cache is, or why it cannot be asked.
fn address(text: &str) -> Result<Address, String> {
    let (plain, parameters) = text.split_once('?').unwrap_or((text, ""));
    let plain = plain.trim_end_matches('/');
    let url = if plain.starts_with('/') {
        format!("file://{plain}")
    } else if let Some(path) = plain.strip_prefix("file:/").filter(|path| !path.starts_with('/')) {
        format!("file:///{path}")
    } else {
        plain.to_owned()
    };
    let schemes = ["https://", "http://", "file:///"];
    if !schemes
        .iter()
        .any(|scheme| url.len() > scheme.len() && url.starts_with(scheme))
    {
        return Err("only caches over HTTP and in folders are".into());
    }
    let priority = parameters
        .split('&')
        .find_map(|parameter| parameter.strip_prefix("priority="));
    let priority = priority.map(|text| text.parse().map_err(|_| "its priority is no number".to_owned()));
    Ok(Address {
        url,
        priority: priority.transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "b-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=";

    fn of(nix: &[(&str, &str)], asked: &Asked) -> Settings {
        let nix = nix.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        Settings::of(&nix.collect::<Vec<_>>(), asked)
    }

    #[test]
    fn caches_and_keys_are_those_of_the_settings() {
        for (nix, expected, keys) in [
            (&[][..], &[DEFAULT_CACHE][..], 1),
            (&[("substituters", ""), ("trusted-public-keys", "")], &[], 0),
            (
                &[("substitute", "false"), ("extra-substituters", "https://a")],
                &["https://a"],
                1,
            ),
            (
                &[
                    ("substituters", "https://a/ https://a?priority=3 http://b//"),
                    ("extra-substituters", "/c file:/d file:///e/"),
                    ("extra-trusted-public-keys", KEY),
                ],
                &["https://a", "http://b", "file:///c", "file:///d", "file:///e"],
                2,
            ),
            (
                &[("extra-substituters", "https://a"), ("substituters", "https://b")],
                &["https://b"],
                1,
            ),
        ] {
            let found = of(nix, &Asked::default());
            let urls: Vec<&str> = found.caches.iter().map(|cache| cache.url.as_str()).collect();
            assert_eq!((&urls[..], found.keys.len()), (expected, keys), "{nix:?}");
            assert_eq!(found.notes, Vec::<String>::new());
        }
    }

    #[test]
    fn the_command_line_names_other_caches_and_more_keys() {
        let asked = Asked {
            caches: vec!["http://c?trusted=1&priority=7".into()],
            keys: vec![KEY.into()],
        };
        let found = of(&[("substituters", "https://a")], &asked);
        let address = Address {
            url: "http://c".into(),
            priority: Some(7),
        };
        assert_eq!((found.caches, found.keys.len()), (vec![address], 2));
    }

    #[test]
    fn what_cannot_be_followed_is_told() {
        let found = of(
            &[
                ("substituters", "ssh://a daemon https:// file:// http://b?priority=x"),
                ("trusted-public-keys", "x \u{1b}"),
            ],
            &Asked::default(),
        );
        assert_eq!((found.caches.len(), found.keys.len(), found.notes.len()), (0, 0, 7));
        assert_eq!(
            found.notes[0],
            "the substituter 'ssh://a' is not asked: only caches over HTTP and in folders are"
        );
        assert!(found.notes.iter().all(|note| !note.contains('\u{1b}')));
    }
}
