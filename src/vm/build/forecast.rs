//! What building would come to, before anything is fetched or built.

use super::{BuildError, Needs, Order};
use crate::realised::Realised;
use crate::substitute::{Haul, Substituters};
use std::fmt::Write;
use store::StorePath;

/// What building an order would come to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Forecast {
    /// Paths that are fetched from substitutes, with the bytes to download, and from where as far as that is known.
    pub fetched: Vec<(StorePath, u64, String)>,
    /// Derivations whose output is known by its hash and is fetched from its own source.
    pub downloaded: Vec<StorePath>,
    /// Derivations that are built.
    pub built: Vec<StorePath>,
}

impl Forecast {
    /// Returns what building an order would come to, given what a store has and what substituters offer.
    pub fn of(
        order: &Order<'_>,
        realised: &Realised,
        substituters: Option<&Substituters>,
        told: &mut dyn FnMut(&str),
    ) -> Result<Forecast, BuildError> {
        let mut forecast = Forecast::default();
        let needs = Needs::of(order, realised, &mut |paths| match substituters {
            Some(substituters) => Ok(substituters.offers(paths, realised, told)?),
            None => Ok(Haul::default()),
        })?;
        if let Some(substituters) = substituters {
            let offers = needs.haul.offers.into_iter();
            forecast.fetched.extend(offers.map(|(path, offer)| {
                let size = offer.info.file_size.unwrap_or(offer.info.nar_size);
                (path, size, substituters.url(&offer).to_owned())
            }));
        }
        forecast.downloaded.extend(needs.fixed.into_keys());
        forecast.built.extend(needs.built);
        Ok(forecast)
    }

    /// Takes in another one.
    pub fn add(&mut self, other: Forecast) {
        self.fetched.extend(other.fetched);
        self.downloaded.extend(other.downloaded);
        self.built.extend(other.built);
        self.fetched.sort();
        self.fetched.dedup();
        for paths in [&mut self.downloaded, &mut self.built] {
            paths.sort();
            paths.dedup();
        }
    }

    /// Reads what `nix-store --realise --dry-run` says: a line that announces a kind, and then a path in each line.
    pub(super) fn of_nix(said: &str) -> Forecast {
        let mut forecast = Forecast::default();
        let mut is_fetched = None;
        for line in said.lines() {
            if let Some(path) = line.strip_prefix("  ") {
                match (is_fetched, StorePath::parse(path.trim())) {
                    (Some(true), Ok(path)) => forecast.fetched.push((path, 0, String::new())),
                    (Some(false), Ok(path)) => forecast.built.push(path),
                    _ => {}
                }
            } else {
                let says = |what: &str| line.contains(what);
                is_fetched = match (says("will be fetched"), says("will be built")) {
                    (true, _) => Some(true),
                    (_, true) => Some(false),
                    _ => None,
                };
            }
        }
        forecast
    }

    /// Returns it as lines for people.
    pub fn print(&self) -> String {
        let mut text = String::new();
        let bytes: u64 = self
            .fetched
            .iter()
            .map(|(_, bytes, _)| *bytes)
            .fold(0, u64::saturating_add);
        let head = |text: &mut String, count: usize, what: &str| {
            let plural = if count == 1 { "" } else { "s" };
            writeln!(text, "{count} {}", what.replace("(s)", plural)).expect("a text takes all");
        };
        head(
            &mut text,
            self.fetched.len(),
            &format!(
                "store path(s) to fetch from substituters, {} KiB:",
                bytes.div_ceil(1024)
            ),
        );
        for (path, bytes, from) in &self.fetched {
            let from = if from.is_empty() {
                String::new()
            } else {
                format!(" {} KiB from {from}", bytes.div_ceil(1024))
            };
            writeln!(text, "  {}{from}", path.to_path()).expect("a text takes all");
        }
        head(
            &mut text,
            self.downloaded.len(),
            "derivation(s) that download what has a known hash:",
        );
        for path in &self.downloaded {
            writeln!(text, "  {}", path.to_path()).expect("a text takes all");
        }
        head(&mut text, self.built.len(), "derivation(s) to build:");
        for path in &self.built {
            writeln!(text, "  {}", path.to_path()).expect("a text takes all");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &str = "/nix/store/ldvc6np676qvhflm7645kq27lpa2gnxc-hello";

    #[test]
    fn what_nix_says_is_read() {
        let said = format!(
            "warning: x\nthis derivation will be built:\n  {HELLO}.drv\nthese 2 paths will be fetched (1.0 MiB download):\n  \
             {HELLO}\n  nonsense\ndon't know how to build these paths:\n  {HELLO}\n"
        );
        let mut forecast = Forecast::of_nix(&said);
        assert_eq!((forecast.built.len(), forecast.fetched.len()), (1, 1));
        forecast.add(forecast.clone());
        let expected = format!(
            "1 store path to fetch from substituters, 0 KiB:\n  {HELLO}\n0 derivations that download what has a known \
             hash:\n1 derivation to build:\n  {HELLO}.drv\n"
        );
        assert_eq!(forecast.print(), expected);
    }
}
