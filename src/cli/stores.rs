//! Who knows how large store paths are: the store of this machine, and the binary caches of its Nix.
//!
//! The caches are those that the machine's own settings of Nix name. A flake's `nixConfig` is not asked.

use crate::machine::Machine;
use crate::session::nix_settings;
use ::check::closure::Store;
use ::check::closure::stores::{FolderCache, HttpCache, LocalStore};
use flake::fetch::{Cache, Fetcher};
use std::path::PathBuf;

/// The cache that Nix uses where no settings name another one.
const DEFAULT: &str = "https://cache.nixos.org";

/// Returns who can be asked, the nearest first; without the network only what is on this machine.
pub fn stores(machine: &Machine, fetcher: &Fetcher) -> Vec<Box<dyn Store>> {
    let env = ["PATH", "HOME"].map(|name| machine.env.text(name).map(|value| (name.to_owned(), value)));
    let env = env.into_iter().flatten().collect();
    let local = LocalStore::new(machine.fs.clone(), fetcher.exec.clone(), env);
    let mut stores: Vec<Box<dyn Store>> = vec![Box::new(local)];
    for url in substituters(&nix_settings(machine)) {
        match url.strip_prefix("file://") {
            Some(folder) => stores.push(Box::new(FolderCache::new(PathBuf::from(folder), machine.fs.clone()))),
            None if fetcher.settings.offline => {}
            None => {
                let known = fetcher.settings.cache.clone();
                let known = known.map(|folder| Cache::new(machine.fs.clone(), folder));
                stores.push(Box::new(HttpCache::new(&url, fetcher.http.clone(), known)));
            }
        }
    }
    stores
}

/// Returns the URLs of the caches that can be asked here: over HTTP, or in a folder.
fn substituters(settings: &[(String, String)]) -> Vec<String> {
    let mut urls = vec![DEFAULT.to_owned()];
    for (name, value) in settings {
        let named = value.split_whitespace().map(str::to_owned);
        match name.as_str() {
            "substituters" => urls = named.collect(),
            "extra-substituters" => urls.extend(named),
            _ => {}
        }
    }
    let mut found: Vec<String> = Vec::new();
    for url in urls {
        // What follows says how Nix is to use it.
        let plain = url
            .split('?')
            .next()
            .unwrap_or_default()
            .trim_end_matches('/')
            .to_owned();
        let plain = if plain.starts_with('/') {
            format!("file://{plain}")
        } else {
            plain
        };
        let is_known = ["https://", "http://", "file://"]
            .iter()
            .any(|scheme| plain.starts_with(scheme));
        if is_known && !found.contains(&plain) {
            found.push(plain);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_are_those_of_the_settings() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(substituters(&crate::nix::read_config(text)), expected, "{text}");
        };
        check("", &[DEFAULT]);
        check("substituters =", &[]);
        check(
            "substituters = https://a/ https://b?priority=10\nextra-substituters = file:///c /d ssh://e https://a",
            &["https://a", "https://b", "file:///c", "file:///d"],
        );
        check(
            "extra-substituters = https://a\nsubstituters = https://b",
            &["https://b"],
        );
    }
}
