//! `cfgcheck prop` as a user runs it: a library with a fault, counterexamples that are kept, and the same run again.

#![expect(clippy::disallowed_methods, reason = "these tests write files")]

use report::{Case, Outcome, Report, Stage};
use std::path::{Path, PathBuf};
use std::process::Output;
use testkit::{Oracle, Program, root, said};

/// The fault: `mkForce` loses against a plain definition.
const FAULT: (&str, &str) = ("mkForce = mkOverride 50;", "mkForce = mkOverride 150;");
/// The law that it breaks.
const LAW: &str = "lib-priority-order";

/// A folder with a copy of the stand-in's library.
struct Library {
    folder: tempfile::TempDir,
}

impl Library {
    /// Returns a library with the fault.
    fn broken() -> Library {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let library = Library { folder };
        library.put(&root().join("fixtures/inputs/nixpkgs/lib"), &library.path());
        library.replace(FAULT.0, FAULT.1);
        library
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("lib")
    }

    fn put(&self, from: &Path, to: &Path) {
        if from.is_dir() {
            std::fs::create_dir_all(to).expect("a folder can be made");
            for entry in std::fs::read_dir(from).expect("the library can be read") {
                let name = entry.expect("it can be listed").file_name();
                self.put(&from.join(&name), &to.join(&name));
            }
        } else {
            std::fs::copy(from, to).expect("the library can be read");
        }
    }

    fn replace(&self, from: &str, to: &str) {
        let file = self.path().join("modules/properties.nix");
        let text = std::fs::read_to_string(&file).expect("the library has properties");
        assert!(text.contains(from), "{text}");
        std::fs::write(file, text.replace(from, to)).expect("the copy can be written to");
    }

    /// Runs the laws on it.
    fn run(&self, args: &[&str]) -> Output {
        let path = self.path();
        let all = [&["prop", "--lib", path.to_str().expect("a path is text")], args].concat();
        Program::at(env!("CARGO_BIN_EXE_cfgcheck")).run(self.folder.path(), &all)
    }

    /// Runs one law on it, and returns the exit code and the report.
    fn report(&self, args: &[&str]) -> (i32, Report) {
        let output = self.run(&[&["--law", LAW, "--output", "json=-"], args].concat());
        let report = report::json::read(&output.stdout);
        let report = report.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        (output.status.code().expect("it ends by itself"), report)
    }
}

fn only(report: &Report) -> &Case {
    let [case] = report.cases.as_slice() else {
        panic!("there is one case: {:?}", report.cases)
    };
    case
}

#[test]
fn a_broken_law_is_told_with_its_counterexample() {
    let library = Library::broken();
    let (code, report) = library.report(&[]);
    let case = only(&report);
    assert_eq!((code, &case.outcome), (1, &Outcome::Failed));
    assert_eq!((case.subject.stage, case.subject.name.as_str()), (Stage::Prop, LAW));
    assert_eq!(case.properties["seed"], "0");
    let [finding] = case.findings.as_slice() else {
        panic!("there is one finding")
    };
    assert!(
        finding.message.starts_with("this does not hold: "),
        "{}",
        finding.message
    );
    let counterexample = finding.counterexample.as_deref().expect("it has a counterexample");
    for part in ["lib.mkForce", "let\n  lib = import /", "  sides = {\n", "seed 0, case "] {
        assert!(counterexample.contains(part), "{part} is not in {counterexample}");
    }
    assert!(!finding.text.contains("sides"), "{}", finding.text);
    assert_eq!(report.rules[0].id, LAW);
}

#[test]
fn a_sound_library_breaks_no_law() {
    let library = Library::broken();
    library.replace(FAULT.1, FAULT.0);
    let text = said(&library.run(&["--cases", "20"]));
    assert!(text.contains("generated cases; `--seed 0` gives the same"), "{text}");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let library = Library::broken();
    let run = |seed: &str| {
        let (_, report) = library.report(&["--seed", seed]);
        report::json::write(&report.without_times(), diag::Severity::Error)
    };
    let first = run("7");
    assert_eq!(first, run("7"));
    assert_ne!(first, run("8"));
}

#[test]
fn a_counterexample_that_is_kept_is_tried_first() {
    let library = Library::broken();
    let (_, found) = library.report(&["--save=kept"]);
    assert_eq!(found.notes[0], format!("counterexample kept in kept/{LAW}.nix"));
    let (code, again) = library.report(&["--save=kept"]);
    let case = only(&again);
    assert_eq!((code, &case.outcome), (1, &Outcome::Failed));
    assert_eq!(case.subject.name, format!("{LAW} in kept/{LAW}.nix"));
    let place = case.findings[0].location.as_ref().expect("it has a place");
    assert!(
        place.file.ends_with(&format!("kept/{LAW}.nix")) && place.line > 5,
        "{place}"
    );
    // The law is not drawn for once more: what is known of it is told already.
    assert!(again.notes.is_empty(), "{:?}", again.notes);

    library.replace(FAULT.1, FAULT.0);
    let (code, mended) = library.report(&["--save=kept"]);
    assert_eq!((code, mended.cases.len()), (0, 2), "{:?}", mended.cases);
    assert_eq!(
        mended.notes[0],
        format!("kept/{LAW}.nix holds now: keep it as a guard, or remove it")
    );
}

#[test]
fn a_kept_file_that_is_no_counterexample_is_an_error_at_its_place() {
    let library = Library::broken();
    let kept = library.folder.path().join("kept");
    std::fs::create_dir(&kept).expect("a folder can be made");
    std::fs::write(kept.join("a.nix"), "# by hand\n{ law = ;\n").expect("it can be written to");
    let (code, report) = library.report(&["--save=kept"]);
    let case = report.cases.iter().find(|case| case.subject.name.contains("a.nix"));
    let case = case.expect("the file has a case");
    assert_eq!((code, &case.outcome), (1, &Outcome::Errored));
    let place = case.findings[0].location.as_ref().expect("it has a place");
    assert!(place.file.ends_with("kept/a.nix") && place.line == 2, "{place}");
}

#[test]
fn wrong_usage_is_told_with_what_is_near() {
    let library = Library::broken();
    let check = |args: &[&str], words: &str| {
        let output = library.run(args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    };
    check(&["--law", "lib-priority-odrer"], "did you mean `lib-priority-order`?");
    check(&["--laws", "own"], "--lib goes with --laws lib only");
    check(&["--seed", "x"], "or `random`");
}

#[test]
fn a_random_seed_is_told_so_that_it_can_be_given_again() {
    let library = Library::broken();
    let (_, report) = library.report(&["--seed", "random"]);
    let seed = &only(&report).properties["seed"];
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.contains(&format!("`--seed {seed}`")))
    );
}

/// Returns what `cfgcheck eval` shows of a kept counterexample's sides.
fn ours(library: &Library, file: &Path) -> String {
    let program = Program::at(env!("CARGO_BIN_EXE_cfgcheck"));
    let args = ["eval", "--file", file.to_str().expect("a path is text"), "sides"];
    said(&program.run(library.folder.path(), &args))
}

#[test]
fn a_kept_file_shows_what_was_told() {
    let library = Library::broken();
    library.report(&["--save=kept"]);
    let file = library.folder.path().join(format!("kept/{LAW}.nix"));
    let text = std::fs::read_to_string(&file).expect("it is kept");
    let shown = ours(&library, &file);
    let told = text
        .lines()
        .filter_map(|line| line.strip_prefix("# ")?.split_once(" is "));
    let told: Vec<(&str, &str)> = told.filter(|(name, _)| name.contains('.')).collect();
    assert_eq!(told.len(), 2, "{text}");
    for (name, value) in told {
        let (side, part) = name.split_once('.').expect("a part of a side is told");
        let side = shown.split(&format!("{side} = ")).nth(1).expect("the side is shown");
        assert!(
            side.contains(&format!("{part} = {value};")),
            "{name} is not {value} in {shown}"
        );
    }
}

#[test]
fn oracle_nix_shows_the_same_of_a_kept_file() {
    let oracle = Oracle::named();
    let shared = oracle.share();
    let library = Library::broken();
    library.put(&library.path(), &shared.outside().join("lib"));
    let (_, report) = library.report(&["--save=kept"]);
    assert_eq!(only(&report).outcome, Outcome::Failed);
    let file = library.folder.path().join(format!("kept/{LAW}.nix"));
    let text = std::fs::read_to_string(&file).expect("it is kept");
    let inside = text.replace(
        &library.path().display().to_string(),
        &format!("{}/lib", shared.inside()),
    );
    assert_ne!(inside, text);
    std::fs::write(shared.outside().join("kept.nix"), inside).expect("it can be written to");
    let mut nix = oracle.nix("eval");
    nix.args(["--impure", "--file"])
        .arg(format!("{}/kept.nix", shared.inside()))
        .arg("sides");
    assert_eq!(said(&nix.output().expect("Nix runs")), ours(&library, &file));
    let mut instantiate = oracle.command("nix-instantiate");
    instantiate.args(["--eval", "--strict", "-A", "sides"]);
    instantiate.arg(format!("{}/kept.nix", shared.inside()));
    assert!(said(&instantiate.output().expect("Nix runs")).starts_with("{ "));
}
