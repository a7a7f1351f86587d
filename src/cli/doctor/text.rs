//! What was found, for people.

use super::Told;
use super::capability::{Capability, Standing};
use diag::clean_line;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Columns of a capability's sign and name.
const HEAD: usize = 15;
/// Columns of a line; lines that are to be copied may be longer.
const WIDTH: usize = 80;

/// Returns what was found as text, in colours on request.
pub fn text(told: &Told, color: bool) -> String {
    let mut out = format!(
        "cfgcheck {} on {}\n\n",
        env!("CARGO_PKG_VERSION"),
        clean_line(&told.system)
    );
    let mut known = BTreeSet::new();
    for capability in &told.capabilities {
        one(&mut out, capability, told.is_needed(capability.kind), color, &mut known);
    }
    let missing: Vec<&str> = told.missing().map(|kind| kind.name()).collect();
    if !missing.is_empty() {
        let by = match told.by_settings {
            true => " by the stages in cfgcheck.yaml",
            false => "",
        };
        let _ = writeln!(out, "\nasked for{by}, and missing: {}", missing.join(", "));
    }
    out
}

/// Adds one capability. How to get what is missing is told once; `known` is what has been told.
fn one<'t>(out: &mut String, capability: &'t Capability, is_needed: bool, color: bool, known: &mut BTreeSet<&'t str>) {
    let (sign, paint) = match (capability.standing(), is_needed) {
        (Standing::Ready, _) => ("✓", "32"),
        (Standing::Limited, _) => ("!", "33"),
        (Standing::Missing, true) => ("✗", "31"),
        (Standing::Missing, false) => ("-", "2"),
    };
    let sign = match color {
        true => format!("\u{1b}[{paint}m{sign}\u{1b}[0m"),
        false => sign.to_owned(),
    };
    let name = capability.kind.name();
    let _ = write!(out, "{sign} {name:<12} ");
    paragraph(out, HEAD, HEAD, &capability.title);
    for fact in &capability.facts {
        out.push_str("    ");
        paragraph(out, 4, 4, fact);
    }
    for lack in &capability.lacks {
        out.push_str("    missing: ");
        if !known.insert(&lack.what) {
            paragraph(out, 13, 6, &format!("{} (as above)", lack.what));
            continue;
        }
        paragraph(out, 13, 6, &lack.what);
        for (place, line) in &lack.remedy.0 {
            let _ = writeln!(out, "      {:<15} {}", format!("{}:", place.title()), clean_line(line));
        }
    }
}

/// Adds a text to a line that takes some columns already, broken between words; further lines begin at a column.
fn paragraph(out: &mut String, mut used: usize, column: usize, text: &str) {
    let text = clean_line(text);
    let mut is_first = true;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if !is_first && used + 1 + width > WIDTH {
            let _ = write!(out, "\n{:column$}", "");
            used = column;
        } else if !is_first {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += width;
        is_first = false;
    }
    out.push('\n');
}
