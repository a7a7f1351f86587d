//! Finds the bindings of a module's source text that define an option.
//!
//! Nix's messages name files only. A definition may be written in many ways: its path split or
//! nested, under `config` or not, inside `mkIf`, `mkMerge`, `//`, `let`, `with`, functions and lists
//! of modules. All of them are followed here, as far as the text alone tells.

use super::attr_path::{Step, written};
use super::tree::Tree;
use diag::{Pos, Span};
use syntax::Symbol;
use syntax::ast::{BinaryOp, Binding, BindingValue, Bindings, ExprKind, ExprRef};
use syntax::walk::each_expr;

/// A binding that defines an option, or a part of the way there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Found {
    /// The binding from its path to its value's end, or only its path if that takes several lines.
    pub binding: Span,
    /// The last name of the option in it.
    pub name: Span,
    /// The value as it is written, if it is written here.
    pub value: Option<Span>,
    /// How many names of the option lead to the binding.
    pub matched: usize,
    /// Whether a computed name was taken for the right one.
    pub guessed: bool,
    /// Whether the set that it stands in is that of the file's module; else it may be another's.
    pub of_module: bool,
}

/// How an option is looked for.
struct Search<'t, 's> {
    tree: &'s Tree<'t>,
    steps: &'s [Step],
    /// The name that may stand before the path (`config`).
    wrapper: Option<Symbol>,
    complete: Vec<Found>,
    partial: Vec<Found>,
}

/// Where the search is.
#[derive(Clone, Copy)]
struct Task<'t> {
    expr: ExprRef<'t>,
    matched: usize,
    /// Whether `config` was passed.
    wrapped: bool,
    /// The binding whose value this is.
    from: Option<(Pos, Span)>,
    guessed: bool,
}

/// Most places looked at for one option in one file; a bound against files made to be hostile.
const MOST_PLACES: usize = 200_000;

/// Returns the bindings that define an option in a module, in the order of the text.
///
/// First with the path from the module's root; then, as modules of submodules write only the rest of
/// the path, with shorter and shorter ends of it; then anywhere in the file.
pub(super) fn definitions(tree: &Tree<'_>, steps: &[Step]) -> Vec<Found> {
    if steps.is_empty() {
        return Vec::new();
    }
    let mut partial = Vec::new();
    for skipped in 0..steps.len() {
        let (complete, part) = search(tree, tree.root, &steps[skipped..]);
        if !complete.is_empty() {
            return sorted(complete);
        }
        if skipped == 0 {
            partial = part;
        }
    }
    let anywhere = anywhere(tree, steps);
    if !anywhere.is_empty() {
        return anywhere;
    }
    // The longest part of the path that is written here: its value comes from elsewhere.
    let most = partial.iter().map(|found| found.matched).max().unwrap_or(0);
    sorted(partial.into_iter().filter(|found| found.matched == most).collect())
}

/// Returns the bindings that define an option by its whole path in the module that a file is.
pub(super) fn from_root(tree: &Tree<'_>, steps: &[Step]) -> Vec<Found> {
    if steps.is_empty() {
        Vec::new()
    } else {
        sorted(search(tree, tree.root, steps).0)
    }
}

/// Returns the bindings that define an option in any set of a file.
pub(super) fn anywhere(tree: &Tree<'_>, steps: &[Step]) -> Vec<Found> {
    let mut sets = Vec::new();
    each_expr(tree.root, |expr| {
        if matches!(expr.kind, ExprKind::Attrs(_)) {
            sets.push(expr);
        }
    });
    let mut found = Vec::new();
    let first = match steps.first() {
        Some(Step::Name(name)) => tree.symbols.find(name),
        _ => None,
    };
    for set in sets {
        let ExprKind::Attrs(bindings) = &set.kind else { continue };
        if bindings.attrs.iter().any(|b| Some(b.name) == first) {
            found.extend(search(tree, set, steps).0.into_iter().map(|found| Found {
                of_module: false,
                ..found
            }));
        }
    }
    sorted(found)
}

/// Returns the bindings that declare an option in a module (`options.a.b = mkOption …`).
pub(super) fn declarations(tree: &Tree<'_>, steps: &[Step]) -> Vec<Found> {
    let mut path = vec![Step::Name(b"options".to_vec())];
    path.extend_from_slice(steps);
    sorted(search(tree, tree.root, &path).0)
}

fn sorted(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|f| (f.guessed, f.binding.start, f.binding.end.0));
    found.dedup();
    found
}

fn search<'t>(tree: &Tree<'t>, root: ExprRef<'t>, steps: &[Step]) -> (Vec<Found>, Vec<Found>) {
    let mut search = Search {
        tree,
        steps,
        wrapper: tree.symbols.find(b"config"),
        complete: Vec::new(),
        partial: Vec::new(),
    };
    let mut open = vec![Task {
        expr: root,
        matched: 0,
        wrapped: false,
        from: None,
        guessed: false,
    }];
    let mut places = 0;
    while let Some(task) = open.pop() {
        places += 1;
        if places > MOST_PLACES {
            break;
        }
        search.look(task, &mut open);
    }
    (search.complete, search.partial)
}

impl<'t> Search<'t, '_> {
    fn look(&mut self, task: Task<'t>, open: &mut Vec<Task<'t>>) {
        let mut go = |expr: ExprRef<'t>| open.push(Task { expr, ..task });
        match &task.expr.kind {
            ExprKind::Lambda(lambda) => go(lambda.body),
            ExprKind::Let { body, .. } | ExprKind::With { body, .. } | ExprKind::Assert { body, .. } => go(body),
            ExprKind::If { then, otherwise, .. } => {
                go(then);
                go(otherwise);
            }
            ExprKind::Binary {
                op: BinaryOp::Update | BinaryOp::ConcatLists,
                left,
                right,
            } => {
                go(left);
                go(right);
            }
            ExprKind::Call { args, .. } => {
                let before = open.len();
                // What a function makes of its arguments is unknown, but `mkIf`, `mkMerge`, `mkForce`
                // and their kin hand them on.
                for arg in args.iter().filter(|arg| may_hold_definitions(arg)) {
                    open.push(Task { expr: arg, ..task });
                }
                if open.len() == before {
                    self.give_up(task);
                }
            }
            ExprKind::List(items) => match self.steps.get(task.matched) {
                Some(Step::Element(index)) => {
                    if let Some(&item) = items.get(*index) {
                        self.arrive(
                            Task {
                                expr: item,
                                matched: task.matched + 1,
                                from: Some((item.span.start, item.span)),
                                ..task
                            },
                            item.span,
                            open,
                        );
                    }
                }
                _ => items.iter().for_each(|item| go(item)),
            },
            ExprKind::Attrs(bindings) => self.set(task, bindings, open),
            _ => self.give_up(task),
        }
    }

    fn set(&mut self, task: Task<'t>, bindings: &Bindings<'t>, open: &mut Vec<Task<'t>>) {
        let Some(step) = self.steps.get(task.matched) else {
            return;
        };
        for binding in bindings.attrs {
            let plain = match binding.value {
                BindingValue::Plain(value) => Some(value),
                _ => None,
            };
            if task.matched == 0
                && !task.wrapped
                && let Some(value) = plain
            {
                let name = self.tree.symbols.bytes(binding.name);
                if Some(binding.name) == self.wrapper {
                    open.push(Task {
                        expr: value,
                        wrapped: true,
                        ..task
                    });
                } else if matches!(name, b"imports" | b"modules" | b"content") {
                    open.push(Task { expr: value, ..task });
                }
            }
            if step.is(self.tree.symbols.bytes(binding.name)) {
                self.bound(task, binding, plain, open);
            }
        }
        for binding in bindings.dynamic {
            let offset = self.tree.offset(binding.pos);
            let Some(first) = written(self.tree.text, offset).into_iter().next() else {
                continue;
            };
            let name = Span::new(binding.pos, self.tree.pos(first.range.end));
            let next = Task {
                expr: binding.value,
                matched: task.matched + 1,
                guessed: true,
                from: Some((binding.pos, name)),
                ..task
            };
            self.arrive(next, name, open);
        }
    }

    fn bound(&mut self, task: Task<'t>, binding: &Binding<'t>, value: Option<ExprRef<'t>>, open: &mut Vec<Task<'t>>) {
        let name = self.name_in(task, binding.pos);
        let next = Task {
            matched: task.matched + 1,
            from: Some((binding.pos, name)),
            ..task
        };
        match value {
            Some(value) => self.arrive(Task { expr: value, ..next }, name, open),
            None => {
                let found = Found {
                    binding: name,
                    name,
                    value: None,
                    matched: next.matched,
                    guessed: task.guessed,
                    of_module: true,
                };
                let list = if next.matched == self.steps.len() {
                    &mut self.complete
                } else {
                    &mut self.partial
                };
                list.push(found);
            }
        }
    }

    /// Returns the span of the name that follows the matched ones in the path written at `start`.
    fn name_in(&self, task: Task<'t>, start: Pos) -> Span {
        let names = written(self.tree.text, self.tree.offset(start));
        // The names of a path stand together: so many of it that the last one is the wanted one and
        // those before it are the ones matched before.
        let wanted = |at: usize| {
            let back = at.min(task.matched + usize::from(task.wrapped));
            back == at
                && names[..=at]
                    .iter()
                    .rev()
                    .enumerate()
                    .all(|(n, written)| match &written.name {
                        None => true,
                        Some(name) if n <= task.matched => {
                            self.steps.get(task.matched - n).is_some_and(|step| step.is(name))
                        }
                        Some(name) => name == b"config",
                    })
        };
        match (0..names.len()).rev().find(|&at| wanted(at)) {
            Some(at) => {
                let range = &names[at].range;
                Span::new(self.tree.pos(range.start), self.tree.pos(range.end))
            }
            None => Span::new(start, start.offset(1)),
        }
    }

    /// Takes a binding for a definition if all names are matched; else goes on in its value.
    fn arrive(&mut self, next: Task<'t>, name: Span, open: &mut Vec<Task<'t>>) {
        if next.matched < self.steps.len() {
            open.push(next);
            return;
        }
        let found = self.found(next, name);
        self.complete.push(found);
    }

    fn give_up(&mut self, task: Task<'t>) {
        if let Some((_, name)) = task.from {
            let found = self.found(task, name);
            self.partial.push(found);
        }
    }

    fn found(&self, task: Task<'t>, name: Span) -> Found {
        let start = task.from.map_or(name.start, |(start, _)| start);
        let value = task.expr.span;
        let from = self.tree.offset(start);
        let path_end = written(self.tree.text, from)
            .last()
            .map_or(self.tree.offset(name.end), |last| last.range.end);
        let end = self.tree.offset(value.end);
        let one_line = value.start.is_some() && end > path_end && !self.tree.text[from..end].contains(&b'\n');
        let binding = Span::new(start, self.tree.pos(if one_line { end } else { path_end }));
        Found {
            binding,
            name,
            value: value.start.is_some().then_some(value),
            matched: task.matched,
            guessed: task.guessed,
            of_module: true,
        }
    }
}

fn may_hold_definitions(expr: ExprRef<'_>) -> bool {
    matches!(
        expr.kind,
        ExprKind::Attrs(_)
            | ExprKind::List(_)
            | ExprKind::Call { .. }
            | ExprKind::Lambda(_)
            | ExprKind::Let { .. }
            | ExprKind::With { .. }
            | ExprKind::If { .. }
            | ExprKind::Assert { .. }
            | ExprKind::Binary {
                op: BinaryOp::Update | BinaryOp::ConcatLists,
                ..
            }
    )
}

#[cfg(test)]
mod tests {
    use super::super::attr_path::option_steps;
    use super::super::tree::with_tree;
    use super::*;
    use crate::fixture::evaluator;
    use diag::Origin;
    use proptest::prelude::*;

    fn found(text: &str, option: &str) -> Vec<String> {
        let mut ev = evaluator(&[]);
        let (file, base) = ev
            .sources
            .add(Origin::File(b"/m.nix".as_slice().into()), text.as_bytes().into());
        let found = with_tree(&mut ev, file, |tree| definitions(tree, &option_steps(option)));
        let show = |span: Span| text[(span.start.0 - base.0) as usize..(span.end.0 - base.0) as usize].to_owned();
        found
            .iter()
            .map(|f| format!("{} @{}", show(f.binding), show(f.name)))
            .collect()
    }

    #[test]
    fn definitions_are_found_however_they_are_written() {
        let check = |text: &str, option: &str, expected: &[&str]| assert_eq!(found(text, option), expected, "{text}");
        check("{ a.b.c = 1; }", "a.b.c", &["a.b.c = 1 @c"]);
        check("{ a.b.c = 1; }", "a.b", &["a.b.c @b"]);
        check("{ a = { b.c = 1; }; }", "a.b.c", &["b.c = 1 @c"]);
        check("{ a.b = 1; a.c = 2; }", "a.c", &["a.c = 2 @c"]);
        check("{ a.a = 1; }", "a.a", &["a.a = 1 @a"]);
        check("{ config.a.b = 1; }", "a.b", &["config.a.b = 1 @b"]);
        check("{ config = { a = { b = 1; }; }; }", "a.b", &["b = 1 @b"]);
        check(
            "{ lib, ... }: { config = lib.mkIf x { a.b = 1; }; }",
            "a.b",
            &["a.b = 1 @b"],
        );
        check(
            "{ a = lib.mkMerge [ { b = 1; } (lib.mkIf y { b = 2; }) ]; }",
            "a.b",
            &["b = 1 @b", "b = 2 @b"],
        );
        check("let x = 1; in with x; { a.b = x; }", "a.b", &["a.b = x @b"]);
        check(
            "{ imports = [ { a.b = 1; } ./x.nix ]; a.c = 1; }",
            "a.b",
            &["a.b = 1 @b"],
        );
        check("{ a = { b = 1; } // { c = 2; }; }", "a.c", &["c = 2 @c"]);
        check(
            "{ a = if c then { b = 1; } else { b = 2; }; }",
            "a.b",
            &["b = 1 @b", "b = 2 @b"],
        );
        check("{ a.b = lib.mkForce 1; }", "a.b", &["a.b = lib.mkForce 1 @b"]);
        check("{ a.b = {\n x = 1;\n}; }", "a.b", &["a.b @b"]);
        check(
            "{ fileSystems.\"/\".device = \"x\"; }",
            "fileSystems.\"/\".device",
            &["fileSystems.\"/\".device = \"x\" @device"],
        );
        check("{ a.${n}.b = 1; }", "a.x.b", &["a.${n}.b = 1 @b"]);
        check("{ inherit (x) a; }", "a", &["a @a"]);
        check("{ a.b = f x; }", "a.b.c", &["a.b = f x @b"]);
        check(
            "{ a = [ { b = 1; } { b = 2; } ]; }",
            "a.\"[definition 1-entry 2]\".b",
            &["b = 2 @b"],
        );
        check("{ b.c = 1; }", "home-manager.users.alice.b.c", &["b.c = 1 @c"]);
        check("f { modules = [ { a.b = 1; } ]; }", "a.b", &["a.b = 1 @b"]);
        check(
            "{ outputs = x: { y = f { z = [ { a.b = 1; } ]; }; }; }",
            "a.b",
            &["a.b = 1 @b"],
        );
        check("{ x.y = 1; }", "a.b", &[]);
        check("{ a.b = ", "a.b", &[]);
    }

    proptest! {
        #[test]
        fn any_text_is_searched_without_a_panic(text in "([a-b]|[.={};\\[\\]()\" ]|mkIf|config|//|\\$\\{|inherit|:){0,30}") {
            found(&text, "a.b");
        }
    }
}
