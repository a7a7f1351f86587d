//! Values that a text gives to a name of a secret: `password = "…"`, `"token": "…"`, `DB_PASS=…`,
//! `--password …`, `https://user:…@host`.
//!
//! The text may be Nix, YAML, JSON, a shell's, a message in prose, or any of these drawn with line
//! numbers before each line, so that this is a matter of judgement: what is quoted is a value, what
//! is bare is one unless it looks like code, a path or prose.

use std::ops::Range;

use super::names::secret_like;

/// Most bytes of one value that is looked through (64 KiB).
const MOST_VALUE: usize = 64 << 10;

/// Words that are no secret where they stand bare.
const PLAIN: [&str; 18] = [
    "null",
    "nil",
    "none",
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "undefined",
    "optional",
    "required",
    "str",
    "string",
    "secret",
    "password",
    "token",
    "path",
];

/// Functions of the module system that stand before a value.
const PROPERTIES: [&str; 8] = [
    "mkForce",
    "mkDefault",
    "mkOverride",
    "mkIf",
    "mkMerge",
    "mkBefore",
    "mkAfter",
    "mkOrder",
];

/// Beginnings of values that say where the secret is instead of what it is.
const REFERENCES: [&str; 25] = [
    "/run/", "/etc/", "/var/", "/nix/", "/home/", "/root/", "/srv/", "/mnt/", "/persist", "/dev/", "/secrets", "/tmp/",
    "/boot/", "/opt/", "/usr/", "/keys", "./", "../", "~/", "$", "<", "%", "file:", "@", "•",
];

/// Returns where the values stand in a text: in order, apart from each other, without their quotes.
pub(super) fn values(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let before = found.len();
        match bytes[at] {
            b'=' | b':' => after_name(text, at, &mut found),
            b'-' if bytes[at..].starts_with(b"--") && (at == 0 || !name_byte(bytes[at - 1])) => {
                after_flag(text, at, &mut found);
            }
            b'B' if text[at..].starts_with("Bearer ") || text[at..].starts_with("Basic ") => {
                let from = at + text[at..].find(' ').unwrap_or(0) + 1;
                let end = from + bare(&text[from..]).len();
                if end - from >= 16 {
                    found.push(from..end);
                }
            }
            _ => {}
        }
        found[before..].sort_by_key(|range| range.start);
        at = found[before..].last().map_or(at + 1, |range| range.end.max(at + 1));
    }
    found
}

fn name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// Adds the value after `=` or `:`, if a name of a secret stands before it.
fn after_name(text: &str, at: usize, found: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let colon = bytes[at] == b':';
    if colon && bytes[at + 1..].starts_with(b"//") {
        return in_address(text, at + 3, found);
    }
    // `a::b` is a name of something else, `==` and `!=` compare with a value.
    if colon && (bytes.get(at + 1) == Some(&b':') || at > 0 && bytes[at - 1] == b':') {
        return;
    }
    let before = text[..at].trim_end_matches(['=', '!', ' ', '\t', '?']);
    let name_end = before.trim_end_matches(['"', '\'', '`', '\\']);
    let start = name_end.bytes().rposition(|byte| !name_byte(byte)).map_or(0, |i| i + 1);
    if !secret_like(&name_end[start..]) {
        return;
    }
    let from = at + 1 + run_of(&text[at + 1..], &['=', ' ', '\t', '>']);
    value(text, from, colon, found);
}

/// Adds the value of `--password VALUE`.
fn after_flag(text: &str, at: usize, found: &mut Vec<Range<usize>>) {
    let rest = &text[at + 2..];
    let name = rest.bytes().take_while(|&byte| name_byte(byte)).count();
    if rest[name..].starts_with(' ') && secret_like(&rest[..name]) {
        let from = at + 2 + name + 1;
        if !text[from..].starts_with('-') {
            value(text, from, true, found);
        }
    }
}

/// Adds the password of an address: `://user:PASSWORD@host`.
fn in_address(text: &str, from: usize, found: &mut Vec<Range<usize>>) {
    let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '`' | '<' | '>' | '?' | '#');
    let authority = &text[from..];
    let authority = &authority[..authority.find(ends).unwrap_or(authority.len())];
    let Some((user, _)) = authority.rsplit_once('@') else {
        return;
    };
    // A token may stand in the place of the user, too.
    let secret = match user.split_once(':') {
        Some((name, _)) => from + name.len() + 1..from + user.len(),
        None if user.len() >= 20 => from..from + user.len(),
        None => return,
    };
    if !secret.is_empty() && is_value(&text[secret.clone()]) {
        found.push(secret);
    }
}

/// Returns how many bytes at the beginning are of these characters.
fn run_of(text: &str, of: &[char]) -> usize {
    text.len() - text.trim_start_matches(of).len()
}

/// Adds the value that begins at `from`.
fn value(text: &str, from: usize, prose: bool, found: &mut Vec<Range<usize>>) {
    let mut from = from;
    let line_end = |at: usize| text[at..].find('\n').map_or(text.len(), |i| at + i);
    if text[from..line_end(from)].trim().is_empty() {
        // The value of `password =` may stand on the next line, in a drawing after its number.
        let next = (line_end(from) + 1).min(text.len());
        let content = next + gutter(&text[next..]);
        let content = content + run_of(&text[content..], &[' ', '\t']);
        if !text[content..].starts_with(['"', '\'']) {
            return;
        }
        from = content;
    }
    let rest = &text[from..floor(text, from + MOST_VALUE)];
    if let Some(range) = quoted(rest) {
        if is_value(&rest[range.clone()]) {
            found.push(from + range.start..from + range.end);
        }
        return;
    }
    if rest.starts_with('{') || rest.starts_with("|-") || rest.starts_with(">-") {
        return;
    }
    // A list, or an expression around literals: all literals of it are values.
    let list = rest.starts_with('[');
    let mut depth = 0usize;
    let mut at = 0;
    let mut literals = 0;
    while at < rest.len() {
        let c = rest[at..].chars().next().unwrap_or(' ');
        match c {
            '[' | '{' | '(' => depth += 1,
            ']' | '}' | ')' if depth == 0 => break,
            ']' | '}' | ')' => {
                depth -= 1;
                if list && depth == 0 {
                    break;
                }
            }
            ';' if depth == 0 => break,
            ',' if depth == 0 && !prose => break,
            '\n' if depth == 0 || prose && !list => break,
            '"' | '`' => {
                if let Some(range) =
                    quoted(&rest[at..]).filter(|_| !prose || list || literals > 0 || is_call(&rest[..at]))
                {
                    literals += 1;
                    if is_value(&rest[at + range.start..at + range.end]) {
                        found.push(from + at + range.start..from + at + range.end);
                    }
                    at += range.end;
                }
            }
            '\'' if rest[at..].starts_with("''") => {
                if let Some(range) = quoted(&rest[at..]) {
                    literals += 1;
                    if is_value(&rest[at + range.start..at + range.end]) {
                        found.push(from + at + range.start..from + at + range.end);
                    }
                    at += range.end;
                }
            }
            _ => {}
        }
        at += rest[at..].chars().next().map_or(1, char::len_utf8);
    }
    if literals == 0 && !list {
        let token = bare(rest);
        if is_bare_value(token, &rest[token.len()..], prose) {
            found.push(from..from + token.len());
        }
    }
}

/// Whether what stands before a literal is code, such as `lib.mkForce `, and not prose.
fn is_call(before: &str) -> bool {
    let word = before.trim_end();
    !word.is_empty() && word.bytes().all(|byte| name_byte(byte) || byte == b'(')
}

/// Returns the length of what a drawing has before the text of a line: `12 | ` or `   | `.
pub(crate) fn gutter(line: &str) -> usize {
    let number = run_of(line, &[' ']);
    let number = number + line[number..].bytes().take_while(u8::is_ascii_digit).count();
    let rest = &line[number..];
    let spaces = run_of(rest, &[' ']);
    match rest[spaces..].strip_prefix('|') {
        Some(after) => number + spaces + 1 + usize::from(after.starts_with(' ')),
        None => 0,
    }
}

/// Returns the inside of the quoted text that begins here; what is not closed goes to the end of its line.
fn quoted(text: &str) -> Option<Range<usize>> {
    if let Some(inside) = text.strip_prefix("''") {
        let mut from = 0;
        while let Some(at) = inside[from..].find("''") {
            let end = from + at;
            // `'''`, `''$` and `''\` are escapes of Nix.
            match inside[end + 2..].chars().next() {
                Some('\'' | '$' | '\\') => from = end + 3,
                _ => return Some(2..2 + end),
            }
        }
        return Some(2..text.len());
    }
    // In a text that is quoted itself, quotes are escaped.
    let open = if text.starts_with("\\\"") { 2 } else { 1 };
    let quote = *text
        .as_bytes()
        .get(open - 1)
        .filter(|byte| matches!(byte, b'"' | b'\'' | b'`'))?;
    let bytes = text.as_bytes();
    let line = text[open..].find('\n').map_or(text.len(), |i| open + i);
    let end_in = |end: usize| {
        let mut at = open;
        while at < end {
            match bytes[at] {
                b'\\' if open == 2 && bytes.get(at + 1) == Some(&quote) => return Some(at),
                b'\\' if quote != b'`' => at += 1,
                byte if byte == quote => return Some(at),
                _ => {}
            }
            at += 1;
        }
        None
    };
    let closed = match quote {
        // Only Nix's double quotes go over lines; a key in PEM does.
        b'"' => end_in(line).or_else(|| end_in(text.len()).filter(|&end| !text[line..end].contains('='))),
        _ => end_in(line),
    };
    Some(open..closed.unwrap_or(line).max(open))
}

/// Returns the word at the beginning of a text.
fn bare(text: &str) -> &str {
    let ends =
        |c: char| c.is_whitespace() || matches!(c, ';' | ',' | ')' | '}' | ']' | '"' | '\'' | '`' | '|' | '<' | '>');
    let end = text.find(ends).unwrap_or(text.len());
    text[..end].trim_end_matches(['.', ':', '\\'])
}

/// Whether a quoted value is a secret and not empty, a reference, or masked already.
fn is_value(value: &str) -> bool {
    let value = value.trim();
    let reference =
        value.len() < 1024 && REFERENCES.iter().any(|start| value.starts_with(start)) && !value.starts_with("$6$");
    let reference =
        reference && !(value.starts_with('$') && !value.starts_with("${") && value.matches('$').count() > 2);
    // `${user}:${password}` holds nothing by itself.
    let mut literal = String::new();
    let mut rest = value;
    while let Some(at) = rest.find("${") {
        literal.push_str(&rest[..at]);
        rest = rest[at..].find('}').map_or("", |end| &rest[at + end + 1..]);
    }
    literal.push_str(rest);
    let whole_reference = reference && !(value.starts_with("${") && literal.chars().any(char::is_alphanumeric));
    !whole_reference && literal.chars().any(|c| !matches!(c, '•' | ' ' | '\n' | '*' | '…'))
}

/// Whether a bare word is a secret: `after` is what follows it, `prose` says that `: ` or a space stood before it.
fn is_bare_value(word: &str, after: &str, prose: bool) -> bool {
    let small = word.to_ascii_lowercase();
    if word.is_empty() || PLAIN.contains(&small.as_str()) || !is_value(word) {
        return false;
    }
    let code = word.bytes().all(|byte| name_byte(byte) || byte == b'(') && !word.as_bytes()[0].is_ascii_digit();
    let next = after.trim_start_matches([' ', '\t']);
    // `token = cfg.token;`, `token = lib.mkOption {`, `password = mkForce null;`
    let of_nix = PROPERTIES.contains(&word)
        || after.starts_with([';', ')'])
        || next.starts_with(['{', '(', '['])
        || word.contains('(');
    if code && (of_nix || word.contains('.') && word.split('.').all(is_identifier)) {
        return false;
    }
    if !prose {
        return true;
    }
    let alone = next.is_empty() || next.starts_with('\n');
    let random = word.bytes().any(|byte| byte.is_ascii_digit())
        || word.chars().skip(1).any(char::is_uppercase) && word.chars().any(char::is_lowercase)
        || word
            .chars()
            .any(|c| !c.is_alphanumeric() && !matches!(c, '-' | '\'' | '’' | '/' | '.' | '_' | '(' | '…'));
    // `--password FILE` says what is to stand there.
    let placeholder = word.chars().all(|c| c.is_uppercase() || c == '_' || c == '-');
    !placeholder && word.chars().count() >= 4 && (alone || random)
}

fn is_identifier(part: &str) -> bool {
    part.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && part.chars().all(|c| c.is_alphanumeric() || "_-'".contains(c))
}

/// Returns the last boundary of characters at or before an offset.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<_> = values(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn quoted_values() {
        check("password = \"hunter2\";", &["hunter2"]);
        check("users.users.root.password = \"a \\\" b\"; x = \"y\";", &["a \\\" b"]);
        check("{\"token\": \"abc\", \"name\": \"web\"}", &["abc"]);
        check("{\\\"token\\\": \\\"abc\\\", \\\"name\\\": \\\"web\\\"}", &["abc"]);
        check("'secret': 'a'", &["a"]);
        check("`apiKey` = `abc`", &["abc"]);
        check("API_KEY='abc' DB_PASS=\"d\"", &["abc", "d"]);
        check(
            "password = ''\n  one\n  two ''' three\n'';\nname = \"x\";",
            &["\n  one\n  two ''' three\n"],
        );
        check("password = lib.mkForce \"abc\"; x = \"y\"", &["abc"]);
        check("password = lib.mkForce (f \"abc\" \"d\");", &["abc", "d"]);
        check("tokens = [ \"a\" \"b\" ]; names = [ \"c\" ]", &["a", "b"]);
        check("password == \"hunter2\"", &["hunter2"]);
        check("3 |   password =\n4 |     \"hunter2\";\n", &["hunter2"]);
        check("3 | password = \"unclosed\n4 | x = 1;", &["unclosed"]);
        check(
            "-----\nsecret = \"-----BEGIN\nabc\n-----END\";",
            &["-----BEGIN\nabc\n-----END"],
        );
    }

    #[test]
    fn bare_values() {
        check("DB_PASS=abc USER=x", &["abc"]);
        check("password: correct-horse", &["correct-horse"]);
        check("password: hunter2, user: x", &["hunter2"]);
        check("--password hunter2 --user x", &["hunter2"]);
        check("--token=abc", &["abc"]);
        check("https://user:pa%20ss@example.org/x", &["pa%20ss"]);
        check("Authorization: Bearer abcdefghijklmnopqrst", &["abcdefghijklmnopqrst"]);
        check("password=hunter2\\n", &["hunter2\\n"]);
    }

    #[test]
    fn what_is_no_value() {
        for text in [
            "password = \"\";",
            "password = null;",
            "initialPassword = mkForce null;",
            "token = cfg.token;",
            "password = secrets.root.password",
            "token = mkOption { type = types.str; };",
            "secret = \"/run/secrets/x\";",
            "secret = \"${config.sops.placeholder.x}\";",
            "token: the value must be a string",
            "password: expected 8 characters",
            "passwordFile = \"/x\"; publicKey = \"abc\";",
            "sops.secrets = { a = { }; };",
            "secret::name",
            "error[secret-in-store]: 3 secrets",
            "a token",
            "https://example.org:8080/a@b",
            "ssh://git@example.org/x",
            "--password FILE",
            "password = \"•••\"",
            "password=•••",
        ] {
            check(text, &[]);
        }
    }

    proptest! {
        #[test]
        fn ranges_are_in_order_and_on_characters(
            text in "(\\PC|\n|password|token|=|:|\"|''|'|\\\\|\\[|\\]|\\{|\\(|;| |--secret |é|\\$\\{|Bearer |://|@){0,40}",
        ) {
            let mut last = 0;
            for range in values(&text) {
                prop_assert!(range.start >= last && text.get(range.clone()).is_some(), "{:?}", range);
                last = range.end;
            }
        }
    }
}
