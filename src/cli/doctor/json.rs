//! What was found, for programs.

use super::Told;
use super::capability::Capability;
use serde_json::{Map, Value, json};

/// The version of the form; it is raised when a reader of the older one would misunderstand.
const SCHEMA: u32 = 1;

/// Returns what was found as JSON.
pub fn json(told: &Told) -> String {
    let capabilities = told.capabilities.iter();
    let capabilities: Vec<Value> = capabilities
        .map(|capability| one(capability, told.is_needed(capability.kind)))
        .collect();
    let missing: Vec<_> = told.missing().collect();
    let all = json!({
        "schema": SCHEMA,
        "version": env!("CARGO_PKG_VERSION"),
        "system": told.system,
        "ready": missing.is_empty(),
        "missing": missing,
        "capabilities": capabilities,
    });
    serde_json::to_string_pretty(&all).expect("all keys are texts") + "\n"
}

/// Returns one capability.
fn one(capability: &Capability, is_needed: bool) -> Value {
    let lacks = capability.lacks.iter().map(|lack| {
        let get: Map<String, Value> = lack
            .remedy
            .0
            .iter()
            .map(|(place, line)| (place.name().to_owned(), json!(line)))
            .collect();
        json!({ "what": lack.what, "needed": lack.needed, "get": get })
    });
    json!({
        "name": capability.kind,
        "standing": capability.standing(),
        "asked": is_needed,
        "title": capability.title,
        "facts": capability.facts,
        "lacks": lacks.collect::<Vec<_>>(),
    })
}
