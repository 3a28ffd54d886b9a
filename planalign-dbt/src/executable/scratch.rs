//! The private folder of a run: dbt's profile, its output, and its logs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

/// A folder that only the user can read; removed on drop, and whatever a killed process left next to the database first.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    is_swept: bool,
    calls: u32,
    cleaner: Cleaner,
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
        Ok(Self { path, is_swept: true, calls: 0, cleaner: Cleaner::start()? })
    }

    /// Uses an empty folder that only the user can read.
    pub(crate) fn within(path: PathBuf) -> io::Result<Self> {
        Ok(Self { path, is_swept: false, calls: 0, cleaner: Cleaner::start()? })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the next run removes what is left if this process is killed.
    pub(crate) fn is_swept(&self) -> bool {
        self.is_swept
    }

    /// Creates the folder of one call, once those of earlier ones are gone.
    pub(crate) fn call(&mut self) -> io::Result<Call> {
        self.cleaner.finish();
        self.calls += 1;
        let path = self.path.join(format!("call{}", self.calls));
        fs::create_dir(&path)?;
        Ok(Call { path, cleaner: self.cleaner.tasks.clone() })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.cleaner.end();
        discard(&self.path);
    }
}

/// The folder of one call, which contains SQL and variables. On drop, its removal begins.
#[derive(Debug)]
pub(crate) struct Call {
    path: PathBuf,
    cleaner: Sender<Task>,
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
        // It has gone with the whole folder if nobody receives this.
        let _ = self.cleaner.send(Task::Remove(self.path.clone()));
    }
}

/// A thread that removes the folders of calls, of which dbt 2.0 fills each with hundreds of files, while the run goes on.
#[derive(Debug)]
struct Cleaner {
    tasks: Sender<Task>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Task {
    Remove(PathBuf),
    /// Drops the sender once everything before is done.
    Reach(Sender<()>),
    /// Ends the thread, although calls may still have a sender.
    End,
}

impl Cleaner {
    fn start() -> io::Result<Self> {
        let (tasks, received) = unbounded();
        let thread = thread::Builder::new().spawn(move || clean(&received))?;
        Ok(Self { tasks, thread: Some(thread) })
    }

    /// Waits until all folders so far are removed.
    fn finish(&self) {
        let (reached, wait) = bounded(0);
        // A thread that has panicked leaves folders, which go with the whole.
        if self.tasks.send(Task::Reach(reached)).is_ok() {
            let _ = wait.recv();
        }
    }

    fn end(&mut self) {
        let _ = self.tasks.send(Task::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn clean(tasks: &Receiver<Task>) {
    for task in tasks {
        match task {
            Task::Remove(folder) => discard(&folder),
            Task::Reach(reached) => drop(reached),
            Task::End => return,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_call_is_gone_before_the_next() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let database = folder.path().join("plan.duckdb");
        fs::create_dir_all(folder.path().join("plan.duckdb.dbt/left")).expect("of a killed process");
        let mut scratch = Scratch::create(&database).expect("created");
        assert!(!scratch.path().join("left").exists());
        for _ in 0..3 {
            let call = scratch.call().expect("a call");
            fs::create_dir_all(call.target().join("compiled")).expect("output");
            assert_eq!(fs::read_dir(scratch.path()).expect("list").count(), 1);
        }
        drop(scratch);
        assert!(!folder.path().join("plan.duckdb.dbt").exists());
    }

    #[test]
    fn a_call_may_outlive_the_folder() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let mut scratch = Scratch::create(&folder.path().join("plan.duckdb")).expect("created");
        let call = scratch.call().expect("a call");
        drop(scratch);
        assert!(!call.path().exists());
    }
}
