//! `option-undocumented`: an option that says nothing about itself.

use super::{Answer, Entry, Found, Judged};
use crate::source::files::File;
use crate::source::trees::{Tree, Trees, module_set};
use crate::{Level, Rule};
use diag::{Pos, Span};
use report::Stage;
use std::collections::HashSet;
use syntax::ast::{BindingValue, Bindings, ExprKind, ExprRef};
use syntax::walk::each_expr;

pub(super) const ENTRY: Entry = Entry { rule: &RULE, run };

/// The rule.
pub static RULE: Rule = Rule {
    id: "option-undocumented",
    stage: Stage::Source,
    level: Level::Warning,
    title: "Every option has a description",
    why: "The description is what `man configuration.nix`, a search for options and the next person have. An option \
          that is for no one to set says so with `internal = true` or `visible = false`.",
    fix: "Say in a sentence what the option is for: `description = \"…\";`.",
    wrong: "options.fleet.backup.target = lib.mkOption {\n  type = lib.types.str;\n};",
    right: "options.fleet.backup.target = lib.mkOption {\n  type = lib.types.str;\n  description = \"The host that backups go to.\";\n};",
};

/// Types whose element has a name of its own, which stands in an option's path as `<name>`.
const OF_NAMES: [&str; 2] = ["attrsOf", "lazyAttrsOf"];

fn run(judged: &Judged<'_, '_>) -> Answer {
    let mut described = HashSet::new();
    let mut files = Vec::new();
    for (_, file, tree) in judged.modules() {
        let mut reader = Reader {
            file,
            trees: judged.trees,
            open: Vec::new(),
            found: Vec::new(),
            described: &mut described,
        };
        reader.module(tree);
        files.push(reader.found);
    }
    let mut found = Vec::new();
    for mut options in files {
        // An option may be declared in several files, of which one describes it.
        options.retain(|(path, _)| !described.contains(path));
        if options.len() > MOST_TOLD {
            found.push(together(&options));
            continue;
        }
        for (path, span) in options {
            let diagnostic = RULE
                .found(format!("the option `{path}` has no description"))
                .at(span, "");
            found.push(Found::from(diagnostic.hint(HINT)).option(path));
        }
    }
    Answer::Judged(found)
}

const HINT: &str = "say in a sentence what it is for: `description = \"…\";`";

/// Returns one finding for all undescribed options of a file.
fn together(options: &[(String, Span)]) -> Found {
    let (first, span) = &options[0];
    let message = format!(
        "`{first}` and {} more options of this file have no description",
        options.len() - 1
    );
    let others: Vec<String> = options[1..].iter().map(|(path, _)| format!("`{path}`")).collect();
    let diagnostic = RULE.found(message).at(*span, "").note(others.join(", "));
    Found::from(diagnostic.hint("say in a sentence what each is for: `description = \"…\";`"))
}

/// So many options of a file are told each by itself; more of them in one finding.
const MOST_TOLD: usize = 5;

/// What is still to look at: an expression under the path of an option, and where its binding begins.
struct Open<'a> {
    expr: ExprRef<'a>,
    path: Vec<String>,
    pos: Pos,
}

struct Reader<'r, 'a> {
    file: &'r File,
    trees: &'r Trees<'a>,
    open: Vec<Open<'a>>,
    found: Vec<(String, Span)>,
    /// The paths of options that have a description.
    described: &'r mut HashSet<String>,
}

impl<'a> Reader<'_, 'a> {
    fn module(&mut self, tree: &Tree<'a>) {
        if !tree.errors.is_empty() {
            return;
        }
        let Some(set) = module_set(tree.root) else { return };
        self.options_of(set, &[]);
        while let Some(open) = self.open.pop() {
            self.step(open);
        }
        self.found.sort_by_key(|(_, span)| span.start);
    }

    /// Looks at the options that a module's set declares, below the path of the option that it is the type of.
    fn options_of(&mut self, set: &'a Bindings<'a>, above: &[String]) {
        if let Some((pos, Some(options))) = self.trees.binding(set, "options") {
            self.open.push(Open {
                expr: options,
                path: above.to_vec(),
                pos,
            });
        }
    }

    fn step(&mut self, open: Open<'a>) {
        match &open.expr.kind {
            ExprKind::Attrs(bindings) => {
                for binding in bindings.attrs {
                    if let BindingValue::Plain(value) = binding.value {
                        let name = self.trees.text(binding.name).into_owned();
                        self.open.push(Open {
                            expr: value,
                            path: [open.path.as_slice(), &[name]].concat(),
                            pos: binding.pos,
                        });
                    }
                }
                for binding in bindings.dynamic {
                    self.open.push(Open {
                        expr: binding.value,
                        path: [open.path.as_slice(), &["<name>".to_owned()]].concat(),
                        pos: binding.pos,
                    });
                }
            }
            ExprKind::Let { body, .. } | ExprKind::With { body, .. } | ExprKind::Assert { body, .. } => {
                self.open.push(Open { expr: body, ..open });
            }
            ExprKind::Binary { left, right, .. } => {
                self.open.push(Open {
                    expr: left,
                    path: open.path.clone(),
                    ..open
                });
                self.open.push(Open { expr: right, ..open });
            }
            ExprKind::Call { function, args } if self.trees.is_one_of(function, &["mkOption"]) => {
                if let [ExprKind::Attrs(bindings)] = args.iter().map(|arg| &arg.kind).collect::<Vec<_>>()[..] {
                    self.option(bindings, &open);
                }
            }
            ExprKind::Call { function, args }
                if self.trees.is_one_of(function, &["mkIf", "optionalAttrs", "mkMerge"]) =>
            {
                if let Some(last) = args.last() {
                    self.open.push(Open { expr: last, ..open });
                }
            }
            ExprKind::List(items) => {
                for item in items.iter() {
                    self.open.push(Open {
                        expr: item,
                        path: open.path.clone(),
                        ..open
                    });
                }
            }
            _ => {}
        }
    }

    /// Judges one option, and the options of the submodules that its type has.
    fn option(&mut self, bindings: &'a Bindings<'a>, open: &Open<'a>) {
        let value = |name: &str| self.trees.binding(bindings, name).map(|(_, value)| value);
        let says = |name: &str, wanted: &str| {
            value(name).is_some_and(|value| match value.map(|value| &value.kind) {
                Some(ExprKind::Var(own)) => self.trees.is(*own, wanted),
                // Whatever else it is, it may be so.
                _ => true,
            })
        };
        let hidden = says("internal", "true") || says("visible", "false");
        let described = value("description").is_some() || !bindings.dynamic.is_empty();
        let path = path_of(&open.path);
        if described {
            self.described.insert(path);
        } else if !hidden && !self.extends(bindings) {
            let from = (open.pos.0.saturating_sub(self.file.base.0) as usize).min(self.file.text.len());
            let is_name = |byte: &&u8| !byte.is_ascii_whitespace() && !matches!(byte, b'=' | b'{' | b'}' | b';');
            let length = self.file.text[from..].iter().take_while(is_name).count();
            self.found.push((path, self.file.span(from..from + length)));
        }
        if let Some(Some(kind)) = value("type") {
            self.submodules(kind, &open.path);
        }
    }

    /// Whether a declaration only adds options to the submodule of an option that is declared elsewhere.
    fn extends(&self, bindings: &'a Bindings<'a>) -> bool {
        let Some((_, Some(kind))) = self.trees.binding(bindings, "type") else {
            return false;
        };
        let mut has_submodule = false;
        each_expr(kind, |expr| {
            has_submodule |= self.trees.is_one_of(expr, &["submodule", "submoduleWith"])
        });
        has_submodule && bindings.attrs.len() == 1
    }

    /// Looks for submodules in a type.
    fn submodules(&mut self, kind: ExprRef<'a>, path: &[String]) {
        let mut open = vec![(kind, path.to_vec())];
        while let Some((expr, path)) = open.pop() {
            match &expr.kind {
                ExprKind::Call { function, args } => {
                    let is_submodule = self.trees.is_one_of(function, &["submodule", "submoduleWith"]);
                    let named = self.trees.is_one_of(function, &OF_NAMES);
                    let listed = self.trees.is_one_of(function, &["listOf"]);
                    for arg in args.iter() {
                        let mut path = path.clone();
                        if named || listed {
                            path.push(if named { "<name>" } else { "*" }.to_owned());
                        }
                        match module_set(arg) {
                            Some(set) if is_submodule => self.options_of(set, &path),
                            _ => open.push((arg, path)),
                        }
                    }
                }
                ExprKind::With { body, .. } | ExprKind::Let { body, .. } => open.push((body, path)),
                ExprKind::List(items) => open.extend(items.iter().map(|item| (*item, path.clone()))),
                _ => {}
            }
        }
    }
}

/// Returns an option's path as NixOS writes it.
fn path_of(parts: &[String]) -> String {
    let mut out = Vec::new();
    for (n, part) in parts.iter().enumerate() {
        if n > 0 {
            out.push(b'.');
        }
        match part.as_str() {
            "<name>" | "*" => out.extend_from_slice(part.as_bytes()),
            name => syntax::write_identifier(&mut out, name.as_bytes()),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use crate::source::table::check;

    fn told(text: &str, expected: &[&str]) {
        let expected: Vec<String> = expected
            .iter()
            .map(|one| {
                let (at, path) = one.split_once(' ').unwrap();
                format!("a.nix:{at} the option `{path}` has no description")
            })
            .collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check("option-undocumented", &[("a.nix", text)], &expected);
    }

    #[test]
    fn options_need_a_description() {
        told(
            "{ lib, ... }: { options.a.b = lib.mkOption { type = lib.types.str; }; }",
            &["1:17 a.b"],
        );
        told(
            "{ lib, ... }:\nwith lib; {\n  options = { a = mkOption { }; \"b c\" = mkOption { }; };\n}",
            &["3:15 a", "3:33 \"b c\""],
        );
        told(
            "{ lib, ... }: { options.a = { x = lib.mkOption { description = \"d\"; }; } // { y = lib.mkOption { }; }; }",
            &["1:79 a.y"],
        );
        told(
            "{ options.a = lib.mkOption { type = with lib.types; attrsOf (submodule { options.b = lib.mkOption { }; }); description = \"\"; }; }",
            &["1:74 a.<name>.b"],
        );
        told(
            "{ options.a = lib.mkOption { description = \"\"; type = types.listOf (types.submodule ({ name, ... }: { options = { b = mkOption { }; }; })); }; }",
            &["1:115 a.*.b"],
        );
    }

    #[test]
    fn what_says_enough_is_fine() {
        for text in [
            "{ lib, ... }: { options.a = lib.mkEnableOption \"a\"; options.b = lib.mkPackageOption pkgs \"b\" { }; }",
            "{ options.a = lib.mkOption { internal = true; }; }",
            "{ options.a = lib.mkOption { visible = false; }; }",
            "{ options.a = lib.mkOption { inherit description; }; }",
            "{ options.a = lib.mkOption ({ type = x; } // described); }",
            "{ options.a = lib.mkOption common; }",
            "let text = lib.mkOption { }; in { options.a = text // { description = \"d\"; }; }",
            "{ config.a = lib.mkOption { }; }",
            "x: lib.mkOption { }",
        ] {
            told(text, &[]);
        }
        told("{ options.a = lib.mkOption { internal = false; }; }", &["1:3 a"]);
        told(
            "{ options.users.users = mkOption { type = attrsOf (submodule { options.x = mkOption { }; }); }; }",
            &["1:64 users.users.<name>.x"],
        );
    }

    #[test]
    fn an_option_is_described_once() {
        let text = "{ options.a = lib.mkOption { description = \"d\"; }; }";
        check(
            "option-undocumented",
            &[("a.nix", "{ options.a = lib.mkOption { }; }"), ("b.nix", text)],
            &[],
        );
    }

    #[test]
    fn many_options_of_a_file_are_one_finding() {
        let options: String = ('a'..='f').map(|name| format!("{name} = mkOption {{ }}; ")).collect();
        check(
            "option-undocumented",
            &[("a.nix", &format!("{{ options = {{ {options} }}; }}"))],
            &["a.nix:1:15 `a` and 5 more options of this file have no description"],
        );
    }
}
