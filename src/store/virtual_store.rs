//! A store in memory: what an evaluation has added, as far as evaluation itself needs it.
//!
//! Nix computes with derivations before any of them is built, so nothing here touches a disk. Each derivation is hashed
//! when it is added, and the hash that dependents use is kept beside it; so adding costs as much as the derivation is
//! long, however big its closure is.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use thiserror::Error;

use crate::aterm::print::{InputHash, PrintError};
use crate::content_address::ContentAddress;
use crate::derivation::{Derivation, DerivationKind, KindError, Output, fixed_path};
use crate::hash::{Hash, HashAlgo, lossy};
use crate::make_path::{MakePathError, References, content_addressed_path, output_path, text_path};
use crate::modulo::{Modulo, Text, hash_of_fixed, hexadecimal, sha256};
use crate::output_name::OutputName;
use crate::placeholder::{DownstreamPlaceholder, output_placeholder};
use crate::rounds::{Round, Rounds};
use crate::sorted::SortedSet;
use crate::store_path::{DRV_EXTENSION, StorePath, StorePathError};

/// A store in memory.
#[derive(Debug, Default)]
pub struct VirtualStore {
    derivations: FxHashMap<StorePath, Known>,
    objects: FxHashMap<StorePath, Object>,
    text: Text,
    rounds: Rounds,
}

/// A derivation in the store, and how dependents name it.
#[derive(Debug)]
struct Known {
    derivation: Derivation,
    modulo: Modulo,
}

/// An object in the store that is no derivation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What the object consists of.
    pub origin: Origin,
    /// The objects it points to.
    pub references: SortedSet<StorePath>,
}

/// What an object in the store consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// One file that is not executable, with these bytes.
    Bytes(Arc<[u8]>),
    /// Something that only the caller knows, such as a folder on the disk.
    Token(u64),
}

/// A derivation that was added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instantiated {
    /// The derivation's own path.
    pub path: StorePath,
    /// The outputs in order.
    pub outputs: Vec<(OutputName, OutputPath)>,
}

/// The path of an output, as far as it is known before the build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputPath {
    /// The path.
    Known(StorePath),
    /// What dependents write instead.
    Unknown(DownstreamPlaceholder),
}

/// Why something cannot be added to the store, or found in it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StoreError {
    /// The outputs of a derivation do not go together.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// A path cannot be made.
    #[error(transparent)]
    MakePath(#[from] MakePathError),
    /// A derivation cannot be written.
    #[error(transparent)]
    Print(PrintError),
    /// An input derivation was never added.
    #[error("store path '{0}' does not exist")]
    UnknownInput(StorePath),
    /// A path that belongs to a closure was never added.
    #[error("path '{0}' is not valid")]
    NotValid(StorePath),
    /// An input derivation has no such output.
    #[error("no hash for output '{output}' of derivation '{derivation}'")]
    NoSuchOutput {
        /// The output that is asked for.
        output: OutputName,
        /// The name of the derivation that asks for it.
        derivation: String,
    },
    /// A derivation's name is not the one in its path.
    #[error("derivation '{path}' has name '{name}' which does not match its path")]
    WrongName {
        /// The path.
        path: StorePath,
        /// The name that the derivation has.
        name: String,
    },
    /// The path of an output is not the one that follows from the derivation.
    #[error("derivation has incorrect output '{path}', should be '{expected}'")]
    WrongOutput {
        /// The path that is given.
        path: StorePath,
        /// The path that follows.
        expected: StorePath,
    },
    /// An output has a path, and none follows from the derivation, since those of its inputs are not known.
    #[error("derivation has incorrect output '{0}', should be deferred")]
    NotDeferred(StorePath),
    /// The environment lacks the variable of an output.
    #[error("derivation has missing environment variable '{output}', should be '{expected}' but is not present")]
    MissingVariable {
        /// The output.
        output: OutputName,
        /// The path that the variable should have.
        expected: StorePath,
    },
    /// The variable of an output is not its path.
    #[error(
        "derivation has incorrect environment variable '{output}', should be '{expected}' but is actually '{actual}'"
    )]
    WrongVariable {
        /// The output.
        output: OutputName,
        /// The path that the variable should have.
        expected: StorePath,
        /// What it has instead.
        actual: String,
    },
    /// A derivation is not the one that its path stands for.
    #[error("the contents of derivation '{path}' belong at '{expected}'")]
    WrongPath {
        /// The path that is given.
        path: StorePath,
        /// The path that follows from the contents.
        expected: StorePath,
    },
}

impl From<StorePathError> for StoreError {
    fn from(error: StorePathError) -> Self {
        Self::MakePath(error.into())
    }
}

impl From<PrintError> for StoreError {
    fn from(error: PrintError) -> Self {
        match error {
            PrintError::Path(error) => Self::MakePath(error),
            PrintError::ReservedVariable => Self::Print(error),
        }
    }
}

impl OutputPath {
    /// Returns the text that dependents write: the path or the placeholder.
    pub fn render(&self) -> String {
        match self {
            Self::Known(path) => path.to_path(),
            Self::Unknown(placeholder) => placeholder.render(),
        }
    }
}

impl VirtualStore {
    /// Makes an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Completes the outputs of a derivation and adds it.
    ///
    /// The outputs come in as [`Output::Deferred`], [`Output::Fixed`], [`Output::Floating`] or [`Output::Impure`].
    /// Deferred ones become input-addressed if the paths of all inputs are known. The variable of each output's name is
    /// set, whatever it was: to the path, to [`output_placeholder`] for floating and impure outputs, and to nothing if
    /// the output stays deferred. The input derivations must have been added before.
    pub fn add_derivation(&mut self, mut drv: Derivation) -> Result<Instantiated, StoreError> {
        let kind = drv.kind()?;
        for (name, output) in &drv.outputs {
            let value = match output {
                Output::InputAddressed(path) => path.to_path(),
                Output::Fixed(address) => fixed_path(address, &drv.name, name)?.to_path(),
                Output::Floating { .. } | Output::Impure { .. } => output_placeholder(name),
                Output::Deferred => String::new(),
            };
            drv.env.insert(name.to_vec().into(), value.into_bytes().into());
        }
        let mut text = std::mem::take(&mut self.text);
        let added = self.complete(&mut drv, kind, &mut text);
        self.text = text;
        let (path, modulo) = added?;
        let outputs = output_paths(&drv, &path)?;
        drv.shrink();
        self.keep(&path, drv, modulo);
        Ok(Instantiated { path, outputs })
    }

    /// Adds a derivation that was made elsewhere, such as one read from a `.drv` file, after checking that its path, its
    /// outputs and their variables are right. Its input derivations must have been added before.
    pub fn add_existing(&mut self, path: &StorePath, drv: Derivation) -> Result<(), StoreError> {
        if self.derivations.contains_key(path) {
            return Ok(());
        }
        if path.derivation_name()? != drv.name {
            return Err(StoreError::WrongName {
                path: path.clone(),
                name: drv.name,
            });
        }
        let kind = drv.kind()?;
        let mut completed = drv.clone();
        for (_, output) in completed.outputs.iter_mut() {
            if matches!(output, Output::InputAddressed(_)) {
                *output = Output::Deferred;
            }
        }
        let completed_kind = completed.kind()?;
        let mut text = std::mem::take(&mut self.text);
        let added = self.complete(&mut completed, completed_kind, &mut text);
        self.text = text;
        let (expected, modulo) = added?;
        check_outputs(&drv, &completed)?;
        // A derivation that should have had its outputs' paths filled in has failed the check above, so the completed
        // one is the given one from here on.
        debug_assert_eq!(kind, completed.kind()?);
        if *path != expected {
            return Err(StoreError::WrongPath {
                path: path.clone(),
                expected,
            });
        }
        self.keep(path, completed, modulo);
        Ok(())
    }

    /// Puts a derivation in the store unless it is there already.
    fn keep(&mut self, path: &StorePath, derivation: Derivation, modulo: Modulo) {
        if let Entry::Vacant(free) = self.derivations.entry(path.clone()) {
            free.insert(Known { derivation, modulo });
            self.rounds.note(path);
        }
    }

    /// Begins a round, at whose end the derivations and texts that were added in it are taken out again. Rounds may be
    /// inside each other.
    pub fn begin_round(&mut self) -> Round {
        self.rounds.begin()
    }

    /// Ends the innermost round. Sources stay, as whoever hashed one may remember its path.
    pub fn end_round(&mut self, round: Round) {
        for path in self.rounds.end(round) {
            self.derivations.remove(&path);
            self.objects.remove(&path);
        }
    }

    /// Ends the innermost round, and keeps what was added in it.
    pub fn keep_round(&mut self, round: Round) {
        drop(self.rounds.end(round));
    }

    /// Makes the paths of deferred outputs, and returns the derivation's own path and how dependents name it.
    fn complete(
        &self,
        drv: &mut Derivation,
        kind: DerivationKind,
        text: &mut Text,
    ) -> Result<(StorePath, Modulo), StoreError> {
        text.begin(drv)?;
        let modulo = if kind == DerivationKind::Fixed {
            // Dependents see only what a fixed-output derivation yields, never its inputs.
            modulo_of_fixed(drv)?
        } else {
            let inputs_deferred = self.name_inputs_by_hash(drv, text)?;
            let deferred = inputs_deferred || matches!(kind, DerivationKind::Floating | DerivationKind::Impure);
            if kind == DerivationKind::Deferred && !deferred {
                let hash = sha256(&text.hash_modulo(drv, true)?);
                fill_in(drv, &hash)?;
            }
            Modulo {
                hash: hexadecimal(&text.hash_modulo(drv, false)?),
                deferred,
            }
        };
        let hash = sha256(&text.hash_file(drv)?);
        let file_name = [&drv.name, DRV_EXTENSION].concat();
        let path = text_path(file_name.as_bytes(), &hash, drv.references())?;
        Ok((path, modulo))
    }

    /// Sets in `text` the hashes that stand for the inputs, and returns whether the output paths of any are unknown.
    fn name_inputs_by_hash(&self, drv: &Derivation, text: &mut Text) -> Result<bool, StoreError> {
        let mut inputs: Vec<(&InputHash, &OutputName)> = Vec::with_capacity(drv.input_derivations.len());
        let mut deferred = false;
        for (path, outputs) in &drv.input_derivations {
            let known = self
                .derivations
                .get(path)
                .ok_or_else(|| StoreError::UnknownInput(path.clone()))?;
            deferred |= known.modulo.deferred;
            for output in &outputs.names {
                if !known.derivation.outputs.contains_key(output) {
                    return Err(StoreError::NoSuchOutput {
                        output: output.clone(),
                        derivation: drv.name.clone(),
                    });
                }
                inputs.push((&known.modulo.hash, output));
            }
        }
        // Two ways to make the same thing have one hash, and are one input.
        inputs.sort_unstable();
        inputs.dedup();
        text.set_inputs(&inputs);
        Ok(deferred)
    }

    /// Returns a derivation that was added.
    pub fn derivation(&self, path: &StorePath) -> Option<&Derivation> {
        self.derivations.get(path).map(|known| &known.derivation)
    }

    /// Returns the bytes of the file of a derivation that was added. They are written anew on each call.
    pub fn aterm(&self, path: &StorePath) -> Option<Vec<u8>> {
        // Whatever was added has been written once, so writing it again does not fail.
        self.derivation(path)?.to_aterm().ok()
    }

    /// Returns an object that was added and is no derivation.
    pub fn object(&self, path: &StorePath) -> Option<&Object> {
        self.objects.get(path)
    }

    /// Returns whether anything was added under this path.
    pub fn contains(&self, path: &StorePath) -> bool {
        self.derivations.contains_key(path) || self.objects.contains_key(path)
    }

    /// Adds a text file, as `builtins.toFile` does, and returns its path.
    pub fn add_text(
        &mut self,
        name: &[u8],
        bytes: impl Into<Arc<[u8]>>,
        references: SortedSet<StorePath>,
    ) -> Result<StorePath, StoreError> {
        let bytes = bytes.into();
        let path = text_path(name, &HashAlgo::Sha256.hash(&bytes), &references)?;
        if let Entry::Vacant(free) = self.objects.entry(path.clone()) {
            free.insert(Object {
                origin: Origin::Bytes(bytes),
                references,
            });
            self.rounds.note(&path);
        }
        Ok(path)
    }

    /// Adds an object by the hash of its contents, and returns its path.
    ///
    /// If the path is there already, its first origin is kept.
    pub fn add_source(
        &mut self,
        name: &[u8],
        address: &ContentAddress,
        references: SortedSet<StorePath>,
        origin: Origin,
    ) -> Result<StorePath, StoreError> {
        let path = content_addressed_path(
            name,
            address,
            &References {
                others: &references,
                own: false,
            },
        )?;
        self.objects
            .entry(path.clone())
            .or_insert(Object { origin, references });
        Ok(path)
    }

    /// Returns a derivation and all that it needs, directly or not: each once, a derivation before its inputs.
    ///
    /// Inputs that were never added are left out.
    pub fn closure(&self, root: &StorePath) -> Closure<'_> {
        let root = self.derivations.get_key_value(root).map(|(path, _)| path);
        Closure {
            store: self,
            seen: root.into_iter().collect(),
            pending: root.into_iter().collect(),
        }
    }

    /// Returns everything that the file at `root` points to, directly or not, and `root` itself, in order.
    ///
    /// This is what a string with the whole of a derivation in its context stands for. Every path on the way must have
    /// been added.
    pub fn references_closure(&self, root: &StorePath) -> Result<SortedSet<StorePath>, StoreError> {
        let mut seen = FxHashSet::from_iter([root]);
        let mut pending = vec![root];
        while let Some(path) = pending.pop() {
            let mut visit = |reference| {
                if seen.insert(reference) {
                    pending.push(reference);
                }
            };
            if let Some(known) = self.derivations.get(path) {
                known.derivation.references().for_each(&mut visit);
            } else if let Some(object) = self.objects.get(path) {
                object.references.iter().for_each(&mut visit);
            } else {
                return Err(StoreError::NotValid(path.clone()));
            }
        }
        Ok(seen.into_iter().cloned().collect())
    }
}

/// The derivations that a derivation needs; see [`VirtualStore::closure`].
#[derive(Debug)]
pub struct Closure<'a> {
    store: &'a VirtualStore,
    seen: FxHashSet<&'a StorePath>,
    pending: Vec<&'a StorePath>,
}

impl<'a> Iterator for Closure<'a> {
    type Item = (&'a StorePath, &'a Derivation);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let path = self.pending.pop()?;
            let Some(derivation) = self.store.derivation(path) else {
                continue;
            };
            for input in derivation.input_derivations.keys() {
                if self.seen.insert(input) {
                    self.pending.push(input);
                }
            }
            return Some((path, derivation));
        }
    }
}

/// Turns deferred outputs into input-addressed ones, where `hash` is the derivation's hash without their paths.
fn fill_in(drv: &mut Derivation, hash: &Hash) -> Result<(), StoreError> {
    for (name, output) in drv.outputs.iter_mut() {
        let path = output_path(name, hash, &drv.name)?;
        if let Some(value) = drv.env.get_mut(&name[..]) {
            *value = path.to_path().into_bytes().into();
        }
        *output = Output::InputAddressed(path);
    }
    Ok(())
}

/// Checks the outputs of a derivation, and their variables, against those that follow from the rest of it.
fn check_outputs(drv: &Derivation, completed: &Derivation) -> Result<(), StoreError> {
    for ((name, output), (_, expected)) in drv.outputs.iter().zip(&completed.outputs) {
        let expected = match (output, expected) {
            (Output::InputAddressed(path), Output::InputAddressed(expected)) if path != expected => {
                return Err(StoreError::WrongOutput {
                    path: path.clone(),
                    expected: expected.clone(),
                });
            }
            (Output::InputAddressed(path), Output::Deferred) => return Err(StoreError::NotDeferred(path.clone())),
            (_, Output::InputAddressed(expected)) => expected.clone(),
            (_, Output::Fixed(address)) => fixed_path(address, &drv.name, name)?,
            _ => continue,
        };
        match drv.env.get(&name[..]) {
            None => {
                return Err(StoreError::MissingVariable {
                    output: name.clone(),
                    expected,
                });
            }
            Some(actual) if **actual != *expected.to_path().as_bytes() => {
                return Err(StoreError::WrongVariable {
                    output: name.clone(),
                    expected,
                    actual: lossy(actual),
                });
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Returns how dependents name a fixed-output derivation.
fn modulo_of_fixed(drv: &Derivation) -> Result<Modulo, StoreError> {
    let mut hash = [0; 64];
    for (name, output) in &drv.outputs {
        if let Output::Fixed(address) = output {
            let path = fixed_path(address, &drv.name, name)?;
            hash = hexadecimal(&hash_of_fixed(address, &path));
        }
    }
    Ok(Modulo { hash, deferred: false })
}

/// Returns the outputs of a completed derivation with what dependents write for them.
fn output_paths(drv: &Derivation, path: &StorePath) -> Result<Vec<(OutputName, OutputPath)>, StoreError> {
    let pair = |(name, output): &(OutputName, Output)| {
        let known = output.path(&drv.name, name)?;
        let written = match known {
            Some(path) => OutputPath::Known(path),
            None => OutputPath::Unknown(DownstreamPlaceholder::of_unknown_output(path, name)?),
        };
        Ok((name.clone(), written))
    };
    drv.outputs.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derivation::InputOutputs;

    fn simple(name: &str) -> Derivation {
        let env = [("builder", "/bin/sh"), ("name", name), ("system", "x86_64-linux")];
        Derivation {
            name: name.into(),
            outputs: [(OutputName::OUT, Output::Deferred)].into_iter().collect(),
            platform: b"x86_64-linux"[..].into(),
            builder: b"/bin/sh"[..].into(),
            env: env
                .into_iter()
                .map(|(name, value)| (name.as_bytes().to_vec().into(), value.as_bytes().to_vec().into()))
                .collect(),
            ..Derivation::default()
        }
    }

    #[test]
    fn paths_of_a_small_derivation() {
        let mut drv = simple("a");
        drv.args = vec![b"-c"[..].into(), b"echo \"hi\" > $out\n\t\\"[..].into()];
        let added = VirtualStore::new().add_derivation(drv).unwrap();
        assert_eq!(
            added.path.to_path(),
            "/nix/store/iygbl2ylbsdn3cakmhp9viikxgm6i2c3-a.drv"
        );
        assert_eq!(
            added.outputs[0].1.render(),
            "/nix/store/ldvc6np676qvhflm7645kq27lpa2gnxc-a"
        );
    }

    #[test]
    fn unknown_inputs_are_named() {
        let mut store = VirtualStore::new();
        let input = store.add_derivation(simple("input")).unwrap().path;
        let mut drv = simple("a");
        drv.add_input(input.clone(), OutputName::new("dev"));
        assert_eq!(
            store.add_derivation(drv.clone()).map_err(|error| error.to_string()),
            Err("no hash for output 'dev' of derivation 'a'".into())
        );
        drv.input_derivations = [(input.clone(), InputOutputs::of([OutputName::OUT]))]
            .into_iter()
            .collect();
        assert!(store.add_derivation(drv.clone()).is_ok());
        assert_eq!(
            VirtualStore::new()
                .add_derivation(drv)
                .map_err(|error| error.to_string()),
            Err(format!("store path '{input}' does not exist"))
        );
    }
}
