//! Frames: a magic word, the number of the call, the length and the bytes.
//!
//! A stream may begin in the middle of something: what an earlier end of the line has left over. Until the first whole
//! frame, bytes that are none are passed over; after it they are a fault.

/// The first bytes of a frame.
const MAGIC: [u8; 4] = *b"cfg\x01";
/// Length of what stands before a frame's bytes.
const HEAD: usize = 12;
/// Most bytes in one frame. An output's piece or a command line fits; nothing that is longer is said at once.
pub const MOST: usize = 1 << 20;
/// Most bytes that are passed over before the first frame.
const NOISE: usize = 4 << 20;

/// One thing that is said, and the call that it belongs to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// The number of the call, which the host chooses.
    pub call: u32,
    /// A request or an answer.
    pub bytes: Vec<u8>,
}

impl Frame {
    /// Returns the frame as it goes over the line, or an error if it is too long.
    pub fn encode(&self) -> Result<Vec<u8>, FrameError> {
        let length = u32::try_from(self.bytes.len()).ok().filter(|n| *n as usize <= MOST);
        let length = length.ok_or(FrameError::TooLong {
            length: self.bytes.len(),
        })?;
        let mut out = Vec::with_capacity(HEAD + self.bytes.len());
        out.extend(MAGIC);
        out.extend(self.call.to_le_bytes());
        out.extend(length.to_le_bytes());
        out.extend(&self.bytes);
        Ok(out)
    }
}

/// Why bytes are no frame.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FrameError {
    /// Something else stands where a frame should begin.
    #[error("what came is no frame")]
    NoFrame,
    /// A frame says that it is longer than one may be.
    #[error("a frame of {length} bytes, of which there may be {MOST}")]
    TooLong {
        /// Its length.
        length: usize,
    },
}

/// Puts frames together out of the bytes that come. It never holds more than one frame and one piece.
#[derive(Default, Debug)]
pub struct Frames {
    bytes: Vec<u8>,
    // Whether a whole frame has come, after which all is frames.
    began: bool,
    passed: usize,
}

impl Frames {
    /// Returns a reader at the beginning of a stream.
    pub fn new() -> Frames {
        Frames::default()
    }

    /// Returns a reader that passes over whatever is no frame, at any time: for the end that the host talks to, as the
    /// host may hang up in the middle of a frame and call again.
    pub fn forget(&mut self) {
        *self = Frames::default();
    }

    /// Takes bytes that came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// Returns the next whole frame, or `None` if more has to come.
    pub fn take(&mut self) -> Result<Option<Frame>, FrameError> {
        loop {
            if !self.began {
                self.pass_noise()?;
            }
            let Some(head) = self.bytes.first_chunk::<HEAD>() else {
                let known = self.bytes.len().min(MAGIC.len());
                return if self.bytes[..known] == MAGIC[..known] {
                    Ok(None)
                } else {
                    Err(FrameError::NoFrame)
                };
            };
            if head[..4] != MAGIC {
                return Err(FrameError::NoFrame);
            }
            let call = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
            let length = u32::from_le_bytes([head[8], head[9], head[10], head[11]]) as usize;
            if length > MOST {
                if self.began {
                    return Err(FrameError::TooLong { length });
                }
                // The magic word by chance, within what is left over.
                self.pass(1)?;
                continue;
            }
            if self.bytes.len() < HEAD + length {
                return Ok(None);
            }
            let rest = self.bytes.split_off(HEAD + length);
            let mut bytes = std::mem::replace(&mut self.bytes, rest);
            bytes.drain(..HEAD);
            self.began = true;
            return Ok(Some(Frame { call, bytes }));
        }
    }

    /// Drops what stands before the first magic word.
    fn pass_noise(&mut self) -> Result<(), FrameError> {
        let starts = |rest: &[u8]| rest.iter().zip(MAGIC).all(|(a, b)| *a == b);
        let begin = (0..self.bytes.len()).find(|at| starts(&self.bytes[*at..]));
        self.pass(begin.unwrap_or(self.bytes.len()))
    }

    fn pass(&mut self, count: usize) -> Result<(), FrameError> {
        self.passed += count;
        self.bytes.drain(..count);
        if self.passed > NOISE {
            return Err(FrameError::NoFrame);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame() -> impl Strategy<Value = Frame> {
        (any::<u32>(), prop::collection::vec(any::<u8>(), 0..200)).prop_map(|(call, bytes)| Frame { call, bytes })
    }

    /// Reads all frames of a stream that comes in pieces.
    fn read(stream: &[u8], piece: usize) -> Result<Vec<Frame>, FrameError> {
        let mut frames = Frames::new();
        let mut out = Vec::new();
        for bytes in stream.chunks(piece) {
            frames.push(bytes);
            while let Some(frame) = frames.take()? {
                out.push(frame);
            }
        }
        Ok(out)
    }

    proptest! {
        #[test]
        fn frames_come_out_as_they_went_in(sent in prop::collection::vec(frame(), 0..5), piece in 1..50_usize) {
            let stream: Vec<u8> = sent.iter().flat_map(|frame| frame.encode().unwrap()).collect();
            prop_assert_eq!(read(&stream, piece), Ok(sent));
        }

        #[test]
        fn what_is_left_over_of_an_earlier_end_is_passed_over(
            noise in prop::collection::vec(any::<u8>().prop_filter("no magic", |byte| *byte != b'c'), 0..500),
            sent in prop::collection::vec(frame(), 1..3),
            piece in 1..50_usize,
        ) {
            let mut stream = noise;
            stream.extend(sent.iter().flat_map(|frame| frame.encode().unwrap()));
            prop_assert_eq!(read(&stream, piece), Ok(sent));
        }

        #[test]
        fn no_stream_makes_it_hold_much(bytes in prop::collection::vec(any::<u8>(), 0..3000), piece in 1..100_usize) {
            let mut frames = Frames::new();
            for bytes in bytes.chunks(piece) {
                frames.push(bytes);
                while let Ok(Some(frame)) = frames.take() {
                    prop_assert!(frame.bytes.len() <= MOST);
                }
                prop_assert!(frames.bytes.len() <= 3000);
            }
        }
    }

    #[test]
    fn after_a_frame_only_frames_may_come() {
        let mut stream = Frame {
            call: 1,
            bytes: vec![2],
        }
        .encode()
        .unwrap();
        stream.extend(*b"x");
        assert_eq!(read(&stream, 100), Err(FrameError::NoFrame));
        let mut stream = Frame {
            call: 1,
            bytes: vec![2],
        }
        .encode()
        .unwrap();
        stream.extend(MAGIC);
        stream.extend([0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f]);
        assert_eq!(read(&stream, 100), Err(FrameError::TooLong { length: 0x7fff_ffff }));
    }

    #[test]
    fn noise_without_end_is_a_fault() {
        let mut frames = Frames::new();
        let mut told = Ok(None);
        for _ in 0..100 {
            frames.push(&[7; 1 << 16]);
            told = frames.take();
            if told.is_err() {
                break;
            }
        }
        assert_eq!(told, Err(FrameError::NoFrame));
    }

    #[test]
    fn nothing_too_long_is_sent() {
        let bytes = vec![0; MOST + 1];
        assert_eq!(
            Frame { call: 0, bytes }.encode(),
            Err(FrameError::TooLong { length: MOST + 1 })
        );
    }
}
