//! The folder of the twins, and what the program says of one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use report::Report;

use crate::golden::{self, Expected, Golden, Since};

/// Where the twins are in the repository.
pub const TWINS: &str = "fixtures/fleets";

/// A twin.
pub struct Twin {
    /// Its name, which is that of its folder.
    pub name: String,
    /// Its folder in the repository.
    pub folder: PathBuf,
    /// What it must give.
    pub golden: Golden,
}

impl Twin {
    /// Whether laws with generated modules are tried on it: its fault is one that they find, or it has none.
    pub fn is_for_laws(&self) -> bool {
        let findings = &self.golden.findings;
        findings.is_empty() || findings.iter().any(|finding| finding.stage == "prop")
    }
}

/// Returns the repository's folder.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns all twins in the order of their names: the folders with a flake.
///
/// # Panics
///
/// If one has no golden file that can be read.
pub fn twins() -> Vec<Twin> {
    let folder = repository().join(TWINS);
    let mut twins: Vec<Twin> = names(&folder)
        .into_iter()
        .filter(|name| folder.join(name).join("flake.nix").exists())
        .map(|name| {
            let folder = folder.join(&name);
            let text = std::fs::read_to_string(folder.join(golden::FILE))
                .unwrap_or_else(|error| panic!("{name} has no {}: {error}", golden::FILE));
            let golden = Golden::parse(&text).unwrap_or_else(|error| panic!("{name}/{}: {error}", golden::FILE));
            Twin { name, folder, golden }
        })
        .collect();
    twins.sort_by(|a, b| a.name.cmp(&b.name));
    twins
}

/// Returns the names in a folder.
fn names(folder: &Path) -> Vec<String> {
    std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| {
            entry
                .expect("a folder can be read")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

/// Copies the twins and the inputs below a folder, laid out as in the repository, without all else
/// that may lie there, and without golden files, which quote the lines with faults.
pub fn copy_to(root: &Path) {
    for part in ["fixtures/inputs", TWINS] {
        copy(&repository().join(part), &root.join(part));
    }
    for twin in names(&repository().join(TWINS)) {
        let golden = root.join(TWINS).join(twin).join(golden::FILE);
        if golden.exists() {
            std::fs::remove_file(&golden).unwrap_or_else(|error| panic!("{}: {error}", golden.display()));
        }
    }
}

/// Copies a file or folder.
pub fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).expect("a folder can be made");
        for name in names(from) {
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        std::fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    }
}

/// Returns the program, to run with this folder for its home.
pub fn program(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
    command
        .current_dir(home)
        .env("HOME", home)
        .env_remove("XDG_CACHE_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("NIX_PATH")
        .env_remove("NIX_CONFIG")
        .stdin(Stdio::null());
    command
}

/// Runs `cfgcheck check` with these arguments and returns its exit code and report.
pub fn check(home: &Path, args: &[&str]) -> Result<(i32, Report), String> {
    judged(home, "check", args)
}

/// Runs `cfgcheck prop` on a flake, with the seed that is always the same, and returns its exit code and report.
pub fn prop(home: &Path, flake: &str) -> Result<(i32, Report), String> {
    judged(home, "prop", &[flake])
}

fn judged(home: &Path, command: &str, args: &[&str]) -> Result<(i32, Report), String> {
    let output = program(home)
        .args([command, "--offline", "--output", "json=-"])
        .args(args)
        .output()
        .map_err(|error| format!("the program does not run: {error}"))?;
    let report = report::json::read(&output.stdout)
        .map_err(|error| format!("{error}\n{}", String::from_utf8_lossy(&output.stderr)))?;
    let code = output.status.code().ok_or("the program was killed")?;
    Ok((code, report))
}

/// Returns the findings of a report as a twin's golden file has them.
pub fn found(report: &Report, twin: &Path, below: &str) -> Vec<Expected> {
    let of_twin = |file: &str| file.strip_prefix(below).map_or(file.to_owned(), str::to_owned);
    report
        .findings()
        .map(|(case, finding)| {
            let location = finding.location.as_ref();
            let file = location.map(|location| of_twin(&location.file));
            Expected {
                since: Since::Now,
                stage: case.subject.stage.name().to_owned(),
                rule: finding.rule.clone(),
                severity: finding.severity.name().to_owned(),
                host: case.subject.host.clone(),
                system: case.subject.system.clone(),
                option: finding.option.clone(),
                source: location
                    .zip(file.as_deref())
                    .and_then(|(location, file)| golden::line_of(twin, file, location.line as usize)),
                at: location
                    .zip(file)
                    .map(|(location, file)| format!("{file}:{}:{}", location.line, location.column)),
                message: lasting(&finding.message, below),
                hint: finding.hint.as_ref().map(|hint| lasting(hint, below)),
            }
        })
        .collect()
}

/// Returns a text with files named from the twin's folder, and without the hashes of store paths,
/// which change with the inputs.
fn lasting(text: &str, below: &str) -> String {
    const STORE: &str = "/nix/store/";
    const HASH: usize = 32;
    let mut parts = text.split(STORE);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_path = part.as_bytes().get(HASH) == Some(&b'-') && part.is_char_boundary(HASH);
        out.push_str(STORE);
        out.push_str(if is_path { "…" } else { "" });
        out.push_str(if is_path { &part[HASH..] } else { part });
    }
    out.replace(below, "")
}
