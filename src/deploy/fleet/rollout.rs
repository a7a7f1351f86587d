//! A deployment on several hosts, as a pure machine: which host may begin, and when no other one does.

use super::waves::Waves;
use crate::Ended;
use std::collections::{BTreeMap, BTreeSet};

/// What keeps a bad system from spreading.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// How many hosts of a wave are deployed to at the same time; at least one.
    pub at_once: usize,
    /// How many hosts may fail before no other one is begun.
    pub max_failures: usize,
}

impl Default for Limits {
    /// Returns limits by which one host follows the other, up to the first that fails.
    fn default() -> Limits {
        Limits {
            at_once: 1,
            max_failures: 0,
        }
    }
}

/// A deployment on several hosts.
#[derive(Debug)]
pub struct Rollout {
    waves: Waves,
    limits: Limits,
    under_way: BTreeSet<String>,
    ended: BTreeMap<String, Ended>,
    why_stopped: Option<String>,
}

impl Rollout {
    /// Returns a deployment of which nothing is begun.
    pub fn new(waves: Waves, limits: Limits) -> Rollout {
        Rollout {
            waves,
            limits,
            under_way: BTreeSet::new(),
            ended: BTreeMap::new(),
            why_stopped: None,
        }
    }

    /// Returns a host that may begin now, and takes it for begun; `None` if one has to end first, or none is left.
    pub fn begin(&mut self) -> Option<String> {
        if self.why_stopped.is_some() || self.under_way.len() >= self.limits.at_once.max(1) {
            return None;
        }
        let has_ended = |host: &String| self.ended.contains_key(host);
        // The first wave that has not ended: those behind it wait.
        let wave = self.waves.0.iter().find(|wave| !wave.hosts.iter().all(has_ended))?;
        let is_left = |host: &&String| !has_ended(host) && !self.under_way.contains(*host);
        let next = wave.hosts.iter().find(is_left)?.clone();
        self.under_way.insert(next.clone());
        Some(next)
    }

    /// Takes down how a host that was begun has ended.
    pub fn end(&mut self, host: &str, ended: Ended) {
        self.under_way.remove(host);
        let word = ended.as_of(host);
        let is_failure = ended.is_failure();
        let is_broken = matches!(ended, Ended::RollbackFailed(_));
        self.ended.insert(host.to_owned(), ended);
        if !is_failure {
            return;
        }
        let is_canary = self.waves.wave_of(host).is_some_and(|wave| wave.is_canary());
        let failures = self.ended.values().filter(|ended| ended.is_failure()).count();
        if is_canary {
            self.stop(format!("{word}, and is the canary"));
        } else if is_broken {
            self.stop(word);
        } else if failures > self.limits.max_failures {
            self.stop(match self.limits.max_failures {
                0 => word,
                most => format!("{word}, and no more than {most} may fail"),
            });
        }
    }

    /// Begins no other host from now on, for a reason; the first reason counts.
    pub fn stop(&mut self, why: impl Into<String>) {
        self.why_stopped.get_or_insert(why.into());
    }

    /// Returns why no other host is begun, if that is so.
    pub fn why_stopped(&self) -> Option<&str> {
        self.why_stopped.as_deref()
    }

    /// Whether hosts were begun that have not ended.
    pub fn is_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// Returns how each host has ended, in the order of the waves; those that were never begun say why.
    pub fn ended(&self) -> Vec<(String, Ended)> {
        let why = self.why_stopped.as_deref().unwrap_or("it was not begun");
        let of = |host: &str| {
            let ended = self.ended.get(host).cloned();
            (
                host.to_owned(),
                ended.unwrap_or_else(|| Ended::NotBegun(why.to_owned())),
            )
        };
        self.waves.hosts().map(of).collect()
    }
}
