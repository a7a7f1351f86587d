//! Laws: what must hold for all modules, how cases are drawn for it, and how one is judged.

use crate::random::Draw;
use crate::{Expr, Ground, Plain, Scene};
use diag::{Severity, Span};
use report::RuleDoc;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a law is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// The library: its types, its properties, its `evalModules`. Run on request.
    Lib,
    /// One option that the user's own modules declare: its type, its merging, its `apply`.
    Option,
    /// A whole configuration, with options switched on and off.
    Host,
}

/// A law.
#[derive(Clone, Copy)]
pub struct Law {
    /// Its name in reports and settings: kebab-case, what it is about first, such as `merge-order-dependent`.
    pub id: &'static str,
    /// What it is about.
    pub scope: Scope,
    /// How bad it is when it is broken.
    pub severity: Severity,
    /// What must hold, in one sentence without a full stop.
    pub title: &'static str,
    /// Why that matters, in a few sentences.
    pub why: &'static str,
    /// What to do about a finding.
    pub fix: &'static str,
    /// Draws the scene of a case; `None` if the ground offers nothing that the law is about.
    pub draw: fn(&mut Draw<'_>, &Ground) -> Option<Scene>,
    /// Says what is evaluated for a scene and what must come out; `None` if the law says nothing about it, as
    /// can be while a scene is made smaller.
    pub question: fn(&Scene, &Ground) -> Option<Question>,
}

impl Law {
    /// Returns what reports say of the law itself.
    pub fn document(&self) -> RuleDoc {
        RuleDoc {
            id: self.id.into(),
            title: self.title.into(),
            why: self.why.into(),
            fix: self.fix.into(),
        }
    }
}

/// What is evaluated for a case, and what must come out.
#[derive(Clone, Debug)]
pub struct Question {
    /// What is evaluated: each mostly a set, whose attributes are looked at one by one.
    pub sides: Vec<Side>,
    /// What must hold.
    pub claims: Vec<Claim>,
}

/// An expression that is evaluated.
#[derive(Clone, Debug)]
pub struct Side {
    /// What a counterexample calls it: a name of Nix, such as `reversed`.
    pub name: &'static str,
    /// The expression.
    pub expr: Expr,
}

/// What must hold of what was evaluated; sides are named by their number.
#[derive(Clone, Debug)]
pub enum Claim {
    /// Both sides give the same, or both are refused.
    Same(usize, usize),
    /// Both sides give the same but for the order of lists and of joined text, or both are refused.
    SameUpToOrder(usize, usize),
    /// A side's attributes are these; what is not named may be anything.
    Parts(usize, BTreeMap<String, Expected>),
    /// A side as a whole is this.
    Whole(usize, Expected),
    /// The claims behind this one count only if these two sides are the same but for order.
    Given(usize, usize),
    /// The claims behind this one count only if this side has a value.
    HasValue(usize),
    /// The claims behind this one count only if this side has a value, all parts of it.
    Accepted(usize),
    /// The claims behind this one count only if this side is `true`.
    Yes(usize),
    /// The claims behind this one count only if nobody refuses this side in words.
    NotRefused(usize),
    /// No part of a side crashes in these texts: fails there, or on a way through them, with an error that nobody
    /// worded. A name of these that is missing somewhere is no crash: it was looked up where the case did not put it.
    NoCrash(usize, Arc<[Span]>, Vec<String>),
    /// Where words that are written in these texts refuse a part of a side, they have all of these in them.
    Names(usize, Arc<[Span]>, Vec<String>),
}

/// What one answer must be.
#[derive(Clone, PartialEq, Debug)]
pub enum Expected {
    /// This value.
    Value(Plain),
    /// This value but for the order of lists and of joined text.
    UpToOrder(Plain),
    /// An error of the module system whose message has all of these in it.
    Refused(Vec<String>),
    /// An error of the module system with this message and nothing more.
    Says(String),
    /// Some value, whichever.
    Accepted,
    /// A value, or an error that somebody worded; not a crash of evaluation.
    Sane,
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Expected::Value(value) => write!(f, "{value}"),
            Expected::UpToOrder(value) => write!(f, "{value}, in any order"),
            Expected::Refused(words) => write!(f, "refused with {}", words.join(", ")),
            Expected::Says(message) => write!(f, "refused with the message {message:?}"),
            Expected::Accepted => f.write_str("accepted"),
            Expected::Sane => f.write_str("a value, or an error that says why"),
        }
    }
}

impl std::fmt::Debug for Law {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Law").field(&self.id).finish()
    }
}
