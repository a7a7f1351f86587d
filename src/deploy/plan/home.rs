//! What the deployment of a home would do.

use super::{ASK, LEAST_ROOM, Plan, UnitPlan};
use crate::host::{self, Files, Home, Host, HostError, QUESTION};
use crate::order::Action;
use activation::home::Said;

impl Plan {
    pub(super) fn of_home(mut self, host: &Host<'_>, home: &Home) -> Result<Plan, HostError> {
        if let Some(fault) = host::is_generation(host, &self.system)? {
            self.refusals.push(fault.to_string());
            return Ok(self);
        }
        if self.action != Action::Switch {
            self.refusals
                .push("a home is there at once, and not with the next boot: leave out --boot and --reboot".into());
            return Ok(self);
        }
        if self.now.current.as_deref() == Some(&self.system) && self.is_profile() {
            self.is_done = true;
            return Ok(self);
        }
        let new = Files::of(host, &self.system)?;
        let mut refusals = Vec::new();
        refusals.extend(managed(host, home)?);
        refusals.extend(manager(host, home)?);
        refusals.extend(room(host, home)?);
        let in_the_way = new.in_the_way(host, home)?;
        if !in_the_way.is_empty() {
            refusals.push(format!(
                "files are in the way of the home's links, and could not be brought back: {}; move them away",
                host::shown(&in_the_way)
            ));
        }
        let old = match &self.now.current {
            Some(current) => {
                refusals.extend(way_back(host, home, current)?);
                Some(Files::of(host, current)?)
            }
            None => None,
        };
        if refusals.is_empty() {
            refusals.extend(dry_run(host, &self.system)?);
            self.units = units(host, old.as_ref(), &new)?;
        }
        self.refusals = refusals;
        Ok(self)
    }
}

/// Returns that the home is part of the machine's system, if it is.
fn managed(host: &Host<'_>, home: &Home) -> Result<Option<String>, HostError> {
    let user = &home.user;
    let unit = format!("/etc/systemd/system/home-manager-{user}.service");
    let is_part = host.has(&unit)?;
    Ok(is_part.then(|| format!("the home of {user} is part of the machine's system: deploy that")))
}

/// Returns why the user's service manager could not carry the deployment out.
fn manager(host: &Host<'_>, home: &Home) -> Result<Option<String>, HostError> {
    let user = &home.user;
    let asked = host.of_manager("systemctl", &["is-system-running", "--wait"]);
    let ran = host.run(&asked, QUESTION)?;
    let state = String::from_utf8_lossy(&ran.output).trim().to_owned();
    if !matches!(state.as_str(), "running" | "degraded") {
        let said = diag::clean_line(&state);
        return Ok(Some(format!("the service manager of {user} does not run: {said}")));
    }
    let asked = ["loginctl", "show-user", user, "--property=Linger", "--value"];
    let lingers = host.run(&asked, QUESTION)?;
    if lingers.code() == Some(0) && lingers.last_line() == "yes" {
        return Ok(None);
    }
    Ok(Some(format!(
        "the service manager of {user} ends with the last session, and the deployment with it: `loginctl enable-linger {user}`"
    )))
}

fn room(host: &Host<'_>, home: &Home) -> Result<Option<String>, HostError> {
    let left = host.fs.room(&home.folder)?;
    let folder = home.folder.display();
    Ok((left < LEAST_ROOM).then(|| format!("the disk of {folder} is full: {} KiB are left", left >> 10)))
}

/// Returns why the generation that is the home could not become it again.
fn way_back(host: &Host<'_>, home: &Home, current: &str) -> Result<Option<String>, HostError> {
    if let Some(fault) = host::is_generation(host, current)? {
        return Ok(Some(format!("there is no way back: {fault}")));
    }
    let in_the_way = Files::of(host, current)?.in_the_way(host, home)?;
    Ok((!in_the_way.is_empty()).then(|| {
        let files = host::shown(&in_the_way);
        format!("files are in the way of the links of the home that is there, so that there is no way back: {files}; move them away")
    }))
}

/// Returns why the new generation refuses to be activated, as far as it tells that before.
fn dry_run(host: &Host<'_>, generation: &str) -> Result<Option<String>, HostError> {
    let mut argv = vec!["env".to_owned(), "DRY_RUN=1".to_owned()];
    argv.extend(host.activation(generation));
    let ran = host.run(&argv, ASK)?;
    Ok(match ran.code() {
        Some(0) => None,
        Some(_) => {
            let said = Said::of(&ran.output).last.unwrap_or_default();
            Some(format!(
                "the new home refuses to be activated ({}): {said}",
                ran.ended()
            ))
        }
        None => Some("the dry run of the activation does not come to an end".into()),
    })
}

/// Returns what happens to the user's units. What starts or stops them compares the same files.
fn units(host: &Host<'_>, old: Option<&Files>, new: &Files) -> Result<UnitPlan, HostError> {
    let (old, new) = (
        old.map(|old| old.units(host)).transpose()?.unwrap_or_default(),
        new.units(host)?,
    );
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    let anew = new.keys().filter(|name| !old.contains_key(*name));
    let changed = new
        .iter()
        .filter(|(name, text)| old.get(*name).is_some_and(|old| old != *text));
    Ok(UnitPlan {
        stops: gone.cloned().collect(),
        restarts: changed.map(|(name, _)| name.clone()).collect(),
        starts: anew.cloned().collect(),
        ..UnitPlan::default()
    })
}
