//! Where builds happen: machines for both processors, made when the first derivation wants one.

use super::args::EngineArgs;
use super::substituters::substituters;
use crate::machine::Machine;
use crate::session::fetcher;
use ::vm::Processor;
use ::vm::accel::{Choice, Probe, Wanted};
use ::vm::build::{BuildError, BuildLimits, BuildMachine, Engine, Equipment, Forecast, Order, Outcomes, Sources};
use ::vm::egress::Rules;
use ::vm::image::Tools;
use ::vm::kit::{self, MIRRORS};
use ::vm::machine::Host;
use ::vm::realised::Realised;
use ::vm::substitute::Substituters;
use flake::fetch::{Fetcher, Request};
use flake::trust::Voice;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::StorePath;
use sys::{Clock, Env, Fs, Guard, ProcessSpawn, RunFolder};

/// Builds in virtual machines.
pub struct Workshop {
    fs: Arc<dyn Fs>,
    clock: Arc<dyn Clock>,
    env: Arc<dyn Env>,
    fetcher: Arc<Fetcher>,
    args: EngineArgs,
    wanted: Wanted,
    /// The folder of what is kept for later runs.
    cache: PathBuf,
    own: Option<Processor>,
    substituters: Option<Substituters>,
    /// What is to be told when the first build begins.
    notes: RefCell<Vec<String>>,
    parts: OnceCell<Parts>,
    choices: RefCell<BTreeMap<&'static str, Choice>>,
}

/// What is to be built by one processor, as numbers in the order.
type Part = (Processor, Vec<usize>);

/// What a run has of its own.
struct Parts {
    guard: Guard,
    run: RunFolder,
    path: String,
}

impl Workshop {
    /// Returns a workshop in which nothing runs yet.
    pub fn new(
        machine: &Machine,
        args: &EngineArgs,
        flakes: &crate::args::FlakeArgs,
        wanted: Wanted,
        cache: PathBuf,
    ) -> Workshop {
        let fetcher = fetcher(machine, flakes, None);
        let settings = &fetcher.settings;
        let (substituters, notes) = substituters(machine, args, settings.netrc.clone(), settings.offline);
        Workshop {
            fs: machine.fs.clone(),
            clock: machine.clock.clone(),
            env: machine.env.clone(),
            fetcher,
            substituters,
            notes: RefCell::new(notes),
            args: args.clone(),
            wanted,
            cache,
            own: Processor::of_system(&machine.system()),
            parts: OnceCell::new(),
            choices: RefCell::default(),
        }
    }

    fn parts(&self) -> Result<&Parts, BuildError> {
        if let Some(parts) = self.parts.get() {
            return Ok(parts);
        }
        let guard = Guard::of(self.env.as_ref())
            .map_err(|error| cannot(format!("cannot find this program itself: {error}")))?;
        // On the disk of the store, as disks are made of links to it.
        self.fs.create_dir_all(&self.cache)?;
        let run = RunFolder::create(&self.cache, &guard, &ProcessSpawn).map_err(cannot)?;
        let path = self.env.text("PATH").unwrap_or_default();
        Ok(self.parts.get_or_init(|| Parts { guard, run, path }))
    }

    /// Returns the accelerator for guests with a processor; it is found out once.
    fn choice(&self, processor: Processor) -> Result<Choice, BuildError> {
        if let Some(known) = self.choices.borrow().get(processor.name()) {
            return Ok(known.clone());
        }
        let parts = self.parts()?;
        let probe = Probe {
            exec: &sys::ProcessExec,
            fs: self.fs.as_ref(),
            clock: self.clock.as_ref(),
            path: &parts.path,
            own: self.own,
            folder: parts.run.path(),
            guard: &parts.guard,
            user: sys::unprivileged(self.fs.as_ref(), Some(Path::new(::vm::accel::DEVICE))),
            memory: &self.cache.join("kvm"),
        };
        let choice = probe.choose(processor, self.wanted).map_err(cannot)?;
        self.choices.borrow_mut().insert(processor.name(), choice.clone());
        Ok(choice)
    }

    /// Returns what a URL leads to. Addresses that are not public are refused, unless it is a mirror that the user, or this
    /// program, has named.
    fn download(&self, url: &str) -> Result<Vec<u8>, String> {
        let host = host_of(url).ok_or_else(|| format!("'{url}' is no URL that can be downloaded here"))?;
        let mut mirrors = self.args.mirror.iter().map(|(_, url)| url.as_str()).chain(MIRRORS);
        let is_mirror = mirrors.any(|mirror| {
            let below = url.strip_prefix(mirror.trim_end_matches('/'));
            below.is_some_and(|below| below.starts_with('/') && !below.contains("/../"))
        });
        let allowed = &self.args.fetch_from;
        if !is_mirror && !allowed.is_empty() && !allowed.iter().any(|known| known == host) {
            return Err(format!("'{host}' is none of the hosts that --fetch-from names"));
        }
        let request = Request {
            url: url.to_owned(),
            headers: Vec::new(),
            voice: if is_mirror { Voice::User } else { Voice::Flake },
        };
        let answer = self.fetcher.http.get(&request).map_err(|error| error.to_string())?;
        match answer.status {
            200 => Ok(answer.body),
            status => Err(format!("unable to download '{url}': HTTP error {status}")),
        }
    }

    fn realise_for(
        &self,
        processor: Processor,
        order: &Order<'_>,
        into: &Realised,
        told: &mut dyn FnMut(&str),
    ) -> Result<Outcomes, BuildError> {
        self.notes.take().iter().for_each(|note| told(note));
        let parts = self.parts()?;
        let download = |url: &str| self.download(url);
        let online = !self.fetcher.settings.offline;
        let mirrors: Vec<String> = self.debian_mirrors();
        let source = kit::Source {
            cache: &self.cache.join("debs"),
            mirrors: &mirrors,
            download: online.then_some(&download),
        };
        let mut named = self.args.mirror.clone();
        named.extend(mirrors.iter().map(|url| ("debian".to_owned(), url.clone())));
        // Only if something is to be built, and not fetched.
        let equipment = |told: &mut dyn FnMut(&str)| {
            let kit = kit::kit(processor, into, source, told).map_err(cannot)?;
            let choice = self.choice(processor)?;
            told(&format!(
                "builds for {} run with {} ({})",
                processor.name(),
                choice.accel.name(),
                choice.why
            ));
            Ok(Equipment { choice, kit })
        };
        let machine = BuildMachine {
            host: Host {
                spawn: &ProcessSpawn,
                fs: self.fs.as_ref(),
                clock: self.clock.as_ref(),
                guard: &parts.guard,
                user: sys::unprivileged(self.fs.as_ref(), Some(Path::new(::vm::accel::DEVICE))),
                path: &parts.path,
                run: &parts.run,
            },
            tools: Tools {
                exec: &sys::ProcessExec,
                path: &parts.path,
            },
            processor,
            equipment: &equipment,
            substituters: self.substituters.as_ref(),
            sources: Sources {
                folders: &self.args.provide,
                mirrors: &named,
                download: online.then_some(&download),
            },
            egress: online.then(|| self.rules()),
            limits: self.limits(),
        };
        machine.realise_each(order, into, told)
    }

    /// Returns what builders may reach that fetch by themselves.
    fn rules(&self) -> Rules {
        let fetcher = self.fetcher.clone();
        let address = move |host: &str, address: std::net::IpAddr| {
            let checked = fetcher.policy.check_address(host, address, Voice::Flake);
            checked.map_err(|refused| refused.to_string())
        };
        Rules::new(self.args.fetch_from.clone(), Arc::new(address))
    }

    /// Returns the mirrors of Debian, the user's first.
    fn debian_mirrors(&self) -> Vec<String> {
        let own = self.args.mirror.iter().filter(|(name, _)| name == "debian");
        let own = own.map(|(_, url)| url.clone());
        own.chain(MIRRORS.map(str::to_owned)).collect()
    }

    fn limits(&self) -> BuildLimits {
        let time = Duration::from_secs(u64::from(self.args.max_build_time) * 60);
        BuildLimits {
            time,
            whole: time * 6,
            disk: u64::from(self.args.max_build_disk) << 30,
            memory: self.args.build_memory,
            ..BuildLimits::default()
        }
    }

    /// Returns the processor that a derivation is built by; any will do for what Nix makes by itself.
    fn processor(&self, order: &Order<'_>, drv: &StorePath) -> Result<Processor, BuildError> {
        let platform = order
            .store
            .derivation(drv)
            .map(|drv| String::from_utf8_lossy(&drv.platform).into_owned());
        let platform = platform.unwrap_or_default();
        match (Processor::of_system(&platform), platform.as_str(), self.own) {
            (Some(processor), _, _) => Ok(processor),
            (None, "builtin", own) => Ok(own.unwrap_or(Processor::X86)),
            (None, _, _) => Err(BuildError::Order(format!(
                "'{}' is built on {platform}, and there are machines for x86_64-linux and aarch64-linux only",
                drv.to_path()
            ))),
        }
    }
}

impl Engine for Workshop {
    fn name(&self) -> &str {
        "the build VM"
    }

    fn forecast(&self, order: &Order<'_>, into: &Realised, told: &mut dyn FnMut(&str)) -> Result<Forecast, BuildError> {
        self.notes.take().iter().for_each(|note| told(note));
        Forecast::of(order, into, self.substituters.as_ref(), told)
    }

    fn realise_each(
        &self,
        order: &Order<'_>,
        into: &Realised,
        told: &mut dyn FnMut(&str),
    ) -> Result<Outcomes, BuildError> {
        let mut parts: BTreeMap<&str, Part> = BTreeMap::new();
        let mut outcomes: Vec<Option<Result<StorePath, BuildError>>> = Vec::new();
        for (number, (drv, _)) in order.wanted.iter().enumerate() {
            outcomes.push(match self.processor(order, drv) {
                Ok(processor) => {
                    let part = parts.entry(processor.name()).or_insert((processor, Vec::new()));
                    part.1.push(number);
                    None
                }
                Err(error) => Some(Err(error)),
            });
        }
        // One machine for all that one processor builds.
        for (processor, numbers) in parts.into_values() {
            let wanted: Vec<_> = numbers.iter().map(|number| order.wanted[*number].clone()).collect();
            let part = Order {
                wanted: &wanted,
                ..*order
            };
            let made = self.realise_for(processor, &part, into, told);
            match made {
                Ok(made) => numbers
                    .iter()
                    .zip(made)
                    .for_each(|(number, made)| outcomes[*number] = Some(made)),
                // What keeps one processor's machine from working is no fault of the other's.
                Err(error) if outcomes.len() > numbers.len() => {
                    let why = error.to_string();
                    numbers
                        .iter()
                        .for_each(|number| outcomes[*number] = Some(Err(failing(&why))));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(outcomes.into_iter().flatten().collect())
    }
}

/// Returns the host of an HTTP URL.
fn host_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    (!host.is_empty()).then_some(host)
}

/// Returns an error that has been put into words already.
fn failing(why: &str) -> BuildError {
    BuildError::Order(why.to_owned())
}

fn cannot(why: impl std::fmt::Display) -> BuildError {
    BuildError::Engine {
        engine: "the build VM".into(),
        why: why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_host() {
        for (url, host) in [
            ("https://a.org/x?y", Some("a.org")),
            ("http://u:p@a.org:80/", Some("a.org")),
            ("http://a.org", Some("a.org")),
            ("http:///x", None),
            ("file:///etc/passwd", None),
            ("ftp://a.org/", None),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }
}
