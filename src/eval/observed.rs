//! What an evaluator notes of its own work: calls of certain files' functions, and builds that it
//! needed.
//!
//! A file whose calls are noted ([`crate::Settings::note_calls`]) gets a node around the body of its
//! function, so that other calls cost nothing.

use crate::code::{Code, CodeRef, Lambda, NotedBody, around_body};
use crate::evaluator::Evaluator;
use diag::{Origin, Pos};
use store::StorePath;

/// A call of the function that a file is. Of those that a package set or an input makes by itself none are noted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotedCall {
    /// The file.
    pub file: &'static [u8],
    /// Where it was called, as far as that is known.
    pub site: Pos,
}

/// A derivation whose output evaluation had to read: import from derivation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotedBuild {
    /// Its name.
    pub name: String,
    /// The calls under way, innermost first, as far as they are worth looking at.
    pub sites: Vec<Pos>,
}

impl Evaluator {
    /// Returns the code of a text, with a note in the function that it is if its calls are noted.
    pub(crate) fn with_notes(&self, origin: &Origin, code: CodeRef) -> CodeRef {
        let ends = self.settings.note_calls;
        let Origin::File(path) = origin else { return code };
        if !ends.iter().any(|end| path.ends_with(end.as_bytes())) {
            return code;
        }
        let arena = self.mem.arena;
        let file = arena.alloc_slice_copy(path);
        let noted = |lambda: &Lambda| {
            Code::Noted(arena.alloc(NotedBody {
                file,
                body: lambda.body,
            }))
        };
        match around_body(arena, code, &noted) {
            Some(noted) => arena.alloc(noted),
            None => code,
        }
    }

    /// Notes a call of a file's function, whose body is `body`.
    #[cold]
    pub(crate) fn note_call(&mut self, code: CodeRef, noted: &NotedBody) {
        // A call in tail position has a frame; another one left its place.
        let site = self.noted_site.take().or_else(|| {
            let frame = self.frames.last().filter(|f| std::ptr::eq(&f.lambda.body, code));
            frame.map(|f| f.pos)
        });
        let site = site.unwrap_or_default();
        // What others share is evaluated by one of them only.
        if self.is_of_inputs() && self.is_in_fixed(site) {
            return;
        }
        self.shows();
        self.calls.push(NotedCall { file: noted.file, site });
    }

    /// Whether a place is in a file that stays as it is.
    fn is_in_fixed(&self, pos: Pos) -> bool {
        match self.sources.lookup(pos) {
            Some((file, _)) => {
                matches!(&self.sources.file(file).origin, Origin::File(path) if self.is_fixed(path))
            }
            None => false,
        }
    }

    /// Notes that evaluation needs the output of a derivation.
    #[cold]
    pub(crate) fn note_build(&mut self, drv: &StorePath) {
        self.shows();
        let sites = self.sites();
        let name = drv.name();
        self.builds.push(NotedBuild {
            name: name.strip_suffix(".drv").unwrap_or(name).to_owned(),
            sites,
        });
    }
}
