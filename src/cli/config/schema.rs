//! The published JSON schema of the settings is made of the types that read them.

#![expect(
    clippy::disallowed_methods,
    reason = "the schema's file is read and, on request, written"
)]

use super::Config;

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
