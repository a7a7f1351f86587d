//! Judging a saved counterexample again.

use super::claims;
use crate::ground::seen_at;
use crate::run::{Verdict, judge_sides};
use crate::{Claim, Plain};
use diag::{Origin, Pos};
use eval::error::Eval;
use eval::{ErrorKind, Evaluator, Ref, Val};

/// What a saved counterexample says of itself, and what judging it gave.
#[derive(Clone, PartialEq, Debug)]
pub struct Replayed {
    /// The law, by its id.
    pub law: String,
    /// The host that it was found on, if it is about one.
    pub host: Option<String>,
    /// The option that it is about, if it is about one.
    pub option: Option<String>,
    /// Whether its claims hold today.
    pub verdict: Verdict,
}

/// Judges the text of a saved counterexample; an error says what is wrong with the text, as an error of
/// evaluation with its place.
///
/// With `flake`, `builtins.getFlake` is a function that returns it whatever it is asked for: a text is part of
/// a flake that nobody vouches for, and can reach no more than the flake itself.
pub fn replay(ev: &mut Evaluator, path: &[u8], text: &[u8], folder: &[u8], flake: Option<Val>) -> Eval<Replayed> {
    let origin = Origin::File(path.into());
    let value = match flake {
        None => ev.eval_text(origin, text, folder)?,
        Some(flake) => {
            // Parsed by itself first: it must be an expression, and its places are those of the file.
            ev.compile(origin.clone(), text.into(), folder, None)?;
            let whole = [b"builtins: ", text].concat();
            let function = ev.eval_text(origin, &whole, folder)?;
            let builtins = builtins_with(ev, flake)?;
            ev.call(function, &[builtins], Pos::NONE)?
        }
    };
    let cell = ev.cell(value);
    let saved = ev.force_attrs(cell, Pos::NONE, "while evaluating a saved counterexample")?;
    let law = text_of(ev, saved, "law")?;
    let Some(law) = law else {
        return Err(ev.fail(
            ErrorKind::Eval,
            "a saved counterexample has `law`, `claims` and `sides`; this has no `law`",
        ));
    };
    let (host, option) = (text_of(ev, saved, "host")?, text_of(ev, saved, "option")?);
    let (names, cells) = sides(ev, saved)?;
    let claims = claims_of(ev, saved, &names)?;
    let mut seen = Vec::with_capacity(cells.len());
    for cell in cells {
        seen.push(seen_at(ev, cell)?);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Ok(Replayed {
        law,
        host,
        option,
        verdict: judge_sides(&names, &claims, &seen),
    })
}

/// Returns `builtins` with a `getFlake` that knows one flake.
fn builtins_with(ev: &mut Evaluator, flake: Val) -> Eval<Ref> {
    let nix = b"flake: builtins // { getFlake = _: flake; }";
    let function = ev.eval_text(Origin::String, nix, b"/")?;
    let flake = ev.cell(flake);
    let builtins = ev.call(function, &[flake], Pos::NONE)?;
    Ok(ev.cell(builtins))
}

fn attr(ev: &mut Evaluator, set: Val, name: &str) -> Option<(Ref, Pos)> {
    let symbol = ev.symbols.intern(name.as_bytes());
    ev.mem.attr(set, symbol).map(|attr| (attr.value, attr.pos))
}

fn text_of(ev: &mut Evaluator, set: Val, name: &str) -> Eval<Option<String>> {
    let Some((cell, pos)) = attr(ev, set, name) else {
        return Ok(None);
    };
    let context = format!("while evaluating `{name}` of a saved counterexample");
    let text = ev.force_plain_string(cell, pos, &context)?;
    Ok(Some(String::from_utf8_lossy(text).into_owned()))
}

fn sides(ev: &mut Evaluator, set: Val) -> Eval<(Vec<String>, Vec<Ref>)> {
    let Some((cell, pos)) = attr(ev, set, "sides") else {
        return Err(ev.fail(ErrorKind::Eval, "a saved counterexample has `sides`; this has none"));
    };
    let sides = ev.force_attrs(cell, pos, "while evaluating `sides` of a saved counterexample")?;
    let mut names = Vec::new();
    let mut cells = Vec::new();
    for (name, attr) in ev.sorted_entries(sides) {
        names.push(ev.symbols.text(name).into_owned());
        cells.push(attr.value);
    }
    Ok((names, cells))
}

fn claims_of(ev: &mut Evaluator, set: Val, names: &[String]) -> Eval<Vec<Claim>> {
    let Some((cell, pos)) = attr(ev, set, "claims") else {
        return Err(ev.fail(ErrorKind::Eval, "a saved counterexample has `claims`; this has none"));
    };
    let value = Plain::read(ev, cell)?;
    claims::read(&value, names).map_err(|message| ev.fail_at(ErrorKind::Eval, pos, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::on_stand_in;

    fn judged(text: &'static str) -> Result<Verdict, (String, String)> {
        on_stand_in(
            move |ev, _| match replay(ev, b"/r/x.nix", text.as_bytes(), b"/r", None) {
                Ok(replayed) => Ok(replayed.verdict),
                Err(_) => {
                    let error = ev.take_error();
                    Err((error.message.clone(), ev.show_pos(error.pos)))
                }
            },
        )
    }

    #[test]
    fn a_file_by_hand_is_judged() {
        let holds =
            r#"{ law = "x"; claims = [ { same = [ "a" "b" ]; } ]; sides = { a = { x = 1; }; b = { x = 1; }; }; }"#;
        assert_eq!(judged(holds), Ok(Verdict::Holds));
        let broken = r#"{ law = "x"; claims = [ { side = "a"; parts.x = "accepted"; } ]; sides.a.x = throw "no"; }"#;
        let Ok(Verdict::Broken(broken)) = judged(broken) else {
            panic!("it does not hold")
        };
        assert_eq!(broken.lines, ["a.x fails: no", "it must be accepted"]);
    }

    #[test]
    fn what_is_no_counterexample_is_an_error_with_its_place() {
        let check = |text: &'static str, message: &str, place: &str| {
            let (said, at) = judged(text).unwrap_err();
            assert!(said.contains(message), "{said}");
            assert_eq!(at, place);
        };
        check("{ law = ", "syntax error", "/r/x.nix:1:9");
        check("{ sides = { }; }", "this has no `law`", "«none»:0");
        check(
            "{\n  law = \"x\";\n  sides.a = 1;\n  claims = [ 3 ];\n}",
            "this is no claim: 3",
            "/r/x.nix:4:3",
        );
    }

    #[test]
    fn with_a_flake_getflake_knows_no_other() {
        let text = r#"{ law = "x"; claims = [ { side = "a"; whole.value = 7; } ]; sides.a = (builtins.getFlake "github:x/y").n; }"#;
        let verdict = on_stand_in(move |ev, _| {
            let flake = ev.eval_text(Origin::String, b"{ n = 7; }", b"/").expect("it evaluates");
            replay(ev, b"/r/x.nix", text.as_bytes(), b"/r", Some(flake)).map(|replayed| replayed.verdict)
        });
        assert_eq!(verdict.ok(), Some(Verdict::Holds));
    }
}
