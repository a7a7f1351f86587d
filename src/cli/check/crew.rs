//! Targets judged beside each other. Helpers, each with an evaluator of its own, judge ahead of the run. The run goes through
//! all targets in order as it does alone, and takes over what a helper came to as it would take over what an earlier run
//! came to: only where it is what the run would have come to by itself.

use super::prepared_on;
use super::run::{Evaluated, Run, Work};
use crate::session::{Asked, Session};
use ::check::fleet;
use flake::reads::Reads;
use report::{Recorder, Secrets};
use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Memory in bytes that each evaluation beside others has to have: 1 GiB.
const ROOM: u64 = 1 << 30;

/// A target for one system: its number in what is to be judged, and that of the platform, 0 for its own.
pub(super) type Job = (usize, usize);

/// What judging a target came to, with all that it did to the run.
pub(super) struct Judgement {
    /// The path of the target in the flake: a helper has listed targets by itself.
    path: String,
    /// What it came to.
    pub evaluated: Evaluated,
    /// What it was computed from.
    pub reads: Reads,
    /// What other hosts are compared with, of a host.
    pub fleet: Option<fleet::Known>,
    /// Values that are not to be told.
    secrets: Secrets,
}

/// What becomes of a job.
enum State {
    /// Somebody is at it.
    Begun,
    /// It is judged.
    Done(Box<Judgement>),
    /// The run itself has it.
    Left,
}

/// Jobs that several share.
#[derive(Default)]
struct Board {
    /// Those that nobody has begun, the next one at the end.
    open: Vec<Job>,
    begun: BTreeMap<Job, State>,
}

/// A run's helpers, and what they have in hand.
#[derive(Default)]
pub(super) struct Crew {
    board: Mutex<Board>,
    /// Told whenever a job is done or left.
    news: Condvar,
    /// How many evaluate beside each other, the run among them.
    size: u64,
}

/// A job in hand. It is left to the run if it comes to nothing, as when a helper ends.
struct Hand<'c> {
    crew: &'c Crew,
    job: Job,
    judged: Option<Box<Judgement>>,
}

impl Drop for Hand<'_> {
    fn drop(&mut self) {
        let state = self.judged.take().map_or(State::Left, State::Done);
        self.crew.board().begun.insert(self.job, state);
        self.crew.news.notify_all();
    }
}

/// What there is for the run.
enum Next<'c> {
    /// A helper has judged it.
    Judged(Box<Judgement>),
    /// Nobody has.
    Own,
    /// A helper is at it, and this one could be judged meanwhile.
    Meanwhile(Hand<'c>),
}

impl Crew {
    fn board(&self) -> MutexGuard<'_, Board> {
        // Whoever panicked has left the board whole: each change of it is one call.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next open job in hand.
    fn take(&self) -> Option<Hand<'_>> {
        Some(Hand {
            crew: self,
            job: take_of(&mut self.board())?,
            judged: None,
        })
    }

    /// Returns what there is for the run, which has come to a job.
    fn next(&self, job: Job) -> Next<'_> {
        let mut board = self.board();
        loop {
            match board.begun.remove(&job) {
                Some(State::Done(judged)) => return Next::Judged(judged),
                Some(State::Left) => return Next::Own,
                Some(State::Begun) => drop(board.begun.insert(job, State::Begun)),
                None => {
                    board.open.retain(|open| *open != job);
                    return Next::Own;
                }
            }
            if let Some(other) = take_of(&mut board) {
                return Next::Meanwhile(Hand {
                    crew: self,
                    job: other,
                    judged: None,
                });
            }
            board = self.news.wait(board).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Leaves all that nobody has begun, so that helpers end.
    pub(super) fn dismiss(&self) {
        self.board().open.clear();
    }
}

fn take_of(board: &mut Board) -> Option<Job> {
    let job = board.open.pop()?;
    board.begun.insert(job, State::Begun);
    Some(job)
}

/// Returns the platform of a job.
pub(super) fn platform(work: &Work, job: Job) -> Option<&str> {
    let of_target = &work.get(job.0)?.1;
    job.1
        .checked_sub(1)
        .and_then(|number| of_target.iter().nth(number))
        .map(String::as_str)
}

impl Run<'_> {
    /// Returns the crew for jobs, in their order: alone with the run where several would not be faster, or not have room.
    pub(super) fn crew(&self, jobs: Vec<Job>) -> Crew {
        let memory = usize::try_from(self.max_memory() / ROOM).unwrap_or(usize::MAX);
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let asked = self.args.jobs.map_or(processors.min(memory), NonZero::get);
        // Builds of theirs would be beside each other as well.
        let most = if self.args.judge.flakes.ifd == crate::args::Ifd::Error {
            asked
        } else {
            1
        };
        let size = most.min(jobs.len()).max(1);
        let open = if size > 1 {
            jobs.into_iter().rev().collect()
        } else {
            Vec::new()
        };
        Crew {
            board: Mutex::new(Board {
                open,
                begun: BTreeMap::new(),
            }),
            news: Condvar::new(),
            size: size as u64,
        }
    }

    /// Starts a run's helpers.
    pub(super) fn start<'s>(&self, crew: &'s Crew, asked: &'s Asked, scope: &'s std::thread::Scope<'s, '_>)
    where
        Self: 's,
    {
        for _ in 1..crew.size {
            let (machine, args, base) = (self.machine, self.args, self.base.clone());
            let (for_platforms, size, fetcher) = (self.for_platforms, crew.size, self.fetcher.clone());
            let thread = std::thread::Builder::new()
                .name("judge".into())
                .stack_size(machine.stack);
            let started = thread.spawn_scoped(scope, move || {
                // Whatever is wrong with the flake is told by the run itself.
                let Ok(mut run) = prepared_on(machine, args, asked) else {
                    return;
                };
                run.recorder = Recorder::new();
                run.base = base;
                run.fetcher = fetcher;
                run.for_platforms = for_platforms;
                run.beside = size;
                run.helps(crew, asked);
            });
            // A thread less is no reason not to go on.
            if started.is_err() {
                return;
            }
        }
    }

    /// Judges for another run what that has not come to.
    fn helps(&mut self, crew: &Crew, asked: &Asked) {
        let mut session = self.session(asked);
        let Some(number) = self.lock(&mut session, asked) else {
            return;
        };
        let Some(flake) = self.call(&mut session, number) else {
            return;
        };
        let mut work = self.work(&mut session, flake);
        while !sys::interrupted()
            && let Some(mut hand) = crew.take()
        {
            if self.is_worn(&mut session) {
                drop(session);
                session = self.session(asked);
                work = self.again(&mut session, asked);
            }
            if hand.job.0 >= work.len() {
                return;
            }
            hand.judged = Some(Box::new(self.ahead(&mut session, &work, hand.job)));
        }
    }

    /// Judges a job before the run comes to it.
    fn ahead(&mut self, session: &mut Session, work: &Work, job: Job) -> Judgement {
        let fleet = std::mem::take(&mut self.fleet);
        let judged = self.judgement(session, work, job);
        self.fleet = fleet;
        judged
    }

    /// Judges a job. What is learned of secrets is no more than what that tells, whatever was judged before.
    fn judgement(&mut self, session: &mut Session, work: &Work, job: Job) -> Judgement {
        let target = &work[job.0].0;
        let (known, read) = (
            std::mem::take(self.recorder.secrets()),
            std::mem::take(&mut self.read_for_secrets),
        );
        session.recording.begin();
        let evaluated = self.target(session, target, platform(work, job));
        let reads = session.recording.end();
        self.read_for_secrets = read;
        Judgement {
            path: target.path(),
            evaluated,
            reads,
            fleet: self.fleet.host(&target.name).cloned(),
            secrets: std::mem::replace(self.recorder.secrets(), known),
        }
    }

    /// Returns what judging a job comes to, which helpers may have done.
    pub(super) fn judge(&mut self, crew: &Crew, session: &mut Session, work: &Work, job: Job) -> Judgement {
        let ready = self
            .of_crew(crew, session, work, job)
            .filter(|judged| judged.path == work[job.0].0.path() && self.would_come_to(judged));
        let judged = match ready {
            Some(judged) => {
                if let Some(known) = &judged.fleet {
                    self.fleet.remember(known.clone());
                }
                *judged
            }
            None => self.judgement(session, work, job),
        };
        self.recorder.secrets().join(&judged.secrets);
        judged
    }

    /// Returns what a helper came to, if one has the job in hand; until it is done, others are judged.
    fn of_crew(&mut self, crew: &Crew, session: &mut Session, work: &Work, job: Job) -> Option<Box<Judgement>> {
        loop {
            match crew.next(job) {
                Next::Own => return None,
                Next::Judged(judged) => return Some(judged),
                Next::Meanwhile(mut hand) => {
                    self.beside = crew.size;
                    hand.judged = Some(Box::new(self.ahead(session, work, hand.job)));
                    self.beside = 1;
                }
            }
        }
    }

    /// Whether this run would have come to what a helper came to: with all memory to itself, and what the hosts before it
    /// have in common with this one.
    fn would_come_to(&self, judged: &Judgement) -> bool {
        judged.evaluated.lasts && judged.fleet.as_ref().is_none_or(|known| self.fleet.agrees(known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crew(jobs: &[Job]) -> Crew {
        let crew = Crew::default();
        crew.board().open = jobs.iter().rev().copied().collect();
        crew
    }

    fn judgement() -> Box<Judgement> {
        Box::new(Judgement {
            path: "nixosConfigurations.web".into(),
            evaluated: Evaluated {
                cases: None,
                lasts: true,
                has_own_path: false,
                facts: None,
            },
            reads: Reads::default(),
            fleet: None,
            secrets: Secrets::new(),
        })
    }

    #[test]
    fn jobs_are_taken_in_order_and_once() {
        let crew = crew(&[(0, 0), (0, 1), (2, 0)]);
        let hands: Vec<Hand<'_>> = std::iter::from_fn(|| crew.take()).collect();
        assert_eq!(
            hands.iter().map(|hand| hand.job).collect::<Vec<_>>(),
            [(0, 0), (0, 1), (2, 0)]
        );
    }

    #[test]
    fn the_run_has_what_nobody_began_and_what_was_left() {
        let crew = crew(&[(0, 0), (1, 0)]);
        assert!(matches!(crew.next((0, 0)), Next::Own));
        drop(crew.take().expect("the other is open"));
        assert!(matches!(crew.next((1, 0)), Next::Own), "it came to nothing");
        assert!(crew.take().is_none(), "nothing is done twice");
        assert!(matches!(crew.next((7, 0)), Next::Own), "it was never shared");
    }

    #[test]
    fn the_run_takes_what_is_done_and_does_others_meanwhile() {
        let crew = crew(&[(0, 0), (1, 0), (2, 0)]);
        let mut first = crew.take().expect("it is open");
        let Next::Meanwhile(mut other) = crew.next((0, 0)) else {
            panic!("the first is not done, and another one is open");
        };
        assert_eq!(other.job, (1, 0));
        other.judged = Some(judgement());
        drop(other);
        first.judged = Some(judgement());
        drop(first);
        assert!(matches!(crew.next((0, 0)), Next::Judged(_)));
        assert!(matches!(crew.next((1, 0)), Next::Judged(_)));
        crew.dismiss();
        assert!(crew.take().is_none());
    }

    #[test]
    fn the_run_waits_for_what_is_in_hand() {
        let crew = crew(&[(0, 0)]);
        std::thread::scope(|scope| {
            let mut hand = crew.take().expect("it is open");
            let waiting = scope.spawn(|| matches!(crew.next((0, 0)), Next::Judged(_)));
            hand.judged = Some(judgement());
            drop(hand);
            assert!(waiting.join().expect("it does not panic"));
        });
        // Also for one that panics.
        let crew = self::crew(&[(0, 0)]);
        std::thread::scope(|scope| {
            let hand = crew.take().expect("it is open");
            let waiting = scope.spawn(|| matches!(crew.next((0, 0)), Next::Own));
            let broken = scope.spawn(move || {
                let _hand = hand;
                panic!("a helper breaks");
            });
            assert!(broken.join().is_err());
            assert!(waiting.join().expect("it does not panic"));
        });
    }
}
