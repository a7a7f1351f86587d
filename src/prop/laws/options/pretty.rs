//! Values as `lib.generators.toPretty` writes them.

use super::written as name_written;
use crate::Def;

/// Returns how a value is written, with a line for each part of a list or a set.
pub(super) fn pretty(value: &Def) -> String {
    written(value, 0)
}

fn written(value: &Def, depth: usize) -> String {
    let parts = |open: &str, close: &str, parts: Vec<String>| {
        if parts.is_empty() {
            return format!("{open} {close}");
        }
        let before = format!("\n{}", "  ".repeat(depth + 1));
        let after = format!("\n{}", "  ".repeat(depth));
        format!("{open}{before}{}{after}{close}", parts.join(&before))
    };
    match value {
        Def::List(elements) => {
            let elements = elements.iter().map(|element| written(element, depth + 1));
            parts("[", "]", elements.collect())
        }
        Def::Attrs(entries) => {
            let mut entries: Vec<&(String, Def)> = entries.iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            let entry =
                |(name, value): &(String, Def)| format!("{} = {};", name_written(name), written(value, depth + 1));
            parts("{", "}", entries.into_iter().map(entry).collect())
        }
        other => other.expr().print(0),
    }
}
