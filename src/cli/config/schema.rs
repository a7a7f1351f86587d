//! The published JSON schema of the settings is made of the types that read them.

#![expect(
    clippy::disallowed_methods,
    reason = "the schema's file is read and, on request, written"
)]

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::values::{Bytes, Pattern, System, Time, Version};
use super::{Config, PathPattern};

/// Gives a type that is written as text the schema of that text.
macro_rules! text_schema {
    ($type:ty, $name:literal, $description:literal, $pattern:literal) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "description": $description, "pattern": $pattern })
            }
        }
    };
}

text_schema!(
    Pattern,
    "Pattern",
    "A pattern of names: `*` stands for any characters, `?` for one.",
    "^.{1,256}$"
);
text_schema!(
    PathPattern,
    "PathPattern",
    "A path below the flake's folder: `*` stands for any characters of a part, `?` for one, `**` for any parts.",
    "^(?!/)(?!.*(^|/)\\.\\.(/|$)).+$"
);
text_schema!(
    System,
    "System",
    "A system as Nix names it, such as `x86_64-linux`.",
    "^[a-z0-9_]+-[a-z0-9_]+$"
);
text_schema!(
    Bytes,
    "Bytes",
    "An amount of memory, such as `512MiB` or `8GiB`.",
    "^[0-9]+ *[KMGT]iB$"
);
text_schema!(
    Time,
    "Time",
    "A length of time, such as `90s`, `10min` or `1h`.",
    "^[0-9]+ *(s|min|h)$"
);

impl JsonSchema for Version {
    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "const": 1 })
    }
}

/// After a change of the settings, `UPDATE_GOLDEN=1 cargo test -p cfgcheck schema` writes the file anew.
#[test]
fn the_published_schema_is_that_of_the_settings() {
    let schema = schemars::schema_for!(Config);
    let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cfgcheck.schema.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).expect("the schema can be written");
    }
    let published = std::fs::read_to_string(&path).expect("the schema is there; UPDATE_GOLDEN=1 writes it");
    assert!(published == text, "UPDATE_GOLDEN=1 accepts this:\n{text}");
}
