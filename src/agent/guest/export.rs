//! Store paths onto a disk, as Nix's archives (Dolstra, "The Purely Functional Software Deployment Model", figure 5.2).

use super::kernel::{Kernel, open_in};
use super::{Fault, while_doing};
use agent::Written;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fsync, openat, readlinkat, statat};
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;

/// What archives begin at multiples of.
const BLOCK: u64 = 4096;
/// Most folders in each other, as each takes a descriptor. Whoever built an output may have made any number.
const DEPTH: usize = 200;
/// How much is written at once.
const BUFFER: usize = 1 << 20;

/// Writes archives one behind the other and returns where each lies.
pub fn export(kernel: &Kernel, device: &str, paths: &[String]) -> Result<Vec<Written>, Fault> {
    let root = kernel.root()?;
    let disk = File::from(kernel.device(device, OFlags::RDWR)?);
    let mut out = Counted {
        to: BufWriter::with_capacity(BUFFER, disk),
        count: 0,
    };
    let mut places = Vec::new();
    for path in paths {
        let doing = format!("write '{path}' onto the disk {device}");
        let offset = out.count.next_multiple_of(BLOCK);
        out.to.seek(SeekFrom::Start(offset)).map_err(while_doing(&doing))?;
        out.count = offset;
        archive(&root, path, &mut out).map_err(while_doing(&doing))?;
        places.push(Written {
            offset,
            size: out.count - offset,
        });
    }
    let disk = out.to.into_inner().map_err(while_doing("write onto the disk"))?;
    fsync(&disk).map_err(while_doing("write onto the disk"))?;
    Ok(places)
}

/// Counts what is written.
struct Counted<W> {
    to: W,
    count: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

fn archive(root: &OwnedFd, path: &str, out: &mut impl Write) -> io::Result<()> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("/", path));
    let folder = open_in(root, folder, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?;
    word(out, b"nix-archive-1")?;
    node(&folder, name.as_bytes(), out, DEPTH)
}

/// Writes a file, a link or a folder with all that is in it.
fn node(folder: &OwnedFd, name: &[u8], out: &mut impl Write, depth: usize) -> io::Result<()> {
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let open = |flags: OFlags| openat(folder, name, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
    word(out, b"(")?;
    word(out, b"type")?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => {
            word(out, b"regular")?;
            if stat.st_mode & 0o100 != 0 {
                word(out, b"executable")?;
                word(out, b"")?;
            }
            word(out, b"contents")?;
            let length = u64::try_from(stat.st_size).map_err(io::Error::other)?;
            out.write_all(&length.to_le_bytes())?;
            let file = File::from(open(OFlags::RDONLY | OFlags::NONBLOCK)?);
            let copied = io::copy(&mut io::Read::take(file, length), out)?;
            if copied != length {
                return Err(io::Error::other("a file changes meanwhile"));
            }
            fill(out, length)?;
        }
        FileType::Symlink => {
            word(out, b"symlink")?;
            word(out, b"target")?;
            word(out, readlinkat(folder, name, Vec::new())?.as_bytes())?;
        }
        FileType::Directory => {
            let Some(depth) = depth.checked_sub(1) else {
                return Err(io::Error::other(format!("more than {DEPTH} folders are in each other")));
            };
            word(out, b"directory")?;
            let inner = open(OFlags::RDONLY | OFlags::DIRECTORY)?;
            for name in names(&inner)? {
                word(out, b"entry")?;
                word(out, b"(")?;
                word(out, b"name")?;
                word(out, &name)?;
                word(out, b"node")?;
                node(&inner, &name, out, depth)?;
                word(out, b")")?;
            }
        }
        _ => return Err(io::Error::other("something in it is no file, link or folder")),
    }
    word(out, b")")
}

/// Returns the names in a folder, in the order of their bytes.
pub fn names(folder: &OwnedFd) -> io::Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn word(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    out.write_all(&(bytes.len() as u64).to_le_bytes())?;
    out.write_all(bytes)?;
    fill(out, bytes.len() as u64)
}

fn fill(out: &mut impl Write, length: u64) -> io::Result<()> {
    let missing = length.next_multiple_of(8) - length;
    out.write_all(&[0; 8][..usize::try_from(missing).map_err(io::Error::other)?])
}
