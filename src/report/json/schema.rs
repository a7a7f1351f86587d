//! The published schema of the report is made of the types that write it.

#![expect(
    clippy::disallowed_methods,
    reason = "the schema's file is read and, on request, written"
)]

/// A severity, for the schema only.
#[derive(schemars::JsonSchema)]
#[schemars(rename_all = "kebab-case", rename = "Severity")]
#[expect(dead_code, reason = "it only describes how a severity is written")]
pub(crate) enum SeverityName {
    /// Worth knowing; nothing is asked for.
    Note,
    /// Should be changed; alone it does not fail a run.
    Warning,
    /// Wrong; it fails a run.
    Error,
}

/// After a change of the format, `UPDATE_GOLDEN=1 cargo test -p cfgcheck-report` writes the file anew.
#[test]
fn the_published_schema_is_that_of_the_report() {
    let schema = schemars::schema_for!(super::Written<'static>);
    let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/report.schema.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).expect("the schema can be written");
    }
    let published = std::fs::read_to_string(&path).expect("the schema is there; UPDATE_GOLDEN=1 writes it");
    assert!(published == text, "UPDATE_GOLDEN=1 accepts this:\n{text}");
}
