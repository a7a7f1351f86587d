//! How modules are listed.

use crate::fixture::with_host;

#[test]
fn modules_are_listed_with_their_imports() {
    let files = [
        ("a.nix", "{\n  imports = [ ./b ./broken.nix { } ];\n}\n"),
        ("b/default.nix", "{ }\n"),
        ("broken.nix", "{ ... }: throw \"no\"\n"),
        ("off.nix", "{ }\n"),
        ("library/x.nix", "{ }\n"),
    ];
    let modules = "./a.nix ./off.nix { disabledModules = [ ./off.nix ]; imports = [ ./library/x.nix ]; }";
    let listed = with_host(&files, modules, |ev, system, view| {
        let inputs = [&[(b"/fleet/library".to_vec(), "library".to_owned())], view.inputs].concat();
        let view = crate::diagnose::Viewpoint {
            inputs: &inputs,
            ..*view
        };
        match system.listed_modules(ev, &view) {
            Ok(Ok(listed)) => listed,
            Ok(Err(error)) => panic!("{}", error.message),
            Err(_) => panic!("{}", ev.take_error().message),
        }
    });
    let lines: Vec<String> = listed
        .iter()
        .map(|module| {
            let disabled = if module.disabled { " disabled" } else { "" };
            let error = module.error.as_deref().unwrap_or_default();
            let imported = module.imported.as_deref().unwrap_or("-");
            format!("{} {imported} {:?}{disabled} {error}", module.file, module.owner)
        })
        .collect();
    assert_eq!(
        lines,
        [
            "a.nix - Own ",
            "off.nix - Own disabled ",
            "flake.nix:6:35 - Own ",
            "b a.nix:2:15 Own ",
            "broken.nix a.nix:2:19 Own no",
            "a.nix:2:32 a.nix:2:3 Own ",
            "<library>/x.nix flake.nix:6:82 Input(\"library\") ",
        ]
    );
}
