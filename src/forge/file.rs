//! Files that somebody else wrote, read up to a bound.

use std::path::{Path, PathBuf};

use sys::{Fs, FsError, FsOp};

/// A file that is not read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("{0}")]
    Fs(#[from] FsError),
    /// It is larger than what it should be ever is.
    #[error("'{}' has {bytes} bytes, and at most {most} are read", .path.display())]
    Large {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// How many bytes are read.
        most: u64,
    },
}

/// Returns the bytes of a file that has at most so many.
pub(crate) fn read(fs: &dyn Fs, path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    let large = |bytes| FileError::Large {
        path: path.into(),
        bytes,
        most,
    };
    let stat = fs.stat(path)?;
    let stat = stat.ok_or_else(|| FsError::new(FsOp::Read, path, std::io::ErrorKind::NotFound.into()))?;
    if stat.len > most {
        return Err(large(stat.len));
    }
    let bytes = fs.read(path)?;
    // It may have grown since, or be no file that has a length.
    match u64::try_from(bytes.len()) {
        Ok(len) if len <= most => Ok(bytes),
        len => Err(large(len.unwrap_or(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sys::{MemoryFs, Mode};

    #[test]
    fn a_file_is_read_up_to_a_bound() {
        let fs = MemoryFs::new();
        let path = Path::new("/a");
        fs.write_atomic(path, b"12345", Mode::Plain).expect("it is written");
        assert_eq!(read(&fs, path, 5).expect("it is read"), b"12345");
        let told = |path: &str, most| read(&fs, Path::new(path), most).expect_err("it is not").to_string();
        assert_eq!(told("/a", 4), "'/a' has 5 bytes, and at most 4 are read");
        assert!(told("/b", 4).starts_with("cannot read '/b'"), "{}", told("/b", 4));
    }
}
