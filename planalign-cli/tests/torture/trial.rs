//! An uninterrupted run, and disturbed runs that are compared with it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::sandbox::{CommandOutput, Sandbox, captured, differences};

pub(crate) const YEARS: &str = "2025-2027";

/// A sandbox with an uninterrupted run in `uninterrupted.duckdb`.
pub(crate) struct Trial {
    pub(crate) sandbox: Sandbox,
    /// How long that run took.
    pub(crate) duration: Duration,
}

impl Trial {
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::new(300);
        let began = Instant::now();
        sandbox.simulated(&[
            YEARS,
            "--database",
            "uninterrupted.duckdb",
            "--reports",
            "uninterrupted",
            "--progress",
            "none",
        ]);
        Self { sandbox, duration: began.elapsed() }
    }

    /// `simulate` on a database of the sandbox, with a failpoint.
    pub(crate) fn command(&self, database: &str, resume: bool, failpoint: Option<&str>) -> Command {
        let reports = format!("{database}.reports");
        let mut command = self.sandbox.simulate_command(&[
            YEARS,
            "--database",
            database,
            "--reports",
            &reports,
            "--progress",
            "none",
        ]);
        command.args(resume.then_some("--resume")).stdout(Stdio::null()).stderr(Stdio::piped());
        command.envs(failpoint.map(|failpoint| ("PLANALIGN_FAILPOINT", failpoint)));
        command
    }

    /// Resumes a disturbed run, or starts it over if it wasn't recorded, and checks its tables, checkpoints, and reports.
    pub(crate) fn finish(&self, database: &str, case: &str) {
        let mut result =
            captured(&self.command(database, self.exists(database), None).output().expect("run planalign"));
        if has_nothing_to_resume(&result) {
            result = captured(&self.command(database, false, None).output().expect("run planalign"));
        }
        assert_eq!(result.code, 0, "{case}: {}", result.stderr);
        self.check_same_as_uninterrupted(database, case);
        let verified = self.sandbox.command(&["checkpoint", "verify", "--database", database]).output();
        let verified = captured(&verified.expect("run planalign"));
        assert_eq!(verified.code, 0, "{case}: {}{}", verified.stdout, verified.stderr);
        for report in ["year_2025.json", "year_2026.json", "year_2027.json", "multi_year_summary_2025_2027.csv"] {
            let report = self.sandbox.path(&format!("{database}.reports/{report}"));
            assert!(report.exists(), "{case}: {} is missing", report.display());
        }
        self.remove(database);
    }

    /// Asserts that the tables equal those of the uninterrupted run.
    pub(crate) fn check_same_as_uninterrupted(&self, database: &str, case: &str) {
        let different = differences(&self.sandbox.path("uninterrupted.duckdb"), &self.sandbox.path(database));
        assert_eq!(different, Vec::<String>::new(), "{case}");
    }

    pub(crate) fn exists(&self, database: &str) -> bool {
        self.sandbox.path(database).exists()
    }

    /// Copies the database of the uninterrupted run.
    pub(crate) fn copy_uninterrupted(&self, database: &str) -> PathBuf {
        let path = self.sandbox.path(database);
        fs::copy(self.sandbox.path("uninterrupted.duckdb"), &path).expect("copy");
        path
    }

    /// Removes a database and all files next to it.
    pub(crate) fn remove(&self, database: &str) {
        for suffix in ["", ".wal", ".lock", ".blocks"] {
            let _ = fs::remove_file(self.sandbox.path(&format!("{database}{suffix}")));
        }
        for folder in [format!("{database}.reports"), format!(".planalign_checkpoints/{database}")] {
            let _ = fs::remove_dir_all(self.sandbox.path(&folder));
        }
    }
}

pub(crate) fn has_nothing_to_resume(output: &CommandOutput) -> bool {
    output.code == 2 && ["no run to resume", "` not found"].iter().any(|text| output.stderr.contains(text))
}
