//! Derivations: build steps as data.

use std::borrow::Cow;

use thiserror::Error;

use crate::content_address::{ContentAddress, ContentAddressMethod};
use crate::hash::HashAlgo;
use crate::make_path::{MakePathError, References, content_addressed_path, output_path_name};
use crate::output_name::OutputName;
use crate::sorted::{SortedMap, SortedSet};
use crate::store_path::StorePath;

/// The environment variable that stands for the structured attributes in a written derivation.
pub const STRUCTURED_ATTRS_VARIABLE: &[u8] = b"__json";

/// A text of a derivation: its own, or one that lives as long as the process, as an evaluation's strings do. An
/// evaluation makes thousands of derivations whose texts it has anyway, so these are not copied.
pub type DerivationText = Cow<'static, [u8]>;

/// A build step: what is run, on what, and what it makes.
///
/// Texts are bytes, as Nix has them. Maps and sets are in the order in which derivations are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Derivation {
    /// The name, without `.drv`. Not part of the written form, which gets it from the path.
    pub name: String,
    /// The outputs by name.
    pub outputs: SortedMap<OutputName, Output>,
    /// The inputs that are no derivations.
    pub input_sources: SortedSet<StorePath>,
    /// The derivations whose outputs are inputs.
    pub input_derivations: SortedMap<StorePath, InputOutputs>,
    /// The system that the builder runs on, such as `x86_64-linux`.
    pub platform: DerivationText,
    /// The program, or `builtin:NAME`.
    pub builder: DerivationText,
    /// The program's arguments.
    pub args: Vec<DerivationText>,
    /// The program's environment, without [`STRUCTURED_ATTRS_VARIABLE`].
    pub env: SortedMap<DerivationText, DerivationText>,
    /// The structured attributes: a JSON object, in exactly the form in which Nix writes it (sorted keys, no spaces).
    /// Whoever sets it has to bring it into that form, for it is hashed as it is.
    pub structured_attrs: Option<Vec<u8>>,
}

/// One output of a derivation, and how its path is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The path follows from the derivation.
    InputAddressed(StorePath),
    /// The path follows from contents that are known beforehand.
    Fixed(ContentAddress),
    /// The path follows from contents that are known only after the build.
    Floating {
        /// What of the contents is hashed.
        method: ContentAddressMethod,
        /// The hash's algorithm.
        algo: HashAlgo,
    },
    /// The path will follow from the derivation, once the paths of its inputs are known.
    Deferred,
    /// The path follows from the contents of each build anew: it is never reused.
    Impure {
        /// What of the contents is hashed.
        method: ContentAddressMethod,
        /// The hash's algorithm.
        algo: HashAlgo,
    },
}

/// Which outputs of an input derivation are inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputOutputs {
    /// The outputs themselves.
    pub names: SortedSet<OutputName>,
    /// Outputs that are derivations, of which in turn outputs are inputs (dynamic derivations).
    pub dynamic: SortedMap<OutputName, InputOutputs>,
}

/// What all outputs of a derivation have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DerivationKind {
    /// Every output is [`Output::InputAddressed`].
    InputAddressed,
    /// Every output is [`Output::Deferred`].
    Deferred,
    /// The only output, `out`, is [`Output::Fixed`].
    Fixed,
    /// Every output is [`Output::Floating`], with one algorithm.
    Floating,
    /// Every output is [`Output::Impure`].
    Impure,
}

/// Why the outputs of a derivation do not go together. The messages are Nix's.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum KindError {
    /// There is no output.
    #[error("must have at least one output")]
    NoOutput,
    /// The outputs are of several kinds.
    #[error("can't mix derivation output types")]
    Mixed,
    /// There is more than one fixed output.
    #[error("only one fixed output is allowed for now")]
    SeveralFixed,
    /// The fixed output is not called `out`.
    #[error("single fixed output must be named \"out\"")]
    FixedNotOut,
    /// The floating outputs have several algorithms.
    #[error("all floating outputs must use the same hash algorithm")]
    SeveralAlgorithms,
}

impl Output {
    /// Returns the kind of derivation that has such outputs.
    const fn kind(&self) -> DerivationKind {
        match self {
            Self::InputAddressed(_) => DerivationKind::InputAddressed,
            Self::Fixed(_) => DerivationKind::Fixed,
            Self::Floating { .. } => DerivationKind::Floating,
            Self::Deferred => DerivationKind::Deferred,
            Self::Impure { .. } => DerivationKind::Impure,
        }
    }

    /// Returns the path if it is known before the build.
    pub fn path(&self, derivation_name: &str, output: &OutputName) -> Result<Option<StorePath>, MakePathError> {
        match self {
            Self::InputAddressed(path) => Ok(Some(path.clone())),
            Self::Fixed(address) => fixed_path(address, derivation_name, output).map(Some),
            Self::Floating { .. } | Self::Deferred | Self::Impure { .. } => Ok(None),
        }
    }
}

impl InputOutputs {
    /// Makes the set of the given outputs, none of them dynamic.
    pub fn of(names: impl IntoIterator<Item = OutputName>) -> Self {
        Self {
            names: names.into_iter().collect(),
            dynamic: SortedMap::new(),
        }
    }
}

impl Derivation {
    /// Returns what the outputs have in common, after checking that they go together.
    pub fn kind(&self) -> Result<DerivationKind, KindError> {
        let mut found = None;
        let mut floating = None;
        for (name, output) in &self.outputs {
            let kind = output.kind();
            match found {
                None => found = Some(kind),
                Some(first) if first != kind => return Err(KindError::Mixed),
                Some(DerivationKind::Fixed) => return Err(KindError::SeveralFixed),
                Some(_) => {}
            }
            match output {
                Output::Fixed(_) if !name.is_out() => return Err(KindError::FixedNotOut),
                Output::Floating { algo, .. } if *floating.get_or_insert(*algo) != *algo => {
                    return Err(KindError::SeveralAlgorithms);
                }
                _ => {}
            }
        }
        found.ok_or(KindError::NoOutput)
    }

    /// Adds outputs of a derivation to the inputs.
    pub fn add_input(&mut self, path: StorePath, output: OutputName) {
        self.input_derivations.entry_or_default(path).names.insert(output);
    }

    /// Gives back memory that was set aside for more; what is kept for the rest of a run should hold none.
    pub(crate) fn shrink(&mut self) {
        self.outputs.shrink_to_fit();
        self.input_sources.shrink_to_fit();
        self.input_derivations.shrink_to_fit();
        self.args.shrink_to_fit();
        self.env.shrink_to_fit();
    }

    /// Returns whether the builder is part of Nix.
    pub fn is_builtin(&self) -> bool {
        self.builder.starts_with(b"builtin:")
    }

    /// Returns whether any input is an output of a derivation that is itself built.
    pub fn has_dynamic_input(&self) -> bool {
        self.input_derivations
            .iter()
            .any(|(_, input)| !input.dynamic.is_empty())
    }

    /// Returns the paths that the written derivation points to: sources and derivations, in order, each once.
    pub fn references(&self) -> impl Iterator<Item = &StorePath> {
        let mut sources = self.input_sources.iter().peekable();
        let mut derivations = self.input_derivations.keys().peekable();
        std::iter::from_fn(move || match (sources.peek(), derivations.peek()) {
            (Some(source), Some(derivation)) => match source.cmp(derivation) {
                std::cmp::Ordering::Less => sources.next(),
                std::cmp::Ordering::Greater => derivations.next(),
                std::cmp::Ordering::Equal => {
                    sources.next();
                    derivations.next()
                }
            },
            (Some(_), None) => sources.next(),
            (None, _) => derivations.next(),
        })
    }
}

/// Returns the path of a fixed output.
pub(crate) fn fixed_path(
    address: &ContentAddress,
    derivation_name: &str,
    output: &OutputName,
) -> Result<StorePath, MakePathError> {
    content_addressed_path(
        &output_path_name(derivation_name, output),
        address,
        &References::default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed() -> Output {
        Output::Fixed(ContentAddress {
            method: ContentAddressMethod::Flat,
            hash: HashAlgo::Sha256.hash(""),
        })
    }

    fn floating(algo: HashAlgo) -> Output {
        Output::Floating {
            method: ContentAddressMethod::Nar,
            algo,
        }
    }

    fn kind(outputs: impl IntoIterator<Item = (&'static str, Output)>) -> Result<DerivationKind, KindError> {
        let outputs = outputs
            .into_iter()
            .map(|(name, output)| (name.into(), output))
            .collect();
        Derivation {
            outputs,
            ..Derivation::default()
        }
        .kind()
    }

    #[test]
    fn outputs_must_go_together() {
        let impure = Output::Impure {
            method: ContentAddressMethod::Nar,
            algo: HashAlgo::Sha256,
        };
        let sha256 = floating(HashAlgo::Sha256);
        assert_eq!(kind([]), Err(KindError::NoOutput));
        assert_eq!(kind([("out", fixed())]), Ok(DerivationKind::Fixed));
        assert_eq!(kind([("dev", fixed())]), Err(KindError::FixedNotOut));
        assert_eq!(kind([("out", fixed()), ("zzz", fixed())]), Err(KindError::SeveralFixed));
        assert_eq!(
            kind([("a", Output::Deferred), ("out", Output::Deferred)]),
            Ok(DerivationKind::Deferred)
        );
        assert_eq!(kind([("a", Output::Deferred), ("out", fixed())]), Err(KindError::Mixed));
        assert_eq!(
            kind([("a", impure.clone()), ("out", impure)]),
            Ok(DerivationKind::Impure)
        );
        assert_eq!(
            kind([("a", sha256.clone()), ("out", sha256.clone())]),
            Ok(DerivationKind::Floating)
        );
        assert_eq!(
            kind([("a", floating(HashAlgo::Sha1)), ("out", sha256)]),
            Err(KindError::SeveralAlgorithms)
        );
    }

    #[test]
    fn references_merge_sources_and_derivations() {
        let path = |digit: &str| StorePath::from_base_name(format!("{}-x", digit.repeat(32))).unwrap();
        let drv = Derivation {
            input_sources: ["b", "c", "f"].map(path).into_iter().collect(),
            input_derivations: ["a", "c", "d"]
                .map(|digit| (path(digit), InputOutputs::default()))
                .into_iter()
                .collect(),
            ..Derivation::default()
        };
        let references: Vec<_> = drv.references().map(|path| &path.base_name()[..1]).collect();
        assert_eq!(references, ["a", "b", "c", "d", "f"]);
    }
}
