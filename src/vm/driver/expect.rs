//! Looking at a machine.

use super::session::{Done, Session};
use super::wait::{is_in, state_name};
use super::words;
use crate::guest::Call;
use crate::scenario::{Expect, Http, SystemState, UnitName, Which};
use activation::units;

/// Asks a web server of the machine. The port, the path and the host are `$1`, `$2` and `$3`.
const ASK: &str = r#"exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 7
printf 'GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n' "$2" "$3" >&3
exec head -c 262144 <&3"#;

impl Session<'_> {
    /// Compares the machine with what is expected of it.
    pub(super) fn expect(&mut self, expect: &Expect) -> Done {
        if let Some(system) = expect.system {
            self.expect_system(system)?;
        }
        if let Some(units) = &expect.failed_units {
            self.expect_failed(units)?;
        }
        for (unit, wanted) in &expect.units {
            let state = self.unit_state(unit.as_str())?;
            if !is_in(&state, *wanted) {
                let hint = self
                    .journal_end(unit.as_str())
                    .map(|line| format!("its journal ends with: {line}"));
                let message = format!("{unit} is {state}, and `{}` was expected", state_name(*wanted));
                return Err(self.failed(message, hint));
            }
        }
        if let Some(which) = expect.generation {
            self.expect_generation(which)?;
        }
        if expect.same_as_before {
            self.expect_same()?;
        }
        if let Some(wanted) = expect.reachable {
            let gateway = self.play.settings.gateway.clone();
            let is = self.guest.reaches(&gateway).map_err(|error| self.broken(error))?;
            if is != wanted {
                let message = match wanted {
                    true => "the machine has no neighbour in its network",
                    false => "the machine has a neighbour in its network, and none was expected",
                };
                return Err(self.failed(message.to_owned(), None));
            }
        }
        match &expect.http {
            Some(http) => self.expect_http(http),
            None => Ok(()),
        }
    }

    fn expect_system(&mut self, wanted: SystemState) -> Done {
        let ended = self.ask(&Call::new(["systemctl", "is-system-running"]))?;
        let state = words::last_line(&ended.output).unwrap_or_else(|| "unknown".into());
        let wanted = match wanted {
            SystemState::Running => "running",
            SystemState::Degraded => "degraded",
        };
        if state == wanted {
            return Ok(());
        }
        let units = self.units()?;
        let failing = words::names(units.failing());
        let hint = (!failing.is_empty()).then(|| format!("these units have failed: {failing}"));
        Err(self.failed(format!("the system is {state}, and `{wanted}` was expected"), hint))
    }

    fn expect_failed(&mut self, wanted: &[UnitName]) -> Done {
        let units = self.units()?;
        let more = units
            .failing()
            .filter(|unit| !wanted.iter().any(|wanted| wanted.as_str() == *unit));
        let more = words::names(more);
        if !more.is_empty() {
            return Err(self.failed(format!("{more} failed, which is not expected"), None));
        }
        let less = wanted.iter().map(UnitName::as_str);
        let less = words::names(less.filter(|unit| !units.failing().any(|failing| failing == *unit)));
        match less.is_empty() {
            true => Ok(()),
            false => Err(self.failed(format!("{less} did not fail, which is expected"), None)),
        }
    }

    fn expect_generation(&mut self, which: Which) -> Done {
        let current = self.link("/run/current-system")?;
        if current == self.generation(which).toplevel.to_path() {
            return Ok(());
        }
        let message = format!("the {} does not run", words::name(which));
        Err(self.failed(message, Some(format!("what runs is {current}"))))
    }

    fn expect_same(&mut self) -> Done {
        let now = self.units()?;
        let Some(before) = &self.before else {
            return Err(self.unjudged("nothing was recorded before"));
        };
        let mut troubles = units::newly_failed(&before.units, &now);
        troubles.extend(units::not_back(&before.units, &now));
        let mut names: Vec<&str> = troubles.iter().map(|trouble| trouble.unit.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        match names.is_empty() {
            true => Ok(()),
            false => Err(self.failed(format!("not as before: {}", words::names(names)), None)),
        }
    }

    fn expect_http(&mut self, http: &Http) -> Done {
        let host = http.host.as_deref().unwrap_or("localhost");
        let call = Call::new(["bash", "-c", ASK, "bash", &http.port.to_string(), &http.path, host]);
        let url = words::line_of(&format!("http://{host}:{}{}", http.port, http.path));
        let ended = match self.run_for_step(&call, None)? {
            Ok(ended) => ended,
            Err(why) => return Err(self.failed(format!("asking for {url} {why}"), None)),
        };
        let text = String::from_utf8_lossy(&ended.output);
        let first = text.lines().next().unwrap_or_default();
        let status = first.split(' ').nth(1).filter(|_| first.starts_with("HTTP/"));
        let Some(status) = status else {
            return Err(self.failed(format!("{url} does not answer"), words::last_line(&ended.output)));
        };
        if status != http.status.to_string() {
            let message = format!(
                "{url} answers {}, and {} was expected",
                words::line_of(status),
                http.status
            );
            return Err(self.failed(message, None));
        }
        match &http.prints {
            Some(wanted) if !text.contains(wanted) => {
                Err(self.failed(format!("{url} does not answer with `{}`", words::line_of(wanted)), None))
            }
            _ => Ok(()),
        }
    }
}
