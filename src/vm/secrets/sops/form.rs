//! The forms of files: what sops knows as a tree, as text.
//!
//! In the forms that are flat, sops writes its own list as `age__list_0__map_recipient`; here it is a tree in all of them.

use super::Format;
use serde_json::{Map, Value};

/// The section of an INI file before the first that has a name.
const NAMELESS: &str = "DEFAULT";

/// Returns the tree of a text, with whatever sops has put beside it at `sops`; none if the text is not of its form.
pub(super) fn read(format: Format, text: &str) -> Option<Map<String, Value>> {
    match format {
        Format::Yaml => serde_yaml::from_str(text).ok(),
        Format::Json | Format::Binary => serde_json::from_str(text).ok(),
        Format::Dotenv => dotenv(text),
        Format::Ini => ini(text),
    }
}

fn dotenv(text: &str) -> Option<Map<String, Value>> {
    let mut tree = Map::new();
    let mut sops = Map::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, value) = line.split_once('=')?;
        match name.strip_prefix("sops_") {
            Some(name) => sops.insert(name.into(), value.into()),
            None => tree.insert(name.into(), value.replace("\\n", "\n").into()),
        };
    }
    if !sops.is_empty() {
        tree.insert("sops".into(), sops.into());
    }
    Some(tree)
}

fn ini(text: &str) -> Option<Map<String, Value>> {
    let mut tree = Map::new();
    let mut section = NAMELESS.to_owned();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            section = name.strip_suffix(']')?.trim().to_owned();
            continue;
        }
        let (name, value) = line.split_once(['=', ':'])?;
        let entries = tree.entry(section.as_str()).or_insert_with(|| Map::new().into());
        entries.as_object_mut()?.insert(name.trim().into(), value.trim().into());
    }
    Some(tree)
}

/// Returns a tree as text.
pub(super) fn write(format: Format, tree: &Map<String, Value>) -> String {
    let mut text = String::new();
    match format {
        Format::Yaml => yaml_map(tree, 0, &mut text),
        Format::Json | Format::Binary => {
            text = format!("{:#}\n", Value::from(tree.clone()));
        }
        Format::Dotenv => {
            for (name, value) in tree {
                match value {
                    Value::Object(sops) => {
                        let lines = flat(sops).into_iter();
                        lines.for_each(|(key, value)| text.push_str(&format!("{name}_{key}={value}\n")));
                    }
                    value => text.push_str(&format!("{name}={}\n", one_line(value))),
                }
            }
        }
        Format::Ini => {
            for (section, entries) in tree {
                text.push_str(&format!("[{section}]\n"));
                let lines = entries.as_object().map(flat).unwrap_or_default().into_iter();
                lines.for_each(|(key, value)| text.push_str(&format!("{key} = {value}\n")));
            }
        }
    }
    text
}

/// Returns the entries of a map of one level, and those below it under joined names.
fn flat(map: &Map<String, Value>) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for (name, value) in map {
        match value {
            Value::Object(inner) => {
                lines.extend(
                    flat(inner)
                        .into_iter()
                        .map(|(key, value)| (format!("{name}__map_{key}"), value)),
                );
            }
            Value::Array(items) => {
                let numbered = items.iter().enumerate();
                let inner: Map<String, Value> = numbered.map(|(n, item)| (format!("list_{n}"), item.clone())).collect();
                lines.extend(
                    flat(&inner)
                        .into_iter()
                        .map(|(key, value)| (format!("{name}__{key}"), value)),
                );
            }
            value => lines.push((name.clone(), one_line(value))),
        }
    }
    lines
}

/// Returns a value in one line, as sops writes it in forms that know no other.
fn one_line(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace('\n', "\\n"),
        other => other.to_string(),
    }
}

fn yaml_map(map: &Map<String, Value>, depth: usize, text: &mut String) {
    for (key, value) in map {
        text.push_str(&format!("{:1$}{key}:", "", depth * 4, key = yaml_key(key)));
        yaml_value(value, depth, text);
    }
}

/// Writes what follows a key or a dash, and the end of the line.
fn yaml_value(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            text.push('\n');
            yaml_map(map, depth + 1, text);
        }
        Value::Array(list) if !list.is_empty() => {
            text.push('\n');
            for item in list {
                text.push_str(&format!("{:1$}-", "", (depth + 1) * 4));
                yaml_value(item, depth + 1, text);
            }
        }
        // Scalars of JSON are scalars of YAML.
        scalar => text.push_str(&format!(" {scalar}\n")),
    }
}

/// Returns a key: as it is, if it can be nothing but a text.
fn yaml_key(key: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_plain = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(fits)
        && !words.contains(&key.to_ascii_lowercase().as_str());
    if is_plain {
        key.to_owned()
    } else {
        Value::from(key).to_string()
    }
}
