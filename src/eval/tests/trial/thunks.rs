//! The states of a thunk, in all short orders of what can happen to it.
//!
//! A cell waits, is being evaluated, and then holds a value or a failure, or waits again where only a limit of this
//! run or a value that is not known yet was met. Trials put back what older cells were, and regions give back what
//! nothing refers to. Two cells that may need each other, or themselves, are made in every way and taken through
//! every short order of evaluations, limits, trials and regions; after each step both must be in the state that
//! [`Model`], which knows neither heap nor trail, says they are in.
//!
//! A checker of threads' interleavings would find nothing here: an evaluator and its values never leave their
//! thread ([`Val`] is not `Send`), so the order of steps in one thread is all that there is.

use crate::with_evaluator;
use crate::world::World;
use diag::{Origin, Pos};
use eval::{ErrorKind, Evaluator, Ref, Settings, Tag, Val};
use std::collections::BTreeMap;

/// How deep calls may be inside each other, and how deep where a limit is to be met.
const DEEP: u32 = 9;
const SHALLOW: u32 = 0;

/// What a cell's code does.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Form {
    /// Calls a function that gives a number.
    Number,
    /// Calls a function that gives a list of one thunk: an array that outlives the region of the call.
    List,
    /// Throws.
    Throws,
    /// Calls a function that calls another one: too much under the limit.
    Calls,
    /// Needs a value that is not known yet.
    Open,
    /// Needs a cell.
    Needs(usize),
    /// Catches what a cell throws.
    Catches(usize),
}

/// How a cell is made.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Way {
    /// As suspended code.
    Thunk,
    /// As a suspended call with one argument.
    Apply,
    /// As a suspended call with two arguments.
    ApplyTwo,
}

/// What is done in a step; a trial that does not end before the last step ends then.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Step {
    /// Evaluates a cell, and what is in its list.
    Force(usize),
    /// Evaluates a cell with few calls allowed.
    Limited(usize),
    /// Evaluates a cell in a region, whose end gives back what it can, and fills what was given back.
    Region(usize),
    Begin,
    End,
    /// Gives the value that is not known yet.
    Fill,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum State {
    Waiting,
    Running,
    Number(i64),
    /// A list, and whether what is in it is evaluated.
    List(bool),
    Failed(ErrorKind),
}

/// The two cells as they must be.
#[derive(Clone)]
struct Model {
    way: Way,
    forms: [Form; 2],
    states: [State; 2],
    filled: bool,
    /// How deep calls may be inside each other.
    most: u32,
}

impl Model {
    fn call(&self, depth: u32) -> Result<u32, ErrorKind> {
        if depth > self.most {
            return Err(ErrorKind::StackOverflow);
        }
        Ok(depth + 1)
    }

    fn force(&mut self, cell: usize, depth: u32) -> Result<State, ErrorKind> {
        let before = self.states[cell];
        let result = match before {
            State::Number(_) | State::List(_) => return Ok(before),
            State::Failed(kind) => return Err(kind),
            State::Running => Err(ErrorKind::InfiniteRecursion),
            State::Waiting if self.way == Way::Thunk => {
                self.states[cell] = State::Running;
                self.body(cell, depth)
            }
            // A suspended call takes a call, and is not marked as running.
            State::Waiting => self.call(depth).and_then(|depth| self.body(cell, depth)),
        };
        self.states[cell] = match result {
            Ok(state) => state,
            Err(ErrorKind::StackOverflow | ErrorKind::Open) => before,
            Err(kind) => State::Failed(kind),
        };
        result
    }

    fn body(&mut self, cell: usize, depth: u32) -> Result<State, ErrorKind> {
        match self.forms[cell] {
            Form::Number => self.call(depth).map(|_| State::Number(2)),
            Form::List => self.call(depth).map(|_| State::List(false)),
            Form::Throws => self.call(depth).and(Err(ErrorKind::Thrown)),
            Form::Calls => self
                .call(depth)
                .and_then(|depth| self.call(depth))
                .map(|_| State::Number(2)),
            Form::Open if self.filled => Ok(State::Number(6)),
            Form::Open => Err(ErrorKind::Open),
            Form::Needs(other) => self.other(other, depth).map(|_| State::Number(7)),
            Form::Catches(other) => {
                let inside = self.call(depth)?;
                match self.other(other, inside) {
                    Ok(_) => Ok(State::Number(8)),
                    Err(ErrorKind::Thrown) => Ok(State::Number(9)),
                    Err(kind) => Err(kind),
                }
            }
        }
    }

    /// Evaluates a cell that another one names.
    fn other(&mut self, cell: usize, depth: u32) -> Result<State, ErrorKind> {
        // An element of a list is named by a call of a builtin.
        let depth = if self.way == Way::Apply {
            self.call(depth)?
        } else {
            depth
        };
        self.force(cell, depth)
    }
}

impl Form {
    fn text(self, names: [&str; 2]) -> String {
        match self {
            Form::Number => "number 1".into(),
            Form::List => "list (number 1)".into(),
            Form::Throws => "throw \"thrown\"".into(),
            Form::Calls => "calls 1".into(),
            Form::Open => "open + 1".into(),
            Form::Needs(other) => format!("if {} == null then 0 else 7", names[other]),
            Form::Catches(other) => format!("if (builtins.tryEval {}).success then 8 else 9", names[other]),
        }
    }
}

/// Returns the function that makes two such cells: its argument is what is not known yet, its result a list of
/// them or a set with them.
fn expression(way: Way, forms: [Form; 2]) -> String {
    let names = match way {
        Way::Thunk => ["a", "b"],
        Way::Apply => ["(builtins.elemAt cells 0)", "(builtins.elemAt cells 1)"],
        Way::ApplyTwo => ["cells.a", "cells.b"],
    };
    let [a, b] = forms.map(|form| form.text(names));
    let cells = match way {
        Way::Thunk => format!("rec {{ a = {a}; b = {b}; }}"),
        Way::Apply => format!("map (first: if first then {a} else {b}) [ true false ]"),
        Way::ApplyTwo => {
            format!("builtins.mapAttrs (_: first: if first then {a} else {b}) {{ a = true; b = false; }}")
        }
    };
    format!("open: let number = x: x + 1; list = x: [ x ]; calls = x: number x; cells = {cells}; in cells")
}

/// What is under test, beside what it must be.
struct Pair {
    cells: [Ref; 2],
    open: Ref,
    model: Model,
}

impl Pair {
    fn new(ev: &mut Evaluator, function: Val, way: Way, forms: [Form; 2]) -> Pair {
        let open = ev.open_cell();
        let made = ev.call(function, &[open], Pos::NONE).expect("both are lazy");
        let cells = match made.as_list() {
            Some((words, len)) => ev.mem.heap.slice(words, len).to_vec(),
            None => ev.mem.entries(made).iter().map(|(_, attr)| attr.value).collect(),
        };
        let model = Model {
            way,
            forms,
            states: [State::Waiting; 2],
            filled: false,
            most: DEEP,
        };
        Pair {
            cells: [cells[0], cells[1]],
            open,
            model,
        }
    }

    /// Does the steps up to the end of the trial that they are in, and returns those that are left.
    fn run<'s>(&mut self, ev: &mut Evaluator, mut steps: &'s [Step]) -> Result<&'s [Step], String> {
        while let Some((&step, rest)) = steps.split_first() {
            steps = rest;
            match step {
                Step::Force(cell) => self.force(ev, cell)?,
                Step::Limited(cell) => {
                    (ev.settings.max_call_depth, self.model.most) = (SHALLOW, SHALLOW);
                    let done = self.force(ev, cell);
                    (ev.settings.max_call_depth, self.model.most) = (DEEP, DEEP);
                    done?;
                }
                Step::Region(cell) => self.force_in_region(ev, cell)?,
                Step::Begin => {
                    let before = self.model.clone();
                    let inside = ev.trial(|ev| {
                        let left = self.run(ev, rest).map(<[Step]>::len);
                        Ok(left)
                    });
                    let left = inside.map_err(|stopped| format!("the trial: {stopped:?}"))??;
                    steps = &rest[rest.len() - left..];
                    self.model = before;
                }
                Step::End => return Ok(rest),
                Step::Fill => {
                    ev.fill(self.open, Val::int(5));
                    self.model.filled = true;
                }
            }
            self.check(ev).map_err(|wrong| format!("after {step:?}: {wrong}"))?;
        }
        Ok(steps)
    }

    /// Evaluates a cell, and the element of a list, and compares the results.
    fn force(&mut self, ev: &mut Evaluator, cell: usize) -> Result<(), String> {
        self.force_one(ev, cell)?;
        if let State::List(_) = self.model.states[cell] {
            let element = element(ev, self.cells[cell]);
            let value = ev.force(element, Pos::NONE).map_err(|_| ev.take_error().message)?;
            self.model.states[cell] = State::List(true);
            same(value.as_int(), Some(2))?;
        }
        Ok(())
    }

    fn force_one(&mut self, ev: &mut Evaluator, cell: usize) -> Result<(), String> {
        let expected = self.model.force(cell, 0).err();
        let found = ev.force(self.cells[cell], Pos::NONE);
        let found = found.err().map(|_| ev.take_error().kind);
        same(found, expected).map_err(|wrong| format!("cell {cell}: {wrong}"))
    }

    fn force_in_region(&mut self, ev: &mut Evaluator, cell: usize) -> Result<(), String> {
        let region = ev.mem.heap.open_region();
        fill(ev, 3);
        let done = self.force_one(ev, cell);
        // What was evaluated is needed by nobody but the cell itself.
        let result = matches!(self.model.states[cell], State::Number(_) | State::List(_)).then_some(Val::NULL);
        ev.mem.heap.close_region(&region, result);
        // Now evaluated cells hold all that they need, so nothing keeps a region.
        let before = (ev.mem.heap.cell_count(), ev.mem.heap.word_count());
        let region = ev.mem.heap.open_region();
        fill(ev, 40);
        let _ = ev.force(self.cells[cell], Pos::NONE).is_ok_and(|value| value.is_whnf());
        ev.mem.heap.close_region(&region, Some(Val::NULL));
        if result.is_some() {
            same((ev.mem.heap.cell_count(), ev.mem.heap.word_count()), before)?;
        }
        // What was given back although something refers to it is something else now.
        fill(ev, 20);
        done
    }

    /// Compares the cells with the model.
    fn check(&self, ev: &Evaluator) -> Result<(), String> {
        for (cell, expected) in self.cells.into_iter().zip(self.model.states) {
            let value = ev.peek(cell);
            let found = match value.tag() {
                Tag::Thunk | Tag::Apply | Tag::ApplyTwo => State::Waiting,
                Tag::Blackhole => State::Running,
                Tag::Int => State::Number(value.as_int().unwrap_or(0)),
                Tag::List => {
                    let held = ev.peek(element(ev, cell));
                    if held.tag() != Tag::Thunk {
                        same(held.as_int(), Some(2))?;
                    }
                    State::List(held.is_whnf())
                }
                // Which failure it is, is told when it is needed.
                Tag::Failed if matches!(expected, State::Failed(_)) => expected,
                tag => return Err(format!("a cell holds {tag:?}")),
            };
            same(found, expected)?;
            let tag = match self.model.way {
                Way::Thunk => Tag::Thunk,
                Way::Apply => Tag::Apply,
                Way::ApplyTwo => Tag::ApplyTwo,
            };
            if expected == State::Waiting {
                same(value.tag(), tag)?;
            }
        }
        let open = ev.peek(self.open);
        same(open.as_int(), self.model.filled.then_some(5))
    }
}

fn same<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{found:?} and not {expected:?}"))
}

/// Returns the one element of a list.
fn element(ev: &Evaluator, list: Ref) -> Ref {
    let (words, len) = ev.peek(list).as_list().expect("it is a list");
    ev.mem.heap.slice(words, len)[0]
}

/// Allocates cells, arrays and strings that nobody needs.
fn fill(ev: &mut Evaluator, count: usize) {
    for _ in 0..count {
        let cell = ev.cell(Val::int(-1));
        ev.mem.heap.alloc_refs(&[cell; 5]);
    }
    ev.mem.heap.alloc_bytes(b"filling");
}

/// Returns all orders of so many steps in which trials end that began, and which can differ from a shorter one.
fn orders(len: usize, forms: [Form; 2]) -> Vec<Vec<Step>> {
    let mut all: Vec<Vec<Step>> = vec![Vec::new()];
    for _ in 0..len {
        let longer = all.iter().flat_map(|steps| {
            let next = next_steps(steps, forms);
            next.into_iter().map(|step| [steps.as_slice(), &[step]].concat())
        });
        all = longer.collect();
    }
    all.retain(|steps| steps.last() != Some(&Step::Begin));
    all
}

fn next_steps(before: &[Step], forms: [Form; 2]) -> Vec<Step> {
    let mut next = vec![Step::Begin];
    for cell in [0, 1] {
        next.extend([Step::Force(cell), Step::Limited(cell), Step::Region(cell)]);
    }
    let mut open = Vec::new();
    let mut filled = false;
    for step in before {
        match step {
            Step::Begin => open.push(filled),
            Step::End => filled = open.pop().unwrap_or(false),
            Step::Fill => filled = true,
            _ => {}
        }
    }
    if !open.is_empty() && before.last() != Some(&Step::Begin) {
        next.push(Step::End);
    }
    if !filled && forms.contains(&Form::Open) {
        next.push(Step::Fill);
    }
    next
}

/// Takes cells of these forms through all orders of so many steps; returns how many there were.
fn through_all(ev: &mut Evaluator, way: Way, forms: [Form; 2], len: usize) -> usize {
    let text = expression(way, forms);
    let function = ev.eval_text(Origin::String, text.as_bytes(), b"/lib");
    let function = function.expect("it is a function");
    let orders = orders(len, forms);
    for steps in &orders {
        let mut pair = Pair::new(ev, function, way, forms);
        if let Err(wrong) = pair.run(ev, steps) {
            panic!("{way:?} {forms:?} {steps:?}: {wrong}");
        }
        assert_eq!(ev.mem.heap.trials(), 0);
    }
    orders.len()
}

const WAYS: [Way; 3] = [Way::Thunk, Way::Apply, Way::ApplyTwo];

fn with_deep_evaluator(test: impl FnOnce(&mut Evaluator) + Send + 'static) {
    let settings = Settings {
        max_call_depth: DEEP,
        ..Settings::default()
    };
    with_evaluator(World::default(), settings, test);
}

#[test]
fn two_thunks_of_all_forms_are_what_they_must_be_after_all_short_orders_of_steps() {
    with_deep_evaluator(|ev| {
        let alone = [Form::Number, Form::List, Form::Throws, Form::Calls, Form::Open];
        let first = [Form::Needs(1), Form::Catches(1), Form::Needs(0), Form::Catches(0)];
        let second = [Form::Needs(0), Form::Catches(0)];
        let mut count = 0;
        for way in WAYS {
            for a in first {
                for b in alone.into_iter().chain(second) {
                    count += through_all(ev, way, [a, b], 4);
                }
            }
        }
        assert!(count > 100_000, "{count}");
    });
}

#[test]
fn thunks_that_meet_everything_are_what_they_must_be_after_all_longer_orders_of_steps() {
    with_deep_evaluator(|ev| {
        for way in WAYS {
            through_all(ev, way, [Form::Needs(1), Form::List], 5);
            through_all(ev, way, [Form::Catches(1), Form::Open], 5);
        }
        through_all(ev, Way::Thunk, [Form::Needs(1), Form::List], 6);
    });
}

/// The orders themselves: as many as there must be, with every kind of step.
#[test]
fn orders_are_complete() {
    let orders = orders(2, [Form::Number, Form::Open]);
    // Second come the six evaluations or what fills, but it fills once. No order ends with a beginning, and no trial
    // ends at once.
    let mut kinds = BTreeMap::new();
    for steps in &orders {
        *kinds.entry(format!("{:?}", steps[0])).or_insert(0) += 1;
    }
    assert_eq!(kinds["Begin"], 7);
    assert_eq!(kinds["Fill"], 6);
    assert_eq!(orders.len(), 6 * 7 + 7 + 6);
}
