//! The database files that this process has open.
//!
//! A process opens a file once. The engine locks it with a lock of the process, which does not keep the same process out, and which
//! ends as soon as any handle of the file is closed: a second opening would take the lock away from the first.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::Inner;

/// The files that are open or about to be.
static OPEN: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

/// A file that is open, as long as a connection to it is.
#[derive(Debug)]
pub(super) struct OpenFile {
    is_read_only: bool,
    connections: Mutex<Vec<Weak<Mutex<Inner>>>>,
}

struct Entry {
    /// What the file is, not how it is called; `None` until it is created.
    id: Option<FileId>,
    path: PathBuf,
    open: Weak<OpenFile>,
}

/// What a caller who wants to open a file gets.
pub(super) enum Claim {
    /// The file is not open; the caller opens it.
    New(Arc<OpenFile>),
    /// It is only read, so the engine that reads it can have another connection.
    Shared(Arc<OpenFile>),
    /// It is open, and one of the two writes.
    Busy,
}

/// Claims a file for whoever is about to open it.
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

/// The table, without the files that are closed. Nobody holds it for long: opening a file can take minutes.
fn entries() -> MutexGuard<'static, Vec<Entry>> {
    let mut entries = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    entries.retain(|entry| entry.open.strong_count() > 0);
    entries
}

/// A path by which a file that isn't there yet can be recognized.
fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let parent = absolute.parent().and_then(|parent| fs::canonicalize(parent).ok());
    match (parent, absolute.file_name()) {
        (Some(parent), Some(name)) => parent.join(name),
        _ => absolute,
    }
}

impl OpenFile {
    /// The connections. Who opens the file holds them until it is open, and others who want the same file wait.
    pub(super) fn connections(&self) -> MutexGuard<'_, Vec<Weak<Mutex<Inner>>>> {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.retain(|connection| connection.strong_count() > 0);
        connections
    }

    /// A connection that another can be made from.
    pub(super) fn connection(&self) -> Option<Arc<Mutex<Inner>>> {
        self.connections().iter().find_map(Weak::upgrade)
    }

    /// Notes what the file is, once it is there.
    pub(super) fn identify(&self, path: &Path) {
        if let Some(entry) = entries().iter_mut().find(|entry| std::ptr::eq(entry.open.as_ptr(), self)) {
            entry.id = FileId::of(path);
        }
    }
}

/// What a file is, however many names it has.
#[derive(Debug, PartialEq, Eq)]
#[cfg(unix)]
struct FileId(u64, u64);

#[cfg(unix)]
impl FileId {
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(path).ok().map(|file| Self(file.dev(), file.ino()))
    }
}

/// What a file is, where its name has to do.
#[derive(Debug, PartialEq, Eq)]
#[cfg(not(unix))]
struct FileId(std::path::PathBuf);

#[cfg(not(unix))]
impl FileId {
    fn of(path: &Path) -> Option<Self> {
        fs::canonicalize(path).ok().map(Self)
    }
}
