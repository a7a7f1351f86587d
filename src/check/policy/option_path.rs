//! The path of an option, such as `services.nginx.virtualHosts."example.org".forceSSL`.

use std::fmt;

use crate::settings::from_text;

/// Most bytes of a path.
const MOST_BYTES: usize = 1024;

/// The path of an option, or of a part of its value.
#[derive(Clone, Eq, Debug)]
pub struct OptionPath {
    names: Vec<String>,
    text: String,
}

impl PartialEq for OptionPath {
    fn eq(&self, other: &OptionPath) -> bool {
        self.names == other.names
    }
}

from_text!(OptionPath, "the path of an option, such as `services.openssh.enable`");

impl TryFrom<String> for OptionPath {
    type Error = String;

    fn try_from(text: String) -> Result<OptionPath, String> {
        let wrong = |text: &str, what: &str| format!("`{text}` is no path of an option: {what}");
        if text.len() > MOST_BYTES {
            return Err(format!("a path of an option is longer than {MOST_BYTES} bytes"));
        }
        let mut names = Vec::new();
        let mut rest = text.as_str();
        loop {
            let name;
            if let Some(quoted) = rest.strip_prefix('"') {
                let Some((inside, after)) = quoted.split_once('"') else {
                    return Err(wrong(&text, "a quote is not closed"));
                };
                name = inside;
                rest = after;
            } else {
                let end = rest.find('.').unwrap_or(rest.len());
                name = &rest[..end];
                rest = &rest[end..];
                if let Some(odd) = name.chars().find(|c| !c.is_alphanumeric() && !"_-'@:+".contains(*c)) {
                    return Err(wrong(&text, &format!("`{odd}` must stand in double quotes")));
                }
            }
            if name.is_empty() {
                return Err(wrong(&text, "a part of it is empty"));
            }
            names.push(name.to_string());
            match rest.strip_prefix('.') {
                Some(more) => rest = more,
                None if rest.is_empty() => return Ok(OptionPath { names, text }),
                None => return Err(wrong(&text, "there must be a `.` after a quoted part")),
            }
        }
    }
}

impl OptionPath {
    /// Returns the names along the path.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns the path as it is written in the file.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for OptionPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_names(f, &self.names)
    }
}

/// Writes names as a path; a name with a dot in it, or another odd one, stands in quotes.
fn write_names(f: &mut impl fmt::Write, names: &[String]) -> fmt::Result {
    for (i, name) in names.iter().enumerate() {
        if i > 0 && !name.starts_with('[') {
            f.write_char('.')?;
        }
        let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-'".contains(c));
        if plain || name.starts_with('[') {
            f.write_str(name)?;
        } else {
            write!(f, "\"{name}\"")?;
        }
    }
    Ok(())
}

/// Returns names as a path; an element of a list is a name such as `[0]`.
pub fn shown(names: &[String]) -> String {
    let mut text = String::new();
    // Writing to a text never fails.
    let _ = write_names(&mut text, names);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<OptionPath, String> {
        OptionPath::try_from(text.to_string())
    }

    #[test]
    fn paths_are_read_and_shown() {
        let check = |text: &str, names: &[&str]| {
            let path = read(text).unwrap();
            assert_eq!(path.names(), names);
            assert_eq!(path.to_string(), text);
        };
        check("time.timeZone", &["time", "timeZone"]);
        check(
            "services.nginx.virtualHosts.\"example.org\".forceSSL",
            &["services", "nginx", "virtualHosts", "example.org", "forceSSL"],
        );
        let check = |text: &str, what: &str| assert_eq!(read(text).unwrap_err(), what);
        check("", "`` is no path of an option: a part of it is empty");
        check("a..b", "`a..b` is no path of an option: a part of it is empty");
        check("a.\"b", "`a.\"b` is no path of an option: a quote is not closed");
        check(
            "a.\"b\"c",
            "`a.\"b\"c` is no path of an option: there must be a `.` after a quoted part",
        );
        check(
            "users.users.*.uid",
            "`users.users.*.uid` is no path of an option: `*` must stand in double quotes",
        );
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_again(names in proptest::collection::vec("[a-z.*]{1,4}", 1..5)) {
            let path = OptionPath { names, text: String::new() };
            prop_assert_eq!(read(&path.to_string()), Ok(path));
        }

        #[test]
        fn no_path_panics(text in any::<String>()) {
            let _ = read(&text);
        }
    }
}
