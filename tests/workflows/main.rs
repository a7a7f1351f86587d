//! The action, the workflows and the template for GitLab: each of their scripts is executed as it is written, as a runner
//! executes it, with programs in the place of `cfgcheck`, `gh`, `nix` and others that write down how they are called.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests write files and run the steps"
)]

mod check;
mod deploy;
mod document;
mod expression;
mod fleet;
mod get;
mod gitlab;
mod own;
mod publish;
mod real;
mod results;
mod rules;
mod server;
mod stage;
mod update;

use document::Kind;

/// The action.
const ACTION: &str = "action.yml";
/// The workflows that users copy.
const FLEET: &str = "docs/workflows/fleet.yml";
const PUBLISH: &str = "docs/workflows/publish.yml";
const UPDATE: &str = "docs/workflows/update.yml";
const DEPLOY: &str = "docs/workflows/deploy.yml";
/// The template for GitLab.
const GITLAB: &str = "docs/gitlab-ci.yml";
/// This repository's own workflow.
const OWN: &str = ".github/workflows/ci.yml";
const MACHINES: &str = ".github/workflows/machines.yml";

/// Each script, by its file and the name of its step, with a test that executes it.
const EXECUTED: &[(&str, &str, fn())] = &[
    (ACTION, "Get cfgcheck", get::a_release_is_downloaded_and_verified),
    (ACTION, "Build cfgcheck", get::without_a_release_it_is_built),
    (
        ACTION,
        "Name the results of earlier runs",
        results::each_branch_has_results_of_its_own,
    ),
    (ACTION, "Check", check::the_flake_is_checked_as_the_inputs_say),
    (FLEET, "Plan the builds", fleet::hosts_that_a_change_touches_are_planned),
    (FLEET, "Build", fleet::a_job_builds_its_hosts_whatever_their_names),
    (PUBLISH, "Publish", publish::the_saved_report_is_published),
    (UPDATE, "Update the lock", update::a_lock_that_stays_the_same_is_told),
    (UPDATE, "Say what it changes", update::findings_are_told_and_no_failure),
    (
        UPDATE,
        "Open the pull request, or bring it up to date",
        update::there_is_one_pull_request,
    ),
    (DEPLOY, "Build", deploy::what_no_cache_has_goes_along),
    (DEPLOY, "Sign", deploy::all_hosts_are_signed_for),
    (DEPLOY, "Forget the key of verdicts", deploy::all_hosts_are_signed_for),
    (DEPLOY, "Bring what was built", deploy::what_was_built_is_brought),
    (DEPLOY, "Deploy", deploy::the_fleet_is_deployed),
    (DEPLOY, "Forget the key", deploy::the_fleet_is_deployed),
    (GITLAB, "cfgcheck", gitlab::a_release_checks_the_flake),
    (OWN, "All that needs no root", own::the_tests_run_without_root),
    (
        OWN,
        "All that has to pass before a merge",
        own::everything_runs_in_a_container,
    ),
    (
        MACHINES,
        "All that has to pass before a merge, and all that is done in machines",
        own::all_that_is_done_in_machines_is_asked_for,
    ),
];

#[test]
fn each_script_is_executed_by_a_test() {
    let mut missing = Vec::new();
    for file in document::files() {
        for script in document::scripts(&file) {
            let of_it = EXECUTED
                .iter()
                .find(|(of, name, _)| *of == file && *name == script.name);
            match of_it {
                None => missing.push(format!("{file}: {}", script.name)),
                Some((.., test)) => {
                    stage::forget();
                    test();
                    let executed = stage::executed();
                    assert!(
                        executed.contains(&(file.clone(), script.name.clone())),
                        "{file}: the test of `{}` executes only {executed:?}",
                        script.name
                    );
                }
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "nothing executes these");
}

#[test]
fn each_test_is_of_a_script_that_there_is() {
    for (file, name, _) in EXECUTED {
        let scripts = document::scripts(file);
        assert!(scripts.iter().any(|script| script.name == *name), "{file}: {name}");
    }
}

/// All kinds of files are there, so that no rule holds of nothing.
#[test]
fn there_are_files_of_each_kind() {
    let files = document::files();
    for kind in [Kind::Action, Kind::Workflow, Kind::Gitlab] {
        assert!(files.iter().any(|file| Kind::of(file) == kind), "{kind:?}");
    }
    assert!(files.iter().any(|file| file == OWN) && files.iter().any(|file| file == FLEET));
}
