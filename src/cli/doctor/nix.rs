//! Whether a Nix is installed that can build (`--build-with nix`, `--ifd nix`).

use super::capability::{Capability, Kind};
use super::look::Look;
use super::remedy;
use ::vm::substitute::{Asked, Settings};

/// A path that no store has, to ask the store for.
const NOWHERE: &str = "/nix/store/00000000000000000000000000000000-nowhere";
/// What the program is needed for.
const PURPOSE: &str = "`--build-with nix` and `--ifd nix` need it";

/// Returns what is told of the installed Nix.
pub fn nix(look: &Look<'_>) -> Capability {
    let mut told = Capability::new(Kind::Nix, "the installed Nix builds (`--build-with nix`, `--ifd nix`)");
    let env = || crate::realise::environment(look.machine);
    let mut is_there = true;
    for program in ["nix-store", "nix-instantiate"] {
        match look.version(program, &["--version"]) {
            Ok(version) => told.fact(format!("{program} {version}")),
            Err(silent) => {
                is_there = false;
                told.needs(silent.told(program, PURPOSE), remedy::nix());
                // Both come together.
                break;
            }
        }
    }
    if is_there {
        // As building asks; it opens the store, through the daemon where there is one.
        match look.run("nix-store", &["--check-validity", "--print-invalid", NOWHERE], env()) {
            Ok(_) => told.fact("its store answers"),
            Err(silent) => told.needs(
                silent.told("nix-store", "its store, or its daemon, does not answer"),
                remedy::nix_daemon(&look.user()),
            ),
        }
    }
    told.otherwise("no installed Nix builds; evaluation and building in a virtual machine need none")
}

/// Returns the sentence on the caches that are asked before anything is built.
pub fn substituters(look: &Look<'_>) -> Vec<String> {
    let settings = Settings::of(&crate::session::nix_settings(look.machine), &Asked::default());
    let urls: Vec<String> = settings.caches.into_iter().map(|cache| cache.url).collect();
    let asked = match urls.is_empty() {
        true => "no cache is asked for what is built already".to_owned(),
        false => format!("caches that are asked first: {}", urls.join(", ")),
    };
    std::iter::once(asked).chain(settings.notes).collect()
}
