//! `module-orphan`: a Nix file that nothing leads to.

use super::{Answer, Entry, Judged};
use crate::source::files::{File, folder, shown};
use crate::source::trees::{Tree, module_set};
use crate::{Level, Rule};
use flake::tree::join;
use report::Stage;
use syntax::ast::ExprKind;

pub(super) const ENTRY: Entry = Entry { rule: &RULE, run };

/// The rule.
pub static RULE: Rule = Rule {
    id: "module-orphan",
    stage: Stage::Source,
    level: Level::Warning,
    title: "Every Nix file is reachable from flake.nix",
    why: "A module that nothing imports has no effect, however complete it looks. Whoever wrote it believes that \
          backups run, or that a port is closed. A file counts as reachable if any path may mean it, also by its folder.",
    fix: "Import it, or delete it; what is kept on purpose goes under `exclude` in cfgcheck.yaml.",
    wrong: "# modules/default.nix, beside modules/backup.nix\n{ imports = [ ./web.nix ]; }",
    right: "# modules/default.nix, beside modules/backup.nix\n{ imports = [ ./web.nix ./backup.nix ]; }",
};

fn run(judged: &Judged<'_, '_>) -> Answer {
    let (files, graph) = (judged.files, judged.graph);
    if !graph.has_entry {
        return Answer::Nothing;
    }
    if let Some(framework) = graph.framework {
        return Answer::Skipped(format!("the flake finds its files by {framework}"));
    }
    if files.is_cut() {
        return Answer::Skipped("the flake has more files than are looked at".into());
    }
    let mut found = Vec::new();
    for index in graph.orphans(files) {
        let (file, Some(tree)) = (files.at(index), judged.trees.get(index)) else {
            continue;
        };
        let is_hidden = file.path.split(|byte| *byte == b'/').any(|part| part.starts_with(b"."));
        if is_hidden || !tree.errors.is_empty() {
            continue;
        }
        let what = if is_module(tree) { "module" } else { "file" };
        let first = file
            .text
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(file.text.len());
        let diagnostic = RULE
            .found(format!("nothing imports this {what}"))
            .at(file.span(0..first), "");
        let hint = match importer(judged, file) {
            Some(path) => format!("import it in {}, or delete it", shown(&path)),
            None => "import it where it belongs, or delete it".into(),
        };
        found.push(diagnostic.hint(hint).into());
    }
    Answer::Judged(found)
}

/// Returns the nearest `default.nix` that may import a file and is reached itself.
fn importer(judged: &Judged<'_, '_>, file: &File) -> Option<Vec<u8>> {
    let mut above = file.folder();
    loop {
        let default = join(above, b"default.nix");
        let is_reached = |index: usize| judged.graph.is_reached(index);
        if default != file.path && judged.files.index(&default).is_some_and(is_reached) {
            return Some(default);
        }
        if above.is_empty() {
            return None;
        }
        above = folder(above);
    }
}

/// Whether a file looks like a module: a set, or a function that takes a set with more than it names.
fn is_module(tree: &Tree<'_>) -> bool {
    let takes_any = match &tree.root.kind {
        ExprKind::Lambda(lambda) => lambda.formals.as_ref().is_some_and(|formals| formals.ellipsis),
        ExprKind::Attrs(_) => true,
        _ => false,
    };
    takes_any && module_set(tree.root).is_some()
}

#[cfg(test)]
mod tests {
    use crate::source::table::check;

    #[test]
    fn orphans_are_modules_or_files() {
        check(
            "module-orphan",
            &[
                ("flake.nix", "{ outputs = _: { nixosModules.default = ./modules; }; }"),
                ("modules/default.nix", "{ }"),
                ("modules/backup.nix", "# Backups.\n{ config, ... }: { }"),
                ("lib/f.nix", "x: x + 1"),
                (".hidden/f.nix", "x: x + 1"),
            ],
            &[
                "lib/f.nix:1:1 nothing imports this file",
                "modules/backup.nix:1:1 nothing imports this module",
            ],
        );
    }

    #[test]
    fn counterexamples_that_are_kept_are_no_modules_and_lead_to_none() {
        let kept = "{ law = \"a\"; flake = builtins.getFlake (toString ../.); imports = [ ./a.nix ./a.nix ]; options.a = lib.mkOption { }; }";
        let files = [
            ("flake.nix", "{ outputs = _: { nixosModules.default = ./a.nix; }; }"),
            ("a.nix", "{ }"),
            ("orphan.nix", "{ ... }: { }"),
            ("prop-regressions/a-law--web--x.nix", kept),
            ("prop-regressions.nix", "{ ... }: { }"),
        ];
        let orphans = [
            "orphan.nix:1:1 nothing imports this module",
            "prop-regressions.nix:1:1 nothing imports this module",
        ];
        check("module-orphan", &files, &orphans);
        check("import-twice", &files, &[]);
        check("option-undocumented", &files, &[]);
    }

    #[test]
    fn frameworks_find_files_by_themselves() {
        check(
            "module-orphan",
            &[
                (
                    "flake.nix",
                    "{ inputs.blueprint.url = \"github:numtide/blueprint\"; outputs = i: i.blueprint { inputs = i; }; }",
                ),
                ("hosts/web/configuration.nix", "{ }"),
            ],
            &["skipped: the flake finds its files by numtide/blueprint"],
        );
        check("module-orphan", &[("a.nix", "1")], &["nothing"]);
    }
}
