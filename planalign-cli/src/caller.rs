//! Who uses the library, and what it is given because the library may not take it itself.

use std::fmt;
use std::path::Path;

use jiff::Timestamp;
use planalign_config::lock::Holder;

use crate::error::Error;

/// Opens a database in another process, because a damaged file can end the process that opens it.
pub type Probe = dyn Fn(&Path) -> Result<(), Error>;

/// The process that calls, as locks and journals name it.
#[derive(Clone, Copy, Default)]
pub struct Caller<'a> {
    /// Its command line.
    pub command: &'a str,
    /// The user, if known.
    pub user: Option<&'a str>,
    /// Called before a database is opened that was not closed properly; `None`: such a file is opened without a test.
    pub probe: Option<&'a Probe>,
}

impl Caller<'_> {
    /// Opens the file in another process first, if it was not closed properly.
    pub(crate) fn probe(&self, database: &Path) -> Result<(), Error> {
        match self.probe {
            Some(probe) if database.with_added_extension("wal").exists() => probe(database),
            _ => Ok(()),
        }
    }

    /// The holder of a lock.
    pub(crate) fn holder(&self, now: Timestamp) -> Holder {
        Holder::new(self.command, now)
    }

    /// Who runs a simulation, for the journal.
    pub(crate) fn by(&self) -> String {
        let Holder { pid, host, .. } = self.holder(Timestamp::UNIX_EPOCH);
        let user = self.user.map(|user| format!("{user}, ")).unwrap_or_default();
        format!("{user}process {pid} on {host}")
    }
}

impl fmt::Debug for Caller<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, user, probe } = self;
        let (command, user, probe) = (command, user, probe.is_some());
        f.debug_struct("Caller").field("command", command).field("user", user).field("probe", &probe).finish()
    }
}
