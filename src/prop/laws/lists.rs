//! Lists: all that is said, and in which order.

use super::asking::{gives, law, same_up_to_order};
use crate::random::{Draw, scenes, values};
use crate::{Decl, Def, Expected, Ground, Law, Module, Plain, Question, Scene, Simple, Ty};

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[UNION, ORDER, ONLY];

const UNION: Law = law(
    "lib-list-union",
    "a list has each element of each definition, as often as it is there",
    "Packages, firewall ports and users come from everywhere. None may be lost, and none may come twice that was said \
     once.",
    |draw, _| drawn(draw, |_, list| list),
    |scene, _| question(scene, Expected::UpToOrder),
);

const ORDER: Law = law(
    "lib-list-order",
    "elements stand where `mkBefore`, `mkAfter` and `mkOrder` say, the smaller number first",
    "Search paths and firewall rules are read from the front. What says that it comes first must do so, in whatever \
     order modules are imported.",
    placed,
    |scene, _| question(scene, Expected::Value),
);

const ONLY: Law = law(
    "lib-order-changes-order",
    "`mkOrder` around a definition changes nothing but the order of lists and of joined text",
    "Whoever puts `mkBefore` around a definition wants it first, and nothing else: no other value, and no error.",
    |draw, ground| {
        let around = |draw: &mut Draw<'_>, _: &Ty, value: Def| match draw.below(3) {
            0 => value,
            _ => value.placed(*draw.pick(&PLACES)),
        };
        Some(scenes::defined(draw, ground, around)).filter(|scene| !scene.holds_type(&order_shows))
    },
    |scene, _| {
        let mut without = scene.clone();
        for module in &mut without.modules {
            module.config = module.config.take().map(unplaced);
        }
        same_up_to_order(("config", scene.config()), ("without", without.config()))
    },
);

/// Whether the order of definitions may be more than an order in a type's value: it takes one of several, or keeps the
/// number of each.
fn order_shows(ty: &Ty) -> bool {
    matches!(
        ty,
        Ty::Simple(Simple::Attrs | Simple::Unspecified | Simple::DeferredModule)
    )
}

/// Returns a module's definitions without places around them.
fn unplaced(config: Def) -> Def {
    let place = |def: Def| match def {
        Def::Order(_, inner) => *inner,
        other => other,
    };
    match config {
        Def::Attrs(entries) => Def::Attrs(entries.into_iter().map(|(name, def)| (name, place(def))).collect()),
        other => other,
    }
}

fn drawn(draw: &mut Draw<'_>, around: fn(usize, Def) -> Def) -> Option<Scene> {
    let option = Decl::new(scenes::NAMES[0], Ty::ListOf(Box::new(scenes::scalar(draw))));
    let mut modules = Vec::new();
    for (i, file) in scenes::FILES[..draw.between(1, 4)].iter().enumerate() {
        let list = values::value(draw, option.ty.as_ref()?)?;
        modules.push(Module::defines(file, &option.path, around(i, list)));
    }
    modules.insert(
        draw.below(modules.len()),
        Module::declares(scenes::DECLARING, vec![option]),
    );
    Some(Scene {
        modules,
        choices: Vec::new(),
    })
}

/// Places of which no two are alike: those that have names, and some between.
const PLACES: [i64; 4] = [Def::BETWEEN, Def::AFTER, Def::BEFORE, 1001];

fn placed(draw: &mut Draw<'_>, _: &Ground) -> Option<Scene> {
    let around = |i: usize, list: Def| match PLACES[i] {
        Def::BETWEEN => list,
        place => list.placed(place),
    };
    let mut scene = drawn(draw, around)?;
    let turn = draw.below(scene.modules.len());
    scene.modules.rotate_left(turn);
    Some(scene)
}

fn question(scene: &Scene, expected: fn(Plain) -> Expected) -> Option<Question> {
    let mut lists = Vec::new();
    for config in scene.modules.iter().filter_map(|module| module.config.as_ref()) {
        let Def::Attrs(entries) = config else { return None };
        for (_, value) in entries {
            lists.push(match value {
                Def::Order(place, list) => (*place, list.plain()?),
                list => (Def::BETWEEN, list.plain()?),
            });
        }
    }
    lists.sort_by_key(|(place, _)| *place);
    let mut whole = Vec::new();
    for (_, list) in lists {
        let Plain::List(elements) = list else { return None };
        whole.extend(elements);
    }
    let option = scene.modules.iter().flat_map(|module| &module.options).next()?;
    gives(
        "config",
        scene.config(),
        [(&*option.path[0], expected(Plain::List(whole)))],
    )
}
