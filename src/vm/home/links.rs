//! The links that an activation of home-manager leaves, as a machine tells them.

use activation::home::named;
use diag::clean_line;
use std::collections::BTreeMap;

/// The links of a home into what home-manager has built, by their places.
pub struct Links {
    links: BTreeMap<String, String>,
    is_whole: bool,
}

impl Links {
    /// Reads a list of places and targets; whether it is whole, the caller knows.
    pub fn read(output: &[u8], is_whole: bool) -> Links {
        let text = String::from_utf8_lossy(output);
        let links = text.lines().filter_map(|line| line.split_once('\t'));
        let clean = |text: &str| clean_line(text).into_owned();
        Links {
            links: links.map(|(place, target)| (clean(place), clean(target))).collect(),
            is_whole,
        }
    }

    /// Returns in a sentence what another home has that this one has not, and what it lacks; nothing if they are the same,
    /// or cannot be compared. What links to the same place of another build is the same place.
    pub fn difference(&self, other: &Links) -> Option<String> {
        if !self.is_whole || !other.is_whole {
            return None;
        }
        let only_in = |one: &Links, two: &Links| -> Vec<String> {
            let places = one.links.keys().filter(|place| !two.links.contains_key(*place));
            places.cloned().collect()
        };
        let parts = [("with", only_in(other, self)), ("without", only_in(self, other))];
        let told: Vec<String> = parts
            .iter()
            .filter(|(_, places)| !places.is_empty())
            .map(|(word, places)| format!("{word} {}", named(places)))
            .collect();
        (!told.is_empty()).then(|| told.join(", "))
    }
}
