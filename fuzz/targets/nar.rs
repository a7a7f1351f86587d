//! Any bytes are read as an archive without a panic, and a tree that was read is written as the bytes
//! it was read from: there is one archive of each tree.

#![no_main]

use libfuzzer_sys::fuzz_target;
use store::{NarTree, write_nar};

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut tree) = NarTree::read(&mut &bytes[..]) else {
        return;
    };
    let mut written = Vec::new();
    write_nar(&mut tree, &mut written).expect("memory can be written to");
    assert!(bytes.starts_with(&written), "the archive of the tree is another one");
});
