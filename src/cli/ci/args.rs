//! The command line of `cfgcheck ci`.

use crate::args::{CacheArgs, CheckArgs, JudgeArgs, LimitArgs};
use crate::build::EngineArgs;
use crate::config::Stage;
use crate::vm::AccelArgs;
use clap::{Args, ValueEnum};
use std::num::NonZero;
use std::path::PathBuf;

/// Arguments of `cfgcheck ci`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck ci                                      in a job: what the pull request or the push changes
  cfgcheck ci --base main                          here: what this branch changes
  cfgcheck ci --stage check,prop,vm --output junit=report.xml --output html=report.html
  cfgcheck ci --publish check,comment              also as a check run and a comment on GitHub
")]
pub struct CiArgs {
    /// What is done, in place of `ci.stages` in cfgcheck.yaml; several with commas between them.
    #[arg(long, value_enum, value_name = "STAGES", value_delimiter = ',')]
    pub stage: Vec<Stage>,
    /// What the change is compared with: a commit, a branch, a tag, or another flake. In a job of GitHub Actions or GitLab, what
    /// the pull request is for, or the commit before the push.
    #[arg(long, value_name = "REV", conflicts_with = "no_base")]
    pub base: Option<String>,
    /// Compare with nothing.
    #[arg(long)]
    pub no_base: bool,
    /// Publish the report on GitHub, with the token of GITHUB_TOKEN; several with a comma between them.
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    pub publish: Vec<Publish>,
    /// The name of the check run; reports of different names have comments of their own.
    #[arg(long, default_value = "cfgcheck", requires = "publish")]
    pub name: String,
    /// Only what is for a system that matches this pattern; may be repeated.
    #[arg(long, value_name = "PATTERN")]
    pub system: Vec<String>,
    /// Evaluate hosts for this system too; may be repeated.
    #[arg(long, value_name = "SYSTEM")]
    pub platform: Vec<String>,
    #[command(flatten)]
    pub judge: JudgeArgs,
    #[command(flatten)]
    pub cache: CacheArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
    /// Put serial logs, journals and pictures of machines into this folder.
    #[arg(long, value_name = "DIR")]
    pub artifacts: Option<PathBuf>,
    /// Most machines that run beside each other [default: as many as have a processor and memory of their own].
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<NonZero<usize>>,
    #[command(flatten)]
    pub accel: AccelArgs,
    #[command(flatten)]
    pub engine: EngineArgs,
}

/// A form on GitHub that needs a token.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Publish {
    /// A check run with annotations at the lines.
    Check,
    /// A comment on the pull request, which each run brings up to date.
    Comment,
}

impl CiArgs {
    /// Returns what its check is asked for, compared with a base.
    pub fn of_check(&self, base: Option<String>) -> CheckArgs {
        CheckArgs {
            judge: self.judge.clone(),
            system: self.system.clone(),
            platform: self.platform.clone(),
            base,
            cache: self.cache.clone(),
            limits: self.limits.clone(),
            ..CheckArgs::default()
        }
    }
}
