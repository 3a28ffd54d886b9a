//! The process that uses the library, and what it passes in because the library doesn't read it from the environment.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use planalign_config::lock::Holder;

use crate::error::Error;

/// Opens a database in another process, because a damaged file can crash the process that opens it.
pub type Probe = dyn Fn(&Path) -> Result<(), Error> + Send + Sync;

/// Returns the command line of a process that guards a dbt executable, with this time between signals; see
/// [`guard`](planalign_dbt::executable::guard).
pub type Guard = dyn Fn(Duration) -> Vec<OsString> + Send + Sync;

/// The calling process, as locks and journals name it.
#[derive(Clone, Copy, Default)]
pub struct Caller<'a> {
    /// Its command line.
    pub command: &'a str,
    /// The user, if known.
    pub user: Option<&'a str>,
    /// Called before opening a database that was not closed properly; `None` opens such a file without a test.
    pub probe: Option<&'a Probe>,
    /// How to start the process that guards a dbt executable; `None`: no dbt executable can be used.
    pub guard: Option<&'a Guard>,
    /// Environment variables, of which a dbt executable sees those it needs.
    pub environment: &'a [(OsString, OsString)],
}

impl Caller<'_> {
    /// Opens the file in another process first, if it was not closed properly.
    pub(crate) fn probe(&self, database: &Path) -> Result<(), Error> {
        match self.probe {
            Some(probe) if database.with_added_extension("wal").exists() => probe(database),
            _ => Ok(()),
        }
    }

    /// Describes this process as the holder of a lock.
    pub(crate) fn holder(&self, now: Timestamp) -> Holder {
        Holder::new(self.command, now)
    }

    /// Describes who runs a simulation, for the journal.
    pub(crate) fn by(&self) -> String {
        let Holder { pid, host, .. } = self.holder(Timestamp::UNIX_EPOCH);
        let user = self.user.map(|user| format!("{user}, ")).unwrap_or_default();
        format!("{user}process {pid} on {host}")
    }
}

impl fmt::Debug for Caller<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, user, .. } = self;
        f.debug_struct("Caller").field("command", command).field("user", user).finish_non_exhaustive()
    }
}
