//! The hidden command that confines other programs and cleans up behind a run (`sys::guard`).

use crate::stream;
use std::ffi::OsString;
use sys::{GUARD, GUARD_FAILED};

/// Returns the exit code, if the command line is a guard's.
pub fn run(all: &[OsString]) -> Option<u8> {
    let arguments = all.split_first_chunk::<2>().filter(|(first, _)| first[1] == GUARD)?.1;
    Some(sys::guard(arguments).unwrap_or_else(|why| {
        stream::complain(&why);
        GUARD_FAILED
    }))
}
