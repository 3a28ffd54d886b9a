//! Counts and lists in messages.

use std::fmt::Display;

/// Formats a count and its noun: `1 error`, `2 errors`.
#[must_use]
pub fn counted<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let plural = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// Formats a heading followed by one item per line.
#[must_use]
pub fn listed<T: Display>(heading: &str, things: &[T]) -> String {
    things.iter().fold(heading.to_owned(), |text, thing| format!("{text}\n  {thing}"))
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_singular() {
        assert_eq!([0, 1, 2].map(|n| counted(n, "row")), ["0 rows", "1 row", "2 rows"]);
    }
}
