//! Text of others in Markdown, so that it is shown and does nothing.

/// Returns one line of text for a paragraph, a table or an HTML tag.
///
/// Signs of Markdown and HTML become entities, which make no marks. An empty comment stands where
/// GitHub or GitLab would else make a link: after `@` (an address of mail needs little behind it) and `#`, before `//`,
/// in what may be a commit.
pub(super) fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text.chars().peekable();
    let mut last = ' ';
    let mut digits = 0;
    while let Some(c) = rest.next() {
        let next = rest.peek().copied().unwrap_or(' ');
        let refers = next.is_alphanumeric() || matches!(next, '"' | '_' | '-');
        // So does a commit, by seven of its digits.
        digits = if c.is_ascii_hexdigit() { digits + 1 } else { 0 };
        if digits == 7 {
            out.push_str("<!-- -->");
            digits = 1;
        }
        match c {
            '@' => out.push_str("&#64;<!-- -->"),
            '#' | '!' | '~' | '$' | '%' | '&' | '^' if refers => out.push_str(&format!("&#{};<!-- -->", c as u32)),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '+' | '!' | '|' | '~' | '&' | '"'
            | '$' | '^' => out.push_str(&format!("&#{};", c as u32)),
            // `https://` and `www.` become links by themselves, and so does `GH-1`.
            ':' => out.push_str(":<!-- -->"),
            '.' if last == 'w' || last == 'W' => out.push_str("<!-- -->."),
            '-' if next.is_ascii_digit() && last.is_ascii_uppercase() => out.push_str("-<!-- -->"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
        last = c;
    }
    out
}

/// Returns one line of prose for the same places, with what it has between back quotes as code.
pub(super) fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // With an odd number of quotes, the last of them quotes nothing.
    let pairs = (parts.len() - 1) / 2;
    let mut out = String::new();
    for (index, part) in parts.iter().enumerate() {
        let unpaired = index > 2 * pairs;
        match index % 2 {
            1 if !unpaired => out.push_str(&code(part)),
            _ if unpaired => out.push_str(&inline(&format!("`{part}"))),
            _ => out.push_str(&inline(part)),
        }
    }
    out
}

/// Returns one line of prose for the start of a line, where a dash or a number would begin a list, and dashes a rule.
pub(super) fn opening(text: &str) -> String {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = rest.len() < text.len() && rest.starts_with(['.', ')']);
    match text.chars().next() {
        Some(c) if number || matches!(c, '-' | '=') => format!("&#{};<!-- -->{}", c as u32, prose(&text[1..])),
        _ => prose(text),
    }
}

/// Returns one line of text in the letters of code, for the same places.
pub(crate) fn code(text: &str) -> String {
    format!("<code>{}</code>", inline(text))
}

/// Returns lines of text as a block in which nothing has a meaning. `language` is what they are written in.
pub(super) fn fenced(language: &str, text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end())
}
