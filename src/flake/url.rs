//! URLs as Nix reads and prints them.
//!
//! The grammar is RFC 3986 with the liberties that Nix takes: in a flake reference, spaces and
//! double quotes may stand in the query, and those and `^` in the fragment; a query parameter
//! without `=` is dropped; of a repeated parameter the first counts. Printing percent-encodes
//! everything that is not an unreserved character, with a few more characters kept per part, so
//! that `https://h/a,b` comes back as `https://h/a%2Cb`. Lock files compare by these texts.

use std::collections::BTreeMap;
use std::fmt;

/// A text that is not a URL, in Nix's words.
///
/// In a flake reference such a text is tried as a path next, so this is kept apart from other errors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadUrl(pub String);

impl BadUrl {
    pub(crate) fn new(text: impl Into<String>) -> BadUrl {
        BadUrl(text.into())
    }
}

/// What stands between `//` and the path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Authority {
    /// The host, decoded and without the brackets of an IPv6 literal; may be empty.
    pub host: String,
    /// Whether the host stood in brackets.
    pub bracketed: bool,
    /// The user name, decoded.
    pub user: Option<String>,
    /// The password, decoded.
    pub password: Option<String>,
    /// The port, 1 to 65535.
    pub port: Option<u16>,
}

/// A URL in parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Url {
    /// The scheme as written, for instance `git+https`.
    pub scheme: String,
    /// The authority, if there was a `//`.
    pub authority: Option<Authority>,
    /// The path split at `/`, each part decoded; an absolute path starts with an empty part.
    pub path: Vec<String>,
    /// The query parameters, decoded.
    pub query: BTreeMap<String, String>,
    /// The fragment, decoded; empty if there is none.
    pub fragment: String,
}

/// Returns the parts before and after the first `+` of a scheme: `git+https` is git over https.
pub fn split_scheme(scheme: &str) -> (Option<&str>, &str) {
    match scheme.split_once('+') {
        Some((application, transport)) => (Some(application), transport),
        None => (None, scheme),
    }
}

fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~')
}

fn is_subdelim(b: u8) -> bool {
    matches!(
        b,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
    )
}

fn is_pchar(b: u8) -> bool {
    is_unreserved(b) || is_subdelim(b) || b == b':' || b == b'@'
}

/// Returns `text` with every byte encoded that is neither unreserved nor in `keep`.
pub fn percent_encode(text: &str, keep: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for &b in text.as_bytes() {
        if is_unreserved(b) || keep.as_bytes().contains(&b) {
            out.push(b as char);
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}

fn decode_bytes(text: &str) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] != b'%' {
            out.push(bytes[i]);
            i += 1;
            continue;
        }
        let (Some(&high), Some(&low)) = (bytes.get(i + 1), bytes.get(i + 2)) else {
            return Err("incomplete pct-encoding");
        };
        match ((high as char).to_digit(16), (low as char).to_digit(16)) {
            (Some(high), Some(low)) => out.push((high * 16 + low) as u8),
            _ => return Err("bad hexdig in pct-encoding"),
        }
        i += 3;
    }
    Ok(out)
}

/// Returns `text` with its `%XX` resolved.
///
/// Fails on a `%` without two hexadecimal digits, and (unlike Nix) when the result is not UTF-8.
pub fn percent_decode(text: &str) -> Result<String, BadUrl> {
    let bytes = decode_bytes(text).map_err(|why| BadUrl(format!("invalid URI parameter '{text}': {why}")))?;
    String::from_utf8(bytes).map_err(|_| BadUrl(format!("invalid URI parameter '{text}': not UTF-8")))
}

/// Whether all bytes are allowed by `allowed` or are well-formed percent-encodings.
fn well_formed(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == b'%' {
            let hex = |b: Option<&u8>| b.is_some_and(u8::is_ascii_hexdigit);
            if !hex(bytes.get(i + 1)) || !hex(bytes.get(i + 2)) {
                return false;
            }
            i += 3;
        } else if allowed(bytes[i]) {
            i += 1;
        } else {
            return false;
        }
    }
    true
}

fn in_query(b: u8) -> bool {
    is_pchar(b) || matches!(b, b'/' | b'?' | b'[' | b']')
}

fn in_fragment(b: u8) -> bool {
    is_pchar(b) || matches!(b, b'/' | b'?' | b'#')
}

/// Encodes just the characters of `which`.
fn encode_only(text: &str, which: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if which.contains(c) {
            out.push_str(&format!("%{:02X}", c as u32));
        } else {
            out.push(c);
        }
    }
    out
}

const LENIENT_QUERY: &str = " \"";
const LENIENT_FRAGMENT: &str = " \"^";

/// Encodes what a flake reference may leave plain in its query and fragment.
fn encode_liberties(url: &str) -> String {
    let mut fixed = String::with_capacity(url.len());
    let mut rest = url;
    // As in Nix, the first `?` starts the query even when it stands behind a `#`.
    if let Some((before, after)) = rest.split_once('?') {
        fixed.push_str(before);
        fixed.push('?');
        let end = after.find('#').unwrap_or(after.len());
        fixed.push_str(&encode_only(&after[..end], LENIENT_QUERY));
        rest = &after[end..];
    }
    match rest.split_once('#') {
        Some((before, after)) => {
            fixed.push_str(before);
            fixed.push('#');
            fixed.push_str(&encode_only(after, LENIENT_FRAGMENT));
        }
        None => fixed.push_str(rest),
    }
    fixed
}

/// Returns the parameters of a query text; with `lenient`, spaces and quotes may stand plain in it.
pub fn decode_query(query: &str, lenient: bool) -> Result<BTreeMap<String, String>, BadUrl> {
    let fixed = if lenient {
        encode_only(query, LENIENT_QUERY)
    } else {
        query.to_owned()
    };
    if !well_formed(&fixed, in_query) {
        return Err(BadUrl(format!("invalid URI query '{query}': leftover")));
    }
    let mut parameters = BTreeMap::new();
    for parameter in fixed.split('&') {
        if let Some((name, value)) = parameter.split_once('=') {
            parameters
                .entry(percent_decode(name)?)
                .or_insert(percent_decode(value)?);
        }
    }
    Ok(parameters)
}

impl Authority {
    /// Returns the parts of an authority text.
    pub fn parse(text: &str) -> Result<Authority, BadUrl> {
        let bad = |why: &str| BadUrl(format!("invalid URL authority: '{text}': {why}"));
        let (userinfo, hostport) = match text.rsplit_once('@') {
            Some((userinfo, hostport)) => (Some(userinfo), hostport),
            None => (None, text),
        };
        let mut authority = Authority::default();
        if let Some(userinfo) = userinfo {
            if !well_formed(userinfo, |b| is_unreserved(b) || is_subdelim(b) || b == b':') {
                return Err(bad("leftover"));
            }
            match userinfo.split_once(':') {
                Some((user, password)) => {
                    authority.user = Some(percent_decode(user)?);
                    authority.password = Some(percent_decode(password)?);
                }
                None => authority.user = Some(percent_decode(userinfo)?),
            }
        }
        let port = if let Some(rest) = hostport.strip_prefix('[') {
            let (host, after) = rest.split_once(']').ok_or_else(|| bad("leftover"))?;
            let address = host.split_once("%25").map_or(host, |(address, _)| address);
            let future = host.starts_with(['v', 'V']) && host.contains('.');
            if address.parse::<std::net::Ipv6Addr>().is_err() && !future {
                return Err(bad("leftover"));
            }
            authority.host = percent_decode(host)?;
            authority.bracketed = true;
            match after.strip_prefix(':') {
                Some(port) => Some(port),
                None if after.is_empty() => None,
                None => return Err(bad("leftover")),
            }
        } else {
            let (host, port) = match hostport.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (hostport, None),
            };
            if !well_formed(host, |b| is_unreserved(b) || is_subdelim(b)) {
                return Err(bad("leftover"));
            }
            authority.host = percent_decode(host)?;
            port
        };
        if let Some(port) = port.filter(|port| !port.is_empty()) {
            if !port.bytes().all(|b| b.is_ascii_digit()) {
                return Err(bad("leftover"));
            }
            match port.parse::<u16>() {
                Ok(number) if number != 0 => authority.port = Some(number),
                _ => return Err(BadUrl(format!("port '{port}' is invalid"))),
            }
        }
        Ok(authority)
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            f.write_str(&percent_encode(user, ""))?;
            if let Some(password) = &self.password {
                write!(f, ":{}", percent_encode(password, ""))?;
            }
            f.write_str("@")?;
        }
        if self.bracketed {
            write!(f, "[{}]", percent_encode(&self.host, ":"))?;
        } else {
            f.write_str(&percent_encode(&self.host, ""))?;
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl Url {
    /// Returns the parts of `text`; `lenient` takes the liberties of a flake reference.
    pub fn parse(text: &str, lenient: bool) -> Result<Url, BadUrl> {
        let fixed = if lenient {
            encode_liberties(text)
        } else {
            text.to_owned()
        };
        let invalid = || BadUrl(format!("'{text}' is not a valid URL: leftover"));

        let (rest, fragment) = match fixed.split_once('#') {
            Some((rest, fragment)) => (rest, fragment),
            None => (fixed.as_str(), ""),
        };
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, query),
            None => (rest, ""),
        };
        let (scheme, rest) = match rest.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
            // A reference without a scheme may not have a colon in its first path part.
            Some((first, _)) if !first.contains('/') => return Err(invalid()),
            _ if !well_formed(rest, |b| is_pchar(b) || b == b'/') => return Err(invalid()),
            _ => return Err(BadUrl(format!("'{fixed}' doesn't have a scheme"))),
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find('/').unwrap_or(rest.len());
                (Some(Authority::parse(&rest[..end])?), &rest[end..])
            }
            None => (None, rest),
        };
        if !well_formed(path, |b| is_pchar(b) || b == b'/')
            || !well_formed(query, in_query)
            || !well_formed(fragment, in_fragment)
        {
            return Err(invalid());
        }
        let is_file = split_scheme(scheme).1 == "file";
        if let Some(authority) = authority.as_ref().filter(|a| is_file && !a.host.is_empty()) {
            return Err(BadUrl(format!(
                "file:// URL '{fixed}' has unexpected authority '{authority}'"
            )));
        }
        let path = if is_file && path.is_empty() { "/" } else { path };
        Ok(Url {
            scheme: scheme.to_owned(),
            authority,
            path: path.split('/').map(percent_decode).collect::<Result<_, _>>()?,
            query: decode_query(query, lenient)?,
            fragment: percent_decode(fragment)?,
        })
    }

    /// Returns the parts of the path that are not empty.
    pub fn segments(&self) -> Vec<&str> {
        self.path
            .iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect()
    }

    /// Returns the host, or the empty string.
    pub fn host(&self) -> &str {
        self.authority.as_ref().map_or("", |authority| &authority.host)
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.scheme)?;
        if let Some(authority) = &self.authority {
            write!(f, "//{authority}")?;
        }
        for (i, part) in self.path.iter().enumerate() {
            if i > 0 {
                f.write_str("/")?;
            }
            f.write_str(&percent_encode(part, ":@"))?;
        }
        for (i, (name, value)) in self.query.iter().enumerate() {
            let (name, value) = (percent_encode(name, ":@/?"), percent_encode(value, ":@/?"));
            write!(f, "{}{name}={value}", if i == 0 { '?' } else { '&' })?;
        }
        if !self.fragment.is_empty() {
            write!(f, "#{}", percent_encode(&self.fragment, ""))?;
        }
        Ok(())
    }
}

/// Returns the file-system path that the parts of a URL's path name.
///
/// Repeated slashes become one, a trailing slash stays, `.` and `..` stay.
pub fn path_of_parts(parts: &[String]) -> Result<String, BadUrl> {
    for part in parts {
        if part.contains('/') {
            return Err(BadUrl(format!(
                "URL path component '{part}' contains '/', which is not allowed in file names"
            )));
        }
        if part.contains('\0') {
            let shown = part.replace('\0', "␀");
            return Err(BadUrl(format!(
                "URL path component '{shown}' contains NUL byte which is not allowed"
            )));
        }
    }
    let Some((first, rest)) = parts.split_first() else {
        return Ok(String::new());
    };
    let mut path = if first.is_empty() {
        "/".to_owned()
    } else {
        first.clone()
    };
    for part in rest {
        if !path.ends_with('/') {
            path.push('/');
        }
        path.push_str(part);
    }
    Ok(path)
}

/// Returns the parts of a URL's path for a file-system path; the inverse of [`path_of_parts`].
pub fn parts_of_path(path: &str) -> Vec<String> {
    let mut parts = Vec::new();
    if path.starts_with('/') {
        parts.push(String::new());
    }
    parts.extend(path.split('/').filter(|part| !part.is_empty()).map(str::to_owned));
    if path.is_empty() || path.ends_with('/') {
        parts.push(String::new());
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let shown = match Url::parse(text, true) {
            Ok(url) => url.to_string(),
            Err(BadUrl(message)) => format!("error: {message}"),
        };
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn urls_print_as_nix_prints_them() {
        check("https://h/a,b", "https://h/a%2Cb");
        check("https://u:p@h:80/x?b=1&a=2&a=3", "https://u:p@h:80/x?a=2&b=1");
        check("https://h/x?a b=\"c\"", "https://h/x?a%20b=%22c%22");
        check("https://h/x#a b^", "https://h/x#a%20b%5E");
        check("https://[::1]:80/", "https://[::1]:80/");
        check("https://h:/x", "https://h/x");
        check("file://", "file:///");
        check("path:./x", "path:./x");
    }

    #[test]
    fn texts_that_are_no_urls() {
        check("abc", "error: 'abc' doesn't have a scheme");
        check(
            "file://h/x",
            "error: file:// URL 'file://h/x' has unexpected authority 'h'",
        );
        check("https://h:0/", "error: port '0' is invalid");
        check("https://h:99999/", "error: port '99999' is invalid");
        check("https://h/ x", "error: 'https://h/ x' is not a valid URL: leftover");
        check("https://h/%zz", "error: 'https://h/%zz' is not a valid URL: leftover");
    }

    #[test]
    fn paths_and_parts() {
        for (path, back) in [
            ("/a//b/", "/a/b/"),
            ("a/./b", "a/./b"),
            ("/", "/"),
            ("./x", "./x"),
            ("", "/"),
        ] {
            assert_eq!(path_of_parts(&parts_of_path(path)).unwrap(), back, "{path}");
        }
        assert!(path_of_parts(&["".into(), "a/b".into()]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn parsing_never_panics_and_printing_is_stable(text in "\\PC{0,40}") {
            if let Ok(url) = Url::parse(&text, true) {
                let printed = url.to_string();
                let again = Url::parse(&printed, false).unwrap();
                proptest::prop_assert_eq!(printed, again.to_string());
            }
        }

        #[test]
        fn url_like_texts_never_panic(text in "(git\\+|path:|https://|file:)?[a-z%/?#&=@:\\[\\]. ]{0,24}") {
            let _ = Url::parse(&text, true);
            let _ = Url::parse(&text, false);
        }
    }
}
