//! The program that the matcher runs: the automaton without its dummies, and what is known about it beforehand.

use rustc_hash::{FxHashMap, FxHashSet};

use super::bytes::ByteSet;
use super::nfa::{Kind, NOWHERE};
use super::parse::Parsed;

/// Where an instruction stands in a program.
pub(super) type Pc = u32;

/// No counter: the loop's body always consumes something, so that it cannot turn without end in one place.
pub(super) const UNCOUNTED: u32 = u32::MAX;

/// One step of a program.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Consumes this byte.
    Byte(u8, Pc),
    /// Consumes one byte of the set with this number.
    Set(u32, Pc),
    /// Tries both; the longer match wins, and the first one when they are equally long.
    Either(Pc, Pc),
    /// Tries the body, and only if that leads to no match the exit. Counts the turns in one place where needed.
    Repeat {
        body: Pc,
        exit: Pc,
        counter: u32,
    },
    /// A loop over one set of bytes: a `Repeat` whose body is one `Set` that leads back to it.
    Run {
        set: u32,
        exit: Pc,
        /// The set with which what follows must start, if it must start with something.
        follow: Option<u32>,
    },
    GroupStart(u32, Pc),
    GroupEnd(u32, Pc),
    LineStart(Pc),
    LineEnd(Pc),
    Accept,
}

/// Where a match can start.
#[derive(Clone, Debug)]
pub(super) enum Starts {
    /// Anywhere: the pattern may match nothing.
    Anywhere,
    /// At the start of the subject only.
    Anchored,
    /// At this byte.
    Byte(u8),
    /// At a byte of the set.
    Set(ByteSet),
}

/// A pattern made ready to run.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    pub(super) sets: Vec<ByteSet>,
    pub(super) start: Pc,
    /// How many groups the pattern has.
    pub(super) groups: usize,
    /// How many loops count their turns.
    pub(super) counters: usize,
    /// Whether a longer match must be looked for after the first one was found.
    pub(super) has_choice: bool,
    /// For each step the number of its row in the memo; steps that only one step leads to have none.
    pub(super) memo_rows: Vec<Option<u32>>,
    pub(super) memo_row_count: usize,
    pub(super) starts: Starts,
}

/// Makes the program of an automaton.
pub(super) fn program(parsed: &Parsed) -> Program {
    let mut order = Vec::new();
    let mut numbers: FxHashMap<u32, Pc> = FxHashMap::default();
    let start = parsed.nfa.real(parsed.start);
    number_reachable(parsed, start, &mut order, &mut numbers);
    let resolve = |id: u32| numbers[&parsed.nfa.real(id)];

    let mut sets = Sets::default();
    let steps: Vec<Step> = order
        .iter()
        .map(|&id| {
            let state = parsed.nfa.states[id as usize];
            if state.kind == Kind::Accept {
                return Step::Accept;
            }
            let next = resolve(state.next);
            match state.kind {
                Kind::Bytes(set) => match set.single() {
                    Some(byte) => Step::Byte(byte, next),
                    None => Step::Set(sets.number(set), next),
                },
                Kind::Either { alt } => Step::Either(resolve(alt), next),
                Kind::Repeat { alt } => Step::Repeat {
                    body: resolve(alt),
                    exit: next,
                    counter: UNCOUNTED,
                },
                Kind::GroupStart(group) => Step::GroupStart(group, next),
                Kind::GroupEnd(group) => Step::GroupEnd(group, next),
                Kind::LineStart => Step::LineStart(next),
                Kind::LineEnd => Step::LineEnd(next),
                // `resolve` skips dummies.
                Kind::Dummy | Kind::Accept => Step::Accept,
            }
        })
        .collect();
    let mut program = Program {
        has_choice: steps.iter().any(|step| matches!(step, Step::Either(..))),
        steps,
        sets: Vec::new(),
        start: numbers[&start],
        groups: parsed.groups as usize,
        counters: 0,
        memo_rows: Vec::new(),
        memo_row_count: 0,
        starts: Starts::Anywhere,
    };
    count_empty_loops(&mut program);
    mark_memo_rows(&mut program);
    let first = First::of(&program, &sets, program.start, 4096);
    program.starts = first.starts();
    find_runs(&mut program, &mut sets);
    program.sets = sets.sets;
    program
}

/// Numbers the states that can be reached, in the order of a walk that follows `next` first.
fn number_reachable(parsed: &Parsed, start: u32, order: &mut Vec<u32>, numbers: &mut FxHashMap<u32, Pc>) {
    let mut waiting = vec![start];
    while let Some(id) = waiting.pop() {
        let id = parsed.nfa.real(id);
        if numbers.contains_key(&id) {
            continue;
        }
        numbers.insert(id, order.len() as Pc);
        order.push(id);
        let state = parsed.nfa.states[id as usize];
        if let Kind::Either { alt } | Kind::Repeat { alt } = state.kind {
            waiting.push(alt);
        }
        if state.next != NOWHERE {
            waiting.push(state.next);
        }
    }
}

/// The sets of a program, each one once.
#[derive(Default)]
struct Sets {
    sets: Vec<ByteSet>,
    numbers: FxHashMap<ByteSet, u32>,
}

impl Sets {
    fn number(&mut self, set: ByteSet) -> u32 {
        *self.numbers.entry(set).or_insert_with(|| {
            self.sets.push(set);
            self.sets.len() as u32 - 1
        })
    }
}

/// The steps that a step leads to without consuming anything.
fn free_steps(step: Step) -> [Option<Pc>; 2] {
    match step {
        Step::Byte(..) | Step::Set(..) | Step::Run { .. } | Step::Accept => [None, None],
        Step::Either(first, second) => [Some(first), Some(second)],
        Step::Repeat { body, exit, .. } => [Some(body), Some(exit)],
        Step::GroupStart(_, next) | Step::GroupEnd(_, next) | Step::LineStart(next) | Step::LineEnd(next) => {
            [Some(next), None]
        }
    }
}

/// Gives a counter to each loop whose body can be passed without consuming anything.
///
/// These are the loops in a circle of steps that consume nothing. The circles are found as strongly connected
/// components (Tarjan's algorithm, with a stack of our own because programs are long).
fn count_empty_loops(program: &mut Program) {
    const UNSEEN: u32 = u32::MAX;
    let size = program.steps.len();
    let mut index = vec![UNSEEN; size];
    let mut low = vec![0_u32; size];
    let mut component = vec![UNSEEN; size];
    let mut path: Vec<Pc> = Vec::new();
    let mut clock = 0_u32;
    for root in 0..size as Pc {
        if index[root as usize] != UNSEEN {
            continue;
        }
        let mut calls: Vec<(Pc, usize)> = vec![(root, 0)];
        while let Some((pc, child)) = calls.pop() {
            let here = pc as usize;
            if child == 0 {
                index[here] = clock;
                low[here] = clock;
                clock += 1;
                path.push(pc);
            }
            let next_steps = free_steps(program.steps[here]);
            if child > 0
                && let Some(done) = next_steps[child - 1]
                && component[done as usize] == UNSEEN
            {
                low[here] = low[here].min(low[done as usize]);
            }
            if child < 2 {
                calls.push((pc, child + 1));
                if let Some(next) = next_steps[child]
                    && index[next as usize] == UNSEEN
                {
                    calls.push((next, 0));
                }
            } else if low[here] == index[here] {
                while let Some(member) = path.pop() {
                    component[member as usize] = pc;
                    if member == pc {
                        break;
                    }
                }
            }
        }
    }
    for pc in 0..size {
        if let Step::Repeat { body, counter, .. } = &mut program.steps[pc]
            && component[*body as usize] == component[pc]
        {
            *counter = program.counters as u32;
            program.counters += 1;
        }
    }
}

/// Gives a row of the memo to each step at which ways meet, and to each loop.
fn mark_memo_rows(program: &mut Program) {
    let mut ways = vec![0_u32; program.steps.len()];
    for &step in &program.steps {
        let consumed = match step {
            Step::Byte(_, next) | Step::Set(_, next) => Some(next),
            _ => None,
        };
        for next in free_steps(step).into_iter().chain([consumed]).flatten() {
            ways[next as usize] += 1;
        }
    }
    let mut rows = 0;
    program.memo_rows = std::iter::zip(&program.steps, ways)
        .map(|(step, ways)| {
            let meets = ways > 1 || matches!(step, Step::Repeat { .. });
            (meets && !matches!(step, Step::Accept)).then(|| {
                rows += 1;
                rows as u32 - 1
            })
        })
        .collect();
    program.memo_row_count = rows;
}

/// Turns loops over one set of bytes into runs.
fn find_runs(program: &mut Program, sets: &mut Sets) {
    for pc in 0..program.steps.len() {
        let Step::Repeat { body, exit, .. } = program.steps[pc] else {
            continue;
        };
        let set = match program.steps[body as usize] {
            Step::Byte(byte, back) if back as usize == pc => sets.number(ByteSet::only(byte)),
            Step::Set(set, back) if back as usize == pc => set,
            _ => continue,
        };
        let first = First::of(program, sets, exit, 24);
        let follow = (!first.nothing).then(|| sets.number(first.set));
        program.steps[pc] = Step::Run { set, exit, follow };
    }
}

/// With what a match of the rest of a program can start.
struct First {
    set: ByteSet,
    /// Whether the rest may consume nothing; also true when there was too much to look at.
    nothing: bool,
    /// Whether every way leads through `^`.
    anchored: bool,
}

impl First {
    /// Looks at no more than `most` steps, so that the work on hostile patterns stays bounded.
    fn of(program: &Program, sets: &Sets, start: Pc, most: usize) -> First {
        let mut first = First {
            set: ByteSet::default(),
            nothing: false,
            anchored: true,
        };
        let mut seen: FxHashSet<(Pc, bool)> = FxHashSet::default();
        let mut waiting = vec![(start, false)];
        while let Some((pc, anchored)) = waiting.pop() {
            if !seen.insert((pc, anchored)) {
                continue;
            }
            if seen.len() > most {
                return First {
                    set: ByteSet::default(),
                    nothing: true,
                    anchored: false,
                };
            }
            let step = program.steps[pc as usize];
            let anchored = anchored || matches!(step, Step::LineStart(_));
            match step {
                Step::Byte(byte, _) => first.set.insert(byte),
                Step::Set(set, _) => first.set = first.set.union(sets.sets[set as usize]),
                Step::Run { set, exit, .. } => {
                    first.set = first.set.union(sets.sets[set as usize]);
                    waiting.push((exit, anchored));
                }
                Step::Accept => first.nothing = true,
                _ => {}
            }
            if matches!(step, Step::Byte(..) | Step::Set(..) | Step::Run { .. } | Step::Accept) {
                first.anchored &= anchored;
            }
            waiting.extend(free_steps(step).into_iter().flatten().map(|next| (next, anchored)));
        }
        first
    }

    fn starts(&self) -> Starts {
        if self.anchored {
            Starts::Anchored
        } else if self.nothing {
            Starts::Anywhere
        } else if let Some(byte) = self.set.single() {
            Starts::Byte(byte)
        } else {
            Starts::Set(self.set)
        }
    }
}
