//! Reading a policy: what YAML and types say of it first, then what only the whole can tell.

use diag::{Diagnostic, FileId, SourceMap};
use yaml::Entry;

use super::Policy;

/// What a policy's file holds, as messages say it.
const WHAT: &str = "policy";

impl Policy {
    /// Returns the policy that a file's bytes are, or what is wrong with them, at its place. The bytes are added to the
    /// sources under the file's path.
    pub fn read(sources: &mut SourceMap, path: &[u8], bytes: &[u8]) -> Result<Policy, Box<Diagnostic>> {
        let number = sources.len();
        let policy: Policy = yaml::read(sources, path, bytes, WHAT)?;
        match policy.contradiction() {
            None => Ok(policy),
            Some(Contradiction { key, message, hint }) => {
                let file = sources.file(FileId(number as u32));
                let text = String::from_utf8_lossy(&file.text);
                let span = yaml::entry(&text, file.base, "require", Entry::Key(key));
                Err(Box::new(Diagnostic::error(message).rule(WHAT).at(span, "").hint(hint)))
            }
        }
    }

    /// Returns what no part of the policy can know by itself to be wrong, if anything is.
    fn contradiction(&self) -> Option<Contradiction> {
        let wrong = |key, message: String, hint: &str| {
            let hint = hint.to_owned();
            Some(Contradiction { key, message, hint })
        };
        let require = &self.require;
        let of_forge = [
            ("pull-request", require.pull_request.is_some()),
            ("checks", require.checks.is_some()),
        ];
        if self.on_github().is_none()
            && let Some((key, _)) = of_forge.iter().find(|(_, is_given)| *is_given)
        {
            let message = format!("`{key}` is demanded of `{}`, which is on no forge", self.repository);
            return wrong(
                key,
                message,
                "only `github:OWNER/NAME` has pull requests and checks; demand a verdict or signatures",
            );
        }
        if let Some(pull_request) = &require.pull_request
            && !pull_request.by.is_empty()
            && (pull_request.approvals as usize) > pull_request.by.len()
        {
            let (approvals, people) = (pull_request.approvals, pull_request.by.len());
            let message =
                format!("{approvals} approvals are demanded of {people} people, so that nothing is ever approved");
            return wrong(
                "pull-request",
                message,
                "name more people in `by`, or demand fewer approvals",
            );
        }
        if let Some(signers) = &require.signatures
            && signers.ssh.is_empty()
            && signers.openpgp.is_empty()
        {
            let message = "`signatures` names nobody whose signatures count".to_owned();
            return wrong(
                "signatures",
                message,
                "name signers in `ssh` or `openpgp`, or leave `signatures` out",
            );
        }
        let is_nothing = require.verdict.is_none()
            && require.pull_request.is_none()
            && require.checks.is_none()
            && require.signatures.is_none();
        if is_nothing {
            let message = "nothing is required, so that everybody who can push can deploy".to_owned();
            return wrong(
                "",
                message,
                "require at least one of `verdict`, `pull-request`, `checks` and `signatures`",
            );
        }
        None
    }
}

/// Something that is wrong with a policy as a whole.
struct Contradiction {
    /// The condition that it is about; empty if it is none of them.
    key: &'static str,
    message: String,
    hint: String,
}
