//! Rows of the database as comparable facts, read by table and year.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use planalign_config::Database;
use planalign_config::Value;

use super::calendar::after;

/// The value of a column. Money and hours are in hundredths, rates in millionths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Nothing,
    Hundredths(i128),
    Millionths(i128),
    Count(i128),
    Day(Date),
    Word(String),
    Truth(bool),
}

pub(super) fn money(cents: i128) -> Fact {
    Fact::Hundredths(cents)
}

pub(super) fn rate(millionths: i128) -> Fact {
    Fact::Millionths(millionths)
}

impl From<i128> for Fact {
    fn from(count: i128) -> Self {
        Self::Count(count)
    }
}

impl From<Date> for Fact {
    fn from(day: Date) -> Self {
        Self::Day(day)
    }
}

impl From<&str> for Fact {
    fn from(word: &str) -> Self {
        Self::Word(word.to_owned())
    }
}

impl From<bool> for Fact {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}

impl<T: Into<Fact>> From<Option<T>> for Fact {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}

impl From<&Value> for Fact {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Nothing,
            Value::Boolean(truth) => Self::Truth(*truth),
            Value::Integer(count) => Self::Count(*count),
            Value::Decimal { units, scale: 2 } => Self::Hundredths(*units),
            Value::Decimal { units, scale: 6 } => Self::Millionths(*units),
            Value::Date(days) => Self::Day(after(date(1970, 1, 1), (*days).into())),
            Value::Text(word) => Self::Word(word.clone()),
            // Draw keys don't fit an integer, and the replay doesn't need them.
            other => Self::Word(other.to_string()),
        }
    }
}

/// One row by column name.
#[derive(Clone, Debug, Default)]
pub(super) struct Record(BTreeMap<String, Fact>);

impl Record {
    pub(super) fn fact(&self, column: &str) -> &Fact {
        self.0.get(column).unwrap_or_else(|| panic!("no column {column}"))
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Cents, millionths, or a count.
    pub(super) fn number(&self, column: &str) -> Option<i128> {
        match self.fact(column) {
            Fact::Hundredths(n) | Fact::Millionths(n) | Fact::Count(n) => Some(*n),
            Fact::Nothing => None,
            other => panic!("{column} is {other:?}, not a number"),
        }
    }

    pub(super) fn day(&self, column: &str) -> Option<Date> {
        match self.fact(column) {
            Fact::Day(day) => Some(*day),
            Fact::Nothing => None,
            other => panic!("{column} is {other:?}, not a day"),
        }
    }

    pub(super) fn word(&self, column: &str) -> Option<&str> {
        match self.fact(column) {
            Fact::Word(word) => Some(word),
            Fact::Nothing => None,
            other => panic!("{column} is {other:?}, not a word"),
        }
    }

    pub(super) fn truth(&self, column: &str) -> bool {
        self.fact(column) == &Fact::Truth(true)
    }
}

fn records(table: planalign_config::Rows) -> Vec<Record> {
    let columns = table.columns;
    let record = |row: &planalign_config::Row| {
        Record(columns.iter().cloned().zip(row.values().iter().map(Fact::from)).collect())
    };
    table.rows.iter().map(record).collect()
}

/// The rows of a table without years.
pub(super) fn of_all_years(database: &Database, table: &str) -> Vec<Record> {
    records(database.query(&format!("select * from {table}"), &[]).expect("query"))
}

/// The rows of a year.
pub(super) fn of_year(database: &Database, table: &str, year: i16, order: &str) -> Vec<Record> {
    let sql = format!("select * from {table} where simulation_year = ? order by {order}");
    records(database.query(&sql, &[i32::from(year).into()]).expect("query"))
}

pub(super) type People = BTreeMap<String, Record>;

/// The rows of a year by person, at most one each.
pub(super) fn by_person(database: &Database, table: &str, year: i16) -> People {
    let mut people = People::new();
    for record in of_year(database, table, year, "employee_id") {
        let id = record.word("employee_id").expect("an id").to_owned();
        assert!(people.insert(id.clone(), record).is_none(), "{table} has two rows for {id} in {year}");
    }
    people
}
