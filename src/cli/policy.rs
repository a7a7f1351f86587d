//! The policy of a host, for commands that take its file.

use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, complain_styled};
use deploy::Policy;
use diag::{SourceMap, Style};
use report::Secrets;
use std::path::Path;
use sys::Stream;

/// Returns the policy of a file; mistakes have been told, and are the exit code.
pub fn read(machine: &Machine, path: &Path) -> Result<Policy, u8> {
    let bytes = machine.fs.read(path).map_err(|error| {
        complain(&format!("error: {error}"));
        exit::USAGE
    })?;
    let mut sources = SourceMap::new();
    Policy::read(&mut sources, path.as_os_str().as_encoded_bytes(), &bytes).map_err(|diagnostic| {
        let style = Style {
            color: machine.env.is_terminal(Stream::Err) && machine.env.text("NO_COLOR").is_none(),
            ..Style::default()
        };
        let drawn = diag::render(&diagnostic, &sources, b"", style);
        // The line that is shown may have a secret key where the public one belongs.
        complain_styled(Secrets::new().drawing(drawn.trim_end()).as_ref());
        exit::USAGE
    })
}
