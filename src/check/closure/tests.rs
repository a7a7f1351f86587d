//! Hosts that are weighed: by what their options bring, and as a whole where a store has them.

use std::collections::BTreeSet;
use std::sync::Arc;

use nixos::Judged;
use report::{Case, Outcome};
use store::{Derivation, Output, OutputName, StorePath};
use sys::MemoryFs;

use super::stores::FolderCache;
use super::{PathInfo, Request, Store, StoreError, Weight, cases, size, weigh};
use crate::host::Host;
use crate::host::fixture::{Told, with_host};
use crate::settings::Closure;

/// Stack for evaluating a small host.
const STACK: usize = 64 << 20;

/// Knows these sizes by the names of paths, with what they refer to.
#[derive(Clone, Default)]
struct Sizes(Vec<(StorePath, PathInfo)>);

impl Store for Sizes {
    fn name(&self) -> &str {
        "sizes"
    }

    fn infos(&self, paths: &[StorePath]) -> Result<Vec<Option<PathInfo>>, StoreError> {
        let of = |path: &StorePath| {
            self.0
                .iter()
                .find(|(known, _)| known == path)
                .map(|(_, info)| info.clone())
        };
        Ok(paths.iter().map(of).collect())
    }
}

/// What a host is weighed with.
#[derive(Clone, Default)]
struct Setup {
    module: &'static str,
    budgets: &'static str,
    /// The size of the built system, if a store has it.
    whole: Option<u64>,
    /// The size of the package `tool`, if a store has it.
    tool: Option<u64>,
    before: Option<Weight>,
}

/// Does some work with a host whose system is a derivation of this evaluation.
fn with<R: Send + 'static>(setup: Setup, work: impl FnOnce(&mut Host<'_>, &Sizes) -> R + Send + 'static) -> R {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        with_host(
            "web",
            &[("/fleet/host.nix", setup.module)],
            &Told::default(),
            None,
            |host| {
                let derivation = |name: &str| Derivation {
                    name: name.to_owned(),
                    outputs: [(OutputName::OUT, Output::Deferred)].into_iter().collect(),
                    platform: b"x86_64-linux"[..].into(),
                    builder: b"/bin/sh"[..].into(),
                    ..Derivation::default()
                };
                let system = host
                    .ev
                    .store
                    .add_derivation(derivation("nixos-system-web"))
                    .expect("it can be added");
                let out = StorePath::parse(system.outputs[0].1.render()).expect("its path is known");
                let info = |size: u64| PathInfo {
                    size,
                    references: BTreeSet::from([out.clone()]),
                };
                let mut sizes = Sizes(setup.whole.map(|size| (out.clone(), info(size))).into_iter().collect());
                if let Some(size) = setup.tool {
                    let path = StorePath::parse(TOOL).expect("a path");
                    let info = PathInfo {
                        size,
                        references: BTreeSet::new(),
                    };
                    sizes.0.push((path, info));
                }
                let judged = Judged {
                    drv: Some(system.path.to_path()),
                    system: Some("x86_64-linux".into()),
                    ..Judged::default()
                };
                let mut host = Host {
                    ev: &mut *host.ev,
                    system: host.system,
                    view: host.view,
                    judged: &judged,
                    messages: host.messages,
                    calls: host.calls,
                    builds: host.builds,
                    before: None,
                    secrets: Vec::new(),
                };
                work(&mut host, &sizes)
            },
        )
    });
    thread
        .expect("a thread can be made")
        .join()
        .expect("rules do not panic")
}

/// The package that the modules of these tests name: a path of a store, with its context.
const TOOL: &str = "/nix/store/ldvc6np676qvhflm7645kq27lpa2gnxc-tool";
const WITH_TOOL: &str = "{ environment.systemPackages = [ (builtins.appendContext \"/nix/store/ldvc6np676qvhflm7645kq27lpa2gnxc-tool\" { \"/nix/store/ldvc6np676qvhflm7645kq27lpa2gnxc-tool\".path = true; }) ]; }";
const WITH_SOURCE: &str = "{ environment.etc.keys.source = ./secrets.yaml; environment.etc.off = { enable = false; source = ./flake.nix; }; }";

fn judged(setup: Setup) -> Vec<Case> {
    with(setup.clone(), move |host, sizes| {
        let budgets: Closure = serde_yaml::from_str(setup.budgets).expect("budgets can be read");
        let request = Request {
            budgets: &budgets,
            stores: &[sizes],
            before: setup.before.as_ref(),
        };
        cases(host, &request, &|_| true)
    })
}

/// Returns rule, outcome and findings of each case, in a line.
fn told(setup: Setup) -> Vec<String> {
    let cases = judged(setup);
    let line = |case: &Case| {
        let rule = case.rule.as_deref().unwrap_or_default();
        match (&case.outcome, case.findings.first()) {
            (Outcome::Skipped(reason), _) => format!("{rule} skipped: {reason}"),
            (outcome, None) => format!("{rule} {}", outcome.name()),
            (outcome, Some(finding)) => {
                let place = finding.location.as_ref().map(ToString::to_string).unwrap_or_default();
                let option = finding.option.as_deref().unwrap_or("no option");
                format!("{rule} {}: {place} {option}: {}", outcome.name(), finding.message)
            }
        }
    };
    cases.iter().map(line).collect()
}

#[test]
fn without_a_budget_nothing_is_weighed() {
    let host = Setup {
        module: "{ }",
        budgets: "{ max-growth: 10%, hosts: { 'db*': { max-size: 1KiB } } }",
        ..Setup::default()
    };
    assert_eq!(told(host), Vec::<String>::new());
}

#[test]
fn a_host_that_a_store_has_is_known_exactly() {
    let host = |bytes| Setup {
        module: WITH_TOOL,
        budgets: "{ max-size: 1MiB }",
        whole: Some(bytes),
        ..Setup::default()
    };
    assert_eq!(told(host(1 << 20)), ["closure-over-budget passed"]);
    assert_eq!(
        told(host((1 << 20) + 1)),
        [
            "closure-over-budget failed: host.nix:1:3 environment.systemPackages: the closure is larger than the budget of \
          this host; what adds most is `tool`"
        ]
    );
    let case = &judged(host(5))[0];
    let property = |name: &str| case.properties.get(name).map(String::as_str);
    assert_eq!(
        (
            property("closure-bytes"),
            property("closure-paths"),
            property("closure-unknown")
        ),
        (Some("5"), Some("1"), Some("0"))
    );
}

#[test]
fn what_is_known_can_break_a_budget_and_never_keep_it() {
    let host = |tool| Setup {
        module: WITH_TOOL,
        budgets: "{ max-size: 1KiB }",
        tool,
        ..Setup::default()
    };
    assert_eq!(
        told(host(Some(2048))),
        [
            "closure-over-budget failed: host.nix:1:3 environment.systemPackages: the closure is larger than the budget of \
          this host; what adds most is `tool`"
        ]
    );
    assert_eq!(
        told(host(Some(1000))),
        [
            "closure-over-budget skipped: nothing is built here, and the sizes of 1 of 2 paths are not known; the others \
          take 1000 bytes"
        ]
    );
    assert_eq!(
        told(host(None)),
        [
            "closure-over-budget skipped: nothing is built here, and the sizes of 2 of 2 paths are not known; the others \
          take 0 bytes"
        ]
    );
}

#[test]
fn sources_are_weighed_without_any_store() {
    let host = |budgets| Setup {
        module: WITH_SOURCE,
        budgets,
        ..Setup::default()
    };
    // The file takes 96 bytes with its padding, and its archive 112 more.
    let case = &judged(host("{ max-size: 1GiB }"))[0];
    assert_eq!(case.properties.get("closure-bytes").map(String::as_str), Some("208"));
    let small = Setup {
        module: "{ environment.etc.keys.source = ./secrets.yaml; environment.etc.more.source = /nixpkgs/lib; }",
        ..host("{ max-size: 1KiB }")
    };
    assert_eq!(
        told(small),
        [
            "closure-over-budget failed: host.nix:1:49 environment.etc.more.source: the closure is larger than the budget \
          of this host; what adds most is `lib`"
        ]
    );
}

#[test]
fn growth_is_judged_against_a_base_that_is_known() {
    let before = |bytes, unknown| {
        Some(Weight {
            bytes,
            paths: 10,
            unknown,
        })
    };
    let host = |whole, before| Setup {
        module: WITH_TOOL,
        budgets: "{ max-growth: 10% }",
        whole: Some(whole),
        before,
        ..Setup::default()
    };
    assert_eq!(told(host(110, before(100, 0))), ["closure-grown passed"]);
    assert_eq!(
        told(host(111, before(100, 0))),
        [
            "closure-grown failed: host.nix:1:3 environment.systemPackages: the closure has grown by more than 10% over \
          the base; what adds most is `tool`"
        ]
    );
    assert_eq!(
        told(host(111, before(100, 3))),
        ["closure-grown skipped: how large the base is cannot be told: the sizes of 3 of its 10 paths are not known"]
    );
    assert_eq!(told(host(111, None)), Vec::<String>::new());
    let weight = with(host(7, None), |host, sizes| weigh(host, &[sizes]));
    assert_eq!(
        weight,
        Some(Weight {
            bytes: 7,
            paths: 1,
            unknown: 0
        })
    );
}

/// What `nix copy --to file://…` of Nix 2.34 wrote of a small closure.
const CACHE: [(&str, &str); 2] = [
    (
        "/cache/0092y3b02i0bv0y1pwi63ij2mw327d7g.narinfo",
        "StorePath: /nix/store/0092y3b02i0bv0y1pwi63ij2mw327d7g-hello-2.10
URL: nar/0cl0sad9scl7mk1bwkk82c2fj7dn848s8zkv5xznag1kcmiac6wp.nar.xz
Compression: xz
FileHash: sha256:0cl0sad9scl7mk1bwkk82c2fj7dn848s8zkv5xznag1kcmiac6wp
FileSize: 11284
NarHash: sha256:123cgnrhpclx3qb2dngpflr4m477d1pm9v9vyd68pfhpyi7zz687
NarSize: 44392
References: bp8w93q1xbilmikkxpikcg28g244h13r-libc6-2.41
Deriver: 8mbqfbalcnz2pzh1g9qswy3ci3dvza3n-hello-2.10.drv
",
    ),
    (
        "/cache/bp8w93q1xbilmikkxpikcg28g244h13r.narinfo",
        "StorePath: /nix/store/bp8w93q1xbilmikkxpikcg28g244h13r-libc6-2.41
URL: nar/00zh4ylk690hymxj0jqqjih829wb4k3w4l6rdlr1fa5mj71q6na5.nar.xz
Compression: xz
FileHash: sha256:00zh4ylk690hymxj0jqqjih829wb4k3w4l6rdlr1fa5mj71q6na5
FileSize: 1594644
NarHash: sha256:1rrd9mwhnf9c9xl2zn5d293765hkmwi1zi5wdliykvbhxzlpqqv0
NarSize: 5295136
References: bp8w93q1xbilmikkxpikcg28g244h13r-libc6-2.41
Deriver: 82v4viahcz4rv0j0fj0xaf89bsdd6rlx-libc6-2.41.drv
",
    ),
];

#[test]
fn a_cache_that_nix_wrote_gives_the_closure_size_that_nix_tells() {
    let fs = CACHE
        .iter()
        .fold(MemoryFs::new(), |fs, (path, text)| fs.file(*path, *text));
    let cache = FolderCache::new("/cache".into(), Arc::new(fs));
    let hello = StorePath::parse("/nix/store/0092y3b02i0bv0y1pwi63ij2mw327d7g-hello-2.10").expect("a path");
    let mut sizes = super::weigh::Sizes::default();
    sizes.look_up(std::slice::from_ref(&hello), &[&cache]);
    // `nix path-info --closure-size` says the same.
    let expected = Weight {
        bytes: 5_339_528,
        paths: 2,
        unknown: 0,
    };
    assert_eq!(sizes.closure(&[hello]), expected);
}

#[test]
fn sizes_for_people() {
    for (bytes, text) in [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1536, "1.5 KiB"),
        (3 << 20, "3.0 MiB"),
        (12 << 30, "12 GiB"),
        (u64::MAX, "16777216 TiB"),
    ] {
        assert_eq!(size(bytes), text);
    }
}
