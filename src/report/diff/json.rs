//! The difference as other programs read it.

use super::Diff;
use crate::run::Tool;
use serde::{Deserialize, Serialize};

/// The version of the format. It goes up if a reader of the older one would misunderstand; new keys alone do not.
pub const SCHEMA: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Written<D> {
    schema: u32,
    tool: Tool,
    #[serde(flatten)]
    diff: D,
}

/// A serialised difference that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is no JSON, or not of this shape.
    #[error("this is no difference that cfgcheck wrote: {0}")]
    Shape(#[from] serde_json::Error),
    /// It was written by another version of cfgcheck.
    #[error("the difference has format version {found}, and this cfgcheck reads version {SCHEMA}")]
    Version {
        /// The version that it says it has.
        found: u32,
    },
}

/// Returns the difference as indented JSON that ends with a line feed.
pub fn write(diff: &Diff) -> String {
    let written = Written {
        schema: SCHEMA,
        tool: Tool::default(),
        diff,
    };
    let text = serde_json::to_string_pretty(&written).expect("a difference has only string keys");
    let mut text = crate::json::escape_steering(&text);
    text.push('\n');
    text
}

/// Returns the difference that [`write`] wrote.
pub fn read(bytes: &[u8]) -> Result<Diff, ReadError> {
    #[derive(Deserialize)]
    struct Version {
        schema: u32,
    }
    let version: Version = serde_json::from_slice(bytes)?;
    if version.schema != SCHEMA {
        return Err(ReadError::Version { found: version.schema });
    }
    let written: Written<Diff> = serde_json::from_slice(bytes)?;
    Ok(written.diff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::sample::{any_diff, fleet};
    use crate::sample::golden;
    use proptest::prelude::*;

    #[test]
    fn the_format_is_pinned() {
        golden("diff.json", &write(&fleet()));
    }

    #[test]
    fn other_versions_are_refused() {
        let error = read(b"{\"schema\": 2}").unwrap_err().to_string();
        assert_eq!(
            error,
            "the difference has format version 2, and this cfgcheck reads version 1"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(diff in any_diff()) {
            prop_assert_eq!(read(write(&diff).as_bytes()).unwrap(), diff);
        }
    }
}
