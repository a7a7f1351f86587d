//! Fetching from real Git repositories, from a forge that answers from memory, and from a server of
//! this machine. Revisions, hashes and times of the repository are what Nix 2.34.8 says of it.

use super::{FetchErrorKind, Fetcher, HttpError, Request, Response, Settings, Transport, UreqTransport};
use crate::flakeref::{FlakeRef, Reading};
use crate::input::Input;
use crate::tree::NodeKind;
use crate::trust::{Policy, Voice};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use sys::{Command, DiskFs, Env, Exec, Fs, ManualClock, MemoryFs, Mode, ProcessEnv, ProcessExec, ScriptedExec};

/// A network of fixed answers that notes what was asked.
#[derive(Default)]
struct Answers {
    by_url: BTreeMap<String, Vec<u8>>,
    asked: Mutex<Vec<Request>>,
}

impl Transport for Answers {
    fn get(&self, request: &Request) -> Result<Response, HttpError> {
        self.asked.lock().unwrap().push(request.clone());
        let body = self.by_url.get(&request.url).cloned();
        let status = if body.is_some() { 200 } else { 404 };
        Ok(Response {
            status,
            urls: vec![request.url.clone()],
            body: body.unwrap_or_default(),
            headers: Vec::new(),
        })
    }

    fn resolve(&self, _host: &str, _port: u16) -> Result<Vec<IpAddr>, HttpError> {
        Ok(vec!["127.0.0.1".parse().unwrap()])
    }
}

fn input(text: &str) -> Input {
    FlakeRef::parse(text, Reading::ABSOLUTE).unwrap().input
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(std::time::Duration::from_secs(1_700_000_000)))
}

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut builder = tar::Builder::new(gz);
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(1_577_836_800);
        header.set_cksum();
        builder.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

// ---- Git

fn search_path() -> String {
    ProcessEnv.var("PATH").unwrap().into_string().unwrap()
}

fn git(folder: &Path, time: u64, args: &[&str]) {
    let path = search_path();
    let mut command = Command::new("git")
        .cwd(folder)
        .env("PATH", path)
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    for who in ["AUTHOR", "COMMITTER"] {
        command = command
            .env(format!("GIT_{who}_NAME"), "a")
            .env(format!("GIT_{who}_EMAIL"), "a@b");
    }
    command = command
        .env("GIT_AUTHOR_DATE", "1577836800 +0000")
        .env("GIT_COMMITTER_DATE", format!("{time} +0000"))
        .env("GIT_CONFIG_NOSYSTEM", "1");
    let output = ProcessExec.run(&command.args(args)).unwrap();
    assert!(
        output.success(),
        "git {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A repository of two commits, the first tagged `v1`.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    git(folder.path(), 0, &["init", "-q", "-b", "main", "."]);
    DiskFs
        .write(&at("flake.nix"), b"{ outputs = _: { }; }\n", Mode::Plain)
        .unwrap();
    DiskFs.create_dir_all(&at("sub")).unwrap();
    DiskFs.write(&at("sub/a"), b"hi\n", Mode::Plain).unwrap();
    DiskFs.write(&at("run"), b"#!/bin/sh\n", Mode::Executable).unwrap();
    DiskFs.symlink(Path::new("sub/a"), &at("link")).unwrap();
    git(folder.path(), 0, &["add", "-A"]);
    git(folder.path(), 1_577_836_800, &["commit", "-qm", "one"]);
    DiskFs.write(&at("sub/a"), b"two\n", Mode::Plain).unwrap();
    git(folder.path(), 1_577_840_400, &["commit", "-qam", "two"]);
    git(folder.path(), 0, &["tag", "v1", "HEAD~1"]);
    folder
}

fn disk_fetcher(cache: Option<&Path>, policy: Policy) -> Fetcher {
    let path = search_path();
    let settings = Settings {
        cache: cache.map(Path::to_owned),
        git_env: vec![("PATH".into(), path)],
        ..Settings::default()
    };
    Fetcher::new(
        Arc::new(DiskFs),
        Arc::new(ProcessExec),
        clock(),
        Arc::new(Answers::default()),
        settings,
        policy,
    )
}

#[track_caller]
fn check_git(folder: &Path, parameters: &str, expected: &str) {
    let fetcher = disk_fetcher(None, Policy::default());
    let reference = format!("git+file://{}{parameters}", folder.display());
    let tree = fetcher.fetch(&input(&reference), Voice::User).unwrap();
    let mut locked = tree.locked().unwrap().attrs().clone();
    for name in ["type", "url", "__final"] {
        locked.remove(name);
    }
    let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
    assert_eq!(locked.to_json(), expected);
}

const CLEAN: &str = r#"{"lastModified": 1577840400, "narHash": "sha256-d8XNgDPvJDTGWK/zOQDzcIT/kbpdNVS8OX5o+Q+Xwro=",
    "ref": "refs/heads/main", "rev": "6e375b8ecd51b89277f0a331e97e300bc7143187", "revCount": 2}"#;

#[test]
fn live_git_trees_are_those_of_nix() {
    let folder = repository();
    let root = folder.path();
    check_git(root, "", CLEAN);
    check_git(
        root,
        "?ref=refs/tags/v1",
        r#"{"lastModified": 1577836800, "narHash": "sha256-f2JrnyNrNfqlapnrhuQYWeMBBPQRAq5fnilQyWdg+a8=",
            "ref": "refs/tags/v1", "rev": "059ed2fb8e185d4f076999596344d2bc1db40348", "revCount": 1}"#,
    );
    // Intent to add makes a file visible, untracked files are not there.
    DiskFs.write(&root.join("new"), b"new\n", Mode::Plain).unwrap();
    DiskFs.write(&root.join("untracked"), b"u\n", Mode::Plain).unwrap();
    git(root, 0, &["add", "-N", "new"]);
    let dirty = |hash: &str| {
        format!(
            r#"{{"dirtyRev": "6e375b8ecd51b89277f0a331e97e300bc7143187-dirty", "dirtyShortRev": "6e375b8-dirty",
                "lastModified": 1577840400, "narHash": "{hash}"}}"#
        )
    };
    check_git(root, "", &dirty("sha256-RoKYHeJx2PGxO5K+w1R6YS8R2p+fwQ/Hcy7wAWS6VHg="));
    DiskFs.remove_file(&root.join("sub/a")).unwrap();
    check_git(root, "", &dirty("sha256-J3HYYFT9eLf/hIwyRxtksp706BtGL6ga5uQnKTouB60="));

    let tree = disk_fetcher(None, Policy::default());
    let tree = tree
        .fetch(&input(&format!("git+file://{}", root.display())), Voice::User)
        .unwrap();
    assert_eq!(tree.accessor.lstat(b"untracked").unwrap(), None);
    assert!(
        tree.accessor
            .explain_absence(b"untracked")
            .unwrap()
            .contains("is not tracked by Git")
    );
    assert_eq!(
        tree.accessor.lstat(b"run").unwrap(),
        Some(NodeKind::Regular { executable: true })
    );
    assert!(tree.accessor.read_file(b"link/x").is_err());
}

#[test]
fn live_git_paths_of_any_length_are_looked_up() {
    let folder = repository();
    let deep = vec!["d"; 1000].join("/");
    DiskFs.create_dir_all(&folder.path().join(&deep)).unwrap();
    DiskFs
        .write(&folder.path().join(&deep).join("f"), b"f\n", Mode::Plain)
        .unwrap();
    git(folder.path(), 0, &["add", "-A"]);
    git(folder.path(), 1_577_844_000, &["commit", "-qm", "deep"]);
    let fetcher = disk_fetcher(None, Policy::default());
    let tree = fetcher
        .fetch(&input(&format!("git+file://{}", folder.path().display())), Voice::User)
        .unwrap();
    let tree = &tree.accessor;
    let longer = format!("{deep}/{}", vec!["d"; 1_000_000].join("/"));
    for absent in [&longer, &format!("sub/a/{longer}"), &format!("x/{longer}")] {
        assert_eq!(tree.lstat(absent.as_bytes()).unwrap(), None);
    }
    assert_eq!(tree.read_file(format!("{deep}/f").as_bytes()).unwrap(), b"f\n");
    assert_eq!(tree.read_dir(deep.as_bytes()).unwrap().len(), 1);
    assert!(tree.read_dir(format!("link/{longer}").as_bytes()).is_err());
}

#[test]
fn live_git_packed_repositories_are_read_too() {
    let folder = repository();
    git(folder.path(), 0, &["gc", "-q"]);
    check_git(folder.path(), "", CLEAN);
    check_git(
        folder.path(),
        "?ref=main&rev=6e375b8ecd51b89277f0a331e97e300bc7143187",
        &CLEAN.replace("refs/heads/main", "main"),
    );
}

#[test]
fn live_git_files_in_a_hostile_flake_lead_nowhere() {
    let secret = repository();
    let own = tempfile::tempdir().unwrap();
    DiskFs.create_dir_all(&own.path().join("sub")).unwrap();
    let text = format!("gitdir: {}/.git\n", secret.path().display());
    DiskFs
        .write(&own.path().join("sub/.git"), text.as_bytes(), Mode::Plain)
        .unwrap();
    let reference = input(&format!("git+file://{}/sub?ref=main", own.path().display()));
    let policy = Policy {
        root: Some(own.path().to_owned()),
        ..Policy::default()
    };
    let error = disk_fetcher(None, policy).fetch(&reference, Voice::Flake).unwrap_err();
    assert!(matches!(*error.kind, FetchErrorKind::Refused(_)), "{error}");
    assert!(
        disk_fetcher(None, Policy::trusting())
            .fetch(&reference, Voice::Flake)
            .is_ok()
    );
}

#[test]
fn live_git_remote_repositories_are_fetched_into_the_cache() {
    let folder = repository();
    let bare = tempfile::tempdir().unwrap();
    let cache = tempfile::tempdir().unwrap();
    let fetcher = disk_fetcher(Some(cache.path()), Policy::default());
    git(
        bare.path(),
        0,
        &["clone", "-q", "--bare", &folder.path().to_string_lossy(), "x"],
    );
    let reference = input(&format!("git+file://{}/x?ref=main", bare.path().display()));
    let tree = fetcher.fetch(&reference, Voice::User).unwrap();
    assert_eq!(
        tree.rev().unwrap().to_string(),
        "6e375b8ecd51b89277f0a331e97e300bc7143187"
    );
    let url = crate::url::Url::parse(&format!("file://{}/x", bare.path().display()), false).unwrap();
    let repository = fetcher.fetch_remote(&reference, &url, Voice::User).unwrap();
    assert_eq!(
        repository.resolve("main").unwrap().to_string(),
        "6e375b8ecd51b89277f0a331e97e300bc7143187"
    );
    // A judged flake gets neither the file transport nor what git would read from its surroundings.
    let other = crate::url::Url::parse(&format!("file://{}/x?y=z", bare.path().display()), false).unwrap();
    assert!(matches!(
        fetcher.fetch_remote(&reference, &other, Voice::Flake),
        Err(FetchErrorKind::RunGit { .. })
    ));
}

#[test]
fn hashes_and_revisions_that_do_not_fit_are_errors() {
    let fs: Arc<dyn Fs> = Arc::new(MemoryFs::new().file("/x/a", "b"));
    let fetcher = Fetcher::new(
        fs,
        Arc::new(ScriptedExec::new()),
        clock(),
        Arc::new(Answers::default()),
        Settings::default(),
        Policy::default(),
    );
    let wrong = "path:/x?narHash=sha256-47DEQpj8HBSa%2B/TImW%2B5JCeuQeRkm5NMpJWZG3hSuFU%3D";
    let error = fetcher.fetch(&input(wrong), Voice::User).unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with(&format!("NAR hash mismatch in input '{wrong}', expected 'sha256-47DEQ")),
        "{message}"
    );
    let error = fetcher.fetch(&input("path:/none"), Voice::User).unwrap_err();
    assert_eq!(error.to_string(), "path '/none' does not exist");
}

// ---- Forges

fn forge(answers: &[(&str, Vec<u8>)]) -> (Arc<Answers>, Fetcher) {
    let by_url = answers
        .iter()
        .map(|(url, body)| ((*url).to_owned(), body.clone()))
        .collect();
    let answers = Arc::new(Answers {
        by_url,
        ..Answers::default()
    });
    let settings = Settings {
        cache: Some("/cache".into()),
        access_tokens: BTreeMap::from([
            ("github.com".to_owned(), String::new()),
            ("github.com/private".to_owned(), "secret".to_owned()),
        ]),
        ..Settings::default()
    };
    let fetcher = Fetcher::new(
        Arc::new(MemoryFs::new()),
        Arc::new(ScriptedExec::new()),
        clock(),
        answers.clone(),
        settings,
        Policy::default(),
    );
    (answers, fetcher)
}

#[test]
fn archives_of_forges() {
    let rev = "0123456789012345678901234567890123456789";
    let tar = archive(&[("r-1/flake.nix", "{ }"), ("r-1/d/f", "x")]);
    for (reference, answers) in [
        (
            "github:o/r/main".to_owned(),
            vec![
                (
                    "https://api.github.com/repos/o/r/commits/main",
                    format!("{{\"sha\": \"{rev}\"}}").into_bytes(),
                ),
                ("https://github.com/o/r/archive/REV.tar.gz", tar.clone()),
            ],
        ),
        (
            format!("github:o/r/{rev}?host=ghe.example"),
            vec![("https://ghe.example/api/v3/repos/o/r/tarball/REV", tar.clone())],
        ),
        (
            "gitlab:o/r".to_owned(),
            vec![
                (
                    "https://gitlab.com/api/v4/projects/o%2Fr/repository/commits?ref_name=HEAD",
                    format!("[{{\"id\": \"{rev}\"}}]").into_bytes(),
                ),
                (
                    "https://gitlab.com/api/v4/projects/o%2Fr/repository/archive.tar.gz?sha=REV",
                    tar.clone(),
                ),
            ],
        ),
        (
            "sourcehut:~o/r".to_owned(),
            vec![
                ("https://git.sr.ht/~o/r/HEAD", b"ref: refs/heads/x\n".to_vec()),
                (
                    "https://git.sr.ht/~o/r/info/refs",
                    format!("{rev}\trefs/heads/x\n").into_bytes(),
                ),
                ("https://git.sr.ht/~o/r/archive/REV.tar.gz", tar.clone()),
            ],
        ),
    ] {
        let answers: Vec<_> = answers
            .into_iter()
            .map(|(url, body)| (url.replace("REV", rev), body))
            .collect();
        let answers: Vec<_> = answers.iter().map(|(url, body)| (url.as_str(), body.clone())).collect();
        let (network, fetcher) = forge(&answers);
        let tree = fetcher.fetch(&input(&reference), Voice::Flake).unwrap();
        assert_eq!(tree.rev().unwrap().to_string(), rev, "{reference}");
        assert_eq!(tree.last_modified(), Some(1_577_836_800));
        assert_eq!(tree.accessor.read_file(b"d/f").unwrap(), b"x");
        assert_eq!(tree.input.git_ref().unwrap(), None);
        // What was locked is in the cache and needs no network any more.
        let asked = network.asked.lock().unwrap().len();
        let locked = tree.locked().unwrap();
        assert_eq!(
            fetcher.fetch(&locked, Voice::Flake).unwrap().nar_hash().unwrap(),
            tree.nar_hash().unwrap()
        );
        assert_eq!(network.asked.lock().unwrap().len(), asked);
    }
}

#[test]
fn tokens_go_to_their_own_projects_only() {
    let rev = "0123456789012345678901234567890123456789";
    let tar = archive(&[("r-1/flake.nix", "{ }")]);
    let private = format!("https://api.github.com/repos/private/r/tarball/{rev}");
    let public = format!("https://github.com/privateer/r/archive/{rev}.tar.gz");
    let (network, fetcher) = forge(&[(&private, tar.clone()), (&public, tar)]);
    fetcher
        .fetch(&input(&format!("github:private/r/{rev}")), Voice::Flake)
        .unwrap();
    fetcher
        .fetch(&input(&format!("github:privateer/r/{rev}")), Voice::Flake)
        .unwrap();
    let asked = network.asked.lock().unwrap();
    assert_eq!(
        asked[0].headers,
        [("Authorization".to_owned(), "token secret".to_owned())]
    );
    assert_eq!(asked[1].headers, []);
}

#[test]
fn offline_says_what_is_missing() {
    let (_, mut fetcher) = forge(&[]);
    fetcher.settings.offline = true;
    let error = fetcher.fetch(&input("github:o/r"), Voice::User).unwrap_err();
    assert!(
        error.to_string().contains("cannot be fetched with --offline"),
        "{error}"
    );
}

// ---- A server of this machine

/// Serves fixed answers, each a whole HTTP response after its path, until the test ends.
fn serve(answers: Vec<(&'static str, Vec<u8>)>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            request.read_line(&mut line).unwrap();
            let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
            while line.trim() != "" {
                line.clear();
                request.read_line(&mut line).unwrap();
            }
            let answer = answers.iter().find(|(known, _)| *known == path);
            let missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec();
            let _ = stream.write_all(answer.map_or(&missing, |(_, answer)| answer));
        }
    });
    port
}

fn ok(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn http_fetcher(policy: Policy) -> Fetcher {
    Fetcher::new(
        Arc::new(MemoryFs::new()),
        Arc::new(ScriptedExec::new()),
        clock(),
        Arc::new(UreqTransport::new(policy.clone())),
        Settings::default(),
        policy,
    )
}

#[test]
fn tarballs_by_http() {
    let tar = archive(&[("x/flake.nix", "{ }")]);
    let link = "Link: <https://h.example/x.tar.gz?rev=0123456789012345678901234567890123456789>; rel=\"immutable\"\r\n";
    let port = serve(vec![
        ("/x.tar.gz", ok("", &tar)),
        ("/latest.tar.gz", ok(link, &tar)),
        ("/f", ok("", b"text")),
    ]);
    let fetcher = http_fetcher(Policy::default());
    let tree = fetcher
        .fetch(&input(&format!("http://127.0.0.1:{port}/x.tar.gz")), Voice::User)
        .unwrap();
    assert_eq!(tree.accessor.read_file(b"flake.nix").unwrap(), b"{ }");
    // A server can say where the same will always be.
    let tree = fetcher
        .fetch(&input(&format!("http://127.0.0.1:{port}/latest.tar.gz")), Voice::User)
        .unwrap();
    assert_eq!(
        tree.input.attrs().str("url").unwrap(),
        Some("https://h.example/x.tar.gz")
    );
    assert!(tree.rev().is_some());
    let file = fetcher
        .fetch(&input(&format!("file+http://127.0.0.1:{port}/f")), Voice::User)
        .unwrap();
    assert_eq!(file.accessor.read_file(b"").unwrap(), b"text");
    let error = fetcher
        .fetch(&input(&format!("http://127.0.0.1:{port}/none.tar.gz")), Voice::User)
        .unwrap_err();
    assert!(error.to_string().ends_with("HTTP error 404"), "{error}");
}

#[test]
fn certificate_authorities_are_read_for_the_first_connection() {
    let port = serve(vec![("/f", ok("", b"text"))]);
    let asked = Arc::new(AtomicU32::new(0));
    let counting = asked.clone();
    let transport = UreqTransport::with_certificates(Policy::default(), move || {
        counting.fetch_add(1, Ordering::Relaxed);
        None
    });
    assert!(transport.resolve("127.0.0.1", port).is_ok());
    assert_eq!(asked.load(Ordering::Relaxed), 0, "nothing was connected to");
    for _ in 0..2 {
        let request = Request {
            url: format!("http://127.0.0.1:{port}/f"),
            headers: Vec::new(),
            voice: Voice::User,
        };
        assert_eq!(transport.get(&request).unwrap().body, b"text");
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn a_hostile_flake_reaches_no_private_address() {
    let tar = archive(&[("x/flake.nix", "{ }")]);
    let target = serve(vec![("/x.tar.gz", ok("", &tar))]);
    let there = format!(
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{target}/x.tar.gz\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    let port = serve(vec![("/r.tar.gz", there.into_bytes())]);
    let refused = |policy: Policy, url: &str| {
        let error = http_fetcher(policy).fetch(&input(url), Voice::Flake).unwrap_err();
        assert!(error.to_string().contains("private, loopback or link-local"), "{error}");
    };
    refused(Policy::default(), &format!("http://127.0.0.1:{target}/x.tar.gz"));
    refused(Policy::default(), &format!("http://localhost:{target}/x.tar.gz"));
    refused(Policy::default(), &format!("http://[::1]:{target}/x.tar.gz"));
    // Nor by a redirect of a host that may be reached.
    let policy = Policy {
        private_hosts: vec!["localhost".into()],
        ..Policy::default()
    };
    refused(policy.clone(), &format!("http://localhost:{port}/r.tar.gz"));
    let allowed = http_fetcher(policy).fetch(&input(&format!("http://localhost:{target}/x.tar.gz")), Voice::Flake);
    assert!(allowed.is_ok());
}
