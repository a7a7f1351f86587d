//! The language in golden tables: small expressions of our own, and below each what Nix 2.34.8 says.
//!
//! The tables lie in `tables/`. Their form is described in `table.rs`; the files that expressions
//! read lie in `files/` and appear as `/lang/…`. `oracle_tables` asks a real Nix for the same answers,
//! and writes them down with `UPDATE_GOLDEN=1`:
//!
//! ```text
//! CFGCHECK_ORACLE="$(tests/oracle.sh DIR)" UPDATE_GOLDEN=1 cargo nextest run --profile oracle
//! ```

mod mine;
mod oracle;
mod table;
mod world;

use std::fmt::Write;
use table::Case;

/// All tables by name.
const TABLES: [(&str, &str); 11] = [
    ("contexts", include_str!("tables/contexts.txt")),
    ("derivations", include_str!("tables/derivations.txt")),
    ("errors", include_str!("tables/errors.txt")),
    ("files", include_str!("tables/files.txt")),
    ("functions", include_str!("tables/functions.txt")),
    ("laziness", include_str!("tables/laziness.txt")),
    ("operators", include_str!("tables/operators.txt")),
    ("paths", include_str!("tables/paths.txt")),
    ("scoping", include_str!("tables/scoping.txt")),
    ("sets", include_str!("tables/sets.txt")),
    ("strings", include_str!("tables/strings.txt")),
];

/// Returns what of `cases` is answered differently than expected, as text.
fn differences(name: &str, cases: &[Case], mut answer: impl FnMut(&str) -> String) -> String {
    let mut wrong = String::new();
    for case in cases {
        let found = answer(&case.expression);
        if found != case.expected {
            _ = writeln!(
                wrong,
                "{name}: {}\n{}\nexpected\n{}found\n{found}",
                case.name, case.expression, case.expected
            );
        }
    }
    wrong
}

/// Compares a table with what the evaluator says.
fn check(name: &'static str) {
    let (_, text) = TABLES
        .iter()
        .find(|(known, _)| *known == name)
        .expect("the table is known");
    let cases = table::read(text);
    assert!(!cases.is_empty(), "{name} is empty");
    let wrong = mine::with_evaluator(move |evaluate| differences(name, &cases, evaluate));
    assert!(wrong.is_empty(), "{wrong}");
}

macro_rules! tables {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*

        #[test]
        fn every_table_is_checked() {
            assert_eq!([$(stringify!($name)),*], TABLES.map(|(name, _)| name));
        }
    };
}

tables! { contexts derivations errors files functions laziness operators paths scoping sets strings }
