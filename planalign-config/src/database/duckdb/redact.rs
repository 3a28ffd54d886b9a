//! Removes census data from the engine's messages.

use std::collections::HashSet;

/// Words in the engine's messages about values, and the names of its types.
const VOCABULARY: &str = "
    a according addition after all allowed already amount an and any are argument arguments array as at autoloading
    automatically be because before between big but by can cannot cardinality cast casting column columns constant
    constraint conversion convert converted could couldn't create csv data decimal default delimiter did divide division
    does doesn't due duplicate element empty end error exceed exceeded exceeds expected expression extension extensions
    extract failed false field fields file for foreign format found from full function given got has header if implicit in
    index infinite input inside install integer internal interrupted interval into invalid is isn't it its json key large larger least
    length limit line list long malformed match maximum minimum missing more multiplication must negation negative no non
    not null number numeric occurred of on one only operation option options or original out outside overflow parameter
    parse parser parsing pattern positive possible primary quote quoted range read reading regular required result returned
    row rows scalar scale set should single size small smaller sniffing source specifier start statement string subquery
    subtraction sum supported syntax text than that the then this time timestamp to too true try trying type types unable
    unexpected unique unknown unrecognized unsupported unterminated use used using value values violated violates violation
    was when while width with within without year zero
    attempted bytes commit conflict denied device disk exceeded filesystem io left location open operation permission permitted
    quota space system transaction transactioncontext write writing
    bigint blob boolean date date32 double enum float hugeint int int8 int16 int32 int64 int128 smallint struct tinyint
    behavior can can't config destination disable more previous restore return returning subqueries
    ubigint uhugeint uint8 uint16 uint32 uint64 uint128 uinteger usmallint utinyint uuid varchar";

/// Redacts possible data in a `DuckDB` message about a statement.
///
/// Quoted literals are always removed; double-quoted identifiers stay only in messages about names (binder, catalog, parser) and
/// files. Messages about values also lose numbers and all words that are neither the engine's nor the statement's, because some
/// repeat a value without quotes, and a query can raise any text as an error. A message is one line.
#[must_use]
pub(super) fn redact(kind: &str, message: &str, statement: &str) -> String {
    let about_names = ["Binder", "Catalog", "Dependency", "Parser", "Syntax"].contains(&kind);
    let about_files = ["IO", "Permission"].contains(&kind);
    let about_values = !about_names && !about_files;
    let harmless = if about_values { harmless_words(statement) } else { HashSet::new() };
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            // An apostrophe inside a word doesn't start a literal.
            '\'' | '"' if (c == '\'' || about_values) && !out.ends_with(char::is_alphanumeric) => {
                out.extend([c, '.', '.', '.', c]);
                after_literal(after, c, about_values)
            }
            '0'..='9' if about_values && !is_of_a_type(&out) => {
                out.push('#');
                after.trim_start_matches(|n: char| n.is_ascii_digit() || matches!(n, '.' | ',' | '-' | '/' | ':'))
            }
            _ if about_values && c.is_alphabetic() => {
                let end = rest.find(|c: char| !is_of_a_word(c)).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                if harmless.contains(&word.to_lowercase()) {
                    out.push_str(word);
                } else if !out.trim_end().ends_with("...") {
                    out.push_str("...");
                }
                after
            }
            c => {
                out.push(if c.is_whitespace() { ' ' } else { c });
                after
            }
        };
    }
    out.trim().to_owned()
}

/// The engine's words and those in the user's statement.
fn harmless_words(statement: &str) -> HashSet<String> {
    let of_the_statement = statement.split(|c: char| !is_of_a_word(c)).map(|word| word.trim_matches('\''));
    VOCABULARY.split_whitespace().chain(of_the_statement).map(str::to_lowercase).collect()
}

fn is_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '\'')
}

/// The text after the closing quote. The engine doesn't escape quoted values, so in a message about values, the literal may
/// contain quotes, and the message's last quote closes it.
fn after_literal(text: &str, quote: char, to_the_last: bool) -> &str {
    let closing = if to_the_last { text.rfind(quote) } else { text.find(quote) };
    closing.map_or("", |at| &text[at + quote.len_utf8()..])
}

/// In `DECIMAL(12,2)`, the numbers belong to the type.
fn is_of_a_type(out: &str) -> bool {
    let Some((before, inside)) = out.rsplit_once('(') else { return false };
    before.ends_with("DECIMAL") && inside.chars().all(|c| c.is_ascii_digit() || c == ',')
}

#[cfg(test)]
mod tests {
    /// A message as the engine prints it.
    fn redact(text: &str, statement: &str) -> String {
        let (kind, message) = text.split_once(" Error: ").expect("error kind");
        format!("{kind} Error: {}", super::redact(kind, message, statement))
    }

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
                "Dependency Error: Cannot alter entry \"orders\" because there are entries that depend on it.",
                "Dependency Error: Cannot alter entry \"orders\" because there are entries that depend on it.",
            ),
            (
                "Invalid Input Error: More than one row returned by a subquery used as an expression - scalar subqueries can only return a single row.",
                "Invalid Input Error: More than one row returned by a subquery used as an expression - scalar subqueries can only return a single row.",
            ),
            ("Binder Error: Referenced column \"pay\" not found", "Binder Error: Referenced column \"pay\" not found"),
            (
                "Invalid Input Error: CSV Error on Line: 5\nOriginal Line: E1,Jane\nExpected",
                "Invalid Input Error: CSV Error on Line: # Original Line: ...,... Expected",
            ),
        ];
        for (input, expected) in cases {
            assert_eq!(redact(input, ""), expected);
        }
        for name in ["O'Brien", "O''Brien", "D' Angelo, J."] {
            let message = format!("Conversion Error: couldn't convert string '{name}' to INT32");
            assert_eq!(redact(&message, ""), "Conversion Error: couldn't convert string '...' to INT32");
        }
    }

    #[test]
    fn words_of_the_engine_and_the_statement_are_kept() {
        let cases = [
            (
                "Invalid Input Error: Could not parse string \"E1 Jane\" according to format specifier \"%d\"\nE1 Jane\n^\nError: Expected a number",
                "strptime(name, '%d')",
                "Invalid Input Error: Could not parse string \"...\" ...  ^ Error: Expected a number",
            ),
            ("Invalid Input Error: missing ): (EMP001, Müller", "", "Invalid Input Error: missing ): (..., ..."),
            ("Invalid Input Error: low: EMP001 98000", "error('low: ' || id)", "Invalid Input Error: low: ... #"),
            (
                "Conversion Error: Could not convert string 'E1' to INT32 when casting from source column badge_no",
                "select cast(badge_no as int)",
                "Conversion Error: Could not convert string '...' to INT32 when casting from source column badge_no",
            ),
            (
                "TransactionContext Error: Failed to commit: Could not write file \"/data/a.duckdb.wal\": No space left on device",
                "COMMIT",
                "TransactionContext Error: Failed to commit: Could not write file \"...\": No space left on device",
            ),
        ];
        for (message, statement, expected) in cases {
            assert_eq!(redact(message, statement), expected);
        }
    }
}
