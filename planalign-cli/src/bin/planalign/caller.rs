//! What this process is, for the library.

use std::collections::BTreeMap;

use planalign::Caller;

use crate::probe;

/// This process: its command line, its user and its environment.
#[derive(Debug)]
pub(crate) struct Process {
    command: String,
    user: Option<String>,
}

impl Process {
    /// Reads them once.
    pub(crate) fn new() -> Self {
        let arguments: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
        let user = ["USER", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
        Self { command: arguments.join(" "), user }
    }

    pub(crate) fn caller(&self) -> Caller<'_> {
        Caller { command: &self.command, user: self.user.as_deref(), probe: Some(&probe::open_elsewhere) }
    }
}

/// The environment, as far as it is text: settings are.
pub(crate) fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
