//! Guests whose root has ended the agent and speaks in its place.

use super::live::{Guest, LONG, Lab};
use crate::Processor;
use crate::guest::{Call, GuestError};
use crate::initrd::cpio::Archive;
use crate::live::{answers, well};
use ::agent::{Answer, Frame, Hello, Role, VERSION};
use std::time::Duration;
use sys::{Clock, DiskFs, Fs};

/// Waits for a word, ends the agent, and does in its place what `/act` says, with its line as file 3.
const INIT: &str = r#"#!/bin/busybox sh
export PATH=/bin
b=/bin/busybox
$b mkdir -p /proc /dev
$b mount -t proc proc /proc || exit 1
$b mount -t devtmpfs dev /dev || exit 1
until [ -e /go ]; do $b sleep 1; done
for process in /proc/[0-9]*; do
  first=$($b head -c 1 $process/cmdline)
  case "$first" in @) kill -9 "${process#/proc/}" ;; esac
done
for line in /dev/vport*p1; do :; done
until (exec 3<>"$line") 2>/dev/null; do $b sleep 1; done
exec 3<>"$line"
echo "the agent is another one" >/dev/console
. /act
while :; do $b sleep 1; done
"#;

/// Answers each request with the bytes of `/answer`, whatever was asked: the frame's number is the one that came.
const LIES: &str = r#"while :; do
  set -- $($b dd bs=1 count=12 <&3 2>/dev/null | $b od -An -v -tx1)
  [ $# = 12 ] || continue
  $b dd bs=1 count=$((0x${12}${11}${10}${9})) of=/dev/null <&3 2>/dev/null
  printf "cfg\\x01\\x$5\\x$6\\x$7\\x$8" >/said
  $b cat /rest >>/said
  $b cat /said >&3
done
"#;

/// Starts a guest with an init of its own, and returns it when its agent answers.
fn started<'l>(lab: &'l Lab, init: &str) -> Guest<'l> {
    let busybox = lab.realised.outside(&lab.kit.path).join("usr/bin/busybox");
    let busybox = DiskFs.read(&busybox).expect("a busybox");
    let mut theirs = Archive::new();
    theirs.folder("bin");
    theirs.file("bin/busybox", 0o755, &busybox);
    theirs.file("init", 0o755, init.as_bytes());
    let role = Role::PassThrough { init: "/init".into() };
    let mut guest = lab.start(role, &theirs.end(), "", Vec::new());
    guest.ask(|link, wait| link.hello(wait));
    guest
}

/// Starts a guest whose root does something in the agent's place, and returns it when it does, as if nobody had told that
/// the agent has ended.
fn taken_over<'l>(lab: &'l Lab, act: &str, files: &[(&str, &[u8])]) -> Guest<'l> {
    let mut guest = started(lab, INIT);
    // QEMU tells one change of a line a second, the last one, and the agent has just opened its own.
    guest.clock.sleep(Duration::from_secs(3));
    for (name, bytes) in [("/act", act.as_bytes())]
        .iter()
        .chain(files)
        .chain(&[("/go", &b""[..])])
    {
        guest.ask(|link, wait| link.write(name, bytes, false, wait));
    }
    while !String::from_utf8_lossy(&guest.console.text()).contains("the agent is another one") {
        guest.clock.sleep(Duration::from_millis(100));
    }
    guest.watch = well;
    guest
}

/// Runs a program in a guest, which has some seconds.
fn run(guest: &mut Guest<'_>) -> Result<i32, GuestError> {
    let call = Call::new(["true"]);
    guest
        .within(Duration::from_secs(10), |link, wait| link.run(&call, wait, &mut |_| {}))
        .map(|ended| ended.code)
}

#[test]
fn live_a_guest_that_speaks_for_its_agent_is_not_believed_for_long() {
    let lab = Lab::new(Processor::X86);

    // Bytes that are no frame, and a frame that would fill the memory: the line is given up, and stays so.
    let long = b"cfg\x01\x00\x00\x00\x00\xff\xff\xff\x7f";
    for bytes in [&b"all is well"[..], long] {
        let mut guest = taken_over(&lab, "$b cat /said >&3\n", &[("/said", bytes)]);
        for _ in 0..2 {
            let told = run(&mut guest);
            assert!(matches!(told, Err(GuestError::Agent { .. })), "{told:?}");
        }
    }

    // Frames without end that answer nothing: the call ends with its time.
    let hello = Hello {
        nonce: 0,
        version: VERSION,
        role: "pass-through".into(),
        processor: "x86_64".into(),
        kernel: "6.12".into(),
        boot: "another".into(),
        up: true,
        trouble: String::new(),
    };
    let frame = Frame {
        call: 0,
        bytes: Answer::Hello(hello).encode(),
    };
    let frame = frame.encode().expect("it is short");
    let act = "while :; do $b cat /said >&3; done\n";
    let mut guest = taken_over(&lab, act, &[("/said", &frame.repeat(500))]);
    let told = run(&mut guest);
    assert!(matches!(told, Err(GuestError::TimedOut { .. })), "{told:?}");
    drop(guest);

    // All is well, whatever was asked: nothing but an exit code is believed, and where more is needed the line is given up.
    let answer = Answer::Ended { code: 0 }.encode();
    let length = u32::try_from(answer.len()).expect("it is short").to_le_bytes();
    let rest = [&length[..], &answer].concat();
    let mut guest = taken_over(&lab, LIES, &[("/rest", &rest)]);
    assert_eq!(run(&mut guest), Ok(0));
    // But it is told: whoever opens the line after the agent has ended is somebody else.
    guest.watch = answers;
    let told = run(&mut guest);
    assert!(
        matches!(&told, Err(GuestError::Agent { why }) if why.contains("ended")),
        "{told:?}"
    );
    guest.watch = well;
    let told = guest.within(LONG, |link, wait| link.read("/etc/passwd", 1000, wait));
    assert!(matches!(told, Err(GuestError::Agent { .. })), "{told:?}");
}

/// Runs nothing but the agent beside it.
const IDLE: &str = r#"#!/bin/busybox sh
/bin/busybox mkdir -p /proc
/bin/busybox mount -t proc proc /proc
while :; do /bin/busybox sleep 1; done
"#;

/// Does something to the agent, and goes on for longer than anybody waits.
const HARM: &str = r#"b=/bin/busybox
for process in /proc/[0-9]*; do
  first=$($b head -c 1 $process/cmdline)
  case "$first" in @) kill "$1" "${process#/proc/}" ;; esac
done
exec $b sleep 100000"#;

#[test]
fn live_an_agent_that_is_ended_or_stopped_while_a_program_runs_is_missed() {
    /// More than a test may take: what is told is not that this is over.
    const FOR_EVER: Duration = Duration::from_secs(90_000);
    let lab = Lab::new(Processor::X86);
    let harmed = |signal: &str, silence: Duration| {
        let mut guest = started(&lab, IDLE);
        guest.silence = silence;
        // The agent speaks now and then, however long the program is silent.
        let sleep = Call::new(["/bin/busybox", "sleep", "20"]);
        let slept = guest.within(LONG, |link, wait| link.run(&sleep, wait, &mut |_| {}));
        assert_eq!(slept.map(|ended| ended.code), Ok(0));
        let call = Call::new(["/bin/busybox", "sh", "-c", HARM, "sh", signal]);
        guest.within(FOR_EVER, |link, wait| link.run(&call, wait, &mut |_| {}))
    };
    let told = harmed("-KILL", LONG);
    assert!(
        matches!(&told, Err(GuestError::Agent { why }) if why.contains("ended")),
        "{told:?}"
    );
    let told = harmed("-STOP", Duration::from_secs(15));
    assert!(matches!(told, Err(GuestError::Silent { .. })), "{told:?}");
}
