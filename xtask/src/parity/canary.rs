//! Searches what runs with a dbt executable print and leave on disk for the values of variables and for SQL. Neither may be
//! found, because both can hold what nobody else may see.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{ParityError, replace_in, write_census};
use crate::dbt::Dbt;
use crate::simulation::Simulation;
use crate::workspace::{copy_dbt_project, creates};

/// A column of the census and a rate, which are settings and so variables, and a literal of a model.
const CANARIES: [&str; 3] = ["Canary Of A Variable", "0.027183", "canary of a model"];

/// A model that lacks a variable, one that fails, and one that works.
const UNPARSED: &str = "select '{{ var('absent') }}' as a, 'canary of a model' as b";
const FAILING: &str = "select cast('canary of a model' as integer) as a";
const WORKING: &str = "select 'canary of a model' as a";

/// Fails, is killed, and finishes with each dbt.
pub(super) fn run(program: &Path, dbts: &[Dbt]) -> Result<String, ParityError> {
    for dbt in dbts {
        let folder = tempfile::tempdir().map_err(ParityError::system("create a temporary folder"))?;
        let problems = Trial::new(program, dbt, folder.path()).and_then(|trial| trial.problems());
        let mut problems = problems.unwrap_or_else(|error| vec![error.to_string()]);
        if !problems.is_empty() {
            problems.push(format!("what the runs left is kept in {}", folder.keep().display()));
            return Err(ParityError::Differs { settings: "canaries".to_owned(), differences: problems });
        }
    }
    Ok(format!("canaries: runs with {} dbt executables left no variables and no SQL", dbts.len()))
}

/// A run whose variables and models contain canaries.
struct Trial<'t> {
    program: &'t Path,
    dbt: &'t Dbt,
    /// What the user wrote; not searched.
    inputs: PathBuf,
    /// All that the run may write.
    searched: PathBuf,
}

impl<'t> Trial<'t> {
    fn new(program: &'t Path, dbt: &'t Dbt, folder: &Path) -> Result<Self, ParityError> {
        let system = ParityError::system("write inputs with canaries");
        let trial = Self { program, dbt, inputs: folder.join("inputs"), searched: folder.join("searched") };
        for folder in ["home", "tmp", "output", "database"] {
            fs::create_dir_all(trial.searched.join(folder)).map_err(&system)?;
        }
        fs::create_dir(&trial.inputs).map_err(&system)?;
        copy_dbt_project(&trial.project())?;
        let census = trial.inputs.join("census.csv");
        write_census(&census, 100)?;
        let [column, rate, _] = CANARIES;
        replace_in(&census, "employee_id", column)?;
        let settings = format!("census:\n  columns:\n    employee_id: {column}\ncompensation:\n  cola_rate: {rate}\n");
        fs::write(trial.inputs.join("canary.yaml"), settings).map_err(&system)?;
        Ok(trial)
    }

    fn project(&self) -> PathBuf {
        self.inputs.join("project")
    }

    fn database(&self) -> PathBuf {
        self.searched.join("database/canary.duckdb")
    }

    /// What is wrong with how runs end, and with what they leave.
    fn problems(&self) -> Result<Vec<String>, ParityError> {
        let mut problems = Vec::new();
        problems.extend(self.ends(UNPARSED, "--restart", false)?);
        problems.extend(self.ends(FAILING, "--restart", false)?);
        problems.extend(self.is_killed(WORKING)?);
        problems.extend(self.ends(WORKING, "--resume", true)?);
        problems.extend(self.found()?);
        Ok(problems)
    }

    /// The run with this model, from this start; its output is kept with what is searched.
    fn command(&self, model: &str, start: &str) -> Result<Command, ParityError> {
        let system = ParityError::system("prepare a run");
        fs::write(self.project().join("models/initialization/canary.sql"), model).map_err(&system)?;
        let (census, scenario, database) =
            (self.inputs.join("census.csv"), self.inputs.join("canary.yaml"), self.database());
        let simulation = Simulation {
            program: self.program,
            years: 1,
            census: &census,
            scenario: Some(&scenario),
            database: &database,
            dbt: Some(&self.dbt.0),
        };
        let mut command = simulation.command(&[]);
        command.arg("--project").arg(self.project()).args([start, "-vv"]);
        command.env("HOME", self.searched.join("home")).env("TMPDIR", self.searched.join("tmp"));
        let output = self.searched.join("output");
        let output = output.join(fs::read_dir(&output).map_err(&system)?.count().to_string());
        let output = File::create(output).map_err(&system)?;
        command.stdout(output.try_clone().map_err(&system)?).stderr(output).stdin(Stdio::null());
        Ok(command)
    }

    /// Runs to the end, and returns what is wrong with it.
    fn ends(&self, model: &str, start: &str, succeeds: bool) -> Result<Option<String>, ParityError> {
        let ended = self.command(model, start)?.status().map_err(ParityError::system("start the program"))?;
        let is_wrong = ended.success() != succeeds;
        Ok(is_wrong.then(|| format!("a run with `{model}` and {start} ended with {ended}")))
    }

    /// Kills the run while dbt builds the second stage, and returns why that failed.
    fn is_killed(&self, model: &str) -> Result<Option<String>, ParityError> {
        let system = ParityError::system("kill the program");
        let mut child = self.command(model, "--restart")?.spawn().map_err(&system)?;
        let call = self.database().with_added_extension("dbt").join("call3/target");
        creates(&mut child, &call).map_err(&system)?;
        child.kill().map_err(&system)?;
        let ended = child.wait().map_err(&system)?;
        Ok(ended.code().map(|_| format!("the run to kill ended before, with {ended}")))
    }

    /// Where canaries are. The database holds rows, settings, and models, because they are what it is for; all else may not.
    fn found(&self) -> Result<Vec<String>, ParityError> {
        let system = ParityError::system("search for canaries");
        let mut files = Vec::new();
        for folder in [&self.searched, &self.project()] {
            add_files(folder, &mut files).map_err(&system)?;
        }
        let is_allowed = |path: &Path| path == self.database() || path.ends_with("models/initialization/canary.sql");
        let mut found = Vec::new();
        for path in files.iter().filter(|path| !is_allowed(path)) {
            let content = fs::read(path).map_err(&system)?;
            let text = String::from_utf8_lossy(&content);
            let canaries = CANARIES.iter().filter(|canary| text.contains(**canary));
            found.extend(canaries.map(|canary| format!("`{canary}` is in {}", path.display())));
        }
        Ok(found)
    }
}

/// Adds all files in a folder, at any depth.
fn add_files(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            add_files(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
