//! Variables, compared with the dbt project that declares them.

use serde_json::json;

use super::*;
use crate::yaml::{self, Dialect};

fn default_vars() -> Map<String, Value> {
    let config = SimulationConfig::default();
    dbt_vars(&config, 2025, Path::new("../data/census.csv"))
}

#[test]
fn the_project_declares_the_same_defaults() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dbt/dbt_project.yml");
    let text = std::fs::read_to_string(path).expect("read dbt project");
    let (project, errors) = yaml::parse(&text, Dialect::PyYaml);
    assert_eq!(errors, []);
    let declared = project.get("vars").expect("vars").to_json();
    let declared = declared.as_object().expect("vars");
    let ours = default_vars();
    let names = declared.keys().chain(ours.keys());
    let different: Vec<String> = names
        .filter(|name| declared.get(*name) != ours.get(*name))
        .map(|name| format!("{name}: {:?} in the project, {:?} here", declared.get(name), ours.get(name)))
        .collect();
    assert_eq!(different, [""; 0]);
}

#[test]
fn names_are_paths_and_segment_maps_are_not_split() {
    let vars = default_vars();
    assert_eq!(vars["start_year"], 2025);
    assert_eq!(vars["enrollment_auto_enrollment_window_days"], 45);
    assert_eq!(
        vars["enrollment_voluntary_enrollment_deferral_rates"]["mature"],
        json!({ "low": 0.05, "moderate": 0.08, "high": 0.10, "executive": 0.12 })
    );
    for absent in ["end_year", "optimization_threads", "optimization_memory_limit_gb", "census_max_rejected_share"] {
        assert!(!vars.contains_key(absent), "{absent}");
    }
}

#[test]
fn the_given_year_and_census_are_passed() {
    let config = SimulationConfig::new("a".parse().expect("id"), "b".parse().expect("id"));
    let vars = dbt_vars(&config, 2031, Path::new("/data/census.parquet"));
    assert_eq!((&vars["simulation_year"], &vars["census_path"]), (&json!(2031), &json!("/data/census.parquet")));
    assert_eq!((&vars["scenario_id"], &vars["plan_design_id"]), (&json!("a"), &json!("b")));
}

#[test]
fn no_two_settings_share_a_variable() {
    let config = SimulationConfig::new("a".parse().expect("id"), "b".parse().expect("id"));
    let within = |key: &str, section: &str| {
        key.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let passed = crate::settings::keys::leaves(config.to_tree())
        .into_keys()
        .filter(|key| !NOT_PASSED.iter().any(|section| within(key, section)));
    let whole = |key: &str| {
        let parts: Vec<&str> = key.split('.').collect();
        let end = parts.iter().position(|part| is_whole(part)).map_or(parts.len(), |at| at + 1);
        parts[..end].join(".")
    };
    let paths: std::collections::BTreeSet<String> = passed.map(|key| whole(&key)).collect();
    // The year and the path of the census aren't settings as the user gave them.
    assert_eq!(default_vars().len(), paths.len() + 2);
}
