//! `.gitmodules`: which repositories are to stand where.

use crate::url::Url;

/// A submodule as `.gitmodules` declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submodule {
    /// Its path in the repository.
    pub path: Vec<u8>,
    /// Its URL, perhaps relative to the repository's own.
    pub url: String,
    /// Its branch; `.` is the branch of the repository itself.
    pub branch: Option<String>,
}

/// Returns the submodules of a `.gitmodules` file. Lines that are not understood are left out, and so
/// are submodules without path or URL, or with a path that leads out of the repository.
pub fn parse_gitmodules(text: &[u8]) -> Vec<Submodule> {
    let mut found = Vec::new();
    let mut current: Option<Submodule> = None;
    let text = String::from_utf8_lossy(text);
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('[') {
            found.extend(current.take());
            if line.starts_with("[submodule ") {
                current = Some(Submodule {
                    path: Vec::new(),
                    url: String::new(),
                    branch: None,
                });
            }
            continue;
        }
        let (Some(current), Some((name, value))) = (&mut current, line.split_once('=')) else {
            continue;
        };
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "path" => current.path = value.trim_end_matches('/').as_bytes().to_vec(),
            "url" => current.url = value.to_owned(),
            "branch" => current.branch = Some(value.to_owned()),
            _ => {}
        }
    }
    found.extend(current);
    found
        .retain(|module| !module.path.is_empty() && !module.url.is_empty() && crate::tree::parts(&module.path).is_ok());
    found
}

/// Returns a submodule's URL seen from its repository's: `../x` goes up in the path.
pub fn resolve_submodule_url(base: &str, url: &str) -> String {
    if !url.starts_with("./") && !url.starts_with("../") {
        return url.to_owned();
    }
    let (root, path) = match Url::parse(base, false) {
        Ok(parsed) => {
            let path = parsed.path.join("/");
            (base.strip_suffix(path.as_str()).unwrap_or(base).to_owned(), path)
        }
        Err(_) => (String::new(), base.to_owned()),
    };
    let mut parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    for part in url.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_read() {
        let text = b"[submodule \"a\"]\n\tpath = lib/a\n\turl = ../a.git\n\tbranch = .\n[submodule \"b\"]\npath = ../b\nurl = x\n";
        let found = parse_gitmodules(text);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (&found[0].path[..], found[0].branch.as_deref()),
            (&b"lib/a"[..], Some("."))
        );
    }

    #[test]
    fn relative_urls() {
        for (base, url, expected) in [
            ("https://h/o/r.git", "../a.git", "https://h/o/a.git"),
            ("https://h/o/r", "../../x/a", "https://h/x/a"),
            ("/srv/r", "./a", "/srv/r/a"),
            ("https://h/o/r", "https://k/a", "https://k/a"),
        ] {
            assert_eq!(resolve_submodule_url(base, url), expected);
        }
    }
}
