//! What is said to a shell, with a real one at the other end, and with others that are no shells.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests run a real shell and look at its files"
)]

use super::*;
use proptest::prelude::*;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use sys::SystemClock;

/// A shell that ends with its test.
struct Real(Child);

impl Drop for Real {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns a line to a real shell that runs as it does in a machine.
fn real() -> (Shell, Real) {
    let (near, far) = UnixStream::pair().unwrap();
    let input: OwnedFd = far.try_clone().unwrap().into();
    let output: OwnedFd = far.into();
    let child = Command::new("bash")
        .args(["--noprofile", "--norc"])
        .stdin(Stdio::from(input))
        .stdout(Stdio::from(output))
        .stderr(Stdio::null())
        .spawn()
        .expect("there is a bash");
    (Shell::new(near), Real(child))
}

/// Calls with a limit, while the machine is well.
fn within<T>(millis: u64, call: impl FnOnce(&mut Wait<'_>) -> T) -> T {
    call(&mut Wait {
        clock: &SystemClock::default(),
        limit: Duration::from_millis(millis),
        silence: Duration::from_millis(millis),
        watch: &mut || Ok(()),
    })
}

const LONG: u64 = 60_000;

#[test]
fn programs_run_and_tell_how_they_end() {
    let (mut shell, _bash) = real();
    within(LONG, |wait| shell.up(wait)).unwrap();
    for (argv, env, code, output) in [
        (vec!["printf", "a b"], None, 0, "a b"),
        (vec!["sh", "-c", "echo to both >&2; exit 7"], None, 7, "to both\n"),
        (
            vec!["sh", "-c", "echo $X"],
            Some(("X", "it's \"$HOME\"\n'")),
            0,
            "it's \"$HOME\" '\n",
        ),
        (vec!["sh", "-c", "kill -9 $$"], None, 137, ""),
        (
            vec!["no-such-program"],
            None,
            127,
            "env: 'no-such-program': No such file or directory\n",
        ),
        (vec!["cat"], None, 0, ""),
        (
            vec!["printf", "cfgcheck:0000000000000000 0\\n"],
            None,
            0,
            "cfgcheck:0000000000000000 0\n",
        ),
    ] {
        let mut call = Call::new(argv.clone());
        call.env = env
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut told: Vec<u8> = Vec::new();
        let ended = within(LONG, |wait| shell.run(&call, wait, &mut |bytes| told.extend(bytes))).unwrap();
        let said = String::from_utf8_lossy(&ended.output).replace(['\u{2018}', '\u{2019}'], "'");
        assert_eq!(
            (ended.code, said.as_str(), ended.truncated),
            (code, output, false),
            "{argv:?}"
        );
        assert_eq!(told, ended.output);
    }
}

#[test]
fn of_much_output_the_end_is_kept() {
    let (mut shell, _bash) = real();
    let call = Call::shell("head -c 3000000 /dev/zero; echo end");
    let ended = within(LONG, |wait| shell.run(&call, wait, &mut |_| {})).unwrap();
    assert!(ended.truncated && ended.output.ends_with(b"\0end\n"));
}

#[test]
fn a_program_that_takes_too_long_is_ended_and_the_next_is_not_confused() {
    let (mut shell, _bash) = real();
    let error = within(1_000, |wait| {
        shell.run(&Call::shell("echo x; sleep 600"), wait, &mut |_| {})
    })
    .unwrap_err();
    assert!(matches!(error, GuestError::TimedOut { .. }), "{error}");
    let ended = within(LONG, |wait| shell.run(&Call::new(["echo", "next"]), wait, &mut |_| {})).unwrap();
    assert_eq!((ended.code, ended.output.as_slice()), (0, b"next\n".as_slice()));
}

#[test]
fn files_are_written_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let (mut shell, _bash) = real();
    let path = folder.path().join("a b/'c'/$d");
    let name = path.to_str().unwrap();
    let bytes: Vec<u8> = (0..100_000u32).map(|n| (n * 7) as u8).collect();
    within(LONG, |wait| shell.write(name, &bytes, true, wait)).unwrap();
    assert_eq!(within(LONG, |wait| shell.read(name, 100_000, wait)).unwrap(), bytes);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o755);
    within(LONG, |wait| shell.write(name, b"", false, wait)).unwrap();
    assert_eq!(within(LONG, |wait| shell.read(name, 0, wait)).unwrap(), b"");
    within(LONG, |wait| shell.write(name, b"ab", false, wait)).unwrap();
    for (name, told) in [
        (name, "the file is larger than 1 bytes"),
        ("/no/such/file", "there is no such file"),
    ] {
        let error = within(LONG, |wait| shell.read(name, 1, wait)).unwrap_err();
        assert_eq!(error.to_string(), told);
    }
}

#[test]
fn a_port_that_something_listens_on_is_seen() {
    let (mut shell, _bash) = real();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    assert!(within(LONG, |wait| shell.listens(port, wait)).unwrap());
    drop(listener);
    assert!(!within(LONG, |wait| shell.listens(port, wait)).unwrap());
}

#[test]
fn tables_of_the_kernel_are_read() {
    let sockets = "  sl  local_address rem_address   st tx_queue\n\
                   0: 0100007F:0050 00000000:0000 0A 00000000\n\
                   1: 0100007F:0051 0100007F:0050 01 00000000\n\
                   2: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 0\n";
    for (port, expected) in [(80, true), (81, false), (0x1f90, true), (0, false)] {
        assert_eq!(listens(sockets, port), expected, "{port}");
    }
    let neighbours = "IP address       HW type     Flags       HW address            Mask     Device\n\
                      10.0.2.2         0x1         0x2         52:55:0a:00:02:02     *        ens3\n\
                      10.0.2.3         0x1         0x0         00:00:00:00:00:00     *        ens3\n";
    for (address, expected) in [
        ("10.0.2.2", true),
        ("10.0.2.3", false),
        ("10.0.2.4", false),
        ("0.2.2", false),
    ] {
        assert_eq!(neighbour(neighbours, address), expected, "{address}");
    }
}

/// Answers as somebody else than a shell would: with these bytes, in which `WORD` is the word of the call.
fn other(answer: Vec<u8>) -> Result<Ended, GuestError> {
    let (near, mut far) = UnixStream::pair().unwrap();
    let guest = std::thread::spawn(move || {
        let mut asked = Vec::new();
        let mut piece = [0; 4096];
        while !asked.contains(&b'\n') {
            let count = far.read(&mut piece).unwrap();
            asked.extend(&piece[..count]);
        }
        let asked = String::from_utf8(asked).unwrap();
        let at = asked.find("cfgcheck:").unwrap();
        let word = &asked[at..at + "cfgcheck:0123456789abcdef".len()];
        let text = String::from_utf8_lossy(&answer).replace("WORD", word);
        // The host may have had enough.
        let _ = far.write_all(text.as_bytes());
    });
    let mut shell = Shell::new(near);
    let ended = within(2_000, |wait| shell.run(&Call::new(["x"]), wait, &mut |_| {}));
    guest.join().unwrap();
    ended
}

#[test]
fn what_is_no_shell_is_told() {
    for (answer, told) in [
        ("login: \nWORD\n*\n", "what it sends is no output"),
        ("WORD\nYQ==\nWORD x\n", "it does not say how a program ended"),
        ("WORD\nYQ==\nothers 0\n", "it does not say how a program ended"),
        (
            "WORD\nYQ==\n0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\
          0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789 0 0 0",
            "it does not say how a program ended",
        ),
        ("WORD\nYQ==", "the machine is off"),
        ("", "the machine is off"),
    ] {
        let error = other(answer.into()).unwrap_err().to_string();
        assert!(error.contains(told), "{answer}: {error}");
    }
    let ended = other(b"noise\r\nWORD 0\n  WORD\nWORD\nYWJj\nWORD 3\n".to_vec()).unwrap();
    assert_eq!((ended.code, ended.output.as_slice()), (3, b"abc".as_slice()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_answer_panics_or_hangs(answer in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut all = b"WORD\n".to_vec();
        all.extend(answer);
        // Whatever comes of it.
        let _ = other(all);
    }

    #[test]
    fn words_stay_words(text in "[^\0]{0,40}") {
        let output = Command::new("bash").args(["-c", &format!("printf %s {}", quoted(&text))]).output().unwrap();
        prop_assert_eq!(output.stdout, text.into_bytes());
    }
}
