//! Judging many mutants, each in a process of its own: one that loops or breaks us takes nothing with it.

use crate::Arguments;
use crate::judge::Fate;
use crate::library::{self, Change};
use crate::table;
use prop::random::{Draw, numbers};
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use sys::{Command, DiskFs, Exec, Exit, Fs, Mode, ProcessExec};

/// Time after which a process is ended, beyond the evaluator's own limit.
const MOST_TIME: Duration = Duration::from_secs(180);

/// Mutants after which what is known is told and written.
const TOLD: usize = 20;

/// A mutant and what became of it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The mutant.
    pub change: Change,
    /// What the laws say.
    pub fate: Fate,
}

/// Judges the mutants that the arguments ask for, in the order of their places.
pub fn judge_all(arguments: &Arguments) -> Result<Vec<Judged>, Box<dyn Error>> {
    let tasks = tasks(arguments)?;
    let known = match &arguments.again {
        Some(path) => table::killed(&DiskFs.read(path)?)?,
        None => BTreeMap::new(),
    };
    let program = std::env::current_exe()?;
    let next = AtomicUsize::new(0);
    let fates: Mutex<BTreeMap<usize, Result<Fate, String>>> = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((number, change)) = tasks.get(at) else { return };
            let fate = match known.get(&table::name(change)) {
                Some(fate) => Ok(fate.clone()),
                None => apart(arguments, &program, *number, change),
            };
            let mut fates = fates.lock().expect("no panic while holding the fates");
            fates.insert(at, fate);
            if fates.len().is_multiple_of(TOLD) {
                eprintln!("{} of {}", fates.len(), tasks.len());
                so_far(arguments, &tasks, &fates);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..arguments.jobs.max(1) {
            scope.spawn(work);
        }
    });
    let fates = fates.into_inner().expect("no panic while holding the fates");
    let mut judged = Vec::new();
    for ((_, change), (_, fate)) in tasks.into_iter().zip(fates) {
        judged.push(Judged { change, fate: fate? });
    }
    Ok(judged)
}

/// Writes the fates that are known, so that a run that is ended can be taken up by `--again`.
fn so_far(arguments: &Arguments, tasks: &[(usize, Change)], fates: &BTreeMap<usize, Result<Fate, String>>) {
    let Some(path) = &arguments.json else { return };
    let known = fates.iter().filter_map(|(at, fate)| {
        Some(Judged {
            change: tasks[*at].1.clone(),
            fate: fate.clone().ok()?,
        })
    });
    if let Err(error) = DiskFs.write(path, table::json(&known.collect::<Vec<_>>()).as_bytes(), Mode::Plain) {
        eprintln!("error: {error}");
    }
}

/// Returns the mutants that are asked for, each with its number in its file.
fn tasks(arguments: &Arguments) -> Result<Vec<(usize, Change)>, Box<dyn Error>> {
    let mut all = Vec::new();
    for file in library::files(&arguments.library)? {
        if arguments.file.is_empty() || arguments.file.contains(&file) {
            all.extend(library::changes(&arguments.library, &file)?.into_iter().enumerate());
        }
    }
    if let Some((from, to)) = arguments.lines {
        all.retain(|(_, change)| (from..=to).contains(&change.line));
    }
    let mut rng = numbers(arguments.seed, &["mutants"], 0);
    let mut draw = Draw::new(&mut rng);
    while arguments.sample.is_some_and(|most| all.len() > most) {
        all.remove(draw.below(all.len()));
    }
    Ok(all)
}

/// Judges one mutant in a process.
fn apart(arguments: &Arguments, program: &std::path::Path, number: usize, change: &Change) -> Result<Fate, String> {
    let mut command = Command::new(program)
        .arg(&arguments.library)
        .args(["--one", &format!("{}:{number}", change.file)])
        .args(["--cases", &arguments.cases.to_string()])
        .args(["--seed", &arguments.seed.to_string()]);
    for law in &arguments.law {
        command = command.args(["--law", law]);
    }
    command.timeout = Some(MOST_TIME);
    let output = ProcessExec.run(&command).map_err(|error| error.to_string())?;
    match output.exit {
        Exit::Code(0) => table::fate_from_json(&output.stdout),
        Exit::TimedOut => Ok(Fate::Endless("the process took too long".into())),
        exit => Ok(Fate::Crashed(format!("{exit:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge;
    use clap::Parser;

    /// Each change of the stand-in's library that is tried here must be noticed, or `docs/mutants.md` tells why it
    /// cannot be. The full run is a command, which the same page has.
    #[test]
    fn a_sample_of_mutants_is_noticed_or_explained() {
        let root = testkit::root();
        let library = root.join("fixtures/inputs/nixpkgs/lib");
        let arguments = ["mutants".as_ref(), library.as_os_str(), "--sample=32".as_ref()];
        let arguments = Arguments::parse_from(arguments);
        let tasks = tasks(&arguments).expect("the library is in the repository");
        assert_eq!(tasks.len(), 32);
        let laws = arguments.laws();
        let one = |(_, change): &(usize, Change)| Judged {
            change: change.clone(),
            fate: judge::fate(&library, Some(change), &laws, arguments.cases, arguments.seed),
        };
        let all = |tasks: &[(usize, Change)]| tasks.iter().map(one).collect::<Vec<Judged>>();
        let (left, right) = tasks.split_at(tasks.len() / 2);
        let judged = std::thread::scope(|scope| {
            let other = scope.spawn(|| all(right));
            let mut judged = all(left);
            judged.extend(other.join().expect("judging ends"));
            judged
        });
        let explained = DiskFs.read(&root.join("docs/mutants.md")).expect("the page is there");
        let left = table::unexplained(&judged, &String::from_utf8_lossy(&explained));
        assert!(left.is_empty(), "nothing notices, and nobody explains: {left:?}");
    }
}
