//! The whole program killed at any moment while it tries a host: nothing of it runs on, and no file is left but its cache.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::place::{HOST, Place, cache};

/// How often it is killed.
const TIMES: u64 = 10;

/// The latest moment at which it is killed, in milliseconds: it is in the middle of the switch then.
const LATEST: u64 = 12_000;

/// How long what is left may take to be gone, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// Returns the names in a folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| {
            entry
                .expect("a folder can be read")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

/// Returns the processes that have a file below a folder open, or its path among their arguments or in their environment.
fn users(folder: &Path) -> Vec<String> {
    let mark = folder.as_os_str().as_encoded_bytes();
    let has = |bytes: Vec<u8>| bytes.windows(mark.len()).any(|part| part == mark);
    let mut users = Vec::new();
    for name in names(Path::new("/proc")) {
        let process = PathBuf::from("/proc").join(&name);
        // Processes that have just ended, and those of others, cannot be read.
        let texts = ["cmdline", "environ"].map(|file| std::fs::read(process.join(file)).unwrap_or_default());
        let files = std::fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        let open = files.filter_map(|file| std::fs::read_link(file.path()).ok());
        let opens = open.into_iter().any(|path| path.starts_with(folder));
        if name.bytes().all(|b| b.is_ascii_digit()) && (opens || texts.into_iter().any(has)) {
            let command = std::fs::read(process.join("cmdline")).unwrap_or_default();
            users.push(format!(
                "{name} {}",
                String::from_utf8_lossy(&command).replace('\0', " ")
            ));
        }
    }
    users
}

/// Waits until something is empty, and returns what is left of it when patience ends.
fn until_empty<T>(mut look: impl FnMut() -> Vec<T>) -> Vec<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        let left = look();
        if left.is_empty() || Instant::now() >= end {
            return left;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits for a time or until a program has ended.
fn wait(child: &mut Child, time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end && child.try_wait().expect("a child can be asked").is_none() {
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn live_a_run_that_is_killed_leaves_nothing() {
    let place = Place::new();
    // A cache of its own, whose name no other process has; its parts are those of the other tests.
    let own = tempfile::tempdir_in(cache()).expect("a folder can be made");
    let temporary = tempfile::tempdir().expect("a folder can be made");
    let home = names(place.home.path());
    let shared = cache().join("cfgcheck/vm");
    let vm = own.path().join("cfgcheck/vm");
    std::fs::create_dir_all(&vm).expect("a folder can be made");
    for part in ["images", "info", "moments", "store"] {
        let shared = shared.join(part);
        std::fs::create_dir_all(&shared).expect("a folder can be made");
        std::os::unix::fs::symlink(shared, vm.join(part)).expect("a link can be made");
    }
    let mut run = place.vm(("bootable", HOST), "unit-failed");
    run.env("XDG_CACHE_HOME", own.path())
        .env("TMPDIR", temporary.path())
        .args(["--scenario", "switch"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let random = RandomState::new();
    let mut moments = Vec::new();
    for number in 0..TIMES {
        // One of each part of the time, so that each stage has its turn.
        let step = LATEST / TIMES;
        let moment = Duration::from_millis(number * step + random.hash_one(number) % step);
        moments.push(moment);
        let mut child = run.spawn().expect("the program starts");
        wait(&mut child, moment);
        child.kill().expect("it can be killed");
        child.wait().expect("it has ended");

        let left = until_empty(|| users(own.path()));
        assert!(left.is_empty(), "killed at {moments:?}, still there: {left:#?}");
        let files = until_empty(|| {
            let runs = names(&vm).into_iter().filter(|name| name.starts_with("cfgcheck-run-"));
            runs.chain(names(temporary.path())).collect()
        });
        assert!(files.is_empty(), "killed at {moments:?}, left over: {files:?}");
        assert_eq!(names(place.home.path()), home, "killed at {moments:?}");
    }
    let known = ["images", "incoming", "info", "kvm", "moments", "store"];
    let others: Vec<String> = names(&vm)
        .into_iter()
        .filter(|name| !known.contains(&name.as_str()))
        .collect();
    assert!(others.is_empty(), "in the cache: {others:?}");
}
