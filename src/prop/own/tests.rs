//! Module text, and the laws that it breaks.

use super::fixture::found;

/// Returns what is found in a host with one option, whose declaration is this.
fn option(declaration: &str) -> Vec<String> {
    let module = format!("{{ lib, ... }}:\n{{\n  options.own = lib.mkOption {declaration};\n}}\n");
    found(&[("own.nix", &module)])
}

#[test]
fn a_merge_of_ones_own_breaks_laws() {
    let table: [(&str, &[&str]); 2] = [
        (
            r#"{ type = lib.mkOptionType { name = "last"; check = lib.isString; merge = _: defs: (lib.last defs).value; }; }"#,
            &[
                "merge-order-dependent own own.nix:3:95 the value of the type `last` depends on the order in which modules are imported",
            ],
        ),
        (
            r#"{ type = lib.mkOptionType { name = "deep"; check = lib.isAttrs; merge = _: defs: lib.foldl' (all: def: lib.recursiveUpdate all def.value) { } defs; }; default = { a = 1; }; }"#,
            &["merge-ignores-priority own own.nix:3:94 the type `deep` ignores `lib.mkForce` inside of a definition"],
        ),
    ];
    for (declaration, broken) in table {
        assert_eq!(option(declaration), broken, "{declaration}");
    }
}
