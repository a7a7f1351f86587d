//! Edits of a real nixpkgs that is part of a flake: what is taken over from earlier runs is what evaluation comes to.

use crate::named;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::{Program, Random};

/// Edits, each of which evaluates a host two or three times and hashes the whole tree as often. `CFGCHECK_EDITS` says another
/// number.
const EDITS: u64 = 16;

const FLAKE: &str = r#"{
  outputs = _: {
    nixosConfigurations.host = import ./nixpkgs/nixos/lib/eval-config.nix {
      system = null;
      modules = [
        {
          nixpkgs.hostPlatform = "x86_64-linux";
          boot.loader.grub.device = "nodev";
          fileSystems."/" = {
            device = "/dev/disk/by-label/root";
            fsType = "ext4";
          };
          services.openssh.enable = true;
          system.stateVersion = "26.05";
        }
      ];
    };
  };
}
"#;

struct Fleet {
    program: Program,
    folder: tempfile::TempDir,
}

impl Fleet {
    fn flake(&self) -> PathBuf {
        self.folder.path().join("flake")
    }

    /// Returns the report of a check, and what is said beside it.
    fn check(&self, more: &[&str]) -> (String, String) {
        let args = ["check", "path:.", "--output", "json=-", "--as-of", "2026-11-26"];
        let output = self.program.run(&self.flake(), &[&args[..], more].concat());
        let [report, said] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        (report.split("\"times\"").next().unwrap_or_default().to_owned(), said)
    }

    fn remembered(&self) -> (String, String) {
        let cache = self.folder.path().join("cache");
        self.check(&["--cache", cache.to_str().expect("the folder's name is text")])
    }

    /// Returns the paths about which the last result has asked, some of which are not there.
    fn asked(&self) -> BTreeSet<String> {
        let folder = self.folder.path().join("cache/branch");
        let file = std::fs::read_dir(folder)
            .expect("results are kept")
            .next()
            .expect("there is one");
        let text = std::fs::read_to_string(file.expect("it can be read").path()).expect("it can be read");
        let (_, line) = text
            .lines()
            .next()
            .and_then(|line| line.split_once(' '))
            .expect("a line has a seal");
        let kept: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
        let paths = kept["reads"]["files"]["paths"].as_array().expect("there are paths");
        paths
            .iter()
            .filter_map(|path| path[0].as_str().map(str::to_owned))
            .collect()
    }
}

/// Does something to a path, and says what. Files are links to those of the corpus, so none is written to in place.
fn edit(path: &Path, random: &mut Random) -> String {
    let old = std::fs::read(path).unwrap_or_default();
    let gone = || {
        let _ = std::fs::remove_file(path);
        let _ = std::fs::remove_dir_all(path);
    };
    let write = |bytes: &[u8]| {
        gone();
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("nothing is in the way");
        std::fs::write(path, bytes).expect("nothing is in the way");
    };
    match random.below(6) {
        0 => {
            gone();
            "is removed"
        }
        1 => {
            write(b"(");
            "is no Nix"
        }
        2 => {
            gone();
            std::fs::create_dir_all(path).expect("nothing is in the way");
            "is a folder"
        }
        3 => {
            gone();
            std::fs::create_dir_all(path.parent().expect("it has one")).expect("nothing is in the way");
            std::os::unix::fs::symlink("../lib/default.nix", path).expect("nothing is in the way");
            "is a link"
        }
        4 => {
            write(&[&old[..], b"\n# a comment\n"].concat());
            "has a comment more"
        }
        _ => {
            write(&old);
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("it is there");
            "may be executed"
        }
    }
    .to_owned()
}

#[test]
fn corpus_no_edit_of_a_real_nixpkgs_leaves_a_stale_result() {
    let Some(corpus) = named("CFGCHECK_CORPUS") else { return };
    let corpus = corpus.join("nixpkgs-2611");
    // Beside the corpus, so that files can be links to its own.
    let folder = tempfile::tempdir_in(corpus.parent().expect("it lies somewhere")).expect("a folder can be made");
    let fleet = Fleet {
        program: Program::at(env!("CARGO_BIN_EXE_cfgcheck")),
        folder,
    };
    std::fs::create_dir_all(fleet.flake()).expect("a folder can be made");
    std::fs::write(fleet.flake().join("flake.nix"), FLAKE).expect("it can be written");
    let tree = fleet.flake().join("nixpkgs");
    let copied = Command::new("cp").arg("-al").arg(&corpus).arg(&tree).status();
    assert!(copied.expect("cp is there").success());
    let (first, said) = fleet.remembered();
    assert!(first.contains("\"drv\""), "{first}{said}");
    let asked: Vec<String> = fleet.asked().into_iter().filter(|path| path.contains('/')).collect();
    assert!(asked.len() > 1000, "{} paths", asked.len());
    let edits = std::env::var("CFGCHECK_EDITS")
        .ok()
        .map(|text| text.parse().expect("it is a number"));
    let mut random = Random(11);
    let mut changed = 0;
    for number in 0..edits.unwrap_or(EDITS) {
        let name = &asked[random.below(asked.len())];
        // Sometimes beside what was asked about: in a folder that may be listed, or is not.
        let name = if random.below(4) == 0 {
            format!("{name}.new")
        } else {
            name.clone()
        };
        let path = fleet.flake().join(&name);
        let kept = fleet.folder.path().join("kept");
        let was_there = std::fs::rename(&path, &kept).is_ok();
        let is_folder = kept.is_dir();
        if is_folder {
            std::fs::rename(&kept, &path).expect("it goes back");
            continue;
        }
        if was_there {
            std::fs::hard_link(&kept, &path).expect("it is there again");
        }
        let what = edit(&path, &mut random);
        let (remembered, said) = fleet.remembered();
        let (anew, _) = fleet.check(&["--no-cache"]);
        assert_eq!(remembered, anew, "edit {number}: {name} {what}");
        changed += u32::from(!said.contains("1 of 1 results"));
        let _ = std::fs::remove_file(&path);
        let _ = std::fs::remove_dir_all(&path);
        if was_there {
            std::fs::rename(&kept, &path).expect("it goes back");
        }
        assert_eq!(fleet.remembered().0, first, "after edit {number}: {name} {what}");
    }
    assert!(changed > 0, "some edits concern the host");
}
