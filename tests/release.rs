//! How releases are made: what `dist` has written is of the files that it was written from.

#![expect(clippy::disallowed_methods, reason = "these tests read files of the repository")]

use serde_yaml::Value;

const WORKFLOW: &str = ".github/workflows/release.yml";
const SETUP: &str = ".github/release-setup.yml";
const SETTINGS: &str = "dist-workspace.toml";

fn text(file: &str) -> String {
    std::fs::read_to_string(testkit::root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn yaml(file: &str) -> Value {
    serde_yaml::from_str(&text(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Returns the keys and texts of a table of the settings.
fn table(name: &str) -> Vec<(String, String)> {
    let text = text(SETTINGS);
    let from = text
        .find(&format!("\n[{name}]\n"))
        .unwrap_or_else(|| panic!("there is no [{name}]"));
    let lines = text[from..].lines().skip(2).take_while(|line| !line.starts_with('['));
    let pairs = lines.filter_map(|line| line.split('#').next()?.split_once(" = "));
    let plain = |text: &str| text.trim().trim_matches('"').to_owned();
    pairs.map(|(key, value)| (plain(key), plain(value))).collect()
}

/// Returns the targets of the settings.
fn targets() -> Vec<String> {
    let text = text(SETTINGS);
    let (_, list) = text.split_once("\ntargets = [\n").expect("there are targets");
    let (list, _) = list.split_once("\n]").expect("the list ends");
    let names = list.lines().map(|line| line.trim().trim_matches(['"', ',']).to_owned());
    names.collect()
}

#[test]
fn each_target_is_built_by_a_machine_of_its_own() {
    let runners = table("dist.github-custom-runners");
    let targets = targets();
    assert!(targets.len() >= 2, "{targets:?}");
    for target in targets {
        let runner = runners.iter().find(|(of, _)| *of == target);
        let (_, runner) = runner.unwrap_or_else(|| panic!("{target} has no runner"));
        assert_eq!(
            target.contains("linux"),
            runner.starts_with("ubuntu-"),
            "{target} {runner}"
        );
        assert_eq!(
            target.starts_with("aarch64-unknown-linux"),
            runner.ends_with("-arm"),
            "{target} {runner}"
        );
        // Anything else needs a loader, which NixOS does not have where other distributions have it.
        assert_eq!(target.contains("linux"), target.ends_with("-musl"), "{target}");
    }
}

#[test]
fn actions_of_the_release_are_the_commits_of_the_settings() {
    let commits = table("dist.github-action-commits");
    let workflow = text(WORKFLOW);
    let used: Vec<&str> = workflow
        .lines()
        .filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: "))
        .collect();
    assert!(used.len() > 5, "{used:?}");
    for action in used {
        let (name, commit) = action.split_once('@').expect("an action has a version");
        let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(is_commit, "{action}");
        assert!(commits.iter().any(|(of, at)| of == name && at == commit), "{action}");
    }
}

#[test]
fn steps_before_the_build_are_in_the_workflow() {
    let workflow = yaml(WORKFLOW);
    let steps = workflow["jobs"]["build-local-artifacts"]["steps"]
        .as_sequence()
        .expect("it has steps");
    let setup = yaml(SETUP);
    let setup = setup.as_sequence().expect("it is a list");
    assert!(setup.len() == 3, "{setup:?}");
    let place = |wanted: &Value| steps.iter().position(|step| step["name"] == wanted["name"]);
    let mut last = 0;
    for wanted in setup {
        let at = place(wanted).unwrap_or_else(|| panic!("`dist generate` was not run: {wanted:?}"));
        assert!(at > last, "in their order");
        last = at;
        assert_eq!((&steps[at]["run"], &steps[at]["if"]), (&wanted["run"], &wanted["if"]));
    }
    let build = steps.iter().position(|step| step["name"] == "Build artifacts");
    assert!(build.is_some_and(|build| build > last), "{build:?}");
}
