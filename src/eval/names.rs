//! The names that evaluation itself uses, interned once.

use syntax::{Symbol, Symbols};

macro_rules! names {
    ($($field:ident = $text:literal),* $(,)?) => {
        /// The symbols of names that evaluation itself uses.
        pub struct Names {
            $(#[doc = concat!("`", $text, "`")] pub $field: Symbol,)*
        }

        impl Names {
            /// Returns the names, interned in this table.
            pub fn new(symbols: &mut Symbols) -> Names {
                Names { $($field: symbols.intern($text.as_bytes()),)* }
            }
        }
    };
}

// The order is that of Nix's static symbols (`eval.hh`), so that sets of these names iterate alike.
names! {
    name = "name",
    value = "value",
    system = "system",
    out_path = "outPath",
    kind = "type",
    drv_path = "drvPath",
    outputs = "outputs",
    output_name = "outputName",
    ignore_nulls = "__ignoreNulls",
    file = "file",
    line = "line",
    column = "column",
    functor = "__functor",
    to_string = "__toString",
    right = "right",
    wrong = "wrong",
    structured_attrs = "__structuredAttrs",
    json = "__json",
    allowed_references = "allowedReferences",
    allowed_requisites = "allowedRequisites",
    disallowed_references = "disallowedReferences",
    disallowed_requisites = "disallowedRequisites",
    max_size = "maxSize",
    max_closure_size = "maxClosureSize",
    builder = "builder",
    args = "args",
    content_addressed = "__contentAddressed",
    impure = "__impure",
    output_hash = "outputHash",
    output_hash_algo = "outputHashAlgo",
    output_hash_mode = "outputHashMode",
    recurse_for_derivations = "recurseForDerivations",
    start_set = "startSet",
    operator = "operator",
    key = "key",
    path = "path",
    prefix = "prefix",
    success = "success",
    filter = "filter",
    recursive = "recursive",
    sha256 = "sha256",
    url = "url",
    all_outputs = "allOutputs",
    version = "version",
}
