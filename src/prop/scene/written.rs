//! Scenes as expressions.

use super::{Apply, Decl, Module, Scene};
use crate::Expr;

impl Scene {
    /// Returns the modules as a list, for `lib.evalModules`.
    pub fn modules(&self) -> Expr {
        Expr::List(self.modules.iter().map(Module::expr).collect())
    }

    /// Returns the configuration that the modules make: a set of the values of all options.
    pub fn config(&self) -> Expr {
        evaluated("e: e.config", self.modules())
    }
}

/// Returns what a function, given as Nix, makes of the evaluation of modules.
pub fn evaluated(function: &str, modules: Expr) -> Expr {
    let evaluation = Expr::call("lib.evalModules", [Expr::attrs([("modules", modules)])]);
    Expr::call(function, [evaluation])
}

impl Module {
    /// Returns the module as an expression.
    pub fn expr(&self) -> Expr {
        let mut entries: Vec<(String, Expr)> = Vec::new();
        let mut put = |name: &str, value: Expr| entries.push((name.into(), value));
        if !self.file.is_empty() {
            put("_file", Expr::str(&self.file));
        }
        if !self.key.is_empty() {
            put("key", Expr::str(&self.key));
        }
        if !self.imports.is_empty() {
            put("imports", Expr::List(self.imports.iter().map(Module::expr).collect()));
        }
        if !self.disabled.is_empty() {
            // A string is a path below `modulesPath`, which is empty here: the only form that every library knows.
            let keys = self.disabled.iter().map(|key| match key.strip_prefix('/') {
                Some(path) => Expr::str(path),
                None => Expr::attrs([("key", Expr::str(key))]),
            });
            put("disabledModules", Expr::List(keys.collect()));
        }
        if let Some(freeform) = &self.freeform {
            put("freeformType", freeform.expr());
        }
        if !self.options.is_empty() {
            put("options", options(&self.options));
        }
        if let Some(config) = &self.config {
            put("config", config.expr());
        }
        Expr::Attrs(entries)
    }
}

/// Returns declarations as the set that `options` is.
pub fn options(declarations: &[Decl]) -> Expr {
    let mut tree: Vec<(String, Expr)> = Vec::new();
    for declaration in declarations {
        put(&mut tree, &declaration.path, declaration.expr());
    }
    Expr::Attrs(tree)
}

/// Puts a value at a path into a set. Of two at one path the first stays: scenes declare twice in two modules.
fn put(tree: &mut Vec<(String, Expr)>, path: &[String], value: Expr) {
    let Some((name, rest)) = path.split_first() else { return };
    let known = tree.iter_mut().find(|(known, _)| known == name);
    match (known, rest) {
        (None, []) => tree.push((name.clone(), value)),
        (None, _) => {
            let mut below = Vec::new();
            put(&mut below, rest, value);
            tree.push((name.clone(), Expr::Attrs(below)));
        }
        (Some((_, Expr::Attrs(below))), [_, ..]) => put(below, rest, value),
        (Some(_), _) => {}
    }
}

impl Decl {
    /// Returns the declaration as an expression.
    pub fn expr(&self) -> Expr {
        let mut entries: Vec<(String, Expr)> = Vec::new();
        if let Some(ty) = &self.ty {
            entries.push(("type".into(), ty.expr()));
        }
        if let Some(default) = &self.default {
            entries.push(("default".into(), default.expr()));
        }
        match &self.apply {
            Some(Apply::Wrap) => entries.push(("apply".into(), Expr::nix("x: { applied = x; }"))),
            Some(Apply::Nix(text)) => entries.push(("apply".into(), Expr::Nix(text.clone()))),
            None => {}
        }
        if self.read_only {
            entries.push(("readOnly".into(), Expr::Bool(true)));
        }
        Expr::call("lib.mkOption", [Expr::Attrs(entries)])
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Def, Simple, Ty};
    use super::*;
    use crate::fixture::{libraries, on, seen};

    #[test]
    fn a_scene_is_evaluated_by_each_library() {
        let path = |name: &str| vec![name.to_owned()];
        let scene = Scene {
            modules: vec![
                Module::declares(
                    "options.nix",
                    vec![
                        Decl::new("list", Ty::ListOf(Box::new(Ty::Simple(Simple::Int)))),
                        Decl::new("word", Ty::Simple(Simple::Str)),
                        Decl::new("other", Ty::Simple(Simple::Str)),
                    ],
                ),
                Module::defines("a.nix", &path("list"), Def::List(vec![Def::Int(1)]).placed(Def::AFTER)),
                Module::defines("b.nix", &path("list"), Def::List(vec![Def::Int(2)])),
                Module::defines("c.nix", &path("word"), Def::str("weak").weighed(Def::DEFAULT)),
                Module::defines(
                    "d.nix",
                    &path("word"),
                    Def::str("strong").weighed(Def::FORCE).when(true),
                ),
            ],
            ..Scene::default()
        };
        for lib in libraries() {
            let scene = scene.clone();
            let lines = on(&lib, move |ev, ground| seen(ev, ground, &scene.config()));
            assert_eq!(lines[..1], ["list = [ 2 1 ]"], "{}", lib.display());
            assert!(lines[1].starts_with("other fails: The option `other"), "{lines:?}");
            assert_eq!(lines[2..], ["word = \"strong\""]);
        }
    }
}
