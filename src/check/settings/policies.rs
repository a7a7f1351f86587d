//! What policies need to know of the fleet.

use serde::Deserialize;

use super::Pattern;

/// What policies under `checks/` need to know.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a map of settings for policies"
)]
pub struct Policies {
    /// Tags with patterns of the hosts that have them: policies select hosts by their tags.
    #[serde(deserialize_with = "super::values::in_order")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "std::collections::BTreeMap<Pattern, Vec<Pattern>>")
    )]
    pub tags: Vec<(Pattern, Vec<Pattern>)>,
}

impl Policies {
    /// Returns the tags of a host, in the order of the file.
    pub fn tags_of(&self, host: &str) -> Vec<String> {
        let has = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(host));
        let tags = self.tags.iter().filter(|(_, hosts)| has(hosts));
        tags.map(|(tag, _)| tag.to_string()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_the_tags_whose_patterns_they_fit() {
        let settings: Policies = serde_yaml::from_str("tags: { web: ['web-*'], public: ['web-*', mail] }").unwrap();
        assert_eq!(settings.tags_of("web-1"), ["web", "public"]);
        assert_eq!(settings.tags_of("mail"), ["public"]);
        assert_eq!(settings.tags_of("db"), [""; 0]);
    }
}
