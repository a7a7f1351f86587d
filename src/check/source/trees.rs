//! The syntax trees of the flake's Nix files, each parsed once.

use bumpalo::Bump;
use diag::Pos;
use syntax::ast::{AttrName, BindingValue, Bindings, ExprKind, ExprRef};
use syntax::{ParseOptions, Symbol, Symbols, SyntaxError};

use super::files::{File, Files};

/// The tree of a file.
pub(crate) struct Tree<'a> {
    /// Its root; an error expression where it could not be parsed to its end.
    pub root: ExprRef<'a>,
    /// What is wrong with it.
    pub errors: Vec<SyntaxError>,
}

/// The trees of all Nix files.
pub(crate) struct Trees<'a> {
    /// All names in them.
    pub symbols: Symbols,
    /// By the number of the file; none for other files.
    trees: Vec<Option<Tree<'a>>>,
}

impl<'a> Trees<'a> {
    /// Returns the trees of the files, allocated in an arena; strings of theirs are part of the files.
    pub fn parse(files: &'a Files, arena: &'a Bump) -> Trees<'a> {
        let mut symbols = Symbols::new();
        let trees = files
            .iter()
            .map(|file| file.is_nix().then(|| parse(files, file, &mut symbols, arena)))
            .collect();
        Trees { symbols, trees }
    }

    /// Returns the tree of the file of this number.
    pub fn get(&self, index: usize) -> Option<&Tree<'a>> {
        self.trees.get(index).and_then(Option::as_ref)
    }

    /// Returns a name as text.
    pub fn text(&self, symbol: Symbol) -> std::borrow::Cow<'_, str> {
        self.symbols.text(symbol)
    }

    /// Whether a name is this one.
    pub fn is(&self, symbol: Symbol, name: &str) -> bool {
        self.symbols.bytes(symbol) == name.as_bytes()
    }

    /// Returns the binding of this name, the place of its name, and its value where it has one of its own.
    pub fn binding(&self, bindings: &'a Bindings<'a>, name: &str) -> Option<(Pos, Option<ExprRef<'a>>)> {
        let found = bindings.attrs.iter().find(|binding| self.is(binding.name, name))?;
        let value = match found.value {
            BindingValue::Plain(value) => Some(value),
            BindingValue::Inherited | BindingValue::InheritedFrom(_) => None,
        };
        Some((found.pos, value))
    }

    /// Returns the last name of what is called or selected: `mkOption` of `lib.mkOption`.
    pub fn last_name(&self, expr: ExprRef<'a>) -> Option<Symbol> {
        match &expr.kind {
            ExprKind::Var(name) => Some(*name),
            ExprKind::Select { path, .. } => match path.last()? {
                AttrName::Static(name) => Some(*name),
                AttrName::Dynamic(_) => None,
            },
            _ => None,
        }
    }

    /// Whether the last name of an expression is one of these.
    pub fn is_one_of(&self, expr: ExprRef<'a>, names: &[&str]) -> bool {
        self.last_name(expr)
            .is_some_and(|name| names.iter().any(|known| self.is(name, known)))
    }
}

fn parse<'a>(files: &Files, file: &'a File, symbols: &mut Symbols, arena: &'a Bump) -> Tree<'a> {
    let folder = files.absolute(file.folder());
    let folder = folder.strip_suffix(b"/").unwrap_or(&folder);
    let options = ParseOptions {
        home: Some(b"/"),
        // A feature that is off is an error of evaluation, which says so; to read the file it is on.
        pipe_operators: true,
        ..ParseOptions::new(folder)
    };
    let parsed = syntax::parse(&file.text, file.base, symbols, arena, &options);
    Tree {
        root: parsed.root,
        errors: parsed.errors,
    }
}

/// Returns the set of a module's text: what stands in a function, after `let … in`, `with` or `assert`.
pub(crate) fn module_set<'a>(root: ExprRef<'a>) -> Option<&'a Bindings<'a>> {
    let mut expr = root;
    loop {
        expr = match &expr.kind {
            ExprKind::Lambda(lambda) => lambda.body,
            ExprKind::Let { body, .. } | ExprKind::With { body, .. } | ExprKind::Assert { body, .. } => body,
            ExprKind::Attrs(bindings) => return Some(bindings),
            _ => return None,
        };
    }
}
