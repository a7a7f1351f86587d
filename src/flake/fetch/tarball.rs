//! Archives and single files by URL.

use super::{CachedDownload, FetchErrorKind, Fetcher, HttpError, Request, Response, Tree, unpack};
use crate::input::{Input, Scheme};
use crate::rev::NarHash;
use crate::tree::{Accessor, FolderTree, MemoryTree, TreeError, nar_hash};
use crate::trust::Voice;
use crate::url::{Url, path_of_parts};
use std::path::PathBuf;
use std::sync::Arc;

/// A tree that was downloaded.
pub(super) struct Downloaded {
    pub accessor: Arc<dyn Accessor>,
    pub nar_hash: NarHash,
    pub last_modified: u64,
    pub immutable_url: Option<String>,
}

/// What a download is made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// An archive, unpacked.
    Archive,
    /// A file as it is.
    File,
}

impl Fetcher {
    pub(super) fn fetch_tarball(&self, input: &Input, voice: Voice) -> Result<Tree, FetchErrorKind> {
        let url = input.attrs().required_str("url")?;
        let downloaded = self.download(url, &[], Shape::Archive, voice)?;
        let mut input = input.clone();
        if let Some(link) = &downloaded.immutable_url {
            let link = Url::parse(link, false).map_err(crate::RefError::from)?;
            let immutable = Input::from_url(&link, true)?;
            if immutable.scheme() != Some(Scheme::Tarball) {
                return Err(FetchErrorKind::LinkNotTarball);
            }
            self.policy.check(&immutable, voice, self.fs.as_ref())?;
            input = immutable;
        }
        if downloaded.last_modified != 0 && input.last_modified()?.is_none() {
            input.set("lastModified", downloaded.last_modified);
        }
        Ok(downloaded.tree(input))
    }

    pub(super) fn fetch_file(&self, input: &Input, voice: Voice) -> Result<Tree, FetchErrorKind> {
        let url = input.attrs().required_str("url")?;
        let downloaded = self.download(url, &[], Shape::File, voice)?;
        Ok(downloaded.tree(input.clone()))
    }

    /// Returns what a URL leads to, from the cache while that is fresh.
    pub(super) fn download(
        &self,
        url: &str,
        headers: &[(String, String)],
        shape: Shape,
        voice: Voice,
    ) -> Result<Downloaded, FetchErrorKind> {
        let parsed = Url::parse(url, false).map_err(crate::RefError::from)?;
        if parsed.scheme == "file" {
            let path = self.local_archive(&parsed)?;
            return self.made_of(&self.fs.read(&path)?, shape, None);
        }
        let key = format!("{shape:?} {url}");
        let known = self.cache.as_ref().and_then(|cache| cache.download(&key));
        if let Some(known) = &known
            && (self.settings.offline || known.fetched.saturating_add(self.settings.ttl) > self.now())
        {
            return self.kept_before(known);
        }
        if self.settings.offline {
            return Err(FetchErrorKind::Offline(url.to_owned()));
        }
        let mut headers = headers.to_vec();
        if let Some(known) = known.as_ref().filter(|known| !known.etag.is_empty()) {
            headers.push(("If-None-Match".into(), known.etag.clone()));
        }
        let response = self.get(url, headers, voice)?;
        if let (304, Some(known)) = (response.status, &known) {
            let known = CachedDownload {
                fetched: self.now(),
                ..known.clone()
            };
            if let Some(cache) = &self.cache {
                cache.keep_download(&key, &known);
            }
            return self.kept_before(&known);
        }
        let downloaded = self.made_of(&response.body, shape, response.immutable_link())?;
        if let Some(cache) = &self.cache {
            let entry = CachedDownload {
                nar_hash: downloaded.nar_hash.to_string(),
                last_modified: downloaded.last_modified,
                etag: response.header("etag").unwrap_or_default().to_owned(),
                immutable_url: downloaded.immutable_url.clone(),
                fetched: self.now(),
            };
            cache.keep_download(&key, &entry);
        }
        Ok(downloaded)
    }

    /// Gets a URL with what `netrc` says about its host; an error unless the answer is a success or 304.
    pub(super) fn get(
        &self,
        url: &str,
        mut headers: Vec<(String, String)>,
        voice: Voice,
    ) -> Result<Response, FetchErrorKind> {
        if self.settings.offline {
            return Err(FetchErrorKind::Offline(url.to_owned()));
        }
        let mut parsed = Url::parse(url, false).map_err(crate::RefError::from)?;
        let own = parsed.authority.as_mut().and_then(|authority| {
            let user = authority.user.take()?;
            Some((user, authority.password.take().unwrap_or_default()))
        });
        let login = own.or_else(|| {
            let (user, password) = self.settings.netrc.login(parsed.host())?;
            Some((user.to_owned(), password.to_owned()))
        });
        let is_authorized = |(name, _): &(String, String)| {
            name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("private-token")
        };
        if let Some((user, password)) = login
            && !headers.iter().any(is_authorized)
        {
            use base64::Engine;
            let basic = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
            headers.push(("Authorization".into(), format!("Basic {basic}")));
        }
        // The text is kept where nothing was taken out, since printing encodes more than servers may expect.
        let plain = if url.contains('@') {
            parsed.to_string()
        } else {
            url.to_owned()
        };
        let response = self.http.get(&Request {
            url: plain,
            headers,
            voice,
        })?;
        match response.status {
            200..=299 | 304 => Ok(response),
            status => Err(HttpError::Status {
                url: url.to_owned(),
                status,
            }
            .into()),
        }
    }

    fn kept_before(&self, known: &CachedDownload) -> Result<Downloaded, FetchErrorKind> {
        let nar_hash = NarHash::parse(&known.nar_hash)?;
        let cache = self.cache.as_ref().expect("what comes from the cache has one");
        Ok(Downloaded {
            accessor: Arc::new(FolderTree::new(self.fs.clone(), cache.tree_path(&nar_hash))),
            nar_hash,
            last_modified: known.last_modified,
            immutable_url: known.immutable_url.clone(),
        })
    }

    fn made_of(&self, bytes: &[u8], shape: Shape, immutable_url: Option<String>) -> Result<Downloaded, FetchErrorKind> {
        let (tree, last_modified) = match shape {
            Shape::Archive => unpack(bytes)?,
            Shape::File => (MemoryTree::single(bytes.to_vec()), 0),
        };
        let kept = self.cache.as_ref().and_then(|cache| {
            let unique = format!("{:x}", self.clock.unix_time().as_nanos());
            cache.keep_tree(&tree, &unique).ok()
        });
        let (accessor, nar_hash): (Arc<dyn Accessor>, NarHash) = match kept {
            Some((hash, path)) => (Arc::new(FolderTree::new(self.fs.clone(), path)), hash),
            None => {
                let hash = nar_hash(&tree)?;
                (Arc::new(tree), hash)
            }
        };
        Ok(Downloaded {
            accessor,
            nar_hash,
            last_modified,
            immutable_url,
        })
    }

    /// Returns the path of a `file:` URL, or says what is there instead of a file.
    fn local_archive(&self, url: &Url) -> Result<PathBuf, FetchErrorKind> {
        let path = PathBuf::from(path_of_parts(&url.path).map_err(crate::RefError::from)?);
        let say = |text: String| Err(FetchErrorKind::LocalArchive(text));
        if !path.is_absolute() {
            return say(format!(
                "tarball '{url}' must use an absolute path. The 'file' scheme does not support relative paths."
            ));
        }
        match self.fs.stat(&path).map_err(TreeError::from)? {
            None => say(format!("tarball {path:?} does not exist.")),
            Some(stat) if stat.kind == sys::FileKind::Directory => {
                if self.fs.stat(&path.join(".git"))?.is_some() {
                    return say(format!(
                        "tarball {path:?} is a git repository, not a tarball. Please use `git+file` as the scheme."
                    ));
                }
                say(format!("tarball {path:?} is a directory, not a file."))
            }
            Some(_) => Ok(path),
        }
    }
}

impl Downloaded {
    pub(super) fn tree(self, input: Input) -> Tree {
        let tree = Tree::new(self.accessor, input);
        let _ = tree.nar_hash.set(self.nar_hash);
        tree
    }
}
