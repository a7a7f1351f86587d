//! Files as sops writes them: values sealed with a key of the file, which age seals for us.

mod form;

use super::Identity;
use super::seed::Seed;
use aes_gcm::aead::array::Array;
use aes_gcm::aead::consts::U32;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{AesGcm, aes::Aes256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha512};

/// The cipher of values; sops takes 32 bytes for the nonce.
type Cipher = AesGcm<Aes256, U32>;

/// Bytes of the tag behind what is sealed.
const TAG: usize = 16;
/// When the file was changed last, as it says itself: always the same, as it is part of what is sealed.
const MODIFIED: &str = "2020-01-01T00:00:00Z";
/// What is below a key with this end is not encrypted; sops takes it where a file names no other rule.
const PLAIN: &str = "_unencrypted";
/// How an encrypted value begins.
const SEALED: &str = "ENC[AES256_GCM,";

/// The form of a file of sops.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// YAML.
    Yaml,
    /// JSON.
    Json,
    /// Lines of `NAME=value`.
    Dotenv,
    /// INI.
    Ini,
    /// Any bytes: sops puts them in JSON, at `data`. A file of agenix is of this form, too.
    Binary,
}

impl Format {
    /// Whether a secret in a file of this form is the whole file, whatever its key says.
    pub(super) fn is_whole(self) -> bool {
        matches!(self, Format::Dotenv | Format::Ini | Format::Binary)
    }

    /// Whether what a secret is for says what its value is; else the file is a list of values for many uses.
    pub(super) fn has_one_use(self) -> bool {
        !matches!(self, Format::Dotenv | Format::Ini)
    }
}

/// Why a file tells nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unread {
    /// It has nothing of sops in it.
    NotEncrypted,
    /// It is not of its form, or of a corner of it that is not read here.
    NotUnderstood,
}

/// Returns the tree of an encrypted file as it stands there, without what sops needs itself.
pub(super) fn read(format: Format, text: &str) -> Result<Map<String, Value>, Unread> {
    let mut tree = form::read(format, text).ok_or(Unread::NotUnderstood)?;
    tree.remove("sops").ok_or(Unread::NotEncrypted)?;
    Ok(tree)
}

/// Returns a tree with a plain value for each encrypted one. `value` makes it, from the path and the encrypted text;
/// numbers and truths are taken to be of no other use than to be there.
pub(super) fn filled(
    tree: &Map<String, Value>,
    value: &mut dyn FnMut(&[String], &str) -> String,
) -> Map<String, Value> {
    filled_map(tree, &mut Vec::new(), value)
}

fn filled_map(
    map: &Map<String, Value>,
    path: &mut Vec<String>,
    value: &mut dyn FnMut(&[String], &str) -> String,
) -> Map<String, Value> {
    let mut made = Map::new();
    for (key, inner) in map {
        path.push(key.clone());
        made.insert(key.clone(), filled_value(inner, path, value));
        path.pop();
    }
    made
}

fn filled_value(node: &Value, path: &mut Vec<String>, value: &mut dyn FnMut(&[String], &str) -> String) -> Value {
    match node {
        Value::Object(map) => filled_map(map, path, value).into(),
        Value::Array(list) => {
            let item = |(index, item)| {
                path.push(usize::to_string(&index));
                let made = filled_value(item, path, value);
                path.pop();
                made
            };
            list.iter().enumerate().map(item).collect()
        }
        Value::String(text) if text.starts_with(SEALED) => {
            let kind = text.trim_end_matches(']').rsplit("type:").next().unwrap_or_default();
            match kind {
                "int" => 1.into(),
                "float" => 1.5.into(),
                "bool" => true.into(),
                _ => value(path, text).into(),
            }
        }
        plain => plain.clone(),
    }
}

/// Returns a file with what is in a tree, which only an identity opens; `name` tells it from other files.
pub(super) fn encrypted(format: Format, name: &str, tree: &Map<String, Value>, identity: &Identity) -> String {
    let seed = Seed::of(
        "sops data key",
        [name.as_bytes(), Value::from(tree.clone()).to_string().as_bytes()],
    );
    let mut sealer = Sealer {
        key: seed.bytes(),
        hash: Sha512::new(),
    };
    let mut made = sealer.map(tree, &mut Vec::new());
    let all = std::mem::take(&mut sealer.hash).finalize();
    let all: String = all.iter().map(|byte| format!("{byte:02X}")).collect();
    let metadata = json!({
        "age": [{
            "recipient": identity.recipient(),
            "enc": identity.encrypt(&sealer.key),
        }],
        "lastmodified": MODIFIED,
        "mac": sealer.seal(&all, "str", MODIFIED),
        "unencrypted_suffix": PLAIN,
        "version": "3.11.0",
    });
    made.insert("sops".into(), metadata);
    form::write(format, &made)
}

/// Seals the values of one file.
struct Sealer {
    key: [u8; 32],
    /// Over all values as they are in plain text, in their order.
    hash: Sha512,
}

impl Sealer {
    fn map(&mut self, map: &Map<String, Value>, path: &mut Vec<String>) -> Map<String, Value> {
        let mut made = Map::new();
        for (key, inner) in map {
            path.push(key.clone());
            made.insert(key.clone(), self.value(inner, path));
            path.pop();
        }
        made
    }

    /// Items of lists have the path of their list.
    fn value(&mut self, value: &Value, path: &mut Vec<String>) -> Value {
        let (text, kind) = match value {
            Value::Object(map) => return self.map(map, path).into(),
            Value::Array(list) => return list.iter().map(|item| self.value(item, path)).collect(),
            Value::Null => return Value::Null,
            Value::Bool(true) => ("True".to_owned(), "bool"),
            Value::Bool(false) => ("False".to_owned(), "bool"),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => (whole.to_string(), "int"),
                (None, Some(float)) => (float.to_string(), "float"),
                (None, None) => (number.to_string(), "str"),
            },
            Value::String(text) => (text.clone(), "str"),
        };
        self.hash.update(&text);
        if path.iter().any(|key| key.ends_with(PLAIN)) || text.is_empty() {
            return value.clone();
        }
        let place: String = path.iter().map(|key| format!("{key}:")).collect();
        self.seal(&text, kind, &place).into()
    }

    /// Returns a value sealed for its place in the file.
    fn seal(&self, text: &str, kind: &str, place: &str) -> String {
        let nonce: [u8; 32] = Seed::of("sops nonce", [&self.key[..], place.as_bytes(), text.as_bytes()]).bytes();
        let payload = Payload {
            msg: text.as_bytes(),
            aad: place.as_bytes(),
        };
        let sealed = Cipher::new(&Array(self.key))
            .encrypt(&Array(nonce), payload)
            .expect("a value is far shorter than what may be sealed");
        let (data, tag) = sealed.split_at(sealed.len() - TAG);
        let [data, nonce, tag] = [data, &nonce, tag].map(|bytes| STANDARD.encode(bytes));
        format!("{SEALED}data:{data},iv:{nonce},tag:{tag},type:{kind}]")
    }
}

#[cfg(test)]
mod tests;
