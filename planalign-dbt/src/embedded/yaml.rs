//! YAML with the line of every value, read by the rules of dbt (`PyYAML`: YAML 1.1), not those of YAML 1.2.

use saphyr::{MarkedYaml, ScalarStyle, YamlData, YamlLoader};
use serde_json::{Map, Number, Value as Json};

use crate::runner::RunnerError;

/// A value and the line on which it starts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Yaml {
    pub(crate) line: usize,
    pub(crate) data: Data,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data {
    Scalar(Json),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    /// Reads a file; a file without content is a null.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, RunnerError> {
        let problem =
            |line: usize, message: String| RunnerError::Project { file: file.to_owned(), line: Some(line), message };
        let mut loader: YamlLoader<MarkedYaml<'_>> = YamlLoader::default();
        loader.early_parse(false);
        let mut parser = saphyr_parser::Parser::new_from_str(text);
        parser.load(&mut loader, true).map_err(|e| problem(e.marker().line(), e.info().to_owned()))?;
        let documents = loader.into_documents();
        match documents.first() {
            None => Ok(Self { line: 1, data: Data::Scalar(Json::Null) }),
            Some(document) => convert(document).map_err(|(line, message)| problem(line, message)),
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

type Problem = (usize, String);

fn convert(node: &MarkedYaml<'_>) -> Result<Yaml, Problem> {
    let line = node.span.start.line();
    let data = match &node.data {
        YamlData::Representation(text, style, _) => Data::Scalar(scalar(text, *style).map_err(|m| (line, m))?),
        YamlData::Sequence(items) => Data::List(items.iter().map(convert).collect::<Result<_, _>>()?),
        YamlData::Mapping(pairs) => Data::Map(convert_pairs(pairs.iter())?),
        YamlData::Tagged(_, inner) => return convert(inner),
        YamlData::Value(_) | YamlData::Alias(_) | YamlData::BadValue => {
            return Err((line, "this value cannot be read".into()));
        }
    };
    Ok(Yaml { line, data })
}

fn convert_pairs<'a, 'b: 'a>(
    pairs: impl Iterator<Item = (&'a MarkedYaml<'b>, &'a MarkedYaml<'b>)>,
) -> Result<Vec<(String, Yaml)>, Problem> {
    let mut converted = Vec::new();
    for (key, value) in pairs {
        let key = convert(key)?;
        let name = match &key.data {
            Data::Scalar(Json::String(s)) => s.clone(),
            Data::Scalar(other) => other.to_string(),
            _ => return Err((key.line, "a key must be a text".into())),
        };
        let value = convert(value)?;
        if name == "<<" {
            // A merge: what the mapping itself says comes first.
            let known: Vec<_> = value.pairs().to_vec();
            converted.splice(0..0, known);
        } else {
            converted.push((name, value));
        }
    }
    Ok(converted)
}

fn scalar(text: &str, style: ScalarStyle) -> Result<Json, String> {
    if style != ScalarStyle::Plain {
        return Ok(Json::String(text.to_owned()));
    }
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Json::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Json::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Json::Bool(false),
        _ => match integer(text)? {
            Some(i) => Json::Number(i),
            None => float(text).map_or_else(|| Json::String(text.to_owned()), Json::Number),
        },
    })
}

fn integer(text: &str) -> Result<Option<Number>, String> {
    let unsigned = text.trim_start_matches(['-', '+']);
    if text.len() - unsigned.len() > 1 || !unsigned.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(None);
    }
    if unsigned.contains(':') && unsigned.chars().all(|c| c.is_ascii_digit() || c == ':') {
        return Err(format!(
            "{text} is a number to the base of sixty in YAML 1.1 and a text in YAML 1.2; put it in quotes"
        ));
    }
    let digits = unsigned.replace('_', "");
    let (radix, digits) = match digits.get(..2) {
        Some("0x") => (16, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        Some(_) if digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits.as_str()),
    };
    let magnitude = i64::from_str_radix(digits, radix).ok();
    Ok(magnitude.map(|m| Number::from(if text.starts_with('-') { -m } else { m })))
}

fn float(text: &str) -> Option<Number> {
    let body = text.trim_start_matches(['-', '+']).replace('_', "");
    let mut parts = body.split(['e', 'E']);
    let (mantissa, exponent) = (parts.next()?, parts.next());
    let digits_and_point = mantissa.contains('.')
        && mantissa.chars().any(|c| c.is_ascii_digit())
        && mantissa.chars().all(|c| c.is_ascii_digit() || c == '.');
    let exponent_is_signed = exponent.is_none_or(|e| e.starts_with(['-', '+']));
    if !digits_and_point || !exponent_is_signed || parts.next().is_some() {
        return None;
    }
    let value: f64 = body.parse().ok()?;
    Number::from_f64(if text.starts_with('-') { -value } else { value })
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
        assert_eq!(Yaml::parse("x.yml", text).expect("readable").to_json(), expected);
    }

    #[test]
    fn lines_and_merges_are_kept() {
        let yaml = Yaml::parse("x.yml", "base: &b {a: 1, b: 2}\nmore:\n  <<: *b\n  b: 3\n").expect("readable");
        let more = yaml.get("more").expect("key");
        assert_eq!(more.line, 3);
        assert_eq!(more.get("b").expect("b").to_json(), json!(3));
        assert_eq!(more.get("a").expect("a").to_json(), json!(1));
        assert!(Yaml::parse("x.yml", "").expect("empty").is_null());
    }

    #[test]
    fn problems_name_file_and_line() {
        for (text, expected) in
            [("a: 1\nb: [", "x.yml:"), ("a: 1\nb: 1:30", "x.yml:2: 1:30 is a number to the base of sixty")]
        {
            let error = Yaml::parse("x.yml", text).expect_err("malformed").to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
