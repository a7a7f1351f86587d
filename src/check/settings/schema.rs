//! What the JSON schemas say of values that are written as text.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::values::{Bytes, Pattern, System, Time, Version};
use super::{Growth, MaxAge, PathPattern};

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

text_schema!(
    MaxAge,
    "MaxAge",
    "How old an input may get: a number of days or weeks such as `30d` or `8w`, or `none` for any age.",
    "^([0-9]+[dw]|none)$"
);

text_schema!(
    Growth,
    "Growth",
    "How much something may grow: a part such as `10%`, or bytes such as `200MiB`.",
    "^([0-9]+ *%|[0-9]+ *[KMGT]iB)$"
);

impl JsonSchema for Version {
    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "const": 1 })
    }
}
