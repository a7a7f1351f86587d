//! What holds of answers, and what is kept with them.

use super::*;
use crate::tree::{MemoryNode, MemoryTree};
use proptest::prelude::*;
use std::path::PathBuf;
use std::sync::Arc;
use sys::{Fs, MemoryFs, Mode};

/// A state of a flake that is said here.
struct Said {
    tree: MemoryTree,
    attributes: BTreeMap<String, String>,
    own_path: &'static str,
    inputs: BTreeMap<String, String>,
}

impl State for Said {
    fn tree(&self) -> &dyn Accessor {
        &self.tree
    }

    fn attribute(&self, name: &str) -> Option<String> {
        self.attributes.get(name).cloned()
    }

    fn own_path(&self) -> Option<String> {
        Some(self.own_path.to_owned())
    }

    fn input(&self, path: &str) -> Option<String> {
        self.inputs.get(path).cloned()
    }
}

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}

fn said() -> Said {
    let mut tree = MemoryTree::new()
        .with_file("flake.nix", "{ }")
        .with_file("hosts/web.nix", "web")
        .with_file("unread/file", "x");
    let link = MemoryNode::Link(b"hosts".to_vec());
    tree.insert(b"link", link).expect("nothing is in the way");
    Said {
        tree,
        attributes: texts(&[("", "narHash rev"), ("narHash", "sha256-1"), ("rev", "1")]),
        own_path: "/nix/store/1-source",
        inputs: texts(&[("nixpkgs", "a"), ("unused", "b")]),
    }
}

/// Asks a tree the questions that evaluation asks.
fn ask(recording: &Recording, tree: &MemoryTree) {
    recording.content(b"flake.nix", &tree.read_file(b"flake.nix"));
    recording.kind(b"hosts/web.nix", &tree.lstat(b"hosts/web.nix"));
    recording.listing(b"hosts", &tree.read_dir(b"hosts"));
    recording.kind(b"none", &tree.lstat(b"none"));
    recording.content(b"none/deep", &tree.read_file(b"none/deep"));
    recording.link(b"link", &tree.read_link(b"link"));
}

/// Returns what was read of a state: files, an attribute, an input.
fn reads(said: &Said) -> Reads {
    let recording = Recording::default();
    recording.attributes(said.attributes.clone());
    recording.begin();
    ask(&recording, &said.tree);
    recording.attribute("rev");
    recording.input("nixpkgs".into(), "a".into());
    recording.end()
}

fn file(path: &str) -> Option<Difference> {
    Some(Difference::File(path.as_bytes().to_vec()))
}

#[test]
fn answers_hold_until_one_of_them_is_another() {
    type Change = fn(&mut Said);
    fn put(said: &mut Said, path: &str, node: MemoryNode) {
        said.tree.insert(path.as_bytes(), node).expect("nothing is in the way");
    }
    fn text(bytes: &str, executable: bool) -> MemoryNode {
        MemoryNode::File {
            bytes: bytes.into(),
            executable,
        }
    }
    let changes: [(&str, Change, Option<Difference>); 14] = [
        ("nothing", |_| {}, None),
        ("unread file", |said| put(said, "unread/file", text("y", true)), None),
        (
            "new folder",
            |said| put(said, "unread/deep/new", text("y", false)),
            None,
        ),
        (
            "unread content",
            |said| put(said, "hosts/web.nix", text("other", false)),
            None,
        ),
        (
            "content",
            |said| put(said, "flake.nix", text("{}", false)),
            file("flake.nix"),
        ),
        (
            "mode",
            |said| put(said, "hosts/web.nix", text("web", true)),
            file("hosts/web.nix"),
        ),
        (
            "new name",
            |said| put(said, "hosts/new", text("", false)),
            file("hosts"),
        ),
        (
            "what was not there",
            |said| put(said, "none", text("", false)),
            file("none"),
        ),
        (
            "kind",
            |said| put(said, "hosts", MemoryNode::Link(b"x".to_vec())),
            file("hosts"),
        ),
        (
            "target",
            |said| put(said, "link", MemoryNode::Link(b"x".to_vec())),
            file("link"),
        ),
        (
            "input",
            |said| said.inputs = texts(&[("nixpkgs", "c")]),
            Some(Difference::Input("nixpkgs".into())),
        ),
        ("other input", |said| said.inputs = texts(&[("nixpkgs", "a")]), None),
        (
            "attribute",
            |said| said.attributes.extend(texts(&[("rev", "2"), ("narHash", "sha256-2")])),
            Some(Difference::Attribute("rev".into())),
        ),
        ("own path", |said| said.own_path = "/nix/store/2-source", None),
    ];
    for (name, change, expected) in changes {
        let mut now = said();
        let reads = reads(&now);
        change(&mut now);
        assert_eq!(reads.first_difference(&now), expected, "{name}");
    }
    let mut now = said();
    let reads = Reads {
        own_path: Some("/nix/store/1-source".into()),
        ..reads(&now)
    };
    assert_eq!(reads.first_difference(&now), None);
    now.own_path = "/nix/store/2-source";
    assert_eq!(reads.first_difference(&now), Some(Difference::OwnPath));
}

#[test]
fn whether_there_is_an_attribute_is_an_answer() {
    let mut now = said();
    let reads = reads(&now);
    now.attributes = texts(&[("", "dirtyRev narHash"), ("narHash", "sha256-1"), ("rev", "1")]);
    assert_eq!(reads.first_difference(&now), Some(Difference::Attribute(String::new())));
}

#[test]
fn what_targets_have_in_common_is_part_of_each() {
    let now = said();
    let recording = Recording::default();
    recording.content(b"flake.nix", &now.tree.read_file(b"flake.nix"));
    recording.begin();
    recording.content(b"unread/file", &now.tree.read_file(b"unread/file"));
    let first = recording.end();
    recording.begin();
    let second = recording.end();
    let paths = |reads: &Reads| reads.files.paths.keys().cloned().collect::<Vec<PathBuf>>();
    assert_eq!(paths(&first), [PathBuf::from("flake.nix"), "unread/file".into()]);
    assert_eq!(paths(&second), [PathBuf::from("flake.nix")]);
}

#[test]
fn what_is_of_the_moment_is_not_kept() {
    let now = said();
    let recording = Recording::default();
    recording.begin();
    recording.fleeting("the server does not answer".into());
    let reads = recording.end();
    assert_eq!(reads.first_difference(&now), Some(Difference::Fleeting));
    // So is a file that changes while it is read.
    recording.begin();
    recording.content(b"a", &Ok(b"one".to_vec()));
    recording.content(b"a", &Ok(b"two".to_vec()));
    assert!(!recording.end().can_be_kept());
    // And what the disk does not give.
    let error = sys::FsError::new(
        sys::FsOp::Read,
        Path::new("/a"),
        std::io::ErrorKind::PermissionDenied.into(),
    );
    recording.begin();
    recording.content(b"a", &Err(TreeError::Fs(error)));
    assert!(!recording.end().can_be_kept());
}

fn results(fs: &Arc<MemoryFs>, folders: &[&str], secret: Option<&str>) -> Results {
    Results::new(fs.clone(), folders.iter().map(PathBuf::from).collect(), secret)
}

#[test]
fn a_result_is_found_while_its_answers_hold() {
    let fs = Arc::new(MemoryFs::new());
    let kept = results(&fs, &["/own", "/other"], None);
    let (question, mut now) = (Digest::of(b"web"), said());
    assert_eq!(kept.find::<u32>(question, &now), Found::Nothing);
    let one = reads(&now);
    kept.keep(question, &one, &1).expect("it is kept");
    assert_eq!(kept.find(question, &now), Found::Holds(1, one.clone()));
    assert_eq!(kept.find::<u32>(Digest::of(b"mail"), &now), Found::Nothing);
    // Another state has a result of its own, and both stay.
    now.inputs = texts(&[("nixpkgs", "c")]);
    assert_eq!(
        kept.find(question, &now),
        Found::Changed(1, Difference::Input("nixpkgs".into()))
    );
    let mut two = reads(&now);
    two.inputs = now.inputs.clone();
    kept.keep(question, &two, &2).expect("it is kept");
    assert_eq!(kept.find(question, &now), Found::Holds(2, two));
    assert_eq!(kept.find(question, &said()), Found::Holds(1, one));
    // Whoever reads the folder as another one's finds them, and does not write there.
    let reader = results(&fs, &["/request", "/own"], None);
    assert!(matches!(reader.find::<u32>(question, &now), Found::Holds(2, _)));
    reader.keep(question, &reads(&said()), &3).expect("it is kept");
    assert!(matches!(kept.find::<u32>(question, &said()), Found::Holds(1, _)));
    assert!(matches!(reader.find::<u32>(question, &said()), Found::Holds(3, _)));
}

#[test]
fn the_last_results_stay() {
    let fs = Arc::new(MemoryFs::new());
    let kept = results(&fs, &["/own"], None);
    let question = Digest::of(b"web");
    for number in 0..20_u32 {
        let mut reads = reads(&said());
        reads.inputs = texts(&[("nixpkgs", &number.to_string())]);
        kept.keep(question, &reads, &number).expect("it is kept");
    }
    let found = |number: u32| {
        let mut now = said();
        now.inputs = texts(&[("nixpkgs", &number.to_string())]);
        matches!(kept.find::<u32>(question, &now), Found::Holds(found, _) if found == number)
    };
    assert_eq!(
        (0..20).filter(|number| found(*number)).collect::<Vec<_>>(),
        (12..20).collect::<Vec<_>>()
    );
    // What holds only for now is not kept, and leaves the others.
    let fleeting = Reads {
        fleeting: Some("now".into()),
        ..Reads::default()
    };
    kept.keep(question, &fleeting, &99).expect("nothing is to be done");
    assert!(found(19));
    kept.tidy().expect("nothing is too much");
    assert!(found(19));
}

#[test]
fn a_seal_is_of_its_question_and_its_secret() {
    let fs = Arc::new(MemoryFs::new());
    let (question, now) = (Digest::of(b"web"), said());
    let [open, ours, theirs] = [None, Some("ours"), Some("theirs")].map(|secret| results(&fs, &["/own"], secret));
    ours.keep(question, &reads(&now), &1).expect("it is kept");
    assert!(matches!(ours.find::<u32>(question, &now), Found::Holds(1, _)));
    for other in [open, theirs] {
        assert!(matches!(other.find::<u32>(question, &now), Found::Broken(_)));
    }
    let path = |digest: Digest| PathBuf::from(format!("/own/{digest}"));
    let line = fs.read(&path(question)).expect("it is there");
    let other = Digest::of(b"mail");
    fs.write(&path(other), &line, Mode::Plain).expect("it is written");
    assert!(matches!(ours.find::<u32>(other, &now), Found::Broken(_)));
}

proptest! {
    #[test]
    fn reads_survive_json(names in proptest::collection::btree_map(".{0,8}", ".{0,8}", 0..4), path in proptest::option::of(".{0,8}")) {
        let reads = Reads {
            attributes: names.clone(),
            inputs: names,
            own_path: path.clone(),
            fleeting: path,
            ..reads(&said())
        };
        let text = serde_json::to_string(&reads).expect("it is written");
        prop_assert_eq!(serde_json::from_str::<Reads>(&text).expect("it is read"), reads);
    }

    #[test]
    fn a_file_with_anything_in_it_is_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let fs = Arc::new(MemoryFs::new());
        let question = Digest::of(b"web");
        let kept = results(&fs, &["/own"], None);
        fs.create_dir_all(Path::new("/own")).expect("it is made");
        fs.write(Path::new(&format!("/own/{question}")), &bytes, Mode::Plain).expect("it is written");
        prop_assert!(!matches!(kept.find::<u32>(question, &said()), Found::Holds(..)));
        kept.keep(question, &reads(&said()), &1).expect("it is kept");
        prop_assert!(matches!(kept.find::<u32>(question, &said()), Found::Holds(1, _)));
    }
}
