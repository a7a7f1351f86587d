//! What a reference says about its input: which class it is of, which branch it takes, whether it is
//! nixpkgs.

use flake::url::Url;
use flake::{FlakeRef, Scheme};

use super::release::Release;
use crate::settings::Class;

/// What a reference follows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Track {
    /// The branch of a release.
    Release(Release),
    /// A branch that always moves, by its name.
    Rolling(String),
    /// The default branch, or another one.
    Branch,
    /// One revision or tag.
    Fixed,
}

/// Repositories that are finished: they change once in years, so that age says nothing about them.
const FINISHED: &[(&str, Option<&str>)] = &[
    ("nix-systems", None),
    ("numtide", Some("flake-utils")),
    ("edolstra", Some("flake-compat")),
    ("NixOS", Some("flake-compat")),
];

/// Returns what a reference follows; `None` for a folder, which is what it is.
pub(super) fn track(reference: &FlakeRef) -> Option<Track> {
    let input = &reference.input;
    let attrs = input.attrs();
    match input.scheme()? {
        Scheme::Path => return None,
        _ if attrs.contains("rev") => return Some(Track::Fixed),
        Scheme::Tarball | Scheme::File => {
            let url = attrs.str("url").ok().flatten().unwrap_or_default();
            return Some(track_of_url(url, attrs.contains("narHash")));
        }
        _ => {}
    }
    let branch = input.git_ref().ok().flatten();
    Some(match branch {
        Some(branch) => track_of_branch(branch),
        // The name `nixpkgs` stands for the branch nixpkgs-unstable in the registry that all have.
        None if attrs.str("id").ok().flatten() == Some("nixpkgs") => Track::Rolling("nixpkgs-unstable".into()),
        None => Track::Branch,
    })
}

/// Returns what a branch or tag is.
fn track_of_branch(branch: &str) -> Track {
    if let Some(release) = Release::of_branch(branch) {
        return Track::Release(release);
    }
    let plain = branch.strip_prefix("refs/heads/").unwrap_or(branch);
    let is_rolling = matches!(plain, "nixos-unstable" | "nixos-unstable-small" | "nixpkgs-unstable");
    if is_rolling {
        return Track::Rolling(plain.to_owned());
    }
    if branch.starts_with("refs/tags/") || is_version(plain) {
        return Track::Fixed;
    }
    Track::Branch
}

/// Whether a name is one that versions are tagged with: `v1.2.3`, `1.4` or `v12`.
fn is_version(name: &str) -> bool {
    let number = name.strip_prefix('v').unwrap_or(name);
    let core = number.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    let numbers = parts
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    numbers && (parts.len() > 1 || name.starts_with('v'))
}

/// Returns what the URL of an archive follows: a channel, a version range of FlakeHub, an archive of a
/// branch; any other archive is taken to move, unless its hash is named.
fn track_of_url(url: &str, has_hash: bool) -> Track {
    let path = Url::parse(url, true).map(|url| url.path).unwrap_or_default();
    let parts: Vec<&str> = path
        .iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    match parts.as_slice() {
        // flakehub.com/f/NixOS/nixpkgs/0.2605.*
        ["f", _, repo, version, ..] => match version.split('.').collect::<Vec<_>>().as_slice() {
            ["0", number, ..] if number.len() == 4 => number
                .split_at_checked(2)
                .and_then(|(year, month)| Release::parse(&format!("{year}.{month}")))
                .map_or(Track::Branch, Track::Release),
            ["0", "1", ..] if *repo == "nixpkgs" => Track::Rolling("nixos-unstable".into()),
            _ => Track::Branch,
        },
        // github.com/OWNER/REPO/archive/BRANCH.tar.gz, also below refs/heads
        [_, _, "archive", rest @ ..] if !rest.is_empty() => {
            let name = rest.join("/");
            let name = name
                .strip_suffix(".tar.gz")
                .or(name.strip_suffix(".zip"))
                .unwrap_or(&name);
            match name.len() == 40 && name.bytes().all(|b| b.is_ascii_hexdigit()) {
                true => Track::Fixed,
                false => track_of_branch(name),
            }
        }
        // channels.nixos.org/nixos-26.05/nixexprs.tar.xz, nixos.org/channels/nixos-26.05
        _ => {
            let found = parts.iter().map(|part| track_of_branch(part));
            let channel = found
                .into_iter()
                .find(|track| matches!(track, Track::Release(_) | Track::Rolling(_)));
            channel.unwrap_or(if has_hash { Track::Fixed } else { Track::Branch })
        }
    }
}

/// Returns the class that a reference is of, unless the settings name one.
pub(super) fn class(reference: &FlakeRef) -> Option<Class> {
    track(reference).map(|track| match track {
        Track::Release(_) => Class::Stable,
        Track::Rolling(_) => Class::Rolling,
        Track::Fixed => Class::Pinned,
        Track::Branch => Class::Latest,
    })
}

/// Returns owner and repository, where the reference has them.
pub(super) fn repository(reference: &FlakeRef) -> Option<(String, String)> {
    let attrs = reference.input.attrs();
    let text = |name: &str| attrs.str(name).ok().flatten();
    if let (Some(owner), Some(repo)) = (text("owner"), text("repo")) {
        return Some((owner.to_owned(), repo.to_owned()));
    }
    let url = Url::parse(text("url")?, true).ok()?;
    let parts: Vec<&str> = url
        .path
        .iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    let named = match parts.as_slice() {
        ["f", owner, repo, ..] => Some((*owner, *repo)),
        [owner, repo, "archive", ..] => Some((*owner, *repo)),
        [.., owner, repo] if reference.input.scheme() == Some(Scheme::Git) => Some((*owner, *repo)),
        _ => None,
    }?;
    let repo = named.1.strip_suffix(".git").unwrap_or(named.1);
    Some((named.0.to_owned(), repo.to_owned()))
}

/// Whether a reference is one of a repository that changes once in years.
pub(super) fn is_finished(reference: &FlakeRef) -> bool {
    repository(reference).is_some_and(|(owner, repo)| {
        let fits = |name: &Option<&str>| name.is_none_or(|name| name.eq_ignore_ascii_case(&repo));
        FINISHED
            .iter()
            .any(|(known, name)| known.eq_ignore_ascii_case(&owner) && fits(name))
    })
}

/// Whether a reference is one of nixpkgs with all its packages: the repository or a fork of it, a
/// channel, or a folder of that name.
pub(super) fn is_nixpkgs(reference: &FlakeRef) -> bool {
    // `?dir=lib` is its library alone.
    if reference.dir == "lib" {
        return false;
    }
    if let Some((_, repo)) = repository(reference) {
        return repo.eq_ignore_ascii_case("nixpkgs");
    }
    let attrs = reference.input.attrs();
    let text = |name: &str| attrs.str(name).ok().flatten();
    let is_name = |name: &str| name == "nixpkgs" || name.starts_with("nixpkgs-");
    match reference.input.scheme() {
        Some(Scheme::Path) => text("path")
            .and_then(|path| path.rsplit('/').next())
            .is_some_and(is_name),
        Some(Scheme::Indirect) => text("id").is_some_and(is_name),
        Some(Scheme::Tarball | Scheme::File) => {
            let url = text("url").unwrap_or_default();
            let is_channel = url.contains("//nixos.org/channels/")
                || url.contains("//channels.nixos.org/")
                || url.contains("//releases.nixos.org/");
            is_channel && (url.contains("/nixos-") || url.contains("/nixpkgs-") || url.contains("/nixos/"))
        }
        _ => false,
    }
}

/// Returns the reference with one attribute set to a text, such as another branch.
pub(super) fn with(reference: &FlakeRef, name: &str, value: &str) -> FlakeRef {
    let mut changed = reference.clone();
    if name == "rev" {
        // A reference names a branch or a revision, not both.
        changed.input.unset("ref");
    }
    changed.input.set(name, value);
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use flake::Reading;

    fn reference(text: &str) -> FlakeRef {
        FlakeRef::parse(text, Reading::of_input(true)).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn classes_of_references() {
        let check = |text: &str, expected: Option<Class>| assert_eq!(class(&reference(text)), expected, "{text}");
        check("github:NixOS/nixpkgs/nixos-26.05", Some(Class::Stable));
        check("github:NixOS/nixpkgs?ref=refs/heads/nixos-26.05", Some(Class::Stable));
        check("github:NixOS/nixpkgs/nixpkgs-24.11-darwin", Some(Class::Stable));
        check("nixpkgs/nixos-24.11", Some(Class::Stable));
        check(
            "https://channels.nixos.org/nixos-26.05/nixexprs.tar.xz",
            Some(Class::Stable),
        );
        check("https://flakehub.com/f/NixOS/nixpkgs/0.2605.*", Some(Class::Stable));
        check(
            "https://github.com/NixOS/nixpkgs/archive/nixos-25.11.tar.gz",
            Some(Class::Stable),
        );
        check(
            "git+https://git.example.org/a/nixpkgs.git?ref=nixos-26.05",
            Some(Class::Stable),
        );
        check("github:NixOS/nixpkgs/nixos-unstable", Some(Class::Rolling));
        check("nixpkgs", Some(Class::Rolling));
        check(
            "https://flakehub.com/f/NixOS/nixpkgs/0.1.*.tar.gz",
            Some(Class::Rolling),
        );
        check(
            "github:hyprwm/Hyprland/4520b30f309a3bc92dbae2ab4b0be0e3d8da3c05",
            Some(Class::Pinned),
        );
        check("github:hyprwm/Hyprland/v0.45.0", Some(Class::Pinned));
        check("github:NixOS/nixpkgs/26.05", Some(Class::Pinned));
        check(
            "git+ssh://git@git.example.org/ops?ref=refs/tags/v12",
            Some(Class::Pinned),
        );
        check(
            "https://github.com/a/b/archive/4520b30f309a3bc92dbae2ab4b0be0e3d8da3c05.tar.gz",
            Some(Class::Pinned),
        );
        check("github:nix-community/disko", Some(Class::Latest));
        check("github:nix-community/home-manager/master", Some(Class::Latest));
        check("github:a/b/release-candidate", Some(Class::Latest));
        check("https://files.example.org/schema/1.4.tar.gz", Some(Class::Latest));
        check("flake-utils", Some(Class::Latest));
        check("path:./nixpkgs", None);
        check("/etc/nixos", None);
    }

    #[test]
    fn nixpkgs_under_all_its_names() {
        let check = |text: &str, expected: bool| assert_eq!(is_nixpkgs(&reference(text)), expected, "{text}");
        check("github:NixOS/nixpkgs/nixos-26.05", true);
        check("github:someone/Nixpkgs", true);
        check("git+https://github.com/NixOS/nixpkgs.git?ref=nixos-26.05", true);
        check("https://flakehub.com/f/NixOS/nixpkgs/0.1.*", true);
        check("https://channels.nixos.org/nixos-26.05/nixexprs.tar.xz", true);
        check("https://github.com/NixOS/nixpkgs/archive/nixos-25.11.tar.gz", true);
        check("path:../../inputs/nixpkgs-unstable", true);
        check("nixpkgs", true);
        check("github:NixOS/nixpkgs/nixos-26.05?dir=lib", false);
        check("github:nix-community/nixpkgs.lib", false);
        check("github:nix-community/nixpkgs-wayland", false);
        check("path:./home-manager", false);
    }

    #[test]
    fn finished_repositories() {
        let check = |text: &str, expected: bool| assert_eq!(is_finished(&reference(text)), expected, "{text}");
        check("github:nix-systems/default-linux", true);
        check("github:numtide/flake-utils", true);
        check("github:numtide/treefmt-nix", false);
        check("https://flakehub.com/f/edolstra/flake-compat/1.*", true);
        check("path:./flake-utils", false);
    }

    proptest::proptest! {
        #[test]
        fn any_reference_is_judged(text in "(https://|git\\+https://|github:|)[a-zé0-9./*?=%-]{0,40}") {
            if let Ok(reference) = FlakeRef::parse(&text, Reading::of_input(true)) {
                let _ = (class(&reference), is_nixpkgs(&reference), is_finished(&reference));
            }
        }
    }
}
