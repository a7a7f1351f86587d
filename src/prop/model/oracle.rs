//! The model says what Nix says: scenes printed into one expression that real Nix evaluates.

#![expect(clippy::disallowed_methods, reason = "the test hands a library to a program")]

use super::tests::{disagreement, scene};
use super::{Edition, FACTS, Fault, Parts, answers};
use crate::fixture::{libraries, on};
use crate::{Plain, Scene};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use testkit::{Oracle, Shared};

/// Scenes of each library.
const SCENES: u64 = 300;
/// Refusals of each library whose messages are asked for, one by one.
const MESSAGES: usize = 16;

/// Nix that tells a value as text, whether that text is the expected one (`null` for a refusal), and of which attributes
/// of a set it is not.
const JUDGE: &str = r#"
  text = v: {
    int = "i${toString v}";
    float = "f${toString v}";
    string = "s${toString (builtins.stringLength v)}:${v}";
    path = "p${toString v}";
    bool = if v then "true" else "false";
    null = "null";
    lambda = "λ";
    list = "[${builtins.concatStringsSep "," (map text v)}]";
    set = if v.type or null == "derivation" then "d${v.outPath}" else "{${
      builtins.concatStringsSep ";" (map (n: "${n}=${text v.${n}}") (builtins.attrNames v))
    }}";
  }.${builtins.typeOf v};
  is = v: wanted:
    let got = builtins.tryEval (let t = text v; in builtins.seq t t); in
    if wanted == null then !got.success else got.success && got.value == wanted;
  whole = v: if (builtins.tryEval v).success then [ "it is not refused" ] else [ ];
  parts = v: wanted: builtins.filter (n: !(is v.${n} wanted.${n})) (builtins.attrNames wanted);
  names = v: wanted: if builtins.attrNames v == wanted then [ ] else [ "other names" ];
  case = n: wrong: if wrong == [ ] then [ ] else [ { inherit n wrong; } ];
"#;

/// Returns a value as `text` tells it.
fn text(value: &Plain) -> String {
    match value {
        Plain::Null => "null".into(),
        Plain::Bool(value) => value.to_string(),
        Plain::Int(value) => format!("i{value}"),
        Plain::Float(value) => format!("f{value:.6}"),
        Plain::Str(text) => format!("s{}:{text}", text.len()),
        Plain::Path(text) => format!("p{text}"),
        Plain::List(elements) => format!("[{}]", elements.iter().map(text).collect::<Vec<_>>().join(",")),
        Plain::Attrs(entries) => {
            let entries = entries.iter().map(|(name, value)| format!("{name}={}", text(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(";"))
        }
        Plain::Function => "λ".into(),
        Plain::Derivation(path) => format!("d{path}"),
        Plain::Cut => "…".into(),
    }
}

/// Returns Nix for what is wrong with a side.
fn judged(side: &str, parts: &Parts) -> String {
    match parts {
        Err(Fault::Unknown) => "[ ]".into(),
        Err(Fault::Refused(_)) => format!("whole {side}"),
        Ok(parts) => {
            let mut wanted = String::new();
            for (name, value) in parts {
                let value = match value {
                    Ok(value) => crate::Expr::str(text(value)).print(0),
                    Err(Fault::Refused(_)) => "null".into(),
                    Err(Fault::Unknown) => continue,
                };
                let _ = write!(wanted, "{} = {value}; ", crate::expr::shown(name));
            }
            format!("parts {side} {{ {wanted} }}")
        }
    }
}

/// Returns Nix that gives what is wrong with what the model says of scenes.
fn batch(lib: &str, scenes: &[Scene], edition: Edition) -> String {
    let mut text = format!("let\n  lib = import {lib};\n{JUDGE}in builtins.concatLists [\n");
    for (n, scene) in scenes.iter().enumerate() {
        let answers = answers(scene, edition);
        let modules = scene.modules().print(2);
        let names = match &answers.config {
            Ok(parts) => {
                let names: Vec<String> = parts.keys().map(|name| crate::Expr::str(name).print(0)).collect();
                format!("names e.config [ {} ]", names.join(" "))
            }
            Err(_) => "[ ]".into(),
        };
        let (config, options) = (judged("e.config", &answers.config), judged("o", &answers.facts));
        let _ = writeln!(
            text,
            "(let e = lib.evalModules {{ modules = {modules}; }}; o = ({FACTS}) e; in case {n} ({config} ++ {names} ++ {options}))"
        );
    }
    text.push(']');
    text
}

/// Returns what Nix says of a text, and what it says on standard error.
fn asked(oracle: &Oracle, place: &Shared, nix: &str) -> (String, String) {
    fs::write(place.outside().join("asked.nix"), nix).expect("the folder can be written to");
    let output = oracle
        .command("nix-instantiate")
        .args(["--eval", "--strict", &format!("{}/asked.nix", place.inside())])
        .output()
        .expect("the oracle runs");
    let read = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (read(output.stdout), read(output.stderr))
}

/// Copies a folder with all below it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the folder can be read") {
        let entry = entry.expect("the entry can be read");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("it has a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("the file can be copied");
        }
    }
}

#[test]
fn oracle_model_evaluator_and_nix_agree() {
    let oracle = Oracle::named();
    for lib in libraries() {
        let (edition, scenes, wrong) = on(&lib, |ev, ground| {
            let edition = Edition::of(ground).expect("it is one of those that are modelled");
            let scenes: Vec<Scene> = (0..SCENES).map(|case| scene(ground, case)).collect();
            let wrong: Vec<String> = scenes
                .iter()
                .filter_map(|scene| disagreement(ev, ground, scene.clone()))
                .collect();
            (edition, scenes, wrong)
        });
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        let place = oracle.share();
        copy(&lib, &place.outside().join("lib"));
        let inside = format!("{}/lib", place.inside());
        let (said, errors) = asked(&oracle, &place, &batch(&inside, &scenes, edition));
        assert_eq!(said.trim(), "[ ]", "{}\n{errors}", lib.display());
        let mut messages = 0;
        for scene in scenes {
            let Ok(parts) = answers(&scene, edition).config else {
                continue;
            };
            let refused = parts.into_iter().find_map(|(name, value)| match value {
                Err(Fault::Refused(words)) => Some((name, words)),
                _ => None,
            });
            let Some((name, words)) = refused else { continue };
            let config = scene.config().print(0);
            let nix = format!("let lib = import {inside}; in ({config}).{}", crate::expr::shown(&name));
            let (said, errors) = asked(&oracle, &place, &nix);
            let fits = words.iter().all(|word| errors.contains(word.as_str()));
            assert!(fits, "{nix}\n{words:?}\n{said}\n{errors}");
            messages += 1;
            if messages == MESSAGES {
                break;
            }
        }
        assert_eq!(messages, MESSAGES);
    }
}
