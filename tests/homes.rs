//! How a home of the stand-in home-manager becomes the current one: the steps of its activation,
//! run by bash over generations in a temporary folder.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests make files and run programs"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What the activation script of a home is made of, without the blocks of other modules.
const ACTIVATE: &str = r#"
set -eu -o pipefail
cd "$HOME"
steps="$1" newGenPath="$2"
shift 2
source "$steps/library.sh"
. "$steps/start.sh" "$@"
forcedTargets=(${FORCED-})
. "$steps/check-link-targets.sh"
. "$steps/link-generation.sh"
. "$steps/finish.sh"
"#;

/// A user with a home, and a store with generations of it.
struct User {
    folder: tempfile::TempDir,
}

impl User {
    fn new() -> User {
        let user = User {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        };
        std::fs::create_dir(user.home()).expect("a home can be made");
        user
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Makes a generation with files in it, each with its name as text.
    fn generation(&self, name: &str, files: &[&str]) -> PathBuf {
        let store = self.folder.path().join("store");
        let tree = store.join(format!("{name}-home-manager-files"));
        for file in files {
            let path = tree.join(file);
            std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder can be made");
            std::fs::write(path, format!("{file} of {name}\n")).expect("a file can be written");
        }
        std::fs::create_dir_all(&tree).expect("a folder can be made");
        let generation = store.join(format!("{name}-home-manager-generation"));
        std::fs::create_dir_all(&generation).expect("a folder can be made");
        std::os::unix::fs::symlink(tree, generation.join("home-files")).expect("a link can be made");
        generation
    }

    /// Activates a generation with further variables.
    fn activate(&self, generation: &Path, variables: &[(&str, &str)]) -> Output {
        let steps = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/inputs/home-manager/modules/activation");
        let mut command = Command::new("bash");
        command.args(["-c", ACTIVATE, "activate"]).args([&steps, generation]);
        command
            .args(["--driver-version", "1"])
            .env("HOME", self.home())
            .env("USER", "alice");
        command
            .env_remove("XDG_STATE_HOME")
            .env("NO_COLOR", "1")
            .envs(variables.iter().copied());
        command.output().expect("bash can be run")
    }

    /// Activates a generation, which must work; returns what is said.
    fn switch(&self, generation: &Path, variables: &[(&str, &str)]) -> String {
        let output = self.activate(generation, variables);
        let said = String::from_utf8(output.stdout).expect("it is text");
        assert!(
            output.status.success(),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        said
    }

    /// Activates a generation, which must be refused; returns what is said.
    fn refused(&self, generation: &Path, variables: &[(&str, &str)]) -> String {
        let output = self.activate(generation, variables);
        let said = String::from_utf8(output.stdout).expect("it is text");
        assert_eq!(output.status.code(), Some(1), "{said}");
        said
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.home().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.home().join(file);
        std::fs::remove_file(&path).ok();
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder can be made");
        std::fs::write(path, text).expect("a file can be written");
    }

    fn is_link(&self, file: &str) -> bool {
        self.home().join(file).is_symlink()
    }
}

#[test]
fn files_are_linked_and_a_second_activation_changes_nothing() {
    let user = User::new();
    let one = user.generation("one", &[".bashrc", ".config/git/config"]);
    let said = user.switch(&one, &[]);
    assert!(said.starts_with("Starting Home Manager activation\n"), "{said}");
    assert_eq!(user.read(".config/git/config"), ".config/git/config of one\n");
    assert!(user.is_link(".bashrc"));
    let current = user.home().join(".local/state/home-manager/gcroots/current-home");
    assert_eq!(std::fs::read_link(&current).expect("it is a link"), one);

    let before = std::fs::symlink_metadata(user.home().join(".bashrc")).expect("it is there");
    user.switch(&one, &[]);
    let after = std::fs::symlink_metadata(user.home().join(".bashrc")).expect("it is there");
    let inode = |metadata: &std::fs::Metadata| std::os::unix::fs::MetadataExt::ino(metadata);
    assert_eq!(inode(&before), inode(&after), "the link was made anew");
}

#[test]
fn what_the_new_generation_lacks_is_removed_with_its_folders() {
    let user = User::new();
    user.switch(&user.generation("one", &[".bashrc", ".config/a/b/c", "kept"]), &[]);
    user.write(".config/mine", "mine\n");
    user.switch(&user.generation("two", &[".bashrc", "kept"]), &[]);
    assert_eq!(user.read(".bashrc"), ".bashrc of two\n");
    assert!(!user.home().join(".config/a").exists());
    assert_eq!(user.read(".config/mine"), "mine\n");
}

#[test]
fn what_the_user_has_put_in_place_of_a_link_is_not_removed() {
    let user = User::new();
    user.switch(&user.generation("one", &["notes", "kept"]), &[]);
    user.write("notes", "mine\n");
    let said = user.switch(&user.generation("two", &["kept"]), &[]);
    let path = user.home().join("notes");
    let skipped = format!(
        "Path '{}' does not link into a Home Manager generation. Skipping delete.",
        path.display()
    );
    assert!(said.contains(&skipped), "{said}");
    assert_eq!(user.read("notes"), "mine\n");
}

#[test]
fn a_file_in_the_way_stops_everything_before_anything_is_written() {
    let user = User::new();
    user.write(".bashrc", "mine\n");
    let one = user.generation("one", &[".bashrc", ".profile"]);
    let said = user.refused(&one, &[]);
    let clobbered = format!(
        "Existing file '{}' would be clobbered\n",
        user.home().join(".bashrc").display()
    );
    assert!(said.ends_with(&clobbered), "{said}");
    assert_eq!(user.read(".bashrc"), "mine\n");
    assert!(!user.home().join(".profile").exists());

    // The same content is no reason to stop, and a forced file is replaced.
    user.write(".bashrc", ".bashrc of one\n");
    assert!(
        user.switch(&one, &[])
            .contains("will be skipped since they are the same")
    );
    assert!(!user.is_link(".bashrc"));
    user.write(".bashrc", "mine\n");
    user.switch(&one, &[("FORCED", ".bashrc")]);
    assert!(user.is_link(".bashrc"));
}

#[test]
fn a_file_in_the_way_is_moved_if_that_was_asked_for() {
    let user = User::new();
    let one = user.generation("one", &[".bashrc"]);
    let extension = ("HOME_MANAGER_BACKUP_EXT", "bak");
    user.write(".bashrc", "first\n");
    user.switch(&one, &[extension]);
    assert_eq!(
        (user.read(".bashrc").as_str(), user.read(".bashrc.bak").as_str()),
        (".bashrc of one\n", "first\n")
    );

    // An older backup is not lost for a newer one, unless that was asked for, too.
    user.write(".bashrc", "second\n");
    let said = user.refused(&one, &[extension]);
    assert!(
        said.contains(".bashrc.bak' would be clobbered by backing up '"),
        "{said}"
    );
    user.switch(&one, &[extension, ("HOME_MANAGER_BACKUP_OVERWRITE", "1")]);
    assert_eq!(user.read(".bashrc.bak"), "second\n");

    user.write(".bashrc", "third\n");
    user.switch(&one, &[("HOME_MANAGER_BACKUP_COMMAND", "rm")]);
    assert!(user.is_link(".bashrc"));
    assert_eq!(user.read(".bashrc.bak"), "second\n");
}

#[test]
fn a_dry_run_says_what_it_would_do_and_does_nothing() {
    let user = User::new();
    user.switch(&user.generation("one", &["old", "kept"]), &[]);
    let said = user.switch(&user.generation("two", &["new", "kept"]), &[("DRY_RUN", "1")]);
    let home = user.home();
    assert!(said.contains("This is a dry run\n"), "{said}");
    assert!(said.contains(&format!("rm {}/old\n", home.display())), "{said}");
    assert!(
        said.contains("ln -Tsf ") && said.contains(&format!("{}/new\n", home.display())),
        "{said}"
    );
    assert!(home.join("old").exists() && !home.join("new").exists());
    assert_eq!(user.read("kept"), "kept of one\n");
}

#[test]
fn unknown_options_are_refused() {
    let user = User::new();
    let one = user.generation("one", &[]);
    let steps = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/inputs/home-manager/modules/activation");
    let mut command = Command::new("bash");
    command
        .args(["-c", ACTIVATE, "activate"])
        .args([&steps, &one])
        .arg("--nonsense");
    let output = command
        .env("HOME", user.home())
        .env("USER", "alice")
        .output()
        .expect("bash can be run");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("unknown option --nonsense"));
}
