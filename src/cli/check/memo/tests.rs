//! That no result is taken over which evaluation would not come to: random edits of a flake whose hosts depend on its files in
//! all ways that there are.

use super::super::judge;
use crate::args::{CacheArgs, CheckArgs};
use crate::machine::Machine;
use diag::Severity;
use report::{Report, json};
use std::collections::BTreeSet;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use sys::{Env, FixedEnv, Fs, ManualClock, MemoryFs, Mode, ProcessEnv};
use testkit::Random;

const FLAKE: &str = include_str!("flake.nix");

/// Edits of one test. `CFGCHECK_SEED=N` makes others of them.
const EDITS: u64 = 400;

/// Stack of the thread that evaluates.
const STACK: usize = 256 << 20;

fn flake() -> MemoryFs {
    MemoryFs::new()
        .file("/f/flake.nix", FLAKE)
        .file("/f/a/text", "one")
        .file("/f/b/default.nix", "{ b = 1; }")
        .file("/f/c/code.nix", "{ c = 1; }")
        .file("/f/c/d/text", "two")
        .link("/f/l", "a/text")
        .link("/f/k", "c")
        .file("/f/unread", "x")
}

fn machine(fs: Arc<MemoryFs>) -> Machine {
    Machine {
        fs,
        env: Arc::new(FixedEnv::at("/").with("HOME", "/home")),
        clock: Arc::new(ManualClock::at(Duration::from_secs(1_795_000_000))),
        stack: STACK,
    }
}

/// Returns the report of a check by one evaluator; `cache` says whether results are kept.
fn checked(fs: &Arc<MemoryFs>, cache: CacheArgs) -> Report {
    checked_by(fs, cache, 1)
}

/// Returns the report of a check by so many evaluators beside each other.
fn checked_by(fs: &Arc<MemoryFs>, cache: CacheArgs, jobs: usize) -> Report {
    let mut args = CheckArgs {
        cache,
        jobs: NonZero::new(jobs),
        ..CheckArgs::default()
    };
    args.judge.flake = "path:/f".into();
    args.judge.flakes.offline = true;
    let done = judge(&machine(fs.clone()), &args);
    done.unwrap_or_else(|code| panic!("the flake cannot be judged: {code}"))
        .report
}

fn text(mut report: Report) -> String {
    report.duration = Duration::ZERO;
    report.cases.iter_mut().for_each(|case| case.duration = Duration::ZERO);
    json::write(&report, Severity::Error)
}

fn uncached() -> CacheArgs {
    CacheArgs {
        no_cache: true,
        ..CacheArgs::default()
    }
}

/// Returns the hosts that are taken over: those that take no time on a clock that goes on by itself would not tell, so their files
/// in the cache are looked at instead.
fn kept(fs: &MemoryFs) -> BTreeSet<(PathBuf, Vec<u8>)> {
    let folder = Path::new("/home/.cache/cfgcheck/results/branch");
    let names = fs.read_dir(folder).unwrap_or_default();
    let file = |name: &std::ffi::OsString| (folder.join(name), fs.read(&folder.join(name)).expect("it is there"));
    names.iter().map(|entry| file(&entry.name)).collect()
}

/// Changes one thing in the flake, and says what.
fn edit(fs: &MemoryFs, random: &mut Random) -> String {
    let files = [
        "a/text",
        "a/none",
        "a/more",
        "b/default.nix",
        "b",
        "c/code.nix",
        "c/d/text",
        "c/d/none",
        "c/new",
        "c/d",
        "none/text",
        "none",
        "l",
        "k",
        "unread",
        "deep/in/it",
    ];
    let path = Path::new("/f").join(random.of(&files));
    let contents = [
        "one",
        "two",
        "{ b = 1; }",
        "{ b = 2; }",
        "throw \"no\"",
        "(",
        "import ../c/code.nix",
        "",
    ];
    let targets = ["a/text", "c", "none", "c/d/text", "../b", "/f/a/text", "k", "l"];
    let gone = |path: &Path| {
        let _ = fs.remove_file(path);
        let _ = fs.remove_dir_all(path);
    };
    let above = || {
        // What stands in the way as a file goes.
        for folder in path.ancestors().skip(1).filter(|folder| folder.starts_with("/f")) {
            if fs
                .lstat(folder)
                .ok()
                .flatten()
                .is_some_and(|stat| stat.kind != sys::FileKind::Directory)
            {
                gone(folder);
            }
        }
        fs.create_dir_all(path.parent().expect("it has one"))
            .expect("nothing is in the way");
    };
    match random.below(7) {
        0 => {
            gone(&path);
            format!("remove {}", path.display())
        }
        1 => {
            above();
            gone(&path);
            fs.create_dir_all(&path).expect("nothing is in the way");
            format!("make the folder {}", path.display())
        }
        2 => {
            above();
            gone(&path);
            let target = random.of(&targets);
            fs.symlink(Path::new(target), &path).expect("nothing is in the way");
            format!("link {} to {target}", path.display())
        }
        kind => {
            above();
            gone(&path);
            let content = random.of(&contents);
            let mode = if kind == 3 { Mode::Executable } else { Mode::Plain };
            fs.write(&path, content.as_bytes(), mode)
                .expect("nothing is in the way");
            format!("write {content:?} to {} ({mode:?})", path.display())
        }
    }
}

/// Does some work on a thread with enough stack for evaluation.
fn on_a_large_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK);
    thread
        .spawn(work)
        .expect("a thread starts")
        .join()
        .expect("it does not panic");
}

/// Edits the flake again and again, and compares what is taken over with what evaluation comes to.
fn edited(seed: u64) {
    on_a_large_stack(move || {
        // An evaluator's address space is not given back, so that a process has some hundreds of them.
        let more: u64 = ProcessEnv
            .text("CFGCHECK_SEED")
            .map_or(0, |text| text.parse().expect("a seed is a number"));
        let fs = Arc::new(flake());
        let mut random = Random(seed + more * 100);
        let mut done = Vec::new();
        let mut same = 0;
        for _ in 0..EDITS {
            done.push(edit(&fs, &mut random));
            let before = kept(&fs);
            let remembered = text(checked(&fs, CacheArgs::default()));
            if kept(&fs) == before {
                same += 1;
            }
            let anew = text(checked(&fs, uncached()));
            let last = &done[done.len().saturating_sub(5)..];
            let mut pairs = remembered.lines().zip(anew.lines());
            let other = pairs.position(|(old, new)| old != new).map(|at| {
                let around = |text: &str| -> Vec<String> {
                    let lines = text.lines().skip(at.saturating_sub(15)).take(30);
                    lines.map(str::to_owned).collect()
                };
                (around(&remembered), around(&anew))
            });
            assert_eq!(
                other,
                None,
                "after {} edits, the last of which are {last:#?}",
                done.len()
            );
            assert_eq!(remembered.len(), anew.len(), "one has more lines");
        }
        assert!(same > 0, "some edits change nothing that is read");
    });
}

/// One test a seed, as each is a process of its own.
macro_rules! edits {
    ($($test:ident: $seed:literal;)*) => { $(#[test] fn $test() { edited($seed); })* };
}

edits! {
    no_edit_leaves_a_stale_result_1: 1;
    no_edit_leaves_a_stale_result_2: 2;
    no_edit_leaves_a_stale_result_3: 3;
    no_edit_leaves_a_stale_result_4: 4;
    no_edit_leaves_a_stale_result_5: 5;
}

#[test]
fn helpers_come_to_what_one_alone_comes_to() {
    on_a_large_stack(|| {
        let fs = Arc::new(flake());
        let mut random = Random(6);
        let mut done = Vec::new();
        for _ in 0..30 {
            done.push(edit(&fs, &mut random));
            let alone = text(checked(&fs, uncached()));
            assert_eq!(text(checked_by(&fs, uncached(), 3)), alone, "after {done:#?}");
            assert_eq!(text(checked_by(&fs, CacheArgs::default(), 2)), alone, "after {done:#?}");
        }
    });
}

#[test]
fn what_hosts_have_in_common_is_told_on_the_later_one_whoever_judges_it() {
    on_a_large_stack(|| {
        // The name of each is that of its disk, which every other one has as well.
        let host = |name: &str, disk: usize| {
            format!(
                "{name} = {{ options = {{}}; config = {{ networking.hostName = \"{name}\";\n fileSystems.\"/\".device = \
                 \"/dev/disk/by-id/virtio-data-{disk:04}\";\n system.build.toplevel = derivation {{ name = \"{name}\"; \
                 system = \"x86_64-linux\"; builder = \"/bin/sh\"; }}; }}; }};\n"
            )
        };
        let hosts: String = (0..24)
            .map(|number| host(&format!("h{number:02}"), number % 8))
            .collect();
        let flake = format!("{{ outputs = _: {{ nixosConfigurations = {{\n{hosts}}}; }}; }}");
        let fs = Arc::new(MemoryFs::new().file("/f/flake.nix", flake));
        let alone = checked(&fs, uncached());
        let told = alone.cases.iter().filter(|case| !case.findings.is_empty()).count();
        let alone = text(alone);
        assert_eq!(told, 16, "{alone}");
        for jobs in [2, 3, 8] {
            assert_eq!(
                text(checked_by(&fs, uncached(), jobs)),
                alone,
                "{jobs} beside each other"
            );
        }
    });
}

/// Returns the hosts whose results were computed anew, and so kept, after an edit.
fn judged_anew(fs: &Arc<MemoryFs>, edit: impl FnOnce(&MemoryFs)) -> Vec<String> {
    checked(fs, CacheArgs::default());
    let before = kept(fs);
    edit(fs);
    checked(fs, CacheArgs::default());
    let host = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let (_, rest) = text.split_once("\"host\":\"")?;
        rest.split('"').next().map(str::to_owned)
    };
    let mut hosts: Vec<String> = kept(fs)
        .difference(&before)
        .filter_map(|(_, bytes)| host(bytes))
        .collect();
    hosts.sort();
    hosts
}

#[test]
fn only_what_reads_a_file_is_judged_anew() {
    on_a_large_stack(|| {
        // What depends on each file of the flake, as its own path does.
        let all = [
            "nar",
            "own-folder",
            "own-converted",
            "own-hash",
            "own-json",
            "own-letters",
            "own-match",
            "own-name",
            "own-order",
            "own-path",
            "own-pattern",
            "own-placeholder",
            "own-replaced",
        ];
        let check = |edit: fn(&MemoryFs), more: &[&str]| {
            let mut expected: Vec<&str> = all.iter().chain(more).copied().collect();
            expected.sort_unstable();
            assert_eq!(judged_anew(&Arc::new(flake()), edit), expected);
        };
        check(
            |fs| {
                fs.write(Path::new("/f/unread"), b"y", Mode::Plain)
                    .expect("it is written")
            },
            &[],
        );
        check(
            |fs| {
                fs.write(Path::new("/f/a/text"), b"y", Mode::Plain)
                    .expect("it is written")
            },
            &["copies-file", "filters", "other", "reads", "through-link"],
        );
        check(
            |fs| {
                fs.write(Path::new("/f/c/d/text"), b"y", Mode::Plain)
                    .expect("it is written")
            },
            &["copies", "filters", "reads-deep"],
        );
        check(
            |fs| {
                fs.write(Path::new("/f/a/none"), b"y", Mode::Plain)
                    .expect("it is written")
            },
            &["filters", "names", "probes"],
        );
        check(
            |fs| {
                fs.write(Path::new("/f/c/new"), b"y", Mode::Plain)
                    .expect("it is written")
            },
            &["copies", "filters", "folder-link", "lists"],
        );
    });
}

#[test]
fn what_is_evaluated_for_all_hosts_counts_for_each() {
    on_a_large_stack(|| {
        // The list of hosts has the hash looked at before a host is judged.
        let flake = r#"{
          outputs = { self }: let hash = builtins.hashString "sha256" (toString ./.); in {
            nixosConfigurations = builtins.seq hash {
              one.config.system.build.toplevel = derivation {
                name = hash;
                system = "x86_64-linux";
                builder = "/bin/sh";
              };
            };
          };
        }"#;
        let fs = Arc::new(MemoryFs::new().file("/f/flake.nix", flake).file("/f/unread", "x"));
        let edit = |fs: &MemoryFs| {
            fs.write(Path::new("/f/unread"), b"y", Mode::Plain)
                .expect("it is written");
        };
        assert_eq!(judged_anew(&fs, edit), ["one"]);
    });
}
