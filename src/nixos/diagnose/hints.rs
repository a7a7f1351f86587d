//! What can be done about an error: hints that can be followed as they stand.

use super::message::{Kind, Message};
use super::viewpoint::Viewpoint;
use diag::Diagnostic;
use eval::{ErrorKind, EvalError, Evaluator};

/// Adds hints for an error.
pub(super) fn give(
    ev: &Evaluator,
    diagnostic: &mut Diagnostic,
    error: &EvalError,
    message: Option<&Message>,
    view: &Viewpoint<'_>,
) {
    let _ = ev;
    let mut hints: Vec<String> = Vec::new();
    match message {
        Some(message) => of_option(message, &mut hints),
        None => of_language(error, view, &mut hints),
    }
    hints.extend(error.hint.clone());
    hints.dedup();
    diagnostic.hints.extend(hints);
}

fn of_option(message: &Message, hints: &mut Vec<String>) {
    let option = &message.option;
    let value = || {
        let first = message.definitions.first().and_then(|d| d.value.as_deref());
        first.filter(|v| !v.contains('\n') && v.len() <= 32).unwrap_or("…")
    };
    match &message.kind {
        Kind::Conflict | Kind::NotUnique => {
            hints.push(format!(
                "let one of them win: `lib.mkForce {}` in the one that counts, or `lib.mkDefault` in the other",
                value()
            ));
        }
        Kind::ReadOnly => {
            hints.push(
                "the module that declares this option sets it, and nothing else may: remove the definition".into(),
            );
        }
        Kind::NotOfType(expected) => hints.extend(of_type(expected, message)),
        Kind::Missing(near) => missing(option, near, hints),
        Kind::NoValue if option == "nixpkgs.hostPlatform" => {
            hints.push("say for which machine this is: `nixpkgs.hostPlatform = \"x86_64-linux\";`".into());
        }
        Kind::NoValue if option == "system.stateVersion" => {
            hints.push(
                "set it to the release that the machine was installed with: `system.stateVersion = \"26.05\";`".into(),
            );
        }
        Kind::NoValue => hints.push(format!("give it a value in a module of this host: `{option} = …;`")),
        Kind::Declared(_) => hints.push("remove one of the declarations, or import only one of the two modules".into()),
        Kind::Unsupported(attribute) => hints.push(format!(
            "write `config.{attribute} = …;`: a module with `options` or `config` has its definitions inside `config`"
        )),
        Kind::Removed(advice) if !advice.is_empty() => hints.push(advice.clone()),
        Kind::Removed(_) => {}
    }
}

fn missing(option: &str, near: &[String], hints: &mut Vec<String>) {
    if matches!(option.split('.').next(), Some("home" | "xsession")) {
        hints.push("options of home-manager belong into a module of a home: `home-manager.users.NAME = { … };`".into());
        return;
    }
    match near {
        [] => hints.push("import the module that declares it, or remove the definition".into()),
        [only] => hints.push(format!("did you mean `{only}`?")),
        [all @ .., last] => {
            let all: Vec<String> = all.iter().map(|name| format!("`{name}`")).collect();
            hints.push(format!("did you mean {} or `{last}`?", all.join(", ")));
        }
    }
}

/// Returns how to write a value so that it is of the wanted type, for slips that are common.
fn of_type(expected: &str, message: &Message) -> Option<String> {
    let value = message.definitions.first()?.value.as_deref()?;
    let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    let one_line = !value.contains('\n') && value.len() <= 40;
    let wants = |word: &str| expected.contains(word);
    if let Some(inner @ ("true" | "false" | "yes" | "no" | "on" | "off")) = inner
        && wants("boolean")
    {
        let plain = if matches!(inner, "true" | "yes" | "on") {
            "true"
        } else {
            "false"
        };
        return Some(format!("write it without quotes: `{plain}`"));
    }
    if let Some(inner) = inner
        && inner.parse::<i64>().is_ok()
        && (wants("integer") || wants("signed") || wants("unsigned"))
    {
        return Some(format!("write it without quotes: `{inner}`"));
    }
    if expected.starts_with("list of") && one_line && !value.starts_with('[') {
        return Some(format!("a list is wanted: `[ {value} ]`"));
    }
    if value.starts_with("<function") && !wants("function") {
        return Some(
            "this is a function that waits for its arguments: a call in a list needs parentheses, `(f x)`".into(),
        );
    }
    let number = value.parse::<i64>().is_ok();
    if (number || matches!(value, "true" | "false")) && wants("string") && !wants("list of") {
        return Some(format!("write it in quotes: `\"{value}\"`"));
    }
    if wants("package") && inner.is_some() {
        return Some(format!("a package is wanted, not its name: `pkgs.{}`", inner?));
    }
    None
}

fn of_language(error: &EvalError, view: &Viewpoint<'_>, hints: &mut Vec<String>) {
    let text = error.message.as_str();
    let near = eval::did_you_mean(&error.suggestions);
    if let Some((name, _)) = super::missing_argument(error) {
        hints.push(format!(
            "nothing gives the argument `{name}`: pass it in `specialArgs = {{ inherit {name}; }};` of nixosSystem, \
             or correct its name"
        ));
        return;
    }
    if !near.is_empty() {
        hints.push(near.replacen("Did", "did", 1));
    }
    match error.kind {
        ErrorKind::UndefinedVariable => {
            if let Some(name) = between(text, "undefined variable '", "'")
                && ["lib", "pkgs", "config", "options", "inputs", "self", "modulesPath"].contains(&name)
            {
                hints.push(format!("take it as an argument of the module: `{{ {name}, ... }}:`"));
            }
        }
        ErrorKind::InfiniteRecursion => recursion(error, hints),
        ErrorKind::ImportFromDerivation => {
            hints.push("this needs the result of a build while evaluating; `--ifd nix` lets Nix build it".into());
        }
        _ => {}
    }
    if let Some(name) = between(text, "function '", "' called without required argument '") {
        let argument = between(text, "required argument '", "'").unwrap_or_default();
        let name = if name == "anonymous lambda" {
            "the function".into()
        } else {
            format!("`{name}`")
        };
        hints.push(format!(
            "call {name} with `{argument}`, or give the argument a default: `{argument} ? …`"
        ));
    } else if let Some(argument) = between(text, "called with unexpected argument '", "'") {
        hints.push(format!(
            "remove `{argument}` from the call, or let the function take more: add `...` to its arguments"
        ));
    }
    untracked(text, view, hints);
    if text.contains("is forbidden in pure evaluation mode") {
        hints.push("a flake can read only its own files and its inputs: move the file into the flake".into());
    }
    impure(text, hints);
    if text.starts_with("cannot coerce an integer to a string") {
        hints.push("make it a text: `toString`".into());
    }
    package(text, hints);
    if text.starts_with("Neither nixpkgs.hostPlatform nor") {
        hints.push("say for which machine this is: `nixpkgs.hostPlatform = \"x86_64-linux\";`".into());
    }
    if text.contains("does not specify your root file system") {
        hints.push("import hardware-configuration.nix, or define `fileSystems.\"/\"`".into());
    }
}

fn recursion(error: &EvalError, hints: &mut Vec<String>) {
    let says = |words: &str| error.traces.iter().any(|trace| trace.text.contains(words));
    let asked = error
        .traces
        .iter()
        .find_map(|trace| between(&trace.text, "noting that argument `", "` is not externally provided"));
    if let Some(name) = asked {
        hints.push(format!(
            "which modules are imported, or which options a module sets, must not depend on `{name}`: import always \
             and decide inside with `lib.mkIf`, or pass `{name}` in `specialArgs`"
        ));
    } else if says("you probably reference `config` in `imports`") {
        hints.push(if says("while evaluating the attribute 'imports'") {
            "`imports` must not depend on `config`: import always, and decide inside the module with \
             `config = lib.mkIf …`"
                .into()
        } else {
            "which options a module sets must not depend on `config`: write `lib.mkIf` in place of `if`".into()
        });
    } else if error.traces.iter().any(|trace| super::option_of(&trace.text).is_some()) {
        hints.push(
            "a definition must not depend on its own option; `if` on `config` around whole definitions becomes \
             `lib.mkIf`"
                .into(),
        );
    }
}

fn untracked(text: &str, view: &Viewpoint<'_>, hints: &mut Vec<String>) {
    if text.contains("is not tracked by Git") {
        if let Some(file) = between(text, "Path '", "'") {
            hints.push(format!("git add {file}"));
        }
        return;
    }
    let path = between(text, "path '", "' does not exist")
        .or_else(|| between(text, "opening file '", "': No such file or directory"));
    let Some(path) = path else { return };
    let short = view.shorten(path);
    if short != path && !short.starts_with('<') && !short.is_empty() {
        hints.push(format!(
            "a flake sees only files that Git knows: if it is there, `git add {short}`"
        ));
    }
}

/// Hints for what a flake cannot ask of the machine that evaluates it.
fn impure(text: &str, hints: &mut Vec<String>) {
    if text.starts_with("cannot look up '<") {
        hints.push(
            "a flake has no search path: take `pkgs` as an argument of the module, or the input of the flake".into(),
        );
    } else if text.starts_with("attribute 'currentSystem' missing") {
        hints.push("a flake does not know who evaluates it: `pkgs.stdenv.hostPlatform.system`".into());
    } else if text.starts_with("in pure evaluation mode, ") {
        hints.push("say what is expected by its hash, or make it an input of the flake, which the lock holds".into());
    }
}

/// Hints for packages that nixpkgs refuses.
fn package(text: &str, hints: &mut Vec<String>) {
    let Some((name, short)) = refused(text) else {
        return;
    };
    if text.contains("an unfree license") {
        hints.push(format!(
            "allow it: `nixpkgs.config.allowUnfreePredicate = pkg: builtins.elem (lib.getName pkg) [ \"{short}\" ];`"
        ));
    } else if text.contains("is marked as insecure") {
        hints.push(format!(
            "take another package, or permit it: `nixpkgs.config.permittedInsecurePackages = [ \"{name}\" ];`"
        ));
    } else if text.contains("is marked as broken") {
        hints.push("take another package, or `nixpkgs.config.allowBroken = true;`".into());
    } else if text.contains("is not available on the requested hostPlatform") {
        hints.push("leave it out on this platform: `lib.optionals (lib.meta.availableOn pkgs.stdenv.hostPlatform pkg) [ pkg ]`".into());
    }
}

/// Returns the name of the package that nixpkgs refuses, with its version and without.
pub(super) fn refused(text: &str) -> Option<(&str, &str)> {
    let named = between(text, "Package ‘", "’").or_else(|| between(text, "Package `", "'"));
    let name = named.or_else(|| between(text, "Refusing to evaluate package '", "'"))?;
    let short = name
        .rsplit_once('-')
        .filter(|(_, v)| v.starts_with(|c: char| c.is_ascii_digit()))
        .map_or(name, |p| p.0);
    Some((name, short))
}

/// Returns a message without the advice that follows, where a hint of ours says the same in short.
pub(super) fn short_message(text: &str) -> Option<String> {
    if text.starts_with("Package ") && text.contains(", refusing to evaluate.") {
        return text
            .split_once(", refusing to evaluate.")
            .map(|(first, _)| format!("{first}, refusing to evaluate"));
    }
    let (first, rest) = text.split_once('\n')?;
    if first.starts_with("Refusing to evaluate package '") {
        return Some(first.trim_end().to_owned());
    }
    rest.contains("git -C").then(|| first.trim_end_matches('.').to_owned())
}

/// Returns the text between two others.
fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(inner, _)| inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::message;

    #[test]
    fn slips_of_types_are_corrected() {
        let check = |expected: &str, value: &str, hint: Option<&str>| {
            let text = format!(
                "A definition for option `a' is not of type `{expected}'. Definition values:\n- In `/a': {value}"
            );
            let message = message::read(&text).unwrap();
            assert_eq!(of_type(expected, &message).as_deref(), hint, "{expected} {value}");
        };
        check("boolean", "\"true\"", Some("write it without quotes: `true`"));
        check("boolean", "\"no\"", Some("write it without quotes: `false`"));
        check("boolean", "1", None);
        check(
            "16 bit unsigned integer; between 0 and 65535 (both inclusive)",
            "\"80\"",
            Some("write it without quotes: `80`"),
        );
        check("list of string", "\"a\"", Some("a list is wanted: `[ \"a\" ]`"));
        check("null or string", "80", Some("write it in quotes: `\"80\"`"));
        check(
            "package",
            "<function>",
            Some("this is a function that waits for its arguments: a call in a list needs parentheses, `(f x)`"),
        );
        check("function that evaluates to(a) string", "<function>", None);
        check(
            "package",
            "\"vim\"",
            Some("a package is wanted, not its name: `pkgs.vim`"),
        );
    }

    #[test]
    fn refused_packages_get_a_way_out() {
        let check = |text: &str, hint: &str| {
            let mut hints = Vec::new();
            package(text, &mut hints);
            assert_eq!(hints, [hint], "{text}");
        };
        check(
            "Package ‘steam-1.0’ in x has an unfree license (‘unfree’), refusing to evaluate.",
            "allow it: `nixpkgs.config.allowUnfreePredicate = pkg: builtins.elem (lib.getName pkg) [ \"steam\" ];`",
        );
        check(
            "Package ‘ssl-1.1’ in x is marked as insecure, refusing to evaluate.",
            "take another package, or permit it: `nixpkgs.config.permittedInsecurePackages = [ \"ssl-1.1\" ];`",
        );
    }
}
