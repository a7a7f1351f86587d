//! Walking a syntax tree without recursion, however deep it is, and parsing a source text again.

use bumpalo::Bump;
use diag::{FileId, Origin, Pos};
use eval::Evaluator;
use syntax::Symbols;
use syntax::ast::{AttrName, BindingValue, Bindings, ExprKind, ExprRef};

/// A source text that was parsed again.
pub(super) struct Tree<'t> {
    /// Its root.
    pub root: ExprRef<'t>,
    /// Its bytes.
    pub text: &'t [u8],
    /// The position of its first byte.
    pub base: Pos,
    /// The names in it.
    pub symbols: &'t Symbols,
}

impl Tree<'_> {
    /// Returns the byte offset of a position of this text.
    pub fn offset(&self, pos: Pos) -> usize {
        (pos.0.saturating_sub(self.base.0) as usize).min(self.text.len())
    }

    /// Returns the position of a byte offset.
    pub fn pos(&self, offset: usize) -> Pos {
        self.base.offset(offset as u32)
    }
}

/// Parses a source text again and hands its tree to `look`. What could not be parsed is an error
/// expression in the tree, so that there is always one.
pub(super) fn with_tree<R>(ev: &mut Evaluator, file: FileId, look: impl FnOnce(&Tree<'_>) -> R) -> R {
    let source = ev.sources.file(file);
    let (text, base) = (source.text.clone(), source.base);
    let folder = match &source.origin {
        Origin::File(path) => path.rsplitn(2, |&b| b == b'/').nth(1).unwrap_or_default().to_vec(),
        Origin::String | Origin::Stdin => Vec::new(),
    };
    let folder = if folder.is_empty() { b"/".to_vec() } else { folder };
    let arena = Bump::new();
    let options = syntax::ParseOptions {
        home: Some(b"/"),
        pipe_operators: ev.settings.pipe_operators,
        ..syntax::ParseOptions::new(&folder)
    };
    let parsed = syntax::parse(&text, base, &mut ev.symbols, &arena, &options);
    look(&Tree {
        root: parsed.root,
        text: &text,
        base,
        symbols: &ev.symbols,
    })
}

/// Returns the id of the text of a file, the one read last if there are several.
pub(super) fn find_file(ev: &Evaluator, path: &[u8]) -> Option<FileId> {
    let is = |id: &FileId| matches!(&ev.sources.file(*id).origin, Origin::File(own) if **own == *path);
    (0..ev.sources.len() as u32).rev().map(FileId).find(is)
}

/// Calls `visit` with every expression of a tree.
pub(super) fn each_expr<'a>(root: ExprRef<'a>, mut visit: impl FnMut(ExprRef<'a>)) {
    let mut open = vec![root];
    while let Some(expr) = open.pop() {
        visit(expr);
        children(expr, &mut open);
    }
}

/// Adds the expressions that stand directly in another.
pub(super) fn children<'a>(expr: ExprRef<'a>, out: &mut Vec<ExprRef<'a>>) {
    match &expr.kind {
        ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Str(_)
        | ExprKind::Path(_)
        | ExprKind::Var(_)
        | ExprKind::CurPos
        | ExprKind::Error => {}
        ExprKind::Select { subject, path, default } => {
            out.push(subject);
            names(path, out);
            out.extend(default);
        }
        ExprKind::HasAttr { subject, path } => {
            out.push(subject);
            names(path, out);
        }
        ExprKind::Attrs(bindings) => bound(bindings, out),
        ExprKind::List(items) => out.extend(items.iter().copied()),
        ExprKind::Lambda(lambda) => {
            let formals = lambda.formals.iter().flat_map(|f| f.formals.iter());
            out.extend(formals.filter_map(|formal| formal.default));
            out.push(lambda.body);
        }
        ExprKind::Call { function, args } => {
            out.push(function);
            out.extend(args.iter().copied());
        }
        ExprKind::Let { bindings, body } => {
            bound(bindings, out);
            out.push(body);
        }
        ExprKind::With { scope, body } => out.extend([*scope, *body]),
        ExprKind::If {
            condition,
            then,
            otherwise,
        } => out.extend([*condition, *then, *otherwise]),
        ExprKind::Assert { condition, body } => out.extend([*condition, *body]),
        ExprKind::Not(inner) => out.push(inner),
        ExprKind::Binary { left, right, .. } => out.extend([*left, *right]),
        ExprKind::Concat { parts, .. } => out.extend(parts.iter().map(|(_, part)| *part)),
    }
}

fn names<'a>(path: &'a [AttrName<'a>], out: &mut Vec<ExprRef<'a>>) {
    for name in path {
        if let AttrName::Dynamic(expr) = name {
            out.push(expr);
        }
    }
}

fn bound<'a>(bindings: &'a Bindings<'a>, out: &mut Vec<ExprRef<'a>>) {
    for binding in bindings.attrs {
        if let BindingValue::Plain(value) = binding.value {
            out.push(value);
        }
    }
    out.extend(bindings.inherit_from.iter().map(|(_, source)| *source));
    for binding in bindings.dynamic {
        out.extend([binding.name, binding.value]);
    }
}
