//! Checks that every row of planalign-dbt/COMPATIBILITY.md is shown by projects, and that every project is in a row.

use std::collections::{BTreeMap, BTreeSet};

use super::Violation;
use crate::files::Files;

const DOCUMENT: &str = "planalign-dbt/COMPATIBILITY.md";

/// Folders with projects. Those in the first must fail; the others are built.
const FOLDERS: [&str; 4] = [
    "planalign-dbt/tests/fixtures/errors",
    "planalign-dbt/tests/fixtures/compile",
    "planalign-dbt/tests/fixtures",
    "planalign-dbt/tests/projects",
];

/// What a row may say of its feature, before a colon or parenthesis, and whether its projects must fail.
const STATES: [(&str, bool); 5] =
    [("supported", false), ("native", false), ("ignored", false), ("refused", true), ("error", true)];

/// A project that shows features.
struct Project<'a> {
    path: &'a str,
    text: &'a str,
    fails: bool,
}

/// Compares the rows with the projects.
pub(crate) fn check(files: &Files) -> Vec<Violation> {
    let mut projects: BTreeMap<&str, Project> = BTreeMap::new();
    let mut violations = Vec::new();
    for (path, text) in files.all() {
        let Some((folder, name)) = path.strip_suffix(".txt").and_then(|path| path.rsplit_once('/')) else { continue };
        if !FOLDERS.contains(&folder) {
            continue;
        }
        let project = Project { path, text, fails: folder == FOLDERS[0] };
        if let Some(other) = projects.insert(name, project) {
            violations.push(Violation::of(path, format!("has the name of {}", other.path)));
        }
    }
    let mut named = BTreeSet::new();
    let lines = files.text(DOCUMENT).unwrap_or_default().lines().enumerate();
    for (index, line) in lines.filter(|(_, line)| is_row(line)) {
        let problems = check_row(line, &projects, &mut named);
        violations.extend(problems.into_iter().map(|problem| Violation::at(DOCUMENT, index + 1, problem)));
    }
    let unnamed = projects.iter().filter(|(name, _)| !named.contains(*name));
    violations.extend(unnamed.map(|(_, project)| Violation::of(project.path, "no row names it")));
    violations
}

/// Whether a line is a row of a table below its header, whose second cell is empty.
fn is_row(line: &str) -> bool {
    line.starts_with("| ") && !line.contains("| | projects |")
}

/// What is wrong with a row; adds its projects to those that were seen.
fn check_row<'a>(line: &'a str, projects: &BTreeMap<&str, Project>, seen: &mut BTreeSet<&'a str>) -> Vec<String> {
    let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
    let [feature, claim, names] = cells.as_slice() else { return vec!["a row has three cells".to_owned()] };
    let state = claim.split([':', ' ']).next().unwrap_or_default();
    let Some((_, fails)) = STATES.iter().find(|(known, _)| *known == state) else {
        return vec![format!("`{state}` is not one of {}", STATES.map(|(known, _)| known).join(", "))];
    };
    let mut problems = Vec::new();
    let mut texts = Vec::new();
    for name in names.split(", ") {
        match projects.get(name) {
            None => problems.push(format!("there is no project `{name}`")),
            Some(project) if project.fails != *fails => {
                problems.push(format!("what is {state} isn't shown by {}", project.path));
            }
            Some(project) => texts.push(project.text),
        }
        seen.insert(name);
    }
    // Every other part between backticks is code.
    let codes = feature.split('`').skip(1).step_by(2);
    let missing = codes.filter(|code| !texts.iter().any(|text| text.contains(code)));
    problems.extend(missing.map(|code| format!("`{code}` is in none of its projects")));
    problems
}
