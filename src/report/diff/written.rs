//! Changes as lines of text: what the forms for people have in common.

use super::{
    AccountChange, Action, Change, Changes, Direction, Manager, PackageChange, Place, PortChange, Presence, Section,
    UnitChange, ValueChange,
};
use crate::text::wrap::columns;
use diag::clean_line;
use similar::{ChangeTag, TextDiff};

/// Columns of a change that is told on one line; longer ones take a line for each side.
const ONE_LINE: usize = 72;
/// The title of the reasons for a reboot.
pub(super) const REBOOT: &str = "needs a reboot";
/// Most lines of the difference of two long texts.
const MOST_LINES: usize = 16;

/// What stands before a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mark {
    Added,
    Removed,
    Changed,
    Up,
    Down,
    Plain,
}

/// A line of a form, harmless to print.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Line {
    pub(crate) mark: Mark,
    /// How deep it stands below the thing that it belongs to.
    pub(crate) depth: usize,
    pub(crate) text: String,
    /// Where to go to, as `file:line:column`.
    pub(crate) place: Option<String>,
}

/// The lines of one kind of changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Part {
    pub(crate) title: String,
    /// How many things differ.
    pub(crate) count: usize,
    pub(crate) lines: Vec<Line>,
}

fn line(mark: Mark, text: String) -> Line {
    Line {
        mark,
        depth: 0,
        text,
        place: None,
    }
}

fn below(mark: Mark, text: String) -> Line {
    Line {
        depth: 1,
        ..line(mark, text)
    }
}

/// Returns the lines of changes by kind, of each kind those of the first `most` things.
pub(crate) fn parts(changes: &Changes, most: usize) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut add = |title: &str, items: Vec<Vec<Line>>| {
        let count = items.len();
        if count == 0 {
            return;
        }
        let mut lines: Vec<Line> = items.into_iter().take(most).flatten().collect();
        if count > most {
            lines.push(line(Mark::Plain, format!("… and {} more", count - most)));
        }
        parts.push(Part {
            title: title.to_owned(),
            count,
            lines,
        });
    };
    add(REBOOT, changes.reboot.iter().map(change).collect());
    add("options", changes.options.iter().map(change).collect());
    for (place, title) in [(Place::Installed, "packages"), (Place::Used, "packages in use")] {
        let of_place = changes.packages.iter().filter(|package| package.place == place);
        add(title, of_place.map(|p| vec![package(p)]).collect());
    }
    add("units", changes.units.iter().map(unit).collect());
    add("users and groups", changes.accounts.iter().map(account).collect());
    add("ports", changes.ports.iter().map(|p| vec![port(p)]).collect());
    for section in [
        Section::Kernel,
        Section::Boot,
        Section::FileSystems,
        Section::Firewall,
        Section::Specialisations,
        Section::System,
        Section::Etc,
        Section::HomeFiles,
    ] {
        let of_section = changes.facts.iter().filter(|fact| fact.section == section);
        add(section.title(), of_section.map(|fact| change(&fact.change)).collect());
    }
    let unknown = changes.unknown.iter();
    let unknown = unknown.map(|text| vec![line(Mark::Plain, clean_line(text).into_owned())]);
    add("could not be compared", unknown.collect());
    parts
}

fn mark_of(presence: Presence) -> Mark {
    match presence {
        Presence::Added => Mark::Added,
        Presence::Removed => Mark::Removed,
        Presence::Changed => Mark::Changed,
    }
}

/// Returns the lines of a thing whose value differs.
fn change(change: &Change) -> Vec<Line> {
    let name = clean_line(&change.name);
    let mark = mark_of(change.presence());
    let mut lines = match &change.value {
        ValueChange::Secret => vec![line(mark, format!("{name}: changed, not shown as it may be a secret"))],
        ValueChange::Rebuilt => vec![line(mark, format!("{name}: rebuilt"))],
        ValueChange::Elements { removed, added } => {
            let mut lines = vec![line(mark, name.into_owned())];
            for (mark, elements) in [(Mark::Removed, removed), (Mark::Added, added)] {
                if !elements.is_empty() {
                    lines.push(below(mark, clean_line(&elements.join(", ")).into_owned()));
                }
            }
            lines
        }
        ValueChange::Value { before, after } => value(mark, &name, before.as_deref(), after.as_deref()),
    };
    lines[0].place = change
        .location
        .as_ref()
        .map(|l| clean_line(&l.to_string()).into_owned());
    lines
}

fn value(mark: Mark, name: &str, before: Option<&str>, after: Option<&str>) -> Vec<Line> {
    let is_long = |text: Option<&str>| text.is_some_and(|text| text.contains('\n'));
    if is_long(before) || is_long(after) {
        let mut lines = vec![line(mark, name.to_owned())];
        lines.extend(differing_lines(before.unwrap_or_default(), after.unwrap_or_default()));
        return lines;
    }
    match (before.map(clean_line), after.map(clean_line)) {
        (None, None) => vec![line(mark, name.to_owned())],
        (None, Some(one)) | (Some(one), None) => vec![line(mark, format!("{name}: {one}"))],
        (Some(before), Some(after)) => {
            let short = format!("{name}: {before} → {after}");
            if columns(&short) <= ONE_LINE {
                return vec![line(mark, short)];
            }
            vec![
                line(mark, name.to_owned()),
                below(Mark::Removed, before.into_owned()),
                below(Mark::Added, after.into_owned()),
            ]
        }
    }
}

/// Returns the lines in which two texts differ, each with a line around it.
fn differing_lines(before: &str, after: &str) -> Vec<Line> {
    let diff = TextDiff::from_lines(before, after);
    let mut lines = Vec::new();
    for (index, group) in diff.grouped_ops(1).iter().enumerate() {
        if index > 0 {
            lines.push(below(Mark::Plain, "…".into()));
        }
        for op in group {
            for change in diff.iter_changes(op) {
                let mark = match change.tag() {
                    ChangeTag::Delete => Mark::Removed,
                    ChangeTag::Insert => Mark::Added,
                    ChangeTag::Equal => Mark::Plain,
                };
                let text = change.value().trim_end_matches(['\n', '\r']);
                lines.push(below(mark, clean_line(text).into_owned()));
            }
        }
    }
    let all = lines.len();
    if all > MOST_LINES {
        lines.truncate(MOST_LINES);
        lines.push(below(Mark::Plain, format!("… {} more lines", all - MOST_LINES)));
    }
    lines
}

fn package(package: &PackageChange) -> Line {
    let name = clean_line(&package.name);
    let versions = |versions: &[String]| match versions {
        [] => "without version".to_owned(),
        all => clean_line(&all.join(", ")).into_owned(),
    };
    let one = |versions: &[String]| match versions {
        [] => name.to_string(),
        all => format!("{name} {}", clean_line(&all.join(", "))),
    };
    let both = || format!("{name} {} → {}", versions(&package.before), versions(&package.after));
    match package.direction {
        Direction::Added => line(Mark::Added, one(&package.after)),
        Direction::Removed => line(Mark::Removed, one(&package.before)),
        Direction::Up => line(Mark::Up, both()),
        Direction::Down => line(Mark::Down, both()),
        Direction::Mixed => line(Mark::Changed, both()),
    }
}

fn unit(unit: &UnitChange) -> Vec<Line> {
    let mut text = clean_line(&unit.unit).into_owned();
    match &unit.manager {
        Manager::System => {}
        Manager::Users => text.push_str(" of each user"),
        Manager::Home(user) => text.push_str(&format!(" of {}", clean_line(user))),
    }
    let comes_or_goes = unit.presence != Presence::Changed;
    if !(comes_or_goes && unit.action == Action::Nothing) {
        text.push_str(&format!(": {}", unit.action.words()));
        if unit.if_running && unit.action != Action::Nothing {
            text.push_str(" if it runs");
        }
    }
    let rebuilt: Vec<&str> = unit
        .settings
        .iter()
        .filter(|setting| setting.value == ValueChange::Rebuilt)
        .map(|setting| setting.name.as_str())
        .collect();
    if !rebuilt.is_empty() {
        text.push_str(&format!(" ({} rebuilt)", clean_line(&rebuilt.join(", "))));
    }
    let mut lines = vec![line(mark_of(unit.presence), text)];
    let shown = unit.settings.iter().filter(|s| s.value != ValueChange::Rebuilt);
    lines.extend(shown.flat_map(deeper));
    lines
}

fn account(account: &AccountChange) -> Vec<Line> {
    let kind = if account.is_group { "group" } else { "user" };
    let text = format!("{kind} {}", clean_line(&account.name));
    let mut lines = vec![line(mark_of(account.presence), text)];
    lines.extend(account.settings.iter().flat_map(deeper));
    lines
}

/// Returns the lines of a setting below the thing that it belongs to.
fn deeper(setting: &Change) -> Vec<Line> {
    let mut lines = change(setting);
    lines.iter_mut().for_each(|line| line.depth += 1);
    lines
}

fn port(port: &PortChange) -> Line {
    let mut text = format!("{} {}", clean_line(&port.protocol), clean_line(&port.ports));
    if let Some(interface) = &port.interface {
        text.push_str(&format!(" on {}", clean_line(interface)));
    }
    match port.opened {
        true => line(Mark::Added, format!("{text} opened")),
        false => line(Mark::Removed, format!("{text} closed")),
    }
}
