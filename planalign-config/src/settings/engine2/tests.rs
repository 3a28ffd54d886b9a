//! Engine 2 keys are reported by migration, and following the reports fixes files in its format.

use std::collections::BTreeSet;
use std::fs;

use insta::assert_snapshot;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use tempfile::TempDir;

use super::*;
use crate::settings::keys::{join, leaves};
use crate::settings::problem::{ConfigError, Problem};
use crate::settings::{Override, SimulationConfig, Sources, load};
use crate::yaml::{self, Dialect};

/// An Engine 2 file that uses every key.
const COMPLETE: &str = include_str!("complete.yaml");
const IDS: &str = "scenario_id: base\nplan_design_id: standard\n";

fn problems(file: &str, environment: &[(&str, &str)], set: &[(String, String)]) -> Vec<Problem> {
    let dir = TempDir::new().expect("directory");
    let path = dir.path().join("config.yaml");
    fs::write(&path, file).expect("file");
    let sources = Sources {
        file: path,
        environment: environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        overrides: set.iter().map(|(key, value)| Override::new(key, value, "--set")).collect(),
        ..Sources::default()
    };
    match load(&sources) {
        Ok(_) => Vec::new(),
        Err(ConfigError::Invalid { problems }) => problems,
        Err(error) => panic!("{error}"),
    }
}

/// A line for each problem, with the file's name in place of its path.
fn lines(problems: &[Problem]) -> String {
    let line = |problem: &Problem| {
        let line = problem.to_string();
        line.find("config.yaml").map_or(line.clone(), |start| line[start..].to_owned())
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The keys of all current settings.
fn settings() -> BTreeSet<String> {
    let config = SimulationConfig::new("a".parse().expect("id"), "b".parse().expect("id"));
    leaves(config.to_tree()).into_keys().collect()
}

/// Whether a setting or section with this path exists.
fn exists(path: &str) -> bool {
    let is_covered = |key: &String| key == path || key.starts_with(&format!("{path}."));
    settings().iter().any(is_covered)
}

/// A path that only this key covers.
fn example(key: &Key) -> String {
    key.path.strip_suffix(".*").unwrap_or(key.path).replace('*', "anything")
}

#[test]
fn each_key_is_listed_once() {
    let paths: BTreeSet<&str> = keys().map(|key| key.path).collect();
    assert_eq!(paths.len(), keys().count());
    for key in keys() {
        assert_eq!(key_of(&example(key)), Some(key), "{}", key.path);
    }
    assert_eq!(key_of("no.such_key"), None);
    assert_eq!(key_of("storage_"), None);
}

#[test]
fn a_path_belongs_to_the_longest_key_that_covers_it() {
    let check = |path: &str, expect: &str| assert_eq!(key_of(path).map(|key| key.path), Some(expect), "{path}");
    check("storage", "storage.*");
    check("storage.max_runs_per_scenario", "storage.*");
    check("optimization.e068c_threading.dbt_threads", "optimization.e068c_threading.dbt_threads");
    check("optimization.e068c_threading.event_shards", "optimization.e068c_threading.*");
    check("dc_plan.auto_enroll", "dc_plan.auto_enroll");
    check("dc_plan.auto_enroll_scope", "dc_plan.auto_enroll*");
    check("dc_plan.core_integration_level_value", "dc_plan.core_integration_*");
    check("dc_plan.core_status", "dc_plan.core_*");
    check("dc_plan.vesting_schedule", "dc_plan.*");
    check("compensation.bonus_percent", "compensation.*_percent");
    assert_eq!(key_of("compensation.raise_timing.day_percent"), None, "a name has no dots");
}

#[test]
fn the_table_matches_the_current_settings() {
    for key in keys() {
        match key.migration {
            Migration::Kept => {
                assert!(rule_of(key.path).is_some() && exists(key.path), "{} does not exist", key.path);
            }
            Migration::Renamed { to, value } => {
                assert!(exists(to), "{}: {to} does not exist", key.path);
                let has_rule = rule_of(to).is_some();
                assert!(has_rule || value == Conversion::Rewritten, "{}: {to} has no rule", key.path);
                assert!(
                    !key.text.is_empty() || value == Conversion::Same,
                    "{} does not say how its value changes",
                    key.path
                );
                assert!(!exists(&example(key)), "{} still exists", key.path);
            }
            Migration::Refused | Migration::Planned => {
                assert!(!key.text.is_empty(), "{} does not say why", key.path);
                assert!(!exists(&example(key)), "{} still exists", key.path);
            }
        }
        assert!(!key.text.ends_with('.') && !key.text.contains('\n'), "{}: {}", key.path, key.text);
    }
}

#[test]
fn settings_named_in_backquotes_exist() {
    for key in keys() {
        let named = key.text.split('`').skip(1).step_by(2).filter(|name| name.contains('.') && !name.contains(' '));
        for name in named {
            assert!(exists(name), "{}: {name} does not exist", key.path);
        }
    }
}

#[test]
fn sections_that_no_longer_exist_have_their_own_migration() {
    for key in keys() {
        let path = example(key);
        for (at, _) in path.match_indices('.') {
            let section = &path[..at];
            assert!(exists(section) || key_of(section).is_some(), "{section}");
        }
    }
}

/// The paths of everything in a file, including sections.
fn paths(node: &Node, path: &str, found: &mut Vec<String>) {
    let Content::Map(entries) = &node.content else { return };
    for entry in entries {
        let path = join(path, &entry.key);
        paths(&entry.value, &path, found);
        found.push(path);
    }
}

#[test]
fn the_complete_file_covers_every_key() {
    let mut given = Vec::new();
    paths(&yaml::parse(COMPLETE, Dialect::Core).0, "", &mut given);
    let covered: BTreeSet<&str> = given.iter().filter_map(|path| key_of(path)).map(|key| key.path).collect();
    let missing: Vec<&str> = keys().map(|key| key.path).filter(|path| !covered.contains(path)).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn a_complete_file_is_reported_key_by_key() {
    assert_snapshot!(lines(&problems(COMPLETE, &[], &[])));
}

/// A file without some of its keys.
fn without(node: &Node, path: &str, keys: &BTreeSet<&str>) -> Node {
    let mut node = node.clone();
    if let Content::Map(entries) = &mut node.content {
        entries.retain(|entry| !keys.contains(join(path, &entry.key).as_str()));
        for entry in entries.iter_mut() {
            entry.value = without(&entry.value, &join(path, &entry.key), keys);
        }
        entries.retain(|entry| entry.value.content != Content::Map(Vec::new()));
    }
    node
}

#[test]
fn a_file_loads_once_all_its_problems_are_fixed() {
    let reported = problems(COMPLETE, &[], &[]);
    let named: BTreeSet<&str> = reported.iter().map(|problem| problem.key.as_str()).collect();
    let proposed = reported.iter().filter_map(|problem| match &problem.kind {
        ProblemKind::Renamed { to, value: Some(value), .. } => Some(((*to).to_owned(), value.clone())),
        _ => None,
    });
    // The file has three waiting periods; the user has to choose one.
    let proposed: Vec<_> = proposed.filter(|(to, _)| !to.starts_with("plan_eligibility.waiting")).collect();
    assert!(proposed.contains(&("compensation.cola_rate".to_owned(), "0.023".to_owned())), "{proposed:?}");
    assert!(proposed.contains(&("census.path".to_owned(), "\"staff/2024.parquet\"".to_owned())), "{proposed:?}");
    let (file, mistakes) = yaml::parse(COMPLETE, Dialect::Core);
    assert_eq!(mistakes, []);
    let fixed = without(&file, "", &named).to_string();
    assert_eq!(lines(&problems(&fixed, &[], &proposed)), "");
}

#[test]
fn other_layers_report_the_same() {
    let environment = [
        ("PLANALIGN_SETUP__CENSUS_PARQUET_PATH", "staff.parquet"),
        ("PLANALIGN_ELIGIBILITY__NEW_HIRE_INELIGIBLE_PCT", "0.05"),
        ("PLANALIGN_ENROLLMENT__MATCH_MAGNET__ENABLED", "true"),
    ];
    let set = [
        ("dc_plan.default_deferral_percent", "6"),
        ("dc_plan", "{ auto_enroll: true, core_status: flat }"),
        ("storage", "null"),
        ("employer_match.apply_eligibility", "true"),
        ("plan_deferral_cap", "0.5"),
        ("eligibility.waiting_days", "30"),
    ];
    let set = set.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_snapshot!(lines(&problems(IDS, &environment, &set)), @r#"
    PLANALIGN_ELIGIBILITY__NEW_HIRE_INELIGIBLE_PCT: eligibility.new_hire_ineligible_pct: renamed; write `new_hire_ineligible_pct: 0.05` under `plan_eligibility`
    PLANALIGN_ENROLLMENT__MATCH_MAGNET__ENABLED: enrollment.match_magnet: not supported yet: deferral rates don't gravitate toward the rate that earns the full match
    PLANALIGN_SETUP__CENSUS_PARQUET_PATH: setup.census_parquet_path: renamed; write `path: "staff.parquet"` under `census`
    --set: dc_plan.auto_enroll: renamed; write `enabled: true` under `enrollment.auto_enrollment`
    --set: dc_plan.core_status: renamed to `employer_core_contribution`; now one of the keys there, or in its `eligibility`
    --set: dc_plan.default_deferral_percent: renamed; write `default_deferral_rate: 0.06` under `enrollment.auto_enrollment`; a percentage becomes a fraction: 2.5 is 0.025
    --set: eligibility.waiting_days: not supported: use `plan_eligibility`, which defines who enters the plan and when
    --set: employer_match.apply_eligibility: not supported: `employer_match.eligibility` always applies; its defaults are equivalent to false
    --set: plan_deferral_cap: renamed; write `maximum_rate: 0.5` under `deferrals`; no PlanAlign Engine 2 file sets this variable
    --set: storage: not supported: runs aren't archived; each scenario uses the database file given with `--database`
    "#);
}

#[test]
fn a_value_is_proposed_only_where_it_is_allowed() {
    let file = format!(
        "{IDS}eligibility: {{ waiting_period_days: 400 }}
compensation: {{ promotion_increase: [1], cola_rate_percent: high, merit_budget_percent: 3 }}
setup: {{ census_parquet_path: null, eligibility_waiting_period_days: {{}} }}
plan_eligibility: {{ waiting_period: 3 }}
dc_plan: {{}}
"
    );
    assert_snapshot!(lines(&problems(&file, &[], &[])), @"
    config.yaml:3:16: eligibility.waiting_period_days: renamed to `plan_eligibility.waiting_period_days`; there is a single waiting period, and enrollment follows the entry date
    config.yaml:4:17: compensation.promotion_increase: renamed to `compensation.promotion_compensation.base_increase_pct`; PlanAlign Engine 2 uses it only if it isn't 0.125
    config.yaml:4:42: compensation.cola_rate_percent: renamed to `compensation.cola_rate`; a percentage becomes a fraction: 2.5 is 0.025
    config.yaml:4:67: compensation.merit_budget_percent: renamed; write `merit_budget: 0.03` under `compensation`; a percentage becomes a fraction: 2.5 is 0.025
    config.yaml:5:10: setup.census_parquet_path: renamed to `census.path`
    config.yaml:5:37: setup.eligibility_waiting_period_days: renamed to `plan_eligibility.waiting_period_days`; there is a single waiting period, and enrollment follows the entry date
    config.yaml:6:21: plan_eligibility.waiting_period: unknown key; did you mean `plan_eligibility.waiting_period_days`?
    config.yaml:7:1: dc_plan: not supported: plan settings are in their own sections, such as `enrollment` and `employer_match`, if the model supports them
    ");
}

/// Whether a problem reports a key's migration.
fn is_reported(kind: &ProblemKind, key: &Key) -> bool {
    match (kind, key.migration) {
        (ProblemKind::Renamed { to, text, .. }, Migration::Renamed { to: expect, .. }) => {
            (*to, *text) == (expect, key.text)
        }
        (ProblemKind::Refused { reason }, Migration::Refused) => *reason == key.text,
        (ProblemKind::Planned { text }, Migration::Planned) => *text == key.text,
        _ => false,
    }
}

/// Values of every kind, as JSON, which is YAML too.
fn value() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (0..100).prop_map(Value::from),
        (-1.0..1.0_f64).prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
    ];
    prop_oneof![
        4 => scalar.clone(),
        1 => proptest::collection::vec(scalar.clone(), 0..3).prop_map(Value::from),
        1 => ("zz[a-z]{1,6}", scalar).prop_map(|(name, value)| serde_json::json!({ name: value })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn each_key_is_reported_with_its_migration_whatever_its_value(
        key in proptest::sample::select(keys().filter(|key| key.migration != Migration::Kept).collect::<Vec<_>>()),
        value in value(),
    ) {
        let path = example(key);
        let tree = path.rsplit('.').fold(value, |inner, name| serde_json::json!({ name: inner }));
        let reported = problems(&format!("{{scenario_id: a, plan_design_id: b, {}", &tree.to_string()[1..]), &[], &[]);
        prop_assert_eq!(reported.len(), 1, "{:?}", reported);
        // The keys of a section may be reported one by one.
        prop_assert!(reported[0].key.starts_with(&path), "{:?}", reported);
        if let ProblemKind::Renamed { to, value: Some(value), .. } = &reported[0].kind {
            prop_assert_eq!(problems(IDS, &[], &[((*to).to_owned(), value.clone())]), []);
        }
        prop_assert!(is_reported(&reported[0].kind, key), "{:?}", reported);
    }
}
