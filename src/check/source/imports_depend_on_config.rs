//! `imports-depend-on-config`: which modules there are must be known before what they configure.

use super::{Answer, Entry, Judged};
use crate::source::trees::Trees;
use crate::{Level, Rule};
use diag::Span;
use report::Stage;
use syntax::Symbol;
use syntax::ast::{BindingValue, Bindings, ExprKind, ExprRef};

pub(super) const ENTRY: Entry = Entry { rule: &RULE, run };

/// The rule.
pub static RULE: Rule = Rule {
    id: "imports-depend-on-config",
    stage: Stage::Source,
    level: Level::Error,
    title: "The list of imports does not depend on `config`",
    why: "The values of options come from all modules together, so all of them must be known before the first value \
          is. A list of imports that asks for a value is an infinite recursion.",
    fix: "Import the module always, and decide inside it with `config = lib.mkIf …`.",
    wrong: "{ config, lib, ... }:\n{\n  imports = lib.optionals config.services.nginx.enable [ ./certificates.nix ];\n}",
    right: "{\n  imports = [ ./certificates.nix ];\n}\n# certificates.nix\n{ config, lib, ... }:\n{\n  config = lib.mkIf config.services.nginx.enable { … };\n}",
};

/// Functions of lists that look at all they are given.
const STRICT: [&str; 14] = [
    "map",
    "filter",
    "concatMap",
    "concatLists",
    "flatten",
    "attrValues",
    "attrNames",
    "mapAttrsToList",
    "filterAttrs",
    "genList",
    "unique",
    "head",
    "elemAt",
    "mkIf",
];

fn run(judged: &Judged<'_, '_>) -> Answer {
    let mut found = Vec::new();
    for (_, _, tree) in judged.modules() {
        if !tree.errors.is_empty() {
            continue;
        }
        let mut reader = Reader {
            trees: judged.trees,
            tainted: Vec::new(),
        };
        let Some(imports) = reader.imports(tree.root) else {
            continue;
        };
        if let Some(span) = reader.structure(imports) {
            let diagnostic = RULE.found("`imports` depends on `config`").at(span, "");
            let hint = "import always, and decide inside the module with `config = lib.mkIf …`";
            found.push(diagnostic.hint(hint).into());
        }
    }
    Answer::Judged(found)
}

struct Reader<'r, 'a> {
    trees: &'r Trees<'a>,
    /// Names whose value is one of the configuration.
    tainted: Vec<Symbol>,
}

impl<'a> Reader<'_, 'a> {
    /// Returns the imports of a module that takes `config`, having noted the names that stand for parts of it.
    fn imports(&mut self, root: ExprRef<'a>) -> Option<ExprRef<'a>> {
        let ExprKind::Lambda(lambda) = &root.kind else {
            return None;
        };
        let formals = lambda.formals.as_ref()?;
        // A module that is given more: others are functions of a set that happens to have these names.
        if !formals.ellipsis {
            return None;
        }
        let config = formals
            .formals
            .iter()
            .find(|formal| self.trees.is(formal.name, "config"))?;
        self.tainted.push(config.name);
        let mut expr = lambda.body;
        loop {
            expr = match &expr.kind {
                ExprKind::Let { bindings, body } => {
                    self.scope(bindings);
                    body
                }
                ExprKind::With { body, .. } | ExprKind::Assert { body, .. } => body,
                ExprKind::Attrs(bindings) => return self.trees.binding(bindings, "imports")?.1,
                _ => return None,
            };
        }
    }

    /// Notes the names of a `let` that stand for parts of the configuration, and forgets those that are hidden.
    fn scope(&mut self, bindings: &'a Bindings<'a>) {
        // What is bound later may be used earlier: twice over them finds `a = b; b = config.x;`.
        for _ in 0..2 {
            for binding in bindings.attrs {
                let value = match binding.value {
                    BindingValue::Plain(value) => value,
                    BindingValue::InheritedFrom(source) => bindings.inherit_from[source as usize].1,
                    BindingValue::Inherited => continue,
                };
                self.tainted.retain(|name| *name != binding.name);
                if self.value(value).is_some() {
                    self.tainted.push(binding.name);
                }
            }
        }
    }

    /// Returns where an expression whose value decides the imports asks for the configuration.
    fn value(&self, expr: ExprRef<'a>) -> Option<Span> {
        match &expr.kind {
            ExprKind::Var(name) => self.tainted.contains(name).then_some(expr.span),
            ExprKind::Select { subject, default, .. } => {
                let within = default.and_then(|default| self.value(default));
                self.value(subject).map(|_| expr.span).or(within)
            }
            ExprKind::HasAttr { subject, .. } => self.value(subject).map(|_| expr.span),
            ExprKind::Not(inner) => self.value(inner),
            ExprKind::Binary { left, right, .. } => self.value(left).or_else(|| self.value(right)),
            ExprKind::Concat { parts, .. } => parts.iter().find_map(|(_, part)| self.value(part)),
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => [condition, then, otherwise]
                .into_iter()
                .find_map(|part| self.value(part)),
            // `elem x config.y`, `!config.x`, `config.a < 3`: an unknown function may leave it alone, but then it
            // would not be asked.
            ExprKind::Call { args, .. } => args.iter().find_map(|arg| self.value(arg)),
            _ => None,
        }
    }

    /// Returns where a list of imports asks for the configuration. What is lazy in it, such as the arguments of an
    /// imported function and what stands in a module, may.
    fn structure(&mut self, expr: ExprRef<'a>) -> Option<Span> {
        match &expr.kind {
            ExprKind::List(items) => items.iter().find_map(|item| self.element(item)),
            ExprKind::Binary { left, right, .. } => self.structure(left).or_else(|| self.structure(right)),
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => self
                .value(condition)
                .or_else(|| self.structure(then))
                .or_else(|| self.structure(otherwise)),
            ExprKind::With { body, .. } | ExprKind::Assert { body, .. } => self.structure(body),
            ExprKind::Let { bindings, body } => {
                let before = self.tainted.clone();
                self.scope(bindings);
                let found = self.structure(body);
                self.tainted = before;
                found
            }
            ExprKind::Call { function, args } => {
                if self.trees.is_one_of(function, &["optional", "optionals"]) {
                    let rest = args.get(1).copied();
                    return self
                        .value(args[0])
                        .or_else(|| rest.and_then(|rest| self.structure(rest)));
                }
                let strict = self.trees.is_one_of(function, &STRICT);
                strict.then(|| args.iter().find_map(|arg| self.plain(arg))).flatten()
            }
            _ => self.plain(expr),
        }
    }

    /// One of the imports: a path may be joined from parts, and nothing else is looked into.
    fn element(&mut self, expr: ExprRef<'a>) -> Option<Span> {
        match &expr.kind {
            ExprKind::Concat { .. } => self.value(expr),
            ExprKind::If { condition, .. } => self.value(condition),
            _ => self.plain(expr),
        }
    }

    /// The configuration itself, or a part of it.
    fn plain(&self, expr: ExprRef<'a>) -> Option<Span> {
        match &expr.kind {
            ExprKind::Var(_) | ExprKind::Select { .. } => self.value(expr),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::source::table::check;

    fn bad(text: &str, at: &str) {
        check(
            "imports-depend-on-config",
            &[("a.nix", text)],
            &[&format!("a.nix:{at} `imports` depends on `config`")],
        );
    }

    fn good(text: &str) {
        check("imports-depend-on-config", &[("a.nix", text)], &[]);
    }

    #[test]
    fn conditions_on_the_configuration_are_told() {
        bad(
            "{ config, lib, ... }: { imports = lib.optionals config.a.b [ ./c.nix ]; }",
            "1:49",
        );
        bad(
            "{ config, lib, ... }: { imports = [ ./a.nix ] ++ lib.optional (!config.a.b) ./c.nix; }",
            "1:65",
        );
        bad(
            "{ config, ... }: { imports = if config.a == 1 then [ ] else [ ./b.nix ]; }",
            "1:33",
        );
        bad(
            "{ config, lib, ... }: let cfg = config.x; in { imports = lib.optional cfg.enable ./c.nix; }",
            "1:71",
        );
        bad(
            "{ config, lib, ... }: let inherit (config) x; in { imports = lib.optional x.y ./c.nix; }",
            "1:75",
        );
        bad("{ config, ... }: { imports = config.fleet.modules; }", "1:30");
        bad("{ config, ... }: { imports = map (n: ./n) config.names; }", "1:43");
        bad("{ config, ... }: { imports = [ ./${config.name}.nix ]; }", "1:36");
        bad(
            "{ config, lib, ... }: { imports = lib.optional (lib.elem 1 config.a) ./b.nix; }",
            "1:60",
        );
    }

    #[test]
    fn what_is_lazy_may_depend_on_it() {
        good("{ config, ... }: { imports = [ (import ./a.nix { inherit config; }) ]; }");
        good("{ config, ... }: { imports = [ (import ./a.nix config.b) { x = config.y; } ]; }");
        good("{ config, ... }: { imports = [ ({ config, ... }: { x = config.y; }) ]; }");
        good("{ config, lib, ... }: { imports = [ ./a.nix ]; config = lib.mkIf config.b { }; }");
        good("{ config, lib, ... }: let config = { a = true; }; in { imports = lib.optional config.a ./b.nix; }");
        good("{ lib, ... }: { imports = lib.optional config.a ./b.nix; }");
        good("{ config }: { imports = config.x; }");
        good("{ config, lib, hostName, ... }: { imports = lib.optional (hostName == \"a\") ./b.nix; }");
    }
}
