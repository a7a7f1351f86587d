//! Reading a generation from its toplevel.

use super::{InsideError, Place, Realised};
use crate::generation::{Generation, Stage2};
use std::io::Read;
use store::StorePath;
use sys::{FileKind, FsError, FsOp};

/// Most bytes of `kernel-params`; the kernel takes four thousand at most.
const LONGEST_PARAMETERS: u64 = 64 << 10;

/// What a program of Linux begins with.
const ELF: &[u8] = b"\x7fELF";

/// Why a path is no system that can be started.
#[derive(Debug, thiserror::Error)]
pub enum GenerationError {
    /// Something of it cannot be looked at.
    #[error(transparent)]
    Inside(#[from] InsideError),
    /// It lacks a file, as the toplevel of a container does.
    #[error("{} is no system that a machine can be started with: it has no {name}", .toplevel.to_path())]
    Lacks {
        /// The toplevel.
        toplevel: StorePath,
        /// The name of the file.
        name: &'static str,
    },
}

impl Realised {
    /// Returns the generation whose toplevel a path is.
    pub fn generation(&self, toplevel: &StorePath) -> Result<Generation, GenerationError> {
        let at = |name: &str| format!("{}/{name}", toplevel.to_path());
        let maybe = |name: &str, kind: FileKind| -> Result<Option<Place>, GenerationError> {
            Ok(self.look_up(&at(name))?.filter(|place| place.kind == kind))
        };
        let lacks = |name| GenerationError::Lacks {
            toplevel: toplevel.clone(),
            name,
        };
        let file = |name: &'static str| maybe(name, FileKind::Regular)?.ok_or_else(|| lacks(name));
        let stage2 = match maybe("prepare-root", FileKind::Regular)? {
            Some(_) => Stage2::PrepareRoot,
            None if self.is_program(&file("init")?)? => Stage2::Initrd,
            None => Stage2::Init,
        };
        let parameters = self
            .read(&at("kernel-params"), LONGEST_PARAMETERS)
            .map_err(GenerationError::from)?;
        let parameters = parameters.ok_or_else(|| lacks("kernel-params"))?;
        Ok(Generation {
            toplevel: toplevel.clone(),
            kernel: file("kernel")?.outside,
            initrd: file("initrd")?.outside,
            modules: maybe("kernel-modules", FileKind::Directory)?.map(|place| place.outside),
            parameters: String::from_utf8_lossy(&parameters).trim().to_owned(),
            init: at("init"),
            stage2,
            specialisations: self.specialisations(&at("specialisation"))?,
        })
    }

    /// Whether a file is a program of the machine and no script.
    fn is_program(&self, place: &Place) -> Result<bool, InsideError> {
        let mut magic = Vec::new();
        let file = self.fs.open(&place.outside)?;
        let read = file.take(ELF.len() as u64).read_to_end(&mut magic);
        read.map_err(|error| FsError::new(FsOp::Read, &place.outside, error))?;
        Ok(magic == ELF)
    }

    fn specialisations(&self, folder: &str) -> Result<Vec<String>, GenerationError> {
        let Some(place) = self.look_up(folder)?.filter(|place| place.kind == FileKind::Directory) else {
            return Ok(Vec::new());
        };
        let entries = self.fs.read_dir(&place.outside).map_err(InsideError::from)?;
        // A name that is no text is none that a scenario could say.
        Ok(entries
            .into_iter()
            .filter_map(|entry| entry.name.into_string().ok())
            .collect())
    }
}
