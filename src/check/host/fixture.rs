//! A host for the tests of rules: a flake in memory, evaluated by the module system of the repository's
//! stand-in for nixpkgs, with the options that rules read.

use super::{Before, Found, Host, MAKERS, Stop};
use crate::fleet::Fleet;
use eval::{Evaluator, Message, NotedBuild, NotedCall, Settings};
use flake::world::{Access, World};
use nixos::diagnose::Viewpoint;
use nixos::{Judged, Kind, System, Target, Warning};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use sys::{DiskFs, FileKind, FixedEnv, Fs, ManualClock, MemoryFs};

/// The flake; the host is in its fourth line.
const FLAKE: &str = "# A flake of one host.
let lib = import /nixpkgs/lib; in
{
  web = lib.evalModules { modules = [ /nixpkgs/options.nix /nixpkgs/nixos/modules/misc/nixpkgs.nix ./host.nix ]; };
}
";

/// A file of secrets.
const SECRETS: &str =
    "db:\n    password: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]\nsops:\n    version: 3.11.0\n";

/// How nixpkgs makes its packages, and those of a host.
const PACKAGES: [(&str, &str); 4] = [
    ("/nixpkgs/default.nix", "import ./pkgs/top-level/impure.nix"),
    ("/nixpkgs/pkgs/top-level/impure.nix", "args: import ./. args"),
    (
        "/nixpkgs/pkgs/top-level/default.nix",
        "args: { name = args.name or \"pkgs\"; musl = import ./. (args // { name = \"musl\"; }); }",
    ),
    (
        "/nixpkgs/nixos/modules/misc/nixpkgs.nix",
        "{ _module.args.pkgs = import ../../../. { }; }",
    ),
];

/// Stack for evaluating a small host.
const STACK: usize = 64 << 20;

/// What evaluating the host is said to have told.
#[derive(Clone, Default)]
pub struct Told {
    pub warnings: Vec<Warning>,
    pub messages: Vec<Message>,
    pub builds: Vec<NotedBuild>,
    /// Whether the host does not evaluate as a whole.
    pub fails: bool,
}

type Run = fn(&mut Host<'_>) -> Result<Vec<Found>, Stop>;

/// Checks what the rules over several hosts find on hosts with these names and modules, each in a file of
/// its own: host, place and message of each finding.
pub fn check_fleet(hosts: &[(&str, &str)], expected: &[&str]) {
    let owned: Vec<(String, String)> = hosts
        .iter()
        .map(|(name, module)| ((*name).into(), (*module).into()))
        .collect();
    let work = move || {
        let mut fleet = Fleet::default();
        let mut found = Vec::new();
        for (name, module) in &owned {
            let own = format!("/fleet/{name}.nix");
            let import = format!("{{ imports = [ {own} ]; }}");
            let files = [("/fleet/host.nix", import.as_str()), (own.as_str(), module.as_str())];
            with_host(name, &files, &Told::default(), None, |host| {
                for case in fleet.cases(host, &|_| true) {
                    found.extend(case.findings.into_iter().map(|finding| match finding.location {
                        Some(location) => format!("{name}: {location}: {}", finding.message),
                        None => format!("{name}: {}", finding.message),
                    }));
                }
            });
        }
        found
    };
    assert_eq!(on_a_thread(work), expected, "{hosts:?}");
}

/// Checks what a rule finds on a host with this module as its own: place and message of each finding, or
/// `skipped`, or `errored`.
pub fn check(run: Run, module: &str, expected: &[&str]) {
    compare(run, module, &Told::default(), None, expected);
}

/// As [`check`], for a host that was another one before.
pub fn check_after(run: Run, module: &str, before: Option<&Before>, expected: &[&str]) {
    compare(run, module, &Told::default(), before, expected);
}

/// As [`check`], for a host whose evaluation told something.
pub fn check_told(run: Run, module: &str, told: &Told, expected: &[&str]) {
    compare(run, module, told, None, expected);
}

fn compare(run: Run, module: &str, told: &Told, before: Option<&Before>, expected: &[&str]) {
    let (module, told, before) = (module.to_owned(), told.clone(), before.cloned());
    let text = module.clone();
    let found = on_a_thread(move || found(run, &text, &told, before.as_ref()));
    assert_eq!(found, expected, "{module}");
}

/// Returns what some work on a host with this module gives.
pub fn on_host<R: Send + 'static>(module: &str, work: impl FnOnce(&mut Host<'_>) -> R + Send + 'static) -> R {
    let module = module.to_owned();
    on_a_thread(move || with_host("web", &[("/fleet/host.nix", &module)], &Told::default(), None, work))
}

fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work);
    thread
        .expect("a thread can be made")
        .join()
        .expect("rules do not panic")
}

fn found(run: Run, module: &str, told: &Told, before: Option<&Before>) -> Vec<String> {
    with_host("web", &[("/fleet/host.nix", module)], told, before, |host| {
        match run(host) {
            Ok(found) => found
                .iter()
                .map(|found| {
                    let finding = found.finding(&host.ev.sources, host.view.root);
                    match finding.location {
                        Some(location) => format!("{location}: {}", finding.message),
                        None => finding.message,
                    }
                })
                .collect(),
            Err(Stop::Skipped(_)) => vec!["skipped".into()],
            Err(Stop::Unknown) => vec!["unknown".into()],
            Err(Stop::Failed(error)) => vec![format!("failed: {}", error.message)],
            Err(_) => vec![format!("errored: {}", host.ev.take_error().message)],
        }
    })
}

/// Does some work with a host that these files make.
pub fn with_host<R>(
    name: &str,
    files: &[(&str, &str)],
    told: &Told,
    before: Option<&Before>,
    work: impl FnOnce(&mut Host<'_>) -> R,
) -> R {
    let mut ev = evaluator(files);
    let flake = ev.eval_file(b"/fleet/flake.nix");
    let flake = flake.unwrap_or_else(|_| panic!("{}", ev.take_error().message));
    let web = ev.symbols.intern(b"web");
    let attr = ev.mem.attr(flake, web).expect("the flake has the host");
    let target = Target {
        kind: Kind::Nixos,
        name: name.into(),
        system: None,
        value: attr.value,
        pos: attr.pos,
    };
    let system = System::of(&mut ev, &target, None).unwrap_or_else(|_| panic!("{}", ev.take_error().message));
    let judged = Judged {
        drv: (!told.fails).then(|| "/nix/store/00000000000000000000000000000000-web.drv".into()),
        warnings: told.warnings.clone(),
        ..Judged::default()
    };
    // What the toplevel would need.
    for option in ["hostName", "domain"] {
        assert!(system.value(&mut ev, &["networking", option]).is_ok());
    }
    let inputs = [(b"/nixpkgs".to_vec(), "nixpkgs".to_owned())];
    let calls: Vec<NotedCall> = ev.calls.clone();
    let view = Viewpoint {
        root: b"/fleet",
        inputs: &inputs,
        ..Viewpoint::default()
    };
    work(&mut Host {
        ev: &mut ev,
        system: &system,
        view,
        judged: &judged,
        messages: &told.messages,
        calls: &calls,
        builds: &told.builds,
        before,
        secrets: Vec::new(),
    })
}

fn evaluator(files: &[(&str, &str)]) -> Evaluator {
    let lib = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/inputs/nixpkgs/lib");
    let fs = MemoryFs::new()
        .file("/fleet/flake.nix", FLAKE)
        .file("/fleet/secrets.yaml", SECRETS)
        .file("/nixpkgs/options.nix", include_str!("fixture/options.nix"));
    let fs = files.iter().fold(fs, |fs, (path, text)| fs.file(*path, *text));
    let fs = PACKAGES.iter().fold(fs, |fs, (path, text)| fs.file(*path, *text));
    let mut fs = fs;
    let mut open: Vec<(PathBuf, PathBuf)> = vec![(lib, PathBuf::from("/nixpkgs/lib"))];
    while let Some((from, to)) = open.pop() {
        for entry in DiskFs.read_dir(&from).expect("the library is in the repository") {
            let (from, to) = (from.join(&entry.name), to.join(&entry.name));
            match entry.kind {
                FileKind::Directory => open.push((from, to)),
                _ => fs = fs.file(to, DiskFs.read(&from).expect("the library can be read")),
            }
        }
    }
    let clock = ManualClock::at(Duration::ZERO);
    let world = World::new(
        Arc::new(fs),
        Arc::new(FixedEnv::at("/")),
        Arc::new(clock),
        Access::Everything,
        Box::new(|_: &[u8]| {}),
    );
    let settings = Settings {
        note_calls: MAKERS,
        ..Settings::default()
    };
    Evaluator::new(settings, Box::new(world), STACK / 2)
}
