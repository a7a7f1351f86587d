//! The payload of a verdict: JSON in which each field has to be what it claims to be.

use std::collections::BTreeMap;
use std::time::Duration;

use report::{Stage, Tool};
use serde::{Deserialize, Serialize};
use store::{Hash, HashAlgo, HashFormat, StorePath};

use super::{Counts, FORMAT, LONGEST_LIFE, MOST_PATHS, Results, Verdict};

/// Longest text of a field.
const MOST_TEXT: usize = 512;

/// Why bytes are no verdict.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// They are too many.
    #[error("it is larger than {} bytes", super::envelope::MOST_BYTES)]
    TooLarge,
    /// They are no JSON, or have other fields.
    #[error("{0}")]
    Shape(#[from] serde_json::Error),
    /// They are of another version.
    #[error("it has format version {0}, and this cfgcheck reads version {FORMAT}")]
    Format(u32),
    /// The payload is something else.
    #[error("its payload is `{0}` and no verdict that this cfgcheck reads")]
    Type(String),
    /// There are more of something than are read.
    #[error("it has more than {1} {0}")]
    Many(&'static str, usize),
    /// A field cannot be what it has to be.
    #[error("its field `{0}` is not {1}")]
    Field(&'static str, &'static str),
    /// A path is none of the store.
    #[error("'{0}' is no store path")]
    NoStorePath(String),
    /// A path is there twice.
    #[error("'{0}' is in its closure twice")]
    PathTwice(StorePath),
    /// A stage is there twice.
    #[error("the stage `{0}` is in its results twice")]
    StageTwice(Stage),
    /// A key has signed it twice.
    #[error("it is signed twice in the name of `{0}`")]
    SignedTwice(String),
    /// It ceases to hold before it is made, or holds for too long.
    #[error("it holds from {made} until {expires}, and that is not between one second and {} days", LONGEST_LIFE.as_secs() / 86_400)]
    Life {
        /// When it was made, in seconds.
        made: u64,
        /// When it ceases to hold.
        expires: u64,
    },
}

/// A verdict as it is written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Written {
    format: u32,
    repository: String,
    commit: String,
    tree: String,
    // Present even if it is null: what is left out is a mistake.
    #[serde(deserialize_with = "Option::deserialize")]
    lock: Option<String>,
    host: String,
    system: String,
    drv: String,
    out: String,
    made_at: u64,
    expires_at: u64,
    results: WrittenResults,
    closure: Vec<WrittenPath>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct WrittenResults {
    tool: WrittenTool,
    stages: Vec<WrittenStage>,
    errors: u64,
    warnings: u64,
    waived: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct WrittenTool {
    name: String,
    version: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct WrittenStage {
    stage: Stage,
    cases: Counts,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct WrittenPath {
    path: String,
    nar_hash: String,
}

/// Returns the payload of a verdict.
pub(super) fn payload(verdict: &Verdict) -> String {
    let sri = |hash: &Hash| hash.to_text(HashFormat::Sri, true);
    let results = &verdict.results;
    let written = Written {
        format: FORMAT,
        repository: verdict.repository.clone(),
        commit: verdict.commit.clone(),
        tree: verdict.tree.clone(),
        lock: verdict.lock.as_ref().map(sri),
        host: verdict.host.clone(),
        system: verdict.system.clone(),
        drv: verdict.drv.to_path(),
        out: verdict.out.to_path(),
        made_at: verdict.made.as_secs(),
        expires_at: verdict.expires.as_secs(),
        results: WrittenResults {
            tool: WrittenTool {
                name: results.tool.name.clone(),
                version: results.tool.version.clone(),
            },
            stages: results
                .stages
                .iter()
                .map(|(&stage, &cases)| WrittenStage { stage, cases })
                .collect(),
            errors: results.errors,
            warnings: results.warnings,
            waived: results.waived,
        },
        closure: verdict
            .closure
            .iter()
            .map(|(path, hash)| WrittenPath {
                path: path.to_path(),
                nar_hash: sri(hash),
            })
            .collect(),
    };
    serde_json::to_string(&written).expect("a verdict has only texts as keys")
}

/// Returns the verdict that a payload is.
pub(super) fn verdict(payload: &str) -> Result<Verdict, ReadError> {
    let written: Written = serde_json::from_str(payload)?;
    if written.format != FORMAT {
        return Err(ReadError::Format(written.format));
    }
    if written.closure.len() > MOST_PATHS {
        return Err(ReadError::Many("paths", MOST_PATHS));
    }
    let mut closure = BTreeMap::new();
    for one in &written.closure {
        let path = store_path(&one.path)?;
        if closure
            .insert(path.clone(), sha256("nar-hash", &one.nar_hash)?)
            .is_some()
        {
            return Err(ReadError::PathTwice(path));
        }
    }
    let (made, expires) = (written.made_at, written.expires_at);
    if expires <= made || expires - made > LONGEST_LIFE.as_secs() {
        return Err(ReadError::Life { made, expires });
    }
    let drv = store_path(&written.drv)?;
    if !drv.is_derivation() {
        return Err(ReadError::Field("drv", "the path of a derivation"));
    }
    Ok(Verdict {
        repository: text("repository", written.repository)?,
        commit: object("commit", written.commit)?,
        tree: object("tree", written.tree)?,
        lock: written.lock.as_deref().map(|hash| sha256("lock", hash)).transpose()?,
        host: text("host", written.host)?,
        system: text("system", written.system)?,
        drv,
        out: store_path(&written.out)?,
        closure,
        results: results(written.results)?,
        made: Duration::from_secs(made),
        expires: Duration::from_secs(expires),
    })
}

fn results(written: WrittenResults) -> Result<Results, ReadError> {
    let mut stages = BTreeMap::new();
    for one in written.stages {
        if stages.insert(one.stage, one.cases).is_some() {
            return Err(ReadError::StageTwice(one.stage));
        }
    }
    Ok(Results {
        tool: Tool {
            name: text("tool", written.tool.name)?,
            version: text("tool", written.tool.version)?,
        },
        stages,
        errors: written.errors,
        warnings: written.warnings,
        waived: written.waived,
    })
}

/// Returns a text of one line that is neither empty nor long.
fn text(field: &'static str, text: String) -> Result<String, ReadError> {
    match (1..=MOST_TEXT).contains(&text.len()) && !text.chars().any(char::is_control) {
        true => Ok(text),
        false => Err(ReadError::Field(field, "a short text of one line")),
    }
}

/// Returns the id of an object of Git: of SHA-1 or SHA-256, in small digits.
fn object(field: &'static str, text: String) -> Result<String, ReadError> {
    match is_object(&text) {
        true => Ok(text),
        false => Err(ReadError::Field(field, "40 or 64 hexadecimal digits")),
    }
}

/// Whether a text is the whole id of an object of Git.
pub(super) fn is_object(text: &str) -> bool {
    let is_digit = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    matches!(text.len(), 40 | 64) && text.bytes().all(is_digit)
}

/// Returns the store path that a text is, if there is no other way to write it.
fn store_path(text: &str) -> Result<StorePath, ReadError> {
    let parsed = StorePath::parse(text).ok();
    let is_plain = |path: &StorePath| path.to_path() == text && path.base_name().as_bytes().get(32) == Some(&b'-');
    let parsed = parsed.filter(is_plain);
    parsed.ok_or_else(|| ReadError::NoStorePath(text.chars().take(MOST_TEXT).collect()))
}

/// Returns the SHA-256 that a text is, if there is no other way to write it.
fn sha256(field: &'static str, text: &str) -> Result<Hash, ReadError> {
    let parsed = Hash::parse_sri(text).ok();
    let parsed = parsed.filter(|hash| hash.algo() == HashAlgo::Sha256 && hash.to_text(HashFormat::Sri, true) == text);
    parsed.ok_or(ReadError::Field(field, "a hash such as `sha256-…=`"))
}
