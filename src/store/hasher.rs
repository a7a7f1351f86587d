//! Hashing a stream of bytes with any of Nix's algorithms.
//!
//! The hasher is an [`std::io::Write`], so an archive can be hashed while it is written, without keeping it. SHA-256,
//! which every store path takes, uses the processor's SHA instructions where `sha2` finds them at run time.

use std::io;

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use crate::hash::{Hash, HashAlgo};

/// The state of one hash in the making.
#[derive(Clone)]
pub struct Hasher {
    state: State,
    bytes: u64,
}

#[derive(Clone)]
enum State {
    Md5(Md5),
    Sha1(Sha1),
    Sha256(Sha256),
    Sha512(Sha512),
    // BLAKE3's state is two kilobytes; the others stay small without it.
    Blake3(Box<blake3::Hasher>),
}

impl Hasher {
    /// Starts a hash.
    pub fn new(algo: HashAlgo) -> Self {
        let state = match algo {
            HashAlgo::Md5 => State::Md5(Md5::new()),
            HashAlgo::Sha1 => State::Sha1(Sha1::new()),
            HashAlgo::Sha256 => State::Sha256(Sha256::new()),
            HashAlgo::Sha512 => State::Sha512(Sha512::new()),
            HashAlgo::Blake3 => State::Blake3(Box::default()),
        };
        Self { state, bytes: 0 }
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        match &mut self.state {
            State::Md5(state) => state.update(bytes),
            State::Sha1(state) => state.update(bytes),
            State::Sha256(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
            State::Blake3(state) => {
                state.update(bytes);
            }
        }
    }

    /// Returns the number of bytes taken in so far.
    pub const fn byte_count(&self) -> u64 {
        self.bytes
    }

    /// Returns the hash of everything taken in.
    pub fn finish(self) -> Hash {
        match self.state {
            State::Md5(state) => Hash::new(HashAlgo::Md5, &state.finalize()),
            State::Sha1(state) => Hash::new(HashAlgo::Sha1, &state.finalize()),
            State::Sha256(state) => Hash::new(HashAlgo::Sha256, &state.finalize()),
            State::Sha512(state) => Hash::new(HashAlgo::Sha512, &state.finalize()),
            State::Blake3(state) => Hash::new(HashAlgo::Blake3, state.finalize().as_bytes()),
        }
    }
}

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::HashFormat;
    use std::io::Write;

    #[test]
    fn published_vectors_of_abc() {
        for (algo, digits) in [
            (HashAlgo::Md5, "900150983cd24fb0d6963f7d28e17f72"),
            (HashAlgo::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                HashAlgo::Sha256,
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                HashAlgo::Sha512,
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                 2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
            (
                HashAlgo::Blake3,
                "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
            ),
        ] {
            let mut hasher = Hasher::new(algo);
            hasher.write_all(b"a").unwrap();
            hasher.write_all(b"bc").unwrap();
            assert_eq!(hasher.byte_count(), 3);
            assert_eq!(hasher.finish().to_text(HashFormat::Base16, false), digits);
        }
    }
}
