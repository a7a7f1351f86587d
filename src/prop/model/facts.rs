//! The laws about types by themselves: what a type says of itself, and what two types are together.

use super::check::accepts;
use super::{Edition, Model};
use crate::random::{Draw, mixed, values};
use crate::{Claim, Decl, Def, Expected, Expr, Ground, Law, Plain, Question, Scene, Scope, Side, Simple, Ty};
use crate::{Module, Phrase};
use diag::Severity;
use std::collections::BTreeMap;

/// Types in a case.
const TYPES: usize = 4;

/// A type's name, description, checks and the rest are what the model says.
pub const FACTS: Law = Law {
    id: "lib-model-types",
    scope: Scope::Lib,
    severity: Severity::Error,
    title: "a type has the name, the description, the values, the value for nothing and the options below it that the \
            reference model says",
    why: "Messages and manuals call a type by its description, `check` decides which definitions are taken, and what \
          is below an option is found through its type.",
    fix: "Look at the type's definition in the library: what differs is told as the part of the type.",
    draw: |draw, ground| {
        Edition::of(ground)?;
        let types = (0..TYPES).map(|_| drawn(draw, ground)).collect();
        Some(of(types))
    },
    question: |scene, ground| {
        let edition = Edition::of(ground)?;
        let model = Model { edition };
        let mut sides = Vec::new();
        let mut claims = Vec::new();
        for (ty, name) in types(scene).zip(NAMES) {
            let values = probes(ty);
            let function = match edition {
                Edition::Current => TODAY,
                Edition::Of2020 => THEN,
            };
            let values_expr = Expr::List(values.iter().map(Def::expr).collect());
            sides.push(Side {
                name,
                expr: Expr::call(function, [ty.expr(), values_expr]),
            });
            claims.push(Claim::Parts(sides.len() - 1, model.facts(ty, &values)));
        }
        (!sides.is_empty()).then_some(Question { sides, claims })
    },
};

/// Two types of declarations of one option are together what the model says.
pub const JOINED: Law = Law {
    id: "lib-model-joined",
    scope: Scope::Lib,
    severity: Severity::Error,
    title: "two types of one option are together the type that the reference model says, or exclude each other",
    why: "Modules add values to another module's enumeration and options to its submodules by declaring the option \
          again. If types are joined wrongly, such an option cannot be declared, or takes other values.",
    fix: "Look at the `functor` and the `typeMerge` of the types.",
    draw: |draw, ground| {
        Edition::of(ground)?;
        let mut pairs = Vec::new();
        for _ in 0..TYPES {
            let first = drawn(draw, ground);
            if mixed::holds_itself(&first) {
                continue;
            }
            let second = mixed::near(draw, ground, &first);
            if !mixed::holds_itself(&second) {
                pairs.extend([first, second]);
            }
        }
        (!pairs.is_empty()).then(|| of(pairs))
    },
    question: |scene, ground| {
        let edition = Edition::of(ground)?;
        let model = Model { edition };
        let types: Vec<&Ty> = types(scene).collect();
        let mut sides = Vec::new();
        let mut claims = Vec::new();
        for (pair, name) in types.as_chunks::<2>().0.iter().zip(NAMES) {
            let [first, second] = pair;
            if mixed::holds_itself(first) || mixed::holds_itself(second) {
                return None;
            }
            let joined = match model.join(first, second) {
                Ok(joined) => joined,
                Err(_) => continue,
            };
            let mut values = probes(first);
            values.extend(probes(second));
            let values_expr = Expr::List(values.iter().map(Def::expr).collect());
            sides.push(Side {
                name,
                expr: Expr::call(TOGETHER, [first.expr(), second.expr(), values_expr]),
            });
            let mut parts = BTreeMap::new();
            let fits = Plain::Bool(joined.is_some());
            parts.insert("fits".to_owned(), Expected::Value(fits));
            if let Some(ty) = joined {
                let told =
                    |name: &str| name == "below" && declares_once(&ty) || ["description", "checks"].contains(&name);
                let facts = model.facts(&ty, &values).into_iter();
                parts.extend(facts.filter(|(name, _)| told(name)));
            }
            claims.push(Claim::Parts(sides.len() - 1, parts));
        }
        (!sides.is_empty()).then_some(Question { sides, claims })
    },
};

/// Names of sides.
const NAMES: [&str; TYPES] = ["first", "second", "third", "fourth"];

/// What a type says of itself today.
const TODAY: &str = "t: values: let below = t: map (o: lib.showOption o.loc) (lib.collect lib.isOption (removeAttrs \
(t.getSubOptions [ \"x\" ]) [ \"_module\" ])); other = t.substSubModules [ { options.z = lib.mkOption { type = \
lib.types.int; }; } ]; in { inherit (t) name description; class = t.descriptionClass; empty = t.emptyValue; nested = \
lib.mapAttrs (_: n: n.description or n.type.description) t.nestedTypes; below = below t; deprecated = \
t.deprecationMessage != null; holds = t.getSubModules != null; other = if t.getSubModules == null then null else { \
inherit (other) name description; below = below other; }; checks = map t.check values; }";

/// What a type said of itself in 2020.
const THEN: &str = "t: values: let below = t: map (o: lib.showOption o.loc) (lib.collect lib.isOption (removeAttrs \
(t.getSubOptions [ \"x\" ]) [ \"_module\" \"_definedNames\" ])); in { inherit (t) name description; empty = \
t.emptyValue; below = below t; holds = t.getSubModules != null; checks = map t.check values; }";

/// What two types are together.
const TOGETHER: &str = "a: b: values: let t = a.typeMerge b.functor; in { fits = t != null; } // lib.optionalAttrs (t \
!= null) { inherit (t) description; checks = map t.check values; below = map (o: lib.showOption o.loc) (lib.collect \
lib.isOption (removeAttrs (t.getSubOptions [ \"x\" ]) [ \"_module\" \"_definedNames\" ])); }";

fn drawn(draw: &mut Draw<'_>, ground: &Ground) -> Ty {
    let depth = draw.below(3);
    match draw.below(12) {
        0 if ground.has_type("functionTo") => Ty::FunctionTo(Box::new(values::ty(draw, ground, depth))),
        1 => {
            let simple: Vec<Simple> = Simple::all().collect();
            let ty = Ty::Simple(*draw.pick(&simple));
            if ty.fits(ground) {
                ty
            } else {
                values::ty(draw, ground, depth)
            }
        }
        2 => Ty::AttrsOf(Box::new(Ty::Submodule(
            vec![Decl::new("o", values::ty(draw, ground, 0))],
            None,
        ))),
        _ => values::ty(draw, ground, depth),
    }
}

/// Returns the scene that holds types: a module that declares an option of each.
fn of(types: Vec<Ty>) -> Scene {
    let options = types
        .into_iter()
        .enumerate()
        .map(|(i, ty)| Decl::new(format!("o{i}"), ty));
    Scene {
        modules: vec![Module::declares("options.nix", options.collect())],
        choices: Vec::new(),
    }
}

fn types(scene: &Scene) -> impl Iterator<Item = &Ty> {
    let options = scene.modules.iter().flat_map(|module| &module.options);
    options.filter_map(|option| option.ty.as_ref())
}

/// Returns values of which a type takes some.
fn probes(ty: &Ty) -> Vec<Def> {
    let mut values = values::odd(ty);
    match ty {
        Ty::Simple(simple) => {
            let row = simple.row();
            values.extend(row.accepted.iter().chain(row.refused).map(|value| value.def()));
        }
        Ty::Enum(known) => values.extend(known.iter().cloned()),
        Ty::Between(low, high) => values.extend([Def::Int(*low), Def::Int(*high)]),
        Ty::Without(_, value) => values.push((**value).clone()),
        _ => {}
    }
    values
}

/// Whether no option of a submodule is declared twice, so that it cannot be wrong.
fn declares_once(ty: &Ty) -> bool {
    match super::join::innermost(ty) {
        Some(Ty::Submodule(options, _)) => {
            let mut paths: Vec<&Vec<String>> = options.iter().map(|option| &option.path).collect();
            paths.sort();
            paths.windows(2).all(|pair| pair[0] != pair[1])
        }
        _ => true,
    }
}

impl Model {
    fn facts(&self, ty: &Ty, values: &[Def]) -> BTreeMap<String, Expected> {
        let mut facts = BTreeMap::new();
        let mut put = |name: &str, value: Option<Plain>| {
            if let Some(value) = value {
                facts.insert(name.to_owned(), Expected::Value(value));
            }
        };
        put("name", self.name(ty).map(Plain::Str));
        put("description", self.described(ty).map(Plain::Str));
        let checks: Option<Vec<Plain>> = values
            .iter()
            .map(|value| accepts(ty, value, self.edition).map(Plain::Bool))
            .collect();
        let known = !matches!(
            ty,
            Ty::Simple(Simple::OptionType | Simple::OptionDeclaration | Simple::Fileset)
        );
        put("checks", checks.filter(|_| known).map(Plain::List));
        let empty = match self.nothing(ty) {
            Some(Ok(value)) => Some(Plain::attrs([("value", value)])),
            Some(Err(_)) => None,
            None if matches!(ty, Ty::Simple(Simple::Fileset)) => None,
            None => Some(Plain::Attrs(BTreeMap::new())),
        };
        put("empty", empty);
        put("below", Some(self.listed(ty)));
        put("holds", Some(Plain::Bool(super::join::holds_submodule(ty))));
        if self.edition == Edition::Current {
            let class = super::describe::phrase(ty).map(|phrase| match phrase {
                Phrase::Noun => Plain::str("noun"),
                Phrase::Conjunction => Plain::str("conjunction"),
                Phrase::Composite => Plain::str("composite"),
                Phrase::Clause => Plain::str("nonRestrictiveClause"),
                Phrase::Unsaid => Plain::Null,
            });
            put("class", class);
            put("deprecated", Some(Plain::Bool(matches!(ty, Ty::LoaOf(_)))));
            put("nested", self.nested(ty));
            let other = if let Some(inner) = super::join::innermost(ty) {
                let other = with_submodule(self.rebuilt(ty.clone()));
                let name = self.name(&other).map(Plain::Str);
                let description = self.described(&other).map(Plain::Str);
                let below = self.listed(&other);
                // What a module that is kept holds is no part of our types.
                let known = name.zip(description).filter(|_| matches!(inner, Ty::Submodule(..)));
                known.map(|(name, description)| {
                    Plain::attrs([("name", name), ("description", description), ("below", below)])
                })
            } else {
                Some(Plain::Null)
            };
            put("other", other);
        }
        facts
    }

    fn listed(&self, ty: &Ty) -> Plain {
        let mut paths = Vec::new();
        below(ty, &["x".to_owned()], self.edition, &mut paths);
        Plain::List(paths.iter().map(|path| Plain::Str(self.edition.shown(path))).collect())
    }

    /// Returns the name that a type has of itself.
    fn name(&self, ty: &Ty) -> Option<String> {
        let old = self.edition == Edition::Of2020;
        Some(match ty {
            Ty::Simple(simple) => match simple {
                Simple::Unsigned => "unsignedInt".into(),
                Simple::Positive => "positiveInt".into(),
                Simple::U8 => "unsignedInt8".into(),
                Simple::U16 | Simple::Port => "unsignedInt16".into(),
                Simple::U32 => "unsignedInt32".into(),
                Simple::S8 => "signedInt8".into(),
                Simple::S16 => "signedInt16".into(),
                Simple::S32 => "signedInt32".into(),
                Simple::Number | Simple::Toml => "either".into(),
                Simple::Nonnegative => "numberNonnegative".into(),
                Simple::PositiveNumber => "numberPositive".into(),
                Simple::Lines | Simple::Commas | Simple::EnvVar => "separatedString".into(),
                Simple::PathInStore | Simple::ExternalPath => "path".into(),
                Simple::ShellPackage => "package".into(),
                Simple::Json => "nullOr".into(),
                other => other.row().needs.into(),
            },
            Ty::Between(..) => "intBetween".into(),
            Ty::NumbersBetween(..) => "numberBetween".into(),
            Ty::StrMatching(pattern) => format!("strMatching \"{}\"", pattern.text()),
            Ty::Separated(_) => "separatedString".into(),
            Ty::Enum(_) => "enum".into(),
            Ty::ListOf(_) | Ty::NonEmptyListOf(_) => "listOf".into(),
            Ty::AttrListOf(_) => "attrListOf".into(),
            Ty::AttrsOf(_) | Ty::AttrsWith(_, false, _) => "attrsOf".into(),
            Ty::LazyAttrsOf(_) | Ty::AttrsWith(_, true, _) => "lazyAttrsOf".into(),
            Ty::LoaOf(_) => "loaOf".into(),
            Ty::AttrTag(_) => "attrTag".into(),
            Ty::PathWith(..) => "path".into(),
            Ty::PasswdEntry(ty) => format!("passwdEntry {}", self.name(ty)?),
            Ty::Without(ty, _) => self.name(ty)?,
            Ty::Uniq(_) | Ty::Unique(..) => if old { "uniq" } else { "unique" }.into(),
            Ty::NullOr(_) => "nullOr".into(),
            Ty::OneOf(types) if types.len() == 1 => self.name(&types[0])?,
            Ty::Either(..) | Ty::OneOf(_) => "either".into(),
            Ty::CoercedTo(..) => "coercedTo".into(),
            Ty::Submodule(..) => "submodule".into(),
            Ty::FunctionTo(_) => "functionTo".into(),
            _ => return None,
        })
    }

    /// Returns the descriptions of the types that a type is made of, by what it calls them.
    fn nested(&self, ty: &Ty) -> Option<Plain> {
        let described = |ty: &Ty| self.described(ty).map(Plain::Str);
        let one = |ty: &Ty| Some(Plain::attrs([("elemType", described(ty)?)]));
        let two = |names: [&str; 2], left: &Ty, right: &Ty| {
            Some(Plain::attrs([
                (names[0], described(left)?),
                (names[1], described(right)?),
            ]))
        };
        match ty {
            Ty::Simple(Simple::Pkgs) => one(&Ty::Simple(Simple::Attrs)),
            Ty::Simple(Simple::Json) => one(&super::merge::serializable(Simple::Json)),
            Ty::Simple(Simple::Toml) => self.nested(&super::merge::serializable(Simple::Toml)),
            Ty::Simple(Simple::Number | Simple::Nonnegative | Simple::PositiveNumber) | Ty::NumbersBetween(..) => {
                two(["left", "right"], &Ty::Simple(Simple::Int), &Ty::Simple(Simple::Float))
            }
            Ty::PasswdEntry(ty) | Ty::Without(ty, _) => self.nested(ty),
            Ty::Either(left, right) => two(["left", "right"], left, right),
            Ty::OneOf(types) => {
                let (last, before) = types.split_last()?;
                two(["left", "right"], &Ty::OneOf(before.to_vec()), last)
            }
            Ty::CoercedTo(from, _, to) => two(["coercedType", "finalType"], from, to),
            Ty::Submodule(_, Some(freeform)) => Some(Plain::attrs([("freeformType", described(freeform)?)])),
            Ty::AttrTag(tags) => {
                let tag = |tag: &Decl| Some((tag.path.first()?.clone(), described(tag.ty.as_ref()?)?));
                Some(Plain::Attrs(tags.iter().map(tag).collect::<Option<_>>()?))
            }
            Ty::Custom(_) => None,
            _ => ty.inner().map_or_else(|| Some(Plain::Attrs(BTreeMap::new())), one),
        }
    }
}

/// Finds the paths of the options below an option of a type, in the order of their names.
fn below(ty: &Ty, prefix: &[String], edition: Edition, found: &mut Vec<Vec<String>>) {
    let under = |name: &str| [prefix, &[name.to_owned()]].concat();
    match ty {
        Ty::ListOf(ty) | Ty::NonEmptyListOf(ty) | Ty::AttrListOf(ty) => below(ty, &under("*"), edition, found),
        Ty::AttrsOf(ty) | Ty::LazyAttrsOf(ty) => below(ty, &under("<name>"), edition, found),
        Ty::LoaOf(ty) => {
            // In 2020 it took lists, too, whose elements have no names.
            let name = if edition == Edition::Of2020 {
                "<name?>"
            } else {
                "<name>"
            };
            below(ty, &under(name), edition, found);
        }
        Ty::AttrsWith(ty, _, name) => below(ty, &under(&format!("<{name}>")), edition, found),
        Ty::FunctionTo(ty) => below(ty, &under("<function body>"), edition, found),
        Ty::NullOr(ty) | Ty::Uniq(ty) | Ty::Unique(_, ty) | Ty::CoercedTo(_, _, ty) => {
            below(ty, prefix, edition, found)
        }
        Ty::PasswdEntry(ty) | Ty::Without(ty, _) => below(ty, prefix, edition, found),
        Ty::AttrTag(options) | Ty::Submodule(options, _) => {
            let mut paths: Vec<&Vec<String>> = options.iter().map(|option| &option.path).collect();
            paths.sort();
            paths.dedup();
            found.extend(paths.into_iter().map(|path| [prefix, path].concat()));
        }
        _ => {}
    }
}

/// Returns a type with a submodule of one option `z` in place of each that it hands its modules to.
fn with_submodule(ty: Ty) -> Ty {
    let inner = |ty: Box<Ty>| Box::new(with_submodule(*ty));
    match ty {
        Ty::Submodule(..) => Ty::Submodule(vec![Decl::new("z", Ty::Simple(Simple::Int))], None),
        Ty::ListOf(ty) => Ty::ListOf(inner(ty)),
        Ty::NonEmptyListOf(ty) => Ty::NonEmptyListOf(inner(ty)),
        Ty::AttrListOf(ty) => Ty::AttrListOf(inner(ty)),
        Ty::AttrsOf(ty) => Ty::AttrsOf(inner(ty)),
        Ty::LazyAttrsOf(ty) => Ty::LazyAttrsOf(inner(ty)),
        Ty::AttrsWith(ty, lazy, name) => Ty::AttrsWith(inner(ty), lazy, name),
        Ty::NullOr(ty) => Ty::NullOr(inner(ty)),
        Ty::Uniq(ty) => Ty::Uniq(inner(ty)),
        Ty::FunctionTo(ty) => Ty::FunctionTo(inner(ty)),
        Ty::CoercedTo(from, coercion, to) => Ty::CoercedTo(from, coercion, inner(to)),
        other => other,
    }
}
