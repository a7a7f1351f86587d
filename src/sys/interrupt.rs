//! The user's wish to stop: SIGINT and SIGTERM.
//!
//! The first signal raises a flag that long work looks at, so that what was found so far is still
//! reported and temporary files go. A process that has not ended after [`GRACE`], or that gets a
//! second signal, ends at once.

use signal_hook::consts::{SIGINT, SIGTERM};
use std::io;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The exit code of an interrupted process: 128 and the number of SIGINT.
pub const INTERRUPTED_EXIT: i32 = 130;

/// How long work may take to notice that it is to stop.
const GRACE: Duration = Duration::from_secs(3);

static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();

fn flag() -> &'static Arc<AtomicBool> {
    FLAG.get_or_init(Arc::default)
}

/// Makes signals raise the flag from now on instead of ending the process.
pub fn watch_interrupts() -> io::Result<()> {
    for signal in [SIGINT, SIGTERM] {
        // In this order, so that only a signal that finds the flag raised ends the process.
        signal_hook::flag::register_conditional_shutdown(signal, INTERRUPTED_EXIT, flag().clone())?;
        signal_hook::flag::register(signal, flag().clone())?;
    }
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    std::thread::Builder::new().name("interrupt".into()).spawn(move || {
        if signals.forever().next().is_some() {
            std::thread::sleep(GRACE);
            std::process::exit(INTERRUPTED_EXIT);
        }
    })?;
    Ok(())
}

/// Whether the user wants the process to end.
pub fn interrupted() -> bool {
    FLAG.get().is_some_and(|flag| flag.load(Ordering::Relaxed))
}
