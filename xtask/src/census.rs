//! A synthetic census: people who resemble the workforce of an ordinary company, and nobody in particular.
//!
//! The rows depend on the arguments alone. Each person has a stream of random numbers of their own, so a larger census
//! with the same seed begins with the people of the smaller one.

mod defect;
mod draw;
mod file;
mod leaver;
mod person;
mod row;

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::civil::{Date, date};

use draw::{Draws, Purpose};
use person::Person;
use row::Row;

/// What census to write, and where.
#[derive(Args, Clone, Debug)]
pub(crate) struct CensusArguments {
    /// People who are employed at the as-of date.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) employees: u32,
    /// Another seed, other people.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// The file to write: .csv or .parquet.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// The day that the census describes.
    #[arg(long, default_value_t = date(2024, 12, 31))]
    pub(crate) as_of: Date,
    /// Further rows of people who left by the as-of date; for every ten of them one more who is known to leave within a year after it.
    #[arg(long, default_value_t = 0)]
    pub(crate) terminated: u32,
    /// Further rows with something wrong, each kind of defect in turn.
    #[arg(long, default_value_t = 0)]
    pub(crate) bad_rows: u32,
    /// Adds social security numbers, of an area that is never issued.
    #[arg(long)]
    pub(crate) with_ssn: bool,
}

/// Why no census was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CensusError {
    /// The extension says neither CSV nor Parquet.
    #[error("the census is a .csv or a .parquet file, not {}", .0.display())]
    UnknownFormat(PathBuf),
    /// A date of a person can't be computed.
    #[error("the as-of date is too far from today: {0}")]
    Calendar(#[from] jiff::Error),
    /// The file can't be written.
    #[error("can't write {}: {cause}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system or the engine says.
        cause: String,
    },
}

impl CensusError {
    fn write(path: &Path, cause: &dyn std::fmt::Display) -> Self {
        Self::Write { path: path.to_owned(), cause: cause.to_string() }
    }
}

/// Writes the census and says what it wrote.
pub(crate) fn run(arguments: &CensusArguments) -> Result<String, CensusError> {
    let rows = rows(arguments)?;
    file::write(arguments, &rows)?;
    Ok(format!("{}: {} rows as of {}", arguments.out.display(), rows.len(), arguments.as_of))
}

/// All rows: the employees, those who left or will leave, then the defective ones.
fn rows(arguments: &CensusArguments) -> Result<Vec<Row>, CensusError> {
    let employees = arguments.employees;
    let leavers = arguments.terminated + arguments.terminated.div_ceil(10);
    let mut rows = Vec::with_capacity((employees + leavers + arguments.bad_rows) as usize);
    for number in 1..=employees {
        rows.push(Row::new(number, &person(arguments, number)?));
    }
    for index in 0..leavers {
        let number = employees + 1 + index;
        let mut draws = Draws::new(arguments.seed, number, Purpose::Leaver);
        let mut person = person(arguments, number)?;
        person.termination = Some(if index < arguments.terminated {
            leaver::past(&mut person, arguments.as_of, &mut draws)?
        } else {
            leaver::future(arguments.as_of, &mut draws)?
        });
        rows.push(Row::new(number, &person));
    }
    for index in 0..arguments.bad_rows {
        let number = employees + leavers + 1 + index;
        let healthy = Row::new(number, &person(arguments, number)?);
        let victim = rows.get(index as usize).filter(|_| index < employees);
        rows.push(defect::KINDS[index as usize % defect::KINDS.len()].apply(healthy, victim, arguments.as_of)?);
    }
    Ok(rows)
}

fn person(arguments: &CensusArguments, number: u32) -> Result<Person, jiff::Error> {
    Person::draw(arguments.as_of, &mut Draws::new(arguments.seed, number, Purpose::Person))
}

#[cfg(test)]
mod tests;
