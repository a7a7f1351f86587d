//! Progress on a terminal: one line that says what is worked on, gone when the work is done.
//! Silent when standard error is piped or in CI.

use crate::machine::Machine;
use crate::stream;
use report::{Event, Sink};
use sys::Stream;

/// Draws progress from the events of a run.
pub struct Progress {
    columns: Option<usize>,
}

impl Progress {
    /// Returns progress for this machine's standard error.
    pub fn new(machine: &Machine) -> Progress {
        let shown = machine.env.is_terminal(Stream::Err) && machine.env.text("CI").is_none();
        Progress {
            columns: shown.then(|| machine.env.columns(Stream::Err).unwrap_or(80)),
        }
    }
}

impl Sink for Progress {
    fn take(&mut self, event: &Event) {
        let Some(columns) = self.columns else { return };
        match event {
            Event::Progressed { what, index, of, .. } => {
                let line = format!("[{index}/{of}] {what}");
                let line: String = line
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(columns.saturating_sub(1))
                    .collect();
                stream::hint(&format!("\r\x1b[2K{line}"));
            }
            Event::RunFinished { .. } => stream::hint("\r\x1b[2K"),
            _ => {}
        }
    }
}
