//! `manifest.json`: the project as dbt 1.11 describes it (schema v12). Macros of dbt itself, and what the runner ignores or
//! refuses, are not in it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use super::Invocation;
use crate::embedded::config::{NodeConfig, unset};
use crate::embedded::exposures::Exposure;
use crate::embedded::jinja::context::Subject;
use crate::embedded::jinja::phase::Record;
use crate::embedded::jinja::relation::Relation;
use crate::embedded::loader::fqn_of_source;
use crate::embedded::project::{Body, Node, TestKind, TestNode};
use crate::embedded::run::EmbeddedRunner;
use crate::embedded::schema_yml::SourceTable;
use crate::embedded::source_config::{no_freshness, whole_freshness};
use crate::embedded::unique_id::{hex, md5, ref_of, source_of, test_metadata};
use crate::runner::Materialization;

/// dbt describes a larger seed by its path, not by its content.
const LARGEST_HASHED_SEED: usize = 1 << 20;

impl EmbeddedRunner {
    /// Returns what the manifest says of a seed, model, test, or source, by its ID.
    #[must_use]
    pub fn described(&self, unique_id: &str) -> Option<Json> {
        let project = &self.project;
        let node = || project.nodes.values().find(|node| node.subject.unique_id == unique_id);
        let test = || project.tests.iter().find(|test| test.subject.unique_id == unique_id);
        let source = || project.sources.iter().find(|source| self.source_id(source) == unique_id);
        node()
            .map(|node| self.node_entry(node))
            .or_else(|| test().map(|test| self.test_entry(test)))
            .or_else(|| source().map(|source| self.source_entry(source)))
    }

    /// The whole manifest.
    pub(super) fn manifest(&self, invocation: &Invocation) -> Json {
        let project = &self.project;
        let nodes = project.nodes.values().map(|node| (node.subject.unique_id.clone(), self.node_entry(node)));
        let tests = project.tests.iter().map(|test| (test.subject.unique_id.clone(), self.test_entry(test)));
        let sources = project.sources.iter().map(|source| (self.source_id(source), self.source_entry(source)));
        let exposures: BTreeMap<String, Json> = project
            .exposures
            .iter()
            .map(|exposure| (self.exposure_id(exposure), self.exposure_entry(exposure)))
            .collect();
        let parents: BTreeMap<String, Vec<String>> = self
            .selectables()
            .into_iter()
            .map(|item| (item.id, item.parents))
            .chain(
                project.exposures.iter().map(|exposure| (self.exposure_id(exposure), self.parents(&exposure.record))),
            )
            .collect();
        let mut children: BTreeMap<&str, Vec<&str>> = parents.keys().map(|id| (id.as_str(), Vec::new())).collect();
        for (id, above) in &parents {
            for parent in above {
                children.entry(parent).or_default().push(id);
            }
        }
        let mut metadata = invocation.metadata("manifest/v12");
        let of_project = json!({
            "project_name": project.world.project,
            "project_id": md5(&project.world.project),
            "user_id": null,
            "send_anonymous_usage_stats": false,
            "adapter_type": "duckdb",
            "quoting": { "database": true, "schema": true, "identifier": true, "column": null },
        });
        extend(&mut metadata, of_project);
        json!({
            "metadata": metadata,
            "nodes": nodes.chain(tests).collect::<Map<_, _>>(),
            "sources": sources.collect::<Map<_, _>>(),
            "macros": self.macro_entries(),
            "docs": {},
            "exposures": exposures,
            "metrics": {},
            "groups": {},
            "selectors": {},
            "disabled": {},
            "parent_map": parents,
            "child_map": children,
            "group_map": {},
            "saved_queries": {},
            "semantic_models": {},
            "unit_tests": {},
            "functions": {},
        })
    }

    fn node_entry(&self, node: &Node) -> Json {
        let subject = &node.subject;
        let mut entry = self.entry(subject);
        let relation = (node.materialization != Materialization::Ephemeral).then(|| subject.this.to_string());
        let own = match &node.body {
            Body::Sql { raw, uses, hook_uses, .. } => json!({
                "raw_code": raw,
                "checksum": checksum(raw),
                "relation_name": relation,
                "depends_on": { "macros": self.macro_ids(uses.union(hook_uses)), "nodes": self.parents(&node.declared.record) },
                "access": "protected",
                "constraints": [],
                "version": null,
                "latest_version": null,
                "deprecation_date": null,
                "primary_key": [],
                "time_spine": null,
            }),
            Body::Csv { content, .. } if content.len() > LARGEST_HASHED_SEED => json!({
                "raw_code": "",
                "checksum": { "name": "path", "checksum": subject.file },
                "relation_name": relation,
                "root_path": project_root(node),
                "depends_on": { "macros": [] },
            }),
            Body::Csv { content, .. } => json!({
                "raw_code": "",
                "checksum": checksum(content.trim()),
                "relation_name": relation,
                "root_path": project_root(node),
                "depends_on": { "macros": [] },
            }),
        };
        if node.materialization != Materialization::Seed {
            extend(&mut entry, of_queries(&node.declared.record));
        }
        extend(&mut entry, own);
        entry
    }

    fn test_entry(&self, test: &TestNode) -> Json {
        let subject = &test.subject;
        let record = &test.declared.record;
        let mut entry = self.entry(subject);
        let audit = json!({
            "schema": format!("{}_dbt_test__audit", self.project.world.target.schema),
            "raw_code": test.raw,
            "relation_name": null,
        });
        extend(&mut entry, audit);
        extend(&mut entry, of_queries(record));
        if let Some(condition) = &test.condition {
            for config in ["config", "unrendered_config"] {
                entry[config]["where"] = json!(condition);
            }
        }
        let nodes = self.parents(record);
        let own = match &test.kind {
            TestKind::Singular => json!({
                "checksum": checksum(&test.raw),
                "depends_on": { "macros": [], "nodes": nodes },
            }),
            TestKind::Generic { test: full_name, model, source, arguments } => {
                let name = full_name.rsplit('.').next().unwrap_or(full_name);
                let attached = model.as_ref().and_then(|name| self.project.nodes.get(name));
                let (key, reference) = match (attached, source) {
                    (Some(Node { subject, .. }), _) => {
                        (format!("{}s.{}", subject.resource_type, subject.name), ref_of(&subject.name))
                    }
                    (None, Some((source, table))) => (format!("sources.{source}"), source_of(source, table)),
                    (None, None) => (String::new(), String::new()),
                };
                json!({
                    "path": format!("{}.sql", test.alias()),
                    "alias": test.alias(),
                    "checksum": { "name": "none", "checksum": "" },
                    "depends_on": { "macros": self.macro_ids([&format!("test_{name}")]), "nodes": nodes },
                    "column_name": arguments.get("column_name"),
                    "file_key_name": key,
                    "attached_node": attached.map(|node| &node.subject.unique_id),
                    "test_metadata": test_metadata(full_name, arguments, &reference),
                })
            }
        };
        extend(&mut entry, own);
        entry
    }

    /// What all nodes and tests have.
    fn entry(&self, subject: &Subject) -> Json {
        let config = config(subject);
        json!({
            "database": self.project.world.target.database,
            "schema": subject.this.schema(),
            "name": subject.name,
            "resource_type": subject.resource_type,
            "package_name": self.project.world.project,
            "path": below_folder(&subject.file),
            "original_file_path": subject.file,
            "unique_id": subject.unique_id,
            "fqn": subject.fqn,
            "alias": subject.this.identifier(),
            "tags": config["tags"],
            "description": subject.description,
            "columns": columns(&subject.columns),
            "meta": config["meta"],
            "group": config["group"],
            "docs": { "show": true, "node_color": null },
            "patch_path": subject.properties.as_ref().map(|file| format!("{}://{file}", self.project.world.project)),
            "build_path": null,
            "unrendered_config": written(&subject.config),
            "created_at": created_at(),
            "doc_blocks": [],
            "config": config,
        })
    }

    fn source_entry(&self, source: &SourceTable) -> Json {
        let world = &self.project.world;
        let database = source.database.as_deref().unwrap_or(&world.target.database);
        let mut config = json!({
            "enabled": true, "event_time": null, "freshness": no_freshness(), "loaded_at_field": null,
            "loaded_at_query": null, "meta": {}, "tags": [], "static_analysis": null,
        });
        extend(&mut config, json!(source.config));
        if config["freshness"].is_object() {
            config["freshness"] = whole_freshness(&config["freshness"]);
        }
        json!({
            "database": database,
            "schema": source.schema,
            "name": source.table,
            "resource_type": "source",
            "package_name": world.project,
            "path": source.file,
            "original_file_path": source.file,
            "unique_id": self.source_id(source),
            "fqn": fqn_of_source(&world.project, source),
            "source_name": source.source,
            "source_description": source.source_description,
            "loader": source.loader,
            "identifier": source.identifier,
            "quoting": { "database": null, "schema": null, "identifier": null, "column": null },
            "loaded_at_field": config["loaded_at_field"],
            "loaded_at_query": config["loaded_at_query"],
            "freshness": config["freshness"],
            "external": null,
            "description": source.description,
            "columns": columns(&source.columns),
            "meta": config["meta"],
            "source_meta": source.source_meta,
            "tags": config["tags"],
            "config": config,
            "patch_path": null,
            "unrendered_config": source.config,
            "relation_name": Relation::new(database, &source.schema, &source.identifier).to_string(),
            "created_at": created_at(),
            "unrendered_database": source.database,
            "unrendered_schema": source.schema,
            "doc_blocks": [],
        })
    }

    fn exposure_id(&self, exposure: &Exposure) -> String {
        format!("exposure.{}.{}", self.project.world.project, exposure.name)
    }

    fn exposure_entry(&self, exposure: &Exposure) -> Json {
        let mut entry = exposure.entry();
        let Json::Object(of_queries) = of_queries(&exposure.record) else { return entry };
        let of_project = json!({
            "package_name": self.project.world.project,
            "unique_id": self.exposure_id(exposure),
            "depends_on": { "macros": [], "nodes": self.parents(&exposure.record) },
            "refs": of_queries["refs"],
            "sources": of_queries["sources"],
            "created_at": created_at(),
        });
        extend(&mut entry, of_project);
        entry
    }

    fn macro_entries(&self) -> Map<String, Json> {
        let macros = &self.project.world.macros;
        let of_project = macros.names().filter_map(|name| macros.source(name));
        let entry = |file: &str, source: &crate::embedded::jinja::macros::MacroSource| {
            json!({
                "name": source.name,
                "resource_type": "macro",
                "package_name": self.project.world.project,
                "path": file,
                "original_file_path": file,
                "unique_id": self.macro_id(&source.name),
                "macro_sql": source.text,
                "depends_on": { "macros": self.macro_ids(&source.uses) },
                "description": "",
                "meta": {},
                "docs": { "show": true, "node_color": null },
                "config": { "meta": {}, "docs": { "show": true, "node_color": null } },
                "patch_path": null,
                "arguments": [],
                "created_at": created_at(),
                "supported_languages": null,
            })
        };
        of_project
            .filter_map(|source| Some((self.macro_id(&source.name), entry(source.file.as_deref()?, source))))
            .collect()
    }

    /// The IDs of the project's macros among these names.
    fn macro_ids<'n>(&self, names: impl IntoIterator<Item = &'n String>) -> Vec<String> {
        let macros = &self.project.world.macros;
        let is_own = |name: &&String| macros.source(name).is_some_and(|source| source.file.is_some());
        names.into_iter().filter(is_own).map(|name| self.macro_id(name)).collect()
    }

    fn macro_id(&self, name: &str) -> String {
        format!("macro.{}.{name}", self.project.world.project)
    }
}

/// What models and tests have.
fn of_queries(record: &Record) -> Json {
    let refs = record.refs.iter().map(|name| json!({ "name": name, "package": null, "version": null }));
    let sources = record.sources.iter().map(|(source, table)| json!([source, table]));
    json!({
        "language": "sql",
        "refs": refs.collect::<Vec<_>>(),
        "sources": sources.collect::<Vec<_>>(),
        "metrics": [],
        "functions": [],
        "compiled_path": null,
        "contract": { "enforced": false, "alias_types": true, "checksum": null },
    })
}

/// The configuration with all of dbt's keys.
fn config(subject: &Subject) -> Json {
    let mut config = unset(subject.resource_type);
    config.extend(subject.config.values().clone());
    let mut dashed = Map::new();
    for (key, value) in config {
        dashed.insert(dashed_key(&key), if HOOKS.contains(&key.as_str()) { hooks(&value) } else { value });
    }
    Json::Object(dashed)
}

/// The configuration as it was written, with a single hook as a text.
fn written(config: &NodeConfig) -> Json {
    let value = |key: &str, value: &Json| match value.as_array().map(Vec::as_slice) {
        Some([only]) if HOOKS.contains(&key) => only.clone(),
        _ => value.clone(),
    };
    Json::Object(config.values().iter().map(|(key, of_key)| (dashed_key(key), value(key, of_key))).collect())
}

const HOOKS: [&str; 2] = ["pre_hook", "post_hook"];

fn dashed_key(key: &str) -> String {
    if HOOKS.contains(&key) { key.replace('_', "-") } else { key.to_owned() }
}

fn hooks(hooks: &Json) -> Json {
    let hook = |hook: &Json| {
        let mut entry = json!({ "sql": hook, "transaction": true, "index": null });
        extend(&mut entry, hook.clone());
        entry
    };
    Json::Array(hooks.as_array().into_iter().flatten().map(hook).collect())
}

fn columns(described: &Map<String, Json>) -> Json {
    let column = |(name, described): (&String, &Json)| {
        let meta = described.get("meta").cloned().unwrap_or_else(|| json!({}));
        let tags = described.get("tags").cloned().unwrap_or_else(|| json!([]));
        let mut column = json!({
            "name": name, "description": "", "meta": meta, "data_type": null, "constraints": [], "quote": null,
            "config": { "meta": meta, "tags": tags }, "tags": tags, "granularity": null, "doc_blocks": [],
        });
        extend(&mut column, described.clone());
        (name.clone(), column)
    };
    Json::Object(described.iter().map(column).collect())
}

fn extend(entry: &mut Json, with: Json) {
    if let (Json::Object(entry), Json::Object(with)) = (entry, with) {
        entry.extend(with);
    }
}

fn checksum(text: &str) -> Json {
    json!({ "name": "sha256", "checksum": hex(&Sha256::digest(text)) })
}

/// Seconds since 1970.
fn created_at() -> f64 {
    Timestamp::now().as_duration().as_secs_f64()
}

/// The folder of the project that a seed is in.
fn project_root(node: &Node) -> Option<String> {
    let Body::Csv { path, .. } = &node.body else { return None };
    let path = std::path::absolute(path).ok()?;
    let depth = node.subject.file.split('/').count();
    Some(path.ancestors().nth(depth)?.display().to_string())
}

fn below_folder(file: &str) -> &str {
    file.split_once('/').map_or(file, |(_, rest)| rest)
}
