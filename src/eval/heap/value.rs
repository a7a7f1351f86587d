//! Values: sixteen bytes each, plain data.
//!
//! A [`Val`] is what a cell holds or what an evaluation returns. Its first byte tells what it is;
//! everything from [`Tag::Thunk`] on is not evaluated yet. It is two words of which the first is never
//! zero, so that a value, and the result of an evaluation with it, travels in two registers.

use super::{Bytes, Ref, Words};
use crate::attrs::Shape;
use crate::code::{Code, Lambda};
use crate::layers::Layer;
use std::marker::PhantomData;
use std::num::NonZeroU64;

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Tag {
    /// `null`. Also what zeroed memory reads as.
    Null,
    /// `true` or `false`.
    Bool,
    /// A 64-bit integer.
    Int,
    /// A double.
    Float,
    /// A string with its context.
    String,
    /// An absolute, canonical path.
    Path,
    /// A list.
    List,
    /// An attribute set whose values are one array.
    Attrs,
    /// An attribute set laid on another one.
    Layered,
    /// A function.
    Lambda,
    /// A builtin without arguments yet.
    Builtin,
    /// A builtin or function value applied to one argument too few or more.
    Partial,
    /// Not evaluated yet: code and its environment.
    Thunk,
    /// Not evaluated yet: a function value and its argument.
    Apply,
    /// Not evaluated yet: a function value and its two arguments.
    ApplyTwo,
    /// Being evaluated.
    Blackhole,
    /// Not known yet.
    Open,
    /// Evaluation failed; the error is kept.
    Failed,
}

/// An environment: an array of the enclosing environment and the slots.
pub type Env = Words;

/// An interned string context; zero is the empty one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ContextId(pub u32);

impl ContextId {
    /// The context of a plain string.
    pub const EMPTY: ContextId = ContextId(0);
}

/// A value, evaluated or not.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Val {
    /// From the lowest byte: the tag, the mark, and in the upper half what [`Val::a`] returns.
    head: NonZeroU64,
    b: u64,
    /// A value belongs to the thread of its evaluator.
    own: PhantomData<*const ()>,
}

/// Set in the first word of every value.
const MARK: u64 = 1 << 8;

/// What thunks are evaluated for: a number that stands between a value's mark and its upper half.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Label(u64);

impl Label {
    const BITS: u64 = 0xffff_fe00;

    /// No label.
    pub const NONE: Label = Label(0);

    /// The largest number of a label.
    pub const LAST: u32 = (1 << 23) - 1;

    /// Returns a label by its number, which is at most [`Label::LAST`].
    pub const fn of(number: u32) -> Label {
        Label((number as u64) << 9 & Label::BITS)
    }
}

const _: () = assert!(std::mem::size_of::<Val>() == 16);
const _: () = assert!(std::mem::size_of::<Option<Val>>() == 16);

impl Val {
    /// `null`.
    pub const NULL: Val = Val::new(Tag::Null, 0, 0);
    /// `true`.
    pub const TRUE: Val = Val::new(Tag::Bool, 0, 1);
    /// `false`.
    pub const FALSE: Val = Val::new(Tag::Bool, 0, 0);
    /// `[ ]`.
    pub const EMPTY_LIST: Val = Val::new(Tag::List, 0, 0);
    /// A value that is being evaluated.
    pub const BLACKHOLE: Val = Val::new(Tag::Blackhole, 0, 0);
    /// A value that is not known yet.
    pub const OPEN: Val = Val::new(Tag::Open, 0, 0);

    #[inline(always)]
    const fn new(tag: Tag, a: u32, b: u64) -> Val {
        Val::from_words([tag as u64 | (a as u64) << 32, b])
    }

    /// Returns the value that a cell with these words holds; words that read zero are `null`.
    #[inline(always)]
    pub(super) const fn from_words([head, b]: [u64; 2]) -> Val {
        let Some(head) = NonZeroU64::new(head | MARK) else {
            unreachable!()
        };
        Val {
            head,
            b,
            own: PhantomData,
        }
    }

    /// Returns the value with a label in place of its own: of a thunk that for which it is evaluated, of what is evaluated
    /// that for which it was.
    #[inline(always)]
    pub(crate) fn labelled(self, label: Label) -> Val {
        Val::from_words([self.head.get() & !Label::BITS | label.0, self.b])
    }

    /// Returns the value's label.
    #[inline(always)]
    pub(crate) fn label(self) -> Label {
        Label(self.head.get() & Label::BITS)
    }

    /// Returns what kind of value this is.
    #[inline(always)]
    pub fn tag(self) -> Tag {
        // SAFETY: the lowest byte is a tag: `new` puts it there, and what `from_words` is given comes from a cell,
        // which holds a value or zeroes.
        unsafe { std::mem::transmute::<u8, Tag>(self.head.get() as u8) }
    }

    /// Returns the number that stands beside the tag.
    #[inline(always)]
    fn a(self) -> u32 {
        (self.head.get() >> 32) as u32
    }

    /// Whether this is evaluated (to weak head normal form).
    #[inline(always)]
    pub fn is_whnf(self) -> bool {
        (self.tag() as u8) < Tag::Thunk as u8
    }

    /// Whether this is evaluated and equal to whatever looks the same, so that cells with it can be
    /// shared; not so a float, as one cell is equal to itself even if it holds no number.
    #[inline(always)]
    pub fn is_plain(self) -> bool {
        matches!(self.tag(), Tag::Null | Tag::Bool | Tag::Int | Tag::String | Tag::Path)
    }

    /// Returns an integer.
    #[inline(always)]
    pub fn int(value: i64) -> Val {
        Val::new(Tag::Int, 0, value as u64)
    }

    /// Returns a float.
    #[inline(always)]
    pub fn float(value: f64) -> Val {
        Val::new(Tag::Float, 0, value.to_bits())
    }

    /// Returns a Boolean.
    #[inline(always)]
    pub fn bool(value: bool) -> Val {
        Val::new(Tag::Bool, 0, value as u64)
    }

    /// Returns a string.
    #[inline(always)]
    pub fn string(bytes: Bytes, context: ContextId) -> Val {
        Val::new(Tag::String, context.0, bytes.address())
    }

    /// Returns a path.
    #[inline(always)]
    pub fn path(bytes: Bytes) -> Val {
        Val::new(Tag::Path, 0, bytes.address())
    }

    /// Returns a list of the first `len` references of a complete array.
    #[inline(always)]
    pub fn list(elements: Words, len: usize) -> Val {
        Val::new(Tag::List, len as u32, u64::from(elements.index()))
    }

    /// Returns an attribute set: its values in the order of the shape's names.
    #[inline(always)]
    pub fn attrs(shape: &'static Shape, values: Words) -> Val {
        Val::new(Tag::Attrs, values.index(), super::static_address(shape))
    }

    /// Returns an attribute set that is a layer record (see `layers.rs`).
    #[inline(always)]
    pub fn layered(layer: &'static Layer) -> Val {
        Val::new(Tag::Layered, 0, super::static_address(layer))
    }

    /// Returns a function.
    #[inline(always)]
    pub fn lambda(lambda: &'static Lambda, env: Env) -> Val {
        Val::new(Tag::Lambda, env.index(), super::static_address(lambda))
    }

    /// Returns the builtin with this index in the evaluator's table.
    #[inline(always)]
    pub fn builtin(index: u32) -> Val {
        Val::new(Tag::Builtin, index, 0)
    }

    /// Returns a builtin applied to one more argument.
    #[inline(always)]
    pub fn partial(function: Ref, argument: Ref) -> Val {
        Val::new(Tag::Partial, function.index(), u64::from(argument.index()))
    }

    /// Returns suspended code.
    #[inline(always)]
    pub fn thunk(code: &'static Code, env: Env) -> Val {
        Val::new(Tag::Thunk, env.index(), super::static_address(code))
    }

    /// Returns a suspended call of `function` with one argument.
    #[inline(always)]
    pub fn apply(function: Ref, argument: Ref) -> Val {
        Val::new(Tag::Apply, function.index(), u64::from(argument.index()))
    }

    /// Returns a suspended call of `function` with two arguments.
    #[inline(always)]
    pub fn apply_two(function: Ref, first: Ref, second: Ref) -> Val {
        Val::new(
            Tag::ApplyTwo,
            function.index(),
            u64::from(second.index()) << 32 | u64::from(first.index()),
        )
    }

    /// Returns a failed evaluation: the index of its error in the evaluator's table.
    #[inline(always)]
    pub fn failed(error: u32) -> Val {
        Val::new(Tag::Failed, error, 0)
    }

    /// Returns the integer, if this is one.
    #[inline(always)]
    pub fn as_int(self) -> Option<i64> {
        (self.tag() == Tag::Int).then_some(self.b as i64)
    }

    /// Returns the float, if this is one.
    #[inline(always)]
    pub fn as_float(self) -> Option<f64> {
        (self.tag() == Tag::Float).then(|| f64::from_bits(self.b))
    }

    /// Returns the Boolean, if this is one.
    #[inline(always)]
    pub fn as_bool(self) -> Option<bool> {
        (self.tag() == Tag::Bool).then_some(self.b != 0)
    }

    /// Returns the string's bytes, if this is a string.
    #[inline(always)]
    pub fn as_string(self) -> Option<&'static [u8]> {
        (self.tag() == Tag::String).then(|| self.bytes().get())
    }

    /// Returns the string's context; the empty one if this is no string.
    #[inline(always)]
    pub fn context(self) -> ContextId {
        if self.tag() == Tag::String {
            ContextId(self.a())
        } else {
            ContextId::EMPTY
        }
    }

    /// Returns the same string with another context; anything but a string as it is.
    #[inline(always)]
    pub fn with_context(self, context: ContextId) -> Val {
        if self.tag() == Tag::String {
            Val::new(Tag::String, context.0, self.b)
        } else {
            self
        }
    }

    /// Returns the path's bytes, if this is a path.
    #[inline(always)]
    pub fn as_path(self) -> Option<&'static [u8]> {
        (self.tag() == Tag::Path).then(|| self.bytes().get())
    }

    /// Whether this is an attribute set.
    #[inline(always)]
    pub fn is_attrs(self) -> bool {
        matches!(self.tag(), Tag::Attrs | Tag::Layered)
    }

    /// Whether this is a function or a builtin.
    #[inline(always)]
    pub fn is_function(self) -> bool {
        matches!(self.tag(), Tag::Lambda | Tag::Builtin | Tag::Partial)
    }

    /// Returns the array and length of a list, if this is one.
    #[inline(always)]
    pub fn as_list(self) -> Option<(Words, usize)> {
        (self.tag() == Tag::List).then(|| (Words::from_index(self.b as u32), self.a() as usize))
    }

    /// Returns function and environment of a lambda, if this is one.
    #[inline(always)]
    pub fn as_lambda(self) -> Option<(&'static Lambda, Env)> {
        (self.tag() == Tag::Lambda).then(|| (self.address_of::<Lambda>(), Words::from_index(self.a())))
    }

    /// Returns the index of a builtin, if this is one.
    #[inline(always)]
    pub fn as_builtin(self) -> Option<u32> {
        (self.tag() == Tag::Builtin).then_some(self.a())
    }

    /// Returns function and argument of a partial application, if this is one.
    #[inline(always)]
    pub fn as_partial(self) -> Option<(Ref, Ref)> {
        (self.tag() == Tag::Partial).then(|| self.pair())
    }

    /// Returns shape and values of a flat attribute set, if this is one.
    #[inline(always)]
    pub fn as_flat(self) -> Option<(&'static Shape, Words)> {
        (self.tag() == Tag::Attrs).then(|| (self.address_of::<Shape>(), Words::from_index(self.a())))
    }

    /// Returns the layer record of a layered attribute set, if this is one.
    #[inline(always)]
    pub fn as_layered(self) -> Option<&'static Layer> {
        (self.tag() == Tag::Layered).then(|| self.address_of::<Layer>())
    }

    /// Returns code and environment of a thunk, if this is one.
    #[inline(always)]
    pub(crate) fn as_thunk(self) -> Option<(&'static Code, Env)> {
        (self.tag() == Tag::Thunk).then(|| (self.address_of::<Code>(), Words::from_index(self.a())))
    }

    /// Returns function and argument of a suspended call, if this is one.
    #[inline(always)]
    pub(crate) fn as_apply(self) -> Option<(Ref, Ref)> {
        (self.tag() == Tag::Apply).then(|| self.pair())
    }

    /// Returns function and arguments of a suspended call with two arguments, if this is one.
    #[inline(always)]
    pub(crate) fn as_apply_two(self) -> Option<(Ref, [Ref; 2])> {
        (self.tag() == Tag::ApplyTwo).then(|| {
            let (function, first) = self.pair();
            (function, [first, Ref::from_index((self.b >> 32) as u32)])
        })
    }

    /// Returns the error's index of a failed evaluation, if this is one.
    #[inline(always)]
    pub(crate) fn as_failed(self) -> Option<u32> {
        (self.tag() == Tag::Failed).then_some(self.a())
    }

    #[inline(always)]
    fn pair(self) -> (Ref, Ref) {
        (Ref::from_index(self.a()), Ref::from_index(self.b as u32))
    }

    #[inline(always)]
    fn bytes(self) -> Bytes {
        debug_assert!(matches!(self.tag(), Tag::String | Tag::Path));
        // SAFETY: only `string` and `path` make these tags, and both store `Bytes::address`.
        unsafe { Bytes::from_address(self.b) }
    }

    #[inline(always)]
    fn address_of<T>(self) -> &'static T {
        // SAFETY: every caller above checks the tag that only the constructor for this `T` makes.
        unsafe { super::static_from_address(self.b) }
    }
}
