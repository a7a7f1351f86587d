//! Nix's language tests, by the rules of their own runner (`lang.sh` in `tests/functional`): the case's
//! name says what is run, `.flags` which flags it gets, `.exp`, `.exp.xml` and `.err.exp` what it must
//! print, and `.postprocess` is a script that changes the output before it is compared. Output is compared
//! byte by byte, an error by its message and its place, and what is said on the way by its first lines.

use crate::{named, nix_instantiate};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What every case sees, as in Nix's `common/init.sh`.
const ENVIRONMENT: [(&str, &str); 6] = [
    ("TEST_VAR", "foo"),
    ("NIX_REMOTE", "dummy://"),
    ("NIX_STORE_DIR", "/nix/store"),
    (
        "NIX_CONFIG",
        "extra-experimental-features = nix-command flakes\nshow-trace = true",
    ),
    ("TERM", "dumb"),
    ("NO_COLOR", "1"),
];

/// How many cases Nix 2.34.8 has, at least.
const CASES: usize = 300;

/// A copy of the suite, in which the cases run and leave their output.
struct Suite {
    folder: PathBuf,
    program: PathBuf,
}

/// What a case printed.
struct Told {
    code: Option<i32>,
    out: Vec<u8>,
    err: Vec<u8>,
}

/// Returns a text in which the working folder is called as in the expected outputs.
fn placed(text: Vec<u8>, folder: &Path) -> Vec<u8> {
    match String::from_utf8(text) {
        Ok(text) => text.replace(&folder.display().to_string(), "/pwd").into_bytes(),
        Err(error) => error.into_bytes(),
    }
}

impl Suite {
    fn path(&self, case: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("lang/{case}.{ending}"))
    }

    /// Returns a file of a case; empty if it has none.
    fn read(&self, case: &str, ending: &str) -> Vec<u8> {
        std::fs::read(self.path(case, ending)).unwrap_or_default()
    }

    fn flags(&self, case: &str) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.read(case, "flags")).into_owned();
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
        lines.flat_map(str::split_whitespace).map(str::to_owned).collect()
    }

    fn run(&self, arguments: &[String], input: &[u8], variables: &[(&str, &str)]) -> Told {
        let mut child = Command::new(&self.program)
            .args(arguments)
            .current_dir(&self.folder)
            .env_remove("NIX_PATH")
            .envs(ENVIRONMENT)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut stdin = child.stdin.take().expect("the input is a pipe");
        // A program that does not read its input may have ended before.
        let _ = stdin.write_all(input);
        drop(stdin);
        let output = child.wait_with_output().expect("the program ends");
        Told {
            code: output.status.code(),
            out: placed(output.stdout, &self.folder),
            err: placed(output.stderr, &self.folder),
        }
    }

    /// Runs a case and returns what is wrong, if something is.
    fn check(&self, case: &str) -> Result<(), String> {
        let file = format!("lang/{case}.nix");
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let xml = self.path(case, "exp.xml").exists();
        let fails = case.contains("-fail-");
        let told = if case.starts_with("parse-") {
            self.run(&words("--parse -"), &self.read(case, "nix"), &[])
        } else if fails {
            let mut flags = self.flags(case);
            if flags.is_empty() {
                flags = words("--eval --strict --show-trace");
            }
            flags.push(file);
            self.run(&flags, b"", &[])
        } else if xml {
            self.run(&words(&format!("--eval --xml --no-location --strict {file}")), b"", &[])
        } else {
            let mut flags = self.flags(case);
            flags.extend(words(&format!("--eval --strict {file}")));
            let variables = [("NIX_PATH", "lang/dir3:lang/dir4"), ("HOME", "/fake-home")];
            self.run(&flags, b"", &variables)
        };
        let wanted = if fails { 1 } else { 0 };
        if told.code != Some(wanted) {
            return Err(format!(
                "ended with {:?}: {}",
                told.code,
                String::from_utf8_lossy(&told.err)
            ));
        }
        let out = if xml { "out.xml" } else { "out" };
        for (ending, text) in [(out, &told.out), ("err", &told.err)] {
            std::fs::write(self.path(case, ending), text).expect("the output can be kept");
        }
        self.post_process(case);
        let (err, expected_err) = (self.read(case, "err"), self.read(case, "err.exp"));
        if fails {
            return same(&gist(&err), &gist(&expected_err));
        }
        let ending = if xml { "exp.xml" } else { "exp" };
        same(&self.text(case, out), &self.text(case, ending))?;
        // What an XML case says on the way is not written down.
        if xml {
            Ok(())
        } else {
            same(&messages(&err), &messages(&expected_err))
        }
    }

    fn text(&self, case: &str, ending: &str) -> String {
        String::from_utf8_lossy(&self.read(case, ending)).into_owned()
    }

    fn post_process(&self, case: &str) {
        if self.path(case, "postprocess").exists() {
            let mut bash = Command::new("bash");
            bash.arg(format!("lang/{case}.postprocess")).arg(format!("lang/{case}"));
            let status = bash.current_dir(&self.folder).status().expect("bash runs");
            assert!(status.success(), "{case}: its postprocess failed");
        }
    }
}

fn same(found: &str, expected: &str) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("printed\n{found}\ninstead of\n{expected}"))
}

/// Returns the first line of the last error's message, and the place that follows it.
fn gist(told: &[u8]) -> String {
    let told = String::from_utf8_lossy(told);
    let lines: Vec<&str> = told.lines().map(str::trim).collect();
    let start = lines.iter().rposition(|line| line.starts_with("error:")).unwrap_or(0);
    let rest = lines.get(start + 1..).unwrap_or_default();
    let message = lines
        .get(start)
        .map_or("", |line| line.trim_start_matches("error:").trim());
    // The message stands below where a trace stands between.
    let message = if message.is_empty() {
        rest.iter().find(|line| !line.is_empty()).unwrap_or(&"")
    } else {
        message
    };
    let place = rest.iter().find(|line| line.starts_with("at ")).unwrap_or(&"nowhere");
    format!("{message}\n{place}")
}

/// Returns the lines that start a trace or a warning.
fn messages(told: &[u8]) -> String {
    let told = String::from_utf8_lossy(told);
    let starts = ["trace:", "warning:", "evaluation warning:"];
    let lines = told
        .lines()
        .filter(|line| starts.iter().any(|start| line.starts_with(start)));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn corpus_language_tests_of_nix() {
    let Some(corpus) = named("CFGCHECK_CORPUS") else { return };
    let folder = tempfile::tempdir().expect("a folder can be made");
    let folder_path = folder.path().canonicalize().expect("the folder is there");
    let copied = Command::new("cp")
        .arg("-a")
        .args([corpus.join("nix-lang"), folder_path.join("lang")])
        .status();
    assert!(copied.is_ok_and(|status| status.success()), "the suite can be copied");
    // The suite may be read-only, and so is its copy then; the cases write beside their sources.
    let writable = Command::new("chmod").args(["-R", "u+w"]).arg(&folder_path).status();
    assert!(
        writable.is_ok_and(|status| status.success()),
        "the copy can be made writable"
    );
    let suite = Suite {
        program: nix_instantiate(&folder_path),
        folder: folder_path,
    };

    let listing = std::fs::read_dir(suite.folder.join("lang")).expect("the suite can be listed");
    let mut cases: Vec<String> = listing
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".nix").map(str::to_owned))
        .filter(|name| {
            let kinds = ["parse-okay-", "parse-fail-", "eval-okay-", "eval-fail-"];
            kinds.iter().any(|kind| name.starts_with(kind)) && !suite.path(name, "exp-disabled").exists()
        })
        .collect();
    cases.sort();
    assert!(cases.len() >= CASES, "only {} cases are there", cases.len());
    let (mut wrong, mut count) = (String::new(), 0);
    for case in &cases {
        if let Err(why) = suite.check(case) {
            _ = writeln!(wrong, "{case}: {why}");
            count += 1;
        }
    }
    assert!(count == 0, "{count} of {} cases differ\n{wrong}", cases.len());
}
