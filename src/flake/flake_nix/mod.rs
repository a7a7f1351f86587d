//! `flake.nix` as data: description, inputs, `inputs.self`, `nixConfig`, and the inputs that the
//! arguments of `outputs` imply.
//!
//! Nothing is evaluated (see `trivial`). The evaluator reads the same file again when it calls
//! `outputs`; here it is only asked what must be fetched first.

mod error;
mod trivial;

pub use error::{FlakeNixError, FlakeNixErrorKind};

use crate::attrs::Attrs;
use crate::flakeref::{FlakeRef, Reading, parse_input_path};
use crate::lock::InputPath;
use diag::{Pos, Span};
use error::{At, within};
use std::cell::Cell;
use std::collections::BTreeMap;
use syntax::Symbols;
use syntax::ast::{Binding, BindingValue, Expr};
use trivial::{Set, Trivial};

/// One input as a flake declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlakeInput {
    /// What it refers to; `None` means the flake ID of its name, unless it follows another input.
    pub reference: Option<FlakeRef>,
    /// Whether it is a flake.
    pub is_flake: bool,
    /// The input path, from the root of the lock, of the input that it follows.
    pub follows: Option<InputPath>,
    /// What it sets for the inputs of this input.
    pub overrides: BTreeMap<String, FlakeInput>,
    /// Where its name stands; `Pos::NONE` for one that an argument of `outputs` does not place either.
    pub pos: Pos,
    /// Where its `url` stands, or else its whole value.
    pub span: Span,
}

impl FlakeInput {
    /// Returns an input that refers to a flake and has no overrides.
    pub fn of(reference: FlakeRef) -> FlakeInput {
        FlakeInput {
            reference: Some(reference),
            ..FlakeInput::default()
        }
    }
}

impl Default for FlakeInput {
    fn default() -> FlakeInput {
        FlakeInput {
            reference: None,
            is_flake: true,
            follows: None,
            overrides: BTreeMap::new(),
            pos: Pos::NONE,
            span: Span::default(),
        }
    }
}

/// A value of `nixConfig`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// A string.
    Str(String),
    /// A path, absolute.
    Path(String),
    /// An integer.
    Int(i64),
    /// A boolean.
    Bool(bool),
    /// A list of strings.
    List(Vec<String>),
}

/// What `flake.nix` says without being evaluated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlakeNix {
    /// Its `description`.
    pub description: Option<String>,
    /// Its inputs, those included that only `outputs` names.
    pub inputs: BTreeMap<String, FlakeInput>,
    /// Where `inputs` first stands; `Pos::NONE` if it does not.
    pub inputs_pos: Pos,
    /// The attributes of `inputs.self`: how the flake's own tree is to be fetched.
    pub self_attrs: Attrs,
    /// Its `nixConfig`, which nothing here applies.
    pub nix_config: BTreeMap<String, Setting>,
}

/// What is known about a `flake.nix` from outside.
pub struct Origin<'a> {
    /// The names in the tree.
    pub symbols: &'a Symbols,
    /// The flake, as messages name it.
    pub flake: &'a str,
    /// The file, as messages name it.
    pub file: &'a str,
    /// The folder that the file was parsed in, absolute: path literals start from it.
    pub folder: &'a str,
    /// The input path of the flake in the lock that is computed: what its `follows` start from.
    pub input_path: &'a [String],
}

impl FlakeNix {
    /// Returns what a parsed `flake.nix` says.
    pub fn read(expr: &Expr<'_>, origin: &Origin<'_>) -> Result<FlakeNix, FlakeNixError> {
        let reader = Reader {
            origin,
            depth: Cell::new(0),
        };
        let Some(set) = Set::of_file(expr) else {
            let kind = FlakeNixErrorKind::NotASet {
                file: origin.file.to_owned(),
            };
            return Err(FlakeNixError::new(kind, expr.span.start));
        };
        reader.flake(&set)
    }

    /// Returns a reference with the attributes that `inputs.self` adds; `submodules` and `lfs` may.
    pub fn with_self_attrs(&self, reference: &FlakeRef) -> Result<FlakeRef, FlakeNixError> {
        let mut reference = reference.clone();
        for (name, value) in &self.self_attrs.0 {
            if name != "submodules" && name != "lfs" {
                return Err(FlakeNixError::new(FlakeNixErrorKind::SelfAttr(name.clone()), Pos::NONE));
            }
            reference.input.set(name, value.clone());
        }
        Ok(reference)
    }
}

/// Inputs of inputs of inputs, at most.
const MAX_DEPTH: u32 = 64;

struct Reader<'o> {
    origin: &'o Origin<'o>,
    depth: Cell<u32>,
}

/// What an input's value holds before it becomes a [`FlakeInput`].
#[derive(Default)]
struct Parts {
    attrs: Attrs,
    url: Option<String>,
}

impl Reader<'_> {
    fn name(&self, binding: &Binding<'_>) -> String {
        self.origin.symbols.text(binding.name).into_owned()
    }

    fn text(&self, bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    fn set<'a>(&self, value: Trivial<'a>, pos: Pos) -> Result<Set<'a>, FlakeNixError> {
        match value {
            Trivial::Set(set) => Ok(set),
            other => Err(wrong_type("a set", &other, pos)),
        }
    }

    fn str(&self, value: &Trivial<'_>, pos: Pos) -> Result<String, FlakeNixError> {
        match value {
            Trivial::Str(text) => Ok(self.text(text)),
            other => Err(wrong_type("a string", other, pos)),
        }
    }

    fn flake(&self, set: &Set<'_>) -> Result<FlakeNix, FlakeNixError> {
        let symbols = self.origin.symbols;
        let mut flake = FlakeNix::default();
        if let Some(binding) = set.get("description", symbols) {
            flake.description = Some(self.str(&set.value(binding, symbols), binding.pos)?);
        }
        if let Some(binding) = set.get("inputs", symbols) {
            let inputs = self.set(set.value(binding, symbols), binding.pos)?;
            flake.inputs_pos = binding.pos;
            flake.inputs = self.inputs(&inputs, Some(&mut flake.self_attrs))?;
        }
        let Some(binding) = set.get("outputs", symbols) else {
            let kind = FlakeNixErrorKind::NoOutputs {
                flake: self.origin.flake.to_owned(),
            };
            return Err(FlakeNixError::new(kind, Pos::NONE));
        };
        match set.value(binding, symbols) {
            Trivial::Function(lambda) => {
                for formal in lambda.formals.iter().flat_map(|formals| formals.formals) {
                    let name = symbols.text(formal.name);
                    if name == "self" || flake.inputs.contains_key(name.as_ref()) {
                        continue;
                    }
                    let reference = FlakeRef::parse(&name, Reading::ABSOLUTE).at(formal.pos)?;
                    let input = FlakeInput {
                        pos: formal.pos,
                        ..FlakeInput::of(reference)
                    };
                    flake.inputs.insert(name.into_owned(), input);
                }
            }
            other => return Err(wrong_type("a function", &other, binding.pos)),
        }
        if let Some(binding) = set.get("nixConfig", symbols) {
            let config = self.set(set.value(binding, symbols), binding.pos)?;
            for binding in config.bindings.attrs {
                let setting = self.setting(binding, config.value(binding, symbols))?;
                flake.nix_config.insert(self.name(binding), setting);
            }
        }
        let known = ["description", "inputs", "outputs", "nixConfig"];
        for binding in set.bindings.attrs {
            let name = self.name(binding);
            if !known.contains(&name.as_str()) {
                let kind = FlakeNixErrorKind::UnsupportedAttr {
                    flake: self.origin.flake.to_owned(),
                    name,
                };
                return Err(FlakeNixError::new(kind, binding.pos));
            }
        }
        Ok(flake)
    }

    /// Reads a set of inputs; `self` is allowed in the outermost one only.
    fn inputs(
        &self,
        set: &Set<'_>,
        mut self_attrs: Option<&mut Attrs>,
    ) -> Result<BTreeMap<String, FlakeInput>, FlakeNixError> {
        let symbols = self.origin.symbols;
        let mut inputs = BTreeMap::new();
        let depth = self.depth.get() + 1;
        if depth > MAX_DEPTH {
            let pos = set.bindings.attrs.first().map_or(Pos::NONE, |binding| binding.pos);
            return Err(FlakeNixError::new(FlakeNixErrorKind::TooDeep, pos));
        }
        self.depth.set(depth);
        for binding in set.bindings.attrs {
            let name = self.name(binding);
            let value = set.value(binding, symbols);
            if name != "self" {
                inputs.insert(name, self.input(binding, value)?);
                continue;
            }
            let Some(self_attrs) = self_attrs.as_deref_mut() else {
                return Err(FlakeNixError::new(FlakeNixErrorKind::SelfNotAllowed, binding.pos));
            };
            let own = self.set(value, binding.pos)?;
            for attr in own.bindings.attrs {
                self.plain_attr(attr, &own.value(attr, symbols), self_attrs)?;
            }
        }
        self.depth.set(depth - 1);
        Ok(inputs)
    }

    fn input(&self, binding: &Binding<'_>, value: Trivial<'_>) -> Result<FlakeInput, FlakeNixError> {
        let set = self.set(value, binding.pos)?;
        let mut input = FlakeInput {
            pos: binding.pos,
            ..FlakeInput::default()
        };
        if let BindingValue::Plain(expr) = binding.value {
            input.span = expr.span;
        }
        let mut parts = Parts::default();
        for attr in set.bindings.attrs {
            let name = self.name(attr);
            let value = set.value(attr, self.origin.symbols);
            within(
                &name,
                attr.pos,
                self.input_attr(attr, &name, value, &mut input, &mut parts),
            )?;
        }
        if parts.attrs.contains("type") {
            input.reference = Some(FlakeRef::from_attrs(parts.attrs).at(binding.pos)?);
        } else {
            parts.attrs.remove("url");
            if let Some(name) = parts.attrs.0.keys().next() {
                return Err(FlakeNixError::new(
                    FlakeNixErrorKind::UnexpectedAttr(name.clone()),
                    binding.pos,
                ));
            }
            if let Some(url) = &parts.url {
                let reading = Reading::of_input(input.is_flake);
                input.reference = Some(FlakeRef::parse(url, reading).at(input.span.start)?);
            }
        }
        if input.reference.is_some() && input.follows.is_some() {
            return Err(FlakeNixError::new(FlakeNixErrorKind::ReferenceAndFollows, binding.pos));
        }
        Ok(input)
    }

    fn input_attr(
        &self,
        attr: &Binding<'_>,
        name: &str,
        value: Trivial<'_>,
        input: &mut FlakeInput,
        parts: &mut Parts,
    ) -> Result<(), FlakeNixError> {
        match name {
            "url" => {
                let url = match &value {
                    Trivial::Str(text) => self.text(text),
                    Trivial::Path(path) => format!("path:{}", relative(self.origin.folder, &self.text(path))),
                    other => return Err(wrong_type("a string or a path", other, attr.pos)),
                };
                if let BindingValue::Plain(expr) = attr.value {
                    input.span = expr.span;
                }
                parts.attrs.set("url", url.as_str());
                parts.url = Some(url);
            }
            "flake" => match value {
                Trivial::Bool(is_flake) => input.is_flake = is_flake,
                other => return Err(wrong_type("a Boolean", &other, attr.pos)),
            },
            "inputs" => input.overrides = self.inputs(&self.set(value, attr.pos)?, None)?,
            "follows" => {
                let mut path = self.origin.input_path.to_vec();
                path.extend(parse_input_path(&self.str(&value, attr.pos)?).at(attr.pos)?);
                input.follows = Some(path);
            }
            _ => self.plain_attr(attr, &value, &mut parts.attrs)?,
        }
        Ok(())
    }

    fn plain_attr(&self, attr: &Binding<'_>, value: &Trivial<'_>, attrs: &mut Attrs) -> Result<(), FlakeNixError> {
        let name = self.name(attr);
        match value {
            Trivial::Str(text) => attrs.set(&name, self.text(text)),
            Trivial::Bool(truth) => attrs.set(&name, *truth),
            Trivial::Int(number) => match u64::try_from(*number) {
                Ok(number) => attrs.set(&name, number),
                Err(_) => {
                    let kind = FlakeNixErrorKind::NegativeAttr { name, value: *number };
                    return Err(FlakeNixError::new(kind, attr.pos));
                }
            },
            other => {
                let kind = FlakeNixErrorKind::AttrType {
                    name,
                    found: other.type_name(),
                };
                return Err(FlakeNixError::new(kind, attr.pos));
            }
        }
        Ok(())
    }

    fn setting(&self, binding: &Binding<'_>, value: Trivial<'_>) -> Result<Setting, FlakeNixError> {
        Ok(match value {
            Trivial::Str(text) => Setting::Str(self.text(text)),
            Trivial::Path(path) => Setting::Path(self.text(path)),
            Trivial::Int(number) => Setting::Int(number),
            Trivial::Bool(truth) => Setting::Bool(truth),
            Trivial::List(items) => {
                let item = |item: &Trivial<'_>| match item {
                    Trivial::Str(text) => Ok(self.text(text)),
                    // Nix names the type of the list here, not of the item.
                    _ => Err(FlakeNixError::new(
                        FlakeNixErrorKind::SettingItem(self.name(binding)),
                        binding.pos,
                    )),
                };
                Setting::List(items.iter().map(item).collect::<Result<_, _>>()?)
            }
            other => {
                let kind = FlakeNixErrorKind::Setting {
                    name: self.name(binding),
                    found: other.type_name(),
                };
                return Err(FlakeNixError::new(kind, binding.pos));
            }
        })
    }
}

fn wrong_type(expected: &'static str, found: &Trivial<'_>, pos: Pos) -> FlakeNixError {
    FlakeNixError::new(
        FlakeNixErrorKind::WrongType {
            expected,
            found: found.type_name(),
        },
        pos,
    )
}

/// Returns `path` as seen from `folder`; both are absolute and canonical.
fn relative(folder: &str, path: &str) -> String {
    let parts = |path: &str| {
        path.split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (from, to) = (parts(folder), parts(path));
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..".to_owned(), from.len() - shared);
    let way: Vec<String> = up.chain(to[shared..].iter().cloned()).collect();
    if way.is_empty() { ".".to_owned() } else { way.join("/") }
}
