//! How large hosts are: the closure of each against the budget that the settings give it, and against the
//! base.
//!
//! Nothing is built. The path of a built host follows from its derivation, and a binary cache or the store of
//! this machine may have it: then its closure is known exactly. If not, what options certainly make a part of
//! it is weighed: sources that evaluation copies are known here, built things where a store has them. That is
//! less than the whole, so that it can break a budget and never keep one.

mod closure_grown;
mod closure_over_budget;
pub mod narinfo;
mod parts;
pub mod stores;
#[cfg(test)]
mod tests;
mod weigh;

use report::{Case, Outcome};
use store::StorePath;

use crate::Rule;
use crate::host::{Found, Host, Stop};
use crate::settings::Closure;
use parts::{Part, parts, toplevel};
pub use stores::{PathInfo, Store, StoreError};
use weigh::Sizes;
pub use weigh::Weight;

/// The rules on closures, in the order in which they are applied.
pub const RULES: &[&Rule] = &[&closure_over_budget::RULE, &closure_grown::RULE];

/// How closures are judged.
pub struct Request<'r> {
    /// The budgets.
    pub budgets: &'r Closure,
    /// Who knows sizes, the nearest first.
    pub stores: &'r [&'r dyn Store],
    /// What the host took before, if that was asked for and is known.
    pub before: Option<&'r Weight>,
}

/// A host that was weighed.
pub(crate) struct Weighed {
    /// What it takes; a lower bound if something is missing.
    weight: Weight,
    /// What adds most of what is known: the part, its bytes, and the path in it that takes most.
    heaviest: Option<(Part, u64, StorePath)>,
    /// Why sizes are missing.
    missing: Vec<String>,
}

/// Returns the cases of a host that has a budget; `applies` tells whether a rule is wanted.
pub fn cases(host: &mut Host<'_>, request: &Request<'_>, applies: &dyn Fn(&str) -> bool) -> Vec<Case> {
    let budget = request.budgets.of(host.system.name());
    let size = budget.max_size.filter(|_| applies(closure_over_budget::RULE.id));
    let growth = budget.max_growth.filter(|_| applies(closure_grown::RULE.id));
    // Without a base there is nothing to have grown from.
    let growth = growth.zip(request.before);
    if size.is_none() && growth.is_none() {
        return Vec::new();
    }
    let rules = [
        size.map(|_| &closure_over_budget::RULE),
        growth.map(|_| &closure_grown::RULE),
    ];
    let started = rules.into_iter().flatten().map(|rule| {
        let case = rule.case();
        case.on(host.system.name(), host.platform())
    });
    let started: Vec<Case> = started.collect();
    let weighed = match weighed(host, request.stores) {
        Ok(weighed) => weighed,
        Err(stop) => {
            let is_unknown = matches!(stop, Stop::Unknown);
            let mut stop = Some(stop);
            let told = started
                .into_iter()
                .map(|case| match stop.take().or(is_unknown.then_some(Stop::Unknown)) {
                    Some(stop) => crate::host::stopped(host, case, stop),
                    None => Case {
                        outcome: Outcome::Skipped("the host could not be weighed".into()),
                        ..case
                    },
                });
            return told.collect();
        }
    };
    let mut judged = Vec::new();
    for case in started {
        let case = case
            .property("closure-bytes", weighed.weight.bytes.to_string())
            .property("closure-paths", weighed.weight.paths.to_string())
            .property("closure-unknown", weighed.weight.unknown.to_string());
        let found = match (case.rule.as_deref(), size, growth) {
            (Some(id), Some(most), _) if id == closure_over_budget::RULE.id => {
                closure_over_budget::run(host, &weighed, most.0)
            }
            (_, _, Some((growth, before))) => closure_grown::run(host, &weighed, growth, before),
            _ => Ok(Vec::new()),
        };
        judged.push(match found {
            Ok(found) => crate::host::judged(host, case, found),
            Err(stop) => crate::host::stopped(host, case, stop),
        });
    }
    judged
}

/// Returns what a host takes, for one that others are compared with.
pub fn weigh(host: &mut Host<'_>, stores: &[&dyn Store]) -> Option<Weight> {
    let weighed = weighed(host, stores);
    match weighed {
        Ok(weighed) => Some(weighed.weight),
        Err(stop) => {
            // The host's own case tells what does not evaluate; a limit of the run ends the next one, too.
            if let Stop::Limit(_) = stop {
                host.ev.take_error();
            }
            None
        }
    }
}

fn weighed(host: &mut Host<'_>, stores: &[&dyn Store]) -> Result<Weighed, Stop> {
    if !host.evaluates() {
        return Err(Stop::Unknown);
    }
    let parts = parts(host)?;
    let mut sizes = Sizes::default();
    for (path, info) in &parts.sources {
        sizes.add(path.clone(), info.clone());
    }
    let own = toplevel(host);
    let whole: Vec<StorePath> = own.into_iter().collect();
    sizes.look_up(&whole, stores);
    let is_known = whole.iter().any(|path| sizes.knows(path));
    let roots: Vec<StorePath> = parts.all.iter().flat_map(|part| part.paths.iter().cloned()).collect();
    sizes.look_up(&roots, stores);
    let weight = if is_known {
        sizes.closure(&whole)
    } else {
        let mut weight = sizes.closure(&[whole, roots].concat());
        // Between the system and its parts there is more: units, scripts, the kernel.
        weight.unknown = weight.unknown.max(1) + parts.pathless;
        weight
    };
    let heaviest = parts.all.iter().map(|part| (part, sizes.closure(&part.paths).bytes));
    let heaviest = heaviest.max_by_key(|(_, bytes)| *bytes).and_then(|(part, bytes)| {
        let of = |path: &StorePath| sizes.closure(std::slice::from_ref(path)).bytes;
        let path = part.paths.iter().max_by_key(|path| of(path))?;
        Some((part.clone(), bytes, path.clone()))
    });
    Ok(Weighed {
        weight,
        heaviest,
        missing: sizes.failed,
    })
}

/// Returns an amount of bytes for people, such as `1.4 GiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = "bytes";
    for next in UNITS {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    match unit {
        "bytes" => format!("{bytes} bytes"),
        unit if value < 10.0 => format!("{value:.1} {unit}"),
        unit => format!("{value:.0} {unit}"),
    }
}

impl Weighed {
    /// Returns why a host that seems small enough may not be.
    fn why_unknown(&self) -> String {
        let Weight { bytes, paths, unknown } = self.weight;
        let mut reason = format!(
            "nothing is built here, and the sizes of {unknown} of {paths} paths are not known; the others take {}",
            size(bytes)
        );
        for store in &self.missing {
            reason.push_str(&format!("; {store}"));
        }
        reason
    }

    /// Returns a finding that names what adds most, at the option that brings it.
    fn tell(&self, host: &mut Host<'_>, rule: &Rule, message: &str, note: String) -> Result<Found, Stop> {
        let Some((part, bytes, path)) = &self.heaviest else {
            let place = host.system.place(host.ev);
            return Ok(Found::new(rule.found(message).at(place, "").note(note)));
        };
        let input = input_of(host, part);
        let is_own = path.to_path().as_bytes() == host.view.root;
        let what = match &input {
            Some(name) => format!("the source of {name}"),
            None if is_own => "the whole of this flake".to_owned(),
            None => format!("`{}`", path.name()),
        };
        let names: Vec<&str> = part.option.iter().map(String::as_str).collect();
        let place = host.place(&names)?;
        let message = format!("{message}; what adds most is {what}");
        let hint = match input {
            Some(name) if name.starts_with("nixpkgs") => {
                format!("give only the address, which fits into some bytes: `nix.registry.{name}.to`")
            }
            Some(_) => "name the files of it that are used, and not the whole of it".to_owned(),
            None if is_own => "name the files that are used, such as `./motd`: each is copied by itself".to_owned(),
            None => "see what of it is needed: `nix path-info --recursive --size`".to_owned(),
        };
        let diagnostic = rule.found(message).at(place, "").hint(hint);
        let diagnostic = diagnostic.note(note).note(format!("{what} takes {}", size(*bytes)));
        Ok(Found::new(diagnostic).option(crate::host::shown(&names)))
    }
}

/// Returns the name of the input that a part is, or lies in. An input may be a folder of the flake itself.
fn input_of(host: &Host<'_>, part: &Part) -> Option<String> {
    // The path of an input that is given relatively goes up and down again.
    let text = flake::tree::resolve(b"", part.text.strip_prefix(b"/")?)?;
    let holds = |folder: &[u8]| {
        let below = folder.strip_prefix(b"/").and_then(|folder| text.strip_prefix(folder));
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    };
    let holding = host.view.inputs.iter().filter(|(folder, _)| holds(folder));
    holding
        .max_by_key(|(folder, _)| folder.len())
        .map(|(_, name)| name.clone())
}
