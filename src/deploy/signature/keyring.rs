//! The keys of a policy, laid out for the programs that check signatures.

use super::ssh::Signer;
use crate::git::Place;
use crate::policy::Signers;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::time::Duration;
use sys::{ExecError, FsError, Mode};

/// The folder of `gpg`, in the folder of the run.
pub(crate) const KEYRING: &str = "gnupg";
/// The list of allowed signers, there too.
const ALLOWED: &str = "allowed-signers";
/// Most keys of a policy.
const MOST_KEYS: usize = 1_000;
/// Most bytes of one key.
const MOST_BYTES: usize = 1 << 20;
/// How a public key begins. Anything else that `gpg` imports is none of a policy's.
const PUBLIC: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

/// What `gpg` is to do: ask nobody, start nothing, and take each key of its ring for its owner's.
const SETTINGS: &str = "batch
no-tty
no-autostart
no-greeting
disable-dirmngr
no-auto-key-retrieve
no-auto-key-locate
no-auto-check-trustdb
trust-model always
";

/// Why keys of a policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There are none.
    #[error("the policy demands signatures and names no key")]
    None,
    /// There are too many, or one is too long.
    #[error("the policy has more keys than are taken")]
    TooMany,
    /// A line is none of a list of allowed signers.
    #[error("line {at} of the policy's signers by SSH cannot be used: {why}")]
    Signer {
        /// Which line, from 1.
        at: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// `gpg` does not take a key.
    #[error("key {at} of the policy's signers by OpenPGP cannot be used: {why}")]
    Openpgp {
        /// Which key, from 1.
        at: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A program cannot be run.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// The folder of the run cannot be written to.
    #[error(transparent)]
    Fs(#[from] FsError),
}

/// The keys of a policy, which lie in the folder of a run.
#[derive(Clone, Debug)]
pub struct Keys {
    openpgp: BTreeSet<String>,
    ssh: BTreeSet<String>,
    /// Keys that do not count now, but did or will.
    out_of_time: BTreeSet<String>,
    allowed: String,
}

impl Keys {
    /// Lays out the keys of a policy that count at a time.
    pub fn lay_out(place: Place<'_>, signers: &Signers, now: Duration) -> Result<Keys, KeyError> {
        let count = signers.ssh.len() + signers.openpgp.len();
        let long = |key: &String| key.len() > MOST_BYTES;
        if count > MOST_KEYS || signers.ssh.iter().any(long) || signers.openpgp.iter().any(long) {
            return Err(KeyError::TooMany);
        }
        if count == 0 {
            return Err(KeyError::None);
        }
        let mut keys = Keys {
            openpgp: BTreeSet::new(),
            ssh: BTreeSet::new(),
            out_of_time: BTreeSet::new(),
            allowed: place.at(ALLOWED).display().to_string(),
        };
        let mut list = String::new();
        for (index, line) in signers.ssh.iter().enumerate() {
            let signer = Signer::read(line).map_err(|why| KeyError::Signer { at: index + 1, why })?;
            // `ssh-keygen` is told the time of the commit, which whoever has an old key can choose. So the others are left out.
            if signer.counts_at(now) {
                list.push_str(line.trim());
                list.push('\n');
                keys.ssh.insert(signer.fingerprint);
            } else {
                keys.out_of_time.insert(signer.fingerprint);
            }
        }
        place.fs.write(&place.at(ALLOWED), list.as_bytes(), Mode::Private)?;
        place.fs.create_dir_all(&place.at(KEYRING))?;
        let settings = place.at(KEYRING).join("gpg.conf");
        place.fs.write(&settings, SETTINGS.as_bytes(), Mode::Private)?;
        for (index, key) in signers.openpgp.iter().enumerate() {
            let wrong = |why: String| KeyError::Openpgp { at: index + 1, why };
            keys.openpgp.extend(imported(place, key)?.map_err(wrong)?);
        }
        Ok(keys)
    }

    /// Returns keys of OpenPGP with these fingerprints, and no others.
    #[cfg(test)]
    pub(super) fn of_fingerprints(openpgp: &[&str]) -> Keys {
        Keys {
            openpgp: openpgp.iter().map(|key| (*key).to_owned()).collect(),
            ssh: BTreeSet::new(),
            out_of_time: BTreeSet::new(),
            allowed: String::new(),
        }
    }

    /// Returns the settings of Git by which these keys are used, and no others.
    pub(super) fn settings(&self) -> Vec<String> {
        vec![
            "gpg.format=openpgp".into(),
            "gpg.program=gpg".into(),
            "gpg.openpgp.program=gpg".into(),
            "gpg.ssh.program=ssh-keygen".into(),
            // A third kind of signature, of which a policy has no keys.
            "gpg.x509.program=false".into(),
            "gpg.minTrustLevel=undefined".into(),
            format!("gpg.ssh.allowedSignersFile={}", self.allowed),
        ]
    }

    /// Whether a key of OpenPGP is one of the policy's, by its fingerprint.
    pub(super) fn has_openpgp(&self, fingerprint: &str) -> bool {
        self.openpgp.contains(fingerprint)
    }

    /// Whether a key of SSH is one of the policy's that counts now, by its fingerprint.
    pub(super) fn has_ssh(&self, fingerprint: &str) -> bool {
        self.ssh.contains(fingerprint)
    }

    /// Whether a key of SSH is one of the policy's that does not count now, by its fingerprint.
    pub(super) fn is_out_of_time(&self, fingerprint: &str) -> bool {
        self.out_of_time.contains(fingerprint)
    }
}

/// Puts a key into the keyring, and returns the fingerprints that `gpg` says it has, or what is wrong with it.
fn imported(place: Place<'_>, key: &str) -> Result<Result<Vec<String>, String>, KeyError> {
    let key = key.trim();
    if !key.starts_with(PUBLIC) || key.matches("-----BEGIN ").count() != 1 {
        return Ok(Err(format!("it has to be one block that begins with {PUBLIC}")));
    }
    let mut command = place.bare("gpg").args(["--status-fd", "1", "--import"]).stdin(key);
    command = command.env("GNUPGHOME", OsString::from(place.at(KEYRING)));
    let output = place.exec.run(&command)?;
    let said = String::from_utf8_lossy(&output.stdout);
    let fingerprints: Vec<String> = said
        .lines()
        .filter_map(|line| line.strip_prefix("[GNUPG:] IMPORT_OK ")?.split(' ').nth(1))
        .map(str::to_owned)
        .collect();
    if output.success() && !fingerprints.is_empty() {
        return Ok(Ok(fingerprints));
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let told: String = diag::clean_line(first).chars().take(200).collect();
    Ok(Err(match told.is_empty() {
        true => "gpg finds no key in it".into(),
        false => format!("gpg says: {told}"),
    }))
}
