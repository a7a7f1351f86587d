//! Versions and package names as Nix takes them apart: `splitVersion`, `compareVersions` and `parseDrvName`.

use std::cmp::Ordering;

/// The components of a version, in order; see [`components`].
#[derive(Clone, Debug)]
pub struct Components<'a> {
    rest: &'a [u8],
}

/// The components of `version`, as `splitVersion` lists them: runs of digits, and runs of bytes that are neither
/// digits nor separators. Separators are `.` and `-`; any number of them stands between two components, none is
/// needed between a digit and another byte.
pub fn components(version: &[u8]) -> Components<'_> {
    Components { rest: version }
}

impl<'a> Iterator for Components<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.rest.iter().position(|&byte| !is_separator(byte))?;
        let rest = &self.rest[start..];
        let number = rest[0].is_ascii_digit();
        let end = rest
            .iter()
            .position(|&byte| byte.is_ascii_digit() != number || is_separator(byte))
            .unwrap_or(rest.len());
        let (component, rest) = rest.split_at(end);
        self.rest = rest;
        Some(component)
    }
}

/// Which of two versions is older (`Less`), as `compareVersions` decides.
///
/// Versions are compared component by component; a version that ends is continued with empty components. Two versions
/// that differ only in separators or leading zeros are equal.
pub fn compare(left: &[u8], right: &[u8]) -> Ordering {
    let (mut left, mut right) = (components(left), components(right));
    loop {
        let (a, b) = (left.next(), right.next());
        if a.is_none() && b.is_none() {
            return Ordering::Equal;
        }
        let (a, b) = (a.unwrap_or_default(), b.unwrap_or_default());
        if is_older(a, b) {
            return Ordering::Less;
        }
        if is_older(b, a) {
            return Ordering::Greater;
        }
    }
}

/// A package's name and version, which is empty when it has none, as `parseDrvName` returns them.
///
/// The version starts after the first dash that is followed by anything but a letter. A dash at the very end belongs
/// to the name.
pub fn parse_drv_name(full: &[u8]) -> (&[u8], &[u8]) {
    match full
        .windows(2)
        .position(|pair| pair[0] == b'-' && !pair[1].is_ascii_alphabetic())
    {
        Some(dash) => (&full[..dash], &full[dash + 1..]),
        None => (full, b""),
    }
}

fn is_separator(byte: u8) -> bool {
    byte == b'.' || byte == b'-'
}

/// Whether one component comes before another: `pre` before everything, then the end, words, numbers.
fn is_older(a: &[u8], b: &[u8]) -> bool {
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a < b,
        (_, Some(_)) if a.is_empty() => true,
        _ if a == b"pre" && b != b"pre" => true,
        _ if b == b"pre" => false,
        (_, Some(_)) => true,
        (Some(_), _) => false,
        _ => a < b,
    }
}

/// The number that a component is. Digits beyond a C `int` are a word, not a number.
fn number(component: &[u8]) -> Option<i32> {
    super::number::parse_integer(component)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(version: &str) -> Vec<&str> {
        components(version.as_bytes())
            .map(|part| std::str::from_utf8(part).unwrap())
            .collect()
    }

    #[test]
    fn splits_at_separators_and_at_digits() {
        assert_eq!(split(""), [""; 0]);
        assert_eq!(split(".-."), [""; 0]);
        assert_eq!(split("1.2.3"), ["1", "2", "3"]);
        assert_eq!(split("..1--2."), ["1", "2"]);
        assert_eq!(split("2.3pre1-rc_4"), ["2", "3", "pre", "1", "rc_", "4"]);
        assert_eq!(split("1.2.3é"), ["1", "2", "3", "é"]);
    }

    #[test]
    fn compares() {
        for (left, right, order) in [
            ("1.0", "2.3", Ordering::Less),
            ("2.1", "2.3", Ordering::Less),
            ("2.3", "2.3", Ordering::Equal),
            ("2.5", "2.3", Ordering::Greater),
            ("3.1", "2.3", Ordering::Greater),
            ("2.3.1", "2.3", Ordering::Greater),
            ("2.3.1", "2.3a", Ordering::Greater),
            ("2.3pre1", "2.3", Ordering::Less),
            ("2.3pre3", "2.3pre12", Ordering::Less),
            ("2.3a", "2.3c", Ordering::Less),
            ("2.3pre1", "2.3c", Ordering::Less),
            ("2.3pre1", "2.3q", Ordering::Less),
            ("2.3", "2.3a", Ordering::Less),
            ("1.0", "1-0", Ordering::Equal),
            ("01", "1", Ordering::Equal),
            ("", "", Ordering::Equal),
            ("", "pre", Ordering::Greater),
            ("99999999999", "1", Ordering::Less),
        ] {
            assert_eq!(compare(left.as_bytes(), right.as_bytes()), order, "{left} and {right}");
            assert_eq!(
                compare(right.as_bytes(), left.as_bytes()),
                order.reverse(),
                "{right} and {left}"
            );
        }
    }

    #[test]
    fn names_end_at_the_first_dash_before_no_letter() {
        for (full, name, version) in [
            ("nix-0.12pre12876", "nix", "0.12pre12876"),
            ("apache-httpd-2.0.48", "apache-httpd", "2.0.48"),
            ("name", "name", ""),
            ("name-", "name-", ""),
            ("name--1", "name", "-1"),
            ("-1", "", "1"),
            ("a-b-c", "a-b-c", ""),
            ("", "", ""),
            ("a-é", "a", "é"),
        ] {
            assert_eq!(
                parse_drv_name(full.as_bytes()),
                (name.as_bytes(), version.as_bytes()),
                "{full}"
            );
        }
    }

    proptest! {
        #[test]
        fn components_are_the_version_without_separators(version in "[0-9a-c.-]{0,20}") {
            let joined: Vec<u8> = components(version.as_bytes()).flatten().copied().collect();
            prop_assert_eq!(joined, version.replace(['.', '-'], "").into_bytes());
        }

        #[test]
        fn a_version_equals_itself(version in proptest::collection::vec(any::<u8>(), 0..20)) {
            prop_assert_eq!(compare(&version, &version), Ordering::Equal);
            parse_drv_name(&version);
        }
    }
}
