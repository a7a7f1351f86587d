//! A world in memory with a few files, one of which makes the reader panic as a bug would.

use eval::{EvalIo, FetchRequest, Fetched, FileType, IoError};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The files.
const FILES: [(&str, &str); 14] = [
    ("/lib/default.nix", include_str!("lib.nix")),
    ("/lib/double.nix", "x: 2 * x"),
    ("/lib/chain.nix", "import ./double.nix (import ./double.nix 21)"),
    ("/lib/throws.nix", "throw \"this file throws\""),
    ("/lib/broken.nix", "{ a = ; }"),
    ("/lib/text.txt", "a text\n"),
    ("/in/lib.nix", include_str!("kept/lib.nix")),
    ("/in/set.nix", include_str!("kept/set.nix")),
    ("/in/text.txt", "a text of an input\n"),
    ("/in/value.nix", "{ value = \"of an input\"; }"),
    ("/own/hosts.nix", include_str!("kept/hosts.nix")),
    ("/own/overlays.nix", include_str!("kept/overlays.nix")),
    ("/own/text.txt", "a text of the host\n"),
    ("/own/value.nix", "{ value = \"of the host\"; }"),
];

/// Reading this panics.
const PANICS: &str = "/lib/panics.nix";

/// The world; see the head of this file.
#[derive(Default)]
pub struct World {
    /// Milliseconds that each look at the clock takes.
    pub tick: u64,
    /// What the clock shows.
    pub now: u64,
    /// What the paths begin with of those of its files of which it says that they stay as they are.
    pub fixed: Option<&'static [u8]>,
    /// How many files were read.
    pub read: Arc<AtomicU32>,
}

fn text(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

impl EvalIo for World {
    fn read_file(&mut self, path: &[u8]) -> Result<Arc<[u8]>, IoError> {
        let path = text(path);
        self.read.fetch_add(1, Ordering::Relaxed);
        assert_ne!(path, PANICS, "this file cannot be read without a panic");
        let file = FILES.iter().find(|(known, _)| *known == path);
        file.map(|(_, content)| content.as_bytes().into())
            .ok_or(IoError::NotFound(path))
    }

    fn file_type(&mut self, path: &[u8]) -> Result<Option<FileType>, IoError> {
        let path = text(path);
        if path == PANICS || FILES.iter().any(|(known, _)| *known == path) {
            return Ok(Some(FileType::Regular));
        }
        let folders = ["/", "/in", "/lib", "/own"];
        Ok(folders.contains(&path.as_str()).then_some(FileType::Directory))
    }

    fn read_dir(&mut self, path: &[u8]) -> Result<Rc<[(Vec<u8>, FileType)]>, IoError> {
        let mut names: Vec<(Vec<u8>, FileType)> = match path {
            b"/lib" => FILES
                .iter()
                .filter_map(|(path, _)| Some((path.strip_prefix("/lib/")?.into(), FileType::Regular)))
                .collect(),
            b"/" => vec![(b"lib".to_vec(), FileType::Directory)],
            _ => return Err(IoError::NotFound(text(path))),
        };
        names.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(names.into())
    }

    fn read_link(&mut self, path: &[u8]) -> Result<Vec<u8>, IoError> {
        Err(IoError::NotFound(text(path)))
    }

    fn is_fixed(&self, path: &[u8]) -> bool {
        self.fixed.is_some_and(|fixed| path.starts_with(fixed))
    }

    fn env(&mut self, _: &str) -> String {
        String::new()
    }

    fn current_time(&mut self) -> i64 {
        0
    }

    fn elapsed_millis(&mut self) -> u64 {
        self.now += self.tick;
        self.now
    }

    fn fetch(&mut self, _: &FetchRequest) -> Result<Fetched, IoError> {
        Err(IoError::Other("there is no network".into()))
    }

    fn realise(&mut self, _: &store::VirtualStore, _: &store::StorePath, _: &[String]) -> Result<(), IoError> {
        Err(IoError::Other("nothing is built".into()))
    }

    fn message(&mut self, _: &[u8]) {}
}
