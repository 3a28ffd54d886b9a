//! The configuration of a source as dbt's manifest shows it: nothing here reads sources by it.

use serde_json::{Map, Value as Json, json};

use super::yaml::Yaml;

/// The configuration from a properties file: what a table sets overrides what its source sets.
pub(crate) fn of_table(source: &Yaml, table: &Yaml, tags: &[String]) -> Map<String, Json> {
    let mut config = Map::new();
    for level in [source, table] {
        config.extend(
            level.get("config").map(Yaml::pairs).unwrap_or_default().iter().map(|(k, v)| (k.clone(), v.to_json())),
        );
    }
    config.remove("freshness");
    let levels =
        [source.get("freshness"), within(source, "freshness"), table.get("freshness"), within(table, "freshness")];
    let thresholds = levels.into_iter().map(threshold);
    match thresholds.reduce(merged).flatten() {
        None => _ = config.insert("freshness".to_owned(), Json::Null),
        Some(set) if is_set(&set) => _ = config.insert("freshness".to_owned(), set),
        Some(_) => {}
    }
    let overridden = table.get("loaded_at_field").is_some();
    for key in ["loaded_at_field", "loaded_at_query"] {
        let of_source = if overridden { None } else { value(source, key) };
        config.insert(key.to_owned(), value(table, key).or(of_source).unwrap_or_default());
    }
    let mut meta = meta(source);
    meta.extend(self::meta(table));
    config.insert("meta".to_owned(), Json::Object(meta));
    config.insert("tags".to_owned(), json!(tags));
    config
}

/// The `meta` of a source or table, also within its `config`.
pub(crate) fn meta(of: &Yaml) -> Map<String, Json> {
    let places = [of.get("meta"), within(of, "meta")];
    places.into_iter().flatten().flat_map(Yaml::pairs).map(|(key, value)| (key.clone(), value.to_json())).collect()
}

/// A freshness without thresholds.
pub(crate) fn no_freshness() -> Json {
    let nothing = json!({ "count": null, "period": null });
    json!({ "warn_after": nothing, "error_after": nothing, "filter": null })
}

/// A freshness with all of dbt's keys.
pub(crate) fn whole_freshness(written: &Json) -> Json {
    let mut whole = no_freshness();
    for (key, value) in written.as_object().into_iter().flatten() {
        match (whole[key].as_object_mut(), value.as_object()) {
            (Some(time), Some(given)) => time.extend(given.clone()),
            _ => whole[key] = value.clone(),
        }
    }
    whole
}

fn within<'y>(of: &'y Yaml, key: &str) -> Option<&'y Yaml> {
    of.get("config")?.get(key)
}

/// The value of a key, or of the same key in `config`.
fn value(of: &Yaml, key: &str) -> Option<Json> {
    let places = [of.get(key), within(of, key)];
    places.into_iter().flatten().map(Yaml::to_json).find(|value| !value.is_null())
}

/// A freshness as written; `None`: it is null, which switches it off.
fn threshold(written: Option<&Yaml>) -> Option<Json> {
    match written {
        None => Some(no_freshness()),
        Some(null) if null.is_null() => None,
        Some(written) => Some(whole_freshness(&written.to_json())),
    }
}

fn merged(base: Option<Json>, update: Option<Json>) -> Option<Json> {
    match (base, update) {
        (Some(mut base), Some(update)) => {
            for key in ["warn_after", "error_after"] {
                if update[key].is_null() || is_time(&update[key]) {
                    base[key] = update[key].clone();
                }
            }
            if !update["filter"].is_null() {
                base["filter"] = update["filter"].clone();
            }
            Some(base)
        }
        (None, Some(update)) if is_set(&update) => Some(update),
        _ => None,
    }
}

fn is_set(freshness: &Json) -> bool {
    is_time(&freshness["warn_after"]) || is_time(&freshness["error_after"])
}

fn is_time(time: &Json) -> bool {
    !time["count"].is_null() && !time["period"].is_null()
}
