//! `cfgcheck rollback --hosts`: several hosts go back, of which none is begun before all are known to be able to.

use super::parallel::each;
use super::roster::{self, Roster};
use super::text::table;
use super::{prepare, worst};
use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, say};
use crate::switch::args::{HowArgs, NO_FLEET, RollbackArgs};
use crate::switch::back::{Way, stop, way};
use crate::switch::deploy::{carry_out, code_of};
use crate::switch::target::Target;
use crate::switch::text::plan;
use crate::switch::trouble::Trouble;
use ::deploy::{Ended, Reason};
use diag::clean_line;

/// A host that is to go back.
struct Member {
    name: String,
    target: Target,
    how: HowArgs,
}

/// What came of a host: an exit code, a word for it, and why.
type Came = (u8, &'static str, Vec<Reason>);

/// Takes all hosts back that are meant, and returns the worst exit code.
pub fn run(machine: &Machine, args: &RollbackArgs) -> Result<u8, Trouble> {
    if args.to.home {
        return Err(Trouble::usage(NO_FLEET));
    }
    let roster = Roster::of_flake(machine, &args.fleet.asked())?;
    let members = roster.hosts.iter().map(|host| Member {
        name: host.name.clone(),
        target: roster::target(host, args.to.sudo, args.to.remote_program.as_deref()),
        how: prepare::how(&args.how, host),
    });
    let members: Vec<Member> = members.collect();
    let ways = each(&members, |member| way(machine, &member.target, &member.how));
    let mut ready = Vec::new();
    let mut codes = Vec::new();
    for (member, way) in members.iter().zip(ways) {
        match way {
            Ok(Way::Again(again)) if !again.1.refusals.is_empty() => {
                let reasons = again.1.refusals.iter().map(Reason::new).collect();
                Trouble::refused(reasons).tell(&member.target);
                codes.push(exit::REFUSED);
            }
            Ok(way) => ready.push((member, way)),
            Err(trouble) => {
                trouble.tell(&member.target);
                codes.push(trouble.code);
            }
        }
    }
    if !codes.is_empty() {
        complain("no host goes back, as not all of them could");
        return Ok(worst(&codes));
    }
    if args.dry_run {
        ready.iter().for_each(|(member, way)| tell(member, way));
        return Ok(exit::CLEAN);
    }
    let came = each(&ready, |(member, way)| goes(machine, member, way));
    let rows = ready.iter().zip(&came);
    let rows = rows.map(|((member, _), (_, word, _))| [clean_line(&member.name).into_owned(), (*word).to_owned()]);
    say(table(["host", "outcome"], rows.collect()).as_bytes());
    let codes: Vec<u8> = came.iter().map(|(code, ..)| *code).collect();
    for ((member, _), (_, word, reasons)) in ready.iter().zip(&came) {
        for Reason { why, hint } in reasons {
            member.target.tell(&format!("{word}: {why}"));
            if let Some(hint) = hint {
                member.target.tell(&format!("help: {hint}"));
            }
        }
    }
    Ok(worst(&codes))
}

fn tell(member: &Member, way: &Way) {
    let text = match way {
        Way::Stop(last) => format!(
            "{}\n  stops     the deployment {}, which is {}\n",
            clean_line(&member.name),
            clean_line(&last.order.id),
            last.phase
        ),
        Way::Again(again) => plan(&again.1, &member.name),
    };
    say(format!("{text}\n").as_bytes());
}

fn goes(machine: &Machine, member: &Member, way: &Way) -> Came {
    match way {
        Way::Stop(_) => match stop(machine, &member.target) {
            Ok(()) => (exit::CLEAN, "went back", Vec::new()),
            Err(error) => (error.code(), "unknown", vec![Reason::new(error.to_string())]),
        },
        Way::Again(again) => {
            let ended = carry_out(machine, &member.target, again.0.clone(), &member.how);
            let word = if ended == Ended::Deployed {
                "went back"
            } else {
                ended.word()
            };
            (code_of(&ended), word, ended.reasons())
        }
    }
}
