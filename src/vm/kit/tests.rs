//! The kit of made-up packages; the real ones are for `live_` tests.

use super::*;
use crate::initrd;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use sys::DiskFs;

#[test]
fn the_tables_are_well_formed() {
    for processor in [Processor::X86, Processor::Arm] {
        let all: Vec<_> = packages(processor).collect();
        assert!(all.len() > 50, "{processor:?}");
        for package in &all {
            let digits = package.sha256.bytes().filter(u8::is_ascii_hexdigit).count();
            assert!(
                digits == 64 && package.path.starts_with("pool/main/"),
                "{}",
                package.path
            );
        }
        for wanted in ["nix-bin_", "busybox-static_", "linux-image-"] {
            assert_eq!(
                all.iter().filter(|package| package.name().starts_with(wanted)).count(),
                1,
                "{wanted}"
            );
        }
    }
    assert_ne!(path(Processor::X86), path(Processor::Arm));
}

#[test]
fn a_kit_lacks_what_is_in_neither_cache_nor_store() {
    let place = tempfile::tempdir().expect("a folder");
    let realised = Realised::new(Arc::new(DiskFs), place.path());
    let cache = place.path().join("debs");
    let all: Vec<_> = packages(Processor::X86).collect();
    let lacks = || lacking(Processor::X86, &realised, &cache).expect("the folder is read");
    let bytes: u64 = all.iter().map(|package| package.size).sum();
    assert!(bytes > 50 << 20, "a kernel and Nix are larger than {bytes}");
    let packages = all.len();
    assert_eq!(lacks(), Lacking { packages, bytes });
    DiskFs.create_dir_all(&cache).expect("a folder");
    DiskFs.write(&all[0].kept(&cache), b"", Mode::Plain).expect("a file");
    let (packages, bytes) = (packages - 1, bytes - all[0].size);
    assert_eq!(lacks(), Lacking { packages, bytes });
    let archive = |archive: &mut Vec<u8>| write_nar(&mut tree::Tree::new().finish(), archive);
    let mut bytes = Vec::new();
    archive(&mut bytes).expect("memory can be written to");
    let kit = path(Processor::X86);
    let added = realised.add(&kit, &mut bytes.as_slice(), About::default(), Limits::default());
    added.expect("the store takes it");
    assert_eq!(lacks(), Lacking::default());
}

#[test]
fn a_package_comes_from_where_it_can_be_had() {
    let place = tempfile::tempdir().expect("a folder");
    let bytes = b"a package".to_vec();
    let sha256 = HashAlgo::Sha256.hash(&bytes).to_text(HashFormat::Base16, false);
    let package = Package {
        sha256: Box::leak(sha256.into_boxed_str()),
        size: 9,
        path: "pool/main/p/p_1_all.deb",
    };
    let answers = BTreeMap::from([
        ("http://b/pool/main/p/p_1_all.deb", b"another one".to_vec()),
        ("http://c/pool/main/p/p_1_all.deb", bytes.clone()),
    ]);
    let asked = RefCell::new(Vec::new());
    let download = |url: &str| {
        asked.borrow_mut().push(url.to_owned());
        answers.get(url).cloned().ok_or_else(|| "gone".to_owned())
    };
    let mirrors = ["http://a", "http://b/", "http://c"].map(str::to_owned);
    let cache = place.path().join("debs");
    let source = |download, most| Source {
        cache: &cache,
        mirrors: &mirrors[..most],
        download,
    };
    let offline = package.bytes(&DiskFs, source(None, 3)).expect_err("it is nowhere");
    assert_eq!(
        offline.to_string(),
        "the Debian package p_1_all.deb of the build VM cannot be fetched: the run is without a network"
    );
    let nowhere = package
        .bytes(&DiskFs, source(Some(&download), 2))
        .expect_err("it is nowhere");
    assert!(
        nowhere.to_string().ends_with("gone; what http://b/ has is another one"),
        "{nowhere}"
    );
    assert_eq!(
        package.bytes(&DiskFs, source(Some(&download), 3)).expect("it is there"),
        bytes
    );
    assert_eq!(asked.borrow().len(), 5);
    assert_eq!(package.bytes(&DiskFs, source(None, 3)).expect("it is kept"), bytes);
    DiskFs
        .write(&cache.join(format!("{}.deb", package.sha256)), b"broken", Mode::Plain)
        .expect("a file");
    assert!(
        package.bytes(&DiskFs, source(None, 3)).is_err(),
        "what is kept is checked"
    );
}

#[test]
fn what_is_no_package_is_refused() {
    for (bytes, expected) in [
        (&b""[..], "it is no Debian package"),
        (b"!<arch>\n", "it is no Debian package"),
        (
            b"!<arch>\ndata.tar.xz     0           0     0     100644  99999999  `\n",
            "it is no Debian package",
        ),
        (
            b"!<arch>\ndata.tar.lz     0           0     0     100644  0         `\n",
            "its files are in `data.tar.lz`, which is not known here",
        ),
    ] {
        let error = deb::unpack(bytes, &mut |_| {}).expect_err("it is refused");
        assert_eq!(error.to_string(), expected);
    }
}

proptest::proptest! {
    #[test]
    fn no_package_panics(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        let _ = deb::unpack(&bytes, &mut |_| {});
        let _ = deb::unpack(&[MAGIC, bytes.as_slice()].concat(), &mut |_| {});
    }
}

const MAGIC: &[u8] = b"!<arch>\ndata.tar        0           0     0     100644  300       `\n";

/// Fetches by HTTP, which needs no more than a line where a mirror speaks plainly.
pub(crate) fn plainly(url: &str) -> Result<Vec<u8>, String> {
    use std::io::{Read, Write};
    let rest = url.strip_prefix("http://").ok_or("it is not plain HTTP")?;
    let (host, path) = rest.split_once('/').ok_or("it has no path")?;
    let mut stream = std::net::TcpStream::connect((host, 80)).map_err(|error| error.to_string())?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .map_err(|error| error.to_string())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(|error| error.to_string())?;
    let head = answer
        .windows(4)
        .position(|end| end == b"\r\n\r\n")
        .ok_or("it has no head")?;
    let body = answer.split_off(head + 4);
    match answer.starts_with(b"HTTP/1.1 200") || answer.starts_with(b"HTTP/1.0 200") {
        true => Ok(body),
        false => Err(String::from_utf8_lossy(&answer)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()),
    }
}

#[test]
fn live_the_kits_are_made_of_debians_packages() {
    let place = tempfile::tempdir().expect("a folder");
    let realised = Realised::new(Arc::new(DiskFs), place.path().join("realised"));
    let mirrors = MIRRORS.map(str::to_owned);
    let cache = place.path().join("debs");
    let source = Source {
        cache: &cache,
        mirrors: &mirrors,
        download: Some(&plainly),
    };
    for processor in [Processor::X86, Processor::Arm] {
        let kit = kit(processor, &realised, source, &mut |_| {}).expect("a kit");
        let at = |name: &str| {
            realised
                .look_up(&format!("{}/{name}", kit.path.to_path()))
                .expect("it can be asked")
        };
        for name in ["usr/bin/nix-store", "usr/bin/busybox", "vmlinuz"] {
            assert!(at(name).is_some_and(|place| place.len > 100_000), "{name}");
        }
        let store = initrd::Store {
            fs: realised.fs().as_ref(),
            folder: &realised.folder().join("store"),
        };
        let modules = store.modules(&realised.outside(&kit.path).join("modules"), initrd::DISKS);
        let modules = modules.expect("the kernel has what is needed");
        let names: Vec<_> = modules.iter().map(|module| module.name.as_str()).collect();
        assert_eq!(names, ["virtio_blk"]);
    }
}
