//! The guard with real processes, through the program of `examples/`.

use super::*;
use crate::exec::{Command, Exit};
use crate::running::ProcessSpawn;
use crate::spawn::{Running, Spawn};
use std::path::{Path, PathBuf};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

/// Returns the guard, which cargo builds with the tests.
fn own() -> Guard {
    let tests = std::env::current_exe().expect("a test has a program");
    let built = tests
        .parent()
        .and_then(Path::parent)
        .expect("tests lie in a folder of the build");
    let guard = built.join("examples/sys-guard");
    assert!(
        guard.exists(),
        "cargo builds the examples with the tests: {}",
        guard.display()
    );
    Guard::at(guard)
}

fn confined(script: &str) -> Confined {
    Confined {
        user: unprivileged(&crate::DiskFs, None),
        limits: Limits {
            memory: 1 << 30,
            file: 1 << 20,
            files: 200,
        },
        handed: Vec::new(),
        argv: ["sh", "-c", script].map(Into::into).to_vec(),
    }
}

fn start(confined: &Confined) -> Box<dyn Running> {
    let command = own()
        .keep(confined)
        .env("PATH", "/usr/bin:/bin:/run/current-system/sw/bin");
    ProcessSpawn.spawn(&command).expect("the guard starts")
}

fn end(confined: &Confined) -> (Option<Exit>, String) {
    let mut process = start(confined);
    let exit = process.wait(LONG).expect("it can be waited for");
    (exit, String::from_utf8_lossy(&process.said()).into_owned())
}

/// Waits until a process is gone; a zombie, which nobody may wait for, has no command line.
fn wait_gone(pid: &str) {
    let line = PathBuf::from(format!("/proc/{pid}/cmdline"));
    while !std::fs::read(&line).unwrap_or_default().is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Returns the first line that a process says.
fn first_line(process: &dyn Running) -> String {
    loop {
        let said = String::from_utf8_lossy(&process.said()).into_owned();
        if let Some((line, _)) = said.split_once('\n') {
            return line.to_owned();
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn codes_and_signals_come_through() {
    assert_eq!(
        end(&confined("echo said; exit 7")),
        (Some(Exit::Code(7)), "said\n".into())
    );
    assert_eq!(end(&confined("kill -9 $$")).0, Some(Exit::Code(137)));
    let mut missing = confined("");
    missing.argv = vec!["no-such-program".into()];
    assert_eq!(
        end(&missing),
        (
            Some(Exit::Code(125)),
            "there is no program \"no-such-program\"\n".into()
        )
    );
}

#[test]
fn a_program_that_is_waited_for_needs_no_keeper() {
    let command = own()
        .enter(&confined("cat; exit 3"))
        .env("PATH", "/usr/bin:/bin")
        .stdin("given");
    let output = crate::Exec::run(&crate::ProcessExec, &command).expect("the guard runs");
    assert_eq!(
        (output.exit, &*output.stdout),
        (Exit::Code(3), &b"given"[..]),
        "{output:?}"
    );
}

#[test]
fn rights_and_limits_are_gone() {
    let (exit, said) = end(&confined(
        "grep -E 'NoNewPrivs|CapEff|^Uid|^Groups' /proc/self/status; ulimit -n; ulimit -v; \
         f=$(mktemp); head -c 2000000 /dev/zero >$f; stat -c %s $f; rm $f",
    ));
    assert_eq!(exit, Some(Exit::Code(0)), "{said}");
    assert!(said.contains("NoNewPrivs:\t1"), "{said}");
    assert!(said.contains("\n200\n1048576\n"), "{said}");
    // What the shell says of the program that wrote too much may come before or after.
    let sizes = said.matches("1048576\n").count();
    assert_eq!(sizes, 2, "no file is larger than it may be: {said}");
    if let Some(user) = unprivileged(&crate::DiskFs, None) {
        assert!(said.contains(&format!("Uid:\t{0}\t{0}\t{0}\t{0}", user.uid)), "{said}");
        assert!(said.contains("CapEff:\t0000000000000000"), "{said}");
    }
}

#[test]
fn files_are_handed_that_the_program_could_not_reach() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (given, taken) = (folder.path().join("given"), folder.path().join("taken"));
    std::fs::write(&given, "secret").expect("files can be written");
    std::fs::write(&taken, "").expect("files can be written");
    let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(folder.path(), owner_only).expect("rights can be set");
    // By one pipe, as two of them may be read in any order.
    let mut confined = confined("cat <&8; echo kept >&9; cat \"$0\" 2>&1");
    confined.argv.push(given.clone().into());
    let handed = |number, access, path: &Path| Handed {
        number,
        access,
        path: path.into(),
    };
    confined.handed = vec![handed(8, Access::Read, &given), handed(9, Access::Write, &taken)];
    let (exit, said) = end(&confined);
    assert!(said.starts_with("secret"), "{said}");
    assert_eq!(std::fs::read(&taken).expect("it is there"), b"kept\n");
    if confined.user.is_some() {
        assert_eq!(exit, Some(Exit::Code(1)), "it is out of reach by its name: {said}");
    }
    confined.handed = vec![handed(8, Access::Read, &folder.path().join("none"))];
    let (exit, said) = end(&confined);
    assert_eq!(exit, Some(Exit::Code(125)));
    assert!(said.starts_with("cannot open '"), "{said}");
}

#[test]
fn a_program_dies_with_the_input_of_its_guard_and_with_the_guard() {
    let process = start(&confined("echo $$; sleep 1000"));
    let pid = first_line(process.as_ref());
    drop(process);
    wait_gone(&pid);

    let process = start(&confined("echo $$; exec sleep 1000"));
    let pid = first_line(process.as_ref());
    let guard = rustix::process::Pid::from_raw(process.id() as i32).expect("an id");
    rustix::process::kill_process(guard, rustix::process::Signal::KILL).expect("the guard runs");
    wait_gone(&pid);
}

#[test]
fn a_program_and_a_folder_die_with_a_run_that_is_killed() {
    let parent = tempfile::tempdir().expect("a folder can be made");
    let guard = own();
    let run = crate::RunFolder::create(parent.path(), &guard, &ProcessSpawn).expect("a folder is made");
    let path = run.path().to_owned();
    std::fs::write(path.join("file"), "left").expect("it can be written to");
    let script = Command::new("sh").args(["-c", "echo $$; exec sleep 1000"]);
    let process = ProcessSpawn
        .spawn(&run.marked(script).env("PATH", "/usr/bin:/bin"))
        .expect("it starts");
    let pid = first_line(process.as_ref());
    // While the run lives, another one leaves its folder alone.
    let other = crate::RunFolder::create(parent.path(), &guard, &ProcessSpawn).expect("another is made");
    assert!(path.join("file").exists());
    drop(run);
    wait_gone(&pid);
    assert!(!path.exists() && other.path().exists());
    drop(other);
    assert_eq!(std::fs::read_dir(parent.path()).expect("it is there").count(), 0);
}

#[test]
fn the_janitor_cleans_up_when_its_input_ends() {
    let parent = tempfile::tempdir().expect("a folder can be made");
    let folder = parent.path().join("run");
    std::fs::create_dir_all(folder.join("deep/er")).expect("folders can be made");
    let marked = Command::new("sh").args(["-c", "echo $$; exec sleep 1000"]);
    let marked = marked.env("PATH", "/usr/bin:/bin").env("CFGCHECK_RUN", "a-token");
    let process = ProcessSpawn.spawn(&marked).expect("it starts");
    let pid = first_line(process.as_ref());
    let output = crate::Exec::run(&crate::ProcessExec, &own().sweep(&folder, "a-token")).expect("it runs");
    assert!(output.success(), "{output:?}");
    assert!(!folder.exists());
    wait_gone(&pid);
}

#[test]
fn what_dead_runs_left_is_removed_by_the_next_run() {
    let parent = tempfile::tempdir().expect("a folder can be made");
    let stale = parent.path().join("cfgcheck-run-0123");
    let half = parent.path().join("cfgcheck-run-4567");
    for folder in [&stale, &half] {
        std::fs::create_dir(folder).expect("folders can be made");
    }
    std::fs::write(stale.join("lock"), "").expect("files can be written");
    let run = crate::RunFolder::create(parent.path(), &own(), &ProcessSpawn).expect("a folder is made");
    assert!(!stale.exists(), "nobody holds its lock");
    assert!(half.exists(), "one without a lock is being made");
    assert!(run.path().exists());
}
