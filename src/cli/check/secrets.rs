//! Secrets that the user's own files hold as text: what is told of the run must not have them.

use super::run::Run;
use crate::session::Session;
use diag::{FileId, Origin};

impl Run<'_> {
    /// Learns what the files of the user that were read since the last time bind to names of secrets.
    pub(crate) fn learn_secrets(&mut self, session: &Session) {
        let sources = &session.ev.sources;
        for number in 0..sources.len() as u32 {
            let file = sources.file(FileId(number));
            let Origin::File(path) = &file.origin else { continue };
            let own = path
                .strip_prefix(self.root.as_slice())
                .is_some_and(|below| below.starts_with(b"/"));
            if own && !self.root.is_empty() && self.read_for_secrets.insert(path.to_vec()) {
                let text = String::from_utf8_lossy(&file.text);
                self.recorder.secrets().learn_from(&text);
            }
        }
    }
}
