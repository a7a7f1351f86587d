//! What assertions say of values, and the laws of verdicts.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::policy::tree::Package;

fn text(text: &str) -> Tree {
    Tree::Text(text.into())
}

fn list(elements: &[&str]) -> Tree {
    Tree::List(elements.iter().map(|element| text(element)).collect())
}

fn attrs<const N: usize>(attributes: [(&str, Tree); N]) -> Tree {
    Tree::Attrs(
        attributes
            .into_iter()
            .map(|(name, value)| (name.to_string(), value))
            .collect(),
    )
}

fn regex(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

/// Checks a verdict: `holds`, or what is wrong, or `?` and why it cannot be told.
fn check(assertion: Assertion, value: &Tree, said: &str) {
    let say = |all: Vec<Break>| {
        let one = |one: &Break| format!("{} {}", one.way.join("."), one.what).trim().to_string();
        all.iter().map(one).collect::<Vec<_>>().join("; ")
    };
    let found = match judge(std::slice::from_ref(&assertion), value) {
        Verdict::Holds => "holds".to_string(),
        Verdict::Broken(all) => say(all),
        Verdict::Unknown(all) => format!("? {}", say(all)),
    };
    assert_eq!(found, said, "{assertion:?} {value:?}");
}

#[test]
fn values_are_compared() {
    use Assertion::{Equals, In, NotEquals, NotIn};
    check(Equals(text("UTC")), &text("UTC"), "holds");
    check(
        Equals(text("UTC")),
        &text("Europe/Berlin"),
        "is \"Europe/Berlin\" instead of \"UTC\"",
    );
    check(Equals(Tree::Int(22)), &text("22"), "is \"22\" instead of 22");
    check(Equals(Tree::Null), &Tree::Null, "holds");
    check(NotEquals(Tree::Bool(true)), &Tree::Bool(true), "is true");
    check(NotEquals(Tree::Bool(true)), &Tree::Null, "holds");
    check(In(vec![text("no"), Tree::Null]), &Tree::Null, "holds");
    check(
        In(vec![text("no"), Tree::Null]),
        &text("yes"),
        "is \"yes\", which is none of \"no\", null",
    );
    check(
        NotIn(vec![text("yes")]),
        &text("yes"),
        "is \"yes\", which is not allowed",
    );
    check(
        Equals(list(&["a"])),
        &list(&["a", "b"]),
        "is [ \"a\" \"b\" ] instead of [ \"a\" ]",
    );
    let some = Tree::List(vec![text("a"), Tree::Unknown("it throws".into())]);
    check(Equals(list(&["a", "b"])), &some, "? it throws");
    check(NotEquals(list(&["a", "b"])), &some, "? it throws");
}

#[test]
fn texts_match() {
    use Assertion::{Matches, NotMatches};
    check(Matches(regex("^web-[0-9]+$")), &text("web-1"), "holds");
    check(
        Matches(regex("^web-[0-9]+$")),
        &text("db"),
        "is \"db\", which does not match `^web-[0-9]+$`",
    );
    check(
        NotMatches(regex("^/dev/sd")),
        &Tree::Path("/dev/sda".into()),
        "is /dev/sda, which matches `^/dev/sd`",
    );
    check(Matches(regex("x")), &Tree::Null, "is null");
    check(Matches(regex("x")), &Tree::Int(1), "? is a number, not a text");
}

#[test]
fn what_is_not_there_is_absent() {
    use Assertion::{Absent, Equals};
    let missing = Tree::Missing("there is no option `x`".into());
    check(Absent(true), &missing, "holds");
    check(Absent(true), &Tree::Null, "holds");
    check(Absent(true), &Tree::Int(1), "is set to 1");
    check(Absent(false), &missing, "is not set");
    check(Absent(false), &Tree::Null, "is not set");
    check(Absent(false), &attrs([]), "holds");
    check(Absent(false), &Tree::Unknown("it throws".into()), "? it throws");
    check(Equals(Tree::Null), &missing, "? there is no option `x`");
    let both = [Absent(false), Equals(Tree::Int(1))];
    let said = |value: &Tree| judge(&both, value);
    assert!(matches!(said(&missing), Verdict::Broken(all) if all.len() == 1));
    assert_eq!(said(&Tree::Int(1)), Verdict::Holds);
}

#[test]
fn collections_have_elements() {
    use Assertion::{Contains, NotContains, SubsetOf};
    let groups = list(&["wheel", "video"]);
    check(
        SubsetOf(vec![text("wheel"), text("video"), text("audio")]),
        &groups,
        "holds",
    );
    check(
        SubsetOf(vec![text("video")]),
        &groups,
        "has \"wheel\", which is not allowed",
    );
    check(SubsetOf(vec![]), &Tree::Null, "holds");
    check(
        SubsetOf(vec![text("a")]),
        &attrs([("b", Tree::Unread)]),
        "has \"b\", which is not allowed",
    );
    check(Contains(vec![text("wheel")]), &groups, "holds");
    check(
        Contains(vec![text("root"), text("video")]),
        &groups,
        "does not contain \"root\"",
    );
    check(
        Contains(vec![text("quiet")]),
        &text("loud"),
        "is \"loud\", which does not contain \"quiet\"",
    );
    check(Contains(vec![text("a")]), &Tree::Null, "does not contain \"a\"");
    check(
        Contains(vec![text("a")]),
        &Tree::Bool(true),
        "? is true or false, which contains nothing",
    );
    check(
        NotContains(vec![text("root"), text("wheel")]),
        &groups,
        "contains \"wheel\"",
    );
    let curl = Tree::Package(Package {
        name: "curl-8".into(),
        pname: "curl".into(),
        version: "8".into(),
    });
    let packages = Tree::List(vec![Tree::Unknown("it throws".into()), curl]);
    check(Contains(vec![text("curl")]), &packages, "holds");
    check(NotContains(vec![text("curl")]), &packages, "contains \"curl\"");
    check(NotContains(vec![text("wget")]), &packages, "? it throws");
    check(SubsetOf(vec![text("curl")]), &packages, "? it throws");
}

#[test]
fn numbers_and_lengths_are_bounded() {
    use Assertion::{AtLeast, AtMost, Length};
    check(AtLeast(1024.0), &Tree::Int(80), "is 80, less than 1024");
    check(AtMost(1.5), &Tree::Float(2.5), "is 2.5, more than 1.5");
    check(AtMost(2.0), &Tree::Int(2), "holds");
    check(AtMost(2.0), &Tree::Null, "is null");
    check(AtMost(2.0), &text("2"), "? is a text, not a number");
    check(
        Length(vec![AtLeast(1.0)]),
        &list(&[]),
        "has a length that is 0, less than 1",
    );
    check(
        Length(vec![AtMost(3.0)]),
        &text("four"),
        "has a length that is 4, more than 3",
    );
    check(Length(vec![AtLeast(1.0)]), &Tree::Null, "is null");
    check(
        Length(vec![AtLeast(1.0)]),
        &Tree::Int(1),
        "? is a number, which has no length",
    );
}

#[test]
fn every_and_any_look_into_collections() {
    use Assertion::{Absent, Any, At, Equals, Every, Names};
    let normal = || vec![At(vec!["isNormalUser".into()], vec![Equals(Tree::Bool(true))])];
    let keyed = || {
        vec![At(
            vec!["keys".into()],
            vec![Assertion::Length(vec![Assertion::AtLeast(1.0)])],
        )]
    };
    let user = |normal, keys: &[&str]| attrs([("isNormalUser", Tree::Bool(normal)), ("keys", list(keys))]);
    let users = attrs([
        ("alice", user(true, &["k"])),
        ("bob", user(true, &[])),
        ("nginx", user(false, &[])),
    ]);
    check(
        Every(normal(), keyed()),
        &users,
        "bob.keys has a length that is 0, less than 1",
    );
    check(
        Every(vec![], vec![Equals(Tree::Int(1))]),
        &Tree::List(vec![Tree::Int(1), Tree::Int(2)]),
        "[1] is 2 instead of 1",
    );
    check(Any(normal(), keyed()), &users, "holds");
    check(Any(vec![], vec![Equals(Tree::Int(1))]), &Tree::List(vec![]), "is empty");
    check(
        Any(vec![], vec![Equals(Tree::Int(1))]),
        &Tree::List(vec![Tree::Int(2)]),
        "has no element as it is wanted",
    );
    let unknown = Tree::List(vec![Tree::Unknown("it throws".into()), Tree::Int(1)]);
    check(Any(vec![], vec![Equals(Tree::Int(1))]), &unknown, "holds");
    check(Any(vec![], vec![Equals(Tree::Int(2))]), &unknown, "? [0] it throws");
    check(Every(vec![], vec![Equals(Tree::Int(1))]), &unknown, "? [0] it throws");
    check(
        Every(vec![], vec![Equals(Tree::Int(2))]),
        &unknown,
        "[1] is 1 instead of 2",
    );
    check(At(vec!["a".into()], vec![Absent(false)]), &attrs([]), "a is not set");
    check(
        At(vec!["a".into()], vec![Equals(Tree::Int(1))]),
        &attrs([]),
        "? a there is no attribute `a`",
    );
    check(
        Names(vec![Assertion::Matches(regex("^web-"))]),
        &attrs([("db", Tree::Unread)]),
        "has a name that is \"db\", which does not match `^web-`",
    );
    check(
        Every(vec![], vec![]),
        &Tree::Int(1),
        "? is a number, which has no elements",
    );
}

#[test]
fn only_what_is_needed_is_asked_for() {
    let keys = || {
        vec![Assertion::At(
            vec!["keys".into()],
            vec![Assertion::Contains(vec![text("k")])],
        )]
    };
    let demand = demand(&[Assertion::Every(vec![], keys())]);
    let each = demand.each.expect("each user");
    assert!(!demand.whole && !each.whole && each.names["keys"].elements.is_some());
    assert_eq!(
        super::demand(&[Assertion::Equals(text("x")), Assertion::AtLeast(1.0)]),
        Demand::default()
    );
    assert!(super::demand(&[Assertion::In(vec![list(&[])])]).whole);
    let names = super::demand(&[Assertion::SubsetOf(vec![text("a")])]);
    assert!(names.each.is_none());
}

fn any_tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::Bool),
        (0i64..4).prop_map(Tree::Int),
        "[ab]{0,2}".prop_map(Tree::Text),
        Just(Tree::Missing("missing".into())),
        Just(Tree::Unknown("unknown".into())),
        Just(Tree::Function),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Tree::List),
            proptest::collection::btree_map("[ab]", inner, 0..3).prop_map(|map: BTreeMap<_, _>| Tree::Attrs(map)),
        ]
    })
}

fn any_assertion() -> impl Strategy<Value = Assertion> {
    let leaf = prop_oneof![
        any_tree().prop_map(Assertion::Equals),
        any_tree().prop_map(Assertion::NotEquals),
        proptest::collection::vec(any_tree(), 0..3).prop_map(Assertion::In),
        proptest::collection::vec(any_tree(), 0..3).prop_map(Assertion::NotIn),
        any::<bool>().prop_map(Assertion::Absent),
        proptest::collection::vec(any_tree(), 0..3).prop_map(Assertion::SubsetOf),
        proptest::collection::vec(any_tree(), 0..3).prop_map(Assertion::Contains),
        (0i32..4).prop_map(|n| Assertion::AtLeast(f64::from(n))),
        Just(Assertion::Matches(regex("a"))),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        let some = || proptest::collection::vec(inner.clone(), 0..2);
        prop_oneof![
            (some(), some()).prop_map(|(only, all)| Assertion::Every(only, all)),
            (some(), some()).prop_map(|(only, all)| Assertion::Any(only, all)),
            some().prop_map(|all| Assertion::At(vec!["a".into()], all)),
            some().prop_map(Assertion::Length),
        ]
    })
}

proptest! {
    #[test]
    fn an_assertion_and_its_opposite_never_both_hold(value in any_tree(), other in any_tree()) {
        let pairs = [
            (Assertion::Equals(other.clone()), Assertion::NotEquals(other.clone())),
            (Assertion::In(vec![other.clone()]), Assertion::NotIn(vec![other.clone()])),
            (Assertion::Contains(vec![other.clone()]), Assertion::NotContains(vec![other])),
            (Assertion::Absent(true), Assertion::Absent(false)),
            (Assertion::Matches(regex("a")), Assertion::NotMatches(regex("a"))),
        ];
        for (one, opposite) in pairs {
            let both = (one.judge(&value), opposite.judge(&value));
            prop_assert!(!matches!(both, (Verdict::Holds, Verdict::Holds)), "{one:?}");
            // What can be told of one can be told of the other.
            prop_assert_eq!(matches!(both.0, Verdict::Unknown(_)), matches!(both.1, Verdict::Unknown(_)));
        }
    }

    #[test]
    fn what_is_unknown_is_never_good(assertion in any_assertion()) {
        let unknown = Tree::Unknown("unknown".into());
        prop_assert!(matches!(assertion.judge(&unknown), Verdict::Unknown(_)));
    }

    #[test]
    fn more_assertions_never_make_it_better(value in any_tree(), one in any_assertion(), more in any_assertion()) {
        let rank = |verdict: Verdict| match verdict {
            Verdict::Holds => 0,
            Verdict::Unknown(_) => 1,
            Verdict::Broken(_) => 2,
        };
        let alone = rank(judge(std::slice::from_ref(&one), &value));
        prop_assert!(rank(judge(&[one, more], &value)) >= alone);
    }

    #[test]
    fn every_holds_where_any_of_the_opposite_does_not(elements in proptest::collection::vec(any_tree(), 0..4), other in any_tree()) {
        let list = Tree::List(elements);
        let every = Assertion::Every(vec![], vec![Assertion::Equals(other.clone())]).judge(&list);
        let any = Assertion::Any(vec![], vec![Assertion::NotEquals(other)]).judge(&list);
        prop_assert!(!matches!((&every, &any), (Verdict::Holds, Verdict::Holds)));
    }

    #[test]
    fn what_was_not_asked_for_does_not_count(value in any_tree(), assertion in any_assertion()) {
        let cut = cut(&value, &assertion.demand());
        // Values that were not asked for may be missing from what is said, but not from the verdict.
        let seen = |verdict: Verdict| match verdict {
            Verdict::Holds => (0, Vec::new()),
            Verdict::Broken(all) => (1, all.into_iter().map(|one| one.way).collect()),
            Verdict::Unknown(all) => (2, all.into_iter().map(|one| one.way).collect()),
        };
        prop_assert_eq!(seen(assertion.judge(&cut)), seen(assertion.judge(&value)));
    }
}

#[test]
fn what_is_inside_of_a_set_decides_nothing_about_texts() {
    let value = Tree::Attrs([("a".to_owned(), Tree::Unknown("unknown".into()))].into());
    for assertion in [Assertion::In(vec![]), Assertion::Equals(text("a"))] {
        assert!(matches!(assertion.judge(&value), Verdict::Broken(_)), "{assertion:?}");
    }
    let list = Tree::List(vec![value.clone()]);
    for assertion in [
        Assertion::SubsetOf(vec![]),
        Assertion::SubsetOf(vec![text("a")]),
        Assertion::Contains(vec![text("a")]),
    ] {
        assert!(matches!(assertion.judge(&list), Verdict::Broken(_)), "{assertion:?}");
    }
    let other = Tree::Attrs([("a".to_owned(), Tree::Null)].into());
    assert!(matches!(
        Assertion::Equals(other.clone()).judge(&value),
        Verdict::Unknown(_)
    ));
    for assertion in [Assertion::SubsetOf, Assertion::Contains, Assertion::NotContains] {
        assert!(matches!(
            assertion(vec![other.clone()]).judge(&list),
            Verdict::Unknown(_)
        ));
    }
}

/// Leaves of a value only what is asked for.
fn cut(value: &Tree, demand: &Demand) -> Tree {
    if demand.whole {
        return value.clone();
    }
    match value {
        Tree::List(elements) => Tree::List(
            elements
                .iter()
                .map(|element| match demand.of_element() {
                    Some(inner) => cut(element, &inner),
                    None => Tree::Unread,
                })
                .collect(),
        ),
        Tree::Attrs(attributes) => Tree::Attrs(
            attributes
                .iter()
                .map(|(name, value)| {
                    let inner = demand.of_name(name);
                    (name.clone(), inner.map_or(Tree::Unread, |inner| cut(value, &inner)))
                })
                .collect(),
        ),
        other => other.clone(),
    }
}
