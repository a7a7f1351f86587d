//! Reads scenarios from YAML.

use std::fmt;
use std::marker::PhantomData;

use diag::{Diagnostic, SourceMap, Span};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};
use yaml::Entry;

use super::Scenario;
use super::step::*;
use super::values::{GuestPath, UnitName};

/// A scenario as it stands in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map with `steps`")]
struct Written {
    #[serde(default)]
    description: String,
    #[serde(default)]
    hosts: Vec<String>,
    steps: Vec<Step>,
}

/// Returns the scenario that a file's bytes say, or what is wrong with them. The bytes are added to the sources under
/// the file's absolute path; the scenario has the name of the file without its ending.
pub fn read(sources: &mut SourceMap, path: &[u8], bytes: &[u8]) -> Result<Scenario, Box<Diagnostic>> {
    let (base, text) = yaml::add(sources, path, bytes, WHAT)?;
    let written: Written =
        serde_yaml::from_str(text).map_err(|error| Box::new(yaml::explain(&error, base, text, WHAT)))?;
    let file = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    let name = String::from_utf8_lossy(file);
    let name = name
        .strip_suffix(".yaml")
        .or(name.strip_suffix(".yml"))
        .unwrap_or(&name);
    let at = |key, number| yaml::entry(text, base, key, Entry::Item(number));
    let scenario = Scenario {
        name: diag::clean_line(name).into_owned(),
        description: written.description,
        hosts: written
            .hosts
            .into_iter()
            .enumerate()
            .map(|(n, host)| (host, at("hosts", n)))
            .collect(),
        steps: written
            .steps
            .into_iter()
            .enumerate()
            .map(|(n, step)| step.placed(at("steps", n)))
            .collect(),
    };
    super::sense::check(&scenario).map_err(|(span, message, hint)| {
        // What is missing stands nowhere; its key does.
        let span = if span.start.is_some() { span } else { at("steps", 0) };
        let diagnostic = Diagnostic::error(message).rule(WHAT).at(span, "");
        Box::new(match hint {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        })
    })?;
    Ok(scenario)
}

/// What files of scenarios hold, in messages about them.
const WHAT: &str = "scenario";

/// A step's value that may be written as one plain value.
trait Short: Sized {
    /// Returns the value that a text stands for.
    fn of_text<E: de::Error>(text: &str) -> Result<Self, E> {
        Err(E::invalid_type(de::Unexpected::Str(text), &"a map"))
    }

    /// Returns the value that a number stands for.
    fn of_number<E: de::Error>(number: u64) -> Result<Self, E> {
        Err(E::invalid_type(de::Unexpected::Unsigned(number), &"a map"))
    }
}

/// Reads a value that is plain or a map.
struct ShortOrMap<T>(PhantomData<T>);

impl<'de, T: Short + Deserialize<'de>> DeserializeSeed<'de> for ShortOrMap<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Short + Deserialize<'de>> Visitor<'de> for ShortOrMap<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::of_text(text)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        T::of_number(number)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

impl Short for Boot {
    fn of_text<E: de::Error>(text: &str) -> Result<Boot, E> {
        let generation = which(text, &["base", "head", "default"])?;
        Ok(Boot {
            generation,
            within: None,
        })
    }
}

impl Short for WaitForUnit {
    fn of_text<E: de::Error>(text: &str) -> Result<WaitForUnit, E> {
        Ok(WaitForUnit {
            unit: UnitName::try_from(text).map_err(E::custom)?,
            state: UnitState::default(),
            within: None,
        })
    }
}

impl Short for WaitForPort {
    fn of_number<E: de::Error>(number: u64) -> Result<WaitForPort, E> {
        let port = u16::try_from(number).map_err(|_| E::custom(format!("`{number}` is no port")))?;
        Ok(WaitForPort {
            port,
            open: true,
            within: None,
        })
    }
}

impl Short for WaitForFile {
    fn of_text<E: de::Error>(text: &str) -> Result<WaitForFile, E> {
        Ok(WaitForFile {
            path: GuestPath::try_from(text).map_err(E::custom)?,
            there: true,
            within: None,
        })
    }
}

impl Short for WaitForConsole {
    fn of_text<E: de::Error>(text: &str) -> Result<WaitForConsole, E> {
        Ok(WaitForConsole {
            text: text.to_owned(),
            within: None,
        })
    }
}

impl Short for Run {
    fn of_text<E: de::Error>(text: &str) -> Result<Run, E> {
        Ok(Run {
            command: text.to_owned(),
            user: None,
            exit: 0,
            prints: None,
            within: None,
        })
    }
}

impl Short for DryActivate {
    fn of_text<E: de::Error>(text: &str) -> Result<DryActivate, E> {
        Ok(DryActivate {
            generation: which(text, &["base", "head"])?,
            restarts: None,
            reloads: None,
            stops: None,
            skips: None,
        })
    }
}

impl Short for SwitchTo {
    fn of_text<E: de::Error>(text: &str) -> Result<SwitchTo, E> {
        Ok(SwitchTo {
            generation: which(text, &["base", "head"])?,
            action: SwitchAction::default(),
            specialisation: None,
            exit: None,
            within: None,
            power_loss_after: None,
        })
    }
}

/// Returns the generation of a name.
fn which<E: de::Error>(text: &str, known: &'static [&'static str]) -> Result<Which, E> {
    match text {
        "base" => Ok(Which::Base),
        "head" => Ok(Which::Head),
        "default" if known.contains(&text) => Ok(Which::Default),
        _ => Err(E::unknown_variant(text, known)),
    }
}

/// The names of steps.
#[derive(Clone, Copy, Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Name {
    Boot,
    Record,
    WaitForUnit,
    WaitForPort,
    WaitForFile,
    WaitForConsole,
    Run,
    Retry,
    Expect,
    DryActivate,
    SwitchTo,
    Watch,
    Rollback,
    Reboot,
    Crash,
    Network,
    Screenshot,
    Put,
    Get,
    Collect,
}

/// What may stand as a step without a value.
const BARE: &[&str] = &["record", "rollback", "reboot", "crash"];

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Step, D::Error> {
        struct OneStep;

        impl<'de> Visitor<'de> for OneStep {
            type Value = Action;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a step: a map with one key, such as `wait_for_unit`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Action, E> {
                match text {
                    "record" => Ok(Action::Record),
                    "rollback" => Ok(Action::Rollback(Rollback::default())),
                    "reboot" => Ok(Action::Reboot(Reboot::default())),
                    "crash" => Ok(Action::Crash),
                    _ => Err(E::unknown_variant(text, BARE)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Action, A::Error> {
                let Some(name) = map.next_key::<Name>()? else {
                    return Err(de::Error::custom("a step is empty"));
                };
                let action = action(name, &mut map)?;
                if map.next_key::<Name>()?.is_some() {
                    return Err(de::Error::custom("a step has two keys; begin each step with `- `"));
                }
                Ok(action)
            }
        }

        let action = deserializer.deserialize_any(OneStep)?;
        Ok(Step {
            action,
            at: Span::default(),
        })
    }
}

/// Reads the value of a step.
fn action<'de, A: MapAccess<'de>>(name: Name, map: &mut A) -> Result<Action, A::Error> {
    fn short<'de, T: Short + Deserialize<'de>, A: MapAccess<'de>>(map: &mut A) -> Result<T, A::Error> {
        map.next_value_seed(ShortOrMap(PhantomData))
    }
    Ok(match name {
        Name::Boot => Action::Boot(short(map)?),
        Name::Record => map.next_value::<()>().map(|()| Action::Record)?,
        Name::WaitForUnit => Action::WaitForUnit(short(map)?),
        Name::WaitForPort => Action::WaitForPort(short(map)?),
        Name::WaitForFile => Action::WaitForFile(short(map)?),
        Name::WaitForConsole => Action::WaitForConsole(short(map)?),
        Name::Run => Action::Run(short(map)?),
        Name::Retry => Action::Retry(map.next_value()?),
        Name::Expect => Action::Expect(map.next_value()?),
        Name::DryActivate => Action::DryActivate(short(map)?),
        Name::SwitchTo => Action::SwitchTo(short(map)?),
        Name::Watch => Action::Watch(map.next_value()?),
        Name::Rollback => Action::Rollback(map.next_value()?),
        Name::Reboot => Action::Reboot(map.next_value()?),
        Name::Crash => map.next_value::<()>().map(|()| Action::Crash)?,
        Name::Network => Action::Network(map.next_value()?),
        Name::Screenshot => Action::Screenshot(map.next_value()?),
        Name::Put => Action::Put(map.next_value()?),
        Name::Get => Action::Get(map.next_value()?),
        Name::Collect => Action::Collect(map.next_value()?),
    })
}
