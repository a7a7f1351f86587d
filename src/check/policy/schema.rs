//! The published JSON schema of policy files is made of the types that read them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::format::{
    CheckMap, Checks, Expression, ExpressionMap, Literal, Name, Number, Policy, PolicyId, Several, Words,
};
use super::option_path::OptionPath;

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
    PolicyId,
    "PolicyId",
    "A name of small letters, digits and `-`, such as `time-zone-utc`.",
    "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
);
text_schema!(Words, "Words", "Some words.", "\\S");
text_schema!(
    Name,
    "Name",
    "A name for expressions: letters, digits and `_`.",
    "^(?!host$)[A-Za-z][A-Za-z0-9_]*$"
);
text_schema!(
    OptionPath,
    "OptionPath",
    "The path of an option, such as `services.openssh.enable`; a part with a dot in it stands in double quotes.",
    "^([^.\"]+|\"[^\"]+\")(\\.([^.\"]+|\"[^\"]+\"))*$"
);

impl JsonSchema for Literal {
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "Any value." })
    }
}

impl JsonSchema for Number {
    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}

impl JsonSchema for Checks {
    fn schema_name() -> Cow<'static, str> {
        "Checks".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let map = generator.subschema_for::<CheckMap>();
        json_schema!({
            "description": "A value that it must equal, or a map of assertions.",
            "anyOf": [map, { "type": ["boolean", "number", "string", "null", "array"] }]
        })
    }
}

impl JsonSchema for Expression {
    fn schema_name() -> Cow<'static, str> {
        "Expression".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let map = generator.subschema_for::<ExpressionMap>();
        json_schema!({ "anyOf": [{ "type": "string", "description": "The expression." }, map] })
    }
}

/// One thing, or a list of them.
pub struct OneOrSeveral<T>(std::marker::PhantomData<T>);

impl<T: JsonSchema> JsonSchema for OneOrSeveral<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrSeveral{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

/// Returns the schema of policy files.
pub fn schema() -> Schema {
    let mut generator = SchemaGenerator::default();
    let several = generator.subschema_for::<Several>();
    let policy = generator.subschema_for::<Policy>();
    let definitions = generator.take_definitions(true);
    json_schema!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Policies of cfgcheck",
        "description": "A policy, or a map with several `policies`.",
        "if": { "required": ["policies"] },
        "then": several,
        "else": policy,
        "$defs": definitions
    })
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::disallowed_methods,
        reason = "the schema's file is read and, on request, written"
    )]

    /// After a change of the format, `UPDATE_GOLDEN=1 cargo test -p cfgcheck-check --features schema schema`
    /// writes the file anew.
    #[test]
    fn the_published_schema_is_that_of_the_format() {
        let text = serde_json::to_string_pretty(&super::schema()).expect("a schema is JSON") + "\n";
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/policy.schema.json");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &text).expect("the schema can be written");
        }
        let published = std::fs::read_to_string(&path).expect("the schema is there; UPDATE_GOLDEN=1 writes it");
        assert!(published == text, "UPDATE_GOLDEN=1 accepts this:\n{text}");
    }
}
