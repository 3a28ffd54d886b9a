//! The census as the models read it, on disk for as long as a run or a check needs it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The start of the names of the files, by which the next run finds what a crash left.
const PREFIX: &str = "planalign_census_";

/// A file that only the user can read, removed with the value.
#[derive(Debug)]
pub(crate) struct CensusSpill {
    pub(crate) path: PathBuf,
    /// Its folder, if it's the only file there.
    _folder: Option<TempDir>,
}

impl CensusSpill {
    /// Writes the census next to a database, in the directory for what the engine spills. The database must be locked.
    pub(crate) fn beside(database: &Path, run: &str, census: &[u8]) -> io::Result<Self> {
        remove_left_behind(database);
        let folder = spill_directory(database);
        fs::create_dir_all(&folder)?;
        let path = std::path::absolute(folder.join(format!("{PREFIX}{run}.csv")))?;
        let spill = Self { path, _folder: None };
        write_privately(&spill.path, census)?;
        Ok(spill)
    }

    /// Writes the census to a temporary directory.
    pub(crate) fn temporary(census: &[u8]) -> io::Result<Self> {
        let folder = TempDir::new()?;
        let path = folder.path().join("census.csv");
        write_privately(&path, census)?;
        Ok(Self { path, _folder: Some(folder) })
    }
}

impl Drop for CensusSpill {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            log::warn!("cannot remove `{}`, which contains the census: {error}", self.path.display());
        }
        // Fails if the engine has files there.
        let _ = self.path.parent().map(fs::remove_dir);
    }
}

/// Removes what a crashed run left of its census.
pub(crate) fn remove_left_behind(database: &Path) {
    let entries = fs::read_dir(spill_directory(database)).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        if let Err(error) = fs::remove_file(entry.path()) {
            log::warn!(
                "cannot remove `{}`, which contains the census of a killed run: {error}",
                entry.path().display()
            );
        }
    }
}

fn spill_directory(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".tmp");
    PathBuf::from(path)
}

fn write_privately(path: &Path, content: &[u8]) -> io::Result<()> {
    private(path)?.write_all(content)
}

#[cfg(unix)]
fn private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_census_and_nothing_is_left_of_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("folder");
        let database = folder.path().join("a.duckdb");
        let mode = |path: &Path| fs::metadata(path).expect("file").permissions().mode() & 0o777;
        let spill = CensusSpill::beside(&database, "run", b"a,b\n").expect("write");
        assert_eq!(mode(&spill.path), 0o600);
        // A killed process drops nothing.
        std::mem::forget(spill);
        let spill = CensusSpill::beside(&database, "other", b"a,b\n").expect("write");
        assert_eq!(fs::read_dir(spill_directory(&database)).expect("folder").count(), 1);
        drop(spill);
        assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 0);

        let spill = CensusSpill::temporary(b"a,b\n").expect("write");
        assert_eq!(mode(&spill.path), 0o600);
        let path = spill.path.clone();
        drop(spill);
        assert!(!path.parent().expect("folder").exists());
    }
}
