//! Unpacking Debian packages: an `ar` archive that has a compressed `tar` archive (deb(5)).

use std::io::{self, Read};
use std::path::PathBuf;

/// How an `ar` archive begins.
const MAGIC: &[u8] = b"!<arch>\n";
/// The length of the header of each of its members.
const HEADER: usize = 60;
/// Most bytes of one file of a package; the largest is a kernel.
const MOST: u64 = 256 << 20;

/// Why a package cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum DebError {
    /// It is no package.
    #[error("it is no Debian package")]
    Form,
    /// Its files are compressed in a way that is not known here.
    #[error("its files are in `{0}`, which is not known here")]
    Compression(String),
    /// It breaks off, or is broken.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A file is larger than any that is needed.
    #[error("a file in it is larger than {MOST} bytes")]
    TooLarge,
}

/// What a package has at a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct File {
    /// The path, as it is written: `./usr/bin/nix`.
    pub path: PathBuf,
    /// What is there.
    pub node: Node,
}

/// A file or link of a package; folders are told by what is in them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Node {
    /// A file, and whether it may be executed.
    File(Vec<u8>, bool),
    /// A symbolic link and its target.
    Symlink(PathBuf),
    /// The same file as that at another path of the package.
    Same(PathBuf),
}

/// Hands on all files and links of a package.
pub(super) fn unpack(deb: &[u8], take: &mut dyn FnMut(File)) -> Result<(), DebError> {
    let (name, data) = data(deb)?;
    let reader: Box<dyn Read + '_> = match name.strip_prefix("data.tar") {
        Some(".xz") => Box::new(lzma_rust2::XzReader::new(data, true)),
        Some(".gz") => Box::new(flate2::read::GzDecoder::new(data)),
        Some("") => Box::new(data),
        _ => return Err(DebError::Compression(name)),
    };
    let mut archive = tar::Archive::new(reader);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let link = || -> Result<PathBuf, io::Error> {
            let target = entry.link_name()?.ok_or(io::ErrorKind::InvalidData)?;
            Ok(target.into_owned())
        };
        let node = match entry.header().entry_type() {
            tar::EntryType::Regular => {
                if entry.size() > MOST {
                    return Err(DebError::TooLarge);
                }
                let executable = entry.header().mode()? & 0o100 != 0;
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes)?;
                Node::File(bytes, executable)
            }
            tar::EntryType::Symlink => Node::Symlink(link()?),
            tar::EntryType::Link => Node::Same(link()?),
            _ => continue,
        };
        take(File { path, node });
    }
    Ok(())
}

/// Returns the member that has the files, and its name.
fn data(deb: &[u8]) -> Result<(String, &[u8]), DebError> {
    let mut rest = deb.strip_prefix(MAGIC).ok_or(DebError::Form)?;
    while !rest.is_empty() {
        let (header, after) = rest.split_at_checked(HEADER).ok_or(DebError::Form)?;
        let field = |from: usize, to: usize| std::str::from_utf8(&header[from..to]).unwrap_or_default().trim();
        let size: usize = field(48, 58).parse().map_err(|_| DebError::Form)?;
        let body = after.get(..size).ok_or(DebError::Form)?;
        let name = field(0, 16).trim_end_matches('/');
        if name.starts_with("data.tar") {
            return Ok((name.to_owned(), body));
        }
        // Members begin at even places.
        rest = after.get(size.next_multiple_of(2)..).unwrap_or_default();
    }
    Err(DebError::Form)
}
