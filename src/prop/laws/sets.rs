//! Sets of values and submodules: what is inside merges as options do.

use super::asking::{law, same, same_up_to_order};
use crate::random::{Draw, scenes, values};
use crate::scene::evaluated;
use crate::{Decl, Def, Ground, Law, Module, Question, Scene, Simple, Ty};

/// The laws of this file.
pub(super) const LAWS: &[Law] = &[KEYS, SUBMODULES, FREEFORM];

const KEYS: Law = law(
    "lib-set-keys",
    "each key of `attrsOf` merges as an option of its own would",
    "Services, users and file systems are sets. Two modules that say something of different keys must not disturb \
     each other, and what they say of one key merges as anywhere.",
    keys_drawn,
    keys,
);

fn keys_drawn(draw: &mut Draw<'_>, ground: &Ground) -> Option<Scene> {
    let inner = scenes::ty(draw, ground);
    let ty = match draw.below(3) {
        0 => Ty::LazyAttrsOf(Box::new(inner.clone())),
        _ => Ty::AttrsOf(Box::new(inner.clone())),
    };
    let option = Decl::new(scenes::NAMES[0], ty);
    let mut modules = Vec::new();
    for file in &scenes::FILES[..draw.between(1, 3)] {
        let mut entries = Vec::new();
        for name in &scenes::NAMES[1..3] {
            if !draw.once_in(3) {
                let value = values::value(draw, &inner)?;
                entries.push(((*name).to_owned(), counting(draw, &inner, value)));
            }
        }
        modules.push(Module::defines(file, &option.path, Def::Attrs(entries)));
    }
    modules.push(Module::declares(scenes::DECLARING, vec![option]));
    Some(Scene {
        modules,
        choices: Vec::new(),
    })
}

/// Returns a definition with properties, of which all conditions hold.
fn counting(draw: &mut Draw<'_>, ty: &Ty, value: Def) -> Def {
    fn all_hold(def: Def) -> Def {
        match def {
            Def::If(_, inner) => Def::If(true, Box::new(all_hold(*inner))),
            Def::Merge(defs) => Def::Merge(defs.into_iter().map(all_hold).collect()),
            other => other,
        }
    }
    all_hold(scenes::with_properties(draw, ty, value))
}

fn keys(scene: &Scene, _: &Ground) -> Option<Question> {
    let mut apart = scene.clone();
    let mut names: Vec<&String> = Vec::new();
    for module in &scene.modules {
        let Some(Def::Attrs(entries)) = &module.config else {
            continue;
        };
        for (_, value) in entries {
            let Def::Attrs(keys) = value else { return None };
            names.extend(keys.iter().map(|(name, _)| name));
        }
    }
    names.sort();
    names.dedup();
    let declaring = apart.modules.iter_mut().find(|module| !module.options.is_empty())?;
    let option = declaring.options.first()?.clone();
    let Some(Ty::AttrsOf(inner) | Ty::LazyAttrsOf(inner)) = &option.ty else {
        return None;
    };
    declaring.options = names
        .into_iter()
        .map(|name| {
            let mut key = Decl::new(name, (**inner).clone());
            key.path.splice(0..0, option.path.iter().cloned());
            key
        })
        .collect();
    if declaring.options.is_empty() {
        return None;
    }
    let of = "e: e.config.alpha";
    same(
        ("set", evaluated(of, scene.modules())),
        ("options", evaluated(of, apart.modules())),
    )
}

const SUBMODULES: Law = law(
    "lib-submodule-merges",
    "options of a submodule merge as options outside of it do",
    "A submodule is modules inside a value. What is known of modules must hold there: defaults, priorities, \
     conditions, and no option that is not declared.",
    submodules_drawn,
    submodules,
);

fn submodules_drawn(draw: &mut Draw<'_>, ground: &Ground) -> Option<Scene> {
    let inner = scenes::options(draw, ground);
    let mut modules = Vec::new();
    for file in &scenes::FILES[..draw.between(1, 3)] {
        let config = scenes::defining(draw, file, &inner, scenes::with_properties).config?;
        let config = match draw.below(6) {
            0 => config.when(draw.once_in(2)),
            1 => Def::Merge(vec![config]),
            2 if draw.once_in(3) => {
                let unknown = Def::Attrs(vec![("unknown".into(), Def::Int(1))]);
                Def::Merge(vec![config, unknown])
            }
            _ => config,
        };
        modules.push(Module::defines(file, &[scenes::NAMES[0].to_owned()], config));
    }
    let option = Decl::new(scenes::NAMES[0], Ty::Submodule(inner, None));
    modules.insert(
        draw.below(modules.len() + 1),
        Module::declares(scenes::DECLARING, vec![option]),
    );
    Some(Scene {
        modules,
        choices: Vec::new(),
    })
}

fn submodules(scene: &Scene, _: &Ground) -> Option<Question> {
    let mut outside = scene.clone();
    let declaring = outside.modules.iter_mut().find(|module| !module.options.is_empty())?;
    let option = declaring.options.first()?.clone();
    let Some(Ty::Submodule(inner, None)) = option.ty else {
        return None;
    };
    declaring.options = inner
        .into_iter()
        .map(|mut inside| {
            inside.path.splice(0..0, option.path.iter().cloned());
            inside
        })
        .collect();
    if declaring.options.is_empty() {
        return None;
    }
    let of = "e: e.config.alpha";
    same_up_to_order(
        ("submodule", evaluated(of, scene.modules())),
        ("options", evaluated(of, outside.modules())),
    )
}

const FREEFORM: Law = law(
    "lib-freeform-type",
    "what no option takes follows the free-form type, and what an option takes follows the option",
    "Settings of programs are free-form: the keys that a module knows are options, the others have one type. Both are \
     merged and checked.",
    freeform_drawn,
    freeform,
);

fn freeform_drawn(draw: &mut Draw<'_>, ground: &Ground) -> Option<Scene> {
    // Free-form types came with `anything`.
    if !ground.has_type("anything") {
        return None;
    }
    let inner = scenes::ty(draw, ground);
    // The values of these tell which option they are of.
    if inner.holds(&|ty| *ty == Ty::Simple(Simple::DeferredModule)) {
        return None;
    }
    let known = Decl::new(scenes::NAMES[0], scenes::small_type(draw));
    let free = Decl::new(scenes::NAMES[1], inner.clone());
    let options = [known.clone(), free];
    let mut modules = Vec::new();
    for file in &scenes::FILES[..draw.between(1, 3)] {
        modules.push(scenes::defining(draw, file, &options, scenes::with_properties));
    }
    let mut declaring = Module::declares(scenes::DECLARING, vec![known]);
    declaring.freeform = Some(match draw.below(3) {
        0 => Ty::LazyAttrsOf(Box::new(inner)),
        _ => Ty::AttrsOf(Box::new(inner)),
    });
    modules.insert(draw.below(modules.len() + 1), declaring);
    Some(Scene {
        modules,
        choices: Vec::new(),
    })
}

fn freeform(scene: &Scene, _: &Ground) -> Option<Question> {
    let mut declared = scene.clone();
    let [known, rest] = [scenes::NAMES[0], "rest"];
    for module in &mut declared.modules {
        if let Some(freeform) = module.freeform.take() {
            module.options.push(Decl::new(rest, freeform));
        }
        if let Some(Def::Attrs(entries)) = &mut module.config {
            let (kept, free): (Vec<_>, Vec<_>) = entries.drain(..).partition(|(name, _)| name == known);
            *entries = kept;
            if !free.is_empty() {
                entries.push((rest.into(), Def::Attrs(free)));
            }
        }
    }
    // Where nothing is free, there is nothing to compare.
    let free = declared.modules.iter().any(
        |module| matches!(&module.config, Some(Def::Attrs(entries)) if entries.iter().any(|(name, _)| name == rest)),
    );
    let freeform = scene.modules.iter().any(|module| module.freeform.is_some());
    if !free || !freeform {
        return None;
    }
    let by_option = "e: { known = e.config.alpha or \"none\"; } // e.config.rest";
    let by_type = "e: { known = e.config.alpha or \"none\"; } // removeAttrs e.config [ \"alpha\" ]";
    same(
        ("freeform", evaluated(by_type, scene.modules())),
        ("option", evaluated(by_option, declared.modules())),
    )
}
