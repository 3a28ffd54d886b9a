//! Exposures, which the manifest shows and nothing is built from; so errors in them don't matter.

use std::collections::BTreeSet;
use std::sync::Arc;

use minijinja::Environment;
use serde_json::{Map, Value as Json, json};

use super::config::{one_or_many, plain_text, tree_levels};
use super::jinja::context::Context;
use super::jinja::phase::Record;
use super::loader::{fqn_of_properties, parse_phase, record_of};
use super::yaml::Yaml;
use super::yaml_jinja::{evaluate, render_properties};

/// An exposure of a properties file.
#[derive(Debug)]
pub(crate) struct Exposure {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) fqn: Vec<String>,
    pub(crate) config: Map<String, Json>,
    /// What it says, rendered.
    pub(crate) properties: Json,
    /// What it depends on.
    pub(crate) record: Record,
}

/// The enabled exposures of a file.
pub(crate) fn read(
    file: &str,
    yaml: &Yaml,
    tree: &Yaml,
    env: &Environment<'static>,
    context: &Arc<Context>,
) -> Vec<Exposure> {
    let items = yaml.get("exposures").map(Yaml::items).unwrap_or_default();
    items.iter().filter_map(|item| exposure(file, item, tree, env, context)).collect()
}

fn exposure(
    file: &str,
    item: &Yaml,
    tree: &Yaml,
    env: &Environment<'static>,
    context: &Arc<Context>,
) -> Option<Exposure> {
    // Its variables may change between runs.
    let own = Context::new(context.world.clone(), context.subject.clone(), context.vars.clone(), parse_phase());
    let rendered = render_properties(item, file, env, &own).unwrap_or_else(|_| item.clone());
    let name = rendered.get("name")?.text()?.to_owned();
    let fqn = fqn_of_properties(&context.world.project, file, &name);
    let mut config: Map<_, _> = tree_levels(tree, &fqn).into_iter().flatten().collect();
    config.extend(
        rendered.get("config").map(Yaml::pairs).unwrap_or_default().iter().map(|(k, v)| (k.clone(), v.to_json())),
    );
    if config.get("enabled") == Some(&Json::Bool(false)) {
        return None;
    }
    for parent in rendered.get("depends_on").map(Yaml::items).unwrap_or_default() {
        let call = parent.text().unwrap_or_default();
        if let Err(error) = evaluate(&format!("{{{{ {call} }}}}"), env, &own) {
            log::warn!("{file}:{}: exposure {name} depends on {call}: {error}", parent.line);
        }
    }
    let properties = rendered.to_json();
    Some(Exposure { name, file: file.to_owned(), fqn, config, properties, record: record_of(&own) })
}

impl Exposure {
    /// Its entry in the manifest, without what depends on the rest of the project.
    pub(crate) fn entry(&self) -> Json {
        let properties = &self.properties;
        let tags = [Some(&properties["tags"]), self.config.get("tags")].into_iter().flatten().flat_map(one_or_many);
        let tags: BTreeSet<String> = tags.map(|tag| plain_text(&tag)).collect();
        let metas = [Some(&properties["meta"]), self.config.get("meta")].into_iter().flatten();
        let meta: Map<_, _> =
            metas.filter_map(Json::as_object).flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
        let mut owner = json!({ "email": null, "name": null });
        for (key, value) in properties["owner"].as_object().into_iter().flatten() {
            owner[key] = value.clone();
        }
        let mut config = json!({ "enabled": true });
        for (key, value) in &self.config {
            config[key] = value.clone();
        }
        config["tags"] = json!(tags);
        config["meta"] = json!(meta);
        json!({
            "name": self.name,
            "resource_type": "exposure",
            "path": self.file.split_once('/').map_or(self.file.as_str(), |(_, rest)| rest),
            "original_file_path": self.file,
            "fqn": self.fqn,
            "type": properties["type"],
            "owner": owner,
            "description": properties["description"].as_str().unwrap_or_default(),
            "label": properties["label"],
            "maturity": properties["maturity"],
            "meta": meta,
            "tags": tags,
            "config": config,
            "unrendered_config": self.config,
            "url": properties["url"],
            "metrics": [],
        })
    }
}
