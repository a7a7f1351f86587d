//! A counterexample as text.

use super::claims;
use crate::run::Broken;
use crate::{Binding, Expr, Question};
use diag::clean_line;
use std::fmt::Write;

/// How the names of files with saved counterexamples end.
pub const EXTENSION: &str = "nix";
/// Columns within which comments stand.
const COLUMNS: usize = 100;

/// A case that breaks a law.
#[derive(Clone, Copy, Debug)]
pub struct Counterexample<'c> {
    /// The law's id.
    pub law: &'c str,
    /// What the law asks for, in a sentence.
    pub title: &'c str,
    /// The host, if it is about one.
    pub host: Option<&'c str>,
    /// The option, if it is about one.
    pub option: Option<&'c str>,
    /// The seed of the run and the number of the case, if it was drawn.
    pub drawn: Option<(u64, u64)>,
    /// The names that its expressions use.
    pub bindings: &'c [Binding],
    /// What was evaluated, and what must hold.
    pub question: &'c Question,
    /// What came out.
    pub broken: &'c Broken,
}

impl Counterexample<'_> {
    /// Returns the file of this name. `flake` is how it gets at the flake from where it lies; `told` are further
    /// lines of the comment at its head.
    pub fn text(&self, name: &str, flake: &str, told: &[&str]) -> String {
        let body = self.body();
        let used = self.used(&body, flake);
        let mut text = String::new();
        let mut comment = |line: &str| {
            for line in wrapped(&clean_line(line)) {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{}", format!("# {line}").trim_end());
            }
        };
        comment(&format!("{}: {}", self.law, self.title));
        let about = [
            self.host.map(|host| format!("host {host}")),
            self.option.map(|option| format!("option {option}")),
            self.drawn.map(|(seed, case)| format!("seed {seed}, case {case}")),
        ];
        let about: Vec<String> = about.into_iter().flatten().collect();
        if !about.is_empty() {
            comment(&about.join(", "));
        }
        comment("");
        self.broken.lines.iter().for_each(|line| comment(line));
        comment("");
        comment(&format!("nix eval --impure --file {name} sides"));
        let trust = if used.iter().any(|(used, _)| *used == "flake") {
            "--trust "
        } else {
            ""
        };
        comment(&format!("cfgcheck eval {trust}--file {name} sides"));
        told.iter().for_each(|line| comment(line));
        let mut bindings = String::new();
        for (name, nix) in used {
            let _ = writeln!(bindings, "  {name} = {nix};");
        }
        if !bindings.is_empty() {
            let _ = write!(text, "let\n{bindings}in\n");
        }
        text + &body + "\n"
    }

    /// Returns the set that the file is.
    fn body(&self) -> String {
        let mut entries = vec![("law", Expr::str(self.law))];
        entries.extend(self.host.map(|host| ("host", Expr::str(host))));
        entries.extend(self.option.map(|option| ("option", Expr::str(option))));
        // Without claims the file shows what came out, but cannot be judged again.
        entries.extend(claims::written(self.question).map(|claims| ("claims", claims)));
        let sides = self.question.sides.iter().map(|side| (side.name, side.expr.clone()));
        entries.push(("sides", Expr::attrs(sides)));
        let mut body = String::from("{\n");
        for (name, value) in entries {
            let _ = writeln!(body, "  {name} = {};", value.print(1));
        }
        body + "}"
    }

    /// Returns the names that a text uses, and those that these use.
    fn used(&self, body: &str, flake: &str) -> Vec<(&str, String)> {
        let mut used: Vec<(&str, String)> = Vec::new();
        for binding in self.bindings.iter().rev() {
            let nix = if binding.name == "flake" {
                flake.to_owned()
            } else {
                binding.nix.clone()
            };
            if has_word(body, &binding.name) || used.iter().any(|(_, nix)| has_word(nix, &binding.name)) {
                used.push((&binding.name, nix));
            }
        }
        used.reverse();
        used
    }
}

/// Whether a name stands in a text by itself. That it stands in a string there does no harm.
fn has_word(text: &str, name: &str) -> bool {
    let of_name = |c: char| c.is_alphanumeric() || "_'-.".contains(c);
    text.match_indices(name).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + name.len()..].chars().next();
        !before.is_some_and(of_name) && !after.is_some_and(|c| c != '.' && of_name(c))
    })
}

/// Returns a line broken between words.
fn wrapped(line: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        let last = lines.last_mut().map_or(0, |last| last.chars().count());
        if last > 0 && last + 1 + word.chars().count() > COLUMNS {
            lines.push(format!("  {word}"));
        } else if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::replay;
    use super::*;
    use crate::fixture::on_stand_in;
    use crate::run::{Verdict, ask};
    use crate::{Claim, Def, Module, Scene, Side, Simple, Ty};

    /// Returns the counterexample of a law that does not hold: the last module wins.
    fn text() -> (String, Verdict) {
        on_stand_in(|ev, ground| {
            let scene = |values: [i64; 2]| {
                let modules = values.map(|n| Module::defines("a.nix", &["x".into()], Def::List(vec![Def::Int(n)])));
                let options = vec![crate::Decl::new("x", Ty::ListOf(Box::new(Ty::Simple(Simple::Int))))];
                let mut all = vec![Module::declares("o.nix", options)];
                all.extend(modules);
                Scene {
                    modules: all,
                    ..Scene::default()
                }
            };
            let side = |name, scene: Scene| Side {
                name,
                expr: scene.config(),
            };
            let question = Question {
                sides: vec![side("forward", scene([1, 2])), side("reversed", scene([2, 1]))],
                claims: vec![Claim::Same(0, 1)],
            };
            let Ok(Verdict::Broken(broken)) = ask(ev, ground, &question, false) else {
                panic!("it is broken")
            };
            let counter = Counterexample {
                law: "import-order-free",
                title: "the order of imports does not matter",
                host: Some("web\n\u{1b}[31m"),
                option: None,
                drawn: Some((7, 12)),
                bindings: ground.bindings(),
                question: &question,
                broken: &broken,
            };
            let text = counter.text("x.nix", "", &[]);
            let replayed = replay(ev, b"/x.nix", text.as_bytes(), b"/", None).expect("it evaluates");
            (text, replayed.verdict)
        })
    }

    #[test]
    fn a_counterexample_is_a_file_that_says_the_same_again() {
        let (text, verdict) = text();
        let lib = testkit::root()
            .join("fixtures/inputs/nixpkgs/lib")
            .display()
            .to_string();
        let expected = r#"# import-order-free: the order of imports does not matter
# host web ␛[31m, seed 7, case 12
#
# forward.x is [ 2 1 ]
# reversed.x is [ 1 2 ]
#
# nix eval --impure --file x.nix sides
# cfgcheck eval --file x.nix sides
let
  lib = import LIB;
in
"#;
        assert!(text.replace(&lib, "LIB").starts_with(expected), "{text}");
        let Verdict::Broken(broken) = verdict else {
            panic!("it is broken")
        };
        assert_eq!(broken.lines, ["forward.x is [ 2 1 ]", "reversed.x is [ 1 2 ]"]);
    }

    #[test]
    fn names_are_words() {
        assert!(has_word("lib.mkForce 1", "lib") && has_word("(lib)", "lib"));
        assert!(!has_word("host.lib", "lib") && !has_word("library lib' x-lib", "lib"));
    }
}
