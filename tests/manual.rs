//! Completions and the manual, as shells and `man` read them.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests run shells and read what the program has written"
)]

use std::path::Path;
use std::process::Command;

use testkit::{Program, said};

fn program() -> Program {
    Program::at(env!("CARGO_BIN_EXE_cfgcheck"))
}

/// Returns what bash proposes for the last of these words.
fn proposed(script: &Path, words: &[&str]) -> Vec<String> {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let (last, before) = (words.last().expect("there are words"), words[words.len() - 2]);
    // As readline calls the function: the command, the word and the one before it.
    let ask = format!(
        "source '{}'; COMP_WORDS=({}); COMP_CWORD={}; _cfgcheck cfgcheck '{last}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display(),
        quoted.join(" "),
        words.len() - 1
    );
    let output = Command::new("bash").args(["--norc", "-c", &ask]).output();
    let text = said(&output.expect("bash runs"));
    text.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_values() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let text = said(&program().run(folder.path(), &["completions", "bash"]));
    let script = folder.path().join("cfgcheck.bash");
    std::fs::write(&script, &text).expect("it can be written");
    let checked = Command::new("bash").arg("-n").arg(&script).output().expect("bash runs");
    assert_eq!((checked.status.code(), checked.stderr.as_slice()), (Some(0), &b""[..]));
    assert_eq!(proposed(&script, &["cfgcheck", "li"]), ["lint", "list"]);
    assert_eq!(
        proposed(&script, &["cfgcheck", "check", "--changed"]),
        ["--changed-since"]
    );
    assert_eq!(proposed(&script, &["cfgcheck", "list", "ho"]), ["hosts"]);
    assert_eq!(proposed(&script, &["cfgcheck", "doctor", "gith"]), ["github"]);
    assert_eq!(proposed(&script, &["cfgcheck", "check", "--ifd", "v"]), ["vm"]);
    let offered = proposed(&script, &["cfgcheck", ""]);
    assert!(offered.iter().any(|word| word == "check") && !offered.iter().any(|word| word == "__guard"));
}

#[test]
fn a_shell_that_is_none_is_told_with_those_that_are() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let output = program().run(folder.path(), &["completions", "bsh"]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("bash, elvish, fish, powershell, zsh"), "{text}");
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    said(&program().run(folder.path(), &["man", "share/man1"]));
    let pages = folder.path().join("share/man1");
    for name in ["cfgcheck.1", "cfgcheck-doctor.1", "cfgcheck-report-publish.1"] {
        let page = std::fs::read_to_string(pages.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(page.contains(".TH cfgcheck"), "{page}");
    }
    // A file is in the way of the folder.
    let output = program().run(folder.path(), &["man", "share/man1/cfgcheck.1"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("share/man1/cfgcheck.1"));
}

#[test]
fn live_groff_reads_every_page_without_a_warning() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    said(&program().run(folder.path(), &["man", "."]));
    let mut pages = 0;
    for entry in std::fs::read_dir(folder.path()).expect("the folder is there") {
        let page = entry.expect("the folder can be read").path();
        let mut groff = Command::new("groff");
        groff.args(["-man", "-Tutf8", "-ww", "-rLL=78n"]).arg(&page);
        let output = groff.output().expect("groff runs");
        let text = said(&output);
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{}", page.display());
        assert!(text.contains("User Commands"), "{text}");
        pages += 1;
    }
    assert!(pages > 20, "{pages} pages");
}
