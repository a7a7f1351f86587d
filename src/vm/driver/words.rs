//! What is told of steps and times, in plain words.

use std::time::Duration;

use crate::scenario::{Action, SwitchAction, Which};

/// Returns the name of a generation.
pub(super) fn name(which: Which) -> &'static str {
    match which {
        Which::Base => "base",
        Which::Head => "head",
        Which::Default => "default",
    }
}

/// Returns the verb that `switch-to-configuration` has for an action.
pub(super) fn verb(action: SwitchAction) -> &'static str {
    match action {
        SwitchAction::Test => "test",
        SwitchAction::Switch => "switch",
        SwitchAction::Boot => "boot",
    }
}

/// Returns a time such as `2 min` or `1.5 s`.
pub(super) fn time(time: Duration) -> String {
    let ms = time.as_millis();
    match ms {
        0..1_000 => format!("{ms} ms"),
        _ if ms >= 60_000 && ms.is_multiple_of(60_000) => format!("{} min", ms / 60_000),
        _ if ms.is_multiple_of(1_000) => format!("{} s", ms / 1_000),
        _ => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
    }
}

/// Returns the last line that has something in it, without what steers a terminal, and not too long.
pub(super) fn last_line(output: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(output);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    Some(line_of(line))
}

/// Returns a text as one harmless line that is not too long.
pub(super) fn line_of(text: &str) -> String {
    const MOST: usize = 300;
    let line = diag::clean_line(text);
    match line.chars().count() > MOST {
        true => line.chars().take(MOST).chain(['…']).collect(),
        false => line.into_owned(),
    }
}

/// Returns what a step does, in a line that is harmless to print.
pub(super) fn step(action: &Action) -> String {
    let text = match action {
        Action::Boot(boot) => format!("boot {}", name(boot.generation)),
        Action::Record => "record".into(),
        Action::WaitForUnit(wait) => format!("wait for {}", wait.unit),
        Action::WaitForPort(wait) => format!("wait for port {}", wait.port),
        Action::WaitForFile(wait) => format!("wait for {}", wait.path.as_str()),
        Action::WaitForConsole(wait) => format!("wait for `{}` on the console", wait.text),
        Action::Run(run) => format!("run {}", run.command),
        Action::Retry(retry) => format!("try up to {} times", retry.times),
        Action::Expect(_) => "look at the machine".into(),
        Action::DryActivate(dry) => format!("dry-activate {}", name(dry.generation)),
        Action::SwitchTo(switch) => match &switch.specialisation {
            None => format!("{} {}", verb(switch.action), name(switch.generation)),
            Some(special) => format!("{} {} with {special}", verb(switch.action), name(switch.generation)),
        },
        Action::Watch(watch) => format!("watch for {}", time(watch.0)),
        Action::Rollback(_) => "roll back".into(),
        Action::Reboot(_) => "reboot".into(),
        Action::Crash => "cut the power".into(),
        Action::Network(network) => format!("network: {network:?}").to_lowercase(),
        Action::Screenshot(picture) => format!("screenshot {}", picture.as_str()),
        Action::Put(put) => format!("put {}", put.to.as_str()),
        Action::Get(get) => format!("get {}", get.path.as_str()),
        Action::Collect(_) => "collect".into(),
    };
    line_of(&text)
}

/// Returns names as `a, b and 3 more`.
pub(super) fn names<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    const MOST: usize = 8;
    let all: Vec<&str> = names.into_iter().collect();
    let shown = all[..all.len().min(MOST)].join(", ");
    match all.len().checked_sub(MOST) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}
