//! The origin of each setting's value.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde_json::Value;

use crate::yaml::Position;

/// The layer that a setting comes from, and the position in it. Ordered like the layers, weakest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Built-in default.
    Default,
    /// The configuration file.
    File(PathBuf, Position),
    /// The overlay of a scenario.
    Scenario(PathBuf, Position),
    /// An environment variable, by name.
    Environment(String),
    /// The command line, with the option as the user types it, such as `--set`.
    CommandLine(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, at) | Self::Scenario(path, at) => {
                write!(f, "{}:{}:{}", path.display(), at.line, at.column)
            }
            Self::Environment(name) => f.write_str(name),
            Self::CommandLine(option) => f.write_str(option),
        }
    }
}

/// The effective value and the origin of every setting, by key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origins(BTreeMap<String, (Value, Origin)>);

impl Origins {
    pub(crate) fn new(values: BTreeMap<String, Value>, origin_of: impl Fn(&str) -> Origin) -> Self {
        let with_origin = |(key, value): (String, Value)| {
            let origin = origin_of(&key);
            (key, (value, origin))
        };
        Self(values.into_iter().map(with_origin).collect())
    }

    /// Iterates over the settings, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value, &Origin)> {
        self.0.iter().map(|(key, (value, origin))| (key.as_str(), value, origin))
    }

    /// Returns the origin of a setting; `None` if the key doesn't exist.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Origin> {
        self.0.get(key).map(|(_, origin)| origin)
    }

    /// Returns the effective value of a setting; `None` if the key doesn't exist.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.0.get(key).map(|(value, _)| value)
    }
}
