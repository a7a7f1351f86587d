//! Bytes that look random and are the same in each run.

use sha2::{Digest, Sha256};

/// Where the bytes of a dummy come from: a hash of what the dummy is for.
///
/// Nothing that is made of it has to stay secret, as the key that opens all of it is no secret. That both generations
/// and each run get the same bytes is the point: their derivations are the same then, and what was built or booted
/// before is used again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Seed([u8; 32]);

impl Seed {
    /// Returns the seed of a purpose and of what it is for.
    pub fn of<P: AsRef<[u8]>>(purpose: &str, parts: impl IntoIterator<Item = P>) -> Seed {
        let mut hash = Sha256::new();
        hash.update(b"cfgcheck dummy\0");
        hash.update(purpose);
        for part in parts {
            // With its length, so that no two lists of parts are one text.
            let part = part.as_ref();
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        Seed(hash.finalize().into())
    }

    /// Returns as many bytes as are asked for.
    pub fn bytes<const N: usize>(self) -> [u8; N] {
        let mut bytes = [0; N];
        for (index, chunk) in bytes.chunks_mut(32).enumerate() {
            let block = Seed::of("block", [&self.0[..], &index.to_be_bytes()]);
            chunk.copy_from_slice(&block.0[..chunk.len()]);
        }
        bytes
    }

    /// Returns a text of letters of an alphabet.
    pub fn text<const N: usize>(self, alphabet: &[u8; 64]) -> String {
        let letter = |byte: u8| char::from(alphabet[usize::from(byte % 64)]);
        self.bytes::<N>().into_iter().map(letter).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_differ_with_their_parts_and_not_with_the_run() {
        let told = |seed: Seed| seed.bytes::<40>().map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(
            told(Seed::of("value", ["a", "b"])),
            "b7438b4cbd37bf78a611f1befe4897cd63e43156a51e372047e9bd78c59af96cc4b5628a9916c329"
        );
        let all = [
            Seed::of("value", ["a", "b"]),
            Seed::of("value", ["ab"]),
            Seed::of("value", ["a", "b", ""]),
            Seed::of("key", ["a", "b"]),
        ];
        for (index, seed) in all.iter().enumerate() {
            assert!(!all[..index].contains(seed), "{index}");
        }
        let bytes = all[0].bytes::<64>();
        assert_ne!(bytes[..32], bytes[32..]);
    }
}
