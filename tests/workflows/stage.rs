//! Where a script is executed: a machine's folders and variables as a runner has them, and only the programs that are put there.

use crate::document::{self, Kind};
use crate::expression;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

thread_local! {
    /// The scripts that were executed, by file and name.
    static EXECUTED: RefCell<BTreeSet<(String, String)>> = const { RefCell::new(BTreeSet::new()) };
}

/// Programs of the machine that scripts may use; each runner has them.
const TOOLS: [&str; 19] = [
    "awk",
    "bash",
    "cat",
    "chmod",
    "cp",
    "curl",
    "env",
    "git",
    "mkdir",
    "mktemp",
    "mv",
    "rm",
    "sh",
    "sha256sum",
    "tar",
    "touch",
    "uname",
    "xargs",
    "xz",
];

/// Ends one call in the file of calls.
const END: &str = "\u{1e}";

/// A machine on which scripts are executed.
pub struct Stage {
    folder: TempDir,
    contexts: Value,
    env: BTreeMap<String, String>,
}

/// What a script came to.
#[derive(Debug)]
pub struct Done {
    /// Its exit code.
    pub code: i32,
    /// All that it said.
    pub said: String,
    /// Its outputs, as later steps know them.
    pub outputs: BTreeMap<String, String>,
}

/// Forgets which scripts were executed.
pub fn forget() {
    EXECUTED.with_borrow_mut(BTreeSet::clear);
}

/// Returns the scripts that were executed since, by file and name.
pub fn executed() -> BTreeSet<(String, String)> {
    EXECUTED.with_borrow(BTreeSet::clone)
}

impl Stage {
    /// Returns a machine with the contexts that each job has, and with the inputs of the action at their defaults.
    pub fn new() -> Stage {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for name in ["bin", "tools", "temp", "work", "home"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder can be made");
        }
        let path = std::env::var_os("PATH").expect("there is a search path");
        for tool in TOOLS {
            let mut found = std::env::split_paths(&path).map(|folder| folder.join(tool));
            let found = found.find(|file| file.is_file());
            let found = found.unwrap_or_else(|| panic!("these tests need the program `{tool}`"));
            symlink(found, folder.path().join("tools").join(tool)).expect("links can be made");
        }
        let github = json!({
            "token": "the-token", "repository": "o/fleet", "repository_owner": "o", "server_url": "https://github.com", "run_id": 77,
            "ref_name": "main", "head_ref": "", "action_ref": "", "action_repository": "", "action_path": "/action",
            "event": { "repository": { "default_branch": "main" } },
        });
        let contexts = json!({ "github": github, "inputs": {}, "steps": {}, "needs": {}, "matrix": {}, "secrets": {}, "vars": {} });
        let mut stage = Stage {
            folder,
            contexts,
            env: BTreeMap::new(),
        };
        let temp = stage.temp().display().to_string();
        stage.give("runner.temp", json!(temp));
        for (name, input) in document::entries(&document::read(crate::ACTION)["inputs"]) {
            let default = expression::filled(&document::scalar(&input["default"]), &stage.contexts);
            stage.give(&format!("inputs.{name}"), json!(default));
        }
        stage
    }

    /// Sets a value of a context, such as `inputs.flake`.
    pub fn give(&mut self, path: &str, value: Value) -> &mut Stage {
        let mut at = &mut self.contexts;
        for name in path.split('.') {
            at = &mut at[name];
        }
        *at = value;
        self
    }

    /// Returns all contexts.
    pub fn contexts(&self) -> &Value {
        &self.contexts
    }

    /// Sets a variable of the machine.
    pub fn env(&mut self, name: &str, value: &str) -> &mut Stage {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Puts a program into the search path that writes down how it is called and then does what a body in bash says.
    pub fn stand_in(&self, name: &str, body: &str) {
        self.stand_in_at(&self.folder.path().join("bin").join(name), body);
    }

    /// Does the same at a path.
    pub fn stand_in_at(&self, path: &Path, body: &str) {
        let calls = self.folder.path().join("calls");
        let text = format!(
            "#!/usr/bin/env bash\nprintf '%s\\0' \"${{0##*/}}\" \"$@\" '{END}' >>'{}'\n{body}\n",
            calls.display()
        );
        std::fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("a folder can be made");
        std::fs::write(path, text).expect("a program can be written");
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("it can be run");
    }

    /// Puts a real program into the search path.
    pub fn program(&self, name: &str, file: &Path) {
        symlink(file, self.folder.path().join("bin").join(name)).expect("links can be made");
    }

    /// Returns how stand-ins were called, in order, and forgets it.
    pub fn calls(&self) -> Vec<Vec<String>> {
        let file = self.folder.path().join("calls");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        if !text.is_empty() {
            std::fs::remove_file(file).expect("it can be removed");
        }
        let words: Vec<&str> = text.split('\0').collect();
        let calls = words.split(|word| *word == END).filter(|call| *call != [""]);
        calls
            .map(|call| call.iter().map(|word| (*word).to_owned()).collect())
            .collect()
    }

    /// Returns the folder for temporary files of a job.
    pub fn temp(&self) -> PathBuf {
        self.folder.path().join("temp")
    }

    /// Returns the folder that the script runs in.
    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Returns the folder of the user.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Returns whether a step runs, where all before it has passed.
    pub fn runs(&self, file: &str, name: &str) -> bool {
        let script = document::script(file, name);
        script
            .condition
            .is_none_or(|condition| expression::holds(&condition, &self.contexts))
    }

    /// Executes a script as it is written. Its outputs are those of its step from then on.
    pub fn run(&mut self, file: &str, name: &str) -> Done {
        let script = document::script(file, name);
        EXECUTED.with_borrow_mut(|executed| executed.insert((file.to_owned(), name.to_owned())));
        let root = self.folder.path();
        let (text, output, path) = (root.join("script"), root.join("output"), root.join("path"));
        std::fs::write(&text, &script.run).expect("a script can be written");
        for file in [&output, &path] {
            std::fs::write(file, "").expect("a file can be written");
        }
        let mut command = Command::new(root.join("tools/bash"));
        match (Kind::of(file), script.shell.as_deref()) {
            // As GitHub's documentation of `jobs.<job_id>.steps[*].shell` says.
            (Kind::Action | Kind::Workflow, Some("bash")) => command.args(["--noprofile", "--norc", "-eo", "pipefail"]),
            (Kind::Gitlab, None) => command.args(["-eo", "pipefail"]),
            (_, shell) => panic!("{file}: `{name}` has the shell {shell:?}"),
        };
        command
            .arg(&text)
            .env_clear()
            .current_dir(self.work())
            .stdin(Stdio::null());
        let search = format!("{0}/bin:{0}/tools", root.display());
        command
            .env("PATH", search)
            .env("HOME", self.home())
            .env("LC_ALL", "C.UTF-8");
        command.env("CI", "true").env("GIT_CONFIG_NOSYSTEM", "1");
        if Kind::of(file) != Kind::Gitlab {
            command
                .env("RUNNER_TEMP", self.temp())
                .env("GITHUB_WORKSPACE", self.work());
            command.env("RUNNER_OS", "Linux").env("RUNNER_ARCH", "X64");
            command.env("GITHUB_OUTPUT", &output).env("GITHUB_PATH", &path);
            command
                .env("GITHUB_SERVER_URL", "https://github.com")
                .env("GITHUB_REPOSITORY", "o/fleet");
        }
        command.envs(&self.env);
        for (name, value) in &script.env {
            match Kind::of(file) {
                Kind::Gitlab if self.env.contains_key(name) => &mut command,
                Kind::Gitlab => command.env(name, value),
                Kind::Action | Kind::Workflow => command.env(name, expression::filled(value, &self.contexts)),
            };
        }
        let ended = command.output().expect("bash runs");
        let said = [ended.stdout, ended.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let outputs = std::fs::read_to_string(output).expect("the outputs can be read");
        let outputs: BTreeMap<String, String> = outputs
            .lines()
            .map(|line| line.split_once('=').unwrap_or_else(|| panic!("`{line}` is no output")))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        if !script.id.is_empty() {
            self.give(&format!("steps.{}.outputs", script.id), json!(outputs));
        }
        Done {
            code: ended.status.code().expect("it ends by itself"),
            said: said.concat(),
            outputs,
        }
    }

    /// Returns the folders that the last script has put into the search path of later steps.
    pub fn added_path(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("path")).expect("it can be read")
    }
}

impl Done {
    /// Panics unless the script ended with 0.
    pub fn passed(self) -> Done {
        assert_eq!(self.code, 0, "{}", self.said);
        self
    }

    /// Returns an output; empty where it is not set, as for later steps.
    pub fn output(&self, name: &str) -> &str {
        self.outputs.get(name).map_or("", String::as_str)
    }
}
