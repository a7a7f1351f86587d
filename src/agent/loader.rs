//! What a boot loader starts without being asked, read from its files on the disk.

/// A root with its boot partition, as far as a boot loader's files go. Links lead to places inside of it.
pub trait Disk {
    /// Returns a text file, or `None` if there is none.
    fn read(&self, path: &str) -> Option<String>;

    /// Returns the names in a folder, none if it is not there.
    fn list(&self, path: &str) -> Vec<String>;

    /// Returns the target of a link, or `None` if there is none.
    fn link(&self, path: &str) -> Option<String>;
}

/// What is started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Default {
    /// The value of `init=`.
    pub init: String,
    /// The file that says so.
    pub from: String,
}

/// Where boot partitions are mounted, on NixOS and by systemd's rules.
const PARTITIONS: [&str; 4] = ["/boot", "/efi", "/boot/efi", "/boot/EFI"];
/// The profile of the system, which is what a machine without a boot loader's files would start.
const PROFILE: &str = "/nix/var/nix/profiles/system";

/// Returns what is started, or why nothing is known of it.
///
/// The files are looked for in the order systemd-boot, extlinux, GRUB; a disk with files of several is told by the file that
/// the answer names.
pub fn default(disk: &dyn Disk) -> Result<Default, String> {
    for partition in PARTITIONS {
        let found = systemd_boot(disk, partition)
            .or_else(|| extlinux(disk, partition))
            .or_else(|| grub(disk, partition));
        if let Some(found) = found {
            return found;
        }
    }
    profile(disk).ok_or_else(|| format!("no boot loader's files are on the disk, and {PROFILE} leads nowhere"))
}

/// Returns what `options` say of the init, with the file that they come from.
fn of_options(options: &str, from: String) -> Result<Default, String> {
    // The last one wins, as in the kernel.
    let init = options
        .split_ascii_whitespace()
        .rev()
        .find_map(|word| word.strip_prefix("init="));
    match init {
        Some(init) => Ok(Default {
            init: init.trim_matches('"').to_owned(),
            from,
        }),
        None => Err(format!("{from} starts a kernel without init=")),
    }
}

/// Returns the value of the first line that begins with a word, whatever its case.
fn value<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let (first, rest) = line.trim().split_once([' ', '\t'])?;
        first.eq_ignore_ascii_case(word).then(|| rest.trim())
    })
}

/// systemd-boot: `loader.conf` names the entry, or a pattern of names, of which the newest is taken.
fn systemd_boot(disk: &dyn Disk, partition: &str) -> Option<Result<Default, String>> {
    let file = format!("{partition}/loader/loader.conf");
    let folder = format!("{partition}/loader/entries");
    let settings = disk.read(&file)?;
    let mut names = disk.list(&folder);
    names.retain(|name| name.ends_with(".conf"));
    names.sort_by_key(|name| numbers_in_order(name));
    let pattern = value(&settings, "default").unwrap_or("*");
    let fits = |name: &&String| {
        let stem = name.strip_suffix(".conf").unwrap_or(name);
        matches(pattern, name) || matches(pattern, stem)
    };
    let Some(name) = names.iter().rev().find(fits) else {
        return Some(Err(format!(
            "{file} names '{pattern}' as the default, and {folder} has no such entry"
        )));
    };
    let path = format!("{folder}/{name}");
    let entry = disk.read(&path)?;
    // Several lines of options are one.
    let options: Vec<&str> = entry.lines().filter_map(|line| value(line, "options")).collect();
    Some(of_options(&options.join(" "), path))
}

/// U-Boot's extlinux menu, as NixOS writes it: `DEFAULT` names a label, and `APPEND` below it has the command line.
fn extlinux(disk: &dyn Disk, partition: &str) -> Option<Result<Default, String>> {
    let file = format!("{partition}/extlinux/extlinux.conf");
    let menu = disk.read(&file)?;
    let label = value(&menu, "default").unwrap_or_default().to_owned();
    let mut lines = menu
        .lines()
        .skip_while(|line| value(line, "label") != Some(label.as_str()));
    lines.next();
    let entry: Vec<&str> = lines.take_while(|line| value(line, "label").is_none()).collect();
    Some(match value(&entry.join("\n"), "append") {
        Some(options) => of_options(options, file),
        None => Err(format!("{file} has no command line for its default '{label}'")),
    })
}

/// GRUB: `set default=` has the number or the title of an entry of the outermost menu.
fn grub(disk: &dyn Disk, partition: &str) -> Option<Result<Default, String>> {
    let file = format!("{partition}/grub/grub.cfg");
    let menu = disk.read(&file)?;
    let set = |line: &str| {
        Some(
            line.trim()
                .strip_prefix("set default=")?
                .trim_matches(['"', '\''])
                .to_owned(),
        )
    };
    // NixOS sets it in the branch without a saved entry; a variable is what GRUB has remembered.
    let chosen = menu.lines().filter_map(set).find(|chosen| !chosen.starts_with('$'));
    let chosen = chosen.unwrap_or_else(|| "0".to_owned());
    let entries = grub_entries(&menu);
    let entry = match chosen.parse::<usize>() {
        Ok(number) => entries.get(number),
        Err(_) => entries.iter().find(|(title, _)| *title == chosen),
    };
    Some(match entry {
        Some((_, options)) => of_options(options, file),
        None => Err(format!("{file} has no entry '{chosen}', which is its default")),
    })
}

/// Returns titles and the kernel's lines of the entries of the outermost menu; a submenu is an entry without a kernel.
fn grub_entries(menu: &str) -> Vec<(String, String)> {
    let mut entries: Vec<(String, String)> = Vec::new();
    let mut depth = 0_usize;
    for line in menu.lines().map(str::trim) {
        let opens = line.ends_with('{');
        let (word, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let begins = matches!(word, "menuentry" | "submenu") && opens;
        if begins && depth == 0 {
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
            let title = quote.and_then(|quote| rest.split(quote).nth(1)).unwrap_or(rest);
            entries.push((title.to_owned(), String::new()));
        }
        // Conditions around entries have no braces, functions have, and are no entries.
        if opens {
            depth += 1;
        } else if line == "}" {
            depth = depth.saturating_sub(1);
        } else if depth == 1
            && matches!(word, "linux" | "linux16" | "linuxefi")
            && let Some((_, options)) = entries.last_mut()
        {
            *options = rest.to_owned();
        }
    }
    entries
}

/// Returns what the profile's link names, where no boot loader is.
fn profile(disk: &dyn Disk) -> Option<Default> {
    let link = disk.link(PROFILE)?;
    let toplevel = if link.starts_with('/') {
        link
    } else {
        let folder = PROFILE.rsplit_once('/').map_or("", |(folder, _)| folder);
        disk.link(&format!("{folder}/{link}"))?
    };
    Some(Default {
        init: format!("{toplevel}/init"),
        from: PROFILE.into(),
    })
}

/// Returns a key by which names with numbers in them are in the order of the numbers.
fn numbers_in_order(name: &str) -> Vec<(u128, String)> {
    let mut key = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let text = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(text);
        let digits = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let (number, tail) = tail.split_at(digits);
        // A number that fits nowhere is as large as any.
        let number = if number.is_empty() {
            0
        } else {
            number.parse().unwrap_or(u128::MAX)
        };
        key.push((0, word.to_owned()));
        key.push((number, String::new()));
        rest = tail;
    }
    key
}

/// Whether a name fits a pattern with `*` and `?`, whatever the case of its letters.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_ascii_lowercase(), name.to_ascii_lowercase());
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut of, mut star) = (0, 0, None);
    while of < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, of));
                at += 1;
            }
            Some(c) if *c == '?' || *c == name[of] => {
                at += 1;
                of += 1;
            }
            _ => {
                // The last star takes one more.
                let Some((begin, taken)) = star else { return false };
                star = Some((begin, taken + 1));
                at = begin + 1;
                of = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Files by their paths, and links by theirs.
    struct Table(BTreeMap<&'static str, &'static str>);

    impl Disk for Table {
        fn read(&self, path: &str) -> Option<String> {
            self.0.get(path).map(|text| (*text).to_owned())
        }

        fn list(&self, path: &str) -> Vec<String> {
            let names = self
                .0
                .keys()
                .filter_map(|file| file.strip_prefix(path)?.strip_prefix('/'));
            names.map(str::to_owned).collect()
        }

        fn link(&self, path: &str) -> Option<String> {
            self.read(path)
        }
    }

    #[test]
    fn the_default_of_each_boot_loader_is_found() {
        let entry = |init: &'static str| init;
        let a = entry("title NixOS\nlinux /a\noptions init=/nix/store/a/init root=x\n");
        let b = entry("title NixOS\noptions quiet\noptions init=/nix/store/b/init\n");
        let grub = "if [ x ]; then\nset default=0\nfi\nfunction f {\n linux no\n}\nmenuentry \"NixOS - Default\" --class nixos {\n  linux ($drive1)//kernels/k init=/nix/store/a/init loglevel=4\n}\nsubmenu \"NixOS - All configurations\" {\nmenuentry \"old\" {\n linux k init=/nix/store/old/init\n}\n}\nmenuentry 'Other' {\n linux k init=/nix/store/b/init\n}\n";
        let menu = "TIMEOUT 1\nDEFAULT nixos-default\nLABEL nixos-default\n  LINUX ../k\n  APPEND init=/nix/store/a/init x\nLABEL nixos-1\n  APPEND init=/nix/store/old/init\n";
        let ok = |init: &str, from: &str| Ok::<_, String>((init.to_owned(), from.to_owned()));
        let table: Vec<(Vec<(&str, &str)>, _)> = vec![
            (
                vec![
                    (
                        "/boot/loader/loader.conf",
                        "timeout 1\ndefault nixos-generation-2.conf\n",
                    ),
                    ("/boot/loader/entries/nixos-generation-2.conf", a),
                    ("/boot/loader/entries/nixos-generation-3.conf", b),
                ],
                ok("/nix/store/a/init", "/boot/loader/entries/nixos-generation-2.conf"),
            ),
            (
                vec![
                    ("/boot/loader/loader.conf", "default nixos-*\n"),
                    ("/boot/loader/entries/nixos-generation-9.conf", a),
                    ("/boot/loader/entries/nixos-generation-10.conf", b),
                    ("/boot/loader/entries/zzz.txt", "x"),
                ],
                ok("/nix/store/b/init", "/boot/loader/entries/nixos-generation-10.conf"),
            ),
            (
                vec![("/efi/loader/loader.conf", "default gone\n")],
                Err(
                    "/efi/loader/loader.conf names 'gone' as the default, and /efi/loader/entries has no such entry"
                        .into(),
                ),
            ),
            (
                vec![
                    ("/boot/loader/loader.conf", ""),
                    ("/boot/loader/entries/x.conf", "linux /memtest"),
                ],
                Err("/boot/loader/entries/x.conf starts a kernel without init=".into()),
            ),
            (
                vec![("/boot/extlinux/extlinux.conf", menu)],
                ok("/nix/store/a/init", "/boot/extlinux/extlinux.conf"),
            ),
            (
                vec![("/boot/extlinux/extlinux.conf", "DEFAULT x\n")],
                Err("/boot/extlinux/extlinux.conf has no command line for its default 'x'".into()),
            ),
            (
                vec![("/boot/grub/grub.cfg", grub)],
                ok("/nix/store/a/init", "/boot/grub/grub.cfg"),
            ),
            (
                vec![
                    ("/nix/var/nix/profiles/system", "system-7-link"),
                    ("/nix/var/nix/profiles/system-7-link", "/nix/store/g7"),
                ],
                ok("/nix/store/g7/init", "/nix/var/nix/profiles/system"),
            ),
            (
                vec![],
                Err("no boot loader's files are on the disk, and /nix/var/nix/profiles/system leads nowhere".into()),
            ),
        ];
        for (files, wanted) in table {
            let found = default(&Table(files.iter().copied().collect())).map(|found| (found.init, found.from));
            assert_eq!(found, wanted, "{files:?}");
        }
    }

    #[test]
    fn grub_takes_a_number_or_a_title_of_the_outermost_menu() {
        let menu = |chosen: &str| {
            format!(
                "set default=\"{chosen}\"\nmenuentry \"a\" {{\nlinux k init=/a\n}}\nsubmenu \"s\" {{\nmenuentry \"in\" {{\nlinux k init=/in\n}}\n}}\nmenuentry \"b\" {{\nlinux k init=/b\n}}\n"
            )
        };
        for (chosen, init) in [
            ("0", Some("/a")),
            ("2", Some("/b")),
            ("b", Some("/b")),
            ("in", None),
            ("1", None),
            ("9", None),
        ] {
            let text: &'static str = menu(chosen).leak();
            let found = default(&Table([("/boot/grub/grub.cfg", text)].into())).ok();
            assert_eq!(found.map(|found| found.init).as_deref(), init, "{chosen}");
        }
    }

    #[test]
    fn a_pattern_fits_or_does_not() {
        for (pattern, name, fits) in [
            ("*", "", true),
            ("nixos-*", "NixOS-generation-2.conf", true),
            ("*-2.conf", "nixos-2-2.conf", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a*b*c", "axxbxx", false),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
