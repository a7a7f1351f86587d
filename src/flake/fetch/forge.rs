//! Archives of GitHub, GitLab and SourceHut by the paths that these document.

use super::tarball::Shape;
use super::{FetchErrorKind, Fetcher, Tree};
use crate::input::{Input, Scheme};
use crate::rev::Rev;
use crate::trust::Voice;

/// An input of a forge, taken apart.
struct Project<'a> {
    scheme: Scheme,
    host: &'a str,
    owner: &'a str,
    repo: &'a str,
}

impl<'a> Project<'a> {
    fn of(scheme: Scheme, input: &'a Input) -> Result<Project<'a>, FetchErrorKind> {
        let default = match scheme {
            Scheme::Gitlab => "gitlab.com",
            Scheme::Sourcehut => "git.sr.ht",
            _ => "github.com",
        };
        let attrs = input.attrs();
        Ok(Project {
            scheme,
            host: attrs.str("host")?.unwrap_or(default),
            owner: attrs.required_str("owner")?,
            repo: attrs.required_str("repo")?,
        })
    }

    /// Returns where the API is asked for the revision of a branch.
    fn ref_url(&self, git_ref: &str) -> String {
        let Project { host, owner, repo, .. } = self;
        match self.scheme {
            Scheme::Gitlab => {
                format!("https://{host}/api/v4/projects/{owner}%2F{repo}/repository/commits?ref_name={git_ref}")
            }
            Scheme::Sourcehut => format!("https://{host}/{owner}/{repo}/info/refs"),
            _ if *host == "github.com" => format!("https://api.{host}/repos/{owner}/{repo}/commits/{git_ref}"),
            _ => format!("https://{host}/api/v3/repos/{owner}/{repo}/commits/{git_ref}"),
        }
    }

    /// Returns where the archive of a revision is. GitHub's own paths are rate-limited without a
    /// token, so the public ones are used then.
    fn archive_url(&self, rev: &Rev, with_token: bool) -> String {
        let Project { host, owner, repo, .. } = self;
        match self.scheme {
            Scheme::Gitlab => {
                format!("https://{host}/api/v4/projects/{owner}%2F{repo}/repository/archive.tar.gz?sha={rev}")
            }
            Scheme::Sourcehut => format!("https://{host}/{owner}/{repo}/archive/{rev}.tar.gz"),
            _ if *host != "github.com" => format!("https://{host}/api/v3/repos/{owner}/{repo}/tarball/{rev}"),
            _ if with_token => format!("https://api.{host}/repos/{owner}/{repo}/tarball/{rev}"),
            _ => format!("https://{host}/{owner}/{repo}/archive/{rev}.tar.gz"),
        }
    }

    /// Returns the header that a token becomes.
    fn token_header(&self, token: &str) -> (String, String) {
        let header = |name: &str, value: String| (name.to_owned(), value);
        match self.scheme {
            Scheme::Gitlab => match token.split_once(':') {
                Some(("OAuth2", value)) => header("Authorization", format!("Bearer {value}")),
                Some(("PAT", value)) => header("Private-token", value.to_owned()),
                Some((name, value)) => header(name, value.to_owned()),
                None => header(token, token.to_owned()),
            },
            Scheme::Sourcehut => header("Authorization", format!("Bearer {token}")),
            _ => header("Authorization", format!("token {token}")),
        }
    }
}

impl Fetcher {
    pub(super) fn fetch_forge(&self, scheme: Scheme, input: &Input, voice: Voice) -> Result<Tree, FetchErrorKind> {
        let project = Project::of(scheme, input)?;
        let headers: Vec<_> = self
            .token(&project)
            .map(|token| project.token_header(token))
            .into_iter()
            .collect();
        let rev = match input.rev()? {
            Some(rev) => rev,
            None => self.rev_of_ref(&project, input.git_ref()?.unwrap_or("HEAD"), &headers, voice)?,
        };
        let mut found = input.clone();
        found.unset("ref");
        found.set("rev", rev.to_string());
        let url = project.archive_url(&rev, !headers.is_empty());
        // A revision never changes, so its archive is fresh for ever.
        let key = format!("{scheme:?} {} {} {} {rev}", project.host, project.owner, project.repo);
        let known = self.cache.as_ref().and_then(|cache| cache.fact(&key));
        let downloaded = match known.as_deref().and_then(|url| self.download_known(url)) {
            Some(downloaded) => downloaded,
            None => {
                let downloaded = self.download(&url, &headers, Shape::Archive, voice)?;
                if let Some(cache) = &self.cache {
                    cache.keep_fact(&key, &format!("{} {}", downloaded.nar_hash, downloaded.last_modified));
                }
                downloaded
            }
        };
        found.set("lastModified", downloaded.last_modified);
        let mut tree = downloaded.tree(found);
        tree.fingerprint = Some(format!("{scheme:?} archive {rev}"));
        Ok(tree)
    }

    /// Returns an archive that was unpacked before, from `<hash> <time>`.
    fn download_known(&self, fact: &str) -> Option<super::tarball::Downloaded> {
        let (hash, time) = fact.split_once(' ')?;
        let nar_hash = crate::rev::NarHash::parse(hash).ok()?;
        let path = self.cache.as_ref()?.tree_path(&nar_hash);
        self.fs.lstat(&path).ok()??;
        Some(super::tarball::Downloaded {
            accessor: std::sync::Arc::new(crate::tree::FolderTree::new(self.fs.clone(), path)),
            nar_hash,
            last_modified: time.parse().ok()?,
            immutable_url: None,
        })
    }

    /// Returns the token whose name is the longest beginning of host, owner and repository, at a slash.
    fn token(&self, project: &Project<'_>) -> Option<&str> {
        let full = format!("{}/{}/{}", project.host, project.owner, project.repo);
        let tokens = self.settings.access_tokens.iter();
        tokens
            .filter(|(name, token)| {
                let rest = full.strip_prefix(name.as_str());
                !token.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
            .max_by_key(|(name, _)| name.len())
            .map(|(_, token)| token.as_str())
    }

    fn rev_of_ref(
        &self,
        project: &Project<'_>,
        git_ref: &str,
        headers: &[(String, String)],
        voice: Voice,
    ) -> Result<Rev, FetchErrorKind> {
        let url = project.ref_url(git_ref);
        let key = format!("rev-of-ref {git_ref} {url}");
        if let Some(known) = self.cache.as_ref().and_then(|cache| cache.fact(&key))
            && let Some((time, rev)) = known.split_once(' ')
        {
            let time: u64 = time.parse().unwrap_or(0);
            if self.settings.offline || time.saturating_add(self.settings.ttl) > self.now() {
                return Ok(Rev::parse_sha1(rev)?);
            }
        }
        let text = self.get(&url, headers.to_vec(), voice)?.body;
        let unexpected = |why: &str| FetchErrorKind::ForgeAnswer {
            url: url.clone(),
            why: why.to_owned(),
        };
        let rev = if project.scheme == Scheme::Sourcehut {
            let target = match git_ref {
                "HEAD" => {
                    let head = format!("https://{}/{}/{}/HEAD", project.host, project.owner, project.repo);
                    let head = self.get(&head, headers.to_vec(), voice)?.body;
                    let head = String::from_utf8_lossy(&head).into_owned();
                    let name = head.lines().next().and_then(|line| line.strip_prefix("ref: "));
                    vec![
                        name.ok_or_else(|| unexpected("its HEAD is not a branch"))?
                            .trim()
                            .to_owned(),
                    ]
                }
                _ => vec![format!("refs/heads/{git_ref}"), format!("refs/tags/{git_ref}")],
            };
            let refs = String::from_utf8_lossy(&text).into_owned();
            let found = refs
                .lines()
                .filter_map(|line| line.split_once('\t'))
                .find(|(_, name)| target.iter().any(|target| target == name));
            found
                .map(|(rev, _)| rev.to_owned())
                .ok_or_else(|| unexpected(&format!("couldn't find ref '{git_ref}'")))?
        } else {
            let json: serde_json::Value =
                serde_json::from_slice(&text).map_err(|error| unexpected(&error.to_string()))?;
            let rev = match project.scheme {
                Scheme::Gitlab => {
                    if json.as_array().is_some_and(Vec::is_empty) {
                        let why = "No commits returned by GitLab API -- does the git ref really exist?";
                        return Err(unexpected(why));
                    }
                    &json[0]["id"]
                }
                _ => &json["sha"],
            };
            rev.as_str()
                .ok_or_else(|| unexpected("it names no revision"))?
                .to_owned()
        };
        let rev = Rev::parse_sha1(&rev)?;
        if let Some(cache) = &self.cache {
            cache.keep_fact(&key, &format!("{} {rev}", self.now()));
        }
        Ok(rev)
    }
}
