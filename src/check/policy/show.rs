//! Values as messages show them: short, and as Nix writes them.

use super::tree::Tree;

/// Most characters of a value in a message.
const MOST_CHARS: usize = 80;

/// Most values of a list in a message.
const MOST_VALUES: usize = 8;

/// Returns a value for a message.
pub fn shown(value: &Tree) -> String {
    let mut text = String::new();
    write(value, &mut text);
    if text.chars().count() > MOST_CHARS {
        text = text.chars().take(MOST_CHARS - 1).collect();
        text.push('…');
    }
    text
}

/// Returns several values for a message, with commas between them.
pub fn shown_all(values: &[Tree]) -> String {
    let mut text: Vec<String> = values.iter().take(MOST_VALUES).map(shown).collect();
    if values.len() > MOST_VALUES {
        text.push(format!("{} more", values.len() - MOST_VALUES));
    }
    text.join(", ")
}

fn write(value: &Tree, text: &mut String) {
    // What is cut off later need not be written.
    if text.len() > 4 * MOST_CHARS {
        return;
    }
    match value {
        Tree::Null => text.push_str("null"),
        Tree::Bool(true) => text.push_str("true"),
        Tree::Bool(false) => text.push_str("false"),
        Tree::Int(int) => text.push_str(&int.to_string()),
        Tree::Float(float) => text.push_str(&float.to_string()),
        Tree::Text(content) => {
            text.push('"');
            text.extend(content.chars().take(MOST_CHARS));
            text.push('"');
        }
        Tree::Path(path) => text.extend(path.chars().take(MOST_CHARS)),
        Tree::List(elements) if elements.is_empty() => text.push_str("[ ]"),
        Tree::List(elements) => {
            text.push_str("[ ");
            for element in elements {
                write(element, text);
                text.push(' ');
            }
            text.push(']');
        }
        Tree::Attrs(attributes) if attributes.is_empty() => text.push_str("{ }"),
        Tree::Attrs(attributes) => {
            text.push_str("{ ");
            for (name, value) in attributes {
                text.extend(name.chars().take(MOST_CHARS));
                text.push_str(" = ");
                match report::redact::secret_like(name) {
                    true => text.push('…'),
                    false => write(value, text),
                }
                text.push_str("; ");
            }
            text.push('}');
        }
        Tree::Package(package) => text.extend(["the package ", &package.name]),
        Tree::Function => text.push_str("a function"),
        Tree::Missing(_) => text.push_str("nothing"),
        Tree::Unknown(_) | Tree::Unread => text.push('…'),
    }
}
