//! What an evaluator with a library says of the module files in `fixtures/modules/merge`.

use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::Command;

/// The repository's `fixtures`.
pub fn fixtures() -> PathBuf {
    testkit::root().join("fixtures")
}

/// The library of the stand-in nixpkgs, below `fixtures`.
pub const STAND_IN: &str = "inputs/nixpkgs/lib";

/// The names of the module files, one for each law.
pub fn laws() -> Vec<String> {
    named_with("nix")
}

/// The names of the files in `fixtures/modules/merge` with an ending.
pub fn named_with(ending: &str) -> Vec<String> {
    let folder = fixtures().join("modules/merge");
    let entries = folder.read_dir().expect("there is a folder of module files");
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut names: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

/// The file that holds the answer for a law.
pub fn golden(law: &str) -> PathBuf {
    fixtures().join(format!("modules/merge/{law}.json"))
}

/// Returns the answer for a law that was written down.
pub fn expected(law: &str) -> Value {
    let file = golden(law);
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// An evaluator, the library that it evaluates with, and where it sees the module files.
pub struct Asked {
    /// Makes a command to which `nix-instantiate`'s arguments are added.
    pub command: Box<dyn Fn() -> Command>,
    /// The folder of the library.
    pub library: String,
    /// The folder `fixtures/modules`.
    pub modules: String,
}

/// What an evaluation printed: its value or its error, and the messages on the way.
struct Told {
    result: Result<Value, String>,
    said: Vec<String>,
}

impl Asked {
    /// Evaluates what `facts.nix` makes of the module file of a law, or an attribute of that.
    fn evaluate(&self, law: &str, attribute: &str) -> Told {
        let Self { library, modules, .. } = self;
        let expression = format!(
            "(import {modules}/facts.nix {{ lib = import {library}; module = {modules}/merge/{law}.nix; }}).{attribute}"
        );
        self.ask(&expression)
    }

    /// Evaluates an expression.
    fn ask(&self, expression: &str) -> Told {
        let output = (self.command)()
            .args(["--eval", "--strict", "--json", "-E", expression])
            .env("NO_COLOR", "1")
            .env("LC_ALL", "C.UTF-8")
            .env_remove("NIX_PATH")
            .output()
            .expect("the evaluator runs");
        let stderr = self.placed(&String::from_utf8_lossy(&output.stderr));
        let starts = ["trace: ", "evaluation warning: "];
        let said = stderr
            .lines()
            .filter(|l| starts.iter().any(|start| l.starts_with(start)));
        let said = said.map(str::to_owned).collect();
        let result = if output.status.success() {
            let text = self.placed(&String::from_utf8_lossy(&output.stdout));
            Ok(serde_json::from_str(&text).expect("the evaluator prints JSON"))
        } else {
            Err(last_message(&stderr))
        };
        Told { result, said }
    }

    /// Returns a text in which the module files have no folder.
    fn placed(&self, text: &str) -> String {
        let folder = format!("{}/merge", self.modules);
        text.replace(&format!("{folder}/"), "").replace(&folder, ".")
    }

    /// Returns all that is to be known of the module file of a law: the facts, with the message of
    /// every value that is an error; or the message of the whole evaluation.
    pub fn answer(&self, law: &str) -> Value {
        let Told { result, said } = self.evaluate(law, "facts");
        let facts = match result {
            Ok(facts) => facts,
            Err(error) => return json!({ "said": said, "error": lines(&error) }),
        };
        let mut errors = Map::new();
        for (option, fact) in facts["options"].as_object().expect("options are a set") {
            if fact["value"]["fails"] == true {
                // A JSON string is a Nix string as long as nothing in it is interpolated.
                let name = Value::from(option.as_str()).to_string().replace("${", "\\${");
                let told = self.evaluate(law, &format!("values.{name}"));
                let error = told.result.expect_err("a value that throws does so again");
                errors.insert(option.clone(), lines(&error));
            }
        }
        json!({ "said": said, "errors": errors, "facts": facts })
    }
}

/// Returns a message as it is read best in JSON: line by line.
fn lines(message: &str) -> Value {
    message.lines().collect::<Vec<_>>().into()
}

/// Returns the message of the last error that was printed, without the place and what follows it.
fn last_message(stderr: &str) -> String {
    let all: Vec<&str> = stderr.lines().collect();
    let start = all.iter().rposition(|l| l.trim_start().starts_with("error: "));
    let start = start.unwrap_or_else(|| panic!("the evaluator failed without an error: {stderr}"));
    let mut message = vec![all[start].trim_start().trim_start_matches("error: ")];
    for line in &all[start + 1..] {
        // The further lines of a message stand below the first one's text.
        let inner = line.get("error: ".len()..).unwrap_or_default();
        if inner.starts_with("at ") && inner.ends_with(':') {
            break;
        }
        message.push(inner);
    }
    message.join("\n").trim_end().to_owned()
}

/// Collects where two values differ.
pub fn compare(place: &str, expected: &Value, found: &Value, wrong: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let of = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or_default();
                compare(&format!("{place}/{key}"), &of(a), &of(b), wrong);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{place}/{index}"), a, b, wrong);
            }
        }
        _ if expected == found => {}
        _ => wrong.push(format!("{place}\n  expected {expected}\n  found    {found}")),
    }
}
