//! The database files that this process has open.
//!
//! A process opens a file once. The engine locks it with a lock of the process, which does not keep the same process out, and which
//! ends as soon as any handle of the file is closed: a second opening would take the lock away from the first.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::Inner;

/// The files, by what they are and not by how they are called.
static OPEN: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

/// A file that is open, as long as a connection to it is.
#[derive(Debug)]
pub(super) struct OpenFile {
    is_read_only: bool,
    connections: Mutex<Vec<Weak<Mutex<Inner>>>>,
}

struct Entry {
    file: FileId,
    open: Weak<OpenFile>,
}

/// What the process knows of a file that somebody wants to open.
pub(super) enum Found {
    /// It is not open.
    Closed,
    /// It is only read, so the engine that reads it can have another connection.
    Shared(Arc<Mutex<Inner>>),
    /// It is open, and one of the two writes.
    Busy,
}

/// The table, which nobody else changes meanwhile: from the look at a file until it is open.
pub(super) struct OpenFiles(MutexGuard<'static, Vec<Entry>>);

impl OpenFiles {
    pub(super) fn lock() -> Self {
        let mut entries = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| entry.open.strong_count() > 0);
        Self(entries)
    }

    pub(super) fn find(&self, path: &Path, read_only: bool) -> Found {
        let Some(file) = FileId::of(path) else { return Found::Closed };
        let open = self.0.iter().find(|entry| entry.file == file).and_then(|entry| entry.open.upgrade());
        match open {
            None => Found::Closed,
            Some(open) if open.is_read_only && read_only => open.connection().map_or(Found::Busy, Found::Shared),
            Some(_) => Found::Busy,
        }
    }

    /// Adds a file that has just been opened.
    pub(super) fn add(&mut self, path: &Path, is_read_only: bool) -> Arc<OpenFile> {
        let open = Arc::new(OpenFile { is_read_only, connections: Mutex::default() });
        if let Some(file) = FileId::of(path) {
            self.0.push(Entry { file, open: Arc::downgrade(&open) });
        }
        open
    }
}

impl OpenFile {
    /// Remembers a connection.
    pub(super) fn connected(&self, connection: &Arc<Mutex<Inner>>) {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.retain(|connection| connection.strong_count() > 0);
        connections.push(Arc::downgrade(connection));
    }

    fn connection(&self) -> Option<Arc<Mutex<Inner>>> {
        let connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.iter().find_map(Weak::upgrade)
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
