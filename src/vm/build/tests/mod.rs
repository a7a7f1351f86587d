//! Builds of a small chain of derivations, by engines that are really there.

mod live;

use super::*;
use crate::realised::{Limits, Realised};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::{ContentAddress, ContentAddressMethod, HashAlgo, Origin, hash_source};
use store::{Derivation, NarTree, Output, OutputName, SortedSet, VirtualStore, write_nar};
use sys::{DiskFs, ProcessExec, ScriptedExec};

/// Derivations in the memory of an evaluation.
struct Chain {
    store: VirtualStore,
    sources: Vec<(StorePath, Vec<u8>)>,
    last: StorePath,
    broken: StorePath,
}

fn derivation(name: &str, script: &str) -> Derivation {
    let mut drv = Derivation {
        name: name.into(),
        platform: b"x86_64-linux".as_slice().into(),
        builder: b"/bin/sh".as_slice().into(),
        args: vec![b"-c".as_slice().into(), script.as_bytes().to_vec().into()],
        ..Derivation::default()
    };
    drv.outputs.insert(OutputName::new("out"), Output::Deferred);
    drv
}

/// Returns a derivation that reads a source, and one that reads it; and one that fails.
fn chain() -> Chain {
    let mut store = VirtualStore::new();
    let mut tree = NarTree::File {
        executable: false,
        contents: b"a source\n".to_vec(),
    };
    let mut archive = Vec::new();
    write_nar(&mut tree, &mut archive).expect("an archive");
    let method = ContentAddressMethod::Nar;
    let hash = hash_source(&mut tree, method, HashAlgo::Sha256).expect("a hash");
    let address = ContentAddress { method, hash };
    let source = store.add_source(b"source", &address, SortedSet::new(), Origin::Token(1));
    let source = source.expect("a source");
    let text = store
        .add_text(b"text", b"a text\n".as_slice(), SortedSet::new())
        .expect("a text");

    let script = format!(
        "read a < {}; read b < {}; echo \"$a, $b\" > $out",
        source.to_path(),
        text.to_path()
    );
    let mut first = derivation("first", &script);
    first.input_sources.insert(source.clone());
    first.input_sources.insert(text);
    let first = store.add_derivation(first).expect("a derivation");
    let made = first.outputs[0].1.render();
    let mut last = derivation(
        "last",
        &format!("read a < {made}; echo \"$a and {made}\" > $out; echo building >&2"),
    );
    last.add_input(first.path, OutputName::new("out"));
    let last = store.add_derivation(last).expect("a derivation");
    let broken = derivation("broken", "echo it is \u{1b}[31mbroken >&2; exit 7");
    let broken = store.add_derivation(broken).expect("a derivation");
    Chain {
        store,
        sources: vec![(source, archive)],
        last: last.path,
        broken: broken.path,
    }
}

impl Chain {
    fn build(&self, drv: &StorePath, engine: &dyn Engine, into: &Realised) -> Result<Vec<StorePath>, BuildError> {
        let wanted = [(drv.clone(), OutputName::new("out"))];
        let order = Order {
            store: &self.store,
            wanted: &wanted,
            sources: &self.sources,
        };
        engine.realise(&order, into, &mut |_| {})
    }

    /// Asserts that an engine builds what can be built, and tells what cannot.
    fn is_built_by(&self, engine: &dyn Engine, into: &Realised) {
        let outputs = self.build(&self.last, engine, into).expect("it is built");
        let text = into
            .read(&outputs[0].to_path(), 1000)
            .expect("it can be read")
            .expect("it is a file");
        let text = String::from_utf8(text).expect("it is text");
        assert!(text.starts_with("a source, a text and /nix/store/"), "{text}");
        assert_eq!(into.closure(&outputs).expect("the closure is there").len(), 2);

        let error = self.build(&self.broken, engine, into).expect_err("it cannot be built");
        assert!(error.is_verdict(), "{error}");
        let BuildError::Failed { what, log, .. } = error else {
            panic!("it failed for another reason");
        };
        assert_eq!(what, Some(self.broken.clone()));
        let told = log.join("\n");
        assert!(told.contains("broken") && !told.contains('\u{1b}'), "{told}");
    }
}

#[test]
fn what_is_ordered_can_be_taken_into_a_store() {
    let chain = chain();
    let place = tempfile::tempdir().expect("a folder");
    let realised = Realised::new(Arc::new(DiskFs), place.path());
    let wanted = [(chain.last.clone(), OutputName::new("out"))];
    let order = Order {
        store: &chain.store,
        wanted: &wanted,
        sources: &chain.sources,
    };
    let added = realised.import(&mut order.stream().as_slice(), "a test", Limits::default(), 99);
    let added = added.expect("it is an export");
    assert_eq!(added.len(), 4, "a source, a text and two derivations");
    assert_eq!(realised.closure([&chain.last]).expect("the closure is there").len(), 4);
}

fn installed(path: &Path, work: &Path) -> InstalledNix {
    InstalledNix {
        brings: true,
        exec: Arc::new(ProcessExec),
        fs: Arc::new(DiskFs),
        env: vec![(
            "PATH".into(),
            format!("{}:/usr/sbin:/usr/bin:/bin", path.display()).into(),
        )],
        work: work.to_path_buf(),
        builders: None,
        limit: Duration::from_secs(600),
    }
}

#[test]
fn a_nix_that_is_not_there_is_no_verdict() {
    let place = tempfile::tempdir().expect("a folder");
    let realised = Realised::new(Arc::new(DiskFs), place.path());
    let mut nix = installed(place.path(), place.path());
    nix.exec = Arc::new(ScriptedExec::new());
    let chain = chain();
    let error = chain.build(&chain.last, &nix, &realised).expect_err("there is no Nix");
    assert_eq!(error.to_string(), "cannot run \"nix-store\": there is no such program");
    assert!(!error.is_verdict());
}

#[test]
fn oracle_an_installed_nix_builds() {
    let oracle = testkit::Oracle::named();
    let place = tempfile::tempdir().expect("a folder");
    for program in ["nix-store", "nix-instantiate"] {
        let script = format!("#!/bin/sh\nexec chroot {} {program} \"$@\"\n", oracle.root().display());
        let file = place.path().join(program);
        sys::Fs::write(&DiskFs, &file, script.as_bytes(), sys::Mode::Executable).expect("a script");
    }
    let realised = Realised::new(Arc::new(DiskFs), place.path().join("realised"));
    chain().is_built_by(&installed(place.path(), place.path()), &realised);
}
