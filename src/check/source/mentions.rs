//! What a Nix file says of other files: paths that it imports, lists, reads or joins.
//!
//! A file is only called an orphan where nothing can reach it. So a path is read as widely as it may be meant: a
//! folder that is imported, or stands in a list of modules, is its `default.nix`; a folder that goes to an unknown
//! function, or that something is joined to, is everything below it.

use std::collections::HashSet;

use diag::Span;
use flake::tree::{NodeKind, join, resolve};
use syntax::Symbol;
use syntax::ast::{BindingValue, Bindings, ExprKind, ExprRef};
use syntax::walk::each_expr;

use super::files::{File, Files, folder};
use super::trees::Trees;

/// A place that names a file or a folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Mention {
    /// What is named.
    pub what: Named,
    /// Where.
    pub span: Span,
}

/// What a path in a file names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Named {
    /// A file.
    File(Vec<u8>),
    /// A folder for everything that lies in it.
    Below(Vec<u8>),
    /// Nothing that is in the tree.
    Absent(Vec<u8>),
}

/// Functions that read the file, or the `default.nix` of the folder, that they are given.
const IMPORTERS: [&str; 8] = [
    "import",
    "scopedImport",
    "importApply",
    "callPackage",
    "callPackages",
    "callPackageWith",
    "callPackagesWith",
    "pathExists",
];

/// Functions that copy sources; no Nix code is found in what they are given.
const COPIERS: [&str; 11] = [
    "cleanSource",
    "cleanSourceWith",
    "cleanSourceFilter",
    "filterSource",
    "gitignoreSource",
    "sourceByRegex",
    "sourceFilesBySuffices",
    "toSource",
    "gitTracked",
    "readFile",
    "path",
];

/// Functions that give back what they are given, or a part of it.
const PASSERS: [&str; 13] = [
    "optional",
    "optionals",
    "mkIf",
    "mkMerge",
    "mkForce",
    "mkDefault",
    "mkBefore",
    "mkAfter",
    "mkOverride",
    "flatten",
    "concatLists",
    "singleton",
    "unique",
];

/// Names that list what is in folders. A repository that has one may mean all of a folder wherever it names one.
const WALKERS: [&str; 11] = [
    "readDir",
    "listFilesRecursive",
    "import-tree",
    "importTree",
    "haumea",
    "rakeLeaves",
    "flattenTree",
    "mapModules",
    "mapModulesRec",
    "packagesFromDirectoryRecursive",
    "collectDir",
];

/// How a path is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meant {
    /// It is imported.
    Imported,
    /// It stands in a list or is bound to a name.
    Kept,
    /// It is bound to `src`: the whole flake is then a source to build and not a folder of modules.
    Source,
    /// It is copied.
    Copied,
    /// It is given to a function, or is a value by itself.
    Given,
}

/// Whether any Nix file of the flake lists folders.
pub(crate) fn walks_folders(files: &Files) -> bool {
    let has = |text: &[u8], name: &str| memchr::memmem::find(text, name.as_bytes()).is_some();
    files
        .judged()
        .filter(|file| file.is_nix())
        .any(|file| WALKERS.iter().any(|name| has(&file.text, name)))
}

/// Returns the names that something is joined to, or that go to an unknown function: a folder of such a name may mean
/// all that is in it.
pub(crate) fn joined_names(files: &Files, trees: &Trees<'_>) -> HashSet<Symbol> {
    let mut names = HashSet::new();
    for (index, _) in files.iter().enumerate().filter(|(_, file)| file.judged) {
        let Some(tree) = trees.get(index) else { continue };
        each_expr(tree.root, |expr| match &expr.kind {
            ExprKind::Concat { parts, .. } => names.extend(parts.iter().filter_map(|(_, part)| trees.last_name(part))),
            ExprKind::Call { function, args } => {
                let known = [&IMPORTERS[..], &COPIERS, &PASSERS];
                if !known.iter().any(|known| trees.is_one_of(function, known)) {
                    names.extend(args.iter().filter_map(|arg| trees.last_name(arg)));
                }
            }
            _ => {}
        });
    }
    // What everything has a `default` of tells nothing.
    names.retain(|name| !trees.is(*name, "default"));
    names
}

/// Reads the mentions of a file.
pub(crate) struct Reader<'r, 'a> {
    pub files: &'r Files,
    pub trees: &'r Trees<'a>,
    /// Whether a folder by itself may mean all that is in it.
    pub wide: bool,
    /// Names by which folders are joined to something.
    pub joined: HashSet<Symbol>,
}

impl<'a> Reader<'_, 'a> {
    /// Returns what the file of this number mentions.
    pub fn mentions(&self, index: usize) -> Vec<Mention> {
        let mut found = Vec::new();
        let Some(tree) = self.trees.get(index) else {
            return found;
        };
        let from = self.files.at(index);
        let mut open = vec![(tree.root, Meant::Given)];
        while let Some((expr, meant)) = open.pop() {
            self.step(expr, meant, from, &mut open, &mut found);
        }
        found
    }

    fn step(
        &self,
        expr: ExprRef<'a>,
        meant: Meant,
        from: &File,
        open: &mut Vec<(ExprRef<'a>, Meant)>,
        found: &mut Vec<Mention>,
    ) {
        match &expr.kind {
            ExprKind::Path(path) => self.path(path, meant, expr.span, found),
            ExprKind::Str(text) => self.words(text, false, from, expr.span, found),
            ExprKind::Concat { parts, .. } => self.joined(expr, parts, meant, from, open, found),
            ExprKind::Call { function, args } => {
                open.push((function, Meant::Given));
                let inner = if self.trees.is_one_of(function, &IMPORTERS) {
                    Meant::Imported
                } else if self.trees.is_one_of(function, &COPIERS) {
                    Meant::Copied
                } else if self.trees.is_one_of(function, &PASSERS) {
                    meant
                } else {
                    Meant::Given
                };
                open.extend(args.iter().map(|arg| (*arg, inner)));
            }
            ExprKind::List(items) => {
                let inner = match meant {
                    Meant::Given => Meant::Given,
                    Meant::Copied => Meant::Copied,
                    _ => Meant::Kept,
                };
                open.extend(items.iter().map(|item| (*item, inner)));
            }
            ExprKind::Attrs(bindings) => self.bindings(bindings, meant, open),
            ExprKind::Let { bindings, body } => {
                self.bindings(bindings, Meant::Given, open);
                open.push((body, meant));
            }
            ExprKind::With { scope, body } => open.extend([(*scope, Meant::Given), (*body, meant)]),
            ExprKind::Assert { condition, body } => open.extend([(*condition, Meant::Given), (*body, meant)]),
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => open.extend([(*condition, Meant::Given), (*then, meant), (*otherwise, meant)]),
            ExprKind::Binary { left, right, .. } => open.extend([(*left, meant), (*right, meant)]),
            _ => {
                let mut inner = Vec::new();
                syntax::walk::children(expr, &mut inner);
                open.extend(inner.into_iter().map(|child| (child, Meant::Given)));
            }
        }
    }

    fn bindings(&self, bindings: &'a Bindings<'a>, meant: Meant, open: &mut Vec<(ExprRef<'a>, Meant)>) {
        let kept = |name: Symbol| match meant {
            Meant::Copied => Meant::Copied,
            _ if self.trees.is(name, "src") => Meant::Source,
            // As in `templates.NAME.path` and `import-tree.path`.
            _ if self.trees.is(name, "path") || self.joined.contains(&name) => Meant::Given,
            _ => Meant::Kept,
        };
        for binding in bindings.attrs {
            if let BindingValue::Plain(value) = binding.value {
                open.push((value, kept(binding.name)));
            }
        }
        open.extend(bindings.inherit_from.iter().map(|(_, source)| (*source, Meant::Given)));
        for binding in bindings.dynamic {
            open.extend([(binding.name, Meant::Given), (binding.value, Meant::Kept)]);
        }
    }

    /// A path, a string, and what is joined to them.
    fn joined(
        &self,
        expr: ExprRef<'a>,
        parts: &'a [(diag::Pos, ExprRef<'a>)],
        meant: Meant,
        from: &File,
        open: &mut Vec<(ExprRef<'a>, Meant)>,
        found: &mut Vec<Mention>,
    ) {
        let mut fixed = match parts.first().map(|(_, part)| &part.kind) {
            Some(ExprKind::Path(path)) => Some(path.to_vec()),
            _ => None,
        };
        let mut rest = usize::from(fixed.is_some());
        if let Some(path) = &mut fixed {
            while let Some((_, part)) = parts.get(rest) {
                let ExprKind::Str(text) = &part.kind else { break };
                path.extend_from_slice(text);
                rest += 1;
            }
            if rest == parts.len() {
                self.path(path, meant, expr.span, found);
            } else {
                // `./hosts/${name}` is something in `./hosts`, and so is `./hosts + "/${name}"`.
                let whole = matches!(parts[rest].1.kind, ExprKind::Concat { .. });
                let inside = if whole { path.as_slice() } else { folder(path) };
                if let Some(inside) = self.in_tree(inside) {
                    found.push(Mention {
                        what: Named::Below(inside),
                        span: expr.span,
                    });
                }
            }
        }
        for (_, part) in &parts[rest..] {
            match &part.kind {
                ExprKind::Str(text) => self.words(text, true, from, expr.span, found),
                // A string in a string: its parts are joined, too.
                _ => open.push((part, Meant::Given)),
            }
        }
    }

    /// Returns a path of the tree for an absolute one; none if it leads out of it.
    fn in_tree(&self, path: &[u8]) -> Option<Vec<u8>> {
        let inner = path.strip_prefix(self.files.root())?;
        (inner.is_empty() || inner.starts_with(b"/")).then(|| resolve(b"", inner))?
    }

    fn path(&self, path: &[u8], meant: Meant, span: Span, found: &mut Vec<Mention>) {
        let Some(path) = self.in_tree(path) else { return };
        let what = match self.files.kind(&path) {
            None => Named::Absent(path),
            Some(NodeKind::Directory) => {
                let default = join(&path, b"default.nix");
                let has_default = self.files.kind(&default).is_some();
                let of_flake = path.is_empty() || path == self.files.folder();
                match meant {
                    Meant::Copied => return,
                    Meant::Source if of_flake => return,
                    Meant::Imported if has_default => Named::File(default),
                    Meant::Imported => Named::Absent(default),
                    Meant::Kept if has_default && !self.wide => Named::File(default),
                    _ => Named::Below(path),
                }
            }
            Some(_) => Named::File(path),
        };
        found.push(Mention { what, span });
    }

    /// Text that may be a path: `modules/web.nix`, `web.nix`, and with something before it `/modules`.
    fn words(&self, text: &[u8], joined: bool, from: &File, span: Span, found: &mut Vec<Mention>) {
        let is_file = text.ends_with(b".nix");
        if text.len() > 4096 || !(is_file || joined && text.contains(&b'/')) {
            return;
        }
        // What another flake says of paths it says of its own.
        let starts = if from.judged {
            vec![self.files.folder(), from.folder(), b""]
        } else {
            vec![from.folder()]
        };
        for start in starts {
            let Some(path) = resolve(start, text) else { continue };
            match self.files.kind(&path) {
                // Nothing of a path: `"${name}/"`.
                _ if path == start => {}
                Some(NodeKind::Directory) if joined => found.push(Mention {
                    what: Named::Below(path),
                    span,
                }),
                Some(NodeKind::Regular { .. }) => found.push(Mention {
                    what: Named::File(path),
                    span,
                }),
                _ => {}
            }
        }
        if is_file && from.judged {
            let end = text.rsplit(|byte| *byte == b'/').next().unwrap_or(text);
            let same = self.files.iter().filter(|file| file.name() == end);
            found.extend(same.map(|file| Mention {
                what: Named::File(file.path.clone()),
                span,
            }));
        }
    }
}
