//! Where a repository is fetched from, and what a machine has to reach so that it can be fetched again.

/// Where a repository is fetched from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remote {
    /// The address, as Git takes it.
    pub url: String,
}

/// What a machine has to reach so that a repository can be fetched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reach {
    /// A port: `HOST:PORT`.
    Port(String),
    /// What the settings of SSH make of this name, and of this port if one is given.
    Ssh(String, Option<u16>),
    /// Nothing elsewhere: the repository is on the machine.
    Nothing,
}

impl Remote {
    /// Returns where a repository is fetched from that a policy names, such as `github:acme/fleet` or `git+ssh://git@host/fleet`.
    pub fn of_policy(repository: &str) -> Remote {
        let url = match repository.strip_prefix("github:") {
            Some(name) => format!("https://github.com/{name}.git"),
            None => repository.strip_prefix("git+").unwrap_or(repository).to_owned(),
        };
        Remote { url }
    }

    /// Returns what has to be in reach, by the addresses that git-fetch(1) describes; an error if it cannot be told.
    pub fn reach(&self) -> Result<Reach, String> {
        let wrong = || {
            let url = diag::clean_line(&self.url);
            format!("`{url}` is no address of https, ssh or this machine")
        };
        let Some((scheme, rest)) = self.url.split_once("://") else {
            // `host:path` is SSH, unless a slash comes first.
            return Ok(match self.url.split_once(':') {
                Some((host, _)) if !host.contains('/') => Reach::Ssh(host.to_owned(), None),
                _ => Reach::Nothing,
            });
        };
        let authority = rest.split('/').next().unwrap_or_default();
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (format!("{user}@"), host),
            None => (String::new(), authority),
        };
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && !port.contains(']') => {
                (host, Some(port.parse::<u16>().map_err(|_| wrong())?))
            }
            _ => (host, None),
        };
        match scheme {
            "file" => Ok(Reach::Nothing),
            _ if host.is_empty() || host.starts_with('-') || user.starts_with('-') => Err(wrong()),
            "https" => Ok(Reach::Port(format!("{host}:{}", port.unwrap_or(443)))),
            "ssh" => Ok(Reach::Ssh(format!("{user}{host}"), port)),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_something_to_be_reached() {
        let port = |text: &str| Some(Reach::Port(text.into()));
        let ssh = |text: &str, port| Some(Reach::Ssh(text.into(), port));
        for (repository, url, reach) in [
            (
                "github:acme/fleet",
                "https://github.com/acme/fleet.git",
                port("github.com:443"),
            ),
            (
                "git+https://git.example.org/fleet",
                "https://git.example.org/fleet",
                port("git.example.org:443"),
            ),
            (
                "git+https://bot@git.example.org:8443/fleet",
                "https://bot@git.example.org:8443/fleet",
                port("git.example.org:8443"),
            ),
            ("git+https://[::1]/fleet", "https://[::1]/fleet", port("[::1]:443")),
            (
                "git+https://[::1]:444/fleet",
                "https://[::1]:444/fleet",
                port("[::1]:444"),
            ),
            (
                "git+ssh://git@host/fleet",
                "ssh://git@host/fleet",
                ssh("git@host", None),
            ),
            (
                "git+ssh://host:2222/fleet",
                "ssh://host:2222/fleet",
                ssh("host", Some(2222)),
            ),
            ("git+file:///srv/fleet", "file:///srv/fleet", Some(Reach::Nothing)),
            ("git@host:fleet.git", "git@host:fleet.git", ssh("git@host", None)),
            ("/srv/fleet", "/srv/fleet", Some(Reach::Nothing)),
            ("./a:b", "./a:b", Some(Reach::Nothing)),
            ("git+ssh://-oProxyCommand=x/fleet", "ssh://-oProxyCommand=x/fleet", None),
            ("git+https://host:port/fleet", "https://host:port/fleet", None),
            ("git+http://host/fleet", "http://host/fleet", None),
            ("git+https:///fleet", "https:///fleet", None),
        ] {
            let remote = Remote::of_policy(repository);
            assert_eq!((remote.url.as_str(), remote.reach().ok()), (url, reach), "{repository}");
        }
    }
}
