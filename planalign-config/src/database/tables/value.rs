//! Database values as plain Rust.

use std::fmt::{self, Write as _};

/// One value of a row, or a parameter of a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// BOOLEAN.
    Boolean(bool),
    /// Any integer type.
    Integer(i128),
    /// FLOAT or DOUBLE.
    Float(f64),
    /// DECIMAL: `units / 10^scale`, exactly.
    Decimal {
        /// The number without its decimal point.
        units: i128,
        /// Digits after the decimal point.
        scale: u8,
    },
    /// VARCHAR, and types without their own variant: lists, structs, and maps as JSON, times and intervals as in Python.
    Text(String),
    /// DATE, in days since 1970-01-01.
    Date(i32),
    /// TIMESTAMP, in microseconds since 1970-01-01.
    Timestamp(i64),
    /// BLOB.
    Blob(Vec<u8>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(b) => write!(f, "{b}"),
            Self::Integer(i) => write!(f, "{i}"),
            Self::Float(x) => write!(f, "{x}"),
            Self::Decimal { units, scale } => write_decimal(f, *units, *scale),
            Self::Text(s) => f.write_str(s),
            Self::Date(days) => write_date(f, *days),
            Self::Timestamp(micros) => {
                let days = micros.div_euclid(86_400_000_000);
                let seconds = micros.rem_euclid(86_400_000_000) / 1_000_000;
                write_date(f, i32::try_from(days).unwrap_or(0))?;
                write!(f, " {:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
                match micros.rem_euclid(1_000_000) {
                    0 => Ok(()),
                    fraction => write!(f, ".{fraction:06}"),
                }
            }
            Self::Blob(bytes) => write!(f, "<{} bytes>", bytes.len()),
        }
    }
}

fn write_decimal(f: &mut fmt::Formatter<'_>, units: i128, scale: u8) -> fmt::Result {
    if scale == 0 {
        return write!(f, "{units}");
    }
    let power = 10_u128.pow(u32::from(scale));
    let sign = if units < 0 { "-" } else { "" };
    let magnitude = units.unsigned_abs();
    write!(f, "{sign}{}.{:0width$}", magnitude / power, magnitude % power, width = usize::from(scale))
}

fn write_date(f: &mut fmt::Formatter<'_>, days: i32) -> fmt::Result {
    let epoch = jiff::civil::date(1970, 1, 1);
    match epoch.checked_add(jiff::Span::new().days(i64::from(days))) {
        Ok(date) => write!(f, "{date}"),
        Err(_) => write!(f, "day {days}"),
    }
}

macro_rules! from_integer {
    ($($t:ty),*) => { $(impl From<$t> for Value { fn from(v: $t) -> Self { Self::Integer(i128::from(v)) } })* };
}
from_integer!(i32, i64, u32, u64);

impl From<usize> for Value {
    fn from(v: usize) -> Self {
        Self::Integer(v as i128)
    }
}

impl From<bool> for Value {
    fn from(v: bool) -> Self {
        Self::Boolean(v)
    }
}

impl From<&str> for Value {
    fn from(v: &str) -> Self {
        Self::Text(v.to_owned())
    }
}

impl From<String> for Value {
    fn from(v: String) -> Self {
        Self::Text(v)
    }
}

impl From<Vec<u8>> for Value {
    fn from(v: Vec<u8>) -> Self {
        Self::Blob(v)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Self {
        v.map_or(Self::Null, Into::into)
    }
}

impl Value {
    /// Returns the text of a VARCHAR, or any other value as printed; `None` for NULL.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Null => None,
            other => Some(other.to_string()),
        }
    }

    /// Returns an integer or whole DECIMAL; `None` for NULL and other values.
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(i) => i64::try_from(*i).ok(),
            Self::Decimal { units, scale } => {
                let power = 10_i128.pow(u32::from(*scale));
                (units % power == 0).then(|| i64::try_from(units / power).ok()).flatten()
            }
            _ => None,
        }
    }

    /// Returns a number as a float; `None` for NULL and other values.
    #[must_use]
    pub fn float(&self) -> Option<f64> {
        match self {
            Self::Integer(i) => Some(*i as f64),
            Self::Float(x) => Some(*x),
            Self::Decimal { units, scale } => Some(*units as f64 / 10_f64.powi(i32::from(*scale))),
            _ => None,
        }
    }

    /// Returns a BOOLEAN; `None` for NULL and other values.
    #[must_use]
    pub fn boolean(&self) -> Option<bool> {
        match self {
            Self::Boolean(b) => Some(*b),
            _ => None,
        }
    }

    /// Returns the bytes of a BLOB as Python shows them, such as `b'a\\xff'`; `None` for other values.
    #[must_use]
    pub fn escaped(&self) -> Option<String> {
        let bytes = self.blob()?;
        let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
        let mut text = format!("b{quote}");
        for byte in bytes {
            match char::from(*byte) {
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                c if c == quote => text.extend(['\\', c]),
                c if c == ' ' || c.is_ascii_graphic() => text.push(c),
                _ => _ = write!(text, "\\x{byte:02x}"),
            }
        }
        text.push(quote);
        Some(text)
    }

    /// Returns the bytes of a BLOB; `None` for NULL and other values.
    #[must_use]
    pub fn blob(&self) -> Option<&[u8]> {
        match self {
            Self::Blob(b) => Some(b),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_print_as_people_write_them() {
        let cases = [
            (Value::Decimal { units: -5, scale: 2 }, "-0.05"),
            (Value::Decimal { units: 123_456, scale: 2 }, "1234.56"),
            (Value::Date(0), "1970-01-01"),
            (Value::Date(20_089), "2025-01-01"),
            (Value::Timestamp(-1_000_000), "1969-12-31 23:59:59"),
            (Value::Timestamp(-500_000), "1969-12-31 23:59:59.500000"),
            (Value::Timestamp(1), "1970-01-01 00:00:00.000001"),
            (Value::Null, "null"),
        ];
        for (value, expected) in cases {
            assert_eq!(value.to_string(), expected);
        }
    }

    #[test]
    fn getters_return_none_for_other_types() {
        let [text, quarters, whole] =
            [Value::Text("x".into()), Value::Decimal { units: 250, scale: 2 }, Value::Decimal { units: 200, scale: 2 }];
        assert_eq!([&text, &quarters, &whole].map(Value::integer), [None, None, Some(2)]);
        assert_eq!((quarters.float(), text.float()), (Some(2.5), None));
        assert_eq!((text.boolean(), text.blob()), (None, None));
        assert_eq!((text.text().as_deref(), Value::Null.text()), (Some("x"), None));
        assert_eq!((Value::Integer(3).float(), Value::Float(0.5).float()), (Some(3.0), Some(0.5)));
        assert_eq!((Value::Blob(vec![7]).blob(), Value::Boolean(false).boolean()), (Some([7].as_slice()), Some(false)));
    }
}
