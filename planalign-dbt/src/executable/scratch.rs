//! The private folder of a run: dbt's profile, its output, and its logs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Sender, unbounded};

/// A folder that only the user can read; removed on drop, and whatever a killed process left next to the database first.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    calls: u32,
    /// Removes the folders of calls, of which dbt 2.0 fills each with hundreds of files, while the run goes on.
    cleaner: Option<(Sender<PathBuf>, JoinHandle<()>)>,
}

impl Scratch {
    /// Creates the folder next to a database. The caller has the database locked, so nobody else uses it.
    pub(crate) fn create(database: &Path) -> io::Result<Self> {
        let path = std::path::absolute(database)?.with_added_extension("dbt");
        remove(&path)?;
        let mut folder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        folder.create(&path)?;
        Ok(Self::within(path))
    }

    /// Uses an empty folder that only the user can read.
    pub(crate) fn within(path: PathBuf) -> Self {
        let (ended, folders) = unbounded::<PathBuf>();
        let cleaner = thread::spawn(move || folders.iter().for_each(|folder| discard(&folder)));
        Self { path, calls: 0, cleaner: Some((ended, cleaner)) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Creates the folder of one call.
    pub(crate) fn call(&mut self) -> io::Result<Call> {
        self.calls += 1;
        let path = self.path.join(format!("call{}", self.calls));
        fs::create_dir(&path)?;
        Ok(Call { path, ended: self.cleaner.as_ref().map(|(ended, _)| ended.clone()) })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some((ended, cleaner)) = self.cleaner.take() {
            drop(ended);
            // A panic there leaves folders, which go with this one.
            let _ = cleaner.join();
        }
        discard(&self.path);
    }
}

/// The folder of one call, which contains SQL and variables. On drop, its removal begins.
#[derive(Debug)]
pub(crate) struct Call {
    path: PathBuf,
    ended: Option<Sender<PathBuf>>,
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
        if let Some(ended) = &self.ended {
            let _ = ended.send(self.path.clone());
        }
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
