//! Any text is read as a flake reference without a panic, and a reference that can be written is read
//! as the same again.

#![no_main]

use flake::{FlakeRef, Reading};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for reading in [Reading::ABSOLUTE, Reading::of_input(true), Reading::of_input(false)] {
        let Ok((reference, _)) = FlakeRef::parse_with_fragment(text, reading) else {
            continue;
        };
        let _ = FlakeRef::from_attrs(reference.to_attrs());
        let Ok(written) = reference.to_url_string() else {
            continue;
        };
        if let Ok(again) = FlakeRef::parse(&written, reading) {
            assert_eq!(again.to_url_string().as_ref(), Ok(&written));
        }
    }
});
