//! Excerpts of a statement around an error.

/// Lines shown before and after the error.
const AROUND: usize = 3;

/// An excerpt of `sql` around `line` (from 1), with that line marked; empty without a line.
pub(crate) fn excerpt(sql: &str, line: Option<usize>) -> String {
    let lines: Vec<&str> = sql.lines().collect();
    let Some(line) = line.filter(|l| (1..=lines.len()).contains(l)) else { return String::new() };
    let first = line.saturating_sub(AROUND).max(1);
    let last = (line + AROUND).min(lines.len());
    let width = last.to_string().len();
    let shown = (first..=last).map(|number| {
        let mark = if number == line { "-->" } else { "   " };
        format!("{mark} {number:>width$} | {}", lines[number - 1]).trim_end().to_owned()
    });
    shown.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn the_line_is_marked_and_lines_are_numbered() {
        let sql = (1..=12).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n");
        let expected = "     6 | line 6\n     7 | line 7\n     8 | line 8\n-->  9 | line 9\n    10 | line 10\n    11 | line 11\n    12 | line 12";
        assert_eq!(excerpt(&sql, Some(9)), expected);
        assert_eq!(excerpt("a", Some(1)), "--> 1 | a");
        assert_eq!(excerpt("a", Some(2)), "");
        assert_eq!(excerpt("a", None), "");
    }
}
