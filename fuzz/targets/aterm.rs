//! Any bytes are read as a derivation without a panic, and one that was read is written as a text that
//! is read as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use store::Derivation;

fuzz_target!(|bytes: &[u8]| {
    let Ok(derivation) = Derivation::parse_aterm(bytes, "fuzzed") else {
        return;
    };
    let _ = derivation.kind();
    let Ok(written) = derivation.to_aterm() else { return };
    assert_eq!(Derivation::parse_aterm(&written, "fuzzed").as_ref(), Ok(&derivation));
});
