//! The name that is likely meant.

/// Longest name, in bytes, that can be a slip of another one.
const MOST_NAME: usize = 64;

/// Returns the name that is likely meant by another one: at most a third of its letters differ.
pub fn nearest<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if unknown.len() > MOST_NAME {
        return None;
    }
    let distance = |name: &&str| strsim::damerau_levenshtein(unknown, name);
    let near = known.into_iter().min_by_key(distance)?;
    (distance(&near) <= near.len().div_ceil(3)).then_some(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_likely_name_is_told() {
        let near = |name| nearest(name, ["firewall-disabled", "input-stale"]);
        assert_eq!(near("firewal-disabled"), Some("firewall-disabled"));
        assert_eq!(near("input-stael"), Some("input-stale"));
        assert_eq!(near("secrets"), None);
        assert_eq!(near(&"input-stale".repeat(20)), None);
        assert_eq!(nearest("a", []), None);
    }
}
