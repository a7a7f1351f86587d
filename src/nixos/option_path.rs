//! The path of an option: the names of `services.openssh.enable` or `users.users."a.b"`.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

/// The path of an option or of an attribute below one; it has at least one name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OptionPath(Vec<String>);

/// Why a text is no path of an option.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OptionPathError {
    /// There is nothing in it.
    #[error("the path of the option is empty")]
    Empty,
    /// Two dots follow each other, or one stands at an end.
    #[error("a name of the path is empty; write `\"\"` if that is its name")]
    EmptyName,
    /// A quote is not closed.
    #[error("a quote is not closed")]
    OpenQuote,
    /// Something stands directly before or behind a quoted name.
    #[error("a quoted name has to stand between dots")]
    BesideQuote,
}

impl OptionPath {
    /// Returns the path with these names; `None` if there are none.
    pub fn of(names: &[impl AsRef<str>]) -> Option<OptionPath> {
        let names: Vec<String> = names.iter().map(|name| name.as_ref().to_owned()).collect();
        (!names.is_empty()).then_some(OptionPath(names))
    }

    /// Returns the path with one name more.
    pub fn with(&self, name: &str) -> OptionPath {
        let mut names = self.0.clone();
        names.push(name.to_owned());
        OptionPath(names)
    }
}

impl Deref for OptionPath {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0
    }
}

impl FromStr for OptionPath {
    type Err = OptionPathError;

    fn from_str(text: &str) -> Result<OptionPath, OptionPathError> {
        if text.is_empty() {
            return Err(OptionPathError::Empty);
        }
        let mut names = Vec::new();
        let mut chars = text.chars().peekable();
        loop {
            let mut name = String::new();
            if chars.next_if_eq(&'"').is_some() {
                quoted(&mut chars, &mut name)?;
                if chars.peek().is_some_and(|&c| c != '.') {
                    return Err(OptionPathError::BesideQuote);
                }
            } else {
                while let Some(c) = chars.next_if(|&c| c != '.') {
                    if c == '"' {
                        return Err(OptionPathError::BesideQuote);
                    }
                    name.push(c);
                }
                if name.is_empty() {
                    return Err(OptionPathError::EmptyName);
                }
            }
            names.push(name);
            if chars.next().is_none() {
                return Ok(OptionPath(names));
            }
        }
    }
}

/// Reads a name up to its closing quote, with the escapes of a Nix string.
fn quoted(chars: &mut impl Iterator<Item = char>, name: &mut String) -> Result<(), OptionPathError> {
    loop {
        match chars.next().ok_or(OptionPathError::OpenQuote)? {
            '"' => return Ok(()),
            '\\' => name.push(match chars.next().ok_or(OptionPathError::OpenQuote)? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            }),
            other => name.push(other),
        }
    }
}

/// Returns a path as Nix writes it, with quotes where they are needed.
pub fn shown(names: &[impl AsRef<str>]) -> String {
    let names: Vec<String> = names.iter().map(|name| shown_name(name.as_ref())).collect();
    names.join(".")
}

fn shown_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '\'');
    let starts = |c: char| c.is_ascii_alphabetic() || c == '_';
    // `<name>` and `*` stand for any name in the paths of declarations.
    let any = name == "*" || (name.starts_with('<') && name.ends_with('>') && name.len() > 2);
    if any || (name.starts_with(starts) && name.chars().all(plain)) {
        return name.to_owned();
    }
    let mut out = String::from("\"");
    for c in name.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '$' => out.push_str("\\$"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

impl fmt::Display for OptionPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_are_read_as_users_write_them() {
        let check = |text: &str, names: &[&str], again: &str| {
            let path: OptionPath = text.parse().unwrap();
            assert_eq!(&*path, names, "{text}");
            assert_eq!(path.to_string(), again);
        };
        check("a", &["a"], "a");
        check(
            "services.openssh.enable",
            &["services", "openssh", "enable"],
            "services.openssh.enable",
        );
        check(
            r#"users.users."a.b""#,
            &["users", "users", "a.b"],
            r#"users.users."a.b""#,
        );
        check(
            "fileSystems./srv.device",
            &["fileSystems", "/srv", "device"],
            r#"fileSystems."/srv".device"#,
        );
        check(r#"a."x\"y".c"#, &["a", "x\"y", "c"], r#"a."x\"y".c"#);
        check(r#"a."""#, &["a", ""], r#"a."""#);
        check(
            "users.users.<name>.uid",
            &["users", "users", "<name>", "uid"],
            "users.users.<name>.uid",
        );
        check(r#"a."${b}""#, &["a", "${b}"], r#"a."\${b}""#);
    }

    #[test]
    fn what_is_no_path_is_told() {
        use OptionPathError::*;
        for (text, error) in [
            ("", Empty),
            (".a", EmptyName),
            ("a..b", EmptyName),
            ("a.", EmptyName),
            ("a.\"b", OpenQuote),
            ("a.\"b\\", OpenQuote),
            ("a.\"b\"c", BesideQuote),
            ("a.b\"c\"", BesideQuote),
        ] {
            assert_eq!(text.parse::<OptionPath>(), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_path_that_is_shown_is_read_again(names in proptest::collection::vec("[a-c.\"\\\\$ {}\n\té]{0,5}", 1..4)) {
            let path = OptionPath::of(&names).unwrap();
            prop_assert_eq!(path.to_string().parse::<OptionPath>(), Ok(path));
        }
    }
}
