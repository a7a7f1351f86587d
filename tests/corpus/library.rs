//! The functions of the stand-in nixpkgs's library beside those of the real one, and the whole fleet
//! evaluated with either.

use crate::answers::{STAND_IN, compare, fixtures};
use crate::module_system::{copy, real_library};
use crate::nix_instantiate;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use testkit::{Program, said};

/// How many tests `misc.nix` has, at least.
const TESTS: usize = 370;

/// Evaluates an expression, with a store for what it copies.
fn evaluate(expression: &str) -> Value {
    let links = tempfile::tempdir().expect("a folder can be made");
    let output = Command::new(nix_instantiate(links.path()))
        .args(["--eval", "--strict", "--json", "--read-write-mode", "-E", expression])
        .env_remove("NIX_PATH")
        .output()
        .expect("the program runs");
    serde_json::from_str(&said(&output)).expect("the program prints JSON")
}

/// The real library's own tests of its functions: expressions with what must come of them.
#[test]
fn corpus_own_tests_of_the_functions() {
    let Some(real) = real_library() else { return };
    let place = tempfile::tempdir().expect("a folder can be made");
    let lib = place.path().join("lib");
    copy(&fixtures().join(STAND_IN), &lib);
    copy(&real.join("tests"), &lib.join("tests"));
    let lib = lib.display();
    let failed = evaluate(&format!("map (test: test.name) (import {lib}/tests/misc.nix)"));
    assert_eq!(failed, Value::Array(Vec::new()), "tests that fail");
    let paths = real.join("path/tests/unit.nix");
    let failed = evaluate(&format!("import {} {{ libpath = {lib}; }}", paths.display()));
    assert_eq!(failed, Value::Null, "tests of paths that fail");
    // An empty list means something only if there are tests.
    let counting = format!("{lib}/tests/counting.nix");
    std::fs::rename(format!("{lib}/default.nix"), format!("{lib}/counted.nix")).expect("a file can be moved");
    let counted = "import ./counted.nix // { runTests = builtins.attrNames; }";
    std::fs::write(format!("{lib}/default.nix"), counted).expect("a file can be written");
    std::fs::write(&counting, "builtins.length (import ./misc.nix)").expect("a file can be written");
    let count = evaluate(&format!("import {counting}"));
    assert!(count.as_u64().is_some_and(|n| n >= TESTS as u64), "{count} tests");
}

/// Sets of files and filtered sources, whose store paths know every file in them.
const SOURCES: &str = "lib: let
    inherit (lib) fileset;
    all = FIXTURES + \"/inputs\";
    modules = all + \"/nixpkgs/lib/modules\";
    nix = fileset.fileFilter (file: file.hasExt \"nix\") all;
    named = fileset.fileFilter (file: file.name == \"default.nix\" && file.type == \"regular\") all;
    source = set: \"${fileset.toSource { root = all; fileset = set; }}\";
    of = names: map (name: all + (\"/\" + name)) names;
  in {
    union = source (fileset.unions (of [ \"nixpkgs/lib/types\" \"nixpkgs/lib/default.nix\" \"disko\" ]));
    difference = source (fileset.difference all (all + \"/nixpkgs\"));
    withoutNix = source (fileset.difference all nix);
    filter = source nix;
    intersection = source (fileset.intersection named (fileset.union modules (all + \"/disko\")));
    missing = source (fileset.union modules (fileset.maybeMissing (all + \"/none\")));
    empty = source (fileset.intersection modules (all + \"/disko\"));
    list = map toString (fileset.toList (fileset.difference modules named));
    clean = \"${lib.cleanSource all}\";
    bySuffix = \"${lib.sourceFilesBySuffices all [ \".nix\" \".json\" ]}\";
    byRegex = source (fileset.fromSource (lib.sourceByRegex all [ \"disko.*\" \"nixpkgs\" ]));
    byGlobs = \"${lib.sources.sourceByGlobs all [ \"nixpkgs/lib/*.nix\" \"**/flake.nix\" ]}\";
    nested = \"${lib.cleanSourceWith {
      src = lib.cleanSource all; name = \"named\"; filter = path: _: baseNameOf path != \"nixpkgs\";
    }}\";
  }";

#[test]
fn corpus_sets_of_files() {
    let Some(real) = real_library() else { return };
    let of = |library: &Path| {
        let sources = SOURCES.replace("FIXTURES", &fixtures().display().to_string());
        evaluate(&format!("({sources}) (import {})", library.display()))
    };
    assert_eq!(of(&fixtures().join(STAND_IN)), of(&real));
}

/// The library of the stand-in nixpkgs as one of two, by the environment. Facts about the release, the
/// known platforms, licences and people are the stand-in's own in both.
const EITHER: &str = r#"let
    ours = import ../ours;
    release = { inherit (ours.trivial) version release versionSuffix codeName oldestSupportedRelease; };
    facts = _final: prev: {
      inherit (ours) systems platforms licenses maintainers version;
      trivial = prev.trivial // release;
      isTheRealOne = true;
    };
  in if builtins.getEnv "CFGCHECK_TEST_LIBRARY" == "real" then (import REAL).extend facts else ours"#;

/// Every host's system and every home is the same derivation with the real library in the place of
/// the stand-in's: the same definitions, merged to the same values, down to the last byte. So is what
/// documentation shows of the options that the fleet declares.
#[test]
fn corpus_the_fleet_merges_alike_with_the_real_library() {
    let Some(real) = real_library() else { return };
    let place = tempfile::tempdir().expect("a folder can be made");
    let fleet = place.path().join("fleet");
    testkit::copy(&fleet);
    let library = fleet.join("fixtures").join(STAND_IN);
    std::fs::rename(&library, library.with_file_name("ours")).expect("a folder can be moved");
    std::fs::create_dir(&library).expect("a folder can be made");
    let either = EITHER.replace("REAL", &real.display().to_string());
    std::fs::write(library.join("default.nix"), either).expect("a file can be written");

    let program = Program::at(env!("CARGO_BIN_EXE_cfgcheck"));
    let facts = "flake: let
        inherit (flake.inputs.nixpkgs) lib;
        # The module system's own options are described in each library's words.
        ours = doc: !lib.elem \"_module\" doc.loc;
        fleet = what: lib.filter ours (lib.optionAttrSetToDocList what.options.fleet);
      in {
        real = lib ? isTheRealOne;
        hosts = lib.mapAttrs (_: host: host.config.system.build.toplevel.drvPath) flake.nixosConfigurations;
        homes = lib.mapAttrs (_: home: home.activationPackage.drvPath) flake.homeConfigurations;
        options = lib.mapAttrs (_: fleet) (flake.nixosConfigurations // flake.homeConfigurations);
      }";
    let with = |which: &str| -> Value {
        let expression = format!("({facts}) (builtins.getFlake \"path:{}\")", fleet.display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_cfgcheck"));
        command
            .args(["eval", "--impure", "--trust", "--json", "--expr", &expression])
            .env("CFGCHECK_TEST_LIBRARY", which);
        let output = program.at_home(&mut command).output().expect("the program runs");
        serde_json::from_str(&said(&output)).expect("the derivations are JSON")
    };
    let (ours, theirs) = (with("ours"), with("real"));
    assert_eq!(
        (&ours["real"], &theirs["real"]),
        (&Value::from(false), &Value::from(true))
    );
    assert!(ours["hosts"].as_object().is_some_and(|hosts| hosts.len() > 4), "{ours}");
    assert!(
        ours["options"]["server"]
            .as_array()
            .is_some_and(|options| options.len() > 40),
        "{ours}"
    );
    let mut wrong = Vec::new();
    for part in ["hosts", "homes", "options"] {
        compare(part, &theirs[part], &ours[part], &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
