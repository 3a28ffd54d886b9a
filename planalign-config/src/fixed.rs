//! Exact decimal numbers: money to the cent, rates to the millionth.

use std::borrow::Cow;
use std::fmt;
use std::ops::AddAssign;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of `DIGITS` decimals, held as a whole number of its smallest unit.
///
/// In JSON it is a number if it has at most fifteen significant digits, which is what every reader of JSON keeps exactly; a
/// larger one is a string of the same digits. It never takes part in floating-point arithmetic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fixed<const DIGITS: u32>(i128);

/// Dollars and cents.
pub type Money = Fixed<2>;

/// A share or a ratio; 0.06 is 6 %.
pub type Rate = Fixed<6>;

/// Every decimal number of fifteen significant digits survives the way to a double and back.
const EXACT_IN_JSON: u128 = 1_000_000_000_000_000;

impl<const DIGITS: u32> Fixed<DIGITS> {
    const ONE: i128 = 10_i128.pow(DIGITS);

    /// A number of the smallest units: cents, or millionths.
    #[must_use]
    pub const fn from_units(units: i128) -> Self {
        Self(units)
    }

    /// The number of smallest units.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// The number `units / 10^scale`; `None` if it has more decimals than this type.
    #[must_use]
    pub fn from_scaled(units: i128, scale: u8) -> Option<Self> {
        let scale = u32::from(scale);
        if scale <= DIGITS {
            return units.checked_mul(10_i128.checked_pow(DIGITS - scale)?).map(Self);
        }
        let excess = 10_i128.checked_pow(scale - DIGITS)?;
        (units % excess == 0).then_some(Self(units / excess))
    }

    /// A quotient, rounded half away from zero; `None` if the denominator is 0.
    #[must_use]
    pub fn quotient(numerator: i128, denominator: i128) -> Option<Self> {
        let scaled = numerator.checked_mul(Self::ONE)?.checked_mul(2)?;
        rounded_half(scaled, denominator.checked_mul(2)?).map(Self)
    }

    /// This number divided by a count, rounded half away from zero; `None` if the count is 0.
    #[must_use]
    pub fn divided_by(self, count: u64) -> Option<Self> {
        rounded_half(self.0.checked_mul(2)?, i128::from(count).checked_mul(2)?).map(Self)
    }

    /// The nearest whole number with thousands separated, for people to read.
    #[must_use]
    pub fn grouped(self) -> String {
        let whole = rounded_half(self.0 * 2, Self::ONE * 2).unwrap_or_default();
        grouped(whole)
    }
}

/// `doubled_numerator / doubled_denominator`, both twice the true ones, to the nearest whole number.
fn rounded_half(doubled_numerator: i128, doubled_denominator: i128) -> Option<i128> {
    if doubled_denominator == 0 {
        return None;
    }
    let half = doubled_denominator.abs() / 2;
    let away = if (doubled_numerator < 0) == (doubled_denominator < 0) { half } else { -half };
    let away = if doubled_denominator < 0 { -away } else { away };
    Some((doubled_numerator + away) / doubled_denominator)
}

/// A whole number with its thousands separated by commas.
#[must_use]
pub fn grouped(number: i128) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl<const DIGITS: u32> fmt::Display for Fixed<DIGITS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, magnitude) = (Self::ONE.unsigned_abs(), self.0.unsigned_abs());
        let sign = if self.0 < 0 { "-" } else { "" };
        let width = DIGITS as usize;
        f.pad(&format!("{sign}{}.{:0width$}", magnitude / one, magnitude % one))
    }
}

impl<const DIGITS: u32> AddAssign for Fixed<DIGITS> {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

/// A text is no such number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number of {0} decimals")]
pub struct NotFixed(u32);

impl<const DIGITS: u32> FromStr for Fixed<DIGITS> {
    type Err = NotFixed;

    fn from_str(text: &str) -> Result<Self, NotFixed> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let is_number = !whole.is_empty() && decimals.chars().all(|c| c.is_ascii_digit());
        let scale = u8::try_from(decimals.len()).ok().filter(|_| is_number);
        let units = format!("{whole}{decimals}").parse().ok();
        units.zip(scale).and_then(|(units, scale)| Self::from_scaled(units, scale)).ok_or(NotFixed(DIGITS))
    }
}

impl<const DIGITS: u32> Serialize for Fixed<DIGITS> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.to_string();
        match text.parse::<f64>() {
            // The shortest text of this double is the number itself.
            Ok(number) if self.0.unsigned_abs() < EXACT_IN_JSON => serializer.serialize_f64(number),
            _ => serializer.serialize_str(&text),
        }
    }
}

impl<const DIGITS: u32> JsonSchema for Fixed<DIGITS> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("decimal_{DIGITS}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["number", "string"] })
    }
}

impl<'de, const DIGITS: u32> Deserialize<'de> for Fixed<DIGITS> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FixedVisitor)
    }
}

struct FixedVisitor<const DIGITS: u32>;

impl<const DIGITS: u32> Visitor<'_> for FixedVisitor<DIGITS> {
    type Value = Fixed<DIGITS>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number of at most {DIGITS} decimals")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        number.to_string().parse().map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        number.to_string().parse().map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        number.to_string().parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_to_the_cent() {
        let cases = [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (123_456_789, "1234567.89"), (-100, "-1.00")];
        for (cents, expected) in cases {
            assert_eq!(Money::from_units(cents).to_string(), expected);
            assert_eq!(expected.parse(), Ok(Money::from_units(cents)));
        }
    }

    #[test]
    fn json_keeps_every_cent() {
        let cases = [
            (1, "0.01"),
            (10, "0.1"),
            (7_539_731, "75397.31"),
            (999_999_999_999_999, "9999999999999.99"),
            (1_000_000_000_000_000, "\"10000000000000.00\""),
            (-7_539_731, "-75397.31"),
        ];
        for (cents, expected) in cases {
            let money = Money::from_units(cents);
            assert_eq!(serde_json::to_string(&money).expect("json"), expected);
            assert_eq!(serde_json::from_str::<Money>(expected).expect("money"), money);
        }
        // Far from every round number: each cent of a stretch survives.
        for cents in 899_999_999_000_000..899_999_999_001_000 {
            let text = serde_json::to_string(&Money::from_units(cents)).expect("json");
            assert_eq!(serde_json::from_str::<Money>(&text).expect("money").units(), cents);
        }
    }

    #[test]
    fn quotients_are_rounded_half_away_from_zero() {
        let cases = [(1, 2, 500_000), (1, 3, 333_333), (2, 3, 666_667), (-2, 3, -666_667), (1, -3, -333_333)];
        for (numerator, denominator, millionths) in cases {
            assert_eq!(Rate::quotient(numerator, denominator), Some(Rate::from_units(millionths)));
        }
        assert_eq!(Rate::quotient(1, 0), None);
        assert_eq!(Money::from_units(5).divided_by(2), Some(Money::from_units(3)));
        assert_eq!(Money::from_units(-5).divided_by(2), Some(Money::from_units(-3)));
        assert_eq!(Money::from_units(5).divided_by(0), None);
    }

    #[test]
    fn numbers_are_read_however_json_writes_them() {
        let cases = [("5", 500), ("-5", -500), ("0.5", 50), ("\"12.34\"", 1234), ("\"-7\"", -700)];
        for (text, cents) in cases {
            assert_eq!(serde_json::from_str::<Money>(text).expect(text).units(), cents);
        }
        for (text, message) in
            [("true", "expected a number of at most 2 decimals"), ("0.125", "not a decimal number of 2")]
        {
            let error = serde_json::from_str::<Money>(text).expect_err(text).to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn numbers_with_more_decimals_are_no_money() {
        assert_eq!(Money::from_scaled(1_230, 3), Some(Money::from_units(123)));
        assert_eq!(Money::from_scaled(1_234, 3), None);
        assert_eq!("1.234".parse::<Money>(), Err(NotFixed(2)));
        assert!("".parse::<Money>().is_err() && "x".parse::<Money>().is_err() && "1.-2".parse::<Money>().is_err());
    }

    #[test]
    fn thousands_are_separated() {
        let cases = [(49, "0"), (50, "1"), (99_999, "1,000"), (123_456_789, "1,234,568"), (-123_456, "-1,235")];
        for (cents, expected) in cases {
            assert_eq!(Money::from_units(cents).grouped(), expected);
        }
    }
}
