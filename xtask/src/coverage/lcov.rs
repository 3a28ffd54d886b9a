//! Reads line counts in LCOV format, as written by llvm-cov: `SF:<file>`, then `DA:<line>,<count>` for each line of code.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// How often each line of code ran, by file.
pub(crate) type Hits = BTreeMap<PathBuf, BTreeMap<usize, u64>>;

/// Parses a report, ignoring other records, such as functions.
pub(crate) fn hits(report: &str) -> Hits {
    let mut hits = Hits::new();
    let mut file = PathBuf::new();
    for record in report.lines() {
        if let Some(path) = record.strip_prefix("SF:") {
            file = path.into();
        } else if let Some((line, count)) = record.strip_prefix("DA:").and_then(|line| line.split_once(','))
            && let (Ok(line), Ok(count)) = (line.parse(), count.parse())
        {
            hits.entry(file.clone()).or_default().insert(line, count);
        }
    }
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_belong_to_the_file_above() {
        let report =
            "SF:/w/a.rs\nFN:1,f\nFNDA:2,f\nDA:1,2\nDA:3,0\nLF:2\nend_of_record\nSF:/w/b.rs\nDA:1,7\nend_of_record\n";
        let expected = [("/w/a.rs", vec![(1, 2), (3, 0)]), ("/w/b.rs", vec![(1, 7)])];
        let expected = expected.map(|(file, lines)| (PathBuf::from(file), lines.into_iter().collect()));
        assert_eq!(hits(report), Hits::from(expected));
    }
}
