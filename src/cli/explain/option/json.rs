//! An option explained for programs.

use diag::clean;
use nixos::{DefinedAs, Explained, Owner, Standing, System, Told};
use serde_json::{Value, json};

/// The version of this form.
const SCHEMA: u32 = 1;

/// Returns the whole text; `drawn` is the diagnostic of a value that fails.
pub fn write(system: &System, explained: &Explained, drawn: Option<&str>) -> String {
    let declared = &explained.declared;
    let (value, error) = match &explained.value {
        Told::Value(value) => (json!(clean(value)), Value::Null),
        Told::Undefined => (Value::Null, Value::Null),
        Told::Failed(error) => {
            let message = clean(error.message.trim());
            (Value::Null, json!({ "message": message, "text": drawn.map(clean) }))
        }
    };
    let definitions: Vec<Value> = explained.definitions.iter().map(definition).collect();
    let whole = json!({
        "schema": SCHEMA,
        "host": system.name(),
        "output": system.kind().output(),
        "system": system.platform(),
        "path": explained.path.to_string(),
        "value": value,
        "error": error,
        "why": explained.why(),
        "option": {
            "path": declared.path.to_string(),
            "type": declared.kind.as_deref().map(clean),
            "declared": declared.places,
            "description": declared.description.as_deref().map(clean),
            "default": declared.default.as_ref().map(|said| clean(said.text())),
            "example": declared.example.as_ref().map(|said| clean(said.text())),
            "read-only": declared.read_only,
        },
        "definitions": definitions,
        "complete": explained.complete,
    });
    serde_json::to_string_pretty(&whole).expect("all of it is text and numbers") + "\n"
}

fn definition(defined: &DefinedAs) -> Value {
    let found = &defined.definition;
    let standing = match found.standing {
        Standing::Won => "counts",
        Standing::Overridden => "overridden",
        Standing::Inactive => "not-active",
        Standing::Unknown => "unknown",
    };
    let place = defined.place.as_ref();
    json!({
        "file": place.map_or(defined.file.as_str(), |place| place.file.as_str()),
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
        "exact": found.is_placed() && !found.guessed,
        "input": match &found.owner {
            Owner::Input(input) => Some(input.as_str()),
            _ => None,
        },
        "own": found.is_own(),
        "value": clean(&defined.value),
        "priority": found.priority.0,
        "word": found.priority.word(),
        "order": found.order.0,
        "standing": standing,
        "default": found.is_default,
    })
}
