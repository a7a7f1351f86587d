//! Fates of mutants as JSON and as Markdown.

use crate::judge::Fate;
use crate::library::Change;
use crate::operators::Operator;
use crate::workers::Judged;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Characters of a text that a line of a table shows.
const SHOWN: usize = 90;

/// Returns a name for a mutant that stays as long as its file does.
pub fn name(change: &Change) -> String {
    let place = &change.mutant.place;
    format!(
        "{}:{}-{}:{}",
        change.file, place.start, place.end, change.mutant.instead
    )
}

/// Returns a fate as JSON.
pub fn fate_to_json(fate: &Fate) -> Value {
    match fate {
        Fate::Survived => json!({ "fate": "survived" }),
        Fate::Broken { law, case, line } => json!({ "fate": "broken", "law": law, "case": case, "why": line }),
        Fate::Unusable(why) => json!({ "fate": "unusable", "why": why }),
        Fate::Endless(why) => json!({ "fate": "endless", "why": why }),
        Fate::Crashed(why) => json!({ "fate": "crashed", "why": why }),
    }
}

/// Returns the fate that a process printed.
pub fn fate_from_json(bytes: &[u8]) -> Result<Fate, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    read_fate(&value).ok_or_else(|| format!("{value} is no fate"))
}

fn read_fate(value: &Value) -> Option<Fate> {
    let text = |key: &str| Some(value.get(key)?.as_str()?.to_owned());
    Some(match text("fate")?.as_str() {
        "survived" => Fate::Survived,
        "broken" => Fate::Broken {
            law: text("law")?,
            case: value.get("case")?.as_u64()?,
            line: text("why")?,
        },
        "unusable" => Fate::Unusable(text("why")?),
        "endless" => Fate::Endless(text("why")?),
        "crashed" => Fate::Crashed(text("why")?),
        _ => return None,
    })
}

/// Returns all mutants and their fates as JSON.
pub fn json(judged: &[Judged]) -> String {
    let one = |judged: &Judged| {
        let Judged { change, fate } = judged;
        let mut value = fate_to_json(fate);
        value["name"] = name(change).into();
        value["place"] = format!("{}:{}:{}", change.file, change.line, change.column).into();
        value["operator"] = change.mutant.operator.name().into();
        value["before"] = change.before.as_str().into();
        value["after"] = change.mutant.instead.as_str().into();
        value
    };
    let values: Vec<Value> = judged.iter().map(one).collect();
    format!("{:#}\n", Value::Array(values))
}

/// Returns the fates of the mutants that did not survive, by name, from what [`json`] wrote.
pub fn killed(bytes: &[u8]) -> Result<BTreeMap<String, Fate>, String> {
    let values: Vec<Value> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let mut found = BTreeMap::new();
    for value in &values {
        let name = value.get("name").and_then(Value::as_str);
        let (Some(name), Some(fate)) = (name, read_fate(value)) else {
            return Err(format!("{value} is no mutant"));
        };
        if fate != Fate::Survived {
            found.insert(name.to_owned(), fate);
        }
    }
    Ok(found)
}

/// Returns the figures, how the mutants were killed, and the survivors that a text does not explain, as Markdown.
pub fn markdown(judged: &[Judged], explained: &str) -> String {
    let mut out = String::new();
    figures(&mut out, judged);
    killers(&mut out, judged);
    survivors(&mut out, judged, explained);
    out
}

/// Returns the survivors that a text does not explain: no line of it is their [`row`], or their [`place`].
pub fn unexplained<'j>(judged: &'j [Judged], explained: &str) -> Vec<&'j Change> {
    let lines: BTreeSet<&str> = explained.lines().collect();
    let survivors = judged.iter().filter(|judged| judged.fate == Fate::Survived);
    let told = |change: &Change| lines.contains(&*row(change)) || lines.contains(&*place(change));
    survivors
        .map(|judged| &judged.change)
        .filter(|change| !told(change))
        .collect()
}

/// Returns the line of a table that tells of a mutant by its text, for a library that is edited: any edit changes
/// places.
fn row(change: &Change) -> String {
    let (before, after) = (short(&change.before), short(&change.mutant.instead));
    format!(
        "| {} | {} | `{before}` | `{after}` |",
        change.file, change.mutant.operator
    )
}

/// Returns the line of a table that tells of a mutant by its place, for a library that is not ours to quote.
fn place(change: &Change) -> String {
    format!(
        "| {}:{}:{} | {} |",
        change.file, change.line, change.column, change.mutant.operator
    )
}

// Writing to a string cannot fail, here and below.

fn figures(out: &mut String, judged: &[Judged]) {
    let files: BTreeSet<&str> = judged.iter().map(|j| j.change.file.as_str()).collect();
    let _ = write!(out, "| file |");
    for operator in Operator::ALL {
        let _ = write!(out, " {operator} |");
    }
    let _ = writeln!(
        out,
        " all | killed |\n|---|{}---|---|",
        "---|".repeat(Operator::ALL.len())
    );
    for file in files.iter().copied().map(Some).chain([None]) {
        let of_file: Vec<&Judged> = judged
            .iter()
            .filter(|j| file.is_none_or(|f| j.change.file == f))
            .collect();
        let _ = write!(out, "| {} |", file.map_or("all".into(), |file| format!("`{file}`")));
        for operator in Operator::ALL {
            let (killed, all) = count(of_file.iter().filter(|j| j.change.mutant.operator == operator).copied());
            let _ = write!(out, " {killed}/{all} |");
        }
        let (killed, all) = count(of_file.iter().copied());
        let _ = writeln!(
            out,
            " {killed}/{all} | {:.1}% |",
            100.0 * killed as f64 / all.max(1) as f64
        );
    }
}

fn count<'j>(judged: impl Iterator<Item = &'j Judged>) -> (usize, usize) {
    judged.fold((0, 0), |(killed, all), judged| {
        (killed + usize::from(judged.fate != Fate::Survived), all + 1)
    })
}

fn killers(out: &mut String, judged: &[Judged]) {
    let mut by: BTreeMap<String, usize> = BTreeMap::new();
    for judged in judged {
        let killer = match &judged.fate {
            Fate::Survived => continue,
            Fate::Broken { law, .. } => format!("`{law}`"),
            Fate::Unusable(_) => "the library, or a law, does not evaluate".into(),
            Fate::Endless(_) => "evaluation passes a limit".into(),
            Fate::Crashed(_) => "the evaluator breaks".into(),
        };
        *by.entry(killer).or_default() += 1;
    }
    let mut by: Vec<(String, usize)> = by.into_iter().collect();
    by.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let _ = writeln!(out, "\n| noticed first by | mutants |\n|---|---|");
    for (killer, count) in by {
        let _ = writeln!(out, "| {killer} | {count} |");
    }
}

fn survivors(out: &mut String, judged: &[Judged], explained: &str) {
    let left = unexplained(judged, explained);
    let _ = writeln!(out, "\n| survivor | operator |\n|---|---|");
    for change in &left {
        let _ = writeln!(out, "{}", place(change));
    }
    let _ = writeln!(out, "\n| file | operator | before | after |\n|---|---|---|---|");
    for change in &left {
        let _ = writeln!(out, "{}", row(change));
    }
}

/// Returns a text on one line of a table, cut if it is long.
fn short(text: &str) -> String {
    let line = text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
