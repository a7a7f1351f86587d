//! Paths as text: nothing here looks at a disk, and symbolic links are not followed.

/// The canonical form of an absolute path: one slash between components, no `.`, no `..`, none at the end.
///
/// `..` removes the component before it, and nothing at the root. The path is read from the root even when it does
/// not start with a slash; an empty path is `/`.
pub fn canonical(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len() + 1);
    append_canonical(&mut out, path);
    if out.is_empty() {
        out.push(b'/');
    }
    out
}

/// The canonical form of `path`, which is read from the folder `base` unless it starts with a slash.
pub fn absolute(path: &[u8], base: &[u8]) -> Vec<u8> {
    if path.starts_with(b"/") {
        return canonical(path);
    }
    let mut out = Vec::with_capacity(base.len() + path.len() + 1);
    append_canonical(&mut out, base);
    append_canonical(&mut out, path);
    if out.is_empty() {
        out.push(b'/');
    }
    out
}

/// What `baseNameOf` returns: the bytes after the last slash, where one slash at the very end does not count.
///
/// Only one: `baseNameOf "a//"` is empty. The result of `/` alone is empty too.
pub fn base_name(path: &[u8]) -> &[u8] {
    let path = match path {
        [rest @ .., b'/'] if !rest.is_empty() => rest,
        _ => path,
    };
    match memchr::memrchr(b'/', path) {
        Some(slash) => &path[slash + 1..],
        None => path,
    }
}

/// What `dirOf` returns for a string: the bytes before the last slash, `/` when that is the first byte, and `.` when
/// there is none.
///
/// `dirOf` of a path value is the same, except that the root stays the root, which this gives too.
pub fn dir_name(path: &[u8]) -> &[u8] {
    match memchr::memrchr(b'/', path) {
        None => b".",
        Some(0) => b"/",
        Some(slash) => &path[..slash],
    }
}

/// Appends the components of `path` to the canonical path `out`, in which the root is written as nothing.
fn append_canonical(out: &mut Vec<u8>, path: &[u8]) {
    for component in path.split(|&byte| byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." => out.truncate(memchr::memrchr(b'/', out).unwrap_or(0)),
            name => {
                out.push(b'/');
                out.extend_from_slice(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn canonical_paths() {
        for (path, expected) in [
            ("/", "/"),
            ("", "/"),
            ("//", "/"),
            ("/a", "/a"),
            ("/a/", "/a"),
            ("/a//b/./c", "/a/b/c"),
            ("/a/../b", "/b"),
            ("/a/b/..", "/a"),
            ("/..", "/"),
            ("/../../a", "/a"),
            ("/a/../..", "/"),
            ("/...", "/..."),
            ("/a/..b", "/a/..b"),
        ] {
            assert_eq!(text(&canonical(path.as_bytes())), expected, "{path}");
        }
    }

    #[test]
    fn absolute_paths() {
        for (path, base, expected) in [
            ("a", "/base", "/base/a"),
            ("../a", "/base/x", "/base/a"),
            ("/a", "/base", "/a"),
            ("", "/base", "/base"),
            ("a", "/", "/a"),
            ("..", "/", "/"),
        ] {
            assert_eq!(
                text(&absolute(path.as_bytes(), base.as_bytes())),
                expected,
                "{path} in {base}"
            );
        }
    }

    #[test]
    fn base_names() {
        for (path, expected) in [
            ("", ""),
            ("/", ""),
            ("//", ""),
            ("a", "a"),
            ("/a/b", "b"),
            ("/a/b/", "b"),
            ("/a/b//", ""),
            ("a/", "a"),
        ] {
            assert_eq!(text(base_name(path.as_bytes())), expected, "{path}");
        }
    }

    #[test]
    fn dir_names() {
        for (path, expected) in [
            ("", "."),
            ("/", "/"),
            ("a", "."),
            ("/a", "/"),
            ("/a/b", "/a"),
            ("/a/b/", "/a/b"),
            ("a//b", "a/"),
        ] {
            assert_eq!(text(dir_name(path.as_bytes())), expected, "{path}");
        }
    }

    proptest! {
        #[test]
        fn canonical_is_stable(path in "[/.ab]{0,20}") {
            let once = canonical(path.as_bytes());
            prop_assert!(once.starts_with(b"/"));
            prop_assert_eq!(canonical(&once), once);
        }
    }
}
