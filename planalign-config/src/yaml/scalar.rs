//! The meaning of plain scalars, by dialect.

use super::{Content, Dialect};

/// The meaning of an unquoted scalar; an error if it is ambiguous.
pub(super) fn resolve(text: &str, dialect: Dialect) -> Result<Content, String> {
    match dialect {
        Dialect::Core => Ok(core(text)),
        Dialect::PyYaml => pyyaml(text),
    }
}

/// The core schema of YAML 1.2.
fn core(text: &str) -> Content {
    let radix = |prefix: &str, radix: u32| i64::from_str_radix(text.strip_prefix(prefix)?, radix).ok();
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "true" | "True" | "TRUE" => Content::Flag(true),
        "false" | "False" | "FALSE" => Content::Flag(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Content::Float("inf".to_owned()),
        "-.inf" | "-.Inf" | "-.INF" => Content::Float("-inf".to_owned()),
        ".nan" | ".NaN" | ".NAN" => Content::Float("NaN".to_owned()),
        _ => match radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| text.parse().ok()) {
            Some(number) => Content::Integer(number),
            None if is_float(text) => Content::Float(text.to_owned()),
            None => Content::Text(text.to_owned()),
        },
    }
}

/// Without a digit, it could be a word that Rust parses as a number, such as `inf`.
fn is_float(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit()) && text.parse::<f64>().is_ok()
}

/// The meaning in `PyYAML`, which follows YAML 1.1.
fn pyyaml(text: &str) -> Result<Content, String> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Content::Flag(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Content::Flag(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF" | ".nan" | ".NaN"
        | ".NAN" => {
            return Err(format!("`{text}` is a number that JSON can't represent; quote it, and cast it in SQL"));
        }
        _ => match pyyaml_integer(text)? {
            Some(number) => Content::Integer(number),
            None => pyyaml_float(text).map_or_else(|| Content::Text(text.to_owned()), Content::Float),
        },
    })
}

fn pyyaml_integer(text: &str) -> Result<Option<i64>, String> {
    let unsigned = text.trim_start_matches(['-', '+']);
    if text.len() - unsigned.len() > 1 || !unsigned.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(None);
    }
    if unsigned.contains(':') && unsigned.chars().all(|c| c.is_ascii_digit() || c == ':') {
        return Err(format!("`{text}` is a base-60 number in YAML 1.1 and text in YAML 1.2; quote it"));
    }
    let digits = unsigned.replace('_', "");
    let (radix, digits) = match digits.get(..2) {
        Some("0x") => (16, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        Some(_) if digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits.as_str()),
    };
    let magnitude = i64::from_str_radix(digits, radix).ok();
    Ok(magnitude.map(|magnitude| if text.starts_with('-') { -magnitude } else { magnitude }))
}

fn pyyaml_float(text: &str) -> Option<String> {
    let body = text.trim_start_matches(['-', '+']).replace('_', "");
    let mut parts = body.split(['e', 'E']);
    let (mantissa, exponent) = (parts.next()?, parts.next());
    let digits_and_point = mantissa.contains('.')
        && mantissa.chars().any(|c| c.is_ascii_digit())
        && mantissa.chars().all(|c| c.is_ascii_digit() || c == '.');
    let exponent_is_signed = exponent.is_none_or(|e| e.starts_with(['-', '+']));
    let is_number = digits_and_point && exponent_is_signed && parts.next().is_none() && is_float(&body);
    is_number.then(|| if text.starts_with('-') { format!("-{body}") } else { body })
}
