//! Formats coverage as a table of crates and a list of lines.

use std::collections::BTreeMap;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{Cell, CellAlignment, Table};

use super::CrateLines;

/// Formats a row per crate.
pub(crate) fn render(crates: &BTreeMap<&str, CrateLines>) -> String {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(["crate", "lines", "run", "%"]);
    for (name, lines) in crates {
        let numbers = [lines.count.to_string(), lines.covered().to_string(), format!("{:.2}", lines.percent())];
        let numbers = numbers.map(|text| Cell::new(text).set_alignment(CellAlignment::Right));
        table.add_row([Cell::new(name)].into_iter().chain(numbers));
    }
    table.to_string()
}

/// Lists the lines that no test runs, as ranges.
pub(crate) fn missed(lines: &CrateLines) -> String {
    let mut places = Vec::new();
    for (file, lines) in &lines.missed {
        for run in lines.chunk_by(|line, next| line + 1 == *next) {
            places.push(match run {
                [first, .., last] => format!("{file}:{first}-{last}"),
                _ => format!("{file}:{}", run[0]),
            });
        }
    }
    places.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize, missed: &[usize]) -> CrateLines {
        CrateLines { count, missed: BTreeMap::from([("a/src/x.rs".to_owned(), missed.to_vec())]) }
    }

    #[test]
    fn crates_are_rows() {
        let crates = BTreeMap::from([("one", lines(300, &[4])), ("two", lines(4, &[1, 2, 3]))]);
        let expected = "| crate | lines | run | %     |\n\
                        |-------|-------|-----|-------|\n\
                        | one   |   300 | 299 | 99.67 |\n\
                        | two   |     4 |   1 | 25.00 |";
        assert_eq!(render(&crates), expected);
    }

    #[test]
    fn adjacent_missed_lines_are_listed_as_a_range() {
        assert_eq!(missed(&lines(9, &[2, 4, 5, 6, 8])), "a/src/x.rs:2\na/src/x.rs:4-6\na/src/x.rs:8");
    }
}
