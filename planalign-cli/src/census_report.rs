//! What a census contains and how it is read, without a run.

use std::fs;
use std::path::{Path, PathBuf};

use planalign_config::census::{Census, CensusFile, Reading};
use planalign_config::settings::{DEFAULT_CONFIG, Sources, load};
use planalign_config::{Database, DatabaseError, DatabaseOptions, Tables};
use planalign_dbt::{EmbeddedRunner, Flow, ModelRunner};
use serde::Serialize;

use crate::census_spill::CensusSpill;
use crate::error::Error;
use crate::input_options::InputOptions;

/// How a census file was read, and what a run would do with its rows.
#[derive(Debug)]
pub struct CensusReport {
    /// The file.
    pub file: CensusFile,
    /// How it was read.
    pub reading: Reading,
    /// What a run would do with the rows; `None` without a dbt project.
    pub rows: Option<RowCounts>,
    /// The configuration that was used; `None` if there is none, so the defaults apply.
    pub configuration: Option<PathBuf>,
}

/// What a run would do with the rows of a census.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowCounts {
    /// Rows that are used.
    pub accepted: i64,
    /// Accepted rows that were changed.
    pub corrected: i64,
    /// Rows that aren't about somebody employed on the as-of date.
    pub skipped: i64,
    /// Rows that can't be used.
    pub rejected: i64,
    /// All problems of rows, by row.
    pub issues: Vec<RowIssue>,
}

/// A problem of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowIssue {
    /// The row, as spreadsheets count.
    pub row: i64,
    /// The field.
    pub column: String,
    /// The problem.
    pub problem: String,
    /// What was done: `rejected`, `left_out`, `corrected`, or `grandfathered`.
    pub action: String,
    /// Another row that it is about.
    pub other_row: Option<i64>,
}

const COUNTS: &str = "select accepted_rows, corrected_rows, left_out_rows, rejected_rows from stg_census_summary";

const ISSUES: &str = "select row_number, column_name, problem, action, other_row from stg_census_issues order by row_number, column_name, problem";

/// Reads a census as a run would.
pub fn census_report(options: &InputOptions) -> Result<CensusReport, Error> {
    let (sources, defaults) = sources(options)?;
    let configuration = defaults.is_none().then(|| sources.file.clone());
    let settings = load(&sources)?.settings;
    let database = Database::in_memory(&DatabaseOptions::default())?;
    let start_year = settings.simulation.start_year;
    let Census { file, reading, canonical } =
        Census::read(&settings.census, start_year, options.pseudonym_key()?.as_ref(), &database)?;
    let project = options.project();
    let rows = if project.join("dbt_project.yml").is_file() {
        let spill = CensusSpill::temporary(&canonical).map_err(Error::Spill)?;
        drop(canonical);
        let vars = planalign_config::settings::vars::dbt_vars(&settings, start_year, &spill.path);
        let mut runner = EmbeddedRunner::load(project, database.clone(), &vars)?;
        let nodes = runner.select("+stg_census_summary +stg_census_issues")?;
        runner.run(&nodes, &vars, 1, &mut |_| Flow::Continue)?;
        Some(row_counts(&database)?)
    } else {
        None
    };
    Ok(CensusReport { file, reading, rows, configuration })
}

/// The layers of the configuration; without a file, the defaults in a temporary one.
fn sources(options: &InputOptions) -> Result<(Sources, Option<tempfile::TempDir>), Error> {
    let mut sources = options.sources();
    if options.config.is_some() || sources.file.exists() {
        return Ok((sources, None));
    }
    let folder = tempfile::tempdir().map_err(Error::Scratch)?;
    sources.file = folder.path().join(Path::new(InputOptions::CONFIG).file_name().unwrap_or_default());
    fs::write(&sources.file, DEFAULT_CONFIG).map_err(Error::Scratch)?;
    Ok((sources, Some(folder)))
}

fn row_counts(tables: &dyn Tables) -> Result<RowCounts, DatabaseError> {
    let counts = tables.query(COUNTS, &[])?;
    let count =
        |column: &str| counts.rows.first().map_or(Ok(None), |row| row.integer(column)).map(Option::unwrap_or_default);
    let issues = tables.query(ISSUES, &[])?;
    let issue = |row: &planalign_config::Row| {
        let text = |column: &str| row.text(column).map(Option::unwrap_or_default);
        Ok(RowIssue {
            row: row.integer("row_number")?.unwrap_or_default(),
            column: text("column_name")?,
            problem: text("problem")?,
            action: text("action")?,
            other_row: row.integer("other_row")?,
        })
    };
    Ok(RowCounts {
        accepted: count("accepted_rows")?,
        corrected: count("corrected_rows")?,
        skipped: count("left_out_rows")?,
        rejected: count("rejected_rows")?,
        issues: issues.rows.iter().map(issue).collect::<Result<_, DatabaseError>>()?,
    })
}
