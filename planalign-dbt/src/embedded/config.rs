//! The configuration of a node, merged from `dbt_project.yml`, `schema.yml`, and `config()` by dbt's rules.

use serde_json::{Map, Value as Json, json};

use super::yaml::{Data, Yaml};

/// Merged configuration by name, as `config.get` sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NodeConfig {
    values: Map<String, Json>,
}

/// Keys whose values accumulate over levels.
const ADDITIVE: [&str; 3] = ["tags", "pre_hook", "post_hook"];
/// Keys whose mappings are merged over levels.
const MERGED: [&str; 3] = ["meta", "column_types", "persist_docs"];

impl NodeConfig {
    /// Merges the values of a more specific level.
    pub(crate) fn merge(&mut self, level: &Map<String, Json>) {
        for (key, value) in level {
            let key = normalized(key);
            if ADDITIVE.contains(&key.as_str()) {
                let list = self.values.entry(key.clone()).or_insert_with(|| Json::Array(Vec::new()));
                if let Json::Array(list) = list {
                    for item in one_or_many(value) {
                        if key != "tags" || !list.contains(&item) {
                            list.push(item);
                        }
                    }
                }
            } else if let (true, Some(Json::Object(known)), Json::Object(new)) =
                (MERGED.contains(&key.as_str()), self.values.get_mut(&key), value)
            {
                known.extend(new.clone());
            } else {
                self.values.insert(key, value.clone());
            }
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Json> {
        self.values.get(key).filter(|v| !v.is_null())
    }

    pub(crate) fn values(&self) -> &Map<String, Json> {
        &self.values
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Json::as_str)
    }

    pub(crate) fn boolean(&self, key: &str) -> Option<bool> {
        self.get(key).and_then(Json::as_bool)
    }

    /// A string or list of strings.
    pub(crate) fn texts(&self, key: &str) -> Vec<String> {
        let items = self.get(key).map(one_or_many).unwrap_or_default();
        items.iter().map(plain_text).collect()
    }

    pub(crate) fn enabled(&self) -> bool {
        self.boolean("enabled").unwrap_or(true)
    }

    pub(crate) fn materialized(&self) -> &str {
        self.text("materialized").unwrap_or("view")
    }
}

/// The values of dbt's own keys that aren't set; `config.get` never returns its default for them.
pub(crate) fn unset(resource_type: &str) -> Map<String, Json> {
    let materialized = if resource_type == "model" { "view" } else { resource_type };
    let all = json!({
        "enabled": true, "alias": null, "schema": null, "database": null, "tags": [], "meta": {}, "group": null,
        "static_analysis": null, "materialized": materialized,
    });
    let own = match resource_type {
        "test" => json!({
            "schema": "dbt_test__audit", "severity": "ERROR", "store_failures": null, "store_failures_as": null, "where": null,
            "limit": null, "fail_calc": "count(*)", "warn_if": "!= 0", "error_if": "!= 0",
        }),
        "seed" => json!({ "delimiter": ",", "quote_columns": null }),
        _ => json!({ "access": "protected", "freshness": null }),
    };
    let of_nodes = json!({
        "incremental_strategy": null, "batch_size": null, "lookback": 1, "begin": null, "persist_docs": {}, "post_hook": [],
        "pre_hook": [], "quoting": {}, "column_types": {}, "full_refresh": null, "unique_key": null,
        "on_schema_change": "ignore", "on_configuration_change": "apply", "grants": {}, "packages": [],
        "docs": { "show": true, "node_color": null }, "contract": { "enforced": false, "alias_types": true },
        "event_time": null, "concurrent_batches": null,
    });
    let mut values = Map::new();
    for group in [Some(all), (resource_type != "test").then_some(of_nodes), Some(own)] {
        if let Some(Json::Object(group)) = group {
            values.extend(group);
        }
    }
    values
}

/// `pre-hook` and `pre_hook` are the same key.
pub(crate) fn normalized(key: &str) -> String {
    match key {
        "pre-hook" | "post-hook" => key.replace('-', "_"),
        other => other.to_owned(),
    }
}

pub(crate) fn one_or_many(value: &Json) -> Vec<Json> {
    match value {
        Json::Array(items) => items.clone(),
        Json::Null => Vec::new(),
        other => vec![other.clone()],
    }
}

/// Formats a scalar as dbt writes it into SQL.
pub(crate) fn plain_text(value: &Json) -> String {
    match value {
        Json::String(s) => s.clone(),
        Json::Bool(true) => "True".to_owned(),
        Json::Bool(false) => "False".to_owned(),
        Json::Null => "None".to_owned(),
        other => other.to_string(),
    }
}

/// The levels of a `dbt_project.yml` tree that apply to a node, from the root to the most specific.
pub(crate) fn tree_levels(tree: &Yaml, fqn: &[String]) -> Vec<Map<String, Json>> {
    let mut levels = vec![level(tree)];
    let mut at = tree;
    for name in fqn {
        match at.get(name) {
            Some(next) if next.is_map() => at = next,
            _ => break,
        }
        levels.push(level(at));
    }
    levels
}

/// Keys with a plus are configuration; so are keys without one, unless they name a directory.
fn level(tree: &Yaml) -> Map<String, Json> {
    let mut values = Map::new();
    for (key, value) in tree.pairs() {
        if let Some(name) = key.strip_prefix('+') {
            values.insert(name.trim().to_owned(), value.to_json());
        } else if !matches!(value.data, Data::Map(_)) {
            values.insert(key.clone(), value.to_json());
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Json) -> Map<String, Json> {
        match value {
            Json::Object(map) => map,
            _ => Map::new(),
        }
    }

    #[test]
    fn hooks_and_tags_accumulate_and_the_rest_is_replaced() {
        let mut config = NodeConfig::default();
        config
            .merge(&object(json!({"pre-hook": "a", "tags": ["x"], "materialized": "view", "meta": {"a": 1, "b": 1}})));
        config.merge(&object(json!({"pre_hook": ["b", "a"], "tags": "x", "materialized": "table", "meta": {"b": 2}})));
        assert_eq!(config.get("pre_hook"), Some(&json!(["a", "b", "a"])));
        assert_eq!(config.texts("tags"), ["x"]);
        assert_eq!(config.materialized(), "table");
        assert_eq!(config.get("meta"), Some(&json!({"a": 1, "b": 2})));
        assert!(config.enabled());
    }

    #[test]
    fn tree_levels_follow_the_path_of_the_node() {
        let text = "+materialized: view\np:\n  tags: a\n  one:\n    +materialized: table\n    +meta: {x: 1}\n";
        let tree = Yaml::parse("dbt_project.yml", text).expect("parse");
        let fqn = ["p", "one", "m"].map(str::to_owned);
        let levels: Vec<_> = tree_levels(&tree, &fqn).into_iter().map(Json::Object).collect();
        assert_eq!(
            Json::Array(levels),
            json!([{"materialized": "view"}, {"tags": "a"}, {"materialized": "table", "meta": {"x": 1}}])
        );
    }
}
