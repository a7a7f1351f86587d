//! Which hosts a policy is for.

use diag::Diagnostic;
use report::Finding;

use super::format::{Hosts, Kind};
use super::place::{Step, step};
use super::{Policies, Policy};

/// A host, as policies select it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Host {
    /// Its attribute name.
    pub name: String,
    /// The system that it is judged for.
    pub system: String,
    /// What kind of configuration it is.
    pub kind: Kind,
    /// Its tags.
    pub tags: Vec<String>,
}

impl Kind {
    /// Returns the word for it in policies.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Nixos => "nixos",
            Kind::Home => "home",
            Kind::Darwin => "darwin",
        }
    }
}

impl Hosts {
    /// Whether a host is selected.
    pub fn take(&self, host: &Host) -> bool {
        let any = |patterns: &[crate::settings::Pattern], name: &str| patterns.iter().any(|p| p.matches(name));
        self.kinds.contains(&host.kind)
            && any(&self.include, &host.name)
            && !any(&self.exclude, &host.name)
            && any(&self.systems, &host.system)
            && (self.tags.is_empty() || host.tags.iter().any(|tag| any(&self.tags, tag)))
    }
}

impl Policies {
    /// Returns findings about patterns that fit none of the flake's hosts, which are likely slips.
    pub fn unmatched(&self, hosts: &[Host]) -> Vec<Finding> {
        let warnings = self.all.iter().flat_map(|policy| policy.unmatched(hosts));
        warnings.map(|warning| self.finding(&warning)).collect()
    }
}

impl Policy {
    fn unmatched(&self, hosts: &[Host]) -> Vec<Diagnostic> {
        let names: Vec<&str> = hosts.iter().map(|host| host.name.as_str()).collect();
        let tags: Vec<&str> = hosts.iter().flat_map(|host| &host.tags).map(String::as_str).collect();
        let groups = [
            ("include", "host", &self.hosts.include, &names),
            ("exclude", "host", &self.hosts.exclude, &names),
            ("tags", "tag", &self.hosts.tags, &tags),
        ];
        let mut warnings = Vec::new();
        for (key, what, patterns, known) in groups {
            for (i, pattern) in patterns.iter().enumerate() {
                let text = pattern.to_string();
                if text == "*" || known.iter().any(|name| pattern.matches(name)) {
                    continue;
                }
                let way = step(&self.way, Step::Key("hosts".into()));
                let way = step(&step(&way, Step::Key(key.into())), Step::Index(i));
                let warning = Diagnostic::warning(format!("no {what} fits `{text}`")).rule("policies");
                let warning = warning.at(self.text.span(&way), "");
                let near = yaml::nearest(&text, known.iter().copied());
                warnings.push(match near {
                    Some(near) => warning.hint(format!("did you mean `{near}`?")),
                    None => warning.note(format!("in the policy `{}`", self.id)),
                });
            }
        }
        warnings
    }
}
