//! Which hosts are meant, and what is said of them.

use crate::args::{FlakeArgs, LimitArgs};
use crate::configurations::Configurations;
use crate::machine::Machine;
use crate::session::asked;
use crate::stream::complain;
use crate::switch::target::Target;
use crate::switch::trouble::Trouble;
use ::deploy::fleet::{self, Fleet, Host, Known, Selector, select};
use diag::{Diagnostic, SourceMap, Style};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Which hosts are asked for.
pub struct Asked<'a> {
    /// The hosts.
    pub hosts: &'a [Selector],
    /// The fleet's file, if one is named.
    pub file: Option<&'a Path>,
    /// The flake.
    pub flake: &'a str,
    /// Whether the network is never used for evaluation.
    pub offline: bool,
    /// Whether the flake is trusted.
    pub trust: bool,
}

/// The hosts that are asked for, with what is said of the fleet.
pub struct Roster {
    /// What is said of the fleet.
    pub fleet: Fleet,
    /// The hosts, by their names.
    pub hosts: Vec<Host>,
}

impl Roster {
    /// Returns the hosts of a flake that are asked for.
    pub fn of_flake(machine: &Machine, wanted: &Asked<'_>) -> Result<Roster, Trouble> {
        let reference = asked(machine, wanted.flake).map_err(Trouble::usage)?;
        let flakes = FlakeArgs {
            offline: wanted.offline,
            trust: wanted.trust,
            ..FlakeArgs::default()
        };
        let opened = Configurations::open(machine, wanted.flake, &flakes, &LimitArgs::default());
        let opened = opened.map_err(Trouble::told_already)?;
        let targets = opened.targets.iter();
        let names: Vec<String> = targets
            .filter(|target| target.kind == nixos::Kind::Nixos)
            .map(|target| target.name.clone())
            .collect();
        let folder = reference.root.map(|root| root.join(reference.reference.dir));
        let fleet = said(machine, wanted.file, folder.as_deref(), Known::All(&names))?;
        Roster::chosen(fleet, wanted.hosts, &names)
    }

    /// Returns the hosts that are asked for of those that a file has systems of, and these systems.
    pub fn of_systems(
        machine: &Machine,
        wanted: &Asked<'_>,
        file: &Path,
    ) -> Result<(Roster, BTreeMap<String, String>), Trouble> {
        let bytes = machine.fs.read(file).map_err(Trouble::usage)?;
        let mut sources = SourceMap::new();
        let systems = fleet::systems(&mut sources, file.as_os_str().as_encoded_bytes(), &bytes);
        let systems = systems.map_err(|mistake| drawn(&mistake, &sources))?;
        let names: Vec<String> = systems.keys().cloned().collect();
        let folder = machine.env.current_dir().map_err(Trouble::usage)?;
        let fleet = said(machine, wanted.file, Some(&folder), Known::Some(&names))?;
        Ok((Roster::chosen(fleet, wanted.hosts, &names)?, systems))
    }

    fn chosen(fleet: Fleet, hosts: &[Selector], names: &[String]) -> Result<Roster, Trouble> {
        let chosen = select(hosts, &fleet.tagged(names)).map_err(Trouble::usage)?;
        let hosts: Result<Vec<Host>, String> = chosen.iter().map(|name| fleet.host(name)).collect();
        let hosts = hosts.map_err(Trouble::usage)?;
        Ok(Roster { fleet, hosts })
    }
}

/// Returns what is said of the fleet: in the file that is named, or in the one in a folder, if there is one.
fn said(machine: &Machine, named: Option<&Path>, folder: Option<&Path>, known: Known<'_>) -> Result<Fleet, Trouble> {
    let file: Option<PathBuf> = match (named, folder) {
        (Some(file), _) => Some(file.to_owned()),
        (None, Some(folder)) => {
            let file = folder.join(fleet::FILE);
            let is_there = machine.fs.stat(&file).map_err(Trouble::usage)?.is_some();
            is_there.then_some(file)
        }
        (None, None) => None,
    };
    let Some(file) = file else {
        return Ok(Fleet::default());
    };
    let bytes = machine.fs.read(&file).map_err(Trouble::usage)?;
    let mut sources = SourceMap::new();
    let read = Fleet::read(&mut sources, file.as_os_str().as_encoded_bytes(), &bytes, known);
    read.map_err(|mistake| drawn(&mistake, &sources))
}

fn drawn(mistake: &Diagnostic, sources: &SourceMap) -> Trouble {
    complain(diag::render(mistake, sources, b"", Style::default()).trim_end());
    Trouble::told_already(crate::exit::USAGE)
}

/// Returns where a host of a fleet is, as its file and the command line say it.
pub fn target(host: &Host, sudo: bool, program: Option<&str>) -> Target {
    let program = program.or(host.program.as_deref());
    Target {
        ssh: Some(host.target.clone()),
        sudo: sudo || host.sudo,
        home: false,
        program: program.unwrap_or(crate::switch::args::PROGRAM).to_owned(),
        label: Some(diag::clean_line(&host.name).into_owned()),
    }
}
