//! The LALR(1) automaton of a grammar, as GNU Bison builds it by default.
//!
//! Which tokens a message lists as expected depends on the states of that automaton and on which
//! entries of its table are left to each state's default reduction, so all of it is rebuilt here: the
//! LR(0) states, the lookaheads (after DeRemer and Pennello), the resolution of conflicts by
//! precedence, and the choice of default reductions (`lr.default-reduction=most`).

use crate::grammar::{self, Grouping, PARTS, Part, Piece, Production};
use crate::token::{KINDS, Kind};
use std::collections::HashMap;

/// A set of token kinds: one bit each.
type Kinds = u64;

const _: () = assert!(KINDS <= 64, "a set of kinds is one word");

/// What to do in a state when a token is at hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Read the token and go to the state.
    Shift(u16),
    /// Complete the rule.
    Reduce(u16),
    /// The token does not fit.
    Error,
}

/// A state of the automaton.
pub struct State {
    /// What to do at the tokens that are not left to the default.
    explicit: Vec<(Kind, Action)>,
    /// The rule to complete at all other tokens.
    pub default: Option<u16>,
    gotos: Vec<(Part, u16)>,
}

impl State {
    /// Whether the state acts without looking at a token.
    pub fn is_blind(&self) -> bool {
        self.explicit.is_empty()
    }

    /// Returns what to do when this token is at hand.
    pub fn action(&self, kind: Kind) -> Action {
        match self.explicit.iter().find(|(k, _)| *k == kind) {
            Some((_, action)) => *action,
            None => self.default.map_or(Action::Error, Action::Reduce),
        }
    }

    /// Returns the state after this one when `part` is complete.
    pub fn goto(&self, part: Part) -> Option<u16> {
        self.gotos.iter().find(|(p, _)| *p == part).map(|(_, state)| *state)
    }

    /// Returns the tokens that the table has an entry for, in the order of their numbers.
    pub fn expected(&self) -> impl Iterator<Item = Kind> {
        self.explicit
            .iter()
            .filter(|(_, action)| *action != Action::Error)
            .map(|(kind, _)| *kind)
    }
}

/// An automaton and the rules it completes. Rule 0 accepts; state 0 is the first.
pub struct Automaton {
    /// The states.
    pub states: Vec<State>,
    /// The rules.
    pub rules: Vec<Production>,
}

/// A rule and how many of its pieces were read.
type Item = (u16, u16);

/// A state while the automaton is built.
struct Draft {
    /// All items, in the order of the rules.
    items: Vec<Item>,
    shifts: Vec<(Kind, u16)>,
    gotos: Vec<(Part, u16)>,
}

/// Returns the automaton of Nix's grammar.
pub fn nix() -> Automaton {
    build(grammar::productions())
}

fn build(rules: Vec<Production>) -> Automaton {
    let nullable = nullable(&rules);
    let drafts = drafts(&rules);
    let lookaheads = lookaheads(&rules, &drafts, &nullable);
    let states = drafts
        .iter()
        .enumerate()
        .map(|(n, draft)| {
            let reductions: Vec<(u16, Kinds)> = draft
                .items
                .iter()
                .filter(|&&(rule, dot)| dot as usize == rules[rule as usize].pieces.len())
                .map(|&(rule, _)| (rule, lookaheads.get(&(n, rule)).copied().unwrap_or_default()))
                .collect();
            finish(&rules, draft, reductions)
        })
        .collect();
    Automaton { states, rules }
}

fn nullable(rules: &[Production]) -> [bool; PARTS] {
    let mut nullable = [false; PARTS];
    let mut changed = true;
    while changed {
        changed = false;
        for rule in rules {
            let empty = rule.pieces.iter().all(|piece| match piece {
                Piece::Token(_) => false,
                Piece::Part(part) => nullable[*part as usize],
            });
            if empty && !nullable[rule.part as usize] {
                nullable[rule.part as usize] = true;
                changed = true;
            }
        }
    }
    nullable
}

/// Returns the LR(0) states.
fn drafts(rules: &[Production]) -> Vec<Draft> {
    let next = |(rule, dot): Item| rules[rule as usize].pieces.get(dot as usize).copied();
    let mut drafts: Vec<Draft> = Vec::new();
    let mut known: HashMap<Vec<Item>, u16> = HashMap::new();
    let mut kernels = vec![vec![(0, 0)]];
    known.insert(kernels[0].clone(), 0);
    while drafts.len() < kernels.len() {
        let kernel = kernels[drafts.len()].clone();
        let mut items = kernel.clone();
        let mut at = 0;
        while at < items.len() {
            if let Some(Piece::Part(part)) = next(items[at]) {
                for (n, rule) in rules.iter().enumerate() {
                    let item = (n as u16, 0);
                    if rule.part == part && !items.contains(&item) {
                        items.push(item);
                    }
                }
            }
            at += 1;
        }
        items.sort_unstable();
        let mut moves: Vec<(Piece, Vec<Item>)> = Vec::new();
        for &item in &items {
            let Some(piece) = next(item) else {
                continue;
            };
            let moved = (item.0, item.1 + 1);
            match moves.iter_mut().find(|(s, _)| *s == piece) {
                Some((_, kernel)) => kernel.push(moved),
                None => moves.push((piece, vec![moved])),
            }
        }
        let mut draft = Draft {
            items,
            shifts: Vec::new(),
            gotos: Vec::new(),
        };
        for (piece, kernel) in moves {
            let state = *known.entry(kernel.clone()).or_insert_with(|| {
                kernels.push(kernel);
                kernels.len() as u16 - 1
            });
            match piece {
                Piece::Token(kind) => draft.shifts.push((kind, state)),
                Piece::Part(part) => draft.gotos.push((part, state)),
            }
        }
        drafts.push(draft);
    }
    drafts
}

/// Returns the tokens at which each state may complete each of its complete rules.
fn lookaheads(rules: &[Production], drafts: &[Draft], nullable: &[bool; PARTS]) -> HashMap<(usize, u16), Kinds> {
    // Each goto is a pair of a state and a part; what may follow the part there is sought.
    let gotos: Vec<(usize, Part, usize)> = drafts
        .iter()
        .enumerate()
        .flat_map(|(from, draft)| draft.gotos.iter().map(move |&(part, to)| (from, part, to as usize)))
        .collect();
    let index: HashMap<(usize, u8), usize> = gotos
        .iter()
        .enumerate()
        .map(|(n, &(from, part, _))| ((from, part as u8), n))
        .collect();
    let walk = |from: usize, piece: Piece| -> usize {
        let draft = &drafts[from];
        let to = match piece {
            Piece::Token(kind) => draft.shifts.iter().find(|(k, _)| *k == kind).map(|(_, to)| *to),
            Piece::Part(part) => draft.gotos.iter().find(|(p, _)| *p == part).map(|(_, to)| *to),
        };
        to.expect("an item has a move for its next piece") as usize
    };
    // What is read directly, and through parts that may be empty.
    let mut follow: Vec<Kinds> = gotos
        .iter()
        .map(|&(_, _, to)| {
            drafts[to]
                .shifts
                .iter()
                .fold(0, |kinds, (kind, _)| kinds | 1 << *kind as u64)
        })
        .collect();
    let reads: Vec<(usize, usize)> = gotos
        .iter()
        .enumerate()
        .flat_map(|(n, &(_, _, to))| {
            let empty = drafts[to].gotos.iter().filter(|(part, _)| nullable[*part as usize]);
            empty
                .map(|&(part, _)| (n, index[&(to, part as u8)]))
                .collect::<Vec<_>>()
        })
        .collect();
    spread(&mut follow, &reads);
    // What follows a rule's part follows the rule's last piece too.
    let mut includes = Vec::new();
    let mut lookbacks = Vec::new();
    for (outer, &(from, part, _)) in gotos.iter().enumerate() {
        for (n, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.part == part) {
            let mut state = from;
            for (at, piece) in rule.pieces.iter().enumerate() {
                if let Piece::Part(part) = piece {
                    let rest_is_empty = rule.pieces[at + 1..].iter().all(|piece| match piece {
                        Piece::Token(_) => false,
                        Piece::Part(part) => nullable[*part as usize],
                    });
                    if rest_is_empty {
                        includes.push((index[&(state, *part as u8)], outer));
                    }
                }
                state = walk(state, *piece);
            }
            lookbacks.push((state, n as u16, outer));
        }
    }
    spread(&mut follow, &includes);
    let mut lookaheads = HashMap::new();
    for (state, rule, goto) in lookbacks {
        *lookaheads.entry((state, rule)).or_default() |= follow[goto];
    }
    lookaheads
}

/// Adds to each first set of `pairs` what is in its second, until nothing changes.
fn spread(sets: &mut [Kinds], pairs: &[(usize, usize)]) {
    let mut changed = true;
    while changed {
        changed = false;
        for &(to, from) in pairs {
            let more = sets[to] | sets[from];
            changed |= more != sets[to];
            sets[to] = more;
        }
    }
}

/// Resolves a state's conflicts and chooses its default reduction.
fn finish(rules: &[Production], draft: &Draft, mut reductions: Vec<(u16, Kinds)>) -> State {
    // A state with one rule to complete and nothing to read needs no token.
    let consistent = reductions.is_empty() || (reductions.len() == 1 && draft.shifts.is_empty());
    let mut shifts = draft.shifts.clone();
    let mut errors: Vec<Kind> = Vec::new();
    if !consistent {
        for (rule, kinds) in &mut reductions {
            let Some(rule_rank) = rules[*rule as usize].rank else {
                continue;
            };
            shifts.retain(|&(kind, _)| {
                let bit = 1 << kind as u64;
                let Some((rank, grouping)) = grammar::rank(kind) else {
                    return true;
                };
                if *kinds & bit == 0 {
                    return true;
                }
                if rank > rule_rank || (rank == rule_rank && grouping == Grouping::Right) {
                    *kinds &= !bit;
                    return true;
                }
                if rank == rule_rank && grouping == Grouping::Never {
                    *kinds &= !bit;
                    errors.push(kind);
                }
                false
            });
        }
    }
    let mut row: [Option<Action>; KINDS] = [None; KINDS];
    if !consistent {
        // The first rule wins, and reading wins over any rule.
        for &(rule, kinds) in reductions.iter().rev() {
            for (kind, cell) in row.iter_mut().enumerate() {
                if kinds & 1 << kind != 0 {
                    debug_assert!(cell.is_none(), "two rules fit");
                    *cell = Some(Action::Reduce(rule));
                }
            }
        }
    }
    for (kind, state) in shifts {
        let cell = &mut row[kind as usize];
        debug_assert!(cell.is_none(), "reading and a rule both fit");
        *cell = Some(Action::Shift(state));
    }
    for kind in errors {
        row[kind as usize] = Some(Action::Error);
    }
    let mut default = None;
    if consistent {
        default = reductions.first().map(|(rule, _)| *rule);
    } else {
        let mut most = 0;
        for &(rule, _) in &reductions {
            let count = row.iter().filter(|cell| **cell == Some(Action::Reduce(rule))).count();
            if count > most {
                most = count;
                default = Some(rule);
            }
        }
        for cell in &mut row {
            if default.is_some() && *cell == default.map(Action::Reduce) {
                *cell = None;
            }
        }
    }
    if default.is_none() {
        for cell in &mut row {
            if *cell == Some(Action::Error) {
                *cell = None;
            }
        }
    }
    let explicit = row
        .iter()
        .enumerate()
        .filter_map(|(kind, cell)| Some((Kind::from_number(kind as u8)?, (*cell)?)))
        .collect();
    State {
        explicit,
        default,
        gotos: draft.gotos.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precedence_decides_every_conflict_of_the_grammar() {
        // Building asserts that no conflict is left.
        let automaton = nix();
        assert!(automaton.states.len() > 150, "{} states", automaton.states.len());
    }
}
