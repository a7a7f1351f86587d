//! What the tests of several rooms need: the repository as a flake to copy, and a real Nix to ask.
//!
//! For tests only. A failure here is a failure of the test, so functions panic and say why.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "tests copy files, run programs, and tell what those say"
)]

mod answers;
mod flake;
mod git;
mod oracle;
mod packages;
mod program;
mod random;
mod repository;

pub use answers::Answers;
pub use flake::TWO_HOSTS;
pub use git::{git, git_in};
pub use oracle::{Oracle, Shared};
pub use program::{Program, said};
pub use random::Random;
pub use repository::{copy, root};
