//! Why a verdict is not believed, or does not say what is asked of it.

use report::Stage;
use store::StorePath;

use super::{Counts, ReadError, SKEW};

/// One reason why a verdict does not hold.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The bytes are no verdict.
    #[error("the verdict cannot be read: {0}")]
    Unreadable(#[from] ReadError),
    /// Nobody has signed it.
    #[error("the verdict is signed by nobody")]
    Unsigned,
    /// None of the keys that it is signed with is known.
    #[error("the verdict is signed with the unknown key `{name}`; known here is {known}")]
    UnknownKey {
        /// The key that it claims to be signed with.
        name: String,
        /// The names of the keys that are known.
        known: String,
    },
    /// A signature is not of the key that it names, or the payload is not what was signed.
    #[error("the signature in the name of `{0}` is forged, or the verdict was changed after it was signed")]
    Forged(String),
    /// Its time is over.
    #[error("the verdict expired at {expires}, and it is {now} now")]
    Expired {
        /// When it ceased to hold.
        expires: String,
        /// The time of this machine.
        now: String,
    },
    /// It comes from the future.
    #[error(
        "the verdict was made at {made}, and by the clock of this machine it is only {now}: one of the two clocks is wrong"
    )]
    FromTheFuture {
        /// When it says that it was made.
        made: String,
        /// The time of this machine.
        now: String,
    },
    /// It is of another repository.
    #[error("the verdict is of the repository `{said}` and not of `{wanted}`")]
    Repository {
        /// What the verdict says.
        said: String,
        /// What is asked for.
        wanted: String,
    },
    /// It is of another commit.
    #[error("the verdict is of commit {said} and not of {wanted}")]
    Commit {
        /// What the verdict says.
        said: String,
        /// What is asked for.
        wanted: String,
    },
    /// The commit has another tree.
    #[error("the verdict is of the tree {said}, and the commit has the tree {wanted}")]
    Tree {
        /// What the verdict says.
        said: String,
        /// What is asked for.
        wanted: String,
    },
    /// The lock is another one.
    #[error("the verdict was made with {said} for flake.lock, and the commit has {wanted}")]
    Lock {
        /// What the verdict says.
        said: String,
        /// What is asked for.
        wanted: String,
    },
    /// It is of another host.
    #[error("the verdict is of the host `{said}` and not of `{wanted}`")]
    Host {
        /// What the verdict says.
        said: String,
        /// What is asked for.
        wanted: String,
    },
    /// The host is for another system.
    #[error("the verdict is for {said}, and this is {wanted}")]
    System {
        /// What the verdict says.
        said: String,
        /// What is asked for.
        wanted: String,
    },
    /// The host's derivation is another one.
    #[error("the verdict is of {said} and not of {wanted}")]
    Derivation {
        /// What the verdict says.
        said: StorePath,
        /// What is asked for.
        wanted: StorePath,
    },
    /// The built system is another one.
    #[error("the verdict is of {said} and not of {wanted}")]
    OutPath {
        /// What the verdict says.
        said: StorePath,
        /// What is asked for.
        wanted: StorePath,
    },
    /// Its closure lacks the very system.
    #[error("the verdict's closure does not have {0} itself")]
    ClosureWithoutOutPath(StorePath),
    /// Cases of a stage did not pass.
    #[error("the stage `{stage}` did not pass: {}", bad(.counts))]
    NotPassed {
        /// The stage.
        stage: Stage,
        /// How its cases ended.
        counts: Counts,
    },
    /// There are findings that are errors.
    #[error("the verdict counts {0} findings that are errors")]
    Errors(u64),
    /// A stage that is demanded did not run.
    #[error("the stage `{0}` is demanded, and it did not run")]
    DidNotRun(Stage),
}

impl Refusal {
    /// Returns what would make it hold.
    pub fn hint(&self) -> String {
        match self {
            Refusal::Unreadable(_) => "take the file that `cfgcheck verdict sign` wrote, unchanged".into(),
            Refusal::Unsigned => "`cfgcheck verdict sign` signs what it found".into(),
            Refusal::UnknownKey { .. } => {
                "sign with a key of the policy; a new key comes into the policy by a deployment under the old one"
                    .into()
            }
            Refusal::Forged(_) => "sign again, and find out who wrote this file".into(),
            Refusal::Expired { .. } => "run the job that signs again".into(),
            Refusal::FromTheFuture { .. } => {
                format!("set the clock; {} seconds are allowed for", SKEW.as_secs())
            }
            Refusal::Repository { .. } => "the policy and `cfgcheck verdict sign --repository` write it alike".into(),
            Refusal::Commit { .. } | Refusal::Tree { .. } | Refusal::Lock { .. } => {
                "take the verdict of the commit that is deployed".into()
            }
            Refusal::Host { .. } | Refusal::System { .. } => "take the verdict of this host".into(),
            Refusal::Derivation { .. } | Refusal::OutPath { .. } | Refusal::ClosureWithoutOutPath(_) => {
                "deploy what was judged: the system of that very commit, unchanged".into()
            }
            Refusal::NotPassed { .. } | Refusal::Errors(_) => "`cfgcheck check` tells what is wrong".into(),
            Refusal::DidNotRun(stage) => format!("have the job that signs run the stage `{stage}`"),
        }
    }
}

fn bad(counts: &Counts) -> String {
    let named = [
        (counts.failed, "failed"),
        (counts.errored, "could not be judged"),
        (counts.crashed, "broke cfgcheck"),
    ];
    let told = named.iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told.map(|(count, how)| format!("{count} {how}")).collect();
    told.join(", ")
}
