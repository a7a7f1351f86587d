//! What to do about an error, in our own words, beside Nix's message.

/// Returns a hint for one of Nix's messages, where there is something helpful to say.
pub fn hint(message: &str) -> Option<&'static str> {
    let starts = |start: &str| message.starts_with(start);
    let ends = |end: &str| message.ends_with(end);
    Some(if starts("path has a trailing slash") {
        "Remove the slash at the end of the path."
    } else if starts("dynamic attributes not allowed in let") {
        "Names in `let` are fixed; put the computed name into a set, and select from that."
    } else if starts("dynamic attributes not allowed in inherit") {
        "`inherit` takes fixed names; write `name = set.${computed};` instead."
    } else if starts("invalid integer") {
        "Integers have 64 bits; a larger number can be written as a float or a string."
    } else if starts("invalid float") {
        "Floats have 64 bits; this one is too large or too close to zero."
    } else if starts("the path '~") {
        "Write an absolute path, or pass the home folder in."
    } else if starts("syntax error, unexpected end of file") {
        "Something is still open at the end: a bracket, a string, or a binding without its `;`."
    } else if starts("syntax error") && ends("expecting ';'") {
        "Each binding, and what follows `with` and `assert`, ends with `;`."
    } else if starts("syntax error, unexpected '='") {
        "Bindings stand in `{ … }` or between `let` and `in`; equality is `==`."
    } else if starts("nesting too deep") {
        "Bind inner parts to names, and build the whole from those."
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::hint;

    #[test]
    fn hints_go_with_messages() {
        for (message, start) in [
            ("path has a trailing slash", Some("Remove the slash")),
            (
                "syntax error, unexpected end of file, expecting '}'",
                Some("Something is still open"),
            ),
            ("syntax error, unexpected '}', expecting ';'", Some("Each binding")),
            ("syntax error, unexpected '}'", None),
        ] {
            assert_eq!(hint(message).is_some(), start.is_some(), "{message}");
            assert!(
                hint(message).unwrap_or_default().starts_with(start.unwrap_or_default()),
                "{message}"
            );
        }
    }
}
