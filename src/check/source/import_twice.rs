//! `import-twice`: the same path twice in one list of imports.

use super::{Answer, Entry, Judged};
use crate::source::trees::module_set;
use crate::{Level, Rule};
use report::Stage;
use syntax::ast::ExprKind;

pub(super) const ENTRY: Entry = Entry { rule: &RULE, run };

/// The rule.
pub static RULE: Rule = Rule {
    id: "import-twice",
    stage: Stage::Source,
    level: Level::Warning,
    title: "A list of imports names a file once",
    why: "The module system takes the same path once, so the second line does nothing. It is mostly the rest of a \
          merge, or one of the two was to be another file.",
    fix: "Delete one of the two, or put right the one that was to be another file.",
    wrong: "{ imports = [ ./web.nix ./mail.nix ./web.nix ]; }",
    right: "{ imports = [ ./web.nix ./mail.nix ]; }",
};

fn run(judged: &Judged<'_, '_>) -> Answer {
    let mut found = Vec::new();
    for (_, _, tree) in judged.modules() {
        let imports = module_set(tree.root).and_then(|set| judged.trees.binding(set, "imports")?.1);
        let Some(ExprKind::List(items)) = imports.map(|imports| &imports.kind) else {
            continue;
        };
        let mut seen: Vec<(&[u8], diag::Span)> = Vec::new();
        for item in items.iter() {
            let ExprKind::Path(path) = item.kind else { continue };
            match seen.iter().find(|(known, _)| *known == path) {
                Some((_, first)) => {
                    let diagnostic = RULE.found("this path is in the list already").at(item.span, "");
                    found.push(
                        diagnostic
                            .also(*first, "here first")
                            .hint("delete one of the two")
                            .into(),
                    );
                }
                None => seen.push((path, item.span)),
            }
        }
    }
    Answer::Judged(found)
}

#[cfg(test)]
mod tests {
    use crate::source::table::check;

    #[test]
    fn the_second_of_two_is_told() {
        let told = "this path is in the list already";
        check(
            "import-twice",
            &[
                ("a.nix", "{ ... }: { imports = [ ./b.nix ./c.nix ./x/../b.nix ]; }"),
                (
                    "d.nix",
                    "{ imports = [ ./b.nix ] ++ [ ./b.nix ]; other = [ ./b.nix ./b.nix ]; }",
                ),
            ],
            &[&format!("a.nix:1:40 {told}")],
        );
    }
}
