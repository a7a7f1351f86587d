//! What certainly becomes a part of a host: what options name, with the options that name it.
//!
//! A derivation says what it is built of, and not what of that it will refer to. But all that `/etc` links
//! to and all packages of the system's path are part of the built system, and so is the system itself.

use diag::Pos;
use eval::coerce::Coercion;
use eval::context::{Deriver, Element};
use eval::{Ref, Tag, Val};
use store::{SortedSet, StorePath};

use super::stores::PathInfo;
use crate::host::{Host, Stop};

/// Something that an option makes a part of the host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Part {
    /// The names that lead to the option, or to what of its value brings it.
    pub option: Vec<String>,
    /// What the option says: the path that is linked to, or the package.
    pub text: Vec<u8>,
    /// The paths in the store.
    pub paths: Vec<StorePath>,
}

/// The parts of a host, and what of them is known without any store.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub all: Vec<Part>,
    /// The sources that evaluation copies.
    pub sources: Vec<(StorePath, PathInfo)>,
    /// How many things have no path before they are built.
    pub pathless: usize,
}

/// Returns the parts of a host.
pub(super) fn parts(host: &mut Host<'_>) -> Result<Parts, Stop> {
    let mut parts = Parts::default();
    for (name, entry) in host.entries(&["environment", "etc"])? {
        let on = host.used(entry, &["enable"])?.and_then(Val::as_bool);
        if on == Some(false) {
            continue;
        }
        if let Some(source) = host.used(entry, &["source"])? {
            let option = ["environment", "etc", &name, "source"].map(str::to_owned).to_vec();
            add(host, &mut parts, option, source)?;
        }
    }
    let packages: &[Ref] = host.elements(&["environment", "systemPackages"])?;
    for &package in packages {
        if let Some(package) = host.used(package, &[])? {
            let option = ["environment", "systemPackages"].map(str::to_owned).to_vec();
            add(host, &mut parts, option, package)?;
        }
    }
    Ok(parts)
}

/// Returns the path of the built host; `None` if it follows only from the build.
pub(super) fn toplevel(host: &Host<'_>) -> Option<StorePath> {
    let drv = StorePath::parse(host.judged.drv.as_ref()?).ok()?;
    output(host, &drv, &store::OutputName::OUT)
}

fn output(host: &Host<'_>, drv: &StorePath, name: &store::OutputName) -> Option<StorePath> {
    let derivation = host.ev.store.derivation(drv)?;
    let output = derivation.outputs.get(name)?;
    output.path(&derivation.name, name).ok().flatten()
}

/// Adds what a value refers to.
fn add(host: &mut Host<'_>, parts: &mut Parts, option: Vec<String>, value: Val) -> Result<(), Stop> {
    if !matches!(value.tag(), Tag::String | Tag::Path | Tag::Attrs) {
        return Ok(());
    }
    let text = match host.attempt(|ev| ev.coerce(value, Pos::NONE, "while weighing a part", Coercion::INTERPOLATE)) {
        Ok(text) => text,
        // What does not evaluate is nothing that the host uses, as it does evaluate.
        Err(Stop::Failed(_)) => return Ok(()),
        Err(stop) => return Err(stop),
    };
    let elements: Vec<Element> = host.ev.contexts.elements(text.context()).cloned().collect();
    let mut paths = Vec::new();
    for element in elements {
        match element {
            Element::Opaque(path) => {
                source(host, parts, &path)?;
                paths.push(path);
            }
            Element::Built(built) => {
                let path = match &built.drv {
                    Deriver::Path(drv) => output(host, drv, &built.output),
                    Deriver::Output(_) => None,
                };
                match path {
                    Some(path) => paths.push(path),
                    None => parts.pathless += 1,
                }
            }
            // The derivation itself, which nothing but tools for building refers to.
            Element::DrvDeep(_) => {}
        }
    }
    if !paths.is_empty() {
        let text = text.as_string().unwrap_or_default().to_vec();
        parts.all.push(Part { option, text, paths });
    }
    Ok(())
}

/// Weighs a source that evaluation knows, and what it refers to.
fn source(host: &mut Host<'_>, parts: &mut Parts, path: &StorePath) -> Result<(), Stop> {
    let mut open = vec![path.clone()];
    while let Some(path) = open.pop() {
        if parts.sources.iter().any(|(known, _)| *known == path) {
            continue;
        }
        let size = match host.attempt(|ev| ev.nar_size(&path)) {
            Ok(Some(size)) => size,
            Ok(None) | Err(Stop::Failed(_)) => continue,
            Err(stop) => return Err(stop),
        };
        let references = host.ev.store.object(&path).map(|object| object.references.clone());
        let references: SortedSet<StorePath> = references.unwrap_or_default();
        open.extend(references.iter().cloned());
        let references = references.iter().cloned().collect();
        parts.sources.push((path, PathInfo { size, references }));
    }
    Ok(())
}
