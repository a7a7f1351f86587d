//! Writing derivations.
//!
//! A derivation is hashed up to three times when it is added to a store: with and without its outputs' paths, naming
//! its inputs by hash, and once more as the file it becomes, naming them by path. Everything after the inputs is
//! the same each time but for the values of the variables that are named as outputs. So the text is written once, in
//! three parts, and these values are left out of the last part and remembered as [`Hole`]s.

use thiserror::Error;

use crate::derivation::{Derivation, InputOutputs, Output, STRUCTURED_ATTRS_VARIABLE, fixed_path};
use crate::hash::HashFormat;
use crate::make_path::MakePathError;
use crate::output_name::OutputName;

/// Why a derivation cannot be written. The messages are Nix's.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PrintError {
    /// The environment has a variable that stands for the structured attributes.
    #[error("Cannot have an environment variable named '__json'. This key is reserved for encoding structured attrs")]
    ReservedVariable,
    /// A fixed output has no path.
    #[error(transparent)]
    Path(#[from] MakePathError),
}

/// The value of an environment variable that was left out of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hole {
    /// Where in the text the value belongs.
    pub at: usize,
    /// The variable's place in the environment.
    pub variable: usize,
}

/// A hash that stands for an input derivation, in hexadecimal.
pub(crate) type InputHash = [u8; 64];

impl Derivation {
    /// Returns the bytes of the derivation's file.
    pub fn to_aterm(&self) -> Result<Vec<u8>, PrintError> {
        let mut out = Vec::new();
        self.write_aterm(&mut out)?;
        Ok(out)
    }

    /// Appends the bytes of the derivation's file to `out`.
    pub fn write_aterm(&self, out: &mut Vec<u8>) -> Result<(), PrintError> {
        write_head(self, false, out)?;
        write_inputs_by_path(self, out);
        let mut tail = Vec::with_capacity(1024);
        let mut holes = Vec::new();
        write_tail(self, &mut tail, &mut holes)?;
        feed_tail(self, &tail, &holes, false, |piece| out.extend_from_slice(piece));
        Ok(())
    }
}

/// Appends everything before the inputs to `out`; the paths of the outputs are left empty if `masked`.
pub(crate) fn write_head(drv: &Derivation, masked: bool, out: &mut Vec<u8>) -> Result<(), PrintError> {
    out.extend_from_slice(if drv.has_dynamic_input() {
        b"DrvWithVersion(\"xp-dyn-drv\",["
    } else {
        b"Derive(["
    });
    for (place, (name, output)) in drv.outputs.iter().enumerate() {
        separate(place, out);
        out.push(b'(');
        quote(name, out);
        out.extend_from_slice(b",\"");
        match output {
            Output::InputAddressed(path) => {
                if !masked {
                    path.write_path(out);
                }
                out.extend_from_slice(b"\",\"\",\"\")");
            }
            Output::Deferred => out.extend_from_slice(b"\",\"\",\"\")"),
            Output::Fixed(address) => {
                if !masked {
                    fixed_path(address, &drv.name, name)?.write_path(out);
                }
                out.extend_from_slice(b"\",\"");
                out.extend_from_slice(address.method.prefix().as_bytes());
                out.extend_from_slice(address.hash.algo().name().as_bytes());
                out.extend_from_slice(b"\",\"");
                out.extend_from_slice(address.hash.to_text(HashFormat::Base16, false).as_bytes());
                out.extend_from_slice(b"\")");
            }
            Output::Floating { method, algo } => {
                out.extend_from_slice(b"\",\"");
                out.extend_from_slice(method.prefix().as_bytes());
                out.extend_from_slice(algo.name().as_bytes());
                out.extend_from_slice(b"\",\"\")");
            }
            Output::Impure { method, algo } => {
                out.extend_from_slice(b"\",\"");
                out.extend_from_slice(method.prefix().as_bytes());
                out.extend_from_slice(algo.name().as_bytes());
                out.extend_from_slice(b"\",\"impure\")");
            }
        }
    }
    out.extend_from_slice(b"],[");
    Ok(())
}

/// Appends the input derivations, named by path, to `out`.
pub(crate) fn write_inputs_by_path(drv: &Derivation, out: &mut Vec<u8>) {
    for (place, (path, outputs)) in drv.input_derivations.iter().enumerate() {
        separate(place, out);
        out.extend_from_slice(b"(\"");
        path.write_path(out);
        out.push(b'"');
        write_input_outputs(outputs, out);
        out.push(b')');
    }
}

/// Appends the input derivations, named by hash, to `out`; `inputs` is sorted and has each pair once.
pub(crate) fn write_inputs_by_hash(inputs: &[(&InputHash, &OutputName)], out: &mut Vec<u8>) {
    for (place, group) in inputs.chunk_by(|left, right| left.0 == right.0).enumerate() {
        separate(place, out);
        out.push(b'(');
        quote(group[0].0, out);
        out.push(b',');
        write_list(group.iter().map(|(_, name)| &name[..]), quote, out);
        out.push(b')');
    }
}

/// Appends everything after the input derivations to `out`, but for the values of the variables named as outputs, which
/// become holes.
pub(crate) fn write_tail(drv: &Derivation, out: &mut Vec<u8>, holes: &mut Vec<Hole>) -> Result<(), PrintError> {
    out.extend_from_slice(b"],[");
    for (place, path) in drv.input_sources.iter().enumerate() {
        separate(place, out);
        out.push(b'"');
        path.write_path(out);
        out.push(b'"');
    }
    out.extend_from_slice(b"],");
    quote(&drv.platform, out);
    out.push(b',');
    quote_escaped(&drv.builder, out);
    out.push(b',');
    write_list(drv.args.iter().map(|arg| &**arg), quote_escaped, out);
    out.extend_from_slice(b",[");
    let mut attrs = drv.structured_attrs.as_deref();
    let write_variable = |name: &[u8], out: &mut Vec<u8>| {
        // The part before the variables ends in a bracket, and every variable in a parenthesis.
        if out.last() == Some(&b')') {
            out.push(b',');
        }
        out.push(b'(');
        quote_escaped(name, out);
        out.push(b',');
    };
    for (variable, (name, value)) in drv.env.iter().enumerate() {
        if *name == STRUCTURED_ATTRS_VARIABLE {
            return Err(PrintError::ReservedVariable);
        }
        if **name > *STRUCTURED_ATTRS_VARIABLE
            && let Some(json) = attrs.take()
        {
            write_variable(STRUCTURED_ATTRS_VARIABLE, out);
            quote_escaped(json, out);
            out.push(b')');
        }
        write_variable(name, out);
        if drv.outputs.contains_key(&**name) {
            out.push(b'"');
            holes.push(Hole {
                at: out.len(),
                variable,
            });
            out.extend_from_slice(b"\")");
        } else {
            quote_escaped(value, out);
            out.push(b')');
        }
    }
    if let Some(json) = attrs {
        write_variable(STRUCTURED_ATTRS_VARIABLE, out);
        quote_escaped(json, out);
        out.push(b')');
    }
    out.extend_from_slice(b"])");
    Ok(())
}

/// Hands a tail to `sink` piece by piece, with its holes filled, or left empty if `masked`.
pub(crate) fn feed_tail(drv: &Derivation, tail: &[u8], holes: &[Hole], masked: bool, mut sink: impl FnMut(&[u8])) {
    let mut start = 0;
    let mut value = Vec::new();
    for hole in holes {
        sink(&tail[start..hole.at]);
        start = hole.at;
        if !masked {
            value.clear();
            escape(&drv.env[hole.variable].1, &mut value);
            sink(&value);
        }
    }
    sink(&tail[start..]);
}

/// Appends the names of outputs, after a comma.
fn write_input_outputs(outputs: &InputOutputs, out: &mut Vec<u8>) {
    out.push(b',');
    let names = outputs.names.iter().map(|name| &name[..]);
    if outputs.dynamic.is_empty() {
        write_list(names, quote, out);
        return;
    }
    out.push(b'(');
    write_list(names, quote, out);
    out.extend_from_slice(b",[");
    for (place, (name, inner)) in outputs.dynamic.iter().enumerate() {
        separate(place, out);
        out.push(b'(');
        quote(name, out);
        write_input_outputs(inner, out);
        out.push(b')');
    }
    out.extend_from_slice(b"])");
}

/// Appends a comma unless `place` is that of a first element.
fn separate(place: usize, out: &mut Vec<u8>) {
    if place > 0 {
        out.push(b',');
    }
}

/// Appends a list, its elements written with `write`.
fn write_list<'a>(elements: impl Iterator<Item = &'a [u8]>, write: impl Fn(&[u8], &mut Vec<u8>), out: &mut Vec<u8>) {
    out.push(b'[');
    for (place, element) in elements.enumerate() {
        separate(place, out);
        write(element, out);
    }
    out.push(b']');
}

/// Appends a text between quotes as it is, as Nix writes names, paths and the platform.
fn quote(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
}

/// Appends a text between quotes, with escapes.
fn quote_escaped(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    escape(text, out);
    out.push(b'"');
}

/// The letter after the backslash for each byte that is escaped, and 0 for the others.
const ESCAPES: [u8; 256] = {
    let mut escapes = [0; 256];
    escapes[b'"' as usize] = b'"';
    escapes[b'\\' as usize] = b'\\';
    escapes[b'\n' as usize] = b'n';
    escapes[b'\r' as usize] = b'r';
    escapes[b'\t' as usize] = b't';
    escapes
};

/// Appends a text with escapes, copying whole runs of plain bytes.
fn escape(text: &[u8], out: &mut Vec<u8>) {
    let mut start = 0;
    for (place, &byte) in text.iter().enumerate() {
        let letter = ESCAPES[usize::from(byte)];
        if letter != 0 {
            out.extend_from_slice(&text[start..place]);
            out.extend_from_slice(&[b'\\', letter]);
            start = place + 1;
        }
    }
    out.extend_from_slice(&text[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the variables as they are written, for a derivation with these and with structured attributes.
    fn variables(names: &[&str], attrs: Option<&str>) -> Result<String, PrintError> {
        let drv = Derivation {
            env: names
                .iter()
                .map(|name| (name.as_bytes().to_vec().into(), b"v"[..].into()))
                .collect(),
            structured_attrs: attrs.map(|attrs| attrs.as_bytes().to_vec()),
            ..Derivation::default()
        };
        let text = String::from_utf8(drv.to_aterm()?).unwrap();
        Ok(text
            .strip_prefix(r#"Derive([],[],[],"","",[],["#)
            .expect(&text)
            .strip_suffix("])")
            .expect(&text)
            .into())
    }

    #[test]
    fn structured_attributes_stand_in_order() {
        for (names, attrs, expected) in [
            (&[][..], None, ""),
            (&[], Some("{}"), r#"("__json","{}")"#),
            (
                &["Z", "out"],
                Some(r#"{"a":1}"#),
                r#"("Z","v"),("__json","{\"a\":1}"),("out","v")"#,
            ),
            (&["Z"], Some("{}"), r#"("Z","v"),("__json","{}")"#),
            (&["out"], Some("{}"), r#"("__json","{}"),("out","v")"#),
            (&["b", "a"], None, r#"("a","v"),("b","v")"#),
        ] {
            assert_eq!(variables(names, attrs).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn the_variable_of_structured_attributes_is_taken() {
        assert_eq!(
            variables(&["__json"], None).map_err(|error| error.to_string()),
            Err(
                "Cannot have an environment variable named '__json'. This key is reserved for encoding structured \
                 attrs"
                    .into()
            )
        );
    }

    #[test]
    fn only_the_builder_arguments_and_variables_are_escaped() {
        let drv = Derivation {
            platform: b"a\tb"[..].into(),
            builder: b"a\tb"[..].into(),
            args: vec![b"\"\\\r\n\x01\xff"[..].into()],
            env: [(b"\n"[..].into(), b"\t"[..].into())].into_iter().collect(),
            ..Derivation::default()
        };
        assert_eq!(
            drv.to_aterm().unwrap(),
            b"Derive([],[],[],\"a\tb\",\"a\\tb\",[\"\\\"\\\\\\r\\n\x01\xff\"],[(\"\\n\",\"\\t\")])"
        );
    }

    #[test]
    fn masking_leaves_out_what_outputs_are_called() {
        let drv = Derivation {
            outputs: [(OutputName::OUT, Output::Deferred)].into_iter().collect(),
            env: [("a", "1"), ("out", "two\n"), ("z", "3")]
                .map(|(k, v)| (k.as_bytes().into(), v.as_bytes().into()))
                .into_iter()
                .collect(),
            ..Derivation::default()
        };
        let (mut tail, mut holes) = (Vec::new(), Vec::new());
        write_tail(&drv, &mut tail, &mut holes).unwrap();
        for (masked, value) in [(true, ""), (false, "two\\n")] {
            let mut text = Vec::new();
            feed_tail(&drv, &tail, &holes, masked, |piece| text.extend_from_slice(piece));
            let expected = format!(r#"],[],"","",[],[("a","1"),("out","{value}"),("z","3")])"#);
            assert_eq!(String::from_utf8(text).unwrap(), expected);
        }
    }
}
