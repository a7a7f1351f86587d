//! Reads policy files: all that is wrong in all of them is told at once.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use cel::Env;
use diag::{Diagnostic, Pos, SourceMap, Span};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::assertion::Assertion;
use super::format::{self, Checks, Literal, Peek, Several};
use super::option_path::OptionPath;
use super::place::{self, Step, Way, step};
use super::tree::Tree;
use super::{Example, Expected, Expression, Policies, Policy, cel as expressions, pattern};

/// What messages call what is read.
const WHAT: &str = "policies";

/// A policy file.
pub struct File {
    /// Its absolute path.
    pub path: Vec<u8>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What is wrong with policy files, with the texts that it points into.
pub struct Mistakes {
    /// What is wrong, file by file.
    pub diagnostics: Vec<Diagnostic>,
    /// The files' texts.
    pub sources: SourceMap,
}

impl Policies {
    /// Returns the policies of all files, or all that is wrong with them. `taken` tells which names
    /// belong to rules of cfgcheck; `root` is the folder that paths are told from.
    pub fn read(files: &[File], root: &[u8], taken: &dyn Fn(&str) -> bool) -> Result<Policies, Box<Mistakes>> {
        let mut reader = Reader {
            sources: SourceMap::new(),
            mistakes: Vec::new(),
            environment: expressions::environment(),
            policies: Vec::new(),
            known: BTreeMap::new(),
            taken,
        };
        for file in files {
            reader.file(file);
        }
        if reader.mistakes.is_empty() {
            Ok(Policies {
                all: reader.policies,
                sources: reader.sources,
                root: root.to_vec(),
                environment: reader.environment,
            })
        } else {
            Err(Box::new(Mistakes {
                diagnostics: reader.mistakes,
                sources: reader.sources,
            }))
        }
    }
}

struct Reader<'r> {
    sources: SourceMap,
    mistakes: Vec<Diagnostic>,
    environment: Arc<Env>,
    policies: Vec<Policy>,
    /// Where the names so far stand: a place is looked for only if it is told.
    known: BTreeMap<String, (Text, Way)>,
    taken: &'r dyn Fn(&str) -> bool,
}

/// A text that is being read, and where it lies.
#[derive(Clone)]
pub struct Text {
    /// The text.
    pub text: Arc<str>,
    /// The position of its first byte.
    pub base: Pos,
}

impl Text {
    /// Returns the span of what a way leads to; of the text's begin if it leads nowhere.
    pub fn span(&self, way: &[Step]) -> Span {
        match place::find(&self.text, way) {
            Some(at) => place::span_at(self.base, &self.text, at),
            None => Span::new(self.base, self.base),
        }
    }

    /// Returns the span of a part of a text value.
    fn inside(&self, way: &[Step], value: &str, part: Range<usize>) -> Span {
        match place::find(&self.text, way) {
            Some(at) => place::span_inside(self.base, &self.text, at, value, part),
            None => Span::new(self.base, self.base),
        }
    }
}

impl Reader<'_> {
    fn file(&mut self, file: &File) {
        let (base, text) = match yaml::add(&mut self.sources, &file.path, &file.bytes, WHAT) {
            Ok(added) => added,
            Err(mistake) => return self.mistakes.push(*mistake),
        };
        let text = Text {
            text: text.into(),
            base,
        };
        match self.parse::<Peek>(&text) {
            Some(Peek { policies: Some(_) }) => self.several(&text),
            Some(Peek { policies: None }) => {
                if let Some(policy) = self.parse::<format::Policy>(&text) {
                    self.policy(&text, Vec::new(), policy);
                }
            }
            None => {}
        }
    }

    fn parse<'de, T: Deserialize<'de>>(&mut self, text: &'de Text) -> Option<T> {
        match serde_yaml::from_str(&text.text) {
            Ok(read) => Some(read),
            Err(error) => {
                self.mistakes.push(yaml::explain(&error, text.base, &text.text, WHAT));
                None
            }
        }
    }

    fn several(&mut self, text: &Text) {
        let way = |i| vec![Step::Key("policies".into()), Step::Index(i)];
        match serde_yaml::from_str::<Several>(&text.text) {
            Ok(several) => {
                for (i, policy) in several.policies.into_iter().enumerate() {
                    self.policy(text, way(i), policy);
                }
            }
            Err(first) => {
                // The reader stops at the first mistake: each policy is read by itself, so that
                // those of the others are told, too.
                let known = self.mistakes.len();
                let mut i = 0;
                loop {
                    match nth(&text.text, i) {
                        Ok(Some(policy)) => self.policy(text, way(i), policy),
                        Ok(None) => break,
                        Err(error) => self.mistakes.push(yaml::explain(&error, text.base, &text.text, WHAT)),
                    }
                    i += 1;
                    if i > MOST_POLICIES {
                        break;
                    }
                }
                let first = yaml::explain(&first, text.base, &text.text, WHAT);
                if !self.mistakes[known..]
                    .iter()
                    .any(|mistake| mistake.span() == first.span())
                {
                    self.mistakes.insert(known, first);
                }
            }
        }
    }

    fn policy(&mut self, text: &Text, way: Way, policy: format::Policy) {
        let mut compiler = Compiler {
            text,
            mistakes: Vec::new(),
        };
        let id = policy.id.as_str().to_string();
        let place = step(&way, Step::Key("id".into()));
        if let Some((first, at)) = self.known.get(&id) {
            let message = format!("there are two policies with the name `{id}`");
            let mistake = Diagnostic::error(message)
                .rule(WHAT)
                .at(text.span(&place), "the second one");
            compiler.mistakes.push(mistake.also(first.span(at), "the first one"));
        } else if (self.taken)(&id) {
            let mistake = Diagnostic::error(format!("`{id}` is the name of a rule of cfgcheck")).rule(WHAT);
            let mistake = mistake.at(text.span(&place), "");
            compiler.mistakes.push(mistake.hint("give the policy another name"));
        }
        self.known.entry(id).or_insert_with(|| (text.clone(), place));
        let compiled = compiler.policy(&self.environment, &way, policy);
        self.mistakes.append(&mut compiler.mistakes);
        self.policies.push(compiled);
    }
}

/// Most policies of a file of which each is read by itself, which takes quadratic time.
const MOST_POLICIES: usize = 500;

/// Returns the policy with a number in a file of several; `None` past the last one.
fn nth(text: &str, index: usize) -> Result<Option<format::Policy>, serde_yaml::Error> {
    struct Nth(usize);

    impl<'de> Visitor<'de> for Nth {
        type Value = Option<format::Policy>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map with `policies`")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(key) = map.next_key::<String>()? {
                if key == "policies" && found.is_none() {
                    found = map.next_value_seed(Elements(self.0))?;
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }

    struct Elements(usize);

    impl<'de> serde::de::DeserializeSeed<'de> for Elements {
        type Value = Option<format::Policy>;

        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_seq(self)
        }
    }

    impl<'de> Visitor<'de> for Elements {
        type Value = Option<format::Policy>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of policies")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            for _ in 0..self.0 {
                if seq.next_element::<IgnoredAny>()?.is_none() {
                    return Ok(None);
                }
            }
            let found = seq.next_element()?;
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(found)
        }
    }

    serde_yaml::Deserializer::from_str(text).deserialize_map(Nth(index))
}

/// Makes a policy of what stands in a file.
struct Compiler<'c> {
    text: &'c Text,
    mistakes: Vec<Diagnostic>,
}

impl Compiler<'_> {
    fn wrong(&mut self, at: Span, message: impl Into<String>, hint: Option<String>) {
        let mistake = Diagnostic::error(message).rule(WHAT).at(at, "");
        self.mistakes.push(match hint {
            Some(hint) => mistake.hint(hint),
            None => mistake,
        });
    }

    fn policy(&mut self, environment: &Env, way: &Way, policy: format::Policy) -> Policy {
        let key = |name: &str| step(way, Step::Key(name.into()));
        if policy.assert.is_empty() && policy.cel.is_empty() {
            let hint = "say with `assert` or `cel` what must hold".to_string();
            let at = self.text.span(&key("id"));
            self.wrong(at, "the policy asks for nothing", Some(hint));
        }
        let when = self.entries(&key("when"), &policy.when);
        let assert = self.entries(&key("assert"), &policy.assert);
        let names: Vec<&str> = policy.options.iter().map(|(name, _)| name.as_str()).collect();
        let mut cel = Vec::new();
        let mut all_read = true;
        for (i, expression) in policy.cel.iter().enumerate() {
            let mut way = step(&key("cel"), Step::Index(i));
            if expression.in_map {
                way.push(Step::Key("expression".into()));
            }
            match expressions::compile(environment, &expression.expression, &names) {
                Ok(program) => cel.push(Expression {
                    program,
                    source: expression.expression.split_whitespace().collect::<Vec<_>>().join(" "),
                    message: expression.message.clone(),
                }),
                Err(mistakes) => {
                    all_read = false;
                    for mistake in mistakes {
                        let at = self.text.inside(&way, &expression.expression, mistake.at);
                        self.wrong(at, mistake.message, mistake.hint);
                    }
                }
            }
        }
        for (name, _) in &policy.options {
            let used = cel
                .iter()
                .any(|one| one.program.uses.iter().any(|used| used == name.as_str()));
            if all_read && !used {
                let at = self.text.span(&step(&key("options"), Step::Name(name.as_str().into())));
                let hint = "remove it, or use it in `cel`".to_string();
                self.wrong(at, format!("no expression uses `{}`", name.as_str()), Some(hint));
            }
        }
        let examples = policy.examples.iter().enumerate().filter_map(|(i, example)| {
            let way = step(&key("examples"), Step::Index(i));
            self.example(&way, example, !when.is_empty())
        });
        Policy {
            examples: examples.collect(),
            id: policy.id.as_str().to_string(),
            title: policy.title.as_str().to_string(),
            level: policy.severity,
            why: policy.why.as_str().to_string(),
            fix: policy.fix.as_str().to_string(),
            hosts: policy.hosts,
            when,
            assert,
            options: policy
                .options
                .into_iter()
                .map(|(name, path)| (name.as_str().to_string(), path))
                .collect(),
            cel,
            text: self.text.clone(),
            way: way.clone(),
        }
    }

    fn entries(&mut self, way: &Way, entries: &[(OptionPath, Checks)]) -> Vec<(OptionPath, Vec<Assertion>)> {
        let all = entries.iter().map(|(path, checks)| {
            let way = step(way, Step::Key(path.text().into()));
            (path.clone(), self.checks(&way, checks, false))
        });
        all.collect()
    }

    /// Makes assertions of checks; `inside` says whether they are those of `every` or `any`.
    fn checks(&mut self, way: &Way, checks: &Checks, inside: bool) -> Vec<Assertion> {
        let map = &checks.0;
        let key = |name: &str| step(way, Step::Key(name.into()));
        let values = |values: &[Literal]| values.iter().map(|value| value.0.clone()).collect::<Vec<_>>();
        let several = |value: &Literal| match &value.0 {
            Tree::List(elements) => elements.clone(),
            one => vec![one.clone()],
        };
        let mut all = Vec::new();
        all.extend(map.equals.as_ref().map(|value| Assertion::Equals(value.0.clone())));
        all.extend(
            map.not_equals
                .as_ref()
                .map(|value| Assertion::NotEquals(value.0.clone())),
        );
        all.extend(map.among.as_ref().map(|all| Assertion::In(values(all))));
        all.extend(map.not_in.as_ref().map(|all| Assertion::NotIn(values(all))));
        all.extend(map.absent.map(Assertion::Absent));
        all.extend(map.defined.map(|defined| Assertion::Absent(!defined)));
        all.extend(map.subset_of.as_ref().map(|all| Assertion::SubsetOf(values(all))));
        all.extend(map.contains.as_ref().map(|value| Assertion::Contains(several(value))));
        all.extend(
            map.not_contains
                .as_ref()
                .map(|value| Assertion::NotContains(several(value))),
        );
        all.extend(map.at_least.map(|number| Assertion::AtLeast(number.0)));
        all.extend(map.at_most.map(|number| Assertion::AtMost(number.0)));
        for (name, text) in [("matches", &map.matches), ("not-matches", &map.not_matches)] {
            let Some(text) = text else { continue };
            match pattern::compile(text) {
                Ok(regex) if name == "matches" => all.push(Assertion::Matches(regex)),
                Ok(regex) => all.push(Assertion::NotMatches(regex)),
                Err(mistake) => {
                    let at = self.text.inside(&key(name), text, mistake.at);
                    self.wrong(at, mistake.message, None);
                }
            }
        }
        if let Some(inner) = &map.length {
            all.push(Assertion::Length(self.checks(&key("length"), inner, false)));
        }
        if let Some(inner) = &map.names {
            all.push(Assertion::Names(self.checks(&key("names"), inner, false)));
        }
        for (name, inner) in [("every", &map.every), ("any", &map.any)] {
            let Some(inner) = inner else { continue };
            let only = match &inner.0.only {
                Some(only) => self.checks(&step(&key(name), Step::Key("where".into())), only, false),
                None => Vec::new(),
            };
            let assertions = self.checks(&key(name), inner, true);
            all.push(match name {
                "every" => Assertion::Every(only, assertions),
                _ => Assertion::Any(only, assertions),
            });
        }
        for (path, inner) in &map.attributes {
            let way = step(&key("attributes"), Step::Key(path.text().into()));
            all.push(Assertion::At(path.names().to_vec(), self.checks(&way, inner, false)));
        }
        if map.only.is_some() && !inside {
            let at = self.text.span(&step(way, Step::Name("where".into())));
            self.wrong(at, "`where` is only known inside of `every` and `any`", None);
        } else if all.is_empty() && self.mistakes.is_empty() && !(inside && map.only.is_some()) {
            let at = self.text.span(way);
            self.wrong(at, "there is no assertion here", None);
        }
        all
    }

    fn example(&mut self, way: &Way, example: &format::Example, has_when: bool) -> Option<Example> {
        let verdicts = [
            (Expected::Pass, "pass", &example.pass),
            (Expected::Fail, "fail", &example.fail),
            (Expected::Skip, "skip", &example.skip),
        ];
        let mut given = verdicts
            .into_iter()
            .filter_map(|(expected, name, values)| Some((expected, name, values.as_ref()?)));
        let (Some((expected, name, values)), None) = (given.next(), given.next()) else {
            let at = self.text.span(way);
            self.wrong(at, "an example has one of `pass`, `fail` and `skip`", None);
            return None;
        };
        let key = step(way, Step::Name(name.into()));
        if expected == Expected::Skip && !has_when {
            let at = self.text.span(&key);
            self.wrong(at, "the policy has no `when`, so that no host is skipped", None);
        }
        let mut tree = Tree::Attrs(BTreeMap::new());
        for (path, value) in values {
            if !insert(&mut tree, path.names(), &value.0) {
                let at = self.text.span(&step(
                    &step(way, Step::Key(name.into())),
                    Step::Name(path.text().into()),
                ));
                self.wrong(at, format!("`{path}` has two values in this example"), None);
            }
        }
        Some(Example {
            expected,
            values: tree,
            host: example.host.clone(),
            way: key,
        })
    }
}

/// Puts a value into a tree of attribute sets; false if there is one already.
fn insert(tree: &mut Tree, names: &[String], value: &Tree) -> bool {
    let Tree::Attrs(attributes) = tree else { return false };
    match names {
        [] => match value {
            // A set may be given in parts.
            Tree::Attrs(more) => more
                .iter()
                .all(|(name, value)| insert(tree, std::slice::from_ref(name), value)),
            _ => false,
        },
        [name, rest @ ..] => match attributes.get_mut(name) {
            Some(inner) => insert(inner, rest, value),
            None => {
                let inner = rest.iter().rev().fold(value.clone(), |inner, name| {
                    Tree::Attrs(BTreeMap::from([(name.clone(), inner)]))
                });
                attributes.insert(name.clone(), inner);
                true
            }
        },
    }
}
