//! One run at a time: the lock next to a database, and its holder.
//!
//! The lock is the kernel's on `<database>.lock`, so it ends with the process, however that ends. While locked, the file names
//! the holder; otherwise its content means nothing. It is never removed: a process that opened it just before would hold a
//! lock that nobody else sees.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::diagnostic::{Diagnostic, Hint};
use crate::runtime::failpoint;
use crate::runtime::fault::Fault;

/// Looking up the holder locks the file briefly, and a new holder takes a moment to write its name; both are waited for.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(10);

/// The process that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process ID; 0 if unknown.
    pub pid: u32,
    /// Command line.
    pub command: String,
    /// When the lock was acquired.
    pub started_at: Timestamp,
    /// Run ID, once there is one.
    pub run_id: Option<String>,
    /// Host name.
    pub host: String,
}

/// The lock can't be acquired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process holds the lock.
    #[error("`{}` is in use by {}", database.display(), holder)]
    Held {
        /// The database.
        database: PathBuf,
        /// The process that holds it.
        holder: Box<Holder>,
    },
    /// The lock file can't be opened, locked, read, or written.
    #[error("cannot use the lock file `{}`", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// The cause.
        #[source]
        cause: io::Error,
    },
}

impl Diagnostic for LockError {
    fn hints(&self) -> Vec<Hint> {
        vec![Hint::text(match self {
            Self::Held { .. } => "wait for it to finish, or use another file with `--database`",
            Self::Io { .. } => {
                "check that the directory exists and is writable, or choose another file with `--database`"
            }
        })]
    }
}

/// An acquired lock, released on drop.
#[derive(Debug)]
pub struct RunLock {
    file: File,
    path: PathBuf,
    holder: Holder,
}

impl RunLock {
    /// Returns whether a database has a lock file, which every run leaves behind.
    #[must_use]
    pub fn exists(database: &Path) -> bool {
        lock_path(database).exists()
    }

    /// Acquires the lock of a database, which need not exist yet, on behalf of `holder`.
    pub fn acquire(database: &Path, holder: &Holder) -> Result<Self, LockError> {
        let path = lock_path(database);
        let failed = |cause| LockError::Io { path: path.clone(), cause };
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
        let file = options.open(&path).map_err(failed)?;
        for attempt in 0..ATTEMPTS {
            match file.try_lock() {
                Ok(()) => {
                    let mut lock = Self { file, path: path.clone(), holder: holder.clone() };
                    lock.write().map_err(failed)?;
                    return Ok(lock);
                }
                Err(TryLockError::WouldBlock) if attempt + 1 < ATTEMPTS => thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(cause)) => return Err(failed(cause)),
            }
        }
        let holder = read_holder(&file).unwrap_or_else(Holder::nameless);
        Err(LockError::Held { database: database.to_owned(), holder: Box::new(holder) })
    }

    /// Records the current run, or that there is none, in the lock file.
    pub fn update(&mut self, run_id: Option<&str>) -> Result<(), LockError> {
        self.holder.run_id = run_id.map(str::to_owned);
        self.write().map_err(|cause| LockError::Io { path: self.path.clone(), cause })
    }

    /// Returns the holder of a database's lock; `None` if it isn't locked or the lock file can't be read. Writes nothing.
    #[must_use]
    pub fn holder(database: &Path) -> Option<Holder> {
        let file = File::open(lock_path(database)).ok()?;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                thread::sleep(PAUSE);
            }
            match file.try_lock_shared() {
                // Closing the file releases the shared lock.
                Ok(()) | Err(TryLockError::Error(_)) => return None,
                Err(TryLockError::WouldBlock) => {}
            }
            if let Some(holder) = read_holder(&file) {
                return Some(holder);
            }
        }
        Some(Holder::nameless())
    }

    fn write(&mut self) -> io::Result<()> {
        let mut line = serde_json::to_string(&self.holder)?;
        line.push('\n');
        failpoint::pass("write.lock")?;
        // Written at once and then truncated: readers take the first line, so they see either the old or the new one.
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(line.as_bytes())?;
        self.file.set_len(line.len() as u64)
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Leftover content is ignored because nobody holds the lock; an empty file is just clearer to people who look.
        if let Err(cause) = self.file.set_len(0) {
            log::debug!("cannot empty {}: {cause}", self.path.display());
        }
    }
}

impl Holder {
    /// Describes this process, with its command line and without a run.
    #[must_use]
    pub fn new(command: &str, started_at: Timestamp) -> Self {
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host = if host.trim().is_empty() { "this machine" } else { host.trim() };
        Self { pid: std::process::id(), command: command.to_owned(), started_at, run_id: None, host: host.to_owned() }
    }

    /// A holder whose lock file doesn't name it.
    fn nameless() -> Self {
        let unknown = || "unknown".to_owned();
        Self { pid: 0, command: unknown(), started_at: Timestamp::UNIX_EPOCH, run_id: None, host: unknown() }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, command, started_at, run_id, host } = self;
        if *pid == 0 {
            return f.write_str("another process");
        }
        write!(f, "process {pid} on {host} since {started_at:.0} ({command})")?;
        run_id.as_ref().map_or(Ok(()), |id| write!(f, ", run {id}"))
    }
}

impl LockError {
    /// Classifies the error by what can be done about it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Held { .. } => Fault::Busy,
            Self::Io { cause, .. } => cause.kind().into(),
        }
    }
}

/// `<database>.lock`, next to the resolved file, so that every path to a database leads to the same lock.
fn lock_path(database: &Path) -> PathBuf {
    let database = fs::canonicalize(database).unwrap_or_else(|_| database.to_owned());
    let mut name = OsString::from(database);
    name.push(".lock");
    PathBuf::from(name)
}

/// The holder named in the first line of the file.
fn read_holder(mut file: &File) -> Option<Holder> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(text.split_once('\n')?.0).ok()
}

#[cfg(test)]
mod tests;
