//! Exact decimal numbers: money to the cent, rates to the millionth.

use std::borrow::Cow;
use std::fmt;
use std::ops::AddAssign;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number with `DIGITS` decimals, stored as an integer number of its smallest unit.
///
/// In JSON, it is a number if it has at most fifteen significant digits, which every JSON reader keeps exactly; otherwise, it is
/// a string. It never takes part in floating-point arithmetic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fixed<const DIGITS: u32>(i128);

/// Dollars and cents.
pub type Money = Fixed<2>;

/// A share or a ratio; 0.06 is 6%.
pub type Rate = Fixed<6>;

/// Every decimal number with fifteen significant digits survives conversion to a double and back.
const EXACT_IN_JSON: u128 = 1_000_000_000_000_000;

impl<const DIGITS: u32> Fixed<DIGITS> {
    const ONE: i128 = 10_i128.pow(DIGITS);

    /// Creates a number from its smallest units, such as cents or millionths.
    #[must_use]
    pub const fn from_units(units: i128) -> Self {
        Self(units)
    }

    /// Returns the number of smallest units.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// Parses a literal at compile time.
    #[doc(hidden)]
    #[must_use]
    pub const fn from_literal(text: &str) -> Option<Self> {
        let (bytes, mut at) = (text.as_bytes(), 0);
        let (mut units, mut missing, mut has_point, mut sign) = (0, DIGITS, false, 1);
        while at < bytes.len() {
            match bytes[at] {
                b'-' if at == 0 => sign = -1,
                b'.' if !has_point => has_point = true,
                b'_' | b' ' => {}
                b'0'..=b'9' if has_point && missing == 0 => return None,
                digit @ b'0'..=b'9' => {
                    units = units * 10 + (digit - b'0') as i128;
                    missing -= has_point as u32;
                }
                _ => return None,
            }
            at += 1;
        }
        Some(Self(sign * units * 10_i128.pow(missing)))
    }

    /// Returns `units / 10^scale`; `None` if it has more decimals than this type.
    #[must_use]
    pub fn from_scaled(units: i128, scale: u8) -> Option<Self> {
        let scale = u32::from(scale);
        if scale <= DIGITS {
            return units.checked_mul(10_i128.checked_pow(DIGITS - scale)?).map(Self);
        }
        let excess = 10_i128.checked_pow(scale - DIGITS)?;
        (units % excess == 0).then_some(Self(units / excess))
    }

    /// Returns `units / 10^scale`; a negative scale multiplies.
    fn shifted(units: i128, scale: i64) -> Option<Self> {
        match u8::try_from(scale) {
            _ if units == 0 => Some(Self(0)),
            Ok(scale) => Self::from_scaled(units, scale),
            Err(_) => Self::from_scaled(units.checked_mul(10_i128.checked_pow(u32::try_from(-scale).ok()?)?)?, 0),
        }
    }

    /// Converts a double, using the fifteen digits that every double keeps: 0.07200000000000001 is 0.072. `None` if it has more
    /// decimals than this type.
    #[must_use]
    pub fn from_f64(number: f64) -> Option<Self> {
        format!("{number:.14e}").parse().ok()
    }

    /// Returns a quotient, rounded half away from zero; `None` if the denominator is 0.
    #[must_use]
    pub fn quotient(numerator: i128, denominator: i128) -> Option<Self> {
        let scaled = numerator.checked_mul(Self::ONE)?.checked_mul(2)?;
        rounded_half(scaled, denominator.checked_mul(2)?).map(Self)
    }

    /// Divides by a count, rounding half away from zero; `None` if the count is 0.
    #[must_use]
    pub fn divided_by(self, count: u64) -> Option<Self> {
        rounded_half(self.0.checked_mul(2)?, i128::from(count).checked_mul(2)?).map(Self)
    }

    /// Formats the number without trailing zeros, as in files and SQL.
    #[must_use]
    pub fn shortest(self) -> String {
        self.to_string().trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    /// Returns the nearest double, for comparison with statistics.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// Formats the nearest whole number with thousands separators, for display.
    #[must_use]
    pub fn grouped(self) -> String {
        let whole = rounded_half(self.0 * 2, Self::ONE * 2).unwrap_or_default();
        grouped(whole)
    }
}

/// A [`Rate`] literal: `rate!(0.06)`. More than six decimals don't compile.
#[macro_export]
macro_rules! rate {
    ($number:literal) => {
        const {
            match $crate::Rate::from_literal(stringify!($number)) {
                Some(rate) => rate,
                None => panic!("a rate has at most six decimals"),
            }
        }
    };
}

/// `doubled_numerator / doubled_denominator`, both twice the actual values, rounded to the nearest whole number.
fn rounded_half(doubled_numerator: i128, doubled_denominator: i128) -> Option<i128> {
    if doubled_denominator == 0 {
        return None;
    }
    let half = doubled_denominator.abs() / 2;
    let away = if (doubled_numerator < 0) == (doubled_denominator < 0) { half } else { -half };
    let away = if doubled_denominator < 0 { -away } else { away };
    Some((doubled_numerator + away) / doubled_denominator)
}

/// A whole number with thousands separators.
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

/// The text isn't a decimal number with this many decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number with at most {0} decimals")]
pub struct NotFixed(u32);

impl<const DIGITS: u32> FromStr for Fixed<DIGITS> {
    type Err = NotFixed;

    /// Parses `0.06` and `6e-2` alike, without rounding.
    fn from_str(text: &str) -> Result<Self, NotFixed> {
        let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
        let has_digits = whole.ends_with(|c: char| c.is_ascii_digit()) || !decimals.is_empty();
        let is_number = has_digits && decimals.bytes().all(|digit| digit.is_ascii_digit());
        let units = format!("{whole}{decimals}").parse().ok().filter(|_| is_number);
        let scale = i64::try_from(decimals.len()).ok().zip(exponent.parse::<i64>().ok());
        let scale = scale.and_then(|(decimals, exponent)| decimals.checked_sub(exponent));
        units.zip(scale).and_then(|(units, scale)| Self::shifted(units, scale)).ok_or(NotFixed(DIGITS))
    }
}

impl<const DIGITS: u32> Serialize for Fixed<DIGITS> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.to_string();
        match text.parse::<f64>() {
            // The shortest representation of this double is the number itself.
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
        write!(f, "a number with at most {DIGITS} decimals")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Fixed::from_f64(number).ok_or_else(|| E::custom(NotFixed(DIGITS)))
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
        // Every cent in a range of large, uneven amounts round-trips.
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
            [("true", "expected a number with at most 2 decimals"), ("0.125", "not a decimal number with at most 2")]
        {
            let error = serde_json::from_str::<Money>(text).expect_err(text).to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn numbers_with_more_decimals_are_not_money() {
        assert_eq!(Money::from_scaled(1_230, 3), Some(Money::from_units(123)));
        assert_eq!(Money::from_scaled(1_234, 3), None);
        assert_eq!("1.234".parse::<Money>(), Err(NotFixed(2)));
        assert!("".parse::<Money>().is_err() && "x".parse::<Money>().is_err() && "1.-2".parse::<Money>().is_err());
    }

    #[test]
    fn rates_are_read_however_people_write_them() {
        let cases = [
            ("0.06", 60_000),
            ("6e-2", 60_000),
            ("+.06", 60_000),
            ("1.", 1_000_000),
            ("1E0", 1_000_000),
            ("1e3", 1_000_000_000),
            ("0.0600000000", 60_000),
            ("-1e-6", -1),
            ("0e400", 0),
        ];
        for (text, millionths) in cases {
            assert_eq!(text.parse(), Ok(Rate::from_units(millionths)), "{text}");
        }
        for text in
            ["1e-7", "0.1234567", ".", "e1", "1e", "-", "inf", "NaN", "1e400", "1e-400", "0x1", "1 ", "--1", "1.5.0"]
        {
            assert_eq!(text.parse::<Rate>(), Err(NotFixed(6)), "{text}");
        }
    }

    #[test]
    fn rates_are_written_in_their_shortest_form() {
        for (rate, text, double) in [
            (rate!(0.06), "0.06", 0.06),
            (rate!(0.1), "0.1", 0.1),
            (rate!(0.75), "0.75", 0.75),
            (rate!(10.0), "10", 10.0),
            (rate!(1_234.5), "1234.5", 1234.5),
            (rate!(1.0), "1", 1.0),
            (rate!(-10.0), "-10", -10.0),
            (Rate::from_units(1), "0.000001", 1e-6),
            (Rate::default(), "0", 0.0),
        ] {
            assert_eq!((rate.shortest().as_str(), rate.to_f64()), (text, double));
        }
    }

    #[test]
    fn doubles_become_the_decimal_they_stand_for() {
        for (double, rate) in
            [(0.1 + 0.2, "0.3"), (0.024 * 3.0, "0.072"), (1e-6, "0.000001"), (-2.5, "-2.5"), (0.0, "0")]
        {
            assert_eq!(Rate::from_f64(double).map(Rate::shortest).as_deref(), Some(rate));
            assert_eq!(
                serde_json::from_str::<Rate>(&double.to_string()).map(Rate::shortest).ok().as_deref(),
                Some(rate)
            );
        }
        for double in [1e-7, 0.123_456_7, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(Rate::from_f64(double), None, "{double}");
        }
    }

    #[test]
    fn only_exact_literals_are_rates() {
        for text in ["0.1234567", "1e3", "1.5.0", "5%", "1-"] {
            assert_eq!(Rate::from_literal(text), None, "{text}");
        }
    }

    #[test]
    fn thousands_are_separated() {
        let cases = [(49, "0"), (50, "1"), (99_999, "1,000"), (123_456_789, "1,234,568"), (-123_456, "-1,235")];
        for (cents, expected) in cases {
            assert_eq!(Money::from_units(cents).grouped(), expected);
        }
    }
}
