//! What a flake may make us do: the flake under test is hostile unless its owner says `--trust`.
//!
//! A pull request can put anything into `flake.nix` and `flake.lock`. Evaluating it must not read
//! files outside its repository, talk to machines that only we can reach, start programs, or change
//! settings. What the user names on the command line or in a registry is the user's own will and is
//! not judged. Each refusal says what was refused; all are lifted by [`Policy::trusted`].
//!
//! Addresses are judged where connections are made (see `fetch::http`), after names are resolved
//! and after each redirect, since a name can resolve to anything.

use crate::input::{Input, Scheme};
use crate::url::{Url, path_of_parts};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use sys::Fs;

/// Who asks for an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Voice {
    /// The user: the command line, flags, registries.
    User,
    /// A flake: `flake.nix`, `flake.lock`, or a fetching builtin.
    Flake,
}

/// What flakes may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// Whether everything is allowed (`--trust`).
    pub trusted: bool,
    /// The repository, or the folder, of the flake under test: files inside may be read.
    pub root: Option<PathBuf>,
    /// Whether Git over ssh is allowed, with the user's keys.
    pub allow_ssh: bool,
    /// Hosts that may have private addresses, for instance a forge of one's own.
    pub private_hosts: Vec<String>,
}

/// Something that a flake asked for and that was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is refused: {why}; --trust allows it for a flake that you trust")]
pub struct Refused {
    /// What was asked for.
    pub what: String,
    /// Why that is dangerous.
    pub why: Why,
}

/// Why something is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Why {
    /// It lies outside the repository.
    #[error("a flake may not read files outside its own repository")]
    OutsideRepository,
    /// It is an address of this machine or of its network.
    #[error("'{host}' has the private, loopback or link-local address {address}")]
    PrivateAddress {
        /// The host.
        host: String,
        /// Its address.
        address: IpAddr,
    },
    /// Its transport can start programs or is not checked.
    #[error("a flake may not use the transport '{0}'")]
    Transport(String),
    /// It would use the user's ssh keys.
    #[error("a flake may not use ssh, which has your keys")]
    Ssh,
    /// It would change settings.
    #[error("a flake may not take settings from its nixConfig")]
    NixConfig,
}

impl Policy {
    /// Returns the policy under which everything is allowed.
    pub fn trusting() -> Policy {
        Policy {
            trusted: true,
            ..Policy::default()
        }
    }

    /// Whether what this voice asks for is judged.
    pub fn judges(&self, voice: Voice) -> bool {
        voice == Voice::Flake && !self.trusted
    }

    /// Checks that an input may be fetched, as far as that can be told without the network.
    pub fn check(&self, input: &Input, voice: Voice, fs: &dyn Fs) -> Result<(), Refused> {
        if !self.judges(voice) {
            return Ok(());
        }
        let what = || format!("the input '{}'", input.display());
        let refuse = |why| Err(Refused { what: what(), why });
        match input.scheme() {
            Some(Scheme::Path) => match input.attrs().str("path") {
                Ok(Some(path)) if path.starts_with('/') && !self.is_inside(Path::new(path), fs) => {
                    refuse(Why::OutsideRepository)
                }
                _ => Ok(()),
            },
            Some(Scheme::Git | Scheme::Tarball | Scheme::File | Scheme::Mercurial) => {
                let Ok(Some(text)) = input.attrs().str("url") else {
                    return Ok(());
                };
                let Ok(url) = Url::parse(text, false) else {
                    return Ok(());
                };
                match url.scheme.as_str() {
                    "https" | "http" => Ok(()),
                    "ssh" if self.allow_ssh => Ok(()),
                    "ssh" => refuse(Why::Ssh),
                    "file" => match path_of_parts(&url.path) {
                        // A relative path would start from our own folder, not from the flake.
                        Ok(path) if path.starts_with('/') && self.is_inside(Path::new(&path), fs) => Ok(()),
                        _ => refuse(Why::OutsideRepository),
                    },
                    transport => refuse(Why::Transport(transport.to_owned())),
                }
            }
            None | Some(Scheme::Indirect | Scheme::Github | Scheme::Gitlab | Scheme::Sourcehut) => Ok(()),
        }
    }

    /// Checks that a path that an input leads to, for instance by a `.git` file, may be read.
    pub fn check_path(&self, path: &Path, input: &Input, voice: Voice, fs: &dyn Fs) -> Result<(), Refused> {
        if !self.judges(voice) || self.is_inside(path, fs) {
            return Ok(());
        }
        let what = format!("'{}', to which the input '{}' leads,", path.display(), input.display());
        Err(Refused {
            what,
            why: Why::OutsideRepository,
        })
    }

    /// Whether a path, with all links followed, lies in the repository of the flake under test.
    fn is_inside(&self, path: &Path, fs: &dyn Fs) -> bool {
        let Some(root) = &self.root else { return false };
        let (Ok(root), Ok(path)) = (fs.canonicalize(root), fs.canonicalize(path)) else {
            return false;
        };
        path.starts_with(root)
    }

    /// Checks that a connection to an address of a host may be made.
    pub fn check_address(&self, host: &str, address: IpAddr, voice: Voice) -> Result<(), Refused> {
        if !self.judges(voice) || is_public(address) || self.private_hosts.iter().any(|allowed| allowed == host) {
            return Ok(());
        }
        let why = Why::PrivateAddress {
            host: host.to_owned(),
            address,
        };
        Err(Refused {
            what: format!("a connection to '{host}'"),
            why,
        })
    }

    /// Checks that settings may be taken from a flake's `nixConfig`.
    pub fn check_nix_config(&self, flake: &str) -> Result<(), Refused> {
        if self.trusted {
            return Ok(());
        }
        Err(Refused {
            what: format!("the nixConfig of '{flake}'"),
            why: Why::NixConfig,
        })
    }
}

/// Whether an address is one of the public internet: not of this machine, not of a private network,
/// not link-local (where clouds keep credentials), not shared, reserved or for many receivers.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

// Ranges: the IANA special-purpose registries (RFC 6890 and its updates).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || a == 10
        || a == 127
        || (a == 100 && (64..128).contains(&b))
        || (a == 169 && b == 254)
        || (a == 172 && (16..32).contains(&b))
        || (a == 192 && b == 168)
        || (a == 192 && b == 0 && (c == 0 || c == 2))
        || (a == 198 && (b == 18 || b == 19))
        || (a == 198 && b == 51 && c == 100)
        || (a == 203 && b == 0 && c == 113)
        || a >= 224)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        // IPv4 in IPv6: mapped, compatible (with :: and ::1), translated (RFC 6052), 6to4.
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] => embedded(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        // Only 2000::/3 is given out; of it Teredo and documentation are not machines of others.
        [0x2001, 0, ..] | [0x2001, 0xdb8, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flakeref::{FlakeRef, Reading};
    use sys::MemoryFs;

    #[test]
    fn addresses() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in [
            "1.1.1.1",
            "140.82.112.3",
            "172.32.0.1",
            "2606:4700::1111",
            "64:ff9b::101:101",
            "::ffff:1.1.1.1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[track_caller]
    fn check(policy: &Policy, reference: &str, allowed: bool) {
        let fs = MemoryFs::new()
            .file("/repo/sub/flake.nix", "")
            .file("/home/secret", "")
            .link("/repo/out", "/home")
            .link("/repo/in", "sub");
        let input = FlakeRef::parse(reference, Reading::of_input(false)).unwrap().input;
        let answer = policy.check(&input, Voice::Flake, &fs);
        assert_eq!(answer.is_ok(), allowed, "{reference}: {answer:?}");
        assert_eq!(policy.check(&input, Voice::User, &fs), Ok(()));
        assert_eq!(Policy::trusting().check(&input, Voice::Flake, &fs), Ok(()));
        if let Err(refused) = answer {
            assert!(refused.to_string().contains("--trust"));
        }
    }

    #[test]
    fn inputs_of_hostile_flakes() {
        let policy = Policy {
            root: Some("/repo".into()),
            ..Policy::default()
        };
        check(&policy, "path:./sub", true);
        check(&policy, "path:/repo/sub", true);
        check(&policy, "path:/repo/in", true);
        check(&policy, "path:/repo/out", false);
        check(&policy, "path:/repo/../home", false);
        check(&policy, "path:/home", false);
        check(&policy, "/home", false);
        check(&policy, "git+file:///home", false);
        check(&policy, "git+file:///repo", true);
        check(&policy, "git+file:home", false);
        check(&policy, "file:///home/secret", false);
        check(&policy, "tarball+file:///home/x", false);
        check(&policy, "git+ext://sh/x", false);
        check(&policy, "git+ssh://git@h/x", false);
        check(&policy, "git://h/x", false);
        check(&policy, "hg+ssh://h/x", false);
        check(&policy, "git+https://h/x", true);
        check(&policy, "https://h/x.tar.gz", true);
        check(&policy, "github:a/b", true);
        check(
            &Policy {
                allow_ssh: true,
                ..policy
            },
            "git+ssh://git@h/x",
            true,
        );
        check(&Policy::default(), "path:/repo/sub", false);
    }
}
