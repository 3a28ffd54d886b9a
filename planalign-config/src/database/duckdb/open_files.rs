//! The database files that this process has open.
//!
//! A process opens a file only once. The engine uses a process-level lock, which doesn't exclude the same process and is
//! released as soon as any handle to the file is closed, so opening it twice would release the first lock.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::Inner;

/// The files that are open or being opened.
static OPEN: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

/// An open file; it stays open as long as a connection to it exists.
#[derive(Debug)]
pub(super) struct OpenFile {
    is_read_only: bool,
    connections: Mutex<Vec<Weak<Mutex<Inner>>>>,
}

struct Entry {
    /// Identifies the file regardless of its name; `None` until it is created.
    id: Option<FileId>,
    path: PathBuf,
    open: Weak<OpenFile>,
}

/// The result of claiming a file.
pub(super) enum Claim {
    /// The file isn't open; the caller opens it.
    New(Arc<OpenFile>),
    /// The file is open read-only, so its engine can add a connection.
    Shared(Arc<OpenFile>),
    /// The file is open, and one of the two writes.
    Busy,
}

/// Claims a file before opening it.
pub(super) fn claim(path: &Path, read_only: bool) -> Claim {
    let (id, path) = (FileId::of(path), resolved(path));
    let mut entries = entries();
    let is_same = |entry: &&Entry| match (&entry.id, &id) {
        (Some(of_entry), Some(id)) => of_entry == id,
        _ => entry.path == path,
    };
    match entries.iter().find(is_same).and_then(|entry| entry.open.upgrade()) {
        Some(open) if open.is_read_only && read_only => Claim::Shared(open),
        Some(_) => Claim::Busy,
        None => {
            let open = Arc::new(OpenFile { is_read_only: read_only, connections: Mutex::default() });
            entries.push(Entry { id, path, open: Arc::downgrade(&open) });
            Claim::New(open)
        }
    }
}

/// The table without closed files. It must not be locked while a file is opened, which can take minutes.
fn entries() -> MutexGuard<'static, Vec<Entry>> {
    let mut entries = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    entries.retain(|entry| entry.open.strong_count() > 0);
    entries
}

/// A path that identifies a file that doesn't exist yet.
fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let parent = absolute.parent().and_then(|parent| fs::canonicalize(parent).ok());
    match (parent, absolute.file_name()) {
        (Some(parent), Some(name)) => parent.join(name),
        _ => absolute,
    }
}

impl OpenFile {
    /// Locks the connections. The opener holds the lock until the file is open; others who want the same file wait.
    pub(super) fn connections(&self) -> MutexGuard<'_, Vec<Weak<Mutex<Inner>>>> {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.retain(|connection| connection.strong_count() > 0);
        connections
    }

    /// A connection that can be cloned.
    pub(super) fn connection(&self) -> Option<Arc<Mutex<Inner>>> {
        self.connections().iter().find_map(Weak::upgrade)
    }

    /// Records the file's identity once it exists.
    pub(super) fn identify(&self, path: &Path) {
        if let Some(entry) = entries().iter_mut().find(|entry| std::ptr::eq(entry.open.as_ptr(), self)) {
            entry.id = FileId::of(path);
        }
    }
}

/// Identifies a file regardless of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg(unix)]
pub(super) struct FileId(u64, u64);

#[cfg(unix)]
impl FileId {
    pub(super) fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(path).ok().map(|file| Self(file.dev(), file.ino()))
    }
}

/// Identifies a file by its path.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg(not(unix))]
pub(super) struct FileId(std::path::PathBuf);

#[cfg(not(unix))]
impl FileId {
    pub(super) fn of(path: &Path) -> Option<Self> {
        fs::canonicalize(path).ok().map(Self)
    }
}
