//! Any bytes are read as a lock file without a panic, and what was read is written as a text that is
//! read as the same and written alike.

#![no_main]

use flake::lock::Lock;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let Ok(lock) = Lock::parse(text, "flake.lock") else {
        return;
    };
    // Whether its inputs follow what is there is another question, which must have an answer too.
    let _ = lock.check();
    lock.all_inputs();
    let written = lock.to_text();
    let again = Lock::parse(written.as_bytes(), "flake.lock").expect("what we write can be read");
    assert_eq!(written, again.to_text());
});
