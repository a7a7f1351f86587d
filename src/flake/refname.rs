//! Which texts may be a Git branch or tag name (`git check-ref-format`, as libgit2 judges).

/// Whether `name` may be a branch name, a tag name or a full reference name.
pub fn is_legal_ref_name(name: &str) -> bool {
    if name == "@" || name.is_empty() || name.contains('\x7f') {
        return false;
    }
    // A full name is a special name in capitals (`HEAD`, `FETCH_HEAD`) or has two parts or more; a
    // branch or tag name becomes full behind `refs/heads/` or `refs/tags/`.
    if name.starts_with('-') && !name.contains('/') {
        return false;
    }
    name.split('/').all(is_legal_part) && !name.ends_with('.') && !name.contains("@{") && !name.contains("..")
}

fn is_legal_part(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with('.')
        && !part.ends_with(".lock")
        && part
            .bytes()
            .all(|b| b > b' ' && !matches!(b, b'~' | b'^' | b':' | b'?' | b'*' | b'[' | b'\\'))
}

#[cfg(test)]
mod tests {
    use super::is_legal_ref_name;

    #[test]
    fn names() {
        for good in [
            "main",
            "HEAD",
            "nixos-24.05",
            "refs/heads/a",
            "a/b",
            "v1.0",
            "a@b",
            "é",
            "a.b",
        ] {
            assert!(is_legal_ref_name(good), "{good}");
        }
        for bad in [
            "", "@", "a..b", ".a", "a/.b", "a.lock", "a.lock/b", "a b", "a~b", "a^", "a:b", "a?", "a*", "[a", "a\\b",
            "a@{b", "/a", "a/", "a//b", "a.", "a\x7f", "-a",
        ] {
            assert!(!is_legal_ref_name(bad), "{bad}");
        }
    }
}
