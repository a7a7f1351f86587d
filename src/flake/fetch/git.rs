//! Git inputs: work trees and repositories of the disk, read as they are, and remote ones, fetched by
//! `git` into a bare repository of the cache and read there.
//!
//! `git` gets a bare environment: no system or user configuration, no credential helper, no prompt,
//! no hooks, no file-system monitor, only the transports that the policy allows, and for a judged
//! flake the addresses that were resolved and found public (`http.curloptResolve`), so that a name
//! cannot change its meaning between the check and the connection; redirects are then not followed.

use super::{FetchErrorKind, Fetcher, Tree};
use crate::attrs::Attrs;
use crate::git::{Repository, oid_of, parse_gitmodules, resolve_submodule_url, rev_of};
use crate::input::Input;
use crate::rev::Rev;
use crate::tree::{Accessor, GitTree, MountedTree, NodeKind, TrackedTree, join, read_resolved};
use crate::trust::Voice;
use crate::url::{Url, path_of_parts};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use sys::Command;

/// Submodules in submodules, at most.
const MAX_SUBMODULE_DEPTH: usize = 16;

/// How long `git` may take to fetch.
const FETCH_TIME: Duration = Duration::from_secs(30 * 60);

/// Where a repository is.
enum Location {
    /// A work tree of the disk.
    Local(PathBuf),
    /// A remote repository, or a bare one of the disk.
    Remote(Url),
}

fn flag(input: &Input, name: &str) -> Result<bool, FetchErrorKind> {
    Ok(input.attrs().bool(name)?.unwrap_or(false))
}

impl Fetcher {
    pub(super) fn fetch_git(&self, input: &Input, voice: Voice) -> Result<Tree, FetchErrorKind> {
        self.fetch_git_at(input, voice, 0)
    }

    fn fetch_git_at(&self, input: &Input, voice: Voice, depth: usize) -> Result<Tree, FetchErrorKind> {
        if depth > MAX_SUBMODULE_DEPTH {
            return Err(FetchErrorKind::SubmodulesTooDeep);
        }
        let export_ignore = flag(input, "exportIgnore")?;
        if export_ignore && flag(input, "submodules")? {
            return Err(FetchErrorKind::ExportIgnoreAndSubmodules);
        }
        if flag(input, "lfs")? {
            return Err(FetchErrorKind::NotSupported("the attribute 'lfs' of a Git input"));
        }
        let tree = match self.location(input)? {
            Location::Local(path) if input.git_ref()?.is_none() && input.rev()?.is_none() => {
                self.fetch_work_tree(input, &path, voice, depth)
            }
            Location::Local(path) => {
                let repository = self.open_local(input, &path, voice)?;
                let name = path.to_string_lossy().into_owned();
                self.fetch_commit(input, Arc::new(repository), &name, voice, depth)
            }
            Location::Remote(url) => {
                let input = self.with_default_ref(input, &url, voice)?;
                let repository = self.fetch_remote(&input, &url, voice)?;
                self.fetch_commit(&input, Arc::new(repository), &url.to_string(), voice, depth)
            }
        }?;
        // The attribute, which `fetchGit` sets by default, matters only where a file is marked so.
        if export_ignore && mentions_export_ignore(tree.accessor.as_ref())? {
            return Err(FetchErrorKind::NotSupported("'export-ignore' in .gitattributes"));
        }
        Ok(tree)
    }

    /// Opens a repository of the disk. One in a judged flake must not lead elsewhere by its `.git` file.
    fn open_local(&self, input: &Input, path: &Path, voice: Voice) -> Result<Repository, FetchErrorKind> {
        let repository = Repository::open(self.fs.clone(), path)?;
        for folder in repository.folders()? {
            self.policy.check_path(&folder, input, voice, self.fs.as_ref())?;
        }
        Ok(repository)
    }

    fn location(&self, input: &Input) -> Result<Location, FetchErrorKind> {
        let mut url = Url::parse(input.attrs().required_str("url")?, false).map_err(crate::RefError::from)?;
        if url.scheme == "file" {
            let path = PathBuf::from(path_of_parts(&url.path).map_err(crate::RefError::from)?);
            if !path.is_absolute() {
                return Err(FetchErrorKind::RelativePath(input.display()));
            }
            let bare = self.fs.stat(&path)?.is_some() && self.fs.lstat(&path.join(".git"))?.is_none();
            // Nix clones a bare repository; its objects can as well be read where they are.
            if !bare || self.fs.stat(&path.join("objects"))?.is_some() {
                return Ok(Location::Local(path));
            }
            url.query.clear();
        }
        url.query.remove("dir");
        Ok(Location::Remote(url))
    }

    fn fetch_work_tree(&self, input: &Input, path: &Path, voice: Voice, depth: usize) -> Result<Tree, FetchErrorKind> {
        let mut input = input.clone();
        let repository = Arc::new(self.open_local(&input, path, voice)?);
        if self.fs.lstat(&path.join(".git"))?.is_none() {
            // A bare repository has no work tree; its HEAD is meant.
            let name = path.to_string_lossy().into_owned();
            return self.fetch_commit(&input, repository, &name, voice, depth);
        }
        let work_tree = repository.work_tree(path)?;
        let mut is_dirty = work_tree.is_dirty;
        let mut mounts: BTreeMap<Vec<u8>, Arc<dyn Accessor>> = BTreeMap::new();
        let files = work_tree.files;
        if flag(&input, "submodules")? && self.fs.stat(&path.join(".gitmodules"))?.is_some() {
            for module in parse_gitmodules(&self.fs.read(&path.join(".gitmodules"))?) {
                let module_path = path.join(String::from_utf8_lossy(&module.path).as_ref());
                let attrs: Attrs = [
                    ("type", "git".into()),
                    ("url", module_path.to_string_lossy().into_owned().into()),
                    ("exportIgnore", false.into()),
                    ("submodules", true.into()),
                ]
                .into_iter()
                .collect();
                let module_input = Input::from_attrs(attrs)?;
                self.policy.check(&module_input, voice, self.fs.as_ref())?;
                let tree = self.fetch_git_at(&module_input, voice, depth + 1)?;
                is_dirty |= tree.rev().is_none();
                mounts.insert(module.path, tree.accessor);
            }
        }
        // As in Nix, submodules are mount points in the list of files.
        let mut files = files;
        files.extend(mounts.keys().cloned());
        let tracked = TrackedTree::new(self.fs.clone(), self.fs.canonicalize(path)?, files);
        let plain = mounts.is_empty();
        let accessor: Arc<dyn Accessor> = if plain {
            Arc::new(tracked)
        } else {
            Arc::new(MountedTree::new(Arc::new(tracked), mounts))
        };

        let commit = work_tree
            .head
            .map(|head| repository.objects().commit(&head))
            .transpose()?;
        input.set("lastModified", commit.as_ref().map_or(0, |(_, commit)| commit.time));
        if is_dirty {
            if let Some(head) = work_tree.head.as_ref().map(rev_of) {
                input.set("dirtyRev", format!("{head}-dirty"));
                input.set("dirtyShortRev", format!("{}-dirty", head.short()));
            }
            return Ok(Tree::new(accessor, input));
        }
        if let Some(name) = repository.head_ref()? {
            input.set("ref", name);
        }
        let rev = work_tree.head.as_ref().map_or_else(Rev::null, rev_of);
        input.set("rev", rev.to_string());
        let shallow = flag(&input, "shallow")?;
        let mut tree = Tree::new(accessor, input);
        if let (Some(head), Some((_, commit))) = (work_tree.head, commit) {
            if plain {
                tree.fingerprint = Some(format!("git work tree {}", commit.tree));
            }
            if !shallow {
                tree.counter = Some(counter(repository, head));
            }
        } else if !shallow {
            tree.input.set("revCount", 0);
        }
        Ok(tree)
    }

    fn fetch_commit(
        &self,
        input: &Input,
        repository: Arc<Repository>,
        name: &str,
        voice: Voice,
        depth: usize,
    ) -> Result<Tree, FetchErrorKind> {
        let mut input = input.clone();
        if input.git_ref()?.is_none() {
            let head = repository.head_ref()?.unwrap_or_else(|| "master".to_owned());
            input.set("ref", head);
        }
        let git_ref = input.git_ref()?.unwrap_or_default().to_owned();
        let id = match input.rev()? {
            Some(rev) => {
                let missing = || FetchErrorKind::NoSuchRev {
                    rev: Box::new(rev),
                    git_ref: git_ref.clone(),
                    repository: name.to_owned(),
                };
                let id = oid_of(&rev).ok_or_else(missing)?;
                if !repository.objects().contains(&id)? {
                    return Err(missing());
                }
                id
            }
            None => repository.resolve(&git_ref)?,
        };
        let (id, commit) = repository.objects().commit(&id)?;
        let rev = rev_of(&id);
        input.set("rev", rev.to_string());
        input.set("lastModified", commit.time);
        let shallow = flag(&input, "shallow")?;
        if !shallow && repository.is_shallow()? {
            return Err(FetchErrorKind::Shallow(name.to_owned()));
        }
        let base = Arc::new(GitTree::new(repository.objects().clone(), commit.tree));
        let mut mounts = BTreeMap::new();
        if flag(&input, "submodules")? {
            mounts = self.submodules(&base, &input, &git_ref, voice, depth)?;
        }
        let plain = mounts.is_empty();
        let accessor: Arc<dyn Accessor> = if plain {
            base
        } else {
            Arc::new(MountedTree::new(base, mounts))
        };
        let mut tree = Tree::new(accessor, input);
        tree.fingerprint = Some(match plain {
            true => format!("git tree {}", commit.tree),
            false => format!("git commit {rev} with submodules"),
        });
        if !shallow {
            tree.counter = Some(counter(repository, id));
        }
        Ok(tree)
    }

    /// Fetches the submodules of a commit, each at the commit that the tree names.
    fn submodules(
        &self,
        base: &GitTree,
        input: &Input,
        git_ref: &str,
        voice: Voice,
        depth: usize,
    ) -> Result<BTreeMap<Vec<u8>, Arc<dyn Accessor>>, FetchErrorKind> {
        let mut mounts: BTreeMap<Vec<u8>, Arc<dyn Accessor>> = BTreeMap::new();
        let Some(text) = read_resolved(base, b".gitmodules")? else {
            return Ok(mounts);
        };
        for module in parse_gitmodules(&text) {
            let Some(rev) = base.submodule(&module.path)? else {
                continue;
            };
            let own_url = input.attrs().required_str("url")?;
            let mut attrs: Attrs = [
                ("type", "git".into()),
                ("url", resolve_submodule_url(own_url, &module.url).into()),
                ("rev", rev_of(&rev).to_string().into()),
                ("exportIgnore", false.into()),
                ("submodules", true.into()),
                ("lfs", false.into()),
                ("allRefs", true.into()),
            ]
            .into_iter()
            .collect();
            match module.branch.as_deref() {
                None | Some("") => {}
                Some(".") => attrs.set("ref", git_ref),
                Some(branch) => attrs.set("ref", branch),
            }
            let module_input = Input::from_attrs(attrs)?;
            self.policy.check(&module_input, voice, self.fs.as_ref())?;
            let tree = self.fetch_git_at(&module_input, voice, depth + 1)?;
            mounts.insert(module.path, tree.accessor);
        }
        Ok(mounts)
    }

    /// Returns the input with the remote's default branch, if it names neither branch nor revision.
    fn with_default_ref(&self, input: &Input, url: &Url, voice: Voice) -> Result<Input, FetchErrorKind> {
        let mut input = input.clone();
        if input.git_ref()?.is_some() {
            return Ok(input);
        }
        let key = format!("git-head {url}");
        let known = self.cache.as_ref().and_then(|cache| cache.fact(&key));
        let fresh = |text: &str| {
            let (time, name) = text.split_once(' ')?;
            let is_fresh = self.settings.offline || time.parse::<u64>().ok()? + self.settings.ttl > self.now();
            is_fresh.then(|| name.to_owned())
        };
        let name = match known.as_deref().and_then(fresh) {
            Some(name) => name,
            // A revision is found without its branch, which only the lock then names.
            None if self.settings.offline && input.rev()?.is_some() => "HEAD".to_owned(),
            None => {
                let answer = self.git(
                    url,
                    voice,
                    &["ls-remote", "--symref", "--", &url.to_string(), "HEAD"],
                    None,
                )?;
                let text = String::from_utf8_lossy(&answer);
                let name = text
                    .lines()
                    .find_map(|line| line.strip_prefix("ref: ")?.split_once('\t'))
                    .map_or_else(|| "master".to_owned(), |(name, _)| name.to_owned());
                if let Some(cache) = &self.cache {
                    cache.keep_fact(&key, &format!("{} {name}", self.now()));
                }
                name
            }
        };
        if !crate::refname::is_legal_ref_name(&name) {
            return Err(FetchErrorKind::RunGit {
                url: url.to_string(),
                why: format!("its HEAD is '{name}'"),
            });
        }
        input.set("ref", name);
        Ok(input)
    }

    /// Fetches what the input needs into the cache's repository of this URL and opens that.
    pub(super) fn fetch_remote(&self, input: &Input, url: &Url, voice: Voice) -> Result<Repository, FetchErrorKind> {
        let Some(cache) = &self.cache else {
            return Err(FetchErrorKind::RunGit {
                url: url.to_string(),
                why: "there is no cache folder".into(),
            });
        };
        let shallow = flag(input, "shallow")?;
        let folder = cache.git_path(&format!("{url}{}", if shallow { " shallow" } else { "" }));
        let folder_text = folder.to_string_lossy().into_owned();
        if self.fs.stat(&folder.join("HEAD"))?.is_none() {
            self.fs.create_dir_all(&folder)?;
            self.git(
                url,
                voice,
                &["init", "--quiet", "--bare", "--template=", "--", &folder_text],
                None,
            )?;
        }
        let open = || Repository::open(self.fs.clone(), &folder);
        let git_ref = input.git_ref()?.unwrap_or("HEAD").to_owned();
        let all_refs = flag(input, "allRefs")?;
        let rev = input.rev()?;
        let local_ref = if git_ref.starts_with("refs/") {
            git_ref.clone()
        } else {
            format!("refs/heads/{git_ref}")
        };
        let time_key = format!("git-fetched {url} {local_ref} {shallow}");
        let is_there = match rev.as_ref().and_then(oid_of) {
            Some(id) => open()?.objects().contains(&id)?,
            None if all_refs => false,
            None => {
                let fetched = cache.fact(&time_key).and_then(|time| time.parse::<u64>().ok());
                let fresh = |time| self.settings.offline || time + self.settings.ttl > self.now();
                fetched.is_some_and(fresh) && open()?.resolve(&local_ref).is_ok()
            }
        };
        if is_there {
            return Ok(open()?);
        }
        if self.settings.offline {
            return Err(FetchErrorKind::Offline(input.display()));
        }
        let refspec = match &rev {
            _ if all_refs => "refs/*:refs/*".to_owned(),
            Some(rev) => rev.to_string(),
            None if git_ref == "HEAD" => "HEAD:refs/heads/HEAD".to_owned(),
            None => format!("{local_ref}:{local_ref}"),
        };
        let url_text = url.to_string();
        let mut args = vec![
            "fetch",
            "--quiet",
            "--force",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
        ];
        if shallow {
            args.extend(["--depth", "1"]);
        }
        args.extend(["--", &url_text, &refspec]);
        self.git(url, voice, &args, Some(&folder))?;
        if rev.is_none() {
            cache.keep_fact(&time_key, &self.now().to_string());
        }
        Ok(open()?)
    }

    /// Runs `git` with nothing of its surroundings and returns what it printed.
    fn git(&self, url: &Url, voice: Voice, args: &[&str], folder: Option<&Path>) -> Result<Vec<u8>, FetchErrorKind> {
        let needs_network = args.first() != Some(&"init");
        if needs_network && self.settings.offline {
            return Err(FetchErrorKind::Offline(url.to_string()));
        }
        let fail = |why: String| FetchErrorKind::RunGit {
            url: url.to_string(),
            why,
        };
        let judged = self.policy.judges(voice);
        let mut options = vec![
            "core.hooksPath=/dev/null".to_owned(),
            "core.fsmonitor=false".into(),
            "core.askPass=".into(),
            "core.alternateRefsCommand=".into(),
            "credential.helper=".into(),
            "protocol.allow=never".into(),
            "protocol.https.allow=always".into(),
            "protocol.http.allow=always".into(),
            "fetch.recurseSubmodules=false".into(),
            "submodule.recurse=false".into(),
            "gc.auto=0".into(),
            "maintenance.auto=false".into(),
            "init.defaultBranch=main".into(),
        ];
        if !judged {
            options.extend(["protocol.file.allow=always".into(), "protocol.git.allow=always".into()]);
        }
        if !judged || self.policy.allow_ssh {
            options.push("protocol.ssh.allow=always".into());
        }
        if judged && needs_network && matches!(url.scheme.as_str(), "http" | "https") {
            options.push("http.followRedirects=false".into());
            options.push("http.proxy=".into());
            let port = url.authority.as_ref().and_then(|authority| authority.port);
            let port = port.unwrap_or(if url.scheme == "https" { 443 } else { 80 });
            let addresses = self.http.resolve(url.host(), port).map_err(FetchErrorKind::Http)?;
            for address in &addresses {
                self.policy.check_address(url.host(), *address, voice)?;
            }
            let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            options.push(format!(
                "http.curloptResolve={}:{port}:{}",
                url.host(),
                addresses.join(",")
            ));
        }
        if let Some((user, password)) = self.settings.netrc.login(url.host())
            && url.scheme == "https"
        {
            use base64::Engine;
            let basic = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
            // For this host alone; git does not send it on after a redirect to another.
            let place = format!(
                "{}://{}/",
                url.scheme,
                url.authority.as_ref().map_or_else(String::new, |a| a.to_string())
            );
            options.push(format!("http.{place}.extraHeader=Authorization: Basic {basic}"));
        }
        let mut command = Command::new("git").timeout(FETCH_TIME);
        // Given by environment and not as arguments, which other users can see.
        command = command.env("GIT_CONFIG_COUNT", options.len().to_string());
        for (i, option) in options.iter().enumerate() {
            let (name, value) = split_option(option);
            command = command
                .env(format!("GIT_CONFIG_KEY_{i}"), name)
                .env(format!("GIT_CONFIG_VALUE_{i}"), value);
        }
        for (name, value) in [
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_PROTOCOL_FROM_USER", "0"),
            ("GIT_LFS_SKIP_SMUDGE", "1"),
            ("LC_ALL", "C"),
        ] {
            command = command.env(name, value);
        }
        let secret = |name: &str| judged && !(self.policy.allow_ssh && url.scheme == "ssh") && name != "PATH";
        for (name, value) in &self.settings.git_env {
            if !secret(name) {
                command = command.env(name, value);
            }
        }
        if let Some(folder) = folder {
            command = command.arg("--git-dir").arg(folder);
        }
        let output = self
            .exec
            .run(&command.args(args))
            .map_err(|error| fail(error.to_string()))?;
        if !output.success() {
            return Err(fail(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        Ok(output.stdout)
    }
}

/// Splits `a.b=c` at the `=` behind the name; URLs in a name may hold `=` themselves only encoded.
fn split_option(option: &str) -> (&str, &str) {
    option.split_once('=').unwrap_or((option, ""))
}

fn counter(
    repository: Arc<Repository>,
    id: crate::git::Oid,
) -> Box<dyn Fn() -> Result<u64, FetchErrorKind> + Send + Sync> {
    Box::new(move || {
        Ok(repository
            .objects()
            .count_commits(&id, &repository.shallow_commits()?)?)
    })
}

/// Whether any `.gitattributes` of a tree marks files that an export leaves out.
fn mentions_export_ignore(tree: &dyn Accessor) -> Result<bool, FetchErrorKind> {
    let mut todo = vec![Vec::new()];
    while let Some(folder) = todo.pop() {
        for (name, kind) in tree.read_dir(&folder)? {
            let path = join(&folder, &name);
            match kind {
                NodeKind::Directory => todo.push(path),
                NodeKind::Regular { .. } if name == b".gitattributes" => {
                    let text = tree.read_file(&path)?;
                    if text.windows(13).any(|window| window == b"export-ignore") {
                        return Ok(true);
                    }
                }
                _ => {}
            }
        }
    }
    Ok(false)
}
