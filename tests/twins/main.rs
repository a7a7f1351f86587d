//! The broken twins of the fleet: each flake under `fixtures/fleets/` has one fault, and its golden
//! file `expected.yaml` has the finding that it must give.
//!
//! A finding with `since: now` is one of `cfgcheck check` as it is, or of `cfgcheck prop` if its stage says so;
//! both must say exactly these. Those with `since: vm` are of `cfgcheck vm` (`machines.rs`). The others are known gaps: the fault is there, at the line that the golden file names, and a test fails
//! as soon as the program finds it, so that whoever wrote the rule sets `since: now`.
//!
//! `UPDATE_GOLDEN=1 cargo nextest run --test twins` writes the findings of today anew.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests read and write files, and run the program"
)]

mod folder;
mod golden;
mod hostile;
mod isolation;
mod killed;
mod machines;
mod oracle;
mod place;
mod shipped;
mod untracked;

use std::path::Path;
use std::sync::Mutex;

use folder::{TWINS, Twin, check, copy_to, found, prop, repository, twins};
use golden::{Expected, Golden, Since};

/// Does something with each twin on all processors, and fails with all that was wrong.
pub fn each_twin(work: impl Fn(&Twin) -> Result<(), String> + Sync) {
    let twins = twins();
    assert!(twins.len() > 10, "there are only {} twins", twins.len());
    let wrong = Mutex::new(Vec::new());
    let open = Mutex::new(twins.iter());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let next = open.lock().expect("no other thread panics here").next();
                    let Some(twin) = next else { return };
                    if let Err(fault) = work(twin) {
                        let mut wrong = wrong.lock().expect("no other thread panics here");
                        wrong.push(format!("== {}\n{fault}", twin.name));
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().expect("no thread panics");
    wrong.sort();
    assert!(
        wrong.is_empty(),
        "{} of {} twins differ:\n\n{}",
        wrong.len(),
        twins.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_twin_gives_the_findings_of_its_golden_file() {
    let root = tempfile::tempdir().expect("a temporary folder can be made");
    copy_to(root.path());
    // What one run keeps in its home must not be part of the flake that another reads.
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    each_twin(|twin| {
        let flake = |name: &str| format!("path:{}?dir={TWINS}/{name}", root.path().display());
        let (this, before) = (flake(&twin.name), twin.golden.before.as_deref());
        let mut args = vec![this.as_str()];
        if let Some(day) = &twin.golden.judged_at {
            args.extend(["--as-of", day]);
        }
        // Where another host ran before, there is none of the same name to compare with.
        let before = before.filter(|before| !before.contains('#')).map(flake);
        if let Some(before) = &before {
            args.extend(["--base", before]);
        }
        let (code, report) = check(home.path(), &args)?;
        let below = format!("{TWINS}/{}/", twin.name);
        let mut all = found(&report, &twin.folder, &below);
        if twin.is_for_laws() {
            let (code, report) = prop(home.path(), &this)?;
            let of_laws = found(&report, &twin.folder, &below);
            if code != i32::from(!of_laws.is_empty()) {
                return Err(format!("`prop` ends with {code}, and finds {of_laws:?}\n"));
            }
            all.extend(of_laws);
        }
        let found = all;
        if update {
            return renew(twin, code, &found);
        }
        compare(&twin.golden, code, &found)
    });
}

/// Says how findings differ from those of a golden file.
fn compare(golden: &Golden, code: i32, found: &[Expected]) -> Result<(), String> {
    let come = golden.findings(false);
    if let Some(rule) = found
        .iter()
        .map(|f| &f.rule)
        .find(|&rule| come.iter().any(|f| f.rule == *rule))
    {
        return Err(format!(
            "`{rule}` was a known gap and is found now: UPDATE_GOLDEN=1 makes it one of today's findings\n"
        ));
    }
    let expected: Vec<Expected> = golden.findings(true).into_iter().cloned().collect();
    if code == golden.exit_code && found == expected {
        return Ok(());
    }
    let shown = |code: i32, findings: &[Expected]| {
        let findings = serde_yaml::to_string(findings).expect("findings have only text keys");
        format!("exit code {code}\n{findings}")
    };
    Err(format!(
        "-- expected: {}-- found: {}",
        shown(golden.exit_code, &expected),
        shown(code, found)
    ))
}

/// Writes a golden file with the findings of today.
fn renew(twin: &Twin, code: i32, found: &[Expected]) -> Result<(), String> {
    let mut golden = twin.golden.clone();
    let mut findings = found.to_vec();
    // What only a machine shows is renewed by the tests that run one.
    let others = golden.findings.iter().filter(|f| f.since != Since::Now);
    findings.extend(
        others
            .filter(|f| f.since == Since::Vm || found.iter().all(|n| n.rule != f.rule))
            .cloned(),
    );
    golden.findings = findings;
    golden.exit_code = code;
    if golden == twin.golden {
        return Ok(());
    }
    std::fs::write(twin.folder.join(golden::FILE), golden.text()).map_err(|error| error.to_string())
}

#[test]
fn golden_files_name_lines_that_carry_the_fault() {
    each_twin(|twin| {
        let mut wrong = twin.golden.faults(&twin.folder);
        let head = std::fs::read_to_string(twin.folder.join("flake.nix")).map_err(|error| error.to_string())?;
        if !head.starts_with("# ") {
            wrong.push("flake.nix has no header that says the fault".into());
        }
        if let Some(before) = &twin.golden.before {
            let folder = before.split('#').next().unwrap_or_default();
            if !repository().join(TWINS).join(folder).join("flake.nix").exists() {
                wrong.push(format!("there is no twin `{before}`"));
            }
        }
        // A warning of an input that names nothing of the user's has no line among the user's.
        for finding in twin.golden.findings(true).into_iter().filter(|f| f.rule != "warning") {
            let inside = finding
                .at
                .as_ref()
                .is_none_or(|at| !at.contains("../") && !at.starts_with("fixtures/"));
            if !inside {
                wrong.push(format!("{}: the place is not in the user's own files", finding.rule));
            }
            if finding.at.is_none() {
                wrong.push(format!("{}: there is no place", finding.rule));
            }
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(wrong.join("\n") + "\n")
        }
    });
}

#[test]
fn healthy_twins_have_no_findings_and_all_others_have() {
    for twin in twins() {
        let healthy = ["healthy", "bootable"].contains(&twin.name.as_str());
        assert_eq!(twin.golden.findings.is_empty(), healthy, "{}", twin.name);
        assert!(!healthy || twin.golden.exit_code == 0, "{}", twin.name);
    }
}

#[test]
fn the_repository_leaves_the_twins_out_of_its_own_checks() {
    let text = std::fs::read_to_string(repository().join("cfgcheck.yaml")).expect("the repository has settings");
    let settings: serde_yaml::Value = serde_yaml::from_str(&text).expect("they are YAML");
    let excluded = settings["exclude"].as_sequence().expect("`exclude` is a list");
    assert!(excluded.iter().any(|path| path.as_str() == Some(TWINS)), "{excluded:?}");
}

#[test]
fn a_known_gap_that_closes_is_told() {
    let gap = Expected {
        since: Since::Checks,
        stage: "source".into(),
        rule: "module-orphan".into(),
        severity: "warning".into(),
        host: None,
        system: None,
        option: None,
        at: None,
        source: None,
        message: "nothing imports this module".into(),
        hint: None,
    };
    let golden = Golden {
        fault: "A module is left over.".into(),
        judged_at: None,
        before: None,
        tried_with: Vec::new(),
        evaluates: Vec::new(),
        differs_from_nix: None,
        exit_code: 0,
        findings: vec![gap.clone()],
    };
    assert_eq!(compare(&golden, 0, &[]), Ok(()));
    assert!(compare(&golden, 1, &[]).is_err());
    let found = Expected {
        since: Since::Now,
        ..gap
    };
    let told = compare(&golden, 0, std::slice::from_ref(&found)).expect_err("the gap is closed");
    assert!(told.contains("known gap"), "{told}");
    let text = golden.text();
    assert_eq!(Golden::parse(&text), Ok(golden.clone()), "{text}");
    assert!(Golden::parse(&text.replace("rule:", "rul:")).is_err());
    assert!(golden.faults(Path::new("/")).is_empty());
}
