//! Where a repository keeps its parts, and what its references point to.

use super::{GitError, Objects, Oid};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sys::{FileKind, Fs};

/// Symbolic references that lead to each other, at most.
const MAX_SYMBOLIC: usize = 5;

/// A repository on the disk.
pub struct Repository {
    fs: Arc<dyn Fs>,
    /// The folder of `HEAD` and `index`.
    git_dir: PathBuf,
    /// The folder of objects and references: another one for a linked work tree.
    common_dir: PathBuf,
    hash: gix_hash::Kind,
    objects: Arc<Objects>,
}

impl Repository {
    /// Opens the repository of a work tree, or a bare one.
    pub fn open(fs: Arc<dyn Fs>, path: &Path) -> Result<Repository, GitError> {
        let none = |why: &str| GitError::NotARepository {
            path: path.to_string_lossy().into_owned(),
            why: why.to_owned(),
        };
        let dot_git = path.join(".git");
        let git_dir = match fs.stat(&dot_git)? {
            Some(stat) if stat.kind == FileKind::Directory => dot_git,
            Some(_) => {
                let text = fs.read(&dot_git)?;
                let target = text
                    .strip_prefix(b"gitdir: ")
                    .ok_or_else(|| none("'.git' is not as Git writes it"))?;
                path.join(path_of(target))
            }
            None => path.to_owned(),
        };
        if fs.stat(&git_dir.join("HEAD"))?.is_none() {
            return Err(none("could not find repository"));
        }
        let common_file = git_dir.join("commondir");
        let common_dir = match fs.stat(&common_file)? {
            Some(_) => git_dir.join(path_of(&fs.read(&common_file)?)),
            None => git_dir.clone(),
        };
        let config = match fs.stat(&common_dir.join("config"))? {
            Some(_) => fs.read(&common_dir.join("config"))?,
            None => Vec::new(),
        };
        let config = String::from_utf8_lossy(&config)
            .to_ascii_lowercase()
            .replace([' ', '\t'], "");
        if config.lines().any(|line| line == "refstorage=reftable") {
            return Err(none("its references are kept as reftable, which is not supported"));
        }
        let sha256 = config.lines().any(|line| line == "objectformat=sha256");
        let hash = if sha256 {
            gix_hash::Kind::Sha256
        } else {
            gix_hash::Kind::Sha1
        };
        let objects = Arc::new(Objects::open(&common_dir.join("objects"), hash)?);
        Ok(Repository {
            fs,
            git_dir,
            common_dir,
            hash,
            objects,
        })
    }

    /// Returns every folder outside its own that the repository reads from: where `.git` points, where a linked work
    /// tree keeps its objects, and where borrowed objects are.
    pub fn folders(&self) -> Result<Vec<PathBuf>, GitError> {
        let mut folders = vec![self.git_dir.clone(), self.common_dir.clone()];
        let objects = self.common_dir.join("objects");
        let alternates = objects.join("info/alternates");
        if self.fs.stat(&alternates)?.is_some() {
            let text = self.fs.read(&alternates)?;
            let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            folders.extend(lines.map(|line| objects.join(path_of(line))));
        }
        Ok(folders)
    }

    /// Returns the object database.
    pub fn objects(&self) -> &Arc<Objects> {
        &self.objects
    }

    pub(super) fn fs(&self) -> &Arc<dyn Fs> {
        &self.fs
    }

    pub(super) fn index_path(&self) -> PathBuf {
        self.git_dir.join("index")
    }

    pub(super) fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    pub(super) fn hash(&self) -> gix_hash::Kind {
        self.hash
    }

    pub(super) fn name(&self) -> String {
        self.git_dir.to_string_lossy().into_owned()
    }

    fn broken(&self, what: impl Into<String>) -> GitError {
        GitError::Broken {
            repository: self.name(),
            what: what.into(),
        }
    }

    /// Whether the history is cut off.
    pub fn is_shallow(&self) -> Result<bool, GitError> {
        Ok(!self.shallow_commits()?.is_empty())
    }

    /// Returns the commits whose parents a shallow clone lacks.
    pub fn shallow_commits(&self) -> Result<HashSet<Oid>, GitError> {
        let path = self.common_dir.join("shallow");
        if self.fs.stat(&path)?.is_none() {
            return Ok(HashSet::new());
        }
        let text = self.fs.read(&path)?;
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines
            .map(|line| Oid::from_hex(line).map_err(|_| self.broken("its file 'shallow' is damaged")))
            .collect()
    }

    /// Returns the full name of the branch that is checked out; `None` if a commit is.
    pub fn head_ref(&self) -> Result<Option<String>, GitError> {
        let text = self.fs.read(&self.git_dir.join("HEAD"))?;
        Ok(text
            .strip_prefix(b"ref: ")
            .map(|name| String::from_utf8_lossy(name.trim_ascii()).into_owned()))
    }

    /// Returns the commit that is checked out; `None` before the first commit.
    pub fn head(&self) -> Result<Option<Oid>, GitError> {
        self.lookup("HEAD")
    }

    /// Returns what a branch, a tag, a full name or an id leads to, in the order in which Git tries.
    pub fn resolve(&self, name: &str) -> Result<Oid, GitError> {
        if !crate::refname::is_legal_ref_name(name) {
            return Err(self.broken(format!("'{name}' is not a reference")));
        }
        let tries = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];
        for prefix in tries {
            if let Some(id) = self.lookup(&format!("{prefix}{name}"))? {
                return Ok(id);
            }
        }
        if let Ok(id) = Oid::from_hex(name.as_bytes()) {
            return Ok(id);
        }
        Err(GitError::NoSuchRef {
            name: name.to_owned(),
            repository: self.name(),
        })
    }

    fn lookup(&self, name: &str) -> Result<Option<Oid>, GitError> {
        let mut name = name.to_owned();
        for _ in 0..MAX_SYMBOLIC {
            // Names without `refs/` are this work tree's own, such as HEAD.
            let folder = if name.starts_with("refs/") {
                &self.common_dir
            } else {
                &self.git_dir
            };
            let path = folder.join(&name);
            let text = match self.fs.stat(&path)? {
                Some(stat) if stat.kind == FileKind::Regular => self.fs.read(&path)?,
                _ => return self.packed(&name),
            };
            let text = text.trim_ascii();
            match text.strip_prefix(b"ref: ") {
                None => return Ok(Oid::from_hex(text).ok()),
                Some(target) => {
                    name = String::from_utf8_lossy(target.trim_ascii()).into_owned();
                    if !name.starts_with("refs/") || !crate::refname::is_legal_ref_name(&name) {
                        return Err(self.broken(format!("a reference points to '{name}'")));
                    }
                }
            }
        }
        Err(self.broken("symbolic references lead in a circle"))
    }

    /// Returns the full names of the references that are kept in one file.
    pub(super) fn packed_names(&self) -> Result<Vec<String>, GitError> {
        let path = self.common_dir.join("packed-refs");
        if self.fs.stat(&path)?.is_none() {
            return Ok(Vec::new());
        }
        let text = self.fs.read(&path)?;
        let lines = String::from_utf8_lossy(&text);
        // Lines of `#` are about the file, those of `^` say where a tag leads.
        let names = lines.lines().filter(|line| !line.starts_with(['#', '^']));
        let names = names.filter_map(|line| line.split_once(' '));
        Ok(names.map(|(_, name)| name.to_owned()).collect())
    }

    fn packed(&self, name: &str) -> Result<Option<Oid>, GitError> {
        let path = self.common_dir.join("packed-refs");
        if self.fs.stat(&path)?.is_none() {
            return Ok(None);
        }
        let text = self.fs.read(&path)?;
        for line in text.split(|byte| *byte == b'\n') {
            let Some(space) = line.iter().position(|byte| *byte == b' ') else {
                continue;
            };
            if &line[space + 1..] == name.as_bytes() {
                return Ok(Oid::from_hex(&line[..space]).ok());
            }
        }
        Ok(None)
    }
}

fn path_of(text: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(text.trim_ascii_end()))
}
