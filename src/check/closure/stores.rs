//! Where sizes of built things come from: binary caches, and the store of this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flake::fetch::{Cache, HttpError, Request, Transport};
use flake::trust::Voice;
use store::{STORE_DIR, StorePath};
use sys::{Command, Exec, Fs};

use super::narinfo;

/// What is known of a path in a store.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PathInfo {
    /// The bytes of its archive.
    pub size: u64,
    /// What it refers to; itself may be among them.
    pub references: BTreeSet<StorePath>,
}

/// Something that knows sizes of store paths.
pub trait Store {
    /// Returns how messages name it, such as `https://cache.nixos.org`.
    fn name(&self) -> &str;

    /// Returns what it knows of each path, in their order; `None` for those that it does not have.
    fn infos(&self, paths: &[StorePath]) -> Result<Vec<Option<PathInfo>>, StoreError>;
}

/// Why a store gives no answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StoreError {
    /// A binary cache cannot be asked.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Its answer is none.
    #[error("'{url}' is no narinfo: {error}")]
    Answer {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        error: narinfo::NarInfoError,
    },
    /// The disk or a program failed.
    #[error("{0}")]
    Machine(String),
}

/// Requests that are under way at once; a closure has thousands of paths, and an answer takes some time to come.
const AT_ONCE: usize = 16;

/// A binary cache, asked over HTTP.
pub struct HttpCache {
    url: String,
    http: Arc<dyn Transport>,
    /// What was learned before: the narinfo of an output that is there does not change.
    known: Option<Cache>,
}

impl HttpCache {
    /// Returns the cache at a URL that the user's own settings name. What is learned is kept in `known`.
    pub fn new(url: &str, http: Arc<dyn Transport>, known: Option<Cache>) -> HttpCache {
        HttpCache {
            url: url.trim_end_matches('/').to_owned(),
            http,
            known,
        }
    }

    fn info(&self, path: &StorePath) -> Result<Option<PathInfo>, StoreError> {
        let url = format!("{}/{}.narinfo", self.url, path.digest_digits());
        let key = format!("narinfo {url}");
        let known = self.known.as_ref().and_then(|known| known.fact(&key));
        if let Some(info) = known.and_then(|text| narinfo::parse(text.as_bytes(), path).ok()) {
            return Ok(Some(info));
        }
        let request = Request {
            url: url.clone(),
            headers: Vec::new(),
            voice: Voice::User,
        };
        let answer = self.http.get(&request)?;
        match answer.status {
            200 => {}
            // S3 says 403 of what is not there.
            403 | 404 | 410 => return Ok(None),
            status => return Err(HttpError::Status { url, status }.into()),
        }
        let info = narinfo::parse(&answer.body, path).map_err(|error| StoreError::Answer { url, error })?;
        if let (Some(known), Ok(text)) = (&self.known, std::str::from_utf8(&answer.body)) {
            known.keep_fact(&key, text);
        }
        Ok(Some(info))
    }
}

impl Store for HttpCache {
    fn name(&self) -> &str {
        &self.url
    }

    fn infos(&self, paths: &[StorePath]) -> Result<Vec<Option<PathInfo>>, StoreError> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut found = Vec::new();
            while let Some((at, path)) = {
                let at = next.fetch_add(1, Ordering::Relaxed);
                paths.get(at).map(|path| (at, path))
            } {
                let info = self.info(path);
                let failed = info.is_err();
                found.push((at, info));
                if failed {
                    // One that does not answer would let each of the others wait as long.
                    next.store(paths.len(), Ordering::Relaxed);
                }
            }
            found
        };
        let all: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..AT_ONCE.min(paths.len())).map(|_| scope.spawn(work)).collect();
            let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
            joined.flat_map(|found| found.unwrap_or_default()).collect()
        });
        let mut infos = vec![None; paths.len()];
        for (at, info) in all {
            infos[at] = info?;
        }
        Ok(infos)
    }
}

/// A binary cache in a folder.
pub struct FolderCache {
    name: String,
    folder: PathBuf,
    fs: Arc<dyn Fs>,
}

impl FolderCache {
    /// Returns the cache in a folder.
    pub fn new(folder: PathBuf, fs: Arc<dyn Fs>) -> FolderCache {
        let name = format!("file://{}", folder.display());
        FolderCache { name, folder, fs }
    }
}

impl Store for FolderCache {
    fn name(&self) -> &str {
        &self.name
    }

    fn infos(&self, paths: &[StorePath]) -> Result<Vec<Option<PathInfo>>, StoreError> {
        let info = |path: &StorePath| {
            let file = self.folder.join(format!("{}.narinfo", path.digest_digits()));
            match self.fs.read(&file) {
                Ok(text) => narinfo::parse(&text, path)
                    .map(Some)
                    .map_err(|error| StoreError::Answer {
                        url: file.display().to_string(),
                        error,
                    }),
                Err(error) if error.is_absent() => Ok(None),
                Err(error) => Err(StoreError::Machine(error.to_string())),
            }
        };
        paths.iter().map(info).collect()
    }
}

/// The store of this machine, asked through its Nix.
pub struct LocalStore {
    fs: Arc<dyn Fs>,
    exec: Arc<dyn Exec>,
    env: Vec<(String, String)>,
}

/// The longest that Nix may take to tell a closure.
const LONGEST_QUERY: Duration = Duration::from_secs(120);

impl LocalStore {
    /// Returns the store of this machine. `env` is the environment in which Nix runs: `PATH` and `HOME`.
    pub fn new(fs: Arc<dyn Fs>, exec: Arc<dyn Exec>, env: Vec<(String, String)>) -> LocalStore {
        LocalStore { fs, exec, env }
    }

    /// Returns what `nix-store` says; `None` if there is no Nix, or it fails.
    fn ask(&self, args: &[&str], paths: &[StorePath]) -> Option<String> {
        let mut command = Command::new("nix-store").args(args).timeout(LONGEST_QUERY);
        for (name, value) in &self.env {
            command = command.env(name, value);
        }
        let command = command.args(paths.iter().map(StorePath::to_path));
        // Nix may be absent or broken here; then its store is one that nothing is known of.
        let output = self.exec.run(&command).ok()?;
        let complete = output.success() && !output.truncated;
        complete.then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Store for LocalStore {
    fn name(&self) -> &str {
        STORE_DIR
    }

    fn infos(&self, paths: &[StorePath]) -> Result<Vec<Option<PathInfo>>, StoreError> {
        let nothing = vec![None; paths.len()];
        let is_there = |path: &&StorePath| {
            let on_disk = PathBuf::from(STORE_DIR).join(path.base_name());
            matches!(self.fs.lstat(&on_disk), Ok(Some(_)))
        };
        let there: Vec<StorePath> = paths.iter().filter(is_there).cloned().collect();
        if there.is_empty() {
            return Ok(nothing);
        }
        // What lies in the folder need not be valid: a build that was broken off leaves something, too.
        let Some(invalid) = self.ask(&["--check-validity", "--print-invalid"], &there) else {
            return Ok(nothing);
        };
        let invalid: BTreeSet<&str> = invalid.lines().collect();
        let valid: Vec<StorePath> = there
            .into_iter()
            .filter(|path| !invalid.contains(path.to_path().as_str()))
            .collect();
        if valid.is_empty() {
            return Ok(nothing);
        }
        let Some(registration) = self.ask(&["--dump-db"], &valid) else {
            return Ok(nothing);
        };
        let known = registered(&registration)
            .ok_or_else(|| StoreError::Machine("`nix-store --dump-db` says nothing that can be read".into()))?;
        Ok(paths.iter().map(|path| known.get(path).cloned()).collect())
    }
}

/// Returns what the registration of valid paths says (`nix-store --dump-db`): of each path five lines (itself, its
/// hash, its size, what it was made of, the number of its references), and a line for each reference.
fn registered(text: &str) -> Option<BTreeMap<StorePath, PathInfo>> {
    let mut lines = text.lines();
    let mut known = BTreeMap::new();
    while let Some(path) = lines.next() {
        let path = StorePath::parse(path).ok()?;
        let _hash = lines.next()?;
        let size = lines.next()?.parse().ok()?;
        let _deriver = lines.next()?;
        let count: usize = lines.next()?.parse().ok()?;
        let mut references = BTreeSet::new();
        for _ in 0..count {
            references.insert(StorePath::parse(lines.next()?).ok()?);
        }
        known.insert(path, PathInfo { size, references });
    }
    Some(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flake::fetch::{Response, UreqTransport};
    use flake::trust::Policy;
    use std::io::{Read, Write};
    use std::net::IpAddr;
    use std::net::TcpListener;
    use std::sync::Mutex;
    use sys::{MemoryFs, ScriptedExec};

    const HELLO: &str = "/nix/store/ldvc6np676qvhflm7645kq27lpa2gnxc-hello";
    const LIBC: &str = "/nix/store/iygbl2ylbsdn3cakmhp9viikxgm6i2c3-glibc";

    fn path(text: &str) -> StorePath {
        StorePath::parse(text).unwrap()
    }

    fn hello() -> PathInfo {
        PathInfo {
            size: 96,
            references: BTreeSet::from([path(LIBC)]),
        }
    }

    const NARINFO: &str = "StorePath: /nix/store/ldvc6np676qvhflm7645kq27lpa2gnxc-hello\nNarSize: 96\n\
                           References: iygbl2ylbsdn3cakmhp9viikxgm6i2c3-glibc\n";

    /// Answers with these texts and statuses, and counts.
    struct Answers {
        by_url: BTreeMap<String, (u16, &'static str)>,
        asked: Mutex<Vec<String>>,
    }

    impl Transport for Answers {
        fn get(&self, request: &Request) -> Result<Response, HttpError> {
            assert_eq!(request.voice, Voice::User);
            self.asked.lock().unwrap().push(request.url.clone());
            let (status, text) = self.by_url.get(&request.url).copied().unwrap_or((404, ""));
            Ok(Response {
                status,
                body: text.as_bytes().to_vec(),
                ..Response::default()
            })
        }

        fn resolve(&self, _: &str, _: u16) -> Result<Vec<IpAddr>, HttpError> {
            Ok(Vec::new())
        }
    }

    fn http(answers: &[(&str, u16, &'static str)]) -> Arc<Answers> {
        let by_url = answers
            .iter()
            .map(|(name, status, text)| (format!("https://cache/{name}.narinfo"), (*status, *text)));
        Arc::new(Answers {
            by_url: by_url.collect(),
            asked: Mutex::default(),
        })
    }

    #[test]
    fn a_cache_is_asked_over_http_once() {
        let answers = http(&[("ldvc6np676qvhflm7645kq27lpa2gnxc", 200, NARINFO)]);
        let fs = Arc::new(MemoryFs::new());
        let known = || Some(Cache::new(fs.clone(), "/cache".into()));
        let cache = HttpCache::new("https://cache/", answers.clone(), known());
        let paths = [path(HELLO), path(LIBC)];
        assert_eq!(cache.infos(&paths), Ok(vec![Some(hello()), None]));
        assert_eq!((cache.name(), cache.infos(&[])), ("https://cache", Ok(vec![])));
        let again = HttpCache::new("https://cache", answers.clone(), known());
        assert_eq!(again.infos(&paths[..1]), Ok(vec![Some(hello())]));
        assert_eq!(answers.asked.lock().unwrap().len(), 2);
    }

    #[test]
    fn a_cache_is_asked_over_the_real_network() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let mut asked = Vec::new();
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                let mut buffer = [0; 1024];
                while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                    let count = stream.read(&mut buffer).unwrap();
                    assert!(count > 0, "the request has an end");
                    request.extend_from_slice(&buffer[..count]);
                }
                let line = String::from_utf8_lossy(&request)
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                let (status, body) = match line.contains("ldvc6np676qvhflm7645kq27lpa2gnxc.narinfo") {
                    true => ("200 OK", NARINFO),
                    false => ("404 Not Found", ""),
                };
                let length = body.len();
                write!(
                    stream,
                    "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                )
                .unwrap();
                asked.push(line);
            }
            asked.sort();
            asked
        });
        // A cache that the user names may lie on a private address.
        let http = Arc::new(UreqTransport::new(Policy::default()));
        let cache = HttpCache::new(&url, http, None);
        assert_eq!(cache.infos(&[path(HELLO), path(LIBC)]), Ok(vec![Some(hello()), None]));
        assert_eq!(
            server.join().unwrap(),
            [
                "GET /iygbl2ylbsdn3cakmhp9viikxgm6i2c3.narinfo HTTP/1.1",
                "GET /ldvc6np676qvhflm7645kq27lpa2gnxc.narinfo HTTP/1.1",
            ]
        );
    }

    #[test]
    fn a_cache_that_gives_no_answer_is_an_error() {
        let check = |status, text, expected: &str| {
            let answers = http(&[("ldvc6np676qvhflm7645kq27lpa2gnxc", status, text)]);
            let cache = HttpCache::new("https://cache", answers, None);
            let error = cache.infos(&[path(HELLO)]).map_err(|error| error.to_string());
            assert_eq!(error, Err(expected.to_owned()));
        };
        let url = "https://cache/ldvc6np676qvhflm7645kq27lpa2gnxc.narinfo";
        check(500, "", &format!("unable to download '{url}': HTTP error 500"));
        check(
            200,
            "<html>",
            &format!("'{url}' is no narinfo: line 1 is no `Key: value`"),
        );
        let answers = http(&[("ldvc6np676qvhflm7645kq27lpa2gnxc", 403, "")]);
        assert_eq!(
            HttpCache::new("https://cache", answers, None).infos(&[path(HELLO)]),
            Ok(vec![None])
        );
    }

    #[test]
    fn a_cache_can_be_a_folder() {
        let fs = MemoryFs::new().file("/c/ldvc6np676qvhflm7645kq27lpa2gnxc.narinfo", NARINFO);
        let cache = FolderCache::new("/c".into(), Arc::new(fs));
        assert_eq!(cache.infos(&[path(LIBC), path(HELLO)]), Ok(vec![None, Some(hello())]));
        assert_eq!(cache.name(), "file:///c");
    }

    #[test]
    fn the_local_store_is_asked_through_nix() {
        let fs = || Arc::new(MemoryFs::new().file(HELLO, "").file(LIBC, ""));
        let dump = format!("{HELLO}\nfaa2\n96\n\n1\n{LIBC}\n");
        let exec = ScriptedExec::new()
            .answer("nix-store", 0, format!("{LIBC}\n"))
            .answer("nix-store", 0, dump);
        let store = LocalStore::new(fs(), Arc::new(exec), vec![("PATH".into(), "/bin".into())]);
        assert_eq!(store.infos(&[path(HELLO), path(LIBC)]), Ok(vec![Some(hello()), None]));
        let none = LocalStore::new(fs(), Arc::new(ScriptedExec::new()), Vec::new());
        assert_eq!(none.infos(&[path(HELLO)]), Ok(vec![None]));
        let empty = LocalStore::new(Arc::new(MemoryFs::new()), Arc::new(ScriptedExec::new()), Vec::new());
        assert_eq!(empty.infos(&[path(HELLO)]), Ok(vec![None]));
        let exec = ScriptedExec::new()
            .answer("nix-store", 0, "")
            .answer("nix-store", 0, "nonsense");
        let broken = LocalStore::new(fs(), Arc::new(exec), Vec::new());
        assert!(broken.infos(&[path(HELLO)]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_registration_panics(text in "((/nix/store/ldvc6np676qvhflm7645kq27lpa2gnxc-hello|[0-9]{0,20}|é|)\n){0,12}") {
            let _ = registered(&text);
        }
    }
}
