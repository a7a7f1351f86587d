//! The only door to the machine: files, processes, the clock and the environment.
//!
//! Every other room takes one of these traits, so that tests can pin the world and a run can
//! record what it read. `clippy.toml` denies the standard library's own doors everywhere else.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room is the door that the lint points to"
)]

mod capacity;
mod clock;
mod disk;
mod env;
mod exec;
mod fs;
mod guard;
mod interrupt;
mod memory;
mod process;
mod random;
mod record;
mod recording;
mod run_folder;
mod running;
mod scripted;
mod spawn;

pub use capacity::memory_capacity;
pub use clock::{Clock, ManualClock, SystemClock};
pub use disk::DiskFs;
pub use env::{Env, FixedEnv, ProcessEnv, Stream, user_number};
pub use exec::{Command, Exec, ExecError, Exit, Output, Taker};
pub use fs::{DirEntry, FileBytes, FileKind, Fs, FsError, FsOp, Mode, READ_LIMIT, Stat};
pub use guard::{Access, Confined, GUARD, GUARD_FAILED, Guard, Handed, Limits, User, guard, unprivileged};
pub use interrupt::{INTERRUPTED_EXIT, interrupted, watch_interrupts};
pub use memory::MemoryFs;
pub use process::ProcessExec;
pub use random::{random_bytes, random_token};
pub use record::{Answer, BytePath, Digest, Node, Record, Seen, derived_key};
pub use recording::RecordingFs;
pub use run_folder::{Marked, RunFolder, RunFolderError};
pub use running::ProcessSpawn;
pub use scripted::{ScriptedExec, ScriptedSpawn};
pub use spawn::{Running, Spawn};

#[cfg(test)]
mod alike;
