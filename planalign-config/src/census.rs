//! Reads a census as payroll systems, recordkeepers, and spreadsheets write it.
//!
//! [`Census::read`] opens the file (`text`, `workbook`, `parquet`) as a table of texts (`sheet`), finds the column of each
//! field (`columns`), decides how each column writes its values (`values`), reads the people (`people`), decides about
//! several rows of one person (`spells`), and writes them as the models read them (`canonical`). What can be understood in
//! several ways is a [`Question`], never a guess. People are named by the numbers of their rows only.

mod file;
mod question;

#[cfg(feature = "census")]
mod canonical;
#[cfg(feature = "census")]
mod columns;
#[cfg(feature = "census")]
mod dates;
#[cfg(feature = "census")]
mod fields;
#[cfg(feature = "census")]
mod numbers;
#[cfg(feature = "census")]
mod outlook;
#[cfg(feature = "census")]
mod parquet;
#[cfg(feature = "census")]
mod people;
#[cfg(feature = "census")]
mod problems;
#[cfg(feature = "census")]
mod pseudonyms;
#[cfg(feature = "census")]
mod reader;
#[cfg(feature = "census")]
mod sheet;
#[cfg(feature = "census")]
mod spells;
#[cfg(feature = "census")]
mod text;
#[cfg(feature = "census")]
mod values;
#[cfg(feature = "census")]
mod workbook;

pub use file::{CensusError, CensusFile, Format, MissingColumn, digest};
pub use question::{Answer, Contradiction, Question};

#[cfg(feature = "census")]
pub use {
    columns::{ColumnUse, UseReason},
    fields::Field,
    outlook::Histogram,
    problems::Action,
    pseudonyms::{PseudonymKey, PseudonymKeyError},
    reader::{Census, ProblemCount, Reading},
};
