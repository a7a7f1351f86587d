//! Caches that are asked, as tests script them.

#![expect(clippy::disallowed_types, reason = "the oracle is a program")]

use super::*;
use crate::realised::Realised;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use std::collections::BTreeMap;
use std::io::Read;
use store::{HashAlgo, HashFormat, NarTree, write_nar};
use sys::{DiskFs, Fs};

/// A key of tests.
pub(super) struct Key {
    pub name: &'static str,
    secret: [u8; 32],
}

pub(super) const KEY: Key = Key {
    name: "a-1",
    secret: [3; 32],
};
const OTHER_KEY: Key = Key {
    name: "a-1",
    secret: [4; 32],
};

impl Key {
    pub fn public(&self) -> String {
        let key = SigningKey::from_bytes(&self.secret).verifying_key();
        format!("{}:{}", self.name, STANDARD.encode(key))
    }

    fn sign(&self, info: &NarInfo) -> String {
        let signature = SigningKey::from_bytes(&self.secret).sign(info.fingerprint().as_bytes());
        format!("Sig: {}:{}\n", self.name, STANDARD.encode(signature.to_bytes()))
    }
}

/// Returns a text with the signature of what it says.
pub(super) fn signed(text: &str, info: &NarInfo) -> String {
    format!("{text}{}", KEY.sign(info))
}

/// A cache in memory: what lies where, and how often each was asked for.
#[derive(Clone, Default)]
struct Memory {
    files: Arc<BTreeMap<String, Vec<u8>>>,
    asked: Arc<Mutex<Vec<String>>>,
    broken: bool,
}

impl Door for Memory {
    fn open(&self, path: &str) -> Result<Option<Box<dyn Read + Send>>, String> {
        lock(&self.asked).push(path.to_owned());
        if self.broken && path != CACHE_INFO {
            return Err("the server burns".into());
        }
        let bytes = self.files.get(path).cloned();
        Ok(bytes.map(|bytes| Box::new(std::io::Cursor::new(bytes)) as Box<dyn Read + Send>))
    }
}

impl Memory {
    fn of(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Memory {
        let mut files: BTreeMap<String, Vec<u8>> = files.into_iter().collect();
        files
            .entry(CACHE_INFO.into())
            .or_insert(b"StoreDir: /nix/store\nPriority: 40\n".to_vec());
        Memory {
            files: Arc::new(files),
            ..Memory::default()
        }
    }

    fn asked(&self, end: &str) -> usize {
        lock(&self.asked).iter().filter(|path| path.ends_with(end)).count()
    }
}

/// Returns a path of the store, told by a letter.
fn path(letter: char) -> StorePath {
    StorePath::from_base_name(format!("{}-{letter}", letter.to_string().repeat(32))).expect("a path")
}

/// Returns the archive of a file.
fn archive(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut file = NarTree::File {
        executable: false,
        contents: text.as_bytes().to_vec(),
    };
    write_nar(&mut file, &mut out).expect("an archive");
    out
}

/// Returns what a cache has of a path: its narinfo, which `change` may change before it is signed, and its archive.
fn entry(letter: char, references: &str, key: &Key, change: impl Fn(String) -> String) -> [(String, Vec<u8>); 2] {
    let path = path(letter);
    let archive = archive(&format!("I am {letter}\n"));
    let references: Vec<String> = references
        .chars()
        .map(|letter| self::path(letter).base_name().to_owned())
        .collect();
    let text = change(format!(
        "StorePath: {}\nURL: nar/{letter}.nar\nCompression: none\nNarHash: {}\nNarSize: {}\nReferences: {}\n",
        path.to_path(),
        HashAlgo::Sha256.hash(&archive).to_text(HashFormat::Nix32, true),
        archive.len(),
        references.join(" ")
    ));
    let info = NarInfo::parse(text.as_bytes(), &path).expect("a narinfo");
    [
        (
            format!("{}.narinfo", path.digest_digits()),
            format!("{text}{}", key.sign(&info)).into_bytes(),
        ),
        (format!("nar/{letter}.nar"), archive),
    ]
}

fn good(letter: char, references: &str) -> [(String, Vec<u8>); 2] {
    entry(letter, references, &KEY, |text| text)
}

fn substituters(caches: &[&Memory]) -> Substituters {
    let sources = caches.iter().enumerate().map(|(number, memory)| Source {
        url: format!("cache-{number}"),
        priority: None,
        door: Box::new((*memory).clone()),
    });
    Substituters::new(sources.collect(), vec![PublicKey::parse(&KEY.public()).expect("a key")])
}

/// What came of asking caches for paths.
struct Came {
    /// Those that were offered at first.
    offered: String,
    /// What is there in the end.
    there: String,
    notes: String,
}

fn letters<'p>(paths: impl IntoIterator<Item = &'p StorePath>) -> String {
    paths.into_iter().map(StorePath::name).collect()
}

/// Asks for paths until nobody offers what nobody delivers.
fn fetched(caches: &[&Memory], wanted: &str) -> Came {
    let folder = tempfile::tempdir().expect("a folder");
    let realised = Realised::new(Arc::new(DiskFs), folder.path());
    let wanted: Vec<StorePath> = wanted.chars().map(path).collect();
    let substituters = substituters(caches);
    let mut notes = String::new();
    let mut told = |line: &str| {
        if !line.starts_with("fetching ") {
            notes.push_str(line);
            notes.push('\n');
        }
    };
    let mut offered = None;
    loop {
        let haul = substituters
            .offers(&wanted, &realised, &mut told)
            .expect("it can be asked");
        offered.get_or_insert(letters(&haul.roots));
        substituters.fetch(&haul, &realised, &mut told).expect("the disk works");
        if realised.missing(&haul.roots).expect("it can be read").is_empty() {
            break;
        }
    }
    let all = ('a'..='d').map(path);
    let there = all.filter(|path| realised.has(path).expect("it can be read"));
    Came {
        offered: offered.unwrap_or_default(),
        there: letters(&there.collect::<Vec<_>>()),
        notes,
    }
}

#[test]
fn what_is_wanted_comes_with_all_that_it_refers_to() {
    let memory = Memory::of([good('a', "ab"), good('b', "c"), good('c', ""), good('d', "")].concat());
    let came = fetched(&[&memory], "a");
    assert_eq!(
        (came.offered.as_str(), came.there.as_str(), came.notes.as_str()),
        ("a", "abc", "")
    );
    assert_eq!(
        (memory.asked(".narinfo"), memory.asked(".nar"), memory.asked(CACHE_INFO)),
        (3, 3, 1)
    );
}

#[test]
fn a_path_that_refers_to_an_absent_one_is_absent() {
    let memory = Memory::of([good('a', "b"), good('b', "d"), good('c', "")].concat());
    let came = fetched(&[&memory], "abc");
    assert_eq!((came.offered.as_str(), came.there.as_str()), ("c", "c"));
}

#[test]
fn caches_are_asked_in_their_order() {
    let second = Memory::of([good('a', ""), good('b', "")].concat());
    let first = Memory::of(
        [
            good('a', "").to_vec(),
            vec![(CACHE_INFO.into(), b"StoreDir: /nix/store\nPriority: 10\n".to_vec())],
        ]
        .concat(),
    );
    let came = fetched(&[&second, &first], "ab");
    assert_eq!(came.there, "ab");
    assert_eq!((first.asked(".nar"), second.asked(".nar")), (1, 1));
    let foreign = Memory::of([(CACHE_INFO.into(), b"StoreDir: /gnu/store\n".to_vec())]);
    let none = Memory::default();
    let came = fetched(&[&foreign, &none, &second], "a");
    assert_eq!(came.there, "a");
    assert_eq!(
        came.notes,
        "the substituter cache-0 is not asked: it is for the store '/gnu/store'\n\
         the substituter cache-1 is not asked: it has no nix-cache-info\n"
    );
}

#[test]
fn what_is_not_as_promised_is_told_and_had_from_the_next_cache() {
    let fallback = Memory::of([good('a', "b"), good('b', "")].concat());
    let corrupt = |letter: char, bytes: Vec<u8>| (format!("nar/{letter}.nar"), bytes);
    let with = |archive: (String, Vec<u8>)| {
        let mut files = [good('a', "b"), good('b', "")].concat();
        files.retain(|(name, _)| *name != archive.0);
        files.push(archive);
        Memory::of(files)
    };
    let whole = archive("I am a\n");
    let mut tampered = whole.clone();
    let at = tampered.len() - 24;
    tampered[at] ^= 1;
    let sized = |size: &str| {
        let change = |text: String| text.replacen(&format!("NarSize: {}", whole.len()), &format!("NarSize: {size}"), 1);
        Memory::of([entry('a', "b", &KEY, change), good('b', "")].concat())
    };
    let unsigned = {
        let mut files = [good('a', "b"), good('b', "")].concat();
        let text = String::from_utf8(files[0].1.clone()).expect("text");
        files[0].1 = text
            .lines()
            .filter(|line| !line.starts_with("Sig"))
            .collect::<Vec<_>>()
            .join("\n")
            .into();
        Memory::of(files)
    };
    let file_size = |size: usize| {
        let change = |text: String| text + &format!("FileSize: {size}\n");
        Memory::of([entry('a', "b", &KEY, change), good('b', "")].concat())
    };
    let absent = Memory::of([good('a', "b")[..1].to_vec(), good('b', "").to_vec()].concat());
    let cases = [
        (with(corrupt('a', tampered)), "has the hash sha256-"),
        (
            with(corrupt('a', whole[..whole.len() - 9].to_vec())),
            "cannot be unpacked",
        ),
        (with(corrupt('a', Vec::new())), "cannot be unpacked"),
        (
            with(corrupt('a', archive(&"x".repeat(1 << 20)))),
            "it is larger than it may be",
        ),
        (sized("99999999"), "bytes and not 99999999"),
        (sized("100"), "it is larger than it may be"),
        (file_size(100), "cannot be unpacked"),
        (absent, "it does not have its own 'nar/a.nar'"),
        (unsigned, "which no trusted key has signed"),
        (
            Memory::of([entry('a', "b", &OTHER_KEY, |text| text), good('b', "")].concat()),
            "which no trusted key has signed",
        ),
        (
            Memory::of([(format!("{}.narinfo", path('a').digest_digits()), b"\xff".to_vec())]),
            "cannot be used: invalid utf-8",
        ),
        (
            Memory::of([(format!("{}.narinfo", path('a').digest_digits()), vec![b'x'; 5 << 20])]),
            "is longer than",
        ),
    ];
    for (bad, expected) in cases {
        let came = fetched(&[&bad, &fallback], "a");
        assert_eq!(came.there, "ab", "{expected}: {}", came.notes);
        assert!(came.notes.contains(expected), "{expected}: {}", came.notes);
        let alone = fetched(&[&bad], "a");
        assert!(!alone.there.contains('a'), "{expected}: {}", alone.notes);
        assert!(alone.notes.contains(expected), "{expected}: {}", alone.notes);
    }
}

#[test]
fn a_cache_that_always_fails_is_left_alone() {
    let broken = Memory {
        broken: true,
        ..Memory::of([])
    };
    let substituters = substituters(&[&broken]);
    let folder = tempfile::tempdir().expect("a folder");
    let realised = Realised::new(Arc::new(DiskFs), folder.path());
    let mut notes = Vec::new();
    for letter in 'a'..='d' {
        let haul = substituters.offers(&[path(letter)], &realised, &mut |line| notes.push(line.to_owned()));
        assert_eq!(haul.expect("it can be asked"), Haul::default());
    }
    assert_eq!(broken.asked(".narinfo"), 3);
    assert_eq!(
        notes.last().map(String::as_str),
        Some("the substituter cache-0 fails and is not asked any more")
    );
}

#[test]
fn what_is_known_by_its_contents_must_have_them() {
    use store::{ContentAddress, ContentAddressMethod, References, content_addressed_path};
    let archive = archive("I am known\n");
    for (contents, is_taken) in [("I am known\n", true), ("I am another\n", false)] {
        let address = ContentAddress {
            method: ContentAddressMethod::Flat,
            hash: HashAlgo::Sha256.hash(contents),
        };
        let path = content_addressed_path(b"a", &address, &References::default()).expect("a path");
        let text = format!(
            "StorePath: {}\nURL: x\nCompression: none\nNarHash: {}\nNarSize: {}\nCA: {address}\n",
            path.to_path(),
            HashAlgo::Sha256.hash(&archive).to_text(HashFormat::Nix32, true),
            archive.len(),
        );
        let name = format!("{}.narinfo", path.digest_digits());
        let memory = Memory::of([(name, text.into_bytes()), ("x".into(), archive.clone())]);
        let folder = tempfile::tempdir().expect("a folder");
        let realised = Realised::new(Arc::new(DiskFs), folder.path());
        let substituters = substituters(&[&memory]);
        let haul = substituters.offers(std::slice::from_ref(&path), &realised, &mut |_| {});
        let haul = haul.expect("it can be asked");
        assert_eq!(haul.roots.len(), 1);
        substituters
            .fetch(&haul, &realised, &mut |_| {})
            .expect("the disk works");
        assert_eq!(realised.has(&path).expect("it can be read"), is_taken);
        assert_eq!(realised.missing([&path]).expect("it can be read").is_empty(), is_taken);
    }
}

#[test]
fn oracle_a_cache_that_nix_has_written_and_signed_is_read() {
    let oracle = testkit::Oracle::named();
    let shared = oracle.share();
    let run = |command: &mut std::process::Command| {
        let output = command.output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    };
    let at = |name: &str| format!("{}/{name}", shared.inside());
    let key = ["--generate-binary-cache-key", "test-1", &at("secret"), &at("public")];
    run(oracle.command("nix-store").args(key));
    let public = DiskFs.read(&shared.outside().join("public")).expect("a key");
    let public = PublicKey::parse(String::from_utf8(public).expect("text").trim()).expect("a key");
    let expression = r#"
        let made = name: script: derivation {
          inherit name; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" script ];
        }; in made "user" "echo ${made "used" "echo used > $out"} ${builtins.toFile "text" "a text"} > $out"
    "#;
    let built = run(oracle.command("nix-build").args(["--no-out-link", "-E", expression]));
    let wanted = StorePath::parse(&built).expect("a path");
    for compression in ["none", "xz", "zstd", "bzip2", "gzip"] {
        let to = format!(
            "file://{}?secret-key={}&compression={compression}",
            at(compression),
            at("secret")
        );
        run(oracle.nix("copy").args(["--to", &to, &built]));
        for (key, expected) in [(Some(public.clone()), 3), (None, 0)] {
            let source = Source {
                url: "cache".into(),
                priority: None,
                door: Box::new(FolderDoor {
                    fs: Arc::new(DiskFs),
                    folder: shared.outside().join(compression),
                }),
            };
            let substituters = Substituters::new(vec![source], key.into_iter().collect());
            let folder = tempfile::tempdir().expect("a folder");
            let realised = Realised::new(Arc::new(DiskFs), folder.path());
            let mut notes = Vec::new();
            let mut told = |line: &str| notes.push(line.to_owned());
            let haul = substituters.offers(std::slice::from_ref(&wanted), &realised, &mut told);
            let haul = haul.expect("it can be asked");
            substituters.fetch(&haul, &realised, &mut told).expect("the disk works");
            assert_eq!(haul.offers.len(), expected, "{compression}: {notes:?}");
            let has = realised.has(&wanted).expect("it can be read");
            assert_eq!(has, expected > 0, "{compression}: {notes:?}");
            if has {
                let text = realised
                    .read(&built, 999)
                    .expect("it can be read")
                    .expect("it is a file");
                assert!(
                    String::from_utf8(text).expect("text").contains("-used "),
                    "{compression}"
                );
                assert_eq!(realised.closure([&wanted]).expect("the closure is there").len(), 3);
            }
        }
    }
}
