//! The scenarios that come with the program.

use diag::SourceMap;

use super::{Scenario, read};

/// The scenarios that run when none is asked for, beside each other: one goes to the change and back, the other restarts into it.
pub const DEFAULT: [&str; 2] = ["rollback", "reboot"];

/// The names and texts of the scenarios.
pub const SHIPPED: [(&str, &str); 6] = [
    ("boot", include_str!("shipped/boot.yaml")),
    ("switch", include_str!("shipped/switch.yaml")),
    ("rollback", include_str!("shipped/rollback.yaml")),
    ("reboot", include_str!("shipped/reboot.yaml")),
    (
        "power-loss-during-switch",
        include_str!("shipped/power-loss-during-switch.yaml"),
    ),
    ("specialisation", include_str!("shipped/specialisation.yaml")),
];

/// Returns the scenario of a name that comes with the program; its steps have no places.
pub fn shipped(name: &str) -> Option<Scenario> {
    let (_, text) = SHIPPED.iter().find(|(known, _)| *known == name)?;
    let mut sources = SourceMap::new();
    let mut scenario = read(&mut sources, format!("{name}.yaml").as_bytes(), text.as_bytes()).ok()?;
    for step in &mut scenario.steps {
        *step = step.clone().placed(diag::Span::default());
    }
    Some(scenario)
}
