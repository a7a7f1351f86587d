//! A world without anything: the builtins under test need none.

use eval::{EvalIo, FetchRequest, Fetched, FileType, IoError};
use std::rc::Rc;
use std::sync::Arc;

/// Answers that there is nothing.
pub struct NoWorld;

fn nothing<T>(path: &[u8]) -> Result<T, IoError> {
    Err(IoError::NotFound(String::from_utf8_lossy(path).into_owned()))
}

impl EvalIo for NoWorld {
    fn read_file(&mut self, path: &[u8]) -> Result<Arc<[u8]>, IoError> {
        nothing(path)
    }

    fn file_type(&mut self, _: &[u8]) -> Result<Option<FileType>, IoError> {
        Ok(None)
    }

    fn read_dir(&mut self, path: &[u8]) -> Result<Rc<[(Vec<u8>, FileType)]>, IoError> {
        nothing(path)
    }

    fn read_link(&mut self, path: &[u8]) -> Result<Vec<u8>, IoError> {
        nothing(path)
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

    fn message(&mut self, _: &[u8]) {}
}
