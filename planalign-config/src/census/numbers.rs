//! Numbers as payroll systems, recordkeepers, and spreadsheets write them.

use crate::fixed::Rate;

/// What separates the decimals of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Decimals {
    /// `1,234.50`.
    Point,
    /// `1.234,50`.
    Comma,
}

/// A cell of a column of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberCell {
    /// Empty, `N/A`, and the like.
    None,
    /// Not a number.
    Unreadable,
    /// A number with either separator, or with one of them.
    Read(Number),
}

/// What a cell means with each separator of decimals, rounded half away from zero to six decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) point: Option<Rate>,
    pub(super) comma: Option<Rate>,
    /// Whether it has a percent sign.
    pub(super) is_percent: bool,
    /// Whether something besides digits and the separator of decimals was read over: a currency, thousands separators, parentheses.
    pub(super) is_formatted: bool,
}

impl Number {
    /// The number with this separator.
    pub(super) fn with(&self, decimals: Decimals) -> Option<Rate> {
        match decimals {
            Decimals::Point => self.point,
            Decimals::Comma => self.comma,
        }
    }
}

/// Texts that systems write for a number that isn't there.
const NO_NUMBER: [&str; 11] = ["", "-", "--", ".", "n/a", "na", "#n/a", "null", "none", "nan", "<na>"];

/// Reads a cell with both separators of decimals.
pub(super) fn read(cell: &str) -> NumberCell {
    let text = cell.trim();
    if NO_NUMBER.iter().any(|none| text.eq_ignore_ascii_case(none)) {
        return NumberCell::None;
    }
    // Nearly all cells are plain numbers.
    if let Some(plain) = plain(text) {
        let has_point = text.contains('.');
        let comma = if has_point { grouped(text, '.', ',').and_then(|text| self::plain(&text)) } else { Some(plain) };
        return NumberCell::Read(Number { point: Some(plain), comma, is_percent: false, is_formatted: false });
    }
    let Some((sign, is_percent, digits)) = undecorated(text) else { return NumberCell::Unreadable };
    let read = |group: char, decimal: char| {
        let number = grouped(&digits, group, decimal).and_then(|text| plain(&text))?;
        Some(Rate::from_units(sign * number.units()))
    };
    let number = Number { point: read(',', '.'), comma: read('.', ','), is_percent, is_formatted: true };
    if number.point.or(number.comma).is_none() { NumberCell::Unreadable } else { NumberCell::Read(number) }
}

/// The number without currency, percent sign, and signs around it: its sign, whether it is a percentage, and its digits.
fn undecorated(text: &str) -> Option<(i128, bool, String)> {
    let (inner, in_parentheses) = match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => (inner, true),
        None => (text, false),
    };
    let mut rest = inner.trim();
    let (mut negative, mut is_percent) = (in_parentheses, false);
    let mut has_currency = false;
    loop {
        let before = rest;
        for currency in ["$", "€", "£", "US$", "USD", "EUR", "GBP"] {
            if !has_currency && let Some(other) = rest.strip_prefix(currency).or_else(|| rest.strip_suffix(currency)) {
                (rest, has_currency) = (other.trim(), true);
            }
        }
        if !negative && let Some(other) = rest.strip_prefix(['-', '\u{2212}']).or_else(|| rest.strip_suffix('-')) {
            (rest, negative) = (other.trim(), true);
        }
        if !is_percent && let Some(other) = rest.strip_suffix('%') {
            (rest, is_percent) = (other.trim(), true);
        }
        if rest == before {
            break;
        }
    }
    // Spaces and apostrophes separate thousands; `grouped` checks where they are.
    let digits: String =
        rest.chars().map(|c| if matches!(c, '\u{a0}' | '\u{202f}' | '\u{2019}' | '\'') { ' ' } else { c }).collect();
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','));
    is_number.then_some((if negative { -1 } else { 1 }, is_percent, digits))
}

/// The number with a point and without thousands separators; `None` if a separator isn't where it belongs.
fn grouped(text: &str, group: char, decimal: char) -> Option<String> {
    let (whole, decimals) = text.split_once(decimal).unwrap_or((text, ""));
    if decimals.bytes().any(|byte| !byte.is_ascii_digit()) {
        return None;
    }
    let group = if whole.contains(' ') { ' ' } else { group };
    let mut groups = whole.split(group);
    let first = groups.next()?;
    let mut number = first.to_owned();
    for part in groups {
        if part.len() != 3 || first.is_empty() || first.len() > 3 || first.starts_with('0') {
            return None;
        }
        number.push_str(part);
    }
    if number.bytes().any(|byte| !byte.is_ascii_digit()) {
        return None;
    }
    // Three digits after a comma that could separate thousands do.
    if decimal == ',' && decimals.len() == 3 && !number.is_empty() && number.len() <= 3 && !number.starts_with('0') {
        return None;
    }
    Some(format!("{number}.{decimals}"))
}

/// A number with a point and perhaps an exponent, as programs write it.
fn plain(text: &str) -> Option<Rate> {
    let (number, exponent) = text
        .split_once(['e', 'E'])
        .map_or((text, 0), |(number, exponent)| (number, exponent.parse().unwrap_or(i32::MAX)));
    let (negative, digits) = number.strip_prefix('-').map_or((false, number), |digits| (true, digits));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && decimals.is_empty()) || !all_digits(whole) || !all_digits(decimals) || exponent.abs() > 30 {
        return None;
    }
    // Six decimals and one more to round by are enough.
    let kept = decimals.len().min(25);
    let units: i128 =
        format!("{whole}{}", &decimals[..kept]).parse().ok().filter(|units: &i128| *units < 10_i128.pow(30))?;
    let shift = 6 - i32::try_from(kept).ok()? + exponent;
    let units = if shift >= 0 {
        units.checked_mul(10_i128.checked_pow(shift.unsigned_abs())?)?
    } else {
        let divisor = 10_i128.checked_pow(shift.unsigned_abs())?;
        (units + divisor / 2) / divisor
    };
    Some(Rate::from_units(if negative { -units } else { units }))
}

/// Reads a truth value; `None` if it is neither true nor false. Empty cells are none.
pub(super) fn truth(cell: &str) -> Option<bool> {
    const TRUE: [&str; 8] = ["true", "t", "yes", "y", "1", "1.0", "x", "on"];
    const FALSE: [&str; 7] = ["false", "f", "no", "n", "0", "0.0", "off"];
    let cell = cell.trim();
    let is_one_of = |texts: &[&str]| texts.iter().any(|text| cell.eq_ignore_ascii_case(text));
    if is_one_of(&TRUE) { Some(true) } else { is_one_of(&FALSE).then_some(false) }
}

/// Whether a cell of a column that isn't text has no value.
pub(super) fn is_none(cell: &str) -> bool {
    NO_NUMBER.iter().any(|none| cell.trim().eq_ignore_ascii_case(none))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(cell: &str) -> String {
        match read(cell) {
            NumberCell::Read(Number { point, comma, is_percent, .. }) => {
                let text = |number: Option<Rate>| number.map_or("-".to_owned(), Rate::shortest);
                format!("{} {}{}", text(point), text(comma), if is_percent { " %" } else { "" })
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_cell_is_read_with_both_separators() {
        let check = |cell: &str, expect: &str| assert_eq!(readings(cell), expect, "{cell}");
        check("60000", "60000 60000");
        check("-5", "-5 -5");
        check("60000.5", "60000.5 -");
        check("60000,50", "- 60000.5");
        check("60.000", "60 60000");
        check("$60,000", "60000 -");
        check("$ 1,234,567.89", "1234567.89 -");
        check("1.234.567,89 €", "- 1234567.89");
        check("USD 60'000.00", "60000 -");
        check("60 000,00", "- 60000");
        check("60\u{a0}000", "60000 60000");
        check("(1,250.00)", "-1250 -");
        check("1,250.00-", "-1250 -");
        check("6%", "6 6 %");
        check("6,5 %", "- 6.5 %");
        check("0,125", "- 0.125");
        check("0.06", "0.06 -");
        check(".06", "0.06 -");
        check("6e-2", "0.06 0.06");
        check("1E+5", "100000 100000");
        check("0.30000000000000004", "0.3 -");
        check("0.0000005", "0.000001 -");
    }

    #[test]
    fn what_is_not_a_number_is_unreadable() {
        for cell in [
            "abc",
            "60,0,00",
            "1,2345.00",
            "6%%",
            "60000*",
            "1.2.3",
            "$",
            "12 34",
            "0x10",
            "1e99",
            "--5",
            "60,000,00",
            "١٢",
            "1,234.5,6",
        ] {
            assert_eq!(read(cell), NumberCell::Unreadable, "{cell}");
        }
        for cell in ["", " ", "-", "N/A", "NaN", "null"] {
            assert_eq!(read(cell), NumberCell::None, "{cell}");
        }
    }

    #[test]
    fn truth_values_of_several_programs_are_read() {
        for cell in ["true", "TRUE", "Yes ", "X", "1.0", "1", "y"] {
            assert_eq!(truth(cell), Some(true), "{cell}");
        }
        for cell in ["false", "No", "0", "0.0", "N"] {
            assert_eq!(truth(cell), Some(false), "{cell}");
        }
        for cell in ["", "maybe", "2", "-1"] {
            assert_eq!(truth(cell), None, "{cell}");
        }
    }
}
