//! Values as Python writes them, because dbt does.

use std::fmt::Write as _;

/// A float as Python writes it with an exponent; `None` if it writes it without one, neither very large nor very small.
#[must_use]
pub fn with_exponent(number: f64) -> Option<String> {
    if number == 0.0 || !number.is_finite() || (1e-4..1e16).contains(&number.abs()) {
        return None;
    }
    let text = format!("{number:e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    Some(format!("{mantissa}e{sign}{digits:0>2}"))
}

/// Writes a text as JSON, with escapes for all characters that aren't ASCII.
pub fn write_json_text(text: &str, out: &mut String) {
    for c in serde_json::Value::from(text).to_string().chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_very_large_and_very_small_floats_have_an_exponent() {
        for number in [0.0, 0.0001, 1.5, -9e15, f64::NAN, f64::INFINITY] {
            assert_eq!(with_exponent(number), None, "{number}");
        }
        for (number, expected) in [(1e16, "1e+16"), (-1.5e300, "-1.5e+300"), (0.000_01, "1e-05"), (2.5e-7, "2.5e-07")] {
            assert_eq!(with_exponent(number).as_deref(), Some(expected));
        }
    }

    #[test]
    fn texts_are_ascii() {
        let mut out = String::new();
        write_json_text("a\"é\n😀", &mut out);
        assert_eq!(out, "\"a\\\"\\u00e9\\n\\ud83d\\ude00\"");
    }
}
