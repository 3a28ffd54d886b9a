//! The census file and how to read it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::markers::{CalendarDate, Share};
use crate::fixed::Rate;
use crate::rate;

/// What `census.columns` can map: columns that the models read, and others that decide about them.
pub(crate) const CENSUS_FIELDS: [&str; 15] = [
    "employee_id",
    "employee_ssn",
    "employee_birth_date",
    "employee_hire_date",
    "employee_rehire_date",
    "employee_service_date",
    "employee_termination_date",
    "employee_second_termination_date",
    "employee_status",
    "employee_gross_compensation",
    "employee_deferral_rate",
    "employee_roth_deferral_rate",
    "scheduled_hours_per_week",
    "auto_escalation_opt_out",
    "eligibility_override",
];

/// The census file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Census {
    /// Census file: CSV, Parquet, or Excel; relative paths start at the working directory.
    pub path: PathBuf,
    /// Headers of the file by field, such as `employee_id: "Emp No"`. Usual headers are recognized without.
    #[schemars(extend("propertyNames" = { "enum": CENSUS_FIELDS }))]
    pub columns: BTreeMap<String, String>,
    /// Headers of columns that aren't used.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// Sheet of an Excel workbook; `None`: its only sheet with rows.
    #[serde(default)]
    pub sheet: Option<String>,
    /// As-of date of the census, which must be Dec 31 before the first year; `None`: that day, unless a title line of the file says
    /// otherwise.
    #[serde(default)]
    #[schemars(with = "Option<CalendarDate>")]
    pub as_of: Option<Date>,
    /// Date formats by column, for columns that fit several.
    #[serde(default)]
    pub date_formats: BTreeMap<String, DateFormat>,
    /// Time zone in which times with a UTC offset are read as dates, such as `America/New_York`.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Decimal separator of pay that could be read either way, such as 60.000.
    #[serde(default)]
    pub decimal_separator: DecimalSeparator,
    /// What the pay column contains.
    #[serde(default)]
    pub pay_basis: PayBasis,
    /// Pay periods per year, for pay per period.
    #[serde(default)]
    #[schemars(range(min = 12, max = 52))]
    pub pay_periods: Option<u8>,
    /// Status codes, such as `L: leave`; they differ between systems.
    #[serde(default)]
    pub status_values: BTreeMap<String, StatusMeaning>,
    /// What several rows with one ID mean.
    #[serde(default)]
    pub duplicates: Duplicates,
    /// Highest share of rejected rows that a run accepts.
    #[schemars(with = "Share")]
    pub max_rejected_share: Rate,
}

/// How a column writes dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DateFormat {
    /// `1961-02-15`.
    Iso,
    /// `2/15/1961`.
    Us,
    /// `15/2/1961` or `15.2.1961`.
    European,
    /// `15-Feb-1961`.
    DdMonYyyy,
    /// `02151961`.
    Mmddyyyy,
    /// `19610215`.
    Yyyymmdd,
    /// `22327`, the day number of spreadsheets.
    Excel,
}

impl DateFormat {
    /// All formats.
    pub const ALL: [Self; 7] =
        [Self::Iso, Self::Us, Self::European, Self::DdMonYyyy, Self::Mmddyyyy, Self::Yyyymmdd, Self::Excel];

    /// Returns the name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Iso => "iso",
            Self::Us => "us",
            Self::European => "european",
            Self::DdMonYyyy => "dd_mon_yyyy",
            Self::Mmddyyyy => "mmddyyyy",
            Self::Yyyymmdd => "yyyymmdd",
            Self::Excel => "excel",
        }
    }
}

/// What separates the decimals of numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecimalSeparator {
    /// What the numbers of the column show.
    #[default]
    Automatic,
    /// `1,234.50`.
    Point,
    /// `1.234,50`.
    Comma,
}

/// What a pay column contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PayBasis {
    /// The annual rate of pay on the as-of date.
    #[default]
    AnnualRate,
    /// Pay earned in the year that ends on the as-of date, annualized over the days employed in it.
    EarnedInYear,
    /// Pay per pay period, times `census.pay_periods`.
    PerPeriod,
    /// Pay per hour, times scheduled hours per week and 52 weeks.
    Hourly,
}

impl PayBasis {
    /// Returns the name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AnnualRate => "annual_rate",
            Self::EarnedInYear => "earned_in_year",
            Self::PerPeriod => "per_period",
            Self::Hourly => "hourly",
        }
    }
}

/// What a status code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusMeaning {
    /// Employed.
    Active,
    /// On leave, which counts as employed.
    Leave,
    /// No longer employed.
    Terminated,
}

/// What several rows with one ID mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// Spells of employment: the one open on the as-of date is used, and two open ones are rejected.
    #[default]
    OpenSpell,
    /// The row with the latest hire date is used.
    LatestHire,
    /// Jobs held at the same time: pay and hours are added.
    SumPay,
    /// All of them are rejected.
    Refuse,
}

impl Default for Census {
    fn default() -> Self {
        Self {
            path: PathBuf::from("data/census.csv"),
            columns: BTreeMap::new(),
            ignore: Vec::new(),
            sheet: None,
            as_of: None,
            date_formats: BTreeMap::new(),
            time_zone: None,
            decimal_separator: DecimalSeparator::default(),
            pay_basis: PayBasis::default(),
            pay_periods: None,
            status_values: BTreeMap::new(),
            duplicates: Duplicates::default(),
            max_rejected_share: rate!(0.0),
        }
    }
}
