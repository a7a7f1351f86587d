//! What a machine has to reach after a change, so that the next commit can come.

use crate::machine::Machine;
use ::deploy::pull::{Reach, Remote};
use std::time::Duration;
use sys::{Command, Exec, ProcessExec};

/// Returns the ports that have to be in reach, as `HOST:PORT`; none for a repository on this machine. An error says why it
/// cannot be told.
pub fn of(machine: &Machine, remote: &Remote) -> Result<Vec<String>, String> {
    let hint = "`--reach HOST:PORT` says what has to be in reach after a change";
    match remote.reach().map_err(|error| format!("{error}; {hint}"))? {
        Reach::Nothing => Ok(Vec::new()),
        Reach::Port(port) => Ok(vec![port]),
        Reach::Ssh(host, port) => {
            let mut command = Command::new("ssh").arg("-G").timeout(Duration::from_secs(20));
            if let Some(port) = port {
                command = command.arg("-p").arg(port.to_string());
            }
            command = command.args(["--", &host]);
            command.env = machine.env.vars().into_iter().collect();
            let output = ProcessExec.run(&command).map_err(|error| error.to_string())?;
            let port = output
                .success()
                .then(|| of_settings(&String::from_utf8_lossy(&output.stdout)));
            let host = diag::clean_line(&host).into_owned();
            port.flatten()
                .map(|port| vec![port])
                .ok_or_else(|| format!("how {host} is reached by SSH cannot be told; {hint}"))
        }
    }
}

/// Returns the port that SSH connects to by settings as `ssh -G` prints them; `None` if it goes there by something else.
fn of_settings(text: &str) -> Option<String> {
    let value = |name: &str| {
        let mut values = text.lines().filter_map(|line| line.split_once(' '));
        values.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let goes_by = |name: &str| value(name).is_some_and(|value| value != "none");
    if goes_by("proxyjump") || goes_by("proxycommand") {
        return None;
    }
    let host = value("hostname")?;
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    Some(format!("{host}:{}", value("port")?))
}

#[cfg(test)]
mod tests {
    use super::of_settings;

    #[test]
    fn settings_of_ssh_say_what_it_connects_to() {
        for (text, port) in [
            (
                "host git\nhostname git.example.org\nport 22\n",
                Some("git.example.org:22"),
            ),
            ("hostname ::1\nport 2222\n", Some("[::1]:2222")),
            ("hostname git\nport 22\nproxycommand none\n", Some("git:22")),
            ("hostname git\nport 22\nproxyjump bastion\n", None),
            ("hostname git\nport 22\nproxycommand nc %h %p\n", None),
            ("port 22\n", None),
            ("", None),
        ] {
            assert_eq!(of_settings(text).as_deref(), port, "{text}");
        }
    }
}
