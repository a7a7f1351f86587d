//! Path literals made absolute and canonical.

/// Returns the absolute path with `.`, `..` and doubled slashes resolved, without looking at any disk.
/// `..` above the root stays at the root; the result has no trailing slash unless it is the root.
pub fn canonical(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    for part in path.split(|&b| b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                let parent = memchr::memrchr(b'/', &out).unwrap_or(0);
                out.truncate(parent);
            }
            name => {
                out.push(b'/');
                out.extend_from_slice(name);
            }
        }
    }
    if out.is_empty() {
        out.push(b'/');
    }
    out
}

/// Returns the path of a literal: absolute as it is or below `base`, canonical, with the literal's
/// trailing slash.
pub fn literal(base: &[u8], text: &[u8]) -> Vec<u8> {
    let mut path = if text.first() == Some(&b'/') {
        canonical(text)
    } else {
        canonical(&[base, b"/", text].concat())
    };
    if text.len() > 1 && text.last() == Some(&b'/') {
        path.push(b'/');
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_become_absolute() {
        for (base, text, expected) in [
            ("/a", "./b", "/a/b"),
            ("/a", "../b", "/b"),
            ("/a", "../../../b", "/b"),
            ("/", "./.", "/"),
            ("/a", "/b/./c/../d", "/b/d"),
            ("/a", "/", "/"),
            ("/a", "./", "/a/"),
            ("/a", "b/", "/a/b/"),
            ("/a", "/b/..", "/"),
        ] {
            let path = literal(base.as_bytes(), text.as_bytes());
            assert_eq!(String::from_utf8_lossy(&path), expected, "{base} {text}");
        }
    }
}
