//! The difference as a person reads it on a terminal: what many hosts share is told once.

use super::written::{Mark, Part, parts};
use super::{ConfigurationKind, Diff, HostDiff, InputChange, Pin, Shared, Side, State, Status, shared};
use crate::text::wrap::{columns, wrap};
use diag::{clean, clean_line};

/// Most things of one kind that are told; the rest is counted.
const MOST_ITEMS: usize = 80;
/// Most names in a list of hosts.
const MOST_NAMES: usize = 6;

/// How the text looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DiffStyle {
    /// Whether ANSI colours are used.
    pub color: bool,
    /// Columns to stay within.
    pub width: usize,
}

impl Default for DiffStyle {
    /// Returns the style of a file: no colours, 80 columns.
    fn default() -> DiffStyle {
        DiffStyle {
            color: false,
            width: 80,
        }
    }
}

struct Page {
    style: DiffStyle,
    out: String,
}

const GREEN: &str = "32";
const RED: &str = "31";
const YELLOW: &str = "33";
const FAINT: &str = "2";
const STRONG: &str = "1";

/// Returns the difference as text that ends with a line feed.
pub fn write(diff: &Diff, style: DiffStyle) -> String {
    let style = DiffStyle {
        width: style.width.max(40),
        ..style
    };
    let mut page = Page {
        style,
        out: String::new(),
    };
    let title = format!("cfgcheck diff {} → {}", state(&diff.base), state(&diff.head));
    wrap(&title, style.width).iter().for_each(|line| page.line(line));
    page.inputs(diff);
    for shared in shared(diff) {
        page.shared(&shared);
    }
    page.failures(diff);
    page.lists(diff);
    page.notes(diff);
    page.summary(diff);
    page.out
}

/// Returns a state's name, commit and day.
pub(crate) fn state(state: &State) -> String {
    let mut facts: Vec<String> = Vec::new();
    facts.extend(state.rev.as_deref().map(short_rev));
    facts.extend(state.date.as_deref().map(|date| clean_line(date).into_owned()));
    match facts.as_slice() {
        [] => clean_line(&state.name).into_owned(),
        facts => format!("{} ({})", clean_line(&state.name), facts.join(", ")),
    }
}

/// Returns the first seven digits of a commit, or the beginning of a hash.
pub(super) fn short_rev(rev: &str) -> String {
    let short: String = rev.chars().take(if rev.contains('-') { 15 } else { 7 }).collect();
    clean_line(&short).into_owned()
}

/// Returns where an input stands, in a few words.
pub fn pin(pin: &Pin) -> String {
    match (&pin.rev, &pin.date) {
        (Some(rev), Some(date)) => format!("{} ({})", short_rev(rev), clean_line(date)),
        (Some(rev), None) => short_rev(rev),
        (None, Some(date)) => clean_line(date).into_owned(),
        (None, None) => clean_line(&pin.reference).into_owned(),
    }
}

/// Returns how far the two states of an input are apart.
pub(crate) fn distance(input: &InputChange) -> Option<String> {
    Some(match input.days? {
        0 => "the same day".to_owned(),
        days if days > 0 => format!("{} newer", counted(days.unsigned_abs() as usize, "day")),
        days => format!("{} older", counted(days.unsigned_abs() as usize, "day")),
    })
}

pub(super) fn counted(count: usize, word: &str) -> String {
    if count == 1 {
        format!("1 {word}")
    } else {
        format!("{count} {word}s")
    }
}

/// Returns a host's name, and what it is if it is no NixOS.
pub(crate) fn name(host: &HostDiff) -> String {
    let name = clean_line(&host.name);
    match host.kind {
        ConfigurationKind::Nixos => name.into_owned(),
        ConfigurationKind::Darwin => format!("{name} (darwin)"),
        ConfigurationKind::Home => format!("{name} (home)"),
    }
}

/// Returns hosts by name, each once, with the systems that it was compared for.
fn by_name<'h>(hosts: &[&'h HostDiff]) -> Vec<(String, Vec<&'h str>)> {
    let mut named: Vec<(String, Vec<&str>)> = Vec::new();
    for host in hosts {
        let (name, system) = (name(host), host.system.as_deref());
        match named.iter_mut().find(|(known, _)| *known == name) {
            Some((_, systems)) => systems.extend(system),
            None => named.push((name, system.into_iter().collect())),
        }
    }
    named
}

/// Returns the names of hosts: the first few, and how many more there are. A host that was compared for
/// several systems has them behind it.
pub(crate) fn names(hosts: &[&HostDiff]) -> String {
    let shown = |(name, systems): (String, Vec<&str>)| match systems.len() {
        0 | 1 => name,
        _ => format!("{name} ({})", clean_line(&systems.join(", "))),
    };
    let mut shown: Vec<String> = by_name(hosts).into_iter().map(shown).collect();
    let more = shown.len().saturating_sub(MOST_NAMES);
    shown.truncate(MOST_NAMES);
    match more {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Returns the title of what some hosts share.
pub(crate) fn title(shared: &Shared<'_>) -> String {
    match shared.hosts.as_slice() {
        [one] => match &one.system {
            Some(system) => format!("{} ({})", name(one), clean_line(system)),
            None => name(one),
        },
        all => match by_name(all).len() {
            1 => names(all),
            count => format!("{count} hosts: {}", names(all)),
        },
    }
}

/// Returns the words that hosts fail to evaluate.
pub(super) fn failing(hosts: &[&HostDiff]) -> &'static str {
    match by_name(hosts).len() {
        1 => "does not evaluate",
        _ => "do not evaluate",
    }
}

impl Page {
    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn ink(&self, code: &str, text: &str) -> String {
        if self.style.color && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn heading(&mut self, text: &str) {
        self.line("");
        for line in wrap(text, self.style.width) {
            let line = self.ink(STRONG, &line);
            self.line(&line);
        }
    }

    /// Writes a line behind its mark, wrapped below itself.
    fn marked(&mut self, mark: Mark, depth: usize, text: &str, place: Option<&str>) {
        let (sign, code) = match mark {
            Mark::Added => ("+", GREEN),
            Mark::Removed => ("-", RED),
            Mark::Changed => ("~", YELLOW),
            Mark::Up => ("↑", GREEN),
            Mark::Down => ("↓", RED),
            Mark::Plain => (" ", FAINT),
        };
        let indent = " ".repeat(2 + 2 * depth);
        let room = self.style.width.saturating_sub(indent.len() + 2);
        let mut lines = wrap(text, room);
        if let Some(place) = place {
            let place_of_last = lines.last().map_or(0, |last| columns(last)) + 2 + columns(place);
            match lines.last_mut().filter(|_| place_of_last <= room) {
                Some(last) => last.push_str(&format!("  {}", self.ink(FAINT, place))),
                None => lines.push(self.ink(FAINT, &format!("  at {place}"))),
            }
        }
        for (index, line) in lines.iter().enumerate() {
            let sign = if index == 0 { self.ink(code, sign) } else { " ".into() };
            self.line(&format!("{indent}{sign} {line}"));
        }
    }

    fn inputs(&mut self, diff: &Diff) {
        if diff.inputs.is_empty() {
            return;
        }
        self.heading("inputs");
        for input in &diff.inputs {
            let name = clean_line(&input.input);
            match (&input.before, &input.after) {
                (None, Some(after)) => self.marked(Mark::Added, 0, &format!("{name} {}", pin(after)), None),
                (Some(before), None) => self.marked(Mark::Removed, 0, &format!("{name} {}", pin(before)), None),
                (Some(before), Some(after)) => {
                    let mut text = format!("{name} {} → {}", pin(before), pin(after));
                    if let Some(distance) = distance(input) {
                        text.push_str(&format!(", {distance}"));
                    }
                    self.marked(Mark::Changed, 0, &text, None);
                    if before.reference != after.reference {
                        let (before, after) = (clean_line(&before.reference), clean_line(&after.reference));
                        self.marked(Mark::Plain, 1, &format!("{before} → {after}"), None);
                    }
                }
                (None, None) => self.marked(Mark::Changed, 0, &name, None),
            }
            if let Some(compare) = &input.compare {
                self.marked(Mark::Plain, 1, &clean_line(compare), None);
            }
        }
    }

    fn shared(&mut self, shared: &Shared<'_>) {
        self.heading(&title(shared));
        if shared.changes.is_empty() {
            self.line("  its derivation differs, and nothing that is compared does");
        }
        for part in parts(&shared.changes, MOST_ITEMS) {
            self.part(&part);
        }
    }

    fn part(&mut self, part: &Part) {
        let title = format!("  {}", self.ink(STRONG, &part.title));
        self.line(&title);
        for line in &part.lines {
            self.marked(line.mark, line.depth + 1, &line.text, line.place.as_deref());
        }
    }

    fn failures(&mut self, diff: &Diff) {
        for (failure, hosts) in diff.failures() {
            let side = match failure.side {
                Side::Base => state(&diff.base),
                Side::Head => state(&diff.head),
            };
            self.heading(&format!("{} {} in {side}", names(&hosts), failing(&hosts)));
            let finding = &failure.finding;
            let text = match finding.text.is_empty() {
                true => &finding.message,
                false => &finding.text,
            };
            clean(text)
                .trim_end()
                .lines()
                .for_each(|line| self.line(&format!("  {line}")));
        }
    }

    /// Writes the hosts that have no more than a status.
    fn lists(&mut self, diff: &Diff) {
        let rows = [
            (Status::Added, "added"),
            (Status::Removed, "removed"),
            (Status::Unchanged, "unchanged"),
        ];
        let mut first = true;
        for (status, word) in rows {
            let hosts: Vec<&HostDiff> = diff.hosts.iter().filter(|host| host.status == status).collect();
            if hosts.is_empty() {
                continue;
            }
            if std::mem::take(&mut first) {
                self.line("");
            }
            let text = format!("{word}: {}", names(&hosts));
            wrap(&text, self.style.width).iter().for_each(|line| self.line(line));
        }
    }

    fn notes(&mut self, diff: &Diff) {
        if !diff.notes.is_empty() {
            self.line("");
        }
        for note in &diff.notes {
            for (index, line) in wrap(&clean(note), self.style.width - 6).iter().enumerate() {
                self.line(&format!("{}{line}", if index == 0 { "note: " } else { "      " }));
            }
        }
    }

    fn summary(&mut self, diff: &Diff) {
        self.line("");
        let text = summary(diff);
        wrap(&text, self.style.width).iter().for_each(|line| self.line(line));
    }
}

/// Returns how many hosts differ, need a reboot or could not be compared, and how many inputs moved.
pub(crate) fn summary(diff: &Diff) -> String {
    let mut parts: Vec<String> = [
        (Status::Changed, "changed"),
        (Status::Added, "added"),
        (Status::Removed, "removed"),
        (Status::Errored, "could not be compared"),
        (Status::Unchanged, "unchanged"),
    ]
    .into_iter()
    .map(|(status, word)| (diff.count(status), word))
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    let reboots = diff.hosts.iter().filter(|host| !host.changes.reboot.is_empty()).count();
    if reboots > 0 {
        parts.push(format!("{reboots} to reboot"));
    }
    let mut text = format!("compared {}: {}", counted(diff.hosts.len(), "host"), parts.join(", "));
    if diff.hosts.is_empty() {
        text = "there is no host to compare".into();
    }
    if !diff.inputs.is_empty() {
        text.push_str(&format!("; {} moved", counted(diff.inputs.len(), "input")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::sample::{any_diff, fleet};
    use crate::sample::golden;
    use proptest::prelude::*;

    #[test]
    fn the_page_is_pinned() {
        golden("diff.txt", &write(&fleet(), DiffStyle::default()));
    }

    #[test]
    fn nothing_to_tell_is_said() {
        let text = write(&Diff::default(), DiffStyle::default());
        assert!(text.ends_with("\nthere is no host to compare\n"), "{text}");
    }

    #[test]
    fn a_host_for_two_systems_has_one_name() {
        let mut diff = fleet();
        let mut other = diff.hosts[1].clone();
        other.system = Some("aarch64-linux".into());
        diff.hosts.insert(2, other);
        let hosts: Vec<&HostDiff> = diff.hosts.iter().take(3).collect();
        assert_eq!(names(&hosts), "db, web (x86_64-linux, aarch64-linux)");
        let titles: Vec<String> = shared(&diff).iter().map(title).collect();
        let web = "web (x86_64-linux, aarch64-linux)";
        assert_eq!(
            titles,
            [
                format!("2 hosts: db, {web}"),
                web.to_owned(),
                "db (x86_64-linux)".to_owned()
            ]
        );
    }

    #[test]
    fn lines_stay_within_the_width() {
        for width in [40, 60, 80, 120] {
            let text = write(&fleet(), DiffStyle { color: false, width });
            let long = text
                .lines()
                .find(|line| columns(line) > width && !line.contains("https:"));
            // Drawn diagnostics and words that are longer than a line stay whole.
            let is_word = |line: &str| line.trim_start().split(' ').any(|word| columns(word) + 8 > width);
            assert!(
                long.is_none_or(|line| line.contains('|') || is_word(line)),
                "{width}: {long:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_of_a_flake_steers_the_terminal(diff in any_diff()) {
            let text = write(&diff, DiffStyle::default());
            let steers = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
            prop_assert!(!text.chars().any(|c| c != '\n' && steers(c)));
        }
    }
}
