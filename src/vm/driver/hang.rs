//! A switch or a boot whose time is up: what it waits for.

use diag::Severity;

use super::session::{Done, Session, Stop};
use super::switch::program;
use super::words;
use crate::finding::{Blame, Found};
use crate::guest::Call;
use crate::scenario::Which;
use activation::snippet_at;

/// Prints how far each shell that runs a script has read it. The script is `$1`, and `$2` a folder of programs for a system
/// that has none yet.
const POSITIONS: &str = r#"PATH=$2:$PATH
script=$(readlink -f "$1")
for process in /proc/[0-9]*; do
  for file in "$process"/fd/*; do
    if [ "$(readlink "$file")" = "$script" ]; then
      while read -r key value; do
        if [ "$key" = pos: ]; then echo "$value"; fi
      done <"$process/fdinfo/${file##*/}"
    fi
  done
done 2>/dev/null; true"#;

/// Ends all processes that have a program in their arguments, which is `$1`, and those that they have started.
const END: &str = r#"end() {
  for children in /proc/"$1"/task/*/children; do
    for child in $(cat "$children"); do end "$child"; done
  done
  kill -KILL "$1"
}
for process in /proc/[0-9]*; do
  number=${process#/proc/}
  if [ "$number" != $$ ] && tr '\0' '\n' <"$process/cmdline" | grep -qxF -- "$1"; then end "$number"; fi
done 2>/dev/null; true"#;

/// Most bytes of the script of an activation.
const MOST_SCRIPT: u64 = 4 << 20;

impl Session<'_> {
    /// Tells what a switch waits for whose time is up, and ends it if it waits for a unit. A boot may show more then.
    pub(super) fn switch_hangs(&mut self, toplevel: &str) -> Done {
        if let Some(found) = self.hanging_script(toplevel)? {
            return Err(Stop::Failed(Box::new(found)));
        }
        let jobs = self.jobs();
        let Some(job) = jobs.iter().find(|job| job.runs) else {
            let message = "the switch still runs when its time is up".to_owned();
            return Err(Stop::Failed(Box::new(self.finding(
                "switch-timed-out",
                Severity::Error,
                message,
                Blame::Host,
            ))));
        };
        let message = format!("the switch still waits for {} when its time is up", job.unit);
        let blame = Blame::Unit(job.unit.clone());
        let hint = "give the unit an end (`TimeoutStartSec`), or start it without making others wait";
        self.tell("switch-timed-out", Severity::Error, message, blame, hint);
        let end = Call::new(["bash", "-c", END, "bash", &program(toplevel)]);
        self.ask(&end)?;
        // It was in the middle of starting units: the new system is the current one.
        self.running = None;
        Ok(())
    }

    /// Returns the finding of an activation script that still runs, if it is one.
    fn hanging_script(&mut self, toplevel: &str) -> Done<Option<Found>> {
        let file = format!("{toplevel}/activate");
        let ended = self.ask(&Call::new(["bash", "-c", POSITIONS, "bash", &file, &tools(toplevel)]))?;
        Ok(self.script_at(&ended.output, &file, "the switch"))
    }

    /// Returns the finding of an activation script that a boot still runs, if it is one. The system is not there then, and
    /// only its own programs are.
    pub(super) fn hanging_activation(&mut self, wanted: Option<Which>) -> Option<Found> {
        let toplevel = self.generation(wanted.or(self.default)?).toplevel.to_path();
        let (file, tools, boot) = (format!("{toplevel}/activate"), tools(&toplevel), self.the_boot());
        let question = [&*format!("{tools}/bash"), "-c", POSITIONS, "bash", &file, &tools];
        // A service of the initial RAM disk activates a system that is not the root yet.
        let of_initrd = ["chroot", "/sysroot"].into_iter().chain(question);
        if let Some(output) = self.ask_anyway(&Call::new(question)) {
            return self.script_at(&output, &file, boot);
        }
        let output = self.ask_anyway(&Call::new(of_initrd))?;
        self.script_at(&output, &format!("/sysroot{file}"), boot)
    }

    /// Returns the finding of a script that shells have read as far as an answer to [`POSITIONS`] says.
    fn script_at(&mut self, answer: &[u8], file: &str, when: &str) -> Option<Found> {
        let text = String::from_utf8_lossy(answer);
        // Shells inside of it share the position of the outer one.
        let position = text.lines().filter_map(|line| line.trim().parse::<u64>().ok()).max()?;
        let script = self.guest.read(file, MOST_SCRIPT).unwrap_or_default();
        let (what, blame) = match snippet_at(&script, position) {
            Some(name) => (
                format!("activation script `{}`", words::line_of(&name)),
                Blame::ActivationScript(name),
            ),
            None => ("activation".to_owned(), Blame::Host),
        };
        let message = format!("the {what} still runs when the time for {when} is up");
        let hint = "wait in a unit, with an end: `serviceConfig.TimeoutStartSec`";
        Some(Found {
            hint: Some(hint.to_owned()),
            ..self.finding("activation-timed-out", Severity::Error, message, blame)
        })
    }
}

/// Returns the folder of a system's programs.
fn tools(toplevel: &str) -> String {
    format!("{toplevel}/sw/bin")
}
