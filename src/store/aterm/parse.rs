//! Reading derivations.
//!
//! Accepts what Nix accepts, which is a little more than it writes: a comma may lack or be too many in a list, any byte
//! may be escaped, and what follows the last parenthesis is not looked at. One thing differs: the text of the structured
//! attributes is kept as it is, where Nix reads the JSON and writes it anew. For files that Nix has written this is the
//! same.

use std::borrow::Cow;

use thiserror::Error;

use crate::content_address::{ContentAddress, ContentAddressMethod};
use crate::derivation::{Derivation, InputOutputs, Output, STRUCTURED_ATTRS_VARIABLE};
use crate::hash::{Hash, HashAlgo, HashError, lossy};
use crate::output_name::OutputName;
use crate::sorted::{SortedMap, SortedSet};
use crate::store_path::{StorePath, StorePathError};

/// How many derivations that are outputs of derivations an input may lie behind. Nix has no limit but its stack.
const MAX_DYNAMIC_DEPTH: usize = 64;

/// Why a text is no derivation. The messages are Nix's where Nix has one.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AtermError {
    /// The text begins in another way.
    #[error("derivation does not start with 'Derive' or 'DrvWithVersion'")]
    NoDerivation,
    /// The text goes on in another way.
    #[error("expected string '{0}'")]
    Expected(&'static str),
    /// A string has no end.
    #[error("unterminated string in derivation")]
    Unterminated,
    /// The format has a version that is not known.
    #[error("Unknown derivation ATerm format version '{0}'")]
    UnknownVersion(String),
    /// The outputs of an input derivation are neither a list nor a pair.
    #[error("invalid inputDrvs entry in derivation")]
    BadInput,
    /// Too many derivations that are outputs of derivations lie between an input and the derivation.
    #[error("dynamic derivations are nested more than {MAX_DYNAMIC_DEPTH} deep")]
    TooDeep,
    /// A path does not begin with a slash.
    #[error("bad path '{0}' in derivation")]
    BadPath(String),
    /// A path is no store path.
    #[error(transparent)]
    StorePath(#[from] StorePathError),
    /// The algorithm or hash of an output is wrong.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// An impure output has a path.
    #[error("impure derivation output should not specify output path")]
    ImpureWithPath,
    /// A floating output has a path.
    #[error("content-addressing derivation output should not specify output path")]
    FloatingWithPath,
}

impl Derivation {
    /// Reads the bytes of a derivation's file; `name` is the name from its path, without `.drv`.
    ///
    /// Nothing is computed: whether the outputs' paths are right is for
    /// [`VirtualStore::add_existing`](crate::VirtualStore::add_existing) to tell.
    pub fn parse_aterm(bytes: &[u8], name: &str) -> Result<Self, AtermError> {
        let mut reader = Reader { rest: bytes };
        let dynamic = reader.read_start()?;
        let mut drv = Self {
            name: name.into(),
            ..Self::default()
        };

        reader.expect("[")?;
        let mut outputs = Vec::new();
        while !reader.at_end_of_list() {
            outputs.push(reader.read_output()?);
        }
        // Of two outputs with one name Nix keeps the first, and the map keeps the last.
        drv.outputs = outputs.into_iter().rev().collect();

        reader.expect(",[")?;
        let mut inputs = Vec::new();
        while !reader.at_end_of_list() {
            reader.expect("(")?;
            let path = reader.read_store_path()?;
            reader.expect(",")?;
            inputs.push((path, reader.read_input_outputs(dynamic, 0)?));
            reader.expect(")")?;
        }
        drv.input_derivations = inputs.into_iter().collect();

        reader.expect(",")?;
        reader.expect("[")?;
        let mut sources = Vec::new();
        while !reader.at_end_of_list() {
            sources.push(reader.read_store_path()?);
        }
        drv.input_sources = sources.into_iter().collect();

        reader.expect(",")?;
        drv.platform = reader.read_string()?.into_owned().into();
        reader.expect(",")?;
        drv.builder = reader.read_string()?.into_owned().into();
        reader.expect(",[")?;
        while !reader.at_end_of_list() {
            drv.args.push(reader.read_string()?.into_owned().into());
        }

        reader.expect(",[")?;
        let mut env = Vec::new();
        while !reader.at_end_of_list() {
            reader.expect("(")?;
            let name = reader.read_string()?.into_owned();
            reader.expect(",")?;
            let value = reader.read_string()?.into_owned();
            reader.expect(")")?;
            if name == STRUCTURED_ATTRS_VARIABLE {
                drv.structured_attrs = Some(value);
            } else {
                env.push((name.into(), value.into()));
            }
        }
        drv.env = env.into_iter().collect();
        reader.expect(")")?;
        Ok(drv)
    }
}

/// What is left to be read.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `text`.
    fn expect(&mut self, text: &'static str) -> Result<(), AtermError> {
        self.rest = self
            .rest
            .strip_prefix(text.as_bytes())
            .ok_or(AtermError::Expected(text))?;
        Ok(())
    }

    /// Reads everything before the outputs, and returns whether inputs may be dynamic.
    fn read_start(&mut self) -> Result<bool, AtermError> {
        self.expect("D")?;
        match self.rest.first() {
            Some(b'e') => self.expect("erive(").map(|()| false),
            Some(b'r') => {
                self.expect("rvWithVersion(")?;
                let version = self.read_string()?;
                if *version != *b"xp-dyn-drv" {
                    return Err(AtermError::UnknownVersion(lossy(&version)));
                }
                self.expect(",").map(|()| true)
            }
            _ => Err(AtermError::NoDerivation),
        }
    }

    /// Goes past what stands after an element or before the first, and returns whether the list ends here.
    fn at_end_of_list(&mut self) -> bool {
        match self.rest {
            [b',', rest @ ..] => {
                self.rest = rest;
                false
            }
            [b']', rest @ ..] => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Reads a string between quotes, and resolves its escapes.
    fn read_string(&mut self) -> Result<Cow<'a, [u8]>, AtermError> {
        self.expect("\"")?;
        let text = self.rest;
        let plain = text
            .iter()
            .position(|&byte| matches!(byte, b'"' | b'\\'))
            .ok_or(AtermError::Unterminated)?;
        if text[plain] == b'"' {
            self.rest = &text[plain + 1..];
            return Ok(Cow::Borrowed(&text[..plain]));
        }
        let mut out = text[..plain].to_vec();
        let mut bytes = text[plain..].iter();
        loop {
            match bytes.next().ok_or(AtermError::Unterminated)? {
                b'"' => break,
                b'\\' => out.push(match bytes.next().ok_or(AtermError::Unterminated)? {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    &other => other,
                }),
                &other => out.push(other),
            }
        }
        self.rest = bytes.as_slice();
        Ok(Cow::Owned(out))
    }

    /// Reads a string that is an absolute path in the store.
    fn read_store_path(&mut self) -> Result<StorePath, AtermError> {
        parse_path(&self.read_string()?)
    }

    /// Reads a list of names.
    fn read_names(&mut self) -> Result<SortedSet<OutputName>, AtermError> {
        self.expect("[")?;
        let mut names = Vec::new();
        while !self.at_end_of_list() {
            names.push(OutputName::new(self.read_string()?));
        }
        Ok(names.into_iter().collect())
    }

    /// Reads a derivation's output with its name.
    fn read_output(&mut self) -> Result<(OutputName, Output), AtermError> {
        self.expect("(")?;
        let name = OutputName::new(self.read_string()?);
        self.expect(",")?;
        let path = self.read_string()?;
        self.expect(",")?;
        let algo = self.read_string()?;
        self.expect(",")?;
        let hash = self.read_string()?;
        self.expect(")")?;
        Ok((name, parse_output(&path, &algo, &hash)?))
    }

    /// Reads which outputs of an input derivation are inputs.
    fn read_input_outputs(&mut self, dynamic: bool, depth: usize) -> Result<InputOutputs, AtermError> {
        match self.rest.first() {
            _ if !dynamic => {}
            Some(b'[') => {}
            Some(b'(') => return self.read_dynamic_outputs(depth),
            _ => return Err(AtermError::BadInput),
        }
        Ok(InputOutputs {
            names: self.read_names()?,
            dynamic: SortedMap::new(),
        })
    }

    /// Reads which outputs of an input derivation are inputs or lead to inputs.
    fn read_dynamic_outputs(&mut self, depth: usize) -> Result<InputOutputs, AtermError> {
        if depth == MAX_DYNAMIC_DEPTH {
            return Err(AtermError::TooDeep);
        }
        self.expect("(")?;
        let names = self.read_names()?;
        self.expect(",[")?;
        let mut inner = Vec::new();
        while !self.at_end_of_list() {
            self.expect("(")?;
            let name = OutputName::new(self.read_string()?);
            self.expect(",")?;
            inner.push((name, self.read_input_outputs(true, depth + 1)?));
            self.expect(")")?;
        }
        self.expect(")")?;
        Ok(InputOutputs {
            names,
            dynamic: inner.into_iter().collect(),
        })
    }
}

/// Parses a path that must be absolute and in the store.
fn parse_path(path: &[u8]) -> Result<StorePath, AtermError> {
    check_path(path)?;
    Ok(StorePath::parse(path)?)
}

/// Checks that a path is absolute.
fn check_path(path: &[u8]) -> Result<(), AtermError> {
    if path.first() == Some(&b'/') {
        Ok(())
    } else {
        Err(AtermError::BadPath(lossy(path)))
    }
}

/// Makes an output of its three strings. The path of a fixed output is not kept, since it follows from the hash.
fn parse_output(path: &[u8], method_and_algo: &[u8], hash: &[u8]) -> Result<Output, AtermError> {
    if method_and_algo.is_empty() {
        return if path.is_empty() {
            Ok(Output::Deferred)
        } else {
            parse_path(path).map(Output::InputAddressed)
        };
    }
    let (method, algo) = ContentAddressMethod::split_prefix(method_and_algo);
    let algo = HashAlgo::parse(algo)?;
    match (hash, path.is_empty()) {
        (b"impure", true) => Ok(Output::Impure { method, algo }),
        (b"impure", false) => Err(AtermError::ImpureWithPath),
        (b"", true) => Ok(Output::Floating { method, algo }),
        (b"", false) => Err(AtermError::FloatingWithPath),
        (hash, _) => {
            check_path(path)?;
            Ok(Output::Fixed(ContentAddress {
                method,
                hash: Hash::parse_unprefixed(hash, algo)?,
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: &str = "/nix/store/iygbl2ylbsdn3cakmhp9viikxgm6i2c3-a.drv";
    const B: &str = "/nix/store/fgswndx3662hb1w2776dgx85zyz480y6-b";

    fn parse(text: &str) -> Result<Derivation, AtermError> {
        Derivation::parse_aterm(text.replace("$A", A).replace("$B", B).as_bytes(), "x")
    }

    /// A derivation with these outputs and inputs, and nothing else.
    fn small(outputs: &str, inputs: &str) -> String {
        format!(r#"Derive([{outputs}],[{inputs}],[],"s","b",[],[])"#)
    }

    #[test]
    fn strings_keep_their_bytes() {
        let drv = Derivation::parse_aterm(
            b"Derive([],[],[],\"\xff\",\"\\\"\\\\\\n\\r\\t\\x\",[\"\\\\\\\\\",\"\"],[(\"k\xfe\",\"\0\n\")])",
            "x",
        )
        .unwrap();
        assert_eq!(*drv.platform, *b"\xff");
        assert_eq!(*drv.builder, *b"\"\\\n\r\tx");
        assert_eq!(drv.args, [&b"\\\\"[..], b""]);
        assert_eq!(drv.env.get(&b"k\xfe"[..]), Some(&b"\0\n".to_vec().into()));
    }

    #[test]
    fn every_kind_of_output() {
        let zeros = "0".repeat(64);
        for (text, expected) in [
            (
                r#"("out","$B","","")"#.to_string(),
                Output::InputAddressed(StorePath::parse(B).unwrap()),
            ),
            (r#"("out","","","")"#.to_string(), Output::Deferred),
            (
                r#"("out","","text:sha256","")"#.to_string(),
                Output::Floating {
                    method: ContentAddressMethod::Text,
                    algo: HashAlgo::Sha256,
                },
            ),
            (
                r#"("out","","r:sha1","impure")"#.to_string(),
                Output::Impure {
                    method: ContentAddressMethod::Nar,
                    algo: HashAlgo::Sha1,
                },
            ),
            (
                format!(r#"("out","$B","sha256","{zeros}")"#),
                Output::Fixed(ContentAddress {
                    method: ContentAddressMethod::Flat,
                    hash: Hash::zero(HashAlgo::Sha256),
                }),
            ),
        ] {
            let drv = parse(&small(&text, "")).expect(&text);
            assert_eq!(drv.outputs.get(&b"out"[..]), Some(&expected), "{text}");
        }
    }

    #[test]
    fn of_two_outputs_the_first_counts() {
        let drv = parse(&small(r#"("a","","",""),("a","$B","","")"#, "")).unwrap();
        assert_eq!(drv.outputs.get(&b"a"[..]), Some(&Output::Deferred));
    }

    #[test]
    fn commas_are_loose_and_the_end_is_open() {
        let drv = parse(r#"Derive([],[],[],"s","b",[,"x""y"],[]) and more"#).unwrap();
        assert_eq!(drv.args, [b"x".to_vec(), b"y".to_vec()]);
    }

    #[test]
    fn complaints_are_nix_s() {
        for (text, message) in [
            (String::new(), "expected string 'D'"),
            (
                "D".into(),
                "derivation does not start with 'Derive' or 'DrvWithVersion'",
            ),
            ("Derive{".into(), "expected string 'erive('"),
            (
                r#"DrvWithVersion("2","#.into(),
                "Unknown derivation ATerm format version '2'",
            ),
            ("Derive([".into(), "expected string '('"),
            ("Derive([(\"out".into(), "unterminated string in derivation"),
            ("Derive([(\"out\\\"".into(), "unterminated string in derivation"),
            ("Derive([]".into(), "expected string ',['"),
            (small(r#"("out","x","","")"#, ""), "bad path 'x' in derivation"),
            (
                small(r#"("out","/x","","")"#, ""),
                "path \"/x\" is not in the Nix store",
            ),
            (
                small(r#"("out","$B","sha256","")"#, ""),
                "content-addressing derivation output should not specify output path",
            ),
            (
                small(r#"("out","$B","sha256","impure")"#, ""),
                "impure derivation output should not specify output path",
            ),
            (
                small(r#"("out","$B","sha256","00")"#, ""),
                "hash '00' has wrong length for hash algorithm 'sha256'",
            ),
            (small("", r#"("$A",(["out"],[]))"#), "expected string '['"),
            (
                small("", r#"("$A",x)"#).replace("Derive(", r#"DrvWithVersion("xp-dyn-drv","#),
                "invalid inputDrvs entry in derivation",
            ),
        ] {
            assert_eq!(parse(&text).expect_err(&text).to_string(), message, "{text}");
        }
    }

    #[test]
    fn nesting_is_limited() {
        let depth = 100_000;
        let inner = format!("{}[]{}", r#"([],[("o","#.repeat(depth), ")])".repeat(depth));
        let text = small("", &format!(r#"("$A",{inner})"#)).replace("Derive(", r#"DrvWithVersion("xp-dyn-drv","#);
        assert_eq!(parse(&text), Err(AtermError::TooDeep));
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'"'), Just(b'\\'), Just(b'\n')], 0..12)
    }

    fn name() -> impl Strategy<Value = OutputName> {
        "[a-z]{1,4}".prop_map(OutputName::new)
    }

    fn path() -> impl Strategy<Value = StorePath> {
        any::<[u8; 20]>().prop_map(|digest| StorePath::new(&digest, b"x.drv").unwrap())
    }

    fn method_and_algo() -> impl Strategy<Value = (ContentAddressMethod, HashAlgo)> {
        use ContentAddressMethod::{Flat, Git, Nar, Text};
        (
            prop_oneof![Just(Flat), Just(Nar), Just(Git), Just(Text)],
            prop_oneof![
                Just(HashAlgo::Md5),
                Just(HashAlgo::Sha1),
                Just(HashAlgo::Sha256),
                Just(HashAlgo::Sha512)
            ],
        )
    }

    fn output() -> impl Strategy<Value = Output> {
        prop_oneof![
            Just(Output::Deferred),
            path().prop_map(Output::InputAddressed),
            method_and_algo().prop_map(|(method, algo)| Output::Floating { method, algo }),
            method_and_algo().prop_map(|(method, algo)| Output::Impure { method, algo }),
            bytes().prop_map(|bytes| Output::Fixed(ContentAddress {
                method: ContentAddressMethod::Nar,
                hash: HashAlgo::Sha256.hash(bytes)
            })),
        ]
    }

    fn input_outputs() -> impl Strategy<Value = InputOutputs> {
        let leaf = proptest::collection::vec(name(), 0..3).prop_map(InputOutputs::of);
        leaf.prop_recursive(3, 8, 2, |inner| {
            (
                proptest::collection::vec(name(), 0..3),
                proptest::collection::vec((name(), inner), 0..3),
            )
                .prop_map(|(names, dynamic)| InputOutputs {
                    names: names.into_iter().collect(),
                    dynamic: dynamic.into_iter().collect(),
                })
        })
    }

    prop_compose! {
        fn derivation()(
            outputs in proptest::collection::vec((name(), output()), 0..4),
            sources in proptest::collection::vec(path(), 0..4),
            inputs in proptest::collection::vec((path(), input_outputs()), 0..4),
            platform in "[a-z0-9_-]{0,12}",
            builder in bytes(),
            args in proptest::collection::vec(bytes(), 0..4),
            env in proptest::collection::vec((bytes(), bytes()), 0..6),
            structured_attrs in proptest::option::of(bytes()),
        ) -> Derivation {
            Derivation {
                name: "x".into(),
                outputs: outputs.into_iter().collect(),
                input_sources: sources.into_iter().collect(),
                input_derivations: inputs.into_iter().collect(),
                platform: platform.into_bytes().into(),
                builder: builder.into(),
                args: args.into_iter().map(Into::into).collect(),
                env: env.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
                structured_attrs,
            }
        }
    }

    proptest! {
        #[test]
        fn writing_round_trips(drv in derivation()) {
            let text = drv.to_aterm().unwrap();
            let read = Derivation::parse_aterm(&text, "x");
            prop_assert_eq!(read.as_ref().map(|read| read.to_aterm().unwrap()), Ok(text));
            prop_assert_eq!(read, Ok(drv));
        }

        #[test]
        fn reading_never_panics(text in bytes(), cut in 0usize..400, drv in derivation()) {
            let _ = Derivation::parse_aterm(&text, "x");
            let mut whole = drv.to_aterm().unwrap();
            let cut = cut.min(whole.len());
            prop_assert!(cut == whole.len() || Derivation::parse_aterm(&whole[..cut], "x").is_err());
            whole.splice(cut.., text);
            let _ = Derivation::parse_aterm(&whole, "x");
        }
    }
}
