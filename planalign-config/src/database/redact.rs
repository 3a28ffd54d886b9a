//! Takes census data out of the engine's messages.

/// Replaces what may be data in a message of `DuckDB`.
///
/// Quoted literals go always, identifiers in double quotes stay only in messages about names (binder, catalog, parser),
/// and numbers go from messages about values. A message is one line; the engine's own excerpt of the statement is cut,
/// because the caller marks the place in its own.
#[must_use]
pub fn redact(message: &str) -> String {
    let message = message.split("\n\nLINE ").next().unwrap_or(message);
    let message = cut_original_lines(message);
    let about_names = ["Binder Error", "Catalog Error", "Parser Error", "Permission Error"]
        .iter()
        .any(|kind| message.starts_with(kind));
    let about_files = ["IO Error", "Permission Error"].iter().any(|kind| message.starts_with(kind));
    let mut out = String::with_capacity(message.len());
    let mut chars = message.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // An apostrophe within a word opens no literal.
            '\'' | '"' if quotes_data(c, about_names, about_files) && !out.ends_with(char::is_alphanumeric) => {
                skip_quoted(&mut chars, c, !about_names && !about_files);
                out.push(c);
                out.push_str("...");
                out.push(c);
            }
            '0'..='9' if names_a_type(&out) => out.push(c),
            '0'..='9' if !about_names && !about_files => {
                while chars.peek().is_some_and(|n| n.is_ascii_digit() || matches!(n, '.' | ',' | '-' | '/' | ':')) {
                    chars.next();
                }
                out.push('#');
            }
            '\n' => out.push(' '),
            other => out.push(other),
        }
    }
    out.trim().to_owned()
}

fn quotes_data(quote: char, about_names: bool, about_files: bool) -> bool {
    match quote {
        '"' => !about_names && !about_files,
        _ => true,
    }
}

/// Skips to the closing quote. The engine does not escape the values that it quotes, so in a message about values the
/// literal may hold quotes itself: there the last one of the message closes it.
fn skip_quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, quote: char, to_the_last: bool) {
    while chars.next().is_some_and(|c| c != quote) {}
    while to_the_last && chars.clone().any(|c| c == quote) {
        while chars.next().is_some_and(|c| c != quote) {}
    }
}

/// `INT32` and `DECIMAL(12,2)` name types: a digit right after a letter, or inside a type's parentheses, is no data.
fn names_a_type(out: &str) -> bool {
    let word = out.trim_end_matches(|c: char| c.is_ascii_digit());
    if word.ends_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return true;
    }
    let Some((before, inside)) = out.rsplit_once('(') else { return false };
    before.ends_with("DECIMAL") && inside.chars().all(|c| c.is_ascii_digit() || c == ',')
}

/// The CSV reader repeats the whole line that it could not read.
fn cut_original_lines(message: &str) -> String {
    message.lines().filter(|line| !line.trim_start().starts_with("Original Line:")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn literals_and_numbers_are_replaced() {
        let cases = [
            (
                "Conversion Error: Could not convert string '123-45-6789' to INT32",
                "Conversion Error: Could not convert string '...' to INT32",
            ),
            (
                "Conversion Error: invalid date field format: \"1970-13-40\", expected",
                "Conversion Error: invalid date field format: \"...\", expected",
            ),
            (
                "Conversion Error: Could not cast value 98765.43 to DECIMAL(4,2)",
                "Conversion Error: Could not cast value # to DECIMAL(4,2)",
            ),
            (
                "Out of Range Error: Overflow in multiplication of INT64 (98765 * 43210)!",
                "Out of Range Error: Overflow in multiplication of INT64 (# * #)!",
            ),
            (
                "Constraint Error: Duplicate key \"employee_id: E1\" violates",
                "Constraint Error: Duplicate key \"...\" violates",
            ),
            (
                "Binder Error: Referenced column \"pay\" not found\n\nLINE 1: select pay where x = 'E1'",
                "Binder Error: Referenced column \"pay\" not found",
            ),
            (
                "Invalid Input Error: CSV Error on Line: 5\nOriginal Line: E1,Jane\nExpected",
                "Invalid Input Error: CSV Error on Line: # Expected",
            ),
        ];
        for (input, expected) in cases {
            assert_eq!(redact(input), expected);
        }
        for name in ["O'Brien", "O''Brien", "D' Angelo, J."] {
            let message = format!("Conversion Error: couldn't convert string '{name}' to INT32");
            assert_eq!(redact(&message), "Conversion Error: couldn't convert string '...' to INT32");
        }
    }
}
