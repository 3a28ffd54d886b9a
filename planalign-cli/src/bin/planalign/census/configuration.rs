//! Writes the columns of a census to a configuration file, and changes nothing else in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use planalign_config::disk;

use crate::failure::Failure;

/// Writes `census.columns`.
pub(super) fn write_columns(path: &Path, columns: &BTreeMap<&str, &str>) -> Result<(), Failure> {
    let text = fs::read_to_string(path).map_err(|cause| Failure::Unreadable { path: path.to_owned(), cause })?;
    let lines = lines(columns);
    let changed = with_columns(&text, &lines)
        .ok_or_else(|| Failure::NoPlaceForColumns { path: path.to_owned(), lines: lines.join("\n") })?;
    disk::replace(path, changed.as_bytes(), "write.config")
        .map_err(|cause| Failure::Unwritable { path: path.to_owned(), cause })
}

/// The lines of the setting within its section.
fn lines(columns: &BTreeMap<&str, &str>) -> Vec<String> {
    let entry = |(field, header): (&&str, &&str)| format!("    {field}: {}", serde_json::Value::from(*header));
    std::iter::once("  columns:".to_owned()).chain(columns.iter().map(entry)).collect()
}

/// The text with the setting in its section `census`; `None` if that is written in another style.
fn with_columns(text: &str, setting: &[String]) -> Option<String> {
    let old: Vec<&str> = text.lines().collect();
    let Some(section) = old.iter().position(|line| line.trim_end() == "census:") else {
        let has_other = old.iter().any(|line| line.starts_with("census:"));
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        return (!has_other).then(|| format!("{text}{end}census:\n{}\n", setting.join("\n")));
    };
    let is_inside = |line: &&&str| line.starts_with(' ') || line.trim().is_empty() || line.starts_with('#');
    let end = section + 1 + old[section + 1..].iter().take_while(is_inside).count();
    let existing = (section + 1..end).find(|at| old[*at].starts_with("  columns:"));
    let (from, to) = match existing {
        None => (section + 1, section + 1),
        Some(at) => {
            let inner = old[at + 1..end].iter().take_while(|line| line.starts_with("    ")).count();
            (at, at + 1 + inner)
        }
    };
    // A map in braces over several lines ends somewhere that this doesn't look for.
    if existing.is_some_and(|at| old[at].contains('{') && !old[at].contains('}')) {
        return None;
    }
    let new = old[..from].iter().copied().chain(setting.iter().map(String::as_str)).chain(old[to..].iter().copied());
    Some(new.collect::<Vec<_>>().join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<&str>) {
        let columns = BTreeMap::from([("employee_hire_date", "DOH"), ("employee_id", "Emp \"No\"")]);
        assert_eq!(with_columns(text, &lines(&columns)).as_deref(), expect, "{text}");
    }

    #[test]
    fn only_the_columns_change() {
        let columns = "  columns:\n    employee_hire_date: \"DOH\"\n    employee_id: \"Emp \\\"No\\\"\"\n";
        check("", Some(&format!("census:\n{columns}")));
        check("a: 1\n", Some(&format!("a: 1\ncensus:\n{columns}")));
        check(
            "# about\ncensus:\n  # where\n  path: x.csv\n  columns: {}\n  max_rejected_share: 0.0\n\nhiring:\n  a: 1\n",
            Some(&format!(
                "# about\ncensus:\n  # where\n  path: x.csv\n{columns}  max_rejected_share: 0.0\n\nhiring:\n  a: 1\n"
            )),
        );
        check(
            "census:\n  columns:\n    employee_id: X\n    employee_hire_date: Y\n  path: x.csv\n",
            Some(&format!("census:\n{columns}  path: x.csv\n")),
        );
        check("census:\n  path: x.csv\n", Some(&format!("census:\n{columns}  path: x.csv\n")));
        check("census: { path: x.csv }\n", None);
        check("census:\n  columns: { employee_id: X,\n    employee_ssn: Y }\n", None);
    }
}
