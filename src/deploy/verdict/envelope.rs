//! The envelope of a verdict: the payload as it was signed, and signatures over it.
//!
//! What is signed is DSSE's pre-authentication encoding (secure-systems-lab/dsse, protocol.md): `DSSEv1`, the length and
//! the text of the payload's type, the length and the bytes of the payload. So a signature is of nothing else than a
//! verdict of this version, whatever else the key may sign. The envelope itself is not that of DSSE: the payload is a
//! string and not base64, as people read it.

use serde::{Deserialize, Serialize};

use super::key::{SecretKey, is_name};
use super::read::{self, ReadError};
use super::{FORMAT, Verdict};

/// What the payload is. It is signed along, and has the version.
pub(super) const TYPE: &str = "application/vnd.cfgcheck.verdict.v1+json";
/// Most bytes of an envelope: 16 MiB. A path of a closure takes some 150.
pub(super) const MOST_BYTES: usize = 16 << 20;
/// Most signatures of an envelope.
pub(super) const MOST_SIGNATURES: usize = 16;
/// Longest signature that is read: 64 bytes are 88 digits.
const MOST_SIGNATURE: usize = 128;

/// A payload, and signatures over it; nothing is verified yet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Envelope {
    /// The version of the envelope: 1.
    format: u32,
    /// What the payload is.
    payload_type: String,
    /// The verdict, as JSON, byte by byte as it was signed.
    payload: String,
    /// Who signed.
    signatures: Vec<Signed>,
}

/// A signature.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Signed {
    /// The name of the key that it claims to be made with.
    pub key: String,
    /// The signature in base64.
    pub signature: String,
}

impl Envelope {
    /// Returns a verdict in its envelope, without any signature.
    pub fn of(verdict: &Verdict) -> Envelope {
        Envelope {
            format: FORMAT,
            payload_type: TYPE.to_owned(),
            payload: read::payload(verdict),
            signatures: Vec::new(),
        }
    }

    /// Adds the signature of a key.
    pub fn sign(&mut self, key: &SecretKey) {
        let signature = key.sign(&self.signed_bytes());
        self.signatures.push(Signed {
            key: key.name().to_owned(),
            signature,
        });
    }

    /// Returns the envelope as a file has it.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("an envelope has only texts as keys");
        text.push('\n');
        text
    }

    /// Returns the envelope that a file is, and the verdict that it claims to be; nothing of it is verified.
    pub fn read(bytes: &[u8]) -> Result<(Envelope, Verdict), ReadError> {
        if bytes.len() > MOST_BYTES {
            return Err(ReadError::TooLarge);
        }
        let version: Version = serde_json::from_slice(bytes)?;
        if version.format != FORMAT {
            return Err(ReadError::Format(version.format));
        }
        let envelope: Envelope = serde_json::from_slice(bytes)?;
        if envelope.payload_type != TYPE {
            return Err(ReadError::Type(envelope.payload_type));
        }
        if envelope.signatures.len() > MOST_SIGNATURES {
            return Err(ReadError::Many("signatures", MOST_SIGNATURES));
        }
        for (number, one) in envelope.signatures.iter().enumerate() {
            if !is_name(&one.key) || one.signature.len() > MOST_SIGNATURE {
                return Err(ReadError::Field("signatures", "a key's name and 64 bytes in base64"));
            }
            if envelope.signatures[..number].iter().any(|other| other.key == one.key) {
                return Err(ReadError::SignedTwice(one.key.clone()));
            }
        }
        let verdict = read::verdict(&envelope.payload)?;
        Ok((envelope, verdict))
    }

    /// Returns the signatures.
    pub fn signatures(&self) -> &[Signed] {
        &self.signatures
    }

    /// Returns the bytes that signatures are of.
    pub(super) fn signed_bytes(&self) -> Vec<u8> {
        let (kind, body) = (&self.payload_type, &self.payload);
        format!("DSSEv1 {} {kind} {} {body}", kind.len(), body.len()).into_bytes()
    }
}

/// The version of an envelope, whatever else it has.
#[derive(Deserialize)]
struct Version {
    format: u32,
}
