//! The files of `cfgcheck init`, made of what was found: pure text.

use diag::clean_line;

/// The workflow of pull requests, as users copy it.
const FLEET: &str = include_str!("../../../docs/workflows/fleet.yml");
/// The workflow that publishes what runs for forks have saved.
const PUBLISH: &str = include_str!("../../../docs/workflows/publish.yml");
/// The template for GitLab.
const GITLAB: &str = include_str!("../../../docs/gitlab-ci.yml");
/// How the workflows name the branch that is pushed to.
const BRANCHES: &str = "branches: [main]";
/// Most hosts that are named one by one.
const MOST: usize = 30;

/// What was found of a flake.
pub struct Found {
    /// Its hosts and homes.
    pub hosts: Vec<Host>,
    /// Its folder in the repository; empty if it is at the top.
    pub folder: String,
    /// The branch that others work on.
    pub branch: String,
    /// The text of `flake.nix`.
    pub flake: String,
}

/// A host or a home.
pub struct Host {
    /// Its name.
    pub name: String,
    /// Whether it is a home.
    pub is_home: bool,
    /// The system that it says it is for.
    pub system: Option<String>,
}

/// A file that is wanted.
pub struct File {
    /// Its path in the repository.
    pub path: String,
    /// What it says, or why it is not written.
    pub text: Result<String, String>,
    /// What to add to one that is there already.
    pub to_add: Option<String>,
}

impl Host {
    fn shown(&self) -> String {
        let name = clean_line(&self.name);
        match &self.system {
            Some(system) => format!("{name} ({})", clean_line(system)),
            None => format!("{name} (its system could not be evaluated)"),
        }
    }
}

/// Returns what was found, for people.
pub fn seen(found: &Found) -> String {
    if found.hosts.is_empty() {
        return "found  no hosts and no homes: `check` judges packages, shells and checks\n".to_owned();
    }
    let mut out = String::new();
    for host in found.hosts.iter().take(MOST) {
        let what = if host.is_home { "home" } else { "host" };
        out.push_str(&format!("found  {what} {}\n", host.shown()));
    }
    match found.hosts.len().checked_sub(MOST) {
        None | Some(0) => {}
        Some(more) => out.push_str(&format!("found  {more} more\n")),
    }
    out
}

/// Returns the settings.
pub fn settings(found: &Found) -> File {
    let systems: std::collections::BTreeSet<&str> =
        found.hosts.iter().filter_map(|host| host.system.as_deref()).collect();
    let several = match systems.len() {
        0 | 1 => "# To judge a host for another system as well:\n",
        _ => "# Each host is judged for the system that it sets itself. To judge one for another as well:\n",
    };
    let text = format!(
        "# How cfgcheck judges this flake.\n\
         # yaml-language-server: $schema=https://raw.githubusercontent.com/cfgcheck/cfgcheck/main/docs/cfgcheck.schema.json\n\
         version: 1\n\
         \n\
         {several}\
         # platforms:\n\
         #   \"web-*\": [x86_64-linux, aarch64-linux]\n\
         \n\
         # What `cfgcheck ci` does: `prop` tries generated modules on your own options, `vm` boots what a change touches.\n\
         ci:\n  stages: [check]\n"
    );
    let path = match found.folder.as_str() {
        "" => "cfgcheck.yaml".to_owned(),
        folder => format!("{folder}/cfgcheck.yaml"),
    };
    File {
        path,
        text: Ok(text),
        to_add: None,
    }
}

/// Returns the workflows for GitHub.
pub fn github(found: &Found) -> Vec<File> {
    let workflow = |name: &str, text: &str| {
        let text = match found.folder.as_str() {
            "" => Ok(text.replace(BRANCHES, &format!("branches: [{}]", found.branch))),
            folder => Err(format!(
                "the flake is in {}/ and not at the top of its repository; docs/actions.md of cfgcheck has a workflow to change",
                clean_line(folder)
            )),
        };
        File {
            path: format!(".github/workflows/{name}"),
            text,
            to_add: None,
        }
    };
    vec![workflow("fleet.yml", FLEET), workflow("publish.yml", PUBLISH)]
}

/// Returns the pipeline for GitLab.
pub fn gitlab(_: &Found) -> File {
    File {
        path: ".gitlab-ci.yml".into(),
        text: Ok(GITLAB.to_owned()),
        to_add: Some("docs/gitlab-ci.yml of cfgcheck has the jobs".into()),
    }
}

/// Returns the hooks for pre-commit.
pub fn hooks(found: &Found) -> File {
    let hooks = format!(
        "  - repo: https://github.com/cfgcheck/cfgcheck\n    rev: v{}\n    hooks:\n      - id: cfgcheck-lint-system\n      \
         - id: cfgcheck-push-system\n",
        env!("CARGO_PKG_VERSION")
    );
    let is_nix = ["git-hooks", "pre-commit-hooks"]
        .iter()
        .any(|name| found.flake.contains(name));
    let text = match is_nix {
        true => {
            Err("flake.nix has hooks of git-hooks.nix; docs/hooks.md of cfgcheck has the lines for these".to_owned())
        }
        false => Ok(format!(
            "# Hooks of https://pre-commit.com: `pre-commit install` once, and they run before each commit and push.\n\
             default_install_hook_types: [pre-commit, pre-push]\nrepos:\n{hooks}"
        )),
    };
    File {
        path: ".pre-commit-config.yaml".into(),
        text,
        to_add: Some(hooks),
    }
}

/// Returns what to do next.
pub fn next(written: &[String], is_git: bool, dry_run: bool) -> String {
    let mut out = "\nnext\n".to_owned();
    if is_git && !dry_run && !written.is_empty() {
        let files: Vec<String> = written.iter().map(|path| clean_line(path).into_owned()).collect();
        out.push_str(&format!("  git add {}\n", files.join(" ")));
    }
    out.push_str("  cfgcheck check            what it finds today\n");
    out.push_str("  cfgcheck baseline write   keep that, so that only new findings fail\n");
    if written.iter().any(|path| path == ".pre-commit-config.yaml") {
        out.push_str("  pre-commit install        run the hooks from now on\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(folder: &str, flake: &str) -> Found {
        Found {
            hosts: vec![Host {
                name: "web".into(),
                is_home: false,
                system: Some("x86_64-linux".into()),
            }],
            folder: folder.into(),
            branch: "trunk".into(),
            flake: flake.into(),
        }
    }

    #[test]
    fn the_settings_are_such_that_cfgcheck_reads_them() {
        let text = settings(&found("", "")).text.expect("they are written");
        let mut sources = diag::SourceMap::new();
        let config = crate::config::read(&mut sources, b"/cfgcheck.yaml", text.as_bytes());
        assert!(config.is_ok(), "{text}");
        assert_eq!(settings(&found("nix", "")).path, "nix/cfgcheck.yaml");
    }

    #[test]
    fn workflows_are_for_the_branch_that_there_is() {
        let files = github(&found("", ""));
        let text = files[0].text.as_ref().expect("it is written");
        assert!(text.contains("branches: [trunk]") && !text.contains(BRANCHES), "{text}");
        let version = format!("cfgcheck/cfgcheck@v{}", env!("CARGO_PKG_VERSION"));
        assert!(text.contains(&version), "{text}");
        assert!(github(&found("nix", ""))[0].text.is_err());
    }

    #[test]
    fn hooks_of_nix_are_left_to_nix() {
        assert!(hooks(&found("", "inputs.git-hooks.url = 1;")).text.is_err());
        let text = hooks(&found("", "")).text.expect("they are written");
        let read: serde_yaml::Value = serde_yaml::from_str(&text).expect("it is YAML");
        assert_eq!(read["repos"][0]["hooks"][1]["id"], "cfgcheck-push-system");
    }

    #[test]
    fn names_of_hosts_reach_the_terminal_harmless() {
        let mut found = found("", "");
        found.hosts[0].name = "\u{1b}[2Jweb".into();
        assert_eq!(seen(&found), "found  host ␛[2Jweb (x86_64-linux)\n");
    }
}
