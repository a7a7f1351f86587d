//! Results of earlier runs, as a user meets them: what is taken over, what is not, and what is said of it.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests write the files of small flakes and run git"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use sys::Digest;
use testkit::Program;

/// Two hosts that are as little as a host can be.
const FLAKE: &str = r#"{
  outputs =
    _:
    let
      host = name: {
        pkgs.stdenv.hostPlatform.system = "x86_64-linux";
        config.system.build.toplevel = derivation {
          inherit name;
          system = "x86_64-linux";
          builder = import ./builder.nix;
          value = import (./hosts + "/${name}.nix");
        };
      };
    in
    {
      nixosConfigurations.mail = host "mail";
      nixosConfigurations.web = host "web";
    };
}
"#;

/// A flake in a repository, and a folder for results.
struct Fleet {
    program: Program,
    folder: tempfile::TempDir,
}

impl Fleet {
    fn new() -> Fleet {
        let fleet = Fleet {
            program: Program::at(env!("CARGO_BIN_EXE_cfgcheck")),
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        };
        std::fs::create_dir_all(fleet.repository().join("hosts")).expect("a folder can be made");
        fleet.write("flake.nix", FLAKE);
        fleet.write("builder.nix", "\"/bin/sh\"\n");
        fleet.write("hosts/mail.nix", "\"mail\"\n");
        fleet.write("hosts/web.nix", "\"web\"\n");
        fleet.git(&["init", "--quiet", "--initial-branch", "main"]);
        fleet.commit("one");
        fleet
    }

    fn repository(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.repository().join(name), text).expect("the folder can be written to");
    }

    fn git(&self, args: &[&str]) {
        testkit::git(&self.repository(), args);
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// Runs a check with some variables, and returns its exit code, its report and what it says beside it.
    fn check(&self, variables: &[(&str, &str)], more: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
        self.program
            .at_home(&mut command)
            .args(["check", ".", "--output", "json=-", "--as-of", "2026-11-26", "--cache"])
            .arg(self.cache())
            .args(more)
            .env_remove("GITHUB_EVENT_NAME")
            .envs(variables.iter().copied())
            .current_dir(self.repository());
        let output = command.output().expect("the program runs");
        let [report, said] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        let report = report.split("\"times\"").next().unwrap_or_default().to_owned();
        (output.status.code(), report, said)
    }

    fn checked(&self) -> (Option<i32>, String, String) {
        self.check(&[], &[])
    }

    /// Returns the files that have results of a branch's runs.
    fn files(&self) -> Vec<PathBuf> {
        files(&self.cache().join("branch"))
    }

    /// Has all results say something else, with a seal that is right where no secret is asked for.
    fn forge(&self) {
        for file in self.files() {
            let text = std::fs::read_to_string(&file).expect("it can be read");
            let (_, line) = text.trim_end().split_once(' ').expect("a line has a seal");
            let forged = line.replace("\"eval\"", "\"lock\"");
            assert_ne!(line, forged);
            let name = file
                .file_name()
                .and_then(|name| name.to_str())
                .expect("its name is text");
            let question = (0..64)
                .step_by(2)
                .map(|at| u8::from_str_radix(&name[at..at + 2], 16).expect("it is a hash"));
            let sealed = [&question.collect::<Vec<u8>>()[..], forged.as_bytes()].concat();
            std::fs::write(&file, format!("{} {forged}\n", Digest::of(&sealed))).expect("it can be written");
        }
    }
}

/// Returns the files of results in a folder; beside them is what later changes are compared with.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("results were kept");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    files.retain(|file| String::from_utf8_lossy(&std::fs::read(file).expect("it can be read")).contains("\"cases\""));
    files.sort();
    files
}

const ALL: &str = "note: 2 of 2 results are those of earlier runs, as nothing that they depend on has changed";

#[test]
fn a_second_run_says_the_same_and_evaluates_nothing() {
    let fleet = Fleet::new();
    let (code, report, said) = fleet.checked();
    assert_eq!(code, Some(0), "{report}{said}");
    assert!(!said.contains("earlier runs"), "{said}");
    let (again, same, said) = fleet.checked();
    assert_eq!((again, same), (code, report));
    assert!(said.contains(ALL), "{said}");
    // Nothing is kept, and nothing is taken over.
    let none = fleet.program.run(&fleet.repository(), &["check", ".", "--no-cache"]);
    assert!(!String::from_utf8_lossy(&none.stderr).contains("earlier runs"));
}

#[test]
fn a_change_that_changes_nothing_is_told_so() {
    let fleet = Fleet::new();
    fleet.checked();
    fleet.write("builder.nix", "# The shell.\n\"/bin/sh\"\n");
    fleet.commit("two");
    let (code, _, said) = fleet.checked();
    assert_eq!(code, Some(0));
    let note = "note: builder.nix has changed, and all results that depend on it are the same as before (2)";
    assert!(said.contains(note), "{said}");
    fleet.write("hosts/web.nix", "\"web, again\"\n");
    fleet.commit("three");
    let (_, report, said) = fleet.checked();
    assert!(!said.contains("has changed, and"), "{said}");
    assert!(
        said.contains("note: 1 of 2 results are those of earlier runs"),
        "{said}"
    );
    let (_, anew, _) = fleet.check(&[], &["--verify-cache"]);
    assert_eq!(report, anew);
}

#[test]
fn what_is_broken_is_evaluated_again() {
    let fleet = Fleet::new();
    let (code, report, _) = fleet.checked();
    for broken in [&b"\xff\xfe\x00"[..], b"", b"x", b"0000 {}\n"] {
        fleet
            .files()
            .iter()
            .for_each(|file| std::fs::write(file, broken).expect("it can be written"));
        let (again, same, said) = fleet.checked();
        assert_eq!((again, &same), (code, &report), "{said}");
        assert!(!said.contains("earlier runs"), "{said}");
    }
    // A line that was cut off, and one that belongs to another question.
    let files = fleet.files();
    let text = std::fs::read(&files[0]).expect("it can be read");
    std::fs::write(&files[0], &text[..text.len() / 2]).expect("it can be written");
    std::fs::write(&files[1], &text).expect("it can be written");
    let (again, same, said) = fleet.checked();
    assert_eq!((again, &same), (code, &report));
    assert!(
        said.contains("note: a result of an earlier run is broken and is not used: a line is not whole"),
        "{said}"
    );
    assert!(fleet.checked().2.contains(ALL));
}

#[test]
fn a_place_that_cannot_be_written_to_costs_nothing_but_time() {
    let fleet = Fleet::new();
    std::fs::write(fleet.cache(), "a file").expect("it can be written");
    let (code, _, said) = fleet.checked();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("note: results cannot be kept for later runs: "), "{said}");
}

#[test]
fn a_secret_keeps_forged_results_out() {
    let fleet = Fleet::new();
    let (_, report, _) = fleet.checked();
    fleet.forge();
    // Whoever can write the folder is believed where there is no secret; a look finds it.
    let (_, forged, _) = fleet.checked();
    assert_ne!(forged, report);
    let (code, told, _) = fleet.check(&[], &["--verify-cache"]);
    assert_eq!(code, Some(101));
    assert!(told.contains("\"cache-stale\""), "{told}");
    // What was found wrong is replaced.
    assert_eq!(fleet.checked().1, report);
    std::fs::remove_dir_all(fleet.cache()).expect("it can be removed");
    fleet.checked();
    fleet.forge();
    let secret = [("CFGCHECK_CACHE_SECRET", "s3cret")];
    let (_, own, said) = fleet.check(&secret, &[]);
    assert_eq!(own, report, "{said}");
    let (_, own, said) = fleet.check(&secret, &[]);
    assert_eq!(own, report);
    assert!(said.contains(ALL), "{said}");
    assert!(!said.contains("s3cret"));
}

#[test]
fn a_pull_request_reads_what_the_branch_has_kept_and_not_the_other_way_round() {
    let request = [("GITHUB_EVENT_NAME", "pull_request")];
    let fleet = Fleet::new();
    fleet.check(&request, &[]);
    assert_eq!(files(&fleet.cache().join("request")).len(), 2);
    let (_, _, said) = fleet.checked();
    assert!(!said.contains("earlier runs"), "{said}");
    let fleet = Fleet::new();
    fleet.checked();
    let (_, _, said) = fleet.check(&request, &[]);
    assert!(said.contains(ALL), "{said}");
    assert!(!fleet.cache().join("request").exists(), "nothing new is kept");
}

/// Returns the hosts that a report has cases of.
fn hosts(report: &str) -> BTreeSet<String> {
    let names = report.split("\"host\": \"").skip(1);
    names
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .collect()
}

#[test]
fn only_what_has_changed_since_a_commit_is_judged() {
    let fleet = Fleet::new();
    fleet.git(&["checkout", "--quiet", "-b", "change"]);
    fleet.write("hosts/web.nix", "\"web, again\"\n");
    fleet.write("README", "x\n");
    fleet.commit("two");
    let check = |since: &str, expected: &[&str]| {
        let (code, report, said) = fleet.check(&[], &["--changed-since", since]);
        assert_eq!(code, Some(0), "{report}{said}");
        let expected: BTreeSet<String> = expected.iter().map(|&host| host.to_owned()).collect();
        assert_eq!(hosts(&report), expected, "{since}: {report}");
        report
    };
    // Before there is any result, and with results.
    for _ in 0..2 {
        let report = check("main", &["web"]);
        let note = "left out, as nothing that it has read changed since main: nixosConfigurations.mail";
        assert!(report.contains(note), "{report}");
        check("HEAD", &[]);
    }
    let (code, report, _) = fleet.check(&[], &["--changed-since", "mian"]);
    assert_eq!(code, Some(1));
    assert!(report.contains("did you mean `main`?"), "{report}");
    assert_eq!(hosts(&report), BTreeSet::new());
}

#[test]
fn the_jobs_of_a_workflow_are_those_of_hosts_that_changed() {
    let fleet = Fleet::new();
    fleet.git(&["checkout", "--quiet", "-b", "change"]);
    fleet.write("hosts/web.nix", "\"web, again\"\n");
    fleet.commit("two");
    let matrix = |more: &[&str]| {
        let output = fleet
            .program
            .run(&fleet.repository(), &[&["matrix", "."][..], more].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let job = |host: &str| {
        format!(
            "{{\"stage\":\"build\",\"system\":\"x86_64-linux\",\"runner\":\"ubuntu-24.04\",\"hosts\":[\"{host}\"],\"args\":\"--host '{host}'\"}}"
        )
    };
    assert_eq!(
        matrix(&[]),
        format!("{{\"include\":[{},{}]}}\n", job("mail"), job("web"))
    );
    let changed = format!("matrix={{\"include\":[{}]}}\nany=true\n", job("web"));
    assert_eq!(matrix(&["--changed-since", "main", "--github-output"]), changed);
    let none = "matrix={\"include\":[]}\nany=false\n";
    assert_eq!(matrix(&["--changed-since", "HEAD", "--github-output"]), none);
    // A job does for a host what is done for the host's own system.
    fleet.write("cfgcheck.yaml", "version: 1\nplatforms: { mail: [aarch64-linux] }\n");
    fleet.git(&["add", "cfgcheck.yaml"]);
    let output = fleet.program.run(&fleet.repository(), &["matrix", "."]);
    let jobs = format!("{{\"include\":[{},{}]}}\n", job("mail"), job("web"));
    assert_eq!(String::from_utf8_lossy(&output.stdout), jobs);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("mail"), "{said}");
    fleet.write("hosts/web.nix", "throw \"no\"\n");
    assert_eq!(matrix(&[]), format!("{{\"include\":[{}]}}\n", job("mail")));
    fleet.write("flake.nix", "{");
    let output = fleet.program.run(&fleet.repository(), &["matrix", "."]);
    assert_eq!((output.status.code(), output.stdout), (Some(3), Vec::new()));
}

#[test]
fn a_commit_that_a_shallow_clone_does_not_have_is_told() {
    let fleet = Fleet::new();
    fleet.write("README", "x\n");
    fleet.commit("two");
    let clone = fleet.folder.path().join("clone");
    let from = format!("file://{}", fleet.repository().display());
    let clone = clone.to_str().expect("the folder's name is text");
    fleet.git(&["clone", "--quiet", "--depth", "1", &from, clone]);
    let args = ["check", ".", "--output", "json=-", "--changed-since", "HEAD~1"];
    let output = fleet.program.run(Path::new(clone), &args);
    let report = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert!(report.contains("shallow"), "{report}");
}

/// Returns the paths below a folder that a line of a system-call trace names.
fn traced<'l>(line: &'l str, below: &str) -> Option<&'l str> {
    let (_, rest) = line.split_once('"')?;
    let path = rest.split_once('"')?.0;
    path.strip_prefix(below)?.strip_prefix('/')
}

/// Whether what is recorded has an answer about a path: about itself, or about something below it, for which each folder on the
/// way is looked at.
fn is_recorded(recorded: &BTreeSet<String>, path: &str) -> bool {
    let below = format!("{path}/");
    recorded.contains(path)
        || recorded
            .range(below.clone()..)
            .next()
            .is_some_and(|found| found.starts_with(&below))
}

#[test]
fn live_each_file_that_is_opened_is_recorded() {
    let fleet = Fleet::new();
    fleet.write(
        "hosts/web.nix",
        "with builtins; toJSON [ (readDir ../.) (pathExists ./none) (pathExists ../none/deep) \"${../sub}\" (import ../link) ]\n",
    );
    std::fs::create_dir_all(fleet.repository().join("sub/deep")).expect("a folder can be made");
    fleet.write("sub/deep/file", "x");
    std::os::unix::fs::symlink("hosts/mail.nix", fleet.repository().join("link")).expect("a link can be made");
    fleet.commit("two");
    let log = fleet.folder.path().join("trace");
    let mut command = Command::new("strace");
    fleet
        .program
        .at_home(&mut command)
        .args(["-f", "-s", "4096", "-e", "trace=%file", "-o"])
        .arg(&log)
        .arg(env!("CARGO_BIN_EXE_cfgcheck"))
        // A helper opens the flake for itself, which is judged in every run.
        .args(["check", ".", "--jobs", "1", "--cache"])
        .arg(fleet.cache())
        .current_dir(fleet.repository());
    let output = command.output().expect("strace is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut recorded = BTreeSet::new();
    for file in fleet.files() {
        let text = std::fs::read_to_string(file).expect("it can be read");
        let (_, line) = text.trim_end().split_once(' ').expect("a line has a seal");
        let kept: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
        let paths = kept["reads"]["files"]["paths"].as_array().expect("there are paths");
        recorded.extend(
            paths
                .iter()
                .map(|path| path[0].as_str().expect("a path is text").to_owned()),
        );
    }
    assert!(
        recorded.contains("none") && recorded.contains("sub/deep/file"),
        "{recorded:?}"
    );
    let trace = std::fs::read_to_string(&log).expect("the trace can be read");
    // Before that the flake's files are judged as such, in every run.
    let begins = fleet.cache().join("branch");
    let begins = begins.to_str().expect("the folder's name is text");
    let lines = trace.lines().skip_while(|line| !line.contains(begins));
    let root = fleet.repository();
    let root = root.to_str().expect("the folder's name is text");
    let paths: BTreeSet<&str> = lines.filter_map(|line| traced(line, root)).collect();
    let paths: Vec<&str> = paths
        .into_iter()
        .filter(|path| *path != ".git" && !path.starts_with(".git/"))
        .collect();
    assert!(paths.contains(&"sub/deep/file") && paths.contains(&"link"), "{paths:?}");
    let missed: Vec<&str> = paths.into_iter().filter(|path| !is_recorded(&recorded, path)).collect();
    assert_eq!(missed, Vec::<&str>::new());
}
