//! YAML as dbt reads it, with the line of every value; scalars may also be results of Jinja.

use planalign_config::yaml::{self, Content, Dialect, Node};
use serde_json::{Map, Value as Json};

use crate::runner::{RunnerError, Vars};

/// A value and the line on which it starts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Yaml {
    pub(crate) line: usize,
    pub(crate) data: Data,
}

/// The content of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data {
    Scalar(Json),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
}

/// Parses the variables of a call, a YAML mapping such as `{year: 2025}` or `year: 2025`.
pub fn parse_vars(text: &str) -> Result<Vars, RunnerError> {
    let yaml = Yaml::parse("--vars", text)?;
    match yaml.to_json() {
        Json::Object(vars) => Ok(vars),
        Json::Null => Ok(Vars::new()),
        _ => Err(RunnerError::Project {
            file: "--vars".to_owned(),
            line: None,
            message: "variables are a mapping, such as {year: 2025}".to_owned(),
        }),
    }
}

impl Yaml {
    /// Parses a file; an empty file is null.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, RunnerError> {
        let (root, errors) = yaml::parse(text, Dialect::PyYaml);
        match errors.into_iter().next() {
            None => Ok(root.into()),
            Some(error) => Err(RunnerError::Project {
                file: file.to_owned(),
                line: Some(error.at.line),
                message: error.to_string(),
            }),
        }
    }

    /// The value without its lines.
    pub(crate) fn to_json(&self) -> Json {
        match &self.data {
            Data::Scalar(scalar) => scalar.clone(),
            Data::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Data::Map(pairs) => {
                Json::Object(pairs.iter().map(|(k, v)| (k.clone(), v.to_json())).collect::<Map<_, _>>())
            }
        }
    }

    /// The value of a key of a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.pairs().iter().rev().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// Keys and values of a mapping; none for anything else.
    pub(crate) fn pairs(&self) -> &[(String, Self)] {
        match &self.data {
            Data::Map(pairs) => pairs,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.data {
            Data::List(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar(Json::String(s)) => Some(s),
            _ => None,
        }
    }

    pub(crate) fn is_map(&self) -> bool {
        matches!(self.data, Data::Map(_))
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.data, Data::Scalar(Json::Null))
    }
}

impl From<Node> for Yaml {
    fn from(node: Node) -> Self {
        let data = match node.content {
            Content::List(items) => Data::List(items.into_iter().map(Self::from).collect()),
            Content::Map(entries) => {
                Data::Map(entries.into_iter().map(|entry| (entry.key, entry.value.into())).collect())
            }
            _ => Data::Scalar(node.to_json()),
        };
        Self { line: node.at.line, data }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_scalars_follow_yaml_1_1() {
        let text = "[yes, Off, ~, 12, 010, 0x1F, -3, 1_000, 1.5, 1e5, 1.0e+3, .5, '1', 07-15, 2025-01-01, text, -2.5]";
        let expected = json!([
            true,
            false,
            null,
            12,
            8,
            31,
            -3,
            1000,
            1.5,
            "1e5",
            1000.0,
            0.5,
            "1",
            "07-15",
            "2025-01-01",
            "text",
            -2.5
        ]);
        assert_eq!(Yaml::parse("x.yml", text).expect("parse").to_json(), expected);
    }

    #[test]
    fn lines_and_merges_are_kept() {
        let yaml = Yaml::parse("x.yml", "base: &b {a: 1, b: 2}\nmore:\n  <<: *b\n  b: 3\n").expect("parse");
        let more = yaml.get("more").expect("key");
        assert_eq!(more.line, 3);
        assert_eq!(more.get("b").expect("b").to_json(), json!(3));
        assert_eq!(more.get("a").expect("a").to_json(), json!(1));
        assert!(Yaml::parse("x.yml", "").expect("empty").is_null());
    }

    #[test]
    fn problems_name_file_and_line() {
        for (text, expected) in [("a: 1\nb: [", "x.yml:"), ("a: 1\nb: 1:30", "x.yml:2: `1:30` is a base-60 number")] {
            let error = Yaml::parse("x.yml", text).expect_err("malformed").to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
