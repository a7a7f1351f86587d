//! What a repository accepts, and cases about that: waivers that have ended or that nothing fits.

use super::run::Run;
use ::check::{Sources, waiver};
use flake::tree::{Accessor, join, read_resolved};
use report::Finding;
use std::sync::Arc;

/// The flake's own files, as findings name them.
pub struct OwnFiles {
    /// The tree that has the flake.
    pub tree: Arc<dyn Accessor>,
}

impl Sources for OwnFiles {
    fn text(&self, file: &str) -> Option<Vec<u8>> {
        let path = file
            .split('/')
            .fold(Vec::new(), |path, name| join(&path, name.as_bytes()));
        read_resolved(self.tree.as_ref(), &path).ok().flatten()
    }
}

/// No files: before there is a tree, nothing can be accepted by a comment.
pub struct NoFiles;

impl Sources for NoFiles {
    fn text(&self, _: &str) -> Option<Vec<u8>> {
        None
    }
}

impl Run<'_> {
    /// Judges the waivers: those that have ended, and in a run of everything those that nothing fits.
    pub(super) fn waivers(&mut self) {
        if self.config.waivers.is_empty() {
            return;
        }
        let settings = &self.settings;
        let finding =
            |diagnostic: diag::Diagnostic| Finding::from_diagnostic(&diagnostic, &settings.sources, &settings.root);
        let expired = self.gate.expired().into_iter();
        let expired = expired.map(|i| finding(self.gate.waiver(i).expired(settings.waiver(i))));
        // What a waiver accepts of these, only `cfgcheck prop` and `cfgcheck vm` find.
        let of_others = |waiver: &usize| super::is_of_others(&self.gate.waiver(*waiver).rule);
        let unused = if self.is_whole() {
            self.gate
                .unused()
                .into_iter()
                .filter(|waiver| !of_others(waiver))
                .collect()
        } else {
            Vec::new()
        };
        let unused = unused
            .into_iter()
            .map(|i| finding(self.gate.waiver(i).unused(settings.waiver(i))));
        let mut ended = waiver::EXPIRED.case();
        ended.findings.extend(expired);
        let mut left = waiver::UNUSED.case();
        left.findings.extend(unused);
        self.finish(ended);
        if self.is_whole() {
            self.finish(left);
        }
    }

    /// Whether the run judges all that the flake has.
    pub(super) fn is_whole(&self) -> bool {
        let chosen = !self.hosts.is_empty() || !self.systems.is_empty() || self.args.changed_since.is_some();
        !chosen && !sys::interrupted()
    }
}
