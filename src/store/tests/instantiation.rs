//! Real derivations, as Nix 2.34.8 wrote them: each is read, written, taken back to what the evaluator knows before it
//! instantiates, and instantiated again. `instantiation.nix` says how the data was made.

use store::{
    Derivation, DownstreamPlaceholder, Output, OutputName, OutputPath, SortedSet, StoreError, StorePath, VirtualStore,
};

/// The paths and files of the derivations, inputs before dependents.
fn derivations() -> Vec<(StorePath, &'static str)> {
    let lines: Vec<_> = include_str!("instantiation.txt").lines().collect();
    lines
        .chunks(3)
        .map(|entry| (StorePath::parse(entry[0]).expect(entry[0]), entry[1]))
        .collect()
}

fn parse(path: &StorePath, text: &str) -> Derivation {
    Derivation::parse_aterm(text.as_bytes(), path.derivation_name().unwrap()).expect(text)
}

/// Returns the derivation of that name with its path.
fn find(name: &str) -> (StorePath, Derivation) {
    let all = derivations();
    let (path, text) = all
        .iter()
        .find(|(path, _)| path.derivation_name() == Ok(name))
        .expect(name);
    (path.clone(), parse(path, text))
}

/// Takes from a derivation what instantiation has added.
fn forget_outputs(mut drv: Derivation) -> Derivation {
    let names: Vec<OutputName> = drv.outputs.keys().cloned().collect();
    for name in names {
        drv.env.remove(&name[..]);
        if let Some(output @ Output::InputAddressed(_)) = drv.outputs.get_mut(&name) {
            *output = Output::Deferred;
        }
    }
    drv
}

/// Returns a store with all derivations of the data.
fn filled() -> VirtualStore {
    let mut store = VirtualStore::new();
    for (path, text) in derivations() {
        store.add_existing(&path, parse(&path, text)).expect(text);
    }
    store
}

#[test]
fn written_as_nix_writes_them() {
    for (path, text) in derivations() {
        assert_eq!(String::from_utf8(parse(&path, text).to_aterm().unwrap()).unwrap(), text);
    }
}

#[test]
fn instantiated_as_nix_instantiates_them() {
    let mut store = VirtualStore::new();
    for (path, text) in derivations() {
        let drv = parse(&path, text);
        let added = store.add_derivation(forget_outputs(drv.clone())).expect(text);
        assert_eq!(store.derivation(&added.path), Some(&drv));
        assert_eq!(added.path, path);
        assert_eq!(store.aterm(&path), Some(text.as_bytes().to_vec()));
        for ((name, output), (other, written)) in drv.outputs.iter().zip(&added.outputs) {
            assert_eq!(name, other);
            let known = output.path(&drv.name, name).unwrap();
            assert_eq!(matches!(written, OutputPath::Known(_)), known.is_some());
            if let Some(known) = known {
                assert_eq!(written.render(), known.to_path());
            }
        }
    }
}

#[test]
fn checked_when_they_come_from_elsewhere() {
    let store = filled();
    for (path, text) in derivations() {
        assert_eq!(store.derivation(&path), Some(&parse(&path, text)));
    }
}

#[test]
fn wrong_derivations_are_refused() {
    let (path, plain) = find("plain");
    let (other, outputs) = find("outputs");
    let Some(Output::InputAddressed(out)) = plain.outputs.get(&OutputName::OUT) else {
        panic!("{plain:?}")
    };
    let refuse =
        |path: &StorePath, drv: Derivation| filled_up_to(path).add_existing(path, drv).unwrap_err().to_string();

    let mut drv = plain.clone();
    drv.name = "other".into();
    assert_eq!(
        refuse(&path, drv),
        format!("derivation '{path}' has name 'other' which does not match its path")
    );

    let mut drv = plain.clone();
    drv.args.clear();
    let message = refuse(&path, drv);
    assert!(
        message.starts_with(&format!(
            "derivation has incorrect output '{out}', should be '/nix/store/"
        )),
        "{message}"
    );

    let mut drv = plain.clone();
    drv.env.insert(b"out"[..].into(), b"/x"[..].into());
    assert_eq!(
        refuse(&path, drv),
        format!("derivation has incorrect environment variable 'out', should be '{out}' but is actually '/x'")
    );

    let (flat_path, mut flat) = find("flat.tar");
    let flat_out = flat.outputs[0].1.path("flat.tar", &OutputName::OUT).unwrap().unwrap();
    flat.env.remove(&b"out"[..]);
    assert_eq!(
        refuse(&flat_path, flat),
        format!("derivation has missing environment variable 'out', should be '{flat_out}' but is not present")
    );

    let (deferred_path, mut deferred) = find("deferred");
    deferred
        .outputs
        .insert(OutputName::OUT, Output::InputAddressed(out.clone()));
    assert_eq!(
        refuse(&deferred_path, deferred),
        format!("derivation has incorrect output '{out}', should be deferred")
    );

    assert_eq!(
        VirtualStore::new()
            .add_existing(&other, outputs)
            .map_err(|error| error.to_string()),
        Err(format!("store path '{path}' does not exist"))
    );
    let misplaced = StorePath::from_base_name(format!("{}-plain.drv", other.digest_digits())).unwrap();
    assert_eq!(
        VirtualStore::new().add_existing(&misplaced, plain),
        Err(StoreError::WrongPath {
            path: misplaced,
            expected: path
        })
    );
}

/// Returns a store with the derivations that come before `path` in the data.
fn filled_up_to(path: &StorePath) -> VirtualStore {
    let mut store = VirtualStore::new();
    for (earlier, text) in derivations().into_iter().take_while(|(earlier, _)| earlier != path) {
        store.add_existing(&earlier, parse(&earlier, text)).expect(text);
    }
    store
}

#[test]
fn placeholders_of_unknown_outputs() {
    let of = |name: &str, output: &str| {
        DownstreamPlaceholder::of_unknown_output(&find(name).0, &OutputName::new(output)).unwrap()
    };
    for (placeholder, text) in [
        (
            of("floating", "out"),
            "/11n3ngzk1libwr2h1qlikm9kd4vmwk5p31y6y5w5ilfqyr15a66f",
        ),
        (
            of("floating", "lib"),
            "/0s0mvjf9x0zv1mcqa09c15i0gv91kjq7v1cj37fbihny4n1ry5xv",
        ),
        (
            of("impure", "out"),
            "/07r2k441qmickdy0rxdcgb7z6gnb0dxmrvz0xahii3i8wq6w3iy7",
        ),
        (
            of("deferred", "out"),
            "/15iavfhh2qf2rly1brxcwmwmkr9i28m5syv8ndd2hqvr0g42zkas",
        ),
        (
            of("dynamic.drv", "out"),
            "/0dp3mbz7w9gswb26828m3w6q917i62lhi0l92xwddj6lvwmydqs8",
        ),
        (
            of("dynamic.drv", "out").of_unknown_derivation(&OutputName::OUT),
            "/19794c52hhc5x6jvishscwpkkx02v0dmavypr7w3qidpwpix2hjp",
        ),
        (
            of("dynamic.drv", "out")
                .of_unknown_derivation(&OutputName::new("a"))
                .of_unknown_derivation(&OutputName::new("b")),
            "/1yi6h76yf5qvgmzrp6sl7jp9xpzzjspm8ddrkj672qq4sy1glhqj",
        ),
    ] {
        assert_eq!(placeholder.render(), text);
    }
}

#[test]
fn closures_hold_everything_once() {
    let mut store = filled();
    let (deep_path, deep) = find("deep");
    let text = |references| (b"y".to_vec(), references);
    let (bytes, references) = text(SortedSet::new());
    let inner = store.add_text(b"x", bytes, references).unwrap();
    let outer = store
        .add_text(
            b"src.txt",
            format!("hello {inner}").into_bytes(),
            [inner.clone()].into_iter().collect(),
        )
        .unwrap();

    // The whole of a derivation in a string's context makes its closure inputs: that is what Nix put into `deep`.
    let (outputs, _) = find("outputs");
    let closure = store.references_closure(&outputs).unwrap();
    assert_eq!(closure, deep.input_sources);
    assert!(closure.contains(&inner) && closure.contains(&outer));

    let order: Vec<_> = store
        .closure(&find("many").0)
        .map(|(path, _)| path.derivation_name().unwrap())
        .collect();
    assert_eq!(order.first(), Some(&"many"));
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["flat.tar", "many", "nar", "nar-sha1", "outputs", "plain"]);
    assert_eq!(store.closure(&deep_path).count(), 3);
    assert_eq!(store.closure(&inner).count(), 0);
    assert_eq!(
        filled().references_closure(&outputs).map_err(|error| error.to_string()),
        Err(format!("path '{outer}' is not valid"))
    );
}
