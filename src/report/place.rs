//! Where other tools are sent to: a file of the repository, which they know by its path.

use crate::finding::{Finding, Location};

/// The file that stands for the whole flake, for tools that refuse what has no place.
pub(crate) const WHOLE: &str = "flake.nix";

/// Returns a finding's place if it is in a file of the repository: not in the store, not in an input.
pub(crate) fn own(finding: &Finding) -> Option<&Location> {
    finding.location.as_ref().filter(|location| is_own(&location.file))
}

/// Whether a path lies below the flake's folder.
pub(crate) fn is_own(path: &str) -> bool {
    let outside = path.is_empty() || path.starts_with(['/', '<', '«', '\\']) || path.contains("://");
    !outside && path.split('/').all(|part| part != "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_repository_are_own() {
        for path in ["flake.nix", "hosts/web/default.nix", "a b.nix"] {
            assert!(is_own(path), "{path}");
        }
        for path in [
            "",
            "/nix/store/x",
            "<nixpkgs>/lib",
            "«string»",
            "../x",
            "a/../../x",
            "https://x",
        ] {
            assert!(!is_own(path), "{path}");
        }
    }
}
