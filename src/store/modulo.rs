//! The hash of a derivation modulo its fixed-output inputs, which its outputs' paths are made of.
//!
//! Input derivations are named by their own such hash instead of by path, and fixed-output ones by what they yield: so
//! two ways to fetch one file lead to one path (Nix's manual, "Derivation outputs and types of derivations").

use sha2::{Digest, Sha256};

use crate::aterm::print::{
    Hole, InputHash, PrintError, feed_tail, write_head, write_inputs_by_hash, write_inputs_by_path, write_tail,
};
use crate::content_address::ContentAddress;
use crate::derivation::Derivation;
use crate::hash::{Hash, HashAlgo, hex_digits};
use crate::make_path::Sha256Digest;
use crate::output_name::OutputName;
use crate::store_path::StorePath;

/// How a derivation appears in the hash of those that depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Modulo {
    /// The hash in hexadecimal, which is the form in which dependents write it.
    pub hash: InputHash,
    /// Whether the outputs' paths are unknown before the build, which makes those of all dependents unknown too.
    pub deferred: bool,
}

/// The parts of a derivation's text, in buffers that are kept from one derivation to the next.
#[derive(Debug, Default)]
pub(crate) struct Text {
    head: Vec<u8>,
    inputs_by_hash: Vec<u8>,
    inputs_by_path: Vec<u8>,
    tail: Vec<u8>,
    holes: Vec<Hole>,
}

impl Text {
    /// Writes the part after the inputs, which all hashes of `drv` share.
    ///
    /// From here to the last hash, `drv` may change only in its outputs and in the values of the variables that are
    /// named as outputs.
    pub fn begin(&mut self, drv: &Derivation) -> Result<(), PrintError> {
        self.inputs_by_hash.clear();
        self.tail.clear();
        self.holes.clear();
        write_tail(drv, &mut self.tail, &mut self.holes)
    }

    /// Sets how the inputs are named in [`Text::hash_modulo`]: each with its hash, sorted, each pair once.
    pub fn set_inputs(&mut self, inputs: &[(&InputHash, &OutputName)]) {
        self.inputs_by_hash.clear();
        write_inputs_by_hash(inputs, &mut self.inputs_by_hash);
    }

    /// Returns the hash with inputs named by hash; the outputs' paths are left out if `masked`.
    pub fn hash_modulo(&mut self, drv: &Derivation, masked: bool) -> Result<Sha256Digest, PrintError> {
        self.head.clear();
        write_head(drv, masked, &mut self.head)?;
        Ok(self.hash(drv, &self.inputs_by_hash, masked))
    }

    /// Returns the hash of the derivation's file.
    pub fn hash_file(&mut self, drv: &Derivation) -> Result<Sha256Digest, PrintError> {
        self.head.clear();
        write_head(drv, false, &mut self.head)?;
        self.inputs_by_path.clear();
        write_inputs_by_path(drv, &mut self.inputs_by_path);
        Ok(self.hash(drv, &self.inputs_by_path, false))
    }

    fn hash(&self, drv: &Derivation, inputs: &[u8], masked: bool) -> Sha256Digest {
        let mut hash = Sha256::new();
        hash.update(&self.head);
        hash.update(inputs);
        feed_tail(drv, &self.tail, &self.holes, masked, |piece| hash.update(piece));
        hash.finalize().into()
    }
}

/// Returns the hash by which dependents name a fixed-output derivation whose output is `path`.
pub(crate) fn hash_of_fixed(address: &ContentAddress, path: &StorePath) -> Sha256Digest {
    let mut hash = Sha256::new();
    hash.update(b"fixed:out:");
    hash.update(address.method.prefix());
    hash.update(address.hash.algo().name());
    hash.update(b":");
    for &byte in address.hash.digest() {
        hash.update(hex_digits(byte));
    }
    hash.update(b":");
    hash.update(path.to_path());
    hash.finalize().into()
}

/// Returns a digest in hexadecimal.
pub(crate) fn hexadecimal(digest: &Sha256Digest) -> InputHash {
    let mut out = [0; 64];
    for (pair, &byte) in out.as_chunks_mut().0.iter_mut().zip(digest) {
        *pair = hex_digits(byte);
    }
    out
}

/// Returns a SHA-256 digest as a hash.
pub(crate) fn sha256(digest: &Sha256Digest) -> Hash {
    Hash::new(HashAlgo::Sha256, digest)
}
