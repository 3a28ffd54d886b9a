//! Configured stages.

use crate::sandbox::Sandbox;

/// A custom stage after VALIDATION, with its own model.
const WORKFLOW: &str = r#"
workflow:
  stages:
    - name: VALIDATION
      rules: {drop: [snapshot_consistency]}
    - name: COSTING
      depends_on: [VALIDATION]
      models: {add: ["path:models/costing"]}
      rules: {add: [cheap]}
validation:
  rules:
    - {name: cheap, severity: info, sql: "from fct_cost_by_level where simulation_year = {year} and employer_cost > 0", max_rows: 1, message: levels that cost something}
"#;

const MODEL: &str =
    "{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ replace_year() }}') }}
select {{ keys() }}, level_id, sum(total_employer_contributions) as employer_cost
from {{ ref('fct_workforce_snapshot') }} where {{ of_year() }} group by level_id";

fn stages(plan: &str) -> Vec<&str> {
    plan.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' ')).collect()
}

#[test]
fn a_custom_stage_runs_and_resumes_and_cannot_change_within_a_run() {
    let sandbox = Sandbox::new(300);
    sandbox.write_project_with("select 1 as one");
    std::fs::remove_file(sandbox.path("dbt_copy/models/validation/broken_model.sql")).expect("remove");
    std::fs::create_dir(sandbox.path("dbt_copy/models/costing")).expect("create the folder");
    sandbox.write("dbt_copy/models/costing/fct_cost_by_level.sql", MODEL);
    sandbox.write("workflow.yaml", WORKFLOW);
    let arguments = |years| vec![years, "--project", "dbt_copy", "--scenario", "workflow.yaml"];

    let plan = sandbox.simulated(&[arguments("2025-2026"), vec!["--dry-run"]].concat());
    assert!(stages(&plan.stdout).contains(&"COSTING (checkpoint)"), "{}", plan.stdout);
    assert!(!plan.stdout.contains("snapshot_consistency"), "{}", plan.stdout);

    sandbox.simulated(&arguments("2025-2025"));
    sandbox.simulated(&[arguments("2025-2026"), vec!["--resume"]].concat());
    let count = "select count(distinct simulation_year) as years, sum(employer_cost) = (select sum(total_employer_contributions) from fct_workforce_snapshot) as adds_up from fct_cost_by_level";
    let row = sandbox.open("simulation.duckdb").query_row(count, &[]).expect("query").expect("row");
    assert_eq!(row.integer("years").expect("column"), Some(2));
    assert_eq!(row.boolean("adds_up").expect("column"), Some(true));
    let report = std::fs::read_to_string(sandbox.path("reports/year_2026.json")).expect("report");
    assert!(report.contains("levels that cost something"), "{report}");

    let other = sandbox.simulate(&["2025-2027", "--project", "dbt_copy", "--resume"]);
    assert_eq!(other.code, 2);
    assert!(other.stderr.contains("  workflow.stages has changed\n"), "{}", other.stderr);
}

#[test]
fn all_problems_of_a_workflow_are_reported_before_anything_runs() {
    let sandbox = Sandbox::new(300);
    let set = |value: &str| sandbox.simulate(&["2025-2026", "--set", &format!("workflow.stages={value}")]);
    let wrong = set(
        "[{name: VALIDATON, rules: {add: [x]}}, {name: FOUNDATION, models: {drop: [int_irs_limits]}, rules: {drop: [row_count_drif]}}]",
    );
    assert_eq!(wrong.code, 2);
    insta::assert_snapshot!(wrong.stderr, @"
    error: the workflow has 5 problems
      a new stage needs `depends_on`; stage VALIDATON doesn't exist; did you mean `VALIDATION`?
      stage FOUNDATION drops rule row_count_drif, which it does not check; did you mean `row_count_drift`?
      model fct_employer_match_events of stage VALIDATION refs int_irs_limits, which no stage builds
      model int_employee_contributions of stage VALIDATION refs int_irs_limits, which no stage builds
      model int_employer_core_contributions of stage VALIDATION refs int_irs_limits, which no stage builds
    ");
    let unknown = set("[{depends_on: [A], model: {ad: [x]}, rules: {ad: [x]}, checkpoint: 3}]");
    assert_eq!(unknown.code, 2);
    insta::assert_snapshot!(unknown.stderr, @"
    error: the configuration has 4 problems
      --set: workflow.stages[0].checkpoint: 3 is invalid; expected true or false
      --set: workflow.stages[0].model: unknown key; did you mean `models`?
      --set: workflow.stages[0].name: missing, expected 1 to 64 letters, digits, _, or -
      --set: workflow.stages[0].rules.ad: unknown key; did you mean `add`?
    ");
    assert!(!sandbox.path("reports").exists());
}

#[test]
fn a_custom_rule_that_a_stage_names_can_be_off() {
    let sandbox = Sandbox::new(300);
    let rules = |severity: &str| {
        format!("validation.rules=[{{name: own, severity: {severity}, sql: select 1, max_rows: 0, message: one}}]")
    };
    let plan = |severity: &str| {
        let named = "workflow.stages=[{name: FOUNDATION, rules: {add: [own]}}]";
        sandbox.simulated(&["2025-2025", "--dry-run", "--set", &rules(severity), "--set", named]).stdout
    };
    assert!(plan("info").contains("rules: row_count_drift, compensation_reasonableness, own\n"));
    assert!(!plan("\"off\"").contains("own"));
}
