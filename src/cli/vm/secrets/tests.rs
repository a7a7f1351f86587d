use super::*;
use ::vm::secrets::told;
use eval::Settings;
use flake::world::{Access, World};
use nixos::{Kind as TargetKind, Target};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use sys::{DiskFs, FixedEnv, ManualClock};

/// Stack of the threads that evaluate configurations.
const DEEP: usize = 64 << 20;

/// A configuration with the stand-in's options of secrets, those that agenix has, and a home; `REPOSITORY` and `MODULE`
/// are put in.
const HOST: &str = r#"
let
  lib = import REPOSITORY/fixtures/inputs/nixpkgs/lib;
  inherit (lib) mkOption types;
  anything = mkOption { type = types.attrsOf types.anything; default = { }; };
  keys = mkOption { type = types.listOf types.str; default = [ "/etc/ssh/key" ]; };
  pkgs.gnupg = "/gnupg";
  agenix = {
    options.age = {
      identityPaths = keys;
      secrets = mkOption {
        default = { };
        type = types.attrsOf (types.submodule ({ name, ... }: {
          options.file = mkOption { type = types.path; };
          options.path = mkOption { type = types.str; default = "/run/agenix/${name}"; };
        }));
      };
    };
  };
  home = {
    imports = [ REPOSITORY/fixtures/inputs/sops-nix/modules/home-manager/options.nix agenix ];
    options = { xdg = anything; assertions = mkOption { default = [ ]; }; };
    config._module.args = { inherit pkgs; };
    config.xdg.configHome = "/home/alice/.config";
  };
in
lib.evalModules {
  modules = [
    REPOSITORY/fixtures/inputs/sops-nix/modules/nixos/options.nix
    REPOSITORY/fixtures/inputs/sops-nix/modules/nixos/secrets.nix
    agenix
    {
      options = {
        assertions = mkOption { type = types.listOf types.anything; default = [ ]; };
        home-manager.users = mkOption { type = types.attrsOf (types.submodule home); default = { }; };
        users.users = anything;
        systemd.services = anything;
        services.openssh = anything;
        nix.extraOptions = mkOption { type = types.str; default = ""; };
      };
      config = {
        _module.args = { inherit pkgs; };
        services.openssh = { enable = true; hostKeys = [ { type = "ed25519"; path = "/etc/ssh/host"; } ]; };
      };
    }
    (MODULE)
  ];
}
"#;

/// Has `look` look at a host with a module.
fn with_host<R: Send + 'static>(
    module: &str,
    look: impl FnOnce(&mut Evaluator, System) -> Eval<R> + Send + 'static,
) -> R {
    let text = HOST
        .replace("MODULE", module)
        .replace("REPOSITORY", env!("CARGO_MANIFEST_DIR"));
    let run = move || {
        let world = World::new(
            Arc::new(DiskFs),
            Arc::new(FixedEnv::at("/")),
            Arc::new(ManualClock::at(Duration::ZERO)),
            Access::Everything,
            Box::new(|_: &[u8]| {}),
        );
        let mut ev = Evaluator::new(Settings::default(), Box::new(world), DEEP);
        let found = ev.eval_text(Origin::String, text.as_bytes(), b"/").and_then(|host| {
            let target = Target {
                kind: TargetKind::Nixos,
                name: "web".into(),
                system: None,
                value: ev.cell(host),
                pos: Pos::NONE,
            };
            let system = System::of(&mut ev, &target, None)?;
            look(&mut ev, system)
        });
        found.unwrap_or_else(|_| panic!("{}", ev.take_error().message))
    };
    let thread = std::thread::Builder::new().stack_size(DEEP + (8 << 20)).spawn(run);
    thread.expect("a thread starts").join().expect("nothing panics")
}

/// Returns what an expression of `c`, the values of a host, is as JSON.
fn said(ev: &mut Evaluator, system: &System, expression: &str) -> Eval<serde_json::Value> {
    let text = format!("host: let c = host.config; in builtins.toJSON ({expression})");
    let function = ev.eval_text(Origin::String, text.as_bytes(), b"/")?;
    let host = ev.cell(system.root());
    let told = ev.call(function, &[host], Pos::NONE)?;
    Ok(serde_json::from_slice(told.as_string().expect("toJSON makes a text")).expect("it is JSON"))
}

/// Secrets of all kinds, in a host and in a home.
const ALL: &str = r#"{
  sops = {
    defaultSopsFile = REPOSITORY/secrets/server.yaml;
    age.keyFile = "/var/lib/sops-nix/key.txt";
    secrets."fleet-app/token" = { };
    secrets."wireguard/key".sopsFile = "${REPOSITORY/secrets/laptop.yaml}";
    secrets.elsewhere.sopsFile = "/etc/secrets.yaml";
  };
  age.secrets.wiki.file = REPOSITORY/secrets/wiki.json;
  home-manager.users.alice = {
    sops.defaultSopsFile = REPOSITORY/secrets/alice.yaml;
    sops.secrets."git/token" = { };
    age.secrets.mail.file = REPOSITORY/secrets/alice.yaml;
  };
  home-manager.users.bob = { };
}"#;

#[test]
fn every_secret_of_a_host_and_its_homes_is_a_dummy() {
    let (sentences, overridden, hash) = with_host(ALL, |ev, system| {
        let secrets = Secrets::of(ev, &system)?;
        assert_eq!(
            Secrets::of(ev, &system)?.module,
            secrets.module,
            "it is the same each time"
        );
        assert_eq!(
            secrets.file().map(|file| (file.path, file.private)),
            Some((IDENTITY_PATH.into(), false))
        );
        let system = secrets.laid_over(ev, system)?;
        let name = "file: builtins.substring 44 100 file";
        let overridden = format!(
            "let name = {name}; of = c: {{
               sops = builtins.mapAttrs (_: secret: name secret.sopsFile) c.sops.secrets;
               agenix = builtins.mapAttrs (_: secret: name secret.file) c.age.secrets;
               keys = [ c.sops.age.keyFile c.sops.age.sshKeyPaths c.sops.gnupg.sshKeyPaths c.age.identityPaths ];
             }}; in {{
               host = of c;
               default = name c.sops.defaultSopsFile;
               alice = of c.home-manager.users.alice;
               bob = c.home-manager.users.bob.sops.age.keyFile;
             }}"
        );
        let overridden = said(ev, &system, &overridden)?;
        // What is made of the file by evaluation is made of the dummy.
        let hash = said(
            ev,
            &system,
            "let secret = c.sops.secrets.\"fleet-app/token\"; in secret.sopsFileHash == builtins.hashFile \"sha256\" secret.sopsFile",
        )?;
        Ok((told([&secrets.dummies]), overridden, hash))
    });
    assert_eq!(
        sentences,
        [
            "under a throw-away key, 6 secrets are generated dummies: elsewhere (sops), fleet-app/token (sops), \
             git/token of alice (sops), mail of alice (agenix), wiki (agenix), wireguard/key (sops)"
        ]
    );
    let keys = serde_json::json!([IDENTITY_PATH, [], [], [IDENTITY_PATH]]);
    let expected = serde_json::json!({
        "host": {
            "sops": {
                "elsewhere": "dummy-secrets.yaml",
                "fleet-app/token": "dummy-server.yaml",
                "wireguard/key": "dummy-laptop.yaml",
            },
            "agenix": { "wiki": "dummy-wiki.json" },
            "keys": keys,
        },
        "default": "dummy-server.yaml",
        "alice": {
            "sops": { "git/token": "dummy-alice.yaml" },
            "agenix": { "mail": "dummy-alice.yaml" },
            "keys": keys,
        },
        "bob": null,
    });
    assert_eq!(overridden, expected);
    assert_eq!(hash, serde_json::json!(true));
}

#[test]
fn a_host_without_secrets_stays_as_it_is() {
    let (module, file, key) = with_host("{ }", |ev, system| {
        let secrets = Secrets::of(ev, &system)?;
        let system = secrets.laid_over(ev, system)?;
        let key = said(ev, &system, "[ c.sops.age.keyFile c.age.identityPaths ]")?;
        Ok((secrets.module.clone(), secrets.file(), key))
    });
    assert_eq!((module, file), (None, None));
    assert_eq!(key, serde_json::json!([null, ["/etc/ssh/key"]]));
}

#[test]
fn a_file_that_is_not_there_stays_the_mistake_that_it_is() {
    let module = r#"{ sops.secrets.x.sopsFile = REPOSITORY/secrets/none.yaml; sops.validateSopsFiles = false; }"#;
    let (sentences, file) = with_host(module, |ev, system| {
        let secrets = Secrets::of(ev, &system)?;
        let system = secrets.laid_over(ev, system)?;
        let file = said(ev, &system, "toString c.sops.secrets.x.sopsFile")?;
        Ok((told([&secrets.dummies]), file))
    });
    assert_eq!(sentences, ["left as it is, since its file is not there: x (sops)"]);
    let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join("secrets/none.yaml");
    assert_eq!(file.as_str(), expected.to_str());
}

#[test]
fn what_reads_a_secret_says_what_it_is() {
    let module = r#"{
      nix.extraOptions = "cores = 2\n!include /run/settings\ninclude /run/more\n";
      users.users.alice.hashedPasswordFile = "/run/pass";
      systemd.services.app.serviceConfig.EnvironmentFile = [ "-/run/environment" "/run/pass" ];
      systemd.services.off = { enable = false; serviceConfig.EnvironmentFile = "/run/off"; };
      age.secrets.x.file = "/x.age";
    }"#;
    let uses = with_host(module, |ev, system| {
        let function = ev.eval_text(Origin::String, WANTS.as_bytes(), b"/")?;
        let host = ev.cell(system.root());
        let wanted = ev.call(function, &[host], Pos::NONE)?;
        let told = attribute(ev, wanted, "told")?;
        let told: Told = serde_json::from_slice(told.as_string().expect("a text")).expect("it is JSON");
        Ok(told.uses())
    });
    let expected = [
        ("/etc/ssh/host", Use::SshKey),
        ("/run/environment", Use::Environment),
        ("/run/more", Use::NixSettings),
        ("/run/pass", Use::PasswordHash),
        ("/run/settings", Use::NixSettings),
    ];
    assert_eq!(
        uses,
        BTreeMap::from(expected.map(|(path, what)| (path.to_owned(), what)))
    );
}

#[test]
fn any_text_can_be_quoted() {
    let text = "a \"b\" ${c} \\n $$ ü";
    let read = with_host("{ }", move |ev, _| {
        let value = ev.eval_text(Origin::String, quoted(text).as_bytes(), b"/")?;
        Ok(String::from_utf8(value.as_string().expect("a text").to_vec()).expect("it is UTF-8"))
    });
    assert_eq!(read, text);
}
