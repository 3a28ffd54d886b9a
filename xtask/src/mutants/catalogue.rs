//! The list of mutants: each fault, its place, and the test that must notice it.

use std::fs;
use std::path::Path;

use planalign_config::yaml::{self, Dialect, Node, YamlError};

/// Path of the list, relative to the root.
const FILE: &str = "xtask/mutants.yaml";

/// A fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mutant {
    /// Number in the list, from 1.
    pub(crate) number: usize,
    /// What the fault does.
    pub(crate) name: String,
    /// Why it matters.
    pub(crate) why: String,
    /// The file to change.
    pub(crate) file: String,
    /// The text to replace, which must occur exactly once in the file.
    pub(crate) text: String,
    /// The replacement.
    pub(crate) becomes: String,
    /// The crate of the test that notices it.
    pub(crate) package: String,
    /// `lib` or `bin` for unit tests, or a file or folder in `tests`.
    pub(crate) target: String,
    /// The full name of the test.
    pub(crate) test: String,
}

/// A problem with the list.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CatalogueError {
    /// It can't be read.
    #[error("can't read {FILE}: {0}")]
    Read(#[from] std::io::Error),
    /// It isn't valid YAML.
    #[error("{FILE}:{line}: {0}", line = .0.at.line)]
    Yaml(YamlError),
    /// It doesn't match the workspace.
    #[error("{FILE} doesn't match the workspace:\n  {}", .0.join("\n  "))]
    Mismatch(Vec<String>),
}

impl Mutant {
    /// Returns whether a filter matches it; without filters, all are selected.
    pub(crate) fn is_selected(&self, filters: &[String]) -> bool {
        let matches = |filter: &String| filter.parse() == Ok(self.number) || self.name.contains(filter.as_str());
        filters.is_empty() || filters.iter().any(matches)
    }
}

/// Reads the list and checks that each fault can be injected.
pub(crate) fn read(root: &Path) -> Result<Vec<Mutant>, CatalogueError> {
    let mut problems = Vec::new();
    let mutants = parse(&fs::read_to_string(root.join(FILE))?, &mut problems)?;
    if !problems.is_empty() {
        return Err(CatalogueError::Mismatch(problems));
    }
    for mutant in &mutants {
        let count = fs::read_to_string(root.join(&mutant.file))?.matches(&mutant.text).count();
        if count != 1 {
            problems.push(format!("{}: its text occurs {count} times in {}", mutant.name, mutant.file));
        }
    }
    if problems.is_empty() { Ok(mutants) } else { Err(CatalogueError::Mismatch(problems)) }
}

fn parse(yaml: &str, problems: &mut Vec<String>) -> Result<Vec<Mutant>, CatalogueError> {
    let (list, errors) = yaml::parse(yaml, Dialect::Core);
    if let Some(error) = errors.into_iter().next() {
        return Err(CatalogueError::Yaml(error));
    }
    let mut mutants: Vec<Mutant> = Vec::new();
    for (entry, number) in list.items().iter().zip(1..) {
        let mut field = |key: &str| {
            let value = entry.get(key).and_then(Node::text);
            if value.is_none() {
                problems.push(format!("mutant {number} has no {key}"));
            }
            value.unwrap_or_default().to_owned()
        };
        let mut mutant = Mutant {
            number,
            name: field("name"),
            why: field("why"),
            file: field("file"),
            text: field("text"),
            becomes: field("becomes"),
            ..Mutant::default()
        };
        let place = field("test");
        let mut words = place.split(' ').map(str::to_owned);
        let mut word = || words.next().unwrap_or_default();
        (mutant.package, mutant.target, mutant.test) = (word(), word(), word());
        if mutant.test.is_empty() {
            problems.push(format!("mutant {number} doesn't name a test as package, target, and name"));
        }
        if mutant.text == mutant.becomes || mutants.iter().any(|other| other.name == mutant.name) {
            problems.push(format!("mutant {number} changes nothing, or has a duplicate name"));
        }
        mutants.push(mutant);
    }
    Ok(mutants)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Files;
    use crate::workspace;

    #[test]
    fn the_list_matches_the_workspace() {
        let files = Files::of_workspace(&workspace::root()).expect("files");
        let mutants = read(&workspace::root()).expect("the list");
        assert!(mutants.len() >= 60, "{}", mutants.len());
        for mutant in mutants {
            let declared = format!("fn {}(", mutant.test.rsplit("::").next().expect("a name"));
            let exists = files.rust().any(|file| file.member() == mutant.package && file.text.contains(&declared));
            assert!(exists, "{}: no test {} in {}", mutant.name, mutant.test, mutant.package);
        }
    }

    #[test]
    fn problems_with_the_list_are_reported() {
        let text = "- {name: a, why: w, file: f, text: x, becomes: x, test: p lib a::b}\n- {name: a, why: w, text: y, becomes: z, test: p lib}\n";
        let mut problems = Vec::new();
        let mutants = parse(text, &mut problems).expect("YAML");
        let expected = [
            "mutant 1 changes nothing, or has a duplicate name",
            "mutant 2 has no file",
            "mutant 2 doesn't name a test as package, target, and name",
            "mutant 2 changes nothing, or has a duplicate name",
        ];
        assert_eq!(problems, expected);
        assert_eq!(
            (mutants[0].package.as_str(), mutants[0].target.as_str(), mutants[0].test.as_str()),
            ("p", "lib", "a::b")
        );
    }

    #[test]
    fn mutants_are_selected_by_number_or_name() {
        let mutant = Mutant { number: 12, name: "match without a cap".to_owned(), ..Mutant::default() };
        let selected =
            |filters: &[&str]| mutant.is_selected(&filters.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            [selected(&[]), selected(&["12"]), selected(&["x", "cap"]), selected(&["1"])],
            [true, true, true, false]
        );
    }
}
