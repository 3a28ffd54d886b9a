//! Identifies this process to the library.

use std::collections::BTreeMap;
use std::ffi::OsString;

use planalign::Caller;

use crate::{dbt_guard, probe};

/// The command line and the user of this process.
#[derive(Debug)]
pub(crate) struct Process {
    command: String,
    user: Option<String>,
    environment: Vec<(OsString, OsString)>,
}

impl Process {
    /// Reads the command line and the user.
    pub(crate) fn new() -> Self {
        let arguments: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
        let user = ["USER", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
        Self { command: arguments.join(" "), user, environment: std::env::vars_os().collect() }
    }

    pub(crate) fn caller(&self) -> Caller<'_> {
        Caller {
            command: &self.command,
            user: self.user.as_deref(),
            probe: Some(&probe::open_elsewhere),
            guard: Some(&dbt_guard::command),
            environment: &self.environment,
        }
    }
}

/// The environment variables that are valid Unicode, as settings are.
pub(crate) fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
