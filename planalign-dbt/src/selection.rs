//! dbt's selection syntax.

use std::collections::{BTreeMap, BTreeSet};

use planalign_config::did_you_mean;

use crate::graph::spread;
use crate::runner::RunnerError;

/// A node, test, or source as selection sees it.
#[derive(Clone, Debug)]
pub(crate) struct Selectable {
    /// dbt's `unique_id`.
    pub(crate) id: String,
    pub(crate) name: String,
    /// File, relative to the project.
    pub(crate) file: String,
    /// The properties file that describes it.
    pub(crate) properties: Option<String>,
    pub(crate) fqn: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) resource_type: &'static str,
    pub(crate) materialized: String,
    pub(crate) test: Option<TestTraits>,
    /// IDs of what it refs.
    pub(crate) parents: Vec<String>,
}

/// What only tests have.
#[derive(Clone, Debug)]
pub(crate) struct TestTraits {
    /// `generic` or `singular`.
    pub(crate) test_type: &'static str,
    /// Name of the generic test.
    pub(crate) test_name: String,
}

/// Selects IDs; an empty selection selects all. Tests of what is selected are selected too (dbt's `eager`).
pub(crate) fn select(selection: &str, items: &[Selectable]) -> Result<BTreeSet<String>, RunnerError> {
    if selection.trim().is_empty() {
        return Ok(items.iter().map(|i| i.id.clone()).collect());
    }
    let mut selected = BTreeSet::new();
    for union in selection.split_whitespace() {
        let mut parts = union.split(',').map(|part| select_part(part, items));
        let mut all = parts.next().unwrap_or_else(|| Ok(BTreeSet::new()))?;
        for part in parts {
            let part = part?;
            all.retain(|id| part.contains(id));
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

fn select_part(text: &str, items: &[Selectable]) -> Result<BTreeSet<String>, RunnerError> {
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
    let parents: BTreeMap<&str, &[String]> = items.iter().map(|i| (i.id.as_str(), i.parents.as_slice())).collect();
    let ancestors =
        |of: &BTreeSet<String>, steps| spread(of, steps, |id| parents.get(id).map(|p| p.to_vec()).unwrap_or_default());
    let children =
        |id: &str| items.iter().filter(|i| i.parents.iter().any(|p| p == id)).map(|i| i.id.clone()).collect();
    let mut selected = matched.clone();
    if criterion.childrens_parents {
        selected.extend(ancestors(&spread(&matched, None, children), None));
    }
    if let Some(Reach(steps)) = criterion.parents {
        selected.extend(ancestors(&matched, steps));
    }
    if let Some(Reach(steps)) = criterion.children {
        selected.extend(spread(&matched, steps, children));
    }
    let tests = items.iter().filter(|i| i.test.is_some() && i.parents.iter().any(|p| selected.contains(p)));
    let tests: Vec<String> = tests.map(|i| i.id.clone()).collect();
    selected.extend(tests);
    Ok(selected)
}

fn folders(items: &[Selectable]) -> BTreeSet<String> {
    items.iter().filter_map(|i| i.file.rsplit_once('/').map(|(folder, _)| folder.to_owned())).collect()
}

fn matching(criterion: &Criterion<'_>, items: &[Selectable]) -> Result<BTreeSet<String>, RunnerError> {
    let value = criterion.value;
    let method = criterion.method.unwrap_or_else(|| default_method(value));
    let test: Box<dyn Fn(&Selectable) -> bool> = match method {
        "fqn" => Box::new(|i| i.resource_type != "source" && fqn_matches(&i.fqn, value)),
        "path" => {
            Box::new(|i| [Some(&i.file), i.properties.as_ref()].into_iter().flatten().any(|f| path_matches(f, value)))
        }
        "file" => Box::new(|i| {
            let file = i.file.rsplit('/').next().unwrap_or_default();
            wildcard(value, file) || wildcard(value, file.rsplit_once('.').map_or(file, |(stem, _)| stem))
        }),
        "tag" => Box::new(|i| i.tags.iter().any(|t| wildcard(value, t))),
        "resource_type" => Box::new(|i| i.resource_type == value),
        "config.materialized" => Box::new(|i| i.materialized == value),
        "source" => Box::new(|i| i.resource_type == "source" && source_matches(&i.fqn, value)),
        "test_type" if value == "unit" => {
            let hint = "select `test_type:data`";
            return Err(RunnerError::unsupported("unit tests", "the selection test_type:unit", hint));
        }
        "test_type" => Box::new(|i| i.test.as_ref().is_some_and(|t| test_type_matches(t.test_type, value))),
        "test_name" => Box::new(|i| i.test.as_ref().is_some_and(|t| wildcard(value, &t.test_name))),
        other => {
            return Err(RunnerError::Unsupported {
                feature: format!("selection method {other}:"),
                node: format!("the selection {other}:{value}"),
                hint: "use names, path:, file:, fqn:, tag:, resource_type:, config.materialized:, source:, test_type:, or test_name:".to_owned(),
            });
        }
    };
    Ok(items.iter().filter(|i| test(i)).map(|i| i.id.clone()).collect())
}

/// `data` and `schema` are old names.
fn test_type_matches(test_type: &str, value: &str) -> bool {
    test_type == value || value == "data" || value == "schema" && test_type == "generic"
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

/// The name, or a prefix of project, folders, and name, or of folders and name. From its first part with a wildcard on, a value
/// must match all of the rest.
fn fqn_matches(fqn: &[String], value: &str) -> bool {
    let wanted: Vec<&str> = value.split('.').collect();
    let plain = wanted.iter().take_while(|part| !part.contains(['*', '?', '[', ']'])).count();
    let starts = |parts: &[String]| {
        let Some((first, rest)) = parts.split_at_checked(plain).filter(|_| wanted.len() <= parts.len()) else {
            return false;
        };
        first.iter().eq(&wanted[..plain])
            && (plain == wanted.len() || wildcard(&wanted[plain..].join("."), &rest.join(".")))
    };
    let is_name = |name: &String| name == value || !value.contains('.') && wildcard(value, name);
    fqn.last().is_some_and(is_name) || starts(fqn) || fqn.get(1..).is_some_and(starts)
}

/// A source, a source and its table, or these with the project.
fn source_matches(fqn: &[String], value: &str) -> bool {
    let parts: Vec<&str> = value.split('.').collect();
    let Some((table, source)) = fqn.split_last().and_then(|(table, rest)| Some((table, rest.last()?))) else {
        return false;
    };
    match *parts.as_slice() {
        [name] => wildcard(name, source),
        [name, of] => wildcard(name, source) && wildcard(of, table),
        [project, name, of] => {
            fqn.first().is_some_and(|p| wildcard(project, p)) && wildcard(name, source) && wildcard(of, table)
        }
        _ => false,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str, folder: &str, tags: &[&str], resource_type: &'static str, parents: &[&str]) -> Selectable {
        let mut fqn = vec!["p".to_owned()];
        fqn.extend(folder.split('/').skip(1).map(str::to_owned));
        fqn.push(name.to_owned());
        let test = (resource_type == "test").then(|| TestTraits { test_type: "singular", test_name: String::new() });
        Selectable {
            id: name.to_owned(),
            name: name.to_owned(),
            file: format!("{folder}/{name}.sql"),
            properties: (resource_type == "model").then(|| format!("{folder}/{name}.yml")),
            fqn,
            tags: tags.iter().map(|t| (*t).to_owned()).collect(),
            resource_type,
            materialized: if resource_type == "seed" { "seed" } else { "table" }.to_owned(),
            test,
            parents: parents.iter().map(|p| (*p).to_owned()).collect(),
        }
    }

    /// Source `o` -> a -> b -> c -> d, and x -> c; `t_b` tests b, and `t_bx` b and x.
    fn check(selection: &str, expected: &str) {
        let items = [
            item("o", "models/raw", &[], "source", &[]),
            item("a", "seeds", &[], "seed", &["o"]),
            item("b", "models/one", &["t"], "model", &["a"]),
            item("c", "models/one/deep", &["t", "u"], "model", &["b", "x"]),
            item("d", "models/two", &[], "model", &["c"]),
            item("x", "models/two", &["u"], "model", &[]),
            item("t_b", "tests", &[], "test", &["b"]),
            item("t_bx", "tests", &[], "test", &["b", "x"]),
        ];
        let found = match select(selection, &items) {
            Ok(ids) => ids.into_iter().collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected, "{selection}");
    }

    #[test]
    fn criteria_and_operators_work_as_in_dbt() {
        for (selection, expected) in [
            ("", "a b c d o t_b t_bx x"),
            ("d", "d"),
            ("c d", "c d"),
            ("p", "a b c d t_b t_bx x"),
            ("p.two", "d t_bx x"),
            ("one.deep", "c"),
            ("one.*", "b c t_b t_bx"),
            ("one.*.c", "c"),
            ("p.o*", "b c t_b t_bx"),
            ("one.*.d", "one.*.d selects nothing"),
            ("fqn:p.two.d", "d"),
            ("path:models/two", "d t_bx x"),
            ("path:models/one/deep/", "c"),
            ("models/two/d.sql", "d"),
            ("path:models/two/x.yml", "t_bx x"),
            ("models/one/*.yml", "b c t_b t_bx"),
            ("file:x.yml", "file:x.yml selects nothing"),
            ("d.sql", "d"),
            ("file:[cd]", "c d"),
            ("tag:u", "c t_bx x"),
            ("tag:t,tag:u", "c t_bx"),
            ("tag:t,path:models/one/deep d", "c d"),
            ("resource_type:seed", "a"),
            ("config.materialized:seed", "a"),
            ("source:raw", "o"),
            ("source:raw.o+1", "a o"),
            ("source:p.raw.*", "o"),
            ("source:a.b.c.d", "source:a.b.c.d selects nothing"),
            ("+d", "a b c d o t_b t_bx x"),
            ("1+d", "c d"),
            ("c+", "c d"),
            ("a+1", "a b t_b t_bx"),
            ("1+c+1", "b c d t_b t_bx x"),
            ("@d", "a b c d o t_b t_bx x"),
            ("+t_b", "a b o t_b t_bx"),
            ("test_type:singular,x", "t_bx"),
            ("test_type:data", "t_b t_bx"),
            ("test_type:schema", "test_type:schema selects nothing"),
            ("?", "a b c d t_b t_bx x"),
        ] {
            check(selection, expected);
        }
    }

    #[test]
    fn a_selection_that_matches_nothing_is_an_error() {
        check(
            "test_type:unit",
            "the selection test_type:unit uses unit tests, which is not supported: select `test_type:data`; or use dbt itself (`dbt build`, or `--runner dbt` in a simulation)",
        );
        check("bb", "bb selects nothing; did you mean `b`?");
        check("path:models/ones", "path:models/ones selects nothing; did you mean `models/one`?");
        check(
            "state:modified",
            "the selection state:modified uses selection method state:, which is not supported: use names, path:, file:, fqn:, tag:, resource_type:, config.materialized:, source:, test_type:, or test_name:",
        );
    }
}
