//! Days that exist in every year.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A day that exists in every year, written `MM-DD`; Feb 29 isn't one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MonthDay {
    month: i8,
    day: i8,
}

/// The text isn't a day that exists in every year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a day is written MM-DD and exists in every year")]
pub struct InvalidMonthDay;

impl MonthDay {
    /// January 1.
    pub const NEW_YEAR: Self = Self { month: 1, day: 1 };

    /// Creates a day; `None` if it doesn't exist in every year.
    #[must_use]
    pub const fn new(month: i8, day: i8) -> Option<Self> {
        let last = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28,
            _ => 0,
        };
        if day >= 1 && day <= last { Some(Self { month, day }) } else { None }
    }
}

impl FromStr for MonthDay {
    type Err = InvalidMonthDay;

    fn from_str(text: &str) -> Result<Self, InvalidMonthDay> {
        let number = |part: &str| {
            let digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            if digits { part.parse().ok() } else { None }
        };
        let (month, day) = text.split_once('-').ok_or(InvalidMonthDay)?;
        number(month).zip(number(day)).and_then(|(month, day)| Self::new(month, day)).ok_or(InvalidMonthDay)
    }
}

impl TryFrom<String> for MonthDay {
    type Error = InvalidMonthDay;

    fn try_from(text: String) -> Result<Self, InvalidMonthDay> {
        text.parse()
    }
}

impl From<MonthDay> for String {
    fn from(day: MonthDay) -> Self {
        day.to_string()
    }
}

impl fmt::Display for MonthDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}-{:02}", self.month, self.day)
    }
}

impl JsonSchema for MonthDay {
    fn schema_name() -> Cow<'static, str> {
        "MonthDay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))$",
            "x-words": "a day MM-DD that exists in every year",
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn only_days_of_every_year_are_accepted() {
        for good in ["01-01", "02-28", "07-15", "12-31"] {
            assert_eq!(good.parse::<MonthDay>().expect(good).to_string(), good);
        }
        for bad in ["02-29", "13-01", "00-10", "04-31", "1-01", "07-1", "07/15", "+7-01", "0７-01", "", "07-15-01"] {
            assert_eq!(bad.parse::<MonthDay>(), Err(InvalidMonthDay), "{bad}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn a_day_is_accepted_if_a_common_year_has_it(month in -2_i8..15, day in -2_i8..35) {
            prop_assert_eq!(MonthDay::new(month, day).is_some(), Date::new(2025, month, day).is_ok());
        }
    }
}
