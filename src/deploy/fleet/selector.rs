//! Which hosts are meant: names, patterns of names, and tags.

use std::fmt;
use std::str::FromStr;

/// Most characters of a selector; matching takes at most its length times the name's.
const MOST: usize = 256;

/// Hosts, by a pattern of their names (`web-*`) or of a tag (`@edge`): `*` stands for any characters, `?` for one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Selector {
    pattern: String,
    is_tag: bool,
}

impl FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Selector, String> {
        let (pattern, is_tag) = match text.strip_prefix('@') {
            Some(tag) => (tag, true),
            None => (text, false),
        };
        if pattern.is_empty() {
            return Err("which hosts? `*` is all of them, and `@NAME` those with a tag".into());
        }
        if pattern.chars().count() > MOST {
            return Err(format!("no host and no tag has a name of more than {MOST} characters"));
        }
        Ok(Selector {
            pattern: pattern.to_owned(),
            is_tag,
        })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.is_tag { "@" } else { "" }, self.pattern)
    }
}

impl Selector {
    /// Whether a host with these tags is meant.
    pub fn fits<T: AsRef<str>>(&self, name: &str, tags: &[T]) -> bool {
        match self.is_tag {
            true => tags.iter().any(|tag| matches(&self.pattern, tag.as_ref())),
            false => matches(&self.pattern, name),
        }
    }
}

/// Whether a pattern stands for the whole of a name.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    // Which beginnings of the pattern stand for what was read of the name; a star stands for nothing, too.
    let mut here = vec![false; pattern.len() + 1];
    here[0] = true;
    let skip_stars = |here: &mut Vec<bool>| {
        for at in 0..pattern.len() {
            here[at + 1] |= here[at] && pattern[at] == '*';
        }
    };
    skip_stars(&mut here);
    for c in name.chars() {
        let mut next = vec![false; pattern.len() + 1];
        for at in 0..pattern.len() {
            match pattern[at] {
                '*' => next[at] |= here[at],
                wanted => next[at + 1] |= here[at] && (wanted == '?' || wanted == c),
            }
        }
        skip_stars(&mut next);
        here = next;
    }
    here[pattern.len()]
}

/// Returns the hosts that selectors mean, in the order of `hosts`, which are names with their tags; or what is wrong, where one
/// means none of them.
pub fn select(selectors: &[Selector], hosts: &[(String, Vec<String>)]) -> Result<Vec<String>, String> {
    if let Some(unknown) = selectors.iter().find(|selector| !means_any(selector, hosts)) {
        return Err(means_none(unknown, hosts));
    }
    let is_meant = |(name, tags): &&(String, Vec<String>)| selectors.iter().any(|selector| selector.fits(name, tags));
    Ok(hosts.iter().filter(is_meant).map(|(name, _)| name.clone()).collect())
}

/// Whether a selector means any of some hosts.
pub(super) fn means_any(selector: &Selector, hosts: &[(String, Vec<String>)]) -> bool {
    hosts.iter().any(|(name, tags)| selector.fits(name, tags))
}

/// Returns that a selector means no host, with what is near.
pub(super) fn means_none(selector: &Selector, hosts: &[(String, Vec<String>)]) -> String {
    let mut message = format!("`{selector}` fits no host");
    let near = match selector.is_tag {
        true => {
            let tags = hosts.iter().flat_map(|(_, tags)| tags.iter().map(String::as_str));
            yaml::nearest(&selector.pattern, tags).map(|near| format!("@{near}"))
        }
        false => yaml::nearest(&selector.pattern, hosts.iter().map(|(name, _)| name.as_str())).map(str::to_owned),
    };
    if let Some(near) = near {
        message.push_str(&format!("; did you mean `{near}`?"));
    }
    message
}
