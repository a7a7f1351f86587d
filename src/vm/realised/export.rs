//! Streams of `nix-store --export`, read and written.
//!
//! A stream is a row of archives, each after a 1 and followed by what is known of it; a 0 ends it.

use super::unpack::{UnpackError, unpack};
use super::{About, Limits, Realised, RealisedError};
use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use store::{StorePath, StorePathError};

/// What stands after each archive: `NIXE`.
const MARK: u64 = 0x4558_494e;
/// The longest path in a stream.
const LONGEST_PATH: u64 = 300;
/// Most references of one path.
const MOST_REFERENCES: u64 = 1 << 20;

/// Why a stream could not be taken in.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store could not take a path.
    #[error(transparent)]
    Realised(#[from] RealisedError),
    /// The stream ends early, or cannot be read.
    #[error("the stream of store paths breaks off: {0}")]
    Io(#[from] io::Error),
    /// It is not what `nix-store --export` writes.
    #[error("the stream is no export of a Nix store: {0}")]
    Form(&'static str),
    /// A path in it is none.
    #[error("the stream is no export of a Nix store: {0}")]
    Path(#[from] StorePathError),
    /// It has more than it may.
    #[error("the stream has more than {0} store paths")]
    TooMany(usize),
}

impl Realised {
    /// Adds all that a stream has, of at most `most` paths, and returns their paths in its order.
    pub fn import(
        &self,
        stream: &mut dyn Read,
        origin: &str,
        limits: Limits,
        most: usize,
    ) -> Result<Vec<StorePath>, ExportError> {
        let mut added = Vec::new();
        loop {
            match number(stream)? {
                0 => return Ok(added),
                1 if added.len() == most => return Err(ExportError::TooMany(most)),
                1 => added.push(self.import_one(stream, origin, limits)?),
                _ => return Err(ExportError::Form("neither an archive nor its end follows")),
            }
        }
    }

    fn import_one(&self, stream: &mut dyn Read, origin: &str, limits: Limits) -> Result<StorePath, ExportError> {
        let incoming = self.incoming()?;
        let imported = self.import_into(&incoming, stream, origin, limits);
        if imported.is_err() {
            // The first error is the one to tell; what may be left behind goes with the folder.
            let _ = self.remove_unpacked(&incoming);
        }
        imported
    }

    fn import_into(
        &self,
        incoming: &std::path::Path,
        stream: &mut dyn Read,
        origin: &str,
        limits: Limits,
    ) -> Result<StorePath, ExportError> {
        let unpacked = unpack(self.fs.as_ref(), incoming, stream, limits);
        let unpacked = unpacked.map_err(|error: UnpackError| error.of("a path in the stream"))?;
        if number(stream)? != MARK {
            return Err(ExportError::Form("an archive is not followed by its mark"));
        }
        let path = StorePath::parse(text(stream)?)?;
        let count = number(stream)?;
        if count > MOST_REFERENCES {
            return Err(ExportError::Form("a path has too many references"));
        }
        let mut references = BTreeSet::new();
        for _ in 0..count {
            references.insert(StorePath::parse(text(stream)?)?);
        }
        let deriver = match text(stream)? {
            none if none.is_empty() => None,
            deriver => Some(StorePath::parse(deriver)?),
        };
        if number(stream)? == 1 {
            // A signature, which no Nix of today writes.
            text(stream)?;
        }
        let about = About {
            references,
            deriver,
            origin: origin.to_owned(),
            ..About::default()
        };
        self.settle(incoming, &path, about.with(unpacked))?;
        Ok(path)
    }

    /// Writes paths with all that they refer to as `nix-store --import` reads them: each after what it refers to.
    pub fn export<'p>(
        &self,
        paths: impl IntoIterator<Item = &'p StorePath>,
        out: &mut dyn Write,
    ) -> Result<(), ExportError> {
        let infos = self.closure(paths)?;
        // A path comes up once to look at what it refers to, and again when all of that is written.
        let mut seen = BTreeSet::new();
        let mut pending: Vec<(&StorePath, bool)> = infos.keys().map(|path| (path, false)).collect();
        while let Some((path, is_done)) = pending.pop() {
            let info = &infos[path];
            if is_done {
                begin(out)?;
                self.archive(path, out)?;
                end(out, path, info.references.iter(), info.deriver.as_ref())?;
            } else if seen.insert(path) {
                pending.push((path, true));
                let known = infos.keys().filter(|other| info.references.contains(*other));
                pending.extend(known.filter(|other| *other != path).map(|other| (other, false)));
            }
        }
        Ok(finish(out)?)
    }
}

/// Begins a path of a stream: its archive follows.
pub(crate) fn begin(out: &mut dyn Write) -> io::Result<()> {
    put(out, 1)
}

/// Ends a path of a stream after its archive.
pub(crate) fn end<'p>(
    out: &mut dyn Write,
    path: &StorePath,
    references: impl ExactSizeIterator<Item = &'p StorePath>,
    deriver: Option<&StorePath>,
) -> io::Result<()> {
    put(out, MARK)?;
    put_text(out, &path.to_path())?;
    put(out, references.len() as u64)?;
    for reference in references {
        put_text(out, &reference.to_path())?;
    }
    put_text(out, &deriver.map(StorePath::to_path).unwrap_or_default())?;
    put(out, 0)
}

/// Ends a stream.
pub(crate) fn finish(out: &mut dyn Write) -> io::Result<()> {
    put(out, 0)
}

fn number(stream: &mut dyn Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    stream.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Reads a text: its length, its bytes, and zeros up to a multiple of eight.
fn text(stream: &mut dyn Read) -> Result<Vec<u8>, ExportError> {
    let len = number(stream)?;
    if len > LONGEST_PATH {
        return Err(ExportError::Form("a text is longer than a store path"));
    }
    let mut bytes = vec![0; len.next_multiple_of(8) as usize];
    stream.read_exact(&mut bytes)?;
    bytes.truncate(len as usize);
    Ok(bytes)
}

fn put(out: &mut dyn Write, number: u64) -> io::Result<()> {
    out.write_all(&number.to_le_bytes())
}

fn put_text(out: &mut dyn Write, text: &str) -> io::Result<()> {
    put(out, text.len() as u64)?;
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(text.len().next_multiple_of(8), 0);
    out.write_all(&bytes)
}
