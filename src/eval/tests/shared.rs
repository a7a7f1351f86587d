//! Calls that are shared look as if each had been evaluated by itself: values, messages and errors.

use diag::Origin;
use eval::{EvalIo, Evaluator, FetchRequest, Fetched, FileType, IoError, Settings};
use proptest::prelude::*;
use std::rc::Rc;
use std::sync::Arc;

/// Stack of the thread that evaluates.
const STACK: usize = 64 << 20;

/// A package set with what can be told by places, by messages and by errors; one that it calls itself; and a file that holds one.
const FILES: [(&str, &str); 5] = [
    (
        "/set.nix",
        "{ system, config ? { }, overlays ? [ ], ... }@args:
         let
           self = {
             inherit system args;
             f = x: x;
             kind = { g = y: y; name = system; };
             same = [ self.kind ] == [ self.kind ] && self.kind == self.kind;
             other = import ./other.nix { };
             again = import ./set.nix { inherit system; };
             loud = builtins.trace \"loud ${system}\" system;
             bad = throw \"bad ${system}\";
             data = { inherit system; list = [ 1 ]; };
             apply = with-set: with-set self;
           };
         in builtins.foldl' (set: overlay: set // overlay set) self overlays",
    ),
    ("/other.nix", "{ word ? \"w\" }: { h = z: z; inherit word; }"),
    (
        "/global.nix",
        "let set = import ./set.nix { system = \"a\"; }; in {
           inherit set;
           other = import ./other.nix { };
           lazy = { set = import ./set.nix { system = \"a\"; }; };
           compare = other: [ other.kind ] == [ set.kind ];
         }",
    ),
    (
        "/wrap.nix",
        "{ system, other ? import ./other.nix { } }: { inherit other; kind = other; }",
    ),
    ("/overlay.nix", "set: { kind = set.kind; extra = u: u; }"),
];

struct World;

impl EvalIo for World {
    fn read_file(&mut self, path: &[u8]) -> Result<Arc<[u8]>, IoError> {
        let path = String::from_utf8_lossy(path).into_owned();
        let file = FILES.iter().find(|(known, _)| *known == path);
        file.map(|(_, content)| content.as_bytes().into())
            .ok_or(IoError::NotFound(path))
    }

    fn file_type(&mut self, path: &[u8]) -> Result<Option<FileType>, IoError> {
        let is_file = FILES.iter().any(|(known, _)| known.as_bytes() == path);
        Ok(match path {
            b"/" => Some(FileType::Directory),
            _ => is_file.then_some(FileType::Regular),
        })
    }

    fn read_dir(&mut self, path: &[u8]) -> Result<Rc<[(Vec<u8>, FileType)]>, IoError> {
        Err(IoError::NotFound(String::from_utf8_lossy(path).into_owned()))
    }

    fn read_link(&mut self, path: &[u8]) -> Result<Vec<u8>, IoError> {
        Err(IoError::NotFound(String::from_utf8_lossy(path).into_owned()))
    }

    fn env(&mut self, _: &str) -> String {
        String::new()
    }

    fn current_time(&mut self) -> i64 {
        0
    }

    fn elapsed_millis(&mut self) -> u64 {
        0
    }

    fn fetch(&mut self, _: &FetchRequest) -> Result<Fetched, IoError> {
        Err(IoError::NotFound("nothing is fetched".into()))
    }

    fn realise(&mut self, _: &store::VirtualStore, _: &store::StorePath, _: &[String]) -> Result<(), IoError> {
        Err(IoError::NotFound("nothing is built".into()))
    }

    fn message(&mut self, _: &[u8]) {}
}

/// What is seen of an evaluation, and how many calls were shared.
fn seen(expression: &str, share: bool) -> (String, u64) {
    let text = expression.to_owned();
    let evaluate = move || {
        let settings = Settings {
            keep_messages: true,
            share,
            ..Settings::default()
        };
        let mut ev = Evaluator::new(settings, Box::new(World), STACK / 2);
        let result = ev.contained(|ev| {
            let value = ev.eval_text(Origin::String, text.as_bytes(), b"/")?;
            let cell = ev.cell(value);
            let value = ev.force_deep(cell)?;
            ev.show_plain(value)
        });
        let shown = match result {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) => format!("{:#?}", ev.take_error()),
        };
        let said: Vec<String> = ev
            .messages
            .iter()
            .map(|message| String::from_utf8_lossy(&message.text).into_owned())
            .collect();
        (format!("{shown}\n{}", said.join("\n")), ev.shared_calls())
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(evaluate);
    match thread.expect("a thread can be made").join() {
        Ok(seen) => seen,
        Err(payload) => std::panic::resume_unwind(payload),
    }
}

/// Evaluates both ways; returns what is seen, and how many calls were shared.
fn both(expression: &str) -> (String, u64) {
    let (apart, none) = seen(expression, false);
    let (shared, calls) = seen(expression, true);
    assert_eq!(shared, apart, "{expression}");
    assert_eq!(none, 0);
    (apart, calls)
}

const SET: &str = "import ./set.nix";

#[test]
fn calls_are_shared_where_nobody_can_tell() {
    // What three parts are, and how many of their calls have the value of an earlier one.
    let cases = [
        ("(SET { system = \"a\"; }).system", 2),
        (
            "let system = \"a\"; in (SET { inherit system; config = { b = [ 1 { } ]; }; }).system",
            2,
        ),
        (
            "(SET { system = \"a\"; overlays = [ (import ./overlay.nix) ]; }).system",
            0,
        ),
        // The first part finds the overlay unevaluated.
        ("(SET { system = \"a\"; overlays = [ overlay ]; }).system", 1),
        ("(SET { system = \"a\"; overlays = [ (set: { x = i; }) ]; }).system", 0),
        ("(SET { system = toString i; }).system", 0),
        (
            "(SET { system = \"a\"; config.b = throw \"never asked for\"; }).system",
            0,
        ),
        // A call of its own, which the other set must not be.
        (
            "let set = { }: SET { system = \"a\"; }; in toString ([ (set { }).kind ] == [ (set { }).kind ])",
            2,
        ),
        ("(SET { system = \"a\"; }).loud", 0),
        ("(SET { system = \"a\"; }).data", 0),
        ("toString (builtins.tryEval (SET { system = \"a\"; }).bad).success", 2),
        ("toString ([ common.kind ] == [ (SET { system = \"a\"; }).kind ])", 2),
        (
            "toString (builtins.elem (SET { system = \"a\"; }).kind [ (import ./global.nix).set.kind ])",
            2,
        ),
        ("toString ((import ./global.nix).other == import ./other.nix { })", 2),
        (
            "toString ((import ./wrap.nix { system = \"a\"; }).other == import ./other.nix { })",
            4,
        ),
    ];
    for (part, shared) in cases {
        let part = part.replace("SET", SET);
        let text = format!(
            "let common = {SET} {{ system = \"a\"; }}; overlay = import ./overlay.nix; \
             in builtins.genList (i: {part}) 3"
        );
        assert_eq!(both(&text).1, shared, "{part}");
    }
}

#[test]
fn what_one_part_holds_on_to_is_not_shared_with_others() {
    let (shown, _) = both(&format!(
        "let parts = [
           {{ set = {SET} {{ system = \"a\"; }}; }}
           (toString ([ (builtins.head parts).set.kind ] == [ ({SET} {{ system = \"a\"; }}).kind ]))
           (toString ([ (builtins.head parts).set.kind ] == [ (builtins.head parts).set.kind ]))
         ]; in builtins.tail parts"
    ));
    assert_eq!(shown, "[ \"\" \"1\" ]\n");
}

#[test]
fn an_error_in_a_shared_call_is_that_of_one_by_itself() {
    let (shown, calls) = both(&format!(
        "builtins.genList (i: let set = {SET} {{ system = \"a\"; }}; in if i < 2 then set.system else set.bad) 3"
    ));
    assert!(shown.contains("bad a"), "{shown}");
    assert_eq!(calls, 2);
}

/// Returns an expression for a package set.
fn object() -> impl Strategy<Value = String> {
    let system = prop_oneof![Just("\"a\""), Just("\"b\"")];
    let more = prop_oneof![
        4 => Just(""),
        1 => Just("config = { b = [ ]; };"),
        1 => Just("overlays = [ overlay ];"),
        1 => Just("overlays = [ (set: { kind = set.kind; }) ];"),
    ];
    prop_oneof![
        6 => (system, more).prop_map(|(system, more)| format!("({SET} {{ system = {system}; {more} }})")),
        1 => Just("common".to_owned()),
        1 => Just("old.x.y".to_owned()),
        1 => Just("(import ./global.nix).set".to_owned()),
        1 => Just("(import ./global.nix).lazy.set".to_owned()),
        1 => (0..4usize).prop_map(|at| format!("((builtins.elemAt parts {at}).set or common)")),
        1 => Just("common.again".to_owned()),
        1 => Just("p0.again".to_owned()),
    ]
}

/// Returns an expression for something that is seen of two package sets `p` and `q`.
fn sight() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("[ p.kind ] == [ q.kind ]"),
        Just("p.kind == q.kind"),
        Just("[ p ] == [ q ]"),
        Just("[ p.other ] == [ q.other ]"),
        Just("p.other == import ./other.nix { }"),
        Just("(import ./global.nix).other == import ./other.nix { }"),
        Just("(import ./wrap.nix { system = \"a\"; }).other == import ./other.nix { }"),
        Just("[ p.again.kind ] == [ q.kind ]"),
        Just("[ p.args ] == [ q.args ]"),
        Just("p.apply (set: [ set.kind ] == [ q.kind ])"),
        Just("(import ./global.nix).compare p"),
        Just("p.same"),
        Just("p.loud"),
        Just("(builtins.tryEval p.bad).success"),
        Just("builtins.unsafeGetAttrPos \"system\" p.args == builtins.unsafeGetAttrPos \"system\" q.args"),
    ]
}

/// Returns an expression for a part.
fn part() -> impl Strategy<Value = String> {
    let kept = prop_oneof![5 => Just(false), 1 => Just(true)];
    (object(), object(), object(), prop::collection::vec(sight(), 1..4), kept).prop_map(|(p0, p, q, sights, kept)| {
        let seen: Vec<String> = sights.iter().map(|sight| format!("(toString ({sight}))")).collect();
        let seen = seen.join(" + \",\" + ");
        let value = if kept {
            format!("{{ set = p; seen = {seen}; data = p.data; }}")
        } else {
            seen
        };
        // `common` is in reach of `p0`, which is why that is another name.
        let p0 = p0.replace("p0.again", "common");
        format!("(let p0 = {p0}; p = {p}; q = {q}; in {value})")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_tells_shared_calls_from_others(parts in prop::collection::vec(part(), 4)) {
        let seen = |part: &str| {
            // A part that is shown as a whole would have no end, as sets hold themselves.
            format!("(let part = {part}; in if part ? seen then part // {{ set = null; }} else part)")
        };
        let all: Vec<String> = parts.iter().map(|part| seen(part)).collect();
        let kept: Vec<String> = parts.clone();
        both(&format!(
            "let common = {SET} {{ system = \"a\"; }}; overlay = import ./overlay.nix;
               old = {{ x = {{ y = {SET} {{ system = \"a\"; }}; }}; }};
               parts = [ {} ];
             in [ {} ] ++ [ {} ]",
            kept.join("\n"),
            all.join("\n"),
            (0..4)
                .map(|at| format!("(let part = builtins.elemAt parts {at}; in part.seen or part)"))
                .collect::<Vec<_>>()
                .join(" "),
        ));
    }
}
