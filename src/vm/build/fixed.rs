//! Outputs that are known beforehand by their hash, brought from outside: builders in the VM have no network.
//!
//! A file is looked for in the folders that the user names, and then asked of the URLs that the derivation has. Whoever it
//! comes from, it must have the hash.

use super::{BuildError, Needs, Order, last_lines};
use crate::realised::{About, Limits, Realised};
use std::path::{Path, PathBuf};
use store::{
    ContentAddress, ContentAddressMethod, Derivation, Hash, HashFormat, NarTree, Output, StorePath, hash_source,
    write_nar,
};
use sys::{FileKind, Fs};

/// Gets what a URL of a flake leads to, or says why not. Whoever implements it refuses private addresses and hosts that
/// are not allowed.
pub type Download<'d> = &'d dyn Fn(&str) -> Result<Vec<u8>, String>;

/// Folders deep that are looked into for what has the name of a derivation.
const DEPTH: usize = 3;
/// Most files and folders that are looked at there.
const MOST: usize = 100_000;

/// Why an output that is known by its hash was not had from outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum NotHad {
    /// Its builder does more than download: it has to run.
    NoDownload,
    /// It cannot be downloaded, for this reason.
    Failed(String),
}

/// Where outputs that are known by their hash come from.
#[derive(Clone, Copy)]
pub struct Sources<'d> {
    /// Folders of the user: files lie there as in Nix's `hashed-mirrors` (`sha256/HASH`), or under their own name.
    pub folders: &'d [PathBuf],
    /// What `mirror://NAME/` stands for: name and URL.
    pub mirrors: &'d [(String, String)],
    /// Reaches URLs; none if the run is without a network.
    pub download: Option<Download<'d>>,
}

impl Sources<'_> {
    /// Brings all that is needed into the store. What cannot be had from outside stays needed, and is left to the builder.
    ///
    /// Returns why each of those was not had.
    pub(super) fn bring(
        &self,
        order: &Order<'_>,
        needs: &mut Needs,
        realised: &Realised,
        told: &mut dyn FnMut(&str),
    ) -> Result<Vec<(StorePath, NotHad)>, BuildError> {
        let mut failed = Vec::new();
        for (path, out) in std::mem::take(&mut needs.fixed) {
            let drv = order.store.derivation(&path);
            let Some((drv, address)) = drv.and_then(|drv| Some((drv, address(drv)?))) else {
                return Err(BuildError::Order(format!("'{}' has no hash", path.to_path())));
            };
            if realised.missing([&out])?.is_empty() {
                needs.there.insert(out);
                continue;
            }
            told(&format!("fetching {}", drv.name));
            match self.tree(drv, &address, realised.fs().as_ref())? {
                Ok(mut tree) => {
                    let mut archive = Vec::new();
                    write_nar(&mut tree, &mut archive).map_err(|error| BuildError::Order(error.to_string()))?;
                    let about = About {
                        deriver: Some(path),
                        origin: "fetched, and known by its hash".into(),
                        address: Some(address),
                        ..About::default()
                    };
                    realised.add(&out, &mut archive.as_slice(), about, Limits::default())?;
                    needs.there.insert(out);
                }
                Err(why) => failed.push((path, why)),
            }
        }
        Ok(failed)
    }

    /// Returns what has the hash, or why it cannot be had.
    fn tree(
        &self,
        drv: &Derivation,
        address: &ContentAddress,
        fs: &dyn Fs,
    ) -> Result<Result<NarTree, NotHad>, BuildError> {
        for folder in self.folders {
            if let Some(tree) = in_folder(folder, drv, address, fs)? {
                return Ok(Ok(tree));
            }
        }
        let urls = urls(drv);
        if urls.is_empty() {
            return Ok(Err(NotHad::NoDownload));
        }
        let Some(download) = self.download else {
            return Ok(Err(NotHad::Failed("the run is without a network".into())));
        };
        let executable = drv
            .env
            .get(b"executable".as_slice())
            .is_some_and(|value| value.as_ref() == b"1");
        let mut why = String::new();
        for url in urls.iter().flat_map(|url| self.expanded(url)) {
            match download(&url) {
                Ok(contents) => {
                    let tree = NarTree::File { executable, contents };
                    match has_hash(&tree, address) {
                        Ok(()) => return Ok(Ok(tree)),
                        Err(found) => why = format!("{url} has the hash {found} and not {}", address.hash),
                    }
                }
                Err(error) => why = error,
            }
        }
        let why = last_lines(why.as_bytes()).pop().unwrap_or_default();
        Ok(Err(NotHad::Failed(why)))
    }

    /// Returns the URLs that one stands for: `mirror://NAME/PATH` is one of each mirror of that name.
    fn expanded(&self, url: &str) -> Vec<String> {
        let Some((name, path)) = url.strip_prefix("mirror://").and_then(|rest| rest.split_once('/')) else {
            return vec![url.to_owned()];
        };
        let mirrors = self.mirrors.iter().filter(|(known, _)| known == name);
        mirrors
            .map(|(_, url)| format!("{}/{path}", url.trim_end_matches('/')))
            .collect()
    }
}

/// Returns the address of a derivation's only output.
fn address(drv: &Derivation) -> Option<ContentAddress> {
    match drv.outputs.iter().next()? {
        (_, Output::Fixed(address)) => Some(*address),
        _ => None,
    }
}

/// Returns the URLs that a derivation downloads one file from and does nothing else: those of `builtin:fetchurl`, and of
/// `fetchurl` of nixpkgs.
fn urls(drv: &Derivation) -> Vec<String> {
    let value = |name: &str| {
        let value = drv
            .env
            .get(name.as_bytes())
            .map(|value| String::from_utf8_lossy(value).into_owned());
        value.filter(|value| !value.trim().is_empty())
    };
    let changes = ["postFetch", "unpack", "curlOpts", "curlOptsList"];
    let changed = changes.iter().any(|name| value(name).is_some_and(|value| value != "0"));
    if changed {
        return Vec::new();
    }
    let urls = [value("urls"), value("url")].into_iter().flatten();
    let mut found: Vec<String> = Vec::new();
    for url in urls.flat_map(|urls| urls.split_whitespace().map(str::to_owned).collect::<Vec<_>>()) {
        if !found.contains(&url) {
            found.push(url);
        }
    }
    found
}

/// Whether a tree has the hash of an address; else the hash that it has, or why it has none.
fn has_hash(tree: &NarTree, address: &ContentAddress) -> Result<(), String> {
    let found: Hash = hash_source(&mut tree.clone(), address.method, address.hash.algo()).map_err(|e| e.to_string())?;
    match found == address.hash {
        true => Ok(()),
        false => Err(found.to_string()),
    }
}

/// Looks for what has a hash in a folder.
fn in_folder(
    folder: &Path,
    drv: &Derivation,
    address: &ContentAddress,
    fs: &dyn Fs,
) -> Result<Option<NarTree>, BuildError> {
    if address.method == ContentAddressMethod::Flat {
        let hash = address.hash.to_text(HashFormat::Base16, false);
        let file = folder.join(address.hash.algo().name()).join(hash);
        match fs.read(&file) {
            Ok(contents) => {
                let tree = NarTree::File {
                    executable: false,
                    contents,
                };
                if has_hash(&tree, address).is_ok() {
                    return Ok(Some(tree));
                }
            }
            Err(error) if error.is_absent() => {}
            Err(error) => return Err(error.into()),
        }
    }
    let mut looked_at = 0;
    let mut pending = vec![(folder.to_path_buf(), 0)];
    while let Some((here, depth)) = pending.pop() {
        if !matches!(fs.stat(&here)?, Some(stat) if stat.kind == FileKind::Directory) {
            continue;
        }
        for entry in fs.read_dir(&here)? {
            looked_at += 1;
            if looked_at > MOST {
                return Ok(None);
            }
            let place = here.join(&entry.name);
            if entry.name.to_str() == Some(&drv.name) {
                let tree = read(&place, fs)?;
                if has_hash(&tree, address).is_ok() {
                    return Ok(Some(tree));
                }
            } else if entry.kind == FileKind::Directory && depth < DEPTH {
                pending.push((place, depth + 1));
            }
        }
    }
    Ok(None)
}

/// Returns a file or folder of the user, whole.
fn read(place: &Path, fs: &dyn Fs) -> Result<NarTree, BuildError> {
    use std::os::unix::ffi::OsStringExt;
    let Some(stat) = fs.lstat(place)? else {
        return Err(BuildError::Order(format!("{} is gone", place.display())));
    };
    Ok(match stat.kind {
        FileKind::Directory => {
            let mut entries = store::SortedMap::new();
            for entry in fs.read_dir(place)? {
                let node = read(&place.join(&entry.name), fs)?;
                entries.insert(entry.name.into_vec(), node);
            }
            NarTree::Directory(entries)
        }
        FileKind::Symlink => NarTree::Symlink(fs.read_link(place)?.into_os_string().into_vec()),
        FileKind::Regular => NarTree::File {
            executable: stat.executable(),
            contents: fs.read(place)?,
        },
        FileKind::Other => return Err(BuildError::Order(format!("{} is no file", place.display()))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::substitute::Haul;
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use store::{HashAlgo, OutputName, VirtualStore};
    use sys::{DiskFs, Mode};

    const URL: &str = "mirror://debian/pool/x.deb";

    /// Returns a derivation that fetches what has a hash, with these variables.
    fn fetching(hash: Hash, env: &[(&str, &str)]) -> Derivation {
        let mut drv = Derivation {
            name: "x.deb".into(),
            platform: b"builtin".as_slice().into(),
            builder: b"builtin:fetchurl".as_slice().into(),
            ..Derivation::default()
        };
        let method = ContentAddressMethod::Flat;
        drv.outputs
            .insert(OutputName::new("out"), Output::Fixed(ContentAddress { method, hash }));
        for (name, value) in env {
            drv.env
                .insert(name.as_bytes().to_vec().into(), value.as_bytes().to_vec().into());
        }
        drv
    }

    /// Brings what a derivation fetches, and returns what was asked for and what came of it.
    fn brought(drv: Derivation, folders: &[PathBuf], answers: &BTreeMap<&str, &[u8]>) -> (Vec<String>, String) {
        let place = tempfile::tempdir().expect("a folder");
        let realised = Realised::new(Arc::new(DiskFs), place.path());
        let mut store = VirtualStore::new();
        let path = store.add_derivation(drv).expect("a derivation").path;
        let wanted = [(path, OutputName::new("out"))];
        let order = Order {
            store: &store,
            wanted: &wanted,
            sources: &[],
        };
        let asked = RefCell::new(Vec::new());
        let download = |url: &str| {
            asked.borrow_mut().push(url.to_owned());
            answers
                .get(url)
                .map(|bytes| bytes.to_vec())
                .ok_or_else(|| "gone".to_owned())
        };
        let sources = Sources {
            folders,
            mirrors: &[
                ("debian".into(), "http://a/".into()),
                ("debian".into(), "http://b".into()),
            ],
            download: Some(&download),
        };
        let mut needs = Needs::of(&order, &realised, &mut |_| Ok(Haul::default())).expect("it can be planned");
        let failed = sources
            .bring(&order, &mut needs, &realised, &mut |_| {})
            .expect("it can be asked");
        let came = match failed.first() {
            Some((_, NotHad::Failed(why))) => why.clone(),
            Some((_, NotHad::NoDownload)) => "no download".into(),
            None => {
                assert_eq!(needs.there.len(), 1);
                let bytes = realised.read(&needs.wanted[0].to_path(), 99).expect("it can be read");
                String::from_utf8(bytes.expect("it is a file")).expect("text")
            }
        };
        (asked.into_inner(), came)
    }

    #[test]
    fn what_is_fetched_has_the_hash() {
        let hash = HashAlgo::Sha256.hash("hello");
        let good = BTreeMap::from([("http://b/pool/x.deb", b"hello".as_slice())]);
        let bad = BTreeMap::from([("http://a/pool/x.deb", b"other".as_slice())]);
        let (asked, came) = brought(fetching(hash, &[("url", URL)]), &[], &good);
        assert_eq!(asked, ["http://a/pool/x.deb", "http://b/pool/x.deb"]);
        assert_eq!(came, "hello");
        let (_, came) = brought(fetching(hash, &[("url", "http://a/pool/x.deb")]), &[], &bad);
        assert!(
            came.starts_with("http://a/pool/x.deb has the hash sha256-") && came.contains(" and not sha256-"),
            "{came}"
        );
        let (_, came) = brought(fetching(hash, &[("url", URL)]), &[], &BTreeMap::new());
        assert_eq!(came, "gone");
        // What a builder does to a download cannot be done here.
        let changed = fetching(hash, &[("url", URL), ("postFetch", "unzip")]);
        let (asked, came) = brought(changed, &[], &good);
        assert_eq!((asked.len(), came.as_str()), (0, "no download"));
        let (asked, _) = brought(fetching(hash, &[("urls", "http://1/ http://2/")]), &[], &good);
        assert_eq!(asked, ["http://1/", "http://2/"]);
    }

    #[test]
    fn a_folder_of_the_user_is_asked_first() {
        let hash = HashAlgo::Sha256.hash("hello");
        let none = BTreeMap::new();
        for (name, bytes, found) in [
            (
                format!("sha256/{}", hash.to_text(HashFormat::Base16, false)),
                "hello",
                true,
            ),
            ("some/where/x.deb".into(), "hello", true),
            ("x.deb".into(), "other", false),
        ] {
            let place = tempfile::tempdir().expect("a folder");
            let file = place.path().join(name);
            DiskFs
                .create_dir_all(file.parent().expect("a folder"))
                .expect("a folder");
            DiskFs.write(&file, bytes.as_bytes(), Mode::Plain).expect("a file");
            let (asked, came) = brought(fetching(hash, &[("url", URL)]), &[place.path().to_path_buf()], &none);
            assert_eq!((asked.is_empty(), came == "hello"), (found, found), "{file:?}");
        }
    }
}
