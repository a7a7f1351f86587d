//! `derivationStrict`: from an attribute set to a derivation in the store of this evaluation.
//!
//! Each attribute is turned into a string or JSON once, in the order of the names; what the strings
//! refer to becomes the derivation's inputs at the end. The messages, and the order in which things
//! are asked and checked, are Nix's.

use super::hashes::{disabled_feature, parse_hash_or_empty};
use super::{Entry, entry};
use crate::attrs::{Attr, Shape};
use crate::coerce::Coercion;
use crate::context::{Built, Deriver, Element};
use crate::error::{ErrorKind, Eval, Fail};
use crate::evaluator::Evaluator;
use crate::heap::{ContextId, Ref, Tag, Val};
use diag::Pos;
use rustc_hash::FxHashMap;
use std::rc::Rc;
use store::{
    ContentAddress, ContentAddressMethod, Derivation, HashAlgo, Instantiated, Output, OutputName, OutputPath,
    check_name,
};
use syntax::Symbol;

pub(super) const TABLE: &[Entry] = &[entry("derivationStrict", 1, derivation_strict).global()];

/// The shapes of results, by the names of the outputs.
pub(crate) type Shapes = FxHashMap<Vec<OutputName>, ResultShape>;

/// How the results of derivations with certain outputs look.
#[derive(Clone, Copy)]
pub(crate) struct ResultShape {
    shape: &'static Shape,
    /// For each attribute of the shape the output's index; none for `drvPath`.
    sources: &'static [Option<usize>],
}

/// A derivation in the making.
struct Draft {
    drv: Derivation,
    /// The structured attributes written so far, if the derivation has them.
    json: Option<Vec<u8>>,
    ignore_nulls: bool,
    contexts: Vec<ContextId>,
    content_addressed: bool,
    impure: bool,
    hash: Option<Vec<u8>>,
    algo: Option<HashAlgo>,
    method: Option<ContentAddressMethod>,
    outputs: Vec<OutputName>,
}

fn derivation_strict(ev: &mut Evaluator, args: &[Ref]) -> Eval<Val> {
    let text = "while evaluating the argument passed to builtins.derivationStrict";
    let set = ev.force_attrs(args[0], Pos::NONE, text)?;
    let text = "in the attrset passed as argument to builtins.derivationStrict";
    let attr = ev.require_attr(set, ev.names.name, text)?;
    let text = "while evaluating the `name` attribute passed to builtins.derivationStrict";
    let name = match ev.force_plain_string(attr.value, Pos::NONE, text) {
        Ok(name) => name,
        Err(fail) => return Err(ev.trace(fail, attr.pos, "while evaluating the derivation attribute 'name'")),
    };
    match make(ev, name, set) {
        Ok(value) => Ok(value),
        Err(fail) => Err(derivation_trace(ev, fail, name, attr)),
    }
}

#[cold]
fn derivation_trace(ev: &mut Evaluator, fail: Fail, name: &[u8], attr: Attr) -> Fail {
    let text = format!(
        "while evaluating derivation '{}'\n  whose name attribute is located at {}",
        String::from_utf8_lossy(name),
        ev.show_pos(attr.pos)
    );
    ev.trace(fail, Pos::NONE, text)
}

fn make(ev: &mut Evaluator, name: &[u8], set: Val) -> Eval<Val> {
    let name = match check_name(name) {
        Ok(name) => name.to_owned(),
        Err(error) => {
            let message = format!("invalid derivation name: {error}. Please pass a different 'name'.");
            return Err(ev.fail(ErrorKind::Eval, message));
        }
    };
    let structured = match ev.mem.attr(set, ev.names.structured_attrs) {
        Some(attr) => {
            let text = "while evaluating the `__structuredAttrs` attribute passed to builtins.derivationStrict";
            ev.force_bool(attr.value, Pos::NONE, text)?
        }
        None => false,
    };
    let ignore_nulls = match ev.mem.attr(set, ev.names.ignore_nulls) {
        Some(attr) => {
            let text = "while evaluating the `__ignoreNulls` attribute passed to builtins.derivationStrict";
            ev.force_bool(attr.value, Pos::NONE, text)?
        }
        None => false,
    };
    let mut draft = Draft {
        drv: Derivation {
            name,
            ..Derivation::default()
        },
        json: structured.then(|| b"{".to_vec()),
        ignore_nulls,
        contexts: Vec::new(),
        content_addressed: false,
        impure: false,
        hash: None,
        algo: None,
        method: None,
        outputs: vec![OutputName::OUT],
    };
    let entries = ev.mem.entries(set);
    let order = entries.shape.lexical(&ev.symbols, ev.mem.arena);
    for &index in order {
        let index = index as usize;
        let symbol = entries.shape.keys[index];
        if symbol == ev.names.ignore_nulls {
            continue;
        }
        if let Err(fail) = draft.attribute(ev, symbol, entries.values[index]) {
            return Err(attribute_trace(
                ev,
                fail,
                symbol,
                entries.shape.position(index),
                &draft.drv.name,
            ));
        }
    }
    if let Some(mut json) = draft.json.take() {
        json.push(b'}');
        draft.drv.structured_attrs = Some(json);
    }
    draft.add_inputs(ev)?;
    draft.check(ev)?;
    draft.add_outputs(ev)?;
    draft.look_for_own_path(ev);
    let added = match ev.store.add_derivation(draft.drv) {
        Ok(added) => added,
        Err(error) => return Err(ev.store_failed(error)),
    };
    Ok(result(ev, added))
}

#[cold]
fn attribute_trace(ev: &mut Evaluator, fail: Fail, symbol: Symbol, pos: Pos, name: &str) -> Fail {
    let text = format!(
        "while evaluating attribute '{}' of derivation '{name}'",
        syntax::identifier(&ev.symbols, symbol)
    );
    ev.trace(fail, pos, text)
}

impl Draft {
    /// Takes in one attribute.
    fn attribute(&mut self, ev: &mut Evaluator, symbol: Symbol, cell: Ref) -> Eval<()> {
        if self.ignore_nulls && ev.force(cell, Pos::NONE)?.tag() == Tag::Null {
            return Ok(());
        }
        let names = &ev.names;
        if symbol == names.content_addressed {
            if ev.force_bool(cell, Pos::NONE, "")? {
                self.content_addressed = true;
                require(ev, ev.settings.ca_derivations, "ca-derivations", "")?;
            }
            Ok(())
        } else if symbol == names.impure {
            if ev.force_bool(cell, Pos::NONE, "")? {
                self.impure = true;
                require(ev, ev.settings.impure_derivations, "impure-derivations", "")?;
            }
            Ok(())
        } else if symbol == names.args {
            self.arguments(ev, cell)
        } else if self.json.is_none() {
            self.variable(ev, symbol, cell)
        } else if symbol == names.structured_attrs {
            Ok(())
        } else {
            self.structured(ev, symbol, cell)
        }
    }

    fn arguments(&mut self, ev: &mut Evaluator, cell: Ref) -> Eval<()> {
        let elements = ev.force_list(cell, Pos::NONE, "")?;
        self.drv.args.reserve(elements.len());
        for &element in elements {
            let text = "while evaluating an element of the argument list";
            let string = ev.coerce_cell(element, Pos::NONE, text, Coercion::DERIVATION)?;
            ev.spend_on_text(string)?;
            let argument = self.take(string);
            self.drv.args.push(argument.into());
        }
        Ok(())
    }

    /// Returns a string's bytes, and keeps in mind what it refers to.
    fn take(&mut self, string: Val) -> &'static [u8] {
        self.refer(string.context());
        string.as_string().unwrap_or_default()
    }

    fn refer(&mut self, context: ContextId) {
        if context != ContextId::EMPTY && self.contexts.last() != Some(&context) {
            self.contexts.push(context);
        }
    }

    /// Takes in an attribute that becomes an environment variable.
    fn variable(&mut self, ev: &mut Evaluator, symbol: Symbol, cell: Ref) -> Eval<()> {
        let string = ev.coerce_cell(cell, Pos::NONE, "", Coercion::DERIVATION)?;
        ev.spend_on_text(string)?;
        let value = self.take(string);
        let names = &ev.names;
        if symbol == names.json {
            let warning = format!(
                "warning: In derivation '{}': setting structured attributes via '__json' is deprecated, and may be disallowed in future versions of Nix. Set '__structuredAttrs = true' instead.",
                self.drv.name
            );
            ev.io.message(warning.as_bytes());
            self.drv.structured_attrs = Some(super::structured::canonical(ev, value)?);
            return Ok(());
        }
        if symbol == names.builder {
            self.drv.builder = value.into();
        } else if symbol == names.system {
            self.drv.platform = value.into();
        } else if symbol == names.output_hash {
            self.hash = Some(value.to_vec());
        } else if symbol == names.output_hash_algo {
            self.algo = known_algo(ev, value)?;
        } else if symbol == names.output_hash_mode {
            self.mode(ev, value)?;
        } else if symbol == names.outputs {
            let words = value.split(|b| b" \t\n\r".contains(b)).filter(|word| !word.is_empty());
            let outputs: Vec<OutputName> = words.map(OutputName::new).collect();
            self.set_outputs(ev, outputs)?;
        }
        let variable = ev.symbol_string(symbol).as_string().unwrap_or_default();
        self.drv.env.insert(variable.into(), value.into());
        Ok(())
    }

    /// Takes in an attribute that becomes part of the structured attributes.
    fn structured(&mut self, ev: &mut Evaluator, symbol: Symbol, cell: Ref) -> Eval<()> {
        let value = ev.force(cell, Pos::NONE)?;
        let (json, context) = ev.to_json(value, true, Pos::NONE)?;
        self.refer(context);
        let key = ev.symbols.bytes(symbol).to_vec();
        if let Some(all) = &mut self.json {
            if all.len() > 1 {
                all.push(b',');
            }
            super::structured::push_key(ev, all, &key)?;
            all.push(b':');
            all.extend_from_slice(&json);
        }
        let names = &ev.names;
        if symbol == names.builder {
            let string = ev.force_string(cell, Pos::NONE, "")?;
            self.drv.builder = self.take(string).into();
        } else if symbol == names.system {
            self.drv.platform = ev.force_plain_string(cell, Pos::NONE, "")?.into();
        } else if symbol == names.output_hash {
            self.hash = Some(ev.force_plain_string(cell, Pos::NONE, "")?.to_vec());
        } else if symbol == names.output_hash_algo {
            let name = ev.force_plain_string(cell, Pos::NONE, "")?;
            self.algo = known_algo(ev, name)?;
        } else if symbol == names.output_hash_mode {
            let mode = ev.force_plain_string(cell, Pos::NONE, "")?;
            self.mode(ev, mode)?;
        } else if symbol == names.outputs {
            let mut outputs = Vec::new();
            for &element in ev.force_list(cell, Pos::NONE, "")? {
                outputs.push(OutputName::new(ev.force_plain_string(element, Pos::NONE, "")?));
            }
            self.set_outputs(ev, outputs)?;
        }
        let names = &ev.names;
        let ineffective = [
            names.allowed_references,
            names.allowed_requisites,
            names.disallowed_references,
            names.disallowed_requisites,
            names.max_size,
            names.max_closure_size,
        ];
        if ineffective.contains(&symbol) {
            let attribute = ev.symbols.text(symbol);
            let warning = format!(
                "warning: In a derivation named '{}', 'structuredAttrs' disables the effect of the derivation attribute '{attribute}'; use 'outputChecks.<output>.{attribute}' instead",
                self.drv.name
            );
            ev.io.message(warning.as_bytes());
        }
        Ok(())
    }

    fn mode(&mut self, ev: &mut Evaluator, mode: &[u8]) -> Eval<()> {
        let method = match mode {
            b"recursive" => ContentAddressMethod::Nar,
            _ => match ContentAddressMethod::parse(mode) {
                Ok(method) => method,
                Err(_) => {
                    let mode = String::from_utf8_lossy(mode);
                    let message = format!("invalid value '{mode}' for 'outputHashMode' attribute");
                    return Err(ev.fail(ErrorKind::Eval, message));
                }
            },
        };
        self.method = Some(method);
        match method {
            ContentAddressMethod::Text if !ev.settings.dynamic_derivations => {
                let reason = format!("text-hashed derivation '{}', outputHashMode = \"text\"", self.drv.name);
                Err(disabled_feature(ev, "dynamic-derivations", &reason))
            }
            ContentAddressMethod::Git => Err(disabled_feature(ev, "git-hashing", "")),
            _ => Ok(()),
        }
    }

    fn set_outputs(&mut self, ev: &mut Evaluator, outputs: Vec<OutputName>) -> Eval<()> {
        self.outputs.clear();
        for output in outputs {
            let Err(at) = self.outputs.binary_search(&output) else {
                return Err(ev.fail(ErrorKind::Eval, format!("duplicate derivation output '{output}'")));
            };
            if output.as_bytes() == b"drvPath" {
                return Err(ev.fail(ErrorKind::Eval, "invalid derivation output name 'drvPath'"));
            }
            self.outputs.insert(at, output);
        }
        if self.outputs.is_empty() {
            return Err(ev.fail(ErrorKind::Eval, "derivation cannot have an empty set of outputs"));
        }
        Ok(())
    }

    /// Makes inputs of all that the strings refer to.
    fn add_inputs(&mut self, ev: &mut Evaluator) -> Eval<()> {
        let mut deep = Vec::new();
        let mut missing = Vec::new();
        let mut sources = Vec::new();
        for element in ev.contexts.gather(&self.contexts) {
            match element {
                Element::Opaque(path) => sources.push(path.clone()),
                Element::DrvDeep(path) => deep.push(path.clone()),
                Element::Built(built) => {
                    let base = built.drv.base_path();
                    if ev.store.derivation(base).is_none() {
                        missing.push(base.clone());
                    }
                    self.add_built(built);
                }
            }
        }
        for path in &missing {
            super::imported::load(ev, path)?;
        }
        for root in deep {
            if ev.store.derivation(&root).is_none() {
                super::imported::load(ev, &root)?;
            }
            let closure = match ev.store.references_closure(&root) {
                Ok(closure) => closure,
                Err(error) => return Err(ev.store_failed(error)),
            };
            for path in &closure {
                if let Some(drv) = ev.store.derivation(path) {
                    let inputs = self.drv.input_derivations.entry_or_default(path.clone());
                    inputs.names.extend(drv.outputs.keys().cloned());
                }
                sources.push(path.clone());
            }
        }
        self.drv.input_sources.extend(sources);
        Ok(())
    }

    fn add_built(&mut self, built: &Rc<Built>) {
        // The way from the `.drv` file down to the output.
        let mut names = vec![&built.output];
        let mut deriver = &built.drv;
        let base = loop {
            match deriver {
                Deriver::Path(path) => break path,
                Deriver::Output(above) => {
                    names.push(&above.output);
                    deriver = &above.drv;
                }
            }
        };
        let mut inputs = self.drv.input_derivations.entry_or_default(base.clone());
        while names.len() > 1 {
            let Some(name) = names.pop() else { return };
            inputs = inputs.dynamic.entry_or_default(name.clone());
        }
        inputs.names.insert(built.output.clone());
    }

    /// Checks what every derivation must have.
    fn check(&self, ev: &mut Evaluator) -> Eval<()> {
        let message = if self.drv.builder.is_empty() {
            "required attribute 'builder' missing"
        } else if self.drv.platform.is_empty() {
            "required attribute 'system' missing"
        } else if self.drv.name.ends_with(store::DRV_EXTENSION)
            && !(self.method == Some(ContentAddressMethod::Text) && self.only_out())
        {
            "derivation names are allowed to end in '.drv' only if they produce a single derivation file"
        } else {
            return Ok(());
        };
        Err(ev.fail(ErrorKind::Eval, message))
    }

    /// Notes where the flake under test lies, if the derivation has that in it.
    fn look_for_own_path(&self, ev: &mut Evaluator) {
        let drv = &self.drv;
        ev.looks_at(drv.name.as_bytes());
        ev.looks_at(&drv.builder);
        drv.args.iter().for_each(|argument| ev.looks_at(argument));
        drv.env.iter().for_each(|(_, value)| ev.looks_at(value));
        drv.structured_attrs.iter().for_each(|json| ev.looks_at(json));
        for source in drv.input_sources.iter() {
            ev.looks_at(source.base_name().as_bytes());
        }
    }

    fn only_out(&self) -> bool {
        matches!(self.outputs.as_slice(), [only] if only.is_out())
    }

    /// Gives the derivation its outputs, as far as they are known before it is hashed.
    fn add_outputs(&mut self, ev: &mut Evaluator) -> Eval<()> {
        let output = if let Some(hash) = &self.hash {
            if !self.only_out() {
                let message = "multiple outputs are not supported in fixed-output derivations";
                return Err(ev.fail(ErrorKind::Eval, message));
            }
            let hash = parse_hash_or_empty(ev, hash, self.algo)?;
            Output::Fixed(ContentAddress {
                method: self.method.unwrap_or(ContentAddressMethod::Flat),
                hash,
            })
        } else if self.content_addressed || self.impure {
            if self.content_addressed && self.impure {
                let message = "derivation cannot be both content-addressed and impure";
                return Err(ev.fail(ErrorKind::Eval, message));
            }
            let method = self.method.unwrap_or(ContentAddressMethod::Nar);
            let algo = self.algo.unwrap_or(HashAlgo::Sha256);
            if self.impure {
                Output::Impure { method, algo }
            } else {
                Output::Floating { method, algo }
            }
        } else {
            Output::Deferred
        };
        let outputs = std::mem::take(&mut self.outputs);
        self.drv
            .outputs
            .extend(outputs.into_iter().map(|name| (name, output.clone())));
        Ok(())
    }
}

/// Raises that a feature is needed, unless it is there.
fn require(ev: &mut Evaluator, there: bool, feature: &str, reason: &str) -> Eval<()> {
    if there {
        Ok(())
    } else {
        Err(disabled_feature(ev, feature, reason))
    }
}

/// Returns the algorithm of a name; `None` if it is unknown, which is no error here.
fn known_algo(ev: &mut Evaluator, name: &[u8]) -> Eval<Option<HashAlgo>> {
    match HashAlgo::from_name(name) {
        Some(HashAlgo::Blake3) => Err(disabled_feature(ev, "blake3-hashes", "")),
        algo => Ok(algo),
    }
}

/// Returns the set of a derivation's paths.
fn result(ev: &mut Evaluator, added: Instantiated) -> Val {
    let Instantiated { path, outputs } = added;
    let made = result_shape(ev, &outputs);
    let values = ev.mem.heap.alloc_words(made.sources.len());
    for (i, source) in made.sources.iter().enumerate() {
        let string = match source {
            None => {
                let context = ev.contexts.single(Element::DrvDeep(path.clone()));
                ev.mem.string_in(path.to_path().as_bytes(), context)
            }
            Some(at) => {
                let (name, known) = &outputs[*at];
                let built = Built {
                    drv: Deriver::Path(path.clone()),
                    output: name.clone(),
                };
                let context = ev.contexts.single(Element::Built(Rc::new(built)));
                ev.mem.string_in(known.render().as_bytes(), context)
            }
        };
        let cell = ev.cell(string);
        ev.mem.heap.set_word(values, i, cell);
    }
    Val::attrs(made.shape, values)
}

fn result_shape(ev: &mut Evaluator, outputs: &[(OutputName, OutputPath)]) -> ResultShape {
    let names: Vec<OutputName> = outputs.iter().map(|(name, _)| name.clone()).collect();
    if let Some(known) = ev.caches.result_shapes.get(&names) {
        return *known;
    }
    let mut keys: Vec<(Symbol, Option<usize>)> = vec![(ev.names.drv_path, None)];
    keys.extend(
        names
            .iter()
            .enumerate()
            .map(|(i, name)| (ev.symbols.intern(name), Some(i))),
    );
    keys.sort_unstable();
    let symbols: Vec<Symbol> = keys.iter().map(|key| key.0).collect();
    let shape = ev
        .mem
        .stable_shape(symbols.iter().map(|&name| (name, Pos::NONE)), Pos::NONE);
    let sources = ev.mem.arena.alloc_slice_fill_iter(keys.iter().map(|key| key.1));
    let made = ResultShape { shape, sources };
    ev.caches.result_shapes.insert(names, made);
    made
}
