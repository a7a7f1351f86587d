//! Shows a diagnostic as rustc does: the message, the source lines with marks, notes, help, the way there.
//!
//! `annotate-snippets` draws; this file chooses the lines, makes every byte of them harmless, and
//! writes the trace compactly with the user's own files first.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin as Header, Renderer, Snippet};

use crate::clean::{clean, clean_line, steers};
use crate::diagnostic::{Diagnostic, Frame, Label, Severity};
use crate::place::{is_below, shown_name};
use crate::source::{FileId, SourceMap, Span};

/// Most bytes of source between the first and the last mark of one snippet (64 KiB); marks that are
/// farther apart get snippets of their own, and of a longer line only the place is told.
const MOST_SOURCE: usize = 1 << 16;

/// How a diagnostic is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// Whether ANSI colours are used.
    pub color: bool,
    /// Columns to stay within where source lines are cut.
    pub width: usize,
    /// Most trace frames shown; the rest is counted.
    pub frames: usize,
}

impl Default for Style {
    /// Returns the style of a file: no colours, 100 columns, six frames.
    fn default() -> Style {
        Style {
            color: false,
            width: 100,
            frames: 6,
        }
    }
}

/// Some lines of one text, ready to be drawn.
struct Excerpt<'a> {
    file: FileId,
    /// First byte and one past the last byte in the text.
    range: (usize, usize),
    labels: Vec<(&'a Label, usize, usize)>,
}

/// Returns the diagnostic as text that ends with a line feed. `root` is the folder that paths are
/// shown below (its files are "the user's own"), or empty.
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, root: &[u8], style: Style) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut title = level.primary_title(clean(&diagnostic.message).into_owned());
    if let Some(rule) = &diagnostic.rule {
        title = title.id(clean_line(rule).into_owned());
    }
    let mut group = Group::with_title(title);
    for excerpt in excerpts(diagnostic, sources) {
        group = draw(group, &excerpt, sources, root);
    }
    let placeless = diagnostic
        .labels
        .iter()
        .filter(|label| sources.lookup(label.span.start).is_none());
    let notes = placeless
        .map(|label| &label.text)
        .filter(|text| !text.is_empty())
        .chain(&diagnostic.notes);
    for note in notes {
        group = group.element(Level::NOTE.message(clean(note).into_owned()));
    }
    for hint in &diagnostic.hints {
        group = group.element(Level::HELP.message(clean(hint).into_owned()));
    }
    if !diagnostic.frames.is_empty() && style.frames > 0 {
        let trace = trace(&diagnostic.frames, sources, root, style.frames);
        group = group.element(Level::INFO.with_name("trace").message(trace));
    }
    let renderer = if style.color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut text = renderer
        .decor_style(DecorStyle::Ascii)
        .term_width(style.width.max(40))
        .render(&[group]);
    text.push('\n');
    text
}

/// Returns what to draw: the file of the problem first, labels of one file together where they are near.
fn excerpts<'a>(diagnostic: &'a Diagnostic, sources: &SourceMap) -> Vec<Excerpt<'a>> {
    let mut labels: Vec<&Label> = diagnostic.labels.iter().collect();
    labels.sort_by_key(|label| !label.primary);
    let mut excerpts: Vec<Excerpt> = Vec::new();
    for label in labels {
        let Some((file, start, end)) = range(label.span, sources) else {
            continue;
        };
        let lines = whole_lines(&sources.file(file).text, start, end);
        let joined = |excerpt: &Excerpt| (excerpt.range.0.min(lines.0), excerpt.range.1.max(lines.1));
        let near = excerpts.iter_mut().find(|excerpt| {
            let (from, to) = joined(excerpt);
            excerpt.file == file && to - from <= MOST_SOURCE
        });
        match near {
            Some(excerpt) => {
                excerpt.range = joined(excerpt);
                excerpt.labels.push((label, start, end));
            }
            None => excerpts.push(Excerpt {
                file,
                range: lines,
                labels: vec![(label, start, end)],
            }),
        }
    }
    excerpts
}

/// Returns the text of a span and its byte offsets there; an end that is elsewhere is the start.
fn range(span: Span, sources: &SourceMap) -> Option<(FileId, usize, usize)> {
    let (file, start) = sources.lookup(span.start)?;
    let end = sources
        .lookup(span.end)
        .filter(|&(id, end)| id == file && end >= start)
        .map_or(start, |(_, end)| end);
    Some((file, start as usize, end as usize))
}

/// Returns the offsets of the whole lines that a range touches, without the last end of line.
fn whole_lines(text: &[u8], start: usize, end: usize) -> (usize, usize) {
    let ends_line = |byte: &u8| matches!(byte, b'\n' | b'\r');
    // Between the two bytes of "\r\n" is still the line before.
    let inside = start > 0 && text[start - 1] == b'\r' && text.get(start) == Some(&b'\n');
    let search = if inside { start - 1 } else { start };
    let from = text[..search].iter().rposition(ends_line).map_or(0, |at| at + 1);
    let to = text[end..].iter().position(ends_line).map_or(text.len(), |at| end + at);
    (from, to.max(from))
}

fn draw<'a>(group: Group<'a>, excerpt: &Excerpt, sources: &SourceMap, root: &[u8]) -> Group<'a> {
    let file = sources.file(excerpt.file);
    let name = shown_name(sources, &file.origin, root);
    let (from, to) = excerpt.range;
    let (line, _) = file.line_column(from as u32);
    if to - from > MOST_SOURCE {
        let Some((label, ..)) = excerpt.labels.first() else {
            return group;
        };
        let Some(place) = sources.place(label.span, root) else {
            return group;
        };
        let header = Header::path(name)
            .line(place.line as usize)
            .char_column(place.column as usize);
        let text = if label.text.is_empty() {
            "the source is too long to show"
        } else {
            &label.text
        };
        return group
            .element(header)
            .element(Level::NOTE.message(clean(text).into_owned()));
    }
    let bytes = &file.text[from..to];
    let source = harmless(bytes);
    let at = |offset: usize| {
        let mut at = harmless(&bytes[..offset.clamp(from, to) - from])
            .len()
            .min(source.len());
        // A span that ends inside a character cannot be marked exactly.
        while !source.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let marks: Vec<Annotation> = excerpt
        .labels
        .iter()
        .map(|(label, start, end)| {
            let kind = if label.primary {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            let (start, end) = (at(*start), at(*end));
            let mark = kind.span(start..end.max(start));
            if label.text.is_empty() {
                mark
            } else {
                mark.label(clean(&label.text).into_owned())
            }
        })
        .collect();
    group.element(
        Snippet::source(source)
            .path(name)
            .line_start(line as usize)
            .fold(true)
            .annotations(marks),
    )
}

/// Returns source bytes as text of the same lines in which nothing steers a terminal.
///
/// A prefix becomes a prefix (up to its last character), so that offsets can be carried over.
fn harmless(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let lossy = String::from_utf8_lossy(bytes);
    let mut chars = lossy.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' | '\t' => text.push(c),
            // Both become one line feed, as both end one line in Nix.
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => text.push('\n'),
            c if (c as u32) < 0x20 => text.push(char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}')),
            c if steers(c) => text.push('\u{fffd}'),
            c => text.push(c),
        }
    }
    text
}

/// Returns the way to the problem, one line a frame: own files first, the innermost step of each kind first.
fn trace(frames: &[Frame], sources: &SourceMap, root: &[u8], most: usize) -> String {
    let own = |frame: &Frame| {
        sources
            .locate(frame.span.start)
            .is_some_and(|(file, ..)| is_below(&file.origin, root))
    };
    let mut order: Vec<&Frame> = frames.iter().rev().collect();
    // A frame that is told twice in a row (recursion) is told once.
    order.dedup();
    order.sort_by_key(|frame| !own(frame));
    let left_out = order.len().saturating_sub(most);
    let mut lines: Vec<String> = Vec::with_capacity(most + 1);
    for frame in order.iter().take(most) {
        let text = clean_line(&frame.text);
        lines.push(match sources.place(frame.span, root) {
            Some(place) => format!("{text} ({place})"),
            None => text.into_owned(),
        });
    }
    match left_out {
        0 => {}
        1 => lines.push("… and 1 more step".into()),
        n => lines.push(format!("… and {n} more steps")),
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests;
