//! Which files of the flake lead to which, from `flake.nix` on.

use std::collections::BTreeSet;

use flake::tree::join;

use super::files::{File, Files, folder, is_below, name};
use super::mentions::{Mention, Named, Reader, joined_names, walks_folders};
use super::trees::Trees;

/// Frameworks that find a flake's files by themselves, by what is written in `flake.nix` for them.
const FRAMEWORKS: [&str; 9] = [
    "snowfall-lib",
    "snowfallorg/lib",
    "numtide/blueprint",
    "divnix/digga",
    "divnix/std",
    "divnix/hive",
    "flakelight",
    "nixos-unified",
    "clan-core",
];

/// Files of programs that may call Nix with a file: their endings and names.
const CALLERS: [&[u8]; 14] = [
    b".sh",
    b".bash",
    b".yml",
    b".yaml",
    b".toml",
    b".json",
    b".py",
    b".rs",
    b".hs",
    b"justfile",
    b"Justfile",
    b"Makefile",
    b".envrc",
    b".mk",
];

/// Names of files that programs call by themselves, wherever they are: Nix, agenix, colmena, devenv.
const ENTRIES: [&[u8]; 6] = [
    b"flake.nix",
    b"shell.nix",
    b"release.nix",
    b"secrets.nix",
    b"hive.nix",
    b"devenv.nix",
];

/// Folders whose files are there to be copied or read by people.
const SAMPLES: [&[u8]; 4] = [b"templates", b"template", b"examples", b"example"];

/// What leads to what.
pub(crate) struct Graph {
    /// By the number of the file: what it mentions.
    mentions: Vec<Vec<Mention>>,
    /// By the number of the file: whether something leads to it.
    reached: Vec<bool>,
    /// The framework that finds files by itself.
    pub framework: Option<&'static str>,
    /// Whether there is a file to begin with.
    pub has_entry: bool,
}

impl Graph {
    /// Returns what the files lead to.
    pub fn new(files: &Files, trees: &Trees<'_>) -> Graph {
        let reader = Reader {
            files,
            trees,
            wide: walks_folders(files),
            joined: joined_names(files, trees),
        };
        let count = files.iter().count();
        let mentions: Vec<_> = (0..count).map(|index| reader.mentions(index)).collect();
        let flake = join(files.folder(), b"flake.nix");
        let text = files.get(&flake).map(|file| &*file.text).unwrap_or_default();
        let named = |name: &&&str| memchr::memmem::find(text, name.as_bytes()).is_some();
        let mut graph = Graph {
            mentions,
            reached: Vec::new(),
            framework: FRAMEWORKS.iter().find(named).copied(),
            has_entry: false,
        };
        let called = called(files);
        let mut open = Vec::new();
        for (index, file) in files.iter().enumerate().filter(|(_, file)| file.is_nix()) {
            let top = file.folder() == files.folder();
            let is_entry = top && (file.name() == b"flake.nix" || file.name() == b"default.nix");
            graph.has_entry |= is_entry;
            let by_itself = ENTRIES.contains(&file.name()) || top && file.name() == b"default.nix";
            if by_itself || !file.judged || is_sample(file) || called.contains(file.path.as_slice()) {
                open.push(index);
            }
        }
        let mut reached = vec![false; count];
        graph.reach(files, open, &mut reached);
        // `cfgcheck prop` evaluates these. They name the whole flake, which says of none of its files that it is used.
        for (reached, file) in reached.iter_mut().zip(files.iter()) {
            *reached |= files.is_counterexample(file);
        }
        graph.reached = reached;
        graph
    }

    /// Marks all that some files lead to.
    fn reach(&self, files: &Files, mut open: Vec<usize>, reached: &mut [bool]) {
        let mut below: BTreeSet<Vec<u8>> = BTreeSet::new();
        while let Some(index) = open.pop() {
            if std::mem::replace(&mut reached[index], true) {
                continue;
            }
            for mention in &self.mentions[index] {
                match &mention.what {
                    Named::File(path) => open.extend(files.index(path)),
                    // A folder in one that is known is known, too.
                    Named::Below(path) if below.iter().any(|known| is_below(path, known)) => {}
                    Named::Below(path) => {
                        open.extend(files.below(path).filter_map(|path| files.index(path)));
                        below.insert(path.clone());
                    }
                    Named::Absent(_) => {}
                }
            }
        }
    }

    /// Returns what the file of this number mentions.
    pub fn mentions(&self, index: usize) -> &[Mention] {
        &self.mentions[index]
    }

    /// Whether something leads to the file of this number.
    pub fn is_reached(&self, index: usize) -> bool {
        self.reached[index]
    }

    /// Returns the files that nothing leads to. Of files that only lead to each other the first is told, and of
    /// those that an orphan leads to none.
    pub fn orphans(&self, files: &Files) -> Vec<usize> {
        let unreached: Vec<usize> = files
            .iter()
            .enumerate()
            .filter(|(index, file)| file.is_nix() && !self.reached[*index])
            .map(|(index, _)| index)
            .collect();
        let mut reached = self.reached.clone();
        let mut led_to = BTreeSet::new();
        for &index in &unreached {
            for mention in &self.mentions[index] {
                match &mention.what {
                    Named::File(path) => led_to.extend(files.index(path).filter(|to| *to != index)),
                    Named::Below(path) => {
                        let inside = files.below(path).filter_map(|path| files.index(path));
                        led_to.extend(inside.filter(|to| *to != index));
                    }
                    Named::Absent(_) => {}
                }
            }
        }
        let mut orphans: Vec<usize> = unreached.iter().copied().filter(|i| !led_to.contains(i)).collect();
        self.reach(files, orphans.clone(), &mut reached);
        for index in unreached {
            if !reached[index] {
                orphans.push(index);
                self.reach(files, vec![index], &mut reached);
            }
        }
        orphans.sort_unstable();
        orphans
    }
}

fn is_sample(file: &File) -> bool {
    file.folder()
        .split(|byte| *byte == b'/')
        .any(|part| SAMPLES.contains(&part))
}

/// Files that people read: what they name is not called by that.
const READ: [&[u8]; 5] = [b".md", b".org", b".rst", b".txt", b".adoc"];

/// Returns the Nix files that other files name: scripts and workflows in any way, the rest by the whole path.
fn called(files: &Files) -> BTreeSet<&[u8]> {
    let is_read = |file: &&File| READ.iter().any(|end| file.path.ends_with(end));
    let callers = files.judged().filter(|file| !file.is_nix() && !is_read(file));
    let mut called = BTreeSet::new();
    for file in callers {
        let is_caller = CALLERS.iter().any(|end| file.path.ends_with(end));
        for at in memchr::memmem::find_iter(&file.text, b".nix") {
            let is_part =
                |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_' | b'@' | b'+');
            let length = file.text[..at].iter().rev().take_while(is_part).count();
            let word = &file.text[at - length..at + 4];
            let end = name(word);
            let same = files.iter().filter(|own| own.name() == end);
            // `./ci/build.nix` names the one in `ci`, and `build.nix` any.
            let above = name(folder(word));
            let plain = word.strip_prefix(b"./").unwrap_or(word);
            let fits = |own: &&File| match is_caller {
                true => matches!(above, b"" | b"." | b"..") || name(own.folder()) == above,
                false => own.path == plain,
            };
            called.extend(same.filter(fits).map(|own| own.path.as_slice()));
        }
    }
    called
}

#[cfg(test)]
mod tests {
    use super::*;
    use bumpalo::Bump;
    use flake::tree::MemoryTree;

    /// Checks which files are orphans; `all` are paths and texts.
    fn check(all: &[(&str, &str)], orphans: &[&str]) {
        let mut tree = MemoryTree::new();
        for (path, text) in all {
            tree = tree.with_file(path, *text);
        }
        let files = Files::read(&tree, b"", b"/f", &[]).unwrap();
        let arena = Bump::new();
        let trees = Trees::parse(&files, &arena);
        let found = Graph::new(&files, &trees).orphans(&files);
        let found: Vec<_> = found.into_iter().map(|index| files.at(index).shown()).collect();
        assert_eq!(found, orphans, "{all:?}");
    }

    #[test]
    fn imports_lead_to_files_and_folders() {
        let flake = "{ outputs = { nixpkgs, ... }: { nixosConfigurations.web = nixpkgs.lib.nixosSystem { modules = [ ./m ./a.nix ]; }; }; }";
        check(
            &[
                ("flake.nix", flake),
                ("a.nix", "import ./b.nix { }"),
                ("b.nix", "x: x"),
                (
                    "m/default.nix",
                    "{ imports = [ ./c.nix ] ++ lib.optional true ./d.nix; }",
                ),
                ("m/c.nix", "{ }"),
                ("m/d.nix", "{ }"),
                ("m/e.nix", "{ }"),
                ("shell.nix", "{ }"),
            ],
            &["m/e.nix"],
        );
    }

    #[test]
    fn what_may_be_reached_is_no_orphan() {
        let alive = |flake: &str| {
            check(
                &[("flake.nix", flake), ("m/default.nix", "{ }"), ("m/a.nix", "{ }")],
                &[],
            )
        };
        let orphan = |flake: &str| {
            check(
                &[("flake.nix", flake), ("m/default.nix", "{ }"), ("m/a.nix", "{ }")],
                &["m/a.nix"],
            );
        };
        alive("{ outputs = _: map (n: ./m + \"/${n}\") [ ]; }");
        alive("{ outputs = _: map (n: ./m/${n}.nix) [ ]; }");
        alive("{ outputs = _: builtins.readDir ./m; }");
        alive("{ outputs = { import-tree, ... }: { modules = import-tree ./m; }; }");
        alive("{ outputs = { lib, ... }: { imports = lib.filesystem.listFilesRecursive ./m; }; }");
        alive("{ outputs = { lib, ... }: let d = ./m; in { imports = builtins.attrNames (builtins.readDir d); }; }");
        alive("{ outputs = { haumea, ... }: haumea.lib.load { src = ./m; }; }");
        alive("{ outputs = { self, ... }: { modules = [ \"${self}/m/a.nix\" ./m ]; }; }");
        alive("{ outputs = { self, ... }: { modules = [ (self + \"/m/a.nix\") ./m ]; }; }");
        alive("{ outputs = { self, ... }: map (n: \"${self}/m/${n}\") [ ]; }");
        alive("{ outputs = _: map (n: ./m + n) [ \"/a.nix\" ] ++ [ ./m ]; }");
        alive("{ outputs = _: { templates.x.path = ./m; }; }");
        alive("{ outputs = _: mkHost ./m; }");
        alive("{ outputs = _: let dir = ./m; in { modules = map (n: dir + \"/${n}\") [ ]; }; }");
        alive("{ outputs = { lib, ... }: let dir = ./m; in { modules = lib.importAll dir; }; }");
        alive(
            "{ outputs = { lib, ... }: { imports = lib.fileset.toList (lib.fileset.fileFilter (f: f.hasExt \"nix\") ./m); }; }",
        );
        alive("{ outputs = _: let root = ./.; in { modules = [ (root + \"/m/a.nix\") ./m ]; }; }");
        orphan("{ outputs = _: { nixosModules.default = ./m; }; }");
        orphan("{ outputs = _: { nixosModules.default = import ./m; }; }");
        orphan("{ outputs = _: { modules = [ (./. + \"/m\") ]; }; }");
        orphan("{ outputs = _: { modules = [ ./m ]; packages.x = mkDerivation { src = ./.; }; }; }");
        orphan("{ outputs = { lib, ... }: { modules = [ ./m ]; x = lib.cleanSource ./.; }; }");
        orphan("{ outputs = _: { p = pkgs.callPackage ./m { }; }; }");
    }

    #[test]
    fn other_flakes_beside_say_nothing_of_this_one() {
        let tree = MemoryTree::new()
            .with_file("a/flake.nix", "{ outputs = _: { nixosModules.default = ./m; }; }")
            .with_file("a/m/default.nix", "{ }")
            .with_file("a/m/b.nix", "{ }")
            .with_file("lib/c.nix", "{ x = builtins.readDir ./.; y = \"b.nix\"; }");
        let files = Files::read(&tree, b"a", b"/f", &[]).unwrap();
        let arena = Bump::new();
        let trees = Trees::parse(&files, &arena);
        let found = Graph::new(&files, &trees).orphans(&files);
        assert_eq!(
            found.iter().map(|index| files.at(*index).shown()).collect::<Vec<_>>(),
            ["a/m/b.nix"]
        );
    }

    #[test]
    fn an_orphan_is_told_once() {
        check(
            &[
                ("flake.nix", "{ outputs = _: { }; }"),
                ("a.nix", "{ imports = [ ./b.nix ]; }"),
                ("b.nix", "{ }"),
                ("c.nix", "import ./d.nix"),
                ("d.nix", "import ./c.nix"),
            ],
            &["a.nix", "c.nix"],
        );
    }

    #[test]
    fn scripts_call_files() {
        check(
            &[
                ("flake.nix", "{ outputs = _: { }; }"),
                ("ci/build.nix", "{ }"),
                ("old/build.nix", "{ }"),
                ("run.sh", "nix-build ./ci/build.nix"),
                ("jobs/a.nix", "{ }"),
                ("main.tf", "release_file = \"jobs/a.nix\""),
                ("README.md", "see old/build.nix"),
            ],
            &["old/build.nix"],
        );
    }
}
