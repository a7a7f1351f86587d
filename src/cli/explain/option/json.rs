//! An option explained for programs.

use super::Failure;
use diag::clean;
use nixos::{DefinedAs, Explained, Owner, Standing, System, Told};
use serde_json::{Value, json};

/// The version of this form.
const SCHEMA: u32 = 1;

/// Returns the whole text; `failure` is that of a value that fails.
pub(super) fn write(system: &System, explained: &Explained, failure: Option<&Failure>) -> String {
    let declared = &explained.declared;
    let value = match &explained.value {
        Told::Value(value) => Some(clean(value)),
        Told::Undefined | Told::Failed(_) => None,
    };
    let error = failure.map(|failure| json!({ "message": clean(&failure.message), "text": clean(&failure.drawn) }));
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
