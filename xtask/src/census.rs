//! A synthetic census that resembles the workforce of an ordinary company.
//!
//! The rows depend only on the arguments. Each person has a separate stream of random numbers, so a larger census with the
//! same seed starts with the people of a smaller one.

mod defect;
mod draw;
mod file;
mod person;
mod row;
mod termination;

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::civil::{Date, date};

use draw::{Draws, Purpose};
use person::Person;
use row::Row;

/// Options for the census.
#[derive(Args, Clone, Debug)]
pub(crate) struct CensusArguments {
    /// Number of active employees on the as-of date
    #[arg(long, default_value_t = 10_000)]
    pub(crate) employees: u32,
    /// Random seed
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// File to write (.csv or .parquet)
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// As-of date of the census
    #[arg(long, default_value_t = date(2024, 12, 31))]
    pub(crate) as_of: Date,
    /// Additional terminated employees, plus one with a known future termination date for every ten
    #[arg(long, default_value_t = 0)]
    pub(crate) terminated: u32,
    /// Additional defective rows, cycling through the kinds of defects
    #[arg(long, default_value_t = 0)]
    pub(crate) bad_rows: u32,
    /// Add Social Security numbers from a never-issued range
    #[arg(long)]
    pub(crate) with_ssn: bool,
}

/// Why the census couldn't be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CensusError {
    /// The extension is neither CSV nor Parquet.
    #[error("census file must be .csv or .parquet, not `{}`", .0.display())]
    UnknownFormat(PathBuf),
    /// A person's date can't be computed.
    #[error("the as-of date is too far from today: {0}")]
    Calendar(#[from] jiff::Error),
    /// The file can't be written.
    #[error("can't write `{}`: {cause}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The error from the system or the engine.
        cause: String,
    },
}

impl CensusError {
    fn write(path: &Path, cause: &dyn std::fmt::Display) -> Self {
        Self::Write { path: path.to_owned(), cause: cause.to_string() }
    }
}

/// Writes the census and returns a summary.
pub(crate) fn run(arguments: &CensusArguments) -> Result<String, CensusError> {
    let rows = rows(arguments)?;
    file::write(arguments, &rows)?;
    Ok(format!("{}: {} rows as of {}", arguments.out.display(), rows.len(), arguments.as_of))
}

/// Returns all rows: active employees, then past and future terminations, then defective rows.
fn rows(arguments: &CensusArguments) -> Result<Vec<Row>, CensusError> {
    let employees = arguments.employees;
    let terminations = arguments.terminated + arguments.terminated.div_ceil(10);
    let mut rows = Vec::with_capacity((employees + terminations + arguments.bad_rows) as usize);
    for number in 1..=employees {
        rows.push(Row::new(number, &person(arguments, number)?));
    }
    for index in 0..terminations {
        let number = employees + 1 + index;
        let mut draws = Draws::new(arguments.seed, number, Purpose::Termination);
        let mut person = person(arguments, number)?;
        person.termination = Some(if index < arguments.terminated {
            termination::past(&mut person, arguments.as_of, &mut draws)?
        } else {
            termination::future(arguments.as_of, &mut draws)?
        });
        rows.push(Row::new(number, &person));
    }
    for index in 0..arguments.bad_rows {
        let number = employees + terminations + 1 + index;
        let valid = Row::new(number, &person(arguments, number)?);
        let employee = rows.get(index as usize).filter(|_| index < employees);
        rows.push(defect::KINDS[index as usize % defect::KINDS.len()].apply(valid, employee, arguments.as_of)?);
    }
    Ok(rows)
}

fn person(arguments: &CensusArguments, number: u32) -> Result<Person, jiff::Error> {
    Person::draw(arguments.as_of, &mut Draws::new(arguments.seed, number, Purpose::Person))
}

#[cfg(test)]
mod tests;
