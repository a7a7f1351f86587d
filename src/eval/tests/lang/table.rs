//! The form of a table of expressions and answers.
//!
//! ```text
//! ## what the case shows
//! EXPRESSION, one line or several
//! ~> MESSAGE on the way: a trace, a warning
//! => VALUE as `nix-instantiate --eval --strict` prints it
//! ```
//!
//! or, of an expression that fails, instead of the last line
//!
//! ```text
//! !> MESSAGE
//! @> WHERE, as LINE:COLUMN of the expression or FILE:LINE:COLUMN
//! ```
//!
//! Ends of line inside a message or value are written `\n`.

/// One expression and what is expected of it.
pub struct Case {
    /// What it shows.
    pub name: String,
    /// What is evaluated, without its last end of line.
    pub expression: String,
    /// The lines of the answer, each with its end of line.
    pub expected: String,
}

/// What an answer's lines begin with.
const MARKS: [&str; 4] = ["~> ", "=> ", "!> ", "@> "];

/// Returns the cases of a table.
///
/// # Panics
///
/// If a case has no name or two cases have the same one.
pub fn read(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            assert!(
                cases.iter().all(|case| case.name != name),
                "there are two cases \"{name}\""
            );
            let (expression, expected) = (String::new(), String::new());
            cases.push(Case {
                name: name.to_owned(),
                expression,
                expected,
            });
            continue;
        }
        let Some(case) = cases.last_mut() else {
            assert!(line.is_empty(), "a line belongs to no case: {line}");
            continue;
        };
        let answer = MARKS.iter().any(|mark| line.starts_with(mark));
        let part = if answer {
            &mut case.expected
        } else {
            &mut case.expression
        };
        part.push_str(line);
        part.push('\n');
    }
    for case in &mut cases {
        case.expression.truncate(case.expression.trim_end().len());
        assert!(!case.expression.is_empty(), "\"{}\" has no expression", case.name);
    }
    cases
}

/// Returns the table of these cases; [`read`] reads it back.
pub fn write(cases: &[Case]) -> String {
    let cases: Vec<String> = cases
        .iter()
        .map(|case| format!("## {}\n{}\n{}", case.name, case.expression, case.expected))
        .collect();
    cases.join("\n")
}

/// Returns a line of an answer.
pub fn line(mark: &str, text: &str) -> String {
    format!("{mark} {}\n", text.replace('\n', "\\n"))
}

#[test]
fn a_table_is_read_as_it_was_written() {
    let text = "## one\n1\n=> 1\n\n## two\nlet\n  x = 1;\nin y\n!> no\\nway\n@> 3:4\n";
    let cases = read(text);
    assert_eq!(cases[1].expression, "let\n  x = 1;\nin y");
    assert_eq!(write(&cases), text);
}
