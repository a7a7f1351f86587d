//! `cfgcheck switch` and its engine where nothing can be deployed: each wrong use and each order that is none has its message.
//! What is deployed is in `live_boot`.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests write a file and run the program"
)]

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn run(args: &[&str], stdin: &str) -> (Option<i32>, String) {
    let output = output(args, stdin);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

fn output(args: &[&str], stdin: &str) -> Output {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::write(folder.path().join("flake.nix"), "{ outputs = _: { }; }\n").expect("files can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
    command.args(args).current_dir(folder.path()).env("HOME", folder.path());
    command.env("USER", "alice").env_remove("XDG_STATE_HOME");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("cfgcheck runs");
    let mut input = child.stdin.take().expect("it is piped");
    // One that ends before it has read everything is judged by what it says.
    let _ = input.write_all(stdin.as_bytes());
    drop(input);
    child.wait_with_output().expect("it ends")
}

#[test]
fn a_user_without_a_home_of_home_manager_has_a_status() {
    let output = output(&["status", "--home"], "");
    let told = String::from_utf8_lossy(&output.stdout);
    let (name, rest) = told.split_once('\n').expect("there are lines");
    assert!(name.starts_with("alice on "), "{told}");
    assert_eq!(
        rest,
        "  runs      nothing of home-manager\n  deployed  nothing by cfgcheck\n"
    );
    assert_eq!(output.status.code(), Some(0), "{told}");
}

#[test]
fn each_wrong_use_has_its_message() {
    for (args, code, message) in [
        (
            &["switch"][..],
            2,
            "error: which host? Name it: `cfgcheck switch .#HOST`\n",
        ),
        (
            &["switch", "--system", "."],
            2,
            "error: `.` is no path of the store and leads to none\n",
        ),
        (&["switch", "--enroll", "absent.yaml"], 2, "absent.yaml"),
        (
            &["switch", ".#web", "--system", "/nix/store/x"],
            2,
            "cannot be used with",
        ),
        (
            &["switch", "--enroll", "p", "--target", "web"],
            2,
            "cannot be used with",
        ),
        (&["switch", ".#web", "--boot", "--reboot"], 2, "cannot be used with"),
        (&["switch", ".#web", "--patience", "0"], 2, "0 is not in 1..=1000"),
        (
            &["rollback", "--target=-oProxyCommand=x"],
            3,
            "-oProxyCommand=x cannot be reached: ",
        ),
        (&["engine", "run"], 3, "error: "),
        (
            &["switch", "--home"],
            2,
            "error: which home? Name it: `cfgcheck switch .#USER@HOST --home`\n",
        ),
        (
            &["switch", ".#alice", "--home", "--boot"],
            2,
            "error: a home is there at once, and not with the next boot: `--home` goes without `--boot` and `--reboot`\n",
        ),
        (
            &["switch", ".#alice", "--home", "--reboot"],
            2,
            "a home is there at once",
        ),
        (&["rollback", "--home", "--reboot"], 2, "a home is there at once"),
        (
            &["switch", ".#homeConfigurations.\"alice@laptop\""],
            2,
            "error: this is a home: it is deployed by `--home`\n",
        ),
        (
            &["switch", ".#nixosConfigurations.web", "--home"],
            2,
            "error: this is a host: leave out `--home`\n",
        ),
        (&["switch", ".#alice", "--home", "--sudo"], 2, "cannot be used with"),
        (
            &["switch", ".", "--home", "--hosts", "*"],
            2,
            "error: homes are deployed one by one: `--home` goes without `--hosts`\n",
        ),
        (
            &["status", "--home", "--hosts", "*"],
            2,
            "homes are deployed one by one",
        ),
        (
            &["switch", ".#alice", "--home", "--verdict", "v.json"],
            2,
            "error: a signed verdict is of a host: `--home` goes without `--verdict`\n",
        ),
        (
            &["rollback", "--home"],
            6,
            "refused: this home was not deployed by cfgcheck, so that nothing is known of one before\n",
        ),
        (
            &["switch", ".#alice", "--home"],
            6,
            "refused: no policy is enrolled for the home on this machine\nhelp: as its user: `cfgcheck switch --home --enroll",
        ),
    ] {
        let (ended, said) = run(args, "");
        assert_eq!(ended, Some(code), "{args:?}\n{said}");
        assert!(said.contains(message), "{args:?}: {message} is not in:\n{said}");
    }
}

#[test]
fn an_order_that_is_none_is_refused() {
    let order = |version: &str, id: &str, system: &str| {
        format!(
            "{{\"version\":{version},\"id\":\"{id}\",\"system\":\"{system}\",\"origin\":{{}},\"action\":\"switch\",\
             \"approval\":{{\"overridden\":null,\"policy\":null,\"shown\":[],\"verdict\":null}},\"confirm\":\"nobody\"}}"
        )
    };
    let system = "/nix/store/0c0i1jmm8dahaah5sm4pxgz9xdgxsz4l-nixos-system-web";
    for (stdin, message) in [
        (String::new(), "the order cannot be read: EOF while parsing"),
        ("{}".into(), "the order cannot be read: missing field `version`"),
        (
            order("2", "a", system),
            "the order has version 2, and this cfgcheck knows version 1: both ends need the same one",
        ),
        (
            order("1", "", system),
            "the order's id has to be of letters, digits and `-`",
        ),
        (
            order("1", "../../etc", system),
            "the order's id has to be of letters, digits and `-`",
        ),
        (order("1", "a", "/etc"), "`/etc` is no path of the store"),
        (order("1", "a", "/nix/store/x/../../etc"), "is no path of the store"),
        (order("1", "a", &format!("{system}/bin")), "is no path of the store"),
    ] {
        let (ended, said) = run(&["engine", "start"], &stdin);
        assert_eq!(ended, Some(6), "{stdin}\n{said}");
        assert!(said.contains(message), "{stdin}: {message} is not in:\n{said}");
    }
}
