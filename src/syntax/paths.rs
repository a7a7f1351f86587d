//! Path literals made absolute and canonical.

/// Makes the canonical path longer by another: `.`, `..` and doubled slashes are resolved, without looking at any disk.
/// `..` above the root stays at the root, which is the empty path here.
fn go_on(path: &mut Vec<u8>, more: &[u8]) {
    for part in more.split(|&b| b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                let parent = memchr::memrchr(b'/', path).unwrap_or(0);
                path.truncate(parent);
            }
            name => {
                path.push(b'/');
                path.extend_from_slice(name);
            }
        }
    }
}

/// Makes path literals of one text absolute and canonical.
pub struct Paths<'b> {
    base: &'b [u8],
    /// The folder that relative ones start from, as soon as one is there.
    folder: Option<Vec<u8>>,
    path: Vec<u8>,
}

impl<'b> Paths<'b> {
    /// Returns what makes the paths below an absolute folder.
    pub fn new(base: &'b [u8]) -> Paths<'b> {
        Paths {
            base,
            folder: None,
            path: Vec::new(),
        }
    }

    /// Returns the path of a literal: absolute as it is or below the folder, canonical, with the literal's trailing slash.
    pub fn literal(&mut self, text: &[u8]) -> &[u8] {
        self.path.clear();
        if text.first() != Some(&b'/') {
            let folder = self.folder.get_or_insert_with(|| {
                let mut folder = Vec::new();
                go_on(&mut folder, self.base);
                folder
            });
            self.path.extend_from_slice(folder);
        }
        go_on(&mut self.path, text);
        if self.path.is_empty() {
            self.path.push(b'/');
        }
        if text.len() > 1 && text.last() == Some(&b'/') {
            self.path.push(b'/');
        }
        &self.path
    }
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
            // Nix adds the slash to the root as well.
            ("/", "./", "//"),
        ] {
            let mut paths = Paths::new(base.as_bytes());
            for _ in 0..2 {
                let path = paths.literal(text.as_bytes());
                assert_eq!(String::from_utf8_lossy(path), expected, "{base} {text}");
            }
        }
    }
}
