//! Laws of the judgement.

use super::*;
use proptest::prelude::*;

/// Takes one demanded thing out of what holds; the number says which.
fn without(which: usize, facts: &mut Facts) {
    let pull = |facts: &mut Facts, change: fn(&mut PullRequest)| {
        facts.pull_requests.iter_mut().flatten().for_each(change);
    };
    match which {
        0 => facts.branch = Err(Untold::not_asked()),
        1 => facts.history = Err(Untold::not_asked()),
        2 => facts.pull_requests = Err(Untold::not_asked()),
        3 => facts.checks = Err(Untold::not_asked()),
        4 => facts.signatures = Err(Untold::not_asked()),
        5 => pull(facts, |pull| pull.reviews.clear()),
        6 => pull(facts, |pull| pull.rights.clear()),
        7 => pull(facts, |pull| pull.content = Err(Untold::not_asked())),
        8 => pull(facts, |pull| {
            pull.reviews.iter_mut().for_each(|review| review.commit = None)
        }),
        9 => facts.checks.iter_mut().flatten().for_each(|run| run.app = None),
        10 => facts.checks.iter_mut().flatten().for_each(|run| run.conclusion = None),
        11 => facts.signatures.iter_mut().for_each(Vec::clear),
        12 => facts.pull_requests.iter_mut().for_each(Vec::clear),
        13 => facts.checks.iter_mut().for_each(Vec::clear),
        14 => facts.branch.iter_mut().for_each(|branch| branch.has_commit = false),
        _ => facts.history.iter_mut().for_each(|history| history.steps.clear()),
    }
}

/// The condition that lacks something without that thing.
const LACKING: [Condition; 16] = [
    Condition::Branch,
    Condition::History,
    Condition::PullRequest,
    Condition::Checks,
    Condition::Signatures,
    Condition::PullRequest,
    Condition::PullRequest,
    Condition::PullRequest,
    Condition::PullRequest,
    Condition::Checks,
    Condition::Checks,
    Condition::Signatures,
    Condition::PullRequest,
    Condition::Checks,
    Condition::Branch,
    Condition::History,
];

fn demanded(policy: &Policy, condition: Condition) -> bool {
    match condition {
        Condition::History | Condition::Branch => true,
        Condition::PullRequest => policy.require.pull_request.is_some(),
        Condition::Checks => policy.require.checks.is_some(),
        Condition::Signatures => policy.require.signatures.is_some(),
    }
}

fn any_state() -> impl Strategy<Value = ReviewState> {
    prop_oneof![
        Just(ReviewState::Approved),
        Just(ReviewState::ChangesRequested),
        Just(ReviewState::Commented),
        Just(ReviewState::Dismissed)
    ]
}

proptest! {
    #[test]
    fn nothing_is_approved_that_lacks_a_demanded_fact(
        demands in any::<[bool; 3]>(),
        lacks in proptest::collection::vec(0..LACKING.len(), 0..6),
    ) {
        let (mut policy, mut facts) = (policy(), facts());
        let require = &mut policy.require;
        require.pull_request = require.pull_request.take().filter(|_| demands[0]);
        require.checks = require.checks.take().filter(|_| demands[1]);
        require.signatures = require.signatures.take().filter(|_| demands[2]);
        for lack in &lacks {
            without(*lack, &mut facts);
        }
        let judgement = judge(&policy, &facts);
        let lacking: Vec<Condition> = lacks.iter().map(|lack| LACKING[*lack]).filter(|condition| demanded(&policy, *condition)).collect();
        prop_assert_eq!(judgement.is_approved(), lacking.is_empty());
        for condition in lacking {
            prop_assert!(judgement.refusals.iter().any(|refusal| refusal.condition() == condition), "{:?}", condition);
        }
        // What is not demanded is neither refused nor shown.
        prop_assert!(judgement.refusals.iter().all(|refusal| demanded(&policy, refusal.condition())));
    }

    /// Whatever reviews there are: an approved pull request has enough people who can be named.
    #[test]
    fn approvals_are_of_the_head_by_others_who_may_write(
        reviews in proptest::collection::vec((0u64..60, 1u64..7, any_state(), any::<bool>()), 0..12),
        approvals in 0u32..4,
    ) {
        let (mut policy, mut facts) = (policy(), facts());
        policy.require.pull_request.as_mut().expect("it is demanded").approvals = approvals;
        let pull = &mut facts.pull_requests.as_mut().expect("they are known")[0];
        pull.reviews = reviews
            .iter()
            .map(|(id, by, state, of_head)| review(*id, person(*by, &format!("p{by}")), *state, if *of_head { 'a' } else { '9' }))
            .collect();
        let all = pull.reviews.clone();
        let judgement = judge(&policy, &facts);
        // Of ann and bob alone, as the others are authors or may not write.
        let approve = [1, 2].into_iter().filter(|id| {
            let own = all.iter().filter(|review| review.by.id == *id && review.state != ReviewState::Commented);
            own.max_by_key(|review| review.id).is_some_and(|review| {
                // Of two with the same number, the order is nobody's.
                let same = all.iter().filter(|other| other.by.id == *id && other.id == review.id);
                same.clone().all(|other| other.state == ReviewState::Approved && other.commit == Some(commit('a')))
            })
        });
        let certain = u32::try_from(approve.count()).expect("they are few");
        if certain >= approvals {
            prop_assert_eq!(judgement.refusals, []);
        } else if approvals > 2 {
            prop_assert!(!judgement.is_approved());
        }
        let possible = [1, 2].into_iter().filter(|id| {
            all.iter().any(|review| review.by.id == *id && review.state == ReviewState::Approved && review.commit == Some(commit('a')))
        });
        if u32::try_from(possible.count()).expect("they are few") < approvals {
            let refused = judge(&policy, &facts).refusals;
            prop_assert!(refused.iter().any(|refusal| matches!(refusal, Refusal::TooFewApprovals { .. })), "too few approvals");
        }
    }
}
