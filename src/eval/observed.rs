//! What an evaluator notes of its own work: calls of certain files' functions, and builds that it
//! needed.
//!
//! A file whose calls are noted ([`crate::Settings::note_calls`]) gets a node around the body of its
//! function, so that other calls cost nothing.

use crate::code::{Code, CodeRef, FormalsCode, Lambda, LetCode, NotedBody, WithCode};
use crate::evaluator::Evaluator;
use bumpalo::Bump;
use diag::{Origin, Pos};
use std::cell::Cell;
use store::StorePath;

/// A call of the function that a file is.
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
        match with_note(arena, code, arena.alloc_slice_copy(path)) {
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
        self.calls.push(NotedCall {
            file: noted.file,
            site: site.unwrap_or_default(),
        });
    }

    /// Notes that evaluation needs the output of a derivation.
    #[cold]
    pub(crate) fn note_build(&mut self, drv: &StorePath) {
        let sites = self.sites();
        let name = drv.name();
        self.builds.push(NotedBuild {
            name: name.strip_suffix(".drv").unwrap_or(name).to_owned(),
            sites,
        });
    }
}

fn with_note(arena: &'static Bump, code: &Code, file: &'static [u8]) -> Option<Code> {
    match code {
        Code::Lambda(lambda) => {
            let body = Code::Noted(arena.alloc(NotedBody {
                file,
                body: lambda.body,
            }));
            let formals = lambda.formals.as_ref().map(|f| FormalsCode {
                formals: f.formals,
                ellipsis: f.ellipsis,
                shape: f.shape,
            });
            Some(Code::Lambda(arena.alloc(Lambda {
                pos: lambda.pos,
                name: Cell::new(lambda.name.get()),
                arg: lambda.arg,
                formals,
                body,
            })))
        }
        Code::Let(bindings) => {
            let body = with_note(arena, &bindings.body, file)?;
            Some(Code::Let(arena.alloc(LetCode {
                bindings: bindings.bindings,
                sources: bindings.sources,
                body,
            })))
        }
        Code::With(with) => {
            let body = with_note(arena, &with.body, file)?;
            Some(Code::With(arena.alloc(WithCode {
                scope: with.scope,
                body,
            })))
        }
        _ => None,
    }
}
