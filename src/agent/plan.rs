//! The plan: what the agent has to do when the kernel has started it, as a text of lines in the initial RAM disk.
//!
//! A line is a word and its values, with tabs between; a backslash, tab or newline in a value is escaped.

use std::fmt::Write;

/// What the agent does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Modules of the kernel to load before all else, in this order: paths in the initial RAM disk.
    pub modules: Vec<String>,
    /// What it is there for.
    pub role: Role,
}

/// What the agent is there for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Role {
    /// Start the system's own stage 1, and answer beside it from then on.
    PassThrough {
        /// The program that the kernel would have started: `/init`.
        init: String,
    },
    /// Do what stage 1 does, and answer beside the system.
    Stage1 {
        /// The file systems, the root (`/`) first.
        mounts: Vec<Mount>,
        /// What is started in the new root: `TOPLEVEL/init`.
        init: String,
        /// A program of the new root that runs before: `TOPLEVEL/prepare-root`.
        prepare: Option<String>,
    },
    /// Read from the disks what the boot loader starts without being asked, tell it, and stay until switched off.
    BootDefault {
        /// The file systems, the root (`/`) first. They are mounted read-only.
        mounts: Vec<Mount>,
    },
    /// Be the init of a root in which the host runs programs, such as builds.
    Build {
        /// The file systems, the root (`/`) first.
        mounts: Vec<Mount>,
    },
}

/// A file system to mount.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mount {
    /// The device, such as `/dev/vda`, `LABEL=nixos` or `UUID=…` of an ext4; or a name such as `tmpfs`.
    pub source: String,
    /// Where in the new root: `/`, `/nix`.
    pub target: String,
    /// Its type, such as `ext4`.
    pub kind: String,
    /// Options with commas between, such as `ro,nosuid`; those that are no flags go to the file system.
    pub options: String,
}

/// Why a text is no plan.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line} of the plan is wrong")]
pub struct PlanError {
    /// The line, from 1; the one after the last if something is missing.
    pub line: usize,
}

impl Role {
    /// Returns its name.
    pub fn name(&self) -> &'static str {
        match self {
            Role::PassThrough { .. } => "pass-through",
            Role::Stage1 { .. } => "stage-1",
            Role::BootDefault { .. } => "boot-default",
            Role::Build { .. } => "build",
        }
    }

    /// Returns the file systems that the agent mounts.
    pub fn mounts(&self) -> &[Mount] {
        match self {
            Role::PassThrough { .. } => &[],
            Role::Stage1 { mounts, .. } | Role::BootDefault { mounts } | Role::Build { mounts } => mounts,
        }
    }
}

impl Plan {
    /// Returns the plan as text.
    pub fn write(&self) -> String {
        let mut out = String::new();
        let mut line = |word: &str, values: &[&str]| {
            out.push_str(word);
            for value in values {
                let _ = write!(out, "\t{}", escaped(value));
            }
            out.push('\n');
        };
        for module in &self.modules {
            line("module", &[module]);
        }
        line("role", &[self.role.name()]);
        for mount in self.role.mounts() {
            line("mount", &[&mount.source, &mount.target, &mount.kind, &mount.options]);
        }
        match &self.role {
            Role::PassThrough { init } => line("init", &[init]),
            Role::Stage1 { init, prepare, .. } => {
                line("init", &[init]);
                if let Some(prepare) = prepare {
                    line("prepare", &[prepare]);
                }
            }
            Role::BootDefault { .. } | Role::Build { .. } => {}
        }
        out
    }

    /// Returns the plan that a text is.
    pub fn read(text: &str) -> Result<Plan, PlanError> {
        let (mut modules, mut mounts, mut role, mut init, mut prepare) = (vec![], vec![], None, None, None);
        for (at, line) in text.lines().enumerate() {
            let wrong = PlanError { line: at + 1 };
            let values: Option<Vec<String>> = line.split('\t').map(unescaped).collect();
            let values = values.ok_or_else(|| wrong.clone())?;
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            match values[..] {
                ["module", path] => modules.push(path.to_owned()),
                ["role", name] if role.is_none() => role = Some(name.to_owned()),
                ["mount", source, target, kind, options] => mounts.push(Mount {
                    source: source.into(),
                    target: target.into(),
                    kind: kind.into(),
                    options: options.into(),
                }),
                ["init", path] if init.is_none() => init = Some(path.to_owned()),
                ["prepare", path] if prepare.is_none() => prepare = Some(path.to_owned()),
                _ => return Err(wrong),
            }
        }
        let end = PlanError {
            line: text.lines().count() + 1,
        };
        let role = match (role.as_deref(), init, prepare) {
            (Some("pass-through"), Some(init), None) if mounts.is_empty() => Role::PassThrough { init },
            (Some("stage-1"), Some(init), prepare) => Role::Stage1 { mounts, init, prepare },
            (Some("boot-default"), None, None) => Role::BootDefault { mounts },
            (Some("build"), None, None) => Role::Build { mounts },
            _ => return Err(end),
        };
        Ok(Plan { modules, role })
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('\t', "\\t")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
}

fn unescaped(value: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next()? {
                '\\' => '\\',
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            c => c,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plan() -> impl Strategy<Value = Plan> {
        let mount = any::<[String; 4]>().prop_map(|[source, target, kind, options]| Mount {
            source,
            target,
            kind,
            options,
        });
        let mounts = prop::collection::vec(mount, 0..3);
        let role = prop_oneof![
            any::<String>().prop_map(|init| Role::PassThrough { init }),
            (mounts.clone(), any::<String>(), any::<Option<String>>())
                .prop_map(|(mounts, init, prepare)| Role::Stage1 { mounts, init, prepare }),
            mounts.clone().prop_map(|mounts| Role::BootDefault { mounts }),
            mounts.prop_map(|mounts| Role::Build { mounts }),
        ];
        (any::<Vec<String>>(), role).prop_map(|(modules, role)| Plan { modules, role })
    }

    proptest! {
        #[test]
        fn plans_come_out_as_they_went_in(plan in plan()) {
            prop_assert_eq!(Plan::read(&plan.write()), Ok(plan));
        }

        #[test]
        fn any_text_is_a_plan_or_an_error(text in "(role|init|mount|\t|\n|[a-z\\\\]){0,40}") {
            if let Ok(plan) = Plan::read(&text) {
                prop_assert_eq!(Plan::read(&plan.write()), Ok(plan));
            }
        }
    }

    #[test]
    fn a_plan_is_lines() {
        let plan = Plan {
            modules: vec!["/cfgcheck/modules/virtio.ko".into()],
            role: Role::Stage1 {
                mounts: vec![Mount {
                    source: "/dev/vda".into(),
                    target: "/".into(),
                    kind: "ext4".into(),
                    options: "rw,data=ordered".into(),
                }],
                init: "/nix/store/x/init".into(),
                prepare: None,
            },
        };
        let text = "module\t/cfgcheck/modules/virtio.ko\nrole\tstage-1\nmount\t/dev/vda\t/\text4\trw,data=ordered\ninit\t/nix/store/x/init\n";
        assert_eq!(plan.write(), text);
        assert_eq!(Plan::read(text), Ok(plan));
        for (text, line) in [
            ("", 1),
            ("role\tbuild\nrole\tbuild\n", 2),
            ("role\tstage-1\n", 2),
            ("x\n", 1),
            ("role\tbuild\\\n", 1),
        ] {
            assert_eq!(Plan::read(text), Err(PlanError { line }), "{text:?}");
        }
    }
}
