//! Hashes: `hashString` and `convertHash`.

use super::{Entry, entry};
use crate::error::{ErrorKind, Eval};
use crate::evaluator::Evaluator;
use crate::heap::{Ref, Val};
use diag::Pos;
use store::{Hash, HashAlgo, HashFormat};

pub(super) const TABLE: &[Entry] = &[
    entry("hashString", 2, hash_string),
    entry("convertHash", 1, convert_hash),
];

/// Raises that an experimental feature is not switched on; `reason` may be empty.
#[cold]
pub(super) fn disabled_feature(ev: &mut Evaluator, feature: &str, reason: &str) -> crate::error::Fail {
    let reason = if reason.is_empty() {
        String::new()
    } else {
        format!(" ({reason})")
    };
    let message = format!(
        "experimental Nix feature '{feature}' is disabled{reason}; add '--extra-experimental-features {feature}' to enable it"
    );
    ev.fail(ErrorKind::Eval, message)
}

/// Returns the algorithm of a name, or an error if it is not known or not switched on.
pub(super) fn parse_algo(ev: &mut Evaluator, name: &[u8]) -> Eval<HashAlgo> {
    match HashAlgo::parse(name) {
        Ok(HashAlgo::Blake3) => Err(disabled_feature(ev, "blake3-hashes", "")),
        Ok(algo) => Ok(algo),
        Err(error) => Err(ev.store_failed(error)),
    }
}

/// Returns the hash of a text which may be empty; then it is that of zeros, and Nix warns.
pub(super) fn parse_hash_or_empty(ev: &mut Evaluator, text: &[u8], algo: Option<HashAlgo>) -> Eval<Hash> {
    match Hash::parse_allow_empty(text, algo) {
        Ok(hash) => {
            if text.is_empty() {
                let warning = format!(
                    "warning: found empty hash, assuming '{}'",
                    hash.to_text(HashFormat::Sri, true)
                );
                ev.io.message(warning.as_bytes());
            }
            checked(ev, hash)
        }
        Err(error) => Err(ev.store_failed(error)),
    }
}

/// Returns the hash of a text, or an error.
fn parse_hash(ev: &mut Evaluator, text: &[u8], algo: Option<HashAlgo>) -> Eval<Hash> {
    match Hash::parse_any(text, algo) {
        Ok(hash) => checked(ev, hash),
        Err(error) => Err(ev.store_failed(error)),
    }
}

fn checked(ev: &mut Evaluator, hash: Hash) -> Eval<Hash> {
    match hash.algo() {
        HashAlgo::Blake3 => Err(disabled_feature(ev, "blake3-hashes", "")),
        _ => Ok(hash),
    }
}

fn hash_string(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the first argument passed to builtins.hashString";
    let name = ev.force_plain_string(args[0], Pos::NONE, text)?;
    let algo = parse_algo(ev, name)?;
    let text = "while evaluating the second argument passed to builtins.hashString";
    let content = ev.force_string(args[1], Pos::NONE, text)?;
    ev.spend_on_text(content)?;
    let content = content.as_string().unwrap_or_default();
    ev.looks_at(content);
    let hash = algo.hash(content).to_text(HashFormat::Base16, false);
    Ok(ev.mem.string(hash.as_bytes()))
}

fn convert_hash(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the first argument passed to builtins.convertHash";
    let set = ev.force_attrs(args[0], Pos::NONE, text)?;
    let [hash, algo, format] = ["hash", "hashAlgo", "toHashFormat"].map(|name| ev.symbols.intern(name.as_bytes()));
    let hash = ev.require_attr(set, hash, "while locating the attribute 'hash'")?;
    let hash = ev.force_plain_string(hash.value, Pos::NONE, "while evaluating the attribute 'hash'")?;
    let mut wanted = None;
    if let Some(attr) = ev.mem.attr(set, algo) {
        let name = ev.force_plain_string(attr.value, Pos::NONE, "while evaluating the attribute 'hashAlgo'")?;
        wanted = Some(parse_algo(ev, name)?);
    }
    let format = ev.require_attr(set, format, "while locating the attribute 'toHashFormat'")?;
    let format = ev.force_plain_string(format.value, Pos::NONE, "while evaluating the attribute 'toHashFormat'")?;
    if format == b"base32" {
        ev.io
            .message(b"warning: \"base32\" is a deprecated alias for hash format \"nix32\".");
    }
    let format = match HashFormat::parse(format) {
        Ok(format) => format,
        Err(error) => return Err(ev.store_failed(error)),
    };
    ev.looks_at(hash);
    let hash = parse_hash(ev, hash, wanted)?.to_text(format, format == HashFormat::Sri);
    Ok(ev.mem.string(hash.as_bytes()))
}
