//! Messages word by word: of what is no module, no option, an option that does not exist or a value of a wrong type.

use super::{Corner, says};

pub(super) const MESSAGES: &[Corner] = &[
    says(
        "not-a-module",
        "config [ { _file = \"f\"; imports = [ { _type = \"other\"; } ]; } ]",
        "Expected a module, but found a value of type \u{1b}[1;35m\"other\"\u{1b}[0m, while trying to load a module into f.\nA module is typically loaded by adding it to the \u{1b}[1mimports = [ ... ];\u{1b}[0m attribute of an existing module, or in the \u{1b}[1mmodules = [ ... ];\u{1b}[0m argument of various functions.\nPlease make sure that each of the list items is a module, and not a different kind of value.",
    ),
    says(
        "not-a-module-anywhere",
        "config [ { _type = \"other\"; } ]",
        "Expected a module, but found a value of type \u{1b}[1;35m\"other\"\u{1b}[0m.\nA module is typically loaded by adding it to the \u{1b}[1mimports = [ ... ];\u{1b}[0m attribute of an existing module, or in the \u{1b}[1mmodules = [ ... ];\u{1b}[0m argument of various functions.\nPlease make sure that each of the list items is a module, and not a different kind of value.",
    ),
    says(
        "not-a-module-below",
        "(lib.evalModules { prefix = [ \"p\" ]; modules = [ { _type = \"other\"; } ]; }).config",
        "Expected a module, but found a value of type \u{1b}[1;35m\"other\"\u{1b}[0m, while trying to load a module into \u{1b}[1mp\u{1b}[0m.\nA module is typically loaded by adding it to the \u{1b}[1mimports = [ ... ];\u{1b}[0m attribute of an existing module, or in the \u{1b}[1mmodules = [ ... ];\u{1b}[0m argument of various functions.\nPlease make sure that each of the list items is a module, and not a different kind of value.",
    ),
    says(
        "a-configuration",
        "config [ { _file = \"f\"; imports = [ { _type = \"configuration\"; } ]; } ]",
        "Expected a module, but found a value of type \u{1b}[1;35m\"configuration\"\u{1b}[0m, while trying to load a module into f.\nA module is typically loaded by adding it to the \u{1b}[1mimports = [ ... ];\u{1b}[0m attribute of an existing module, or in the \u{1b}[1mmodules = [ ... ];\u{1b}[0m argument of various functions.\nPlease make sure that each of the list items is a module, and not a different kind of value.\n\nIf you really mean to import this configuration, instead please only import the modules that make up the configuration.\nYou may have to create a `let` binding, file or attribute to give yourself access to the relevant modules.\nWhile loading a configuration into the module system is a very sensible idea, it can not be done cleanly in practice.",
    ),
    says(
        "a-flake",
        "config [ { _file = \"f\"; imports = [ { _type = \"flake\"; } ]; } ]",
        "Expected a module, but found a value of type \u{1b}[1;35m\"flake\"\u{1b}[0m, while trying to load a module into f.\nA module is typically loaded by adding it to the \u{1b}[1mimports = [ ... ];\u{1b}[0m attribute of an existing module, or in the \u{1b}[1mmodules = [ ... ];\u{1b}[0m argument of various functions.\nPlease make sure that each of the list items is a module, and not a different kind of value.\n\nPerhaps you forgot to select an attribute name?\nInstead of, for example,\n    \u{1b}[1;35minputs.someflake\u{1b}[0m\nyou need to write something like\n    \u{1b}[1;35minputs.someflake\u{1b}[0m\u{1b}[1;32m.modules.someApp.default\u{1b}[0m",
    ),
    says(
        "a-flake-nixos",
        "(lib.evalModules { class = \"nixos\"; modules = [ { _type = \"flake\"; } ]; }).config",
        "Expected a module, but found a value of type \u{1b}[1;35m\"flake\"\u{1b}[0m.\nA module is typically loaded by adding it to the \u{1b}[1mimports = [ ... ];\u{1b}[0m attribute of an existing module, or in the \u{1b}[1mmodules = [ ... ];\u{1b}[0m argument of various functions.\nPlease make sure that each of the list items is a module, and not a different kind of value.\n\nPerhaps you forgot to select an attribute name?\nInstead of, for example,\n    \u{1b}[1;35minputs.someflake\u{1b}[0m\nyou need to write something like\n    \u{1b}[1;35minputs.someflake\u{1b}[0m\u{1b}[1;32m.modules.nixos.default\u{1b}[0m\nor\n    \u{1b}[1;35minputs.someflake\u{1b}[0m\u{1b}[1;32m.nixosModules.default\u{1b}[0m",
    ),
    says(
        "a-flake-darwin",
        "(lib.evalModules { class = \"darwin\"; modules = [ { _type = \"flake\"; } ]; }).config",
        "Expected a module, but found a value of type \u{1b}[1;35m\"flake\"\u{1b}[0m.\nA module is typically loaded by adding it to the \u{1b}[1mimports = [ ... ];\u{1b}[0m attribute of an existing module, or in the \u{1b}[1mmodules = [ ... ];\u{1b}[0m argument of various functions.\nPlease make sure that each of the list items is a module, and not a different kind of value.\n\nPerhaps you forgot to select an attribute name?\nInstead of, for example,\n    \u{1b}[1;35minputs.someflake\u{1b}[0m\nyou need to write something like\n    \u{1b}[1;35minputs.someflake\u{1b}[0m\u{1b}[1;32m.modules.darwin.default\u{1b}[0m\nor\n    \u{1b}[1;35minputs.someflake\u{1b}[0m\u{1b}[1;32m.darwinModules.default\u{1b}[0m",
    ),
    says(
        "a-flake-other",
        "(lib.evalModules { class = \"other\"; modules = [ { _type = \"flake\"; } ]; }).config",
        "Expected a module, but found a value of type \u{1b}[1;35m\"flake\"\u{1b}[0m.\nA module is typically loaded by adding it to the \u{1b}[1mimports = [ ... ];\u{1b}[0m attribute of an existing module, or in the \u{1b}[1mmodules = [ ... ];\u{1b}[0m argument of various functions.\nPlease make sure that each of the list items is a module, and not a different kind of value.\n\nPerhaps you forgot to select an attribute name?\nInstead of, for example,\n    \u{1b}[1;35minputs.someflake\u{1b}[0m\nyou need to write something like\n    \u{1b}[1;35minputs.someflake\u{1b}[0m\u{1b}[1;32m.modules.other.default\u{1b}[0m",
    ),
    says(
        "no-option",
        "config [ { _file = \"f\"; options.x = { _type = \"y\"; }; } ]",
        "In module f: expected an option declaration at option path `x` but got an attribute set with type y",
    ),
    says(
        "a-type",
        "config [ { _file = \"f\"; options.x = types.int; } ]",
        "In module f: expected an option declaration at option path `x` but got an attribute set with type option-type\n\nWhen declaring an option, you must wrap the type in a `mkOption` call. It should look somewhat like:\n    \n    x = lib.mkOption {\n      description = ...;\n      type = <the type you wrote for x>;\n      ...\n    };\n",
    ),
    says(
        "a-type-below",
        "config [ { _file = \"f\"; options.a.x = types.int; } ]",
        "In module f: expected an option declaration at option path `a.x` but got an attribute set with type option-type\n\nWhen declaring an option, you must wrap the type in a `mkOption` call. It should look somewhat like:\n    \n    # a.x\n    x = lib.mkOption {\n      description = ...;\n      type = <the type you wrote for x>;\n      ...\n    };\n",
    ),
    says(
        "a-type-quoted",
        "config [ { _file = \"f\"; options.\"a b\" = types.int; } ]",
        "In module f: expected an option declaration at option path `\"a b\"` but got an attribute set with type option-type\n\nWhen declaring an option, you must wrap the type in a `mkOption` call. It should look somewhat like:\n    \n    \"a b\" = lib.mkOption {\n      description = ...;\n      type = <the type you wrote for \"a b\">;\n      ...\n    };\n",
    ),
    says(
        "unknown",
        "config [ { options.x = opt types.int; } { _file = \"f\"; y = 1; } ]",
        "The option `y' does not exist. Definition values:\n- In `f': 1\n\nDid you mean `x'?",
    ),
    says(
        "unknown-of-none",
        "config [ { _file = \"f\"; y = 1; } ]",
        "The option `y' does not exist. Definition values:\n- In `f': 1\n\nIt seems as if you're trying to declare an option by placing it into `config' rather than `options'!\n",
    ),
    says(
        "unknown-nearest",
        "config [ { options = lib.genAttrs [ \"aaaaaaaa\" \"name\" \"namely\" \"nameless\" ] (_: opt types.int); } { _file = \"f\"; nam = 1; } ]",
        "The option `nam' does not exist. Definition values:\n- In `f': 1\n\nDid you mean `name', `namely' or `nameless'?",
    ),
    says(
        "unknown-below",
        "config [ { options.set._module = opt types.int; } { _file = \"f\"; set._modul = 1; } ]",
        "The option `set._modul' does not exist. Definition values:\n- In `f': 1\n\nDid you mean `set._module'?",
    ),
    says(
        "unknown-of-hundred",
        "config [ { options = lib.genAttrs (map (n: \"far-${toString n}\") (lib.range 101 200)) (_: opt types.int); } { _file = \"f\"; nam = 1; } ]",
        "The option `nam' does not exist. Definition values:\n- In `f': 1",
    ),
    says(
        "unknown-of-many-near",
        "config [ { options = lib.genAttrs (map (n: \"far-${toString n}\") (lib.range 101 200) ++ [ \"nabcd\" \"nama\" \"namea\" \"nameb\" \"namec\" ]) (_: opt types.int); } { _file = \"f\"; name = 1; } ]",
        "The option `name' does not exist. Definition values:\n- In `f': 1\n\nDid you mean `nama', `namea' or `nameb'?",
    ),
    says(
        "unknown-of-many-last",
        "config [ { options = lib.genAttrs (map (n: \"far-${toString n}\") (lib.range 101 200) ++ [ \"zzyya\" \"zzza\" \"zzzzaab\" ]) (_: opt types.int); } { _file = \"f\"; zzzz = 1; } ]",
        "The option `zzzz' does not exist. Definition values:\n- In `f': 1\n\nDid you mean `zzza'?",
    ),
    says(
        "unknown-of-many-two",
        "config [ { options = lib.genAttrs (map (n: \"far-${toString n}\") (lib.range 101 200) ++ [ \"zzaa\" \"zzza\" ]) (_: opt types.int); } { _file = \"f\"; zzzz = 1; } ]",
        "The option `zzzz' does not exist. Definition values:\n- In `f': 1\n\nDid you mean `zzza' or `zzaa'?",
    ),
    says(
        "nested-below-a-value",
        "config [ { _file = \"g\"; options.x.b = opt types.int; } { _file = \"f\"; options.x.a = opt types.int; options.x.c = opt types.int; } { _file = \"e\"; options.x = opt types.int; } ]",
        "The option `x' in module `e' would be a parent of the following options, but its type `signed integer' does not support nested options.\n - option(s) with prefix `x.a' in module `f'\n - option(s) with prefix `x.b' in module `g'\n - option(s) with prefix `x.c' in module `f'",
    ),
    says(
        "read-only-twice",
        "config [ { _file = \"e\"; options.x = mkOption { type = types.int; readOnly = true; default = 1; }; } { _file = \"f\"; config.x = 2; } ]",
        "The option `x' is read-only, but it's set multiple times. Definition values:\n- In `e': 1\n- In `f': 2",
    ),
    says(
        "wrong-only",
        "merge types.int [ 1 \"a\" ]",
        "A definition for option `o' is not of type `signed integer'. Definition values:\n- In `f': \"a\"",
    ),
    says(
        "wrong-only-set",
        "merge (types.attrsOf types.int) [ { a = 1; } 2 ]",
        "A definition for option `o' is not of type `attribute set of signed integer'. TypeError: Definition values: \n- In `f': 2",
    ),
    says(
        "wrong-only-list",
        "merge (types.listOf types.int) [ [ 1 ] 2 ]",
        "A definition for option `o' is not of type `list of signed integer'. TypeError: Definition values: \n- In `f': 2",
    ),
    says(
        "conflict-by-name",
        "(lib.modules.mergeAttrDefinitionsWithPrio { type = types.attrsOf types.int; loc = [ \"o\" ]; definitionsWithLocations = [ (def \"f\" { k = 1; }) (def \"g\" { k = 2; }) ]; }).k.value",
        "The option `o.k' has conflicting definition values:\n- In `f': 1\n- In `g': 2\nUse `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.\n",
    ),
    says(
        "tag-quoted",
        "(types.attrTag { \"a b\" = { }; }).nestedTypes.\"a b\"",
        "In attrTag, each tag value must be an option, but tag \"a b\" was not.",
    ),
    says(
        "tag-unknown",
        "(types.attrTag { a = opt types.int; }).merge [ \"o\" ] [ (def \"f\" { \"b c\" = 1; }) ]",
        "The option `o` is defined as \"b c\", but \"b c\" is not among the valid choices (a). Value b c was defined in `f'.",
    ),
];
