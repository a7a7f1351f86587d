//! What a fork may have written, or made GitHub write: a saved report, and the event of a run.

#![no_main]

use forge::plan::{self, Context, Origin};
use forge::{Commit, Event, Repository, Saved, Wanted};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let job = Repository::new("octo/fleet").expect("it is one");
    for name in ["pull_request", "workflow_run", "push"] {
        let _ = Event::read(name, bytes, &job);
    }
    let Ok(saved) = report::json::read(bytes).map(Saved::of) else {
        return;
    };
    let Ok(saved) = saved else { return };
    let commit = Commit::new(&"a".repeat(40)).expect("it is one");
    let context = Context {
        wanted: &Wanted::default(),
        commit: &commit,
        page: None,
        origin: Origin::Artifact,
    };
    let comment = plan::comment(saved.report(), &context);
    assert!(comment.is_marked(&comment.body) && comment.body.len() <= 65_536);
    let output = plan::check(saved.report(), &context, "id").create["output"].clone();
    assert!(output["summary"].as_str().is_some_and(|text| text.len() <= 65_535));
});
