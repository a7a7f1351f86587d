//! `cfgcheck switch` and its engine where nothing can be deployed: each wrong use and each order that is none has its message.
//! What is deployed is in `live_boot`.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests write a file and run the program"
)]

use std::io::Write;
use std::process::{Command, Stdio};

fn run(args: &[&str], stdin: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::write(folder.path().join("flake.nix"), "{ outputs = _: { }; }\n").expect("files can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
    command.args(args).current_dir(folder.path()).env("HOME", folder.path());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("cfgcheck runs");
    let mut input = child.stdin.take().expect("it is piped");
    // One that ends before it has read everything is judged by what it says.
    let _ = input.write_all(stdin.as_bytes());
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
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
