//! The part of the page that says what differs from another state of the flake.

use crate::diff::written::{Line, Mark, parts};
use crate::diff::{Diff, HostDiff, Side, Status, shared, text};
use crate::html::escape::{drawing, escaped, line};
use crate::text::counted;

/// Most things of one kind that are shown.
const MOST: usize = 400;

/// Adds the difference.
pub(super) fn write(out: &mut String, diff: &Diff) {
    out.push_str(&format!(
        "<section class=\"diff\">\n<h2>Configuration diff <small>{} → {}</small></h2>\n<p class=\"legend\">{}</p>\n",
        line(&text::state(&diff.base), 200),
        line(&text::state(&diff.head), 200),
        line(&text::summary(diff), 500)
    ));
    inputs(out, diff);
    for group in shared(diff) {
        let parts = parts(&group.changes, MOST);
        let counts: Vec<String> = parts
            .iter()
            .map(|part| format!("{} {}", part.title, part.count))
            .collect();
        out.push_str(&format!(
            "<details class=\"card hostcard\"><summary><b>{}</b><span>{}</span></summary>\n<div class=\"body\">\n",
            line(&text::title(&group), 300),
            line(&counts.join(" · "), 300)
        ));
        for part in &parts {
            let lines: Vec<String> = part.lines.iter().map(changed).collect();
            out.push_str(&format!(
                "<h3>{}</h3><pre tabindex=\"0\">{}</pre>\n",
                line(&part.title, 200),
                lines.join("\n")
            ));
        }
        out.push_str("</div></details>\n");
    }
    failures(out, diff);
    for (status, word) in [
        (Status::Added, "added"),
        (Status::Removed, "removed"),
        (Status::Unchanged, "unchanged"),
    ] {
        let hosts: Vec<&HostDiff> = diff.hosts.iter().filter(|host| host.status == status).collect();
        if !hosts.is_empty() {
            let names = line(&text::names(&hosts), 2_000);
            out.push_str(&format!(
                "<p class=\"legend\"><span>{word}: <b>{names}</b></span></p>\n"
            ));
        }
    }
    out.push_str("</section>\n");
}

fn inputs(out: &mut String, diff: &Diff) {
    if diff.inputs.is_empty() {
        return;
    }
    out.push_str(
        "<div class=\"card scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Inputs that differ\"><table>\n\
         <thead><tr><th scope=\"col\">Input</th><th scope=\"col\">Before</th><th scope=\"col\">After</th><th scope=\"col\">Distance</th></tr></thead>\n<tbody>\n",
    );
    for input in &diff.inputs {
        let pin = |pin: &Option<crate::diff::Pin>| pin.as_ref().map_or_else(|| "none".to_owned(), text::pin);
        let distance = text::distance(input).unwrap_or_default();
        out.push_str(&format!(
            "<tr><th scope=\"row\">{}</th><td><code>{}</code></td><td><code>{}</code></td><td>{}</td></tr>\n",
            line(&input.input, 200),
            line(&pin(&input.before), 200),
            line(&pin(&input.after), 200),
            line(&distance, 100)
        ));
    }
    out.push_str("</tbody></table></div>\n");
}

/// Returns a line of a difference, with its sign and colour.
fn changed(change: &Line) -> String {
    let indent = "  ".repeat(change.depth);
    let text = escaped(&change.text);
    let text = match change.mark {
        Mark::Added => format!("<ins>+ {text}</ins>"),
        Mark::Removed => format!("<del>- {text}</del>"),
        Mark::Changed => format!("~ {text}"),
        Mark::Up => format!("<ins>↑ {text}</ins>"),
        Mark::Down => format!("<del>↓ {text}</del>"),
        Mark::Plain => format!("  {text}"),
    };
    match &change.place {
        Some(place) => format!("{indent}{text} <i>{}</i>", escaped(place)),
        None => format!("{indent}{text}"),
    }
}

fn failures(out: &mut String, diff: &Diff) {
    for host in &diff.hosts {
        for failure in &host.failures {
            let side = match failure.side {
                Side::Base => "base",
                Side::Head => "head",
            };
            out.push_str(&format!(
                "<details class=\"card finding error\"><summary data-sign=\"?\"><span class=\"message\">{} does not evaluate in the {side}: {}</span>\
                 <span class=\"where\">{}</span></summary>\n<div class=\"body\"><pre tabindex=\"0\">{}</pre></div></details>\n",
                line(&text::name(host), 200),
                escaped(&failure.finding.message),
                counted(host.failures.len(), "error"),
                drawing(&failure.finding.text)
            ));
        }
    }
}
