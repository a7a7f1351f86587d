//! The reference as Markdown that reads well as text, too.

use nixos::{DeclaredAs, Kind, ReferenceEntry, Said};
use std::fmt::Write;

/// Returns the whole text. `hosts` are all configurations that were looked at; `below` says how many
/// folders the file lies below the flake's, for links, if it lies there.
pub fn write(entries: &[ReferenceEntry], hosts: &[(Kind, String)], below: Option<usize>) -> String {
    let mut out =
        String::from("<!-- Made by `cfgcheck docs` of the modules; change those, not this file. -->\n\n# Options\n");
    if entries.iter().all(|entry| entry.option.hidden) {
        out.push_str("\nThis flake declares no options of its own.\n");
    }
    let mut kind = None;
    for entry in entries.iter().filter(|entry| !entry.option.hidden) {
        if kind != Some(entry.kind) {
            let _ = write!(out, "\n## {}\n", heading(entry.kind));
            kind = Some(entry.kind);
        }
        option(&mut out, entry, hosts, below);
    }
    out
}

fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::Darwin => "Options of nix-darwin hosts",
        Kind::Home => "Options of homes",
        _ => "Options of NixOS hosts",
    }
}

fn option(out: &mut String, entry: &ReferenceEntry, hosts: &[(Kind, String)], below: Option<usize>) {
    let option = &entry.option;
    let _ = write!(out, "\n### `{}`\n\n", option.path);
    match option.description.as_deref().filter(|text| !text.is_empty()) {
        Some(description) => {
            let _ = write!(out, "{}\n\n", prose(description));
        }
        None => out.push_str("*It has no description.*\n\n"),
    }
    if let Some(kind) = &option.kind {
        field(out, "type", kind);
    }
    for (name, said) in [("default", &option.default), ("example", &option.example)] {
        match said {
            Some(Said::Code(code)) => field(out, name, code),
            Some(Said::Prose(text)) => {
                let _ = writeln!(out, "- {name}: {}", indented(&prose(text)));
            }
            None => {}
        }
    }
    if option.read_only {
        out.push_str("- read-only: it may be defined only once\n");
    }
    let of_kind = hosts.iter().filter(|(kind, _)| *kind == entry.kind).count();
    if entry.hosts.len() < of_kind {
        let _ = writeln!(out, "- only of: {}", entry.hosts.join(", "));
    }
    declared(out, option, below);
}

fn declared(out: &mut String, option: &DeclaredAs, below: Option<usize>) {
    for place in &option.places {
        let (file, line) = split(place);
        let shown = match line {
            Some(line) => format!("{file}:{line}"),
            None => file.to_owned(),
        };
        match below.filter(|_| !file.starts_with(['/', '<', '«'])) {
            Some(below) => {
                let anchor = line.map(|line| format!("#L{line}")).unwrap_or_default();
                let file = file.replace(' ', "%20").replace('(', "%28").replace(')', "%29");
                let _ = writeln!(out, "- declared in [`{shown}`]({}{file}{anchor})", "../".repeat(below));
            }
            None => {
                let _ = writeln!(out, "- declared in `{shown}`");
            }
        }
    }
}

/// Splits `file:line:column` into file and line.
fn split(place: &str) -> (&str, Option<&str>) {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let parts = place.rsplit_once(':').filter(|(_, column)| is_number(column));
    match parts.and_then(|(rest, _)| rest.rsplit_once(':')) {
        Some((file, line)) if is_number(line) => (file, Some(line)),
        _ => (place, None),
    }
}

/// Writes Nix code: on the line itself, or as a block if it has several lines.
fn field(out: &mut String, name: &str, code: &str) {
    if code.contains('\n') {
        let fence = "`".repeat(longest_ticks(code).max(2) + 1);
        let _ = write!(out, "- {name}:\n\n  {fence}nix\n");
        for line in code.lines() {
            let _ = writeln!(out, "{}", format!("  {line}").trim_end());
        }
        let _ = write!(out, "  {fence}\n\n");
    } else {
        let ticks = "`".repeat(longest_ticks(code) + 1);
        let space = if code.starts_with('`') || code.ends_with('`') {
            " "
        } else {
            ""
        };
        let _ = writeln!(out, "- {name}: {ticks}{space}{code}{space}{ticks}");
    }
}

/// Returns the length of the longest row of backticks.
fn longest_ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Returns a description as plain Markdown: roles of nixpkgs' own Markdown become code, and HTML is
/// shown as it is written.
fn prose(text: &str) -> String {
    const ROLES: [&str; 8] = ["option", "file", "command", "var", "env", "manpage", "sc", "env"];
    let mut out = text.to_owned();
    for role in ROLES {
        out = out.replace(&format!("{{{role}}}`"), "`");
    }
    let mut escaped = String::with_capacity(out.len());
    let mut code = false;
    for c in out.chars() {
        match c {
            '`' => code = !code,
            '<' if !code => {
                escaped.push_str("&lt;");
                continue;
            }
            _ => {}
        }
        escaped.push(c);
    }
    escaped.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Returns a text whose further lines belong to the item of a list.
fn indented(text: &str) -> String {
    text.replace('\n', "\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_split() {
        assert_eq!(split("a/b.nix:3:5"), ("a/b.nix", Some("3")));
        assert_eq!(split("a:b.nix"), ("a:b.nix", None));
        assert_eq!(split("modules"), ("modules", None));
    }

    #[test]
    fn code_is_fenced_whatever_it_holds() {
        let check = |code: &str, expected: &str| {
            let mut out = String::new();
            field(&mut out, "default", code);
            assert_eq!(out, expected);
        };
        check("true", "- default: `true`\n");
        check("\"a`b\"", "- default: ``\"a`b\"``\n");
        check("`x", "- default: `` `x ``\n");
        check(
            "{\n  a = 1;\n}",
            "- default:\n\n  ```nix\n  {\n    a = 1;\n  }\n  ```\n\n",
        );
        check("''\n```\n''", "- default:\n\n  ````nix\n  ''\n  ```\n  ''\n  ````\n\n");
    }

    #[test]
    fn descriptions_are_plain_markdown() {
        assert_eq!(
            prose("See {option}`a.b` and <script>, `<ok>`.  \nx"),
            "See `a.b` and &lt;script>, `<ok>`.\nx"
        );
    }
}
