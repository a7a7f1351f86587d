//! Tables under construction, and the rules on what may be added to them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Toml;
use super::report::Report;

/// A value and where it was written.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) content: Content,
    pub(super) place: Range<usize>,
}

/// What a node holds.
#[derive(Debug)]
pub(super) enum Content {
    Scalar(Toml),
    List {
        items: Vec<Node>,
        /// Whether it was made by `[[headers]]`; else it was written in brackets and cannot grow.
        headers: bool,
    },
    Table {
        entries: Entries,
        origin: Origin,
    },
}

/// The entries of a table.
pub(super) type Entries = BTreeMap<String, Node>;

/// How a table came to be, which decides what may be added to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// On the way to a deeper table's header.
    Implicit,
    /// By its own header.
    Header,
    /// On the way of a dotted key.
    Dotted,
    /// Between braces.
    Inline,
}

/// What is being added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A value with its key.
    Value,
    /// A table with its `[header]`.
    Table,
    /// An element of an array of tables with its `[[header]]`.
    Element,
}

/// Adds a value below a table; `place` is where the key was written.
///
/// Returns the entries of the added table, or those of `table` when a value was added.
pub(super) fn insert<'t>(
    kind: Kind,
    mut table: &'t mut Entries,
    keys: &[String],
    place: &Range<usize>,
    node: Node,
) -> Result<&'t mut Entries, Report> {
    let Some((last, way)) = keys.split_last() else {
        return Err(Report::new("toml::insert_key: no keys found", place.clone(), "here"));
    };
    for key in way {
        table = step(kind, table, key, place)?;
    }
    match kind {
        Kind::Value => {
            if let Some(found) = table.get(last) {
                let title = "toml::insert_value: failed to insert a value, value already exists";
                return Err(Report::new(title, place.clone(), "inserting this")
                    .and(found.place.clone(), "but value already exists"));
            }
            table.insert(last.clone(), node);
            Ok(table)
        }
        Kind::Table => match table.entry(last.clone()).or_insert(Node {
            content: Content::Table {
                entries: Entries::new(),
                origin: Origin::Implicit,
            },
            place: place.clone(),
        }) {
            Node {
                content:
                    Content::Table {
                        entries,
                        origin: origin @ Origin::Implicit,
                    },
                place: old,
            } => {
                *origin = Origin::Header;
                *old = place.clone();
                Ok(entries)
            }
            found => {
                let title = "toml::insert_value: failed to insert a table, table already defined";
                Err(Report::new(title, place.clone(), "inserting this")
                    .and(found.place.clone(), "this table is explicitly defined"))
            }
        },
        Kind::Element => {
            let list = Node {
                content: Content::List {
                    items: Vec::new(),
                    headers: true,
                },
                place: place.clone(),
            };
            let found = table.entry(last.clone()).or_insert(list);
            match &mut found.content {
                Content::List { items, headers: true } => {
                    items.push(node);
                    match items.last_mut() {
                        Some(Node {
                            content: Content::Table { entries, .. },
                            ..
                        }) => Ok(entries),
                        _ => Err(Report::new("toml::insert_key: no keys found", place.clone(), "here")),
                    }
                }
                Content::List { items, .. } if holds_tables(items) => {
                    let title = "toml::insert_value: failed to insert a table, inline array of tables is immutable";
                    Err(Report::new(title, place.clone(), "while inserting this")
                        .and(found.place.clone(), "this is inline array-of-tables"))
                }
                _ => {
                    let title = "toml::insert_value: failed to insert an array of tables, value already exists";
                    Err(Report::new(title, place.clone(), "while inserting this")
                        .and(found.place.clone(), "non-table value already exists"))
                }
            }
        }
    }
}

/// Goes down into the table with the given key, which is made if there is none.
fn step<'t>(kind: Kind, table: &'t mut Entries, key: &str, place: &Range<usize>) -> Result<&'t mut Entries, Report> {
    let origin = if kind == Kind::Value {
        Origin::Dotted
    } else {
        Origin::Implicit
    };
    let found = table.entry(key.to_owned()).or_insert_with(|| Node {
        content: Content::Table {
            entries: Entries::new(),
            origin,
        },
        place: place.clone(),
    });
    let old = found.place.clone();
    let refuse = |title: &str, note: &str, old_note: &str| {
        Err(Report::new(title, place.clone(), note).and(old.clone(), old_note))
    };
    match &mut found.content {
        Content::Table {
            origin: Origin::Inline, ..
        } => refuse(
            "toml::insert_value: failed to insert a value: inline table is immutable",
            "inserting this",
            "to this table",
        ),
        Content::Table { origin, .. } if kind == Kind::Value && *origin != Origin::Dotted => refuse(
            "toml::insert_value: reopening a table using dotted keys",
            "dotted key cannot reopen a table",
            "this table is already closed",
        ),
        Content::Table { entries, .. } => Ok(entries),
        Content::List { headers: false, items } if holds_tables(items) => refuse(
            "toml::insert_value:inline array of tables are immutable",
            "inserting this",
            "inline array of tables",
        ),
        Content::List { headers: true, .. } if kind == Kind::Value => refuse(
            "toml::insert_value:dotted key cannot reopen an array-of-tables",
            "inserting this",
            "to this array-of-tables.",
        ),
        Content::List { headers: true, items } => match items.last_mut() {
            Some(Node {
                content: Content::Table { entries, .. },
                ..
            }) => Ok(entries),
            _ => Err(Report::new("toml::insert_key: no keys found", place.clone(), "here")),
        },
        _ => refuse(
            "toml::insert_value: failed to insert a value, value already exists",
            "while inserting this",
            "non-table value already exists",
        ),
    }
}

/// Whether toml11 takes a list for an array of tables.
fn holds_tables(items: &[Node]) -> bool {
    !items.is_empty() && items.iter().all(|item| matches!(item.content, Content::Table { .. }))
}
