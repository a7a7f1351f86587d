//! What a deployment changes: the system of a machine, or the home of one of its users.

use super::{Host, home};
use std::path::{Path, PathBuf};
use sys::Env;

/// Where programs are looked for: those of the system that runs first, then those of what the machine has booted, as a
/// switch that was interrupted may have left the first without them.
const PATH: &str = "/run/wrappers/bin:/run/current-system/sw/bin:/run/booted-system/sw/bin:\
                    /nix/var/nix/profiles/system/sw/bin:/usr/bin:/bin";

/// What a deployment changes.
#[derive(Clone, Copy, Debug)]
pub enum Realm<'h> {
    /// The system of the machine.
    System,
    /// A home, which home-manager looks after. The machine's system stays what it is.
    Home(&'h Home),
}

/// The home of a user, as the user's own programs see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Home {
    /// The name of the user.
    pub user: String,
    /// The folder that is the home.
    pub folder: PathBuf,
    /// Where programs keep what lasts: `$XDG_STATE_HOME`.
    pub state: PathBuf,
    /// Where they keep what lasts until the user has left: `$XDG_RUNTIME_DIR`.
    pub run: PathBuf,
}

/// The surroundings do not tell whose home is meant.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("whose home is meant is not known: `{0}` is not set")]
pub struct NoHome(&'static str);

impl Home {
    /// Returns the home of whoever started this process, whose number is given.
    pub fn of(env: &dyn Env, number: u32) -> Result<Home, NoHome> {
        let user = env.text("USER").or_else(|| env.text("LOGNAME")).ok_or(NoHome("USER"))?;
        let folder = env.home().ok_or(NoHome("HOME"))?;
        let named = |name: &str| env.var(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let state = named("XDG_STATE_HOME").unwrap_or_else(|| folder.join(".local/state"));
        // As logind makes it (pam_systemd(8)); a command that runs in no session does not hear of it.
        let run = named("XDG_RUNTIME_DIR").unwrap_or_else(|| format!("/run/user/{number}").into());
        Ok(Home {
            user,
            folder,
            state,
            run,
        })
    }

    /// Returns the variables that the user's programs have.
    fn variables(&self) -> Vec<(&'static str, String)> {
        let shown = |path: &Path| path.to_string_lossy().into_owned();
        let (folder, state, run) = (shown(&self.folder), shown(&self.state), shown(&self.run));
        // Nix is among the user's own programs, or the machine's, by whoever has installed it.
        let path = format!(
            "{folder}/.nix-profile/bin:{state}/nix/profile/bin:/etc/profiles/per-user/{user}/bin:\
             /nix/var/nix/profiles/default/bin:{PATH}",
            user = self.user
        );
        vec![
            ("PATH", path),
            ("HOME", folder),
            ("USER", self.user.clone()),
            ("LOGNAME", self.user.clone()),
            ("XDG_STATE_HOME", state),
            ("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={run}/bus")),
            ("XDG_RUNTIME_DIR", run),
        ]
    }
}

impl Host<'_> {
    /// Returns the folder of all that is kept.
    pub fn kept(&self) -> PathBuf {
        match self.realm {
            Realm::System => "/var/lib/cfgcheck".into(),
            Realm::Home(home) => home.state.join("cfgcheck"),
        }
    }

    /// Returns the folder of what lasts until the next boot.
    pub(crate) fn until_boot(&self) -> PathBuf {
        match self.realm {
            Realm::System => "/run/cfgcheck".into(),
            Realm::Home(home) => home.run.join("cfgcheck"),
        }
    }

    /// Returns the name of what is deployed.
    pub fn what(&self) -> &'static str {
        match self.realm {
            Realm::System => "system",
            Realm::Home(_) => "home",
        }
    }

    /// Returns the home that is deployed to, if it is one.
    pub fn home(&self) -> Option<&Home> {
        match self.realm {
            Realm::System => None,
            Realm::Home(home) => Some(home),
        }
    }

    /// Returns the command line that activates a system, without making it what boots, or a generation of a home.
    pub(crate) fn activation(&self, system: &str) -> Vec<String> {
        match self.realm {
            Realm::System => vec![format!("{system}/bin/switch-to-configuration"), "test".to_owned()],
            Realm::Home(_) => home::activation(system),
        }
    }

    /// Returns a program of systemd with its arguments, for the service manager that is meant.
    pub(crate) fn of_manager<'w>(&self, program: &'w str, args: &[&'w str]) -> Vec<&'w str> {
        let mut argv = vec![program];
        if let Realm::Home(_) = self.realm {
            argv.push("--user");
        }
        argv.extend(args);
        argv
    }

    /// Returns the command line of this program's engine, for units that start it again.
    pub(crate) fn engine(&self, args: &[&str]) -> Vec<String> {
        let mut argv = vec![self.program(), "engine".to_owned()];
        if let Realm::Home(_) = self.realm {
            argv.push("--home".to_owned());
        }
        argv.extend(args.iter().map(|arg| (*arg).to_owned()));
        argv
    }

    /// Returns what `systemd-run` is told of the surroundings, so that a unit finds the same folders as whoever starts it.
    pub(crate) fn surroundings(&self) -> Vec<String> {
        match self.realm {
            Realm::System => Vec::new(),
            Realm::Home(home) => vec![format!("--setenv=XDG_STATE_HOME={}", home.state.display())],
        }
    }

    /// Returns the whole environment of programs that are run here.
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = match self.realm {
            Realm::System => vec![("PATH", PATH.to_owned())],
            Realm::Home(home) => home.variables(),
        };
        variables.push(("LANG", "C.UTF-8".to_owned()));
        variables
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sys::FixedEnv;

    #[test]
    fn whose_home_it_is_comes_from_the_surroundings() {
        let bare = FixedEnv::at("/").with("USER", "alice").with("HOME", "/home/alice");
        let home = Home::of(&bare, 1000).expect("it is known");
        assert_eq!(home.state, Path::new("/home/alice/.local/state"));
        assert_eq!(home.run, Path::new("/run/user/1000"));
        let session = bare
            .clone()
            .with("XDG_STATE_HOME", "/state")
            .with("XDG_RUNTIME_DIR", "/run/x");
        let home = Home::of(&session, 1000).expect("it is known");
        assert_eq!((home.state, home.run), ("/state".into(), "/run/x".into()));
        // As the specification of these variables says, relative ones are none.
        let relative = bare.with("XDG_STATE_HOME", "state");
        assert_eq!(
            Home::of(&relative, 1).map(|home| home.state),
            Ok("/home/alice/.local/state".into())
        );
        let nobody = FixedEnv::at("/").with("HOME", "/home/alice");
        assert_eq!(
            Home::of(&nobody, 1).expect_err("nobody is named").to_string(),
            "whose home is meant is not known: `USER` is not set"
        );
        let homeless = FixedEnv::at("/").with("LOGNAME", "alice");
        assert_eq!(Home::of(&homeless, 1), Err(NoHome("HOME")));
    }
}
