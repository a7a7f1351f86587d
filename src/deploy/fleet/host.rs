//! One host of a fleet, with all that its file says of it.

use super::settings::{Fleet, HealthSettings};
use super::values::Template;

/// One host of a fleet, with what holds of all hosts where it says nothing itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Host {
    /// Its name in the flake.
    pub name: String,
    /// Where SSH leads to it.
    pub target: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether root is somebody else there, whom `sudo` leads to.
    pub sudo: bool,
    /// Its cfgcheck, if it is said.
    pub program: Option<String>,
    /// How it is known to be well: what is said of all, and of it.
    pub health: HealthSettings,
    /// Ports elsewhere that have to be in reach of it afterwards.
    pub reach: Vec<String>,
    /// What all time limits are multiplied with, if that is said.
    pub patience: Option<u64>,
}

/// Where SSH leads to a host of which nothing is said.
const TARGET: &str = "root@{host}";

impl Fleet {
    /// Returns a host of the fleet, or why it cannot be told where it is.
    pub fn host(&self, name: &str) -> Result<Host, String> {
        let own = self.hosts.get(name).cloned().unwrap_or_default();
        let all = &self.defaults;
        let target = match (&own.target, &all.target) {
            (Some(target), _) => Ok(target.clone()),
            (None, Some(template)) => template.of(name),
            (None, None) => TARGET.parse::<Template>().and_then(|template| template.of(name)),
        };
        let target = target.map_err(|why| {
            let name = diag::clean_line(name);
            format!("the host `{name}` needs a `target` in the fleet's file: {why}")
        })?;
        let text = |texts: &[super::values::Address]| texts.iter().map(|text| text.as_ref().to_owned()).collect();
        Ok(Host {
            name: name.to_owned(),
            target: target.as_ref().to_owned(),
            tags: self.tags(name),
            sudo: own.sudo.or(all.sudo).unwrap_or(false),
            program: own
                .remote_program
                .as_ref()
                .or(all.remote_program.as_ref())
                .map(|program| program.as_ref().to_owned()),
            reach: match own.reach.is_empty() {
                true => text(&all.reach),
                false => text(&own.reach),
            },
            patience: own.patience.or(all.patience),
            health: all.health.clone().and(own.health),
        })
    }

    /// Returns the tags of a host.
    pub fn tags(&self, name: &str) -> Vec<String> {
        let tags = self.hosts.get(name).map(|own| own.tags.as_slice()).unwrap_or_default();
        tags.iter().map(|tag| tag.as_ref().to_owned()).collect()
    }

    /// Returns hosts with their tags.
    pub fn tagged(&self, names: &[String]) -> Vec<(String, Vec<String>)> {
        names.iter().map(|name| (name.clone(), self.tags(name))).collect()
    }
}

impl HealthSettings {
    /// Returns what both demand; the time of grace is that of the other one, if it says any.
    fn and(mut self, other: HealthSettings) -> HealthSettings {
        self.units.extend(other.units);
        self.http.extend(other.http);
        self.tcp.extend(other.tcp);
        self.command.extend(other.command);
        self.grace = other.grace.or(self.grace);
        self
    }
}
