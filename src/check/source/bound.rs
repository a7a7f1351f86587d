//! Values that the user's own files bind to names of secrets, for reports to leave out.
//!
//! What stands as one string is found in the text by reports themselves; here are values that are put
//! together of several strings, or chosen between.

use bumpalo::Bump;
use report::redact::secret_like;
use syntax::ast::{BindingValue, Bindings, ExprKind, ExprRef};
use syntax::walk::each_expr;

use super::files::Files;
use super::trees::Trees;

/// Most values of one binding; each `if` in it doubles them.
const MOST_VALUES: usize = 16;
/// Deepest nesting of an expression that is looked at.
const DEEPEST: usize = 64;

/// Returns the strings that files bind to names of secrets, as far as their text alone tells.
pub fn bound_secrets(files: &Files) -> Vec<String> {
    let arena = Bump::new();
    let trees = Trees::parse(files, &arena);
    let mut found = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let Some(tree) = trees.get(index).filter(|_| file.judged) else {
            continue;
        };
        each_expr(tree.root, |expr| match &expr.kind {
            ExprKind::Attrs(bindings) | ExprKind::Let { bindings, .. } => bound(&trees, bindings, &mut found),
            _ => {}
        });
    }
    found
}

fn bound<'a>(trees: &Trees<'a>, bindings: &Bindings<'a>, found: &mut Vec<String>) {
    for binding in bindings.attrs {
        let BindingValue::Plain(value) = binding.value else {
            continue;
        };
        if secret_like(&trees.text(binding.name)) {
            let values = values(value, 0).unwrap_or_default();
            found.extend(values.iter().map(|value| String::from_utf8_lossy(value).into_owned()));
        }
    }
}

/// Returns the strings that an expression can be, or `None` if its text does not tell.
fn values(expr: ExprRef<'_>, depth: usize) -> Option<Vec<Vec<u8>>> {
    if depth > DEEPEST {
        return None;
    }
    match &expr.kind {
        ExprKind::Str(text) => Some(vec![text.to_vec()]),
        ExprKind::Let { body, .. } | ExprKind::With { body, .. } | ExprKind::Assert { body, .. } => {
            values(body, depth + 1)
        }
        ExprKind::If { then, otherwise, .. } => {
            // What one branch tells is worth knowing, whatever the other is.
            let branches = [then, otherwise].map(|branch| values(branch, depth + 1).unwrap_or_default());
            Some(branches.concat())
        }
        ExprKind::Concat { parts, .. } => {
            let mut all = vec![Vec::new()];
            for (_, part) in *parts {
                let ends = values(part, depth + 1)?;
                let joined = all
                    .iter()
                    .flat_map(|start| ends.iter().map(|end| [&start[..], end].concat()));
                all = joined.take(MOST_VALUES).collect();
            }
            Some(all)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flake::tree::MemoryTree;

    fn check(text: &str, expected: &[&str]) {
        let tree = MemoryTree::new().with_file("a.nix", text);
        let files = Files::read(&tree, b"", b"/f", &[]).expect("the tree can be read");
        assert_eq!(bound_secrets(&files), expected, "{text}");
    }

    #[test]
    fn values_under_names_of_secrets_are_put_together() {
        check("{ a.password = \"one\" + \"two\"; }", &["onetwo"]);
        check("let token = \"a${\"b\"}c\"; in token", &["abc"]);
        check(
            "{ x }: { apiKey = if x then \"one\" + \"1\" else \"two\"; }",
            &["one1", "two"],
        );
        check("{ x }: { apiKey = if x then y else \"two\"; }", &["two"]);
    }

    #[test]
    fn what_the_text_does_not_tell_is_left_out() {
        check("{ password = config.x; token = \"a\" + y; name = \"n\"; }", &[]);
        check(
            "{ passwordFile = \"/run/p\"; password = lib.mkOption { default = \"d\"; }; }",
            &[],
        );
        check(
            &format!("{{ password = {}\"a\"{}; }}", "(\"b\" + ".repeat(200), ")".repeat(200)),
            &[],
        );
        let many = "+ (if x then \"a\" else \"b\")".repeat(10);
        let tree = MemoryTree::new().with_file("a.nix", format!("{{ token = \"\" {many}; }}"));
        let files = Files::read(&tree, b"", b"/f", &[]).expect("the tree can be read");
        assert_eq!(bound_secrets(&files).len(), MOST_VALUES);
    }
}
