//! `logs/<run id>.jsonl` next to the database: the events of a run as they happen, readable while the run has the database
//! locked. The journal in the database is the record; a run never reads this file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use planalign_config::failpoint;
use planalign_registries::RunEvent;

/// The path of a run's event log.
#[must_use]
pub fn path(database: &Path, run_id: &str) -> PathBuf {
    database.parent().unwrap_or(Path::new("")).join("logs").join(format!("{run_id}.jsonl"))
}

/// Appends events to the log of a run. Warns once if the file cannot be written, without stopping the run.
pub(crate) struct RunLog {
    path: PathBuf,
    file: Option<File>,
}

impl RunLog {
    pub(crate) fn open(database: &Path, run_id: &str) -> Self {
        let path = path(database, run_id);
        let mut log = Self { path, file: None };
        match log.create() {
            Ok(file) => log.file = Some(file),
            Err(cause) => log.give_up(&cause),
        }
        log
    }

    fn create(&self) -> io::Result<File> {
        fs::create_dir_all(self.path.parent().unwrap_or(Path::new("")))?;
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(&self.path)?;
        let mut last = [b'\n'];
        if file.seek(SeekFrom::End(-1)).is_ok() {
            file.read_exact(&mut last)?;
        }
        if last != [b'\n'] {
            // A killed process left a partial line.
            file.write_all(b"\n")?;
        }
        Ok(file)
    }

    /// Writes a line immediately, so that readers see it.
    pub(crate) fn write(&mut self, event: &RunEvent) {
        let Some(file) = &mut self.file else { return };
        let written = serde_json::to_vec(event).map_err(io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            failpoint::pass("write.log")?;
            file.write_all(&line)
        });
        if let Err(cause) = written {
            self.give_up(&cause);
        }
    }

    fn give_up(&mut self, cause: &io::Error) {
        log::warn!("cannot write the event log to `{}`: {cause}", self.path.display());
        self.file = None;
    }
}

/// Reads events from a log that may still grow.
#[derive(Debug)]
pub struct RunLogReader {
    reader: BufReader<File>,
    line: String,
}

impl RunLogReader {
    /// Opens the log of a run.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { reader: BufReader::new(File::open(path)?), line: String::new() })
    }

    /// Returns the events written since the last call. A line still being written waits for the next call; one that a killed
    /// process left unfinished, or that a newer version wrote in another format, is skipped.
    pub fn read(&mut self) -> io::Result<Vec<RunEvent>> {
        let mut events = Vec::new();
        while self.reader.read_line(&mut self.line)? > 0 && self.line.ends_with('\n') {
            events.extend(serde_json::from_str::<RunEvent>(&self.line));
            self.line.clear();
        }
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use planalign_registries::RunEventKind;

    use super::*;

    fn event(sequence: u64) -> RunEvent {
        let timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        let kind = RunEventKind::YearStarted { year: 2026 };
        RunEvent { sequence, run_id: "r".to_owned(), timestamp, since_start: std::time::Duration::ZERO, kind }
    }

    #[test]
    fn written_events_can_be_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("simulation.duckdb");
        let mut log = RunLog::open(&database, "r");
        let mut reader = RunLogReader::open(&path(&database, "r")).expect("open the log");
        assert_eq!(reader.read().expect("read"), []);
        log.write(&event(1));
        log.write(&event(2));
        assert_eq!(reader.read().expect("read"), [event(1), event(2)]);
        assert_eq!(reader.read().expect("read"), []);
        // Another process resumes the run after one was killed while writing.
        let mut file = OpenOptions::new().append(true).open(path(&database, "r")).expect("open the log");
        let line = serde_json::to_string(&event(3)).expect("JSON");
        let (first, second) = line.split_at(20);
        file.write_all(first.as_bytes()).expect("write");
        assert_eq!(reader.read().expect("read"), []);
        file.write_all(format!("{second}\n{{\"half\":").as_bytes()).expect("write");
        RunLog::open(&database, "r").write(&event(4));
        assert_eq!(reader.read().expect("read"), [event(3), event(4)]);
    }

    #[test]
    fn a_log_that_cannot_be_written_is_not_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("logs"), "a file").expect("write");
        RunLog::open(&folder.path().join("simulation.duckdb"), "r").write(&event(1));
    }
}
