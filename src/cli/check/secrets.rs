//! Secrets that the user's own files hold as text: what is told of the run must not have them.

use super::run::Run;
use crate::session::Session;
use diag::{FileId, Origin, SourceMap};
use report::Secrets;
use std::collections::BTreeSet;

impl Run<'_> {
    /// Learns what the files of the user that were read since the last time bind to names of secrets.
    pub(crate) fn learn_secrets(&mut self, session: &Session) {
        let (sources, root) = (&session.ev.sources, &self.root);
        learn(self.recorder.secrets(), sources, root, &mut self.read_for_secrets);
    }
}

/// Learns what the files below a folder bind to names of secrets, of all that were read; those in `known` are not looked at
/// again.
pub(crate) fn learn(secrets: &mut Secrets, sources: &SourceMap, root: &[u8], known: &mut BTreeSet<Vec<u8>>) {
    for number in 0..sources.len() as u32 {
        let file = sources.file(FileId(number));
        let Origin::File(path) = &file.origin else { continue };
        let own = path.strip_prefix(root).is_some_and(|below| below.starts_with(b"/"));
        if own && !root.is_empty() && known.insert(path.to_vec()) {
            secrets.learn_from(&String::from_utf8_lossy(&file.text));
        }
    }
}
