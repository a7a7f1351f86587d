//! Store paths, hashes, archives and derivations: what evaluation needs of Nix's store, in memory.
//!
//! What an evaluation adds is kept in a [`VirtualStore`], and contents come through traits; only [`DiskTree`] reads a disk.
//! Texts, formats and messages are those of Nix 2.34.

mod aterm;
pub mod base64;
mod content_address;
mod derivation;
mod git_tree;
mod hash;
mod hasher;
mod make_path;
mod modulo;
mod nar;
pub mod nix32;
mod output_name;
mod output_spec;
mod placeholder;
mod rounds;
mod sorted;
mod store_path;
mod virtual_store;

pub use aterm::{AtermError, PrintError};
pub use content_address::{ContentAddress, ContentAddressError, ContentAddressMethod};
pub use derivation::{
    Derivation, DerivationKind, DerivationText, InputOutputs, KindError, Output, STRUCTURED_ATTRS_VARIABLE,
};
pub use git_tree::hash_git;
pub use hash::{Hash, HashAlgo, HashError, HashFormat, MAX_DIGEST};
pub use hasher::Hasher;
pub use make_path::{MakePathError, References, content_addressed_path, output_path, output_path_name, text_path};
pub use nar::{
    DiskTree, NarContents, NarEvent, NarNode, NarReadError, NarSource, NarTree, SourceError, SplitSource, hash_flat,
    hash_nar, hash_nar_beside, hash_source, read_nar, write_nar,
};
pub use output_name::OutputName;
pub use output_spec::OutputSpec;
pub use placeholder::{DownstreamPlaceholder, output_placeholder};
pub use rounds::Round;
pub use sorted::{SortedMap, SortedSet};
pub use store_path::{
    DIGEST_DIGITS, DRV_EXTENSION, MAX_NAME, NameError, STORE_DIR, StorePath, StorePathError, check_name,
};
pub use virtual_store::{Closure, Instantiated, Object, Origin, OutputPath, StoreError, VirtualStore};
