//! What patterns match. The expected values were taken from Nix 2.34.8.

use super::*;
use proptest::prelude::*;

/// The groups of a full match: `-` for none, else the captured text; `null` when there is no match.
fn matched(pattern: &str, subject: &str) -> String {
    match Regex::new(pattern.as_bytes())
        .unwrap()
        .full_match(subject.as_bytes())
        .unwrap()
    {
        None => "null".to_owned(),
        Some(groups) => groups
            .into_iter()
            .map(|group| text(subject, group))
            .collect::<Vec<_>>()
            .join(","),
    }
}

/// The pieces of a split, with the groups in brackets.
fn split(pattern: &str, subject: &str) -> String {
    let regex = Regex::new(pattern.as_bytes()).unwrap();
    let mut out = String::new();
    let mut last = 0;
    for found in regex.matches(subject.as_bytes()) {
        let found = found.unwrap();
        let groups: Vec<_> = found.groups.into_iter().map(|group| text(subject, group)).collect();
        out.push_str(&format!("{}[{}]", &subject[last..found.span.start], groups.join(",")));
        last = found.span.end;
    }
    out + &subject[last..]
}

fn text(subject: &str, range: Option<Range<usize>>) -> String {
    range.map_or("-", |range| &subject[range]).to_owned()
}

#[test]
fn matches_whole_subjects() {
    for (pattern, subject, groups) in [
        ("", "", ""),
        ("ab", "abc", "null"),
        ("abc", "abc", ""),
        ("a(b)(c)", "abc", "b,c"),
        ("[[:space:]]+([[:upper:]]+)[[:space:]]+", "  FOO   ", "FOO"),
        ("(a)|(b)", "b", "-,b"),
        ("(a|ab)(c|bcd)(d*)", "abcd", "a,bcd,"),
        ("(.*)-(.*)", "a-b-c", "a-b,c"),
        ("(a*)*", "aa", ""),
        ("(a*)+", "aa", ""),
        ("((a)|(b))*", "ab", "b,a,b"),
        ("x?(y{2,3})?z*", "xyyy", "yyy"),
        ("a{0}", "", ""),
        ("(a{2}){2}", "aaaa", "aa"),
        (".", "\n", ""),
        ("a.b", "a\nb", ""),
        ("..", "é", ""),
        ("^a$", "a", ""),
        ("(^|x)a", "xa", "x"),
        ("a]b}", "a]b}", ""),
        ("a\\.\\[\\(\\|", "a.[(|", ""),
        ("[]a]*", "]a]", ""),
        ("[^]a]*", "]", "null"),
        ("[\\]", "\\", ""),
        ("[a-]*", "a-a", ""),
        ("[--/]*", "-./", ""),
        ("[[.hyphen.]]", "-", ""),
        ("[[.a.]-c]", "b", ""),
        ("[[=a=]]", "A", ""),
        ("[[:W:]]", "_", ""),
        ("()", "", ""),
        ("(|a)b", "ab", "a"),
        ("a||b", "", ""),
    ] {
        assert_eq!(matched(pattern, subject), groups, "{pattern:?} on {subject:?}");
    }
}

#[test]
fn splits() {
    for (pattern, subject, pieces) in [
        ("(a)b", "abc", "[a]c"),
        ("([ac])", "abc", "[a]b[c]"),
        ("(a)|(c)", "abc", "[a,-]b[-,c]"),
        ("([[:upper:]]+)", " FOO ", " [FOO] "),
        ("x", "abc", "abc"),
        ("", "abc", "[]a[]b[]c[]"),
        ("b*", "ab", "[]a[][]"),
        ("(a|ab)", "xaby", "x[ab]y"),
        ("a*(ab)?", "ab", "[-][-]b[-]"),
        ("^a", "aaa", "[]aa"),
        ("a$", "aaa", "aa[]"),
        ("$", "a", "a[]"),
        (",", "a,,b,", "a[][]b[]"),
        ("(^|,)", "a,b", "[]a[,]b"),
    ] {
        assert_eq!(split(pattern, subject), pieces, "{pattern:?} on {subject:?}");
    }
}

#[test]
fn refuses_what_the_library_refuses() {
    for pattern in [
        "(",
        ")",
        "a)",
        "(a",
        "*",
        "+a",
        "?",
        "a|*",
        "(*)",
        "^*",
        "$+",
        "{1}",
        "a{",
        "a{1",
        "a{,2}",
        "a{2,1}",
        "a{x}",
        "a{1,2",
        "a{1,2,3}",
        "a{99999999999}",
        "[",
        "[a",
        "[]",
        "[^]",
        "[z-a]",
        "[a-z-9]",
        "[[:x:]]",
        "[[:alpha:]-z]",
        "[[.ch.]]",
        "[[.a.]",
        "[a-[.b.]]",
        "\\",
        "\\d",
        "\\w",
        "\\1",
        "\\]",
        "\\-",
        "a\0",
    ] {
        assert_eq!(
            Regex::new(pattern.as_bytes()).err(),
            Some(RegexError::Invalid(pattern.to_owned())),
            "{pattern:?}"
        );
    }
}

#[test]
fn the_limit_on_states_is_the_library_s() {
    assert!(Regex::new(b"a{99993}").is_ok());
    let error = Regex::new(b"a{99994}").unwrap_err();
    assert_eq!(
        error.to_string(),
        "memory limit exceeded by regular expression 'a{99994}'"
    );
    let deep = "(".repeat(100_001);
    assert_eq!(Regex::new(deep.as_bytes()).err(), Some(RegexError::MemoryLimit(deep)));
}

#[test]
fn a_range_compares_signed_bytes() {
    assert_eq!(
        Regex::new(b"[a-\xc3]").err(),
        Some(RegexError::Invalid("[a-\u{fffd}]".to_owned()))
    );
    let regex = Regex::new(b"[\xc3-a]").unwrap();
    assert!(regex.full_match(b"\xff").unwrap().is_some());
    assert!(regex.full_match(b"\x80").unwrap().is_none());
}

#[test]
fn long_subjects_and_hostile_patterns_end() {
    let long = "a".repeat(1 << 18);
    for pattern in ["(a*)*b", "(a|a)*b", "(a|aa)*b", "(a|b|ab)*c", ".*.*.*=.*", "((a?)*)*b"] {
        assert_eq!(matched(pattern, &long), "null", "{pattern}");
    }
    assert_eq!(matched("(a|b)*", &"a".repeat(1 << 20)), "a");
    let splits = Regex::new(b"a*b|c").unwrap();
    assert_eq!(splits.matches(long.as_bytes()).count(), 0);
    let each = Regex::new(b"a(a*b)?").unwrap();
    assert_eq!(each.matches(long.as_bytes()).count(), long.len());
    let deep = format!("{}a{}", "(".repeat(20_000), ")*".repeat(20_000));
    let regex = Regex::new(deep.as_bytes()).unwrap();
    assert!(regex.full_match(b"aaab").is_err());
}

/// A slow reading of the rules: what `machine` does, as plain recursion over the program.
fn by_definition(pattern: &str, subject: &str) -> String {
    use program::{Pc, Step, UNCOUNTED};
    struct Run<'a> {
        program: &'a Program,
        subject: &'a [u8],
        slots: Vec<(usize, Option<usize>)>,
        counters: Vec<(usize, u32)>,
        best: Option<Groups>,
    }
    impl Run<'_> {
        fn follow(&mut self, pc: Pc, at: usize) -> bool {
            match self.program.steps[pc as usize] {
                Step::Byte(byte, next) => self.subject.get(at) == Some(&byte) && self.follow(next, at + 1),
                Step::Set(set, next) => {
                    let set = self.program.sets[set as usize];
                    self.subject.get(at).is_some_and(|&byte| set.contains(byte)) && self.follow(next, at + 1)
                }
                Step::Run { set, exit, .. } => {
                    let set = self.program.sets[set as usize];
                    let more = self.subject.get(at).is_some_and(|&byte| set.contains(byte));
                    more && self.follow(pc, at + 1) || self.follow(exit, at)
                }
                Step::Either(first, second) => self.follow(first, at) | self.follow(second, at),
                Step::Repeat {
                    body,
                    exit,
                    counter: UNCOUNTED,
                } => self.follow(body, at) || self.follow(exit, at),
                Step::Repeat { body, exit, counter } => {
                    let old = self.counters[counter as usize];
                    let turns = if old.0 == at { old.1 } else { 0 };
                    let mut found = false;
                    if turns < 2 {
                        self.counters[counter as usize] = (at, turns + 1);
                        found = self.follow(body, at);
                        self.counters[counter as usize] = old;
                    }
                    found || self.follow(exit, at)
                }
                Step::GroupStart(group, next) => {
                    let old = self.slots[group as usize];
                    self.slots[group as usize].0 = at;
                    let found = self.follow(next, at);
                    self.slots[group as usize] = old;
                    found
                }
                Step::GroupEnd(group, next) => {
                    let old = self.slots[group as usize];
                    self.slots[group as usize].1 = Some(at);
                    let found = self.follow(next, at);
                    self.slots[group as usize] = old;
                    found
                }
                Step::LineStart(next) => at == 0 && self.follow(next, at),
                Step::LineEnd(next) => at == self.subject.len() && self.follow(next, at),
                Step::Accept => {
                    let found = at == self.subject.len();
                    if found && self.best.is_none() {
                        self.best = Some(self.slots.iter().map(|slot| slot.1.map(|end| slot.0..end)).collect());
                    }
                    found
                }
            }
        }
    }
    let regex = Regex::new(pattern.as_bytes()).unwrap();
    let mut run = Run {
        program: &regex.program,
        subject: subject.as_bytes(),
        slots: vec![(0, None); regex.group_count()],
        counters: vec![(usize::MAX, 0); regex.program.counters],
        best: None,
    };
    run.follow(regex.program.start, 0);
    match run.best {
        None => "null".to_owned(),
        Some(groups) => groups
            .into_iter()
            .map(|group| text(subject, group))
            .collect::<Vec<_>>()
            .join(","),
    }
}

/// The same as [`split`], with the memo in use from the start.
fn split_with_memo(pattern: &str, subject: &str) -> String {
    let regex = Regex::new(pattern.as_bytes()).unwrap();
    let mut matches = regex.matches(subject.as_bytes());
    matches.machine = Some(Machine::new(&regex.program, subject.as_bytes()).unwrap().impatient());
    let mut out = String::new();
    let mut last = 0;
    for found in matches {
        let found = found.unwrap();
        let groups: Vec<_> = found.groups.into_iter().map(|group| text(subject, group)).collect();
        out.push_str(&format!("{}[{}]", &subject[last..found.span.start], groups.join(",")));
        last = found.span.end;
    }
    out + &subject[last..]
}

fn some_pattern() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("a"),
        Just("b"),
        Just("."),
        Just("[ab]"),
        Just("^"),
        Just("$"),
        Just("()")
    ]
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a + &b),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}|{b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})|{b}")),
            inner.clone().prop_map(|a| format!("({a})*")),
            inner.clone().prop_map(|a| format!("({a})+")),
            inner.clone().prop_map(|a| format!("({a})?")),
            inner.prop_map(|a| format!("({a}){{1,2}}")),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_a_pattern_or_refused(pattern in proptest::collection::vec(any::<u8>(), 0..20), subject in proptest::collection::vec(any::<u8>(), 0..20)) {
        if let Ok(regex) = Regex::new(&pattern) {
            let whole = regex.full_match(&subject);
            prop_assert!(whole.is_err() || regex.matches(&subject).count() <= 2 * subject.len() + 1);
        }
    }

    #[test]
    fn the_machine_follows_the_definition(pattern in some_pattern(), subject in "[ab]{0,6}") {
        prop_assert_eq!(matched(&pattern, &subject), by_definition(&pattern, &subject));
    }

    #[test]
    fn the_memo_changes_nothing(pattern in some_pattern(), subject in "[ab]{0,8}") {
        prop_assert_eq!(split_with_memo(&pattern, &subject), split(&pattern, &subject));
    }
}
