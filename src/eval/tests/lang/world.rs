//! A world in memory: the files of `files/`, below `/lang`.

use eval::{EvalIo, FetchRequest, Fetched, FileType, IoError};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// What evaluation said on the way.
pub type Messages = Rc<RefCell<Vec<String>>>;

/// The regular files, by path.
const FILES: [(&str, &str); 7] = [
    ("/lang/broken.nix", include_str!("files/broken.nix")),
    ("/lang/data.json", include_str!("files/data.json")),
    ("/lang/double.nix", include_str!("files/double.nix")),
    ("/lang/folder/default.nix", include_str!("files/folder/default.nix")),
    ("/lang/folder/text.txt", include_str!("files/folder/text.txt")),
    ("/lang/fails.nix", include_str!("files/fails.nix")),
    ("/lang/scoped.nix", include_str!("files/scoped.nix")),
];

/// The world; see the head of this file.
pub struct World {
    messages: Messages,
}

impl World {
    /// Returns a world that keeps messages here.
    pub fn new(messages: Messages) -> World {
        World { messages }
    }
}

fn text(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// Returns the names of what lies in a folder; empty if it is none.
fn entries(folder: &str) -> Vec<(Vec<u8>, FileType)> {
    let prefix = if folder == "/" {
        "/".to_owned()
    } else {
        format!("{folder}/")
    };
    let mut found: Vec<(Vec<u8>, FileType)> = FILES
        .iter()
        .filter_map(|(path, _)| path.strip_prefix(&prefix))
        .map(|rest| match rest.split_once('/') {
            Some((name, _)) => (name.into(), FileType::Directory),
            None => (rest.into(), FileType::Regular),
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found.dedup();
    found
}

impl EvalIo for World {
    fn read_file(&mut self, path: &[u8]) -> Result<Arc<[u8]>, IoError> {
        let path = text(path);
        let file = FILES.iter().find(|(known, _)| *known == path);
        file.map(|(_, content)| content.as_bytes().into())
            .ok_or(IoError::NotFound(path))
    }

    fn file_type(&mut self, path: &[u8]) -> Result<Option<FileType>, IoError> {
        let path = text(path);
        if FILES.iter().any(|(known, _)| *known == path) {
            return Ok(Some(FileType::Regular));
        }
        Ok((path == "/" || !entries(&path).is_empty()).then_some(FileType::Directory))
    }

    fn read_dir(&mut self, path: &[u8]) -> Result<Rc<[(Vec<u8>, FileType)]>, IoError> {
        let found = entries(&text(path));
        if found.is_empty() {
            Err(IoError::NotFound(text(path)))
        } else {
            Ok(found.into())
        }
    }

    fn read_link(&mut self, path: &[u8]) -> Result<Vec<u8>, IoError> {
        Err(IoError::NotFound(text(path)))
    }

    fn env(&mut self, _: &str) -> String {
        String::new()
    }

    fn current_time(&mut self) -> i64 {
        0
    }

    fn elapsed_millis(&mut self) -> u64 {
        0
    }

    fn fetch(&mut self, _: &FetchRequest) -> Result<Fetched, IoError> {
        Err(IoError::Other("there is no network".into()))
    }

    fn realise(&mut self, _: &store::VirtualStore, _: &store::StorePath, _: &[String]) -> Result<(), IoError> {
        Err(IoError::Other("nothing is built".into()))
    }

    fn message(&mut self, message: &[u8]) {
        self.messages.borrow_mut().push(text(message));
    }
}
