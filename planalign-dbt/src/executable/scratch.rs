//! The private folder of a run: dbt's profile, its output, and its logs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A folder next to the database that only the user can read; removed on drop, and whatever a killed process left in it first.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    calls: u32,
}

impl Scratch {
    /// Creates the folder. The caller has the database locked, so nobody else uses it.
    pub(crate) fn create(database: &Path) -> io::Result<Self> {
        let path = std::path::absolute(database)?.with_added_extension("dbt");
        remove(&path)?;
        let mut folder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        folder.create(&path)?;
        Ok(Self { path, calls: 0 })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Creates the folder of one call.
    pub(crate) fn call(&mut self) -> io::Result<Call> {
        self.calls += 1;
        let path = self.path.join(format!("call{}", self.calls));
        fs::create_dir(&path)?;
        Ok(Call { path })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        discard(&self.path);
    }
}

/// The folder of one call, which contains SQL and variables; removed on drop.
#[derive(Debug)]
pub(crate) struct Call {
    path: PathBuf,
}

impl Call {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn target(&self) -> PathBuf {
        self.path.join("target")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        discard(&self.path);
    }
}

fn discard(path: &Path) {
    if let Err(error) = remove(path) {
        log::warn!("cannot remove `{}`, which contains dbt's logs: {error}", path.display());
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
