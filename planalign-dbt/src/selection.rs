//! dbt's selection syntax.

use std::collections::BTreeSet;

use planalign_config::did_you_mean;

use crate::graph::{ancestors, descendants};
use crate::runner::{ModelGraph, RunnerError};

/// A node or test as selection sees it.
#[derive(Clone, Debug)]
pub(crate) struct Selectable {
    pub(crate) name: String,
    /// File, relative to the project.
    pub(crate) file: String,
    pub(crate) fqn: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) resource_type: &'static str,
    pub(crate) materialized: String,
    /// For tests: `generic` or `singular`, the name of the generic test, and the tested nodes.
    pub(crate) test: Option<TestTraits>,
}

/// A test as selection sees it.
#[derive(Clone, Debug)]
pub(crate) struct TestTraits {
    pub(crate) test_type: &'static str,
    pub(crate) test_name: String,
    pub(crate) tested: Vec<String>,
}

/// Selects nodes by name, in this order of all names; an empty selection selects all.
pub(crate) fn select_in_order(
    selection: &str,
    items: &[Selectable],
    graph: &ModelGraph,
    order: &[String],
) -> Result<Vec<String>, RunnerError> {
    let selected = select(selection, items, graph)?;
    Ok(order.iter().filter(|name| selected.contains(*name)).cloned().collect())
}

/// Selects nodes by name; an empty selection selects all.
pub(crate) fn select(
    selection: &str,
    items: &[Selectable],
    graph: &ModelGraph,
) -> Result<BTreeSet<String>, RunnerError> {
    if selection.trim().is_empty() {
        return Ok(items.iter().map(|i| i.name.clone()).collect());
    }
    let mut selected = BTreeSet::new();
    for union in selection.split_whitespace() {
        let mut parts = union.split(',').map(|part| select_part(part, items, graph));
        let mut all = parts.next().unwrap_or_else(|| Ok(BTreeSet::new()))?;
        for part in parts {
            let part = part?;
            all.retain(|name| part.contains(name));
        }
        selected.extend(all);
    }
    Ok(selected)
}

/// Number of steps of a graph operator; `None`: unlimited.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Reach(Option<usize>);

/// A criterion with its graph operators.
#[derive(Debug, PartialEq)]
struct Criterion<'a> {
    /// `@`: the descendants and their ancestors.
    childrens_parents: bool,
    /// `+` or `2+` before the criterion.
    parents: Option<Reach>,
    /// `+` or `+2` after the criterion.
    children: Option<Reach>,
    method: Option<&'a str>,
    value: &'a str,
}

fn parse(text: &str) -> Criterion<'_> {
    let (childrens_parents, rest) = text.strip_prefix('@').map_or((false, text), |rest| (true, rest));
    let (parents, rest) = match rest.split_once('+') {
        Some((steps, after)) if steps.chars().all(|c| c.is_ascii_digit()) && !after.is_empty() => {
            (Some(Reach(steps.parse().ok())), after)
        }
        _ => (None, rest),
    };
    let (children, rest) = match rest.rsplit_once('+') {
        Some((before, steps)) if steps.chars().all(|c| c.is_ascii_digit()) => (Some(Reach(steps.parse().ok())), before),
        _ => (None, rest),
    };
    let (method, value) = rest.split_once(':').map_or((None, rest), |(method, value)| (Some(method), value));
    Criterion { childrens_parents, parents, children, method, value }
}

fn select_part(text: &str, items: &[Selectable], graph: &ModelGraph) -> Result<BTreeSet<String>, RunnerError> {
    let criterion = parse(text);
    let matched = matching(&criterion, items)?;
    if matched.is_empty() {
        let hint = match criterion.method {
            None => did_you_mean(criterion.value, items.iter().map(|i| i.name.as_str())),
            Some("path") => did_you_mean(criterion.value, folders(items).iter().map(String::as_str)),
            Some(_) => String::new(),
        };
        return Err(RunnerError::Selection { message: format!("{text} selects nothing{hint}") });
    }
    let mut selected = matched.clone();
    if criterion.childrens_parents {
        let children = descendants(graph, &matched, None);
        selected.extend(ancestors(graph, &children, None));
    }
    if let Some(Reach(steps)) = criterion.parents {
        selected.extend(ancestors(graph, &matched, steps));
    }
    if let Some(Reach(steps)) = criterion.children {
        selected.extend(descendants(graph, &matched, steps));
    }
    Ok(selected)
}

fn folders(items: &[Selectable]) -> BTreeSet<String> {
    items.iter().filter_map(|i| i.file.rsplit_once('/').map(|(folder, _)| folder.to_owned())).collect()
}

fn matching(criterion: &Criterion<'_>, items: &[Selectable]) -> Result<BTreeSet<String>, RunnerError> {
    let value = criterion.value;
    let method = criterion.method.unwrap_or_else(|| default_method(value));
    let test: Box<dyn Fn(&Selectable) -> bool> = match method {
        "fqn" => Box::new(|i| fqn_matches(&i.fqn, &i.name, value)),
        "path" => Box::new(|i| path_matches(&i.file, value)),
        "file" => Box::new(|i| {
            let file = i.file.rsplit('/').next().unwrap_or_default();
            wildcard(value, file) || wildcard(value, file.rsplit_once('.').map_or(file, |(stem, _)| stem))
        }),
        "tag" => Box::new(|i| i.tags.iter().any(|t| wildcard(value, t))),
        "resource_type" => Box::new(|i| i.resource_type == value),
        "config.materialized" => Box::new(|i| i.materialized == value),
        "test_type" => Box::new(|i| i.test.as_ref().is_some_and(|t| t.test_type == value || (value == "data"))),
        "test_name" => Box::new(|i| i.test.as_ref().is_some_and(|t| wildcard(value, &t.test_name))),
        other => {
            return Err(RunnerError::Unsupported {
                feature: format!("selection method {other}:"),
                node: format!("the selection {value}"),
                hint: "use names, path:, file:, fqn:, tag:, resource_type:, config.materialized:, test_type:, or test_name:".to_owned(),
            });
        }
    };
    Ok(items.iter().filter(|i| test(i)).map(|i| i.name.clone()).collect())
}

/// dbt treats a value with a slash as a path and one with an extension as a file.
fn default_method(value: &str) -> &'static str {
    let extension = value.rsplit_once('.').map(|(_, e)| e);
    if value.contains('/') {
        "path"
    } else if matches!(extension, Some("sql" | "py" | "csv")) {
        "file"
    } else {
        "fqn"
    }
}

/// The name, or a prefix of project, directories, and name, or of directories and name.
fn fqn_matches(fqn: &[String], name: &str, value: &str) -> bool {
    if wildcard(value, name) && !value.contains('.') {
        return true;
    }
    let wanted: Vec<&str> = value.split('.').collect();
    let starts = |parts: &[String]| {
        wanted.len() <= parts.len() && wanted.iter().zip(parts).all(|(w, p)| wildcard(w, p))
            || wanted.last() == Some(&"*")
                && wanted.len() == parts.len() + 1
                && wanted.iter().zip(parts).all(|(w, p)| wildcard(w, p))
    };
    starts(fqn) || fqn.get(1..).is_some_and(starts)
}

/// A directory matches everything in it; a file matches itself.
fn path_matches(file: &str, value: &str) -> bool {
    let value = value.trim_start_matches("./").trim_end_matches('/');
    if value == "." || value.is_empty() {
        return true;
    }
    let parts: Vec<&str> = file.split('/').collect();
    (1..=parts.len()).any(|n| wildcard(value, &parts[..n].join("/")))
}

/// Shell wildcards: `*`, `?` and `[abc]`.
fn wildcard(pattern: &str, text: &str) -> bool {
    if !pattern.contains(['*', '?', '[']) {
        return pattern == text;
    }
    let mut expression = String::from("^(?s:");
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' => expression.push_str(".*"),
            '?' => expression.push('.'),
            '[' => {
                let class: String = chars.by_ref().take_while(|c| *c != ']').collect();
                let class = class
                    .strip_prefix('!')
                    .map_or_else(|| regex::escape(&class), |rest| format!("^{}", regex::escape(rest)));
                expression.push('[');
                expression.push_str(&class.replace("\\-", "-"));
                expression.push(']');
            }
            other => expression.push_str(&regex::escape(&other.to_string())),
        }
    }
    expression.push_str(")$");
    regex::Regex::new(&expression).is_ok_and(|r| r.is_match(text))
}

/// Selects tests: those named by the selection and those of the nodes that it selects.
pub(crate) fn select_tests(
    selection: &str,
    nodes: &[Selectable],
    tests: &[Selectable],
    graph: &ModelGraph,
) -> Result<BTreeSet<String>, RunnerError> {
    let all: Vec<Selectable> = nodes.iter().chain(tests).cloned().collect();
    let selected = select(selection, &all, graph)?;
    let is_meant = |test: &&Selectable| {
        selected.contains(&test.name)
            || test.test.as_ref().is_some_and(|t| t.tested.iter().any(|name| selected.contains(name)))
    };
    Ok(tests.iter().filter(is_meant).map(|t| t.name.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::{GraphNode, Materialization};

    fn item(name: &str, folder: &str, tags: &[&str], resource_type: &'static str) -> Selectable {
        let mut fqn = vec!["p".to_owned()];
        fqn.extend(folder.split('/').skip(1).map(str::to_owned));
        fqn.push(name.to_owned());
        Selectable {
            name: name.to_owned(),
            file: format!("{folder}/{name}.sql"),
            fqn,
            tags: tags.iter().map(|t| (*t).to_owned()).collect(),
            resource_type,
            materialized: if resource_type == "seed" { "seed" } else { "table" }.to_owned(),
            test: None,
        }
    }

    /// a -> b -> c -> d, and x -> c.
    fn check(selection: &str, expected: &str) {
        let items = [
            item("a", "seeds", &[], "seed"),
            item("b", "models/one", &["t"], "model"),
            item("c", "models/one/deep", &["t", "u"], "model"),
            item("d", "models/two", &[], "model"),
            item("x", "models/two", &["u"], "model"),
        ];
        let edges = [("a", ""), ("b", "a"), ("c", "b x"), ("d", "c"), ("x", "")];
        let graph = ModelGraph::new(edges.map(|(name, on)| GraphNode {
            name: name.to_owned(),
            materialization: Materialization::Table,
            depends_on: on.split_whitespace().map(str::to_owned).collect(),
        }));
        let found = match select(selection, &items, &graph) {
            Ok(names) => names.into_iter().collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected, "{selection}");
    }

    #[test]
    fn criteria_and_operators_work_as_in_dbt() {
        for (selection, expected) in [
            ("", "a b c d x"),
            ("b", "b"),
            ("b d", "b d"),
            ("p", "a b c d x"),
            ("p.one", "b c"),
            ("one.deep", "c"),
            ("one.*", "b c"),
            ("fqn:p.two.d", "d"),
            ("path:models/one", "b c"),
            ("path:models/one/", "b c"),
            ("models/two/d.sql", "d"),
            ("d.sql", "d"),
            ("file:[bd]", "b d"),
            ("tag:u", "c x"),
            ("tag:t,tag:u", "c"),
            ("tag:t,path:models/two x", "x"),
            ("resource_type:seed", "a"),
            ("config.materialized:seed", "a"),
            ("+c", "a b c x"),
            ("1+c", "b c x"),
            ("b+", "b c d"),
            ("b+1", "b c"),
            ("1+c+1", "b c d x"),
            ("@b", "a b c d x"),
            ("+tag:u", "a b c x"),
            ("?", "a b c d x"),
        ] {
            check(selection, expected);
        }
    }

    #[test]
    fn a_selection_that_matches_nothing_is_an_error() {
        check("bb", "bb selects nothing; did you mean `b`?");
        check("path:models/ones", "path:models/ones selects nothing; did you mean `models/one`?");
        check(
            "state:modified",
            "the selection modified uses selection method state:, which is not supported: use names, path:, file:, fqn:, tag:, resource_type:, config.materialized:, test_type:, or test_name:",
        );
    }
}
