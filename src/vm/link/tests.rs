use super::tail::KEPT;
use super::*;
use std::io::{Read, Write};
use std::thread::JoinHandle;
use sys::{ManualClock, SystemClock};

/// A guest's end of the line that says what a test wants.
struct Far {
    stream: UnixStream,
    frames: Frames,
}

impl Far {
    fn take(&mut self) -> (u32, Request) {
        loop {
            if let Some(frame) = self.frames.take().unwrap() {
                return (frame.call, Request::decode(&frame.bytes).unwrap());
            }
            let mut piece = [0; 4096];
            let count = self.stream.read(&mut piece).unwrap();
            assert!(count > 0, "the host has hung up");
            self.frames.push(&piece[..count]);
        }
    }

    fn say(&mut self, call: u32, answer: &Answer) {
        let frame = Frame {
            call,
            bytes: answer.encode(),
        };
        // The host may have had enough.
        let _ = self.stream.write_all(&frame.encode().unwrap());
    }
}

/// Runs a guest that behaves as `guest` says, and returns the line to it.
fn line<T: Send + 'static>(guest: impl FnOnce(Far) -> T + Send + 'static) -> (Link, JoinHandle<T>) {
    let (near, far) = UnixStream::pair().unwrap();
    let far = Far {
        stream: far,
        frames: Frames::new(),
    };
    (Link::new(near), std::thread::spawn(move || guest(far)))
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

fn hello(nonce: u64) -> Answer {
    Answer::Hello(Hello {
        nonce,
        version: agent::VERSION,
        role: "stage-1".into(),
        processor: "x86_64".into(),
        kernel: "6.12".into(),
        boot: "b".into(),
        up: true,
        trouble: String::new(),
    })
}

#[test]
fn a_greeting_is_told_from_one_to_somebody_before() {
    let (mut link, guest) = line(|mut far| {
        let (call, request) = far.take();
        let Request::Hello { nonce } = request else {
            panic!("{request:?}")
        };
        far.stream.write_all(b"left over").unwrap();
        far.say(call, &hello(nonce ^ 1));
        far.say(call, &hello(nonce));
        far
    });
    let hello = within(LONG, |wait| link.hello(wait)).unwrap();
    assert_eq!((hello.role.as_str(), hello.up), ("stage-1", true));
    guest.join().unwrap();
}

#[test]
fn another_version_is_a_fault() {
    let (mut link, guest) = line(|mut far| {
        let (call, request) = far.take();
        let Request::Hello { nonce } = request else {
            panic!("{request:?}")
        };
        let Answer::Hello(hello) = hello(nonce) else {
            unreachable!()
        };
        far.say(call, &Answer::Hello(Hello { version: 77, ..hello }));
        far
    });
    let error = within(LONG, |wait| link.hello(wait)).unwrap_err();
    assert!(
        matches!(&error, GuestError::Agent { why } if why.contains("77")),
        "{error}"
    );
    guest.join().unwrap();
}

#[test]
fn output_is_handed_on_and_its_end_is_kept() {
    let (mut link, guest) = line(|mut far| {
        let (call, request) = far.take();
        far.say(call - 1, &Answer::Output(b"of another call".to_vec()));
        far.say(call, &Answer::Output(b"one ".to_vec()));
        for _ in 0..40 {
            far.say(call, &Answer::Output(vec![b'x'; PIECE]));
        }
        far.say(call, &Answer::Output(b"last".to_vec()));
        far.say(call, &Answer::Ended { code: 4 });
        request
    });
    let mut told = Vec::new();
    let call = Call {
        user: Some("alice".into()),
        env: vec![("A".into(), "b".into())],
        ..Call::new(["true", "x"])
    };
    let ended = within(LONG, |wait| {
        link.run(&call, wait, &mut |bytes| told.extend_from_slice(bytes))
    })
    .unwrap();
    assert_eq!((ended.code, ended.truncated, ended.output.len()), (4, true, KEPT));
    assert!(ended.output.ends_with(b"xlast"));
    assert_eq!(told.len(), 8 + 40 * PIECE);
    assert!(told.starts_with(b"one x"));
    let asked = Request::Run {
        argv: vec!["true".into(), "x".into()],
        env: vec![("A".into(), "b".into())],
        user: Some("alice".into()),
    };
    assert_eq!(guest.join().unwrap(), asked);
}

#[test]
fn a_program_that_takes_too_long_is_ended_and_the_line_goes_on() {
    let (mut link, guest) = line(|mut far| {
        let (run, _) = far.take();
        far.say(run, &Answer::Output(b"working".to_vec()));
        assert_eq!(far.take(), (run, Request::Kill));
        far.say(run, &Answer::Ended { code: 137 });
        let (call, request) = far.take();
        far.say(call, &Answer::Truth(true));
        request
    });
    let error = within(300, |wait| link.run(&Call::new(["sleep"]), wait, &mut |_| {})).unwrap_err();
    let late = GuestError::TimedOut {
        what: "'sleep'".into(),
        limit: Duration::from_millis(300),
    };
    assert_eq!(error, late);
    assert_eq!(within(LONG, |wait| link.listens(22, wait)), Ok(true));
    assert_eq!(guest.join().unwrap(), Request::Listens { port: 22 });
}

#[test]
fn a_guest_that_talks_without_end_is_left_at_the_deadline() {
    let (mut link, guest) = line(|mut far| {
        let (call, _) = far.take();
        let frame = Frame {
            call,
            bytes: Answer::Output(vec![7; PIECE]).encode(),
        };
        let bytes = frame.encode().unwrap();
        while far.stream.write_all(&bytes).is_ok() {}
    });
    let error = within(300, |wait| link.read("/dev/zero", 100, wait)).unwrap_err();
    assert!(matches!(error, GuestError::TimedOut { .. }), "{error}");
    drop(link);
    guest.join().unwrap();
}

#[test]
fn files_are_read_up_to_their_limit_and_written_in_parts() {
    let (mut link, guest) = line(|mut far| {
        let (call, _) = far.take();
        far.say(call, &Answer::Output(b"ab".to_vec()));
        far.say(call, &Answer::Output(b"cd".to_vec()));
        far.say(call, &Answer::Done);
        let mut parts = Vec::new();
        for _ in 0..3 {
            let (call, request) = far.take();
            far.say(call, &Answer::Done);
            let Request::Write { more, bytes, .. } = request else {
                panic!("{request:?}")
            };
            parts.push((more, bytes.len()));
        }
        let (call, _) = far.take();
        far.say(call, &Answer::Refused("no\u{1b}[2J such file".repeat(100)));
        let (call, _) = far.take();
        far.say(call, &Answer::Output(b"abcde".to_vec()));
        far.say(call, &Answer::Done);
        parts
    });
    assert_eq!(within(LONG, |wait| link.read("/a", 4, wait)), Ok(b"abcd".to_vec()));
    let long = vec![1; PIECE + 1];
    assert_eq!(within(LONG, |wait| link.write("/a", &long, true, wait)), Ok(()));
    assert_eq!(within(LONG, |wait| link.write("/a", b"", false, wait)), Ok(()));
    let GuestError::Refused { why } = within(LONG, |wait| link.read("/a", 4, wait)).unwrap_err() else {
        panic!("a refusal is no fault")
    };
    assert!(why.chars().count() <= WORDS && !why.contains('\u{1b}'), "{why}");
    let error = within(LONG, |wait| link.read("/a", 4, wait)).unwrap_err();
    assert!(matches!(error, GuestError::Agent { .. }), "{error}");
    assert_eq!(guest.join().unwrap(), [(false, PIECE), (true, 1), (false, 0)]);
}

#[test]
fn what_breaks_the_rules_ends_the_line() {
    let said: [fn(&mut Far, u32); 4] = [
        |far, call| far.say(call, &Answer::Done),
        |far, call| {
            far.say(call + 1, &Answer::Done);
            far.stream.write_all(b"nonsense").unwrap();
        },
        |far, call| {
            let frame = Frame { call, bytes: vec![99] };
            far.stream.write_all(&frame.encode().unwrap()).unwrap();
        },
        |far, call| far.say(call, &hello(0)),
    ];
    for say in said {
        let (mut link, guest) = line(move |mut far| {
            let (call, _) = far.take();
            say(&mut far, call);
            far
        });
        for _ in 0..2 {
            let error = within(LONG, |wait| link.listens(1, wait)).unwrap_err();
            assert!(matches!(error, GuestError::Agent { .. }), "{error}");
        }
        guest.join().unwrap();
    }
}

#[test]
fn a_line_that_closes_says_what_is_known_of_the_machine() {
    let (mut link, guest) = line(drop);
    for _ in 0..2 {
        let error = within(LONG, |wait| link.listens(1, wait)).unwrap_err();
        assert!(matches!(error, GuestError::Off { .. }), "{error}");
    }
    guest.join().unwrap();

    let (mut link, guest) = line(drop);
    let panicked = GuestError::Panicked {
        line: "Kernel panic".into(),
    };
    let mut looks = 0;
    let error = link.hello(&mut Wait {
        clock: &SystemClock::default(),
        limit: Duration::from_millis(LONG),
        silence: Duration::from_millis(LONG),
        watch: &mut || {
            looks += 1;
            if looks > 2 { Err(panicked.clone()) } else { Ok(()) }
        },
    });
    assert_eq!(error, Err(panicked));
    guest.join().unwrap();
}

#[test]
fn a_guest_that_falls_silent_while_a_program_runs_is_missed() {
    let clock = ManualClock::at(Duration::ZERO);
    let (mut link, guest) = line(|mut far| {
        let (call, _) = far.take();
        far.say(call, &Answer::Runs);
        far.say(call, &Answer::Output(b"begun".to_vec()));
        far
    });
    let mut told: Vec<u8> = Vec::new();
    let error = link.run(
        &Call::new(["x"]),
        &mut Wait {
            clock: &clock,
            limit: Duration::from_secs(1 << 20),
            silence: Duration::from_secs(60),
            // Much goes by between two looks.
            watch: &mut || {
                clock.advance(Duration::from_secs(5));
                Ok(())
            },
        },
        &mut |bytes| told.extend(bytes),
    );
    assert_eq!(
        error,
        Err(GuestError::Silent {
            limit: Duration::from_secs(60)
        })
    );
    assert_eq!(told, b"begun");
    guest.join().unwrap();
}

#[test]
fn a_guest_that_does_not_listen_holds_nothing_up() {
    let (near, _far) = UnixStream::pair().unwrap();
    let mut link = Link::new(near);
    let error = within(300, |wait| link.write("/a", &vec![0; 8 << 20], false, wait)).unwrap_err();
    assert!(matches!(error, GuestError::TimedOut { .. }), "{error}");
}

proptest::proptest! {
    #[test]
    fn any_bytes_from_a_guest_give_an_answer_or_an_error(
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
        kinds in proptest::collection::vec((0..12_u8, proptest::collection::vec(proptest::num::u8::ANY, 0..20)), 0..5),
    ) {
        let (mut link, guest) = line(move |mut far| {
            let (call, _) = far.take();
            for (kind, body) in kinds {
                let frame = Frame { call, bytes: [&[kind], &body[..]].concat() };
                let _ = far.stream.write_all(&frame.encode().unwrap());
            }
            let _ = far.stream.write_all(&bytes);
        });
        // Its time passes only where something sleeps.
        let clock = ManualClock::at(Duration::ZERO);
        let told = link.run(
            &Call::new(["x"]),
            &mut Wait {
                clock: &clock,
                limit: Duration::from_millis(LONG),
                silence: Duration::from_millis(LONG),
                watch: &mut || Ok(()),
            },
            &mut |_| {},
        );
        if let Ok(ended) = told {
            proptest::prop_assert!(ended.output.len() <= KEPT);
        }
        drop(link);
        guest.join().unwrap();
    }
}
