//! The files, their steps and their scripts.

use serde_yaml::{Mapping, Value};

/// What a file is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A composite action.
    Action,
    /// A workflow of GitHub Actions.
    Workflow,
    /// A pipeline of GitLab.
    Gitlab,
}

impl Kind {
    /// Returns the kind of a file by its name.
    pub fn of(file: &str) -> Kind {
        match file.rsplit('/').next().unwrap_or(file) {
            "action.yml" => Kind::Action,
            "gitlab-ci.yml" => Kind::Gitlab,
            _ => Kind::Workflow,
        }
    }
}

/// A text that a shell executes, with all that it is given.
#[derive(Clone, Debug)]
pub struct Script {
    /// The name of its step, or of its job in GitLab.
    pub name: String,
    /// What is executed.
    pub run: String,
    /// The variables, from the outermost to the innermost.
    pub env: Vec<(String, String)>,
    /// The shell that the step or its workflow names.
    pub shell: Option<String>,
    /// When the step runs.
    pub condition: Option<String>,
    /// The name that other steps know its outputs by.
    pub id: String,
}

/// The workflow of releases, which `dist` writes: its scripts are not ours.
pub const RELEASE: &str = ".github/workflows/release.yml";

/// Returns the paths of all these files in the repository, but for the one that a program writes.
pub fn files() -> Vec<String> {
    let mut files = vec!["action.yml".to_owned(), "docs/gitlab-ci.yml".to_owned()];
    for folder in [".github/workflows", "docs/workflows"] {
        for entry in std::fs::read_dir(testkit::root().join(folder)).expect("the folder is there") {
            let name = entry.expect("it can be listed").file_name();
            files.push(format!("{folder}/{}", name.to_str().expect("names are text")));
        }
    }
    files.retain(|file| file != RELEASE);
    files.sort();
    files
}

/// Returns the text of a file.
pub fn text(file: &str) -> String {
    std::fs::read_to_string(testkit::root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Returns what a file says.
pub fn read(file: &str) -> Value {
    serde_yaml::from_str(&text(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Returns the entries of a mapping; none where there is no mapping.
pub fn entries(value: &Value) -> Vec<(String, &Value)> {
    let none = Mapping::new();
    let entries = value.as_mapping().unwrap_or(&none);
    let texts = entries.iter().map(|(name, _)| scalar(name)).collect::<Vec<_>>();
    let values = value.as_mapping().into_iter().flat_map(Mapping::values);
    texts.into_iter().zip(values).collect()
}

/// Returns the text of a scalar as a runner hands it on.
pub fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Null => String::new(),
        _ => panic!("{value:?} is no scalar"),
    }
}

/// Returns the jobs of a workflow, by name.
pub fn jobs(file: &str) -> Vec<(String, Value)> {
    let document = read(file);
    let jobs = entries(&document["jobs"]);
    jobs.into_iter().map(|(name, job)| (name, job.clone())).collect()
}

/// Returns the steps of a file for GitHub, each with the variables of its job and workflow.
pub fn steps(file: &str) -> Vec<(Value, Vec<(String, String)>)> {
    let document = read(file);
    let mut all = Vec::new();
    let mut add = |holder: &Value, outer: &[&Value]| {
        for step in holder["steps"].as_sequence().into_iter().flatten() {
            let of = outer.iter().copied().chain([&step["env"]]).flat_map(entries);
            let env = of.map(|(name, value)| (name, scalar(value))).collect();
            all.push((step.clone(), env));
        }
    };
    match Kind::of(file) {
        Kind::Action => add(&document["runs"], &[]),
        Kind::Workflow => {
            for (_, job) in entries(&document["jobs"]) {
                add(job, &[&document["env"], &job["env"]]);
            }
        }
        Kind::Gitlab => panic!("{file} has no steps"),
    }
    all
}

/// Returns all that a shell executes for a file.
pub fn scripts(file: &str) -> Vec<Script> {
    if Kind::of(file) == Kind::Gitlab {
        return of_gitlab(file);
    }
    let (of_all, steps) = (read(file), steps(file));
    let with_script = steps.iter().filter(|(step, _)| !step["run"].is_null());
    let text = |value: &Value| value.as_str().map(str::to_owned);
    with_script
        .map(|(step, env)| Script {
            name: text(&step["name"]).unwrap_or_else(|| panic!("{file}: a step with a script has no name: {step:?}")),
            run: scalar(&step["run"]),
            env: env.clone(),
            shell: text(&step["shell"]).or_else(|| text(&of_all["defaults"]["run"]["shell"])),
            condition: (!step["if"].is_null()).then(|| scalar(&step["if"])),
            id: text(&step["id"]).unwrap_or_default(),
        })
        .collect()
}

/// Returns a script by its file and name.
pub fn script(file: &str, name: &str) -> Script {
    let named = scripts(file).into_iter().find(|script| script.name == name);
    named.unwrap_or_else(|| panic!("{file} has no script `{name}`"))
}

/// Returns the scripts of jobs: each is one, of `before_script` and `script`.
fn of_gitlab(file: &str) -> Vec<Script> {
    let document = read(file);
    let jobs = entries(&document)
        .into_iter()
        .filter(|(_, job)| !job["script"].is_null());
    let variables = |of: &Value| -> Vec<(String, String)> {
        let variables = entries(&of["variables"]).into_iter();
        variables.map(|(name, value)| (name, scalar(value))).collect()
    };
    let lines = |value: &Value| -> Vec<String> {
        match value {
            Value::Sequence(lines) => lines.iter().map(scalar).collect(),
            other => vec![scalar(other)],
        }
    };
    jobs.map(|(name, job)| Script {
        name,
        run: [lines(&job["before_script"]), lines(&job["script"])]
            .concat()
            .join("\n"),
        env: [variables(&document), variables(job)].concat(),
        shell: None,
        condition: None,
        id: String::new(),
    })
    .collect()
}
