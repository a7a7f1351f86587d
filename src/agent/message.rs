//! What is asked and answered. Each request gets answers with the number of its call, the last of which ends it.

use crate::wire::{Reader, WireError, Writer};

/// What the host asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// Who is there. Answered by [`Answer::Hello`], in every role and at any time.
    Hello {
        /// A number that comes back, so that an answer to somebody before is told from one to us.
        nonce: u64,
    },
    /// Run a program. Answered by any number of [`Answer::Output`] and [`Answer::Runs`], and then [`Answer::Ended`].
    Run {
        /// The program and its arguments.
        argv: Vec<String>,
        /// Variables beside the agent's own.
        env: Vec<(String, String)>,
        /// The user, or root.
        user: Option<String>,
    },
    /// End the program that the call with this number runs; that call is answered then, and this one is not.
    Kill,
    /// Read a file. Answered by any number of [`Answer::Output`] and then [`Answer::Done`].
    Read {
        /// Its absolute path.
        path: String,
        /// Most bytes that it may have.
        most: u64,
    },
    /// Write a file and the folders above it. Answered by [`Answer::Done`].
    Write {
        /// Its absolute path.
        path: String,
        /// Whether it may be executed.
        executable: bool,
        /// Whether this is the next part of a file, and not its beginning.
        more: bool,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Whether something listens on a TCP port. Answered by [`Answer::Truth`].
    Listens {
        /// The port.
        port: u16,
    },
    /// Whether an IPv4 address answers on the wire. Answered by [`Answer::Reached`].
    Reaches {
        /// The address.
        address: [u8; 4],
    },
    /// What the boot loader starts without being asked. Answered by [`Answer::Default`].
    Default,
    /// Write archives of store paths onto a disk, one behind the other. Answered by [`Answer::Exported`].
    Export {
        /// The name of the disk's device in `/dev`.
        device: String,
        /// The paths.
        paths: Vec<String>,
    },
    /// Copy store paths that are missing from a disk into the store, and have the system's Nix know of them. Answered by
    /// [`Answer::Adopted`].
    Adopt {
        /// The serial number of the disk.
        serial: String,
    },
    /// Listen on [`crate::PROXY`] and carry connections to the host over the port [`crate::EGRESS`]. Answered by
    /// [`Answer::Done`].
    Carry,
    /// Write all that is to be written and switch the machine off, where the agent is the init. Not answered.
    Off,
}

/// What the guest answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Who is there.
    Hello(Hello),
    /// A piece of a program's output, or of a file.
    Output(Vec<u8>),
    /// The program still runs, and so does the agent: said every few seconds.
    Runs,
    /// A program has ended with this code, or by a signal: 128 and its number.
    Ended {
        /// The code.
        code: i32,
    },
    /// It is done.
    Done,
    /// It is so, or not.
    Truth(bool),
    /// What is known of an address on the wire.
    Reached(Reached),
    /// What the boot loader starts.
    Default {
        /// The value of `init=`.
        init: String,
        /// The file of the boot loader that says so.
        from: String,
    },
    /// Where the archives lie on the disk, in the order of the paths.
    Exported(Vec<Written>),
    /// How many store paths were missing and are there now.
    Adopted {
        /// Their number.
        paths: u32,
    },
    /// It cannot be done, and why.
    Refused(String),
}

/// Whether a neighbour is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reached {
    /// It has answered.
    Yes,
    /// It has not.
    Silent,
    /// There is no way to it: no interface has a route there, or the one that has is down.
    NoRoute,
}

/// Who is at the other end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hello {
    /// The number of the request.
    pub nonce: u64,
    /// The version of its messages, [`crate::VERSION`].
    pub version: u32,
    /// The name of its role, as in the plan.
    pub role: String,
    /// The processor, as `uname -m` says it.
    pub processor: String,
    /// The kernel's release.
    pub kernel: String,
    /// The number that the kernel has drawn for this boot.
    pub boot: String,
    /// Whether the system is there: its init has another root than the initial RAM disk and, unless the agent is the init,
    /// systemd is at work.
    pub up: bool,
    /// What has gone wrong on the way there; empty if nothing has.
    pub trouble: String,
}

/// Where something was written on a disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Written {
    /// Its first byte.
    pub offset: u64,
    /// Its length.
    pub size: u64,
}

impl Request {
    /// Returns the request as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let out = match self {
            Request::Hello { nonce } => Writer::of_kind(1).long(*nonce),
            Request::Run { argv, env, user } => Writer::of_kind(2)
                .list(argv, |out, text| out.text(text))
                .list(env, |out, (name, value)| out.text(name).text(value))
                .list(user.as_slice(), |out, text| out.text(text)),
            Request::Kill => Writer::of_kind(3),
            Request::Read { path, most } => Writer::of_kind(4).text(path).long(*most),
            Request::Write {
                path,
                executable,
                more,
                bytes,
            } => Writer::of_kind(5)
                .text(path)
                .byte((*executable).into())
                .byte((*more).into())
                .bytes(bytes),
            Request::Listens { port } => Writer::of_kind(6).word((*port).into()),
            Request::Reaches { address } => Writer::of_kind(7).word(u32::from_be_bytes(*address)),
            Request::Default => Writer::of_kind(8),
            Request::Export { device, paths } => {
                Writer::of_kind(9).text(device).list(paths, |out, text| out.text(text))
            }
            Request::Off => Writer::of_kind(10),
            Request::Adopt { serial } => Writer::of_kind(11).text(serial),
            Request::Carry => Writer::of_kind(12),
        };
        out.done()
    }

    /// Returns the request that bytes stand for.
    pub fn decode(bytes: &[u8]) -> Result<Request, WireError> {
        let mut from = Reader::new(bytes);
        let request = match from.byte()? {
            1 => Request::Hello { nonce: from.long()? },
            2 => Request::Run {
                argv: from.list(Reader::text)?,
                env: from.list(|from| Ok((from.text()?, from.text()?)))?,
                user: from.list(Reader::text)?.pop(),
            },
            3 => Request::Kill,
            4 => Request::Read {
                path: from.text()?,
                most: from.long()?,
            },
            5 => Request::Write {
                path: from.text()?,
                executable: from.flag()?,
                more: from.flag()?,
                bytes: from.bytes()?,
            },
            6 => Request::Listens {
                port: u16::try_from(from.word()?).map_err(|_| WireError::Unknown)?,
            },
            7 => Request::Reaches {
                address: from.word()?.to_be_bytes(),
            },
            8 => Request::Default,
            9 => Request::Export {
                device: from.text()?,
                paths: from.list(Reader::text)?,
            },
            10 => Request::Off,
            11 => Request::Adopt { serial: from.text()? },
            12 => Request::Carry,
            _ => return Err(WireError::Unknown),
        };
        from.end()?;
        Ok(request)
    }
}

impl Answer {
    /// Returns the answer as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let out = match self {
            Answer::Hello(hello) => Writer::of_kind(1)
                .long(hello.nonce)
                .word(hello.version)
                .text(&hello.role)
                .text(&hello.processor)
                .text(&hello.kernel)
                .text(&hello.boot)
                .byte(hello.up.into())
                .text(&hello.trouble),
            Answer::Output(bytes) => Writer::of_kind(2).bytes(bytes),
            Answer::Ended { code } => Writer::of_kind(3).word(code.cast_unsigned()),
            Answer::Done => Writer::of_kind(4),
            Answer::Truth(value) => Writer::of_kind(5).byte((*value).into()),
            Answer::Reached(reached) => Writer::of_kind(6).byte(match reached {
                Reached::Yes => 1,
                Reached::Silent => 2,
                Reached::NoRoute => 3,
            }),
            Answer::Default { init, from } => Writer::of_kind(7).text(init).text(from),
            Answer::Exported(places) => {
                Writer::of_kind(8).list(places, |out, place| out.long(place.offset).long(place.size))
            }
            Answer::Refused(why) => Writer::of_kind(9).text(why),
            Answer::Adopted { paths } => Writer::of_kind(10).word(*paths),
            Answer::Runs => Writer::of_kind(11),
        };
        out.done()
    }

    /// Returns the answer that bytes stand for.
    pub fn decode(bytes: &[u8]) -> Result<Answer, WireError> {
        let mut from = Reader::new(bytes);
        let answer = match from.byte()? {
            1 => Answer::Hello(Hello {
                nonce: from.long()?,
                version: from.word()?,
                role: from.text()?,
                processor: from.text()?,
                kernel: from.text()?,
                boot: from.text()?,
                up: from.flag()?,
                trouble: from.text()?,
            }),
            2 => Answer::Output(from.bytes()?),
            3 => Answer::Ended {
                code: from.word()?.cast_signed(),
            },
            4 => Answer::Done,
            5 => Answer::Truth(from.flag()?),
            6 => Answer::Reached(match from.byte()? {
                1 => Reached::Yes,
                2 => Reached::Silent,
                3 => Reached::NoRoute,
                _ => return Err(WireError::Unknown),
            }),
            7 => Answer::Default {
                init: from.text()?,
                from: from.text()?,
            },
            8 => Answer::Exported(from.list(|from| {
                Ok(Written {
                    offset: from.long()?,
                    size: from.long()?,
                })
            })?),
            9 => Answer::Refused(from.text()?),
            10 => Answer::Adopted { paths: from.word()? },
            11 => Answer::Runs,
            _ => return Err(WireError::Unknown),
        };
        from.end()?;
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request() -> impl Strategy<Value = Request> {
        prop_oneof![
            any::<u64>().prop_map(|nonce| Request::Hello { nonce }),
            (
                any::<Vec<String>>(),
                any::<Vec<(String, String)>>(),
                any::<Option<String>>()
            )
                .prop_map(|(argv, env, user)| Request::Run { argv, env, user }),
            Just(Request::Kill),
            (any::<String>(), any::<u64>()).prop_map(|(path, most)| Request::Read { path, most }),
            (any::<String>(), any::<bool>(), any::<bool>(), any::<Vec<u8>>()).prop_map(
                |(path, executable, more, bytes)| Request::Write {
                    path,
                    executable,
                    more,
                    bytes
                }
            ),
            any::<u16>().prop_map(|port| Request::Listens { port }),
            any::<[u8; 4]>().prop_map(|address| Request::Reaches { address }),
            Just(Request::Default),
            (any::<String>(), any::<Vec<String>>()).prop_map(|(device, paths)| Request::Export { device, paths }),
            Just(Request::Off),
            Just(Request::Carry),
            any::<String>().prop_map(|serial| Request::Adopt { serial }),
        ]
    }

    fn answer() -> impl Strategy<Value = Answer> {
        let hello = (any::<[String; 5]>(), any::<u64>(), any::<u32>(), any::<bool>());
        prop_oneof![
            hello.prop_map(
                |([role, processor, kernel, boot, trouble], nonce, version, up)| Answer::Hello(Hello {
                    nonce,
                    version,
                    role,
                    processor,
                    kernel,
                    boot,
                    up,
                    trouble
                })
            ),
            any::<Vec<u8>>().prop_map(Answer::Output),
            any::<i32>().prop_map(|code| Answer::Ended { code }),
            Just(Answer::Done),
            any::<bool>().prop_map(Answer::Truth),
            prop_oneof![Just(Reached::Yes), Just(Reached::Silent), Just(Reached::NoRoute)].prop_map(Answer::Reached),
            any::<(String, String)>().prop_map(|(init, from)| Answer::Default { init, from }),
            prop::collection::vec(
                any::<(u64, u64)>().prop_map(|(offset, size)| Written { offset, size }),
                0..5
            )
            .prop_map(Answer::Exported),
            any::<String>().prop_map(Answer::Refused),
            any::<u32>().prop_map(|paths| Answer::Adopted { paths }),
            Just(Answer::Runs),
        ]
    }

    proptest! {
        #[test]
        fn requests_come_out_as_they_went_in(request in request()) {
            prop_assert_eq!(Request::decode(&request.encode()), Ok(request));
        }

        #[test]
        fn answers_come_out_as_they_went_in(answer in answer()) {
            prop_assert_eq!(Answer::decode(&answer.encode()), Ok(answer));
        }

        #[test]
        fn a_message_that_is_cut_or_goes_on_is_none(answer in answer(), cut in any::<prop::sample::Index>()) {
            let bytes = answer.encode();
            prop_assert!(Answer::decode(&bytes[..cut.index(bytes.len())]).is_err());
            let longer = [&bytes[..], &[0]].concat();
            prop_assert_eq!(Answer::decode(&longer), Err(WireError::Long));
        }

        #[test]
        fn any_bytes_are_a_message_or_an_error(mut bytes in prop::collection::vec(any::<u8>(), 1..200), kind in 0..13_u8) {
            bytes[0] = kind;
            if let Ok(answer) = Answer::decode(&bytes) {
                prop_assert_eq!(answer.encode(), bytes.clone());
            }
            if let Ok(request) = Request::decode(&bytes) {
                prop_assert_eq!(Request::decode(&request.encode()), Ok(request));
            }
        }
    }

    #[test]
    fn a_list_that_says_to_be_long_takes_no_memory() {
        let bytes = [8, 0xff, 0xff, 0xff, 0xff, 0];
        assert_eq!(Answer::decode(&bytes), Err(WireError::Short));
    }
}
