//! A home on the simulated machine: what home-manager, Nix and the user's service manager do as far as an engine sees it.

use super::{Blow, Fault, Machine, units};
use crate::host::{Home, Place};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use sys::{FileKind, Fs, MemoryFs};

pub(in super::super) const HOME: &str = "/home/alice";
pub(in super::super) const OLD_HOME: &str = "/nix/store/3c0i1jmm8dahaah5sm4pxgz9xdgxsz4l-home-manager-generation";
pub(in super::super) const NEW_HOME: &str = "/nix/store/4c0i1jmm8dahaah5sm4pxgz9xdgxsz4l-home-manager-generation";

const OLD_FILES: &str = "/nix/store/5c0i1jmm8dahaah5sm4pxgz9xdgxsz4l-home-manager-files";
const NEW_FILES: &str = "/nix/store/6c0i1jmm8dahaah5sm4pxgz9xdgxsz4l-home-manager-files";
const UNITS: &str = ".config/systemd/user";

fn files_of(generation: &str) -> (&'static str, Vec<String>) {
    let unit = |name: &str| format!("{UNITS}/{name}.service");
    let (tree, own) = match generation {
        OLD_HOME => (OLD_FILES, [unit("removed"), ".config/only/old".into()]),
        NEW_HOME => (NEW_FILES, [".only-new".into(), ".config/only/new".into()]),
        other => panic!("nobody has {other}"),
    };
    (tree, [unit("web"), ".bashrc".into()].into_iter().chain(own).collect())
}

impl Machine {
    /// Returns a machine with a user whose home is the old generation.
    pub(in super::super) fn of_home(fault: Fault, blow: Option<(u32, Blow)>) -> Machine {
        let machine = Machine::of_first_home(fault, blow);
        let home = machine.home.as_ref().expect("it is one");
        machine.files.create_dir_all(&home.profiles()).expect("it can be made");
        machine.activate(home, OLD_HOME, Fault::None);
        let profile = home.profile(&machine.files).expect("it can be told");
        profile.set(&machine.files, OLD_HOME).expect("it can be set");
        machine
    }

    /// Returns a machine with a user who has no home of home-manager.
    pub(in super::super) fn of_first_home(fault: Fault, blow: Option<(u32, Blow)>) -> Machine {
        let home = Home {
            user: "alice".into(),
            folder: HOME.into(),
            state: format!("{HOME}/.local/state").into(),
            run: "/run/user/1000".into(),
        };
        let mut files = MemoryFs::new()
            .directory(HOME)
            .file(format!("{HOME}/notes"), "mine\n")
            .directory(format!("{HOME}/.config"))
            .file(format!("{HOME}/.config/mine"), "mine\n");
        for generation in [OLD_HOME, NEW_HOME] {
            let (tree, places) = files_of(generation);
            files = files
                .executable(format!("{generation}/activate"), "")
                .directory(format!("{generation}/home-path"))
                .file(format!("{generation}/gen-version"), "1\n")
                .link(format!("{generation}/home-files"), tree)
                .directory(Machine::programs_of(generation));
            for place in places {
                files = files.file(format!("{tree}/{place}"), format!("{place} of {generation}"));
            }
        }
        let machine = Machine::with(fault, blow, files, Some(home));
        machine.look_at_units(Fault::None);
        machine
    }

    /// Returns the environment with the programs of a generation, as Nix builds it.
    fn programs_of(generation: &str) -> String {
        generation.replace("home-manager-generation", "user-environment")
    }

    /// Has a question about the surroundings of the home answered in this way.
    pub(in super::super) fn answers(&self, question: &'static str, code: i32, said: &str) {
        self.state(|state| state.answers.insert(question, (code, said.to_owned())));
    }

    /// Returns what runs by what the home's links say.
    pub(super) fn home_units(&self, home: &Home, fails: bool) -> BTreeMap<String, &'static str> {
        let link = home.folder.join(UNITS).join("web.service");
        match self.files.read_link(&link) {
            Ok(target) => units(target.starts_with(NEW_FILES), fails),
            Err(_) => [("always.service".to_owned(), "active")].into(),
        }
    }

    fn look_at_units(&self, fault: Fault) {
        let home = self.home.as_ref().expect("it is one");
        let units = self.home_units(home, matches!(fault, Fault::UnitFails | Fault::WayBackFails));
        self.state(|state| {
            state.units = units;
            state.in_reach = fault != Fault::NetworkLost;
        });
    }

    pub(super) fn answer_of_home(&self, home: &Home, words: &[&str]) -> (Option<i32>, String) {
        let answer = |question: &'static str, well: &str| {
            let answer = self.state(|state| state.answers.get(question).cloned());
            let (code, said) = answer.unwrap_or((0, well.to_owned()));
            (Some(code), said)
        };
        match words {
            ["systemctl", "is-system-running", "--wait"] => answer("manager", "degraded\n"),
            ["loginctl", "show-user", "alice", "--property=Linger", "--value"] => answer("linger", "yes\n"),
            ["env", "DRY_RUN=1", program, ..] => {
                assert!(program.ends_with("/activate"), "{program}");
                answer("dry run", "Starting Home Manager activation\nThis is a dry run\n")
            }
            ["systemctl", "stop", "--", unit] => {
                self.state(|state| state.units.remove(*unit));
                (Some(0), String::new())
            }
            ["systemctl", "daemon-reload"] => {
                self.look_at_units(Fault::None);
                (Some(0), String::new())
            }
            ["nix-store", "--realise", path, "--add-root", link] => {
                self.point(Path::new(link), path);
                (Some(0), String::new())
            }
            ["nix-env", "--profile", profile, "--set", generation] => {
                let path = Path::new(profile);
                let place = Place::new(path.parent().expect("it is in a folder"), "home-manager");
                place.set(&self.files, generation).expect("it can be set");
                (Some(0), String::new())
            }
            [program, "--driver-version", "1"] => {
                let generation = program.strip_suffix("/activate").expect("nobody runs anything else");
                let is_back = generation != NEW_HOME;
                if is_back && self.fault == Fault::WayBackFails {
                    return (Some(1), "it does not go back".into());
                }
                self.activate(home, generation, if is_back { Fault::None } else { self.fault })
            }
            other => panic!("nobody runs {other:?}"),
        }
    }

    /// Does what an activation does; with a fault, half of it.
    fn activate(&self, home: &Home, generation: &str, fault: Fault) -> (Option<i32>, String) {
        let current = home.state.join("home-manager/gcroots/current-home");
        let old = self.files.read_link(&current).ok();
        let (tree, places) = files_of(generation);
        if let Some(old) = old {
            let (old_tree, old_places) = files_of(old.to_str().expect("it is text"));
            for place in old_places.iter().filter(|place| !places.contains(place)) {
                let path = home.folder.join(place);
                if self
                    .files
                    .read_link(&path)
                    .is_ok_and(|target| target.starts_with(old_tree))
                {
                    self.files.remove_file(&path).expect("it is there");
                }
            }
        }
        for place in &places {
            let path = home.folder.join(place);
            let stat = self.files.lstat(&path).expect("it can be asked");
            assert!(
                stat.is_none_or(|stat| stat.kind == FileKind::Symlink),
                "{place} is lost"
            );
            self.point(&path, &format!("{tree}/{place}"));
        }
        self.point(
            &home.folder.join(".nix-profile"),
            &format!("{}/profile", home.profiles().display()),
        );
        self.files.create_dir_all(&home.profiles()).expect("it can be made");
        let programs = Place::new(home.profiles(), "profile");
        let environment = Machine::programs_of(generation);
        programs.set(&self.files, &environment).expect("it can be set");
        if self.fault == Fault::OlderForm {
            let profile = home.profile(&self.files).expect("it can be told");
            profile.set(&self.files, generation).expect("it can be set");
        }
        self.look_at_units(fault);
        match fault {
            Fault::ActivationFails => return (Some(1), "Activating onFilesChange\nno luck\n".into()),
            Fault::ActivationHangs => return (None, String::new()),
            _ => {}
        }
        self.point(&current, generation);
        (Some(0), String::new())
    }

    /// Makes a link, whatever link was there.
    fn point(&self, link: &Path, target: &str) {
        let folder = link.parent().expect("it is in a folder");
        self.files.create_dir_all(folder).expect("it can be made");
        if self.files.lstat(link).expect("it can be asked").is_some() {
            self.files.remove_file(link).expect("it is there");
        }
        self.files.symlink(Path::new(target), link).expect("it can be made");
    }

    /// Returns all that is below the home but what cfgcheck, home-manager and Nix keep there: what each name leads to.
    pub(in super::super) fn below_home(&self) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        let mut folders = vec![PathBuf::from(HOME)];
        while let Some(folder) = folders.pop() {
            for entry in self.files.read_dir(&folder).expect("it can be read") {
                let path = folder.join(&entry.name);
                match entry.kind {
                    FileKind::Directory if path.ends_with(".local") => {}
                    FileKind::Directory => {
                        folders.push(path.clone());
                        found.insert(path, "a folder".into());
                    }
                    FileKind::Symlink => {
                        let target = self.files.read_link(&path).expect("it is a link");
                        found.insert(path, target.display().to_string());
                    }
                    _ => drop(found.insert(path, "a file".into())),
                }
            }
        }
        found
    }
}
