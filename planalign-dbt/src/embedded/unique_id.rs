//! dbt's IDs of nodes, tests, and sources, which its other tools and the artifacts of earlier runs refer to.

use std::fmt::Write as _;

use md5::{Digest, Md5};
use serde_json::{Map, Value as Json, json};

use super::config::plain_text;
use super::jinja::builtins::python_text;
use super::jinja::collections::from_json;

/// `model.shop.orders`: the ID of anything but generic tests and sources.
pub(crate) fn plain(resource_type: &str, project: &str, name: &str) -> String {
    format!("{resource_type}.{project}.{name}")
}

/// `source.shop.raw.orders`.
pub(crate) fn source(project: &str, source: &str, table: &str) -> String {
    format!("source.{project}.{source}.{table}")
}

/// `test.shop.unique_orders_id.fed59f6b1a`: ends in the last digits of the MD5 sum of the name and of how Python prints `metadata`
/// if all scalars are texts and all keys sorted.
pub(crate) fn generic_test(project: &str, name: &str, metadata: &Json) -> String {
    let sum = md5(&format!("{name}{}", python_text(&from_json(&as_texts(metadata)))));
    format!("test.{project}.{name}.{}", &sum[sum.len() - HASH_LENGTH..])
}

const HASH_LENGTH: usize = 10;

/// The MD5 sum of a text, in hexadecimal.
pub(crate) fn md5(text: &str) -> String {
    hex(&Md5::digest(text))
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

/// How a template refers to a model or seed.
pub(crate) fn ref_of(name: &str) -> String {
    format!("ref('{name}')")
}

/// How a template refers to a source.
pub(crate) fn source_of(source: &str, table: &str) -> String {
    format!("source('{source}', '{table}')")
}

/// A generic test as dbt describes it: its macro and arguments, with the tested model as a template.
pub(crate) fn test_metadata(test: &str, arguments: &Map<String, Json>, tested: &str) -> Json {
    let (namespace, name) = test.rsplit_once('.').map_or((None, test), |(namespace, name)| (Some(namespace), name));
    let mut kwargs = arguments.clone();
    kwargs.insert("model".to_owned(), json!(format!("{{{{ get_where_subquery({tested}) }}}}")));
    json!({ "name": name, "kwargs": kwargs, "namespace": namespace })
}

fn as_texts(value: &Json) -> Json {
    match value {
        Json::Object(map) => {
            let mut sorted: Vec<_> = map.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            Json::Object(sorted.into_iter().map(|(key, value)| (key.clone(), as_texts(value))).collect())
        }
        Json::Array(items) => Json::Array(items.iter().map(as_texts).collect()),
        scalar => Json::String(plain_text(scalar)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With IDs that dbt gave.
    #[test]
    fn generic_tests_have_the_ids_of_dbt() {
        let check = |name: &str, test: &str, arguments: Json, tested: &str, hash: &str| {
            let metadata = test_metadata(test, arguments.as_object().expect("object"), tested);
            assert_eq!(generic_test("jaffle", name, &metadata), format!("test.jaffle.{name}.{hash}"));
        };
        let column = json!({ "column_name": "id" });
        check("unique_stg_id", "unique", column.clone(), "ref('stg')", "fed989f6b1");
        check("source_unique_src_raw_id", "unique", column, "source('src', 'raw')", "6b116b655b");
        let values = json!({ "values": [1], "column_name": "id" });
        check("accepted_values_stg_id__1", "accepted_values", values, "ref('stg')", "6dc47d4046");
        let other = json!({ "to": "ref('stg')", "field": "id", "column_name": "id" });
        check("relationships_fct_id__id__ref_stg_", "relationships", other, "ref('fct')", "6e5a12deef");
    }
}
