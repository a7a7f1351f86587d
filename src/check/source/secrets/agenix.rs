//! `secrets.nix` of agenix: which public keys each `.age` file is to be encrypted for.
//!
//! The file is Nix code; what is usual in one is understood: names in a `let`, lists, `++`, attributes of sets, and
//! another file of the flake that is imported. An entry that is made in another way is left alone.

use flake::tree::resolve;
use syntax::ast::{AttrName, BinaryOp, BindingValue, Bindings, ExprKind, ExprRef};

use super::recipients::{Kind, Recipient};
use crate::source::files::Files;
use crate::source::trees::Trees;

/// Deepest nesting of names in names.
const MOST_DEPTH: usize = 32;
/// Most keys of an entry.
const MOST_KEYS: usize = 10_000;

/// A file that `secrets.nix` names.
pub(crate) struct Entry {
    /// The number of the `secrets.nix`.
    pub index: usize,
    /// The bytes of the name there.
    pub at: std::ops::Range<usize>,
    /// The file's path in the tree.
    pub path: Vec<u8>,
    /// The keys that it is to be encrypted for.
    pub recipients: Vec<Recipient>,
}

/// Returns what every `secrets.nix` says.
pub(crate) fn entries(files: &Files, trees: &Trees<'_>) -> Vec<Entry> {
    let mut found = Vec::new();
    let own = files
        .iter()
        .enumerate()
        .filter(|(_, file)| file.judged && file.name() == b"secrets.nix");
    for (index, file) in own {
        let Some(tree) = trees.get(index).filter(|tree| tree.errors.is_empty()) else {
            continue;
        };
        let reader = Reader { files, trees };
        let (scopes, Some(set)) = body(tree.root) else { continue };
        for binding in set.attrs {
            let name = trees.symbols.bytes(binding.name);
            let BindingValue::Plain(value) = binding.value else {
                continue;
            };
            let ExprKind::Attrs(entry) = &value.kind else { continue };
            let Some((_, Some(keys))) = trees.binding(entry, "publicKeys") else {
                continue;
            };
            let (Some(path), true) = (resolve(file.folder(), name), name.ends_with(b".age")) else {
                continue;
            };
            let mut recipients = Vec::new();
            if reader.keys(keys, &scopes, file.base.0, 0, &mut recipients).is_none() {
                continue;
            }
            let start = (binding.pos.0 - file.base.0) as usize;
            found.push(Entry {
                index,
                at: start..(start + name.len() + 2).min(file.text.len()),
                path,
                recipients,
            });
        }
    }
    found
}

/// Returns the set of a file and the `let`s around it, the outermost first.
fn body<'a>(root: ExprRef<'a>) -> (Vec<&'a Bindings<'a>>, Option<&'a Bindings<'a>>) {
    let mut scopes = Vec::new();
    let mut expr = root;
    loop {
        match &expr.kind {
            ExprKind::Let { bindings, body } => {
                scopes.push(*bindings);
                expr = body;
            }
            ExprKind::Attrs(set) => {
                if set.recursive {
                    scopes.push(set);
                }
                return (scopes, Some(set));
            }
            _ => return (scopes, None),
        }
    }
}

struct Reader<'r, 'a> {
    files: &'r Files,
    trees: &'r Trees<'a>,
}

impl<'a> Reader<'_, 'a> {
    /// Adds the keys that an expression stands for; `None` if it cannot be told.
    fn keys(
        &self,
        expr: ExprRef<'a>,
        scopes: &[&'a Bindings<'a>],
        base: u32,
        depth: usize,
        out: &mut Vec<Recipient>,
    ) -> Option<()> {
        if depth > MOST_DEPTH || out.len() > MOST_KEYS {
            return None;
        }
        let at = (expr.span.start.0.checked_sub(base)? as usize)..(expr.span.end.0.checked_sub(base)? as usize);
        match &expr.kind {
            ExprKind::Str(text) => {
                out.push(Recipient {
                    kind: Kind::Age,
                    id: std::str::from_utf8(text).ok()?.trim().to_owned(),
                    name: None,
                    at,
                });
                Some(())
            }
            ExprKind::List(items) => items
                .iter()
                .try_for_each(|item| self.keys(item, scopes, base, depth + 1, out)),
            ExprKind::Binary {
                op: BinaryOp::ConcatLists,
                left,
                right,
            } => {
                self.keys(left, scopes, base, depth + 1, out)?;
                self.keys(right, scopes, base, depth + 1, out)
            }
            ExprKind::Call { function, args }
                if self
                    .trees
                    .is_one_of(function, &["attrValues", "concatLists", "flatten"]) =>
            {
                let [arg] = args else { return None };
                let (value, scopes) = self.value(arg, scopes, depth)?;
                match &value.kind {
                    ExprKind::Attrs(set) => set.attrs.iter().try_for_each(|binding| match binding.value {
                        BindingValue::Plain(value) => self.named(value, &scopes, binding.name, &at, depth, out),
                        _ => None,
                    }),
                    ExprKind::List(_) => self.keys(value, &scopes, base, depth + 1, out),
                    _ => None,
                }
            }
            ExprKind::Var(_) | ExprKind::Select { .. } => {
                let name = self.trees.last_name(expr)?;
                let (value, scopes) = self.value(expr, scopes, depth)?;
                self.named(value, &scopes, name, &at, depth, out)
            }
            _ => None,
        }
    }

    /// Adds the keys of a value that has a name: one key has it too, and all are told at the name's place.
    fn named(
        &self,
        value: ExprRef<'a>,
        scopes: &[&'a Bindings<'a>],
        name: syntax::Symbol,
        at: &std::ops::Range<usize>,
        depth: usize,
        out: &mut Vec<Recipient>,
    ) -> Option<()> {
        let from = out.len();
        // The value may stand in another file; its places count for nothing.
        self.keys(value, scopes, 0, depth + 1, out)?;
        let single = matches!(value.kind, ExprKind::Str(_));
        for recipient in &mut out[from..] {
            recipient.at = at.clone();
            if single {
                recipient.name = Some(self.trees.text(name).into_owned());
            }
        }
        Some(())
    }

    /// Returns what a name or an attribute stands for, and the scopes that count there.
    fn value(
        &self,
        expr: ExprRef<'a>,
        scopes: &[&'a Bindings<'a>],
        depth: usize,
    ) -> Option<(ExprRef<'a>, Vec<&'a Bindings<'a>>)> {
        if depth > MOST_DEPTH {
            return None;
        }
        match &expr.kind {
            ExprKind::Var(name) => {
                let (level, found) = scopes
                    .iter()
                    .enumerate()
                    .rev()
                    .find_map(|(level, scope)| Some((level, self.bound(scope, *name)?)))?;
                let inner = scopes[..=level].to_vec();
                match found {
                    Bound::Value(value) => self.value(value, &inner, depth + 1),
                    Bound::From(source) => {
                        let (source, inner) = self.value(source, &inner, depth + 1)?;
                        self.attribute(source, &inner, *name, depth)
                    }
                }
            }
            ExprKind::Select {
                subject,
                path,
                default: None,
            } => {
                let (mut value, mut inner) = self.value(subject, scopes, depth + 1)?;
                for part in path.iter() {
                    let AttrName::Static(name) = part else { return None };
                    (value, inner) = self.attribute(value, &inner, *name, depth)?;
                }
                Some((value, inner))
            }
            ExprKind::Call { function, args } if self.trees.is_one_of(function, &["import"]) => {
                let [ExprKind::Path(path)] = args.iter().map(|arg| &arg.kind).collect::<Vec<_>>()[..] else {
                    return None;
                };
                let inner = path.strip_prefix(self.files.root())?;
                let root = self.trees.get(self.files.index(&resolve(b"", inner)?)?)?.root;
                let (scopes, set) = body(root);
                let set = set?;
                let mut expr = root;
                while let ExprKind::Let { body, .. } = &expr.kind {
                    expr = body;
                }
                debug_assert!(matches!(&expr.kind, ExprKind::Attrs(own) if std::ptr::eq(*own, set)));
                Some((expr, scopes))
            }
            _ => Some((expr, scopes.to_vec())),
        }
    }

    fn attribute(
        &self,
        set: ExprRef<'a>,
        scopes: &[&'a Bindings<'a>],
        name: syntax::Symbol,
        depth: usize,
    ) -> Option<(ExprRef<'a>, Vec<&'a Bindings<'a>>)> {
        let ExprKind::Attrs(bindings) = &set.kind else {
            return None;
        };
        let mut inner = scopes.to_vec();
        if bindings.recursive {
            inner.push(bindings);
        }
        match bindings.attrs.iter().find(|binding| binding.name == name)?.value {
            BindingValue::Plain(value) => self.value(value, &inner, depth + 1),
            BindingValue::Inherited => {
                let level = scopes.iter().rposition(|scope| self.bound(scope, name).is_some())?;
                match self.bound(scopes[level], name)? {
                    Bound::Value(value) => self.value(value, &scopes[..=level], depth + 1),
                    Bound::From(_) => None,
                }
            }
            BindingValue::InheritedFrom(_) => None,
        }
    }

    fn bound(&self, scope: &'a Bindings<'a>, name: syntax::Symbol) -> Option<Bound<'a>> {
        match scope.attrs.iter().find(|binding| binding.name == name)?.value {
            BindingValue::Plain(value) => Some(Bound::Value(value)),
            BindingValue::InheritedFrom(source) => Some(Bound::From(scope.inherit_from[source as usize].1)),
            BindingValue::Inherited => None,
        }
    }
}

/// What a name in a scope is bound to.
enum Bound<'a> {
    Value(ExprRef<'a>),
    /// An attribute of the same name of this set.
    From(ExprRef<'a>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use bumpalo::Bump;
    use flake::tree::MemoryTree;

    /// Checks for whom each file is to be encrypted; `?` where an entry is left alone.
    fn check(text: &str, expected: &[(&str, &[&str])]) {
        let keys = "{ carol = \"age1carol\"; all = [ \"age1carol\" ]; }";
        let tree = MemoryTree::new()
            .with_file("s/secrets.nix", text)
            .with_file("s/keys.nix", keys);
        let files = Files::read(&tree, b"", b"/f", &[]).unwrap();
        let arena = Bump::new();
        let trees = Trees::parse(&files, &arena);
        let found: Vec<_> = entries(&files, &trees)
            .into_iter()
            .map(|entry| {
                let told: Vec<_> = entry.recipients.iter().map(|one| format!("{one}={}", one.id)).collect();
                (String::from_utf8(entry.path).unwrap(), told)
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(path, keys)| {
                (
                    path.to_string(),
                    keys.iter().map(|key| key.to_string()).collect::<Vec<_>>(),
                )
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn keys_are_found_behind_names() {
        check(
            "let alice = \"age1a\"; all = [ alice \"age1b\" ]; in { \"x.age\".publicKeys = all ++ [ alice ]; }",
            &[("s/x.age", &["alice=age1a", "age1b=age1b", "alice=age1a"])],
        );
        check(
            "let u = { a = \"age1a\"; }; in { \"x.age\".publicKeys = builtins.attrValues u; \"y.age\" = { publicKeys = [ u.a ]; }; }",
            &[("s/x.age", &["a=age1a"]), ("s/y.age", &["a=age1a"])],
        );
        check(
            "let keys = import ./keys.nix; inherit (keys) all; in { \"x.age\".publicKeys = [ keys.carol ]; \"y.age\".publicKeys = all; }",
            &[("s/x.age", &["carol=age1carol"]), ("s/y.age", &["age1carol=age1carol"])],
        );
    }

    #[test]
    fn what_cannot_be_told_is_left_alone() {
        check(
            "let a = f 1; in { \"x.age\".publicKeys = [ a ]; \"y.age\".publicKeys = [ ]; n.age = 1; }",
            &[("s/y.age", &[])],
        );
        check("let a = b; b = a; in { \"x.age\".publicKeys = a; }", &[]);
        check("x: x", &[]);
    }
}
