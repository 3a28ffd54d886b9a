//! A temporary directory for a test, with a census, where the binary runs with a cleared environment.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use planalign_config::{Database, DatabaseOptions};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;

/// Columns of the generated censuses.
pub(crate) const HEADER: &str = "employee_id,employee_birth_date,employee_hire_date,employee_termination_date,\
    employee_gross_compensation,employee_deferral_rate,scheduled_hours_per_week,auto_escalation_opt_out,eligibility_override";

pub(crate) struct Sandbox {
    directory: TempDir,
}

/// The exit code and output of a command.
pub(crate) struct CommandOutput {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    /// Creates a sandbox with a `census.csv` of this many people.
    pub(crate) fn new(people: usize) -> Self {
        let sandbox = Self { directory: tempfile::tempdir().expect("temporary directory") };
        sandbox.write("census.csv", &census(people, 1));
        sandbox
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).expect("write");
    }

    /// The binary with these arguments, to run in the sandbox.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_planalign"));
        command.args(arguments).current_dir(self.directory.path()).env_clear().stdin(Stdio::null());
        // Tells an instrumented program where to write its counters (`cargo xtask coverage`).
        command.envs(std::env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file)));
        command
    }

    /// `simulate` with the project's models, its default configuration and the sandbox's census.
    pub(crate) fn simulate_command(&self, arguments: &[&str]) -> Command {
        let root = repository();
        let mut command = self.command(&["simulate"]);
        if !arguments.contains(&"--project") {
            command.arg("--project").arg(root.join("dbt"));
        }
        if !arguments.contains(&"--config") {
            command.arg("--config").arg(root.join("config/simulation_config.yaml"));
        }
        if !arguments.contains(&"--census") {
            command.args(["--census", "census.csv"]);
        }
        command.args(arguments);
        command
    }

    pub(crate) fn simulate(&self, arguments: &[&str]) -> CommandOutput {
        captured(&self.simulate_command(arguments).output().expect("run planalign"))
    }

    /// Runs `simulate`, which must succeed.
    pub(crate) fn simulated(&self, arguments: &[&str]) -> CommandOutput {
        let output = self.simulate(arguments);
        assert_eq!(output.code, 0, "{}\n{}", output.stdout, output.stderr);
        output
    }

    /// Runs `simulate` and kills it once at least this many stages are committed, reported, and mirrored.
    pub(crate) fn killed_after(&self, stages: usize, database: &str, arguments: &[&str]) {
        let mut command = self.simulate_command(arguments);
        command.args(["--database", database, "--progress", "json"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("spawn");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
        for _ in 0..stages {
            let committed = lines.find(|line| line.as_ref().expect("a line").contains("checkpoint_saved"));
            assert!(committed.is_some(), "the run ended too early");
        }
        while self.mirrored(database).len() < stages {
            std::thread::yield_now();
        }
        child.kill().expect("kill");
        child.wait().expect("wait");
    }

    /// The mirrored checkpoints of a database's only run, in order.
    pub(crate) fn mirrored(&self, database: &str) -> Vec<PathBuf> {
        let of_database = self.path(".planalign_checkpoints").join(database);
        let paths =
            |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut files: Vec<PathBuf> = paths(of_database).flat_map(paths).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
        files.sort();
        files
    }

    /// Copies the dbt project to `dbt_copy` and adds a model, `broken_model`.
    pub(crate) fn write_project_with(&self, sql: &str) {
        self.copy_project();
        self.write("dbt_copy/models/validation/broken_model.sql", sql);
    }

    /// Copies the dbt project to `dbt_copy`.
    pub(crate) fn copy_project(&self) {
        copy(&repository().join("dbt"), &self.path("dbt_copy"));
    }

    /// Opens a database to change it behind the program's back.
    pub(crate) fn tamper(&self, name: &str, sql: &str) {
        let database = Database::open(&self.path(name), &DatabaseOptions::default()).expect("open the database");
        database.execute_batch(sql).expect("tamper");
    }

    pub(crate) fn open(&self, name: &str) -> Database {
        let options = DatabaseOptions { read_only: true, ..DatabaseOptions::default() };
        Database::open(&self.path(name), &options).expect("open the database")
    }

    /// Replaces the paths in a text that differ from run to run.
    pub(crate) fn redact(&self, text: &str) -> String {
        let directory = self.directory.path().to_string_lossy().into_owned();
        text.replace(&directory, "[DIR]").replace(&repository().to_string_lossy().into_owned(), "[REPO]")
    }
}

/// Copies a folder, except for what dbt may have written to it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("create");
    for entry in std::fs::read_dir(from).expect("read").map(|e| e.expect("entry")) {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        match source.is_dir() {
            true if entry.file_name() == "target" || entry.file_name() == "logs" => {}
            true => copy(&source, &target),
            false => std::fs::copy(&source, &target).map(drop).expect("copy"),
        }
    }
}

pub(crate) fn captured(output: &Output) -> CommandOutput {
    // Advice repeats the command as it was typed.
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(env!("CARGO_BIN_EXE_planalign"), "planalign");
    CommandOutput {
        code: output.status.code().unwrap_or(-1),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository")
}

/// A census as of Dec 31, 2024.
pub(crate) fn census(people: usize, seed: u64) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut rows = vec![HEADER.to_owned()];
    for i in 1..=people {
        let birth_year = rng.random_range(1958..2004);
        let hire_year = rng.random_range(2000.max(birth_year + 18)..=2024);
        let day = |rng: &mut ChaCha8Rng| (rng.random_range(1..=12), rng.random_range(1..=28));
        let ((birth_month, birth_day), (hire_month, hire_day)) = (day(&mut rng), day(&mut rng));
        let pay =
            if rng.random_bool(0.7) { rng.random_range(42_000..85_000) } else { rng.random_range(85_000..400_000) };
        let deferral = [0, 0, 3, 4, 6, 10][rng.random_range(0..6)];
        let hours = if rng.random_bool(0.1) { 20 } else { 40 };
        let opt_out = rng.random_bool(0.05);
        let plan = if rng.random_bool(0.02) { "false" } else { "" };
        rows.push(format!(
            "E{i:06},{birth_year}-{birth_month:02}-{birth_day:02},{hire_year}-{hire_month:02}-{hire_day:02},,\
             {pay}.{cents:02},0.{deferral:02},{hours},{opt_out},{plan}",
            cents = rng.random_range(0..100)
        ));
    }
    rows.join("\n") + "\n"
}

/// Returns the tables in which two databases differ, except for the program's own records.
pub(crate) fn differences(a: &Path, b: &Path) -> Vec<String> {
    let database = Database::in_memory(&DatabaseOptions::default()).expect("database");
    for (alias, path) in [("a", a), ("b", b)] {
        let path = path.to_string_lossy().replace('\'', "''");
        database.execute_batch(&format!("attach '{path}' as {alias} (read_only)")).expect("attach");
    }
    let names = |alias: &str| -> Vec<String> {
        let sql = "select schema_name || '.' || table_name as name from duckdb_tables() where database_name = ? and \
                   (schema_name = 'main' or table_name like '%\\_registry' escape '\\') order by all";
        database.query(sql, &[alias.into()]).and_then(|table| table.texts("name")).expect("tables")
    };
    let (tables, others) = (names("a"), names("b"));
    assert!(!tables.is_empty(), "no tables to compare");
    let mut different: Vec<String> = others.iter().filter(|t| !tables.contains(t)).cloned().collect();
    for table in tables {
        let count = |x: &str, y: &str| {
            let sql = format!("select count(*) from (from {x}.{table} except all from {y}.{table})");
            database.query_value(&sql, &[]).ok().and_then(|count| count.integer())
        };
        if (count("a", "b"), count("b", "a")) != (Some(0), Some(0)) {
            different.push(table);
        }
    }
    different
}
