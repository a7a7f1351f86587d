//! The Nix language: from source text to values.
//!
//! A text becomes a tree (room `syntax`), the tree becomes code ([`code`], made by `lower`), and
//! code is evaluated in an environment (`interp`) to values in a heap ([`heap`]). Errors stand in
//! the evaluator while a small marker travels up ([`error`]); the world is reached through one
//! trait ([`io`]).

pub mod attrs;
mod builtins;
pub mod code;
pub mod coerce;
pub mod context;
mod equal;
pub mod error;
mod evaluator;
mod failing;
mod files;
mod free;
mod graph;
pub mod heap;
mod imports;
mod interp;
pub mod io;
mod json;
mod kept;
mod layers;
mod limits;
mod lower;
pub mod memory;
pub mod names;
mod observed;
mod open;
mod own;
mod packages;
mod realise;
mod remembered;
pub mod select;
mod shared;
pub mod show;
mod sources;
pub mod suggest;
mod sweep;
pub mod text;
mod trial;
mod typed;
mod xml;

pub use builtins::{FlakeGraph, FlakeNode, NIX_VERSION};
pub use error::{ErrorKind, Eval, EvalError, Fail, Trace};
pub use evaluator::{Evaluator, Message, Settings, Stats};
pub use heap::{Ref, Tag, Val};
pub use io::{Build, EvalIo, FetchAttr, FetchRequest, Fetched, FileType, IoError};
pub use observed::{NotedBuild, NotedCall};
pub use remembered::Remembered;
pub use suggest::did_you_mean;
pub use trial::{Limits, Stopped};
