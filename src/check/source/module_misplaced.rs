//! `module-misplaced`: a module beside the folders of the categories and not in one.

use super::{Answer, Entry, Judged};
use crate::settings::PathPattern;
use crate::source::files::{File, folder, shown};
use crate::source::mentions::Named;
use crate::source::trees::module_set;
use crate::{Level, Rule};
use diag::Span;
use flake::tree::{NodeKind, join};
use report::Stage;
use syntax::ast::ExprKind;

pub(super) const ENTRY: Entry = Entry { rule: &RULE, run };

/// The rule.
pub static RULE: Rule = Rule {
    id: "module-misplaced",
    stage: Stage::Source,
    level: Level::Warning,
    title: "Every module lies in the folder of its category",
    why: "In a repository that sorts its modules into folders, one that lies beside them is looked for in vain, and the \
          options of its category are not where its folder's `default.nix` says. The layout is taken from `layout` in \
          cfgcheck.yaml, or from a `default.nix` that imports nothing but folders of modules, and one or two files.",
    fix: "Move the file into the folder of its category and name it in the `default.nix` there.",
    wrong: "# modules/nixos/default.nix\n{ imports = [ ./services ./networking ./nginx-tuning.nix ]; }",
    right: "# modules/nixos/default.nix\n{ imports = [ ./services ./networking ]; }\n# modules/nixos/services/default.nix\n{ imports = [ ./nginx-tuning.nix ]; }",
};

/// Folders that are usual for modules by category, and whose modules they hold.
const USUAL: [(&str, &str); 4] = [
    ("modules/nixos", "modules of the system"),
    ("modules/home-manager", "modules of homes"),
    ("modules/home", "modules of homes"),
    ("modules/darwin", "modules of the system"),
];

/// So many files may lie beside a category for each three of them before they are no slip but the layout.
const PER_SLIP: usize = 3;

fn run(judged: &Judged<'_, '_>) -> Answer {
    let mut found = Vec::new();
    let mut is_asked = false;
    for (path, modules, told) in folders(judged) {
        let Some(layout) = read(judged, &path, told) else {
            continue;
        };
        is_asked = true;
        for (file, span) in layout.loose {
            let message = format!(
                "{} is in no category: {modules} are in a folder of {}",
                file.shown(),
                shown(&path)
            );
            let mut diagnostic = RULE.found(message).at(span, "");
            let such = layout.categories.first().map(|one| format!(", such as {}", shown(one)));
            diagnostic = diagnostic.hint(format!(
                "move it into the folder of its category{}, and name it in the default.nix there",
                such.unwrap_or_default()
            ));
            found.push(diagnostic.into());
        }
    }
    if is_asked {
        Answer::Judged(found)
    } else {
        Answer::Nothing
    }
}

/// Returns the folders whose modules lie in categories, what they hold, and whether the settings say so.
fn folders(judged: &Judged<'_, '_>) -> Vec<(Vec<u8>, &'static str, bool)> {
    let at = |below: &str| flake::tree::resolve(judged.files.folder(), below.as_bytes());
    let holds = |path: &[u8]| {
        let usual = USUAL.iter().find(|(known, _)| path.ends_with(known.as_bytes()));
        usual.map_or("modules", |(_, modules)| modules)
    };
    match &judged.request.layout.categories {
        Some(patterns) => {
            let fits = |pattern: &PathPattern| at(&pattern.root());
            let named = patterns.iter().filter_map(fits);
            named.map(|path| (path.clone(), holds(&path), true)).collect()
        }
        None => {
            let usual = USUAL
                .iter()
                .filter_map(|(path, modules)| Some((at(path)?, *modules, false)));
            usual.collect()
        }
    }
}

struct Categories<'f> {
    categories: Vec<Vec<u8>>,
    /// Modules in no category, and where to point.
    loose: Vec<(&'f File, Span)>,
}

/// Returns the categories of a folder and what is in none; nothing if the folder is not laid out so.
fn read<'f>(judged: &Judged<'f, '_>, path: &[u8], told: bool) -> Option<Categories<'f>> {
    let files = judged.files;
    if files.kind(path) != Some(NodeKind::Directory) {
        return None;
    }
    let default = join(path, b"default.nix");
    let index = files.index(&default);
    let named = |wanted: &[u8]| {
        let mentions = index.map(|index| judged.graph.mentions(index)).unwrap_or_default();
        let names = |what: &Named| match what {
            Named::File(file) => file == wanted,
            // Where folders are read as widely as they may be meant.
            Named::Below(inner) => join(inner, b"default.nix") == wanted,
            Named::Absent(_) => false,
        };
        mentions
            .iter()
            .find(|mention| names(&mention.what))
            .map(|mention| mention.span)
    };
    let mut found = Categories {
        categories: Vec::new(),
        loose: Vec::new(),
    };
    for below in files.below(path).filter(|below| folder(below) == path) {
        let inner = join(below, b"default.nix");
        if named(&inner).is_some() {
            if !told && !is_index(judged, &inner) {
                return None;
            }
            found.categories.push(below.clone());
        } else if let Some(file) = files.get(below).filter(|file| file.judged && file.is_nix()) {
            let whole = file.span(0..file.text.iter().position(|b| *b == b'\n').unwrap_or(file.text.len()));
            match named(below) {
                _ if *below == default => {}
                Some(span) => found.loose.push((file, span)),
                None if told => found.loose.push((file, whole)),
                None => {}
            }
        }
    }
    let few = found.loose.len() <= (found.categories.len() / PER_SLIP).max(1);
    let fits = told || is_index(judged, &default) && !found.categories.is_empty() && few;
    fits.then_some(found)
}

/// Whether a file does nothing but import paths.
fn is_index(judged: &Judged<'_, '_>, path: &[u8]) -> bool {
    let tree = judged.files.index(path).and_then(|index| judged.trees.get(index));
    let Some(set) = tree.and_then(|tree| module_set(tree.root)) else {
        return false;
    };
    let imports = judged.trees.binding(set, "imports").and_then(|(_, value)| value);
    let Some(ExprKind::List(items)) = imports.map(|imports| &imports.kind) else {
        return false;
    };
    set.attrs.len() == 1 && items.iter().all(|item| matches!(item.kind, ExprKind::Path(_)))
}

#[cfg(test)]
mod tests {
    use crate::source::table::{check, check_with};

    const FLAKE: (&str, &str) = ("flake.nix", "{ outputs = _: { x = ./modules/nixos; }; }");
    const TOLD: &str = "modules/nixos/c.nix is in no category: modules of the system are in a folder of modules/nixos";

    #[test]
    fn a_slip_in_a_layout_is_told() {
        check(
            "module-misplaced",
            &[
                FLAKE,
                ("modules/nixos/default.nix", "{ imports = [ ./a ./c.nix ]; }"),
                ("modules/nixos/a/default.nix", "{ imports = [ ./b.nix ]; }"),
                ("modules/nixos/c.nix", "{ }"),
            ],
            &[&format!("modules/nixos/default.nix:1:19 {TOLD}")],
        );
    }

    #[test]
    fn other_layouts_are_left_alone() {
        let nothing = |files: &[(&str, &str)]| check("module-misplaced", files, &["nothing"]);
        nothing(&[
            FLAKE,
            ("modules/nixos/default.nix", "{ imports = [ ./a.nix ]; }"),
            ("modules/nixos/a.nix", "{ }"),
        ]);
        nothing(&[
            FLAKE,
            ("modules/nixos/default.nix", "{ imports = [ ./a ./b.nix ]; }"),
            ("modules/nixos/a/default.nix", "{ services.nginx.enable = true; }"),
            ("modules/nixos/b.nix", "{ }"),
        ]);
        nothing(&[
            FLAKE,
            ("modules/nixos/default.nix", "{ imports = [ ./a ./b.nix ./c.nix ]; }"),
            ("modules/nixos/a/default.nix", "{ imports = [ ]; }"),
            ("modules/nixos/b.nix", "{ }"),
            ("modules/nixos/c.nix", "{ }"),
        ]);
    }

    #[test]
    fn settings_say_what_the_layout_is() {
        let files = [FLAKE, ("modules/nixos/c.nix", "{ }"), ("modules/nixos/a/b.nix", "{ }")];
        check_with(
            "categories: [modules/nixos]",
            "module-misplaced",
            &files,
            &[&format!("modules/nixos/c.nix:1:1 {TOLD}")],
        );
        check_with("categories: []", "module-misplaced", &files, &["nothing"]);
    }
}
