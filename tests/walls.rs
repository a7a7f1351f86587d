//! The walls of the house: which room may use which, who opens the doors to the machine, and how
//! long a file may be. `docs/ARCHITECTURE.md` is the plan; here it is compared with what is built.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this test looks at the sources themselves"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Most lines of a source file.
const MOST_LINES: usize = 1000;

/// One row of the table of rooms.
struct Room {
    level: u32,
    may_use: BTreeSet<String>,
    planned: bool,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the names between back quotes.
fn quoted(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_string).collect()
}

/// Returns the table of rooms, by name.
fn plan() -> BTreeMap<String, Room> {
    let text = read(&root().join("docs/ARCHITECTURE.md"));
    let (_, section) = text
        .split_once("\n## Rooms\n")
        .expect("the document has a section of rooms");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let rooms = rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 4, "a row has four cells: {row}");
        let level = cells[1]
            .parse()
            .unwrap_or_else(|_| panic!("a level is a number: {row}"));
        let room = Room {
            level,
            may_use: quoted(cells[2]),
            planned: cells[3].starts_with("*planned*"),
        };
        (cells[0].trim_matches('`').to_string(), room)
    });
    rooms.collect()
}

fn metadata() -> Value {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root());
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo writes JSON")
}

/// Returns the room of a package, `cli` for the program itself; `None` for packages that are no room.
fn room_of(package: &str) -> Option<&str> {
    if package == "cfgcheck" {
        Some("cli")
    } else {
        package.strip_prefix("cfgcheck-")
    }
}

/// A use of one room by another, and whether only tests have it.
struct Arrow {
    from: String,
    to: String,
    in_tests: bool,
}

/// Returns the rooms that are built and the arrows between them.
fn built() -> (BTreeSet<String>, Vec<Arrow>) {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("there are packages");
    let mut rooms = BTreeSet::new();
    let mut arrows = Vec::new();
    for package in packages {
        let Some(from) = room_of(package["name"].as_str().unwrap_or_default()) else {
            continue;
        };
        rooms.insert(from.to_string());
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            // A room is reached by its path; a published crate of a like name is none.
            let Some(to) = room_of(dependency["name"].as_str().unwrap_or_default()) else {
                continue;
            };
            if dependency["path"].is_string() {
                let in_tests = dependency["kind"] == "dev";
                arrows.push(Arrow {
                    from: from.to_string(),
                    to: to.to_string(),
                    in_tests,
                });
            }
        }
    }
    (rooms, arrows)
}

#[test]
fn every_room_is_in_the_plan_and_every_room_of_the_plan_is_built() {
    let (built, _) = built();
    let planned: BTreeSet<String> = plan()
        .into_iter()
        .filter(|(_, room)| !room.planned)
        .map(|(name, _)| name)
        .collect();
    assert_eq!(built, planned, "left: built, right: in docs/ARCHITECTURE.md");
}

#[test]
fn rooms_use_only_what_the_plan_allows() {
    let plan = plan();
    let allowed = |arrow: &Arrow| {
        let room = plan.get(&arrow.from);
        room.is_some_and(|room| room.may_use.contains(&arrow.to)) || (arrow.in_tests && arrow.to == "testkit")
    };
    let (_, arrows) = built();
    assert!(!arrows.is_empty(), "the rooms are found");
    let wrong: Vec<String> = arrows
        .iter()
        .filter(|arrow| !allowed(arrow))
        .map(|arrow| format!("{} -> {}", arrow.from, arrow.to))
        .collect();
    assert!(wrong.is_empty(), "not in docs/ARCHITECTURE.md: {wrong:?}");
}

#[test]
fn the_plan_has_no_arrow_upwards_or_sideways() {
    let plan = plan();
    for (name, room) in &plan {
        for used in &room.may_use {
            let level = plan
                .get(used)
                .unwrap_or_else(|| panic!("{name} may use {used}, which is no room"))
                .level;
            assert!(
                level < room.level,
                "{name} (level {}) may use {used} (level {level})",
                room.level
            );
        }
    }
}

/// Returns all files below a folder with this ending.
fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let entry = entry.expect("the folder can be listed");
        let kind = entry.file_type().expect("an entry has a kind");
        if kind.is_dir() {
            files(&entry.path(), ending, found);
        } else if kind.is_file() && entry.path().extension().is_some_and(|extension| extension == ending) {
            found.push(entry.path());
        }
    }
}

#[test]
fn only_the_heap_has_unsafe_code() {
    let mut manifests = vec![root().join("Cargo.toml")];
    files(&root().join("src"), "toml", &mut manifests);
    for manifest in manifests.iter().filter(|path| path.ends_with("Cargo.toml")) {
        let text = read(manifest);
        let denied = text.contains("[lints]\nworkspace = true\n") || text.contains("\nunsafe_code = \"deny\"\n");
        assert!(denied, "{} does not deny unsafe code", manifest.display());
    }
    let mut sources = Vec::new();
    files(&root().join("src"), "rs", &mut sources);
    let lifts = |text: &str| {
        ["allow(unsafe_code", "expect(unsafe_code"]
            .iter()
            .any(|lift| text.contains(lift))
    };
    sources.retain(|path| !path.starts_with(root().join("src/eval/heap")) && lifts(&read(path)));
    assert!(sources.is_empty(), "unsafe code outside the heap: {sources:?}");
}

#[test]
fn each_door_to_the_machine_is_denied_with_a_reason() {
    let text = read(&root().join("clippy.toml"));
    let entries: Vec<&str> = text
        .lines()
        .filter(|line| line.trim_start().starts_with("{ path"))
        .collect();
    for entry in &entries {
        assert!(entry.contains("reason = \""), "{entry} has no reason");
    }
    let doors = [
        "std::fs::read",
        "std::fs::File",
        "std::fs::OpenOptions",
        "std::path::Path::exists",
        "std::env::var_os",
        "std::env::current_dir",
        "std::process::Command",
        "std::process::exit",
        "std::time::SystemTime::now",
        "std::time::Instant::now",
        "std::println",
        "std::eprintln",
    ];
    for door in doors {
        assert!(
            entries.iter().any(|entry| entry.contains(&format!("\"{door}\""))),
            "{door} is open"
        );
    }
}

#[test]
fn no_source_file_is_a_house_of_its_own() {
    let mut sources = Vec::new();
    files(&root().join("src"), "rs", &mut sources);
    files(&root().join("tests"), "rs", &mut sources);
    assert!(sources.len() > 50, "the sources are found");
    let long: Vec<String> = sources
        .iter()
        .map(|path| (path, read(path).lines().count()))
        .filter(|&(_, lines)| lines > MOST_LINES)
        .map(|(path, lines)| {
            format!(
                "{} ({lines} lines)",
                path.strip_prefix(root()).unwrap_or(path).display()
            )
        })
        .collect();
    assert!(long.is_empty(), "these want a second room: {long:?}");
}
