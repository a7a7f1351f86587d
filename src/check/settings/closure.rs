//! How large hosts may be: the key `closure` of `cfgcheck.yaml`.

use serde::Deserialize;

use super::from_text;
use super::values::{Bytes, Pattern, in_order};

/// How large the closures of hosts may be. Without a budget nothing is weighed.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a map of budgets"
)]
pub struct Closure {
    /// The most bytes that a host and all that it needs may take in the store, such as `4GiB`.
    pub max_size: Option<Bytes>,
    /// How much it may grow over the base that `--base` names: a part such as `10%`, or bytes such as `200MiB`.
    pub max_growth: Option<Growth>,
    /// Other budgets for some hosts, by patterns of their names. The first pattern that matches counts; what it
    /// leaves out is as for all hosts.
    #[serde(deserialize_with = "in_order")]
    #[cfg_attr(feature = "schema", schemars(with = "std::collections::BTreeMap<Pattern, Budget>"))]
    pub hosts: Vec<(Pattern, Budget)>,
}

/// How large one host may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a map of budgets"
)]
pub struct Budget {
    /// The most bytes that it may take, such as `1GiB`.
    pub max_size: Option<Bytes>,
    /// How much it may grow over the base, such as `10%` or `200MiB`.
    pub max_growth: Option<Growth>,
}

impl Budget {
    /// Whether nothing bounds the host.
    pub fn is_none(&self) -> bool {
        *self == Budget::default()
    }
}

impl Closure {
    /// Returns the budget of a host.
    pub fn of(&self, host: &str) -> Budget {
        let own = self.hosts.iter().find(|(pattern, _)| pattern.matches(host));
        let own = own.map(|(_, budget)| *budget).unwrap_or_default();
        Budget {
            max_size: own.max_size.or(self.max_size),
            max_growth: own.max_growth.or(self.max_growth),
        }
    }
}

/// How much something may grow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Growth {
    /// By this many hundredths of what it was.
    Percent(u32),
    /// By this many bytes.
    Bytes(u64),
}

from_text!(Growth, "a growth such as `10%` or `200MiB`");

impl TryFrom<String> for Growth {
    type Error = String;

    fn try_from(text: String) -> Result<Growth, String> {
        let wrong = || format!("`{text}` is no growth; one looks like `10%` or `200MiB`");
        match text.strip_suffix('%').map(str::trim) {
            Some(number) if number.bytes().all(|b| b.is_ascii_digit()) => {
                number.parse().map(Growth::Percent).map_err(|_| wrong())
            }
            Some(_) => Err(wrong()),
            None => Bytes::try_from(text.clone())
                .map(|Bytes(bytes)| Growth::Bytes(bytes))
                .map_err(|_| wrong()),
        }
    }
}

impl Growth {
    /// Returns the most bytes that something may have grown to.
    pub fn limit(self, before: u64) -> u64 {
        let more = match self {
            Growth::Percent(percent) => (u128::from(before) * u128::from(percent) / 100) as u64,
            Growth::Bytes(bytes) => bytes,
        };
        before.saturating_add(more)
    }
}

impl std::fmt::Display for Growth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Growth::Percent(percent) => write!(f, "{percent}%"),
            Growth::Bytes(bytes) => f.write_str(&crate::closure::size(*bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Closure, String> {
        serde_yaml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_host_has_its_own_budget_or_that_of_all() {
        let closure = read("{ max-size: 4GiB, max-growth: 10%, hosts: { 'web-*': { max-size: 1GiB } } }").unwrap();
        let of = |host: &str| closure.of(host);
        assert_eq!(of("web-1").max_size, Some(Bytes(1 << 30)));
        assert_eq!(of("web-1").max_growth, Some(Growth::Percent(10)));
        assert_eq!(of("db").max_size, Some(Bytes(4 << 30)));
        assert_eq!(Closure::default().of("db"), Budget::default());
    }

    #[test]
    fn growth_is_a_part_or_bytes() {
        let growth = |text: &str| Growth::try_from(text.to_owned());
        assert_eq!(growth("10%").map(|growth| growth.limit(200)), Ok(220));
        assert_eq!(growth("0 %").map(|growth| growth.limit(200)), Ok(200));
        assert_eq!(growth("1KiB").map(|growth| growth.limit(200)), Ok(1224));
        assert_eq!(Growth::Percent(u32::MAX).limit(u64::MAX), u64::MAX);
        for text in ["10", "%", "ten%", "-1%", "99999999999%", "1KB"] {
            assert!(growth(text).is_err(), "{text}");
        }
        assert_eq!(Growth::Percent(5).to_string(), "5%");
        assert!(read("max-size: 4").is_err() && read("max-grow: 1%").is_err() && read("[]").is_err());
    }
}
