//! What TOML documents are read as. Values and messages were taken from Nix 2.34.8.

use super::*;
use proptest::prelude::*;

fn shown(value: &Toml) -> String {
    match value {
        Toml::String(text) => format!("{text:?}"),
        Toml::Integer(value) => value.to_string(),
        Toml::Float(value) => format!("{value:?}"),
        Toml::Bool(value) => value.to_string(),
        Toml::Timestamp(text) => text.clone(),
        Toml::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" ")),
        Toml::Table(entries) => shown_table(entries),
    }
}

fn shown_table(entries: &BTreeMap<String, Toml>) -> String {
    let entries: Vec<_> = entries
        .iter()
        .map(|(key, value)| format!("{key}={}", shown(value)))
        .collect();
    format!("{{{}}}", entries.join(" "))
}

fn read(text: &str) -> String {
    parse(text.as_bytes(), true).map_or_else(|error| error.to_string(), |root| shown_table(&root))
}

#[test]
fn reads_values() {
    for (text, value) in [
        ("a = 1_000", "1000"),
        ("a = -0", "0"),
        ("a = +9223372036854775807", "9223372036854775807"),
        ("a = -9223372036854775808", "-9223372036854775808"),
        ("a = 0xdead_BEEF", "3735928559"),
        ("a = 0o17", "15"),
        ("a = 0b101", "5"),
        ("a = 1.5e-2", "0.015"),
        ("a = 1_0.0_1", "10.01"),
        ("a = 1e3", "1000.0"),
        ("a = -inf", "-inf"),
        ("a = nan", "NaN"),
        ("a = true", "true"),
        ("a = \"x\\ty\\u00e9\\\"\"", "\"x\\tyé\\\"\""),
        ("a = 'x\\y'", "\"x\\\\y\""),
        ("a = \"\"\"\nx\n y\"\"\"", "\"x\\n y\""),
        ("a = \"\"\"x \\\n\n   y\"\"\"", "\"x y\""),
        ("a = \"\"\"x\"\"\"\"\"", "\"x\\\"\\\"\""),
        ("a = '''\nx''y'''", "\"x''y\""),
        ("a = [1, [2,], # c\n 'x'\n]", "[1 [2] \"x\"]"),
        ("a = {b.c = 1, d = {}}", "{b={c=1} d={}}"),
        ("a = 1979-05-27T07:32:00Z", "1979-05-27T07:32:00Z"),
        ("a = 1979-05-27 00:32:00.5-07:30", "1979-05-27T00:32:00.500-07:30"),
        ("a = 1979-05-27t00:32:00.999999", "1979-05-27T00:32:00.999999"),
        ("a = 1979-05-27", "1979-05-27"),
        ("a = 07:32:00.1234567891", "07:32:00.123456789"),
    ] {
        assert_eq!(read(text), format!("{{a={value}}}"), "{text}");
    }
}

#[test]
fn reads_tables() {
    for (text, root) in [
        ("", "{}"),
        ("# only a comment", "{}"),
        ("\u{feff}a=1\r\nb=2\r\n", "{a=1 b=2}"),
        ("a.b.c = 1\na.b.d = 2", "{a={b={c=1 d=2}}}"),
        ("[a.b]\nc=1\n[a]\nd=2", "{a={b={c=1} d=2}}"),
        ("[ a . \"b c\" ] # x\nd=1", "{a={b c={d=1}}}"),
        ("[[a]]\nb=1\n[[a]]\n[a.c]\nd=1\n[[a.e]]", "{a=[{b=1} {c={d=1} e=[{}]}]}"),
        ("1234 = 1\n\"\" = 2", "{=2 1234=1}"),
        ("[f]\na.b = 1\n[f.a.c]\n", "{f={a={b=1 c={}}}}"),
    ] {
        assert_eq!(read(text), root, "{text}");
    }
}

#[test]
fn refuses() {
    for (text, message) in [
        (
            "a",
            "toml::parse_key_value_pair: invalid key value separator `=`\n1 | a\n|  ^-- expected =\n",
        ),
        (
            "a = x",
            "bad format: unknown value appeared\n1 | a = x\n|     ^-- here\n",
        ),
        ("a =", "bad format: unknown value appeared\n1 | a =\n|    ^-- here\n"),
        (
            "a = 1 b = 2",
            "toml::parse_table: newline (LF / CRLF) or EOF is expected\n1 | a = 1 b = 2\n|       ^-- here\n",
        ),
        (
            "[a",
            "toml::parse_file: invalid table key\n1 | [a\n|   ^-- expected ]\n",
        ),
        (
            "a = \"x",
            "toml::parse_basic_string: invalid string format\n1 | a = \"x\n|       ^-- expected \"\n",
        ),
        (
            "a = [1 2]",
            "toml::parse_array: expected value-separator `,` or closing `]`\n1 | a = [1 2]\n|        ^-- here\n",
        ),
        (
            "a = 9223372036854775808",
            "toml::parse_dec_integer: too large integer: current max digits = 2^63\n1 | a = 9223372036854775808\n|                        ^-- must be < 2^63\n",
        ),
        (
            "a = 0xG",
            "toml::parse_hex_integer: invalid integer: hex_int must be like: 0xC0FFEE, 0xdead_beef\n1 | a = 0xG\n|       ^-- expected hex [0-9a-fA-F]\n",
        ),
    ] {
        let (title, rest) = message.split_once('\n').unwrap();
        let rest = rest.replace("1 | ", " 1 | ").replace("\n|", "\n   |");
        assert_eq!(
            read(text),
            format!("[error] {title}\n --> fromTOML\n   |\n{rest}"),
            "{text}"
        );
    }
}

#[test]
fn refuses_what_is_there_already() {
    assert_eq!(
        read("a = 1\na = 2"),
        "[error] toml::insert_value: failed to insert a value, value already exists\n --> fromTOML\n   |\n 2 | a = 2\n   \
         | ^-- inserting this\n   | ...\n   |\n 1 | a = 1\n   |     ^-- but value already exists\n"
    );
    for text in [
        "[a]\n[a]",
        "a.b = 1\na.b.c = 2",
        "a = {b=1}\na.c = 2",
        "a = {b=1, b=2}",
        "[[a]]\n[a]",
        "a = []\n[[a]]",
        "a = [{}]\n[[a]]",
        "[a.b]\n[a]\nb.c = 1",
        "[a]\nb.c = 1\n[a.b]",
    ] {
        assert!(
            read(text).starts_with("[error] toml::insert_value:"),
            "{text}: {}",
            read(text)
        );
    }
}

#[test]
fn refuses_what_nix_cannot_hold() {
    assert_eq!(parse(b"a = 1979-05-27", false), Err(TomlError::Timestamp));
    assert_eq!(parse(b"a = \"x\\u0000\"", false), Err(TomlError::Nul("x␀".to_owned())));
    assert_eq!(parse(b"\"x\\u0000\" = 1", false), Err(TomlError::Nul("x␀".to_owned())));
    let deep = format!("a = {}", "[".repeat(100_000));
    assert_eq!(parse(deep.as_bytes(), false), Err(TomlError::TooDeep));
    let deep = format!("a = {}", "{a.a.a = ".repeat(100_000));
    assert_eq!(parse(deep.as_bytes(), false), Err(TomlError::TooDeep));
    let deep = format!("[{}a]", "a.".repeat(100_000));
    assert_eq!(parse(deep.as_bytes(), false), Err(TomlError::TooDeep));
}

proptest! {
    #[test]
    fn never_panics(text in proptest::collection::vec(any::<u8>(), 0..40)) {
        let _ = parse(&text, true);
    }

    #[test]
    fn never_panics_on_near_toml(text in "([a-c.=\\[\\]{},\"'#\\\\ \r\n0-9_:TZ+-]|inf|0x|\"\"\"|'''){0,16}") {
        let _ = parse(text.as_bytes(), true);
    }

    #[test]
    fn strings_read_back(text in any::<String>()) {
        let escaped: String = text.chars().map(|c| format!("\\U{:08X}", u32::from(c))).collect();
        match parse(format!("a = \"{escaped}\"").as_bytes(), true) {
            Ok(root) => prop_assert_eq!(&root["a"], &Toml::String(text)),
            Err(error) => prop_assert!(text.contains('\0'), "{}", error),
        }
    }
}
