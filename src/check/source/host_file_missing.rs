//! `host-file-missing`: the folder of a host without one of the files that hosts have.

use super::{Answer, Entry, Judged};
use crate::source::files::{File, folder, is_below, name, shown};
use crate::source::trees::module_set;
use crate::{Level, Rule};
use diag::Span;
use flake::tree::{NodeKind, join, resolve};
use report::Stage;
use std::collections::BTreeSet;

pub(super) const ENTRY: Entry = Entry { rule: &RULE, run };

/// The rule.
pub static RULE: Rule = Rule {
    id: "host-file-missing",
    stage: Stage::Source,
    level: Level::Warning,
    title: "The folder of a host has the files that hosts have",
    why: "Where each host says in one file what it is for, in one what its hardware is and in one how its disks are \
          divided, a missing one means that something was forgotten, and the machine does not boot after all. The \
          layout is taken from `layout` in cfgcheck.yaml; without it, a host in `hosts/` is judged that has two of the \
          three files, if nothing else says what the third one would.",
    fix: "Make the file and import it in the host's `default.nix`.",
    wrong: "hosts/web/default.nix\nhosts/web/hardware-configuration.nix",
    right: "hosts/web/default.nix\nhosts/web/hardware-configuration.nix\nhosts/web/disks.nix",
};

const HARDWARE: &str = "hardware-configuration.nix";
const DISKS: &str = "disks.nix";

/// Words by which a file tells of hardware, or that there is none of its own.
const OF_HARDWARE: [&str; 9] = [
    "hardware",
    "kernelModules",
    "availableKernelModules",
    "hostPlatform",
    "facter",
    "isContainer",
    "modulesPath",
    "wsl",
    "microvm",
];

/// Words by which a file tells of disks, or that there are none.
const OF_DISKS: [&str; 6] = ["fileSystems", "disko", "isContainer", "modulesPath", "wsl", "microvm"];

fn run(judged: &Judged<'_, '_>) -> Answer {
    let layout = judged.request.layout;
    let mut found = Vec::new();
    let hosts = hosts(judged);
    for host in &hosts {
        let missing: Vec<String> = match (&layout.hosts, &layout.host_files) {
            (None, None) => presumed(judged, host).map(str::to_owned).into_iter().collect(),
            (_, files) => {
                let usual = || ["default.nix", HARDWARE, DISKS].map(str::to_owned).to_vec();
                let wanted = files.clone().unwrap_or_else(usual);
                let missing = |file: &String| judged.files.kind(&join(host, file.as_bytes())).is_none();
                wanted.into_iter().filter(missing).collect()
            }
        };
        for file in missing {
            let path = shown(&join(host, file.as_bytes()));
            let message = format!("the host `{}` has no {path}", shown(name(host)));
            let mut diagnostic = RULE.found(message);
            if let Some(span) = place(judged, host) {
                diagnostic = diagnostic.at(span, "");
            }
            let default = shown(&join(host, b"default.nix"));
            diagnostic = diagnostic.hint(match file.as_str() {
                HARDWARE => format!(
                    "put there what `nixos-generate-config` finds out about the machine, and import it in {default}"
                ),
                DISKS => format!("describe its disks there, and import it in {default}"),
                "default.nix" => "make it, and have it import the other files of the folder".into(),
                _ => format!("make it, and import it in {default}"),
            });
            found.push(diagnostic.into());
        }
    }
    if hosts.is_empty() {
        Answer::Nothing
    } else {
        Answer::Judged(found)
    }
}

/// Returns the folders of hosts.
fn hosts(judged: &Judged<'_, '_>) -> BTreeSet<Vec<u8>> {
    let files = judged.files;
    let with_nix = files.judged().filter(|file| file.is_nix()).map(File::folder);
    let own = |path: &[u8]| match files.folder() {
        b"" => Some(shown(path)),
        above => path.strip_prefix(above)?.strip_prefix(b"/").map(shown),
    };
    let is_host = |path: &&[u8]| {
        let Some(text) = own(path) else { return false };
        match &judged.request.layout.hosts {
            // What is below a host's folder is covered, too.
            Some(pattern) => {
                pattern.covers(&text) && !text.rsplit_once('/').is_some_and(|(above, _)| pattern.covers(above))
            }
            None => {
                let parts: Vec<&str> = text.split('/').collect();
                parts.len() == 2 && parts[0] == "hosts" && files.kind(&join(path, b"default.nix")).is_some()
            }
        }
    };
    with_nix.filter(is_host).map(<[u8]>::to_vec).collect()
}

/// Returns the file that a host lacks where the settings say nothing: one of three, if the host has the two others
/// and nothing tells what the third would.
fn presumed(judged: &Judged<'_, '_>, host: &[u8]) -> Option<&'static str> {
    let files = judged.files;
    let has = |file: &str| files.kind(&join(host, file.as_bytes())) == Some(NodeKind::Regular { executable: false });
    let says = |words: &[&str], file: &File| {
        let word = |word: &&str| memchr::memmem::find(&file.text, word.as_bytes()).is_some();
        // The files that it imports are no words of its own.
        words.iter().any(word)
    };
    let own = || {
        files
            .judged()
            .filter(|file| file.is_nix() && is_below(&file.path, host))
    };
    match (has(HARDWARE), has(DISKS)) {
        (true, false) => {
            let hosts = resolve(files.folder(), b"hosts")?;
            let common = files
                .judged()
                .filter(|file| file.is_nix() && !is_below(&file.path, &hosts));
            let told = own().chain(common).any(|file| says(&OF_DISKS, file));
            (!told).then_some(DISKS)
        }
        (false, true) => {
            let others = files.below(host).any(|path| name(path).ends_with(b".json"));
            (!others && !own().any(|file| says(&OF_HARDWARE, file))).then_some(HARDWARE)
        }
        _ => None,
    }
}

/// Returns where to point: the imports of the host's `default.nix`, else the beginning of a file of its own.
fn place(judged: &Judged<'_, '_>, host: &[u8]) -> Option<Span> {
    let default = join(host, b"default.nix");
    let imports = || {
        let tree = judged.trees.get(judged.files.index(&default)?)?;
        let (pos, _) = judged.trees.binding(module_set(tree.root)?, "imports")?;
        Some(Span::new(pos, pos.offset("imports".len() as u32)))
    };
    let first = || {
        judged
            .files
            .judged()
            .find(|file| file.is_nix() && folder(&file.path) == host)
    };
    imports().or_else(|| first().map(|file| file.span(0..0)))
}

#[cfg(test)]
mod tests {
    use crate::source::table::{check, check_with};

    const DEFAULT: (&str, &str) = ("hosts/web/default.nix", "{ imports = [ ./a.nix ]; }");
    const HARDWARE: (&str, &str) = ("hosts/web/hardware-configuration.nix", "{ x = 1; }");
    const DISKS: (&str, &str) = ("hosts/web/disks.nix", "{ fileSystems.x = 1; }");

    #[test]
    fn two_of_three_files_ask_for_the_third() {
        let told = |files: &[(&str, &str)], expected: &[&str]| check("host-file-missing", files, expected);
        told(
            &[DEFAULT, HARDWARE],
            &["hosts/web/default.nix:1:3 the host `web` has no hosts/web/disks.nix"],
        );
        told(
            &[DEFAULT, DISKS],
            &["hosts/web/default.nix:1:3 the host `web` has no hosts/web/hardware-configuration.nix"],
        );
        told(&[DEFAULT, HARDWARE, DISKS], &[]);
        told(&[DEFAULT], &[]);
        told(&[DEFAULT, HARDWARE, ("modules/disks.nix", "{ disko = 1; }")], &[]);
        told(&[DEFAULT, DISKS, ("hosts/web/facter.json", "{}")], &[]);
        told(
            &[
                DEFAULT,
                ("hosts/web/hardware-configuration.nix", "{ fileSystems.x = 1; }"),
            ],
            &[],
        );
        told(&[("hosts/web.nix", "{ }")], &["nothing"]);
    }

    #[test]
    fn settings_say_what_hosts_have() {
        let files = [("machines/a/x.nix", "{ }"), ("machines/a/sub/y.nix", "{ }")];
        let told = "machines/a/x.nix:1:1 the host `a` has no machines/a/default.nix";
        check_with(
            "{ hosts: 'machines/*', host-files: [default.nix, x.nix] }",
            "host-file-missing",
            &files,
            &[told],
        );
        check("host-file-missing", &files, &["nothing"]);
    }
}
