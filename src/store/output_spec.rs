//! Which outputs of a derivation someone asks for, as in `DERIVATION^out,dev`.

use std::fmt;

use crate::output_name::OutputName;
use crate::sorted::SortedSet;
use crate::store_path::{NameError, check_name};

/// A choice among the outputs of a derivation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputSpec {
    /// All outputs, written `*`.
    All,
    /// The outputs of these names, written with commas between them.
    Names(SortedSet<OutputName>),
}

impl OutputSpec {
    /// Parses what stands after the `^`.
    pub fn parse(text: &[u8]) -> Result<Self, NameError> {
        if text == b"*" {
            return Ok(Self::All);
        }
        let names = text.split(|&byte| byte == b',');
        let names = names.map(|name| check_name(name).map(OutputName::new));
        names.collect::<Result<SortedSet<_>, _>>().map(Self::Names)
    }

    /// Splits a text at the last `^`, and parses what stands after it; `None` if there is no `^`, or if what stands after
    /// it is no choice of outputs.
    pub fn split(text: &[u8]) -> Option<(&[u8], Self)> {
        let place = text.iter().rposition(|&byte| byte == b'^')?;
        Some((&text[..place], Self::parse(&text[place + 1..]).ok()?))
    }

    /// Returns whether an output is chosen.
    pub fn contains(&self, output: &OutputName) -> bool {
        match self {
            Self::All => true,
            Self::Names(names) => names.contains(output),
        }
    }
}

impl fmt::Display for OutputSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Names(names) = self else {
            return f.write_str("*");
        };
        for (place, name) in names.iter().enumerate() {
            write!(f, "{}{name}", if place > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn choices_of_outputs() {
        for (text, rest, written) in [
            ("x^*", "x", "*"),
            ("x^out", "x", "out"),
            ("x^out,dev,out", "x", "dev,out"),
            ("a^b^out", "a^b", "out"),
            ("^out", "", "out"),
        ] {
            let (before, spec) = OutputSpec::split(text.as_bytes()).expect(text);
            assert_eq!(
                (before, spec.to_string().as_str()),
                (rest.as_bytes(), written),
                "{text}"
            );
        }
        for text in ["x", "x^", "x^out,", "x^a b", "x^*,out"] {
            assert_eq!(OutputSpec::split(text.as_bytes()), None, "{text}");
        }
        let spec = OutputSpec::parse(b"dev").unwrap();
        assert!(spec.contains(&OutputName::new("dev")) && !spec.contains(&OutputName::OUT));
        assert!(OutputSpec::All.contains(&OutputName::OUT));
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in proptest::collection::vec(any::<u8>(), 0..20)) {
            if let Ok(spec) = OutputSpec::parse(&text) {
                prop_assert_eq!(OutputSpec::parse(spec.to_string().as_bytes()), Ok(spec));
            }
            let _ = OutputSpec::split(&text);
        }
    }
}
