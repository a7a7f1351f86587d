//! Placeholders: texts that stand for output paths which are not known yet.

use sha2::{Digest, Sha256};

use crate::make_path::{compress, output_path_name};
use crate::nix32;
use crate::output_name::OutputName;
use crate::store_path::{StorePath, StorePathError};

/// Returns what a derivation writes for its own output before its path is known, as `builtins.placeholder` does.
///
/// The builder finds it replaced by the path.
pub fn output_placeholder(output: &OutputName) -> String {
    let mut hash = Sha256::new();
    hash.update(b"nix-output:");
    hash.update(output);
    render(&hash.finalize().into())
}

/// What a derivation writes for an output of another derivation before its path is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DownstreamPlaceholder {
    digest: [u8; 32],
}

impl DownstreamPlaceholder {
    /// Returns the placeholder of an output of a known derivation whose outputs' paths are not known.
    pub fn of_unknown_output(derivation: &StorePath, output: &OutputName) -> Result<Self, StorePathError> {
        let mut hash = Sha256::new();
        hash.update(b"nix-upstream-output:");
        hash.update(derivation.digest_digits());
        hash.update(b":");
        hash.update(output_path_name(derivation.derivation_name()?, output));
        Ok(Self {
            digest: hash.finalize().into(),
        })
    }

    /// Returns the placeholder of an output of the derivation that this placeholder stands for.
    pub fn of_unknown_derivation(&self, output: &OutputName) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"nix-computed-output:");
        hash.update(nix32::encode(&compress::<20>(&self.digest)));
        hash.update(b":");
        hash.update(output);
        Self {
            digest: hash.finalize().into(),
        }
    }

    /// Returns the text: a slash and 52 digits.
    pub fn render(&self) -> String {
        render(&self.digest)
    }
}

fn render(digest: &[u8; 32]) -> String {
    let mut out = String::from("/");
    nix32::encode_into(digest, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_of_own_outputs() {
        // Asked of Nix 2.34.8 with `builtins.placeholder`.
        for (output, text) in [
            ("out", "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9"),
            ("lib", "/0sra2y18lr3h6j58qjm0w46yv36h1wjmilb09n8aimdpivdymscx"),
        ] {
            assert_eq!(output_placeholder(&OutputName::new(output)), text);
        }
    }

    #[test]
    fn only_derivations_have_outputs() {
        let source = StorePath::new(&[0; 20], b"x").unwrap();
        assert!(DownstreamPlaceholder::of_unknown_output(&source, &OutputName::OUT).is_err());
    }
}
